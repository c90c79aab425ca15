#include "api/auth.h"

#include "api/recording.h"
#include "kit/fake_source.h"
#include "kit/kit.h"

static struct fake_source fake;
static struct ledger *ledger;
static struct api *api;
static const char *read_token, *write_token, *freeze_token, *edit_token, *hook_token, *admin_token,
    *expired_token, *revoked_token, *everything_token;

static const struct hook hooks[] = {{.source = &(const struct hook_source){.name = "github"},
                                     .name = "main",
                                     .settings = {.n_secrets = 1}}};

static bool nothing(void *self, struct err *err)
{
    (void)self, (void)err;
    return true;
}

static const struct tz *no_zone(const char *name)
{
    (void)name;
    return NULL;
}

static const char *make(const char *name, const char *can, int64_t expires_ms)
{
    const struct ledger_token token = {.name = name, .can = can, .expires_ms = expires_ms};
    char secret[LEDGER_SECRET_BYTES] = "";
    EXPECT_OK(ledger_token_new(ledger, &token, "", secret, &kit_err));
    return arena_strdup(&kit_arena, secret);
}

static struct api_deps deps_of(const struct api_deps *more)
{
    struct api_deps deps = *more;
    deps.query.source = fake_source(&fake);
    deps.query.changes = ledger_changes(ledger);
    deps.query.limits = query_limits_default();
    deps.query.clock = deps.clock = kit_clock();
    deps.ledger = ledger;
    deps.tz = tz_utc();
    deps.zone_find = no_zone;
    deps.flush = nothing;
    return deps;
}

static void start_with(const struct api_deps *more)
{
    static int n_started;
    kit_temp_in_memory();
    const char *name = arena_printf(&kit_arena, "ledger-%d.db", n_started++);
    const struct ledger_options options = {.path = kit_path(kit_temp_dir(), name),
                                           .clock = kit_clock()};
    EXPECT_OK(ledger_open(&options, &ledger, &kit_err));
    const struct api_deps deps = deps_of(more);
    api = api_new(&deps);
    read_token = make("reader", "read", 0);
    write_token = make("ci", "write:deploy:website", 0);
    freeze_token = make("freezer", "freeze", 0);
    edit_token = make("editor", "edit", 0);
    hook_token = make("gitlab", "hook:gitlab/main", 0);
    admin_token = make("root", "admin", 0);
    everything_token = make("all", "read,write,edit,freeze,hook,admin", 0);
    expired_token = make("old", "admin", kit_now_us / 1000 + 1000);
    revoked_token = make("gone", "admin", 0);
    EXPECT_OK(ledger_token_revoke(ledger, "gone", "", &kit_err));
    kit_now_us += 2000000;
}

static void start(void)
{
    const struct api_deps none = {0};
    start_with(&none);
}

static void stop(void)
{
    api_free(api);
    ledger_close(ledger);
}

/* A request by hand. Headers are "Name: value", in order, ended by NULL. */
struct ask {
    const char *method, *path, *peer, *query, *body;
    const char *headers[8];
};

struct answer {
    int status;
    const char *body, *type;
    struct http_field headers[16];
    size_t n_headers;
};

static struct http_request request_of(const struct ask *ask)
{
    struct http_field *headers = arena_array(&kit_arena, 8, struct http_field);
    struct http_field *fields = arena_array(&kit_arena, 1, struct http_field);
    size_t n = 0, n_fields = 0;
    for (; n < 8 && ask->headers[n]; n++) {
        const char *colon = strstr(ask->headers[n], ": ");
        headers[n] = (struct http_field){
            arena_strndup(&kit_arena, ask->headers[n], (size_t)(colon - ask->headers[n])),
            colon + 2};
    }
    if (ask->query) {
        const char *equals = strchr(ask->query, '=');
        fields[n_fields++] = (struct http_field){
            arena_strndup(&kit_arena, ask->query, (size_t)(equals - ask->query)), equals + 1};
    }
    return (struct http_request){.method = ask->method,
                                 .path = ask->path,
                                 .raw_query = "",
                                 .headers = headers,
                                 .n_headers = n,
                                 .fields = fields,
                                 .n_fields = n_fields,
                                 .n_query = n_fields,
                                 .body = ask->body ? ask->body : "",
                                 .n_body = ask->body ? strlen(ask->body) : 0,
                                 .peer = ask->peer,
                                 .arena = &kit_arena};
}

static struct answer answer_of(struct http_response *response)
{
    struct answer answer = {.status = response->status ? response->status : 200,
                            .body = arena_strdup(&kit_arena, buf_text(&response->body)),
                            .type = response->content_type,
                            .n_headers = response->n_headers};
    memcpy(answer.headers, response->headers, sizeof answer.headers);
    buf_done(&response->body);
    return answer;
}

