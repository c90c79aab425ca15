#include "api/api.h"

#include <math.h>

#include "kit/fake_source.h"
#include "kit/kit.h"

/* 2017-07-14 02:40 UTC, where the kit's clock stands. */
#define NOW_S 1500000000

static double ramp[60];
static const struct fake_series series[] = {
    {"web.hits", NOW_S - 3600, 60, ramp, 60},
    {"web.errors.total", NOW_S - 3600, 60, ramp, 60},
};
static struct fake_source fake = {.items = series, .n = COUNT_OF(series)};
static struct ledger *ledger;
static struct api *api;

static const struct tz *no_zone(const char *name)
{
    (void)name;
    return NULL;
}

static void write_nothing(void *self, size_t n_max, struct jsonw *json)
{
    (void)self, (void)n_max;
    jsonw_array(json);
    jsonw_end(json);
}

static void write_number(void *self, struct jsonw *json)
{
    (void)self;
    jsonw_object(json);
    jsonw_put_i64(json, "store.points", 42);
    jsonw_end(json);
}

static bool flush_nothing(void *self, struct err *err)
{
    (void)self, (void)err;
    return true;
}

static void start(void)
{
    for (size_t i = 0; i < COUNT_OF(ramp); i++)
        ramp[i] = (double)i;
    const struct ledger_options options = {.path = kit_path(kit_temp_dir(), "ledger.db"),
                                           .clock = kit_clock()};
    EXPECT_OK(ledger_open(&options, &ledger, &kit_err));
    const struct api_deps deps = {
        .query = {.source = fake_source(&fake),
                  .changes = ledger_changes(ledger),
                  .limits = query_limits_default(),
                  .clock = kit_clock()},
        .ledger = ledger,
        .clock = kit_clock(),
        .tz = tz_utc(),
        .zone_find = no_zone,
        .write_rejects = write_nothing,
        .write_stats = write_number,
        .flush = flush_nothing,
    };
    api = api_new(&deps);
}

static void stop(void)
{
    api_free(api);
    ledger_close(ledger);
}

static const char *peer = "127.0.0.1:1";

struct answer {
    int status;
    const char *type, *body;
};

/* One request; the query is "a=b&c=d" without escapes. */
static struct answer ask(const char *method, const char *path, const char *query, const char *body)
{
    struct http_field *fields = arena_array(&kit_arena, 20, struct http_field);
    size_t n = 0;
    struct str rest = str_of(query), piece;
    while (query[0] && str_split(&rest, '&', &piece)) {
        const char *equals = memchr(piece.at, '=', piece.n);
        size_t key_n = equals ? (size_t)(equals - piece.at) : piece.n;
        fields[n++] = (struct http_field){
            arena_strndup(&kit_arena, piece.at, key_n),
            equals ? arena_strndup(&kit_arena, equals + 1, piece.n - key_n - 1) : ""};
    }
    const struct http_request request = {.method = method,
                                         .path = path,
                                         .raw_query = query,
                                         .fields = fields,
                                         .n_fields = n,
                                         .n_query = n,
                                         .body = body,
                                         .n_body = strlen(body),
                                         .peer = peer,
                                         .arena = &kit_arena};
    struct http_response response = {0};
    buf_init(&response.body, 1 << 20);
    api_handle(api, &request, &response);
    struct answer answer = {response.status ? response.status : 200, response.content_type,
                            arena_strndup(&kit_arena, buf_text(&response.body), response.body.n)};
    buf_done(&response.body);
    return answer;
}

