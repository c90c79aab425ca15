/* Rules that change between one start and the next: what is seen of old data, and how long it stays. */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "kit/kit.h"
#include "os/file.h"
#include "store/keeper.h"
#include "store/store.h"
#include "store/store_kit.c"

enum { DAY_S = 86400, FIRST_S = 1699920000 /* a multiple of a day */ };

/* ---- a store whose rules change ---- */

static void rules_set(struct store_kit *kit, const char *schemas, const char *aggregation)
{
    schemas_free(kit->schemas);
    kit->schemas = NULL;
    EXPECT_OK(schemas_parse("s", schemas, "a", aggregation, &kit->schemas, &kit_err));
}

/* "10s:1d average 0.5" for all series. */
static void rule_set(struct store_kit *kit, const char *rule)
{
    char retentions[200], how[20], factor[20];
    EXPECT_I64(sscanf(rule, "%199s %19s %19s", retentions, how, factor), 3);
    rules_set(kit, arena_printf(&kit_arena, "[all]\npattern = .*\nretentions = %s\n", retentions),
              arena_printf(&kit_arena,
                           "[all]\npattern = .*\nxFilesFactor = %s\naggregationMethod = %s\n",
                           factor, how));
}

static void start(struct store_kit *kit, const char *rule, int64_t now_s)
{
    kit_now_us = now_s * 1000000ll;
    store_kit_init(kit, "10s:1d", "average", FIRST_S, 1);
    rule_set(kit, rule);
    EXPECT(store_kit_open(kit));
}

static void restart(struct store_kit *kit, const char *rule)
{
    store_kit_close(kit);
    rule_set(kit, rule);
    if (!store_kit_open(kit))
        EXPECT_TEXT(kit_err.text, "");
}

static uint64_t n_moved(const struct store_kit *kit)
{
    struct store_stats stats;
    store_stats(kit->store, &stats);
    return stats.n_series_moved;
}

static void put(struct store_kit *kit, size_t series, int64_t at_s, double value)
{
    EXPECT_I64(store_kit_put(kit, series, at_s, value), SINK_OK);
}

/* From then on n values, one each step, then committed. */
static void put_run(struct store_kit *kit, int64_t from_s, int64_t step_s, size_t n, double value)
{
    for (size_t i = 0; i < n; i++)
        put(kit, 0, from_s + (int64_t)i * step_s, value + (double)i);
    store_kit_commit(kit);
}

/* "60: 3.5 - 7": the step, then values; a gap is "-". */
static const char *answer(struct store_kit *kit, size_t series, int64_t from_s, int64_t until_s,
                          int64_t age_s)
{
    const struct series *got = store_kit_read(kit, series, from_s, until_s, age_s);
    const char *text = arena_printf(&kit_arena, "%lld:", got ? (long long)got->step_s : 0);
    for (size_t i = 0; got && i < got->n_points; i++) {
        char number[NUM_TEXT_MAX] = "-";
        if (!is_gap(got->values[i]))
            (void)num_format_short(number, got->values[i]);
        text = arena_printf(&kit_arena, "%s %s", text, number);
    }
    return text;
}

/* ---- what is seen ---- */

