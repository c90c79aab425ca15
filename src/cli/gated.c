#include "cli/gated.h"

#include "base/str.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/record.h"
#include "cli/tell.h"
#include "os/child.h"

enum {
    RECORD_MS = 5000,
    SAY_BYTES_MAX = 8192,
};

static bool take_length(const struct args *args, int64_t *out_s, struct err *err)
{
    const char *text = args_text(args, "gate");
    *out_s = 0;
    return !text || judged_length(args, "gate", out_s, err);
}

bool gated_take(const struct args *args, struct arena *arena, struct gated *out, bool *out_is_on,
                struct err *err)
{
    static const char *const others[] = {"on-harm", "vital", "every", "fail-on"};
    struct gated gate = {.on_harm = args_text(args, "on-harm")};
    *out_is_on = args_has(args, "gate");
    for (size_t i = 0; !*out_is_on && i < COUNT_OF(others); i++)
        if (args_has(args, others[i]))
            return FAIL(err, ERR_INPUT, "--%s says nothing without --gate", others[i]);
    if (!take_length(args, &gate.watching.wish.for_s, err) ||
        !watching_take(args, arena, &gate.watching, err))
        return false;
    *out = gate;
    return true;
}

/* The server that was away at the end learns of the deploy now. */
static bool identify(void *self, struct arena *arena, const char **out_id, struct err *err)
{
    const struct gated_deploy *deploy = self;
    CLEANUP(client_close) struct client client = {0};
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, RECORD_BYTES_MAX);
    if (deploy->id[0]) {
        *out_id = deploy->id;
        return true;
    }
    record_write(deploy->change, &body);
    return client_open(&client, arena, err) &&
           client_record(&client, &body, RECORD_MS, arena, out_id, err) == CLIENT_TAKEN;
}

/* On stderr: stdout is the deploy's own. */
static void show(void *self, const struct judged *now, bool is_news)
{
    const struct gated_deploy *deploy = self;
    CLEANUP(buf_done) struct buf say;
    buf_init(&say, SAY_BYTES_MAX);
    if (!is_news)
        return;
    watching_say(now, &say);
    tell_note(deploy->command, "%s", buf_text(&say));
}

static const char *or_unset(const char *value)
{
    return value && value[0] ? value : NULL;
}

static void run_on_harm(const struct gated *gate, const struct gated_deploy *deploy,
                        const struct watched *watched)
{
    const char *prev = deploy->prev[0] ? deploy->prev : watched->prev;
    const char *const argv[] = {"sh", "-c", gate->on_harm, NULL};
    const struct child_var vars[] = {
        {"PLUMB_CHANGE", or_unset(watched->id)}, {"PLUMB_SERVICE", deploy->change->service},
        {"PLUMB_ENV", deploy->change->env},      {"PLUMB_REV", or_unset(deploy->change->rev)},
        {"PLUMB_PREV", or_unset(prev)},          {"PLUMB_URL", or_unset(deploy->url)},
    };
    struct child_end end;
    struct err err;
    tell_note(deploy->command, "on harm: %s", gate->on_harm);
    if (!child_run(argv, vars, COUNT_OF(vars), NULL, &end, &err))
        tell_fail(deploy->command, &err);
    else if (end.code)
        tell_warn(deploy->command, "on harm: it ended with exit code %d", end.code);
}

void gated_run(const struct gated *gate, const struct gated_deploy *deploy, struct arena *arena,
               struct watched *out)
{
    struct gated_deploy self = *deploy;
    struct watching watching = gate->watching;
    watching.command = deploy->command;
    watching.identify = identify;
    watching.show = show;
    watching.self = &self;
    watching_run(&watching, arena, out);
    if (!out->is_harm)
        return;
    if (gate->on_harm)
        run_on_harm(gate, deploy, out);
    else
        tell_note(deploy->command, "next: plumb impact %.26s | plumb rollback %.60s", out->id,
                  deploy->change->service);
}
