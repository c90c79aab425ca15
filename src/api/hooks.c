/* POST /hook/SOURCE/NAME: what other programs' webhooks deliver. GET of the same: what arrived. */
#include <string.h>

#include "api/hook_log.h"
#include "api/recording.h"
#include "api/routes.h"
#include "base/mem.h"
#include "hooks/hooks.h"
#include "model/redact.h"

enum { NAME_MAX_BYTES = 63 }; /* of a hook */

/* One delivery on its way. */
struct delivery {
    struct api_call *call;
    const struct hook_source *source;
    const char *name;              /* of the hook */
    const char *hook;              /* "github/main" */
    const struct hook *configured; /* NULL: plumb.conf does not know it */
    struct hook_call in;
    struct hook_log_entry entry;
};

/* ---- what the address says ---- */

static bool find_source(struct str name, struct arena *arena, const struct hook_source **out,
                        struct err *err)
{
    const char *text = arena_strndup(arena, name.at, name.n);
    *out = hooks_find(text);
    if (*out)
        return true;
    const char **names = arena_array(arena, n_hook_sources, const char *);
    for (size_t i = 0; i < n_hook_sources; i++)
        names[i] = hook_sources[i]->name;
    const char *near = text_nearest(text, names, n_hook_sources);
    err_set(err, ERR_MISSING, "there is no source of hooks '%.50s'", text);
    if (near)
        err_hint(err, "did you mean /hook/%s? GET /hook lists them", near);
    else
        err_hint(err, "GET /hook lists them");
    return false;
}

static bool is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._-";
    const size_t n = strlen(name);
    return n > 0 && n <= NAME_MAX_BYTES && strspn(name, allowed) == n;
}

static const struct hook *find_hook(const struct api *api, const struct hook_source *source,
                                    const char *name)
{
    for (size_t i = 0; i < api->deps.n_hooks; i++)
        if (api->deps.hooks[i].source == source && strcmp(api->deps.hooks[i].name, name) == 0)
            return &api->deps.hooks[i];
    return NULL;
}

/* SOURCE/NAME[/TOKEN] */
static bool read_address(struct api_call *call, struct delivery *out, struct err *err)
{
    struct str rest = str_of(call->rest), source, name = {"", 0};
    if (!str_split(&rest, '/', &source) || !find_source(source, call->arena, &out->source, err))
        return false;
    (void)str_split(&rest, '/', &name);
    out->name = arena_strndup(call->arena, name.at, name.n);
    out->hook = arena_printf(call->arena, "%s/%s", out->source->name, out->name);
    out->in.token = rest.at && rest.n ? arena_strndup(call->arena, rest.at, rest.n) : NULL;
    if (!is_name(out->name)) {
        err_set(err, ERR_INPUT, "the address needs a name of yours: /hook/%s/NAME",
                out->source->name);
        err_hint(err, "up to %d letters, digits, '.', '_' and '-'; such as 'main'", NAME_MAX_BYTES);
        return false;
    }
    out->configured = find_hook(call->api, out->source, out->name);
    return true;
}

/* ---- taking one ---- */

static const char *field_between(const struct http_request *request, const char *key, size_t from,
                                 size_t until)
{
    for (size_t i = from; i < until; i++)
        if (strcmp(request->fields[i].key, key) == 0)
            return request->fields[i].value;
    return NULL;
}

static void read_request(struct delivery *d)
{
    static const struct hook_settings defaults = {.push_refs = ""};
    const struct http_request *request = d->call->request;
    struct hook_header *headers =
        arena_array(d->call->arena, request->n_headers, struct hook_header);
    for (size_t i = 0; i < request->n_headers; i++)
        headers[i] = (struct hook_header){request->headers[i].key, request->headers[i].value};
    d->in.headers = headers;
    d->in.n_headers = request->n_headers;
    d->in.body = request->body;
    d->in.n_body = request->n_body;
    d->in.payload = field_between(request, "payload", request->n_query, request->n_fields);
    const char *token = field_between(request, "token", 0, request->n_query);
    if (token)
        d->in.token = token;
    d->in.now_ms = clock_us(&d->call->api->deps.clock) / 1000;
    d->in.settings = d->configured ? &d->configured->settings : &defaults;
    d->in.arena = d->call->arena;
    d->entry.at_ms = d->in.now_ms;
    text_copy(d->entry.peer, sizeof d->entry.peer, request->peer);
}