TEST(old_points_show_by_the_new_rule)
{
    static const struct {
        const char *row, *before, *after;
        int64_t step_s; /* of the points 1, 2, 3 ... that are put from FIRST_S on */
        size_t n;
        int64_t span_s, age_s;
        const char *want;
    } rows[] = {
        {"the same step", "10s:1d average 0", "10s:9d average 0", 10, 4, 50, 0, "10: 1 2 3 4 -"},
        {"coarser: averaged", "10s:1d sum 0", "60s:1d average 0", 10, 12, 180, 0, "60: 3.5 9.5 -"},
        {"coarser: summed", "10s:1d average 0", "60s:1d sum 0", 10, 9, 120, 0, "60: 21 24"},
        {"coarser: last", "10s:1d max 0", "60s:1d last 0", 10, 9, 120, 0, "60: 6 9"},
        {"coarser: gaps count", "10s:1d max 0", "60s:1d avg_zero 0", 10, 9, 120, 0, "60: 3.5 4"},
        {"too few for the factor", "10s:1d average 0", "60s:1d average 0.6", 10, 9, 120, 0,
         "60: 3.5 -"},
        {"just enough for it", "10s:1d average 1", "60s:1d average 0.5", 10, 9, 120, 0,
         "60: 3.5 8"},
        {"finer: at its time", "60s:1d average 0", "20s:1d average 1", 60, 2, 120, 0,
         "20: 1 - - 2 - -"},
        {"steps that do not divide", "10s:1d average 0", "15s:1d sum 0", 10, 6, 60, 0,
         "15: 3 3 9 6"},
        {"finer, not dividing", "15s:1d average 0", "10s:1d sum 0", 15, 4, 60, 0,
         "10: 1 2 - 3 4 -"},
        {"method alone, coarse archive", "10s:1d,60s:9d average 0", "10s:1d,60s:9d max 0", 10, 12,
         120, 2 * DAY_S, "60: 6 12"},
        {"factor alone, coarse archive", "10s:1d,60s:9d average 0", "10s:1d,60s:9d average 0.9", 10,
         11, 120, 2 * DAY_S, "60: 3.5 -"},
        {"a coarse archive comes", "10s:1d average 0", "10s:1d,60s:9d sum 0", 10, 12, 120,
         2 * DAY_S, "60: 21 57"},
        {"a coarse archive of few fine points", "60s:1d average 0", "10s:1d,60s:9d average 0.5", 60,
         2, 120, 2 * DAY_S, "60: 1 2"},
        {"the fine archive goes", "10s:1d,60s:9d average 0", "60s:9d min 0", 10, 12, 120, 0,
         "60: 1 7"},
        {"archives between", "10s:1d,600s:9d average 0", "10s:1d,60s:2d,600s:9d sum 0", 10, 60, 600,
         5 * DAY_S, "600: 1830"},
    };
    EACH_ROW (rows, r) {
        struct store_kit kit;
        start(&kit, r->before, FIRST_S + 700);
        put_run(&kit, FIRST_S, r->step_s, r->n, 1);
        restart(&kit, r->after);
        EXPECT_I64(n_moved(&kit), STORE_KIT_SERIES);
        EXPECT_TEXT(answer(&kit, 0, FIRST_S, FIRST_S + r->span_s, r->age_s), r->want);
        store_kit_crash(&kit); /* the log is read again: nothing of it counts twice */
        EXPECT_I64(n_moved(&kit), 0);
        EXPECT_TEXT(answer(&kit, 0, FIRST_S, FIRST_S + r->span_s, r->age_s), r->want);
        EXPECT_OK(store_seal(kit.store, &kit_err));
        EXPECT_TEXT(answer(&kit, 0, FIRST_S, FIRST_S + r->span_s, r->age_s), r->want);
        store_kit_done(&kit);
    }
}

TEST(new_points_win_over_old_ones)
{
    struct store_kit kit;

    start(&kit, "10s:1d average 0", FIRST_S + 100);
    put_run(&kit, FIRST_S, 10, 12, 1);
    restart(&kit, "20s:1d,60s:9d sum 0");
    put(&kit, 0, FIRST_S + 20, 100);
    put(&kit, 0, FIRST_S + 40, 200);
    put(&kit, 0, FIRST_S + 55, 300); /* the same slot */
    store_kit_commit(&kit);
    EXPECT_TEXT(answer(&kit, 0, FIRST_S, FIRST_S + 90, 0), "20: 3 100 300 15 19");
    EXPECT_TEXT(answer(&kit, 0, FIRST_S, FIRST_S + 60, 2 * DAY_S), "60: 403");
    store_kit_crash(&kit);
    EXPECT_TEXT(answer(&kit, 0, FIRST_S, FIRST_S + 90, 0), "20: 3 100 300 15 19");
    EXPECT_OK(store_seal(kit.store, &kit_err));
    EXPECT_TEXT(answer(&kit, 0, FIRST_S, FIRST_S + 90, 0), "20: 3 100 300 15 19");
    EXPECT_TEXT(answer(&kit, 0, FIRST_S, FIRST_S + 60, 2 * DAY_S), "60: 403");
    store_kit_done(&kit);
}

