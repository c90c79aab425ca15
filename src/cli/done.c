/* plumb done and plumb fail: the end of a change that was begun. */
#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/env.h"
#include "cli/record.h"
#include "cli/tell.h"
#include "model/redact.h"

enum { ANSWER_BYTES_MAX = 64 * 1024 };

static const struct cli_option options_of_done[] = {
    {"msg", 'm', CLI_TEXT, "MSG", "what there is to say now, in place of what was said"},
    {"kind", 'k', CLI_TEXT, "KIND", "only one of this kind: deploy, incident, ..."},
    {"env", 0, CLI_TEXT, "ENV", "where; production when not given"},
    {"json", 0, CLI_FLAG, NULL, "the server's answer, one object"},
    {0},
};

static bool make_query(const struct args *args, const char *status, struct arena *arena,
                       struct buf *query, struct err *err)
{
    const char *what = args->n_words ? args->words[0] : env_get("PLUMB_CHANGE");
    if (args->n_rest || args->n_words > 1)
        return FAIL(err, ERR_INPUT, "%s takes one service or id", args->command->name);
    if (!what) {
        err_set(err, ERR_INPUT, "which change? Name its service or id");
        err_hint(err, "plumb now shows what is under way");
        return false;
    }
    client_param(query, "what", what);
    client_param(query, "status", status);
    const char *msg = args_text(args, "msg");
    if (msg)
        client_param(query, "msg", redact_text(msg, arena));
    static const char *const names[] = {"kind", "env"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (args_has(args, names[i]))
            client_param(query, names[i], args_text(args, names[i]));
    return true;
}

static int end(const struct command *command, const char *status, int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf query, answer;
    arena_init(&arena);
    buf_init(&query, ANSWER_BYTES_MAX);
    buf_init(&answer, ANSWER_BYTES_MAX);
    struct args args;
    struct err err;
    const char *id;
    if (!args_parse(command, argc, argv, &arena, &args, &err) ||
        !make_query(&args, status, &arena, &query, &err) ||
        !client_ask_post("/api/v1/end", &query, &answer, &err) ||
        !record_id(buf_text(&answer), answer.n, &arena, &id, &err))
        return tell_fail(command->name, &err);
    const char *said =
        args_has(&args, "json") ? buf_text(&answer) : arena_printf(&arena, "%s\n", id);
    return tell_out(command->name, said) ? CODE_OK : CODE_FAILED;
}

static int run_done(int argc, char **argv)
{
    return end(&commands_done, "ok", argc, argv);
}

static int run_fail(int argc, char **argv)
{
    return end(&commands_fail, "fail", argc, argv);
}

#define ENDS_ABOUT                                                                                 \
    "SERVICE means its newest open change of any kind but freeze, ID may be a beginning of one.\n" \
    "Without either it is $PLUMB_CHANGE, as a command of plumb deploy sees it. Prints the id.\n"

#define ENDS_CODES                                                                                 \
    "\n"                                                                                           \
    "Exit codes\n"                                                                                 \
    "  0  it is over\n"                                                                            \
    "  2  typed wrong, or it was over already\n"                                                   \
    "  5  nothing is under way by that name\n"                                                     \
    "  7  no server answers: only it knows what is open; mark with --key can be kept for later\n"

const struct command commands_done = {
    .name = "done",
    .usage = "done [SERVICE | ID] [-m MSG] [-k KIND] [--env ENV] [--json]",
    .summary = "close an open change: it succeeded",
    .group = "Record",
    .about = "Ends a change that was begun, by mark --from or by any other door, as "
             "succeeded.\n" ENDS_ABOUT,
    .options = options_of_done,
    .help = "Examples\n"
            "  plumb done db\n"
            "  plumb done payments -k incident -m \"stripe is back\"\n" ENDS_CODES,
    .run = run_done,
};

const struct command commands_fail = {
    .name = "fail",
    .usage = "fail [SERVICE | ID] [-m MSG] [-k KIND] [--env ENV] [--json]",
    .summary = "close an open change: it failed",
    .group = "Record",
    .about = "Ends a change that was begun, by mark --from or by any other door, as "
             "failed.\n" ENDS_ABOUT,
    .options = options_of_done,
    .help = "Examples\n"
            "  plumb fail db -m \"kernel does not boot\"\n"
            "  plumb fail 01KB1234AB\n" ENDS_CODES,
    .run = run_fail,
};
