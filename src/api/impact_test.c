/* What the routes of verdicts ask of the judge, and what they make of its answer. The judge is a fake. */
#include "api/api.h"

#include "base/str.h"

#include "kit/kit.h"

#define NOW_S 1763838000

/* ---- the judge: what it was asked, and what it shall say ---- */

static struct impact_wish wished;
static struct why_question questioned;
static size_t n_judged;
static struct verdict to_say;
static struct why to_explain;

bool impact_assess(struct impact *impact, const struct change *change,
                   const struct impact_wish *wish, struct arena *arena, struct verdict *out,
                   struct err *err)
{
    (void)impact, (void)arena, (void)err;
    wished = *wish;
    n_judged++;
    *out = to_say;
    out->change = change->id;
    out->stage = wish->stage;
    return true;
}

bool impact_why(struct impact *impact, const struct why_question *question, struct arena *arena,
                struct why *out, struct err *err)
{
    (void)impact, (void)arena, (void)err;
    questioned = *question;
    *out = to_explain;
    out->target = question->target;
    out->at_s = question->at_s;
    return true;
}

enum { MOVED = 5 /* more than a short verdict names */ };

/* Only a change of which all that moved is known. */
bool *impact_concerns(const struct impact *impact, const struct concerns_metrics *metrics,
                      const struct change_list *changes, struct arena *arena)
{
    (void)impact, (void)metrics;
    bool *out = arena_zarray(arena, changes->n + 1, bool);
    for (size_t i = 0; i < changes->n; i++)
        out[i] = changes->items[i].verdict && changes->items[i].verdict->n_moved == MOVED;
    return out;
}

static struct ledger *ledger;

/* ---- the ledger: a note, then a deploy ---- */

static struct change known[2];
static size_t n_known;
static struct change_query asked;

static bool list(void *self, const struct change_query *query, struct arena *arena,
                 struct change_list *out, struct err *err)
{
    (void)self, (void)arena, (void)err;
    asked = *query;
    out->items = known;
    out->n = n_known;
    return true;
}

static bool get(void *self, const char *id, struct arena *arena, struct change *out,
                struct err *err)
{
    (void)self, (void)arena;
    if (strncmp(known[1].id, id, strlen(id)) != 0)
        return FAIL(err, ERR_MISSING, "there is no change %s", id);
    *out = known[1];
    return true;
}

static const struct changes_ops ops = {.list = list, .get = get};

static void set_up(void)
{
    known[0] = known[1] = change_blank();
    known[0].kind = CHANGE_NOTE;
    known[0].service = known[1].service = "website";
    known[1].id = "01KB1234ABCDEFGHJKMNPQRSTV";
    known[1].rev = "4f2c1e9";
    known[1].start_ms = (NOW_S - 400) * INT64_C(1000);
    known[1].end_ms = (NOW_S - 300) * INT64_C(1000);
    n_known = 2;
    n_judged = 0;
    kit_now_us = NOW_S * INT64_C(1000000);
    to_say = verdict_blank();
    to_say.at_s = NOW_S - 400; /* its run is no part of the ten minutes after it */
    to_say.until_s = NOW_S + 290;
    to_say.n_checked = 42;
}

struct answer {
    int status;
    const char *body;
};

