#include "chart/layout.h"

#include "base/buf.h"
#include "chart/sample_kit.h"

static struct draw_list *layout(const struct chart_input *input)
{
    struct draw_list *list = NULL;
    EXPECT_OK(layout_make(input, &sample_measure, &kit_arena, &list, &kit_err));
    return list;
}

static const char *text_of(const struct chart_input *input, size_t *out_n)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10 << 20);
    struct draw_list *list = layout(input);
    if (list)
        draw_list_format(list, &out);
    *out_n = out.n;
    return arena_strdup(&kit_arena, buf_text(&out));
}

static void expect_golden(const char *name, const struct chart_input *input)
{
    size_t n;
    const char *text = text_of(input, &n);
    EXPECT_GOLDEN(arena_printf(&kit_arena, "chart/%s.txt", name), text, n);
}

static struct series *deploys(size_t n, const size_t *at, size_t n_at)
{
    struct series *s = sample_series("drawAsInfinite(events.deploy.website)", 60, n);
    s->style.as_infinite = true;
    s->style.color = "red";
    for (size_t i = 0; i < n_at; i++)
        s->values[at[i]] = 1.0;
    return s;
}

/* PHP warnings: quiet, with two jumps that decay, and three deploys of which two did it. */
static struct chart_input warnings(const char *params)
{
    static const size_t at[] = {30, 75, 90};
    struct chart_input input = sample_input(params, 7200);
    struct series *s = sample_series("php.warnings", 60, 120);
    for (size_t i = 0; i < 120; i++) {
        s->values[i] = 10.0 + (double)(i * 7 % 5);
        if (i >= 30)
            s->values[i] += (double)(int64_t)(200.0 * exp(-(double)(i - 30) / 6.0));
        if (i >= 90)
            s->values[i] += (double)(int64_t)(380.0 * exp(-(double)(i - 90) / 6.0));
    }
    sample_add(&input, s);
    sample_add(&input, deploys(120, at, COUNT_OF(at)));
    return input;
}

TEST(a_line_and_deploys_at_the_default_size)
{
    struct chart_input input = warnings("");
    expect_golden("warnings-330", &input);
}

TEST(a_line_and_deploys_large)
{
    struct chart_input input =
        warnings("width=1200&height=600&title=PHP warnings and deploys&vtitle=warnings/min");
    expect_golden("warnings-1200", &input);
}

TEST(graphites_look)
{
    struct chart_input input =
        warnings("template=graphite&title=PHP warnings&width=600&height=300");
    expect_golden("warnings-graphite", &input);
}

TEST(areas_are_stacked)
{
    struct chart_input input = sample_input("areaMode=stacked&title=CPU", 600);
    sample_add(&input, sample_wave("idle", 60, 10, 10, 20, 10));
    sample_add(&input, sample_wave("system", 60, 10, 5, 30, 5));
    struct series *user = sample_wave("user", 60, 10, 1, 10, 20);
    user->values[4] = NAN;
    sample_add(&input, user);
    expect_golden("stacked", &input);
}

TEST(two_axes_share_their_lines)
{
    struct chart_input input = sample_input("vtitle=load&vtitleRight=logins", 600);
    sample_add(&input, sample_wave("load", 60, 10, 0, 4, 10));
    struct series *logins = sample_wave("logins", 60, 10, 50, 1900, 7);
    logins->style.on_second_axis = true;
    sample_add(&input, logins);
    expect_golden("two-axes", &input);
}

TEST(a_band_between_two_bounds)
{
    struct chart_input input = sample_input("", 600);
    struct series *low = sample_wave("bounds", 60, 10, 10, 20, 10);
    struct series *high = sample_wave("bounds", 60, 10, 30, 50, 10);
    low->style.stack = high->style.stack = "areaBetween";
    low->style.is_invisible = true;
    sample_add(&input, low);
    sample_add(&input, high);
    expect_golden("band", &input);
}

TEST(lines_break_at_gaps_and_lonely_values_are_dots)
{
    struct chart_input input = sample_input("hideLegend=true", 600);
    struct series *s = sample_wave("gaps", 60, 10, 0, 10, 10);
    s->values[3] = s->values[5] = s->values[8] = NAN;
    sample_add(&input, s);
    expect_golden("gaps", &input);
}

