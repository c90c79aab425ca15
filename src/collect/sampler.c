#include "collect/sampler.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "os/disk.h"
#include "os/file.h"

enum {
    FILE_BYTES_MAX = 4 << 20, /* /proc/stat of a machine with thousands of processors has 1 MB */
    PATH_MAX_BYTES = 1024,
};

struct counters {
    int64_t at_us; /* 0: none yet */
    bool has_cpu;
    struct proc_cpu cpu;
    size_t n_disks, n_nets;
    struct proc_disk disks[PROC_DEVICES_MAX];
    struct proc_net nets[PROC_DEVICES_MAX];
};

struct sampler {
    const char *proc_dir, *root_dir;
    struct buf text; /* of the file at hand */
    struct counters before, now;
};

struct sampler *sampler_new(const char *proc_dir, const char *root_dir)
{
    struct sampler *sampler = mem_zalloc(sizeof *sampler);
    sampler->proc_dir = proc_dir;
    sampler->root_dir = root_dir;
    buf_init(&sampler->text, FILE_BYTES_MAX);
    return sampler;
}

void sampler_free(struct sampler *sampler)
{
    if (!sampler)
        return;
    buf_done(&sampler->text);
    mem_free(sampler);
}

void sampler_node(const char *text, char *out, size_t out_bytes)
{
    size_t n = 0;
    for (; text[n] && n + 1 < out_bytes; n++) {
        const char c = text[n];
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '_';
        out[n] = is_plain ? c : '_';
    }
    out[n] = '\0';
}

/* The text of a file below proc_dir, "" when there is none (a container may hide some). */
static struct str read_proc(struct sampler *sampler, const char *name)
{
    char path[PATH_MAX_BYTES];
    struct err err;
    buf_clear(&sampler->text);
    snprintf(path, sizeof path, "%s/%s", sampler->proc_dir, name);
    if (!file_read_all(path, &sampler->text, &err))
        return str_make("", 0);
    return str_make(buf_text(&sampler->text), sampler->text.n);
}

/* "group.what", or "group.device.what". */
struct label {
    const char *group, *device, *what;
};

static void add(struct sampler_values *out, struct label label, double value)
{
    if (out->n == SAMPLER_VALUES_MAX)
        return;
    struct sampler_value *to = &out->items[out->n++];
    if (label.device)
        snprintf(to->name, sizeof to->name, "%s.%s.%s", label.group, label.device, label.what);
    else
        snprintf(to->name, sizeof to->name, "%s.%s", label.group, label.what);
    to->value = value;
}

static void add_load(struct sampler *sampler, struct sampler_values *out)
{
    struct proc_load load;
    if (!proc_parse_load(read_proc(sampler, "loadavg"), &load))
        return;
    add(out, (struct label){"load", NULL, "shortterm"}, load.shortterm);
    add(out, (struct label){"load", NULL, "midterm"}, load.midterm);
    add(out, (struct label){"load", NULL, "longterm"}, load.longterm);
}

static void add_memory(struct sampler *sampler, struct sampler_values *out)
{
    struct proc_memory memory;
    if (!proc_parse_memory(read_proc(sampler, "meminfo"), &memory))
        return;
    add(out, (struct label){"memory", NULL, "used"}, (double)memory.used_bytes);
    add(out, (struct label){"memory", NULL, "free"}, (double)memory.free_bytes);
    add(out, (struct label){"memory", NULL, "available"}, (double)memory.available_bytes);
    add(out, (struct label){"memory", NULL, "cached"}, (double)memory.cached_bytes);
    add(out, (struct label){"memory", NULL, "buffered"}, (double)memory.buffered_bytes);
}

static void add_filesystem(const struct sampler *sampler, struct sampler_values *out)
{
    struct disk_usage usage;
    struct err err;
    if (!disk_usage(sampler->root_dir, &usage, &err) || usage.total_bytes == 0)
        return;
    const double used = (double)usage.used_bytes, room = used + (double)usage.free_bytes;
    add(out, (struct label){"filesystem", "root", "used"}, used);
    add(out, (struct label){"filesystem", "root", "free"}, (double)usage.free_bytes);
    add(out, (struct label){"filesystem", "root", "used_percent"},
        room > 0 ? used / room * 100 : 0);
}