static bool verify(const struct delivery *d, struct err *err)
{
    if (d->in.settings->n_secrets)
        return hooks_verify(d->source, &d->in, err);
    if (d->call->caller.is_trusted || d->call->caller.token) /* auth.c has looked at it */
        return true;
    if (d->configured)
        err_set(err, ERR_REFUSED, "[hook %s] in plumb.conf has no secret", d->hook);
    else
        err_set(err, ERR_REFUSED, "plumb.conf has no [hook %s]", d->hook);
    err_hint(err,
             "without a secret there, deliveries are taken from this machine itself, or with a "
             "token of plumb's");
    return false;
}

/* Titles are people's texts, too. */
static bool keep_commits(const struct delivery *d, struct commit_list *commits, struct err *err)
{
    for (size_t i = 0; i < commits->n; i++)
        commits->items[i].title = redact_text(commits->items[i].title, d->call->arena);
    return ledger_commits_add(d->call->api->deps.ledger, commits, err);
}

static bool keep(struct delivery *d, struct hook_result *result, struct err *err)
{
    for (size_t i = 0; i < result->n_changes; i++) {
        struct ledger_receipt receipt;
        if (!recording_add(d->call, &result->changes[i], &receipt, err))
            return false;
        if (d->entry.n_ids < HOOK_LOG_IDS_MAX)
            text_copy(d->entry.ids[d->entry.n_ids++], sizeof receipt.id, receipt.id);
    }
    return keep_commits(d, &result->commits, err);
}

static bool answer(struct delivery *d, const struct hook_result *result, struct err *err)
{
    struct jsonw json;
    if (!call_json(d->call, &json, err))
        return false;
    d->call->response->status = d->entry.fate == HOOK_LOG_IGNORED ? 200 : 202;
    jsonw_object(&json);
    jsonw_put_text(&json, "fate", hook_log_fate_name(d->entry.fate));
    jsonw_put_text(&json, "reason", d->entry.reason);
    jsonw_put_text(&json, "event", d->entry.event);
    jsonw_key(&json, "changes");
    jsonw_array(&json);
    for (size_t i = 0; i < d->entry.n_ids; i++)
        jsonw_text(&json, d->entry.ids[i]);
    jsonw_end(&json);
    jsonw_put_i64(&json, "commits",
                  d->entry.fate == HOOK_LOG_TAKEN ? (int64_t)result->commits.n : 0);
    jsonw_end(&json);
    call_json_end(d->call);
    buf_add_char(&d->call->response->body, '\n');
    return true;
}

/* What was read, into the ledger. The entry says what became of it. */
static bool carry_out(struct delivery *d, struct hook_result *result, struct err *err)
{
    struct hook_log *log = d->call->api->hook_log;
    text_copy(d->entry.event, sizeof d->entry.event, result->event);
    text_copy(d->entry.delivery, sizeof d->entry.delivery, result->delivery);
    text_copy(d->entry.reason, sizeof d->entry.reason, result->reason);
    d->entry.fate = result->fate == HOOK_IGNORED ? HOOK_LOG_IGNORED : HOOK_LOG_TAKEN;
    if (d->entry.fate == HOOK_LOG_IGNORED)
        return true;
    const bool has_number = result->delivery[0] != '\0';
    if (has_number && hook_log_was_taken(log, d->hook, result->delivery, d->in.now_ms)) {
        d->entry.fate = HOOK_LOG_SEEN;
        text_copy(d->entry.reason, sizeof d->entry.reason, "this delivery was taken before");
        return true;
    }
    if (!keep(d, result, err))
        return false;
    if (result->n_changes == 0) /* so that the list says what was taken */
        text_copy(d->entry.reason, sizeof d->entry.reason,
                  arena_printf(d->call->arena, "%zu commit%s", result->commits.n,
                               result->commits.n == 1 ? "" : "s"));
    if (has_number)
        hook_log_take(log, d->hook, result->delivery, d->in.now_ms);
    return true;
}

static void note(struct delivery *d, const struct err *why, enum hook_log_fate fate)
{
    if (why) {
        d->entry.fate = fate;
        text_copy(d->entry.reason, sizeof d->entry.reason, why->text);
    }
    hook_log_add(d->call->api->hook_log, d->source->name, d->name, &d->entry);
}

