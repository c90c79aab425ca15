/* plumb export: every change, an object a line, page by page. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/tell.h"
#include "cli/when.h"
#include "os/realtime.h"
#include "os/zone.h"

static const struct cli_option options_of_export[] = {
    {"since", 0, CLI_TEXT, "TIME", "only those that began then or later"},
    {"service", 's', CLI_TEXT, "SERVICE", "only those of it and what is below it"},
    {0},
};

/* Where the next page begins. */
struct cursor {
    int64_t from_ms, skip; /* at that start, after so many of it */
};

static bool start_of(struct str line, int64_t *out_ms, struct err *err)
{
    json_auto_t *root = json_loadb(line.at, line.n, 0, NULL);
    const double seconds = json_number_value(json_object_get(root, "start"));
    if (!(seconds > 0.0) || seconds > 4294967296.0)
        return FAIL(err, ERR_INPUT, "the server's answer is no export of changes");
    *out_ms = llround(seconds * 1000.0);
    return true;
}

/* Takes the last line off *io. False: there is none. */
static bool take_last(struct str *io, struct str *out)
{
    while (io->n && io->at[io->n - 1] == '\n')
        io->n--;
    size_t first = io->n;
    while (first && io->at[first - 1] != '\n')
        first--;
    *out = str_make(io->at + first, io->n - first);
    io->n = first;
    return out->n > 0;
}

/* Past the page: at the start of its last change, after all that are of the same millisecond. */
static bool move_on(struct str page, struct cursor *cursor, struct err *err)
{
    struct str line;
    int64_t last_ms = 0, ms, n = 0;
    for (; take_last(&page, &line); n++) {
        if (!start_of(line, &ms, err))
            return false;
        if (n && ms != last_ms)
            break;
        last_ms = ms;
    }
    cursor->skip = last_ms == cursor->from_ms ? cursor->skip + n : n;
    cursor->from_ms = last_ms;
    return true;
}

static bool fetch(struct client *client, const struct args *args, const struct cursor *cursor,
                  struct buf *answer, struct err *err)
{
    CLEANUP(buf_done) struct buf query;
    buf_init(&query, CLIENT_ANSWER_BYTES_MAX);
    const char *service = args_text(args, "service");
    client_param_i64(&query, "from_ms", cursor->from_ms);
    client_param_i64(&query, "skip", cursor->skip);
    if (service)
        client_param(&query, "service", service);
    const struct client_ask ask = {"/api/v1/export", &query, "application/x-ndjson", CLIENT_ASK_MS};
    buf_clear(answer);
    return client_get(client, &ask, answer, err);
}

static int write_all(const struct args *args, struct cursor cursor, struct arena *arena)
{
    CLEANUP(client_close) struct client client = {0};
    CLEANUP(buf_done) struct buf page;
    struct err err;
    buf_init(&page, CLIENT_ANSWER_BYTES_MAX);
    if (!client_open(&client, arena, &err))
        return tell_fail("export", &err);
    for (;;) {
        if (!fetch(&client, args, &cursor, &page, &err))
            return tell_fail("export", &err);
        if (page.n == 0)
            return CODE_OK;
        if (!move_on(str_make(page.at, page.n), &cursor, &err))
            return tell_fail("export", &err);
        if (!tell_out("export", buf_text(&page)))
            return CODE_FAILED;
    }
}

static int run_export(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct err err;
    struct cursor cursor = {0};
    const struct clock clock = clock_system();
    const struct when_now now = {clock_us(&clock) / 1000, zone_local()};
    if (!args_parse(&commands_export, argc, argv, &arena, &args, &err))
        return tell_fail("export", &err);
    const char *since = args_text(&args, "since");
    if (since && !when_parse(since, &now, &cursor.from_ms, &err)) {
        err_prefix(&err, "--since");
        return tell_fail("export", &err);
    }
    if (args.n_words || args.n_rest) {
        err_set(&err, ERR_INPUT, "export takes no arguments; --service S for one service");
        return tell_fail("export", &err);
    }
    return write_all(&args, cursor, &arena);
}

const struct command commands_export = {
    .name = "export",
    .usage = "export [--since TIME] [-s SERVICE] > changes.jsonl",
    .summary = "every change, as JSON lines",
    .group = "Folder",
    .about =
        "Writes every change to stdout, oldest first, an object a line with all its fields; those\n"
        "that were retracted too, with \"retracted\":true. plumb import takes them into another\n"
        "server. A change's history of corrections stays behind: plumb snapshot keeps that.\n",
    .options = options_of_export,
    .help = "Examples\n"
            "  plumb export > changes.jsonl\n"
            "  plumb export | PLUMB_URL=http://new:2010 plumb import -\n"
            "\n"
            "Exit codes\n"
            "  0  all of them were written\n"
            "  2  typed wrong\n"
            "  7  no server answers, or it went away on the way\n",
    .run = run_export,
};