static void add_cpu(const struct sampler *sampler, struct sampler_values *out)
{
    const struct counters *now = &sampler->now, *before = &sampler->before;
    uint64_t total = 0, spent[PROC_CPU_MODES];
    if (!now->has_cpu || !before->has_cpu)
        return;
    for (int i = 0; i < PROC_CPU_MODES; i++) {
        if (now->cpu.ticks[i] < before->cpu.ticks[i]) /* iowait does go back now and then */
            spent[i] = 0;
        else
            spent[i] = now->cpu.ticks[i] - before->cpu.ticks[i];
        total += spent[i];
    }
    for (int i = 0; i < PROC_CPU_MODES && total > 0; i++)
        add(out, (struct label){"cpu", NULL, proc_cpu_mode_name((enum proc_cpu_mode)i)},
            (double)spent[i] / (double)total * 100);
}

/* One counter as a rate; left out when it went back: the device is a new one of the old name. */
struct rate {
    const char *what;
    uint64_t before, now;
};

static void add_rates(struct sampler_values *out, const char *group, const char *device,
                      double seconds, const struct rate *rates)
{
    char node[PROC_NAME_MAX];
    sampler_node(device, node, sizeof node);
    for (; rates->what; rates++) {
        if (rates->now >= rates->before)
            add(out, (struct label){group, node, rates->what},
                (double)(rates->now - rates->before) / seconds);
    }
}

static const struct proc_disk *find_disk(const struct counters *in, const char *name)
{
    for (size_t i = 0; i < in->n_disks; i++) {
        if (strcmp(in->disks[i].name, name) == 0)
            return &in->disks[i];
    }
    return NULL;
}

static void add_disks(const struct sampler *sampler, double seconds, struct sampler_values *out)
{
    for (size_t i = 0; i < sampler->now.n_disks; i++) {
        const struct proc_disk *now = &sampler->now.disks[i];
        const struct proc_disk *before = find_disk(&sampler->before, now->name);
        if (!before)
            continue;
        const struct rate rates[] = {
            {"read_bytes", before->read_bytes, now->read_bytes},
            {"write_bytes", before->write_bytes, now->write_bytes},
            {"read_ops", before->n_reads, now->n_reads},
            {"write_ops", before->n_writes, now->n_writes},
            {0},
        };
        /* Milliseconds a second are tenths of a percent. */
        const struct rate busy[] = {{"busy_percent", before->busy_ms, now->busy_ms}, {0}};
        add_rates(out, "disk", now->name, seconds, rates);
        add_rates(out, "disk", now->name, seconds * 10, busy);
    }
}

static const struct proc_net *find_net(const struct counters *in, const char *name)
{
    for (size_t i = 0; i < in->n_nets; i++) {
        if (strcmp(in->nets[i].name, name) == 0)
            return &in->nets[i];
    }
    return NULL;
}

static void add_nets(const struct sampler *sampler, double seconds, struct sampler_values *out)
{
    for (size_t i = 0; i < sampler->now.n_nets; i++) {
        const struct proc_net *now = &sampler->now.nets[i];
        const struct proc_net *before = find_net(&sampler->before, now->name);
        if (!before)
            continue;
        const struct rate rates[] = {
            {"rx_bytes", before->rx_bytes, now->rx_bytes},
            {"tx_bytes", before->tx_bytes, now->tx_bytes},
            {"rx_packets", before->rx_packets, now->rx_packets},
            {"tx_packets", before->tx_packets, now->tx_packets},
            {0},
        };
        add_rates(out, "net", now->name, seconds, rates);
    }
}

static void read_counters(struct sampler *sampler, int64_t now_us)
{
    struct counters *now = &sampler->now;
    now->at_us = now_us;
    now->has_cpu = proc_parse_cpu(read_proc(sampler, "stat"), &now->cpu);
    now->n_disks = proc_parse_disks(read_proc(sampler, "diskstats"), now->disks);
    now->n_nets = proc_parse_net(read_proc(sampler, "net/dev"), now->nets);
}

void sampler_take(struct sampler *sampler, int64_t now_us, struct sampler_values *out)
{
    out->n = 0;
    add_load(sampler, out);
    add_memory(sampler, out);
    add_filesystem(sampler, out);
    read_counters(sampler, now_us);
    const int64_t elapsed_us = now_us - sampler->before.at_us;
    if (sampler->before.at_us > 0 && elapsed_us > 0) {
        add_cpu(sampler, out);
        add_disks(sampler, (double)elapsed_us / 1e6, out);
        add_nets(sampler, (double)elapsed_us / 1e6, out);
    }
    sampler->before = sampler->now;
}