/* A, B, C and A again: each time the whole minute was written anew, and the later word counts. */
TEST(rules_may_change_again_and_again)
{
    static const struct {
        const char *row, *rule, *want;
    } rows[] = {
        {"B", "20s:1d average 0", "20: 1 1 1"},
        {"C", "10s:9d average 0", "10: 2 1 2 1 2 1"},
        {"A again", "10s:1d average 0", "10: 3 3 3 3 3 3"},
        {"B again", "20s:1d average 0", "20: 4 4 4"},
        {"A", "10s:1d average 0", "10: 5 4 5 4 5 4"}, /* B had no slots between */
        {"A, unchanged", "10s:1d average 0", "10: 6 6 6 6 6 6"},
    };
    struct store_kit kit;

    start(&kit, "10s:1d average 0", FIRST_S + 100);
    for (int i = 0; i < 6; i++)
        put(&kit, 0, FIRST_S + i * 10, 1);
    store_kit_commit(&kit);
    EACH_ROW (rows, r) {
        restart(&kit, r->rule);
        EXPECT_TEXT(answer(&kit, 0, FIRST_S, FIRST_S + 60, 0), r->want);
        store_kit_crash(&kit);
        EXPECT_TEXT(answer(&kit, 0, FIRST_S, FIRST_S + 60, 0), r->want);
        const double value = (double)(r - rows) + 2;
        const int64_t step_s = r->want[0] == '1' ? 10 : 20;
        for (int64_t at_s = 0; at_s < 60; at_s += step_s)
            put(&kit, 0, FIRST_S + at_s, value);
        store_kit_commit(&kit);
    }
    EXPECT(head_n_classes(kit.store->head) <= 6);
    store_kit_done(&kit);
}

/* ---- who moves ---- */

#define TWO_RULES(host, other)                                                                     \
    "[host]\npattern = host0[0-4]\nretentions = " host                                             \
    "\n[all]\npattern = .*\nretentions = " other "\n"

TEST(only_series_of_changed_rules_move)
{
    struct store_kit kit;

    start(&kit, "10s:1d average 0", FIRST_S + 100);
    for (size_t i = 0; i < STORE_KIT_SERIES; i++)
        put(&kit, i, FIRST_S + 60, (double)i);
    store_kit_commit(&kit);
    store_kit_close(&kit);
    rules_set(&kit, TWO_RULES("30s:1d", "10s:1d"),
              "[all]\npattern = .*\nxFilesFactor = 0\naggregationMethod = average\n");
    EXPECT(store_kit_open(&kit));
    EXPECT_I64(n_moved(&kit), 5);
    EXPECT_TEXT(answer(&kit, 4, FIRST_S + 60, FIRST_S + 90, 0), "30: 4");
    EXPECT_TEXT(answer(&kit, 5, FIRST_S + 60, FIRST_S + 90, 0), "10: 5 - -");
    EXPECT_I64(head_n_classes(kit.store->head), 2);

    kit_now_us += 10000 * 1000000ll;
    for (size_t i = 0; i < STORE_KIT_SERIES; i++)
        put(&kit, i, store_kit_now_s(), (double)i);
    store_kit_commit(&kit);
    EXPECT_OK(keeper_pass(kit.store, &kit_err));
    store_kit_crash(&kit);
    EXPECT_I64(n_moved(&kit), 0);
    EXPECT_TEXT(answer(&kit, 4, FIRST_S + 10080, FIRST_S + 10140, 0), "30: 4");
    EXPECT_TEXT(answer(&kit, 5, FIRST_S + 10100, FIRST_S + 10101, 0), "10: 5");
    store_kit_done(&kit);
}

TEST(unchanged_rules_are_not_looked_up)
{
    struct store_kit kit;

    start(&kit, "10s:1d average 0", FIRST_S + 100);
    store_kit_close(&kit);
    rules_set(&kit, "# a comment\n[new name]\npattern = .*\nretentions = 10:8640\n",
              "[all]\naggregationMethod = average\nxFilesFactor = 0.0\npattern = .*\n");
    EXPECT(store_kit_open(&kit));
    EXPECT_I64(kit.store->rules, schemas_fingerprint(kit.schemas)); /* as it was read */
    EXPECT_I64(n_moved(&kit), 0);
    store_kit_done(&kit);
}

