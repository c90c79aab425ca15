#include "http/exchange.h"

#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/num.h"
#include "os/net.h"
#include "os/realtime.h"

enum {
    HEADERS_MAX = 200,
    REFUSAL_BYTES_MAX = 1024,
    LOOK_EVERY_US = 50000, /* a request that is done sooner is not worth a look at its socket */
};

struct exchange *exchange_new(const char *target, size_t body_bytes_max, size_t response_bytes_max)
{
    struct exchange *exchange = mem_zalloc(sizeof *exchange);
    arena_init(&exchange->arena);
    buf_init(&exchange->body, body_bytes_max);
    buf_init(&exchange->response.body, response_bytes_max);
    exchange->target = arena_strdup(&exchange->arena, target);
    return exchange;
}

void exchange_free(struct exchange *exchange)
{
    if (!exchange)
        return;
    if (exchange->response.feed.more) /* nobody has taken it over */
        exchange->response.feed.done(exchange->response.feed.self);
    buf_done(&exchange->body);
    buf_done(&exchange->response.body);
    arena_done(&exchange->arena);
    mem_free(exchange);
}

struct header_walk {
    struct exchange *exchange;
    struct http_field *fields;
    size_t n, n_lengths, n_codings, n_hosts;
    int64_t length; /* the body's, as announced */
    bool has_odd_coding, has_odd_name;
};

/* A header's name as RFC 9110 has it: no blank, no control character, no separator. */
static bool is_token(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "!#$%&'*+-.^_`|~";
    return name[0] && name[strspn(name, allowed)] == '\0';
}

static enum MHD_Result take_header(void *self, enum MHD_ValueKind kind, const char *key,
                                   const char *value)
{
    (void)kind;
    struct header_walk *walk = self;
    bool is_coding = strcasecmp(key, "Transfer-Encoding") == 0;
    walk->has_odd_coding |= is_coding && (!value || strcasecmp(value, "chunked") != 0);
    walk->has_odd_name |= !is_token(key);
    bool is_length = strcasecmp(key, "Content-Length") == 0;
    walk->n_lengths += is_length;
    if (is_length && (!value || !num_parse_i64(value, strlen(value), &walk->length)))
        walk->length =
            INT64_MAX; /* the library refuses what is no number; this is past any limit */
    walk->n_codings += is_coding;
    walk->n_hosts += strcasecmp(key, "Host") == 0;
    if (walk->n == HEADERS_MAX)
        return MHD_NO;
    struct arena *arena = &walk->exchange->arena;
    walk->fields[walk->n++] =
        (struct http_field){arena_strdup(arena, key), arena_strdup(arena, value ? value : "")};
    return MHD_YES;
}

static void refuse(struct exchange *exchange, int status, const char *text)
{
    if (exchange->refused_status)
        return;
    exchange->refused_status = status;
    exchange->refused_text = text;
}

static void take_peer(struct exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || !info->client_addr)
        return;
    const bool is_v6 = info->client_addr->sa_family == AF_INET6;
    struct net_addr from = {.bytes =
                                is_v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)};
    memcpy(&from.at, info->client_addr, from.bytes);
    net_format(&from, exchange->peer);
}

void exchange_begin(struct exchange *exchange, struct MHD_Connection *connection,
                    const char *method)
{
    exchange->connection = connection;
    struct header_walk walk = {.exchange = exchange};
    walk.fields = arena_array(&exchange->arena, HEADERS_MAX, struct http_field);
    int n = MHD_get_connection_values(connection, MHD_HEADER_KIND, take_header, &walk);
    exchange->request.headers = walk.fields;
    exchange->request.n_headers = walk.n;
    exchange->request.method = arena_strdup(&exchange->arena, method);
    take_peer(exchange);
    exchange->request.peer = exchange->peer;
    if (walk.n_lengths > 1 || (walk.n_lengths && walk.n_codings) || walk.n_codings > 1)
        refuse(exchange, 400, "more than one length for the request's body");
    if (walk.has_odd_name)
        refuse(exchange, 400, "a header's name holds a character that is not allowed");
    if (walk.has_odd_coding)
        refuse(exchange, 501, "the only transfer coding here is chunked");
    bool is_too_long = walk.length > (int64_t)exchange->body.max;
    if (is_too_long)
        refuse(exchange, 413, "the request's body is too large");
    exchange->is_unread = walk.has_odd_coding || is_too_long;
    if (walk.n_hosts > 1)
        refuse(exchange, 400, "more than one Host header");
    if (n > HEADERS_MAX || walk.n == HEADERS_MAX)
        refuse(exchange, 431, "too many headers");
}

