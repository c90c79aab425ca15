#include "chart/options.h"

#include "chart/sample_kit.h"

static bool parse(const char *text, struct options *out)
{
    struct chart_param *params;
    size_t n = sample_params(text, &params);
    return options_parse(params, n, &kit_arena, out, &kit_err);
}

TEST(nothing_given_is_graphites_default_size)
{
    struct options o;
    EXPECT_OK(parse("", &o));
    EXPECT_I64(o.width, 330);
    EXPECT_I64(o.height, 250);
    EXPECT_F64(o.margin, 10.0, 0.0);
    EXPECT_I64(o.hide_legend, SWITCH_AUTO);
    EXPECT(isnan(o.line_width));
    EXPECT(isnan(o.only.min));
    EXPECT_I64(o.line_mode, LINE_SLOPE);
    EXPECT_I64(o.n_minor_y, 1);
}

TEST(empty_default_and_unknown_are_ignored)
{
    struct options o;
    EXPECT_OK(parse("width=&height=default&lineMode=Default&bgcolor=&target=x&nonsense=1", &o));
    EXPECT_I64(o.width, 330);
    EXPECT_I64(o.height, 250);
    EXPECT(!o.background.is_set);
}

TEST(reads_every_kind)
{
    struct options o;
    EXPECT_OK(parse("width=800&height=400.7&margin=5&title=A b&vtitle=per s&vtitleRight=ms"
                    "&bgcolor=%23fff&fgcolor=000000&fontSize=12&fontName=Serif&fontBold=true"
                    "&lineMode=STAIRCASE&areaMode=stacked&areaAlpha=0.4&lineWidth=2.5"
                    "&hideLegend=false&hideGrid=1&uniqueLegend=true&drawNullAsZero=true"
                    "&yMin=-3&yMax=10&yStep=2&yMinRight=1&yMaxRight=max&yUnitSystem=binary"
                    "&yDivisors=3, 4&minorY=2&colorList=red,%2300ff00,0000ff80&template=dark"
                    "&xFormat=%H&minXStep=2&majorGridLineColor=grey&logBase=e&connectedLimit=3"
                    "&leftColor=blue&rightDashed=true&rightWidth=3&yAxisSide=right",
                    &o));
    EXPECT_I64(o.width, 800);
    EXPECT_I64(o.height, 400);
    EXPECT_F64(o.margin, 5.0, 0.0);
    EXPECT_TEXT(o.title, "A b");
    EXPECT_TEXT(o.left_title, "per s");
    EXPECT_TEXT(o.right_title, "ms");
    EXPECT(o.background.is_set && o.background.value.r == 255);
    EXPECT(o.font_is_bold);
    EXPECT_F64(o.font_size, 12.0, 0.0);
    EXPECT_I64(o.line_mode, LINE_STAIRCASE);
    EXPECT_I64(o.area_mode, AREA_STACKED);
    EXPECT_F64(o.area_alpha, 0.4, 0.0);
    EXPECT_F64(o.line_width, 2.5, 0.0);
    EXPECT_I64(o.hide_legend, SWITCH_OFF);
    EXPECT(o.hides_grid && o.legend_is_unique && o.gaps_are_zero);
    EXPECT_F64(o.only.min, -3.0, 0.0);
    EXPECT_F64(o.only.max, 10.0, 0.0);
    EXPECT_F64(o.only.step, 2.0, 0.0);
    EXPECT_F64(o.right.min, 1.0, 0.0);
    EXPECT(o.right.ends_at_data && !o.only.ends_at_data);
    EXPECT_I64(o.units, UNITS_BINARY);
    EXPECT(o.n_divisors == 2 && o.divisors[0] == 3 && o.divisors[1] == 4);
    EXPECT_I64(o.n_minor_y, 2);
    EXPECT(o.n_colours == 3 && o.colours[1].g == 255 && o.colours[2].a == 128);
    EXPECT_TEXT(o.template_name, "dark");
    EXPECT_TEXT(o.x_format, "%H");
    EXPECT_F64(o.x_step_min, 2.0, 0.0);
    EXPECT(o.grid_major.is_set && o.grid_major.value.r == 175);
    EXPECT_F64(o.log_base, 2.718281828, 1e-9);
    EXPECT_F64(o.connected_limit, 3.0, 0.0);
    EXPECT_TEXT(o.left_side.colour_text, "blue");
    EXPECT(!o.right_side.colour_text);
    EXPECT_F64(o.right_side.dash, 5.0, 0.0);
    EXPECT_F64(o.right_side.width, 3.0, 0.0);
    EXPECT_I64(o.y_side, SIDE_RIGHT);
}

TEST(old_names_give_way_to_new_ones)
{
    struct options o;
    EXPECT_OK(parse("yMin=1&min=5&lineWidth=2&thickness=9&max=7", &o));
    EXPECT_F64(o.only.min, 1.0, 0.0);
    EXPECT_F64(o.line_width, 2.0, 0.0);
    EXPECT_F64(o.only.max, 7.0, 0.0);
}