static struct answer ask(const struct ask *ask)
{
    const struct http_request request = request_of(ask);
    struct http_response response = {0};
    buf_init(&response.body, 1 << 20);
    api_handle(api, &request, &response);
    return answer_of(&response);
}

static const char *header_of(const struct answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->n_headers; i++)
        if (strcmp(answer->headers[i].key, name) == 0)
            return answer->headers[i].value;
    return "";
}

static bool ran;

static bool run_nothing(struct api_call *call, struct err *err)
{
    (void)call, (void)err;
    ran = true;
    return true;
}

/* What a route of that right answers: 200 it would run. */
static int status_of(const struct ask *ask, enum right right, const char *rest)
{
    const struct route route = {"GET POST", "/x", 0, right, run_nothing};
    const struct http_request request = request_of(ask);
    struct http_response response = {0};
    buf_init(&response.body, 1 << 20);
    struct api_call call = {
        .api = api, .request = &request, .response = &response, .arena = &kit_arena, .rest = rest};
    const bool is_admitted = call_admit(&call, &route);
    const int status = is_admitted ? 200 : response.status;
    EXPECT(is_admitted || (response.status >= 400 && response.body.n > 10));
    buf_done(&response.body);
    return status;
}

static const char *bearer(const char *token)
{
    return arena_printf(&kit_arena, "Authorization: Bearer %s", token);
}

/* "Authorization: Basic ..." of me:TOKEN, which has 39 bytes: no padding. */
static const char *basic(const char *token)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *pair = arena_printf(&kit_arena, "me:%s", token);
    char *out = arena_strdup(&kit_arena, "Authorization: Basic ");
    for (size_t i = 0; i < strlen(pair); i += 3) {
        const unsigned bits = (unsigned)(pair[i] << 16 | pair[i + 1] << 8 | pair[i + 2]);
        out = arena_printf(&kit_arena, "%s%c%c%c%c", out, digits[bits >> 18],
                           digits[bits >> 12 & 63], digits[bits >> 6 & 63], digits[bits & 63]);
    }
    return out;
}

#define REMOTE  "192.0.2.7:4000"
#define HERE    "127.0.0.1:4000"
#define PROXIED "X-Forwarded-For: 192.0.2.7"

/* Rows: who asks; columns: the rights in their order, none read write edit freeze hook admin. The hook is
 * github/main, which checks signatures and so lets everybody in to be looked at; hook2 is gitlab/main, which
 * has no secret: who has no token is refused there, by itself. '+' may, '1' 401, '3' 403. */
struct who {
    const char *row, *peer;
    const char *const *token; /* NULL: none */
    const char *header;       /* or NULL */
    const char *plain, *open, *distrusting;
};

static const struct who everybody[] = {
    /*                                                          default     open-read   trust off */
    {"this machine", HERE, NULL, NULL, "++++++++", "++++++++", "+1111++1"},
    {"IPv6 loopback", "[::1]:4", NULL, NULL, "++++++++", "++++++++", "+1111++1"},
    {"another of 127", "127.0.0.2:4", NULL, NULL, "++++++++", "++++++++", "+1111++1"},
    {"elsewhere", REMOTE, NULL, NULL, "+1111++1", "++111++1", "+1111++1"},
    {"IPv6 elsewhere", "[2001:db8::1]:4", NULL, NULL, "+1111++1", "++111++1", "+1111++1"},
    {"nobody knows where", "", NULL, NULL, "+1111++1", "++111++1", "+1111++1"},
    {"a proxy here", HERE, NULL, PROXIED, "+1111++1", "++111++1", "+1111++1"},
    {"a proxy here, Via", HERE, NULL, "Via: 1.1 x", "+1111++1", "++111++1", "+1111++1"},
    {"a proxy here, Forwarded", HERE, NULL, "Forwarded: for=x", "+1111++1", "++111++1", "+1111++1"},
    {"a proxy here, X-Real-IP", HERE, NULL, "X-Real-IP: x", "+1111++1", "++111++1", "+1111++1"},
    {"a proxy that claims to be here", HERE, NULL, "X-Forwarded-For: 127.0.0.1", "+1111++1",
     "++111++1", "+1111++1"},
    {"read", REMOTE, &read_token, NULL, "++333+33", "++333+33", "++333+33"},
    {"write", REMOTE, &write_token, NULL, "+3+33+33", "+3+33+33", "+3+33+33"},
    {"edit", REMOTE, &edit_token, NULL, "+33+3+33", "+33+3+33", "+33+3+33"},
    {"freeze", REMOTE, &freeze_token, NULL, "+3+3++33", "+3+3++33", "+3+3++33"},
    {"hook", REMOTE, &hook_token, NULL, "+3333++3", "+3333++3", "+3333++3"},
    {"admin", REMOTE, &admin_token, NULL, "++++++++", "++++++++", "++++++++"},
    {"all scopes", REMOTE, &everything_token, NULL, "++++++++", "++++++++", "++++++++"},
    {"admin by proxy", HERE, &admin_token, PROXIED, "++++++++", "++++++++", "++++++++"},
    {"read on this machine", HERE, &read_token, NULL, "++333+33", "++333+33", "++333+33"},
    {"expired", REMOTE, &expired_token, NULL, "+1111+11", "+1111+11", "+1111+11"},
    {"revoked", REMOTE, &revoked_token, NULL, "+1111+11", "+1111+11", "+1111+11"},
    {"revoked on this machine", HERE, &revoked_token, NULL, "+1111+11", "+1111+11", "+1111+11"},
};

