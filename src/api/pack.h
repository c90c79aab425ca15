/* Values as pickle (protocol 2, without memo and classes: every Python reads it, and Graphite's safe
 * unpickler) or as msgpack. Lists and maps say how many items follow; pickle needs their end too.
 *   pack_map(&p, 1); pack_text(&p, "step"); pack_i64(&p, 60); pack_end(&p);
 * One thread. */
#pragma once

#include "base/buf.h"

enum pack_form { PACK_PICKLE, PACK_MSGPACK };
enum { PACK_DEPTH_MAX = 8 };

struct pack {
    struct buf *out;
    enum pack_form form;
    unsigned depth;
    bool is_map[PACK_DEPTH_MAX];
};

void pack_begin(struct pack *pack, struct buf *out, enum pack_form form);
void pack_finish(struct pack *pack); /* after the one value */

void pack_list(struct pack *pack, size_t n);
void pack_map(struct pack *pack, size_t n);          /* n keys and values by turns follow */
void pack_end(struct pack *pack);                    /* of the innermost list or map */
void pack_text(struct pack *pack, const char *text); /* bad UTF-8 is replaced */
void pack_i64(struct pack *pack, int64_t value);
void pack_f64(struct pack *pack, double value); /* a gap: None, nil */
void pack_bool(struct pack *pack, bool value);
/* A tuple of two whole numbers (in msgpack, a list). */
void pack_pair(struct pack *pack, int64_t first, int64_t second);

const char *pack_content_type(enum pack_form form);