TEST(each_route_answers)
{
    static const struct {
        const char *row, *method, *path, *query, *body;
        int status;
        const char *part;
    } rows[] = {
        {"render", "GET", "/render", "target=web.hits&format=json&from=-5min", "", 200,
         "\"target\":\"web.hits\""},
        {"trailing slash", "GET", "/render/", "target=web.hits&format=raw&from=-2min", "", 200,
         "web.hits,1499999940,1500000060,60|59.0,None"},
        {"csv", "GET", "/render", "target=web.hits&format=csv&from=-2min", "", 200,
         "web.hits,2017-07-14 02:39:00,59.0"},
        {"no target", "GET", "/render", "format=json", "", 200, "[]"},
        {"jsonp", "GET", "/render", "target=x.y&format=json&jsonp=cb", "", 200, "cb([])"},
        {"bad jsonp", "GET", "/render", "target=x.y&format=json&jsonp=a(b", "", 400, "jsonp"},
        {"unknown function", "GET", "/render", "target=scael(web.hits,2)&format=json", "", 400,
         "scale"},
        {"bad time", "GET", "/render", "target=web.hits&from=yesterdya&format=json", "", 400,
         "from"},
        {"empty range", "GET", "/render", "target=web.hits&from=now&until=now&format=json", "", 400,
         "empty time range"},
        {"bad number", "GET", "/render", "target=web.hits&maxDataPoints=0&format=json", "", 400,
         "maxDataPoints"},
        {"find", "GET", "/metrics/find", "query=web.*", "", 200,
         "\"text\":\"errors\",\"id\":\"web.errors\",\"allowChildren\":1"},
        {"find without query", "GET", "/metrics/find", "", "", 400, "query= is missing"},
        {"expand", "GET", "/metrics/expand", "query=web.*", "", 200,
         "{\"results\":[\"web.errors\",\"web.hits\"]}"},
        {"index", "GET", "/metrics/index.json", "", "", 200, "[\"web.errors.total\",\"web.hits\"]"},
        {"Prometheus", "GET", "/metrics", "", "", 200, "plumb_store_points 42\n"},
        {"version", "GET", "/version/", "", "", 200, "1.1."},
        {"functions", "GET", "/functions", "", "", 200, "\"movingAverage\""},
        {"one function", "GET", "/functions/scale", "", "", 200, "\"scale(seriesList, factor)\""},
        {"no such function", "GET", "/functions/nosuch", "", "", 404, "nosuch"},
        {"nearly a function", "GET", "/functions/scael", "", "", 404, "did you mean scale?"},
        {"no such kind of change", "GET", "/api/v1/changes", "kind=party", "", 400,
         "one of deploy, config"},
        {"another origin's page", "OPTIONS", "/render", "", "", 405, "OPTIONS"},
        {"events", "GET", "/events/get_data", "", "", 200, "[]"},
        {"nothing there", "GET", "/nosuch/page", "", "", 404, "/nosuch/page"},
        {"wrong method", "PUT", "/events/", "", "{}", 405, "PUT"},
        {"a piece of a method", "OST", "/api/v1/flush", "", "", 405, "OST"},
        {"GET of what is told", "GET", "/deploy/website", "", "", 405, "but POST"},
        {"no such kind", "POST", "/depoly/website", "", "", 404, "/depoly/website"},
        {"the last of two counts", "GET", "/render", "target=web.hits&format=png&format=raw", "",
         200, "web.hits,"},
        {"too many tags", "GET", "/events/get_data",
         "tags=a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6 7 8", "", 400,
         "tags"},
        {"no such event", "GET", "/events/7/", "", "", 404, "does not exist"},
        {"no such change", "GET", "/api/v1/changes/01ARZ3NDEK", "", "", 404, "01ARZ3NDEK"},
        {"hooks", "GET", "/hook", "", "", 200, "launchdarkly"},
        {"hooks as JSON", "GET", "/hook", "format=json", "", 200, "{\"hooks\":[],\"sources\":["},
        {"no such hook source", "POST", "/hook/gitlub/main", "", "{}", 404,
         "did you mean /hook/git"},
        {"a hook without a name", "POST", "/hook/jenkins", "", "{}", 400, "/hook/jenkins/NAME"},
        {"a hook that cannot be read", "POST", "/hook/jenkins/a", "", "{", 400, "not JSON"},
        {"what arrived there", "GET", "/hook/jenkins/a", "", "", 200, "not JSON"},
        {"ping", "GET", "/ping", "", "", 200, "ok"},
        {"flush", "POST", "/api/v1/flush", "", "", 200, "on disk"},
    };
    start();
    EACH_ROW (rows, r) {
        struct answer answer = ask(r->method, r->path, r->query, r->body);
        EXPECT_I64(answer.status, r->status);
        EXPECT(strstr(answer.body, r->part) != NULL);
        if (!strstr(answer.body, r->part))
            print_message("%s: %.300s\n", r->row, answer.body);
    }
    stop();
}