static void check_everybody(const struct api_deps *more, size_t column)
{
    static const struct {
        enum right right;
        const char *rest;
    } rights[] = {{RIGHT_NONE, ""},
                  {RIGHT_READ, ""},
                  {RIGHT_WRITE, ""},
                  {RIGHT_EDIT, ""},
                  {RIGHT_FREEZE, ""},
                  {RIGHT_HOOK, "github/main"},
                  {RIGHT_HOOK, "gitlab/main"},
                  {RIGHT_ADMIN, ""}};
    start_with(more);
    EACH_ROW (everybody, r) {
        const char *const wanted[] = {r->plain, r->open, r->distrusting};
        for (size_t i = 0; i < COUNT_OF(rights); i++) {
            const struct ask ask = {
                .method = "POST",
                .peer = r->peer,
                .headers = {r->token ? bearer(*r->token) : r->header, r->token ? r->header : NULL}};
            const int status = status_of(&ask, rights[i].right, rights[i].rest);
            const char got = status == 200 ? '+' : (char)('0' + status % 10);
            kit_expect(got == wanted[column][i], __FILE__, __LINE__, "right %zu: %c, not %c", i,
                       got, wanted[column][i]);
        }
    }
    stop();
}

TEST(everybody_may_what_the_table_says)
{
    const struct api_deps plain = {.hooks = hooks, .n_hooks = COUNT_OF(hooks)};
    const struct api_deps open = {
        .hooks = hooks, .n_hooks = COUNT_OF(hooks), .has_open_read = true};
    const struct api_deps off = {
        .hooks = hooks, .n_hooks = COUNT_OF(hooks), .distrusts_loopback = true};
    check_everybody(&plain, 0);
    check_everybody(&open, 1);
    check_everybody(&off, 2);
}

TEST(reading_what_others_write_wants_the_right_to_read)
{
    static const struct {
        const char *row, *method;
        enum right right;
        int status;
    } rows[] = {
        {"GET of changes", "GET", RIGHT_WRITE, 200},
        {"HEAD of changes", "HEAD", RIGHT_WRITE, 200},
        {"POST of changes", "POST", RIGHT_WRITE, 403},
        {"PATCH", "PATCH", RIGHT_EDIT, 403},
        {"GET of freezes", "GET", RIGHT_FREEZE, 200},
        {"GET of what admins see", "GET", RIGHT_ADMIN, 403},
        {"GET of what was delivered to a hook", "GET", RIGHT_HOOK, 200},
        {"POST of a query", "POST", RIGHT_READ, 200},
    };
    start();
    EACH_ROW (rows, r) {
        const struct ask ask = {
            .method = r->method, .peer = REMOTE, .headers = {bearer(read_token)}};
        EXPECT_I64(status_of(&ask, r->right, ""), r->status);
    }
    stop();
}

