#include "api/api.h"
#include "kit/fake_source.h"
#include "kit/kit.h"

static const double values[] = {1};
static const struct fake_series series[] = {
    {"cpu;dc=east;host=a", 1500000000, 60, values, 1},
    {"cpu;dc=east;host=b", 1500000000, 60, values, 1},
    {"cpu;dc=west;host=a", 1500000000, 60, values, 1},
    {"mem;dc=west", 1500000000, 60, values, 1},
    {"web.hits", 1500000000, 60, values, 1},
};
static struct fake_source fake = {.items = series, .n = COUNT_OF(series)};

/* What was asked of the store, as "create a b " and "hide c ". */
static struct {
    const char *text;
    bool is_refusing;
} told;

static bool tell(const char *verb, const struct str *names, size_t n, struct err *err)
{
    if (told.is_refusing)
        return FAIL(err, ERR_LIMIT, "no more series");
    told.text = arena_printf(&kit_arena, "%s%s ", told.text, verb);
    for (size_t i = 0; i < n; i++)
        told.text = arena_printf(&kit_arena, "%s" STR_FMT " ", told.text, STR_ARG(names[i]));
    return true;
}

static bool create(void *self, const struct str *names, size_t n, struct err *err)
{
    (void)self;
    return tell("create", names, n, err);
}

static bool hide(void *self, const struct str *names, size_t n, struct err *err)
{
    (void)self;
    return tell("hide", names, n, err);
}

struct answer {
    int status;
    const char *body;
};

/* The query is "a=b&c=d" without escapes. */
static struct answer ask(const char *method, const char *path, const char *query)
{
    const struct api_deps deps = {.query = {.source = fake_source(&fake), .clock = kit_clock()},
                                  .clock = kit_clock(),
                                  .tz = tz_utc(),
                                  .series_create = create,
                                  .series_hide = hide};
    struct api *api = api_new(&deps);
    struct http_field fields[100];
    size_t n = 0;
    struct str rest = str_of(query), piece, key;
    while (query[0] && str_split(&rest, '&', &piece) && n < COUNT_OF(fields)) {
        EXPECT(str_split(&piece, '=', &key));
        fields[n++] = (struct http_field){arena_strndup(&kit_arena, key.at, key.n),
                                          arena_strndup(&kit_arena, piece.at, piece.n)};
    }
    const struct http_request request = {.method = method,
                                         .path = path,
                                         .raw_query = query,
                                         .fields = fields,
                                         .n_fields = n,
                                         .body = "",
                                         .peer = "127.0.0.1:1",
                                         .arena = &kit_arena};
    struct http_response response = {0};
    buf_init(&response.body, 1 << 20);
    told.text = "";
    api_handle(api, &request, &response);
    struct answer answer = {response.status ? response.status : 200,
                            arena_strdup(&kit_arena, buf_text(&response.body))};
    buf_done(&response.body);
    api_free(api);
    return answer;
}

TEST(lists_and_completes)
{
    static const struct {
        const char *row, *path, *query, *body;
    } rows[] = {
        {"tags", "/tags", "", "[{\"tag\":\"dc\"},{\"tag\":\"host\"},{\"tag\":\"name\"}]"},
        {"a slash behind", "/tags/", "limit=1", "[{\"tag\":\"dc\"}]"},
        {"a filter is anchored", "/tags", "filter=o|d", "[{\"tag\":\"dc\"}]"},
        {"unless it is already", "/tags", "filter=^.*o", "[{\"tag\":\"host\"}]"},
        {"empty parameters are none", "/tags",
         "filter=&limit=", "[{\"tag\":\"dc\"},{\"tag\":\"host\"},{\"tag\":\"name\"}]"},
        {"none wanted", "/tags", "limit=0", "[]"},
        {"one tag", "/tags/host", "",
         "{\"tag\":\"host\",\"values\":[{\"value\":\"a\",\"count\":2},"
         "{\"value\":\"b\",\"count\":1}]}"},
        {"the first of its values", "/tags/name", "filter=^m&limit=1",
         "{\"tag\":\"name\",\"values\":[{\"value\":\"mem\",\"count\":1}]}"},
        {"no such value", "/tags/host", "filter=zz", "{\"tag\":\"host\",\"values\":[]}"},
        {"no such tag", "/tags/hos", "", "null"},
        {"series", "/tags/findSeries", "expr=dc=east&expr=host!=a", "[\"cpu;dc=east;host=b\"]"},
        {"series, Rails", "/tags/findSeries", "expr[]=name=~^web", "[\"web.hits\"]"},
        {"tag names", "/tags/autoComplete/tags", "", "[\"dc\",\"host\",\"name\"]"},
        {"the first of those", "/tags/autoComplete/tags", "limit=2", "[\"dc\",\"host\"]"},
        {"none of those", "/tags/autoComplete/tags", "limit=0", "[]"},
        {"by prefix", "/tags/autoComplete/tags", "tagPrefix=h", "[\"host\"]"},
        {"of some series, but the known", "/tags/autoComplete/tags", "expr=name=mem", "[\"dc\"]"},
        {"of some series by prefix", "/tags/autoComplete/tags", "expr=dc=east&tagPrefix=n",
         "[\"name\"]"},
        {"the first of some series", "/tags/autoComplete/tags", "expr=dc=east&limit=1",
         "[\"host\"]"},
        {"values", "/tags/autoComplete/values", "tag=dc", "[\"east\",\"west\"]"},
        {"values by prefix", "/tags/autoComplete/values", "tag=dc&valuePrefix=w", "[\"west\"]"},
        {"values of some series", "/tags/autoComplete/values", "tag=host&expr=dc=west", "[\"a\"]"},
        {"also of the same tag", "/tags/autoComplete/values", "tag=dc&expr=dc=~.*",
         "[\"east\",\"west\"]"},
        {"values nobody has", "/tags/autoComplete/values", "tag=nosuch", "[]"},
    };
    EACH_ROW (rows, r) {
        struct answer answer = ask("GET", r->path, r->query);
        EXPECT_I64(answer.status, 200);
        EXPECT_TEXT(answer.body, r->body);
    }
}

