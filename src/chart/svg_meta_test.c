#include <string.h>

#include "chart/sample_kit.h"

static const char *described(struct chart_input *input)
{
    struct draw_list *list = NULL;
    input->is_described = true;
    EXPECT_OK(layout_make(input, &sample_measure, &kit_arena, &list, &kit_err));
    return list && list->description ? list->description : "";
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* Two lines over ten minutes: 1 to 10, and 100 to 1,000 with a gap. */
static struct chart_input two_lines(const char *params)
{
    struct chart_input input = sample_input(params, 600);
    struct series *a = sample_series("web.a", 60, 10), *b = sample_series("web.b", 60, 10);
    for (size_t i = 0; i < 10; i++) {
        a->values[i] = (double)i + 1.0;
        b->values[i] = ((double)i + 1.0) * 100.0;
    }
    b->values[3] = NAN;
    sample_add(&input, a);
    sample_add(&input, b);
    return input;
}

/* All of it. */
TEST(says_what_the_chart_shows)
{
    struct chart_input input = two_lines("template=graphite&lineWidth=2");
    input.series->items[1]->style.dash = 5.0;
    input.series->items[1]->style.color = "red";
    const char *text = described(&input);
    EXPECT_GOLDEN("chart/svg-meta.txt", text, strlen(text));
}

TEST(parts_follow_the_parameters)
{
    static const struct {
        const char *row, *params, *there, *absent;
    } rows[] = {
        {"the last value ends the time", "", "\"x\":{\"start\":1772409600,\"end\":1772410140}",
         NULL},
        {"steps reach to the end of theirs", "lineMode=staircase", "\"end\":1772410200}", NULL},
        {"no axis, no labels, but limits", "hideAxes=true",
         "\"top\":1000.0,\"bottom\":0.0,\"step\":200.0,\"labels\":[],\"labelValues\":[]", NULL},
        {"areas are left out", "areaMode=all", "\"series\":[]", "web.a"},
        {"the first area is left out", "areaMode=first", "web.b", "web.a"},
        {"the edges of areas are there", "areaMode=stacked&areaAlpha=0.5",
         "\"data\":[101.0,202.0,303.0,null,505.0", NULL},
        {"in our look, too", "template=default", "\"labels\":[\"0 \",\"200.0 \"", NULL},
        {"colours as they were typed", "colorList=%23ff0000,0f0", "\"color\":\"%23ff0000\"",
         "blue"},
        {"our colours", "", "\"color\":\"#0067ac\"", "blue"},
        {"colours of an axis need two of them", "leftColor=red", "\"color\":\"#0067ac\"", "red"},
    };
    EACH_ROW (rows, r) {
        struct chart_input input = two_lines(r->params);
        const char *text = described(&input);
        EXPECT(has(text, r->there));
        EXPECT(!r->absent || !has(text, r->absent));
    }
}

TEST(two_axes_have_no_y)
{
    struct chart_input input = two_lines("rightColor=pink&rightWidth=4&leftDashed=3");
    input.series->items[1]->style.on_second_axis = true;
    const char *text = described(&input);
    EXPECT(!has(text, "\"y\":"));
    EXPECT(has(text, "\"color\":\"pink\""));
    EXPECT(has(text, "\"options\":{\"lineWidth\":4.0,\"secondYAxis\":true}"));
    EXPECT(has(text, "\"options\":{\"dashed\":3.0}"));
}

/* 100 values on 67 pixels are folded two by two. */
TEST(values_that_share_a_pixel_are_folded)
{
    struct chart_input input = sample_input("width=120&template=graphite", 6000);
    struct series *s = sample_series("s", 60, 100);
    for (size_t i = 0; i < 100; i++)
        s->values[i] = (double)(i % 2);
    sample_add(&input, s);
    const char *text = described(&input);
    EXPECT(has(text, "\"valuesPerPoint\":2"));
    EXPECT(has(text, "\"data\":[0.5,0.5,0.5"));
}

TEST(nothing_to_describe)
{
    struct chart_input none = sample_input("", 600);
    EXPECT_TEXT(described(&none), "{}");
    struct chart_input pie = two_lines("graphType=pie");
    EXPECT_TEXT(described(&pie), "{}");
    struct chart_input plain = two_lines("");
    struct draw_list *list = NULL;
    EXPECT_OK(layout_make(&plain, &sample_measure, &kit_arena, &list, &kit_err));
    EXPECT(list->description == NULL);
}

TEST(an_axis_that_cannot_be)
{
    struct draw_list *list = NULL;
    struct chart_input input = two_lines("template=graphite&yMin=5&yMax=5");
    EXPECT_ERR(layout_make(&input, &sample_measure, &kit_arena, &list, &kit_err), ERR_INPUT,
               "yMin");
}

RUN_TESTS(test_of(says_what_the_chart_shows), test_of(parts_follow_the_parameters),
          test_of(two_axes_have_no_y), test_of(values_that_share_a_pixel_are_folded),
          test_of(nothing_to_describe), test_of(an_axis_that_cannot_be))
