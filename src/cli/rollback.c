/* plumb rollback: marks or runs the rollback of the last change. What it takes back, the server finds. */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/courier.h"
#include "cli/draft.h"
#include "cli/tell.h"
#include "cli/wrap.h"
#include "os/child.h"
#include "os/realtime.h"

static const struct cli_option options_of_rollback[] = {
    {"to", 0, CLI_TEXT, "REV", "the revision it brings back; the one before, when not given"},
    DRAFT_OPTIONS,
    WRAP_OPTIONS,
    {0},
};

static bool make_change(const struct args *args, struct arena *arena, struct wrap *wrap,
                        struct err *err)
{
    const struct clock clock = clock_system();
    struct change *change = wrap->change;
    if (!args->n_words || (args->rest && !args->n_rest)) {
        err_set(err, ERR_INPUT,
                args->n_words ? "which command? It goes behind --" : "which service?");
        err_hint(err, "plumb rollback website, or plumb rollback website -- ./deploy.sh OLD");
        return false;
    }
    if (!draft_make(args, arena, change, err) || !wrap_take(args, wrap, err))
        return false;
    const char *to = args_text(args, "to");
    change->rev = to ? to : change->rev; /* --rev says the same */
    change->action = "rollback";
    change->start_ms = clock_us(&clock) / 1000;
    change->status = args->n_rest ? STATUS_RUNNING : STATUS_SUCCEEDED;
    change->end_ms = args->n_rest ? 0 : change->start_ms;
    return change_check(change, change->start_ms, arena, err);
}

/* It has happened already. */
static int mark(const struct change *change, struct arena *arena)
{
    const struct courier_order order = {
        .command = "rollback", .delivers_the_rest = true, .ms_max = COURIER_MS_MAX};
    const char *id = "";
    struct err err;
    switch (courier_record(change, &order, arena, &id, &err)) {
    case COURIER_DELIVERED:
        return tell_out("rollback", arena_printf(arena, "%s\n", id)) ? CODE_OK : CODE_FAILED;
    case COURIER_REFUSED:
        tell_fail("rollback", &err);
        return CODE_USAGE;
    case COURIER_KEPT:
        return CODE_OK;
    case COURIER_LOST:
        break;
    }
    return CODE_AWAY;
}

static int run_rollback(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct change change;
    CLEANUP(client_close) struct client client = {0};
    struct wrap wrap = {.command = "rollback", .change = &change, .prev = "", .client = &client};
    struct err err;
    if (!args_parse(&commands_rollback, argc, argv, &arena, &args, &err) ||
        !make_change(&args, &arena, &wrap, &err))
        return tell_fail("rollback", &err);
    if (!args.n_rest)
        return mark(&change, &arena);
    wrap.argv = args.rest;
    child_hold_signals();
    return wrap_run(&wrap, &arena);
}

const struct command commands_rollback = {
    .name = "rollback",
    .usage = "rollback SERVICE [-m MSG] [--to REV] [OPTION...] [-- COMMAND [ARG...]]",
    .summary = "mark (or run) a rollback of the last change",
    .group = "Record",
    .about = "Records that the last deploy of SERVICE was taken back: what is under way ends as "
             "failed,\n"
             "and the rollback points at it. With COMMAND it is run as plumb deploy would, also "
             "when\n"
             "the service is frozen; else it has happened just now, and its id is printed.\n",
    .options = options_of_rollback,
    .help = "Examples\n"
            "  plumb rollback website -m \"logins fell by a third\"\n"
            "  plumb rollback website --to b81d002 -- ./deploy.sh b81d002\n"
            "\n"
            "Exit codes\n"
            "  of COMMAND as plumb deploy says; without one\n"
            "  0  recorded, or kept for later (a warning says so)\n"
            "  2  typed wrong, or refused by the server\n"
            "  7  no server, and it could not be kept\n",
    .run = run_rollback,
};
