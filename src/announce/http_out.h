/* What the channels that speak HTTP have in common: the address and who may be behind it, the exchange, and
 * what its status means. Thread: the channel's. */
#pragma once

#include "announce/channel.h"
#include "announce/guard.h"
#include "os/fetch.h"

/* Keys of a section that http_out_open reads. */
#define HTTP_OUT_KEYS "url", "allow", "allow-private"

/* Zeroed may be closed. */
struct http_out {
    struct fetch *fetch;
    const char *url; /* the section's, lent */
    struct guard guard;
    bool is_guarded; /* only public addresses, and those of `allow` */
};

/* url: where the section says none; NULL: it must. is_guarded: unless the section says allow-private = on.
 * err: ERR_INPUT url is missing or none, or spells out an address that is not allowed. */
MUST_CHECK bool http_out_open(const struct ini_section *section, const char *url, bool is_guarded,
                              struct http_out *out, struct err *err);
void http_out_close(struct http_out *out);

enum { HTTP_OUT_HEADERS_MAX = 16 };

struct http_post {
    const char *url;            /* NULL: the section's */
    const char *method;         /* NULL: POST */
    const char *body;           /* text */
    const char *type;           /* NULL: application/json */
    const char *const *headers; /* "Name: value" */
    size_t n_headers;
    struct buf *answer; /* NULL: of no interest */
};

/* 2xx is success. err: ERR_MISSING 410; ERR_REFUSED 3xx and other 4xx (a patient channel: ERR_BUSY, whoever
 * receives may be mended meanwhile), and what the guard refuses; ERR_BUSY 429, 5xx, no answer within 10 s. */
MUST_CHECK bool http_out_post(struct http_out *out, struct channel *channel,
                              const struct http_post *post, struct err *err);
/* Name: value, without what would end the line. In the arena. */
PRINTF_LIKE(2, 3) const char *http_out_header(struct arena *arena, const char *fmt, ...);
