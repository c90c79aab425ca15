#include "chart/layout_marks.h"

#include "base/buf.h"
#include "chart/sample_kit.h"

static struct draw_list *layout(const struct chart_input *input)
{
    struct draw_list *list = NULL;
    EXPECT_OK(layout_make(input, &sample_measure, &kit_arena, &list, &kit_err));
    return list;
}

static void expect_golden(const char *name, const struct chart_input *input)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10 << 20);
    struct draw_list *list = layout(input);
    if (list)
        draw_list_format(list, &out);
    EXPECT_GOLDEN(arena_printf(&kit_arena, "chart/%s.txt", name), buf_text(&out), out.n);
}

/* An hour of logins with those changes, at so many seconds of it. */
static struct chart_input logins(const char *params, const struct chart_change *changes, size_t n)
{
    struct chart_input input = sample_input(params, 3600);
    struct chart_change *moved = arena_array(&kit_arena, n + 1, struct chart_change);
    for (size_t i = 0; i < n; i++) {
        moved[i] = changes[i];
        moved[i].start_ms = SAMPLE_T * 1000LL + changes[i].start_ms * 1000;
        if (moved[i].end_ms)
            moved[i].end_ms = SAMPLE_T * 1000LL + changes[i].end_ms * 1000;
        if (moved[i].undoes_ms > CHART_UNDOES_UNSEEN)
            moved[i].undoes_ms = SAMPLE_T * 1000LL + changes[i].undoes_ms * 1000;
    }
    sample_add(&input, sample_wave("logins", 60, 61, 100, 900, 50));
    input.changes = moved;
    input.n_changes = n;
    return input;
}

TEST(each_verdict_has_a_shape)
{
    static const struct chart_change changes[] = {
        {.start_ms = 300, .label = "a is pending"},
        {.start_ms = 800, .label = "b", .verdict = VERDICT_NO_HARM},
        {.start_ms = 1300, .label = "c", .verdict = VERDICT_IMPROVED},
        {.start_ms = 1800, .label = "d", .verdict = VERDICT_CANNOT_TELL},
        {.start_ms = 2300, .label = "e", .verdict = VERDICT_MOVED},
        {.start_ms = 2800, .label = "f", .verdict = VERDICT_HARM},
    };
    struct chart_input input = logins("width=600&height=300", changes, COUNT_OF(changes));
    expect_golden("marks-verdicts", &input);
}

/* Failed, with its time; a rollback of it; one of something before the picture; one of nobody knows what. */
TEST(a_rollback_points_to_what_it_undoes)
{
    static const struct chart_change changes[] = {
        {.start_ms = 400,
         .label = "website back",
         .is_rollback = true,
         .undoes_ms = CHART_UNDOES_UNSEEN},
        {.start_ms = 1200, .end_ms = 1500, .label = "website 4f2c1e9", .is_failed = true},
        {.start_ms = 1900, .label = "search b7", .verdict = VERDICT_HARM},
        {.start_ms = 2300, .label = "search b6", .is_rollback = true, .undoes_ms = 1900},
        {.start_ms = 2700, .label = "website b81d002", .is_rollback = true, .undoes_ms = 1200},
        {.start_ms = 3200, .label = "shop", .is_rollback = true},
    };
    struct chart_input input = logins("width=600&height=300", changes, COUNT_OF(changes));
    expect_golden("marks-rollbacks", &input);
}

/* Fourteen within six minutes, of which one did harm, and one alone. */
static struct chart_input crowd(const char *params)
{
    struct chart_change changes[15] = {0};
    for (size_t i = 0; i < 14; i++) {
        changes[i].start_ms = 1200 + (int64_t)i * 9;
        changes[i].label = "website";
        changes[i].verdict = i == 8 ? VERDICT_HARM : VERDICT_NO_HARM;
    }
    changes[14] =
        (struct chart_change){.start_ms = 3000, .label = "search b7", .verdict = VERDICT_IMPROVED};
    return logins(params, changes, COUNT_OF(changes));
}

TEST(a_crowd_shows_the_worst_of_it)
{
    struct chart_input input = crowd("width=600&height=300");
    expect_golden("marks-crowd", &input);
}

TEST(a_crowd_in_a_small_picture)
{
    struct chart_input input = crowd("");
    expect_golden("marks-crowd-330", &input);
}

/* Texts below the plot but the axes' labels, with '|' between. */
static const char *key_of(const struct draw_list *list)
{
    const char *all = "";
    for (size_t i = 0; list && i < list->n_ops; i++) {
        const struct draw_op *op = &list->ops[i];
        if (op->kind == DRAW_TEXT && op->text.y > list->height - 45.0 &&
            op->text.anchor == ANCHOR_START)
            all = arena_printf(&kit_arena, "%s%s%s", all, all[0] ? "|" : "", op->text.text);
    }
    return all;
}

