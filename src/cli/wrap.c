#include "cli/wrap.h"

#include <string.h>

#include "base/jsonw.h"
#include "cli/client.h"
#include "cli/courier.h"
#include "cli/draft.h"
#include "cli/env.h"
#include "cli/tell.h"
#include "cli/when.h"
#include "model/redact.h"
#include "os/child.h"
#include "os/file.h"
#include "os/realtime.h"

enum {
    CODE_CANNOT_RUN = 126, /* as shells have it */
    CODE_NO_PROGRAM = 127,
    SLEPT_MS_MAX = 2000, /* firewalls forget a connection that sleeps, and do not say so */
    END_MS_MIN = 200,    /* the end's try when the start found no server */
    KEPT_LINES = 40,
    KEPT_BYTES = 8 * 1024,
    RESULT_BYTES_MAX = 16 * 1024,
};

/* How the command ended. */
struct outcome {
    struct child_end end;
    int64_t took_ms;
    const char *id;             /* "" when no server took it */
    enum courier_fate fate;     /* of the end's record */
    const struct watched *gate; /* what it came to; NULL: nothing yet, or there is none */
};

bool wrap_take(const struct args *args, struct wrap *io, struct err *err)
{
    const char *key = args_text(args, "key"), *ttl = args_text(args, "ttl");
    if (key && key[0])
        io->change->key = key;
    if (ttl && !when_parse_length(ttl, &io->change->ttl_ms, err)) {
        err_prefix(err, "--ttl");
        return false;
    }
    if (args_has(args, "capture") && args_has(args, "no-capture"))
        return FAIL(err, ERR_INPUT, "--capture and --no-capture: give one of them");
    io->result_path = args_text(args, "result");
    if (args_has(args, "capture"))
        io->capture = WRAP_ALWAYS;
    if (args_has(args, "no-capture"))
        io->capture = WRAP_NEVER;
    return true;
}

/* Tells of the change as it is now. */
static enum courier_fate tell_server(const struct wrap *wrap, bool is_end, int64_t ms_max,
                                     const char **io_id, struct arena *arena)
{
    const struct courier_order order = {.command = wrap->command,
                                        .delivers_the_rest = is_end,
                                        .ms_max = ms_max,
                                        .client = wrap->client,
                                        .away = is_end ? NULL : wrap->away};
    struct err why;
    const enum courier_fate fate = courier_record(wrap->change, &order, arena, io_id, &why);
    if (fate == COURIER_REFUSED)
        tell_warn(wrap->command, "the server refused the record: %s", why.text);
    return fate;
}

/* An empty value is no value: a script sees ${PLUMB_REV:-none}. */
static const char *or_unset(const char *value)
{
    return value[0] ? value : NULL;
}

/* Where the command's own plumb finds the server: where we do. */
static const char *server_url(struct client *client, struct arena *arena)
{
    struct err why;
    if (client->fetch || client_open(client, arena, &why))
        return client->base;
    return env_get("PLUMB_URL");
}

static void run(const struct wrap *wrap, struct child_tail *tail, struct outcome *io,
                struct arena *arena)
{
    const struct change *change = wrap->change;
    const struct child_var vars[] = {
        {"PLUMB_CHANGE", or_unset(io->id)},   {"PLUMB_KEY", change->key},
        {"PLUMB_SERVICE", change->service},   {"PLUMB_ENV", change->env},
        {"PLUMB_REV", or_unset(change->rev)}, {"PLUMB_BY", or_unset(change->by)},
        {"PLUMB_PREV", or_unset(wrap->prev)}, {"PLUMB_URL", server_url(wrap->client, arena)},
    };
    struct err err;
    if (child_run(wrap->argv, vars, COUNT_OF(vars), tail, &io->end, &err))
        return;
    io->end = (struct child_end){
        .code = err.kind == ERR_MISSING ? CODE_NO_PROGRAM : CODE_CANNOT_RUN, .has_run = true};
    tell_fail(wrap->command, &err);
}

/* Bytes of any kind as text: what is no UTF-8 becomes '?', and so does a NUL. */
static char *text_of(const struct child_tail *tail, struct arena *arena)
{
    char *text = arena_strndup(arena, tail->bytes, 0);
    if (!tail->n)
        return text;
    text = arena_alloc(arena, tail->n + 1);
    memcpy(text, tail->bytes, tail->n);
    text[tail->n] = '\0';
    for (size_t i = 0; i < tail->n;) {
        const size_t n = text[i] ? text_utf8_bytes(text + i, tail->n - i) : 0;
        if (!n)
            text[i] = '?';
        i += n ? n : 1;
    }
    return text;
}

/* The last lines, without secrets: blotted out before anything is cut in two. */
static const char *kept_of(const struct child_tail *tail, struct arena *arena)
{
    const char *text = text_of(tail, arena);
    const char *line = tail->is_cut ? strchr(text, '\n') : NULL;
    text = redact_text(line && line[1] ? line + 1 : text, arena);
    size_t n = strlen(text), n_lines = 0, from = n;
    while (from > 0 && n - from < KEPT_BYTES) {
        if (text[from - 1] == '\n' && from < n && ++n_lines == KEPT_LINES)
            break;
        from--;
    }
    while (((unsigned char)text[from] & 0xC0) == 0x80) /* not within a character */
        from++;
    return text + from;
}

