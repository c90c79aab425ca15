#include "cli/record.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "model/verdict_read.h"

enum {
    CHANGES_MAX = 20000, /* in one answer; the server's own limit is 10,000 */
    ID_BYTES_MAX = 64,   /* a ULID has 26 */
};

static void write_text(struct jsonw *json, const char *key, const char *text)
{
    if (!text[0])
        return;
    jsonw_put_text(json, key, text);
}

static void write_tags(struct jsonw *json, const struct change *change)
{
    if (!change->n_tags)
        return;
    jsonw_key(json, "tags");
    jsonw_object(json);
    for (size_t i = 0; i < change->n_tags; i++) {
        jsonw_put_text(json, change->tags[i].key, change->tags[i].value);
    }
    jsonw_end(json);
}

void record_write(const struct change *change, struct buf *out)
{
    struct jsonw json;
    jsonw_init(&json, out, 0);
    jsonw_object(&json);
    write_text(&json, "key", change->key);
    write_text(&json, "source", change->source);
    write_text(&json, "kind", change_kind_name(change->kind));
    write_text(&json, "action", change->action);
    write_text(&json, "service", change->service);
    write_text(&json, "env", change->env);
    write_text(&json, "rev", change->rev);
    write_text(&json, "by", change->by);
    write_text(&json, "msg", change->msg);
    write_text(&json, "url", change->url);
    write_text(&json, "of", change->of);
    write_text(&json, "data", change->data);
    if (change->ttl_ms)
        jsonw_put_f64(&json, "ttl", (double)change->ttl_ms / 1000.0);
    write_text(&json, "old", change->old_value);
    write_text(&json, "new", change->new_value);
    jsonw_put_time(&json, "start", change->start_ms);
    jsonw_put_time(&json, "end", change->end_ms);
    write_text(&json, "status", change_status_name(change->status));
    write_tags(&json, change);
    jsonw_end(&json);
}

bool record_is_whole(const char *bytes, size_t n)
{
    json_auto_t *root = n ? json_loadb(bytes, n, 0, NULL) : NULL;
    return json_is_object(root) && json_is_string(json_object_get(root, "kind"));
}

/* An id goes into URLs, environments and scripts. */
static bool is_id(const char *text)
{
    static const char letters[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";
    const size_t n = strlen(text);
    return n > 0 && n <= ID_BYTES_MAX && strspn(text, letters) == n;
}

bool record_id(const char *json, size_t n, struct arena *arena, const char **out, struct err *err)
{
    json_auto_t *root = json_loadb(json, n, 0, NULL);
    const char *id = json_string_value(json_object_get(root, "id"));
    if (!id || !is_id(id))
        return FAIL(err, ERR_INPUT, "the answer holds no id of a change");
    *out = arena_strdup(arena, id);
    return true;
}

static const char *text_of(const json_t *object, const char *key, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? arena_strdup(arena, text) : "";
}

static int64_t time_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    const double seconds = json_number_value(value); /* 0 for what is no number */
    if (!(seconds > 0.0) || seconds > 4294967296.0)
        return 0;
    return llround(seconds * 1000.0);
}

static void read_tags(json_t *tags, struct arena *arena, struct change *out)
{
    const size_t n = min_size(json_object_size(tags), CHANGE_TAGS_MAX);
    out->tags = arena_array(arena, n, struct tag);
    for (void *at = json_object_iter(tags); at && out->n_tags < n;
         at = json_object_iter_next(tags, at)) {
        const char *value = json_string_value(json_object_iter_value(at));
        out->tags[out->n_tags++] = (struct tag){arena_strdup(arena, json_object_iter_key(at)),
                                                value ? arena_strdup(arena, value) : ""};
    }
}

static void read_also(const json_t *also, struct arena *arena, struct change *out)
{
    const size_t n = min_size(json_array_size(also), CHANGE_TELLINGS_MAX);
    out->also = arena_array(arena, n, struct telling);
    for (size_t i = 0; i < n; i++) {
        const json_t *telling = json_array_get(also, i);
        out->also[out->n_also++] =
            (struct telling){text_of(telling, "source", arena), text_of(telling, "key", arena)};
    }
}

/* What only the whole of a change has, or the ledger says. */
static void read_rest(const json_t *object, struct arena *arena, struct change *out)
{
    out->parent = text_of(object, "parent", arena);
    out->of = text_of(object, "of", arena);
    out->old_value = text_of(object, "old", arena);
    out->new_value = text_of(object, "new", arena);
    out->data = text_of(object, "data", arena);
    out->received_ms = time_of(object, "received");
    const double skew_s = json_number_value(json_object_get(object, "skew"));
    out->skew_ms = fabs(skew_s) < 1e9 ? llround(skew_s * 1000.0) : 0;
    out->n_edits = (uint32_t)json_integer_value(json_object_get(object, "edits"));
    out->is_retracted = json_is_true(json_object_get(object, "retracted"));
    read_also(json_object_get(object, "also"), arena, out);
    struct verdict *verdict = arena_array(arena, 1, struct verdict);
    if (verdict_read_summary(json_object_get(object, "verdict"), arena, verdict))
        out->verdict = verdict;
}