TEST(two_starts_without_a_point_in_between)
{
    struct store_kit kit;

    start(&kit, "10s:1d average 0", FIRST_S + 100);
    put_run(&kit, FIRST_S, 10, 6, 1);
    restart(&kit, "20s:1d average 0");
    restart(&kit, "30s:1d average 0");
    EXPECT_I64(n_moved(&kit), STORE_KIT_SERIES);
    EXPECT_TEXT(answer(&kit, 0, FIRST_S, FIRST_S + 60, 0), "30: 2 5");
    restart(&kit, "20s:1d average 0");
    EXPECT_TEXT(answer(&kit, 0, FIRST_S, FIRST_S + 60, 0), "20: 1.5 3.5 5.5");
    EXPECT_I64(head_n_classes(kit.store->head), 3); /* the empty one is taken again */
    store_kit_done(&kit);
}

/* ---- points in memory when the rule changes ---- */

TEST(head_late_and_early_points_come_along)
{
    struct store_kit kit;
    const int64_t now_s = FIRST_S + 3 * DAY_S;

    start(&kit, "10s:1d,60s:9d average 0", now_s);
    put_run(&kit, now_s - 110, 10, 12, 1);       /* the head */
    put_run(&kit, now_s - 7200, 10, 6, 11);      /* late, below the window */
    put_run(&kit, now_s + 10, 10, 6, 21);        /* ahead */
    put_run(&kit, now_s - 2 * DAY_S, 60, 2, 31); /* too old for the fine archive */
    restart(&kit, "20s:2d,60s:9d max 0");
    for (int i = 0; i < 3; i++) {
        EXPECT_TEXT(answer(&kit, 0, now_s - 100, now_s, 0), "20: 3 5 7 9 11");
        EXPECT_TEXT(answer(&kit, 0, now_s - 7200, now_s - 7140, 0), "20: 12 14 16");
        EXPECT_TEXT(answer(&kit, 0, now_s - 2 * DAY_S, now_s - 2 * DAY_S + 120, 3 * DAY_S),
                    "60: 31 32");
        EXPECT_TEXT(answer(&kit, 0, now_s - 60, now_s, 3 * DAY_S), "60: 11");
        store_kit_crash(&kit);
    }
    kit_now_us += 60 * 1000000ll;
    EXPECT_TEXT(answer(&kit, 0, now_s, now_s + 60, 0), "20: 21 23 25");
    store_kit_done(&kit);
}

/* The old class has a window ahead of the clock when the new one is made. */
TEST(points_go_on_in_the_new_class)
{
    struct store_kit kit;

    start(&kit, "10s:30d average 0", FIRST_S + 5000);
    for (int i = 0; i < 500; i++) {
        if (i % 100 == 99)
            restart(&kit, i % 200 == 99 ? "10s:60d average 0" : "10s:30d average 0");
        kit_now_us += 10 * 1000000ll;
        put(&kit, 0, store_kit_now_s(), i);
        store_kit_commit(&kit);
        if (i % 7 == 0)
            EXPECT_OK(keeper_pass(kit.store, &kit_err));
    }
    for (int round = 0; round < 2; round++) {
        const struct series *got =
            store_kit_read(&kit, 0, FIRST_S + 5010, FIRST_S + 5010 + 5000, 0);
        EXPECT_I64(got->n_points, 500);
        for (size_t i = 0; i < got->n_points; i++)
            EXPECT_F64(got->values[i], (double)i, 0);
        store_kit_crash(&kit);
    }
    store_kit_done(&kit);
}

/* ---- how long old data stay ---- */

static size_t n_files_of(const struct store_kit *kit, uint16_t class_no, size_t level)
{
    size_t first;
    struct files_version *version = files_ref(kit->store->files);
    const size_t n = files_level(version, class_no, (uint8_t)level, &first);
    files_unref(kit->store->files, version);
    return n;
}

/* To that moment, in steps of half a day: a point of series 1 (0 only gets old ones), then the keeper. */
static void live_until(struct store_kit *kit, int64_t until_s)
{
    while (store_kit_now_s() < until_s) {
        kit_now_us = min_i64(store_kit_now_s() + DAY_S / 2, until_s) * 1000000ll;
        put(kit, 1, store_kit_now_s(), 1);
        store_kit_commit(kit);
        for (int i = 0; i < 4; i++)
            EXPECT_OK(keeper_pass(kit->store, &kit_err));
    }
}

