/* Query strings and urlencoded bodies as lists of fields. Lenient, as the clients of Graphite need:
 * a '%' that begins no escape stands for itself, braces and commas may come unencoded. Pure. */
#pragma once

#include "base/arena.h"
#include "http/http.h"

struct form {
    struct http_field *fields;
    size_t n, cap;
};

enum { FORM_FIELDS_MAX = 10000 }; /* a dashboard of 1,000 targets has a tenth of it */

/* Appends the fields of "a=b&c=d" (n bytes). False: more than FORM_FIELDS_MAX. */
MUST_CHECK bool form_parse(struct form *form, const char *text, size_t n, struct arena *arena);
/* The path of a request target ("/a%20b?x" → "/a b"), and its query ("x" or ""). */
const char *form_path(struct arena *arena, const char *target, const char **out_query);
