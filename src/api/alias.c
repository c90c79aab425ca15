#include "api/alias.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "api/change_json.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "model/service.h"

enum {
    SHA256_BYTES = 32,
    KEY_BYTES = 8,         /* of a body's hash: repeats of one minute are what it tells apart */
    DATASET_BYTES_MAX = 64 /* of a key */
};

static bool load(const struct alias_body *body, json_t **out, struct err *err)
{
    json_error_t why;
    *out = json_loadb(body->text, body->n, 0, &why);
    if (json_is_object(*out))
        return true;
    return FAIL(err, ERR_INPUT, "the body is not a JSON object: %s",
                *out ? "another kind of value" : why.text);
}

/* ---- fields ---- */

static bool take_text(const json_t *root, const char *key, struct arena *arena, const char **out,
                      struct err *err)
{
    const json_t *value = json_object_get(root, key);
    if (!value || json_is_null(value))
        return true;
    if (!json_is_string(value))
        return FAIL(err, ERR_INPUT, "\"%s\" must be a text", key);
    *out = arena_strdup(arena, json_string_value(value));
    return true;
}

/* 0 is "not given", as it is to those that the scripts were written for. */
static bool take_time(const json_t *root, const char *key, int64_t *out_ms, struct err *err)
{
    const json_t *value = json_object_get(root, key);
    if (!value || json_is_null(value))
        return true;
    if (!json_is_number(value))
        return FAIL(err, ERR_INPUT, "\"%s\" must be a number", key);
    return change_json_time(key, json_number_value(value), out_ms, err);
}

static bool add_tag(struct change *io, const char *key, const char *value, struct err *err)
{
    if (!key[0])
        return true;
    if (io->n_tags == CHANGE_TAGS_MAX)
        return FAIL(err, ERR_INPUT, "\"tags\": more than %d", CHANGE_TAGS_MAX);
    io->tags[io->n_tags++] = (struct tag){key, value};
    return true;
}

/* "env:production" fills a field, "team:web" is a tag with a value, "deploy" one without. */
static bool take_tag(struct change *io, const char *text, struct arena *arena, struct err *err)
{
    const char *colon = strchr(text, ':');
    if (!colon || colon == text || colon[1] == '\0')
        return add_tag(io, arena_strdup(arena, text), "", err);
    static const char *const names[] = {"env", "environment", "service", "rev", "version", "by"};
    const char **places[] = {&io->env, &io->env, &io->service, &io->rev, &io->rev, &io->by};
    const char *key = arena_strndup(arena, text, (size_t)(colon - text));
    const char *value = arena_strdup(arena, colon + 1);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(key, names[i]) != 0)
            continue;
        *places[i] = places[i] == &io->service ? service_slug(value, arena) : value;
        return true;
    }
    return add_tag(io, key, value, err);
}

/* An array of texts, or one text with blanks between them. */
static bool take_tags(const json_t *root, struct change *io, struct arena *arena, struct err *err)
{
    const json_t *tags = json_object_get(root, "tags");
    io->tags = arena_array(arena, CHANGE_TAGS_MAX, struct tag);
    if (!tags || json_is_null(tags))
        return true;
    if (json_is_string(tags)) {
        struct str rest = str_of(json_string_value(tags)), word;
        while (str_split(&rest, ' ', &word))
            if (!take_tag(io, arena_strndup(arena, word.at, word.n), arena, err))
                return false;
        return true;
    }
    if (!json_is_array(tags))
        return FAIL(err, ERR_INPUT, "\"tags\" must be an array of texts");
    for (size_t i = 0; i < json_array_size(tags); i++) {
        const char *text = json_string_value(json_array_get(tags, i));
        if (!text)
            return FAIL(err, ERR_INPUT, "\"tags\" must be an array of texts");
        if (!take_tag(io, text, arena, err))
            return false;
    }
    return true;
}

static bool is_service(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._/-";
    return text[0] && text[strspn(text, allowed)] == '\0';
}

