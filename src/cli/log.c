/* plumb log: what changed, newest first. */
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/log_text.h"
#include "cli/pager.h"
#include "cli/record.h"
#include "cli/show_text.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "cli/verdict_lines.h"
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
    {"until", 0, CLI_TEXT, "TIME", "only those that began before"},
    {"kind", 'k', CLI_TEXT, "KIND", "only those of this kind: deploy, config, flag, ..."},
    {"by", 0, CLI_TEXT, "NAME", "only hers or his"},
    {"status", 0, CLI_TEXT, "STATUS", "only those: running, succeeded, failed, ..."},
    {"verdict", 0, CLI_TEXT, "STATE", "only those: harm, no_harm, improved, moved, ..."},
    {"env", 0, CLI_TEXT, "ENV", "only those there"},
    {"grep", 0, CLI_TEXT, "WORDS", "only those with all these words in their texts; wor* begins"},
    {"full", 'p', CLI_FLAG, NULL, "below each its message, what it moved, and output's tail"},
    {"oneline", 0, CLI_FLAG, NULL, "short lines without a heading, also into a pipe"},
    {"output", 'o', CLI_TEXT, "FORM", "json (an object a line), tsv (rows) or md (a table)"},
    {"json", 0, CLI_FLAG, NULL, "the same as -o json"},
    {"no-pager", 0, CLI_FLAG, NULL, "not through $PLUMB_PAGER, $PAGER or less -FRX"},
    {0},
};

enum form { FORM_COLUMNS, FORM_ROWS, FORM_JSON, FORM_TABLE };

/* What to list and how. */
struct view {
    const struct args *args;
    struct terminal terminal;
    int64_t n_shown, now_ms;
    enum form form;
};

static bool take_form(struct view *view, struct err *err)
{
    const char *given = args_text(view->args, "output");
    const bool is_for_people =
        view->terminal.is_tty || args_has(view->args, "oneline") || args_has(view->args, "full");
    if (!given)
        given = args_has(view->args, "json") ? "json" : is_for_people ? "" : "tsv";
    if (strcmp(given, "json") == 0)
        view->form = FORM_JSON;
    else if (strcmp(given, "tsv") == 0)
        view->form = FORM_ROWS;
    else if (strcmp(given, "md") == 0)
        view->form = FORM_TABLE;
    else if (given[0])
        return FAIL(err, ERR_INPUT, "--output '%.20s': json, tsv and md are known", given);
    return true;
}

/* A time as an option says it, as a parameter in seconds. */
static bool add_time(const struct view *view, const char *option, const char *key,
                     struct buf *query, struct err *err)
{
    const char *text = args_text(view->args, option);
    const struct when_now now = {view->now_ms, zone_local()};
    int64_t ms;
    if (!text)
        return true;
    if (!when_parse(text, &now, &ms, err)) {
        err_prefix(err, "--%s", option);
        return false;
    }
    client_param_i64(query, key, ms / 1000);
    return true;
}

static bool add_verdict(const struct view *view, struct buf *query, struct err *err)
{
    const char *text = args_text(view->args, "verdict");
    enum verdict_state state;
    if (!text)
        return true;
    if (!verdict_state_parse(text, &state)) {
        err_set(err, ERR_INPUT, "--verdict '%.40s' is not known", text);
        err_hint(err, "harm, no_harm, improved, moved, inconclusive and pending are");
        return false;
    }
    client_param(query, "verdict", verdict_state_name(state));
    return true;
}

