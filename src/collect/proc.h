/* The kernel's own text files under /proc, as numbers. Pure: text in, numbers out; lines that are not
 * understood are skipped, since kernels add to these files. Thread: any. */
#pragma once

#include "base/str.h"

enum {
    PROC_NAME_MAX = 32, /* a device's or interface's name with its NUL; the kernel's are shorter */
    PROC_DEVICES_MAX = 64, /* disks, or interfaces, that are looked at */
};

struct proc_load {
    double shortterm, midterm, longterm; /* 1, 5 and 15 minutes */
};
/* "0.42 0.30 0.25 1/123 4567". False: not that. */
MUST_CHECK bool proc_parse_load(struct str text, struct proc_load *out);

/* Time of all processors together since the start, in ticks. */
enum proc_cpu_mode {
    PROC_CPU_USER = 0,
    PROC_CPU_NICE,
    PROC_CPU_SYSTEM,
    PROC_CPU_IDLE,
    PROC_CPU_IOWAIT,
    PROC_CPU_IRQ,
    PROC_CPU_SOFTIRQ,
    PROC_CPU_STEAL,
    PROC_CPU_MODES
};
struct proc_cpu {
    uint64_t ticks[PROC_CPU_MODES];
};
const char *proc_cpu_mode_name(enum proc_cpu_mode mode); /* "user" */
/* The line "cpu  ..." of /proc/stat. */
MUST_CHECK bool proc_parse_cpu(struct str text, struct proc_cpu *out);

struct proc_memory {
    uint64_t total_bytes, free_bytes, available_bytes, buffered_bytes;
    uint64_t cached_bytes; /* reclaimable slab included */
    uint64_t used_bytes;   /* total less free, buffered and cached */
};
/* False: no total or no free in it. */
MUST_CHECK bool proc_parse_memory(struct str text, struct proc_memory *out);

/* Counters since the start. */
struct proc_disk {
    char name[PROC_NAME_MAX];
    uint64_t n_reads, read_bytes, n_writes, write_bytes, busy_ms;
};
/* Whole devices that were ever used: no partitions, and nothing that only stands for another device
 * (loop, ram, zram, dm, md). Returns how many, at most PROC_DEVICES_MAX. */
size_t proc_parse_disks(struct str text, struct proc_disk out[PROC_DEVICES_MAX]);

struct proc_net {
    char name[PROC_NAME_MAX];
    uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets;
};
/* Interfaces that ever carried something, less loopback and those that containers come and go with
 * (veth). Returns how many. */
size_t proc_parse_net(struct str text, struct proc_net out[PROC_DEVICES_MAX]);
