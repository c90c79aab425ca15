/* CDEvents over CloudEvents: binary (ce-* headers), structured and batched JSON, or the bare event.
 * Releases before 0.5 say context.version where later ones say context.specversion, and have a
 * subject.type; neither is needed here. Versions of a type may grow fields: any is taken. */
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "hooks/pick.h"
#include "hooks/place.h"
#include "hooks/result.h"
#include "hooks/sign.h"
#include "hooks/sources.h"
#include "hooks/stamp.h"

/* One event on its way, by its three words. */
struct event {
    const struct hook_call *call;
    const json_t *root; /* context, subject, customData */
    struct hook_result *out;
    const char *subject, *predicate, *id, *source;
    int64_t at_ms;
};

/* ---- what an event is about ---- */

/* "dev.cdevents.service.deployed.0.2.0-draft": the two words between the names and the version. */
static bool take_type(struct event *e, const char *type)
{
    static const char prefix[] = "dev.cdevents.";
    struct str rest = str_of(type), subject, predicate;
    if (!str_starts(rest, prefix))
        return false;
    rest = str_of(type + sizeof prefix - 1);
    if (!str_split(&rest, '.', &subject) || !str_split(&rest, '.', &predicate))
        return false;
    e->subject = arena_strndup(e->call->arena, subject.at, subject.n);
    e->predicate = arena_strndup(e->call->arena, predicate.at, predicate.n);
    return subject.n && predicate.n;
}

static const char *text(const struct event *e, const char *path)
{
    return pick_text(e->call, e->root, path);
}

/* A reference is {"id": ...}; some senders write the id alone. */
static const char *reference(const struct event *e, const char *path)
{
    const char *id = text(e, arena_printf(e->call->arena, "%s.id", path));
    return id[0] ? id : text(e, path);
}

/* pkg:oci/web@sha256%3Aab12?tag=1.4: its version, "sha256:ab12"; what is no such thing stays. */
static const char *revision(const struct event *e, const char *artifact)
{
    const char *at = strrchr(artifact, '@');
    if (!text_starts(artifact, "pkg:") || !at)
        return place_text(e->call, artifact);
    char *rev = arena_strndup(e->call->arena, at + 1, strcspn(at + 1, "?#")), *out = rev;
    for (const char *in = rev; *in; in++) {
        const int high = in[0] == '%' ? text_hex_digit(in[1]) : -1;
        const int low = high >= 0 ? text_hex_digit(in[2]) : -1;
        *out++ = low >= 0 ? (char)(high << 4 | low) : *in;
        in += low >= 0 ? 2 : 0;
    }
    *out = '\0';
    return place_text(e->call, rev);
}

/* A change of the service that is called so over there. NULL: it is not to count. */
static struct change *begin(const struct event *e, enum change_kind kind, const char *name)
{
    const char *service = place_service(e->call, name, NULL);
    if (!service) {
        e->out->reason = "plumb.conf says '-' for this service";
        return NULL;
    }
    struct change *change = result_change(e->call, e->out, kind, "hook/cdevents");
    const char *artifact = text(e, "subject.content.artifactId");
    change->start_ms = e->at_ms;
    change->service = service;
    change->env = place_env(e->call, reference(e, "subject.content.environment"));
    change->rev = revision(e, artifact);
    result_tag(e->call, change, "artifact", artifact);
    result_tag(e->call, change, "chain", text(e, "context.chainId"));
    return change;
}

/* Of an event that is a change by itself: senders must not give an id twice. */
static const char *key_of_event(const struct event *e)
{
    return arena_printf(e->call->arena, "%s %s", e->source, e->id);
}

/* Of what several events tell of: an incident, a deployment. */
static const char *key_of_subject(const struct event *e)
{
    return arena_printf(e->call->arena, "%s %s %s", e->source, e->subject, text(e, "subject.id"));
}

/* ---- a reader for each subject ---- */

/* What an event calls it, and we; NULL: none of these. */
static const char *action_of(const struct event *e, const char *const actions[][2], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(e->predicate, actions[i][0]) == 0)
            return actions[i][1];
    return NULL;
}

