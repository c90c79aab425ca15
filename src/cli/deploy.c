/* plumb deploy: runs a command as a deploy, unless its service is frozen. Once the command line is
 * understood and nobody has frozen the service, the command is run, whatever becomes of the records; a
 * server that does not answer freezes nothing. See wrap.h. */
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/courier.h"
#include "cli/draft.h"
#include "cli/env.h"
#include "cli/freeze_text.h"
#include "cli/origin.h"
#include "cli/tell.h"
#include "cli/turn.h"
#include "cli/wrap.h"
#include "model/redact.h"
#include "os/child.h"
#include "os/realtime.h"
#include "os/zone.h"

enum {
    CAN_MS_MAX = 1700, /* of COURIER_MS_MAX; what is left is the end's */
    ANSWER_BYTES_MAX = 64 * 1024,
    SIGNALLED = 128,
};

static const struct cli_option options_of_deploy[] = {
    DRAFT_OPTIONS,
    WRAP_OPTIONS,
    {"wait-turn", 0, CLI_FLAG, NULL, "join the train, and start when it is your turn"},
    {"force", 0, CLI_TEXT, "REASON", "go although it is frozen; recorded and told"},
    GATED_OPTIONS,
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

static bool make_start(const struct args *args, struct arena *arena, struct wrap *wrap,
                       struct err *err)
{
    const struct clock clock = clock_system();
    struct change *change = wrap->change;
    if (!check_shape(args, err) || !draft_make(args, arena, change, err) ||
        !wrap_take(args, wrap, err))
        return false;
    const char *reason = args_text(args, "force");
    if (reason && !reason[0])
        return FAIL(err, ERR_INPUT, "--force: why? The reason is recorded");
    if (!args_has(args, "rev"))
        change->rev = origin_rev(arena);
    change->start_ms = clock_us(&clock) / 1000;
    change->status = STATUS_RUNNING;
    return change_check(change, change->start_ms, arena, err);
}

/* Asks whether the service is frozen, and what runs now. False: nobody could say, and why; ERR_BUSY: no
 * server answered. */
static bool ask_can(const struct wrap *wrap, struct arena *arena, struct can *out, struct err *why)
{
    const struct change *change = wrap->change;
    CLEANUP(buf_done) struct buf query, answer;
    buf_init(&query, 4096);
    buf_init(&answer, ANSWER_BYTES_MAX);
    client_param(&query, "service", change->service);
    client_param(&query, "env", change->env);
    const struct client_ask ask = {"/api/v1/can", &query, "application/json", CAN_MS_MAX, false};
    return client_open(wrap->client, arena, why) && client_get(wrap->client, &ask, &answer, why) &&
           freeze_text_can_read(buf_text(&answer), answer.n, arena, out, why);
}

/* Says who froze it, why, until when, and how to go all the same. */
static void tell_frozen(const struct args *args, const struct can *can)
{
    const struct clock clock = clock_system();
    const struct freeze_look look = {zone_local(), clock_us(&clock) / 1000};
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, ANSWER_BYTES_MAX);
    freeze_text_can_say(can, &look, &text);
    const char *reason = args_text(args, "force");
    if (reason) {
        tell_warn("deploy", "%s; going all the same: %s", buf_text(&text), reason);
        return;
    }
    tell_note("deploy", "%s", buf_text(&text));
    tell_note("deploy",
              "to go all the same: plumb deploy %s --force REASON -- ...; to end it: "
              "plumb thaw %.26s",
              args->words[0], can->id);
}

/* Whether it may go on; when not, *out_code. */
static bool may_go(const struct args *args, struct wrap *wrap, struct err *away,
                   struct arena *arena, int *out_code)
{
    struct can can;
    struct err ignored;
    const char *reason = args_text(args, "force");
    if (wrap->away)
        return true;
    const int64_t began_us = monotonic_us();
    const bool is_known = ask_can(wrap, arena, &can, away);
    wrap->spent_ms = (monotonic_us() - began_us) / 1000;
    if (!is_known) {
        wrap->away = away->kind == ERR_BUSY ? away : NULL;
        return true;
    }
    wrap->prev = can.rev;
    if (!can.is_frozen)
        return true;
    tell_frozen(args, &can);
    *out_code = CODE_REFUSED;
    const struct tag tag = {"force", reason ? redact_text(reason, arena) : ""};
    if (reason && !draft_tag(wrap->change, tag, arena, &ignored))
        tell_warn("deploy", "no room for the reason among the tags");
    return reason != NULL;
}

/* Until it is our turn. False: it never comes, and *out_code. When no server answers, it is not asked
 * again for the start. */