static bool deliver(struct delivery *d, struct err *err)
{
    struct hook_result result;
    read_request(d);
    if (!verify(d, err)) {
        note(d, err, HOOK_LOG_REFUSED);
        call_refuse(d->call, 401, err->text, err->hint);
        return true;
    }
    if (!d->source->read(&d->in, &result, err) || !carry_out(d, &result, err)) {
        note(d, err, HOOK_LOG_FAILED);
        return false;
    }
    note(d, NULL, d->entry.fate);
    return answer(d, &result, err);
}

/* ---- what arrived ---- */

static bool wants_json(const struct api_call *call)
{
    const char *accept = http_header(call->request, "Accept"), *format = call_param(call, "format");
    return (accept && strstr(accept, "application/json")) ||
           (format && strcmp(format, "json") == 0);
}

static void write_counts(struct jsonw *json, const struct hook_log_hook *hook)
{
    for (int i = 0; i < HOOK_LOG_FATES; i++) {
        jsonw_put_i64(json, hook_log_fate_name((enum hook_log_fate)i), (int64_t)hook->counts[i]);
    }
}

static void write_entry(struct jsonw *json, const struct hook_log_entry *entry)
{
    jsonw_object(json);
    jsonw_put_f64(json, "time", (double)entry->at_ms / 1000.0);
    jsonw_put_text(json, "peer", entry->peer);
    jsonw_put_text(json, "event", entry->event);
    jsonw_put_text(json, "delivery", entry->delivery);
    jsonw_put_text(json, "fate", hook_log_fate_name(entry->fate));
    jsonw_put_text(json, "reason", entry->reason);
    jsonw_key(json, "changes");
    jsonw_array(json);
    for (size_t i = 0; i < entry->n_ids; i++)
        jsonw_text(json, entry->ids[i]);
    jsonw_end(json);
    jsonw_end(json);
}

/* Bytes from outside, for a terminal. */
static const char *plain(const char *text, struct arena *arena)
{
    char *copy = arena_strdup(arena, text);
    for (char *at = copy; *at; at++)
        *at = (unsigned char)*at < ' ' || *at == 0x7F ? ' ' : *at;
    return copy;
}

static void print_entry(struct api_call *call, const struct hook_log_entry *entry)
{
    struct buf *out = &call->response->body;
    char time[40];
    tz_format(call_zone(call), entry->at_ms / 1000, "%Y-%m-%d %H:%M:%S", time, sizeof time);
    buf_printf(out, "%s  %-21s  %-11s  %-28s  %-36s ", time, entry->peer,
               hook_log_fate_name(entry->fate),
               plain(entry->event[0] ? entry->event : "-", call->arena),
               plain(entry->delivery[0] ? entry->delivery : "-", call->arena));
    for (size_t i = 0; i < entry->n_ids; i++)
        buf_printf(out, " %s", entry->ids[i]);
    if (entry->reason[0])
        buf_printf(out, " %s", plain(entry->reason, call->arena));
    buf_add_char(out, '\n');
}

static void print_hook(struct api_call *call, const struct delivery *d,
                       const struct hook_log_hook *hook)
{
    struct buf *out = &call->response->body;
    call->response->content_type = "text/plain; charset=utf-8";
    buf_printf(out, "/hook/%s: ", d->hook);
    if (!d->configured)
        buf_printf(out, "not in plumb.conf, so only this machine and tokens may deliver");
    else
        buf_printf(out, "%zu secret%s in plumb.conf", d->configured->settings.n_secrets,
                   d->configured->settings.n_secrets == 1 ? "" : "s");
    for (int i = 0; i < HOOK_LOG_FATES; i++)
        buf_printf(out, ", %llu %s", (unsigned long long)hook->counts[i],
                   hook_log_fate_name((enum hook_log_fate)i));
    buf_printf(out, " since the start\n");
    if (hook->n_entries == 0)
        buf_printf(out, "Nothing arrived yet. Over there: %s.\n", d->source->about);
    for (size_t i = 0; i < hook->n_entries; i++)
        print_entry(call, &hook->entries[i]);
}

