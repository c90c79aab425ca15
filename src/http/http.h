/* HTTP: bytes to requests, responses to bytes, on libmicrohttpd. Knows no route and no file. Handlers
 * run on render threads, one request each with its own arena. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct http;

struct http_field {
    const char *key, *value; /* decoded; value "" when absent */
};

struct http_request {
    const char *method; /* "GET", "POST", "HEAD", ... */
    const char *path;   /* decoded, without query; never empty */
    const char *raw_query;
    const struct http_field *fields; /* query first, then the form body (of no type, or the
                                        urlencoded one), in order */
    size_t n_fields;
    size_t n_query; /* as many of the fields came in the query */
    const struct http_field *headers;
    size_t n_headers;
    const char *body; /* raw; ended by NUL */
    size_t n_body;
    const char *peer; /* "127.0.0.1:41234" */
    struct arena *arena;
    struct exchange *exchange; /* http's own; NULL: made by hand, its client stays */
};

/* First field of that key, or NULL; i-th one of that key. Header names: any case. */
const char *http_field(const struct http_request *request, const char *key);
const char *http_header(const struct http_request *request, const char *name);
/* Has the client closed its side of the connection while the request waited or was worked on? Cheap: the
 * socket is looked at a few times a second. For the thread that has the request. */
bool http_is_gone(const struct http_request *request);

/* A body that goes on for as long as the client wants it. Both run on a thread of their own, which asks each
 * feed a few times a second, and again as soon as the client has taken the piece before. */
struct http_feed {
    /* Adds what there is by now, if anything, to out. Must be quick. False: that was the last of it. */
    bool (*more)(void *self, struct buf *out);
    void (*done)(
        void *self); /* called once, when nobody will ask any more; perhaps nobody ever did */
    void *self;
};

struct http_response {
    int status; /* 200 when not set */
    const char *content_type;
    struct buf body;
    struct http_field headers[16]; /* strings live until the response is sent: arena or static */
    size_t n_headers;
    struct http_feed feed; /* more NULL: none. Else body is only the beginning */
};
void http_response_header(struct http_response *response, const char *key, const char *value);

/* Runs on a render thread. response->body is ready to be added to. */
typedef void (*http_handler)(void *self, const struct http_request *request,
                             struct http_response *response);
/* Does its answer cost next to nothing? Then the handler runs on the loop's thread at once, and does not
 * wait for those before it. */
typedef bool (*http_is_quick)(void *self, const struct http_request *request);

struct http_options {
    const char *addr;            /* "host:port", ":port" or "off" */
    unsigned n_loops, n_workers; /* 0: by processors */
    http_handler handler;
    http_is_quick is_quick;    /* NULL: none is */
    void *handler_self;        /* of both */
    size_t body_bytes_max;     /* request bodies; past it 413. 0: 4 MiB */
    size_t response_bytes_max; /* 0: 512 MiB */
    int64_t read_deadline_ms;  /* a whole request must have arrived by then. 0: 15,000 */
    int64_t send_deadline_ms;  /* the client must have taken the whole answer by then. 0: 600,000 */
    unsigned connections_max;  /* 0: 2,000 */
    size_t feeds_max;          /* open at once; past it 503. 0: 64 */
};

/* err: ERR_IO (port in use, named, with a hint), ERR_INPUT (bad address). */
MUST_CHECK bool http_start(const struct http_options *options, struct http **out, struct err *err);
/* Answers what is running (a client has 5 s to take it), then ends. NULL is fine. */
void http_stop(struct http *http);
const char *http_addr(const struct http *http); /* really bound; "" when off */

struct http_stats {
    uint64_t n_requests, n_refused, n_connections, n_connections_now;
};
void http_stats(const struct http *http, struct http_stats *out);

/* For forms elsewhere: decodes %xx and '+' in place of the arena copy. */
const char *http_decode(struct arena *arena, const char *text, size_t n);
