#include "api/auth.h"

#include <gnutls/gnutls.h>
#include <string.h>
#include <strings.h>

#include "api/limits.h"
#include "base/hash.h"
#include "base/ip.h"
#include "base/mem.h"

enum {
    CHANGE_BODY_BYTES_MAX = 256 * 1024, /* a change with all its texts has a tenth of it */
    BASIC_BYTES_MAX = 1024,             /* of a name and a password, encoded */
};

#define HINT_SEND                                                                                  \
    "; send it as Authorization: Bearer, as the password of Basic, or as PLUMB_TOKEN for plumb"
#define HINT_TOKEN "on its machine: plumb token new NAME --can SCOPES" HINT_SEND
#define HINT_READ                                                                                  \
    "on its machine: plumb token new NAME --can read" HINT_SEND                                    \
    "; or [security] open-read = on lets everybody read"

/* ---- the token ---- */

static bool is_token(const char *text)
{
    return text_starts(text, "plb_");
}

/* The password of "user:password" in base 64. NULL: there is none. */
static const char *password_of(const char *encoded, struct arena *arena)
{
    const size_t n = strlen(encoded);
    if (n > BASIC_BYTES_MAX)
        return NULL;
    const gnutls_datum_t in = {(unsigned char *)arena_strndup(arena, encoded, n), (unsigned)n};
    gnutls_datum_t out = {0};
    if (gnutls_base64_decode2(&in, &out) != 0)
        return NULL;
    const char *colon = out.size ? memchr(out.data, ':', out.size) : NULL;
    const char *password = NULL;
    if (colon)
        password =
            arena_strndup(arena, colon + 1, out.size - (size_t)(colon + 1 - (char *)out.data));
    gnutls_free(out.data);
    return password;
}

/* What follows "Scheme ", or NULL. */
static const char *after_scheme(const char *header, const char *scheme)
{
    const size_t n = strlen(scheme);
    if (strncasecmp(header, scheme, n) != 0 || header[n] != ' ')
        return NULL;
    return header + n + strspn(header + n, " ");
}

static const char *trimmed(const char *text, struct arena *arena)
{
    const struct str word = str_trim(str_of(text));
    return arena_strndup(arena, word.at, word.n);
}

struct auth_token auth_token_of(const struct http_request *request, bool may_be_in_query)
{
    const char *given = http_header(request, "Authorization");
    const char *bearer = given ? after_scheme(given, "Bearer") : NULL;
    const char *basic = given ? after_scheme(given, "Basic") : NULL;
    const char *own = http_header(request, "X-Plumb-Token");
    const char *text = bearer || own ? trimmed(bearer ? bearer : own, request->arena) : "";
    /* A script that was written for another server sends that one's token: it says nothing here. */
    if (own || is_token(text))
        return (struct auth_token){.text = text};
    const char *team = http_header(request, "X-Honeycomb-Team");
    if (team && is_token(team))
        return (struct auth_token){.text = team};
    const char *password = basic ? password_of(basic, request->arena) : NULL;
    if (password && is_token(password))
        return (struct auth_token){.text = password, .is_remembered = true};
    for (size_t i = 0; may_be_in_query && i < request->n_query; i++)
        if (strcmp(request->fields[i].key, "token") == 0 && is_token(request->fields[i].value))
            return (struct auth_token){.text = request->fields[i].value};
    return (struct auth_token){0};
}

/* ---- refusals ---- */

/* Always false: the request goes no further. */
static bool refuse(struct api_call *call, int status, const char *text, const char *hint)
{
    limits_count_denied(call->api->limits);
    call->is_denied = true;
    call_refuse(call, status, text, hint);
    if (status == 401)
        http_response_header(call->response, "WWW-Authenticate",
                             "Bearer realm=\"plumb\", Basic realm=\"plumb\"");
    return false;
}

static bool refuse_token(struct api_call *call, enum ledger_token_state state,
                         const struct ledger_token *token)
{
    const char *text = "the server does not know this token";
    if (state == LEDGER_TOKEN_EXPIRED)
        text = arena_printf(call->arena, "the token '%s' has expired", token->name);
    else if (state == LEDGER_TOKEN_REVOKED)
        text = arena_printf(call->arena, "the token '%s' has been revoked", token->name);
    return refuse(call, 401, text, HINT_TOKEN);
}

/* ---- where it comes from ---- */

