/* plumb ping: is there a server? */
#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/tell.h"
#include "os/realtime.h"

enum { PING_MS_MAX = 5000 };

static const struct cli_option options_of_ping[] = {{0}};

static bool ask(struct arena *arena, const char **out_shown, struct err *err)
{
    CLEANUP(client_close) struct client client = {0};
    CLEANUP(buf_done) struct buf answer;
    buf_init(&answer, 1024 * 1024);
    const struct client_ask ping = {.path = "/ping", .wait_ms = PING_MS_MAX};
    if (!client_open(&client, arena, err) || !client_get(&client, &ping, &answer, err))
        return false;
    *out_shown = client.shown;
    return true;
}

static int ping(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct err err;
    if (!args_parse(&commands_ping, argc, argv, &arena, &args, &err))
        return tell_fail("ping", &err);
    if (args.n_words || args.n_rest) {
        err_set(&err, ERR_INPUT, "ping takes no arguments; PLUMB_URL says whom to ask");
        return tell_fail("ping", &err);
    }
    const int64_t began_us = monotonic_us();
    const char *shown;
    if (!ask(&arena, &shown, &err)) {
        const int code = tell_fail("ping", &err);
        return code == CODE_USAGE ? code : CODE_AWAY; /* whoever answered 404 is no plumb server */
    }
    const char *line = arena_printf(&arena, "%s answers after %lld ms\n", shown,
                                    (long long)(monotonic_us() - began_us + 999) / 1000);
    return tell_out("ping", line) ? CODE_OK : CODE_FAILED;
}

const struct command commands_ping = {
    .name = "ping",
    .usage = "ping",
    .summary = "does the server answer?",
    .group = "Ask",
    .about = "Asks the server whether it is there.\n",
    .options = options_of_ping,
    .help = "Example\n"
            "  until plumb ping 2>/dev/null; do sleep 0.2; done\n"
            "\n"
            "Exit codes\n"
            "  0  it answers\n"
            "  2  PLUMB_URL is no address\n"
            "  7  it does not answer\n",
    .run = ping,
};
