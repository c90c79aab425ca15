/* JSON out, straight into a buf: no tree is ever built. Commas are placed by the writer.
 *   jsonw_object(&w); jsonw_key(&w, "target"); jsonw_text(&w, name); jsonw_end(&w);
 * JSON in is jansson. One thread. */
#pragma once

#include "base/buf.h"

enum { JSONW_DEPTH_MAX = 32 };

struct jsonw {
    struct buf *out;
    unsigned depth;
    unsigned indent; /* 0: one line; else spaces a level */
    bool has_item[JSONW_DEPTH_MAX];
    bool is_array[JSONW_DEPTH_MAX];
    bool after_key;
};

void jsonw_init(struct jsonw *json, struct buf *out, unsigned indent);
void jsonw_object(struct jsonw *json);
void jsonw_array(struct jsonw *json);
void jsonw_end(struct jsonw *json); /* closes the innermost object or array */
void jsonw_key(struct jsonw *json, const char *key);
void jsonw_text(struct jsonw *json, const char *text); /* NULL writes null; bad UTF-8 is replaced */
void jsonw_textn(struct jsonw *json, const char *text, size_t n);
void jsonw_f64(struct jsonw *json, double value); /* NaN: null; infinities: 1e9999, -1e9999 */
void jsonw_i64(struct jsonw *json, int64_t value);
void jsonw_bool(struct jsonw *json, bool value);
void jsonw_null(struct jsonw *json);
void jsonw_raw(struct jsonw *json, const char *text); /* one value, already JSON */

/* jsonw_key and the value. */
void jsonw_put_text(struct jsonw *json, const char *key, const char *text);
void jsonw_put_f64(struct jsonw *json, const char *key, double value);
void jsonw_put_i64(struct jsonw *json, const char *key, int64_t value);
void jsonw_put_bool(struct jsonw *json, const char *key, bool value);
/* Milliseconds since 1970 as seconds with what is left behind the point; null for 0, which is no time. */
void jsonw_put_time(struct jsonw *json, const char *key, int64_t ms);