TEST(a_hook_without_a_secret_is_for_this_machine)
{
    static const struct {
        const char *row; /* the peer */
        int status;
    } rows[] = {
        {"127.0.0.1:41234", 202},     {"127.8.8.8:1", 202},
        {"[::1]:41234", 202},         {"[::ffff:127.0.0.1]:1", 202},
        {"10.0.0.1:41234", 401},      {"[2001:db8::1]:1", 401},
        {"[::ffff:10.0.0.1]:1", 401}, {"", 401},
    };
    static const char build[] = "{\"name\":\"a\",\"build\":{\"number\":1,\"phase\":\"STARTED\"}}";
    start();
    EACH_ROW (rows, r) {
        peer = r->row;
        struct answer answer = ask("POST", "/hook/jenkins/main", "", build);
        EXPECT_I64(answer.status, r->status);
        if (r->status == 401)
            EXPECT(strstr(answer.body, "plumb.conf has no [hook jenkins/main]") != NULL);
    }
    peer = "127.0.0.1:1";
    stop();
}

TEST(draws_a_png_and_an_svg)
{
    start();
    struct answer png = ask("GET", "/render", "target=web.hits&from=-1h", "");
    EXPECT_TEXT(png.type, "image/png");
    EXPECT(memcmp(png.body, "\x89PNG", 4) == 0);
    struct answer svg = ask("GET", "/render", "target=web.hits&from=-1h&format=svg", "");
    EXPECT(strstr(svg.body, "<svg") != NULL);
    stop();
}

TEST(a_change_told_over_http_is_listed)
{
    start();
    EXPECT_I64(ask("POST", "/deploy/website", "rev=4f2c1e9", "fix login\n").status, 200);
    EXPECT_I64(ask("POST", "/deploy/search/start", "", "").status, 200);
    struct answer list = ask("GET", "/api/v1/changes", "", "");
    EXPECT(strstr(list.body, "\"msg\":\"fix login\"") != NULL);
    EXPECT(strstr(list.body, "\"status\":\"running\"") != NULL);
    kit_now_us += 60000000;
    EXPECT_I64(ask("POST", "/deploy/search/fail", "", "disk full").status, 200);
    list = ask("GET", "/api/v1/changes", "service=search", "");
    EXPECT(strstr(list.body, "\"status\":\"failed\"") != NULL);
    EXPECT(strstr(list.body, "\"msg\":\"disk full\"") != NULL);
    EXPECT_I64(ask("POST", "/deploy/search/ok", "", "").status, 404);
    EXPECT_I64(ask("POST", "/deploy/web site", "", "").status, 400);
    stop();
}

TEST(a_train_moves_by_its_verbs)
{
    static const struct {
        const char *row, *method, *path, *query, *body;
        int status;
        const char *part;
    } rows[] = {
        {"nobody yet", "GET", "/api/v1/train/website", "", "", 200, "\"topic\":\"clear\""},
        {"joins", "POST", "/api/v1/train/website", "", "{\"verb\":\"join\",\"who\":\"nora\"}", 200,
         "\"turn\":true,\"cars\":[{\"stage\":\"\",\"driver\":\"nora\",\"members\":[{\"name\":"
         "\"nora\",\"mark\":\"\"}]}],\"by\":\"nora\",\"at\":1500000000.0}"},
        {"joins behind", "POST", "/api/v1/train/website", "",
         "{\"verb\":\"join\",\"arg\":\"last\",\"who\":\"lee\"}", 200,
         "\"topic\":\"nora | lee\",\"hold\":\"\",\"turn\":false"},
        {"not the turn", "POST", "/api/v1/train/website", "",
         "{\"verb\":\"at\",\"arg\":\"prod\",\"who\":\"lee\"}", 423,
         "not your turn: nora is at work"},
        {"hold", "POST", "/api/v1/train/website", "",
         "{\"verb\":\"hold\",\"arg\":\"db move\",\"who\":\"ops\"}", 200, "\"hold\":\"db move\""},
        {"whose turn", "GET", "/api/v1/train/website", "who=nora", "", 200, "\"turn\":false"},
        {"list", "GET", "/api/v1/train", "", "", 200, "[{\"name\":\"website\""},
        {"not aboard", "POST", "/api/v1/train/website", "",
         "{\"verb\":\"nevermind\",\"who\":\"sam\"}", 404, "sam is not aboard"},
        {"no verb", "POST", "/api/v1/train/website", "", "{\"who\":\"sam\"}", 400, "\"verb\""},
        {"wrong verb", "POST", "/api/v1/train/website", "", "{\"verb\":\"jion\",\"who\":\"sam\"}",
         400, "did you mean join?"},
        {"nobody", "POST", "/api/v1/train/website", "", "{\"verb\":\"join\"}", 400, "who is it?"},
        {"no JSON", "POST", "/api/v1/train/website", "", "join", 400, "no JSON object"},
        {"no such name", "GET", "/api/v1/train/web%20site", "", "", 400, "no name of a train"},
    };
    start();
    EACH_ROW (rows, r) {
        const struct answer got = ask(r->method, r->path, r->query, r->body);
        EXPECT_I64(got.status, r->status);
        kit_expect(strstr(got.body, r->part) != NULL, __FILE__, __LINE__, "%s", got.body);
    }
    stop();
}

