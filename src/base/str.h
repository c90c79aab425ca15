/* A borrowed slice of text, not ended by NUL, and the string helpers libc lacks. */
#pragma once

#include "base/base.h"

struct str {
    const char *at;
    size_t n;
};

#define STR_FMT    "%.*s"
#define STR_ARG(s) (int)(s).n, (s).at

struct str str_of(const char *text);
struct str str_make(const char *at, size_t n);
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *text);
int str_cmp(struct str a, struct str b); /* bytes, then length */
bool str_starts(struct str a, const char *prefix);
bool str_ends(struct str a, const char *suffix);
struct str str_trim(struct str a); /* ASCII blanks, both ends */
/* Cuts *rest at the first sep: returns what was before it, leaves what follows. False at the end.
 * As Python's split: "a," is "a" and "", "" is one empty piece; a slice at NULL has no pieces. */
bool str_split(struct str *rest, char sep, struct str *out_piece);

bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
/* Copies into dst (dst_bytes, always ended); false if it was cut. */
bool text_copy(char *dst, size_t dst_bytes, const char *text);
/* ASCII lower case in place. */
void text_lower(char *text);
/* 0 to 15, in either case; -1: it is no hexadecimal digit. */
int text_hex_digit(char c);
/* n bytes as 2 n lower-case hexadecimal digits and a NUL. */
void text_hex(char *out, const void *bytes, size_t n);
/* Edit distance, cut at max + 1; for "did you mean". Both at most 64 bytes count. */
unsigned text_distance(const char *a, const char *b, unsigned max);
/* The candidate nearest to word within a third of its length, rounded up, or NULL. */
const char *text_nearest(const char *word, const char *const *candidates, size_t n);
/* Bytes (1..4) of the one valid UTF-8 character at text, NUL included; 0 if there is none. */
size_t text_utf8_bytes(const char *text, size_t n);
/* True if the bytes are valid UTF-8 without NUL. */
bool text_is_utf8(const char *text, size_t n);
