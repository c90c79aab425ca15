/* Is a delivery from whom it says? Every comparison takes the same time wherever the difference is, and
 * every secret is tried. */
#pragma once

#include "hooks/hooks.h"

enum { SIGN_TOLERANCE_MS = 5 * 60 * 1000 }; /* of signed times: older is a replay */

enum sign_form { SIGN_HEX, SIGN_BASE64 };

/* The header's value, or NULL. Names in any case; the first of several. */
const char *sign_header(const struct hook_call *call, const char *name);
/* Is the text one of the secrets? */
bool sign_is_secret(const struct hook_call *call, const char *text);
/* Is this HMAC-SHA256 of the n bytes with one of the secrets as key? Hex in any case. */
bool sign_fits(const struct hook_call *call, const char *bytes, size_t n, enum sign_form form,
               const char *given);

/* SHA-256 in hex. */
const char *sign_sum(const char *text, struct arena *arena);

/* ?token=, the end of the path, or "Authorization: Bearer TOKEN". err: ERR_REFUSED. */
MUST_CHECK bool sign_bearer(const struct hook_call *call, struct err *err);
/* Standard Webhooks: webhook-id, webhook-timestamp (seconds), webhook-signature ("v1,<base64>", several
 * with blanks between them) over "id.timestamp.body". A secret "whsec_..." is its key in base64.
 * err: ERR_REFUSED. */
MUST_CHECK bool sign_standard(const struct hook_call *call, struct err *err);