/* github/main has a secret: whether what came is the right one is the hook's own question. */
TEST(a_hook_with_secrets_is_asked_itself)
{
    static const struct {
        const char *row, *method, *rest, *header, *query;
        int status;
    } rows[] = {
        {"nothing: it may be signed", "POST", "github/main", NULL, NULL, 200},
        {"Bearer", "POST", "github/main", "Authorization: Bearer its own", NULL, 200},
        {"query", "POST", "github/main", NULL, "token=its%20own", 200},
        {"path", "POST", "github/main/its own", NULL, NULL, 200},
        {"what looks like a token", "POST", "github/main", "Authorization: Bearer plb_x", NULL,
         200},
        {"another hook", "POST", "github/mainland", "Authorization: Bearer plb_x", NULL, 401},
        {"another source", "POST", "gitlab/main", "Authorization: Bearer plb_x", NULL, 401},
        {"what arrived", "GET", "github/main", NULL, NULL, 401},
        {"what arrived, by Bearer", "GET", "github/main", "Authorization: Bearer its own", NULL,
         401},
        {"what arrived, by HEAD", "HEAD", "github/main/its own", NULL, NULL, 401},
    };
    const struct api_deps with_hooks = {.hooks = hooks, .n_hooks = COUNT_OF(hooks)};
    start_with(&with_hooks);
    EACH_ROW (rows, r) {
        const struct ask ask = {
            .method = r->method, .peer = REMOTE, .headers = {r->header}, .query = r->query};
        EXPECT_I64(status_of(&ask, RIGHT_HOOK, r->rest), r->status);
    }
    stop();
}

TEST(a_token_for_one_hook_opens_no_other)
{
    static const struct {
        const char *row; /* what follows /hook/ */
        int status;
    } rows[] = {
        {"gitlab/main", 200},         {"gitlab/main/more", 200},  {"jenkins/main", 403},
        {"jenkins/gitlab/main", 403}, {"gitlab/other/main", 403}, {"gitlab", 403},
    };
    start();
    EACH_ROW (rows, r) {
        const struct ask ask = {.method = "POST", .peer = REMOTE, .headers = {bearer(hook_token)}};
        EXPECT_I64(status_of(&ask, RIGHT_HOOK, r->row), r->status);
    }
    const char *by_name = make("by-name", "hook:main", 0);
    const struct ask ask = {.method = "POST", .peer = REMOTE, .headers = {bearer(by_name)}};
    EXPECT_I64(status_of(&ask, RIGHT_HOOK, "jenkins/main"), 200);
    EXPECT_I64(status_of(&ask, RIGHT_HOOK, "jenkins/other/main"), 403);
    stop();
}

TEST(a_token_may_come_in_several_ways)
{
    start();
    const struct {
        const char *row, *header, *query;
        enum right right;
        int status;
    } rows[] = {
        {"Bearer", bearer(read_token), NULL, RIGHT_READ, 200},
        {"bearer", arena_printf(&kit_arena, "authorization: bearer   %s ", read_token), NULL,
         RIGHT_READ, 200},
        {"Basic", basic(read_token), NULL, RIGHT_READ, 200},
        {"our header", arena_printf(&kit_arena, "X-Plumb-Token: %s", read_token), NULL, RIGHT_READ,
         200},
        {"query of a hook", NULL, arena_printf(&kit_arena, "token=%s", hook_token), RIGHT_HOOK,
         200},
        {"query of what is no hook", NULL, arena_printf(&kit_arena, "token=%s", read_token),
         RIGHT_READ, 401},
        {"cut", bearer(arena_strndup(&kit_arena, read_token, 35)), NULL, RIGHT_READ, 401},
        {"longer", bearer(arena_printf(&kit_arena, "%sa", read_token)), NULL, RIGHT_READ, 401},
        {"empty", "Authorization: Bearer ", NULL, RIGHT_READ, 401},
        {"Basic that is not ours", "Authorization: Basic YWRtaW46YWRtaW4=", NULL, RIGHT_READ, 401},
        {"Basic that is nothing", "Authorization: Basic !!!", NULL, RIGHT_READ, 401},
        {"another scheme", "Authorization: Digest x", NULL, RIGHT_READ, 401},
    };
    EACH_ROW (rows, r) {
        const struct ask ask = {.method = r->right == RIGHT_HOOK ? "POST" : "GET",
                                .peer = REMOTE,
                                .query = r->query,
                                .headers = {r->header}};
        EXPECT_I64(status_of(&ask, r->right, "gitlab/main"), r->status);
    }
    stop();
}

TEST(what_a_proxy_used_to_check_does_not_matter_here)
{
    start();
    const struct ask basic = {
        .method = "GET", .peer = HERE, .headers = {"Authorization: Basic YWRtaW46YWRtaW4="}};
    EXPECT_I64(status_of(&basic, RIGHT_READ, ""), 200);
    const struct ask bearer_of_ours = {
        .method = "GET", .peer = HERE, .headers = {"Authorization: Bearer plb_nosuch"}};
    EXPECT_I64(status_of(&bearer_of_ours, RIGHT_READ, ""), 401);
    stop();
}