void alias_classify(struct change *io)
{
    io->kind = CHANGE_NOTE;
    for (size_t i = 0; i < io->n_tags; i++)
        if (!io->tags[i].value[0] && change_kind_parse(str_of(io->tags[i].key), &io->kind))
            break;
    enum change_kind other;
    for (size_t i = 0; i < io->n_tags && !io->service[0]; i++)
        if (!io->tags[i].value[0] && !change_kind_parse(str_of(io->tags[i].key), &other) &&
            is_service(io->tags[i].key))
            io->service = io->tags[i].key;
}

/* A marker must never break a deploy: one that names no service is a note. */
static void need_service(struct change *io)
{
    if (!io->service[0] && io->kind != CHANGE_INCIDENT && io->kind != CHANGE_FREEZE)
        io->kind = CHANGE_NOTE;
}

/* ---- what all have in common ---- */

/* The same body within the same minute is a repeat. */
static const char *key_of(const struct alias_body *body, int64_t at_ms, struct arena *arena)
{
    unsigned char hash[SHA256_BYTES];
    char hex[2 * KEY_BYTES + 1];
    BUG_IF(gnutls_hash_fast(GNUTLS_DIG_SHA256, body->text, body->n, hash) != 0);
    text_hex(hex, hash, KEY_BYTES);
    return arena_printf(arena, "%s:%lld", hex, (long long)(at_ms / 60000));
}

/* Without an end it is a point, which a later telling may stretch. */
static void finish(const struct alias_body *body, struct change *io, struct arena *arena)
{
    if (body->is_update)
        return;
    if (!io->start_ms)
        io->start_ms = body->now_ms;
    if (!io->end_ms)
        io->end_ms = io->start_ms;
    io->status = STATUS_SUCCEEDED;
    io->key = key_of(body, io->start_ms, arena);
    need_service(io);
}

/* ---- Grafana ---- */

/* Where it was to be drawn; kept, as nothing is refused for being extra. */
static bool take_place(const json_t *root, struct change *io, struct arena *arena, struct err *err)
{
    static const char *const keys[] = {"dashboardUID", "dashboardId", "panelId"};
    for (size_t i = 0; i < COUNT_OF(keys) && io->n_tags < CHANGE_TAGS_MAX; i++) {
        const json_t *value = json_object_get(root, keys[i]);
        char number[NUM_TEXT_MAX] = "";
        if (json_is_number(value) && json_number_value(value) != 0.0)
            num_format_short(number, json_number_value(value));
        const char *text = json_is_string(value) ? json_string_value(value) : number;
        if (text[0] && !add_tag(io, keys[i], arena_strdup(arena, text), err))
            return false;
    }
    return true;
}

static const char *seconds_warning(const json_t *root, struct arena *arena)
{
    static const char *const keys[] = {"time", "timeEnd"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const double value = json_number_value(json_object_get(root, keys[i]));
        if (value > 0.0 && value < 1e11)
            return arena_printf(arena,
                                "\"%s\" was taken as seconds: in milliseconds, which annotations "
                                "are in, it would lie in 1970",
                                keys[i]);
    }
    return "";
}

bool alias_annotation(const struct alias_body *body, struct arena *arena, struct change *out,
                      const char **out_warning, struct err *err)
{
    json_auto_t *root = NULL;
    struct change change = change_blank();
    change.source = "grafana";
    if (!load(body, &root, err) || !take_text(root, "text", arena, &change.msg, err) ||
        !take_time(root, "time", &change.start_ms, err) ||
        !take_time(root, "timeEnd", &change.end_ms, err) || !take_tags(root, &change, arena, err))
        return false;
    if (!body->is_update && !change.msg[0])
        return FAIL(err, ERR_INPUT, "\"text\" is missing, or empty");
    if (!body->is_update && !take_place(root, &change, arena, err))
        return false;
    alias_classify(&change);
    finish(body, &change, arena);
    *out = change;
    *out_warning = seconds_warning(root, arena);
    return true;
}

