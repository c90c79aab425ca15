#include "api/change_json.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "model/verdict_read.h"
#include "model/verdict_write.h"

struct text_field {
    const char *name;
    size_t at;
    bool is_outward_only; /* the ledger's to say */
    bool is_any_json;     /* kept as text */
};

#define TEXT(name, member, out)                                                                    \
    {                                                                                              \
        name, offsetof(struct change, member), out, false                                          \
    }
#define JSON(name, member)                                                                         \
    {                                                                                              \
        name, offsetof(struct change, member), false, true                                         \
    }
/* In the order they are written; kind comes after key. */
static const struct text_field texts[] = {
    TEXT("action", action, false), TEXT("service", service, false),
    TEXT("env", env, false),       TEXT("rev", rev, false),
    TEXT("prev", prev, false),     TEXT("by", by, false),
    TEXT("msg", msg, false),       TEXT("url", url, false),
    TEXT("diff", diff, false),     TEXT("parent", parent, false),
    TEXT("of", of, false),         JSON("scope", scope),
    JSON("old", old_value),        JSON("new", new_value),
    TEXT("source", source, false), TEXT("key", key, false),
    TEXT("id", id, true),          TEXT("data", data, false),
};
enum {
    N_WRITTEN_IN_ORDER = 14, /* those before source */
    TTL_S_MAX = 366 * 86400, /* of what takes a year, the end is not lost but forgotten */
};

static const char **text_at(struct change *change, const struct text_field *field)
{
    return (const char **)(void *)((char *)change + field->at);
}

static void write_tags(struct jsonw *json, const struct change *change)
{
    jsonw_key(json, "tags");
    jsonw_object(json);
    for (size_t i = 0; i < change->n_tags; i++) {
        bool is_repeat = false;
        for (size_t k = 0; k < i && !is_repeat; k++)
            is_repeat = strcmp(change->tags[k].key, change->tags[i].key) == 0;
        if (is_repeat)
            continue;
        jsonw_put_text(json, change->tags[i].key, change->tags[i].value);
    }
    jsonw_end(json);
}

/* Through which other doors it came, as the ledger knows them. */
static void write_also(struct jsonw *json, const struct change *change)
{
    jsonw_key(json, "also");
    jsonw_array(json);
    for (size_t i = 0; i < change->n_also; i++) {
        jsonw_object(json);
        jsonw_put_text(json, "source", change->also[i].source);
        jsonw_put_text(json, "key", change->also[i].key);
        jsonw_end(json);
    }
    jsonw_end(json);
}

/* In short; null before it was judged. */
static void write_verdict(struct jsonw *json, const struct verdict *verdict)
{
    jsonw_key(json, "verdict");
    if (verdict)
        verdict_write_summary(json, verdict);
    else
        jsonw_null(json);
}

static void write_members(struct jsonw *json, const struct change *change)
{
    struct change copy = *change; /* only read, through the table */
    jsonw_put_text(json, "id", change->id);
    jsonw_put_text(json, "key", change->key);
    jsonw_put_text(json, "kind", change_kind_name(change->kind));
    for (size_t i = 0; i < N_WRITTEN_IN_ORDER; i++) {
        jsonw_put_text(json, texts[i].name, *text_at(&copy, &texts[i]));
    }
    jsonw_put_time(json, "start", change->start_ms);
    jsonw_put_time(json, "end", change->end_ms);
    jsonw_put_text(json, "status", change_status_name(change->status));
    write_tags(json, change);
    jsonw_put_f64(json, "value", change->value);
    write_verdict(json, change->verdict);
    jsonw_put_text(json, "source", change->source);
    write_also(json, change);
    jsonw_put_time(json, "received", change->received_ms);
    jsonw_put_f64(json, "skew", (double)change->skew_ms / 1000.0);
    jsonw_put_i64(json, "edits", change->n_edits);
    jsonw_put_bool(json, "retracted", change->is_retracted);
    jsonw_put_i64(json, "seq", (int64_t)change->seq);
}

void change_json_write(struct jsonw *json, const struct change *change)
{
    jsonw_object(json);
    write_members(json, change);
    jsonw_end(json);
}

void change_json_write_whole(struct jsonw *json, const struct change *change)
{
    jsonw_object(json);
    write_members(json, change);
    jsonw_put_time(json, "ttl", change->ttl_ms);
    jsonw_put_bool(json, "posted", change->is_posted);
    jsonw_put_text(json, "data", change->data);
    jsonw_end(json);
}

bool change_json_time(const char *field, double value, int64_t *out_ms, struct err *err)
{
    if (!isfinite(value) || fabs(value) > 4e18)
        return FAIL(err, ERR_INPUT, "%s is not a time", field);
    *out_ms = (int64_t)(fabs(value) < 1e11 ? llround(value * 1000.0) : llround(value));
    return true;
}

