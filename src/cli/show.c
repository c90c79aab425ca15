/* plumb show: one change, all of it. */
#include <unistd.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/env.h"
#include "cli/judged.h"
#include "cli/record.h"
#include "cli/show_text.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "cli/which.h"
#include "os/realtime.h"
#include "os/zone.h"

static const struct cli_option options_of_show[] = {
    {"env", 0, CLI_TEXT, "ENV", "of a SERVICE; any when not given"},
    {"json", 0, CLI_FLAG, NULL, "one object, with every field"},
    {0},
};

static bool find(const struct args *args, struct arena *arena, struct buf *answer, struct err *err)
{
    const char *word = args->n_words ? args->words[0] : env_get("PLUMB_CHANGE");
    if (!word || args->n_words > 1 || args->n_rest) {
        err_set(err, ERR_INPUT, "show takes the id of a change, or a service");
        err_hint(err, "plumb log lists them");
        return false;
    }
    const struct which which = {.word = word, .env = args_text(args, "env")};
    return which_change(&which, arena, answer, err);
}

/* What the server knows of its verdict beyond what the change carries; else the change's own. */
static const struct verdict *whole_verdict(const struct change *change, struct arena *arena)
{
    CLEANUP(buf_done) struct buf answer;
    buf_init(&answer, JUDGED_BYTES_MAX);
    struct verdict *verdict = arena_array(arena, 1, struct verdict);
    struct err why;
    const bool is_whole =
        change->verdict && which_is_id(change->id) &&
        client_ask_get(arena_printf(arena, "/api/v1/changes/%s/impact", change->id), NULL, &answer,
                       &why) &&
        record_verdict(buf_text(&answer), answer.n, arena, verdict);
    return is_whole ? verdict : change->verdict;
}

static bool format(const struct args *args, const struct buf *answer, struct arena *arena,
                   struct buf *out, struct err *err)
{
    const struct terminal terminal = terminal_of(STDOUT_FILENO);
    const struct clock clock = clock_system();
    struct change change;
    if (args_has(args, "json"))
        return record_line(buf_text(answer), answer->n, terminal.is_tty, out, err);
    if (!record_one(buf_text(answer), answer->n, arena, &change, err))
        return false;
    const struct log_text_look look = {.has_colour = terminal.has_colour,
                                       .has_utf8 = terminal.has_utf8,
                                       .tz = zone_local(),
                                       .now_ms = clock_us(&clock) / 1000};
    change.verdict = whole_verdict(&change, arena);
    show_text(&change, &look, out);
    return true;
}

static int run_show(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf answer, out;
    arena_init(&arena);
    buf_init(&answer, WHICH_ANSWER_BYTES_MAX);
    buf_init(&out, 8 * (size_t)WHICH_ANSWER_BYTES_MAX);
    struct args args;
    struct err err;
    if (!args_parse(&commands_show, argc, argv, &arena, &args, &err) ||
        !find(&args, &arena, &answer, &err) || !format(&args, &answer, &arena, &out, &err))
        return tell_fail("show", &err);
    return tell_out("show", buf_text(&out)) ? CODE_OK : CODE_FAILED;
}

const struct command commands_show = {
    .name = "show",
    .usage = "show ID | SERVICE [--env ENV] [--json]",
    .summary = "one change, all of it",
    .group = "Ask",
    .about = "Shows all that is known of a change: when, who, what, the revisions before and "
             "after,\n"
             "the doors it was told through, and the output's tail of a deploy that failed. ID may "
             "be\n"
             "a beginning of one, as plumb log shows it; of a SERVICE it is the newest change.\n",
    .options = options_of_show,
    .help = "Examples\n"
            "  plumb show website\n"
            "  plumb show 01KB1234AB\n"
            "  plumb show website --json | jq -r .data\n"
            "\n"
            "Exit codes\n"
            "  0  shown\n"
            "  2  typed wrong\n"
            "  5  there is no such change\n"
            "  7  no server answers\n",
    .run = run_show,
};
