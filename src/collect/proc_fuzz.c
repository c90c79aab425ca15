/* All readers of /proc text: whatever a kernel or a container writes there, they stay within their arrays. */
#include "collect/proc.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const struct str text = str_make((const char *)bytes, n);
    struct proc_load load;
    struct proc_cpu cpu;
    struct proc_memory memory;
    struct proc_disk disks[PROC_DEVICES_MAX];
    struct proc_net nets[PROC_DEVICES_MAX];
    (void)!proc_parse_load(text, &load);
    (void)!proc_parse_cpu(text, &cpu);
    (void)!proc_parse_memory(text, &memory);
    const size_t n_disks = proc_parse_disks(text, disks), n_nets = proc_parse_net(text, nets);
    BUG_IF(n_disks > PROC_DEVICES_MAX || n_nets > PROC_DEVICES_MAX);
    for (size_t i = 0; i < n_disks; i++)
        BUG_IF(strlen(disks[i].name) == 0);
    for (size_t i = 0; i < n_nets; i++)
        BUG_IF(strlen(nets[i].name) >= PROC_NAME_MAX);
    return 0;
}