TEST(staircases)
{
    struct chart_input input = sample_input("lineMode=staircase&hideLegend=true", 600);
    struct series *s = sample_wave("steps", 60, 10, 0, 10, 10);
    s->values[3] = NAN;
    sample_add(&input, s);
    expect_golden("staircase", &input);
}

/* Two whole swings of a line over the span, and a higher one. */
static void add_two(struct chart_input *input, int64_t span_s)
{
    sample_add(input, sample_wave("web.a.requests", span_s / 8, 9, 0, 400, 4));
    sample_add(input, sample_wave("web.b.requests", span_s / 8, 9, 300, 500, 4));
}

/* Each element that no other golden file shows. */
TEST(each_element_is_drawn)
{
    enum { HOUR = 3600, DAY = 24 * HOUR };
    static const struct {
        const char *row, *params;
        int64_t span_s;
    } rows[] = {
        {"title-wrapped", "title=A title that is longer than a small picture is wide, by far",
         HOUR},
        {"titles-beside-graphite", "template=graphite&title=T&vtitle=left&vtitleRight=right", HOUR},
        {"area-first", "areaMode=first", HOUR},
        {"area-all", "areaMode=all", HOUR},
        {"area-alpha", "areaMode=all&areaAlpha=0.5", HOUR},
        {"area-graphite", "areaMode=stacked&template=graphite", HOUR},
        {"axis-right", "yAxisSide=right", HOUR},
        {"axis-log", "logBase=10&hideLegend=true", HOUR},
        {"axis-asked", "yMin=100&yMax=450&yStep=50&hideLegend=true", HOUR},
        {"grid-hidden", "hideGrid=true", HOUR},
        {"dark", "template=dark", HOUR},
        {"print-dashes", "template=print", HOUR},
        {"time-minutes", "hideLegend=true&width=586&height=308", 600},
        {"time-hour", "hideLegend=true&width=586&height=308", HOUR},
        {"time-day", "hideLegend=true&width=586&height=308", DAY},
        {"time-week", "hideLegend=true&width=586&height=308", 7 * DAY},
        {"time-year", "hideLegend=true&width=586&height=308", 365 * DAY},
        {"time-year-graphite", "template=graphite&hideLegend=true&width=586", 365 * DAY},
        {"tiny-strip", "width=300&height=60", HOUR},
        {"tiny-spark", "width=80&height=24", HOUR},
        {"tiny-pixel", "width=1&height=1", HOUR},
        {"bare", "graphOnly=true", HOUR},
    };
    EACH_ROW (rows, r) {
        struct chart_input input = sample_input(r->params, r->span_s);
        add_two(&input, r->span_s);
        expect_golden(r->row, &input);
    }
}

TEST(lines_styled_by_functions)
{
    struct chart_input input = sample_input("", 600);
    struct series *dashed = sample_wave("dashed", 60, 10, 0, 10, 10);
    struct series *wide = sample_wave("wide", 60, 10, 10, 20, 10);
    struct series *faint = sample_wave("faint", 60, 10, 20, 30, 10);
    dashed->style.dash = 5.0;
    wide->style.line_width = 4.0;
    wide->style.color = "purple";
    faint->style.has_alpha = true;
    faint->style.alpha = 0.3;
    sample_add(&input, dashed);
    sample_add(&input, wide);
    sample_add(&input, faint);
    expect_golden("styles", &input);
}

TEST(a_legend_in_columns_says_what_is_left_out)
{
    struct chart_input input = sample_input("hideLegend=false", 600);
    for (size_t k = 0; k < 30; k++)
        sample_add(&input, sample_wave(arena_printf(&kit_arena, "host%02zu.requests", k), 60, 2, 0,
                                       10, 10));
    expect_golden("legend-columns", &input);
}

TEST(gaps_are_bridged_or_zero_when_asked)
{
    static const struct {
        const char *row, *params;
    } rows[] = {
        {"gaps-connected", "hideLegend=true&lineMode=connected&connectedLimit=1"},
        {"gaps-zero", "hideLegend=true&drawNullAsZero=true"},
    };
    EACH_ROW (rows, r) {
        struct chart_input input = sample_input(r->params, 600);
        struct series *s = sample_wave("gaps", 60, 10, 0, 10, 10);
        s->values[3] = s->values[6] = s->values[7] = NAN;
        sample_add(&input, s);
        expect_golden(r->row, &input);
    }
}

