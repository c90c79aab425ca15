/* Keeps secrets that slipped into a text from being recorded. Pure. */
#pragma once

#include "base/arena.h"
#include "model/change.h"

/* The text with *** in place of: the value in password=..., secret=..., token=..., key=... (also
 * "x":"..." and with a name in front, as in DB_PASSWORD=), what follows "Authorization: Bearer",
 * user and password in a URL, keys in PEM form, and words with the shape of tokens (AWS, GitHub,
 * GitLab, Slack, plb_). The text itself when there is nothing to hide. */
const char *redact_text(const char *text, struct arena *arena);
/* "***" when the tag's name says that its value is a secret, else redact_text(value). */
const char *redact_tag(const char *name, const char *value, struct arena *arena);
/* A change without the secrets that slipped into its texts and tags. A posted event stays as it was sent, as
 * in Graphite, but for those. */
struct change redact_change(const struct change *change, struct arena *arena);
