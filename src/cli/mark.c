/* plumb mark: something changed, now or then. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/courier.h"
#include "cli/draft.h"
#include "cli/origin.h"
#include "cli/tell.h"
#include "cli/when.h"
#include "os/realtime.h"
#include "os/zone.h"

static const struct cli_option options_of_mark[] = {
    {"kind", 'k', CLI_TEXT, "KIND", "what it is, see below; deploy when not given"},
    DRAFT_OPTIONS,
    {"at", 0, CLI_TEXT, "TIME", "when it was; now when not given"},
    {"from", 0, CLI_TEXT, "TIME", "when it began; without --to it still goes on"},
    {"to", 0, CLI_TEXT, "TIME", "when it ended"},
    {"key", 0, CLI_TEXT, "KEY", "its own name: the same KEY again is the same change"},
    {"strict", 0, CLI_FLAG, NULL, "exit 7 when no server took it, although it is kept"},
    {0},
};

static bool take_kind(const struct args *args, struct change *change, struct err *err)
{
    const char *kind = args_text(args, "kind");
    if (!kind || change_kind_parse(str_of(kind), &change->kind))
        return true;
    const char *names[CHANGE_KINDS];
    for (int i = 0; i < CHANGE_KINDS; i++)
        names[i] = change_kind_name((enum change_kind)i);
    const char *near = text_nearest(kind, names, CHANGE_KINDS);
    err_set(err, ERR_INPUT, "--kind '%.40s' is not known", kind);
    if (near)
        err_hint(err, "did you mean %s?", near);
    else
        err_hint(err, "deploy, config, flag, infra, data, incident, thirdparty, freeze and note "
                      "are");
    return false;
}

/* *out_ms is left alone when the option was not given. */
static bool take_time(const struct args *args, const char *name, const struct when_now *now,
                      int64_t *out_ms, struct err *err)
{
    const char *text = args_text(args, name);
    if (!text || when_parse(text, now, out_ms, err))
        return true;
    err_prefix(err, "--%s", name);
    return false;
}

static bool take_times(const struct args *args, int64_t now_ms, struct change *change,
                       struct err *err)
{
    const struct when_now now = {now_ms, zone_local()};
    const bool has_from = args_has(args, "from"), has_to = args_has(args, "to");
    if (args_has(args, "at") && (has_from || has_to))
        return FAIL(err, ERR_INPUT, "--at is a moment, --from and --to a span: give one of them");
    if (has_to && !has_from)
        return FAIL(err, ERR_INPUT, "--to needs --from");
    int64_t start_ms = now_ms, end_ms = 0;
    if (!take_time(args, "at", &now, &start_ms, err) ||
        !take_time(args, "from", &now, &start_ms, err) ||
        !take_time(args, "to", &now, &end_ms, err))
        return false;
    if (has_to && end_ms < start_ms)
        return FAIL(err, ERR_INPUT, "--to is before --from");
    change->start_ms = start_ms;
    change->end_ms = has_from ? end_ms : start_ms;
    change->status = change->end_ms ? STATUS_SUCCEEDED : STATUS_RUNNING;
    return true;
}

/* The revision that lies here is that of a deploy made now, and of nothing else. */
static bool wants_rev(const struct args *args, const struct change *change)
{
    return change->kind == CHANGE_DEPLOY && !args_has(args, "rev") && !args_has(args, "at") &&
           !args_has(args, "from");
}

static bool make_change(const struct args *args, struct arena *arena, struct change *out,
                        struct err *err)
{
    const struct clock clock = clock_system();
    const int64_t now_ms = clock_us(&clock) / 1000;
    struct change change;
    if (!draft_make(args, arena, &change, err) || !take_kind(args, &change, err) ||
        !take_times(args, now_ms, &change, err))
        return false;
    const char *key = args_text(args, "key");
    if (key && key[0])
        change.key = key;
    if (wants_rev(args, &change))
        change.rev = origin_rev(arena);
    if (!change_check(&change, now_ms, arena, err))
        return false;
    *out = change;
    return true;
}

static int mark(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct change change;
    struct err err;
    if (!args_parse(&commands_mark, argc, argv, &arena, &args, &err))
        return tell_fail("mark", &err);
    if (args.rest) {
        err_set(&err, ERR_INPUT, "mark runs no command");
        err_hint(&err, "plumb deploy SERVICE -- COMMAND does");
        return tell_fail("mark", &err);
    }
    if (!make_change(&args, &arena, &change, &err))
        return tell_fail("mark", &err);

    const struct courier_order order = {
        .command = "mark", .delivers_the_rest = true, .ms_max = COURIER_MS_MAX};
    const char *id = "";
    switch (courier_record(&change, &order, &arena, &id, &err)) {
    case COURIER_DELIVERED:
        return tell_out("mark", arena_printf(&arena, "%s\n", id)) ? CODE_OK : CODE_FAILED;
    case COURIER_REFUSED:
        return tell_fail("mark", &err) == CODE_DENIED ? CODE_DENIED : CODE_USAGE;
    case COURIER_KEPT:
        if (err.kind == ERR_REFUSED)
            return CODE_DENIED;
        return args_has(&args, "strict") ? CODE_AWAY : CODE_OK;
    case COURIER_LOST:
        break;
    }
    return CODE_AWAY;
}

const struct command commands_mark = {
    .name = "mark",
    .usage = "mark SERVICE [-k KIND] [-m MSG] [--at TIME | --from TIME [--to TIME]] [OPTION...]",
    .summary = "note that something changed, now or then",
    .group = "Record",
    .about =
        "Records a change that needs no command: a config push, a flag, a restart, a vendor's\n"
        "outage. Prints its id. When no server answers within 2 s the record is kept on this\n"
        "machine and goes out with the next one, or by plumb flush, with its own time and key.\n"
        "A note, a freeze and an incident need no SERVICE.\n",
    .options = options_of_mark,
    .help =
        "Kinds: deploy, config, flag, infra, data, incident, thirdparty, freeze, note.\n"
        "Without --rev, a deploy marked now has git's HEAD when the folder is in a work tree.\n"
        "Values that look like passwords, tokens or keys are recorded as ***.\n"
        "\n"
        "Examples\n"
        "  plumb mark website -m \"fix login\"\n"
        "  plumb mark checkout -k flag -m \"new_cart on for 5%\" -t flag=new_cart -t percent=5\n"
        "  plumb mark payments -k thirdparty -m \"stripe: elevated errors\" --from 13:40 --to "
        "14:05\n"
        "  plumb mark db -k infra -m \"kernel update\" --from 40m --key kernel-7\n"
        "  plumb mark db -k infra --from 40m --to now --key kernel-7\n"
        "\n"
        "Exit codes\n"
        "  0  recorded, or kept for later (a warning says so)\n"
        "  2  typed wrong, or refused by the server\n"
        "  6  it wants a token (and the record is kept), or this one may not write that\n"
        "  7  no server, and it could not be kept; with --strict, also when it is kept\n",
    .run = mark,
};