TEST(pages_of_other_sites_change_nothing)
{
    const struct api_deps known = {.cors_origin = "https://grafana.example",
                                   .url = "https://plumb.example/"};
    start_with(&known);
    const char *admin = bearer(admin_token);
    const char *own = arena_printf(&kit_arena, "X-Plumb-Token: %s", admin_token);
    const struct {
        const char *row, *peer;
        const char *headers[4];
        int writing, reading;
    } rows[] = {
        {"curl", HERE, {"Host: localhost:2010", "User-Agent: curl/8"}, 200, 200},
        {"no Host at all", HERE, {NULL}, 200, 200},
        {"a name, but no browser", HERE, {"Host: graphite:2010"}, 200, 200},
        {"our page", HERE, {"Host: localhost:2010", "Origin: http://localhost:2010"}, 200, 200},
        {"our page, told",
         HERE,
         {"Host: 127.0.0.1:2010", "Origin: http://127.0.0.1:2010", "Sec-Fetch-Site: same-origin"},
         200,
         200},
        {"typed", HERE, {"Host: localhost:2010", "Sec-Fetch-Site: none"}, 200, 200},
        {"another site", HERE, {"Host: localhost:2010", "Origin: https://evil.example"}, 403, 200},
        {"another port", HERE, {"Host: localhost:2010", "Origin: http://localhost:8080"}, 403, 200},
        {"nobody knows whose", HERE, {"Host: localhost:2010", "Origin: null"}, 403, 200},
        {"cross-site", HERE, {"Host: localhost:2010", "Sec-Fetch-Site: cross-site"}, 403, 200},
        {"same-site", HERE, {"Host: localhost:2010", "Sec-Fetch-Site: same-site"}, 403, 200},
        {"the one of cors",
         HERE,
         {"Host: localhost:2010", "Origin: https://grafana.example", "Sec-Fetch-Site: cross-site"},
         200,
         200},
        {"the one of url",
         HERE,
         {"Host: localhost:2010", "Origin: https://plumb.example"},
         200,
         200},
        {"rebound",
         HERE,
         {"Host: evil.example:2010", "Origin: http://evil.example:2010"},
         403,
         403},
        {"rebound, reading",
         HERE,
         {"Host: evil.example:2010", "User-Agent: Mozilla/5.0"},
         403,
         403},
        {"rebound, another agent",
         HERE,
         {"Host: evil.example:2010", "User-Agent: x", "Accept-Language: en"},
         403,
         403},
        {"a browser by our name",
         HERE,
         {"Host: plumb.example", "User-Agent: Mozilla/5.0"},
         200,
         200},
        {"a browser by address", HERE, {"Host: [::1]:2010", "User-Agent: Mozilla/5.0"}, 200, 200},
        {"a name like ours", HERE, {"Host: localhost.evil.example", "Origin: null"}, 403, 403},
        {"below localhost", HERE, {"Host: plumb.localhost:2010", "Accept-Language: en"}, 200, 200},
        {"a token", REMOTE, {admin, "Host: p.example", "Origin: https://evil.example"}, 200, 200},
        {"our header", REMOTE, {own, "Host: p.example", "Sec-Fetch-Site: cross-site"}, 200, 200},
    };
    EACH_ROW (rows, r) {
        struct ask ask = {.method = "POST", .peer = r->peer};
        memcpy(ask.headers, r->headers, sizeof r->headers);
        EXPECT_I64(status_of(&ask, RIGHT_WRITE, ""), r->writing);
        EXPECT_I64(status_of(&ask, RIGHT_ADMIN, ""), r->writing);
        ask.method = "GET";
        EXPECT_I64(status_of(&ask, RIGHT_READ, ""), r->reading);
    }
    stop();
}

/* Browsers remember Basic and send it along, whoever makes them ask. */
TEST(a_remembered_password_does_not_speak_for_a_page)
{
    start();
    struct ask ask = {
        .method = "POST",
        .peer = REMOTE,
        .headers = {basic(admin_token), "Host: p.example", "Origin: http://p.example"}};
    EXPECT_I64(status_of(&ask, RIGHT_ADMIN, ""), 200);
    ask.headers[2] = "Origin: http://evil.example";
    EXPECT_I64(status_of(&ask, RIGHT_ADMIN, ""), 403);
    ask.headers[2] = "Sec-Fetch-Site: cross-site";
    EXPECT_I64(status_of(&ask, RIGHT_ADMIN, ""), 403);
    stop();
}

TEST(an_answer_is_no_script_for_other_sites)
{
    start();
    struct ask ask = {.method = "GET",
                      .peer = HERE,
                      .query = "jsonp=f",
                      .headers = {"Host: localhost:2010", "Sec-Fetch-Site: cross-site"}};
    EXPECT_I64(status_of(&ask, RIGHT_READ, ""), 403);
    ask.headers[1] = "Sec-Fetch-Site: same-origin";
    EXPECT_I64(status_of(&ask, RIGHT_READ, ""), 200);
    ask.headers[1] = NULL;
    EXPECT_I64(status_of(&ask, RIGHT_READ, ""), 200);
    stop();
}