TEST(changes_of_the_ledger)
{
    const int64_t t_ms = SAMPLE_T * 1000LL;
    struct chart_change changes[] = {
        {t_ms - 60000, t_ms + 30000, "began before", false, false, VERDICT_PENDING, 0},
        {t_ms + 120000, t_ms + 150000, "website 4f2c1e9", false, false, VERDICT_PENDING, 0},
        {t_ms + 300000, t_ms + 310000, "search b7", true, false, VERDICT_PENDING, 0},
        {t_ms + 420500, t_ms + 420500, "search back to b6", false, true, VERDICT_PENDING, 0},
    };
    struct chart_input input = sample_input("width=600&height=300&title=Logins", 600);
    sample_add(&input, sample_wave("logins", 60, 11, 100, 900, 10));
    input.changes = changes;
    input.n_changes = COUNT_OF(changes);
    expect_golden("changes", &input);
}

TEST(no_series_is_no_data)
{
    struct chart_input input = sample_input("title=Nothing here", 600);
    expect_golden("no-data", &input);
}

TEST(only_gaps_is_no_data_between_axes)
{
    struct chart_input input = sample_input("", 600);
    sample_add(&input, sample_series("gaps", 60, 10));
    expect_golden("only-gaps", &input);
}

/* What is looked for in a list. */
static size_t count_texts(const struct draw_list *list, const char *text)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n_ops; i++)
        n += list->ops[i].kind == DRAW_TEXT && strstr(list->ops[i].text.text, text) != NULL;
    return n;
}

TEST(parameters_take_parts_away)
{
    static const struct {
        const char *row, *params;
        size_t n_title, n_legend, n_zone, n_y;
    } rows[] = {
        {"all there", "title=The title", 1, 1, 1, 1},
        {"no legend", "title=The title&hideLegend=true", 1, 0, 1, 1},
        {"no axes", "title=The title&hideAxes=true", 1, 1, 0, 0},
        {"no x axis", "title=The title&hideXAxis=true", 1, 1, 0, 1},
        {"no y axis", "title=The title&hideYAxis=true", 1, 1, 1, 0},
        {"bare", "title=The title&graphOnly=true", 0, 0, 0, 0},
        {"far too small for anything", "title=The title&width=40&height=20", 0, 0, 0, 0},
    };
    EACH_ROW (rows, r) {
        struct chart_input input = sample_input(r->params, 600);
        sample_add(&input, sample_wave("a.series", 60, 10, 0, 40000, 10));
        struct draw_list *list = layout(&input);
        EXPECT_I64(count_texts(list, "The title"), r->n_title);
        EXPECT_I64(count_texts(list, "a.series"), r->n_legend);
        EXPECT_I64(count_texts(list, "UTC"), r->n_zone);
        EXPECT_I64(count_texts(list, "40k"), r->n_y);
    }
}

TEST(data_on_the_second_axis_alone_has_labels_on_the_right_alone)
{
    struct chart_input input = sample_input("", 600);
    struct series *s = sample_wave("only", 60, 10, 0, 40000, 10);
    s->style.on_second_axis = true;
    sample_add(&input, s);
    struct draw_list *list = layout(&input);
    EXPECT_I64(count_texts(list, "40k"), 1);
    EXPECT_I64(count_texts(list, "(right)"), 0);
    EXPECT_I64(count_texts(list, "0.5"), 0);
    for (size_t i = 0; i < list->n_ops; i++)
        if (list->ops[i].kind == DRAW_TEXT && strcmp(list->ops[i].text.text, "40k") == 0)
            EXPECT(list->ops[i].text.x > 200.0);
}

TEST(what_is_shown_for_a_name)
{
    static const struct {
        const char *row, *name, *shown;
    } rows[] = {
        {"the second axis is said once", "secondYAxis(load)", "load (right)"},
        {"an alias", "load", "load (right)"},
        {"a part of a name", "scale(secondYAxis(load),2)", "scale(secondYAxis(load),2) (right)"},
    };
    EACH_ROW (rows, r) {
        struct chart_input input = sample_input("width=600", 600);
        sample_add(&input, sample_wave("left", 60, 10, 0, 10, 10));
        struct series *right = sample_wave(r->name, 60, 10, 0, 10, 10);
        right->style.on_second_axis = true;
        sample_add(&input, right);
        EXPECT_I64(count_texts(layout(&input), r->shown), 1);
        EXPECT_I64(count_texts(layout(&input), "secondYAxis"), r->shown[0] == 's');
    }
}

