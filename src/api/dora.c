/* GET /api/v1/dora: the five delivery metrics from the ledger, each with how many it was made of. */
#include <math.h>
#include <string.h>

#include "api/routes.h"
#include "base/mem.h"

#define DAY_MS INT64_C(86400000)

enum { DAYS_DEFAULT = 30 };

static const struct {
    const char *key, *text;
} definitions[] = {
    {"per_day",
     "Deploys that succeeded and started in the period, a day; the interval is that of a "
     "count."},
    {"days_a_week", "The median over whole weeks, back from the end, of days with a deploy."},
    {"gap_s", "The median of the times between the starts of two deploys."},
    {"lead_s",
     "The median over the commits that these deploys brought of the time from the commit to the "
     "end of its deploy; merges and commits later than their deploy are left out."},
    {"fail",
     "The share of these deploys that a later rollback or fix, or an incident, names as what "
     "failed; each counts once."},
    {"recovery_s",
     "The median, over failed deploys that are over, of the time from the deploy's end to "
     "the end of what fixed it first."},
    {"rework",
     "The share of these deploys that nobody had planned: rollbacks, hotfixes, fixes of an "
     "incident."},
};

static void write_number(struct jsonw *json, const char *key, const struct dora_number *number)
{
    jsonw_key(json, key);
    jsonw_object(json);
    jsonw_put_f64(json, "value", number->value);
    jsonw_put_f64(json, "low", number->low);
    jsonw_put_f64(json, "high", number->high);
    jsonw_put_i64(json, "n", (int64_t)number->n);
    jsonw_end(json);
}

static void write_numbers(struct jsonw *json, const struct dora *dora)
{
    jsonw_put_i64(json, "deploys", (int64_t)dora->n_deploys);
    jsonw_put_i64(json, "broken", (int64_t)dora->n_broken);
    write_number(json, "per_day", &dora->per_day);
    jsonw_put_f64(json, "days_a_week", dora->days_a_week);
    write_number(json, "gap_s", &dora->gap_s);
    write_number(json, "lead_s", &dora->lead_s);
    jsonw_put_i64(json, "unknown_lead", (int64_t)dora->n_unknown_lead);
    jsonw_put_i64(json, "negative_lead", (int64_t)dora->n_negative_lead);
    write_number(json, "fail", &dora->fail);
    jsonw_put_i64(json, "failed", (int64_t)dora->failures.n);
    write_number(json, "recovery_s", &dora->recovery_s);
    jsonw_put_i64(json, "open", (int64_t)dora->n_open);
    write_number(json, "rework", &dora->rework);
    jsonw_put_i64(json, "reworked", (int64_t)dora->reworks.n);
}

static void write_rows(struct jsonw *json, const char *key, const struct dora_rows *rows)
{
    jsonw_key(json, key);
    jsonw_array(json);
    for (size_t i = 0; i < rows->n; i++) {
        const struct dora_row *row = &rows->items[i];
        jsonw_object(json);
        jsonw_put_text(json, "id", row->change->id);
        jsonw_put_text(json, "service", row->change->service);
        jsonw_put_text(json, "rev", row->change->rev);
        jsonw_put_text(json, "action", row->change->action);
        jsonw_put_f64(json, "start", (double)row->change->start_ms / 1000.0);
        jsonw_put_text(json, "cause", row->cause ? row->cause->id : NULL);
        jsonw_put_f64(json, "seconds", row->value);
        jsonw_end(json);
    }
    jsonw_end(json);
}

static void write_definitions(struct jsonw *json)
{
    jsonw_key(json, "definitions");
    jsonw_object(json);
    for (size_t i = 0; i < COUNT_OF(definitions); i++) {
        jsonw_put_text(json, definitions[i].key, definitions[i].text);
    }
    jsonw_end(json);
}

