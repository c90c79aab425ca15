/* One look at this machine: values by name, "cpu.user" and so on, rates since the look before. Owner: one
 * thread. */
#pragma once

#include "collect/proc.h"

enum {
    SAMPLER_NAME_MAX = 80,     /* group, device, what; with the NUL */
    SAMPLER_VALUES_MAX = 1024, /* 2 x 64 devices of 5, and the fixed ones */
};

struct sampler_value {
    char name[SAMPLER_NAME_MAX];
    double value;
};

struct sampler_values {
    struct sampler_value items[SAMPLER_VALUES_MAX];
    size_t n;
};

struct sampler;

/* proc_dir, root_dir: "/proc" and "/"; borrowed for the sampler's life. */
MUST_CHECK struct sampler *sampler_new(const char *proc_dir, const char *root_dir);
void sampler_free(struct sampler *sampler);

/* Fills out anew. What this machine does not tell is left out; rates need a look before this one, and are
 * left out when a counter went back.
 *   load.{shortterm,midterm,longterm}
 *   cpu.{user,nice,system,idle,iowait,irq,softirq,steal}    percent of all processors
 *   memory.{used,free,available,cached,buffered}            bytes
 *   filesystem.root.{used,free}, .used_percent              bytes, percent
 *   disk.<device>.{read_bytes,write_bytes,read_ops,write_ops}   a second; .busy_percent
 *   net.<interface>.{rx_bytes,tx_bytes,rx_packets,tx_packets}   a second */
void sampler_take(struct sampler *sampler, int64_t now_us, struct sampler_values *out);

/* One node of a metric name: what is not a letter, digit, - or _ becomes _. Cut to fit. */
void sampler_node(const char *text, char *out, size_t out_bytes);