void exchange_add_body(struct exchange *exchange, const char *bytes, size_t n)
{
    buf_add(&exchange->body, bytes, n);
    if (exchange->body.is_full)
        refuse(exchange, 413, "the request's body is too large");
}

/* A body of no type is one too: scripts that talk to Graphite leave the header out. */
static bool is_form(const struct http_request *request)
{
    static const char type[] = "application/x-www-form-urlencoded";
    const char *given = http_header(request, "Content-Type");
    return !given || strncasecmp(given, type, sizeof type - 1) == 0;
}

void exchange_complete(struct exchange *exchange)
{
    struct http_request *request = &exchange->request;
    struct form form = {0};
    request->arena = &exchange->arena;
    request->exchange = exchange;
    exchange->look_us = monotonic_us() + LOOK_EVERY_US;
    request->path = form_path(&exchange->arena, exchange->target, &request->raw_query);
    request->body = buf_text(&exchange->body);
    request->n_body = exchange->body.n;
    bool fits = form_parse(&form, request->raw_query, strlen(request->raw_query), &exchange->arena);
    request->n_query = form.n;
    if (fits && is_form(request))
        fits = form_parse(&form, request->body, request->n_body, &exchange->arena);
    if (!fits)
        refuse(exchange, 413, "too many fields in the query or form");
    request->fields = form.fields;
    request->n_fields = form.n;
}

bool exchange_is_gone(struct exchange *exchange)
{
    int64_t now_us = monotonic_us();
    if (exchange->is_gone || now_us < exchange->look_us)
        return exchange->is_gone;
    exchange->look_us = now_us + LOOK_EVERY_US;
    exchange->is_gone = net_is_closed(exchange_socket(exchange->connection));
    return exchange->is_gone;
}

void exchange_refuse(struct exchange *exchange)
{
    struct http_response *response = &exchange->response;
    buf_done(&response->body);
    buf_init(&response->body, REFUSAL_BYTES_MAX); /* its own room: the answer's may be used up */
    buf_printf(&response->body, "%s\n", exchange->refused_text);
    response->status = exchange->refused_status;
    response->content_type = "text/plain; charset=utf-8";
    http_response_header(response, "Connection", "close");
    exchange->state = EXCHANGE_ANSWERED;
}

int exchange_socket(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

enum MHD_Result exchange_send(struct exchange *exchange)
{
    struct http_response *from = &exchange->response;
    if (from->body.is_full) {
        exchange->refused_status = 413;
        exchange->refused_text = "the answer would be too large; ask for less";
        from->n_headers = 0;
        exchange_refuse(exchange);
    }
    size_t n;
    char *bytes = buf_take(&from->body, &n);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(n, bytes, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        mem_free(bytes);
        return MHD_NO;
    }
    return exchange_send_body(exchange, response);
}

enum MHD_Result exchange_send_body(struct exchange *exchange, struct MHD_Response *response)
{
    const struct http_response *from = &exchange->response;
    const char *type = from->content_type ? from->content_type : "text/plain; charset=utf-8";
    MHD_add_response_header(response, "Content-Type", type);
    /* Nothing here is to be taken for another type than it says, nor to be told of elsewhere. */
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    for (size_t i = 0; i < from->n_headers; i++)
        MHD_add_response_header(response, from->headers[i].key, from->headers[i].value);
    unsigned status = from->status ? (unsigned)from->status : 200;
    enum MHD_Result sent = MHD_queue_response(exchange->connection, status, response);
    MHD_destroy_response(response);
    return sent;
}