TEST(a_refusal_says_what_to_do)
{
    start();
    const struct {
        const char *row, *token;
        int status;
        const char *part;
    } rows[] = {
        {"none", NULL, 401, "plumb token new NAME"},
        {"unknown", "plb_x", 401, "does not know this token"},
        {"expired", expired_token, 401, "'old' has expired"},
        {"revoked", revoked_token, 401, "'gone' has been revoked"},
        {"lacking", read_token, 403, "it needs the scope write"},
    };
    EACH_ROW (rows, r) {
        const struct ask each = {.method = "POST",
                                 .path = "/api/v1/changes",
                                 .peer = REMOTE,
                                 .body = "{}",
                                 .headers = {r->token ? bearer(r->token) : NULL}};
        const struct answer answer = ask(&each);
        EXPECT_I64(answer.status, r->status);
        EXPECT(strstr(answer.body, r->part) != NULL);
        EXPECT(strstr(answer.body, "admin") == NULL); /* never what a token may */
        EXPECT_I64(strstr(header_of(&answer, "WWW-Authenticate"), "Bearer") != NULL,
                   r->status == 401);
        EXPECT(strstr(header_of(&answer, "Content-Security-Policy"), "default-src 'none'") != NULL);
    }
    struct api_stats stats;
    api_stats(api, &stats);
    EXPECT_I64(stats.n_denied, COUNT_OF(rows));
    stop();
}

/* Programs tell a missing right from other refusals. */
TEST(a_refusal_in_json_says_that_a_right_is_missing)
{
    static const char wanted[] = "\"denied\":true";
    start();
    struct ask each = {.method = "POST",
                       .path = "/deploy/search",
                       .peer = REMOTE,
                       .headers = {"Accept: application/json", bearer(write_token)}};
    EXPECT(strstr(ask(&each).body, wanted) != NULL);
    each.headers[1] = NULL;
    EXPECT(strstr(ask(&each).body, wanted) != NULL);
    each.peer = HERE;
    each.path = "/deploy/web site";
    EXPECT_I64(ask(&each).status, 400);
    EXPECT(strstr(ask(&each).body, wanted) == NULL);
    stop();
}

/* ---- what a token may write ---- */

static struct answer tell(const char *token, const char *path, const char *body)
{
    const struct ask each = {.method = "POST",
                             .path = path,
                             .peer = REMOTE,
                             .body = body,
                             .headers = {bearer(token), "Content-Type: application/json"}};
    return ask(&each);
}

TEST(a_token_writes_what_it_may_and_nothing_else)
{
    start();
    const char *web = make("web", "write:*:web/*", 0);
    const struct {
        const char *row, *token, *path, *body;
        int status;
        const char *part;
    } rows[] = {
        {"its own", write_token, "/deploy/website", "{}", 200, "\"id\""},
        {"in capitals", write_token, "/deploy/WebSite", "{}", 200, "\"id\""},
        {"another service", write_token, "/deploy/search", "{}", 403, "write:deploy:search"},
        {"another kind", write_token, "/config/website", "{}", 403, "write:config:website"},
        {"by JSON", write_token, "/api/v1/changes", "{\"service\":\"website\"}", 200, "\"id\""},
        {"another by JSON", write_token, "/api/v1/changes", "{\"service\":\"search\"}", 403,
         "may not write a deploy of 'search'"},
        {"Graphite's event", write_token, "/events/",
         "{\"what\":\"x\",\"tags\":\"deploy website\"}", 200, ""},
        {"another event", write_token, "/events/", "{\"what\":\"x\",\"tags\":\"deploy search\"}",
         403, "search"},
        {"a start", write_token, "/deploy/website/start", "{}", 200, "\"id\""},
        {"an end", write_token, "/deploy/website/ok", "{}", 200, "\"id\""},
        {"an end of another", write_token, "/deploy/search/ok", "{}", 403, "search"},
        {"a rollback of another", write_token, "/deploy/search/rollback", "{}", 403, "search"},
        {"a glob", web, "/flag/web/checkout", "{}", 200, "\"id\""},
        {"a blank end of its name", web, "/flag/web/", "{}", 403, "'web'"},
        {"a freeze", write_token, "/freeze/website", "{}", 403, "freeze"},
        {"a freeze by JSON", write_token, "/api/v1/changes",
         "{\"kind\":\"freeze\",\"service\":\"website\"}", 403, "needs the scope freeze"},
        {"a freeze that may", freeze_token, "/freeze/website", "{}", 200, "\"id\""},
        {"no more than a freeze", freeze_token, "/deploy/website", "{}", 403, "write:deploy"},
        {"admin", admin_token, "/deploy/search", "{}", 200, "\"id\""},
    };
    EACH_ROW (rows, r) {
        kit_now_us += 600 * INT64_C(1000000); /* none is another telling of the one before */
        const struct answer answer = tell(r->token, r->path, r->body);
        EXPECT_I64(answer.status, r->status);
        EXPECT(strstr(answer.body, r->part) != NULL);
        if (!strstr(answer.body, r->part))
            print_message("%s\n", answer.body);
    }
    stop();
}

