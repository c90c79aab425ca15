/* plumb token: who may ask the server from other machines, and for what. */
#include <jansson.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/tz.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/origin.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "os/realtime.h"
#include "os/zone.h"

enum {
    BODY_BYTES_MAX = 16 * 1024,
    ANSWER_BYTES_MAX = 4 << 20,
    TIME_BYTES_MAX = 40,
};

static const struct cli_option options_of_token[] = {
    {"can", 'c', CLI_LIST, "SCOPES", "what it may do, with commas between them; see below"},
    {"expires", 'e', CLI_TEXT, "TIME", "from now: 90d, 36h, 1y; for ever when not given"},
    {"json", 0, CLI_FLAG, NULL, "the server's answer, as JSON"},
    {"by", 0, CLI_TEXT, "NAME", "who, for the ledger; else $PLUMB_BY, git's user.name, $USER"},
    {0},
};

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static int print_raw(const struct buf *answer)
{
    CLEANUP(buf_done) struct buf line;
    buf_init(&line, ANSWER_BYTES_MAX + 1);
    buf_printf(&line, "%s\n", buf_text(answer));
    return tell_out("token", buf_text(&line)) ? CODE_OK : CODE_FAILED;
}

static int not_ours(const struct client *client)
{
    struct err err;
    err_set(&err, ERR_BUSY, "%s does not answer like a plumb server", client->shown);
    return tell_fail("token", &err);
}

/* ---- new ---- */

static void write_wish(const struct args *args, struct arena *arena, struct buf *out)
{
    const char *expires = args_text(args, "expires"), *by = args_text(args, "by");
    struct jsonw json;
    jsonw_init(&json, out, 0);
    jsonw_object(&json);
    jsonw_put_text(&json, "name", args->words[1]);
    jsonw_key(&json, "can");
    jsonw_array(&json);
    for (size_t i = 0; args_item(args, "can", i); i++)
        jsonw_text(&json, args_item(args, "can", i));
    jsonw_end(&json);
    if (expires)
        jsonw_put_text(&json, "expires", expires);
    jsonw_put_text(&json, "by", by ? by : origin_by(arena));
    jsonw_end(&json);
}

/* The token alone on stdout, so that a script can keep it; the rest is for people. */
static int run_new(struct client *client, const struct args *args, struct arena *arena)
{
    CLEANUP(buf_done) struct buf body;
    CLEANUP(buf_done) struct buf answer;
    buf_init(&body, BODY_BYTES_MAX);
    buf_init(&answer, ANSWER_BYTES_MAX);
    struct err err;
    if (!args_has(args, "can")) {
        err_set(&err, ERR_INPUT, "what may it do?");
        err_hint(&err, "as in plumb token new %s --can read,write:deploy:website", args->words[1]);
        return tell_fail("token", &err);
    }
    write_wish(args, arena, &body);
    if (!client_post(client, "/api/v1/tokens", &body, CLIENT_ASK_MS, &answer, &err))
        return tell_fail("token", &err);
    if (args_has(args, "json"))
        return print_raw(&answer);
    json_auto_t *root = json_loadb(answer.at, answer.n, 0, NULL);
    const char *token = text_of(root, "token");
    if (!token[0])
        return not_ours(client);
    if (!tell_out("token", arena_printf(arena, "%s\n", token)))
        return CODE_FAILED;
    if (terminal_of(1).is_tty)
        tell_warn("token",
                  "it is shown this once; give it to %s as PLUMB_TOKEN, or as "
                  "Authorization: Bearer",
                  args->words[1]);
    return CODE_OK;
}

/* ---- revoke ---- */

static int run_revoke(struct client *client, const struct args *args, struct arena *arena)
{
    CLEANUP(buf_done) struct buf body;
    CLEANUP(buf_done) struct buf answer;
    CLEANUP(buf_done) struct buf path;
    buf_init(&body, BODY_BYTES_MAX);
    buf_init(&answer, ANSWER_BYTES_MAX);
    buf_init(&path, BODY_BYTES_MAX);
    const char *by = args_text(args, "by");
    struct jsonw json;
    struct err err;
    jsonw_init(&json, &body, 0);
    jsonw_object(&json);
    jsonw_put_text(&json, "by", by ? by : origin_by(arena));
    jsonw_end(&json);
    client_path(&path, "/api/v1/tokens/", args->words[1]);
    buf_add_str(&path, "/revoke");
    if (!client_post(client, buf_text(&path), &body, CLIENT_ASK_MS, &answer, &err))
        return tell_fail("token", &err);
    if (args_has(args, "json"))
        return print_raw(&answer);
    const char *line = arena_printf(arena, "%s is revoked\n", args->words[1]);
    return tell_out("token", line) ? CODE_OK : CODE_FAILED;
}

/* ---- list ---- */

enum { COLUMNS = 6 };

static const char *const headings[COLUMNS] = {"NAME", "STATE", "CAN", "CREATED", "USED", "EXPIRES"};

static const char *time_of(const json_t *token, const char *key, bool is_tty, struct arena *arena)
{
    const json_t *at = json_object_get(token, key);
    char text[TIME_BYTES_MAX];
    if (!json_is_integer(at))
        return is_tty ? "never" : "";
    tz_format(is_tty ? zone_local() : tz_utc(), json_integer_value(at),
              is_tty ? "%Y-%m-%d %H:%M" : "%Y-%m-%dT%H:%M:%SZ", text, sizeof text);
    return arena_strdup(arena, text);
}

static const char *state_of(const json_t *token, int64_t now_s)
{
    const json_t *expires = json_object_get(token, "expires");
    if (json_is_integer(json_object_get(token, "revoked")))
        return "revoked";
    return json_is_integer(expires) && json_integer_value(expires) <= now_s ? "expired" : "good";
}

