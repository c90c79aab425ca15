/* One HTTP exchange at a time, within a time that the caller states (on libcurl). Knows no route.
 * Redirects are not followed. Owner: the thread that opened it. */
#pragma once

#include <stdatomic.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/err.h"

struct fetch; /* keeps its connection between exchanges */

/* Asked for each address that is about to be connected to, after names are resolved; nothing is looked
 * up again between. False: not there, and err says why. Proxies are not used then: they would be what is
 * asked about. */
struct fetch_guard {
    bool (*allows)(void *self, const struct sockaddr *address, struct err *err);
    void *self;
};

struct fetch_request {
    const char *url;    /* http:// or https:// */
    const char *method; /* NULL: GET, or POST with a body */
    const void *body;   /* NULL: none */
    size_t n_body;
    const char *content_type;   /* of the body */
    const char *accept;         /* NULL: anything */
    const char *bearer;         /* a token for Authorization, of printable characters; NULL: none */
    const char *const *headers; /* further ones, "Name: value" without line ends */
    size_t n_headers;
    const struct fetch_guard *guard; /* NULL: it may connect anywhere; the same in all requests */
    const _Atomic bool *is_ending;   /* NULL, or: once true, it is cut short within a second */
    bool is_status_enough; /* what of the answer's body does not fit or does not come is left out */
    int64_t wait_ms;       /* for all of it: name, connection, answer. > 0 */
};

MUST_CHECK bool fetch_open(struct fetch **out, struct err *err);
void fetch_close(struct fetch *fetch); /* does not wait for a name server. NULL is fine */

/* Any answer is a success here; the caller looks at *out_status (200, 404, ...). Signals wait until
 * this returns; one that asks the process to end cuts it short.
 *   out_body  appended to; its maximum is the limit
 *   err       ERR_BUSY nothing came in time or a signal did, ERR_IO no connection or a broken one,
 *             ERR_INPUT the URL is none, ERR_LIMIT the answer is longer than out_body takes, and what the
 *             guard said. The texts name what the URL says before its path. */
MUST_CHECK bool fetch_run(struct fetch *fetch, const struct fetch_request *request,
                          struct buf *out_body, int *out_status, struct err *err);
/* Retry-After of the last answer, in seconds; 0: it had none. */
int64_t fetch_retry_after_s(const struct fetch *fetch);