TEST(long_names_keep_what_tells_them_apart)
{
    struct chart_input input = sample_input("", 600);
    const char *path = "production.cluster.namespace.deployment.container.of.some.service";
    for (int k = 0; k < 2; k++)
        sample_add(&input, sample_wave(arena_printf(&kit_arena, "%s.%s", path, k ? "p99" : "rate"),
                                       60, 10, 0, 10, 10));
    struct draw_list *list = layout(&input);
    EXPECT_I64(count_texts(list, ".rate"), 1);
    EXPECT_I64(count_texts(list, ".p99"), 1);
    EXPECT_I64(count_texts(list, "production"), 2);
}

/* Twice as many values as pixels, so that each line has something to hide. */
TEST(more_than_twenty_lines_have_no_bands)
{
    static const struct {
        const char *row;
        size_t n_series, n_bands;
    } rows[] = {{"twenty", 20, 20}, {"one more", 21, 0}};
    EACH_ROW (rows, r) {
        struct chart_input input = sample_input("hideLegend=true", 6000);
        for (size_t k = 0; k < r->n_series; k++)
            sample_add(&input, sample_wave("s", 10, 600, 0, 1000, 37));
        struct draw_list *list = layout(&input);
        size_t n_bands = 0;
        for (size_t i = 0; i < list->n_ops; i++)
            n_bands += list->ops[i].kind == DRAW_FILL;
        EXPECT_I64(n_bands, r->n_bands);
    }
}

TEST(the_legend_hides_itself_above_ten)
{
    static const struct {
        const char *row, *params;
        size_t n_series;
        bool is_shown;
    } rows[] = {
        {"ten", "", 10, true},
        {"eleven", "", 11, false},
        {"eleven, asked for", "hideLegend=false", 11, true},
        {"one, not wanted", "hideLegend=true", 1, false},
    };
    EACH_ROW (rows, r) {
        struct chart_input input = sample_input(r->params, 600);
        for (size_t k = 0; k < r->n_series; k++)
            sample_add(&input, sample_wave("name", 60, 10, 0, 10, 10));
        EXPECT(count_texts(layout(&input), "name") == (r->is_shown ? r->n_series : 0));
    }
}

TEST(a_legend_without_room_says_how_many_are_missing)
{
    struct chart_input input = sample_input("hideLegend=false", 600);
    for (size_t k = 0; k < 200; k++)
        sample_add(&input, sample_wave("a.rather.long.name", 60, 10, 0, 10, 10));
    struct draw_list *list = layout(&input);
    size_t n = count_texts(list, "a.rather.long.name");
    EXPECT(n > 4 && n < 200);
    EXPECT_I64(count_texts(list, arena_printf(&kit_arena, "and %zu more", 200 - n)), 1);
}

TEST(unique_and_empty_names_in_the_legend)
{
    struct chart_input input = sample_input("uniqueLegend=true&hideNullFromLegend=true", 600);
    sample_add(&input, sample_wave("same", 60, 10, 0, 10, 10));
    sample_add(&input, sample_wave("same", 60, 10, 0, 10, 10));
    sample_add(&input, sample_series("nothing", 60, 10));
    struct draw_list *list = layout(&input);
    EXPECT_I64(count_texts(list, "same"), 1);
    EXPECT_I64(count_texts(list, "nothing"), 0);
}

/* Lines of the plot's full height in that colour, and the sum of all counts above the plot. */
static void count_marks(const struct draw_list *list, size_t *out_lines, size_t *out_counted)
{
    double tallest = 0.0;
    *out_lines = *out_counted = 0;
    for (size_t i = 0; i < list->n_ops; i++)
        if (list->ops[i].kind == DRAW_CLIP)
            tallest = list->ops[i].box.h - 2.0;
    for (size_t i = 0; i < list->n_ops; i++) {
        const struct draw_op *op = &list->ops[i];
        bool is_red = op->colour.r == 200 && op->colour.g == 0 && op->colour.b == 50;
        if (op->kind == DRAW_STROKE && is_red && op->path.n_points == 2)
            *out_lines += op->path.points[1].y - op->path.points[0].y == tallest;
        int64_t n;
        if (op->kind != DRAW_TEXT || !text_starts(op->text.text, "\xc3\x97"))
            continue;
        struct str digits = str_of(op->text.text + 2);
        if (num_parse_i64(digits.at, digits.n, &n))
            *out_counted += (size_t)n;
    }
}

