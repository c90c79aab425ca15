/* One request and its response: gathered on a loop thread, answered on a render thread, sent by the
 * loop again. Owned by one of the two at a time: the loop until it is queued, the worker until it is
 * resumed. */
#pragma once

#include <microhttpd.h>

#include "http/form.h"
#include "http/http.h"
#include "os/net.h"

enum exchange_state {
    EXCHANGE_READING = 0, /* headers or body still come */
    EXCHANGE_QUEUED,      /* suspended: a worker has it */
    EXCHANGE_ANSWERED,    /* response is ready to be sent */
};

struct exchange {
    struct arena arena;
    struct MHD_Connection *connection;
    const char *target; /* as sent: path?query */
    struct buf body;
    struct http_request request;
    struct http_response response;
    enum exchange_state state;
    int64_t look_us; /* on the monotonic clock: when its socket is worth the next look */
    bool is_gone;    /* the client has closed its side since the request came */
    bool is_counted; /* among those that http_stop waits for */
    bool is_unread;  /* its body is too long, or ends where nobody knows: refused before it comes */
    int refused_status; /* 0: fine; else what to answer instead of asking the handler */
    const char *refused_text;
    char peer[NET_TEXT_MAX];
};

struct exchange *exchange_new(const char *target, size_t body_bytes_max, size_t response_bytes_max);
void exchange_free(struct exchange *exchange); /* NULL is fine */

/* At the first call with headers: takes method, headers and peer; refuses what a proxy and we might
 * read differently (two lengths, a length beside a transfer coding, a coding other than chunked, a
 * header name that is no token, as in "Content-Length : 5"). */
void exchange_begin(struct exchange *exchange, struct MHD_Connection *connection,
                    const char *method);
/* The next piece of the body; past the maximum it is dropped and 413 remembered. */
void exchange_add_body(struct exchange *exchange, const char *bytes, size_t n);
/* All has arrived: fills in the fields. */
void exchange_complete(struct exchange *exchange);
/* True once the client has closed its side. */
bool exchange_is_gone(struct exchange *exchange);
/* Makes the response a refusal: plain text. */
void exchange_refuse(struct exchange *exchange);
/* Sends the response; MHD_NO closes the connection. */
enum MHD_Result exchange_send(struct exchange *exchange);
/* Sends one whose body is given, with the response's status and headers; takes it. */
enum MHD_Result exchange_send_body(struct exchange *exchange, struct MHD_Response *response);
/* Its connection's socket, or -1. */
int exchange_socket(struct MHD_Connection *connection);
