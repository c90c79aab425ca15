/* plumb import: changes from a file into the ledger. */
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/foreign.h"
#include "cli/tell.h"
#include "os/file.h"

enum {
    PART_BYTES = 1 << 20,        /* sent at once; no change is longer */
    ARRAY_BYTES_MAX = 256 << 20, /* of another program's list, which is read whole */
    ANSWER_BYTES_MAX = 1 << 20,
};

static const struct cli_option options_of_import[] = {
    {"json", 0, CLI_FLAG, NULL, "what came of it as one object"},
    {0},
};

struct import {
    struct client client;
    const char *name; /* of the file, for messages */
    int fd;
    struct buf text;    /* read, and not sent yet */
    const char *unit;   /* "line", or "item" of an array */
    long long n_before; /* lines sent before text */
    long long n_new, n_merged, n_refused;
    bool is_end;
};

static long long count_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static bool take_answer(struct import *import, const struct buf *answer, struct err *err)
{
    json_auto_t *root = json_loadb(buf_text(answer), answer->n, 0, NULL);
    const json_t *errors = json_object_get(root, "errors");
    if (!json_is_integer(json_object_get(root, "new")))
        return FAIL(err, ERR_BUSY, "%s does not answer like a plumb server", import->client.shown);
    import->n_new += count_of(root, "new");
    import->n_merged += count_of(root, "merged");
    import->n_refused += count_of(root, "refused");
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *one = json_array_get(errors, i);
        const char *why = json_string_value(json_object_get(one, "error"));
        tell_warn("import", "%s, %s %lld: %s", import->name, import->unit,
                  import->n_before + count_of(one, "line"), why ? why : "refused");
    }
    const long long n_untold = count_of(root, "refused") - (long long)json_array_size(errors);
    if (n_untold > 0)
        tell_warn("import", "%s: %lld more were refused after that", import->name, n_untold);
    return true;
}

static long long lines_in(const char *text, size_t n)
{
    long long lines = 0;
    for (const char *at = text; n && (at = memchr(at, '\n', (size_t)(text + n - at))); at++)
        lines++;
    return lines;
}

/* Sends the first n bytes of text, which are whole lines, and takes them off. */
static bool send_part(struct import *import, size_t n, struct err *err)
{
    CLEANUP(buf_done) struct buf part, answer;
    buf_init(&part, ARRAY_BYTES_MAX);
    buf_init(&answer, ANSWER_BYTES_MAX);
    buf_add(&part, import->text.at, n);
    if (!client_post(&import->client, "/api/v1/import", &part, CLIENT_ASK_MS, &answer, err) ||
        !take_answer(import, &answer, err))
        return false;
    import->n_before += lines_in(part.at, part.n);
    memmove(import->text.at, import->text.at + n, import->text.n - n);
    import->text.n -= n;
    return true;
}

static bool read_more(struct import *import, struct err *err)
{
    char *room = buf_room(&import->text, 65536);
    if (!room)
        return FAIL(err, ERR_LIMIT, "%s is too long for what is no list of lines", import->name);
    const ssize_t n = read(import->fd, room, 65536);
    if (n < 0)
        return FAIL(err, ERR_IO, "read '%s'", import->name);
    import->text.n += (size_t)n;
    import->is_end = n == 0;
    return true;
}

/* The bytes of whole lines at the front, all of them at the end of the file. */
static size_t whole_lines(const struct import *import)
{
    size_t n = min_size(import->text.n, PART_BYTES);
    if (import->is_end && n == import->text.n)
        return n;
    while (n && import->text.at[n - 1] != '\n')
        n--;
    return n;
}

/* Sends what there is in parts; before the end of the file only full ones. */
static bool send_parts(struct import *import, struct err *err)
{
    while (import->text.n && (import->is_end || import->text.n >= PART_BYTES)) {
        const size_t n = whole_lines(import);
        if (n == 0) {
            err_set(err, ERR_INPUT, "%s, line %lld is longer than %d bytes", import->name,
                    import->n_before + 1, PART_BYTES);
            return false;
        }
        if (!send_part(import, n, err))
            return false;
    }
    return true;
}