/* However many, at however many pixels: each is a line of its own or one of a count. */
TEST(no_change_line_is_ever_lost)
{
    for (int round = 0; round < 300; round++) {
        const char *size = round % 2 ? "" : "width=1200&height=600";
        struct chart_input input = sample_input(size, 86400);
        struct series *s = deploys(1440, NULL, 0);
        size_t n = 13 + kit_random_below(round % 3 ? 30 : 800), n_set = 0;
        for (size_t i = 0; i < n; i++)
            s->values[kit_random_below(1440)] = 1.0;
        for (size_t i = 0; i < 1440; i++)
            n_set += s->values[i] > 0.0;
        sample_add(&input, s);
        size_t n_lines, n_counted;
        count_marks(layout(&input), &n_lines, &n_counted);
        if (n_set > 12)
            EXPECT_I64(n_lines + n_counted, n_set);
        if (kit_failures())
            return;
    }
}

TEST(a_few_lines_are_all_drawn_in_full_even_side_by_side)
{
    static const size_t at[] = {100, 101, 102, 103, 104, 105, 106, 107};
    struct chart_input input = sample_input("width=1600&height=300", 86400);
    sample_add(&input, deploys(1440, at, COUNT_OF(at)));
    size_t n_lines, n_counted;
    count_marks(layout(&input), &n_lines, &n_counted);
    EXPECT_I64(n_lines, 8);
    EXPECT_I64(n_counted, 0);
}

TEST(lines_at_one_pixel_share_it)
{
    static const size_t at[] = {30};
    struct chart_input input = sample_input("hideLegend=true", 7200);
    struct series *other = deploys(120, at, 1);
    other->style.color = "blue";
    sample_add(&input, deploys(120, at, 1));
    sample_add(&input, other);
    struct draw_list *list = layout(&input);
    size_t n_red = 0, n_blue = 0;
    for (size_t i = 0; i < list->n_ops; i++) {
        const struct draw_op *op = &list->ops[i];
        n_red += op->kind == DRAW_STROKE && op->colour.r == 200 && op->path.points[0].y > 0.0;
        n_blue += op->kind == DRAW_STROKE && op->colour.r == 100 && op->path.points[0].y > 0.0;
    }
    EXPECT_I64(n_red, 1);
    EXPECT_I64(n_blue, 1);
    EXPECT_I64(count_texts(list, "\xc3\x97"
                                 "2"),
               1);
}

/* The exact second, not the slot: two hours over 300 pixels and more. */
TEST(a_change_line_stands_at_its_second)
{
    static const size_t at[] = {60};
    struct chart_input input = sample_input("width=1200&height=300", 7200);
    struct series *s = deploys(120, at, 1);
    struct series_mark mark = {(SAMPLE_T + 3600) * 1000LL + 59000, 1.0, "", false};
    s->marks = &mark;
    s->n_marks = 1;
    sample_add(&input, s);
    struct draw_list *list = layout(&input);
    double x = 0.0, left = 0.0, width = 0.0;
    for (size_t i = 0; i < list->n_ops; i++) {
        const struct draw_op *op = &list->ops[i];
        if (op->kind == DRAW_CLIP) {
            left = op->box.x;
            width = op->box.w;
        }
        if (op->kind == DRAW_STROKE && op->colour.r == 200 && op->path.n_points == 2 && x == 0.0)
            x = op->path.points[0].x;
    }
    EXPECT_F64(x, left + width * (3659.0 / 7200.0), 1.0);
}

/* a 1 (12.5 %), b 2, c a gap and 5 */
static struct chart_input slices(const char *params)
{
    struct chart_input input = sample_input(params, 120);
    const double values[3][2] = {{1.0, 1.0}, {1.0, 3.0}, {NAN, 5.0}};
    static const char *const names[] = {"a", "b", "c"};
    for (size_t k = 0; k < 3; k++) {
        struct series *s = sample_series(names[k], 60, 2);
        s->values[0] = values[k][0];
        s->values[1] = values[k][1];
        sample_add(&input, s);
    }
    return input;
}

TEST(a_pie)
{
    struct chart_input input = slices("graphType=pie&width=200&height=160&title=Shares");
    expect_golden("pie", &input);
}