TEST(the_last_of_two_counts)
{
    struct options o;
    EXPECT_OK(parse("width=100&width=200", &o));
    EXPECT_I64(o.width, 200);
    EXPECT_OK(parse("width=nonsense&width=200", &o));
    EXPECT_I64(o.width, 200);
}

TEST(graph_only_takes_everything_else_away)
{
    struct options o;
    EXPECT_OK(parse("graphOnly=true&title=x&vtitle=y&hideLegend=false", &o));
    EXPECT_I64(o.hide_legend, SWITCH_ON);
    EXPECT(o.hides_axes && o.hides_grid && !o.title && !o.left_title);
    EXPECT_F64(o.margin, 0.0, 0.0);
}

TEST(nonsense_is_named)
{
    static const struct {
        const char *row, *params;
        enum err_kind kind;
        const char *part;
    } rows[] = {
        {"width", "width=wide", ERR_INPUT, "width=wide"},
        {"width infinite", "width=inf", ERR_INPUT, "width=inf"},
        {"width nan", "width=nan", ERR_INPUT, "width"},
        {"width 0", "width=0", ERR_INPUT, "width"},
        {"width negative", "width=-5", ERR_INPUT, "width"},
        {"height too large", "height=10001", ERR_INPUT, "height"},
        {"line mode", "lineMode=wavy", ERR_INPUT, "lineMode=wavy"},
        {"area mode", "areaMode=some", ERR_INPUT, "areaMode"},
        {"units", "yUnitSystem=imperial", ERR_INPUT, "yUnitSystem"},
        {"log base 0", "logBase=0", ERR_INPUT, "logBase"},
        {"log base negative", "logBase=-2", ERR_INPUT, "logBase"},
        {"log base 1", "logBase=1", ERR_INPUT, "logBase"},
        {"log base word", "logBase=ten", ERR_INPUT, "logBase"},
        {"colour", "bgcolor=nocolour", ERR_INPUT, "bgcolor=nocolour"},
        {"colour list", "colorList=red,nocolour", ERR_INPUT, "colorList"},
        {"divisors", "yDivisors=4,x", ERR_INPUT, "yDivisors"},
        {"divisor 0", "yDivisors=0", ERR_INPUT, "yDivisors"},
        {"many divisors", "yDivisors=1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8", ERR_LIMIT, "yDivisors"},
        {"alpha", "areaAlpha=2", ERR_INPUT, "areaAlpha"},
        {"step 0", "yStep=0", ERR_INPUT, "yStep"},
        {"minimum", "yMin=low", ERR_INPUT, "yMin=low"},
        {"minimum infinite", "yMin=-inf", ERR_INPUT, "yMin"},
        {"bool", "hideGrid=perhaps", ERR_INPUT, "hideGrid=perhaps"},
        {"font size", "fontSize=0", ERR_INPUT, "fontSize"},
        {"line width", "lineWidth=-1", ERR_INPUT, "lineWidth"},
        {"side", "yAxisSide=top", ERR_INPUT, "yAxisSide"},
    };
    EACH_ROW (rows, r) {
        struct options o;
        EXPECT_ERR(parse(r->params, &o), r->kind, r->part);
    }
}

TEST(a_near_miss_gets_a_hint)
{
    struct options o;
    EXPECT_ERR(parse("lineMode=staircas", &o), ERR_INPUT, "staircas");
    EXPECT_TEXT(kit_err.hint, "did you mean lineMode=staircase?");
}

TEST(colours)
{
    static const struct {
        const char *row, *text;
        bool is_colour;
        struct colour value;
    } rows[] = {
        {"Graphite's red", "red", true, {200, 0, 50, 255}},
        {"case does not matter", "DarkBlue", true, {0, 0, 255, 255}},
        {"short", "#0f8", true, {0, 255, 136, 255}},
        {"long", "#0010ff", true, {0, 16, 255, 255}},
        {"without #", "0010ff", true, {0, 16, 255, 255}},
        {"encoded #", "%230010ff", true, {0, 16, 255, 255}},
        {"with alpha", "0010ff80", true, {0, 16, 255, 128}},
        {"transparent", "transparent", true, {0, 0, 0, 0}},
        {"empty", "", false, {0}},
        {"too short", "12", false, {0}},
        {"no hex", "12345g", false, {0}},
        {"too long", "123456789", false, {0}},
    };
    EACH_ROW (rows, r) {
        struct colour c = {1, 2, 3, 4};
        EXPECT(colour_parse(r->text, &c) == r->is_colour);
        struct colour wanted = r->is_colour ? r->value : (struct colour){1, 2, 3, 4};
        EXPECT(colour_equal(c, wanted));
    }
}

RUN_TESTS(test_of(nothing_given_is_graphites_default_size),
          test_of(empty_default_and_unknown_are_ignored), test_of(reads_every_kind),
          test_of(old_names_give_way_to_new_ones), test_of(the_last_of_two_counts),
          test_of(graph_only_takes_everything_else_away), test_of(nonsense_is_named),
          test_of(a_near_miss_gets_a_hint), test_of(colours))
