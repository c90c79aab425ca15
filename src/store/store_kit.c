#include "store/store_kit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "kit/kit.h"
#include "os/file.h"

int64_t store_kit_now_s(void)
{
    return kit_now_us / 1000000;
}

/* A new folder of this test; kit_temp_dir has one. */
static const char *new_dir(void)
{
    static unsigned n;
    const char *dir = kit_path(kit_temp_dir(), arena_printf(&kit_arena, "store%u", n++));
    EXPECT_OK(dir_make(dir, &kit_err));
    return dir;
}

static const char *name_of(size_t series)
{
    return arena_printf(&kit_arena, "prod.host%02zu.load", series);
}

void store_kit_init(struct store_kit *kit, const char *retentions, const char *aggregation,
                    int64_t first_s, uint32_t n_slots)
{
    struct schema schema = {0};
    const char *schemas =
        arena_printf(&kit_arena, "[all]\npattern = .*\nretentions = %s\n", retentions);
    const char *how = arena_printf(
        &kit_arena, "[all]\npattern = .*\nxFilesFactor = 0\naggregationMethod = %s\n", aggregation);

    *kit = (struct store_kit){.dir = new_dir(), .tuning = shared_tuning_usual()};
    kit->tuning.has_no_threads = true;
    kit->tuning.wal_segment_bytes = 16 << 10;
    EXPECT_OK(schemas_parse("s", schemas, "a", how, &kit->schemas, &kit_err));
    EXPECT_OK(schema_parse_retentions(retentions, &schema, &kit_err));
    kit->step_s = schema.archives[0].step_s;
    kit->first_slot = (uint32_t)(first_s / kit->step_s);
    kit->n_slots = n_slots;
    for (size_t i = 0; i < STORE_KIT_SERIES; i++) {
        kit->values[i] = mem_array(n_slots, double);
        for (uint32_t k = 0; k < n_slots; k++)
            kit->values[i][k] = (double)NAN;
    }
}

void store_kit_done(struct store_kit *kit)
{
    store_kit_close(kit);
    for (size_t i = 0; i < STORE_KIT_SERIES; i++)
        mem_free(kit->values[i]);
    schemas_free(kit->schemas);
}

struct store_options store_kit_options(const struct store_kit *kit)
{
    return (struct store_options){
        .dir = kit->dir,
        .schemas = kit->schemas,
        .clock = kit_clock(),
        .fsync_interval_ms = 1000,
        .writers_max = 4,
    };
}

bool store_kit_open_bare(struct store_kit *kit)
{
    const struct store_options options = store_kit_options(kit);

    err_clear(&kit_err);
    if (!shared_open(&options, &kit->tuning, &kit->store, &kit_err))
        return false;
    EXPECT_OK(store_sink(kit->store).ops->writer_open(kit->store, &kit->writer, &kit_err));
    return true;
}

bool store_kit_open(struct store_kit *kit)
{
    if (!store_kit_open_bare(kit))
        return false;
    const struct sink_ops *ops = store_sink(kit->store).ops;
    for (size_t i = 0; i < STORE_KIT_SERIES; i++) {
        struct str name = str_of(name_of(i));
        enum sink_fate fate;
        ops->resolve(kit->writer, &name, 1, &kit->ids[i], &fate);
        EXPECT_I64(fate, SINK_OK);
    }
    return true;
}

void store_kit_close(struct store_kit *kit)
{
    if (kit->writer)
        store_sink(kit->store).ops->writer_close(kit->writer);
    store_close(kit->store);
    kit->store = NULL;
    kit->writer = NULL;
}

struct copying {
    const char *from, *to;
};

static bool copy_one(void *self, const char *name, struct err *err)
{
    const struct copying *copying = self;
    CLEANUP(mem_done) char *from = mem_alloc(4096);
    CLEANUP(mem_done) char *to = mem_alloc(4096);
    struct stat about;
    struct buf bytes;

    (void)snprintf(from, 4096, "%s/%s", copying->from, name);
    (void)snprintf(to, 4096, "%s/%s", copying->to, name);
    if (stat(from, &about) == 0 && S_ISDIR(about.st_mode)) {
        store_kit_copy(from, to);
        return true;
    }
    buf_init(&bytes, 1 << 30);
    bool is_ok = file_read_all(from, &bytes, err) && file_replace(to, bytes.at, bytes.n, err);
    buf_done(&bytes);
    return is_ok;
}

void store_kit_copy(const char *from, const char *to)
{
    struct copying copying = {from, to};
    EXPECT_OK(dir_make(to, &kit_err));
    EXPECT_OK(dir_each(from, copy_one, &copying, &kit_err));
}

void store_kit_kill(struct store_kit *kit)
{
    const char *to = new_dir();
    store_kit_copy(kit->dir, to);
    store_kit_close(kit);
    kit->dir = to;
}

