/* plumb impact: what a change moved, and what it did not. */
#include <unistd.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/env.h"
#include "cli/impact_text.h"
#include "cli/record.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "cli/which.h"
#include "os/zone.h"

static const struct cli_option options_of_impact[] = {
    {"metrics", 0, CLI_LIST, "GLOB", "only these; else the vital ones, then all that live"},
    {"vital", 0, CLI_LIST, "METRIC", "above all; METRIC:up or METRIC:down says which way is bad"},
    {"for", 0, CLI_TEXT, "LENGTH",
     "judged so long after its end; as the server did when not given"},
    {"env", 'e', CLI_TEXT, "ENV", "of a SERVICE; any when not given"},
    {"all", 'a', CLI_FLAG, NULL, "a line for each metric that did not move, too"},
    {"moved", 0, CLI_FLAG, NULL, "only those that moved"},
    {"json", 0, CLI_FLAG, NULL, "the server's answer, one object"},
    {0},
};

static bool ask(const struct args *args, struct arena *arena, struct buf *answer, struct err *err)
{
    CLEANUP(client_close) struct client client = {0};
    const char *word = args->n_words ? args->words[0] : env_get("PLUMB_CHANGE"), *id;
    struct judged_wish wish = {0};
    if (!word || args->n_words > 1 || args->n_rest) {
        err_set(err, ERR_INPUT, "impact takes the id of a change, or a service");
        err_hint(err, "plumb log lists them");
        return false;
    }
    const struct which which = {word, args_text(args, "env"), true};
    wish.globs = judged_items(args, "metrics", arena, &wish.n_globs);
    wish.vitals = judged_items(args, "vital", arena, &wish.n_vitals);
    return judged_length(args, "for", &wish.for_s, err) &&
           which_change(&which, arena, answer, err) &&
           record_id(buf_text(answer), answer->n, arena, &id, err) &&
           client_open(&client, arena, err) && judged_ask(&client, id, &wish, arena, answer, err);
}

static bool format(const struct args *args, const struct buf *answer, struct arena *arena,
                   struct buf *out, struct err *err)
{
    const struct terminal terminal = terminal_of(STDOUT_FILENO);
    const struct impact_look look = {.has_colour = terminal.has_colour,
                                     .has_utf8 = terminal.has_utf8,
                                     .has_all = args_has(args, "all"),
                                     .is_moved = args_has(args, "moved"),
                                     .tz = zone_local()};
    struct judged judged;
    if (args_has(args, "json"))
        return record_line(buf_text(answer), answer->n, terminal.is_tty, out, err);
    if (!judged_read(buf_text(answer), answer->n, arena, &judged, err))
        return false;
    if (terminal.is_tty)
        impact_text(&judged, &look, arena, out);
    else
        impact_text_rows(&judged, &look, out);
    return true;
}

static int run_impact(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf answer, out;
    arena_init(&arena);
    buf_init(&answer, JUDGED_BYTES_MAX);
    buf_init(&out, 8 * (size_t)JUDGED_BYTES_MAX);
    struct args args;
    struct err err;
    if (!args_parse(&commands_impact, argc, argv, &arena, &args, &err) ||
        !ask(&args, &arena, &answer, &err) || !format(&args, &answer, &arena, &out, &err))
        return tell_fail("impact", &err);
    return tell_out("impact", buf_text(&out)) ? CODE_OK : CODE_FAILED;
}

const struct command commands_impact = {
    .name = "impact",
    .usage = "impact [ID | SERVICE] [--metrics GLOB]... [--for LENGTH] [--all] [--moved] [--json]",
    .summary = "what a change moved, and what it did not",
    .group = "Ask",
    .about =
        "The verdict on a change (a SERVICE's newest), with each metric that moved: its level "
        "before\n"
        "and after, how far that is from what was to be expected, how many of its quiet times were "
        "as\n"
        "odd (rank), and since when; a '!' says that this way is the bad one. Then what did not "
        "move,\n"
        "with the smallest effect that would have been seen, what could not be judged, and why.\n"
        "Into a pipe it is tab-separated, without heading: moved or unmoved, metric, before, "
        "after,\n"
        "delta, rank, of, since, would see; empty is not known.\n",
    .options = options_of_impact,
    .help = "Examples\n"
            "  plumb impact website\n"
            "  plumb impact 01KB1234AB --metrics 'php.*' --for 1h --all\n"
            "  plumb impact website --json | jq '.moved[].metric'\n"
            "\n"
            "Exit codes\n"
            "  0  also when it did harm: plumb watch has codes for that\n"
            "  2  typed wrong\n"
            "  5  there is no such change\n"
            "  7  no server answers, or it has no verdict yet\n",
    .run = run_impact,
};
