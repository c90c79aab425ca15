#include "model/series.h"

#include "kit/kit.h"
#include "model/source.h"

TEST(a_new_series_is_all_gaps)
{
    struct series *series = series_new(&kit_arena, 120, 60, 3);
    EXPECT_I64(series->start_s, 120);
    EXPECT_I64(series->end_s, 300);
    EXPECT_I64(series->per_point, 1);
    for (size_t i = 0; i < 3; i++)
        EXPECT(is_gap(series->values[i]));
    EXPECT(series->tags == NULL);
    EXPECT_I64(series_new(&kit_arena, 0, 1, 0)->end_s, 0);
}

TEST(a_copy_has_its_own_values_and_tags)
{
    struct series *series = series_new(&kit_arena, 0, 10, 2);
    series->name = "a";
    series->values[0] = 1.0;
    series_set_tag(&kit_arena, series, "k", "v");
    struct series *copy = series_copy(&kit_arena, series);
    copy->values[0] = 2.0;
    series_set_tag(&kit_arena, copy, "k", "w");
    series_set_tag(&kit_arena, copy, "l", "x");
    EXPECT_F64(series->values[0], 1.0, 0.0);
    EXPECT_TEXT(series_tag(series, "k"), "v");
    EXPECT(series_tag(series, "l") == NULL);
    EXPECT_TEXT(series_tag(copy, "k"), "w");
    EXPECT_TEXT(series_tag(copy, "l"), "x");
    EXPECT_TEXT(copy->name, "a");
}

TEST(tags_keep_their_order)
{
    struct series *series = series_new(&kit_arena, 0, 10, 0);
    series_set_tag(&kit_arena, series, "z", "1");
    series_set_tag(&kit_arena, series, "a", "2");
    series_set_tag(&kit_arena, series, "z", "3");
    EXPECT_I64(series->n_tags, 2);
    EXPECT_TEXT(series->tags[0].key, "z");
    EXPECT_TEXT(series->tags[0].value, "3");
    EXPECT_TEXT(series->tags[1].key, "a");
}

TEST(a_list_grows)
{
    struct series_list list = {0};
    for (int64_t i = 0; i < 100; i++)
        series_list_add(&list, series_new(&kit_arena, i, 1, 0), &kit_arena);
    EXPECT_I64(list.n, 100);
    EXPECT_I64(list.items[0]->start_s, 0);
    EXPECT_I64(list.items[99]->start_s, 99);
}

TEST(reads_names_of_consolidations)
{
    static const struct {
        const char *row;
        enum consolidation how;
        const char *shown;
    } rows[] = {
        {"average", CONSOLIDATE_AVERAGE, "average"},
        {"avg", CONSOLIDATE_AVERAGE, "average"},
        {"sum", CONSOLIDATE_SUM, "sum"},
        {"total", CONSOLIDATE_SUM, "sum"},
        {"min", CONSOLIDATE_MIN, "min"},
        {"max", CONSOLIDATE_MAX, "max"},
        {"first", CONSOLIDATE_FIRST, "first"},
        {"last", CONSOLIDATE_LAST, "last"},
        {"current", CONSOLIDATE_LAST, "last"},
        {"avg_zero", CONSOLIDATE_AVG_ZERO, "avg_zero"},
    };
    EACH_ROW (rows, r) {
        enum consolidation how = CONSOLIDATE_AVG_ZERO;
        EXPECT(consolidation_parse(r->row, &how));
        EXPECT_I64(how, r->how);
        EXPECT_TEXT(consolidation_name(how), r->shown);
    }
    enum consolidation how = CONSOLIDATE_SUM;
    EXPECT(!consolidation_parse("median", &how));
    EXPECT(!consolidation_parse("", &how));
    EXPECT(!consolidation_parse("Average", &how));
    EXPECT_I64(how, CONSOLIDATE_SUM);
}