TEST(longer_retention_keeps_what_is_there)
{
    struct store_kit kit;

    start(&kit, "10s:2d,60s:9d average 0", FIRST_S + 100);
    put_run(&kit, FIRST_S, 10, 6, 1);
    live_until(&kit, FIRST_S + 3 * DAY_S / 2);
    restart(&kit, "10s:30d average 0");
    live_until(&kit, FIRST_S + 29 * DAY_S);
    EXPECT_TEXT(answer(&kit, 0, FIRST_S, FIRST_S + 60, 0), "10: 1 2 3 4 5 6");
    live_until(&kit, FIRST_S + 33 * DAY_S);
    EXPECT_I64(n_files_of(&kit, 0, 0), 0);
    store_kit_done(&kit);
}

TEST(shorter_retention_frees_space)
{
    struct store_kit kit;

    start(&kit, "10s:30d average 0", FIRST_S + 100);
    live_until(&kit, FIRST_S + 10 * DAY_S);
    EXPECT(n_files_of(&kit, 0, 0) >= 10);
    restart(&kit, "10s:2d average 0");
    for (int i = 0; i < 12; i++)
        EXPECT_OK(keeper_pass(kit.store, &kit_err));
    EXPECT(n_files_of(&kit, 0, 0) >= 2 && n_files_of(&kit, 0, 0) <= 6);
    live_until(&kit, FIRST_S + 14 * DAY_S);
    EXPECT_I64(n_files_of(&kit, 0, 0), 0);
    store_kit_done(&kit);
}

/* Series 0 to 4 move, the others stay. */
TEST(the_longer_need_of_moved_and_unmoved_series_counts)
{
    static const struct {
        const char *row, *moved;
        int64_t gone_days;
    } rows[] = {
        {"the moved ones'", "10s:9d", 10},
        {"the unmoved ones'", "10s:1d", 4},
        {"the same", "10s:3d,60s:9d", 4},
    };
    EACH_ROW (rows, r) {
        struct store_kit kit;
        start(&kit, "10s:3d average 0", FIRST_S + 100);
        for (size_t i = 0; i < STORE_KIT_SERIES; i++)
            put(&kit, i, FIRST_S + 100, (double)i);
        store_kit_commit(&kit);
        store_kit_close(&kit);
        rules_set(&kit,
                  arena_printf(&kit_arena,
                               "[host]\npattern = host0[0-4]\nretentions = %s\n"
                               "[all]\npattern = .*\nretentions = 10s:3d\n",
                               r->moved),
                  "[all]\npattern = .*\nxFilesFactor = 0\naggregationMethod = average\n");
        EXPECT(store_kit_open(&kit));
        EXPECT_I64(n_moved(&kit), 5);
        while (store_kit_now_s() < FIRST_S + r->gone_days * DAY_S - DAY_S) {
            kit_now_us += DAY_S / 2 * 1000000ll;
            put(&kit, 1, store_kit_now_s(), 1);
            store_kit_commit(&kit);
            EXPECT_OK(keeper_pass(kit.store, &kit_err));
        }
        EXPECT_I64(n_files_of(&kit, 0, 0), 1);
        kit_now_us += DAY_S * 3 / 2 * 1000000ll;
        put(&kit, 1, store_kit_now_s(), 1);
        store_kit_commit(&kit);
        EXPECT_OK(keeper_pass(kit.store, &kit_err));
        EXPECT_OK(keeper_pass(kit.store, &kit_err));
        EXPECT_I64(n_files_of(&kit, 0, 0), 0);
        store_kit_done(&kit);
    }
}

/* A burst each hour, and the keeper. */
static void live_hours(struct store_kit *kit, size_t n, int64_t step_s)
{
    for (size_t i = 0; i < n && kit_failures() == 0; i++) {
        kit_now_us += 3600 * 1000000ll;
        for (int64_t k = 0; k < 40; k++)
            put(kit, 0, store_kit_now_s() - k * step_s, (double)kit_random_below(100));
        put(kit, 1, store_kit_now_s(), 1);
        store_kit_commit(kit);
        EXPECT_OK(keeper_pass(kit->store, &kit_err));
        if (i % 71 == 70)
            store_kit_crash(kit);
    }
}

struct answers {
    const struct series *of[SCHEMA_ARCHIVES_MAX];
};

