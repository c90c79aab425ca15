/* plumb snapshot: a copy of the data folder while the server runs. */
#include <jansson.h>

#include "base/jsonw.h"
#include "base/num.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "os/file.h"

enum {
    MAKE_MS_MAX = 3600000, /* to another disk all files are copied */
    TEXT_BYTES_MAX = 64 * 1024,
};

static const struct cli_option options_of_snapshot[] = {
    {"json", 0, CLI_FLAG, NULL, "what came of it, as JSON"},
    {0},
};

static int64_t number_of(const json_t *root, const char *key)
{
    return json_integer_value(json_object_get(root, key));
}

/* "snapshot of 12 files, 34.5 MB, in /backup/x" */
static bool tell(const struct buf *answer)
{
    json_auto_t *root = json_loadb(answer->at, answer->n, 0, NULL);
    CLEANUP(buf_done) struct buf line;
    char megabytes[NUM_TEXT_MAX];
    const char *dir = json_string_value(json_object_get(root, "dir"));

    buf_init(&line, TEXT_BYTES_MAX);
    num_format_fixed(megabytes, sizeof megabytes, (double)number_of(root, "bytes") / 1e6, 1);
    terminal_clean(&line, dir ? dir : "");
    buf_printf(&line, ": %lld block files (%lld linked), %s MB in all, in %lld ms\n",
               (long long)number_of(root, "files"), (long long)number_of(root, "linked"), megabytes,
               (long long)number_of(root, "ms"));
    return tell_out("snapshot", buf_text(&line));
}

static bool ask(const char *dir, struct arena *arena, struct buf *answer, struct err *err)
{
    CLEANUP(client_close) struct client client = {0};
    CLEANUP(buf_done) struct buf body;
    const char *here, *path = dir;
    struct jsonw json;

    buf_init(&body, TEXT_BYTES_MAX);
    if (dir[0] != '/') {
        if (!dir_real(".", arena, &here, err))
            return false;
        path = arena_printf(arena, "%s/%s", here, dir);
    }
    jsonw_init(&json, &body, 0);
    jsonw_object(&json);
    jsonw_put_text(&json, "dir", path);
    jsonw_end(&json);
    return client_open(&client, arena, err) &&
           client_post(&client, "/api/v1/snapshot", &body, MAKE_MS_MAX, answer, err);
}

static int snapshot(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf answer;
    struct args args;
    struct err err;

    arena_init(&arena);
    buf_init(&answer, TEXT_BYTES_MAX);
    if (!args_parse(&commands_snapshot, argc, argv, &arena, &args, &err))
        return tell_fail("snapshot", &err);
    if (args.n_words != 1 || args.n_rest) {
        err_set(&err, ERR_INPUT, "into which folder?");
        err_hint(&err, "plumb snapshot /backup/plumb-2026-11-22");
        return tell_fail("snapshot", &err);
    }
    if (!ask(args.words[0], &arena, &answer, &err))
        return tell_fail("snapshot", &err);
    if (!args_has(&args, "json"))
        return tell(&answer) ? CODE_OK : CODE_FAILED;
    buf_add_char(&answer, '\n');
    return tell_out("snapshot", buf_text(&answer)) ? CODE_OK : CODE_FAILED;
}

const struct command commands_snapshot = {
    .name = "snapshot",
    .usage = "snapshot DIR [--json]",
    .summary = "copy the data folder while the server runs",
    .group = "Folder",
    .about =
        "The server makes DIR a data folder of its own, with every point and change that it took\n"
        "before the command. Receiving goes on meanwhile. DIR must not be there, or be empty; the\n"
        "folder above it must be there, and the server's user may write to it.\n"
        "\n"
        "On the same file system block files are linked, which takes neither time nor room; they\n"
        "never change. A bad sector then hits both, so copy DIR to another disk for a backup.\n"
        "The server makes snapshots only for its own machine.\n",
    .options = options_of_snapshot,
    .help = "Examples\n"
            "  plumb snapshot /var/lib/plumb-snapshot\n"
            "  plumb snapshot /backup/plumb-2026-11-22\n"
            "  plumb serve --data /backup/plumb-2026-11-22      starts from it\n"
            "\n"
            "Exit codes\n"
            "  0  DIR is whole and on disk\n"
            "  1  not allowed from here\n"
            "  2  typed wrong, or the server refuses the folder\n"
            "  6  not without a token that may\n"
            "  7  no server answers, or its disk failed; nothing half-made is left\n",
    .run = snapshot,
};