TEST(consolidates_what_is_known)
{
    static const double some[] = {NAN, 4.0, -8.0, NAN, 1.0, NAN};
    static const struct {
        const char *row;
        enum consolidation how;
        double factor, want;
    } rows[] = {
        {"average", CONSOLIDATE_AVERAGE, 0.0, -1.0},
        {"sum", CONSOLIDATE_SUM, 0.0, -3.0},
        {"min", CONSOLIDATE_MIN, 0.0, -8.0},
        {"max", CONSOLIDATE_MAX, 0.0, 4.0},
        {"first", CONSOLIDATE_FIRST, 0.0, 4.0},
        {"last", CONSOLIDATE_LAST, 0.0, 1.0},
        {"avg_zero counts gaps", CONSOLIDATE_AVG_ZERO, 0.0, -0.5},
        {"just enough", CONSOLIDATE_SUM, 0.5, -3.0},
        {"too few", CONSOLIDATE_SUM, 0.51, NAN},
        {"avg_zero, too few", CONSOLIDATE_AVG_ZERO, 0.6, NAN},
    };
    EACH_ROW (rows, r)
        EXPECT_F64(consolidate(r->how, some, COUNT_OF(some), r->factor), r->want, 0.0);
}

TEST(nothing_known_is_a_gap)
{
    static const double none[] = {NAN, NAN};
    for (int how = CONSOLIDATE_AVERAGE; how <= CONSOLIDATE_AVG_ZERO; how++) {
        EXPECT(is_gap(consolidate((enum consolidation)how, none, 2, 0.0)));
        EXPECT(is_gap(consolidate((enum consolidation)how, none, 0, 0.0)));
    }
}

TEST(infinities_are_values)
{
    static const double values[] = {INFINITY, NAN, 1.0};
    EXPECT_F64(consolidate(CONSOLIDATE_MAX, values, 3, 0.0), INFINITY, 0.0);
    EXPECT_F64(consolidate(CONSOLIDATE_MIN, values, 1, 0.0), INFINITY, 0.0);
    static const double low[] = {-INFINITY, NAN};
    EXPECT_F64(consolidate(CONSOLIDATE_MAX, low, 2, 0.0), -INFINITY, 0.0);
}

TEST(reads_tag_expressions)
{
    static const struct {
        const char *row, *text, *key, *value;
        enum tag_op op;
    } rows[] = {
        {"is", "host=web1", "host", "web1", TAG_IS},
        {"is not", "host!=web1", "host", "web1", TAG_IS_NOT},
        {"matches", "host=~web.*", "host", "web.*", TAG_MATCHES},
        {"matches not", "host!=~web", "host", "web", TAG_MATCHES_NOT},
        {"absent", "host=", "host", "", TAG_IS},
        {"present", "host!=", "host", "", TAG_IS_NOT},
        {"'=' in the value", "q=a=b", "q", "a=b", TAG_IS},
        {"'!' in the value", "q=a!b", "q", "a!b", TAG_IS},
        {"second tilde is the regex's", "q=~~x", "q", "~x", TAG_MATCHES},
    };
    EACH_ROW (rows, r) {
        struct tag_expr expr = {0};
        EXPECT_OK(tag_expr_parse(r->text, &kit_arena, &expr, &kit_err));
        EXPECT_TEXT(expr.key, r->key);
        EXPECT_TEXT(expr.value, r->value);
        EXPECT_I64(expr.op, r->op);
    }
}

TEST(refuses_what_is_no_tag_expression)
{
    static const struct {
        const char *row, *text;
    } rows[] = {
        {"empty", ""},
        {"no operator", "host"},
        {"no key", "=v"},
        {"no key, not", "!=v"},
        {"'!' alone", "host!web"},
        {"';' in the key", "a;b=c"},
        {"';' in the value", "a=b;c"},
    };
    EACH_ROW (rows, r) {
        struct tag_expr expr;
        EXPECT_ERR(tag_expr_parse(r->text, &kit_arena, &expr, &kit_err), ERR_INPUT,
                   "tag expression");
    }
}

RUN_TESTS(test_of(a_new_series_is_all_gaps), test_of(a_copy_has_its_own_values_and_tags),
          test_of(tags_keep_their_order), test_of(a_list_grows),
          test_of(reads_names_of_consolidations), test_of(consolidates_what_is_known),
          test_of(nothing_known_is_a_gap), test_of(infinities_are_values),
          test_of(reads_tag_expressions), test_of(refuses_what_is_no_tag_expression))