TEST(a_pie_in_graphites_look)
{
    struct chart_input input =
        slices("graphType=pie&template=graphite&width=200&height=160&pieMode=maximum"
               "&pieLabels=rotated&hideLegend=true");
    expect_golden("pie-graphite", &input);
}

/* All texts of a list, with '|' between. */
static const char *texts_of(const struct draw_list *list)
{
    const char *all = "";
    for (size_t i = 0; list && i < list->n_ops; i++)
        if (list->ops[i].kind == DRAW_TEXT)
            all =
                arena_printf(&kit_arena, "%s%s%s", all, all[0] ? "|" : "", list->ops[i].text.text);
    return all;
}

TEST(slices_say_what_was_asked_for)
{
    static const struct {
        const char *row, *params, *texts;
    } rows[] = {
        {"shares", "hideLegend=true", "12.5 %|25.0 %|62.5 %"},
        {"shares, Graphite's way", "hideLegend=true&template=graphite", "%12.50|%25.00|%62.50"},
        {"smaller ones say nothing", "hideLegend=true&valueLabelsMin=20", "25.0 %|62.5 %"},
        {"numbers", "hideLegend=true&valueLabels=number&valueLabelsMin=0", "1|2|5"},
        {"numbers from five on", "hideLegend=true&valueLabels=number", "5"},
        {"the smallest value of each",
         "hideLegend=true&valueLabels=number&valueLabelsMin=0"
         "&pieMode=minimum",
         "1|1|5"},
        {"nothing", "hideLegend=true&valueLabels=none", ""},
        {"names only", "valueLabels=none", "a|b|c"},
        {"the legend has what slices cannot hold", "valueLabelsMin=60",
         "a  12.5 %|b  25.0 %|c  62.5 %|62.5 %"},
    };
    EACH_ROW (rows, r) {
        struct chart_input input =
            slices(arena_printf(&kit_arena, "graphType=pie&width=400&height=300&%s", r->params));
        EXPECT_TEXT(texts_of(layout(&input)), r->texts);
    }
}

TEST(a_pie_of_nothing)
{
    struct chart_input input = sample_input("graphType=pie", 120);
    EXPECT_TEXT(texts_of(layout(&input)), "No Data");
    struct series *s = sample_series("only losses", 60, 2);
    s->values[0] = s->values[1] = -3.0;
    sample_add(&input, s);
    EXPECT_TEXT(texts_of(layout(&input)), "No Data");
}

TEST(bad_input_is_refused)
{
    struct draw_list *list = NULL;
    struct chart_input input = sample_input("lineMode=wavy", 600);
    EXPECT_ERR(layout_make(&input, &sample_measure, &kit_arena, &list, &kit_err), ERR_INPUT,
               "lineMode");
    input = sample_input("width=20000", 600);
    EXPECT_ERR(layout_make(&input, &sample_measure, &kit_arena, &list, &kit_err), ERR_INPUT,
               "width");
    input = sample_input("", 0);
    EXPECT_ERR(layout_make(&input, &sample_measure, &kit_arena, &list, &kit_err), ERR_INPUT,
               "until");
    input = sample_input("", 600);
    struct series *s = sample_wave("s", 60, 10, 0, 1, 10);
    s->style.color = "nocolour";
    sample_add(&input, s);
    EXPECT_ERR(layout_make(&input, &sample_measure, &kit_arena, &list, &kit_err), ERR_INPUT,
               "nocolour");
    EXPECT(list == NULL);
}

/* Nothing in a list may be infinite or NaN but a lifted pen, nor so far out that cairo wraps
 * around. */
static void expect_sane(const struct draw_list *list)
{
    for (size_t i = 0; i < list->n_ops; i++) {
        const struct draw_op *op = &list->ops[i];
        bool is_path = op->kind == DRAW_STROKE || op->kind == DRAW_FILL || op->kind == DRAW_DOTS;
        for (size_t k = 0; is_path && k < op->path.n_points; k++) {
            const struct draw_point *p = &op->path.points[k];
            EXPECT(isnan(p->x) || (fabs(p->x) < 4e6 && fabs(p->y) < 4e6));
        }
        if (op->kind == DRAW_TEXT)
            EXPECT(isfinite(op->text.x) && isfinite(op->text.y));
        if (op->kind == DRAW_BOX || op->kind == DRAW_CLIP)
            EXPECT(isfinite(op->box.x + op->box.y + op->box.w + op->box.h));
    }
}

