/* plumb watch: waits for a change's verdict. The exit code is for scripts. */
#include <unistd.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/env.h"
#include "cli/record.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "cli/watching.h"
#include "cli/which.h"
#include "os/child.h"
#include "os/realtime.h"
#include "os/zone.h"

enum { LINE_BYTES_MAX = 256 * 1024 };

static const struct cli_option options_of_watch[] = {
    {"for", 0, CLI_TEXT, "LENGTH", "how long after the change; 15m when not given"},
    WATCHING_OPTIONS,
    {"env", 'e', CLI_TEXT, "ENV", "of a SERVICE; any when not given"},
    {"dry-run", 0, CLI_FLAG, NULL, "exit 0 whatever it comes to, and say what it would have been"},
    {"quiet", 'q', CLI_FLAG, NULL, "say nothing: the exit code is the answer"},
    {"json", 0, CLI_FLAG, NULL, "a line of JSON for each look, as into a pipe"},
    {0},
};

struct view {
    const struct args *args;
    const char *word;
    bool is_silent, has_lines;
    bool is_broken; /* stdout */
};

static bool identify(void *self, struct arena *arena, const char **out_id, struct err *err)
{
    const struct view *view = self;
    CLEANUP(buf_done) struct buf answer;
    buf_init(&answer, WHICH_ANSWER_BYTES_MAX);
    const struct which which = {view->word, args_text(view->args, "env"), true};
    return which_change(&which, arena, &answer, err) &&
           record_id(buf_text(&answer), answer.n, arena, out_id, err);
}

static void show(void *self, const struct judged *now, bool is_news)
{
    struct view *view = self;
    CLEANUP(buf_done) struct buf line;
    char at[64];
    buf_init(&line, LINE_BYTES_MAX);
    if (view->is_silent || view->is_broken || !(is_news || view->has_lines))
        return;
    const struct clock clock = clock_system();
    if (view->has_lines) {
        watching_line(now, clock_us(&clock) / 1000, &line);
    } else {
        tz_format(zone_local(), clock_s(&clock), "%H:%M:%S ", at, sizeof at);
        buf_add_str(&line, at);
        watching_say(now, &line);
        buf_add_char(&line, '\n');
    }
    view->is_broken = !tell_out("watch", buf_text(&line));
}

static bool take(const struct args *args, struct arena *arena, struct view *view,
                 struct watching *out, struct err *err)
{
    view->args = args;
    view->word = args->n_words ? args->words[0] : env_get("PLUMB_CHANGE");
    if (!view->word || args->n_words > 1 || args->n_rest) {
        err_set(err, ERR_INPUT, "watch takes the id of a change, or a service");
        err_hint(err, "plumb watch website --for 15m");
        return false;
    }
    view->is_silent = args_has(args, "quiet");
    view->has_lines = args_has(args, "json") || !terminal_of(STDOUT_FILENO).is_tty;
    *out = (struct watching){.command = "watch", .identify = identify, .show = show, .self = view};
    return judged_length(args, "for", &out->wish.for_s, err) &&
           watching_take(args, arena, out, err);
}

/* On a terminal: what to do about it. */
static void tell_next(const struct view *view, const struct watched *watched)
{
    if (watched->is_harm && !view->is_silent && !view->has_lines)
        tell_note("watch", "next: plumb impact %.26s | plumb rollback %.60s", watched->id,
                  watched->service);
}

static int run_watch(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct view view = {0};
    struct watching watching;
    struct watched watched;
    struct err err;
    if (!args_parse(&commands_watch, argc, argv, &arena, &args, &err) ||
        !take(&args, &arena, &view, &watching, &err))
        return tell_fail("watch", &err);
    child_hold_signals();
    watching_run(&watching, &arena, &watched);
    child_release_signals();
    tell_next(&view, &watched);
    if (view.is_broken)
        return CODE_FAILED;
    if (!args_has(&args, "dry-run") || !watched.code)
        return watched.code;
    if (!view.is_silent)
        tell_note("watch", "dry run: %s, it would have been exit code %d", watched.state,
                  watched.code);
    return CODE_OK;
}

const struct command commands_watch = {
    .name = "watch",
    .usage = "watch [ID | SERVICE] [--for LENGTH] [--vital METRIC]... [--fail-on WHAT] [OPTION...]",
    .summary = "wait for a verdict; the exit code is for scripts",
    .group = "Ask",
    .about =
        "Looks every ten seconds at what a change moves, until the time after its end is over; "
        "harm\n"
        "ends it at once. Of a SERVICE it is the newest change; without either it is "
        "$PLUMB_CHANGE.\n"
        "On a terminal it says a line a minute, and when something moves; into a pipe a line of\n"
        "JSON for each look: t, state (pending, no_harm, improved, moved, inconclusive, harm),\n"
        "checked, moved, left (seconds) and say. A server that is away is asked on until the time\n"
        "is over.\n",
    .options = options_of_watch,
    .help = "Examples\n"
            "  plumb watch website --for 15m\n"
            "  plumb watch website --vital logins.ok:down --fail-on inconclusive || ./back.sh\n"
            "  plumb watch 01KB1234AB | jq -r .say\n"
            "\n"
            "Exit codes\n"
            "  0    no harm, or it improved, or what moved has no rule that calls it bad\n"
            "  1    harm\n"
            "  2    typed wrong\n"
            "  4    inconclusive: too little data, or changes that overlap; --fail-on harm makes\n"
            "       it 0, --fail-on inconclusive makes it 1\n"
            "  5    there is no such change\n"
            "  7    no server ever answered\n"
            "  124  the time is over, and the server has no verdict or is away\n",
    .run = run_watch,
};
