/* A client's connection to one server that talks in lines or bytes: TCP, or TLS with the server's
 * certificate and name checked (on libcurl). Nothing here blocks but stream_wait, which anybody can cut
 * short. Owner: one thread, but for stream_wake. */
#pragma once

#include "base/err.h"

struct stream;

enum { STREAM_UNSENT_MAX = 64 * 1024, STREAM_CONNECT_MS_MAX = 15000 };

/* Where to; lent while the stream lives. */
struct stream_peer {
    const char *server;  /* "irc.example.org:6697", "127.0.0.1:6667", "[::1]:6667" */
    bool has_tls;        /* at least TLS 1.2 */
    const char *ca_file; /* PEM of the authorities to trust; "": the system's */
};

/* Does server name a host and a port? err: ERR_INPUT. */
MUST_CHECK bool stream_check_server(const char *server, struct err *err);
/* Connects to nothing yet. err: ERR_BUSY. */
MUST_CHECK bool stream_open(const struct stream_peer *peer, struct stream **out, struct err *err);
void stream_close(struct stream *stream); /* does not wait for a name server. NULL is fine */

enum stream_state { STREAM_IDLE = 0, STREAM_CONNECTING, STREAM_READY };
enum stream_state stream_state(const struct stream *stream);

/* Begins to connect; only when it is idle. err: ERR_BUSY. */
MUST_CHECK bool stream_connect(struct stream *stream, struct err *err);
/* Goes on connecting and sending, and waits until there is something to read, the state has changed,
 * stream_wake was called or wait_ms are over.
 *   err       ERR_BUSY: the connection failed, or is lost; why, in words that name the server
 *   on false  it is idle again, and what was unsent is gone */
MUST_CHECK bool stream_wait(struct stream *stream, int64_t wait_ms, struct err *err);
/* What has arrived: *out_n bytes, 0 for nothing yet. err, on false: as stream_wait, also when the peer
 * has closed. */
MUST_CHECK bool stream_read(struct stream *stream, void *out, size_t room, size_t *out_n,
                            struct err *err);
/* Sends what it can, and the rest later. err: ERR_LIMIT the peer takes nothing, and too much waits;
 * else as stream_wait. */
MUST_CHECK bool stream_write(struct stream *stream, const void *bytes, size_t n, struct err *err);
size_t stream_unsent(const struct stream *stream);
void stream_drop(struct stream *stream); /* idle again */
void stream_wake(struct stream *stream); /* ends stream_wait, or the next one. Thread: any */
