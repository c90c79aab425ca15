/* plumb thaw: the end of a freeze. */
#include <string.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/record.h"
#include "cli/tell.h"
#include "cli/terminal.h"

enum { ANSWER_BYTES_MAX = 1 << 20, ID_BYTES_MIN = 4, ID_BYTES_MAX = 26 };

static const struct cli_option options_of_thaw[] = {
    {"all", 0, CLI_FLAG, NULL, "the freezes of every service, made by freeze --all"},
    {"env", 0, CLI_TEXT, "ENV", "where; production when not given"},
    {"json", 0, CLI_FLAG, NULL, "the server's answer, one object"},
    {0},
};

static bool ask(const char *key, const char *value, const struct args *args, struct buf *answer,
                struct err *err)
{
    CLEANUP(buf_done) struct buf query;
    buf_init(&query, 4096);
    client_param(&query, key, value);
    if (args_has(args, "env"))
        client_param(&query, "env", args_text(args, "env"));
    buf_clear(answer);
    return client_ask_post("/api/v1/thaw", &query, answer, err);
}

static bool may_be_id(const char *word)
{
    const size_t n = strlen(word);
    return n >= ID_BYTES_MIN && n <= ID_BYTES_MAX &&
           strspn(word, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == n;
}

/* A word is a service that is frozen, else the id of a freeze. */
static bool thaw(const struct args *args, struct buf *answer, struct err *err)
{
    if (args->n_rest || args->n_words > 1 || (args->n_words == 1) == args_has(args, "all")) {
        err_set(err, ERR_INPUT, "thaw takes one SERVICE or ID, or --all");
        err_hint(err, "plumb freeze lists what is frozen");
        return false;
    }
    const char *word = args->n_words ? args->words[0] : "";
    if (ask("service", word, args, answer, err))
        return true;
    struct err why;
    if (err->kind != ERR_MISSING || !may_be_id(word))
        return false;
    if (ask("id", word, args, answer, &why))
        return true;
    if (why.kind != ERR_MISSING) /* an id, but not of a freeze that goes on */
        *err = why;
    return false;
}

static int run_thaw(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf answer, out;
    arena_init(&arena);
    buf_init(&answer, ANSWER_BYTES_MAX);
    buf_init(&out, 2 * ANSWER_BYTES_MAX);
    struct args args;
    struct change_list list;
    struct err err;
    if (!args_parse(&commands_thaw, argc, argv, &arena, &args, &err) ||
        !thaw(&args, &answer, &err) ||
        !record_list_in(buf_text(&answer), answer.n, "thawed", &arena, &list, &err))
        return tell_fail("thaw", &err);
    if (args_has(&args, "json"))
        buf_add(&out, buf_text(&answer), answer.n);
    for (size_t i = 0; i < list.n && !args_has(&args, "json"); i++) {
        terminal_clean(&out, list.items[i].id);
        buf_add_str(&out, "  thawed ");
        terminal_clean(&out, list.items[i].service[0] ? list.items[i].service : "everything");
        buf_add_str(&out, list.items[i].msg[0] ? ": " : "");
        terminal_clean(&out, list.items[i].msg);
        buf_add_char(&out, '\n');
    }
    return tell_out("thaw", buf_text(&out)) ? CODE_OK : CODE_FAILED;
}

const struct command commands_thaw = {
    .name = "thaw",
    .usage = "thaw SERVICE | ID | --all [--env ENV] [--json]",
    .summary = "end a freeze",
    .group = "Coordinate",
    .about = "Ends the freezes of just that service (not those of all services, nor of a part of "
             "it),\n"
             "or the one freeze with that id, also one that comes again or has not begun.\n",
    .options = options_of_thaw,
    .help = "Examples\n"
            "  plumb thaw db\n"
            "  plumb thaw 01KB1234AB\n"
            "  plumb thaw --all\n"
            "\n"
            "Exit codes\n"
            "  0  thawed\n"
            "  2  typed wrong, or it was over already\n"
            "  5  nothing is frozen by that name\n"
            "  7  no server answers\n",
    .run = run_thaw,
};
