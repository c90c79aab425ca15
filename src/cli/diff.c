/* plumb diff: two changes by the same metrics. */
#include <unistd.h>

#include "base/jsonw.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/impact_text.h"
#include "cli/record.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "cli/which.h"
#include "os/zone.h"

static const struct cli_option options_of_diff[] = {
    {"metrics", 0, CLI_LIST, "GLOB", "only these; else the vital ones, then all that live"},
    {"for", 0, CLI_TEXT, "LENGTH", "judged so long after each end; as the server did if not given"},
    {"env", 'e', CLI_TEXT, "ENV", "of a SERVICE; any when not given"},
    {"all", 'a', CLI_FLAG, NULL, "also what moved in neither"},
    {"json", 0, CLI_FLAG, NULL, "both answers, one object: a and b"},
    {0},
};

struct both {
    struct buf answers[2];
    struct judged judged[2];
};

static bool ask_one(const struct args *args, size_t i, struct arena *arena, struct both *io,
                    struct err *err)
{
    CLEANUP(client_close) struct client client = {0};
    struct buf *answer = &io->answers[i];
    struct judged_wish wish = {0};
    const char *id;
    const struct which which = {args->words[i], args_text(args, "env"), true};
    wish.globs = judged_items(args, "metrics", arena, &wish.n_globs);
    return judged_length(args, "for", &wish.for_s, err) &&
           which_change(&which, arena, answer, err) &&
           record_id(buf_text(answer), answer->n, arena, &id, err) &&
           client_open(&client, arena, err) && judged_ask(&client, id, &wish, arena, answer, err) &&
           judged_read(buf_text(answer), answer->n, arena, &io->judged[i], err);
}

static bool ask(const struct args *args, struct arena *arena, struct both *io, struct err *err)
{
    if (args->n_words != 2 || args->n_rest) {
        err_set(err, ERR_INPUT, "diff takes two changes");
        err_hint(err, "plumb diff 01KB1234AB website");
        return false;
    }
    return ask_one(args, 0, arena, io, err) && ask_one(args, 1, arena, io, err);
}

/* Both were read, so they are JSON. */
static void add_json(const struct both *both, struct buf *out)
{
    struct jsonw json;
    jsonw_init(&json, out, 0);
    jsonw_object(&json);
    jsonw_key(&json, "a");
    jsonw_raw(&json, buf_text(&both->answers[0]));
    jsonw_key(&json, "b");
    jsonw_raw(&json, buf_text(&both->answers[1]));
    jsonw_end(&json);
}

static bool format(const struct args *args, const struct both *both, struct arena *arena,
                   struct buf *out, struct err *err)
{
    CLEANUP(buf_done) struct buf json;
    buf_init(&json, out->max);
    const struct terminal terminal = terminal_of(STDOUT_FILENO);
    const struct impact_look look = {.has_colour = terminal.has_colour,
                                     .has_utf8 = terminal.has_utf8,
                                     .has_all = args_has(args, "all"),
                                     .tz = zone_local()};
    if (args_has(args, "json")) {
        add_json(both, &json);
        return record_line(buf_text(&json), json.n, terminal.is_tty, out, err);
    }
    if (terminal.is_tty)
        impact_text_diff(&both->judged[0], &both->judged[1], &look, arena, out);
    else
        impact_text_diff_rows(&both->judged[0], &both->judged[1], arena, out);
    return true;
}

static int run_diff(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf out;
    struct both both;
    struct args args;
    struct err err;
    arena_init(&arena);
    buf_init(&out, 8 * (size_t)JUDGED_BYTES_MAX);
    for (size_t i = 0; i < COUNT_OF(both.answers); i++)
        buf_init(&both.answers[i], JUDGED_BYTES_MAX);
    const bool is_fine = args_parse(&commands_diff, argc, argv, &arena, &args, &err) &&
                         ask(&args, &arena, &both, &err) &&
                         format(&args, &both, &arena, &out, &err);
    for (size_t i = 0; i < COUNT_OF(both.answers); i++)
        buf_done(&both.answers[i]);
    if (!is_fine)
        return tell_fail("diff", &err);
    return tell_out("diff", buf_text(&out)) ? CODE_OK : CODE_FAILED;
}

const struct command commands_diff = {
    .name = "diff",
    .usage = "diff ID|SERVICE ID|SERVICE [--metrics GLOB]... [--for LENGTH] [--all] [--json]",
    .summary = "compare two changes by the same metrics",
    .group = "Ask",
    .about =
        "Both verdicts, and a line for each metric that moved in one of them: how it moved in the\n"
        "first and in the second. Into a pipe it is tab-separated, without heading: metric, and "
        "of\n"
        "each of the two moved or unmoved, before, after, delta; empty is not known.\n",
    .options = options_of_diff,
    .help = "Examples\n"
            "  plumb diff 01KB1234AB 01KB9999XY\n"
            "  plumb diff website search --metrics 'php.*' --for 1h\n"
            "\n"
            "Exit codes\n"
            "  0  also when they differ\n"
            "  2  typed wrong\n"
            "  5  there is no such change\n"
            "  7  no server answers, or it has no verdict yet\n",
    .run = run_diff,
};
