/* For store_model_test.c only, which includes it: a store beside the arrays it must agree with, points of
 * every kind that go into both, and reading that compares. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "kit/kit.h"
#include "os/file.h"
#include "store/keeper.h"
#include "store/plain_kit.c"
#include "store/store_kit.c"

#ifdef __SANITIZE_ADDRESS__
enum { OPS_USUAL = 100000 };
#else
enum { OPS_USUAL = 300000 };
#endif

enum {
    GROUPS = 4,     /* of names, each under a rule of its own */
    RULES_MAX = 64, /* that ever held: a changed one is for names of its own, so nothing moves */
    WRITERS = 2,
    START_S = 1700000000,
    END_S = 3500000000, /* a round that has come here ends: times are 32 bits */
    POINTS_MAX = 512,   /* of one put */
    TOUCHED_MAX = 256,
    NEWEST_SLACK_SLOTS = 2 * HEAD_SLOTS, /* a restart takes a file's end for its newest point */
};

static const char *const RETENTIONS[] = {
    "10s:30d",
    "60s:10y",
    "1s:2d",
    "1h:2y",
    "1s:1h,10s:6h,60s:30d",
    "1s:3h,1h:2y", /* a partition is no multiple of the coarser step */
    "10s:1d,60s:7d,1h:3y",
    "1s:3m,1m:1d",
    "1m:2h,5m:1d,1h:60d",
    "7s:2h,35s:1d,70s:30d,700s:1y",
    "5s:1h,15s:12h",
    "10s:2d,60s:60d",
    "10s:5m,5m:3d", /* shorter than the grace of the head */
    "1s:10s,10s:1h,1h:30d",
};
static const char *const AGGREGATIONS[] = {"average", "sum",      "last",   "max",
                                           "min",     "avg_zero", "absmax", "absmin"};
static const char *const FACTORS[] = {"0", "0", "0.5", "1", "0.1", "0.3"};

struct rule {
    unsigned retentions, aggregation, factor;
};

struct member {
    char name[32];
    uint32_t id;
    unsigned group;
};

struct planned {
    unsigned series;
    int64_t at_s;
    double value;
};

/* What a put changed; until the commit a crash may take it back. */
struct change {
    unsigned series;
    size_t level;
    int64_t slot;
    double before, after;
};

struct touched {
    unsigned series;
    int64_t at_s;
};

struct world {
    struct plain_kit plain;
    struct member members[PLAIN_KIT_SERIES];
    struct rule rules[RULES_MAX];
    unsigned n_rules, rule_of[GROUPS]; /* that new series of a group get */
    struct schemas *schemas;
    struct shared_tuning tuning;
    const char *dir;
    unsigned n_dirs;
    struct store *store;
    struct sink_writer *writers[WRITERS];
    unsigned writer; /* that has what is not committed */
    struct change *changes;
    size_t n_changes, cap_changes;
    struct touched touched[TOUCHED_MAX];
    size_t n_touched;
    int64_t anchor_s; /* where history is replayed */
    int64_t pace_s;
    int64_t newest_s;
    uint64_t seed, random;
    uint64_t n_ops, n_values;
    uint64_t check_from;
    bool is_traced, is_wrong;
    bool
        has_failed; /* the last pass; an edit that was written but not synced may come into force */
    struct arena arena; /* of one read */
};

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    int64_t number;
    return text && num_parse_i64(text, strlen(text), &number) ? (uint64_t)number : otherwise;
}

/* ---- chance ---- */