TEST(the_key_explains_what_occurs_and_no_more)
{
    static const struct {
        const char *row, *params, *note;
        struct chart_change changes[2];
        const char *key;
    } rows[] = {
        {"a change", "", NULL, {{.start_ms = 900}}, "change|logins"},
        {"with its time",
         "",
         NULL,
         {{.start_ms = 900, .end_ms = 1200}},
         "change, start to end|logins"},
        {"too short to be seen", "", NULL, {{.start_ms = 900, .end_ms = 901}}, "change|logins"},
        {"harm", "", NULL, {{.start_ms = 900, .verdict = VERDICT_HARM}}, "harm|change|logins"},
        {"failed and rolled back",
         "",
         NULL,
         {{.start_ms = 900, .is_failed = true}, {.start_ms = 1900, .is_rollback = true}},
         "failed|rollback|logins"},
        {"of two at one place the worse",
         "",
         NULL,
         {{.start_ms = 900, .verdict = VERDICT_CANNOT_TELL},
          {.start_ms = 900, .verdict = VERDICT_NO_HARM}},
         "cannot tell|change|logins"},
        {"nobody wants it",
         "hideLegend=true",
         NULL,
         {{.start_ms = 900, .verdict = VERDICT_HARM}},
         ""},
        {"the graph alone", "graphOnly=true", NULL, {{.start_ms = 900}}, ""},
        {"a note",
         "",
         "no change of these",
         {{.start_ms = 900}},
         "no change of these|change|logins"},
    };
    EACH_ROW (rows, r) {
        size_t n = r->changes[1].start_ms ? 2 : 1;
        const char *params = arena_printf(&kit_arena, "width=600&height=300&hideXAxis=1%s%s",
                                          r->params[0] ? "&" : "", r->params);
        struct chart_input input = logins(params, r->changes, n);
        input.changes_note = r->note;
        EXPECT_TEXT(key_of(layout(&input)), r->key);
    }
}

TEST(without_changes_a_note_says_why)
{
    struct chart_input input = logins("width=600&height=300&hideXAxis=1", NULL, 0);
    input.changes_note = "no change of these metrics' services";
    EXPECT_TEXT(key_of(layout(&input)), "no change of these metrics' services|logins");
}

/* Signs of harm: triangles that point down. */
static size_t count_harm_signs(const struct draw_list *list)
{
    size_t n = 0;
    for (size_t i = 0; list && i < list->n_ops; i++) {
        const struct draw_op *op = &list->ops[i];
        if (op->kind != DRAW_FILL || op->path.n_points != 3 || op->colour.r != 0xb3)
            continue;
        const struct draw_point *p = op->path.points;
        n += p[0].y == p[1].y && p[2].y > p[0].y;
        EXPECT(p[0].x >= -2.0 && p[1].x <= list->width + 2.0);
        EXPECT(p[0].y >= 0.0 && p[2].y <= list->height);
    }
    return n;
}

/* However many there are around it, and in however small a picture. */
TEST(harm_is_never_hidden)
{
    static const char *const sizes[] = {"width=1200&height=600", "width=330&height=250",
                                        "width=586&height=308", "width=200&height=100",
                                        "width=300&height=80&graphOnly=1"};
    for (int round = 0; round < 300; round++) {
        struct chart_change changes[300] = {0};
        size_t n = 1 + kit_random_below(round % 3 ? 30 : 300), harm = kit_random_below(n);
        const char *params =
            arena_printf(&kit_arena, "hideLegend=1&%s", sizes[(size_t)round % COUNT_OF(sizes)]);
        for (size_t i = 0; i < n; i++) {
            changes[i].start_ms = (int64_t)kit_random_below(3601);
            changes[i].label = kit_random_below(2) ? "website 4f2c1e9" : "";
            changes[i].is_failed = kit_random_below(5) == 0;
            changes[i].is_rollback = kit_random_below(5) == 0;
            changes[i].undoes_ms = changes[i].is_rollback ? 1 + (int64_t)kit_random_below(3000) : 0;
            changes[i].verdict =
                i == harm ? VERDICT_HARM : (enum verdict_state)kit_random_below(VERDICT_HARM);
        }
        struct chart_input input = logins(params, changes, n);
        EXPECT_I64(count_harm_signs(layout(&input)), 1);
        if (kit_failures())
            return;
    }
}

RUN_TESTS(test_of(each_verdict_has_a_shape), test_of(a_rollback_points_to_what_it_undoes),
          test_of(a_crowd_shows_the_worst_of_it), test_of(a_crowd_in_a_small_picture),
          test_of(the_key_explains_what_occurs_and_no_more),
          test_of(without_changes_a_note_says_why), test_of(harm_is_never_hidden))