bool alias_graphite(const struct alias_body *body, struct arena *arena, struct change *out,
                    struct err *err)
{
    json_auto_t *root = NULL;
    struct change change = change_blank();
    change.source = "grafana";
    if (!load(body, &root, err) || !take_text(root, "what", arena, &change.msg, err) ||
        !take_text(root, "data", arena, &change.data, err) ||
        !take_time(root, "when", &change.start_ms, err) || !take_tags(root, &change, arena, err))
        return false;
    if (!change.msg[0])
        return FAIL(err, ERR_INPUT, "\"what\" is missing, or empty");
    alias_classify(&change);
    finish(body, &change, arena);
    *out = change;
    return true;
}

/* ---- Honeycomb ---- */

/* Types are free words; these are the ones that people write. */
static enum change_kind kind_of_type(const char *type)
{
    static const struct {
        const char *type;
        enum change_kind kind;
    } types[] = {{"deploys", CHANGE_DEPLOY},       {"deployment", CHANGE_DEPLOY},
                 {"release", CHANGE_DEPLOY},       {"rollback", CHANGE_DEPLOY},
                 {"configuration", CHANGE_CONFIG}, {"flags", CHANGE_FLAG},
                 {"feature-flag", CHANGE_FLAG},    {"maintenance", CHANGE_INFRA},
                 {"outage", CHANGE_INCIDENT},      {"incidents", CHANGE_INCIDENT}};
    enum change_kind kind = CHANGE_NOTE;
    if (change_kind_parse(str_of(type), &kind))
        return kind;
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (strcasecmp(types[i].type, type) == 0)
            return types[i].kind;
    return CHANGE_NOTE;
}

bool alias_marker(const struct alias_body *body, const char *dataset, struct arena *arena,
                  struct change *out, struct err *err)
{
    json_auto_t *root = NULL;
    struct change change = change_blank();
    const char *type = "", *color = "";
    change.source = "honeycomb";
    if (!load(body, &root, err) || !take_text(root, "message", arena, &change.msg, err) ||
        !take_text(root, "type", arena, &type, err) ||
        !take_text(root, "url", arena, &change.url, err) ||
        !take_text(root, "color", arena, &color, err) ||
        !take_time(root, "start_time", &change.start_ms, err) ||
        !take_time(root, "end_time", &change.end_ms, err))
        return false;
    if (!body->is_update && !change.msg[0] && !type[0])
        return FAIL(err, ERR_INPUT, "\"message\" and \"type\" are missing: one is needed");
    change.tags = arena_array(arena, CHANGE_TAGS_MAX, struct tag);
    if (type[0] && !add_tag(&change, "type", type, err))
        return false;
    if (color[0] && !add_tag(&change, "color", color, err))
        return false;
    if (strcmp(dataset, "__all__") != 0)
        change.service = service_slug(dataset, arena);
    change.kind = kind_of_type(type);
    if (strcasecmp(type, "rollback") == 0)
        change.action = "rollback";
    finish(body, &change, arena);
    if (!body->is_update)
        change.key = arena_printf(arena, "%.*s:%s", DATASET_BYTES_MAX, dataset, change.key);
    *out = change;
    return true;
}

/* ---- out again ---- */

const char *alias_text(const struct change *change, struct arena *arena)
{
    if (change->is_posted || change->msg[0])
        return change->msg;
    const char *action = change->action[0] ? change->action : change_kind_name(change->kind);
    return arena_printf(arena, "%s %s%s%s", action, change->service, change->rev[0] ? " " : "",
                        change->rev);
}

static bool has_text(const char *const *texts, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(texts[i], text) == 0)
            return true;
    return false;
}

size_t alias_tags(const struct change *change, struct arena *arena, const char **out)
{
    size_t n = 0;
    if (!change->is_posted && change->kind != CHANGE_NOTE)
        out[n++] = change_kind_name(change->kind);
    if (!change->is_posted && change->service[0])
        out[n++] = change->service;
    if (!change->is_posted)
        out[n++] = arena_printf(arena, "env:%s", change->env);
    for (size_t i = 0; i < change->n_tags; i++) {
        const struct tag *tag = &change->tags[i];
        const char *text =
            tag->value[0] ? arena_printf(arena, "%s:%s", tag->key, tag->value) : tag->key;
        if (!has_text(out, n, text))
            out[n++] = text;
    }
    return n;
}
