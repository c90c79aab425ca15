#include "cli/manage.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/origin.h"
#include "cli/tell.h"
#include "cli/terminal.h"

enum { QUERY_BYTES_MAX = 1 << 20, REPLY_BYTES = 100 };

/* The server's answer. */
struct found {
    struct buf text;
    json_t *root;
    int64_t n;
    const char *id;
};

static void found_done(struct found *found)
{
    json_decref(found->root);
    buf_done(&found->text);
}

/* is_dry, or exactly those that *known tells of. */
static bool ask(struct client *client, const struct manage *manage, const struct found *known,
                struct arena *arena, struct found *out, struct err *err)
{
    CLEANUP(buf_done) struct buf query;
    buf_init(&query, QUERY_BYTES_MAX);
    buf_add(&query, manage->query->at, manage->query->n);
    const char *by = args_text(manage->args, "by");
    client_param(&query, "by", by ? by : origin_by(arena));
    if (known)
        client_param_i64(&query, "expect", known->n);
    else
        client_param(&query, "dryRun", "1");
    const struct client_ask ask = {.path = manage->path,
                                   .query = &query,
                                   .accept = "application/json",
                                   .wait_ms = CLIENT_ASK_MS,
                                   .is_post = true};
    if (!client_get(client, &ask, &out->text, err))
        return false;
    out->root = json_loadb(out->text.at, out->text.n, 0, NULL);
    const json_t *n = json_object_get(out->root, "series");
    if (!json_is_integer(n))
        return FAIL(err, ERR_BUSY, "%s does not answer like a plumb server", client->shown);
    out->n = json_integer_value(n);
    const char *id = json_string_value(json_object_get(out->root, "id"));
    out->id = id ? id : "";
    return true;
}

static void add_name(const json_t *name, struct buf *out)
{
    const char *from = json_string_value(name);
    const char *to = json_string_value(json_object_get(name, "to"));
    if (!from)
        from = json_string_value(json_object_get(name, "from"));
    buf_add_str(out, "  ");
    terminal_clean(out, from ? from : "");
    if (to) {
        buf_add_str(out, "  ->  ");
        terminal_clean(out, to);
    }
    buf_add_char(out, '\n');
}

/* "3 series match:" and the first names. */
static void list(const struct found *found, struct arena *arena, struct buf *out)
{
    const json_t *names = json_object_get(found->root, "names");
    const size_t n = json_array_size(names);
    buf_printf(out, "%s series match%s\n", terminal_grouped(arena, found->n), n ? ":" : "");
    for (size_t i = 0; i < n; i++)
        add_name(json_array_get(names, i), out);
    if ((int64_t)n < found->n)
        buf_printf(out, "  ... and %s more\n", terminal_grouped(arena, found->n - (int64_t)n));
}

static bool has_agreed(const struct manage *manage, const struct found *found, struct arena *arena)
{
    CLEANUP(buf_done) struct buf text;
    char reply[REPLY_BYTES];
    buf_init(&text, CLIENT_ANSWER_BYTES_MAX);
    list(found, arena, &text);
    (void)fprintf(stderr, "%s%s %s series? [y/N] ", buf_text(&text), manage->verb,
                  terminal_grouped(arena, found->n));
    (void)fflush(stderr);
    if (!fgets(reply, sizeof reply, stdin))
        return false;
    reply[strcspn(reply, "\r\n")] = '\0';
    return strcmp(reply, "y") == 0 || strcmp(reply, "yes") == 0 || strcmp(reply, "Y") == 0;
}

static int show(const struct manage *manage, const struct found *found, struct arena *arena)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, CLIENT_ANSWER_BYTES_MAX);
    if (args_has(manage->args, "json"))
        buf_add(&text, found->text.at, found->text.n);
    else if (found->id[0])
        buf_printf(&text, "%s %s series, recorded as %s\n", manage->done,
                   terminal_grouped(arena, found->n), found->id);
    else
        list(found, arena, &text);
    return tell_out(manage->verb, buf_text(&text)) ? CODE_OK : CODE_FAILED;
}

/* Nobody can be asked, and nobody said yes. */
static int refuse(const struct manage *manage)
{
    struct err err;
    err_set(&err, ERR_INPUT, "there is no terminal to ask on, and nothing was %s", manage->done);
    err_hint(&err, "--yes does it without asking, --dry-run shows what it would do");
    return tell_fail(manage->verb, &err);
}

static int act(struct client *client, const struct manage *manage, const struct found *found,
               struct arena *arena)
{
    CLEANUP(found_done) struct found done = {0};
    struct err err;
    buf_init(&done.text, CLIENT_ANSWER_BYTES_MAX);
    if (!ask(client, manage, found, arena, &done, &err))
        return tell_fail(manage->verb, &err);
    return show(manage, &done, arena);
}

int manage_run(const struct manage *manage, struct arena *arena)
{
    CLEANUP(client_close) struct client client = {0};
    CLEANUP(found_done) struct found found = {0};
    struct err err;
    buf_init(&found.text, CLIENT_ANSWER_BYTES_MAX);
    const bool is_dry = args_has(manage->args, "dry-run");
    const bool is_agreed = args_has(manage->args, "yes");
    if (!is_dry && !is_agreed && !(isatty(STDIN_FILENO) && isatty(STDERR_FILENO)))
        return refuse(manage);
    if (!client_open(&client, arena, &err) || !ask(&client, manage, NULL, arena, &found, &err))
        return tell_fail(manage->verb, &err);
    if (is_dry)
        return show(manage, &found, arena);
    const bool is_nothing = found.n == 0; /* the server says it best */
    if (!is_agreed && !is_nothing && !has_agreed(manage, &found, arena)) {
        tell_warn(manage->verb, "nothing was %s", manage->done);
        return CODE_FAILED;
    }
    return act(&client, manage, &found, arena);
}