static struct answers answers_take(struct store_kit *kit, const struct schema *schema)
{
    struct answers answers = {{NULL}};
    for (size_t level = 0; level < schema->n_archives; level++)
        answers.of[level] = store_kit_read(kit, 0, FIRST_S, store_kit_now_s() - 7200,
                                           shared_retention_s(schema, level));
    return answers;
}

/* What was seen and is not yet out of its archive is seen still. *out_n_known counts values. */
static void answers_hold(struct store_kit *kit, const struct schema *schema,
                         const struct answers *before, size_t *out_n_known)
{
    for (size_t level = 0; level < schema->n_archives; level++) {
        const struct series *was = before->of[level];
        const int64_t oldest_s = store_kit_now_s() - shared_retention_s(schema, level) + 1;
        for (size_t i = 0; was && i < was->n_points && kit_failures() < 3; i++) {
            const int64_t at_s = was->start_s + (int64_t)i * was->step_s;
            if (at_s < oldest_s || is_gap(was->values[i]))
                continue;
            const struct series *is =
                store_kit_read(kit, 0, at_s, at_s + 1, shared_retention_s(schema, level));
            EXPECT(is && is->step_s == was->step_s && is->start_s == at_s);
            EXPECT_F64(is ? is->values[0] : 0, was->values[i], fabs(was->values[i]) * 1e-12);
            (*out_n_known)++;
        }
    }
}

TEST(answers_stay_as_old_data_age)
{
    static const struct {
        const char *row, *before, *after;
        int64_t step_s;
    } rows[] = {
        {"all longer", "10s:2d,60s:8d average 0", "10s:4d,60s:16d average 0", 10},
        {"all shorter", "10s:4d,60s:16d average 0", "10s:2d,60s:8d average 0", 10},
        {"other coarse step", "10s:2d,60s:8d average 0", "10s:1d,300s:9d sum 0", 10},
        {"coarser only", "10s:6d average 0", "60s:12d max 0", 10},
        {"a coarse archive more", "10s:6d average 0", "10s:2d,60s:12d sum 0", 10},
        {"finer", "60s:6d average 0", "10s:2d,60s:5d,600s:14d average 0", 60},
        {"finer, factor", "60s:6d average 0", "10s:2d,60s:5d,600s:14d average 0.1", 60},
        {"not dividing", "10s:2d,60s:6d average 0", "15s:3d,90s:12d average 0", 10},
        {"three", "10s:1d,60s:3d,600s:14d average 0", "10s:2d,30s:4d,900s:14d max 0", 10},
    };
    EACH_ROW (rows, r) {
        struct store_kit kit;
        size_t n_known = 0;
        start(&kit, r->before, FIRST_S + 3600);
        kit.tuning.files_merge = 4;
        live_hours(&kit, 60, r->step_s);
        restart(&kit, r->after);
        const struct schema schema = schemas_find(kit.schemas, str_of("x"), NULL);
        const struct answers before = answers_take(&kit, &schema);
        for (int days = 0; days < 18 && kit_failures() == 0; days++) {
            live_hours(&kit, 24, schema.archives[0].step_s);
            answers_hold(&kit, &schema, &before, &n_known);
        }
        EXPECT(n_known > 200);
        for (size_t level = 0; level < 3; level++)
            EXPECT_I64(n_files_of(&kit, 0, level), 0);
        store_kit_done(&kit);
    }
}

static int64_t floor_of(struct store_kit *kit, uint16_t class_no, size_t level)
{
    struct files_version *version = files_ref(kit->store->files);
    const int64_t floor_s = shared_floor_s(version, head_class(kit->store->head, class_no), level);
    files_unref(kit->store->files, version);
    return floor_s;
}

static void time_leap(struct store_kit *kit, int64_t now_s)
{
    kit_now_us = now_s * 1000000;
    put(kit, 1, now_s, 1);
    store_kit_commit(kit);
    for (int i = 0; i < 4; i++)
        EXPECT_OK(keeper_pass(kit->store, &kit_err));
}

/* The new fine archive has no partition of the time when the old class's files go, or has not yet lost it: its
 * floor goes up with them, or it would hide what is kept of them coarsely. Not before. */