static uint64_t chance(struct world *world)
{
    uint64_t z = world->random += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static int64_t below(struct world *world, int64_t n)
{
    return (int64_t)(chance(world) % (uint64_t)n);
}

static bool one_in(struct world *world, int64_t n)
{
    return below(world, n) == 0;
}

static double any_double(struct world *world)
{
    double value;
    do {
        const uint64_t bits = chance(world);
        memcpy(&value, &bits, sizeof value);
    } while (!isfinite(value));
    return value;
}

static double any_value(struct world *world)
{
    switch (below(world, 12)) {
    case 0:
        return any_double(world);
    case 1:
        return (double)(chance(world) >> 12) * 0x1p-1074; /* subnormal */
    case 2:
        return one_in(world, 2) ? -0.0 : 0.0;
    case 3:
        return (double)(chance(world) >> 11) * 0x1p-53 * 1e3; /* 17 digits */
    case 4:
        return (one_in(world, 2) ? 1e308 : -1.7e308);
    case 5:
        return (double)(chance(world) >> 1);
    case 6:
    case 7:
        return (double)below(world, 100000) / 100.0;
    case 8:
        return -(double)below(world, 1 << 30);
    case 9:
        return 1.0;
    default:
        return (double)below(world, 10);
    }
}

/* ---- words ---- */

PRINTF_LIKE(2, 3) static void trace(const struct world *world, const char *fmt, ...)
{
    va_list args;
    if (!world->is_traced)
        return;
    (void)fprintf(stderr, "%llu @%lld: ", (unsigned long long)world->n_ops,
                  (long long)store_kit_now_s());
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

PRINTF_LIKE(2, 3) static void wrong(struct world *world, const char *fmt, ...)
{
    va_list args;
    if (world->is_wrong) /* the first is what counts */
        return;
    world->is_wrong = true;
    const bool is_as_the_model_says = false;
    EXPECT(is_as_the_model_says);
    (void)fprintf(stderr, "PLUMB_MODEL_ROUND=%llu, operation %llu, now %lld: ",
                  (unsigned long long)world->seed, (unsigned long long)world->n_ops,
                  (long long)store_kit_now_s());
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

static const char *rule_text(const struct world *world, unsigned series)
{
    static char text[160];
    const struct schema *schema = &plain_kit_class_of(&world->plain, series)->schema;
    int n = 0;
    for (size_t i = 0; i < schema->n_archives; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%us:%u,", schema->archives[i].step_s,
                      schema->archives[i].n_points);
    char factor[NUM_TEXT_MAX];
    (void)num_format_short(factor, schema->x_files_factor);
    (void)snprintf(text + n, sizeof text - (size_t)n, " %s, %s",
                   aggregation_name(schema->aggregation), factor);
    return text;
}

/* ---- the world ---- */

static struct head_class *engine_class(const struct world *world, unsigned series)
{
    return head_class(world->store->head,
                      names_class(world->store->names, world->members[series].id));
}

static void schemas_make(struct world *world)
{
    struct buf schemas, aggregations;

    buf_init(&schemas, 1 << 16);
    buf_init(&aggregations, 1 << 16);
    for (unsigned i = 0; i < world->n_rules; i++) {
        const struct rule *rule = &world->rules[i];
        buf_printf(&schemas, "[g%u]\npattern = ^g%u\\.\nretentions = %s\n", i, i,
                   RETENTIONS[rule->retentions]);
        buf_printf(&aggregations,
                   "[g%u]\npattern = ^g%u\\.\nxFilesFactor = %s\naggregationMethod = %s\n", i, i,
                   FACTORS[rule->factor], AGGREGATIONS[rule->aggregation]);
    }
    EXPECT_OK(schemas_parse("s", buf_text(&schemas), "a", buf_text(&aggregations), &world->schemas,
                            &kit_err));
    buf_done(&schemas);
    buf_done(&aggregations);
}

static void rule_choose(struct world *world, unsigned group)
{
    if (world->n_rules == RULES_MAX)
        return;
    world->rule_of[group] = world->n_rules;
    world->rules[world->n_rules++] = (struct rule){
        .retentions = (unsigned)below(world, COUNT_OF(RETENTIONS)),
        .aggregation = (unsigned)below(world, COUNT_OF(AGGREGATIONS)),
        .factor = (unsigned)below(world, COUNT_OF(FACTORS)),
    };
}

static const char *dir_new(struct world *world)
{
    return kit_path(kit_temp_dir(), arena_printf(&kit_arena, "w%llu-%u",
                                                 (unsigned long long)world->seed, world->n_dirs++));
}

static void resolve(struct world *world, unsigned series)
{
    struct member *member = &world->members[series];
    struct str name = str_of(member->name);
    enum sink_fate fate;

    store_sink(world->store)
        .ops->resolve(world->writers[world->writer], &name, 1, &member->id, &fate);
    EXPECT_I64(fate, SINK_OK);
}

static void world_open(struct world *world)
{
    const struct store_options options = {
        .dir = world->dir,
        .schemas = world->schemas,
        .clock = kit_clock(),
        .fsync_interval_ms = 1000,
        .writers_max = WRITERS,
    };
    EXPECT_OK(shared_open(&options, &world->tuning, &world->store, &kit_err));
    for (unsigned i = 0; i < WRITERS; i++)
        EXPECT_OK(
            store_sink(world->store).ops->writer_open(world->store, &world->writers[i], &kit_err));
    for (unsigned i = 0; i < world->plain.n_series; i++) {
        const uint32_t id = world->members[i].id;
        resolve(world, i);
        if (world->members[i].id != id)
            wrong(world, "%s has another id after the start", world->members[i].name);
    }
}

static void world_close(struct world *world)
{
    for (unsigned i = 0; i < WRITERS; i++)
        store_sink(world->store).ops->writer_close(world->writers[i]);
    store_close(world->store);
    world->store = NULL;
}

static void commit(struct world *world)
{
    trace(world, "commit");
    EXPECT_OK(store_sink(world->store).ops->commit(world->writers[world->writer], &kit_err));
    world->n_changes = 0;
}

static void series_add(struct world *world)
{
    bool is_default;
    if (world->plain.n_series == PLAIN_KIT_SERIES ||
        world->plain.n_classes + 1 >= PLAIN_KIT_CLASSES)
        return;
    const unsigned no = world->plain.n_series;
    struct member *member = &world->members[no];
    member->group = world->rule_of[no < GROUPS ? no : (unsigned)below(world, GROUPS)];
    (void)snprintf(member->name, sizeof member->name, "g%u.host%u.load", member->group, no);
    const struct schema schema = schemas_find(world->schemas, str_of(member->name), &is_default);
    EXPECT(!is_default);
    const unsigned class_no = plain_kit_class(&world->plain, &schema, store_kit_now_s());
    EXPECT_I64(plain_kit_series(&world->plain, class_no), no);
    resolve(world, no);
    commit(world);
    trace(world, "series %u: %s, %s", no, member->name, rule_text(world, no));
}

static void tuning_choose(struct world *world)
{
    static const size_t bytes[] = {1, 2 << 10, 64 << 10, 1 << 20};
    static const int64_t us[] = {0, 1000000, 100000000, 5000000000};
    static const size_t runs[] = {2, 4, 8, 32}, merges[] = {2, 3, 4, 12};

    world->tuning = shared_tuning_usual();
    world->tuning.has_no_threads = true;
    world->tuning.wal_segment_bytes = 4096ull << below(world, 5);
    world->tuning.wal_bytes_max = 16384ull << 2 * below(world, 9);
    world->tuning.late_flush_bytes = bytes[below(world, COUNT_OF(bytes))];
    world->tuning.late_flush_us = us[below(world, COUNT_OF(us))];
    world->tuning.late_run = runs[below(world, COUNT_OF(runs))];
    world->tuning.files_merge = merges[below(world, COUNT_OF(merges))];
    if (one_in(world, 8))
        world->tuning.late_bytes_max = 32 << 10;
}

static void anchor_choose(struct world *world)
{
    const int64_t spans_s[] = {3000, 90000, 86400 * 20, 86400 * 1000};
    const int64_t span_s = spans_s[below(world, COUNT_OF(spans_s))];
    world->anchor_s = store_kit_now_s() - below(world, span_s);
}

static void world_init(struct world *world, uint64_t seed)
{
    static const int64_t paces_s[] = {1, 1, 10, 60};

    world->seed = world->random = seed;
    world->is_traced = getenv("PLUMB_MODEL_TRACE") != NULL;
    world->check_from = number_of("PLUMB_MODEL_CHECK", UINT64_MAX);
    arena_init(&world->arena);
    kit_now_us = (START_S + below(world, 400 * 86400)) * 1000000ll;
    world->pace_s = paces_s[below(world, COUNT_OF(paces_s))];
    tuning_choose(world);
    for (unsigned i = 0; i < GROUPS; i++)
        rule_choose(world, i);
    schemas_make(world);
    world->dir = dir_new(world);
    world_open(world);
    anchor_choose(world);
    for (int64_t n = 6 + below(world, 8); n > 0; n--)
        series_add(world);
}

static void world_done(struct world *world)
{
    world_close(world);
    EXPECT_OK(dir_remove(world->dir, &kit_err));
    schemas_free(world->schemas);
    plain_kit_done(&world->plain);
    mem_free(world->changes);
    arena_done(&world->arena);
}

/* ---- points ---- */

static void change(struct world *world, const struct planned *point)
{
    const struct plain_kit_class *of = plain_kit_class_of(&world->plain, point->series);
    const size_t level = plain_kit_level(of, point->at_s);
    const int64_t slot = point->at_s / of->schema.archives[level].step_s;

    mem_grow(&world->changes, &world->cap_changes, world->n_changes + 1, sizeof(struct change));
    world->changes[world->n_changes++] =
        (struct change){point->series, level, slot,
                        plain_kit_own(&world->plain, point->series, level, slot), point->value};
    plain_kit_set(&world->plain, point->series, level, slot, point->value);
    world->newest_s = max_i64(world->newest_s, point->at_s);
    world->touched[world->n_touched++ % TOUCHED_MAX] = (struct touched){point->series, point->at_s};
}

/* In a column that is there already, of the head or of a pane beside a clock that fell back: it is not
 * asked again whether a point is too old or too new for it. */
static bool is_in_window(const struct world *world, const struct planned *point)
{
    const struct head_class *of = engine_class(world, point->series);
    const int64_t slot = point->at_s / of->schema.archives[0].step_s;
    if (point->at_s > store_kit_now_s())
        return slot < (int64_t)of->freed + HEAD_SLOTS;
    return slot >= of->sealed && slot < (int64_t)of->freed + HEAD_SLOTS;
}

static void fate_check(struct world *world, const struct planned *point, enum sink_fate fate,
                       bool is_full)
{
    const struct schema *schema = &plain_kit_class_of(&world->plain, point->series)->schema;
    const int64_t now_s = store_kit_now_s(), step_s = schema->archives[0].step_s;
    enum sink_fate want = SINK_OK;

    if (now_s - point->at_s >= plain_kit_retention_s(schema, schema->n_archives - 1))
        want = SINK_TOO_OLD;
    else if (point->at_s / step_s > now_s / step_s + HEAD_FUTURE_SLOTS)
        want = SINK_TOO_NEW;
    if (fate == want || (fate == SINK_OK && is_in_window(world, point)) ||
        (fate == SINK_DISK && is_full))
        return;
    const struct head_class *of = engine_class(world, point->series);
    wrong(world, "%s at %lld (%+lld): fate %d, expected %d; sealed %u, freed %u",
          world->members[point->series].name, (long long)point->at_s,
          (long long)(point->at_s - now_s), fate, want, of->sealed, of->freed);
}

static void put(struct world *world, const struct planned *planned, size_t n)
{
    static struct sink_point points[POINTS_MAX];
    static enum sink_fate fates[POINTS_MAX];
    const bool is_full = late_bytes(world->store->late) > world->tuning.late_bytes_max;
    size_t n_ok = 0;

    if (one_in(world, 16)) { /* what one writer has, the other may overwrite only once it is safe */
        commit(world);
        world->writer = (unsigned)below(world, WRITERS);
    }
    for (size_t i = 0; i < n; i++)
        points[i] = (struct sink_point){world->members[planned[i].series].id,
                                        (uint32_t)planned[i].at_s, planned[i].value};
    const size_t n_stored =
        store_sink(world->store).ops->put(world->writers[world->writer], points, n, fates);
    for (size_t i = 0; i < n; i++) {
        fate_check(world, &planned[i], fates[i], is_full);
        n_ok += fates[i] == SINK_OK;
        if (fates[i] == SINK_OK)
            change(world, &planned[i]);
        trace(world, "put %u at %lld (%+lld) = %.17g: %d", planned[i].series,
              (long long)planned[i].at_s, (long long)(planned[i].at_s - store_kit_now_s()),
              planned[i].value, fates[i]);
        world->n_ops++;
    }
    EXPECT_I64(n_stored, n_ok);
}

static unsigned any_series(struct world *world)
{
    return (unsigned)below(world, world->plain.n_series);
}

static int64_t any_time(struct world *world, unsigned series)
{
    const struct plain_kit_class *of = plain_kit_class_of(&world->plain, series);
    const struct schema *schema = &of->schema;
    const size_t level = (size_t)below(world, (int64_t)schema->n_archives);
    const int64_t now_s = store_kit_now_s(), step_s = schema->archives[0].step_s;
    const int64_t coarse_s = schema->archives[level].step_s;

    switch (below(world, 20)) {
    case 0:
    case 1:
        return now_s - below(world, 100 * step_s);
    case 2:
    case 3:
        return now_s + below(world, 34 * step_s);
    case 4:
        return now_s - below(world, 9000 * step_s);
    case 5: /* in what is about to be rolled up */
        if (level + 1 < schema->n_archives) {
            const int64_t due_s =
                now_s - plain_kit_retention_s(schema, level) - of->floors_s[level];
            return of->floors_s[level] + below(world, max_i64(1, due_s));
        }
        return world->anchor_s;
    case 6:
        return world->anchor_s + below(world, 200 * step_s);
    case 7: /* where an archive ends */
        return now_s - plain_kit_retention_s(schema, level) + below(world, 5 * coarse_s) -
               2 * coarse_s;
    case 8:
        return level + 1 < schema->n_archives
                   ? of->floors_s[level] + below(world, 4 * coarse_s) - 2 * coarse_s
                   : now_s;
    case 9:
        return one_in(world, 4) ? now_s + below(world, 1 << 30) : now_s - below(world, 1 << 28);
    default:
        return now_s - below(world, 5 * step_s);
    }
}

static int64_t in_range(int64_t at_s)
{
    return max_i64(0, min_i64(at_s, UINT32_MAX));
}

static void put_anything(struct world *world)
{
    struct planned planned[64];
    const size_t n = 1 + (size_t)below(world, COUNT_OF(planned));

    for (size_t i = 0; i < n; i++) {
        planned[i].series = any_series(world);
        planned[i].at_s = in_range(any_time(world, planned[i].series));
        planned[i].value = any_value(world);
        if (i > 0 && one_in(world, 8)) { /* the same slot again */
            planned[i].series = planned[i - 1].series;
            planned[i].at_s = planned[i - 1].at_s;
        }
    }
    put(world, planned, n);
}

/* As agents send: all series now and again, a little late or early. */
static void put_live(struct world *world)
{
    struct planned planned[PLAIN_KIT_SERIES];

    for (int64_t round = below(world, 40); round >= 0; round--) {
        size_t n = 0;
        kit_now_us += world->pace_s * 1000000;
        for (unsigned i = 0; i < world->plain.n_series; i++) {
            if (one_in(world, 10))
                continue;
            const int64_t late_s = one_in(world, 6) ? below(world, 30 * world->pace_s) : 0;
            planned[n++] = (struct planned){i, store_kit_now_s() - late_s, any_value(world)};
        }
        if (n > 0)
            put(world, planned, n);
        if (!one_in(world, 4))
            commit(world);
    }
}

/* History slot by slot, all series of a group or all there are. */
static void put_history(struct world *world)
{
    static struct planned planned[POINTS_MAX];
    const unsigned like = any_series(world);
    const struct schema *schema = &plain_kit_class_of(&world->plain, like)->schema;
    const int64_t step_s = schema->archives[below(world, (int64_t)schema->n_archives)].step_s;
    const bool is_all = one_in(world, 3);

    for (int64_t n_slots = 1 + below(world, 100); n_slots > 0; n_slots--) {
        size_t n = 0;
        for (unsigned i = 0; i < world->plain.n_series; i++)
            if ((is_all || world->plain.series[i].class_no == world->plain.series[like].class_no) &&
                !one_in(world, 16))
                planned[n++] = (struct planned){i, in_range(world->anchor_s), any_value(world)};
        if (n > 0)
            put(world, planned, n);
        world->anchor_s += step_s;
    }
    if (!one_in(world, 4))
        commit(world);
}

/* History of one series, in order, backwards or here and there. */
static void put_backfill(struct world *world)
{
    static struct planned planned[POINTS_MAX];
    const unsigned series = any_series(world);
    const struct schema *schema = &plain_kit_class_of(&world->plain, series)->schema;
    const int64_t step_s = schema->archives[below(world, (int64_t)schema->n_archives)].step_s;
    const int64_t n = 1 + below(world, POINTS_MAX), how = below(world, 3);

    for (int64_t i = 0; i < n; i++) {
        const int64_t place = how == 0 ? i : how == 1 ? n - i : below(world, n);
        planned[i] =
            (struct planned){series, in_range(world->anchor_s + place * step_s), any_value(world)};
    }
    put(world, planned, (size_t)n);
}

/* ---- reading ---- */

static size_t level_read(const struct schema *schema, int64_t age_s)
{
    size_t level = 0;
    while (level + 1 < schema->n_archives && plain_kit_retention_s(schema, level) < age_s)
        level++;
    return level;
}

static int64_t slot_from(int64_t at_s, int64_t step_s)
{
    return (max_i64(at_s, 0) + step_s - 1) / step_s;
}

static bool is_same(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

static void value_check(struct world *world, unsigned series, size_t level, int64_t slot,
                        const struct source_span *span, double got)
{
    const struct plain_kit_class *of = plain_kit_class_of(&world->plain, series);
    const int64_t at_s = slot * of->schema.archives[level].step_s;
    const bool is_kept = at_s > span->now_s - plain_kit_retention_s(&of->schema, level);
    const double want = is_kept ? plain_kit_get(&world->plain, series, level, slot) : (double)NAN;

    world->n_values++;
    /* what a level has rolled up and lost may be written by a finer one once more, and lost again */
    const bool is_rolled = level + 1 < of->schema.n_archives && at_s < of->floors_s[level];
    if (is_same(got, want) || at_s < of->gone_s || (is_rolled && isnan(got)))
        return;
    char got_text[NUM_TEXT_MAX], want_text[NUM_TEXT_MAX];
    (void)num_format(got_text, got);
    (void)num_format(want_text, want);
    const struct head_class *engine = engine_class(world, series);
    wrong(world,
          "series %u %s (%s) archive %zu slot %lld, time %lld (%+lld): got %s, expected %s; "
          "floors %lld %lld %lld, sealed %u freed %u, asked at %lld",
          series, world->members[series].name, rule_text(world, series), level, (long long)slot,
          (long long)at_s, (long long)(at_s - store_kit_now_s()), got_text, want_text,
          (long long)of->floors_s[0], (long long)of->floors_s[1], (long long)of->floors_s[2],
          engine->sealed, engine->freed, (long long)span->now_s);
}

static void read_check(struct world *world, unsigned series, struct source_span span)
{
    const struct schema *schema = &plain_kit_class_of(&world->plain, series)->schema;
    const size_t level = level_read(schema, span.age_s);
    const int64_t step_s = schema->archives[level].step_s;
    const int64_t kept_s = plain_kit_retention_s(schema, schema->n_archives - 1);
    const int64_t oldest_s = span.now_s - kept_s + 1;
    const struct source_node leaf = {
        .path = world->members[series].name, .id = world->members[series].id, .is_leaf = true};
    struct series *got = NULL;

    world->n_ops++;
    arena_reset(&world->arena);
    EXPECT_OK(store_source(world->store)
                  .ops->read(world->store, &leaf, 1, &span, &world->arena, &got, &kit_err));
    if (span.from_s > span.now_s || span.until_s <= oldest_s) {
        if (got)
            wrong(world, "a span outside everything has an answer");
        return;
    }
    const int64_t first = slot_from(max_i64(span.from_s, oldest_s), step_s);
    const int64_t end =
        max_i64(first + 1, slot_from(min_i64(span.until_s, span.now_s + 1), step_s));
    if (!got || got->step_s != step_s || got->start_s != first * step_s ||
        (int64_t)got->n_points != end - first) {
        wrong(world, "%s from %lld until %lld: another span than asked for",
              world->members[series].name, (long long)span.from_s, (long long)span.until_s);
        return;
    }
    for (int64_t slot = first; slot < end && !world->is_wrong; slot++)
        value_check(world, series, level, slot, &span, got->values[slot - first]);
}

/* An age that is answered from this level. */
static int64_t age_for(struct world *world, const struct schema *schema, size_t level)
{
    const int64_t high_s = plain_kit_retention_s(schema, level);
    const int64_t low_s = level > 0 ? plain_kit_retention_s(schema, level - 1) : 0;
    return high_s - below(world, high_s - low_s);
}

/* All archives around a time. */
static void read_around(struct world *world, unsigned series, int64_t at_s)
{
    const struct schema *schema = &plain_kit_class_of(&world->plain, series)->schema;
    for (size_t level = 0; level < schema->n_archives && !world->is_wrong; level++) {
        const int64_t step_s = schema->archives[level].step_s;
        const int64_t from_s = at_s - below(world, 4 * step_s);
        /* sometimes as it was seen then, or by somebody who is ahead */
        const int64_t now_s =
            max_i64(at_s, one_in(world, 4) ? at_s + below(world, 9 * step_s) : store_kit_now_s());
        read_check(world, series,
                   (struct source_span){from_s, at_s + 1 + below(world, 4 * step_s), now_s,
                                        age_for(world, schema, level)});
    }
}

static void check_touched(struct world *world)
{
    const size_t n = min_size(world->n_touched, TOUCHED_MAX);
    for (int i = 0; i < 6 && n > 0 && !world->is_wrong; i++) {
        const struct touched *touched = &world->touched[below(world, (int64_t)n)];
        read_around(world, touched->series, touched->at_s);
    }
}

static void check_anywhere(struct world *world)
{
    const unsigned series = any_series(world);
    const struct schema *schema = &plain_kit_class_of(&world->plain, series)->schema;
    const size_t level = (size_t)below(world, (int64_t)schema->n_archives);
    const int64_t now_s = store_kit_now_s() + below(world, 100) - 50;
    const int64_t from_s =
        now_s - below(world, plain_kit_retention_s(schema, level) * 5 / 4 + 100) + 50;
    const int64_t span_s =
        below(world, (int64_t)schema->archives[level].step_s << below(world, 12));
    read_check(world, series,
               (struct source_span){from_s, from_s + span_s, now_s, age_for(world, schema, level)});
}

/* Every slot of every archive about which the arrays know something. */
static void check_all(struct world *world)
{
    enum { SLOTS = 600 };
    for (unsigned i = 0; i < world->plain.n_series; i++) {
        const struct schema *schema = &plain_kit_class_of(&world->plain, i)->schema;
        for (size_t level = 0; level < schema->n_archives && !world->is_wrong; level++) {
            const int64_t span_s = (int64_t)schema->archives[level].step_s * SLOTS;
            const int64_t now_s = max_i64(store_kit_now_s(), world->newest_s);
            int64_t at_s = plain_kit_next_s(&world->plain, i, level, 0);
            at_s = max_i64(at_s, now_s - plain_kit_retention_s(schema, level));
            for (; at_s <= now_s && !world->is_wrong;
                 at_s = plain_kit_next_s(&world->plain, i, level, at_s + span_s))
                read_check(world, i,
                           (struct source_span){at_s, at_s + span_s, now_s,
                                                age_for(world, schema, level)});
        }
    }
}

static void check_names(struct world *world)
{
    const struct source source = store_source(world->store);
    struct source_nodes nodes = {0};

    arena_reset(&world->arena);
    EXPECT_OK(source.ops->all(source.self, &world->arena, &nodes, &kit_err));
    if (nodes.n != world->plain.n_series)
        wrong(world, "%zu names, expected %u", nodes.n, world->plain.n_series);
}
