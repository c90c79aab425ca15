/* /functions with a table of its own. */
#include <string.h>

#include "kit/kit.h"
#include "query/function.h"
#include "query/query.h"

static bool nothing(struct call *call UNUSED, struct series_list *io UNUSED, struct err *err UNUSED)
{
    return true;
}

static const struct function fn_scale = {
    .name = "scale",
    .group = "Transform",
    .params = {{"seriesList", PARAM_SERIES_LIST}, {"factor", PARAM_FLOAT}},
    .run = nothing,
    .about = "Multiplies.",
    .example = "scale(a,2)",
};
static const struct function fn_sum = {
    .name = "sumSeries",
    .group = "Combine",
    .params = {{"seriesLists", PARAM_SERIES_LISTS, .is_multiple = true}},
    .run = nothing,
    .about = "Adds.",
};
static const struct function fn_summarize = {
    .name = "summarize",
    .group = "Transform",
    .params = {{"seriesList", PARAM_SERIES_LIST},
               {"intervalString", PARAM_INTERVAL},
               {"func", PARAM_AGG_FUNC, .fallback = "\"sum\""},
               {"alignToFrom", PARAM_BOOL, .fallback = "false"},
               {"x", PARAM_FLOAT, .is_optional = true},
               {"limit", PARAM_INT_OR_INF, .fallback = "1e9999"}},
    .run = nothing,
    .about = "Buckets.",
};

const struct function_entry functions_all[] = {
    {"scale", &fn_scale},
    {"sum", &fn_sum},
    {"sumSeries", &fn_sum},
    {"summarize", &fn_summarize},
};
const size_t n_functions = COUNT_OF(functions_all);

const struct function *function_find(const char *name UNUSED)
{
    return NULL;
}

static const char *text_of(struct buf *out)
{
    const char *text = arena_strdup(&kit_arena, buf_text(out));
    buf_done(out);
    return text;
}

static const char *one(const char *name)
{
    struct buf out;
    struct jsonw json;
    buf_init(&out, 1 << 16);
    jsonw_init(&json, &out, 0);
    EXPECT(query_write_function(&json, name));
    return text_of(&out);
}

static const char *all(bool is_grouped, const char *group)
{
    struct buf out;
    struct jsonw json;
    buf_init(&out, 1 << 16);
    jsonw_init(&json, &out, 0);
    query_write_functions(&json, is_grouped, group);
    return text_of(&out);
}

/* text without blanks: how the writer spaces is its own matter */
static const char *squeezed(const char *text)
{
    char *out = arena_strdup(&kit_arena, text);
    size_t n = 0;
    for (const char *c = text; *c; c++) {
        if (*c != ' ')
            out[n++] = *c;
    }
    out[n] = '\0';
    return out;
}

TEST(describes_a_function)
{
    EXPECT_TEXT(squeezed(one("scale")),
                "{\"name\":\"scale\",\"function\":\"scale(seriesList,factor)\","
                "\"description\":\"Multiplies.\\n\\nExample:\\n\\n..code-block::none\\n\\n"
                "&target=scale(a,2)\\n\",\"module\":\"graphite.render.functions\","
                "\"group\":\"Transform\",\"params\":[{\"name\":\"seriesList\","
                "\"type\":\"seriesList\",\"required\":true},{\"name\":\"factor\","
                "\"type\":\"float\",\"required\":true}]}");
}

TEST(says_defaults_choices_and_repetition)
{
    const char *text = squeezed(one("summarize"));
    EXPECT(strstr(text, "summarize(seriesList,intervalString,func='sum',alignToFrom=False,x=None,"
                        "limit=inf)"));
    EXPECT(strstr(text, "{\"name\":\"func\",\"type\":\"aggFunc\",\"default\":\"sum\","
                        "\"options\":[\"average\",\"avg\","));
    EXPECT(strstr(text, "{\"name\":\"alignToFrom\",\"type\":\"boolean\",\"default\":false}"));
    EXPECT(strstr(text, "{\"name\":\"x\",\"type\":\"float\"}"));
    EXPECT(strstr(text, "\"type\":\"interval\",\"required\":true,\"suggestions\":[\"1min\""));
    text = squeezed(one("sum"));
    EXPECT(strstr(text, "\"name\":\"sum\",\"function\":\"sum(*seriesLists)\""));
    EXPECT(strstr(text, "{\"name\":\"seriesLists\",\"type\":\"seriesList\",\"required\":true,"
                        "\"multiple\":true}"));
}

TEST(lists_by_name_and_by_group)
{
    const char *text = squeezed(all(false, NULL));
    EXPECT(strncmp(text, "{\"scale\":{\"name\":\"scale\"", 24) == 0);
    EXPECT(strstr(text, "\"summarize\":{"));
    text = squeezed(all(false, "Combine"));
    EXPECT(!strstr(text, "\"scale\""));
    EXPECT(strstr(text, "\"sum\":{"));
    EXPECT(strstr(text, "\"sumSeries\":{"));
    text = squeezed(all(true, NULL));
    EXPECT(strncmp(text, "{\"Transform\":{\"scale\":{", 23) == 0);
    EXPECT(strstr(text, "},\"Combine\":{\"sum\":{"));
    EXPECT(strncmp(squeezed(all(true, "Combine")), "{\"Combine\":{\"sum\":{", 19) == 0);
    EXPECT_TEXT(squeezed(all(true, "nosuch")), "{}");
}

TEST(knows_what_there_is)
{
    struct buf out;
    struct jsonw json;
    size_t n;
    buf_init(&out, 1 << 16);
    jsonw_init(&json, &out, 0);
    EXPECT(!query_write_function(&json, "nosuch"));
    EXPECT_TEXT(buf_text(&out), "");
    buf_done(&out);
    EXPECT_TEXT(query_function_names(&n)[3], "summarize");
    EXPECT_I64(n, 4);
}

RUN_TESTS(test_of(describes_a_function), test_of(says_defaults_choices_and_repetition),
          test_of(lists_by_name_and_by_group), test_of(knows_what_there_is))