TEST(a_fine_archive_does_not_hide_what_is_kept_of_the_old_class)
{
    enum { OLD_PARTITION_S = 60 * FILES_PARTITION_SLOTS };
    static const struct {
        const char *row, *want;
        int64_t n_own; /* points of the new fine archive, which it hands over */
    } rows[] = {
        {"silent", "300: 3 8 11.5", 0},
        {"with points of its own", "300: 3 8 6.5", 10},
    };
    const int64_t edge_s = (FIRST_S / OLD_PARTITION_S + 1) * OLD_PARTITION_S;
    const int64_t until_s = FIRST_S + 900;

    EACH_ROW (rows, r) {
        struct store_kit kit;
        start(&kit, "60s:2d average 0", FIRST_S + 700);
        put_run(&kit, FIRST_S, 60, 12, 1);
        kit_now_us += 120 * 1000000;
        restart(&kit, "10s:1d,300s:30d average 0");
        put_run(&kit, FIRST_S + 720, 10, (size_t)r->n_own, 1); /* in one slot with old ones */
        EXPECT_TEXT(answer(&kit, 0, FIRST_S, until_s, 9 * DAY_S), r->want);
        const int64_t floor_s = floor_of(&kit, 1, 0);
        EXPECT(floor_s <= FIRST_S);
        if (r->n_own == 0) {
            time_leap(&kit, edge_s + DAY_S + 200); /* they are wanted for 300 seconds more */
            EXPECT_I64(n_files_of(&kit, 0, 0), 1);
            EXPECT_I64(floor_of(&kit, 1, 0), floor_s);
            EXPECT_TEXT(answer(&kit, 0, FIRST_S, until_s, 9 * DAY_S), r->want);
        }
        time_leap(&kit, edge_s + DAY_S + 400);
        EXPECT_I64(n_files_of(&kit, 0, 0), 0);
        EXPECT_I64(floor_of(&kit, 1, 0), edge_s);
        EXPECT_TEXT(answer(&kit, 0, FIRST_S, until_s, 9 * DAY_S), r->want);
        store_kit_crash(&kit);
        EXPECT_TEXT(answer(&kit, 0, FIRST_S, until_s, 9 * DAY_S), r->want);
        store_kit_done(&kit);
    }
}

/* ---- accidents ---- */

static const char *all_answers(struct store_kit *kit)
{
    return arena_printf(&kit_arena, "%s %s", answer(kit, 0, FIRST_S, FIRST_S + 120, 0),
                        answer(kit, 1, FIRST_S, FIRST_S + 120, 0));
}

/* Any file call of the start with new rules fails; then the start is repeated, or the folder goes on. */
TEST(a_move_that_fails_is_made_later)
{
    for (uint64_t n = 1; kit_fault(n) && kit_failures() == 0; n++) {
        struct store_kit kit;
        kit_fault_off();
        start(&kit, "10s:1d average 0", FIRST_S + 100);
        put_run(&kit, FIRST_S, 10, 12, 1);
        put(&kit, 1, FIRST_S + 10, 7);
        store_kit_commit(&kit);
        store_kit_close(&kit);
        rule_set(&kit, "60s:1d sum 0");
        (void)file_faults(n, n % 2 ? ENOSPC : EIO);
        const bool is_open = store_kit_open(&kit);
        kit_fault_off();
        if (is_open)
            store_kit_crash(&kit);
        else
            EXPECT(store_kit_open(&kit));
        EXPECT_TEXT(all_answers(&kit), "60: 21 57 60: 7 -");
        store_kit_crash(&kit);
        EXPECT_I64(n_moved(&kit), 0);
        EXPECT_TEXT(all_answers(&kit), "60: 21 57 60: 7 -");
        store_kit_done(&kit);
    }
}

RUN_TESTS(test_of(old_points_show_by_the_new_rule), test_of(new_points_win_over_old_ones),
          test_of(rules_may_change_again_and_again), test_of(only_series_of_changed_rules_move),
          test_of(unchanged_rules_are_not_looked_up),
          test_of(two_starts_without_a_point_in_between),
          test_of(head_late_and_early_points_come_along), test_of(points_go_on_in_the_new_class),
          test_of(longer_retention_keeps_what_is_there), test_of(shorter_retention_frees_space),
          test_of(the_longer_need_of_moved_and_unmoved_series_counts),
          test_of(answers_stay_as_old_data_age),
          test_of(a_fine_archive_does_not_hide_what_is_kept_of_the_old_class),
          test_of(a_move_that_fails_is_made_later))