static bool make_query(const struct view *view, struct buf *query, struct err *err)
{
    static const char *const options[] = {"kind", "by", "status", "env", "grep"};
    static const char *const keys[] = {"kind", "by", "status", "env", "q"};
    const struct args *args = view->args;
    const char *kind = args_text(args, "kind"), *status = args_text(args, "status");
    enum change_kind known;
    enum change_status known_status;
    if (kind && !change_kind_parse(str_of(kind), &known))
        return FAIL(err, ERR_INPUT, "--kind '%.40s' is not known", kind);
    if (status && !change_status_parse(status, &known_status)) {
        err_set(err, ERR_INPUT, "--status '%.40s' is not known", status);
        err_hint(err, "running, succeeded, failed, cancelled, planned, queued and unknown are");
        return false;
    }
    client_param_i64(query, "n", view->n_shown + 1);
    if (args->n_words)
        client_param(query, "service", args->words[0]);
    for (size_t i = 0; i < COUNT_OF(options); i++)
        if (args_has(args, options[i]))
            client_param(query, keys[i], args_text(args, options[i]));
    if (args_has(args, "full"))
        client_param_i64(query, "whole", 1);
    return add_verdict(view, query, err) && add_time(view, "since", "from", query, err) &&
           add_time(view, "until", "until", query, err);
}

static bool fetch(const struct view *view, struct buf *answer, struct err *err)
{
    CLEANUP(buf_done) struct buf query;
    buf_init(&query, CLIENT_ANSWER_BYTES_MAX);
    return make_query(view, &query, err) && client_ask_get("/api/v1/changes", &query, answer, err);
}

/* How they ended: "13 succeeded, 2 failed"; with_good false: only those that went wrong or on. */
static void add_ends(const struct change_list *list, bool with_good, const char *between,
                     struct buf *out)
{
    size_t counts[CHANGE_STATUSES] = {0}, n_rollbacks = 0;
    for (size_t i = 0; i < list->n; i++) {
        counts[list->items[i].status]++;
        n_rollbacks += strcmp(list->items[i].action, "rollback") == 0;
    }
    for (int i = 0; i < CHANGE_STATUSES; i++) {
        const enum change_status status = (enum change_status)(CHANGE_STATUSES - 1 - i);
        if (!counts[status] || (status == STATUS_SUCCEEDED && !with_good))
            continue;
        buf_printf(out, "%s%zu %s", between, counts[status], change_status_name(status));
        between = ", ";
    }
    if (n_rollbacks)
        buf_printf(out, "; %zu rollback%s", n_rollbacks, n_rollbacks == 1 ? "" : "s");
}

/* "16 changes today: 13 no harm, 1 improved, 1 harm, 1 cannot tell; 2 failed.", and where none was judged
 * "16 changes today: 14 succeeded, 2 failed." */
static void add_totals(const struct view *view, const struct change_list *list, bool is_cut,
                       struct buf *out)
{
    const char *since = args_text(view->args, "since");
    CLEANUP(buf_done) struct buf verdicts;
    buf_init(&verdicts, 1024);
    const bool is_judged = verdict_lines_totals(list, &verdicts);
    const bool is_asked = since || (is_judged && args_has(view->args, "oneline"));
    if (!is_asked || !list->n)
        return;
    buf_printf(out, "%s%zu change%s", is_cut ? "the newest " : "", list->n,
               list->n == 1 ? "" : "s");
    if (since) {
        buf_add_str(out, strcmp(since, "today") == 0 ? " " : " since ");
        terminal_clean(out, since);
    }
    if (is_judged)
        buf_printf(out, ": %s", buf_text(&verdicts));
    add_ends(list, !is_judged, is_judged ? "; " : ": ", out);
    buf_add_str(out, ".\n");
}

/* In columns, with all of each below it when wanted. */
static void add_columns(const struct view *view, const struct change_list *list, bool is_cut,
                        struct arena *arena, struct buf *out)
{
    const bool is_oneline = args_has(view->args, "oneline");
    const struct log_text_look look = {
        .columns = view->terminal.is_tty ? view->terminal.columns : 0,
        .is_oneline = is_oneline,
        .has_colour = view->terminal.has_colour,
        .has_utf8 = view->terminal.has_utf8,
        .tz = zone_local(),
        .now_ms = view->now_ms,
        .below = args_has(view->args, "full") ? show_text_below : NULL,
    };
    log_text_columns(list, &look, arena, out);
    if (!list->n && view->terminal.is_tty)
        buf_add_str(out, "no changes\n");
    add_totals(view, list, is_cut, out);
    if (is_cut && view->terminal.is_tty && view->n_shown < SHOWN_MAX)
        buf_printf(out, "... and older ones: -n %lld shows more\n",
                   (long long)min_i64(view->n_shown * 4, SHOWN_MAX));
}

