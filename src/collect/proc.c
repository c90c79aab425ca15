#include "collect/proc.h"

#include <string.h>

#include "base/num.h"

enum {
    SECTOR_BYTES = 512,  /* of /proc/diskstats, whatever the device's own are */
    N_DISK_NUMBERS = 10, /* reads, merged, sectors, ms, the same of writes, now running, busy ms */
    N_NET_NUMBERS = 16,
};

/* Cuts the next word off: false at the end. */
static bool next_word(struct str *rest, struct str *out)
{
    *rest = str_trim(*rest);
    if (rest->n == 0)
        return false;
    size_t n = 0;
    while (n < rest->n && rest->at[n] != ' ' && rest->at[n] != '\t')
        n++;
    *out = str_make(rest->at, n);
    *rest = str_make(rest->at + n, rest->n - n);
    return true;
}

static bool next_u64(struct str *rest, uint64_t *out)
{
    struct str word;
    int64_t value = 0;
    if (!next_word(rest, &word) || !num_parse_i64(word.at, word.n, &value) || value < 0)
        return false;
    *out = (uint64_t)value;
    return true;
}

/* Reads up to n numbers; returns how many there were. */
static size_t next_numbers(struct str *rest, uint64_t *out, size_t n)
{
    size_t i = 0;
    while (i < n && next_u64(rest, &out[i]))
        i++;
    return i;
}

static bool next_f64(struct str *rest, double *out)
{
    struct str word;
    return next_word(rest, &word) && num_parse_f64(word.at, word.n, out);
}

bool proc_parse_load(struct str text, struct proc_load *out)
{
    struct proc_load load;
    if (!next_f64(&text, &load.shortterm) || !next_f64(&text, &load.midterm) ||
        !next_f64(&text, &load.longterm))
        return false;
    *out = load;
    return true;
}

const char *proc_cpu_mode_name(enum proc_cpu_mode mode)
{
    static const char *const names[PROC_CPU_MODES] = {
        [PROC_CPU_USER] = "user",       [PROC_CPU_NICE] = "nice",     [PROC_CPU_SYSTEM] = "system",
        [PROC_CPU_IDLE] = "idle",       [PROC_CPU_IOWAIT] = "iowait", [PROC_CPU_IRQ] = "irq",
        [PROC_CPU_SOFTIRQ] = "softirq", [PROC_CPU_STEAL] = "steal",
    };
    return names[mode];
}

bool proc_parse_cpu(struct str text, struct proc_cpu *out)
{
    struct str line, word;
    while (str_split(&text, '\n', &line)) {
        if (!next_word(&line, &word) || !str_is(word, "cpu"))
            continue;
        struct proc_cpu cpu = {0};
        /* Old kernels know fewer modes; the first four are always there. */
        if (next_numbers(&line, cpu.ticks, PROC_CPU_MODES) <= PROC_CPU_IDLE)
            return false;
        *out = cpu;
        return true;
    }
    return false;
}

bool proc_parse_memory(struct str text, struct proc_memory *out)
{
    uint64_t total = 0, free_now = 0, available = 0, buffers = 0, cached = 0, slab = 0;
    const struct {
        const char *key;
        uint64_t *to;
    } fields[] = {
        {"MemTotal:", &total},  {"MemFree:", &free_now}, {"MemAvailable:", &available},
        {"Buffers:", &buffers}, {"Cached:", &cached},    {"SReclaimable:", &slab},
    };
    bool has_free = false;
    struct str line, word;
    while (str_split(&text, '\n', &line)) {
        if (!next_word(&line, &word))
            continue;
        for (size_t i = 0; i < COUNT_OF(fields); i++) {
            if (!str_is(word, fields[i].key) || !next_u64(&line, fields[i].to))
                continue;
            *fields[i].to *= 1024;
            has_free = has_free || fields[i].to == &free_now;
        }
    }
    if (total == 0 || !has_free)
        return false;
    const uint64_t not_used = free_now + buffers + cached + slab;
    *out = (struct proc_memory){
        .total_bytes = total,
        .free_bytes = free_now,
        .available_bytes = available,
        .buffered_bytes = buffers,
        .cached_bytes = cached + slab,
        .used_bytes = total > not_used ? total - not_used : 0,
    };
    return true;
}

