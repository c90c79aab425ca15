/* plumb can: may I deploy? */
#include <unistd.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/freeze_text.h"
#include "cli/record.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "os/realtime.h"
#include "os/zone.h"

enum { ANSWER_BYTES_MAX = 64 * 1024 };

static const struct cli_option options_of_can[] = {
    {"env", 0, CLI_TEXT, "ENV", "where; production when not given"},
    {"quiet", 'q', CLI_FLAG, NULL, "say nothing: the exit code is the answer"},
    {"json", 0, CLI_FLAG, NULL, "the server's answer, one object"},
    {0},
};

static bool ask(const struct args *args, struct buf *answer, struct err *err)
{
    CLEANUP(buf_done) struct buf query;
    buf_init(&query, 4096);
    if (args->n_words > 1 || args->n_rest)
        return FAIL(err, ERR_INPUT, "can takes one service at most");
    if (args->n_words)
        client_param(&query, "service", args->words[0]);
    if (args_has(args, "env"))
        client_param(&query, "env", args_text(args, "env"));
    return client_ask_get("/api/v1/can", &query, answer, err);
}

static bool say(const struct args *args, const struct can *can, const struct buf *answer,
                struct buf *out, struct err *err)
{
    const struct clock clock = clock_system();
    const struct freeze_look look = {zone_local(), clock_us(&clock) / 1000};
    if (args_has(args, "json"))
        return record_line(buf_text(answer), answer->n, isatty(STDOUT_FILENO) == 1, out, err);
    if (can->is_frozen)
        freeze_text_can_say(can, &look, out);
    else
        buf_add_str(out, "yes");
    buf_add_char(out, '\n');
    return true;
}

static int run_can(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf answer, out;
    arena_init(&arena);
    buf_init(&answer, ANSWER_BYTES_MAX);
    buf_init(&out, 8 * ANSWER_BYTES_MAX);
    struct args args;
    struct can can;
    struct err err;
    if (!args_parse(&commands_can, argc, argv, &arena, &args, &err) || !ask(&args, &answer, &err) ||
        !freeze_text_can_read(buf_text(&answer), answer.n, &arena, &can, &err) ||
        !say(&args, &can, &answer, &out, &err)) {
        const int code = tell_fail("can", &err);
        return code == CODE_MISSING ? CODE_AWAY : code; /* whoever answers 404 cannot say */
    }
    if (!args_has(&args, "quiet") && !tell_out("can", buf_text(&out)))
        return CODE_FAILED;
    return can.is_frozen ? CODE_REFUSED : CODE_OK;
}

const struct command commands_can = {
    .name = "can",
    .usage = "can [SERVICE] [--env ENV] [--quiet] [--json]",
    .summary = "may I deploy? The exit code says it too",
    .group = "Coordinate",
    .about = "Says whether a service is frozen, by whom, until when and why. Without SERVICE:\n"
             "whether everything is.\n",
    .options = options_of_can,
    .help = "Examples\n"
            "  plumb can website\n"
            "  plumb can -q website && ./deploy.sh\n"
            "\n"
            "Exit codes\n"
            "  0  yes\n"
            "  2  typed wrong\n"
            "  3  no, it is frozen\n"
            "  7  no server answers\n",
    .run = run_can,
};
