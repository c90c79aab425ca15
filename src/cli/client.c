#include "cli/client.h"

#include <jansson.h>
#include <string.h>

#include "base/str.h"
#include "cli/account.h"
#include "cli/env.h"
#include "cli/record.h"
#include "cli/tell.h"
#include "model/redact.h"
#include "os/realtime.h"

#define URL_DEFAULT "http://127.0.0.1:2010"

enum {
    URL_BYTES_MAX = 1024,
    /* Longer queries go as a form: servers and proxies take 8 KB of headers. */
    QUERY_BYTES_MAX = 4000,
    REASON_BYTES_MAX = 300, /* quoted of an answer that is no JSON */
};

/* http://host[:port][/path]; a bare host is taken for one. */
static bool base_of(const char *given, struct arena *arena, const char **out, struct err *err)
{
    const bool has_scheme = strstr(given, "://") != NULL;
    char *base = has_scheme ? arena_strdup(arena, given) : arena_printf(arena, "http://%s", given);
    const bool is_http = text_starts(base, "http://") || text_starts(base, "https://");
    const char *host = strstr(base, "://") + 3;
    const size_t n_host = strcspn(host, "/");
    if (!is_http || n_host == 0 || strlen(base) > URL_BYTES_MAX || strpbrk(base, "?# \t\r\n")) {
        err_set(err, ERR_INPUT, "PLUMB_URL is no address of a server");
        err_hint(err, "as in PLUMB_URL=http://plumb.example.com:2010");
        return false;
    }
    for (size_t n = strlen(base); base[n - 1] == '/'; n--)
        base[n - 1] = '\0';
    *out = base;
    return true;
}

/* The token is for this base, as far as the file says for whom it is. */
static bool is_for(const struct account *account, const char *base, struct arena *arena)
{
    const char *wanted;
    const char *given = account->file_url ? account->file_url : URL_DEFAULT;
    return !account->is_of_file ||
           (base_of(given, arena, &wanted, NULL) && strcmp(wanted, base) == 0);
}

MUST_CHECK static bool find_server(struct arena *arena, struct account *out, const char **out_base,
                                   struct err *err)
{
    if (!account_read(arena, out, err))
        return false;
    if (base_of(out->url ? out->url : URL_DEFAULT, arena, out_base, err))
        return true;
    if (out->url == out->file_url) /* and not the variable */
        err_set(err, ERR_INPUT, "%s: url is no address of a server", out->file);
    return false;
}

bool client_where(struct arena *arena, const char **out_base, struct err *err)
{
    struct account account;
    return find_server(arena, &account, out_base, err);
}

bool client_open(struct client *out, struct arena *arena, struct err *err)
{
    *out = (struct client){0};
    struct account account;
    if (!find_server(arena, &account, &out->base, err))
        return false;
    out->shown = redact_text(out->base, arena);
    out->token = account.token && is_for(&account, out->base, arena) ? account.token : NULL;
    if (account.is_exposed)
        tell_warn(NULL, "others may read the token in %s: chmod 600 helps", account.file);
    return fetch_open(&out->fetch, err);
}

void client_close(struct client *client)
{
    fetch_close(client->fetch);
    client->fetch = NULL;
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void add_encoded(struct buf *out, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (is_plain(*text)) {
            buf_add_char(out, *text);
            continue;
        }
        const char encoded[] = {'%', digits[c >> 4], digits[c & 15]};
        buf_add(out, encoded, sizeof encoded);
    }
}

void client_param(struct buf *query, const char *key, const char *value)
{
    if (query->n)
        buf_add_char(query, '&');
    add_encoded(query, key);
    buf_add_char(query, '=');
    add_encoded(query, value);
}

void client_param_i64(struct buf *query, const char *key, int64_t value)
{
    if (query->n)
        buf_add_char(query, '&');
    add_encoded(query, key);
    buf_add_char(query, '=');
    buf_add_i64(query, value);
}