static void finish(const struct wrap *wrap, struct outcome *io, const struct child_tail *tail,
                   int64_t ms_max, struct arena *arena)
{
    struct err err;
    struct change *change = wrap->change;
    const int code = io->end.code;
    change->end_ms = change->start_ms + io->took_ms;
    change->status = code == 0 ? STATUS_SUCCEEDED : STATUS_FAILED;
    if (!io->end.has_run)
        change->status = STATUS_CANCELLED;
    if (tail && (code != 0 || wrap->capture == WRAP_ALWAYS))
        change->data = kept_of(tail, arena);
    /* With every tag taken, the status still tells the two ends apart. */
    const struct tag exit_tag = {"exit", arena_printf(arena, "%d", code)};
    if (!draft_tag(change, exit_tag, arena, &err))
        tell_warn(wrap->command, "%s: no room for exit=%d", err.text, code);
    io->fate = tell_server(wrap, true, ms_max, &io->id, arena);
}

static const char *fate_name(enum courier_fate fate)
{
    switch (fate) {
    case COURIER_DELIVERED:
        return "yes";
    case COURIER_KEPT:
        return "spooled";
    case COURIER_REFUSED:
    case COURIER_LOST:
        break;
    }
    return "no";
}

static void put_number(struct jsonw *json, const char *key, int value)
{
    jsonw_key(json, key);
    if (value >= 0)
        jsonw_i64(json, value);
    else
        jsonw_null(json);
}

/* Null: there is none, or it was not asked. */
static void put_gate(struct jsonw *json, const struct watched *gate)
{
    jsonw_key(json, "gate");
    if (!gate) {
        jsonw_null(json);
        return;
    }
    jsonw_object(json);
    jsonw_put_text(json, "state", gate->state);
    jsonw_put_bool(json, "harm", gate->is_harm);
    jsonw_put_i64(json, "code", gate->code);
    jsonw_end(json);
}

/* {"change","service","rev","code","signal","status","seconds","recorded","gate":{"state","harm","code"}};
 * outcome NULL: refused */
static void write_result(const struct wrap *wrap, const struct outcome *outcome)
{
    if (!wrap->result_path)
        return;
    const struct change *change = wrap->change;
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, RESULT_BYTES_MAX);
    struct jsonw json;
    struct err err;
    jsonw_init(&json, &text, 0);
    jsonw_object(&json);
    jsonw_put_text(&json, "change", outcome ? or_unset(outcome->id) : NULL);
    jsonw_put_text(&json, "service", change->service);
    jsonw_put_text(&json, "rev", change->rev);
    put_number(&json, "code", outcome ? outcome->end.code : -1);
    put_number(&json, "signal",
               outcome && outcome->end.signal_number ? outcome->end.signal_number : -1);
    jsonw_put_text(&json, "status", outcome ? change_status_name(change->status) : "refused");
    jsonw_put_f64(&json, "seconds", outcome ? (double)outcome->took_ms / 1000.0 : 0.0);
    jsonw_put_text(&json, "recorded", outcome ? fate_name(outcome->fate) : "no");
    put_gate(&json, outcome ? outcome->gate : NULL);
    jsonw_end(&json);
    buf_add_char(&text, '\n');
    if (!file_replace(wrap->result_path, text.at, text.n, &err))
        tell_warn(wrap->command, "--result: %s", err.text);
}

void wrap_refused(const struct wrap *wrap)
{
    write_result(wrap, NULL);
}

/* The result is written before, too: whoever ends us meanwhile finds what became of the command. */
static int pass_gate(const struct wrap *wrap, struct outcome *io, struct arena *arena)
{
    const struct gated_deploy deploy = {.command = wrap->command,
                                        .change = wrap->change,
                                        .id = io->id,
                                        .prev = wrap->prev,
                                        .url = server_url(wrap->client, arena)};
    struct watched watched = {.state = verdict_state_name(VERDICT_PENDING)};
    io->gate = &watched;
    write_result(wrap, io);
    gated_run(wrap->gate, &deploy, arena, &watched);
    write_result(wrap, io);
    io->gate = NULL;
    return watched.code;
}

int wrap_run(struct wrap *wrap, struct arena *arena)
{
    struct outcome outcome = {.id = ""};
    struct child_tail *tail =
        wrap->capture == WRAP_NEVER ? NULL : arena_zarray(arena, 1, struct child_tail);
    const int64_t began_us = monotonic_us();
    const int64_t start_ms = max_i64(COURIER_MS_MAX - wrap->spent_ms, END_MS_MIN);
    tell_server(wrap, false, start_ms, &outcome.id, arena);
    const int64_t spent_ms = wrap->spent_ms + (monotonic_us() - began_us) / 1000;
    run(wrap, tail, &outcome, arena);
    outcome.took_ms = (monotonic_us() - began_us) / 1000;
    if (outcome.took_ms > SLEPT_MS_MAX)
        client_close(wrap->client);
    /* A server that was silent gets a last short try: all ends together cost COURIER_MS_MAX. */
    const int64_t rest_ms =
        outcome.id[0] ? COURIER_MS_MAX : max_i64(COURIER_MS_MAX - spent_ms, END_MS_MIN);
    finish(wrap, &outcome, tail, rest_ms, arena);
    if (wrap->gate && outcome.end.code == 0)
        return pass_gate(wrap, &outcome, arena);
    write_result(wrap, &outcome);
    return outcome.end.code;
}
