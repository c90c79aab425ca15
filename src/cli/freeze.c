/* plumb freeze: nobody deploys this, and why. Alone it lists the freezes that there are. */
#include <stdio.h>
#include <unistd.h>

#include "base/jsonw.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/freeze_text.h"
#include "cli/origin.h"
#include "cli/record.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "cli/when.h"
#include "model/freeze.h"
#include "model/redact.h"
#include "os/realtime.h"
#include "os/zone.h"

enum { ANSWER_BYTES_MAX = 8 << 20 };

static const struct cli_option options_of_freeze[] = {
    {"all", 0, CLI_FLAG, NULL, "every service"},
    {"msg", 'm', CLI_TEXT, "WHY", "the reason; whoever is refused reads it"},
    {"until", 0, CLI_TEXT, "TIME", "when it ends by itself: 18:00, 2026-11-30T08:00"},
    {"for", 0, CLI_TEXT, "LENGTH", "how long it lasts: 2h, 90m, 3d"},
    {"cron", 0, CLI_TEXT, "FIELDS", "comes again, each time for --for: \"0 18 * * FRI\""},
    {"tz", 0, CLI_TEXT, "ZONE", "zone of --cron, as Europe/Berlin; else the server's"},
    {"env", 0, CLI_TEXT, "ENV", "where; production when not given, '*' everywhere"},
    {"by", 0, CLI_TEXT, "NAME", "who; else $PLUMB_BY, git's user.name, $USER"},
    {"ics", 0, CLI_FLAG, NULL, "list them as a calendar"},
    {"json", 0, CLI_FLAG, NULL, "list them an object a line; else the server's answer"},
    {0},
};

/* What a command line asks for. */
struct wish {
    const struct args *args;
    const char *service; /* "" all */
    int64_t now_ms;
};

static bool check(const struct wish *wish, struct err *err)
{
    const struct args *args = wish->args;
    const bool has_all = args_has(args, "all");
    struct freeze_cron cron;
    int64_t for_ms;
    if (args->n_rest || args->n_words > 1 || (args->n_words == 1) == has_all) {
        err_set(err, ERR_INPUT, "freeze takes one SERVICE, or --all");
        err_hint(err, "plumb freeze website -m \"db move\" --for 2h");
        return false;
    }
    if (!args_has(args, "msg")) {
        err_set(err, ERR_INPUT, "why? -m says it to whom it stops");
        err_hint(err, "plumb freeze %.60s -m \"db move\"", has_all ? "--all" : args->words[0]);
        return false;
    }
    if (args_has(args, "cron") && !args_has(args, "for")) {
        err_set(err, ERR_INPUT, "--cron says when it begins: how long does it last?");
        err_hint(err, "--for 62h: from Friday 18:00 to Monday 08:00");
        return false;
    }
    if (args_has(args, "until") && args_has(args, "for") && !args_has(args, "cron"))
        return FAIL(err, ERR_INPUT, "--until and --for both say when it ends: give one of them");
    return (!args_has(args, "cron") || freeze_cron_parse(args_text(args, "cron"), &cron, err)) &&
           (!args_has(args, "for") || freeze_for_parse(args_text(args, "for"), &for_ms, err));
}

static void put_option(struct jsonw *json, const struct args *args, const char *name)
{
    if (args_has(args, name))
        jsonw_put_text(json, name, args_text(args, name));
}

static bool write_body(const struct wish *wish, struct arena *arena, struct buf *out,
                       struct err *err)
{
    const struct args *args = wish->args;
    const struct when_now now = {wish->now_ms, zone_local()};
    int64_t until_ms = 0;
    const char *until = args_text(args, "until");
    if (until && !when_parse_ahead(until, &now, &until_ms, err)) {
        err_prefix(err, "--until");
        return false;
    }
    struct jsonw json;
    jsonw_init(&json, out, 0);
    jsonw_object(&json);
    jsonw_put_text(&json, "msg", redact_text(args_text(args, "msg"), arena));
    jsonw_put_text(&json, "by", args_has(args, "by") ? args_text(args, "by") : origin_by(arena));
    jsonw_put_text(&json, "source", "cli");
    put_option(&json, args, "env");
    if (until_ms)
        jsonw_put_f64(&json, "end", (double)until_ms / 1000.0);
    jsonw_key(&json, "tags");
    jsonw_object(&json);
    put_option(&json, args, FREEZE_CRON);
    put_option(&json, args, FREEZE_FOR);
    put_option(&json, args, FREEZE_ZONE);
    jsonw_end(&json);
    jsonw_end(&json);
    return true;
}

/* A service as it stands in a path: checked, so that nothing in it needs to be encoded. */
static bool take_service(const struct args *args, int64_t now_ms, struct arena *arena,
                         const char **out, struct err *err)
{
    struct change change = change_blank();
    change.kind = CHANGE_FREEZE;
    change.service = args->n_words ? args->words[0] : "";
    if (!change_check(&change, now_ms, arena, err))
        return false;
    if (args->n_words && !change.service[0])
        return FAIL(err, ERR_INPUT, "'%.60s' is no service", args->words[0]);
    *out = change.service;
    return true;
}

