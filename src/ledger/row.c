#include "ledger/row.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <jansson.h>
#include <string.h>

#include "base/jsonw.h"
#include "ledger/summary.h"
#include "model/verdict_read.h"
#include "model/verdict_write.h"

enum { SUMMARY_BYTES_MAX = 64 * 1024 /* longer names of metrics are cut off */ };

/* The text fields in the order they are written. */
struct text_field {
    const char *name;
    size_t at;
};

#define TEXT(name, member)                                                                         \
    {                                                                                              \
        name, offsetof(struct change, member)                                                      \
    }
static const struct text_field texts[] = {
    TEXT("id", id),           TEXT("key", key),       TEXT("action", action),
    TEXT("service", service), TEXT("env", env),       TEXT("rev", rev),
    TEXT("prev", prev),       TEXT("by", by),         TEXT("msg", msg),
    TEXT("data", data),       TEXT("url", url),       TEXT("diff", diff),
    TEXT("parent", parent),   TEXT("of", of),         TEXT("scope", scope),
    TEXT("old", old_value),   TEXT("new", new_value), TEXT("source", source),
};

static const char *text_of(const struct change *change, const struct text_field *field)
{
    const char *text;
    memcpy(&text, (const char *)change + field->at, sizeof text);
    return text ? text : "";
}

static void set_text(struct change *change, const struct text_field *field, const char *text)
{
    memcpy((char *)change + field->at, &text, sizeof text);
}

static void number(struct jsonw *json, const char *key, int64_t value)
{
    if (value == 0)
        return;
    jsonw_put_i64(json, key, value);
}

static void encode_tags(struct jsonw *json, const struct change *change)
{
    if (change->n_tags == 0)
        return;
    jsonw_key(json, "tags");
    jsonw_array(json); /* pairs, not an object: a posted event may repeat a tag */
    for (size_t i = 0; i < change->n_tags; i++) {
        jsonw_array(json);
        jsonw_text(json, change->tags[i].key);
        jsonw_text(json, change->tags[i].value);
        jsonw_end(json);
    }
    jsonw_end(json);
}

static void encode_also(struct jsonw *json, const struct change *change)
{
    if (change->n_also == 0)
        return;
    jsonw_key(json, "also");
    jsonw_array(json);
    for (size_t i = 0; i < change->n_also; i++) {
        jsonw_array(json);
        jsonw_text(json, change->also[i].source);
        jsonw_text(json, change->also[i].key);
        jsonw_end(json);
    }
    jsonw_end(json);
}

static void encode_summary(struct jsonw *json, const struct verdict *verdict)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, SUMMARY_BYTES_MAX);
    summary_encode(verdict, &text);
    jsonw_put_text(json, "verdict", buf_text(&text));
}

static void encode_change(struct jsonw *json, const struct change *change)
{
    jsonw_put_text(json, "kind", change_kind_name(change->kind));
    jsonw_put_text(json, "status", change_status_name(change->status));
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *text = text_of(change, &texts[i]);
        if (!text[0])
            continue;
        jsonw_put_text(json, texts[i].name, text);
    }
    number(json, "start_ms", change->start_ms);
    number(json, "end_ms", change->end_ms);
    number(json, "received_ms", change->received_ms);
    number(json, "skew_ms", change->skew_ms);
    number(json, "ttl_ms", change->ttl_ms);
    number(json, "edits", change->n_edits);
    jsonw_put_f64(json, "value", change->value);
    if (change->is_posted)
        jsonw_put_bool(json, "posted", true);
    if (change->is_retracted)
        jsonw_put_bool(json, "retracted", true);
    encode_also(json, change);
    encode_tags(json, change);
    if (change->verdict)
        encode_summary(json, change->verdict);
}

static void encode_audit(struct jsonw *json, const struct audit *audit)
{
    jsonw_key(json, "audit");
    jsonw_object(json);
    jsonw_put_text(json, "what", audit->what);
    jsonw_put_text(json, "by", audit->by);
    jsonw_put_text(json, "why", audit->why);
    jsonw_put_text(json, "about", audit->about);
    jsonw_put_i64(json, "at_ms", audit->at_ms);
    jsonw_end(json);
}

void row_encode(const struct change *change, const struct audit *audit, struct buf *out)
{
    struct jsonw json;
    jsonw_init(&json, out, 0);
    jsonw_object(&json);
    if (change)
        encode_change(&json, change);
    if (audit)
        encode_audit(&json, audit);
    jsonw_end(&json);
}

void row_encode_verdict(const struct verdict *verdict, struct buf *out)
{
    struct jsonw json;
    jsonw_init(&json, out, 0);
    jsonw_object(&json);
    jsonw_key(&json, "verdict");
    verdict_write(&json, verdict);
    jsonw_end(&json);
}

bool row_decode_verdict(const char *text, size_t n, struct arena *arena, struct verdict *out,
                        struct err *err)
{
    json_error_t why;
    json_auto_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return FAIL(err, ERR_CORRUPT, "a ledger row is not JSON: %s", why.text);
    struct err own;
    return verdict_read(json_object_get(root, "verdict"), arena, out, &own) ||
           FAIL(err, ERR_CORRUPT, "a ledger row that should hold a verdict: %s", own.text);
}

static const char *pair_text(const json_t *pair, size_t i)
{
    return json_string_value(json_array_get(pair, i));
}

