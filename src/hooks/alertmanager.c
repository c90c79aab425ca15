/* Prometheus' Alertmanager, and Grafana's alerting, which sends the same. A group's key comes again
 * with its next alerts, so each alert is an incident of its own: its labels' fingerprint, since when. */
#include <string.h>

#include "base/mem.h"
#include "hooks/pick.h"
#include "hooks/place.h"
#include "hooks/result.h"
#include "hooks/sign.h"
#include "hooks/sources.h"
#include "hooks/stamp.h"

enum { FINGERPRINT_CHARS = 16 };

/* One alert and what it came in. */
struct alert {
    const struct hook_call *call;
    const json_t *root, *alert;
};

static const char *text(const struct alert *a, const char *path)
{
    return pick_text(a->call, a->alert, path);
}

/* Alertmanager's own, else as good a one: old releases have none. */
static const char *fingerprint(const struct alert *a)
{
    const char *given = text(a, "fingerprint");
    if (given[0])
        return given;
    CLEANUP(mem_done)
    char *labels = json_dumps(pick_at(a->alert, "labels"), JSON_SORT_KEYS | JSON_COMPACT);
    return arena_strndup(a->call->arena, sign_sum(labels ? labels : "", a->call->arena),
                         FINGERPRINT_CHARS);
}

/* The first of the labels that is there. */
static const char *label(const struct alert *a, const char *const *names, size_t n)
{
    const json_t *labels = pick_at(a->alert, "labels");
    for (size_t i = 0; i < n; i++) {
        const char *value = pick_text(a->call, labels, names[i]);
        if (value[0])
            return value;
    }
    return "";
}

static const char *message(const struct alert *a)
{
    const char *name = text(a, "labels.alertname");
    static const char *const paths[] = {"annotations.summary", "annotations.message",
                                        "annotations.description"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const char *told = text(a, paths[i]);
        if (told[0])
            return name[0] ? arena_printf(a->call->arena, "%s: %s", name, told) : told;
    }
    return name;
}

static void put_labels(const struct alert *a, struct change *change)
{
    json_t *labels = json_object_get(a->alert, "labels");
    for (void *at = json_object_iter(labels); at; at = json_object_iter_next(labels, at)) {
        const char *value = json_string_value(json_object_iter_value(at));
        result_tag(a->call, change, json_object_iter_key(at), value ? value : "");
    }
}

/* endsAt of one that fires is year 1, or a guess at when it will be given up: no end. */
static bool take_times(const struct alert *a, struct change *change, struct err *err)
{
    if (!pick_time(a->call, a->alert, "startsAt", &change->start_ms, err))
        return false;
    if (!change->start_ms)
        return FAIL(err, ERR_INPUT, "startsAt is missing");
    if (change->status == STATUS_RUNNING)
        return true;
    const int64_t end_ms = stamp_ms(text(a, "endsAt"));
    change->end_ms = max_i64(end_ms ? end_ms : a->call->now_ms, change->start_ms);
    return true;
}

static bool read_alert(const struct alert *a, struct hook_result *io, struct err *err)
{
    static const char *const services[] = {"service", "service_name", "app",
                                           "app_kubernetes_io_name", "job"};
    static const char *const envs[] = {"environment", "env", "deployment_environment_name",
                                       "deployment_environment", "stage"};
    const char *status = text(a, "status");
    if (strcmp(status, "firing") != 0 && strcmp(status, "resolved") != 0)
        return FAIL(err, ERR_INPUT, "status '%.40s' is neither firing nor resolved", status);
    const char *service = place_service(a->call, label(a, services, COUNT_OF(services)), NULL);
    if (!service)
        return true;
    struct change *change = result_change(a->call, io, CHANGE_INCIDENT, "hook/alertmanager");
    change->status = status[0] == 'f' ? STATUS_RUNNING : STATUS_SUCCEEDED;
    if (!take_times(a, change, err))
        return false;
    change->key =
        arena_printf(a->call->arena, "am:%.64s:%lld", fingerprint(a), (long long)change->start_ms);
    change->service = service;
    change->env = place_env(a->call, label(a, envs, COUNT_OF(envs)));
    change->msg = message(a);
    change->url = place_url(text(a, "generatorURL"));
    if (!change->url[0])
        change->url = place_url(pick_text(a->call, a->root, "externalURL"));
    put_labels(a, change);
    return true;
}

/* Watchdog and its like fire for ever, to show that alerting works; they say so by this severity. */
static bool is_heartbeat(const struct alert *a)
{
    return strcmp(text(a, "labels.severity"), "none") == 0;
}

static bool read(const struct hook_call *call, struct hook_result *out, struct err *err)
{
    json_auto_t *root = NULL;
    struct hook_result result;
    if (!pick_parse(call, &root, err))
        return false;
    const json_t *alerts = json_object_get(root, "alerts");
    if (!json_is_array(alerts)) {
        err_set(err, ERR_INPUT, "alerts is not an array");
        err_hint(err,
                 "Alertmanager's webhook_configs and Grafana's webhook contact point send one");
        return false;
    }
    const char *status = pick_text(call, root, "status");
    result_begin(&result, status[0] ? place_text(call, status) : "alerts", "");
    for (size_t i = 0; i < json_array_size(alerts); i++) {
        const struct alert a = {call, root, json_array_get(alerts, i)};
        if (!is_heartbeat(&a) && !read_alert(&a, &result, err)) {
            err_prefix(err, "alerts[%zu]", i);
            return false;
        }
    }
    if (result.n_changes == 0)
        result_ignore(&result, "no alert in it counts: severity none, or plumb.conf says '-'");
    *out = result;
    return true;
}

const struct hook_source source_alertmanager = {
    .name = "alertmanager",
    .about = "a receiver with webhook_configs, send_resolved: true; or Grafana's webhook contact "
             "point",
    .read = read,
};
