/* A change as the JSON that the server takes and gives. */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "model/change.h"

enum { RECORD_BYTES_MAX = 256 * 1024 /* of one change; the server takes no more */ };

/* The body of POST /api/v1/changes. What is not known is left out; times are seconds, an end that
 * has not come is null. */
void record_write(const struct change *change, struct buf *out);
/* Could these bytes have been written by record_write? Enough to keep what is not ours off the
 * wire. */
bool record_is_whole(const char *bytes, size_t n);

/* The id in the answer to a POST, in the arena. err: ERR_INPUT when the answer is something else.
 * */
MUST_CHECK bool record_id(const char *json, size_t n, struct arena *arena, const char **out,
                          struct err *err);

/* The changes in an answer, in its order; strings in the arena. What is missing or of a wrong type
 * is "not known". err: ERR_INPUT when it is no list of objects, ERR_LIMIT when it is too long. */
MUST_CHECK bool record_list(const char *json, size_t n, struct arena *arena,
                            struct change_list *out, struct err *err);
/* The same of a list that is a member of an object; and of an object that is one change. */
MUST_CHECK bool record_list_in(const char *json, size_t n, const char *key, struct arena *arena,
                               struct change_list *out, struct err *err);
MUST_CHECK bool record_one(const char *json, size_t n, struct arena *arena, struct change *out,
                           struct err *err);
/* The verdict in an answer: the object itself, or its member "verdict". False when there is none. */
MUST_CHECK bool record_verdict(const char *json, size_t n, struct arena *arena,
                               struct verdict *out);
/* The same of what was parsed already; of what is no object, nothing is known. */
struct change record_of(const json_t *object, struct arena *arena);
/* The same answer, an object a line; is_ascii: \u escapes for all that is not. n_max objects at
 * most. err: ERR_INPUT */
struct record_lines {
    size_t n_max;
    bool is_ascii;
};
MUST_CHECK bool record_lines(const char *json, size_t n, struct record_lines how, struct buf *out,
                             struct err *err);
/* An answer that is one object, on one line. err: ERR_INPUT */
MUST_CHECK bool record_line(const char *json, size_t n, bool is_ascii, struct buf *out,
                            struct err *err);
