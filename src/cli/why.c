/* plumb why: which change explains what a metric did, or that none does. */
#include <unistd.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/judged.h"
#include "cli/record.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "cli/when.h"
#include "cli/why_text.h"
#include "os/realtime.h"
#include "os/zone.h"

enum {
    ANSWER_BYTES_MAX = 8 << 20,
    WINDOW_DEFAULT_S = 45 * 60, /* the server's */
};

static const struct cli_option options_of_why[] = {
    {"at", 0, CLI_TEXT, "TIME", "about when it moved; now when not given"},
    {"window", 0, CLI_TEXT, "LENGTH", "changes up to so long before are suspects; 45m"},
    {"service", 0, CLI_TEXT, "SERVICE", "whose changes are more likely than others'"},
    {"json", 0, CLI_FLAG, NULL, "the server's answer, one object"},
    {0},
};

static bool make_query(const struct args *args, struct buf *query, int64_t *out_window_s,
                       struct err *err)
{
    const struct clock clock = clock_system();
    const struct when_now now = {clock_us(&clock) / 1000, zone_local()};
    const char *at = args_text(args, "at"), *service = args_text(args, "service");
    int64_t at_ms = 0;
    if (args->n_words != 1 || args->n_rest) {
        err_set(err, ERR_INPUT, "why takes one metric, or one target that gives one series");
        err_hint(err, "plumb why web.logins --at 14:10");
        return false;
    }
    if (!judged_length(args, "window", out_window_s, err))
        return false;
    if (at && !when_parse(at, &now, &at_ms, err)) {
        err_prefix(err, "--at");
        return false;
    }
    client_param(query, "metric", args->words[0]);
    if (at)
        client_param_i64(query, "at", at_ms / 1000);
    if (*out_window_s)
        client_param_i64(query, "window", *out_window_s);
    if (service)
        client_param(query, "service", service);
    return true;
}

static bool ask(const struct args *args, struct buf *answer, int64_t *out_window_s, struct err *err)
{
    CLEANUP(buf_done) struct buf query;
    buf_init(&query, 64 * 1024);
    return make_query(args, &query, out_window_s, err) &&
           client_ask_get("/api/v1/why", &query, answer, err);
}

static int run_why(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf answer, out;
    arena_init(&arena);
    buf_init(&answer, ANSWER_BYTES_MAX);
    buf_init(&out, 8 * (size_t)ANSWER_BYTES_MAX);
    const struct terminal terminal = terminal_of(STDOUT_FILENO);
    struct why_look look = {
        .is_tty = terminal.is_tty, .has_colour = terminal.has_colour, .tz = zone_local()};
    struct args args;
    struct err err;
    if (!args_parse(&commands_why, argc, argv, &arena, &args, &err) ||
        !ask(&args, &answer, &look.window_s, &err))
        return tell_fail("why", &err);
    look.window_s = look.window_s ? look.window_s : WINDOW_DEFAULT_S;
    const bool is_fine = args_has(&args, "json")
                             ? record_line(buf_text(&answer), answer.n, terminal.is_tty, &out, &err)
                             : why_text(buf_text(&answer), answer.n, &look, &arena, &out, &err);
    if (!is_fine)
        return tell_fail("why", &err);
    return tell_out("why", buf_text(&out)) ? CODE_OK : CODE_FAILED;
}

const struct command commands_why = {
    .name = "why",
    .usage = "why METRIC [--at TIME] [--window LENGTH] [--service SERVICE] [--json]",
    .summary = "which change moved this metric, or that none did",
    .group = "Ask",
    .about =
        "When METRIC (or a target of /render that gives one series) moved, how far, and which of "
        "our\n"
        "changes explain it, the likeliest first, with the reasons; or that none does; or that it\n"
        "did not move. It ends with what could not be looked at. Into a pipe it is tab-separated,\n"
        "without heading: score (0 to 1), id, kind, service, rev, by, start, reasons; the last row "
        "is\n"
        "the score of none of them.\n",
    .options = options_of_why,
    .help = "Examples\n"
            "  plumb why web.logins --at 14:10\n"
            "  plumb why 'sumSeries(web.*.errors)' --window 2h --service website\n"
            "  plumb why php.warnings --at 16:05 --json | jq -r '.suspects[0].change.service'\n"
            "\n"
            "Exit codes\n"
            "  0  also when none of our changes did it\n"
            "  2  typed wrong\n"
            "  5  there is no such metric\n"
            "  7  no server answers\n",
    .run = run_why,
};
