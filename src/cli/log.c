/* plumb log: what changed, newest first. */
#include <unistd.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/log_text.h"
#include "cli/record.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "cli/when.h"
#include "os/realtime.h"
#include "os/zone.h"

enum {
    SHOWN_DEFAULT = 30,
    SHOWN_MAX = 9999, /* the server lists 10,000, and one more tells that there are more */
};

static const struct cli_option options_of_log[] = {
    {"number", 'n', CLI_TEXT, "N", "how many; 30 when not given, at most 9999"},
    {"since", 0, CLI_TEXT, "TIME", "only those that began then or later"},
    {"kind", 'k', CLI_TEXT, "KIND", "only those of this kind: deploy, config, flag, ..."},
    {"json", 0, CLI_FLAG, NULL, "an object a line, with every field"},
    {"oneline", 0, CLI_FLAG, NULL, "short lines without a heading, also into a pipe"},
    {0},
};

/* What to list and how. */
struct view {
    const struct args *args;
    struct terminal terminal;
    int64_t n_shown, now_ms;
};

static bool make_query(const struct view *view, struct buf *query, struct err *err)
{
    const struct args *args = view->args;
    const char *since = args_text(args, "since"), *kind = args_text(args, "kind");
    const struct when_now now = {view->now_ms, zone_local()};
    int64_t since_ms = 0;
    if (since && !when_parse(since, &now, &since_ms, err)) {
        err_prefix(err, "--since");
        return false;
    }
    enum change_kind known;
    if (kind && !change_kind_parse(str_of(kind), &known))
        return FAIL(err, ERR_INPUT, "--kind '%.40s' is not known", kind);
    client_param_i64(query, "n", view->n_shown + 1);
    if (args->n_words)
        client_param(query, "service", args->words[0]);
    if (kind)
        client_param(query, "kind", kind);
    if (since)
        client_param_i64(query, "from", since_ms / 1000);
    return true;
}

static bool fetch(const struct view *view, struct arena *arena, struct buf *answer, struct err *err)
{
    CLEANUP(client_close) struct client client = {0};
    CLEANUP(buf_done) struct buf query;
    buf_init(&query, CLIENT_ANSWER_BYTES_MAX);
    const struct client_ask ask = {"/api/v1/changes", &query, "application/json", CLIENT_ASK_MS};
    return make_query(view, &query, err) && client_open(&client, arena, err) &&
           client_get(&client, &ask, answer, err);
}

/* The answer in the form that was asked for; *out_is_cut: there are more. */
static bool format(const struct view *view, const struct buf *answer, struct arena *arena,
                   struct buf *out, bool *out_is_cut)
{
    struct change_list list;
    struct err err;
    const bool is_oneline = args_has(view->args, "oneline");
    if (!record_list(buf_text(answer), answer->n, arena, &list, &err))
        return tell_fail("log", &err), false;
    *out_is_cut = list.n > (size_t)view->n_shown;
    list.n = min_size(list.n, (size_t)view->n_shown);
    if (args_has(view->args, "json")) {
        const struct record_lines how = {list.n, view->terminal.is_tty};
        return record_lines(buf_text(answer), answer->n, how, out, &err) ||
               (tell_fail("log", &err), false);
    }
    if (!view->terminal.is_tty && !is_oneline) {
        log_text_rows(&list, out);
        return true;
    }
    const struct log_text_look look = {
        .columns = view->terminal.is_tty ? view->terminal.columns : 0,
        .is_oneline = is_oneline,
        .has_colour = view->terminal.has_colour,
        .has_utf8 = view->terminal.has_utf8,
        .tz = zone_local(),
        .now_ms = view->now_ms,
    };
    log_text_columns(&list, &look, arena, out);
    return true;
}

/* To people only: a pipe gets rows and nothing else. */
static void add_remark(const struct view *view, bool is_cut, struct buf *out)
{
    if (!view->terminal.is_tty || args_has(view->args, "json"))
        return;
    if (!out->n)
        buf_add_str(out, "no changes\n");
    else if (is_cut && view->n_shown < SHOWN_MAX)
        buf_printf(out, "... and older ones: -n %lld shows more\n",
                   (long long)min_i64(view->n_shown * 4, SHOWN_MAX));
}

static int show(const struct view *view, struct arena *arena)
{
    CLEANUP(buf_done) struct buf answer, out;
    buf_init(&answer, CLIENT_ANSWER_BYTES_MAX);
    buf_init(&out, 4 * (size_t)CLIENT_ANSWER_BYTES_MAX); /* colours and blanks are added */
    struct err err;
    bool is_cut = false;
    if (!fetch(view, arena, &answer, &err))
        return tell_fail("log", &err);
    if (!format(view, &answer, arena, &out, &is_cut))
        return CODE_FAILED;
    add_remark(view, is_cut, &out);
    return tell_out("log", buf_text(&out)) ? CODE_OK : CODE_FAILED;
}

static int run_log(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct err err;
    const struct clock clock = clock_system();
    struct view view = {&args, terminal_of(STDOUT_FILENO), 0, clock_us(&clock) / 1000};
    const struct args_range range = {SHOWN_DEFAULT, 1, SHOWN_MAX};
    if (!args_parse(&commands_log, argc, argv, &arena, &args, &err) ||
        !args_number(&args, "number", range, &view.n_shown, &err))
        return tell_fail("log", &err);
    if (args.n_words > 1 || args.n_rest) {
        err_set(&err, ERR_INPUT, "log takes one service at most");
        return tell_fail("log", &err);
    }
    return show(&view, &arena);
}

const struct command commands_log = {
    .name = "log",
    .usage = "log [SERVICE] [-n N] [--since TIME] [-k KIND] [--json] [--oneline]",
    .summary = "what changed, newest first",
    .group = "Ask",
    .about =
        "Lists changes, of all services or of one (web also means web/checkout). On a terminal in\n"
        "columns and local time. Into a pipe as tab-separated rows without heading, nothing cut:\n"
        "start (UTC), id, kind, service, env, rev, by, seconds, status, message, url.\n",
    .options = options_of_log,
    .help = "A + behind the time it took: it still runs. NO_COLOR is respected.\n"
            "\n"
            "Examples\n"
            "  plumb log\n"
            "  plumb log website --since 2d -k deploy\n"
            "  plumb log --since yesterday --oneline\n"
            "  plumb log -n 500 --json | jq -r 'select(.status == \"failed\") | .service'\n"
            "\n"
            "Exit codes\n"
            "  0  also when there were no changes\n"
            "  2  typed wrong\n"
            "  7  no server answers\n",
    .run = run_log,
};
