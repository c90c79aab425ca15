/* What the sources share: headers, JSON by path, times, signatures, and how a sender's names become
 * ours. Internal to hooks/. Pure. Thread: any; texts live in the call's arena. */
#pragma once

#include <jansson.h>

#include "hooks/hooks.h"

/* A header's value, its name in any case; "" without it. Lent. */
const char *parse_header(const struct hook_call *call, const char *name);

/* The body as a JSON object, for CLEANUP(parse_done). err: ERR_INPUT with line and column. */
MUST_CHECK bool parse_object(const struct hook_call *call, json_t **out, struct err *err);
void parse_done(json_t **root);

/* The value at "a.b.c", or NULL. Lent. */
json_t *parse_at(const json_t *root, const char *path);
/* The text there, copied; numbers become their digits. "" for anything else, and for what templates
 * write where they have nothing: "<no value>", "<nil>". */
const char *parse_text(const struct hook_call *call, const json_t *root, const char *path);
/* The same, cut at a UTF-8 edge to what a field of a change holds. */
const char *parse_field(const struct hook_call *call, const json_t *root, const char *path);
/* The same if it is an http(s) address that fits into a field, else "": half an address leads nowhere. */
const char *parse_url(const struct hook_call *call, const json_t *root, const char *path);
/* A copy cut at a UTF-8 edge to what a field of a change holds. */
const char *parse_fit(const struct hook_call *call, const char *text);

/* RFC 3339, with a blank for the T and +hhmm for +hh:mm too. False: it is none, or before 1970. */
MUST_CHECK bool parse_time(const char *text, int64_t *out_ms);
/* The time there; 0 when there is no text. err: ERR_INPUT with the path. */
MUST_CHECK bool parse_time_at(const struct hook_call *call, const json_t *root, const char *path,
                              int64_t *out_ms, struct err *err);

/* -1: it is none. */
int parse_hex_digit(char c);
/* Is hex the HMAC-SHA256 of the body under any of the secrets? In time that does not depend on how
 * much of it fits. */
bool parse_is_signed(const struct hook_call *call, const char *hex, size_t n_hex);

/* The service of the sender's name ("acme/web-shop"): what [hook NAME] maps it to, else NULL. */
const char *parse_mapped_service(const struct hook_call *call, const char *name);
/* The same, else its last part as a service's name: "web-shop". "" when nothing of it is left. */
const char *parse_service(const struct hook_call *call, const char *name);
/* The sender's environment as ours: mapped, or as it is; "" stays "". */
const char *parse_env(const struct hook_call *call, const char *name);

/* Adds a tag, cut to fit, unless a text is "" or there is no room. */
void parse_tag(const struct hook_call *call, struct change *change, struct tag tag);

/* One more change at the end of the result. */
void parse_add(const struct hook_call *call, struct hook_result *io, const struct change *change);
/* Nothing to record, and why; true, so that `return parse_ignore(...)` reads as one thought. */
bool parse_ignore(struct hook_result *out, const char *reason);