TEST(a_rollback_ends_what_is_under_way_and_points_at_it)
{
    start();
    EXPECT_I64(ask("POST", "/deploy/website/start", "", "new cart").status, 200);
    kit_now_us += 60000000;
    EXPECT_I64(ask("POST", "/deploy/website/rollback", "", "cart is broken").status, 200);
    struct answer list = ask("GET", "/api/v1/changes", "", "");
    EXPECT(strstr(list.body, "\"status\":\"running\"") == NULL);
    EXPECT(strstr(list.body, "\"status\":\"failed\"") != NULL);
    EXPECT(strstr(list.body, "\"action\":\"rollback\"") != NULL);
    EXPECT(strstr(list.body, "\"of\":\"01") != NULL);
    EXPECT_I64(ask("POST", "/deploy/search/rollback", "", "nothing is open").status, 200);
    stop();
}

/* As curl -d sends it: a form to HTTP, a message to us. */
static struct answer tell(const char *path, const char *message)
{
    const struct http_field fields[] = {
        {"env", "staging is broken"}, {"at", "noon"}, {"jsonp", "no name"}};
    const struct http_request request = {.method = "POST",
                                         .path = path,
                                         .raw_query = "",
                                         .fields = fields,
                                         .n_fields = 3,
                                         .body = message,
                                         .n_body = strlen(message),
                                         .peer = "127.0.0.1:1",
                                         .arena = &kit_arena};
    struct http_response response = {0};
    buf_init(&response.body, 1 << 20);
    api_handle(api, &request, &response);
    struct answer answer = {response.status ? response.status : 200, response.content_type,
                            arena_strdup(&kit_arena, buf_text(&response.body))};
    buf_done(&response.body);
    return answer;
}

TEST(a_message_that_looks_like_a_form_stays_a_message)
{
    start();
    EXPECT_I64(tell("/deploy/website", "env=staging is broken&at=noon&jsonp=no name").status, 200);
    struct answer list = ask("GET", "/api/v1/changes", "", "");
    EXPECT(strstr(list.body, "\"msg\":\"env=staging is broken&at=noon&jsonp=no name\"") != NULL);
    EXPECT(strstr(list.body, "\"env\":\"production\"") != NULL);
    stop();
}

TEST(services_may_be_called_like_verbs_and_hold_slashes)
{
    start();
    EXPECT_I64(ask("POST", "/deploy/ok", "", "").status, 200);
    EXPECT_I64(ask("POST", "/deploy/ok/start", "", "again").status, 200);
    EXPECT_I64(ask("POST", "/deploy/ok/ok/", "", "done").status, 200);
    EXPECT(strstr(ask("GET", "/api/v1/changes", "service=ok", "").body, "\"running\"") == NULL);
    EXPECT_I64(ask("POST", "/deploy/web/checkout/start", "", "").status, 200);
    EXPECT_I64(ask("POST", "/deploy/Web/Checkout/fail", "", "").status, 200);
    struct answer list = ask("GET", "/api/v1/changes", "service=web/checkout", "");
    EXPECT(strstr(list.body, "\"status\":\"failed\"") != NULL);
    EXPECT_I64(ask("POST", "/note", "", "lunch").status, 200);
    EXPECT_I64(ask("POST", "/note/", "", "tea").status, 200);
    EXPECT_I64(ask("POST", "/deploy", "", "").status, 404);
    stop();
}

TEST(an_end_with_a_key_finds_its_own_start)
{
    start();
    EXPECT_I64(ask("POST", "/deploy/web/start", "key=a", "").status, 200);
    kit_now_us += 300000000;
    EXPECT_I64(ask("POST", "/deploy/web/start", "key=b", "").status, 200);
    kit_now_us += 1000000;
    EXPECT_I64(ask("POST", "/deploy/web/fail", "key=a", "no room").status, 200);
    const char *list = ask("GET", "/api/v1/changes", "", "").body; /* newest first */
    const char *first = strstr(list, "\"key\":\"b\""), *second = strstr(list, "\"key\":\"a\"");
    EXPECT(first && second && first < second);
    EXPECT(first && second && strstr(first, "\"status\":\"running\"") < second);
    EXPECT(second && strstr(second, "\"status\":\"failed\"") != NULL);
    stop();
}