static bool show(struct delivery *d, struct err *err)
{
    struct api_call *call = d->call;
    struct hook_log_hook hook;
    struct jsonw json;
    (void)hook_log_get(call->api->hook_log, d->source->name, d->name, call->arena, &hook);
    if (!wants_json(call)) {
        print_hook(call, d, &hook);
        return true;
    }
    if (!call_json(call, &json, err))
        return false;
    jsonw_array(&json);
    for (size_t i = 0; i < hook.n_entries; i++)
        write_entry(&json, &hook.entries[i]);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

bool hooks_deliver(struct api_call *call, struct err *err)
{
    struct delivery delivery = {.call = call};
    if (!read_address(call, &delivery, err))
        return false;
    return strcmp(call->request->method, "POST") == 0 ? deliver(&delivery, err)
                                                      : show(&delivery, err);
}

/* ---- all of them ---- */

/* Those of plumb.conf, then those at which something arrived without being there. */
static size_t all_hooks(const struct api_call *call, struct hook_log_hook **out)
{
    const struct api_deps *deps = &call->api->deps;
    struct hook_log_hook *met;
    const size_t n_met = hook_log_all(call->api->hook_log, call->arena, &met);
    struct hook_log_hook *all =
        arena_zarray(call->arena, deps->n_hooks + n_met, struct hook_log_hook);
    size_t n = 0;
    for (size_t i = 0; i < deps->n_hooks; i++)
        all[n++] = (struct hook_log_hook){.source = deps->hooks[i].source->name,
                                          .name = deps->hooks[i].name};
    for (size_t i = 0; i < n_met; i++) {
        size_t k = 0;
        while (k < deps->n_hooks &&
               (strcmp(all[k].source, met[i].source) != 0 || strcmp(all[k].name, met[i].name) != 0))
            k++;
        if (k == deps->n_hooks)
            k = n++;
        all[k] = met[i];
    }
    *out = all;
    return n;
}

static void print_all(struct api_call *call, const struct hook_log_hook *hooks, size_t n)
{
    struct buf *out = &call->response->body;
    call->response->content_type = "text/plain; charset=utf-8";
    for (size_t i = 0; i < n; i++) {
        const char *hook = arena_printf(call->arena, "%s/%s", hooks[i].source, hooks[i].name);
        buf_printf(out, "/hook/%-30s", hook);
        for (int k = 0; k < HOOK_LOG_FATES; k++)
            buf_printf(out, "%s%llu %s", k ? ", " : " ", (unsigned long long)hooks[i].counts[k],
                       hook_log_fate_name((enum hook_log_fate)k));
        buf_add_char(out, '\n');
    }
    buf_printf(out, "%sSources, and what to set up over there:\n", n ? "\n" : "");
    for (size_t i = 0; i < n_hook_sources; i++)
        buf_printf(out, "%-14s %s\n", hook_sources[i]->name, hook_sources[i]->about);
}

static void write_all(const struct api_call *call, struct jsonw *json,
                      const struct hook_log_hook *hooks, size_t n)
{
    jsonw_object(json);
    jsonw_key(json, "hooks");
    jsonw_array(json);
    for (size_t i = 0; i < n; i++) {
        const struct hook *hook = find_hook(call->api, hooks_find(hooks[i].source), hooks[i].name);
        jsonw_object(json);
        jsonw_put_text(json, "source", hooks[i].source);
        jsonw_put_text(json, "name", hooks[i].name);
        jsonw_put_bool(json, "configured", hook != NULL);
        jsonw_put_bool(json, "signed", hook && hook->settings.n_secrets);
        write_counts(json, &hooks[i]);
        jsonw_end(json);
    }
    jsonw_end(json);
    jsonw_key(json, "sources");
    jsonw_array(json);
    for (size_t i = 0; i < n_hook_sources; i++) {
        jsonw_object(json);
        jsonw_put_text(json, "name", hook_sources[i]->name);
        jsonw_put_text(json, "about", hook_sources[i]->about);
        jsonw_end(json);
    }
    jsonw_end(json);
    jsonw_end(json);
}

bool hooks_list(struct api_call *call, struct err *err)
{
    struct hook_log_hook *hooks;
    struct jsonw json;
    const size_t n = all_hooks(call, &hooks);
    if (!wants_json(call)) {
        print_all(call, hooks, n);
        return true;
    }
    if (!call_json(call, &json, err))
        return false;
    write_all(call, &json, hooks, n);
    call_json_end(call);
    return true;
}