/* The answer in the form that was asked for. */
static bool format(const struct view *view, const struct buf *answer, struct arena *arena,
                   struct buf *out, struct err *err)
{
    struct change_list list;
    if (!record_list(buf_text(answer), answer->n, arena, &list, err))
        return false;
    const bool is_cut = list.n > (size_t)view->n_shown;
    list.n = min_size(list.n, (size_t)view->n_shown);
    const struct record_lines how = {list.n, view->terminal.is_tty};
    switch (view->form) {
    case FORM_JSON:
        return record_lines(buf_text(answer), answer->n, how, out, err);
    case FORM_ROWS:
        log_text_rows(&list, out);
        break;
    case FORM_TABLE:
        log_text_table(&list, zone_local(), arena, out);
        break;
    case FORM_COLUMNS:
        add_columns(view, &list, is_cut, arena, out);
        break;
    }
    return true;
}

static int show(const struct view *view, struct arena *arena)
{
    CLEANUP(buf_done) struct buf answer, out;
    buf_init(&answer, CLIENT_ANSWER_BYTES_MAX);
    buf_init(&out, 4 * (size_t)CLIENT_ANSWER_BYTES_MAX); /* colours and blanks are added */
    struct err err;
    if (!fetch(view, &answer, &err))
        return tell_fail("log", &err);
    if (!format(view, &answer, arena, &out, &err)) {
        tell_fail("log", &err);
        return CODE_FAILED;
    }
    const bool wants_pager = view->form == FORM_COLUMNS && !args_has(view->args, "no-pager");
    return pager_out("log", buf_text(&out), wants_pager) ? CODE_OK : CODE_FAILED;
}

static int run_log(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct err err;
    const struct clock clock = clock_system();
    struct view view = {&args, terminal_of(STDOUT_FILENO), 0, clock_us(&clock) / 1000,
                        FORM_COLUMNS};
    const struct args_range range = {SHOWN_DEFAULT, 1, SHOWN_MAX};
    if (!args_parse(&commands_log, argc, argv, &arena, &args, &err) ||
        !args_number(&args, "number", range, &view.n_shown, &err) || !take_form(&view, &err))
        return tell_fail("log", &err);
    if (args.n_words > 1 || args.n_rest) {
        err_set(&err, ERR_INPUT, "log takes one service at most");
        return tell_fail("log", &err);
    }
    return show(&view, &arena);
}

const struct command commands_log = {
    .name = "log",
    .usage = "log [SERVICE] [--since TIME] [-k KIND] [--verdict STATE] [-p] [-o FORM] "
             "[OPTION...]",
    .summary = "what changed, newest first",
    .group = "Ask",
    .about =
        "Lists changes, of all services or of one (web also means web/checkout). On a terminal in\n"
        "columns and local time, a screen at a time. Into a pipe as tab-separated rows without\n"
        "heading, nothing cut: start (UTC), id, kind, service, env, rev, by, seconds, status,\n"
        "message, url, verdict. With --since a last line counts them.\n",
    .options = options_of_log,
    .help =
        "A + behind the time it took: it still runs. NO_COLOR is respected.\n"
        "The verdict says what it did to the metrics. (saw >= 6%): nothing moved, and a lasting\n"
        "change of 6% or more would have been seen on each metric that matters most.\n"
        "\n"
        "Examples\n"
        "  plumb log\n"
        "  plumb log website --since 2d -k deploy\n"
        "  plumb log --since yesterday --oneline\n"
        "  plumb log --status failed --by nora -p\n"
        "  plumb log --verdict harm --since 30d    what broke what\n"
        "  plumb log --grep 'login cart*' --until 2026-11-01\n"
        "  plumb log --since 7d -o md      for a report\n"
        "  plumb log -n 500 --json | jq -r 'select(.status == \"failed\") | .service'\n"
        "\n"
        "Exit codes\n"
        "  0  also when there were no changes\n"
        "  2  typed wrong\n"
        "  7  no server answers\n",
    .run = run_log,
};
