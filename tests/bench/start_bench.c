/* start_bench: how long a store takes to be ready again, and what its series cost in memory.
 *
 *   start_bench DIR [names [points [tagged]]]     default 1,000,000 names, no points
 *
 * Fills DIR and ends, unless it holds a store already: names as index_bench has them (or with five tags), the
 * given number of points of each, all still in the log; past 112 they fall on the slots of the first again. Then opens it cold in this process,
 * and does the parts of that once more one after the other. CPU is user and system time of the process. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "os/file.h"
#include "os/realtime.h"
#include "store/index.h"
#include "store/names.h"
#include "store/names_log.h"
#include "store/shared.h"

enum { METRICS = 100, AT_ONCE = 4000, NAME_ROOM = 160, STEP_S = 10, SLOTS = 112 };

/* The window of a class made now begins 95 slots before it, and has no seal due. */
static const int64_t NOW_S = 1750000310;

static int64_t now_us(void *self)
{
    (void)self;
    return NOW_S * 1000000;
}

struct moment {
    double wall_s, user_s, sys_s;
};

static struct moment moment_now(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (struct moment){
        (double)monotonic_us() / 1e6,
        (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6,
        (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6,
    };
}

static size_t rss_bytes(void)
{
    size_t n_all = 0, n_resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file) {
        (void)!fscanf(file, "%zu %zu", &n_all, &n_resident);
        (void)fclose(file);
    }
    return n_resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void report(const char *what, struct moment since, size_t n)
{
    const struct moment now = moment_now();
    const double user_s = now.user_s - since.user_s, sys_s = now.sys_s - since.sys_s;
    printf("%-28s %7.3f s wall, CPU %7.3f = %7.3f user + %6.3f sys, %7.1f ns each of %zu\n", what,
           now.wall_s - since.wall_s, user_s + sys_s, user_s, sys_s,
           (user_s + sys_s) * 1e9 / (double)max_size(n, 1), n);
}

static void must(bool is_ok, const struct err *err)
{
    if (is_ok)
        return;
    fprintf(stderr, "start_bench: %s\n", err->text);
    exit(1);
}

static size_t name_of(uint32_t i, bool is_tagged, char out[NAME_ROOM])
{
    static const char *const centres[] = {"eu-west-1", "eu-west-2", "us-east-1", "ap-south-1"};
    static const char *const roles[] = {"web", "api", "db", "cache", "queue"};
    static const char *const plugins[] = {"cpu", "memory", "disk", "df",  "interface",
                                          "tcp", "load",   "http", "app", "jvm"};
    const uint32_t host = i / METRICS, m = i % METRICS;
    const char *centre = centres[host % 4], *role = roles[host / 4 % 5], *plugin = plugins[m / 10];
    const char *kind = m % 2 ? "total" : "part";
    const int n =
        is_tagged ? snprintf(out, NAME_ROOM, "%s.metric_%02u;dc=%s;host=%s-%05u;kind=%s;role=%s",
                             plugin, m, centre, role, host, kind, role)
                  : snprintf(out, NAME_ROOM, "card.%s.%s.%s-%05u.%s.%s.metric_%02u", centre, role,
                             role, host, plugin, kind, m);
    return (size_t)n;
}

static struct schemas *schemas_make(void)
{
    struct schemas *schemas;
    struct err err;
    err_clear(&err);
    must(schemas_parse("s", "[all]\npattern = .*\nretentions = 10s:30d\n", "a",
                       "[all]\npattern = .*\nxFilesFactor = 0\n", &schemas, &err),
         &err);
    return schemas;
}

static struct store *open_store(const char *dir, const struct schemas *schemas)
{
    const struct store_options options = {
        .dir = dir,
        .schemas = schemas,
        .clock = {now_us, NULL},
        .fsync_interval_ms = 1000,
        .writers_max = 4,
    };
    struct store *store;
    struct err err;
    err_clear(&err);
    must(store_open(&options, &store, &err), &err);
    return store;
}

/* ---- filling ---- */

/* As a receiver does: while names wait for the disk, new ones are refused. */
static void resolve_all(struct sink_writer *writer, const struct sink_ops *ops,
                        const struct str *names, uint32_t n)
{
    static uint32_t ids[AT_ONCE];
    static enum sink_fate fates[AT_ONCE];

    for (uint32_t n_waiting = n; n_waiting > 0;) {
        ops->resolve(writer, names, n, ids, fates);
        n_waiting = 0;
        for (uint32_t i = 0; i < n; i++)
            n_waiting += fates[i] == SINK_DISK;
        if (n_waiting > 0)
            sleep_us(1000);
    }
}

static void create(struct sink_writer *writer, const struct sink_ops *ops, uint32_t n_names,
                   bool is_tagged)
{
    static char texts[AT_ONCE][NAME_ROOM];
    static struct str names[AT_ONCE];
    struct err err;
    err_clear(&err);
    for (uint32_t from = 0; from < n_names; from += AT_ONCE) {
        const uint32_t n = n_names - from < AT_ONCE ? n_names - from : AT_ONCE;
        for (uint32_t i = 0; i < n; i++)
            names[i] = str_make(texts[i], name_of(from + i, is_tagged, texts[i]));
        resolve_all(writer, ops, names, n);
        must(ops->commit(writer, &err), &err);
    }
}

static void put(struct sink_writer *writer, const struct sink_ops *ops, uint32_t n_names,
                uint32_t at_s)
{
    static struct sink_point points[AT_ONCE];
    static enum sink_fate fates[AT_ONCE];
    struct err err;
    err_clear(&err);
    for (uint32_t from = 0; from < n_names; from += AT_ONCE) {
        const uint32_t n = n_names - from < AT_ONCE ? n_names - from : AT_ONCE;
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t seed = (from + i) * 2654435761u + at_s * 97;
            points[i] = (struct sink_point){from + i, at_s, (seed >> 18) / 100.0};
        }
        (void)!ops->put(writer, points, n, fates);
        must(ops->commit(writer, &err), &err);
    }
}

static void fill(const char *dir, uint32_t n_names, uint32_t n_points, bool is_tagged)
{
    struct schemas *schemas = schemas_make();
    struct store *store = open_store(dir, schemas);
    struct sink sink = store_sink(store);
    struct sink_writer *writer;
    struct err err;
    err_clear(&err);
    must(sink.ops->writer_open(sink.self, &writer, &err), &err);
    struct moment begun = moment_now();
    create(writer, sink.ops, n_names, is_tagged);
    report("fill: names", begun, n_names);
    begun = moment_now();
    for (uint32_t p = 0; p < n_points; p++)
        put(writer, sink.ops, n_names, (uint32_t)(NOW_S - (95 - (int64_t)(p % SLOTS)) * STEP_S));
    report("fill: points", begun, (size_t)n_names * n_points);
    sink.ops->writer_close(writer);
    store_close(store);
    schemas_free(schemas);
}

/* ---- the whole ---- */

static void open_all(const char *dir)
{
    struct schemas *schemas = schemas_make();
    struct store_stats stats;
    (void)malloc_trim(0);
    const size_t before = rss_bytes();
    const struct moment begun = moment_now();
    struct store *store = open_store(dir, schemas);
    report("open", begun, names_series(store->names));
    store_stats(store, &stats);
    const size_t n = max_size(stats.n_series, 1);
    const size_t bytes = rss_bytes() - before;
    printf(
        "  ready after %lld ms; %llu points of %llu bytes of log read; resident %zu bytes, %.1f a "
        "series; index %.1f a series\n",
        (long long)stats.ready_ms, (unsigned long long)stats.n_points_recovered,
        (unsigned long long)stats.wal_bytes, bytes, (double)bytes / (double)n,
        (double)index_bytes(store->index) / (double)n);
    store_close(store);
    schemas_free(schemas);
    (void)malloc_trim(0);
}

/* ---- its parts ---- */

struct parts {
    struct names *names; /* or NULL: only counted */
    size_t n;
};

static bool on_class(void *self, uint16_t no, const struct schema *schema, int64_t created_s)
{
    (void)self, (void)no, (void)schema, (void)created_s;
    return true;
}

static bool on_hidden(void *self, uint32_t id, bool is_hidden)
{
    (void)self, (void)id, (void)is_hidden;
    return true;
}

static bool on_deleted(void *self, uint32_t id)
{
    (void)self, (void)id;
    return true;
}

static bool on_moved(void *self, uint32_t id, uint16_t class_no)
{
    (void)self, (void)id, (void)class_no;
    return true;
}

static bool on_rules(void *self, uint64_t fingerprint)
{
    (void)self, (void)fingerprint;
    return true;
}

static bool on_name(void *self, uint32_t id, uint16_t class_no, struct str name)
{
    struct parts *parts = self;
    parts->n++;
    return !parts->names || names_load(parts->names, id, class_no, name);
}

static void parse(const char *dir, struct parts *parts, const char *what)
{
    const struct names_log_reader reader = {parts,      on_class, on_name, on_hidden,
                                            on_deleted, on_moved, on_rules};
    char path[4096];
    const void *bytes;
    size_t n, n_good, n_damaged;
    struct err err;
    err_clear(&err);
    (void)snprintf(path, sizeof path, "%s/names.log", dir);
    parts->n = 0;
    const struct moment begun = moment_now();
    must(file_map(path, &bytes, &n, &err), &err);
    must(names_log_parse(bytes, n, &reader, &n_good, &n_damaged, &err), &err);
    file_unmap(bytes, n);
    report(what, begun, parts->n);
}

static void open_parts(const char *dir)
{
    struct parts parts = {0};
    parse(dir, &parts, "names.log: parse");
    size_t before = rss_bytes();
    parts.names = names_new(0, (struct names_hooks){0});
    parse(dir, &parts, "names.log: parse, load");
    size_t bytes = rss_bytes() - before;
    printf("  resident %.1f a series\n", (double)bytes / (double)max_size(parts.n, 1));
    before = rss_bytes();
    struct index *index = index_new();
    const struct moment begun = moment_now();
    for (uint32_t id = 0; id < names_count(parts.names); id++)
        if (names_text(parts.names, id))
            index_add(index, id, names_text(parts.names, id));
    report("index", begun, parts.n);
    bytes = rss_bytes() - before;
    printf("  resident %.1f a series, counted %.1f\n", (double)bytes / (double)max_size(parts.n, 1),
           (double)index_bytes(index) / (double)max_size(parts.n, 1));
    index_free(index);
    names_free(parts.names);
}

int main(int argc, char **argv)
{
    int64_t n_names = 1000000, n_points = 0;
    if (argc < 2 || (argc > 2 && !num_parse_i64(argv[2], strlen(argv[2]), &n_names)) ||
        (argc > 3 && !num_parse_i64(argv[3], strlen(argv[3]), &n_points))) {
        fprintf(stderr, "usage: start_bench DIR [names [points [tagged]]]\n");
        return 2;
    }
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/names.log", argv[1]);
    if (!file_exists(path)) {
        fill(argv[1], (uint32_t)n_names, (uint32_t)n_points, argc > 4);
        return 0; /* the next call opens it in a fresh process */
    }
    open_all(argv[1]);
    open_parts(argv[1]);
    return 0;
}