void client_path(struct buf *path, const char *prefix, const char *name)
{
    buf_add_str(path, prefix);
    add_encoded(path, name);
}

/* Writes the server's own reason, {"error","hint"}, into err. False: the answer is nothing of ours.
 * */
static bool take_reason(const struct buf *body, enum err_kind kind, struct err *err)
{
    json_auto_t *root = body->n ? json_loadb(body->at, body->n, 0, NULL) : NULL;
    const char *text = json_string_value(json_object_get(root, "error"));
    const char *hint = json_string_value(json_object_get(root, "hint"));
    if (!text)
        return false;
    /* 403 has other reasons, too: the server says when a right is what is missing. */
    if (kind == ERR_REFUSED && !json_is_true(json_object_get(root, "denied")))
        kind = ERR_CORRUPT;
    err_set(err, kind, "%s", text);
    if (hint)
        err_hint(err, "%s", hint);
    return true;
}

/* The reason of an answer in words of its own, on one line. */
static void quote(const struct client *client, int status, const struct buf *body,
                  enum err_kind kind, struct err *err)
{
    struct str text = str_trim(str_make(buf_text(body), min_size(body->n, REASON_BYTES_MAX)));
    if (memchr(text.at, '<', text.n)) /* a page for browsers says nothing here */
        text.n = 0;
    if (text.n)
        err_set(err, kind, "%s answers %d: " STR_FMT, client->shown, status, STR_ARG(text));
    else
        err_set(err, kind, "%s answers %d", client->shown, status);
    if (status == 401)
        err_hint(err, "PLUMB_TOKEN, or token = in ~/.config/plumb/config, says who you are");
}

static enum err_kind kind_of(int status)
{
    switch (status) {
    case 400:
    case 409:
    case 413:
    case 415:
    case 422:
        return ERR_INPUT;
    case 404:
        return ERR_MISSING;
    case 401:
    case 403:
        return ERR_REFUSED;
    case 429:
        return ERR_BUSY;
    default:
        return status >= 500 ? ERR_BUSY : ERR_CORRUPT;
    }
}

/* Any failure to get an answer is "nobody there" to the commands; ERR_IO is for files here. */
static bool run(struct client *client, const struct fetch_request *request, struct buf *out,
                int *out_status, struct err *err)
{
    client->status = 0;
    if (fetch_run(client->fetch, request, out, out_status, err)) {
        client->status = *out_status;
        return true;
    }
    if (err->kind != ERR_IO && err->kind != ERR_BUSY)
        return false;
    err->kind = ERR_BUSY;
    err->sys_errno = 0;
    if (!env_get("PLUMB_URL"))
        err_hint(err, "is plumb serve running? PLUMB_URL says where else to ask");
    return false;
}

/* The server's reason, or the answer itself. Always false. */
static bool refused(const struct client *client, int status, const struct buf *body,
                    struct err *err)
{
    if (!take_reason(body, kind_of(status), err))
        quote(client, status, body, kind_of(status), err);
    return false;
}

bool client_get(struct client *client, const struct client_ask *ask, struct buf *out,
                struct err *err)
{
    CLEANUP(buf_done) struct buf url;
    buf_init(&url, URL_BYTES_MAX + QUERY_BYTES_MAX + 256);
    const bool is_form = ask->query && (ask->is_post || ask->query->n > QUERY_BYTES_MAX);
    buf_printf(&url, "%s%s", client->base, ask->path);
    if (ask->query && ask->query->n && !is_form)
        buf_printf(&url, "?%s", buf_text(ask->query));
    const struct fetch_request request = {
        .url = buf_text(&url),
        .body = is_form ? buf_text(ask->query) : NULL,
        .n_body = is_form ? ask->query->n : 0,
        .content_type = "application/x-www-form-urlencoded",
        .accept = ask->accept,
        .bearer = client->token,
        .wait_ms = ask->wait_ms,
    };
    int status;
    if (!run(client, &request, out, &status, err))
        return false;
    return status == 200 || refused(client, status, out, err);
}

