/* plumb graph: metrics with the lines of changes, in the terminal or as a picture from the server.
 * */
#include <string.h>
#include <unistd.h>

#include "chart/chart.h"
#include "cli/args.h"
#include "cli/change_lines.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/record.h"
#include "cli/series_json.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "cli/when.h"
#include "os/file.h"
#include "os/realtime.h"
#include "os/zone.h"

enum {
    TARGETS_MAX = 1000, /* the server's own limit */
    CHANGES_MAX = 2000, /* far more than a terminal has columns */
    ROWS_DEFAULT = 20,
    ROWS_LEFT_FREE = 2, /* for the prompt */
    QUERY_BYTES_MAX = 4 * 1024 * 1024,
    TEXT_BYTES_MAX = 16 * 1024 * 1024,
    LONE_STEP_S = 60,
};
#define SINCE_DEFAULT "6h"

static const struct cli_option options_of_graph[] = {
    {"since", 0, CLI_TEXT, "TIME", "where it begins; 6h (ago) when not given"},
    {"until", 0, CLI_TEXT, "TIME", "where it ends; now when not given"},
    {"title", 0, CLI_TEXT, "TITLE", "what stands above it"},
    {"output", 'o', CLI_TEXT, "FILE", "a picture instead: FILE ends in .png or .svg"},
    {"width", 0, CLI_TEXT, "N", "columns, or pixels of the picture"},
    {"height", 0, CLI_TEXT, "N", "rows, or pixels of the picture"},
    {0},
};

/* What is to be drawn. */
struct drawing {
    const struct args *args;
    struct change_lines lines;
    int64_t from_s, until_s;
    int64_t width, height; /* 0: not given */
};

static bool take_time(const struct args *args, const char *name, const char *fallback,
                      int64_t now_ms, int64_t *out_s, struct err *err)
{
    const char *text = args_text(args, name);
    const struct when_now now = {now_ms, zone_local()};
    int64_t at_ms;
    if (!when_parse(text ? text : fallback, &now, &at_ms, err)) {
        err_prefix(err, "--%s", name);
        return false;
    }
    *out_s = at_ms / 1000;
    return true;
}

static bool make_drawing(const struct args *args, struct arena *arena, struct drawing *out,
                         struct err *err)
{
    const struct clock clock = clock_system();
    const int64_t now_ms = clock_us(&clock) / 1000;
    const struct args_range size = {0, 1, 10000};
    if (!args->n_words || args->n_rest) {
        err_set(err, ERR_INPUT, "which target?");
        err_hint(err, "plumb graph web.logins --since 6h");
        return false;
    }
    if (args->n_words > TARGETS_MAX)
        return FAIL(err, ERR_INPUT, "more than %d targets", TARGETS_MAX);
    *out = (struct drawing){.args = args};
    if (!take_time(args, "since", SINCE_DEFAULT, now_ms, &out->from_s, err) ||
        !take_time(args, "until", "now", now_ms, &out->until_s, err) ||
        !args_number(args, "width", size, &out->width, err) ||
        !args_number(args, "height", size, &out->height, err))
        return false;
    if (out->from_s >= out->until_s)
        return FAIL(err, ERR_INPUT, "--since is not before --until");
    out->lines = change_lines_sort(args->words, args->n_words, arena);
    return true;
}

static void add_span(const struct drawing *d, struct buf *query)
{
    client_param_i64(query, "from", d->from_s);
    client_param_i64(query, "until", d->until_s);
}

/* ---- into a file ---- */

/* "png" or "svg", as the name ends; NULL: neither. */
static const char *format_of(const char *path)
{
    if (text_ends(path, ".png"))
        return "png";
    return text_ends(path, ".svg") ? "svg" : NULL;
}

static void add_picture(const struct drawing *d, const char *format, struct buf *query)
{
    const char *title = args_text(d->args, "title");
    const bool asks_for_changes = d->lines.n_patterns || d->lines.n_infinite;
    for (size_t i = 0; i < d->args->n_words; i++)
        client_param(query, "target", d->args->words[i]);
    add_span(d, query);
    client_param(query, "format", format);
    if (title)
        client_param(query, "title", title);
    if (d->width)
        client_param_i64(query, "width", d->width);
    if (d->height)
        client_param_i64(query, "height", d->height);
    if (!asks_for_changes) /* as in the terminal: all of them, unless some were named */
        client_param(query, "changes", "all");
}

static int draw_file(const struct drawing *d, struct client *client)
{
    const char *path = args_text(d->args, "output");
    const char *format = format_of(path);
    struct err err;
    if (!format) {
        err_set(&err, ERR_INPUT, "--output '%.200s' ends neither in .png nor in .svg", path);
        return tell_fail("graph", &err);
    }
    CLEANUP(buf_done) struct buf query, picture;
    buf_init(&query, QUERY_BYTES_MAX);
    buf_init(&picture, CLIENT_ANSWER_BYTES_MAX);
    add_picture(d, format, &query);
    const struct client_ask ask = {"/render", &query, "image/*, application/json", CLIENT_ASK_MS};
    if (!client_get(client, &ask, &picture, &err))
        return tell_fail("graph", &err);
    if (file_replace(path, picture.at, picture.n, &err))
        return CODE_OK;
    tell_fail("graph", &err);
    return CODE_FAILED;
}

/* ---- into the terminal ---- */