static void write_head(struct jsonw *json, const struct dora_wish *wish)
{
    jsonw_put_text(json, "env", wish->env);
    jsonw_put_f64(json, "from", (double)wish->from_ms / 1000.0);
    jsonw_put_f64(json, "until", (double)wish->until_ms / 1000.0);
    jsonw_put_f64(json, "days", (double)(wish->until_ms - wish->from_ms) / (double)DAY_MS);
}

/* from= and until=, as everywhere; nothing is known of what is later than now. */
static bool take_period(struct api_call *call, struct dora_wish *wish, struct err *err)
{
    const char *from = call_param(call, "from"), *until = call_param(call, "until");
    const int64_t now_ms = clock_us(&call->api->deps.clock) / 1000, now_s = now_ms / 1000;
    int64_t from_s = 0, until_s = now_s;
    if (until && !query_parse_time(until, call_zone(call), now_s, &until_s, err)) {
        err_prefix(err, "until");
        return false;
    }
    if (from && !query_parse_time(from, call_zone(call), now_s, &from_s, err)) {
        err_prefix(err, "from");
        return false;
    }
    wish->now_ms = now_ms;
    wish->until_ms = until ? min_i64(until_s * 1000, now_ms) : now_ms;
    wish->from_ms = from ? from_s * 1000 : wish->until_ms - DAYS_DEFAULT * DAY_MS;
    if (wish->from_ms < wish->until_ms)
        return true;
    err_set(err, ERR_INPUT, "the period ends before it begins");
    err_hint(err, "from= is to be before until=, and before now");
    return false;
}

static bool write_one(struct api_call *call, const struct dora_wish *wish, struct err *err)
{
    struct dora dora;
    struct jsonw json;
    if (!dora_measure(wish, call->arena, &dora, err) || !call_json(call, &json, err))
        return false;
    jsonw_object(&json);
    jsonw_put_text(&json, "service", wish->service ? wish->service : "");
    write_head(&json, wish);
    write_numbers(&json, &dora);
    jsonw_key(&json, "rows");
    jsonw_object(&json);
    write_rows(&json, "deploys", &dora.deploys);
    write_rows(&json, "failures", &dora.failures);
    write_rows(&json, "reworks", &dora.reworks);
    jsonw_end(&json);
    write_definitions(&json);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

static bool write_services(struct api_call *call, const struct dora_wish *all, struct err *err)
{
    const char *const *services;
    struct jsonw json;
    struct dora_wish wish = *all;
    const size_t n = dora_read_services(all, call->arena, &services);
    struct dora *measured = arena_array(call->arena, n, struct dora);
    for (size_t i = 0; i < n; i++) {
        wish.service = services[i];
        if (!call_is_awaited(call, err) || !dora_measure(&wish, call->arena, &measured[i], err))
            return false;
    }
    if (!call_json(call, &json, err))
        return false;
    jsonw_object(&json);
    write_head(&json, all);
    jsonw_key(&json, "services");
    jsonw_array(&json);
    for (size_t i = 0; i < n; i++) {
        jsonw_object(&json);
        jsonw_put_text(&json, "service", services[i]);
        write_numbers(&json, &measured[i]);
        jsonw_end(&json);
    }
    jsonw_end(&json);
    write_definitions(&json);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

bool dora_run(struct api_call *call, struct err *err)
{
    struct ledger *ledger = call->api->deps.ledger;
    const char *env = call_param(call, "env"), *by = call_param(call, "by");
    struct dora_wish wish = {.service = call_param(call, "service"),
                             .env = env && env[0] ? env : "production",
                             .commits = dora_read_commits,
                             .self = ledger};
    struct change_list changes;
    if (by && strcmp(by, "service") != 0)
        return FAIL(err, ERR_INPUT, "by='%.40s' is not known; by=service is", by);
    if (!take_period(call, &wish, err) ||
        !dora_read_changes(ledger, wish.from_ms, call->arena, &changes, err))
        return false;
    wish.changes = changes.items;
    wish.n_changes = changes.n;
    return by ? write_services(call, &wish, err) : write_one(call, &wish, err);
}