static bool is_array(const struct buf *text)
{
    const struct str rest = str_trim(str_make(buf_text(text), text->n));
    return rest.n && rest.at[0] == '[';
}

/* The rest of an array, then its items as lines. */
static bool take_array(struct import *import, struct err *err)
{
    struct buf lines;
    while (!import->is_end)
        if (!read_more(import, err))
            return false;
    buf_init(&lines, ARRAY_BYTES_MAX);
    if (!foreign_lines(import->text.at, import->text.n, &lines, err)) {
        buf_done(&lines);
        err_prefix(err, "%s", import->name);
        return false;
    }
    buf_done(&import->text);
    import->text = lines;
    import->unit = "item";
    return true;
}

static bool import_all(struct import *import, struct err *err)
{
    if (!read_more(import, err) || (is_array(&import->text) && !take_array(import, err)))
        return false;
    for (; !import->is_end;)
        if (!send_parts(import, err) || !read_more(import, err))
            return false;
    return send_parts(import, err);
}

/* What came of it; also of what was sent before something failed. */
static int tell_report(const struct import *import, bool is_json, struct arena *arena)
{
    const char *line =
        is_json ? arena_printf(arena, "{\"new\":%lld,\"merged\":%lld,\"refused\":%lld}\n",
                               import->n_new, import->n_merged, import->n_refused)
                : arena_printf(arena, "%lld new, %lld known already, %lld refused\n", import->n_new,
                               import->n_merged, import->n_refused);
    if (!tell_out("import", line))
        return CODE_FAILED;
    return import->n_refused ? CODE_FAILED : CODE_OK;
}

static int import_file(const struct args *args, struct arena *arena)
{
    CLEANUP(fd_done) int opened = -1;
    struct err err;
    struct import import = {.name = args->words[0], .fd = STDIN_FILENO, .unit = "line"};
    const bool is_stdin = strcmp(import.name, "-") == 0;
    if (is_stdin)
        import.name = "stdin";
    else if (!file_open(import.name, O_RDONLY, &opened, &err))
        return tell_fail("import", &err);
    else
        import.fd = opened;
    buf_init(&import.text, ARRAY_BYTES_MAX);
    const bool is_ok = client_open(&import.client, arena, &err) && import_all(&import, &err);
    client_close(&import.client);
    buf_done(&import.text);
    const int code = tell_report(&import, args_has(args, "json"), arena);
    if (is_ok)
        return code;
    if (!err.hint[0])
        err_hint(&err, "importing it again does no harm: what is known stays as it is");
    return tell_fail("import", &err);
}

static int run_import(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct err err;
    if (!args_parse(&commands_import, argc, argv, &arena, &args, &err))
        return tell_fail("import", &err);
    if (args.n_words != 1 || args.n_rest) {
        err_set(&err, ERR_INPUT, "import takes one file, or - for stdin");
        return tell_fail("import", &err);
    }
    return import_file(&args, &arena);
}

const struct command commands_import = {
    .name = "import",
    .usage = "import FILE|- [--json]",
    .summary = "take changes in from plumb export, Graphite or Grafana",
    .group = "Folder",
    .about =
        "Takes the lines of plumb export, or a JSON array: of Graphite's /events/get_data, of\n"
        "Grafana's /api/annotations, or of /api/v1/changes. A change keeps its id, its source and "
        "its\n"
        "key, so importing twice changes nothing. Refused lines are told, and the rest goes on.\n",
    .options = options_of_import,
    .help = "Examples\n"
            "  plumb import changes.jsonl\n"
            "  curl 'http://graphite/events/get_data?from=-10years' | plumb import -\n"
            "  curl 'http://grafana/api/annotations?limit=100000' | plumb import -\n"
            "\n"
            "Exit codes\n"
            "  0  all of it is in the ledger\n"
            "  1  some were refused, each is told with its line\n"
            "  2  typed wrong, or no such list\n"
            "  7  no server answers\n",
    .run = run_import,
};
