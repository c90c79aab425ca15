/* Sends one letter to a mail server (on libcurl). Thread: any; waits for the server's answer. */
#pragma once

#include <stdatomic.h>

#include "base/err.h"

struct smtp_letter {
    const char *url;             /* smtp://host:port, or smtps:// for TLS from the start */
    const char *user, *password; /* "" for none */
    bool needs_tls;              /* STARTTLS, or the letter is not sent */
    const char *ca_file;         /* NULL: the system's authorities */
    const char *from;            /* bare addresses: nora@example.org */
    const char *const *to; /* those that the server knows get it; it fails when it knows none */
    size_t n_to;
    const void *text; /* headers and body, lines ended by CR LF; dots are not doubled yet */
    size_t n_text;
    int64_t wait_ms;               /* for all of it. > 0 */
    const _Atomic bool *is_ending; /* NULL, or: once true, it is cut short within a second */
};

/* err: ERR_REFUSED the server will never take it (5xx), ERR_BUSY not now (4xx, no answer), ERR_IO no
 * connection, no TLS, not logged in. */
MUST_CHECK bool smtp_send(const struct smtp_letter *letter, struct err *err);