static struct change change_of(const json_t *object, struct arena *arena)
{
    struct change c = change_blank();
    const char *kind = text_of(object, "kind", arena);
    if (!change_kind_parse(str_of(kind), &c.kind))
        c.kind = CHANGE_NOTE; /* a newer server's */
    if (!change_status_parse(text_of(object, "status", arena), &c.status))
        c.status = STATUS_UNKNOWN;
    c.id = text_of(object, "id", arena);
    c.key = text_of(object, "key", arena);
    c.action = text_of(object, "action", arena);
    c.service = text_of(object, "service", arena);
    c.env = text_of(object, "env", arena);
    c.rev = text_of(object, "rev", arena);
    c.prev = text_of(object, "prev", arena);
    c.by = text_of(object, "by", arena);
    c.msg = text_of(object, "msg", arena);
    c.url = text_of(object, "url", arena);
    c.diff = text_of(object, "diff", arena);
    c.source = text_of(object, "source", arena);
    c.start_ms = time_of(object, "start");
    c.end_ms = time_of(object, "end");
    const json_t *value = json_object_get(object, "value");
    if (json_is_number(value))
        c.value = json_number_value(value);
    read_tags(json_object_get(object, "tags"), arena, &c);
    read_rest(object, arena, &c);
    return c;
}

static bool is_list(const json_t *value)
{
    bool is_ok = json_is_array(value);
    for (size_t i = 0; is_ok && i < json_array_size(value); i++)
        is_ok = json_is_object(json_array_get(value, i));
    return is_ok;
}

static bool list_of(const json_t *value, struct arena *arena, struct change_list *out,
                    struct err *err)
{
    if (!is_list(value))
        return FAIL(err, ERR_INPUT, "the server's answer is no list of changes");
    const size_t n_items = json_array_size(value);
    if (n_items > CHANGES_MAX)
        return FAIL(err, ERR_LIMIT, "the server's answer holds %zu changes; at most %d are taken",
                    n_items, CHANGES_MAX);
    struct change_list list = {.items = arena_array(arena, n_items, struct change)};
    for (size_t i = 0; i < n_items; i++)
        list.items[list.n++] = change_of(json_array_get(value, i), arena);
    list.cap = n_items;
    *out = list;
    return true;
}

bool record_list(const char *json, size_t n, struct arena *arena, struct change_list *out,
                 struct err *err)
{
    json_auto_t *root = n ? json_loadb(json, n, 0, NULL) : NULL;
    return list_of(root, arena, out, err);
}

bool record_list_in(const char *json, size_t n, const char *key, struct arena *arena,
                    struct change_list *out, struct err *err)
{
    json_auto_t *root = n ? json_loadb(json, n, 0, NULL) : NULL;
    return list_of(json_object_get(root, key), arena, out, err);
}

bool record_one(const char *json, size_t n, struct arena *arena, struct change *out,
                struct err *err)
{
    json_auto_t *root = n ? json_loadb(json, n, 0, NULL) : NULL;
    if (!json_is_object(root))
        return FAIL(err, ERR_INPUT, "the server's answer is no change");
    *out = change_of(root, arena);
    return true;
}

bool record_verdict(const char *json, size_t n, struct arena *arena, struct verdict *out)
{
    json_auto_t *root = n ? json_loadb(json, n, 0, NULL) : NULL;
    const json_t *within = json_object_get(root, "verdict");
    struct err why;
    return verdict_read(json_is_object(within) ? within : root, arena, out, &why);
}

struct change record_of(const json_t *object, struct arena *arena)
{
    return change_of(object, arena);
}

static int add_bytes(const char *bytes, size_t n, void *self)
{
    struct buf *out = self;
    buf_add(out, bytes, n);
    return out->is_full ? -1 : 0;
}

static bool add_line(const json_t *value, bool is_ascii, struct buf *out, struct err *err)
{
    /* 15 digits: a time in ms comes out as it was sent. */
    const size_t flags =
        JSON_COMPACT | JSON_REAL_PRECISION(15) | (is_ascii ? JSON_ENSURE_ASCII : 0);
    if (json_dump_callback(value, add_bytes, out, flags) != 0)
        return FAIL(err, ERR_LIMIT, "the server's answer is too long");
    buf_add_char(out, '\n');
    return true;
}

bool record_lines(const char *json, size_t n, struct record_lines how, struct buf *out,
                  struct err *err)
{
    json_auto_t *root = n ? json_loadb(json, n, 0, NULL) : NULL;
    if (!is_list(root))
        return FAIL(err, ERR_INPUT, "the server's answer is no list of changes");
    for (size_t i = 0; i < min_size(json_array_size(root), how.n_max); i++)
        if (!add_line(json_array_get(root, i), how.is_ascii, out, err))
            return false;
    return true;
}

bool record_line(const char *json, size_t n, bool is_ascii, struct buf *out, struct err *err)
{
    json_auto_t *root = n ? json_loadb(json, n, 0, NULL) : NULL;
    if (!json_is_object(root))
        return FAIL(err, ERR_INPUT, "the server's answer is no object");
    return add_line(root, is_ascii, out, err);
}