TEST(an_event_is_found_by_its_number)
{
    start();
    ask("POST", "/deploy/search/start", "", "");
    kit_now_us += 1000000;
    ask("POST", "/deploy/search/ok", "", ""); /* the same change is row 2 now */
    struct answer one = ask("GET", "/events/1/", "", "");
    EXPECT_I64(one.status, 200);
    EXPECT(strstr(one.body, "\"tags\":[\"deploy\",\"search\"]") != NULL);
    stop();
}

TEST(a_posted_event_is_answered_as_graphite_does)
{
    start();
    struct answer posted =
        ask("POST", "/events/", "",
            "{\"what\":\"deploy website r100\",\"tags\":[\"deploy\",\"website\"],"
            "\"when\":1499999000,\"data\":\"revision 100\"}");
    EXPECT_I64(posted.status, 200);
    EXPECT_TEXT(posted.body, "");
    struct answer got = ask("GET", "/events/get_data", "tags=deploy website", "");
    EXPECT(strstr(got.body, "{\"when\":1499999000,\"what\":\"deploy website r100\","
                            "\"data\":\"revision 100\",\"tags\":[\"deploy\",\"website\"]") != NULL);
    EXPECT_TEXT(ask("GET", "/events/get_data", "tags=nosuch", "").body, "[]");
    EXPECT_I64(ask("POST", "/events/", "", "{\"what\":\"x\",\"tags\":5}").status, 400);
    EXPECT_I64(ask("POST", "/events/", "", "not json").status, 400);
    stop();
}

TEST(routes_of_other_tools_answer)
{
    static const struct {
        const char *row, *method, *path, *body;
        int status;
        const char *part;
    } rows[] = {
        {"an annotation without text", "POST", "/api/annotations", "{\"time\":1}", 400, "\"text\""},
        {"no such annotation", "PATCH", "/api/annotations/7", "{\"text\":\"x\"}", 404, "number 7"},
        {"no number", "PATCH", "/api/annotations/x1", "{\"text\":\"x\"}", 404, "'x1'"},
        {"no annotations", "GET", "/api/annotations", "", 200, "[]"},
        {"no markers", "GET", "/1/markers/web", "", 200, "[]"},
        {"POST of a marker's number", "POST", "/1/markers/web/5", "{}", 400, "is nothing"},
        {"commits", "POST", "/api/v1/commits",
         "[{\"service\":\"web\",\"sha\":\"4f2c1e9\",\"at\":1500000000}]", 200, "{\"commits\":1}"},
        {"a bad commit", "POST", "/api/v1/commits", "[{\"sha\":\"x\"}]", 400, "[0]: sha"},
    };
    start();
    EACH_ROW (rows, r) {
        struct answer answer = ask(r->method, r->path, "", r->body);
        EXPECT_I64(answer.status, r->status);
        EXPECT(strstr(answer.body, r->part) != NULL);
    }
    stop();
}

static size_t count_of(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        n++;
    return n;
}

