/* Bodies that come in pieces (struct http_feed): one thread asks each feed for more, the loops send it. A
 * connection with nothing to send is suspended, so that it costs no thread and no polling.
 *
 * Invariants
 * 1. A feed's more and done are called by one thread at a time: the feeds' own, or whoever ends the feeds after
 *    that thread has ended.
 * 2. A connection is touched by another thread than its loop only while it is suspended; then it cannot end.
 * 3. A feed asks for more only when its client has taken all of the piece before. */
#pragma once

#include <microhttpd.h>

#include "http/http.h"

struct feeds;

/* n_max: at once. err: ERR_IO no thread */
MUST_CHECK bool feeds_new(size_t n_max, struct feeds **out, struct err *err);
/* Ends all of them: what was handed over still goes out. No new ones after this. */
void feeds_end(struct feeds *feeds);
/* After feeds_end, when no connection is left. NULL is fine. */
void feeds_free(struct feeds *feeds);

/* The response whose body is the feed's, first what is in body (which is taken). NULL: there are too many, or
 * they were ended; the feed is the caller's still. Thread: the connection's loop. */
MUST_CHECK struct MHD_Response *feeds_add(struct feeds *feeds, const struct http_feed *feed,
                                          struct MHD_Connection *connection, struct buf *body);
size_t feeds_n_max(const struct feeds *feeds);
