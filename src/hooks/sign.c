#include "hooks/sign.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"

enum { MAC_BYTES = 32 };

const char *sign_header(const struct hook_call *call, const char *name)
{
    for (size_t i = 0; i < call->n_headers; i++)
        if (strcasecmp(call->headers[i].key, name) == 0)
            return call->headers[i].value;
    return NULL;
}

/* Sums of both are compared: neither place nor length of a difference shows. */
static bool is_equal(const char *a, const char *b)
{
    unsigned char sums[2][MAC_BYTES];
    BUG_IF(gnutls_hash_fast(GNUTLS_DIG_SHA256, a, strlen(a), sums[0]) != 0);
    BUG_IF(gnutls_hash_fast(GNUTLS_DIG_SHA256, b, strlen(b), sums[1]) != 0);
    return gnutls_memcmp(sums[0], sums[1], MAC_BYTES) == 0;
}

bool sign_is_secret(const struct hook_call *call, const char *text)
{
    bool is_one = false;
    for (size_t i = 0; i < call->settings->n_secrets; i++)
        is_one |= is_equal(text, call->settings->secrets[i]);
    return is_one;
}

static const char *in_hex(const unsigned char mac[MAC_BYTES], struct arena *arena)
{
    char *out = arena_alloc(arena, 2 * MAC_BYTES + 1);
    text_hex(out, mac, MAC_BYTES);
    return out;
}

const char *sign_sum(const char *text, struct arena *arena)
{
    unsigned char sum[MAC_BYTES];
    BUG_IF(gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), sum) != 0);
    return in_hex(sum, arena);
}

static const char *in_base64(const unsigned char mac[MAC_BYTES], struct arena *arena)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 2 * MAC_BYTES);
    buf_add_base64(&text, mac, MAC_BYTES);
    return arena_strdup(arena, buf_text(&text));
}

static const char *mac_of(const struct str key, const struct str bytes, enum sign_form form,
                          struct arena *arena)
{
    unsigned char mac[MAC_BYTES];
    BUG_IF(gnutls_hmac_fast(GNUTLS_MAC_SHA256, key.at, key.n, bytes.at, bytes.n, mac) != 0);
    return form == SIGN_HEX ? in_hex(mac, arena) : in_base64(mac, arena);
}

bool sign_fits(const struct hook_call *call, const char *bytes, size_t n, enum sign_form form,
               const char *given)
{
    char *wanted = arena_strdup(call->arena, given);
    if (form == SIGN_HEX)
        text_lower(wanted);
    bool fits = false;
    for (size_t i = 0; i < call->settings->n_secrets; i++) {
        const char *mac =
            mac_of(str_of(call->settings->secrets[i]), str_make(bytes, n), form, call->arena);
        fits |= is_equal(mac, wanted);
    }
    return fits;
}

bool sign_bearer(const struct hook_call *call, struct err *err)
{
    static const char scheme[] = "Bearer ";
    const char *given = call->token && call->token[0] ? call->token : NULL;
    const char *header = sign_header(call, "Authorization");
    if (!given && header && strncasecmp(header, scheme, sizeof scheme - 1) == 0)
        given = header + sizeof scheme - 1;
    if (!given) {
        err_set(err, ERR_REFUSED, "no token came with it");
        err_hint(err, "add the secret to the address, as ?token=..., or send "
                      "'Authorization: Bearer ...'");
        return false;
    }
    if (sign_is_secret(call, given))
        return true;
    err_set(err, ERR_REFUSED, "the token is none of the secrets of this hook");
    err_hint(err, "compare the token over there with 'secret' in plumb.conf");
    return false;
}

/* ---- Standard Webhooks ---- */

/* The key that "whsec_<base64>" stands for; the secret's own bytes when it is none. */
static struct str standard_key(const char *secret, struct arena *arena)
{
    static const char prefix[] = "whsec_";
    if (!text_starts(secret, prefix))
        return str_of(secret);
    char *text = arena_strdup(arena, secret + sizeof prefix - 1);
    const gnutls_datum_t in = {(unsigned char *)text, (unsigned)strlen(text)};
    gnutls_datum_t out = {0};
    if (gnutls_base64_decode2(&in, &out) != 0)
        return str_of(secret);
    const struct str key = {arena_strndup(arena, (const char *)out.data, out.size), out.size};
    gnutls_free(out.data);
    return key;
}

static bool standard_fits(const struct hook_call *call, struct str bytes, const char *signatures)
{
    bool fits = false;
    for (size_t i = 0; i < call->settings->n_secrets; i++) {
        const char *secret = call->settings->secrets[i];
        const struct str keys[] = {str_of(secret), standard_key(secret, call->arena)};
        for (size_t k = 0; k < COUNT_OF(keys); k++) {
            const char *mac = mac_of(keys[k], bytes, SIGN_BASE64, call->arena);
            struct str rest = str_of(signatures), one;
            while (str_split(&rest, ' ', &one))
                fits |= str_starts(one, "v1,") &&
                        is_equal(arena_strndup(call->arena, one.at + 3, one.n - 3), mac);
        }
    }
    return fits;
}

bool sign_standard(const struct hook_call *call, struct err *err)
{
    const char *id = sign_header(call, "webhook-id");
    const char *time = sign_header(call, "webhook-timestamp");
    const char *signatures = sign_header(call, "webhook-signature");
    if (!id || !time || !signatures)
        return FAIL(err, ERR_REFUSED, "the header %s is missing",
                    !signatures ? "webhook-signature"
                    : !id       ? "webhook-id"
                                : "webhook-timestamp");
    int64_t at_s;
    if (!num_parse_i64(time, strlen(time), &at_s) || at_s < 0 || at_s > UINT32_MAX)
        return FAIL(err, ERR_REFUSED, "webhook-timestamp is no number of seconds");
    const int64_t apart_ms = call->now_ms - at_s * 1000;
    if (apart_ms > SIGN_TOLERANCE_MS || apart_ms < -SIGN_TOLERANCE_MS) {
        err_set(err, ERR_REFUSED, "webhook-timestamp is %lld s away from this server's clock",
                (long long)(apart_ms / 1000));
        err_hint(err, "is it a replay, or does a clock go wrong? %d minutes are allowed",
                 SIGN_TOLERANCE_MS / 60000);
        return false;
    }
    const char *head = arena_printf(call->arena, "%s.%s.", id, time);
    const size_t n_head = strlen(head);
    char *bytes = arena_alloc(call->arena, n_head + call->n_body + 1);
    memcpy(bytes, head, n_head);
    memcpy(bytes + n_head, call->body, call->n_body);
    if (standard_fits(call, str_make(bytes, n_head + call->n_body), signatures))
        return true;
    err_set(err, ERR_REFUSED,
            "webhook-signature does not fit the body with any secret of this hook");
    err_hint(err, "compare the signing token over there with 'secret' in plumb.conf");
    return false;
}