TEST(an_annotation_is_added_ended_and_read_back)
{
    static const char body[] =
        "{\"dashboardUID\":\"jcIIG-07z\",\"panelId\":2,\"time\":1499999000000,"
        "\"tags\":[\"deploy\",\"website\",\"env:staging\",\"team:web\"],"
        "\"text\":\"fix login\"}";
    start();
    EXPECT_TEXT(ask("POST", "/api/annotations", "", body).body,
                "{\"message\":\"Annotation added\",\"id\":1}");
    EXPECT_TEXT(ask("POST", "/api/annotations", "", body).body,
                "{\"message\":\"Annotation added\",\"id\":1}");
    struct answer list = ask("GET", "/api/v1/changes", "", "");
    EXPECT(strstr(list.body, "\"kind\":\"deploy\",\"action\":\"\",\"service\":\"website\",\"env\":"
                             "\"staging\"") != NULL);
    EXPECT(strstr(list.body, "\"team\":\"web\"") != NULL);
    EXPECT_TEXT(ask("PATCH", "/api/annotations/1", "",
                    "{\"text\":\"fixed login\",\"timeEnd\":1499999060000}")
                    .body,
                "{\"message\":\"Annotation patched\"}");
    struct answer one = ask("GET", "/api/annotations/1", "", "");
    EXPECT(strstr(one.body, "\"time\":1499999000000,\"timeEnd\":1499999060000,\"text\":\"fixed "
                            "login\",\"tags\":[\"deploy\",\"website\",\"env:staging\",") != NULL);
    EXPECT(strstr(one.body, "\"dashboardUID\":\"jcIIG-07z\",\"panelId\":2") != NULL);
    EXPECT_TEXT(
        ask("PUT", "/api/annotations/1", "",
            "{\"time\":1499999000000,\"timeEnd\":1499999090000,\"text\":\"done\",\"tags\":[]}")
            .body,
        "{\"message\":\"Annotation updated\"}");
    EXPECT_I64(ask("PATCH", "/api/annotations/1", "", "{\"timeEnd\":1400000000000}").status, 400);
    struct answer gone = ask("DELETE", "/api/annotations/1", "", "");
    EXPECT_I64(gone.status, 501);
    EXPECT(strstr(gone.body, "never deleted") && strstr(gone.body, "POST /api/v1/changes/"));
    const char *told = strstr(gone.body, "/api/v1/changes/"), *query = strstr(gone.body, "?by=");
    const char *path = arena_strndup(&kit_arena, told, (size_t)(query - told));
    EXPECT_I64(ask("POST", path, "by=nora&why=wrong", "").status, 200); /* the hint is true */
    EXPECT_I64(ask("POST", arena_printf(&kit_arena, "%.*srestore", (int)(strlen(path) - 7), path),
                   "by=nora&why=right", "")
                   .status,
               200);
    list = ask("GET", "/api/v1/changes", "", "");
    EXPECT(strstr(list.body, "\"end\":1499999090.0,\"status\":\"succeeded\"") != NULL);
    EXPECT_I64(count_of(list.body, "\"id\":"), 1); /* it stayed one change */
    stop();
}

TEST(an_annotation_in_seconds_is_taken_and_warned_of)
{
    start();
    struct answer got = ask("POST", "/api/annotations", "",
                            "{\"time\":1499999000,\"tags\":[\"x\"],\"text\":\"late\"}");
    EXPECT(strstr(got.body, "\"id\":1,\"warning\":\"\\\"time\\\" was taken as seconds") != NULL);
    EXPECT(strstr(ask("GET", "/api/annotations", "", "").body, "\"time\":1499999000000") != NULL);
    stop();
}

TEST(graphite_annotations_and_other_doors)
{
    start();
    EXPECT_TEXT(ask("POST", "/api/annotations/graphite", "",
                    "{\"what\":\"Event - deploy\",\"tags\":\"deploy website\",\"when\":1499999000,"
                    "\"data\":\"deploy of master branch\"}")
                    .body,
                "{\"message\":\"Graphite annotation added\",\"id\":1}");
    EXPECT(strstr(ask("GET", "/api/v1/changes", "", "").body, "\"service\":\"website\"") != NULL);
    EXPECT_I64(ask("POST", "/api/annotations/graphite", "", "{\"tags\":[\"a\"]}").status, 400);
    EXPECT_I64(ask("POST", "/deploy/search", "", "by hand").status, 200);
    struct answer refused = ask("PATCH", "/api/annotations/2", "", "{\"text\":\"x\"}");
    EXPECT_I64(refused.status, 403);
    EXPECT(strstr(refused.body, "another door (http)") != NULL);
    const char *other = strstr(refused.body, "/api/v1/changes/");
    EXPECT(strstr(refused.body, "PATCH /api/v1/changes/") != NULL);
    EXPECT_I64(ask("PATCH", arena_strndup(&kit_arena, other, strcspn(other, " ")), "",
                   "{\"msg\":\"x\",\"by\":\"nora\",\"why\":\"a typo\"}")
                   .status,
               200);
    stop();
}

