/* index_bench: time of searches in an index of many names, as the store keeps them.
 *
 *   index_bench [names [pattern [silent]]]     default 1,000,000 names, all patterns below
 *
 * silent: leaves out silent series: those of so many hosts of a hundred, each tenth series of the others.
 *
 * Names are those of `gen`: PLACE.CENTRE.ROLE.HOST.PLUGIN.INSTANCE.METRIC, 100 a host. Prints a line a
 * pattern: matches, median and least microseconds of CPU of a search. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/num.h"
#include "store/index.h"

enum { METRICS = 100, ROUNDS = 15, MATCHES_MAX = 1 << 24 };

/* CPU time, so that other programs do not count. */
static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void add_host(struct index *index, struct arena *arena, uint32_t host)
{
    static const char *const centres[] = {"eu-west-1", "eu-west-2", "us-east-1", "ap-south-1"};
    static const char *const roles[] = {"web", "api", "db", "cache", "queue"};
    static const char *const plugins[] = {"cpu", "memory", "disk", "df",  "interface",
                                          "tcp", "load",   "http", "app", "jvm"};
    const char *role = roles[host / 4 % 5];
    for (uint32_t m = 0; m < METRICS; m++) {
        const char *name =
            arena_printf(arena, "card.%s.%s.%s-%05u.%s.%s.metric_%02u", centres[host % 4], role,
                         role, host, plugins[m / 10], m % 2 ? "total" : "part", m);
        index_add(index, host * METRICS + m, name);
    }
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* When each series had its last point, as the store keeps it. */
struct last {
    uint32_t *at_s;
    uint32_t since_s;
};

static bool is_alive(void *self, uint32_t id)
{
    const struct last *last = self;
    return last->at_s[id] >= last->since_s;
}

static struct last last_of(size_t n_names, int64_t silent)
{
    struct last last = {mem_array(n_names, uint32_t), 1000};
    for (size_t i = 0; i < n_names; i++)
        last.at_s[i] = (int64_t)(i / METRICS * 37 % 100) < silent || i % 10 == 0 ? 0 : 2000;
    return last;
}

/* last NULL: all are wanted. */
static void measure(const struct index *index, const char *pattern, struct last *last)
{
    const struct index_alive alive = {is_alive, last};
    double took_us[ROUNDS];
    size_t n = 0;
    CLEANUP(arena_done) struct arena arena = {0};
    for (size_t i = 0; i < ROUNDS; i++) {
        struct glob_path path;
        struct source_nodes found;
        struct err err;
        err_clear(&err);
        arena_reset(&arena);
        const double begun_us = now_us();
        if (!glob_path_compile(pattern, &arena, &path, &err) ||
            !index_find_alive(index, &(struct index_ask){&path, MATCHES_MAX, last ? &alive : NULL},
                              &arena, &found, &err)) {
            fprintf(stderr, "index_bench: %s\n", err.text);
            exit(1);
        }
        took_us[i] = now_us() - begun_us;
        n = found.n;
    }
    qsort(took_us, ROUNDS, sizeof took_us[0], by_size);
    printf("%-50s %9zu %12.1f %12.1f\n", pattern, n, took_us[ROUNDS / 2], took_us[0]);
}

int main(int argc, char **argv)
{
    static const char *const patterns[] = {
        "card.eu-west-2.api.api-07765.cpu.total.metric_01",
        "card.eu-west-2.api.api-07765.*.*.*",
        "card.eu-west-2.api.api-07765.**",
        "card.*.api.api-07765.*.*.*",
        "card.*.*.api-07765.*.*.{metric_01,metric_03}",
        "card.*.api.api-*.cpu.*.{metric_01,metric_03}",
        "card.*.api.api-077*.cpu.*.{metric_01,metric_03}",
        "card.*.*.web-0*2.cpu.total.metric_01",
        "card.*.*.*",
        "card.*.*.*.cpu.total.metric_01",
        "card.*.*.nosuch-*.cpu.*.*",
        "card.*.*.*.nosuch.*.*",
        "*.*.*.*.*.*.*",
        "card.**.metric_01",
    };
    int64_t n_names = 1000000, silent = 0;
    if ((argc > 1 && !num_parse_i64(argv[1], strlen(argv[1]), &n_names)) ||
        (argc > 3 && !num_parse_i64(argv[3], strlen(argv[3]), &silent)))
        return 2;
    CLEANUP(arena_done) struct arena arena = {0};
    struct index *index = index_new();
    const double begun_us = now_us();
    for (uint32_t host = 0; host < n_names / METRICS; host++)
        add_host(index, &arena, host);
    printf("%zu names, %.2f us each to add, %zu bytes\n", index_count(index),
           (now_us() - begun_us) / (double)n_names, index_bytes(index));
    printf("%-50s %9s %12s %12s\n", "pattern", "matches", "us", "least");
    struct last last = last_of((size_t)n_names, silent);
    for (size_t i = 0; i < (argc > 2 ? 1 : COUNT_OF(patterns)); i++)
        measure(index, argc > 2 ? argv[2] : patterns[i], argc > 3 ? &last : NULL);
    mem_free(last.at_s);
    index_free(index);
    return 0;
}