static bool is_proxied(const struct http_request *request)
{
    static const char *const names[] = {"X-Forwarded-For", "Forwarded",        "Via",
                                        "X-Real-IP",       "X-Forwarded-Host", "X-Forwarded-Proto"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (http_header(request, names[i]))
            return true;
    return false;
}

/* Browsers say so in one of these; a page can change some of them, but take none away. */
static bool is_browser(const struct http_request *request)
{
    static const char *const names[] = {"Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode",
                                        "Accept-Language"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (http_header(request, names[i]))
            return true;
    const char *agent = http_header(request, "User-Agent");
    return agent && text_starts(agent, "Mozilla/");
}

/* "host:port" of a URL. */
static struct str authority_of(const char *url)
{
    const char *slashes = strstr(url, "://");
    const char *at = slashes ? slashes + 3 : url;
    return str_make(at, strcspn(at, "/?#"));
}

static bool is_same(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || strncasecmp(a.at, b.at, a.n) == 0);
}

bool auth_is_own_host(const char *host, const char *url)
{
    static const char local[] = ".localhost";
    struct ip ip;
    const struct str name = ip_host(str_of(host));
    if (ip_parse(name, &ip) || is_same(name, str_of(local + 1)))
        return true;
    const size_t n = sizeof local - 1;
    if (name.n > n && strncasecmp(name.at + name.n - n, local, n) == 0)
        return true;
    return url && name.n && is_same(name, ip_host(authority_of(url)));
}

/* Is the page of that origin one of this server's, or of the one that [http] cors names? */
static bool is_own_origin(const struct api_call *call, const char *origin)
{
    const struct api_deps *deps = &call->api->deps;
    const char *host = http_header(call->request, "Host");
    if (!strstr(origin, "://"))
        return false; /* "null": nobody knows whose */
    if (deps->cors_origin && strcasecmp(deps->cors_origin, origin) == 0)
        return true; /* but not for "*": that is for reading */
    const struct str page = authority_of(origin);
    return (host && is_same(page, str_of(host))) ||
           (deps->url && is_same(page, authority_of(deps->url)));
}

static bool is_cross_site(const struct http_request *request)
{
    const char *site = http_header(request, "Sec-Fetch-Site");
    return site && (strcmp(site, "cross-site") == 0 || strcmp(site, "same-site") == 0);
}

/* Did a page of another site make a browser send it? */
static bool is_foreign_page(const struct api_call *call)
{
    const char *origin = http_header(call->request, "Origin");
    return origin ? !is_own_origin(call, origin) : is_cross_site(call->request);
}

/* This machine is trusted, but not whatever page is open in a browser on it: neither one that another site
 * has given this machine's address as its own, nor one that reads an answer as a script. */
static bool is_misled(const struct api_call *call)
{
    const struct http_request *request = call->request;
    const char *host = http_header(request, "Host");
    const bool is_script = call_param(call, "jsonp") && is_cross_site(request);
    if (is_script && !call->api->deps.cors_origin)
        return true;
    return is_browser(request) && !auth_is_own_host(host ? host : "", call->api->deps.url);
}

/* ---- may they? ---- */

static bool is_reading(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static enum right right_of(const struct route *route, const char *method)
{
    const bool is_of_both = route->right == RIGHT_WRITE || route->right == RIGHT_EDIT ||
                            route->right == RIGHT_FREEZE || route->right == RIGHT_HOOK;
    return is_of_both && is_reading(method) ? RIGHT_READ : route->right;
}

/* SOURCE/NAME of /hook/SOURCE/NAME[/TOKEN]. */
static const char *hook_of(const struct api_call *call)
{
    const char *slash = strchr(call->rest, '/');
    const size_t n = slash ? (size_t)(slash + 1 - call->rest) : 0;
    return arena_strndup(call->arena, call->rest, n + strcspn(call->rest + n, "/"));
}

/* "github/main" by either of its names. */
static bool may_deliver(const struct scopes *scopes, const char *path)
{
    const char *slash = strchr(path, '/');
    return scope_may_deliver(scopes, path) || (slash && scope_may_deliver(scopes, slash + 1));
}

/* Which changes may be written is asked when they are: a freeze is one that wants its own scope. */
static bool has_right(const struct api_call *call, const struct scopes *scopes, enum right right)
{
    switch (right) {
    case RIGHT_READ:
        return scope_has(scopes, SCOPE_READ);
    case RIGHT_WRITE:
        return scope_has(scopes, SCOPE_WRITE) || scope_has(scopes, SCOPE_FREEZE);
    case RIGHT_EDIT:
        return scope_has(scopes, SCOPE_EDIT);
    case RIGHT_FREEZE:
        return scope_has(scopes, SCOPE_FREEZE);
    case RIGHT_HOOK:
        return may_deliver(scopes, hook_of(call));
    case RIGHT_ADMIN:
        return scope_has(scopes, SCOPE_ADMIN);
    case RIGHT_NONE:
        break;
    }
    return true;
}

static const char *scope_for(const struct api_call *call, enum right right)
{
    static const enum scope_kind kinds[] = {
        [RIGHT_READ] = SCOPE_READ,     [RIGHT_WRITE] = SCOPE_WRITE, [RIGHT_EDIT] = SCOPE_EDIT,
        [RIGHT_FREEZE] = SCOPE_FREEZE, [RIGHT_HOOK] = SCOPE_HOOK,   [RIGHT_ADMIN] = SCOPE_ADMIN};
    if (right != RIGHT_HOOK)
        return scope_kind_name(kinds[right]);
    return arena_printf(call->arena, "hook:%.100s", hook_of(call));
}

static bool admit_token(struct api_call *call, enum right right, const struct auth_token *token)
{
    struct ledger_token found;
    struct err err;
    const enum ledger_token_state state =
        ledger_token_find(call->api->deps.ledger, token->text, call->arena, &found);
    if (state != LEDGER_TOKEN_GOOD)
        return refuse_token(call, state, &found);
    struct scopes *scopes = arena_array(call->arena, 1, struct scopes);
    if (!scope_parse(found.can, call->arena, scopes, &err)) /* a newer version's */
        return refuse(call, 403, "this version cannot read what the token may do", err.text);
    call->caller.token = found.name;
    call->caller.scopes = scopes;
    if (has_right(call, scopes, right))
        return true;
    return refuse(call, 403,
                  arena_printf(call->arena, "the token '%s' may not do this: it needs the scope %s",
                               found.name, scope_for(call, right)),
                  "a token's scopes stay as they are: make another one (plumb token new)");
}

/* Of a hook with secrets, its own check says who asks: a token that comes along, as Bearer, ?token= or the end
 * of the path, may be one of these. */
static bool is_signed_hook(const struct api_call *call)
{
    const struct api_deps *deps = &call->api->deps;
    for (size_t i = 0; i < deps->n_hooks; i++) {
        const struct hook *hook = &deps->hooks[i];
        const char *path = arena_printf(call->arena, "%s/%s", hook->source->name, hook->name);
        const size_t n = strlen(path);
        if (hook->settings.n_secrets && strncmp(call->rest, path, n) == 0 &&
            (call->rest[n] == '\0' || call->rest[n] == '/'))
            return true;
    }
    return false;
}

/* What Graphite's clients read, passed on by a proxy on this machine: Grafana is one. */
static bool is_proxied_read(const struct api_call *call, const struct route *route)
{
    struct ip ip;
    return (route->flags & ROUTE_READ) && !call->api->deps.distrusts_loopback &&
           is_proxied(call->request) && ip_parse(ip_host(str_of(call->request->peer)), &ip) &&
           ip_is_loopback(&ip);
}

static bool admit_nobody(struct api_call *call, const struct route *route, enum right right)
{
    const struct api_deps *deps = &call->api->deps;
    struct caller *caller = &call->caller;
    caller->is_trusted = caller->is_here && !deps->distrusts_loopback;
    if (caller->is_trusted && is_misled(call))
        return refuse(call, 403,
                      "a page of another site, or of a name that is not this server's, asks here",
                      "[serve] url = http://NAME:PORT says what else the server is called; [http] "
                      "cors says whose pages may read; a token is taken from anywhere");
    if (caller->is_trusted || (deps->has_open_read && right == RIGHT_READ) ||
        is_proxied_read(call, route))
        return true;
    if (right == RIGHT_HOOK) /* it looks for itself, and notes why it refused */
        return true;
    const char *text = is_proxied(call->request)
                           ? "what a proxy passes on (X-Forwarded-For, Via, ...) needs a token here"
                           : "from elsewhere this server wants a token, and none was sent";
    return refuse(call, 401, text, right == RIGHT_READ ? HINT_READ : HINT_TOKEN);
}

/* ---- whose writing is counted ---- */

/* An IPv6 customer has a /64 at least: what follows is his to choose. */
static uint64_t limit_id(const struct caller *caller, bool has_ip, const struct ip *ip)
{
    static const struct hash_key key = {0x706c756d62, 1}; /* who collides shares an allowance */
    if (caller->is_trusted || (caller->scopes && scope_has(caller->scopes, SCOPE_ADMIN)))
        return 0;
    if (caller->token)
        return hash_sip13(key, caller->token, strlen(caller->token)) | 1;
    const bool is_v6 = has_ip && (ip->at[0] || ip->at[1]);
    return hash_sip13(key, ip->at, is_v6 ? IP_BYTES / 2 : IP_BYTES) | 1;
}

bool call_admit(struct api_call *call, const struct route *route)
{
    const enum right right = right_of(route, call->request->method);
    const bool is_change = right > RIGHT_READ;
    struct ip ip = {0};
    const bool has_ip = ip_parse(ip_host(str_of(call->request->peer)), &ip);
    call->caller.is_here = has_ip && ip_is_loopback(&ip) && !is_proxied(call->request);
    if (right == RIGHT_NONE)
        return true;
    const struct auth_token token = auth_token_of(call->request, right == RIGHT_HOOK);
    const bool is_signed = right == RIGHT_HOOK && is_signed_hook(call);
    if (!is_signed &&
        !(token.text ? admit_token(call, right, &token) : admit_nobody(call, route, right)))
        return false;
    if (is_change && is_foreign_page(call) && (!token.text || token.is_remembered))
        return refuse(
            call, 403, "pages of other sites change nothing here",
            "[serve] url and [http] cors name the sites that may; scripts send a token as "
            "Authorization: Bearer");
    call->is_hook = right == RIGHT_HOOK;
    call->caller.limit_id = limit_id(&call->caller, has_ip, &ip);
    if (!is_change || call->is_hook || right == RIGHT_ADMIN ||
        call->request->n_body <= CHANGE_BODY_BYTES_MAX)
        return true;
    call_refuse(call, 413, "a change has at most 256 KiB", "");
    return false;
}