void store_kit_crash(struct store_kit *kit)
{
    store_kit_kill(kit);
    if (!store_kit_open(kit))
        EXPECT_TEXT(kit_err.text, "");
}

struct series **store_kit_read_all(const struct store_kit *kit, const struct source_span *span,
                                   size_t *out_n)
{
    const struct source source = store_source(kit->store);
    struct source_nodes nodes = {0};

    EXPECT_OK(source.ops->all(source.self, &kit_arena, &nodes, &kit_err));
    struct series **out = arena_array(&kit_arena, nodes.n, struct series *);
    for (size_t i = 0; i < nodes.n; i++)
        EXPECT_OK(
            source.ops->read(source.self, &nodes.items[i], 1, span, &kit_arena, &out[i], &kit_err));
    *out_n = nodes.n;
    return out;
}

double store_kit_value(void)
{
    switch (kit_random_below(6)) {
    case 0:
        return (double)kit_random_below(10);
    case 1:
        return (double)kit_random_below(100000) / 100.0;
    case 2:
        return -(double)kit_random_below(1u << 30);
    case 3:
        return kit_random_share() * 1e9;
    case 4:
        return kit_random_share() / 1e12;
    default:
        return kit_random_below(2) ? 1.0 : -0.0;
    }
}

enum sink_fate store_kit_put(struct store_kit *kit, size_t series, int64_t at_s, double value)
{
    struct sink_point point = {kit->ids[series], (uint32_t)at_s, value};
    enum sink_fate fate = SINK_OK;
    int64_t at = at_s / kit->step_s - kit->first_slot;

    (void)store_sink(kit->store).ops->put(kit->writer, &point, 1, &fate);
    if (fate == SINK_OK && at >= 0 && at < kit->n_slots)
        kit->values[series][at] = value;
    return fate;
}

void store_kit_commit(struct store_kit *kit)
{
    EXPECT_OK(store_sink(kit->store).ops->commit(kit->writer, &kit_err));
}

static struct series *read_into(struct store_kit *kit, size_t series,
                                const struct source_span *span, struct arena *arena)
{
    const struct source_node leaf = {
        .path = name_of(series), .id = kit->ids[series], .is_leaf = true};
    struct series *out = NULL;

    EXPECT_OK(
        store_source(kit->store).ops->read(kit->store, &leaf, 1, span, arena, &out, &kit_err));
    return out;
}

struct series *store_kit_read(struct store_kit *kit, size_t series, int64_t from_s, int64_t until_s,
                              int64_t age_s)
{
    const struct source_span span = {from_s, until_s, store_kit_now_s(), age_s};
    return read_into(kit, series, &span, &kit_arena);
}

bool store_kit_agrees(struct store_kit *kit)
{
    const int64_t from_s = (int64_t)kit->first_slot * kit->step_s;
    const int64_t until_s =
        min_i64(store_kit_now_s() + 1, from_s + (int64_t)kit->n_slots * kit->step_s);

    const struct source_span span = {from_s, until_s, store_kit_now_s(), 0};
    CLEANUP(arena_done) struct arena arena; /* the test's would grow with each look */

    arena_init(&arena);
    for (size_t i = 0; i < STORE_KIT_SERIES; i++) {
        arena_reset(&arena);
        const struct series *got = read_into(kit, i, &span, &arena);
        for (size_t k = 0; got && k < got->n_points; k++) {
            const int64_t at = got->start_s / kit->step_s + (int64_t)k - kit->first_slot;
            const double want = kit->values[i][at];
            const bool is_same =
                (isnan(want) && isnan(got->values[k])) || memcmp(&want, &got->values[k], 8) == 0;
            if (is_same)
                continue;
            char got_text[NUM_TEXT_MAX], want_text[NUM_TEXT_MAX];
            num_format(got_text, got->values[k]);
            num_format(want_text, want);
            (void)fprintf(stderr, "series %zu slot %lld (now %lld): got %s want %s\n", i,
                          (long long)at,
                          (long long)(store_kit_now_s() / kit->step_s - kit->first_slot), got_text,
                          want_text);
            return false;
        }
        if (!got)
            return false;
    }
    return true;
}

static void damage_print(void *self, const struct store_finding *finding)
{
    (void)self;
    if (!finding->is_note)
        (void)fprintf(stderr, "%s: %s: %s\n", finding->file, finding->where, finding->what);
}

bool store_kit_is_sound(const char *dir)
{
    const struct store_verifier verifier = {.on_finding = damage_print};
    struct store_verified out;
    const bool is_ok = store_verify(dir, &verifier, &out, &kit_err);

    EXPECT(is_ok || kit_err.kind == ERR_MISSING); /* nothing is there yet */
    return !is_ok || out.n_damages == 0;
}