TEST(annotations_are_found_by_time_and_tags)
{
    static const struct {
        const char *row, *query;
        size_t n;
    } rows[] = {
        {"all", "", 3},
        {"a kind", "tags=deploy", 2},
        {"both tags", "tags=deploy&tags=env:staging", 1},
        {"any of them", "tags=env:staging&tags=search&matchAny=true", 2},
        {"none has it", "tags=nosuch", 0},
        {"a limit", "limit=2", 2},
        {"from", "from=1499999500000", 2},
        {"both ends count", "from=1499999500000&to=1499999500000", 1},
        {"seconds", "from=1499999600", 1},
        {"alerts are Grafana's own", "type=alert", 0},
    };
    start();
    ask("POST", "/api/annotations", "",
        "{\"time\":1499999000000,\"tags\":[\"deploy\",\"website\",\"env:staging\"],\"text\":"
        "\"a\"}");
    ask("POST", "/api/annotations", "",
        "{\"time\":1499999500000,\"tags\":[\"deploy\",\"search\"],\"text\":\"b\"}");
    ask("POST", "/api/annotations", "",
        "{\"time\":1499999600000,\"tags\":[\"lunch\"],\"text\":\"c\"}");
    EACH_ROW (rows, r) {
        struct answer got = ask("GET", "/api/annotations", r->query, "");
        EXPECT_I64(got.status, 200);
        EXPECT_I64(count_of(got.body, "\"alertId\":0"), r->n);
    }
    EXPECT_I64(ask("GET", "/api/annotations", "from=now-1h", "").status, 400);
    stop();
}

TEST(a_marker_is_added_ended_and_listed)
{
    start();
    struct answer added = ask("POST", "/1/markers/Web%20Shop", "",
                              "{\"message\":\"deploy 4f2c1e9\",\"type\":\"deploys\",\"url\":"
                              "\"https://ci/1\",\"start_time\":1499999000}");
    EXPECT_I64(added.status, 201);
    EXPECT(strstr(added.body, "\"start_time\":1499999000,\"message\":\"deploy 4f2c1e9\",\"type\":"
                              "\"deploys\",\"url\":\"https://ci/1\",\"id\":\"1\"}") != NULL);
    EXPECT(strstr(added.body, "\"created_at\":\"2017-07-14T02:40:00Z\"") != NULL);
    struct answer ended = ask("PUT", "/1/markers/web/1", "", "{\"end_time\":1499999060}");
    EXPECT_I64(ended.status, 200);
    EXPECT(strstr(ended.body, "\"start_time\":1499999000,\"end_time\":1499999060") != NULL);
    EXPECT_I64(ask("POST", "/1/markers/__all__", "", "{\"type\":\"deploy\"}").status, 201);
    EXPECT_I64(count_of(ask("GET", "/1/markers/__all__", "", "").body, "\"id\":"), 2);
    EXPECT_I64(count_of(ask("GET", "/1/markers/web", "", "").body, "\"id\":"), 0);
    EXPECT_I64(count_of(ask("GET", "/1/markers/Web%20Shop", "", "").body, "\"id\":"), 1);
    EXPECT_I64(ask("DELETE", "/1/markers/web/1", "", "").status, 501);
    EXPECT_I64(ask("PUT", "/1/markers/web/9", "", "{\"end_time\":1499999060}").status, 404);
    EXPECT_I64(ask("POST", "/1/markers/web", "", "{}").status, 400);
    const char *list = ask("GET", "/api/v1/changes", "", "").body;
    EXPECT(strstr(list, "\"kind\":\"deploy\",\"action\":\"\",\"service\":\"web-20shop\"") != NULL);
    EXPECT(strstr(list, "\"kind\":\"note\"") != NULL); /* a deploy of nothing in particular */
    stop();
}

RUN_TESTS(test_of(each_route_answers), test_of(a_hook_without_a_secret_is_for_this_machine),
          test_of(draws_a_png_and_an_svg), test_of(a_change_told_over_http_is_listed),
          test_of(a_train_moves_by_its_verbs), test_of(routes_of_other_tools_answer),
          test_of(an_annotation_is_added_ended_and_read_back),
          test_of(an_annotation_in_seconds_is_taken_and_warned_of),
          test_of(graphite_annotations_and_other_doors),
          test_of(annotations_are_found_by_time_and_tags),
          test_of(a_marker_is_added_ended_and_listed),
          test_of(a_rollback_ends_what_is_under_way_and_points_at_it),
          test_of(a_message_that_looks_like_a_form_stays_a_message),
          test_of(services_may_be_called_like_verbs_and_hold_slashes),
          test_of(an_end_with_a_key_finds_its_own_start), test_of(an_event_is_found_by_its_number),
          test_of(a_posted_event_is_answered_as_graphite_does))