TEST(refuses_what_makes_no_sense)
{
    static const struct {
        const char *row, *method, *path, *query;
        int status;
        const char *part;
    } rows[] = {
        {"no expression", "GET", "/tags/findSeries", "", 400, "expressions"},
        {"no expression at all", "GET", "/tags/findSeries", "expr=garbage", 400, "garbage"},
        {"bad regular expression", "GET", "/tags/findSeries", "expr=dc=~[", 400, ""},
        {"bad filter", "GET", "/tags", "filter=(", 400, ""},
        {"bad limit", "GET", "/tags", "limit=ten", 400, "limit"},
        {"limit below 0", "GET", "/tags/dc", "limit=-1", 400, "limit"},
        {"no tag", "GET", "/tags/autoComplete/values", "tag=", 400, "tag"},
        {"POST of the list", "POST", "/tags", "", 405, "GET"},
        {"GET of tagSeries", "GET", "/tags/tagSeries", "path=x;a=b", 405, "POST"},
        {"GET of delSeries", "GET", "/tags/delSeries", "path=x;a=b", 405, "POST"},
        {"no path", "POST", "/tags/tagSeries", "", 400, "path"},
        {"no paths", "POST", "/tags/tagMultiSeries", "", 400, "path"},
        {"nothing to delete", "POST", "/tags/delSeries", "", 400, "path"},
        {"no value", "POST", "/tags/tagSeries", "path=x;a", 400, "bad tag"},
        {"no name", "POST", "/tags/tagSeries", "path=;a=b", 400, "path"},
        {"one bad of two", "POST", "/tags/delSeries", "path=x;a=b&path=y;c", 400, "y;c"},
    };
    EACH_ROW (rows, r) {
        struct answer answer = ask(r->method, r->path, r->query);
        EXPECT_I64(answer.status, r->status);
        EXPECT(strstr(answer.body, r->part) != NULL);
        EXPECT_TEXT(told.text, "");
    }
}

TEST(too_many_expressions_are_refused)
{
    const char *query = "expr=a=b";
    for (int i = 0; i < 63; i++)
        query = arena_printf(&kit_arena, "%s&expr=a=b", query);
    struct answer answer = ask("GET", "/tags/findSeries", query);
    EXPECT_I64(answer.status, 413);
    EXPECT(strstr(answer.body, "63 times expr") != NULL);
}

TEST(registers_and_removes)
{
    static const struct {
        const char *row, *path, *query, *body, *told;
    } rows[] = {
        {"one", "/tags/tagSeries", "path=x;b=2;a=1", "\"x;a=1;b=2\"", "create x;a=1;b=2 "},
        {"OpenMetrics", "/tags/tagSeries", "path=x{b=\"2\",a=\"1\"}", "\"x;a=1;b=2\"",
         "create x;a=1;b=2 "},
        {"the last of two", "/tags/tagSeries", "path=x;a=1&path=y;a=1", "\"y;a=1\"",
         "create y;a=1 "},
        {"two", "/tags/tagMultiSeries", "path=y;b=2;a=1&path=a.b", "[\"y;a=1;b=2\",\"a.b\"]",
         "create y;a=1;b=2 a.b "},
        {"two, Rails", "/tags/tagMultiSeries", "path[]=y;a=1&path[]=x;a=1", "[\"y;a=1\",\"x;a=1\"]",
         "create y;a=1 x;a=1 "},
        {"removed", "/tags/delSeries", "path=x;b=2;a=1&path=nosuch", "true",
         "hide x;a=1;b=2 nosuch "},
    };
    EACH_ROW (rows, r) {
        struct answer answer = ask("POST", r->path, r->query);
        EXPECT_I64(answer.status, 200);
        EXPECT_TEXT(answer.body, r->body);
        EXPECT_TEXT(told.text, r->told);
    }
    told.is_refusing = true;
    EXPECT_I64(ask("POST", "/tags/tagSeries", "path=x;a=1").status, 413);
    EXPECT_I64(ask("POST", "/tags/delSeries", "path=x;a=1").status, 413);
    told.is_refusing = false;
}

RUN_TESTS(test_of(lists_and_completes), test_of(refuses_what_makes_no_sense),
          test_of(too_many_expressions_are_refused), test_of(registers_and_removes))
