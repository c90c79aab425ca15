#include "announce/sign.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define WHSEC "whsec_"

enum { SHA256_BYTES = 32, SECRET_BYTES_MAX = 1024 };

static bool read_one(struct str text, struct arena *arena, struct sign_secret *out, struct err *err)
{
    if (text.n > SECRET_BYTES_MAX)
        return FAIL(err, ERR_INPUT, "secret: longer than %d bytes", SECRET_BYTES_MAX);
    if (!str_starts(text, WHSEC)) {
        *out = (struct sign_secret){(const unsigned char *)arena_strndup(arena, text.at, text.n),
                                    text.n};
        return true;
    }
    const size_t n_prefix = strlen(WHSEC);
    char *coded = arena_strndup(arena, text.at + n_prefix, text.n - n_prefix);
    const gnutls_datum_t in = {(unsigned char *)coded, (unsigned)strlen(coded)};
    gnutls_datum_t decoded = {0};
    const bool is_decoded = gnutls_base64_decode2(&in, &decoded) == 0 && decoded.size > 0;
    if (is_decoded) {
        unsigned char *bytes = arena_alloc(arena, decoded.size);
        memcpy(bytes, decoded.data, decoded.size);
        *out = (struct sign_secret){bytes, decoded.size};
    }
    gnutls_free(decoded.data);
    return is_decoded || FAIL(err, ERR_INPUT, "secret: what follows " WHSEC " is not base64");
}

bool sign_parse(const char *text, struct arena *arena, struct sign_secrets *out, struct err *err)
{
    static const char apart[] = " \t\r\n,";
    struct sign_secrets secrets = {0};
    for (text += strspn(text, apart); *text; text += strspn(text, apart)) {
        const size_t n = strcspn(text, apart);
        if (secrets.n == SIGN_SECRETS_MAX)
            return FAIL(err, ERR_INPUT, "secret: more than %d of them", SIGN_SECRETS_MAX);
        if (!read_one(str_make(text, n), arena, &secrets.items[secrets.n++], err))
            return false;
        text += n;
    }
    *out = secrets;
    return true;
}

const char *sign_make(const struct sign_secrets *secrets, const struct sign_text *text,
                      struct arena *arena)
{
    CLEANUP(buf_done) struct buf signed_text;
    CLEANUP(buf_done) struct buf out;
    buf_init(&signed_text, text->n_body + 512);
    buf_init(&out, 64 * SIGN_SECRETS_MAX);
    buf_printf(&signed_text, "%.300s.%lld.", text->id, (long long)text->at_s);
    buf_add(&signed_text, text->body, text->n_body);
    for (size_t i = 0; i < secrets->n; i++) {
        unsigned char sum[SHA256_BYTES];
        const struct sign_secret *secret = &secrets->items[i];
        BUG_IF(gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret->at, secret->n, signed_text.at,
                                signed_text.n, sum) != 0);
        buf_add_str(&out, i ? " v1," : "v1,");
        buf_add_base64(&out, sum, sizeof sum);
    }
    return arena_strdup(arena, buf_text(&out));
}
