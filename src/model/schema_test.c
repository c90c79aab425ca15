#include "model/schema.h"

#include "base/num.h"
#include "kit/kit.h"

/* "10:17280,60:86400" of what was parsed. */
static const char *archives_text(const struct schema *schema)
{
    const char *text = "";
    for (size_t i = 0; i < schema->n_archives; i++)
        text = arena_printf(&kit_arena, "%s%s%u:%u", text, i ? "," : "", schema->archives[i].step_s,
                            schema->archives[i].n_points);
    return text;
}

TEST(reads_retentions)
{
    static const struct {
        const char *row, *text, *want;
    } rows[] = {
        {"seconds and points", "60:1440", "60:1440"},
        {"units", "10s:2d,1m:60d,10m:5y", "10:17280,60:86400,600:262800"},
        {"points and a unit of time", "60s:1440", "60:1440"},
        {"seconds and a unit of time", "60:1d", "60:1440"},
        {"hours and weeks", "1h:2w", "3600:336"},
        {"longer units", "1minutes:1days", "60:1440"},
        {"beginning of a unit", "1min:1hour", "60:60"},
        {"rounded down", "60s:90s", "60:1"},
        {"blanks", " 60s:1d , 5m:30d ", "60:1440,300:8640"},
        {"coarse first", "5m:30d,60s:1d", "60:1440,300:8640"},
        {"eight archives", "1:10,2:10,4:10,8:10,16:10,32:10,64:10,128:10",
         "1:10,2:10,4:10,8:10,16:10,32:10,64:10,128:10"},
    };
    EACH_ROW (rows, r) {
        struct schema schema = {.x_files_factor = 0.25};
        EXPECT_OK(schema_parse_retentions(r->text, &schema, &kit_err));
        EXPECT_TEXT(archives_text(&schema), r->want);
        EXPECT_F64(schema.x_files_factor, 0.25, 0.0);
    }
}

TEST(refuses_retentions_that_cannot_work)
{
    static const struct {
        const char *row, *text, *why;
    } rows[] = {
        {"empty", "", "'' is not step:time"},
        {"no colon", "60s", "'60s' is not step:time"},
        {"empty piece", "60s:1d,", "'' is not step:time"},
        {"no number", "s:1d", "'s' is not a number"},
        {"no time", "60s:", "'' is not a number"},
        {"two colons", "60s:1d:1", "unknown unit 'd:1'"},
        {"unknown unit", "60s:1month", "unknown unit 'month'"},
        {"longer than the unit's name", "60s:1dayss", "unknown unit 'dayss'"},
        {"upper case", "60S:1d", "unknown unit 'S'"},
        {"blank inside", "60 s:1d", "unknown unit ' s'"},
        {"minus", "-60:1d", "'-60' is not a number"},
        {"no step", "0s:1d", "from 1 s to 136 years"},
        {"no point", "60s:30s", "holds no point"},
        {"zero points", "60:0", "holds no point"},
        {"too large a number", "99999999999:1", "too large"},
        {"step past 136 years", "200y:1", "from 1 s to 136 years"},
        {"longer than 136 years", "1d:137y", "longer than 136 years"},
        {"same step twice", "60s:1d,1m:2d", "same step of 60 s"},
        {"step does not divide", "60s:1d,90s:2d", "60 s does not divide the next one, 90 s"},
        {"coarse is not longer", "60s:1d,5m:1d", "must reach back further"},
        {"too few points for the next", "60s:30m,1h:1d", "needs 60 points"},
        {"nine archives", "1:10,2:10,4:10,8:10,16:10,32:10,64:10,128:10,256:10",
         "more than 8 archives"},
    };
    EACH_ROW (rows, r) {
        struct schema schema = {.n_archives = 77};
        EXPECT_ERR(schema_parse_retentions(r->text, &schema, &kit_err), ERR_INPUT, r->why);
        EXPECT_I64(schema.n_archives, 77);
    }
}

static const char SCHEMAS[] = "# carbon's own\n"
                              "[carbon]\n"
                              "priority = 100\n"
                              "pattern = ^carbon\\.\n"
                              "retentions = 60:90d\n"
                              "\n"
                              "[inside]\n"
                              "pattern: fast\n"
                              "RETENTIONS: 1s:1h, 10s:1d\n";

static const char AGGREGATION[] = "[sum]\n"
                                  "pattern = \\.count$\n"
                                  "xFilesFactor = 0\n"
                                  "aggregationMethod = sum\n"
                                  "[half]\n"
                                  "pattern = ^fast\n"
                                  "aggregationMethod = avg_zero\n"
                                  "[factor only]\n"
                                  "pattern = ^carbon\n"
                                  "xFilesFactor = .25\n";

