/* Prometheus' Alertmanager, and Grafana's alerting, which sends the same. A group's key comes again
 * with its next alerts, so each alert is an incident of its own: its labels' fingerprint, since when. */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "base/mem.h"
#include "hooks/parse.h"
#include "hooks/sources.h"

enum { SHA256_BYTES = 32, FINGERPRINT_BYTES = 8 };

/* One alert and what it came in. */
struct alert {
    const struct hook_call *call;
    const json_t *root, *alert;
};

/* Alertmanager's own, else as good a one: old releases have none. */
static const char *fingerprint(const struct alert *a)
{
    const char *given = parse_field(a->call, a->alert, "fingerprint");
    if (given[0])
        return given;
    CLEANUP(mem_done)
    char *labels = json_dumps(parse_at(a->alert, "labels"), JSON_SORT_KEYS | JSON_COMPACT);
    unsigned char hash[SHA256_BYTES];
    char hex[2 * FINGERPRINT_BYTES + 1];
    const char *text = labels ? labels : "";
    BUG_IF(gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), hash) != 0);
    for (size_t i = 0; i < FINGERPRINT_BYTES; i++) {
        static const char digits[] = "0123456789abcdef";
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    hex[2 * FINGERPRINT_BYTES] = '\0';
    return arena_strdup(a->call->arena, hex);
}

/* The first of the labels that is there. */
static const char *label(const struct alert *a, const char *const *names, size_t n)
{
    const json_t *labels = parse_at(a->alert, "labels");
    for (size_t i = 0; i < n; i++) {
        const char *value = json_string_value(json_object_get(labels, names[i]));
        if (value && value[0])
            return arena_strdup(a->call->arena, value);
    }
    return "";
}

static const char *message(const struct alert *a)
{
    const char *name = parse_text(a->call, a->alert, "labels.alertname");
    static const char *const paths[] = {"annotations.summary", "annotations.message",
                                        "annotations.description"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const char *text = parse_text(a->call, a->alert, paths[i]);
        if (text[0])
            return name[0] ? arena_printf(a->call->arena, "%s: %s", name, text) : text;
    }
    return name;
}

static void add_labels(const struct alert *a, struct change *change)
{
    json_t *labels = parse_at(a->alert, "labels");
    for (void *at = json_object_iter(labels); at; at = json_object_iter_next(labels, at)) {
        const char *value = json_string_value(json_object_iter_value(at));
        if (!value)
            continue;
        const struct tag tag = {arena_strdup(a->call->arena, json_object_iter_key(at)),
                                arena_strdup(a->call->arena, value)};
        parse_tag(a->call, change, tag);
    }
}

/* endsAt of one that fires is year 1, or a guess at when it will be given up: no end. */
static bool take_times(const struct alert *a, struct change *change, struct err *err)
{
    if (!parse_time_at(a->call, a->alert, "startsAt", &change->start_ms, err))
        return false;
    if (!change->start_ms)
        return FAIL(err, ERR_INPUT, "startsAt is missing");
    if (change->status == STATUS_RUNNING)
        return true;
    if (!parse_time(parse_text(a->call, a->alert, "endsAt"), &change->end_ms))
        change->end_ms = a->call->now_ms;
    change->end_ms = max_i64(change->end_ms, change->start_ms);
    return true;
}

static bool read_alert(const struct alert *a, struct hook_result *io, struct err *err)
{
    static const char *const services[] = {"service", "service_name", "app",
                                           "app_kubernetes_io_name", "job"};
    static const char *const envs[] = {"environment", "env", "deployment_environment_name",
                                       "deployment_environment", "stage"};
    const char *status = parse_text(a->call, a->alert, "status");
    struct change change = change_blank();
    change.kind = CHANGE_INCIDENT;
    if (strcmp(status, "firing") != 0 && strcmp(status, "resolved") != 0)
        return FAIL(err, ERR_INPUT, "status '%.40s' is neither firing nor resolved", status);
    change.status = status[0] == 'f' ? STATUS_RUNNING : STATUS_SUCCEEDED;
    if (!take_times(a, &change, err))
        return false;
    change.source = "hook/alertmanager";
    change.key =
        arena_printf(a->call->arena, "am:%.64s:%lld", fingerprint(a), (long long)change.start_ms);
    change.service = parse_service(a->call, label(a, services, COUNT_OF(services)));
    change.env = parse_env(a->call, label(a, envs, COUNT_OF(envs)));
    change.msg = message(a);
    change.url = parse_url(a->call, a->alert, "generatorURL");
    if (!change.url[0])
        change.url = parse_url(a->call, a->root, "externalURL");
    add_labels(a, &change);
    parse_add(a->call, io, &change);
    return true;
}

/* Watchdog and its like fire for ever, to show that alerting works; they say so by this severity. */
static bool is_heartbeat(const struct alert *a)
{
    return strcmp(parse_text(a->call, a->alert, "labels.severity"), "none") == 0;
}

static bool read_body(const struct hook_call *call, const json_t *root, struct hook_result *out,
                      struct err *err)
{
    const json_t *alerts = json_object_get(root, "alerts");
    const char *status = parse_text(call, root, "status");
    out->event = status[0] ? status : "alerts";
    if (!json_is_array(alerts)) {
        err_set(err, ERR_INPUT, "alerts is not an array");
        err_hint(err,
                 "Alertmanager's webhook_configs and Grafana's webhook contact point send one");
        return false;
    }
    (void)parse_ignore(out, "no alert in it is an incident");
    for (size_t i = 0; i < json_array_size(alerts); i++) {
        const struct alert a = {call, root, json_array_get(alerts, i)};
        if (is_heartbeat(&a))
            continue;
        if (!read_alert(&a, out, err)) {
            err_prefix(err, "alerts[%zu]", i);
            return false;
        }
    }
    return true;
}

static bool read(const struct hook_call *call, struct hook_result *out, struct err *err)
{
    CLEANUP(parse_done) json_t *root = NULL;
    *out = (struct hook_result){.event = "alerts", .delivery = "", .reason = ""};
    return parse_object(call, &root, err) && read_body(call, root, out, err);
}

const struct hook_source source_alertmanager = {
    .name = "alertmanager",
    .about = "a receiver with webhook_configs, send_resolved: true; or Grafana's webhook contact "
             "point",
    .read = read,
};