struct line {
    const char *cells[COLUMNS];
};

static struct line line_of(const json_t *token, int64_t now_s, bool is_tty, struct arena *arena)
{
    return (struct line){{text_of(token, "name"), state_of(token, now_s), text_of(token, "can"),
                          time_of(token, "created", is_tty, arena),
                          time_of(token, "used", is_tty, arena),
                          time_of(token, "expires", is_tty, arena)}};
}

static const char *clean(const char *text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, BODY_BYTES_MAX);
    terminal_clean(&out, text);
    return arena_strdup(arena, buf_text(&out));
}

static void add_columns(struct line *lines, size_t n, struct arena *arena, struct buf *out)
{
    unsigned widths[COLUMNS] = {0};
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < COLUMNS; c++) {
            lines[i].cells[c] = clean(lines[i].cells[c], arena);
            widths[c] = (unsigned)max_size(widths[c], terminal_width(lines[i].cells[c]));
        }
    for (size_t i = 0; i < n; i++) {
        for (int c = 0; c < COLUMNS - 1; c++) {
            terminal_fit(out, lines[i].cells[c], widths[c], true);
            buf_add_str(out, "  ");
        }
        buf_printf(out, "%s\n", lines[i].cells[COLUMNS - 1]);
    }
}

static void add_rows(const struct line *lines, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < COLUMNS; c++) {
            terminal_clean(out, lines[i].cells[c]);
            buf_add_char(out, c < COLUMNS - 1 ? '\t' : '\n');
        }
}

static int run_list(struct client *client, const struct args *args, struct arena *arena)
{
    CLEANUP(buf_done) struct buf answer;
    CLEANUP(buf_done) struct buf out;
    buf_init(&answer, ANSWER_BYTES_MAX);
    buf_init(&out, 4 * ANSWER_BYTES_MAX);
    const struct client_ask ask = {
        .path = "/api/v1/tokens", .accept = "application/json", .wait_ms = CLIENT_ASK_MS};
    const struct clock clock = clock_system();
    const bool is_tty = terminal_of(1).is_tty;
    struct err err;
    if (!client_get(client, &ask, &answer, &err))
        return tell_fail("token", &err);
    if (args_has(args, "json"))
        return print_raw(&answer);
    json_auto_t *root = json_loadb(answer.at, answer.n, 0, NULL);
    if (!json_is_array(root))
        return not_ours(client);
    const size_t n = json_array_size(root);
    struct line *lines = arena_array(arena, n + 1, struct line);
    memcpy(lines[0].cells, headings, sizeof headings);
    for (size_t i = 0; i < n; i++)
        lines[i + 1] = line_of(json_array_get(root, i), clock_s(&clock), is_tty, arena);
    if (is_tty && n)
        add_columns(lines, n + 1, arena, &out);
    else if (is_tty)
        buf_add_str(&out, "no tokens\n");
    else
        add_rows(lines + 1, n, &out);
    return tell_out("token", buf_text(&out)) ? CODE_OK : CODE_FAILED;
}

/* ---- the command ---- */

struct verb {
    const char *name;
    size_t n_words; /* itself too */
    int (*run)(struct client *client, const struct args *args, struct arena *arena);
};

static const struct verb verbs[] = {
    {"new", 2, run_new}, {"list", 1, run_list}, {"revoke", 2, run_revoke}};

static const struct verb *verb_of(const struct args *args)
{
    for (size_t i = 0; args->n_words && i < COUNT_OF(verbs); i++)
        if (strcmp(verbs[i].name, args->words[0]) == 0 && args->n_words == verbs[i].n_words &&
            !args->n_rest)
            return &verbs[i];
    return NULL;
}

static int token(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    CLEANUP(client_close) struct client client = {0};
    struct args args;
    struct err err;
    if (!args_parse(&commands_token, argc, argv, &arena, &args, &err))
        return tell_fail("token", &err);
    const struct verb *verb = verb_of(&args);
    if (!verb) {
        err_set(&err, ERR_INPUT, "token takes: new NAME --can SCOPES, list, or revoke NAME");
        return tell_fail("token", &err);
    }
    if (!client_open(&client, &arena, &err))
        return tell_fail("token", &err);
    return verb->run(&client, &args, &arena);
}

const struct command commands_token = {
    .name = "token",
    .usage = "token new NAME --can SCOPES [--expires TIME] | list | revoke NAME [--json]",
    .summary = "let other machines in, and keep them out again",
    .group = "Access",
    .about =
        "On the server's own machine nobody needs a token; from others, everybody does. new makes\n"
        "one and prints it, this once: the server keeps only a hash of it. Whoever has it sends "
        "it\n"
        "as PLUMB_TOKEN (all these commands do), as Authorization: Bearer, or as the password of\n"
        "Basic. revoke ends it at once. The ledger remembers both.\n",
    .options = options_of_token,
    .help = "Scopes\n"
            "  read                      ask for anything\n"
            "  write                     record any change\n"
            "  write:deploy:website      of one kind, of one service; * is any: write:*:web/*\n"
            "  edit, freeze              correct and retract; freeze and thaw\n"
            "  hook, hook:NAME           deliver to hooks\n"
            "  admin                     everything, tokens too\n"
            "\n"
            "Examples\n"
            "  plumb token new ci-website --can write:deploy:website --expires 1y\n"
            "  plumb token new grafana --can read\n"
            "  plumb token list\n"
            "  plumb token revoke ci-website\n"
            "\n"
            "Exit codes\n"
            "  0  done\n"
            "  2  typed wrong, or refused by the server: it says which scopes there are\n"
            "  5  no such token\n"
            "  6  not from this machine without a token that may\n"
            "  7  no server answers\n",
    .run = token,
};