TEST(any_values_at_any_size_make_a_sane_list)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, 0.0, 1e17, -1e-13, 1.7e308, 4e-324};
    for (int round = 0; round < 1000; round++) {
        size_t width = 1 + kit_random_below(kit_random_below(2) ? 50 : 1000);
        size_t height = 1 + kit_random_below(kit_random_below(2) ? 50 : 600);
        static const char *const modes[] = {"areaMode=stacked",
                                            "logBase=10",
                                            "lineMode=staircase",
                                            "template=graphite",
                                            "lineMode=connected",
                                            "graphType=pie",
                                            "graphType=pie&pieLabels=rotated"};
        const char *params = arena_printf(&kit_arena, "width=%zu&height=%zu&title=t&%s", width,
                                          height, modes[kit_random_below(COUNT_OF(modes))]);
        struct chart_input input = sample_input(params, 1 + (int64_t)kit_random_below(1000000));
        input.is_described = kit_random_below(2);
        size_t n_series = kit_random_below(5);
        for (size_t k = 0; k < n_series; k++) {
            struct series *s =
                sample_series("s", 1 + (int64_t)kit_random_below(100000), kit_random_below(300));
            for (size_t i = 0; i < s->n_points; i++)
                s->values[i] = kit_random_below(4) ? kit_random_share() * 1000.0
                                                   : odd[kit_random_below(COUNT_OF(odd))];
            s->style.on_second_axis = kit_random_below(4) == 0;
            s->style.as_infinite = kit_random_below(6) == 0;
            sample_add(&input, s);
        }
        struct chart_change changes[40] = {0};
        for (size_t i = 0; i < COUNT_OF(changes); i++) {
            struct chart_change *c = &changes[i];
            c->start_ms = (SAMPLE_T - 1000) * 1000LL + (int64_t)kit_random_below(1000000) * 900;
            c->end_ms = kit_random_below(2) ? c->start_ms + (int64_t)kit_random_below(999999) : 0;
            c->label = kit_random_below(2) ? "website" : NULL;
            c->is_failed = kit_random_below(3) == 0;
            c->is_rollback = kit_random_below(3) == 0;
            c->verdict = (enum verdict_state)kit_random_below(VERDICT_STATES);
            c->undoes_ms = (int64_t)kit_random_below(3) * c->start_ms / 2;
        }
        input.changes = changes;
        input.n_changes = kit_random_below(3) * kit_random_below(20);
        struct draw_list *list = layout(&input);
        if (list)
            expect_sane(list);
        if (kit_failures())
            return;
    }
}

RUN_TESTS(test_of(a_line_and_deploys_at_the_default_size), test_of(a_line_and_deploys_large),
          test_of(graphites_look), test_of(areas_are_stacked), test_of(two_axes_share_their_lines),
          test_of(a_band_between_two_bounds),
          test_of(lines_break_at_gaps_and_lonely_values_are_dots), test_of(staircases),
          test_of(each_element_is_drawn), test_of(lines_styled_by_functions),
          test_of(a_legend_in_columns_says_what_is_left_out),
          test_of(gaps_are_bridged_or_zero_when_asked), test_of(what_is_shown_for_a_name),
          test_of(long_names_keep_what_tells_them_apart),
          test_of(more_than_twenty_lines_have_no_bands), test_of(changes_of_the_ledger),
          test_of(no_series_is_no_data), test_of(only_gaps_is_no_data_between_axes),
          test_of(parameters_take_parts_away),
          test_of(data_on_the_second_axis_alone_has_labels_on_the_right_alone),
          test_of(the_legend_hides_itself_above_ten),
          test_of(a_legend_without_room_says_how_many_are_missing),
          test_of(unique_and_empty_names_in_the_legend), test_of(no_change_line_is_ever_lost),
          test_of(a_few_lines_are_all_drawn_in_full_even_side_by_side),
          test_of(lines_at_one_pixel_share_it), test_of(a_change_line_stands_at_its_second),
          test_of(a_pie), test_of(a_pie_in_graphites_look), test_of(slices_say_what_was_asked_for),
          test_of(a_pie_of_nothing), test_of(bad_input_is_refused),
          test_of(any_values_at_any_size_make_a_sane_list))
