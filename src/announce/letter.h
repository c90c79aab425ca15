/* A mail about a change, as text: headers and body by RFC 5322 and 2045. Pure. */
#pragma once

#include "announce/channel.h"

struct letter_names {
    const char *from;      /* nora@example.org, or "Deploys <plumb@example.org>" */
    const char *const *to; /* bare addresses */
    size_t n_to;
    const char *domain; /* of message ids */
};

/* Lines end in CR LF; every byte is ASCII. out_id: its Message-ID, the same for each try. In the arena. */
const char *letter_make(const struct letter_names *names, const struct message *message,
                        const char **out_id);
/* A header's text: as it stands, or in encoded words when it is not all ASCII. */
const char *letter_header_text(const char *text, struct arena *arena);
const char *letter_quoted_printable(const char *text, struct arena *arena);
/* The address within "Name <address>", or the text itself; in the arena. err: ERR_INPUT naming key and text
 * when it is none, or holds what could end a header. */
MUST_CHECK bool letter_address(const char *key, const char *text, struct arena *arena,
                               const char **out, struct err *err);