TEST(a_key_does_not_open_the_changes_of_others)
{
    start();
    EXPECT_I64(tell(admin_token, "/api/v1/changes",
                    "{\"service\":\"search\",\"key\":\"k1\",\"status\":\"running\"}")
                   .status,
               200);
    const struct answer answer =
        tell(write_token, "/api/v1/changes",
             "{\"service\":\"website\",\"key\":\"k1\",\"status\":\"failed\"}");
    EXPECT_I64(answer.status, 403);
    EXPECT(strstr(answer.body, "'search'") != NULL);
    EXPECT_I64(
        tell(write_token, "/api/v1/changes", "{\"service\":\"website\",\"key\":\"k2\"}").status,
        200);
    EXPECT_I64(
        tell(write_token, "/api/v1/changes", "{\"service\":\"website\",\"key\":\"k2\"}").status,
        200);
    stop();
}

TEST(too_many_writes_are_told_when_to_come_again)
{
    start();
    struct answer answer = {0};
    int n = 0;
    for (; n < 1000; n++) {
        answer = tell(write_token, "/deploy/website", "{}");
        if (answer.status != 200)
            break;
    }
    EXPECT_I64(n, 600);
    EXPECT_I64(answer.status, 429);
    EXPECT_TEXT(header_of(&answer, "Retry-After"), "1");
    EXPECT(strstr(answer.body, "60 changes a minute") != NULL);
    EXPECT_I64(tell(admin_token, "/deploy/website", "{}").status, 200);
    kit_now_us += 1000000;
    EXPECT_I64(tell(write_token, "/deploy/website", "{}").status, 200);
    const struct ask here = {.method = "POST", .path = "/deploy/website", .peer = HERE};
    for (int i = 0; i < 700; i++)
        EXPECT_I64(ask(&here).status, 200);
    struct api_stats stats;
    api_stats(api, &stats);
    EXPECT_I64(stats.n_limited, 1);
    stop();
}

TEST(new_services_come_slower_than_known_ones)
{
    start();
    const char *any = make("any", "write", 0);
    struct answer answer = {0};
    int n = 0;
    for (; n < 300; n++) {
        answer = tell(any, arena_printf(&kit_arena, "/deploy/typo-%d", n), "{}");
        if (answer.status != 200)
            break;
    }
    EXPECT_I64(n, 100);
    EXPECT_I64(answer.status, 429);
    EXPECT_TEXT(header_of(&answer, "Retry-After"), "36");
    EXPECT(strstr(answer.body, "100 services an hour") != NULL);
    EXPECT_I64(tell(any, "/deploy/typo-7", "{}").status, 200); /* it is known by now */
    kit_now_us += 36 * INT64_C(1000000);
    EXPECT_I64(tell(any, "/deploy/typo-100", "{}").status, 200);
    stop();
}

TEST(a_change_has_a_quarter_of_a_megabyte)
{
    start();
    char *body = arena_zalloc(&kit_arena, 256 * 1024 + 2);
    memset(body, 'x', 256 * 1024);
    struct ask each = {.method = "POST", .path = "/deploy/website", .peer = HERE, .body = body};
    EXPECT_I64(ask(&each).status, 200);
    body[256 * 1024] = 'x';
    EXPECT_I64(ask(&each).status, 413);
    each.path = "/render"; /* a wide query is no change */
    EXPECT_I64(ask(&each).status, 200);
    stop();
}

/* ---- tokens over HTTP ---- */