static void decode_tags(const json_t *tags, struct arena *arena, struct change *out)
{
    size_t n = json_array_size(tags), i;
    const json_t *pair;
    out->tags = arena_array(arena, n, struct tag);
    json_array_foreach(tags, i, pair)
    {
        const char *key = pair_text(pair, 0), *value = pair_text(pair, 1);
        if (key && value)
            out->tags[out->n_tags++] =
                (struct tag){arena_strdup(arena, key), arena_strdup(arena, value)};
    }
}

static void decode_also(const json_t *also, struct arena *arena, struct change *out)
{
    size_t n = json_array_size(also), i;
    const json_t *pair;
    out->also = arena_array(arena, n, struct telling);
    json_array_foreach(also, i, pair)
    {
        const char *source = pair_text(pair, 0), *key = pair_text(pair, 1);
        if (source && key)
            out->also[out->n_also++] =
                (struct telling){arena_strdup(arena, source), arena_strdup(arena, key)};
    }
}

static void decode_summary(const char *text, struct arena *arena, struct change *out)
{
    struct verdict verdict;
    if (!text || !summary_decode(str_of(text), arena, &verdict))
        return;
    struct verdict *kept = arena_array(arena, 1, struct verdict);
    verdict.change = out->id;
    *kept = verdict;
    out->verdict = kept;
}

static int64_t integer(const json_t *root, const char *key)
{
    return json_integer_value(json_object_get(root, key));
}

static void decode_fields(const json_t *root, struct arena *arena, struct change *out)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *text = json_string_value(json_object_get(root, texts[i].name));
        set_text(out, &texts[i], text ? arena_strdup(arena, text) : "");
    }
    out->start_ms = integer(root, "start_ms");
    out->end_ms = integer(root, "end_ms");
    out->received_ms = integer(root, "received_ms");
    out->skew_ms = integer(root, "skew_ms");
    out->ttl_ms = integer(root, "ttl_ms");
    out->n_edits = (uint32_t)integer(root, "edits");
    out->value = json_number_value(json_object_get(root, "value"));
    out->is_posted = json_is_true(json_object_get(root, "posted"));
    out->is_retracted = json_is_true(json_object_get(root, "retracted"));
    decode_also(json_object_get(root, "also"), arena, out);
    decode_tags(json_object_get(root, "tags"), arena, out);
    decode_summary(json_string_value(json_object_get(root, "verdict")), arena, out);
}

bool row_decode(const char *text, size_t n, struct arena *arena, struct change *out,
                struct err *err)
{
    json_error_t why;
    json_auto_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(root))
        return FAIL(err, ERR_CORRUPT, "a ledger row is not JSON: %s", why.text);
    struct change change = change_blank();
    const char *kind = json_string_value(json_object_get(root, "kind"));
    const char *status = json_string_value(json_object_get(root, "status"));
    if (!kind || !change_kind_parse(str_of(kind), &change.kind))
        return FAIL(err, ERR_CORRUPT, "a ledger row has no known kind");
    if (!status || !change_status_parse(status, &change.status))
        return FAIL(err, ERR_CORRUPT, "a ledger row has no known status");
    decode_fields(root, arena, &change);
    *out = change;
    return true;
}

bool row_decode_audit(const char *text, size_t n, struct arena *arena, struct audit *out,
                      struct err *err)
{
    json_error_t why;
    json_auto_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(root))
        return FAIL(err, ERR_CORRUPT, "a ledger row is not JSON: %s", why.text);
    const json_t *from = json_object_get(root, "audit");
    const char *const keys[] = {"what", "by", "why", "about"};
    const char **places[] = {&out->what, &out->by, &out->why, &out->about};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const char *value = json_string_value(json_object_get(from, keys[i]));
        *places[i] = value ? arena_strdup(arena, value) : "";
    }
    out->at_ms = integer(from, "at_ms");
    return true;
}

struct change row_copy(const struct change *change, struct arena *arena)
{
    struct change copy = *change;
    copy.verdict = NULL;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *text = text_of(change, &texts[i]);
        set_text(&copy, &texts[i], text[0] ? arena_strdup(arena, text) : "");
    }
    copy.tags = arena_array(arena, change->n_tags, struct tag);
    for (size_t i = 0; i < change->n_tags; i++)
        copy.tags[i] = (struct tag){arena_strdup(arena, change->tags[i].key),
                                    arena_strdup(arena, change->tags[i].value)};
    copy.also = arena_array(arena, change->n_also, struct telling);
    for (size_t i = 0; i < change->n_also; i++)
        copy.also[i] = (struct telling){arena_strdup(arena, change->also[i].source),
                                        arena_strdup(arena, change->also[i].key)};
    return copy;
}

void row_hash(const unsigned char previous[ROW_HASH_BYTES], uint64_t seq, const char *text,
              size_t n, unsigned char out[ROW_HASH_BYTES])
{
    unsigned char number_bytes[8];
    for (int i = 0; i < 8; i++)
        number_bytes[i] = (unsigned char)(seq >> (8 * i));
    gnutls_hash_hd_t hash;
    BUG_IF(gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) != 0);
    BUG_IF(gnutls_hash(hash, previous, ROW_HASH_BYTES) != 0);
    BUG_IF(gnutls_hash(hash, number_bytes, sizeof number_bytes) != 0);
    BUG_IF(gnutls_hash(hash, text, n) != 0);
    gnutls_hash_deinit(hash, out);
}
