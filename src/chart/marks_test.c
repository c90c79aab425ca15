#include "chart/marks.h"

#include "chart/sample_kit.h"

static struct marks collect(const struct chart_input *input)
{
    struct options options;
    struct lines lines;
    struct marks marks = {0};
    EXPECT_OK(options_parse(input->params, input->n_params, &kit_arena, &options, &kit_err));
    struct look look = look_make(&options, NULL);
    EXPECT_OK(lines_make(input->series, &options, &look, &kit_arena, &lines, &kit_err));
    marks_collect(input, &lines, &kit_arena, &marks);
    return marks;
}

static struct series *infinite(size_t n)
{
    struct series *s = sample_series("deploys", 60, n);
    s->style.as_infinite = true;
    return s;
}

TEST(every_value_above_zero_is_one)
{
    struct chart_input input = sample_input("", 600);
    struct series *s = infinite(10);
    s->values[1] = 1;
    s->values[2] = 0;
    s->values[3] = -1;
    s->values[4] = 0.25;
    s->values[9] = INFINITY;
    sample_add(&input, s);
    struct marks marks = collect(&input);
    EXPECT_I64(marks.n, 3);
    EXPECT_I64(marks.items[0].at_ms, (SAMPLE_T + 60) * 1000LL);
    EXPECT_I64(marks.items[1].at_ms, (SAMPLE_T + 240) * 1000LL);
    EXPECT_I64(marks.items[2].at_ms, (SAMPLE_T + 540) * 1000LL);
}

TEST(a_known_moment_is_exact)
{
    const int64_t t_ms = SAMPLE_T * 1000LL;
    struct series_mark known[] = {
        {t_ms + 61250, 1, "4f2c1e9", false},
        {t_ms + 119999, 1, "b81d002", true},
        {t_ms + 200000, -1, "back", false},
        {t_ms + 300001, 1, "not in a slot with a value", false},
    };
    struct chart_input input = sample_input("", 600);
    struct series *s = infinite(10);
    s->values[1] = 1;
    s->values[3] = -1;
    s->values[6] = 1;
    s->marks = known;
    s->n_marks = COUNT_OF(known);
    sample_add(&input, s);
    struct marks marks = collect(&input);
    EXPECT_I64(marks.n, 4);
    EXPECT_I64(marks.items[0].at_ms, t_ms + 61250);
    EXPECT_TEXT(marks.items[0].label, "4f2c1e9");
    EXPECT(marks.items[1].is_failed && !marks.items[0].is_failed);
    EXPECT_I64(marks.items[1].at_ms, t_ms + 119999);
    EXPECT(marks.items[2].is_rollback);
    EXPECT_I64(marks.items[3].at_ms, t_ms + 360000); /* no moment known: the slot's beginning */
}

TEST(spans_that_reach_into_the_view_are_kept)
{
    const int64_t t_ms = SAMPLE_T * 1000LL;
    struct chart_change changes[] = {
        {t_ms - 9000, t_ms - 5000, "over", false, false, VERDICT_PENDING, 0},
        {t_ms - 9000, t_ms + 5000, "reaches in", false, false, VERDICT_PENDING, 0},
        {t_ms - 1, 0, "a moment before", false, false, VERDICT_PENDING, 0},
        {t_ms, 0, "first", false, false, VERDICT_PENDING, 0},
        {t_ms + 600000, 0, "last", false, false, VERDICT_PENDING, 0},
        {t_ms + 600001, 0, "after", false, false, VERDICT_PENDING, 0},
    };
    struct chart_input input = sample_input("", 600);
    input.changes = changes;
    input.n_changes = COUNT_OF(changes);
    struct marks marks = collect(&input);
    EXPECT_I64(marks.n, 3);
    EXPECT_TEXT(marks.items[0].label, "reaches in");
    EXPECT_TEXT(marks.items[1].label, "first");
    EXPECT_TEXT(marks.items[2].label, "last");
}

