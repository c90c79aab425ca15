/* plumb now: what is going on. One request, one screen. */
#include <unistd.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/freeze_text.h"
#include "cli/log_text.h"
#include "cli/record.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "os/realtime.h"
#include "os/zone.h"

enum {
    ANSWER_BYTES_MAX = 16 << 20,
    RECENT_MIN = 5, /* lines of the last 30 minutes, on however low a terminal */
};

static const struct cli_option options_of_now[] = {
    {"json", 0, CLI_FLAG, NULL, "the server's answer, one object"},
    {0},
};

struct sight {
    const struct buf *answer;
    struct log_text_look look;
    unsigned rows; /* of the terminal; 0: no limit */
    struct arena *arena;
    struct buf *out;
};

static void add_heading(const struct sight *sight, const char *text, const char *none, bool is_none)
{
    const bool has_colour = sight->look.has_colour;
    buf_printf(sight->out, "%s%s%s%s\n", has_colour ? "\x1b[1m" : "", text,
               has_colour ? "\x1b[0m" : "", is_none ? none : "");
}

/* A heading and the changes; of more than n_max the newest. */
static bool add_changes(const struct sight *sight, const char *key, const char *heading,
                        size_t n_max, struct err *err)
{
    struct change_list list;
    if (!record_list_in(buf_text(sight->answer), sight->answer->n, key, sight->arena, &list, err))
        return false;
    add_heading(sight, heading, "  nothing", !list.n);
    const size_t n = list.n;
    list.n = min_size(n, n_max);
    log_text_columns(&list, &sight->look, sight->arena, sight->out);
    if (n > list.n)
        buf_printf(sight->out, "... and %zu more: plumb log --since 30m -n %zu\n", n - list.n, n);
    return true;
}

/* Nothing where there is none: what did harm is seldom. An older server does not tell. */
static void add_harm(const struct sight *sight)
{
    struct change_list list;
    struct err why;
    if (!record_list_in(buf_text(sight->answer), sight->answer->n, "harm", sight->arena, &list,
                        &why) ||
        !list.n)
        return;
    add_heading(sight, "DID HARM", "", false);
    log_text_columns(&list, &sight->look, sight->arena, sight->out);
}

static bool add_freezes(const struct sight *sight, struct err *err)
{
    struct freeze_lines lines;
    const struct freeze_look look = {sight->look.tz, sight->look.now_ms};
    if (!freeze_text_read(buf_text(sight->answer), sight->answer->n, "frozen", sight->arena, &lines,
                          err))
        return false;
    add_heading(sight, "FROZEN", "     nothing", !lines.n);
    freeze_text_say(&lines, &look, sight->out);
    return true;
}

static unsigned lines_of(const struct buf *text)
{
    unsigned n = 0;
    for (size_t i = 0; i < text->n; i++)
        n += text->at[i] == '\n';
    return n;
}

static bool format(const struct sight *sight, struct err *err)
{
    if (!add_changes(sight, "incidents", "INCIDENTS", SIZE_MAX, err) ||
        !add_changes(sight, "thirdparty", "VENDORS", SIZE_MAX, err) || !add_freezes(sight, err) ||
        !add_changes(sight, "in_flight", "IN FLIGHT", SIZE_MAX, err))
        return false;
    add_harm(sight);
    size_t n_max = SIZE_MAX;
    if (sight->rows) { /* the heading, the line of what is left out, and the shell's own */
        const unsigned used = lines_of(sight->out) + 3;
        n_max = sight->rows > used + RECENT_MIN ? sight->rows - used : RECENT_MIN;
    }
    return add_changes(sight, "recent", "30 MIN", n_max, err);
}

static bool show(const struct args *args, struct arena *arena, struct buf *out, struct err *err)
{
    CLEANUP(buf_done) struct buf answer;
    buf_init(&answer, ANSWER_BYTES_MAX);
    const struct terminal terminal = terminal_of(STDOUT_FILENO);
    const struct clock clock = clock_system();
    if (!client_ask_get("/api/v1/now", NULL, &answer, err))
        return false;
    if (args_has(args, "json"))
        return record_line(buf_text(&answer), answer.n, terminal.is_tty, out, err);
    const struct sight sight = {.answer = &answer,
                                .look = {.columns = terminal.is_tty ? terminal.columns : 0,
                                         .is_oneline = true,
                                         .has_colour = terminal.has_colour,
                                         .has_utf8 = terminal.has_utf8,
                                         .tz = zone_local(),
                                         .now_ms = clock_us(&clock) / 1000},
                                .rows = terminal.is_tty ? terminal.rows : 0,
                                .arena = arena,
                                .out = out};
    return format(&sight, err);
}

static int run_now(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf out;
    arena_init(&arena);
    buf_init(&out, 8 * (size_t)ANSWER_BYTES_MAX);
    struct args args;
    struct err err;
    if (!args_parse(&commands_now, argc, argv, &arena, &args, &err))
        return tell_fail("now", &err);
    if (args.n_words || args.n_rest) {
        err_set(&err, ERR_INPUT, "now takes no arguments");
        err_hint(&err, "plumb log SERVICE --since 30m is about one service");
        return tell_fail("now", &err);
    }
    if (!show(&args, &arena, &out, &err))
        return tell_fail("now", &err);
    return tell_out("now", buf_text(&out)) ? CODE_OK : CODE_FAILED;
}

const struct command commands_now = {
    .name = "now",
    .usage = "now [--json]",
    .summary = "what is under way, frozen, broken, and the last 30 minutes",
    .group = "Ask",
    .about = "For whoever was just woken up: open incidents, vendors in trouble, freezes, changes\n"
             "under way, what did harm within a day, and what changed in the last 30 minutes. One\n"
             "screen.\n",
    .options = options_of_now,
    .help = "Examples\n"
            "  plumb now\n"
            "  plumb now --json | jq '.in_flight[].service'\n"
            "  watch -n 10 plumb now\n"
            "\n"
            "Exit codes\n"
            "  0  shown\n"
            "  2  typed wrong\n"
            "  7  no server answers\n",
    .run = run_now,
};