TEST(the_first_match_wins)
{
    static const struct {
        const char *row, *name, *archives;
        enum aggregation aggregation;
        double factor;
        bool is_default;
    } rows[] = {
        {"anchored", "carbon.cpu", "60:129600", AGGREGATE_AVERAGE, 0.25, false},
        {"searched, not matched from the start", "x.fast.y", "1:3600,10:8640", AGGREGATE_AVERAGE,
         0.5, false},
        {"first of two", "carbon.fast", "60:129600", AGGREGATE_AVERAGE, 0.25, false},
        {"no xFilesFactor is one half", "fast.x", "1:3600,10:8640", AGGREGATE_AVG_ZERO, 0.5, false},
        {"first of two aggregations", "fast.count", "1:3600,10:8640", AGGREGATE_SUM, 0.0, false},
        {"aggregation alone", "x.count", "10:17280,60:86400,600:262800", AGGREGATE_SUM, 0.0, true},
        {"nothing matches", "x.y", "10:17280,60:86400,600:262800", AGGREGATE_AVERAGE, 0.5, true},
        {"tags are searched too", "x;dc=fast", "1:3600,10:8640", AGGREGATE_AVERAGE, 0.5, false},
    };
    struct schemas *schemas = NULL;
    EXPECT_OK(schemas_parse("s.conf", SCHEMAS, "a.conf", AGGREGATION, &schemas, &kit_err));
    if (schemas == NULL)
        return;
    EACH_ROW (rows, r) {
        bool is_default;
        struct schema schema = schemas_find(schemas, str_of(r->name), &is_default);
        EXPECT_TEXT(archives_text(&schema), r->archives);
        EXPECT_I64(schema.aggregation, r->aggregation);
        EXPECT_F64(schema.x_files_factor, r->factor, 0.0);
        EXPECT_I64(is_default, r->is_default);
    }
    schemas_free(schemas);
}

TEST(reads_what_old_and_odd_files_say)
{
    static const struct {
        const char *row, *schemas, *aggregation, *want; /* of "x" */
    } rows[] = {
        {"match-all", "[a]\nmatch-all = true\nretentions = 60:10\n", NULL, "1m:10m average 0"},
        {"a pattern counts more", "[a]\nmatch-all = true\npattern = y\nretentions = 60:10\n", NULL,
         "10s:2d,1m:60d,10m:5y average 0"},
        {"DEFAULT is a rule", "[DEFAULT]\npattern = .\nretentions = 60:10\n", NULL,
         "1m:10m average 0"},
        {"and speaks for the others",
         "[a]\nretentions = 60:20\n[DEFAULT]\npattern = .\nretentions = 60:10\n",
         "[DEFAULT]\nxFilesFactor = 0.1\npattern = .\n[a]\naggregationMethod = sum\npattern = x\n",
         "1m:20m average 0.1"},
        {"an aggregation takes what it lacks from it", NULL,
         "[a]\naggregationMethod = sum\npattern = x\n[DEFAULT]\nxFilesFactor = 0.1\npattern = .\n",
         "10s:2d,1m:60d,10m:5y sum 0.1"},
        {"priority does not count",
         "[a]\npriority = 1\npattern = x\nretentions = 60:1\n"
         "[b]\npriority = 9\npattern = x\nretentions = 60:2\n",
         NULL, "1m:1m average 0"},
        {"numbers as Python takes them", NULL, "[a]\npattern = x\nxFilesFactor = +5e-1\n",
         "10s:2d,1m:60d,10m:5y average 0.5"},
        {"one that ends in a dot", NULL, "[a]\npattern = x\nxFilesFactor = 1.\n",
         "10s:2d,1m:60d,10m:5y average 1"},
        {"blanks and a carriage return", "[a] \r\n pattern =  x \r\nretentions =60s:1h , 5m:1d\r\n",
         NULL, "1m:1h,5m:1d average 0"},
    };
    EACH_ROW (rows, r) {
        struct schemas *schemas = NULL;
        EXPECT_OK(
            schemas_parse("s.conf", r->schemas, "a.conf", r->aggregation, &schemas, &kit_err));
        if (schemas == NULL)
            continue;
        const struct schema schema = schemas_find(schemas, str_of("x"), NULL);
        EXPECT_TEXT(schema_text(&schema, &kit_arena), r->want);
        schemas_free(schemas);
    }
}

static uint64_t fingerprint_of(const char *schemas_text, const char *aggregation_text)
{
    struct schemas *schemas = NULL;
    EXPECT_OK(schemas_parse("s", schemas_text, "a", aggregation_text, &schemas, &kit_err));
    const uint64_t fingerprint = schemas ? schemas_fingerprint(schemas) : 0;
    schemas_free(schemas);
    return fingerprint;
}