static bool wait_turn(const struct args *args, struct wrap *wrap, struct err *away,
                      struct arena *arena, int *out_code)
{
    struct change *change = wrap->change;
    const struct clock clock = clock_system();
    const char *train = env_get("PLUMB_TRAIN");
    const struct turn turn = {"deploy", train ? train : change->service, change->by};
    int signal_number = 0;
    if (!args_has(args, "wait-turn"))
        return true;
    const enum turn_end end = turn_wait(&turn, arena, &signal_number, away);
    *out_code = end == TURN_SIGNALLED ? SIGNALLED + signal_number : CODE_REFUSED;
    change->start_ms = clock_us(&clock) / 1000; /* the wait is not part of it */
    if (end == TURN_AWAY) {
        wrap->away = away;
        wrap->spent_ms = COURIER_MS_MAX;
    }
    return end == TURN_COME || end == TURN_AWAY;
}

static int deploy(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct change change;
    CLEANUP(client_close) struct client client = {0};
    struct wrap wrap = {.command = "deploy", .change = &change, .prev = "", .client = &client};
    struct gated gate;
    struct err err, away;
    bool has_gate;
    int code = CODE_FAILED;
    if (!args_parse(&commands_deploy, argc, argv, &arena, &args, &err) ||
        !make_start(&args, &arena, &wrap, &err) ||
        !gated_take(&args, &arena, &gate, &has_gate, &err))
        return tell_fail("deploy", &err);
    wrap.argv = args.rest;
    wrap.gate = has_gate ? &gate : NULL;

    /* From here on whoever ends us ends the command, and the record is closed. */
    child_hold_signals();
    if (!wait_turn(&args, &wrap, &away, &arena, &code) ||
        !may_go(&args, &wrap, &away, &arena, &code)) {
        wrap_refused(&wrap);
        return code;
    }
    return wrap_run(&wrap, &arena);
}

const struct command commands_deploy = {
    .name = "deploy",
    .usage = "deploy SERVICE [-m MSG] [--rev REV] [--gate[=15m]] [OPTION...] -- COMMAND [ARG...]",
    .summary = "run a command as a deploy: start, end, exit status",
    .group = "Record",
    .about =
        "Records that a deploy begins, runs COMMAND, and records how it ended, with the last 40\n"
        "lines of its output when it failed. Its input, output and exit code are its own, and\n"
        "signals reach it. Nothing here can break or hold up a deploy: when no server answers "
        "within\n"
        "2 s, the record is kept on this machine and goes out with the next one, or by plumb "
        "flush,\n"
        "with its own time. Only a service that is frozen is not deployed.\n",
    .options = options_of_deploy,
    .help =
        "Without --rev it is git's HEAD when the folder is in a work tree.\n"
        "Values that look like passwords, tokens or keys are recorded as ***.\n"
        "Output to a terminal is not kept, as COMMAND would see that it is none. A daemon that\n"
        "COMMAND leaves behind can write no more 0.2 s after its end: --no-capture lets it.\n"
        "--wait-turn takes the train of that service, or of $PLUMB_TRAIN; when all is well say\n"
        "plumb train SERVICE done.\n"
        "\n"
        "The command sees PLUMB_SERVICE, PLUMB_ENV, PLUMB_KEY, PLUMB_URL, where known PLUMB_REV,\n"
        "PLUMB_PREV (what ran before) and PLUMB_BY, and PLUMB_CHANGE, the change's id, unless no\n"
        "server took it. --result writes change, service, rev, code, signal, status, seconds,\n"
        "recorded (yes, spooled, no) and gate (state, harm, code).\n"
        "\n"
        "With --gate it then does what plumb watch does, on stderr. On harm CMD sees "
        "PLUMB_CHANGE,\n"
        "PLUMB_SERVICE, PLUMB_PREV, PLUMB_URL; what it prints passes through. Ctrl-C ends the\n"
        "waiting: the deploy is recorded.\n"
        "\n"
        "Examples\n"
        "  plumb deploy website -- ./deploy.sh\n"
        "  plumb deploy web/checkout -m \"fix login\" --rev 4f2c1e9 --env staging -- make deploy\n"
        "  plumb deploy search -t ticket=OPS-7 --url \"$CI_JOB_URL\" -- sh -c 'build && push'\n"
        "  plumb deploy website --force \"the fix for the outage\" -- ./deploy.sh\n"
        "  plumb deploy website --gate --on-harm './deploy.sh $PLUMB_PREV' -- ./deploy.sh\n"
        "\n"
        "Exit codes\n"
        "  the command's own; 128 + N when signal N ended it, 127 when there is no such program,\n"
        "  126 when it cannot be run; and nothing is run with\n"
        "  2  the command line is wrong\n"
        "  3  the service is frozen, or the train does not take you\n"
        "with --gate, when the command's own is 0\n"
        "  0 no harm, 1 harm, 4 inconclusive, 7 no server ever answered, 124 no verdict in time\n",
    .run = deploy,
};