/* An event that is a change by itself: it has happened. */
static struct change *begin_done(const struct event *e, enum change_kind kind, const char *action)
{
    struct change *change = action ? begin(e, kind, text(e, "subject.id")) : NULL;
    if (!change)
        return NULL;
    change->key = key_of_event(e);
    change->action = action;
    change->status = STATUS_SUCCEEDED;
    change->end_ms = e->at_ms;
    return change;
}

/* service.published is none: it may be used now, and nobody does yet. */
static void read_service(const struct event *e)
{
    static const char *const actions[][2] = {{"deployed", "deploy"},
                                             {"upgraded", "upgrade"},
                                             {"rolledback", "rollback"},
                                             {"removed", "remove"}};
    (void)begin_done(e, CHANGE_DEPLOY, action_of(e, actions, COUNT_OF(actions)));
}

static void read_environment(const struct event *e)
{
    static const char *const actions[][2] = {
        {"created", "create"}, {"modified", "modify"}, {"deleted", "delete"}};
    struct change *change = begin_done(e, CHANGE_INFRA, action_of(e, actions, COUNT_OF(actions)));
    if (!change)
        return;
    const char *id = text(e, "subject.id"), *name = text(e, "subject.content.name");
    change->env = place_env(e->call, id);
    change->msg =
        arena_printf(e->call->arena, "environment %s %s", name[0] ? name : id, e->predicate);
    change->url = place_url(text(e, "subject.content.url"));
}

static void read_incident(const struct event *e)
{
    const bool is_end = strcmp(e->predicate, "resolved") == 0;
    if (!is_end && strcmp(e->predicate, "detected") != 0 && strcmp(e->predicate, "reported") != 0)
        return;
    struct change *change = begin(e, CHANGE_INCIDENT, reference(e, "subject.content.service"));
    if (!change)
        return;
    change->key = key_of_subject(e);
    change->status = is_end ? STATUS_SUCCEEDED : STATUS_RUNNING;
    change->end_ms = is_end ? e->at_ms : 0;
    change->msg = text(e, "subject.content.description");
    change->url = place_url(text(e, "subject.content.ticketURI"));
}

static enum change_status outcome(const char *word)
{
    static const struct {
        const char *word;
        enum change_status status;
    } outcomes[] = {{"failure", STATUS_FAILED},     {"failed", STATUS_FAILED},
                    {"error", STATUS_FAILED},       {"cancel", STATUS_CANCELLED},
                    {"canceled", STATUS_CANCELLED}, {"cancelled", STATUS_CANCELLED}};
    for (size_t i = 0; i < COUNT_OF(outcomes); i++)
        if (strcasecmp(word, outcomes[i].word) == 0)
            return outcomes[i].status;
    return STATUS_SUCCEEDED;
}

static void read_deployment(const struct event *e)
{
    const bool is_queued = strcmp(e->predicate, "queued") == 0;
    const bool is_start = strcmp(e->predicate, "started") == 0;
    const bool is_end = strcmp(e->predicate, "finished") == 0;
    if (!is_queued && !is_start && !is_end)
        return;
    const char *service = reference(e, "subject.content.service");
    struct change *change = begin(e, CHANGE_DEPLOY, service[0] ? service : text(e, "subject.id"));
    if (!change)
        return;
    change->key = key_of_subject(e);
    change->status = is_queued  ? STATUS_QUEUED
                     : is_start ? STATUS_RUNNING
                                : outcome(text(e, "subject.content.outcome"));
    change->end_ms = is_end ? e->at_ms : 0;
    change->msg = text(e, "subject.content.errors");
    change->url = place_url(text(e, "subject.content.uri"));
}

static void read_subject(const struct event *e)
{
    static const struct {
        const char *subject;
        void (*read)(const struct event *e);
    } readers[] = {{"service", read_service},
                   {"incident", read_incident},
                   {"environment", read_environment},
                   {"deployment", read_deployment}};
    for (size_t i = 0; i < COUNT_OF(readers); i++)
        if (strcmp(e->subject, readers[i].subject) == 0)
            readers[i].read(e);
}