/* Asks for the values of n targets, with as many as the columns can show. */
static bool fetch_series(const struct drawing *d, struct client *client, const char *const *targets,
                         size_t n, struct arena *arena, struct series_list *out, struct err *err)
{
    if (!n)
        return true;
    CLEANUP(buf_done) struct buf query, answer;
    buf_init(&query, QUERY_BYTES_MAX);
    buf_init(&answer, CLIENT_ANSWER_BYTES_MAX);
    for (size_t i = 0; i < n; i++)
        client_param(&query, "target", targets[i]);
    add_span(d, &query);
    client_param(&query, "format", "json");
    client_param_i64(&query, "maxDataPoints", 2 * d->width); /* braille has two dots a column */
    const struct client_ask ask = {"/render", &query, "application/json", CLIENT_ASK_MS};
    return client_get(client, &ask, &answer, err) &&
           series_json_read(answer.at, answer.n, LONE_STEP_S, arena, out, err);
}

static bool fetch_changes(const struct drawing *d, struct client *client, struct arena *arena,
                          struct change_lines_out *out, struct err *err)
{
    CLEANUP(buf_done) struct buf query, answer;
    buf_init(&query, QUERY_BYTES_MAX);
    buf_init(&answer, CLIENT_ANSWER_BYTES_MAX);
    add_span(d, &query);
    client_param_i64(&query, "n", CHANGES_MAX);
    const struct client_ask ask = {"/api/v1/changes", &query, "application/json", CLIENT_ASK_MS};
    struct change_list list;
    return client_get(client, &ask, &answer, err) &&
           record_list(buf_text(&answer), answer.n, arena, &list, err) &&
           change_lines_pick(&d->lines, &list, arena, out, err);
}

/* All series that the targets name. err: ERR_MISSING when there is none. */
static bool gather(const struct drawing *d, struct client *client, struct arena *arena,
                   struct series_list *out, struct err *err)
{
    const struct change_lines *lines = &d->lines;
    if (!fetch_series(d, client, lines->plain, lines->n_plain, arena, out, err))
        return false;
    if (lines->n_plain && !out->n)
        return FAIL(err, ERR_MISSING, "the server knows no series '%.200s' in that time",
                    lines->plain[0]);
    const size_t n_drawn = out->n;
    if (!fetch_series(d, client, lines->infinite, lines->n_infinite, arena, out, err))
        return false;
    for (size_t i = n_drawn; i < out->n; i++)
        out->items[i]->style.as_infinite = true;
    return true;
}

static bool draw_text(const struct drawing *d, struct client *client,
                      const struct terminal *terminal, struct arena *arena, struct buf *out,
                      struct err *err)
{
    struct series_list series = {0};
    struct change_lines_out changes = {0};
    struct err why;
    if (!gather(d, client, arena, &series, err))
        return false;
    if (!fetch_changes(d, client, arena, &changes, &why))
        tell_warn("graph", "without the changes: %s", why.text);
    const char *title = args_text(d->args, "title");
    const struct chart_param params[] = {{"title", title}};
    const struct chart_input input = {
        .params = params,
        .n_params = title ? 1 : 0,
        .series = &series,
        .changes = changes.items,
        .n_changes = changes.n,
        .from_s = d->from_s,
        .until_s = d->until_s,
        .tz = zone_local(),
    };
    const struct chart_text_size size = {
        .columns = (unsigned)d->width,
        .rows = (unsigned)d->height,
        .use_colour = terminal->has_colour,
        .use_braille = terminal->has_utf8,
    };
    return chart_text(&input, size, arena, out, err);
}

static int draw_terminal(struct drawing *d, struct client *client, struct arena *arena)
{
    const struct terminal terminal = terminal_of(STDOUT_FILENO);
    if (!d->width)
        d->width = terminal.columns;
    if (!d->height)
        d->height = min_i64(ROWS_DEFAULT, max_i64((int64_t)terminal.rows - ROWS_LEFT_FREE, 1));
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    struct err err;
    if (!draw_text(d, client, &terminal, arena, &text, &err))
        return tell_fail("graph", &err);
    return tell_out("graph", buf_text(&text)) ? CODE_OK : CODE_FAILED;
}

static int graph(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    CLEANUP(client_close) struct client client = {0};
    struct args args;
    struct drawing drawing;
    struct err err;
    if (!args_parse(&commands_graph, argc, argv, &arena, &args, &err) ||
        !make_drawing(&args, &arena, &drawing, &err) || !client_open(&client, &arena, &err))
        return tell_fail("graph", &err);
    return args_has(&args, "output") ? draw_file(&drawing, &client)
                                     : draw_terminal(&drawing, &client, &arena);
}

const struct command commands_graph = {
    .name = "graph",
    .usage = "graph TARGET... [--since TIME] [--until TIME] [--title TITLE] [--output FILE]",
    .summary = "draw metrics in the terminal, with a line at every change",
    .group = "Ask",
    .about =
        "Draws targets, as /render understands them, over the changes of that time. Changes are\n"
        "all that the server knows, or the ones that a drawAsInfinite(events...) target names.\n"
        "In braille, or in plain characters when LANG does not say UTF-8. With --output the\n"
        "server draws, and the file is there whole or not at all.\n",
    .options = options_of_graph,
    .help = "Examples\n"
            "  plumb graph web.logins\n"
            "  plumb graph 'web.*.errors' 'drawAsInfinite(events.deploy.website)' --since 2d\n"
            "  plumb graph 'sumSeries(web.*.logins)' --since 14:00 --until 15:30 --title logins\n"
            "  plumb graph web.logins --since 24h --output logins.png --width 1200 --height 400\n"
            "\n"
            "Exit codes\n"
            "  0  drawn\n"
            "  1  the file could not be written\n"
            "  2  typed wrong, or a target the server does not understand\n"
            "  5  there is no such series\n"
            "  7  no server answers\n",
    .run = graph,
};
