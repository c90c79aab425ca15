/* What a list of changes is asked by reaches whoever lists them. */
#include "api/api.h"

#include "kit/kit.h"

static struct change_query asked;
static size_t n_asked;

static bool list(void *self, const struct change_query *query, struct arena *arena,
                 struct change_list *out, struct err *err)
{
    (void)self, (void)err;
    asked = *query;
    n_asked++;
    out->items = arena_array(arena, 1, struct change);
    out->items[0] = change_blank();
    out->items[0].data = "the tail";
    out->n = 1;
    return true;
}

static const struct changes_ops ops = {.list = list};

struct answer {
    int status;
    const char *body;
};

static struct answer ask(const struct http_field *fields, size_t n)
{
    const struct api_deps deps = {.query = {.changes = {.ops = &ops}, .clock = kit_clock()},
                                  .clock = kit_clock(),
                                  .tz = tz_utc()};
    struct api *api = api_new(&deps);
    struct http_field *copy = arena_array(&kit_arena, n, struct http_field);
    memcpy(copy, fields, n * sizeof *fields);
    const struct http_request request = {.method = "GET",
                                         .path = "/api/v1/changes",
                                         .raw_query = "",
                                         .fields = copy,
                                         .n_fields = n,
                                         .n_query = n,
                                         .body = "",
                                         .peer = "127.0.0.1:1",
                                         .arena = &kit_arena};
    struct http_response response = {0};
    buf_init(&response.body, 1 << 20);
    api_handle(api, &request, &response);
    const struct answer answer = {
        response.status ? response.status : 200,
        arena_strndup(&kit_arena, buf_text(&response.body), response.body.n)};
    buf_done(&response.body);
    api_free(api);
    return answer;
}

TEST(every_condition_is_handed_on)
{
    const struct http_field fields[] = {
        {"service", "web"}, {"kind", "flag"},      {"status", "failed"},   {"env", "staging"},
        {"by", "nora"},     {"q", "log* in"},      {"from", "1500000000"}, {"until", "1500000600"},
        {"n", "7"},         {"verdict", "no_harm"}};
    const struct answer answer = ask(fields, COUNT_OF(fields));
    EXPECT_I64(answer.status, 200);
    EXPECT_TEXT(asked.service, "web");
    EXPECT_I64(asked.kind, CHANGE_FLAG);
    EXPECT_I64(asked.status, STATUS_FAILED + 1);
    EXPECT_TEXT(asked.env, "staging");
    EXPECT_TEXT(asked.by, "nora");
    EXPECT_TEXT(asked.text, "log* in");
    EXPECT_I64(asked.from_ms, 1500000000000);
    EXPECT_I64(asked.until_ms, 1500000600000);
    EXPECT_I64(asked.n_max, 7);
    EXPECT_I64(asked.verdict, VERDICT_NO_HARM + 1);
    EXPECT(!strstr(answer.body, "the tail"));
}

TEST(without_conditions_there_are_none)
{
    const struct http_field whole = {"whole", "1"};
    const struct answer answer = ask(&whole, 1);
    EXPECT(!asked.service && !asked.env && !asked.by && !asked.text);
    EXPECT_I64(asked.kind, -1);
    EXPECT_I64(asked.status, 0);
    EXPECT_I64(asked.verdict, 0);
    EXPECT(strstr(answer.body, "\"verdict\":null"));
    EXPECT(strstr(answer.body, "\"data\":\"the tail\""));
}

TEST(nonsense_is_named)
{
    static const struct http_field rows[] = {{"status", "broken"},
                                             {"kind", "party"},
                                             {"from", "yesterdya"},
                                             {"n", "many"},
                                             {"verdict", "guilty"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const size_t before = n_asked;
        kit_row(rows[i].key);
        const struct answer answer = ask(&rows[i], 1);
        EXPECT_I64(answer.status, 400);
        EXPECT(strstr(answer.body, rows[i].key));
        EXPECT_I64(n_asked, before);
    }
    kit_row(NULL);
}

RUN_TESTS(test_of(every_condition_is_handed_on), test_of(without_conditions_there_are_none),
          test_of(nonsense_is_named))