bool change_json_kind(const char *text, enum change_kind *out, struct err *err)
{
    if (change_kind_parse(str_of(text), out))
        return true;
    CLEANUP(buf_done) struct buf names;
    buf_init(&names, 256);
    for (int i = 0; i < CHANGE_KINDS; i++)
        buf_printf(&names, "%s%s", i ? ", " : "", change_kind_name((enum change_kind)i));
    err_set(err, ERR_INPUT, "kind '%.50s' is not known", text);
    err_hint(err, "one of %s", buf_text(&names));
    return false;
}

/* One member of the object. */
struct member {
    const char *key;
    const json_t *value;
};

/* now, and ttl: a length. *out_is_known false: it is neither. */
static bool read_clock(const struct member *m, struct change *io, bool *out_is_known,
                       struct err *err)
{
    const bool is_ttl = strcmp(m->key, "ttl") == 0;
    *out_is_known = is_ttl || strcmp(m->key, "now") == 0;
    if (!*out_is_known || json_is_null(m->value))
        return true;
    if (!json_is_number(m->value))
        return FAIL(err, ERR_INPUT, "%s is not a number of seconds", m->key);
    const double seconds = json_number_value(m->value);
    if (!is_ttl)
        return change_json_time(m->key, seconds, &io->sent_ms, err);
    if (!(seconds >= 0.0 && seconds <= TTL_S_MAX))
        return FAIL(err, ERR_INPUT, "ttl is not between 0 and %d seconds", TTL_S_MAX);
    io->ttl_ms = llround(seconds * 1000.0);
    return true;
}

static bool read_special(const struct member *m, struct change *io, bool *out_is_known,
                         struct err *err)
{
    const char *text = json_string_value(m->value);
    *out_is_known = true;
    if (strcmp(m->key, "kind") == 0)
        return change_json_kind(text ? text : "?", &io->kind, err);
    if (strcmp(m->key, "status") == 0)
        return (text && change_status_parse(text, &io->status)) ||
               FAIL(err, ERR_INPUT, "status '%.50s' is not known", text ? text : "?");
    bool is_start = strcmp(m->key, "start") == 0 || strcmp(m->key, "at") == 0;
    if (is_start || strcmp(m->key, "end") == 0) {
        if (json_is_null(m->value))
            return true;
        if (!json_is_number(m->value))
            return FAIL(err, ERR_INPUT, "%s is not a number of seconds", m->key);
        return change_json_time(m->key, json_number_value(m->value),
                                is_start ? &io->start_ms : &io->end_ms, err);
    }
    if (strcmp(m->key, "value") == 0 && json_is_number(m->value)) {
        io->value = json_number_value(m->value);
        return true;
    }
    return read_clock(m, io, out_is_known, err);
}

static bool add_tag(struct change *io, const char *key, const json_t *value, struct arena *arena,
                    struct err *err)
{
    const char *text = json_string_value(value);
    char number[NUM_TEXT_MAX];
    if (json_is_number(value)) {
        num_format_short(number, json_number_value(value));
        text = number;
    } else if (json_is_boolean(value)) {
        text = json_is_true(value) ? "true" : "false";
    }
    if (!text)
        return FAIL(err, ERR_INPUT, "tags: '%.50s' is neither text nor number", key);
    if (io->n_tags == CHANGE_TAGS_MAX)
        return FAIL(err, ERR_INPUT, "tags: more than %d", CHANGE_TAGS_MAX);
    io->tags[io->n_tags++] = (struct tag){arena_strdup(arena, key), arena_strdup(arena, text)};
    return true;
}

static bool read_tags(const json_t *tags, struct change *io, struct arena *arena, struct err *err)
{
    if (json_is_null(tags))
        return true;
    if (!json_is_object(tags))
        return FAIL(err, ERR_INPUT, "tags is not an object of texts");
    json_t *mutable_tags = (json_t *)(uintptr_t)tags; /* jansson's iterators take no const */
    for (void *at = json_object_iter(mutable_tags); at;
         at = json_object_iter_next(mutable_tags, at))
        if (!add_tag(io, json_object_iter_key(at), json_object_iter_value(at), arena, err))
            return false;
    return true;
}

