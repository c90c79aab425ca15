/* Grafana's annotations: one a change, drawn from its start, and made a region at its end. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "announce/channels.h"
#include "announce/filter.h"
#include "announce/http_out.h"
#include "announce/text.h"
#include "base/mem.h"
#include "base/str.h"

enum { BODY_BYTES_MAX = 64 * 1024, ANSWER_BYTES_MAX = 16 * 1024 };

struct grafana {
    struct channel channel;
    struct http_out http;
    const char *token;     /* "" none */
    const char *dashboard; /* uid, or "": every dashboard can show it by its tags */
};

static void close_grafana(struct channel *channel)
{
    struct grafana *grafana = (struct grafana *)channel;
    http_out_close(&grafana->http);
    mem_free(grafana);
}

static bool open_grafana(const struct ini_section *section, const struct announce_options *options,
                         struct channel **out, struct err *err)
{
    (void)options;
    struct http_out http;
    if (!http_out_open(section, NULL, false, &http, err))
        return false;
    struct grafana *grafana = mem_zalloc(sizeof *grafana);
    grafana->http = http;
    grafana->token = filter_text(section, "token", "");
    grafana->dashboard = filter_text(section, "dashboard", "");
    *out = &grafana->channel;
    return true;
}

static void write_tags(struct jsonw *json, const struct message *message)
{
    const struct change *change = message->change;
    jsonw_key(json, "tags");
    jsonw_array(json);
    jsonw_text(json, change_kind_name(change->kind));
    if (change->service[0])
        jsonw_text(json, change->service);
    jsonw_text(json, arena_printf(message->arena, "env:%s", change->env));
    if (text_is_rollback(change))
        jsonw_text(json, "rollback");
    if (message->moment != MOMENT_START)
        jsonw_text(json, change->is_retracted ? "retracted" : change_status_name(change->status));
    if (message->moment == MOMENT_VERDICT)
        jsonw_text(json, arena_printf(message->arena, "verdict:%s",
                                      verdict_state_name(change->verdict->state)));
    jsonw_end(json);
}

static void write_body(const struct grafana *grafana, const struct message *message, bool is_new,
                       struct buf *out)
{
    const struct change *change = message->change;
    struct jsonw json;
    jsonw_init(&json, out, 0);
    jsonw_object(&json);
    if (is_new && grafana->dashboard[0])
        jsonw_put_text(&json, "dashboardUID", grafana->dashboard);
    jsonw_put_i64(&json, "time", change->start_ms);
    if (change->end_ms > change->start_ms && message->moment != MOMENT_START)
        jsonw_put_i64(&json, "timeEnd", change->end_ms);
    write_tags(&json, message);
    /* Grafana shows this as HTML of its own cleaning. */
    jsonw_put_text(&json, "text",
                   text_value(text_line(message, TEXT_PLAIN), TEXT_SLACK, 2000, message->arena));
    jsonw_end(&json);
}

/* The number of the annotation; "" when the answer has none. */
static const char *id_of(const struct buf *answer, struct arena *arena)
{
    json_auto_t *root = json_loadb(buf_text(answer), answer->n, 0, NULL);
    const json_t *id = json_object_get(root, "id");
    return json_is_integer(id) ? arena_printf(arena, "%lld", (long long)json_integer_value(id))
                               : "";
}

static bool tell_grafana(struct channel *channel, const struct message *message,
                         const char **out_thread, struct err *err)
{
    struct grafana *grafana = (struct grafana *)channel;
    struct arena *arena = message->arena;
    const bool is_new = !message->thread[0];
    size_t n_base = strlen(grafana->http.url);
    while (n_base && grafana->http.url[n_base - 1] == '/')
        n_base--;
    CLEANUP(buf_done) struct buf body;
    CLEANUP(buf_done) struct buf answer;
    buf_init(&body, BODY_BYTES_MAX);
    buf_init(&answer, ANSWER_BYTES_MAX);
    write_body(grafana, message, is_new, &body);
    const char *headers[] = {http_out_header(arena, "Authorization: Bearer %s", grafana->token)};
    const struct http_post post = {
        .url = arena_printf(arena, "%.*s/api/annotations%s%s", (int)n_base, grafana->http.url,
                            is_new ? "" : "/", message->thread),
        .method = is_new ? "POST" : "PATCH",
        .body = buf_text(&body),
        .headers = headers,
        .n_headers = grafana->token[0] ? 1 : 0,
        .answer = &answer,
    };
    if (!http_out_post(&grafana->http, channel, &post, err))
        return false;
    *out_thread = is_new ? id_of(&answer, arena) : "";
    return true;
}

static const char *const grafana_keys[] = {HTTP_OUT_KEYS, "token", "dashboard", NULL};
const struct channel_kind channel_grafana = {
    .name = "grafana",
    .about = "annotations in Grafana",
    .keys = grafana_keys,
    .open = open_grafana,
    .tell = tell_grafana,
    .close = close_grafana,
    .is_patient = true,
};