TEST(a_fingerprint_tells_rules_apart)
{
    static const char one[] = "[a]\npattern = x\nretentions = 60s:1d\n";
    static const struct {
        const char *row, *schemas, *aggregation;
        bool is_same;
    } rows[] = {
        {"itself", one, NULL, true},
        {"comment, section's name, order of keys",
         "# ?\n[b]\nretentions = 60:1440\npattern = x\npriority = 2\n", NULL, true},
        {"other pattern", "[a]\npattern = y\nretentions = 60s:1d\n", NULL, false},
        {"other retention", "[a]\npattern = x\nretentions = 60s:2d\n", NULL, false},
        {"one archive more", "[a]\npattern = x\nretentions = 60s:1d,120s:2d\n", NULL, false},
        {"no rule", "", NULL, false},
        {"no file", NULL, NULL, false},
        {"an aggregation", one, "[a]\npattern = x\n", false},
        {"an empty aggregation file: another default", one, "", false},
    };
    const uint64_t want = fingerprint_of(one, NULL);
    EXPECT(want != 0);
    EACH_ROW (rows, r) {
        EXPECT_I64(fingerprint_of(r->schemas, r->aggregation) == want, r->is_same);
    }
    EXPECT(fingerprint_of(one, "[a]\npattern = x\nxFilesFactor = 0.1\n") !=
           fingerprint_of(one, "[a]\npattern = x\nxFilesFactor = 0.2\n"));
    EXPECT(fingerprint_of(one, "[a]\npattern = x\naggregationMethod = max\n") !=
           fingerprint_of(one, "[a]\npattern = x\naggregationMethod = min\n"));
    /* it is stored: a fixed one must stay what it is */
    EXPECT_I64(fingerprint_of(NULL, NULL), 8453557021455918414);
}

TEST(without_files_the_default_holds)
{
    struct schemas *schemas = NULL;
    EXPECT_OK(schemas_parse(NULL, NULL, NULL, NULL, &schemas, &kit_err));
    bool is_default = false;
    struct schema schema = schemas_find(schemas, str_of("a"), &is_default);
    EXPECT_TEXT(archives_text(&schema), "10:17280,60:86400,600:262800");
    EXPECT_I64(schema.aggregation, AGGREGATE_AVERAGE);
    EXPECT_F64(schema.x_files_factor, 0.0, 0.0);
    EXPECT(is_default);
    schema = schemas_find(schemas, str_of("a"), NULL);
    schemas_free(schemas);

    EXPECT_OK(schemas_parse("s.conf", "", NULL, NULL, &schemas, &kit_err));
    EXPECT_F64(schemas_find(schemas, str_of("a"), NULL).x_files_factor, 0.0, 0.0);
    schemas_free(schemas);
    schemas_free(NULL);
}

TEST(says_which_line_is_wrong)
{
    static const struct {
        const char *row, *schemas, *aggregation, *why;
    } rows[] = {
        {"no pattern", "[a]\nretentions = 60:1\n", NULL, "s.conf:1: section [a] has no pattern"},
        {"no retentions", "\n[a]\npattern = x\n", NULL, "s.conf:2: section [a] has no retentions"},
        {"bad pattern", "[a]\npattern = (x\nretentions = 60:1\n", NULL, "s.conf:2: pattern: "},
        {"bad retention", "[a]\npattern = x\nretentions = 60x:1\n", NULL,
         "s.conf:3: unknown unit 'x'"},
        {"second section", "[a]\npattern=x\nretentions=60:1\n[b]\npattern=y\nretentions=0:1\n",
         NULL, "s.conf:6: "},
        {"not an INI file", "pattern = x\n", NULL, "s.conf:1"},
        {"no aggregation pattern", NULL, "[a]\nxFilesFactor = 0\n",
         "a.conf:1: section [a] has no pattern"},
        {"factor is no number", NULL, "[a]\npattern=x\nxFilesFactor = half\n",
         "a.conf:3: xFilesFactor 'half'"},
        {"factor past 1", NULL, "[a]\npattern=x\nxFilesFactor = 1.5\n", "a.conf:3: xFilesFactor"},
        {"factor below 0", NULL, "[a]\npattern=x\nxFilesFactor = -0.5\n", "a.conf:3: xFilesFactor"},
        {"factor is not a number", NULL, "[a]\npattern=x\nxFilesFactor = nan\n",
         "a.conf:3: xFilesFactor"},
        {"unknown method", NULL, "[a]\npattern=x\n\naggregationMethod = median\n",
         "a.conf:4: unknown aggregationMethod 'median'"},
    };
    EACH_ROW (rows, r) {
        struct schemas *schemas = NULL;
        EXPECT_ERR(
            schemas_parse("s.conf", r->schemas, "a.conf", r->aggregation, &schemas, &kit_err),
            ERR_INPUT, r->why);
        EXPECT(schemas == NULL);
    }
}