/* url is to be kept until the request has been run. */
static struct fetch_request post_of(const struct client *client, const char *path,
                                    const struct buf *body, int64_t wait_ms, struct buf *url)
{
    buf_init(url, URL_BYTES_MAX + 256);
    buf_printf(url, "%s%s", client->base, path);
    return (struct fetch_request){
        .url = buf_text(url),
        .body = body->at,
        .n_body = body->n,
        .content_type = "application/json",
        .accept = "application/json",
        .bearer = client->token,
        .wait_ms = wait_ms,
    };
}

bool client_post(struct client *client, const char *path, const struct buf *body, int64_t wait_ms,
                 struct buf *out, struct err *err)
{
    CLEANUP(buf_done) struct buf url;
    const struct fetch_request request = post_of(client, path, body, wait_ms, &url);
    int status;
    if (!run(client, &request, out, &status, err))
        return false;
    return status == 200 || refused(client, status, out, err);
}

static bool ask_once(const struct client_ask *ask, struct buf *out, struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    CLEANUP(client_close) struct client client = {0};
    return client_open(&client, &arena, err) && client_get(&client, ask, out, err);
}

bool client_ask_get(const char *path, const struct buf *query, struct buf *out, struct err *err)
{
    const struct client_ask ask = {path, query, "application/json", CLIENT_ASK_MS, false};
    return ask_once(&ask, out, err);
}

bool client_ask_post(const char *path, const struct buf *query, struct buf *out, struct err *err)
{
    const struct client_ask ask = {path, query, "application/json", CLIENT_ASK_MS, true};
    return ask_once(&ask, out, err);
}

/* Not now, says who answers so: another try may fare better. */
static bool is_passing(int status)
{
    return status < 400 || status >= 500 || status == 401 || status == 407 || status == 408 ||
           status == 425 || status == 429;
}

/* Who says no? What is wrong with a record, a server says with 400 and the like; but 404 or 403 may
 * come from a proxy or from another server that took the place of ours, and then the record is
 * worth keeping. */
static enum client_fate fate_of(int status, bool is_ours)
{
    if (is_passing(status))
        return CLIENT_LATER;
    return is_ours || kind_of(status) == ERR_INPUT ? CLIENT_REFUSED : CLIENT_LATER;
}

/* The record with our clock as it is now: one that waited in the spool is not skewed by that. */
static void stamp(const struct buf *body, struct buf *out)
{
    const struct clock clock = clock_system();
    const long long now_ms = clock_us(&clock) / 1000;
    const struct str text =
        str_trim(str_make(buf_text(body), body->n)); /* from a file, it may be */
    if (text.n <= 2 ||
        text.at[0] != '{') { /* none of ours: the server says what is wrong with it */
        buf_add(out, text.at, text.n);
        return;
    }
    buf_printf(out, "{\"now\":%lld.%03lld,", now_ms / 1000, now_ms % 1000);
    buf_add(out, text.at + 1, text.n - 1);
}

enum client_fate client_record(struct client *client, const struct buf *body, int64_t wait_ms,
                               struct arena *arena, const char **out_id, struct err *why)
{
    CLEANUP(buf_done) struct buf url = {0}, answer, stamped;
    buf_init(&answer, RECORD_BYTES_MAX);
    buf_init(&stamped, body->n + 64);
    stamp(body, &stamped);
    const struct fetch_request request =
        post_of(client, "/api/v1/changes", &stamped, wait_ms, &url);
    int status;
    if (!run(client, &request, &answer, &status, why))
        return CLIENT_LATER;
    if (status == 200 || status == 201) {
        if (record_id(buf_text(&answer), answer.n, arena, out_id, why))
            return CLIENT_TAKEN;
        err_set(why, ERR_BUSY, "%s does not answer like a plumb server", client->shown);
        return CLIENT_LATER;
    }
    const bool is_ours = take_reason(&answer, kind_of(status), why);
    if (!is_ours)
        quote(client, status, &answer, kind_of(status), why);
    return fate_of(status, is_ours);
}
