/* CDEvents (https://cdevents.dev, 0.5) in binary CloudEvents over HTTP: services that were deployed, upgraded
 * or rolled back, and incidents. */
#include <stdio.h>
#include <string.h>

#include "announce/channels.h"
#include "announce/filter.h"
#include "announce/http_out.h"
#include "announce/text.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/tz.h"

#define SPEC "0.5.0"

enum { BODY_BYTES_MAX = 512 * 1024 };

struct cdevents {
    struct channel channel;
    struct http_out http;
    const char *token, *source;
    void (*write_change)(struct jsonw *json, const struct change *change);
};

static void close_cdevents(struct channel *channel)
{
    struct cdevents *events = (struct cdevents *)channel;
    http_out_close(&events->http);
    mem_free(events);
}

static bool open_cdevents(const struct ini_section *section, const struct announce_options *options,
                          struct channel **out, struct err *err)
{
    struct http_out http;
    if (!http_out_open(section, NULL, true, &http, err))
        return false;
    struct cdevents *events = mem_zalloc(sizeof *events);
    events->http = http;
    events->token = filter_text(section, "token", "");
    events->source = filter_text(section, "source", options->base_url);
    events->write_change = options->write_change;
    *out = &events->channel;
    return true;
}

#define DETECTED "dev.cdevents.incident.detected.0.3.0"
#define RESOLVED "dev.cdevents.incident.resolved.0.3.0"

/* Harm is an incident, and one that was taken back is over. */
static const char *type_of_verdict(const struct message *message)
{
    if (text_is_harm(message))
        return DETECTED;
    return message->before == VERDICT_HARM ? RESOLVED : NULL;
}

/* NULL: nothing that CDEvents has a word for. */
static const char *type_of(const struct message *message)
{
    const struct change *change = message->change;
    if (message->moment == MOMENT_VERDICT)
        return type_of_verdict(message);
    const bool is_start = message->moment == MOMENT_START;
    if (change->is_retracted || message->moment == MOMENT_AGAIN)
        return NULL;
    if (change->kind == CHANGE_INCIDENT)
        return is_start || (message->is_first && change->end_ms == change->start_ms) ? DETECTED
                                                                                     : RESOLVED;
    if (change->kind != CHANGE_DEPLOY || is_start || change->status != STATUS_SUCCEEDED)
        return NULL;
    if (text_is_rollback(change))
        return "dev.cdevents.service.rolledback.0.3.0";
    return change->prev[0] ? "dev.cdevents.service.upgraded.0.3.0"
                           : "dev.cdevents.service.deployed.0.3.0";
}

/* A package URL of what runs now; the spec asks for one. */
static const char *purl_of(const struct change *change, struct arena *arena)
{
    static const char digits[] = "0123456789ABCDEF";
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 2048);
    buf_printf(&out, "pkg:generic/%s", change->service);
    for (const char *at = change->rev; *at; at++) {
        const unsigned char c = (unsigned char)*at;
        if (at == change->rev)
            buf_add_char(&out, '@');
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            strchr("-._~", c)) {
            buf_add_char(&out, (char)c);
            continue;
        }
        buf_add_char(&out, '%');
        buf_add_char(&out, digits[c >> 4]);
        buf_add_char(&out, digits[c & 15]);
    }
    return arena_strdup(arena, buf_text(&out));
}

struct event {
    const char *type, *time, *subject;
};

static struct event event_of(const struct message *message, const char *type)
{
    const struct change *change = message->change;
    const bool is_verdict = message->moment == MOMENT_VERDICT;
    const int64_t at_ms = is_verdict                        ? change->verdict->made_ms
                          : message->moment == MOMENT_START ? change->start_ms
                                                            : change->end_ms;
    char time[64];
    tz_format(tz_utc(), at_ms / 1000, "%Y-%m-%dT%H:%M:%SZ", time, sizeof time);
    const char *subject = change->kind == CHANGE_INCIDENT ? change->id : change->service;
    if (is_verdict) /* the incident is none of the ledger's own */
        subject = arena_printf(message->arena, "%s.harm", change->id);
    return (struct event){type, arena_strdup(message->arena, time), subject};
}

static void write_subject(struct jsonw *json, const struct event *event,
                          const struct message *message)
{
    const struct change *change = message->change;
    const bool is_verdict = message->moment == MOMENT_VERDICT;
    jsonw_key(json, "subject");
    jsonw_object(json);
    jsonw_put_text(json, "id", event->subject);
    jsonw_key(json, "content");
    jsonw_object(json);
    jsonw_key(json, "environment");
    jsonw_object(json);
    jsonw_put_text(json, "id", change->env);
    jsonw_end(json);
    if (change->kind != CHANGE_INCIDENT && !is_verdict) {
        jsonw_put_text(json, "artifactId", purl_of(change, message->arena));
    } else {
        jsonw_put_text(json, "description",
                       is_verdict ? text_line(message, TEXT_PLAIN) : change->msg);
        if (change->service[0]) {
            jsonw_key(json, "service");
            jsonw_object(json);
            jsonw_put_text(json, "id", change->service);
            jsonw_end(json);
        }
    }
    jsonw_end(json);
    jsonw_end(json);
}

static void write_body(const struct cdevents *events, const struct event *event,
                       const struct message *message, struct buf *out)
{
    struct jsonw json;
    jsonw_init(&json, out, 0);
    jsonw_object(&json);
    jsonw_key(&json, "context");
    jsonw_object(&json);
    jsonw_put_text(&json, "specversion", SPEC);
    jsonw_put_text(&json, "id", message->id);
    jsonw_put_text(&json, "source", events->source);
    jsonw_put_text(&json, "type", event->type);
    jsonw_put_text(&json, "timestamp", event->time);
    jsonw_end(&json);
    write_subject(&json, event, message);
    jsonw_key(&json, "customData");
    events->write_change(&json, message->change);
    jsonw_put_text(&json, "customDataContentType", "application/json");
    jsonw_end(&json);
}

static bool tell_cdevents(struct channel *channel, const struct message *message,
                          const char **out_thread, struct err *err)
{
    (void)out_thread;
    struct cdevents *events = (struct cdevents *)channel;
    struct arena *arena = message->arena;
    const char *type = type_of(message);
    if (!type)
        return true;
    const struct event event = event_of(message, type);
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, BODY_BYTES_MAX);
    write_body(events, &event, message, &body);
    if (body.is_full)
        return FAIL(err, ERR_INPUT, "the change is too long for an event");
    const char *headers[HTTP_OUT_HEADERS_MAX];
    size_t n = 0;
    headers[n++] = "ce-specversion: 1.0";
    headers[n++] = http_out_header(arena, "ce-id: %s", message->id);
    headers[n++] = http_out_header(arena, "ce-source: %s", events->source);
    headers[n++] = http_out_header(arena, "ce-type: %s", type);
    headers[n++] = http_out_header(arena, "ce-subject: %s", event.subject);
    headers[n++] = http_out_header(arena, "ce-time: %s", event.time);
    if (events->token[0])
        headers[n++] = http_out_header(arena, "Authorization: Bearer %s", events->token);
    const struct http_post post = {.body = body.at, .headers = headers, .n_headers = n};
    return http_out_post(&events->http, channel, &post, err);
}

static const char *const cdevents_keys[] = {HTTP_OUT_KEYS, "token", "source", NULL};
const struct channel_kind channel_cdevents = {
    .name = "cdevents",
    .about = "CDEvents, as CloudEvents over HTTP",
    .keys = cdevents_keys,
    .open = open_cdevents,
    .tell = tell_cdevents,
    .close = close_cdevents,
    .is_patient = true,
};
