/* plumb dora: the five delivery metrics. */
#include <unistd.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/dora_text.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "cli/when.h"
#include "os/realtime.h"
#include "os/zone.h"

static const struct cli_option options_of_dora[] = {
    {"since", 0, CLI_TEXT, "TIME", "deploys that started then or later; 30d when not given"},
    {"until", 0, CLI_TEXT, "TIME", "and before then; now when not given"},
    {"env", 'e', CLI_TEXT, "ENV", "of this environment; production when not given"},
    {"rows", 0, CLI_FLAG, NULL, "also each change that was counted, under its metric"},
    {"json", 0, CLI_FLAG, NULL, "the server's answer, one object"},
    {0},
};

static bool add_time(const struct args *args, const char *option, const char *key,
                     const struct when_now *now, struct buf *query, struct err *err)
{
    const char *text = args_text(args, option);
    int64_t at_ms;
    if (!text)
        return true;
    if (!when_parse(text, now, &at_ms, err)) {
        err_prefix(err, "--%s", option);
        return false;
    }
    client_param_i64(query, key, at_ms / 1000);
    return true;
}

static bool make_query(const struct args *args, struct buf *query, struct err *err)
{
    const struct clock clock = clock_system();
    const struct when_now now = {clock_us(&clock) / 1000, zone_local()};
    const char *env = args_text(args, "env");
    if (args->n_words)
        client_param(query, "service", args->words[0]);
    else if (!args_has(args, "rows"))
        client_param(query, "by", "service");
    if (env)
        client_param(query, "env", env);
    return add_time(args, "since", "from", &now, query, err) &&
           add_time(args, "until", "until", &now, query, err);
}

static bool fetch(const struct args *args, struct arena *arena, struct buf *answer, struct err *err)
{
    CLEANUP(client_close) struct client client = {0};
    CLEANUP(buf_done) struct buf query;
    buf_init(&query, CLIENT_ANSWER_BYTES_MAX);
    const struct client_ask ask = {"/api/v1/dora", &query, "application/json", CLIENT_ASK_MS};
    return make_query(args, &query, err) && client_open(&client, arena, err) &&
           client_get(&client, &ask, answer, err);
}

static int show(const struct args *args, struct arena *arena)
{
    CLEANUP(buf_done) struct buf answer, out;
    struct err err;
    buf_init(&answer, CLIENT_ANSWER_BYTES_MAX);
    buf_init(&out, 2 * (size_t)CLIENT_ANSWER_BYTES_MAX);
    if (!fetch(args, arena, &answer, &err))
        return tell_fail("dora", &err);
    if (args_has(args, "json")) {
        buf_add_char(&answer, '\n');
        return tell_out("dora", buf_text(&answer)) ? CODE_OK : CODE_FAILED;
    }
    const struct terminal terminal = terminal_of(STDOUT_FILENO);
    const struct dora_text_look look = {.is_tty = terminal.is_tty,
                                        .has_utf8 = terminal.has_utf8,
                                        .has_rows = args_has(args, "rows"),
                                        .tz = zone_local()};
    if (!dora_text(buf_text(&answer), answer.n, &look, &out, &err))
        return tell_fail("dora", &err);
    return tell_out("dora", buf_text(&out)) ? CODE_OK : CODE_FAILED;
}

static int run_dora(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct err err;
    if (!args_parse(&commands_dora, argc, argv, &arena, &args, &err))
        return tell_fail("dora", &err);
    if (args.n_words > 1 || args.n_rest) {
        err_set(&err, ERR_INPUT, "dora takes one service at most");
        return tell_fail("dora", &err);
    }
    return show(&args, &arena);
}

const struct command commands_dora = {
    .name = "dora",
    .usage = "dora [SERVICE] [--since TIME] [--until TIME] [-e ENV] [--rows] [--json]",
    .summary = "the five delivery metrics, from the ledger",
    .group = "Ask",
    .about =
        "Deployment frequency, change lead time, change fail rate, recovery time and rework rate "
        "of a\n"
        "service (web also means web/checkout), each with its interval and how many it was made "
        "of.\n"
        "Without a service a line for each; with --rows and no service, all of them together.\n"
        "Into a pipe that table is tab-separated, without heading: service, deploys, deploys a "
        "day,\n"
        "lead time (s), fail rate (0 to 1), recovery time (s), rework rate; empty is unknown.\n",
    .options = options_of_dora,
    .help =
        "What counts\n"
        "  deploys   those that succeeded and started in the period\n"
        "  lead      median from a commit to the end of its deploy; commits come by push hooks\n"
        "  failed    deploys that a later rollback or fix, or an incident (tag caused_by), names\n"
        "  recovery  median from a failed deploy's end to the end of what fixed it\n"
        "  rework    deploys that are rollbacks, hotfixes or fix an incident\n"
        "The interval holds the true value in 95 of 100 cases. Unknown is not 0.\n"
        "\n"
        "Examples\n"
        "  plumb dora website --since 90d --rows\n"
        "  plumb dora --json | jq '.services[] | {service, fail: .fail.value}'\n"
        "  plumb graph dora.website.failed --since 30d     they are series, too\n"
        "\n"
        "Exit codes\n"
        "  0  also when there were no deploys\n"
        "  2  typed wrong\n"
        "  7  no server answers\n",
    .run = run_dora,
};