/* fields: "key=value" */
static struct answer ask_with(const char *method, const char *path, const char *const *fields,
                              size_t n, const char *body)
{
    static char judge;
    const struct api_deps deps = {.query = {.changes = {.ops = &ops}, .clock = kit_clock()},
                                  .ledger = ledger,
                                  .impact = (struct impact *)&judge,
                                  .clock = kit_clock(),
                                  .tz = tz_utc()};
    struct api *api = api_new(&deps);
    struct http_field *taken = arena_array(&kit_arena, n, struct http_field);
    for (size_t i = 0; i < n; i++) {
        const char *equals = strchr(fields[i], '=');
        taken[i].key = arena_strndup(&kit_arena, fields[i], (size_t)(equals - fields[i]));
        taken[i].value = equals + 1;
    }
    const struct http_request request = {.method = method,
                                         .path = path,
                                         .raw_query = "",
                                         .fields = taken,
                                         .n_fields = n,
                                         .n_query = n,
                                         .body = body,
                                         .n_body = strlen(body),
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

#define ASK(path, ...)                                                                             \
    ask_with("GET", path, (const char *const[]){__VA_ARGS__},                                      \
             sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), "")
#define IMPACT "/api/v1/changes/01KB1234/impact"

TEST(what_is_to_be_judged_reaches_the_judge)
{
    set_up();
    const struct answer answer = ASK(IMPACT, "for=10m", "metrics=web.*", "metrics=php.{a,b}",
                                     "vital=logins.ok:down", "stage=live");
    EXPECT_I64(answer.status, 200);
    EXPECT_I64(wished.for_s, 600);
    EXPECT_I64(wished.n_globs, 2);
    EXPECT_TEXT(wished.globs[1], "php.{a,b}");
    EXPECT_I64(wished.n_vitals, 1);
    EXPECT_TEXT(wished.vitals[0], "logins.ok:down");
    EXPECT(strstr(answer.body, "\"left\":300,\"every\":10}"));
}

TEST(an_impact_is_the_change_and_its_verdict)
{
    set_up();
    struct verdict_metric moved = {.name = "php.warnings",
                                   .harm = VERDICT_BAD,
                                   .before = 1.2,
                                   .after = 44.0,
                                   .effect = 42.8,
                                   .usual_low = 0.5,
                                   .usual_high = 2.5,
                                   .p = 0.004,
                                   .rank = 1,
                                   .n_rank = 280,
                                   .share = 0.9,
                                   .since_s = NOW_S - 290,
                                   .would_see = (double)NAN,
                                   .spark = {1.0, (double)NAN, 44.0},
                                   .n_spark = 3,
                                   .spark_change = 2};
    const char *no_data[] = {"signups"}, *reasons[] = {"It overlaps with b4f1."};
    to_say.state = VERDICT_HARM;
    to_say.moved = &moved;
    to_say.n_moved = 1;
    to_say.no_data = no_data;
    to_say.n_no_data = 1;
    to_say.reasons = reasons;
    to_say.n_reasons = 1;
    to_say.method = "1";
    const struct answer answer = ASK(IMPACT, "fresh=1");
    EXPECT(text_starts(answer.body, "{\"id\":\"01KB1234ABCDEFGHJKMNPQRSTV\",\"change\":{\"id\":"));
    EXPECT(strstr(
        answer.body,
        ",\"stage\":\"live\",\"state\":\"harm\",\"made\":null,\"windows\":{\"before\":[0,"
        "1763837600],\"after\":[1763837600,1763838290]},\"checked\":42,\"revised\":0,\"moved\":[{"
        "\"metric\":\"php.warnings\",\"direction\":\"up\",\"harm\":\"bad\",\"before\":1.2,"
        "\"after\":44.0,\"delta\":42.8,\"since\":1763837710,"));
    EXPECT(strstr(answer.body,
                  "\"rank\":[1,280],\"share\":0.9,\"would_see\":null,\"spark\":[1.0,null,44.0],"
                  "\"spark_change\":2}],\"unmoved\":[],\"nodata\":[\"signups\"],\"overlaps\":[],"
                  "\"reasons\":[\"It overlaps with b4f1.\"],\"false_alarms_per_1000\":null,"
                  "\"method\":\"1\",\"say\":\"harm: php.warnings x37\","));
}

TEST(the_stage_is_the_longest_that_is_over)
{
    static const struct {
        const char *row;
        int64_t age_s;
        enum verdict_stage stage;
    } rows[] = {{"just now", 30, VERDICT_LIVE},
                {"20 minutes", 1200, VERDICT_15M},
                {"two hours", 7200, VERDICT_1H},
                {"a year", 365 * 86400, VERDICT_24H}};
    EACH_ROW (rows, r) {
        set_up();
        known[1].end_ms = (NOW_S - r->age_s) * INT64_C(1000);
        const struct answer answer = ASK(IMPACT, "fresh=1");
        EXPECT_I64(answer.status, 200);
        EXPECT_I64(wished.stage, r->stage);
    }
}

/* Into a ledger of its own: no harm after 15 minutes, improved after an hour. */
static void keep_verdicts(void)
{
    const struct ledger_options options = {.path = kit_path(kit_temp_dir(), "ledger.db"),
                                           .clock = kit_clock()};
    struct ledger_receipt receipt;
    struct verdict verdict = verdict_blank();
    EXPECT_OK(ledger_open(&options, &ledger, &kit_err));
    EXPECT_OK(ledger_record(ledger, &known[1], &receipt, &kit_err));
    verdict.change = arena_strdup(&kit_arena, receipt.id);
    verdict.stage = VERDICT_15M;
    verdict.state = VERDICT_NO_HARM;
    EXPECT_OK(ledger_verdict_put(ledger, &verdict, &kit_err));
    verdict.stage = VERDICT_1H;
    verdict.state = VERDICT_IMPROVED;
    EXPECT_OK(ledger_verdict_put(ledger, &verdict, &kit_err));
    EXPECT_OK(ledger_get(ledger, receipt.id, &kit_arena, &known[1], &kit_err));
    n_judged = 0;
}

TEST(a_verdict_that_is_kept_is_shown_unless_another_is_asked_for)
{
    set_up();
    keep_verdicts();
    const char *path = arena_printf(&kit_arena, "/api/v1/changes/%s/impact", known[1].id);
    EXPECT(strstr(ASK(path, "pretty=0").body, "\"stage\":\"1h\",\"state\":\"improved\""));
    EXPECT(strstr(ASK(path, "stage=15m").body, "\"stage\":\"15m\",\"state\":\"no_harm\""));
    EXPECT(strstr(ASK("/gate/website", "pretty=0").body, "\"state\":\"improved\""));
    EXPECT_I64(n_judged, 0);
    static const char *const others[] = {"fresh=1", "for=20m", "metrics=a.*", "vital=a",
                                         "stage=24h"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        kit_row(others[i]);
        EXPECT(strstr(ask_with("GET", path, &others[i], 1, "").body, "\"state\":\"pending\""));
    }
    kit_row(NULL);
    EXPECT_I64(n_judged, COUNT_OF(others));
    ledger_close(ledger);
    ledger = NULL;
}

/* The list of changes names the first three metrics that moved; a picture asks for all of them. */
TEST(a_picture_looks_at_all_that_a_verdict_says_moved)
{
    static const char *const base[] = {"from=1763839000", "until=1763840000", "format=svg",
                                       "changes=none"};
    struct verdict_metric moved[MOVED] = {0};
    const char *fields[COUNT_OF(base)];
    size_t n_letters[3] = {0};
    static const char *const changes[3] = {"changes=none", "changes=all", "changes=relevant"};
    set_up();
    keep_verdicts();
    struct verdict verdict = verdict_blank();
    for (size_t i = 0; i < MOVED; i++)
        moved[i].name = arena_printf(&kit_arena, "web.m%zu", i);
    verdict.change = known[1].id;
    verdict.stage = VERDICT_24H;
    verdict.state = VERDICT_HARM;
    verdict.moved = moved;
    verdict.n_moved = MOVED;
    EXPECT_OK(ledger_verdict_put(ledger, &verdict, &kit_err));
    EXPECT_OK(ledger_get(ledger, known[1].id, &kit_arena, &known[0], &kit_err));
    EXPECT(known[0].verdict->n_moved < MOVED);
    known[0].start_ms = INT64_C(1763839500000);
    n_known = 1;
    for (size_t i = 0; i < 3; i++) {
        memcpy(fields, base, sizeof base);
        fields[3] = changes[i];
        const char *svg = ask_with("GET", "/render", fields, COUNT_OF(fields), "").body;
        for (const char *at = svg; (at = strstr(at, "<use ")); at++)
            n_letters[i]++;
    }
    EXPECT(n_letters[1] > n_letters[0] + 10);
    EXPECT_I64(n_letters[2], n_letters[1]);
    ledger_close(ledger);
    ledger = NULL;
}

TEST(nonsense_is_named_and_not_judged)
{
    static const struct {
        const char *row, *path, *field, *part;
        int status;
    } rows[] = {
        {"length", IMPACT, "for=soon", "for='soon'", 400},
        {"too short", IMPACT, "for=5s", "from a minute", 400},
        {"stage", IMPACT, "stage=2h", "live, 15m, 1h, 24h", 400},
        {"no such change", "/api/v1/changes/01ZZ/impact", "fresh=1", "no change 01ZZ", 404},
        {"why of what", "/api/v1/why", "at=now", "metric=", 400},
        {"gate needs", "/gate/website", "require=luck", "require=no_harm", 400},
        {"gate fails on", "/gate/website", "fail-on=rain", "fail-on=inconclusive", 400},
        {"gate of what", "/gate", "for=15m", "which service?", 400},
    };
    EACH_ROW (rows, r) {
        set_up();
        const struct answer answer = ask_with("GET", r->path, &r->field, 1, "");
        EXPECT_I64(answer.status, r->status);
        EXPECT(strstr(answer.body, r->part));
        EXPECT_I64(n_judged, 0);
    }
}

TEST(the_gate_answers_as_the_contract_of_webhooks_has_it)
{
    static const struct {
        const char *row;
        enum verdict_state state;
        const char *field;
        int status;
    } rows[] = {
        {"harm holds", VERDICT_HARM, "for=15m", 409},
        {"harm holds always", VERDICT_HARM, "require=no_harm", 409},
        {"pending goes on", VERDICT_PENDING, "for=15m", 200},
        {"pending is too early", VERDICT_PENDING, "require=no_harm", 425},
        {"inconclusive goes on", VERDICT_CANNOT_TELL, "for=15m", 200},
        {"inconclusive holds", VERDICT_CANNOT_TELL, "fail-on=inconclusive", 424},
        {"inconclusive is not no harm", VERDICT_CANNOT_TELL, "require=no_harm", 424},
        {"moved goes on", VERDICT_MOVED, "fail-on=inconclusive", 200},
        {"moved is not no harm", VERDICT_MOVED, "require=no_harm", 424},
        {"no harm", VERDICT_NO_HARM, "require=no_harm", 200},
        {"improved", VERDICT_IMPROVED, "require=no_harm", 200},
        {"harm is always failed on", VERDICT_NO_HARM, "fail-on=harm", 200},
    };
    EACH_ROW (rows, r) {
        set_up();
        to_say.state = r->state;
        const struct answer answer = ask_with("GET", "/gate/website", &r->field, 1, "");
        EXPECT_I64(answer.status, r->status);
        EXPECT(strstr(answer.body, r->status == 200 ? "\"go\":true" : "\"go\":false"));
        EXPECT(strstr(answer.body, "\"change\":\"01KB1234ABCDEFGHJKMNPQRSTV\""));
        EXPECT(strstr(answer.body, "\"say\":\"website 4f2c1e9 "));
    }
}

TEST(the_gate_takes_the_service_from_path_or_body)
{
    set_up();
    const char *const env = "env=staging";
    const char *flagger = "{\"name\":\"podinfo\",\"namespace\":\"test\",\"phase\":\"Progressing\"}";
    EXPECT_I64(ask_with("POST", "/gate/Web/Checkout", &env, 1, flagger).status, 200);
    EXPECT_TEXT(asked.service, "web/checkout");
    EXPECT_TEXT(asked.env, "staging");
    EXPECT_I64(ask_with("POST", "/gate", &env, 1, flagger).status, 200);
    EXPECT_TEXT(asked.service, "podinfo");
    EXPECT_I64(ask_with("POST", "/gate", &env, 1, "no json").status, 400);
}

TEST(the_gate_goes_on_where_nothing_is_known)
{
    set_up();
    n_known = 1; /* only the note */
    const struct answer answer = ASK("/gate/website", "require=no_harm");
    EXPECT_I64(answer.status, 200);
    EXPECT(strstr(answer.body, "no change of website is known"));
    EXPECT_I64(n_judged, 0);
}

TEST(why_names_the_suspects_and_what_it_could_not_see)
{
    set_up();
    struct why_reason reasons[] = {
        {WHY_ENDS_BEFORE, 20.0, 0}, {WHY_HISTORY, 3.0, 9}, {WHY_SAME_SERVICE, 0.0, 0}};
    struct why_suspect suspect = {
        .change = known[1], .share = 0.86, .reasons = reasons, .n_reasons = 3};
    const char *missing[] = {"The week before has no data."};
    to_explain = (struct why){.has_moved = true,
                              .has_data = true,
                              .metric = {.name = "logins.ok",
                                         .direction = VERDICT_DOWN,
                                         .before = 412.0,
                                         .after = 284.0,
                                         .effect = -128.0,
                                         .usual_low = 395.0,
                                         .usual_high = 430.0,
                                         .rank = 1,
                                         .n_rank = 280,
                                         .since_s = NOW_S - 60},
                              .suspects = &suspect,
                              .n_suspects = 1,
                              .n_changes = 3,
                              .none_share = 0.12,
                              .missing = missing,
                              .n_missing = 1};
    const struct answer answer =
        ASK("/api/v1/why", "metric=logins.ok", "at=1763837000", "window=2h", "service=website");
    EXPECT_I64(answer.status, 200);
    EXPECT_TEXT(questioned.target, "logins.ok");
    EXPECT_TEXT(questioned.service, "website");
    EXPECT_I64(questioned.at_s, 1763837000);
    EXPECT_I64(questioned.window_s, 7200);
    EXPECT(text_starts(answer.body,
                       "{\"metric\":\"logins.ok\",\"at\":1763837000,\"data\":true,\"moved\":true,"
                       "\"direction\":\"down\",\"onset\":1763837940.0,\"over\":null,\"before\":"
                       "412.0,\"after\":284.0,\"delta\":-128.0,\"rank\":[1,280],\"usual\":[395.0,"
                       "430.0],\"suspects\":[{\"change\":{"));
    EXPECT(strstr(answer.body,
                  ",\"score\":0.86,\"reasons\":[{\"code\":\"ends_before\",\"value\":20.0},{\"code\""
                  ":\"history\",\"value\":[3.0,9]},{\"code\":\"same_service\",\"value\":true}]}],"
                  "\"none\":0.12,\"changes\":3,\"none_in_window\":false,\"missing\":[\"The week "
                  "before has no "
                  "data.\"]}"));
}

TEST(why_refuses_times_that_are_none)
{
    set_up();
    EXPECT(strstr(ASK("/api/v1/why", "metric=a", "window=long").body, "window='long'"));
    EXPECT_I64(ASK("/api/v1/why", "metric=a", "at=yesterdya").status, 400);
}

TEST(why_without_data_says_nothing_of_levels)
{
    set_up();
    to_explain = (struct why){.none_share = 1.0};
    const struct answer answer = ASK("/api/v1/why", "metric=a.b");
    EXPECT_I64(questioned.at_s, NOW_S);
    EXPECT_I64(questioned.window_s, 2700);
    EXPECT(strstr(answer.body, "\"data\":false,\"moved\":false,\"direction\":null,\"onset\":null,"
                               "\"over\":null,\"before\":null,"));
    EXPECT(strstr(answer.body, "\"none_in_window\":true"));
}

RUN_TESTS(test_of(what_is_to_be_judged_reaches_the_judge),
          test_of(an_impact_is_the_change_and_its_verdict),
          test_of(the_stage_is_the_longest_that_is_over),
          test_of(a_verdict_that_is_kept_is_shown_unless_another_is_asked_for),
          test_of(a_picture_looks_at_all_that_a_verdict_says_moved),
          test_of(nonsense_is_named_and_not_judged),
          test_of(the_gate_answers_as_the_contract_of_webhooks_has_it),
          test_of(the_gate_takes_the_service_from_path_or_body),
          test_of(the_gate_goes_on_where_nothing_is_known),
          test_of(why_names_the_suspects_and_what_it_could_not_see),
          test_of(why_refuses_times_that_are_none),
          test_of(why_without_data_says_nothing_of_levels))
