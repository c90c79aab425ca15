/* Names of series: "a.b.c" or "name;tag=value;tag2=value2". The canonical form has no empty nodes,
 * no dot at its ends, no leading '~', each tag once, and its tags sorted as Graphite sorts them: by
 * the text "key=value", so that "host2=b" comes before "host=a". Thread: any. */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "model/series.h"

enum {
    NAME_BYTES_MAX = 4000, /* a line is at most 4,096 bytes: name, value and time */
    NAME_TAGS_MAX = 64,
};

/* Why a name cannot be taken. Order is part of the reject counters' order. */
enum name_fault {
    NAME_OK = 0,
    NAME_EMPTY,
    NAME_TOO_LONG,
    NAME_NOT_UTF8, /* or holds a control character or blank */
    NAME_BAD_TAG,  /* no '=', empty key or value, one of ;!^= in a key, value starts with '~' */
    NAME_TOO_MANY_TAGS,
};
const char *name_fault_text(enum name_fault fault); /* a short reason for people and counters */

/* Writes the canonical form of raw into out (NAME_BYTES_MAX + 1 bytes) and its length; accepts
 * "name;k=v" and, in a name without ';', OpenMetrics "name{k="v"}". The same tag twice: the last one
 * counts; a tag "name" is dropped, for that is the path. On a fault out may hold anything. */
MUST_CHECK enum name_fault name_normalise(struct str raw, char *out, size_t *out_n);

/* True if name_normalise would take the bytes and change nothing; cheaper, nothing is copied. */
bool name_is_canonical(struct str raw);

/* A series' name, and the one that it is to have. */
struct name_change {
    struct str from, to;
};

/* Tags of a canonical name, "name" first, in the arena (strings copied). */
size_t name_tags(const char *canonical, struct arena *arena, struct tag **out);
/* The part before the first ';'. */
struct str name_path(const char *canonical);