/* Keys that change_json_write writes and the ledger decides: accepted back, and ignored. */
static bool is_ledgers(const char *key)
{
    static const char *const keys[] = {"id",    "received", "seq",       "skew",    "also",
                                       "edits", "verdict",  "retracted", "by_kind", "posted"};
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

/* What a flag or a setting was may be any JSON, and a scope is an object; they are kept as text. */
static bool read_text(const struct member *m, const struct text_field *field, struct arena *arena,
                      const char **out, struct err *err)
{
    if (json_is_string(m->value)) {
        *out = arena_strdup(arena, json_string_value(m->value));
        return true;
    }
    if (!field->is_any_json)
        return FAIL(err, ERR_INPUT, "%s is not a text", m->key);
    char *text = json_dumps(m->value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        return FAIL(err, ERR_INPUT, "%s cannot be kept", m->key);
    *out = arena_strdup(arena, text);
    mem_free(text);
    return true;
}

static bool read_member(const struct member *m, struct change *io, struct arena *arena,
                        struct err *err)
{
    bool is_known = false;
    if (!read_special(m, io, &is_known, err))
        return false;
    if (is_known)
        return true;
    if (strcmp(m->key, "tags") == 0)
        return read_tags(m->value, io, arena, err);
    if (is_ledgers(m->key))
        return true;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (texts[i].is_outward_only || strcmp(texts[i].name, m->key) != 0)
            continue;
        return json_is_null(m->value) ||
               read_text(m, &texts[i], arena, text_at(io, &texts[i]), err);
    }
    if (json_is_null(m->value) || json_is_object(m->value) || json_is_array(m->value))
        return true; /* nothing is refused for being extra */
    return add_tag(io, m->key, m->value, arena, err);
}

bool change_json_read(const char *text, size_t n, struct arena *arena, struct change *io,
                      struct err *err)
{
    json_error_t why;
    json_auto_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return FAIL(err, ERR_INPUT, "the body is not JSON: line %d, column %d: %s", why.line,
                    why.column, why.text);
    if (!json_is_object(root))
        return FAIL(err, ERR_INPUT, "the body is not a JSON object");
    io->tags = arena_array(arena, CHANGE_TAGS_MAX, struct tag);
    io->n_tags = 0;
    for (void *at = json_object_iter(root); at; at = json_object_iter_next(root, at)) {
        const struct member m = {json_object_iter_key(at), json_object_iter_value(at)};
        if (!read_member(&m, io, arena, err))
            return false;
    }
    return true;
}

/* 26 digits of Crockford's base 32. */
static bool is_id(const char *text)
{
    return strlen(text) == 26 && strspn(text, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == 26;
}

static bool read_also(const json_t *also, struct arena *arena, struct change *io, struct err *err)
{
    const size_t n = json_array_size(also);
    if (n > CHANGE_TELLINGS_MAX)
        return FAIL(err, ERR_INPUT, "also: more than %d", CHANGE_TELLINGS_MAX);
    io->also = arena_array(arena, n, struct telling);
    io->n_also = 0;
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(also, i);
        const char *source = json_string_value(json_object_get(item, "source"));
        const char *key = json_string_value(json_object_get(item, "key"));
        if (!source || !key || strlen(source) > CHANGE_FIELD_MAX || strlen(key) > CHANGE_FIELD_MAX)
            return FAIL(err, ERR_INPUT, "also: %zu has no source and key", i + 1);
        io->also[io->n_also++] =
            (struct telling){arena_strdup(arena, source), arena_strdup(arena, key)};
    }
    return true;
}

static void read_verdict(const json_t *summary, struct arena *arena, struct change *io)
{
    struct verdict verdict;
    if (!verdict_read_summary(summary, arena, &verdict))
        return;
    struct verdict *kept = arena_array(arena, 1, struct verdict);
    verdict.change = io->id;
    *kept = verdict;
    io->verdict = kept;
}

bool change_json_read_whole(const char *text, size_t n, struct arena *arena, struct change *io,
                            struct err *err)
{
    if (!change_json_read(text, n, arena, io, err))
        return false;
    json_auto_t *root = json_loadb(text, n, 0, NULL);
    const char *id = json_string_value(json_object_get(root, "id"));
    const json_t *received = json_object_get(root, "received");
    io->is_posted = json_is_true(json_object_get(root, "posted"));
    if (!id)
        return true;
    if (!is_id(id))
        return FAIL(err, ERR_INPUT, "id '%.40s' is none of plumb's", id);
    io->id = arena_strdup(arena, id);
    io->is_retracted = json_is_true(json_object_get(root, "retracted"));
    io->n_edits = (uint32_t)min_i64(max_i64(json_integer_value(json_object_get(root, "edits")), 0),
                                    UINT32_MAX);
    io->skew_ms =
        llround(fmin(fmax(json_number_value(json_object_get(root, "skew")) * 1000.0, -1e15), 1e15));
    if (json_is_number(received) &&
        !change_json_time("received", json_number_value(received), &io->received_ms, err))
        return false;
    read_verdict(json_object_get(root, "verdict"), arena, io);
    return read_also(json_object_get(root, "also"), arena, io, err);
}