static bool starts_with_any(struct str name, const char *const *prefixes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_starts(name, prefixes[i]))
            return true;
    }
    return false;
}

static bool take_name(struct str name, char out[PROC_NAME_MAX])
{
    if (name.n == 0 || name.n >= PROC_NAME_MAX || memchr(name.at, '\0', name.n))
        return false;
    memcpy(out, name.at, name.n);
    out[name.n] = '\0';
    return true;
}

/* "sda1" of "sda", "nvme0n1p2" of "nvme0n1": the kernel lists a disk right before its parts. */
static bool is_part_of(struct str name, struct str disk)
{
    if (disk.n == 0 || name.n <= disk.n || memcmp(name.at, disk.at, disk.n) != 0)
        return false;
    struct str rest = str_make(name.at + disk.n, name.n - disk.n);
    const char last = disk.at[disk.n - 1];
    if (last >= '0' && last <= '9') {
        if (rest.at[0] != 'p' || rest.n == 1)
            return false;
        rest = str_make(rest.at + 1, rest.n - 1);
    }
    for (size_t i = 0; i < rest.n; i++) {
        if (rest.at[i] < '0' || rest.at[i] > '9')
            return false;
    }
    return true;
}

size_t proc_parse_disks(struct str text, struct proc_disk out[PROC_DEVICES_MAX])
{
    static const char *const virtual[] = {"loop", "ram", "zram", "dm-", "md", "sr", "fd"};
    size_t n = 0;
    struct str line, name, disk = str_make("", 0);
    while (n < PROC_DEVICES_MAX && str_split(&text, '\n', &line)) {
        uint64_t numbers[N_DISK_NUMBERS], device[2];
        if (next_numbers(&line, device, 2) != 2 || !next_word(&line, &name) ||
            next_numbers(&line, numbers, N_DISK_NUMBERS) != N_DISK_NUMBERS)
            continue;
        if (is_part_of(name, disk) || starts_with_any(name, virtual, COUNT_OF(virtual)))
            continue;
        disk = name;
        struct proc_disk *to = &out[n];
        if ((numbers[0] == 0 && numbers[4] == 0) || !take_name(name, to->name))
            continue;
        to->n_reads = numbers[0];
        to->read_bytes = numbers[2] * SECTOR_BYTES;
        to->n_writes = numbers[4];
        to->write_bytes = numbers[6] * SECTOR_BYTES;
        to->busy_ms = numbers[9];
        n++;
    }
    return n;
}

size_t proc_parse_net(struct str text, struct proc_net out[PROC_DEVICES_MAX])
{
    static const char *const passing[] = {"veth", "ifb", "dummy"};
    size_t n = 0;
    struct str line, name;
    while (n < PROC_DEVICES_MAX && str_split(&text, '\n', &line)) {
        uint64_t numbers[N_NET_NUMBERS];
        if (!str_split(&line, ':', &name) ||
            next_numbers(&line, numbers, N_NET_NUMBERS) != N_NET_NUMBERS)
            continue;
        name = str_trim(name);
        if (str_is(name, "lo") || starts_with_any(name, passing, COUNT_OF(passing)))
            continue;
        struct proc_net *to = &out[n];
        if ((numbers[0] == 0 && numbers[8] == 0) || !take_name(name, to->name))
            continue;
        to->rx_bytes = numbers[0];
        to->rx_packets = numbers[1];
        to->tx_bytes = numbers[8];
        to->tx_packets = numbers[9];
        n++;
    }
    return n;
}
