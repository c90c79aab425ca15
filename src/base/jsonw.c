#include "base/jsonw.h"

#include <math.h>
#include <string.h>

#include "base/str.h"

void jsonw_init(struct jsonw *json, struct buf *out, unsigned indent)
{
    *json = (struct jsonw){.out = out, .indent = indent};
}

static void new_line(struct jsonw *json)
{
    static const char blanks[] = "                ";
    if (json->indent == 0)
        return;

    buf_add_char(json->out, '\n');
    for (size_t left = (size_t)json->depth * json->indent; left;) {
        const size_t n = min_size(left, sizeof(blanks) - 1);
        buf_add(json->out, blanks, n);
        left -= n;
    }
}

/* What goes before a value or a key: the comma, and the line break when there is one. */
static void before_item(struct jsonw *json)
{
    if (json->depth == 0)
        return;
    bool *has_item = &json->has_item[json->depth - 1];
    if (*has_item)
        buf_add_char(json->out, ',');
    *has_item = true;
    new_line(json);
}

static void before_value(struct jsonw *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    const bool wants_key = json->depth && !json->is_array[json->depth - 1];
    BUG_IF(wants_key);
    before_item(json);
}

static void open_item(struct jsonw *json, bool is_array)
{
    before_value(json);
    BUG_IF(json->depth == JSONW_DEPTH_MAX);
    json->has_item[json->depth] = false;
    json->is_array[json->depth] = is_array;
    json->depth++;
    buf_add_char(json->out, is_array ? '[' : '{');
}

void jsonw_object(struct jsonw *json)
{
    open_item(json, false);
}

void jsonw_array(struct jsonw *json)
{
    open_item(json, true);
}

void jsonw_end(struct jsonw *json)
{
    BUG_IF(json->depth == 0);
    BUG_IF(json->after_key);
    json->depth--;
    if (json->has_item[json->depth])
        new_line(json);
    buf_add_char(json->out, json->is_array[json->depth] ? ']' : '}');
}

/* An ASCII byte that may not stand in a JSON text as it is. */
static bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

static void add_escape(struct buf *out, unsigned char c)
{
    static const char names[] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r',
                                 ['\t'] = 't', ['"'] = '"',  ['\\'] = '\\'};
    static const char hex[] = "0123456789abcdef";
    if (names[c]) {
        buf_add(out, (const char[]){'\\', names[c]}, 2);
        return;
    }
    buf_add(out, (const char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
}

/* One character beyond ASCII. U+2028 and U+2029 end a line in older JavaScript: JSONP must not hold
 * them bare. */
static size_t add_wide(struct buf *out, const char *text, size_t n)
{
    const size_t step = text_utf8_bytes(text, n);
    if (step == 0) {
        buf_add(out, "\xEF\xBF\xBD", 3); /* U+FFFD */
        return 1;
    }
    const bool ends_line =
        step == 3 && (memcmp(text, "\xE2\x80\xA8", 3) == 0 || memcmp(text, "\xE2\x80\xA9", 3) == 0);
    if (ends_line)
        buf_add(out, (unsigned char)text[2] == 0xA8 ? "\\u2028" : "\\u2029", 6);
    else
        buf_add(out, text, step);
    return step;
}

static void add_quoted(struct buf *out, const char *text, size_t n)
{
    buf_add_char(out, '"');
    size_t plain_at = 0, i = 0;
    while (i < n) {
        const unsigned char c = (unsigned char)text[i];
        if (c < 0x80 && !needs_escape(c)) {
            i++;
            continue;
        }
        buf_add(out, text + plain_at, i - plain_at);
        if (c < 0x80) {
            add_escape(out, c);
            i++;
        } else {
            i += add_wide(out, text + i, n - i);
        }
        plain_at = i;
    }
    buf_add(out, text + plain_at, n - plain_at);
    buf_add_char(out, '"');
}

void jsonw_key(struct jsonw *json, const char *key)
{
    BUG_IF(json->depth == 0);
    BUG_IF(json->is_array[json->depth - 1]);
    BUG_IF(json->after_key);
    before_item(json);
    add_quoted(json->out, key, strlen(key));
    buf_add_char(json->out, ':');
    if (json->indent)
        buf_add_char(json->out, ' ');
    json->after_key = true;
}

void jsonw_text(struct jsonw *json, const char *text)
{
    if (text)
        jsonw_textn(json, text, strlen(text));
    else
        jsonw_null(json);
}

void jsonw_textn(struct jsonw *json, const char *text, size_t n)
{
    before_value(json);
    add_quoted(json->out, text, n);
}

void jsonw_f64(struct jsonw *json, double value)
{
    if (isfinite(value)) {
        before_value(json);
        buf_add_f64(json->out, value);
    } else {
        jsonw_raw(json, isnan(value) ? "null" : value < 0 ? "-1e9999" : "1e9999");
    }
}

void jsonw_i64(struct jsonw *json, int64_t value)
{
    before_value(json);
    buf_add_i64(json->out, value);
}

void jsonw_bool(struct jsonw *json, bool value)
{
    jsonw_raw(json, value ? "true" : "false");
}

void jsonw_null(struct jsonw *json)
{
    jsonw_raw(json, "null");
}

void jsonw_raw(struct jsonw *json, const char *text)
{
    before_value(json);
    buf_add_str(json->out, text);
}

void jsonw_put_text(struct jsonw *json, const char *key, const char *text)
{
    jsonw_key(json, key);
    jsonw_text(json, text);
}

void jsonw_put_f64(struct jsonw *json, const char *key, double value)
{
    jsonw_key(json, key);
    jsonw_f64(json, value);
}

void jsonw_put_i64(struct jsonw *json, const char *key, int64_t value)
{
    jsonw_key(json, key);
    jsonw_i64(json, value);
}

void jsonw_put_bool(struct jsonw *json, const char *key, bool value)
{
    jsonw_key(json, key);
    jsonw_bool(json, value);
}

void jsonw_put_time(struct jsonw *json, const char *key, int64_t ms)
{
    jsonw_key(json, key);
    if (ms)
        jsonw_f64(json, (double)ms / 1000.0);
    else
        jsonw_null(json);
}