TEST(knows_every_method)
{
    static const struct {
        const char *row;
        enum aggregation how;
        const char *shown;
    } rows[] = {
        {"average", AGGREGATE_AVERAGE, "average"},
        {"avg", AGGREGATE_AVERAGE, "average"},
        {"sum", AGGREGATE_SUM, "sum"},
        {"last", AGGREGATE_LAST, "last"},
        {"max", AGGREGATE_MAX, "max"},
        {"min", AGGREGATE_MIN, "min"},
        {"avg_zero", AGGREGATE_AVG_ZERO, "avg_zero"},
        {"absmax", AGGREGATE_ABSMAX, "absmax"},
        {"absmin", AGGREGATE_ABSMIN, "absmin"},
    };
    EACH_ROW (rows, r) {
        const char *text =
            arena_printf(&kit_arena, "[a]\npattern = .*\naggregationMethod = %s\n", r->row);
        struct schemas *schemas = NULL;
        EXPECT_OK(schemas_parse(NULL, NULL, "a.conf", text, &schemas, &kit_err));
        EXPECT_I64(schemas_find(schemas, str_of("x"), NULL).aggregation, r->how);
        EXPECT_TEXT(aggregation_name(r->how), r->shown);
        schemas_free(schemas);
    }
}

TEST(aggregates_as_whisper_does)
{
    static const double some[] = {NAN, 4.0, -8.0, NAN, 8.0, -0.5, NAN, 3.0, NAN, NAN};
    static const struct {
        const char *row;
        enum aggregation how;
        double factor, want;
    } rows[] = {
        {"average", AGGREGATE_AVERAGE, 0.0, 1.3},
        {"sum", AGGREGATE_SUM, 0.0, 6.5},
        {"last", AGGREGATE_LAST, 0.0, 3.0},
        {"max", AGGREGATE_MAX, 0.0, 8.0},
        {"min", AGGREGATE_MIN, 0.0, -8.0},
        {"avg_zero counts gaps", AGGREGATE_AVG_ZERO, 0.0, 0.65},
        {"absmax keeps the sign and the first", AGGREGATE_ABSMAX, 0.0, -8.0},
        {"absmin keeps the sign", AGGREGATE_ABSMIN, 0.0, -0.5},
        {"just enough", AGGREGATE_SUM, 0.5, 6.5},
        {"too few", AGGREGATE_SUM, 0.51, NAN},
        {"too few, avg_zero", AGGREGATE_AVG_ZERO, 0.6, NAN},
    };
    EACH_ROW (rows, r) {
        const struct schema schema = {.aggregation = r->how, .x_files_factor = r->factor};
        EXPECT_F64(aggregate(&schema, some, COUNT_OF(some)), r->want, 0.0);
    }
}

TEST(the_factor_counts_as_a_32_bit_float)
{
    static const double one[] = {1.0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    const struct schema tenth = {.aggregation = AGGREGATE_SUM, .x_files_factor = 0.1};
    EXPECT(is_gap(aggregate(&tenth, one, 10))); /* 0.1 as a float is above 1/10 */
    const struct schema less = {.aggregation = AGGREGATE_SUM, .x_files_factor = 0.099};
    EXPECT_F64(aggregate(&less, one, 10), 1.0, 0.0);
}

TEST(nothing_known_is_a_gap)
{
    static const double none[] = {NAN, NAN, NAN};
    for (int how = AGGREGATE_AVERAGE; how <= AGGREGATE_ABSMIN; how++) {
        const struct schema schema = {.aggregation = (enum aggregation)how};
        EXPECT(is_gap(aggregate(&schema, none, 3)));
        EXPECT(is_gap(aggregate(&schema, none, 0)));
    }
}

TEST(equal_means_every_part)
{
    struct schema a = {.n_archives = 1, .archives = {{60, 10}}, .x_files_factor = 0.5};
    struct schema b = a;
    b.archives[1] = (struct archive){1, 1}; /* past the end: does not count */
    EXPECT(schema_equal(&a, &b));
    b.archives[0].n_points = 11;
    EXPECT(!schema_equal(&a, &b));
    b = a;
    b.aggregation = AGGREGATE_SUM;
    EXPECT(!schema_equal(&a, &b));
    b = a;
    b.x_files_factor = 0.0;
    EXPECT(!schema_equal(&a, &b));
    b = a;
    b.n_archives = 0;
    EXPECT(!schema_equal(&a, &b));
}

RUN_TESTS(test_of(reads_what_old_and_odd_files_say), test_of(a_fingerprint_tells_rules_apart),
          test_of(reads_retentions), test_of(refuses_retentions_that_cannot_work),
          test_of(the_first_match_wins), test_of(without_files_the_default_holds),
          test_of(says_which_line_is_wrong), test_of(knows_every_method),
          test_of(aggregates_as_whisper_does), test_of(the_factor_counts_as_a_32_bit_float),
          test_of(nothing_known_is_a_gap), test_of(equal_means_every_part))