/* ---- what carries it ---- */

/* Where the four facts of CloudEvents are: headers, the envelope, or the event itself. */
struct envelope {
    const struct hook_call *call;
    const json_t *json; /* of a structured one; NULL: the headers */
    const json_t *event;
};

/* The event's own, else the envelope's: they are the same, and a bare event has only its own. */
static const char *fact(const struct envelope *in, const char *own, const char *name)
{
    const char *value = pick_text(in->call, in->event, own);
    if (value[0])
        return value;
    if (in->json)
        return pick_text(in->call, in->json, name);
    const char *header = sign_header(in->call, arena_printf(in->call->arena, "ce-%s", name));
    return header ? header : "";
}

static bool read_event(const struct envelope *in, struct hook_result *io, struct err *err)
{
    struct event e = {.call = in->call, .root = in->event, .out = io};
    const char *type = fact(in, "context.type", "type");
    const char *at = fact(in, "context.timestamp", "time");
    e.id = fact(in, "context.id", "id");
    e.source = fact(in, "context.source", "source");
    if (!type[0]) {
        err_set(err, ERR_INPUT, "there is no type of event: neither context.type nor ce-type");
        err_hint(err, "send CDEvents as CloudEvents, in binary or structured form");
        return false;
    }
    io->event = place_text(in->call, type);
    io->reason = "an event that changes nothing in a running system";
    if (!take_type(&e, type)) {
        io->reason = "no CDEvent: its type does not begin with dev.cdevents.";
        return true;
    }
    if (!e.id[0] || !e.source[0])
        return FAIL(err, ERR_INPUT, "context.%s is missing", e.id[0] ? "source" : "id");
    io->delivery = key_of_event(&e); /* ids are the source's own */
    e.at_ms = at[0] ? stamp_ms(at) : in->call->now_ms;
    if (!e.at_ms)
        return FAIL(err, ERR_INPUT, "context.timestamp: '%.60s' is not a time", at);
    if (!text(&e, "subject.id")[0])
        return FAIL(err, ERR_INPUT, "subject.id is missing");
    read_subject(&e);
    return true;
}

/* Is it an envelope, with the event in its data? */
static bool read_one(const struct hook_call *call, const json_t *root, struct hook_result *io,
                     struct err *err)
{
    const json_t *data = json_object_get(root, "data");
    struct envelope in = {.call = call, .event = root};
    if (!json_object_get(root, "context") && json_object_get(root, "specversion")) {
        if (!json_is_object(data))
            return FAIL(err, ERR_INPUT, "data is not a JSON object%s",
                        json_object_get(root, "data_base64") ? ": data_base64 is not taken" : "");
        in.json = root;
        in.event = data;
    }
    return read_event(&in, io, err);
}

/* No number tells one batch from another; the keys of its events do. */
static bool read_batch(const struct hook_call *call, const json_t *root, struct hook_result *io,
                       struct err *err)
{
    io->reason = "an empty batch";
    for (size_t i = 0; i < json_array_size(root); i++) {
        if (read_one(call, json_array_get(root, i), io, err))
            continue;
        err_prefix(err, "[%zu]", i);
        return false;
    }
    io->delivery = "";
    return true;
}

static bool read(const struct hook_call *call, struct hook_result *out, struct err *err)
{
    json_auto_t *root = NULL;
    struct hook_result result;
    result_begin(&result, "", "");
    if (!pick_any(call, &root, err))
        return false;
    if (!json_is_object(root) && !json_is_array(root))
        return FAIL(err, ERR_INPUT, "the body is neither a JSON object nor an array of them");
    if (!(json_is_array(root) ? read_batch : read_one)(call, root, &result, err))
        return false;
    if (result.n_changes == 0)
        result_ignore(&result, result.reason);
    else
        result.reason = "";
    *out = result;
    return true;
}

const struct hook_source source_cdevents = {
    .name = "cdevents",
    .about = "CDEvents as CloudEvents over HTTP, binary or structured",
    .read = read,
};