static int begin(const struct wish *wish, struct arena *arena)
{
    CLEANUP(buf_done) struct buf body, answer, out;
    CLEANUP(client_close) struct client client = {0};
    buf_init(&body, RECORD_BYTES_MAX);
    buf_init(&answer, RECORD_BYTES_MAX);
    buf_init(&out, RECORD_BYTES_MAX);
    struct err err;
    const char *id;
    struct wish checked = *wish;
    if (!check(wish, &err) ||
        !take_service(wish->args, wish->now_ms, arena, &checked.service, &err) ||
        !write_body(&checked, arena, &body, &err) || !client_open(&client, arena, &err))
        return tell_fail("freeze", &err);
    const char *path =
        checked.service[0] ? arena_printf(arena, "/freeze/%s", checked.service) : "/freeze";
    if (!client_post(&client, path, &body, CLIENT_ASK_MS, &answer, &err) ||
        !record_id(buf_text(&answer), answer.n, arena, &id, &err))
        return tell_fail("freeze", &err);
    if (args_has(wish->args, "json"))
        buf_add(&out, buf_text(&answer), answer.n);
    else
        buf_printf(&out, "%s\n", id);
    return tell_out("freeze", buf_text(&out)) ? CODE_OK : CODE_FAILED;
}

static bool format(const struct wish *wish, const struct buf *answer, struct arena *arena,
                   struct buf *out, struct err *err)
{
    const bool is_tty = isatty(STDOUT_FILENO) == 1;
    const struct record_lines how = {SIZE_MAX, is_tty};
    const struct freeze_look look = {zone_local(), wish->now_ms};
    struct freeze_lines lines;
    if (args_has(wish->args, "json"))
        return record_lines(buf_text(answer), answer->n, how, out, err);
    if (!freeze_text_read(buf_text(answer), answer->n, NULL, arena, &lines, err))
        return false;
    if (!is_tty)
        freeze_text_rows(&lines, out);
    else if (lines.n)
        freeze_text_say(&lines, &look, out);
    else
        buf_add_str(out, "nothing is frozen\n");
    return true;
}

static int list(const struct wish *wish, struct arena *arena)
{
    CLEANUP(buf_done) struct buf answer, out;
    buf_init(&answer, ANSWER_BYTES_MAX);
    buf_init(&out, 4 * (size_t)ANSWER_BYTES_MAX);
    struct err err;
    const bool is_ics = args_has(wish->args, "ics");
    if (!client_ask_get(is_ics ? "/api/v1/freezes.ics" : "/api/v1/freezes", NULL, &answer, &err) ||
        (!is_ics && !format(wish, &answer, arena, &out, &err)))
        return tell_fail("freeze", &err);
    return tell_out("freeze", buf_text(is_ics ? &answer : &out)) ? CODE_OK : CODE_FAILED;
}

static int run_freeze(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct err err;
    const struct clock clock = clock_system();
    const struct wish wish = {&args, "", clock_us(&clock) / 1000};
    if (!args_parse(&commands_freeze, argc, argv, &arena, &args, &err))
        return tell_fail("freeze", &err);
    const bool is_bare = !args.n_words && !args_has(&args, "all") && !args_has(&args, "msg") &&
                         !args_has(&args, "cron") && !args_has(&args, "until") &&
                         !args_has(&args, "for");
    return is_bare ? list(&wish, &arena) : begin(&wish, &arena);
}

const struct command commands_freeze = {
    .name = "freeze",
    .usage = "freeze [SERVICE | --all] [-m WHY] [--until TIME | --for LENGTH] [--cron FIELDS]",
    .summary = "lock a service or everything, with a reason",
    .group = "Coordinate",
    .about =
        "From now on plumb deploy refuses that service (web also means web/checkout), unless it "
        "is\n"
        "given --force with a reason; plumb can says so. It ends with --until or --for, or by "
        "plumb\n"
        "thaw. With --cron it comes again and again. Prints its id. A deploy that happens all the\n"
        "same is recorded, and marked. Without a word: lists what is frozen or will be.\n",
    .options = options_of_freeze,
    .help = "Into a pipe the list is tab-separated: from, until, id, frozen or planned, service, "
            "env,\n"
            "by, cron, for, message. GET /api/v1/freezes.ics is the calendar, for subscribing.\n"
            "\n"
            "Examples\n"
            "  plumb freeze db -m \"db move\" --until 15:00\n"
            "  plumb freeze --all -m \"weekend\" --cron \"0 18 * * FRI\" --for 62h --tz "
            "Europe/Berlin\n"
            "  plumb freeze\n"
            "  plumb freeze --ics > freezes.ics\n"
            "\n"
            "Exit codes\n"
            "  0  frozen, or listed\n"
            "  2  typed wrong, or refused by the server\n"
            "  7  no server answers\n",
    .run = run_freeze,
};