TEST(tokens_are_made_listed_and_revoked)
{
    start();
    struct answer made = tell(admin_token, "/api/v1/tokens",
                              "{\"name\":\"new\",\"can\":[\"read\",\"edit\"],\"expires\":\"2d\"}");
    EXPECT_I64(made.status, 200);
    EXPECT_TEXT(header_of(&made, "Cache-Control"), "no-store");
    const char *at = strstr(made.body, "plb_");
    EXPECT(at && strstr(made.body, "\"expires\":1500172802"));
    if (!at)
        return;
    const char *secret = arena_strndup(&kit_arena, at, LEDGER_SECRET_BYTES - 1);
    struct ask list = {.method = "GET", .path = "/api/v1/tokens", .peer = HERE};
    EXPECT(strstr(ask(&list).body, "{\"name\":\"new\",\"can\":\"read,edit\",") != NULL);
    EXPECT(strstr(ask(&list).body, "plb_") == NULL);
    const struct ask reading = {
        .method = "GET", .path = "/api/v1/changes", .peer = REMOTE, .headers = {bearer(secret)}};
    EXPECT_I64(ask(&reading).status, 200);
    EXPECT_I64(tell(admin_token, "/api/v1/tokens/new/revoke", "{}").status, 200);
    EXPECT_I64(ask(&reading).status, 401);
    EXPECT_I64(tell(admin_token, "/api/v1/tokens/new/revoke", "{}").status, 404);
    EXPECT_I64(tell(admin_token, "/api/v1/tokens/new", "{}").status, 404);
    const struct ask away = {.method = "DELETE", .path = "/api/v1/tokens/editor", .peer = HERE};
    EXPECT_I64(ask(&away).status, 200);
    EXPECT_I64(ask(&away).status, 404);
    stop();
}

TEST(says_what_is_wrong_with_a_token_asked_for)
{
    static const struct {
        const char *row, *body;
        int status;
        const char *part;
    } rows[] = {
        {"no JSON", "x", 400, "no JSON object"},
        {"no name", "{\"can\":\"read\"}", 400, "is no name"},
        {"no scopes", "{\"name\":\"x\"}", 400, "nothing is given"},
        {"scopes that are none", "{\"name\":\"x\",\"can\":\"reed\"}", 400, "write:KIND:SERVICE"},
        {"scopes of another type", "{\"name\":\"x\",\"can\":7}", 400, "\"can\" must be"},
        {"a list of another type", "{\"name\":\"x\",\"can\":[7]}", 400, "\"can\" must be"},
        {"a time that is none", "{\"name\":\"x\",\"can\":\"read\",\"expires\":\"soon\"}", 400,
         "90d"},
        {"no time at all", "{\"name\":\"x\",\"can\":\"read\",\"expires\":\"0d\"}", 400, "90d"},
        {"for ever", "{\"name\":\"x\",\"can\":\"read\",\"expires\":\"4000000000y\"}", 400,
         "100 years"},
        {"a name that is taken", "{\"name\":\"ci\",\"can\":\"read\"}", 400, "already"},
    };
    start();
    EACH_ROW (rows, r) {
        const struct answer answer = tell(admin_token, "/api/v1/tokens", r->body);
        EXPECT_I64(answer.status, r->status);
        EXPECT(strstr(answer.body, r->part) != NULL);
    }
    stop();
}

TEST(an_error_echoes_nothing_that_a_terminal_obeys)
{
    start();
    const struct ask each = {.method = "GET", .path = "/x\x1b[2J\xc2\x9b<b>\x7f", .peer = HERE};
    const struct answer answer = ask(&each);
    EXPECT_I64(answer.status, 404);
    EXPECT(strncmp(answer.type, "text/plain", 10) == 0);
    EXPECT(strstr(answer.body, "/x [2J <b> \n") != NULL);
    stop();
}

RUN_TESTS(test_of(everybody_may_what_the_table_says),
          test_of(reading_what_others_write_wants_the_right_to_read),
          test_of(a_hook_with_secrets_is_asked_itself),
          test_of(a_token_for_one_hook_opens_no_other), test_of(a_token_may_come_in_several_ways),
          test_of(what_a_proxy_used_to_check_does_not_matter_here),
          test_of(pages_of_other_sites_change_nothing),
          test_of(a_remembered_password_does_not_speak_for_a_page),
          test_of(an_answer_is_no_script_for_other_sites), test_of(a_refusal_says_what_to_do),
          test_of(a_refusal_in_json_says_that_a_right_is_missing),
          test_of(a_token_writes_what_it_may_and_nothing_else),
          test_of(a_key_does_not_open_the_changes_of_others),
          test_of(too_many_writes_are_told_when_to_come_again),
          test_of(new_services_come_slower_than_known_ones),
          test_of(a_change_has_a_quarter_of_a_megabyte),
          test_of(tokens_are_made_listed_and_revoked),
          test_of(says_what_is_wrong_with_a_token_asked_for),
          test_of(an_error_echoes_nothing_that_a_terminal_obeys))
