/* Signatures as Standard Webhooks has them: v1,<base64 of HMAC-SHA256(secret, "id.timestamp.body")>. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { SIGN_SECRETS_MAX = 8 };

struct sign_secret {
    const unsigned char *at;
    size_t n;
};

struct sign_secrets {
    struct sign_secret items[SIGN_SECRETS_MAX];
    size_t n;
};

/* Secrets with blanks, commas or line ends between them; whsec_... is base64, any other is taken as it
 * stands. err: ERR_INPUT, never quoting one. */
MUST_CHECK bool sign_parse(const char *text, struct arena *arena, struct sign_secrets *out,
                           struct err *err);

struct sign_text {
    const char *id;
    int64_t at_s;
    const void *body;
    size_t n_body;
};
/* The value of the header webhook-signature: one signature a secret, blanks between them. */
const char *sign_make(const struct sign_secrets *secrets, const struct sign_text *text,
                      struct arena *arena);
