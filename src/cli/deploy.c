/* plumb deploy: runs a command as a deploy. Its invariants:
 *   1. Once the command line is understood, the command is run, whatever becomes of the records.
 *   2. The start is told before the command begins, the end after it, under one key. Each takes at
 *      most COURIER_MS_MAX of contact with the server; both together little more when it is silent.
 *   3. The exit code is the command's. */
#include <string.h>

#include "base/num.h"
#include "cli/commands.h"
#include "cli/courier.h"
#include "cli/draft.h"
#include "cli/origin.h"
#include "cli/tell.h"
#include "os/child.h"
#include "os/realtime.h"

enum {
    CODE_CANNOT_RUN = 126, /* as shells have it */
    CODE_NO_PROGRAM = 127,
    END_MS_MIN = 200, /* the end's try when the start found no server */
};

static const struct cli_option options_of_deploy[] = {
    DRAFT_OPTIONS,
    {0},
};

static bool check_shape(const struct args *args, struct err *err)
{
    if (!args->n_words) {
        err_set(err, ERR_INPUT, "which service?");
        err_hint(err, "plumb deploy website -- ./deploy.sh");
        return false;
    }
    if (args->n_rest)
        return true;
    err_set(err, ERR_INPUT, "which command? It goes behind --");
    err_hint(err, "plumb deploy %.60s -- %.60s", args->words[0],
             args->n_words > 1 ? args->words[1] : "./deploy.sh");
    return false;
}

static bool make_start(const struct args *args, struct arena *arena, struct change *out,
                       struct err *err)
{
    const struct clock clock = clock_system();
    struct change change;
    if (!check_shape(args, err) || !draft_make(args, arena, &change, err))
        return false;
    if (!args_has(args, "rev"))
        change.rev = origin_rev(arena);
    change.start_ms = clock_us(&clock) / 1000;
    change.status = STATUS_RUNNING;
    if (!change_check(&change, change.start_ms, arena, err))
        return false;
    *out = change;
    return true;
}

/* Tells of the change as it is now; returns its id, "" when no server took it. */
static const char *tell_server(const struct change *change, bool is_end, int64_t ms_max,
                               struct arena *arena)
{
    const struct courier_order order = {"deploy", is_end, ms_max};
    const char *id = "";
    struct err why;
    if (courier_record(change, &order, arena, &id, &why) == COURIER_REFUSED)
        tell_warn("deploy", "the server refused the record: %s", why.text);
    return id;
}

/* An empty value is no value: a script sees ${PLUMB_REV:-none}. */
static const char *or_unset(const char *value)
{
    return value[0] ? value : NULL;
}

/* Runs the command; *out_is_cancelled: a signal came before it began. */
static int run(const struct args *args, const struct change *change, const char *id,
               bool *out_is_cancelled)
{
    const struct child_var vars[] = {
        {"PLUMB_CHANGE", or_unset(id)},       {"PLUMB_KEY", change->key},
        {"PLUMB_SERVICE", change->service},   {"PLUMB_ENV", change->env},
        {"PLUMB_REV", or_unset(change->rev)}, {"PLUMB_BY", or_unset(change->by)},
    };
    struct child_end end;
    struct err err;
    if (child_run(args->rest, vars, COUNT_OF(vars), &end, &err)) {
        *out_is_cancelled = !end.has_run;
        return end.code;
    }
    *out_is_cancelled = false;
    tell_fail("deploy", &err);
    return err.kind == ERR_MISSING ? CODE_NO_PROGRAM : CODE_CANNOT_RUN;
}

/* How the command ended. */
struct outcome {
    int code;
    bool is_cancelled; /* it never began */
    int64_t took_ms;
};

/* A server that was silent at the start gets a last short try: both ends together cost a deploy about
 * COURIER_MS_MAX. */
static void finish(struct change *change, const struct outcome *outcome, int64_t ms_max,
                   struct arena *arena)
{
    struct err err;
    int code = outcome->code;
    change->end_ms = change->start_ms + outcome->took_ms;
    change->status = code == 0 ? STATUS_SUCCEEDED : STATUS_FAILED;
    if (outcome->is_cancelled)
        change->status = STATUS_CANCELLED;
    /* With every tag taken, the status still tells the two ends apart. */
    const struct tag exit_tag = {"exit", arena_printf(arena, "%d", code)};
    if (!draft_tag(change, exit_tag, arena, &err))
        tell_warn("deploy", "%s: no room for exit=%d", err.text, code);
    tell_server(change, true, ms_max, arena);
}

static int deploy(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct change change;
    struct err err;
    if (!args_parse(&commands_deploy, argc, argv, &arena, &args, &err) ||
        !make_start(&args, &arena, &change, &err))
        return tell_fail("deploy", &err);

    /* From here on whoever ends us ends the command, and the record is closed. */
    child_hold_signals();
    const int64_t began_us = monotonic_us();
    const char *id = tell_server(&change, false, COURIER_MS_MAX, &arena);
    const int64_t spent_ms = (monotonic_us() - began_us) / 1000;
    struct outcome outcome = {0};
    outcome.code = run(&args, &change, id, &outcome.is_cancelled);
    outcome.took_ms = (monotonic_us() - began_us) / 1000;
    const int64_t rest_ms = id[0] ? COURIER_MS_MAX : max_i64(COURIER_MS_MAX - spent_ms, END_MS_MIN);
    finish(&change, &outcome, rest_ms, &arena);
    return outcome.code;
}

const struct command commands_deploy = {
    .name = "deploy",
    .usage = "deploy SERVICE [-m MSG] [--rev REV] [--env ENV] [OPTION...] -- COMMAND [ARG...]",
    .summary = "run a command as a deploy: start, end, exit status",
    .group = "Record",
    .about =
        "Records that a deploy begins, runs COMMAND, and records how it ended. Its input, output\n"
        "and exit code are its own, and signals reach it. Nothing here can break or hold up a\n"
        "deploy: when no server answers within 2 s, the record is kept on this machine and goes\n"
        "out with the next one, or by plumb flush, with its own time.\n",
    .options = options_of_deploy,
    .help =
        "Without --rev it is git's HEAD when the folder is in a work tree.\n"
        "Values that look like passwords, tokens or keys are recorded as ***.\n"
        "\n"
        "The command sees PLUMB_SERVICE, PLUMB_ENV, PLUMB_KEY, where known PLUMB_REV and "
        "PLUMB_BY,\n"
        "and PLUMB_CHANGE, the change's id, unless no server took it.\n"
        "\n"
        "Examples\n"
        "  plumb deploy website -- ./deploy.sh\n"
        "  plumb deploy web/checkout -m \"fix login\" --rev 4f2c1e9 --env staging -- make deploy\n"
        "  plumb deploy search -t ticket=OPS-7 --url \"$CI_JOB_URL\" -- sh -c 'build && push'\n"
        "\n"
        "Exit codes\n"
        "  the command's own; 128 + N when signal N ended it, 127 when there is no such program,\n"
        "  126 when it cannot be run; 2 (and nothing is run) when the command line is wrong\n",
    .run = deploy,
};
