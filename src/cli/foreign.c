#include "cli/foreign.h"

#include <jansson.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/str.h"
#include "model/change.h"

static bool is_service(const char *text)
{
    return text[0] && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._/-") == strlen(text);
}

/* Graphite's tags are a text with blanks between them, or a list. */
static json_t *tag_list(const json_t *tags)
{
    json_t *list = json_array();
    struct str rest = str_of(json_is_string(tags) ? json_string_value(tags) : ""), piece;
    while (rest.n && str_split(&rest, ' ', &piece))
        if (piece.n)
            json_array_append_new(list, json_stringn(piece.at, piece.n));
    for (size_t i = 0; i < json_array_size(tags); i++)
        if (json_is_string(json_array_get(tags, i)))
            json_array_append(list, json_array_get(tags, i));
    return list;
}

static bool is_first(const json_t *tags, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (json_equal(json_array_get(tags, k), json_array_get(tags, i)))
            return false;
    return true;
}

/* As a posted event's: "deploy website" name a kind and a service; anything else is a note. */
static void write_tags(struct jsonw *json, const json_t *tags)
{
    enum change_kind kind = CHANGE_NOTE, other;
    const char *service = NULL;
    bool has_kind = false;
    for (size_t i = 0; i < json_array_size(tags); i++) {
        const char *tag = json_string_value(json_array_get(tags, i));
        if (change_kind_parse(str_of(tag), &other)) {
            kind = has_kind ? kind : other;
            has_kind = true;
        } else if (!service && is_service(tag)) {
            service = tag;
        }
    }
    jsonw_put_text(json, "kind", change_kind_name(kind));
    if (service)
        jsonw_put_text(json, "service", service);
    jsonw_key(json, "tags");
    jsonw_object(json);
    for (size_t i = 0; i < json_array_size(tags); i++)
        if (is_first(tags, i))
            jsonw_put_text(json, json_string_value(json_array_get(tags, i)), "");
    jsonw_end(json);
}

/* What the two have in common. */
struct event {
    const char *source, *what, *data, *by;
    double start_s, end_s;
    const json_t *id, *tags;
};

static void write_event(const struct event *event, struct buf *out)
{
    json_auto_t *tags = tag_list(event->tags);
    CLEANUP(buf_done) struct buf key;
    struct jsonw json;
    buf_init(&key, 256);
    if (json_is_string(event->id))
        buf_printf(&key, "%.100s", json_string_value(event->id));
    else
        buf_add_i64(&key, json_integer_value(event->id));
    buf_add_char(&key, '/');
    buf_add_f64(&key, event->start_s);
    jsonw_init(&json, out, 0);
    jsonw_object(&json);
    jsonw_put_bool(&json, "posted", true);
    jsonw_put_text(&json, "source", event->source);
    if (event->id)
        jsonw_put_text(&json, "key", buf_text(&key));
    jsonw_put_text(&json, "msg", event->what);
    if (event->data)
        jsonw_put_text(&json, "data", event->data);
    if (event->by)
        jsonw_put_text(&json, "by", event->by);
    jsonw_put_f64(&json, "start", event->start_s);
    jsonw_put_f64(&json, "end", event->end_s);
    jsonw_put_text(&json, "status", "succeeded");
    write_tags(&json, tags);
    jsonw_end(&json);
}

/* {"id","what","when","tags","data"} */
static bool is_graphite(const json_t *item)
{
    return json_is_string(json_object_get(item, "what")) &&
           json_is_number(json_object_get(item, "when"));
}

static void write_graphite(const json_t *item, struct buf *out)
{
    const double when_s = json_number_value(json_object_get(item, "when"));
    const struct event event = {.source = "events",
                                .what = json_string_value(json_object_get(item, "what")),
                                .data = json_string_value(json_object_get(item, "data")),
                                .start_s = when_s,
                                .end_s = when_s,
                                .id = json_object_get(item, "id"),
                                .tags = json_object_get(item, "tags")};
    write_event(&event, out);
}

/* {"id","time","timeEnd","text","tags","login"}, times in milliseconds. */
static bool is_grafana(const json_t *item)
{
    return json_is_string(json_object_get(item, "text")) &&
           json_is_number(json_object_get(item, "time"));
}

static void write_grafana(const json_t *item, struct buf *out)
{
    const double start_s = json_number_value(json_object_get(item, "time")) / 1000.0;
    const double end_s = json_number_value(json_object_get(item, "timeEnd")) / 1000.0;
    const struct event event = {.source = "grafana",
                                .what = json_string_value(json_object_get(item, "text")),
                                .by = json_string_value(json_object_get(item, "login")),
                                .start_s = start_s,
                                .end_s = end_s > start_s ? end_s : start_s,
                                .id = json_object_get(item, "id"),
                                .tags = json_object_get(item, "tags")};
    write_event(&event, out);
}

static int add_bytes(const char *bytes, size_t n, void *self)
{
    struct buf *out = self;
    buf_add(out, bytes, n);
    return out->is_full ? -1 : 0;
}

bool foreign_lines(const char *json, size_t n, struct buf *out, struct err *err)
{
    json_error_t why;
    json_auto_t *root = json_loadb(json, n, 0, &why);
    if (!root)
        return FAIL(err, ERR_INPUT, "not JSON: line %d, column %d: %s", why.line, why.column,
                    why.text);
    if (!json_is_array(root))
        return FAIL(err, ERR_INPUT, "not a JSON array");
    for (size_t i = 0; i < json_array_size(root) && !out->is_full; i++) {
        const json_t *item = json_array_get(root, i);
        if (is_graphite(item))
            write_graphite(item, out);
        else if (is_grafana(item))
            write_grafana(item, out);
        else
            (void)json_dump_callback(item, add_bytes, out,
                                     JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        buf_add_char(out, '\n');
    }
    return !out->is_full || FAIL(err, ERR_LIMIT, "too many events at once");
}