TEST(what_a_target_and_the_ledger_both_have_is_one)
{
    const int64_t t_ms = SAMPLE_T * 1000LL;
    struct series_mark known[] = {
        {t_ms + 61250, 1, "", false},
        {t_ms + 61250, 1, "", false},
        {t_ms + 120000, 1, "", false},
    };
    struct chart_change changes[] = {
        {.start_ms = t_ms + 61250, .label = "a", .verdict = VERDICT_HARM},
        {.start_ms = t_ms + 61250, .label = "b"},
        {.start_ms = t_ms + 61250, .label = "c"},
        {.start_ms = t_ms + 120000, .label = "another one, as it failed", .is_failed = true},
        {.start_ms = t_ms + 180000, .label = "a slot that only begins then"},
    };
    struct chart_input input = sample_input("", 600);
    struct series *s = infinite(10);
    s->values[1] = s->values[2] = s->values[3] = 1;
    s->marks = known;
    s->n_marks = COUNT_OF(known);
    sample_add(&input, s);
    input.changes = changes;
    input.n_changes = COUNT_OF(changes);
    struct marks marks = collect(&input);
    EXPECT_I64(marks.n, 7);
    size_t n_of_lines = 0;
    for (size_t i = 0; i < 3; i++)
        n_of_lines += marks.items[i].line != NULL && marks.items[i].label[0] != '\0';
    EXPECT_I64(n_of_lines, 2);
    EXPECT(marks.items[1].verdict == VERDICT_HARM && marks.items[1].line);
    EXPECT(!marks.items[2].line && marks.items[3].line && !marks.items[4].line);
}

TEST(arrows_that_overlap_have_lanes_of_their_own)
{
    static const struct {
        const char *row;
        int64_t
            undoes_s[4]; /* of rollbacks at 100, 200, 300, 400 s; -1: before the view; 0: none */
        unsigned lanes[4], n_lanes;
    } rows[] = {
        {"one after the other", {50, 150, 250, 350}, {1, 1, 1, 1}, 1},
        {"the longer above", {50, 40, 30, 350}, {1, 2, 3, 1}, 3},
        {"from before the view", {0, -1, 250, 0}, {0, 1, 1, 0}, 1},
        {"more than there is room for", {10, 10, 10, 10}, {1, 2, 3, 1}, 3},
        {"what comes later cannot be undone", {100, 500, 0, 0}, {0, 0, 0, 0}, 0},
    };
    const int64_t t_ms = SAMPLE_T * 1000LL;
    EACH_ROW (rows, r) {
        struct chart_change changes[4] = {0};
        struct chart_input input = sample_input("", 600);
        for (size_t i = 0; i < 4; i++) {
            changes[i].start_ms = t_ms + 100000 * (int64_t)(i + 1);
            changes[i].is_rollback = true;
            changes[i].undoes_ms = r->undoes_s[i] > 0   ? t_ms + r->undoes_s[i] * 1000
                                   : r->undoes_s[i] < 0 ? CHART_UNDOES_UNSEEN
                                                        : 0;
        }
        input.changes = changes;
        input.n_changes = 4;
        struct marks marks = collect(&input);
        EXPECT_I64(marks.n_lanes, r->n_lanes);
        for (size_t i = 0; i < 4; i++)
            EXPECT_I64(marks.items[i].lane, r->lanes[i]);
    }
}

TEST(all_are_sorted_by_time_and_none_is_lost)
{
    for (int round = 0; round < 200; round++) {
        struct chart_input input = sample_input("", 6000);
        size_t n_wanted = 0;
        for (int k = 0; k < 4; k++) {
            struct series *s = infinite(100);
            for (size_t i = 0; i < s->n_points; i++) {
                s->values[i] = kit_random_below(3) ? NAN : 1.0;
                n_wanted += s->values[i] > 0.0;
            }
            sample_add(&input, s);
        }
        struct marks marks = collect(&input);
        EXPECT_I64(marks.n, n_wanted);
        for (size_t i = 1; i < marks.n; i++) {
            const struct mark *a = &marks.items[i - 1], *b = &marks.items[i];
            EXPECT(a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->line < b->line));
        }
        if (kit_failures())
            return;
    }
}

RUN_TESTS(test_of(every_value_above_zero_is_one), test_of(a_known_moment_is_exact),
          test_of(spans_that_reach_into_the_view_are_kept),
          test_of(what_a_target_and_the_ledger_both_have_is_one),
          test_of(arrows_that_overlap_have_lanes_of_their_own),
          test_of(all_are_sorted_by_time_and_none_is_lost))
