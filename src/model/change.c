#include "model/change.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "model/name.h"

#define LINE_PREFIX "events."

/* 2000-01-01: anything older is a mistake in the unit or a broken clock. */
#define FIRST_MS INT64_C(946684800000)
/* Series count seconds in 32 bits, which end in February 2106. */
#define LAST_MS (INT64_C(4294967295) * 1000)

/* Text fields by the name that people know them by. */
struct field {
    const char *name;
    size_t offset;
    bool is_tag; /* a tag of that name on a plain line fills it */
};

#define FIELD(name, member, is_tag)                                                                \
    {                                                                                              \
        name, offsetof(struct change, member), is_tag                                              \
    }
static const struct field fields[] = {
    FIELD("id", id, false),         FIELD("key", key, true),
    FIELD("action", action, true),  FIELD("service", service, false),
    FIELD("env", env, true),        FIELD("rev", rev, true),
    FIELD("prev", prev, true),      FIELD("by", by, true),
    FIELD("msg", msg, true),        FIELD("url", url, true),
    FIELD("diff", diff, true),      FIELD("parent", parent, true),
    FIELD("of", of, true),          FIELD("scope", scope, false),
    FIELD("old", old_value, true),  FIELD("new", new_value, true),
    FIELD("source", source, false), FIELD("data", data, false),
};

static const char *const kind_names[] = {
    [CHANGE_DEPLOY] = "deploy",         [CHANGE_CONFIG] = "config", [CHANGE_FLAG] = "flag",
    [CHANGE_INFRA] = "infra",           [CHANGE_DATA] = "data",     [CHANGE_INCIDENT] = "incident",
    [CHANGE_THIRDPARTY] = "thirdparty", [CHANGE_FREEZE] = "freeze", [CHANGE_NOTE] = "note",
};
_Static_assert(COUNT_OF(kind_names) == CHANGE_KINDS, "a kind without a name");

static const char *const status_names[] = {
    [STATUS_UNKNOWN] = "unknown",     [STATUS_PLANNED] = "planned",     [STATUS_QUEUED] = "queued",
    [STATUS_RUNNING] = "running",     [STATUS_SUCCEEDED] = "succeeded", [STATUS_FAILED] = "failed",
    [STATUS_CANCELLED] = "cancelled",
};
_Static_assert(COUNT_OF(status_names) == CHANGE_STATUSES, "a status without a name");

static const char **field_at(struct change *change, const struct field *field)
{
    return (const char **)(void *)((char *)change + field->offset);
}

struct change change_blank(void)
{
    struct change change = {.value = 1.0};
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        *field_at(&change, &fields[i]) = "";
    return change;
}

const char *change_kind_name(enum change_kind kind)
{
    BUG_IF((unsigned)kind >= CHANGE_KINDS);
    return kind_names[kind];
}

bool change_kind_parse(struct str text, enum change_kind *out)
{
    for (size_t i = 0; i < CHANGE_KINDS; i++) {
        if (str_is(text, kind_names[i])) {
            *out = (enum change_kind)i;
            return true;
        }
    }
    return false;
}

bool change_kind_needs_service(enum change_kind kind)
{
    return kind != CHANGE_NOTE && kind != CHANGE_FREEZE && kind != CHANGE_INCIDENT;
}

const char *change_status_name(enum change_status status)
{
    BUG_IF((unsigned)status >= CHANGE_STATUSES);
    return status_names[status];
}

bool change_status_parse(const char *text, enum change_status *out)
{
    if (strcmp(text, "canceled") == 0) {
        *out = STATUS_CANCELLED;
        return true;
    }
    for (size_t i = 0; i < CHANGE_STATUSES; i++) {
        if (strcmp(text, status_names[i]) == 0) {
            *out = (enum change_status)i;
            return true;
        }
    }
    return false;
}

/* The kind and the service part of events.<kind>.<service>; the service ends where tags begin. */
static bool split_name(struct str name, enum change_kind *out_kind, struct str *out_service)
{
    if (!str_starts(name, LINE_PREFIX))
        return false;
    const size_t n_prefix = strlen(LINE_PREFIX);
    const struct str rest = str_make(name.at + n_prefix, name.n - n_prefix);
    const char *dot = memchr(rest.at, '.', rest.n);
    if (dot == NULL)
        return false;
    const size_t n_kind = (size_t)(dot - rest.at);
    if (!change_kind_parse(str_make(rest.at, n_kind), out_kind))
        return false;
    struct str service = str_make(dot + 1, rest.n - n_kind - 1);
    const char *tags = memchr(service.at, ';', service.n);
    if (tags != NULL)
        service.n = (size_t)(tags - service.at);
    *out_service = service;
    return service.n > 0;
}

bool change_name_is(struct str name)
{
    enum change_kind kind;
    struct str service;
    return split_name(name, &kind, &service);
}

static bool is_service_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '/' ||
           c == '-';
}

/* Lower-cased, without '/' and '.' at the ends. */
static bool check_service(struct change *change, struct arena *arena, struct err *err)
{
    char *service = arena_strdup(arena, change->service);
    text_lower(service);
    for (const char *at = service; *at != '\0'; at++) {
        if (is_service_char(*at))
            continue;
        err_set(err, ERR_INPUT, "service '%s' holds a character that is not allowed", service);
        err_hint(err, "letters, digits, '.', '_', '/' and '-' are");
        return false;
    }
    service += strspn(service, "./");
    size_t n = strlen(service);
    while (n > 0 && (service[n - 1] == '.' || service[n - 1] == '/'))
        n--;
    service[n] = '\0';

    if (n == 0 && !change->is_posted && change_kind_needs_service(change->kind))
        return FAIL(err, ERR_INPUT, "a %s needs a service", kind_names[change->kind]);
    change->service = service;
    return true;
}

/* A control character: C0, DEL, or C1 (U+0080..9F, which terminals obey too). */
static size_t control_bytes(const char *at)
{
    const unsigned char c = (unsigned char)at[0];
    if ((c > 0 && c < ' ') || c == 0x7F)
        return 1;
    const unsigned char next = c == 0xC2 ? (unsigned char)at[1] : 0;
    return next >= 0x80 && next < 0xA0 ? 2 : 0;
}

static bool is_printable(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (control_bytes(at) > 0)
            return false;
    }
    return text_is_utf8(text, strlen(text));
}

/* The text with a blank for each control character and, if it is no UTF-8, '?' for each byte past
 * ASCII. */
static const char *clean(const char *text, struct arena *arena)
{
    if (is_printable(text))
        return text;
    const bool is_utf8 = text_is_utf8(text, strlen(text));
    char *out = arena_alloc(arena, strlen(text) + 1);
    size_t n = 0;
    for (const char *at = text; *at != '\0'; at++) {
        const size_t n_control = is_utf8 || (unsigned char)*at < 0x80 ? control_bytes(at) : 0;
        if (n_control > 0) {
            out[n++] = ' ';
            at += n_control - 1;
        } else {
            out[n++] = *at;
            if (!is_utf8 && (unsigned char)*at >= 0x80)
                out[n - 1] = '?';
        }
    }
    out[n] = '\0';
    return out;
}

/* At most CHANGE_TEXT_MAX bytes; what is longer ends in an ellipsis. */
static const char *cut(const char *text, struct arena *arena)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    if (strlen(text) <= CHANGE_TEXT_MAX)
        return text;
    size_t n = CHANGE_TEXT_MAX - strlen(ellipsis);
    while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    return arena_printf(arena, "%.*s%s", (int)n, text, ellipsis);
}

static bool check_length(const char *field, const char *text, struct err *err)
{
    if (strlen(text) > CHANGE_FIELD_MAX)
        return FAIL(err, ERR_INPUT, "%s is %zu bytes long; at most %d are taken", field,
                    strlen(text), CHANGE_FIELD_MAX);
    return true;
}

static bool check_message(struct change *change, struct arena *arena, struct err *err)
{
    if (strlen(change->data) > CHANGE_DATA_MAX)
        return FAIL(err, ERR_INPUT, "data is %zu bytes long; at most %d are taken",
                    strlen(change->data), CHANGE_DATA_MAX);
    if (!change->is_posted) {
        change->msg = cut(clean(change->msg, arena), arena);
        return true;
    }
    if (strlen(change->msg) > CHANGE_DATA_MAX)
        return FAIL(err, ERR_INPUT, "what is %zu bytes long; at most %d are taken",
                    strlen(change->msg), CHANGE_DATA_MAX);
    return true;
}

static bool check_tags(struct change *change, struct arena *arena, struct err *err)
{
    if (change->n_tags > CHANGE_TAGS_MAX)
        return FAIL(err, ERR_INPUT, "tags: %zu of them; at most %d are taken", change->n_tags,
                    CHANGE_TAGS_MAX);
    struct tag *tags = arena_array(arena, change->n_tags, struct tag);
    for (size_t i = 0; i < change->n_tags; i++) {
        tags[i] = change->tags[i];
        if (tags[i].key[0] == '\0')
            return FAIL(err, ERR_INPUT, "tags: one has no name");
        if (!change->is_posted) {
            tags[i].key = clean(tags[i].key, arena);
            tags[i].value = clean(tags[i].value, arena);
        }
        if (!check_length("the name of a tag", tags[i].key, err))
            return false;
        if (!check_length(arena_printf(arena, "tag %s", tags[i].key), tags[i].value, err))
            return false;
    }
    change->tags = tags;
    return true;
}

/* Everything but the times. */
static bool check_texts(struct change *change, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        const char **text = field_at(change, &fields[i]);
        if (*text == NULL)
            *text = "";
        if (text == &change->msg || text == &change->data)
            continue;
        *text = clean(*text, arena);
        if (!check_length(fields[i].name, *text, err))
            return false;
    }
    if (change->env[0] == '\0')
        change->env = "production";
    if (!isfinite(change->value))
        return FAIL(err, ERR_INPUT, "value is not a finite number");
    return check_service(change, arena, err) && check_message(change, arena, err) &&
           check_tags(change, arena, err);
}

/* Seconds, ms, us and ns of our time differ by a thousand, so the size tells which it is. */
static bool check_time(const char *field, int64_t *io, struct err *err)
{
    const int64_t raw = *io;
    if (raw == 0)
        return true;
    int64_t ms = raw;
    if (raw < INT64_C(100000000000)) /* as ms this would be before 1973 */
        ms = raw > 0 ? raw * 1000 : -1;
    else if (raw >= INT64_C(100000000000000000)) /* ns since 1973 */
        ms = raw / 1000000;
    else if (raw >= INT64_C(100000000000000)) /* us since 1973 */
        ms = raw / 1000;
    if (ms < FIRST_MS || ms > LAST_MS) {
        err_set(err, ERR_INPUT, "%s %lld is not between the years 2000 and 2106", field,
                (long long)raw);
        err_hint(err, "seconds since 1970, or milli-, micro- or nanoseconds");
        return false;
    }
    *io = ms;
    return true;
}

static bool check_times(struct change *change, int64_t now_ms, struct err *err)
{
    if (!check_time("start", &change->start_ms, err) || !check_time("end", &change->end_ms, err) ||
        !check_time("now", &change->sent_ms, err))
        return false;
    if (change->received_ms == 0)
        change->received_ms = now_ms;
    if (change->start_ms == 0)
        change->start_ms = change->end_ms != 0 ? change->end_ms : now_ms;
    if (change->end_ms == 0 || change->end_ms >= change->start_ms)
        return true;
    /* One of the two was in whole seconds. */
    if (change->start_ms - change->end_ms >= 1000)
        return FAIL(err, ERR_INPUT, "end is before start");
    change->end_ms = change->start_ms;
    return true;
}

bool change_check(struct change *change, int64_t now_ms, struct arena *arena, struct err *err)
{
    struct change checked = *change;
    if (!check_texts(&checked, arena, err) || !check_times(&checked, now_ms, err))
        return false;
    *change = checked;
    return true;
}

static const struct field *tag_field(const char *key)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        if (fields[i].is_tag && strcmp(fields[i].name, key) == 0)
            return &fields[i];
    }
    return NULL;
}

bool change_take_tags(struct change *change, const struct tag *tags, size_t n, struct arena *arena,
                      struct err *err)
{
    change->tags = arena_array(arena, n, struct tag);
    change->n_tags = 0;
    for (size_t i = 0; i < n; i++) {
        const struct field *field = tag_field(tags[i].key);
        if (field != NULL)
            *field_at(change, field) = tags[i].value;
        else if (strcmp(tags[i].key, "status") != 0)
            change->tags[change->n_tags++] = tags[i];
        else if (!change_status_parse(tags[i].value, &change->status))
            return FAIL(err, ERR_INPUT, "status '%.100s' is not known", tags[i].value);
    }
    return true;
}

bool change_from_line(struct str name, double value, int64_t at_ms, struct arena *arena,
                      struct change *out, bool *out_is_nothing, struct err *err)
{
    char canonical[NAME_BYTES_MAX + 1];
    size_t n;
    const enum name_fault fault = name_normalise(name, canonical, &n);
    if (fault != NAME_OK)
        return FAIL(err, ERR_INPUT, "%s", name_fault_text(fault));

    struct change change = change_blank();
    struct str service;
    if (!split_name(str_make(canonical, n), &change.kind, &service))
        return FAIL(err, ERR_INPUT, "'%.200s' is not events.<kind>.<service>", canonical);
    if (value == 0.0) {
        *out_is_nothing = true;
        return true;
    }
    change.service = arena_strndup(arena, service.at, service.n);
    change.start_ms = at_ms;
    change.end_ms = at_ms;
    change.status = STATUS_SUCCEEDED;
    change.source = "line";
    change.value = value;
    struct tag *tags;
    const size_t n_tags = name_tags(canonical, arena, &tags);
    if (!change_take_tags(&change, tags + 1, n_tags - 1, arena, err)) /* without "name" */
        return false;
    if (value == -1.0)
        change.action = "rollback";
    if (change.status == STATUS_PLANNED || change.status == STATUS_QUEUED ||
        change.status == STATUS_RUNNING)
        change.end_ms = 0;
    if (!check_texts(&change, arena, err))
        return false;
    if (change.service[0] == '\0')
        return FAIL(err, ERR_INPUT, "'%.200s' has no service", canonical);
    *out = change;
    *out_is_nothing = false;
    return true;
}

void change_add_tag(struct change *change, struct tag tag, struct arena *arena)
{
    BUG_IF(change->n_tags >= CHANGE_TAGS_MAX);
    struct tag *tags = arena_array(arena, change->n_tags + 1, struct tag);
    for (size_t i = 0; i < change->n_tags; i++)
        tags[i] = change->tags[i];
    tags[change->n_tags++] = tag;
    change->tags = tags;
}

bool change_is_open(const struct change *change)
{
    return change->end_ms == 0 && !change->is_retracted;
}

const char *change_series_name(const struct change *change, struct arena *arena)
{
    if (change->service[0] == '\0')
        return "";
    char *name =
        arena_printf(arena, LINE_PREFIX "%s.%s", change_kind_name(change->kind), change->service);
    for (char *at = name; *at != '\0'; at++) {
        if (*at == '/')
            *at = '.';
    }
    char canonical[NAME_BYTES_MAX + 1];
    size_t n;
    if (name_normalise(str_of(name), canonical, &n) != NAME_OK)
        return "";
    return arena_strndup(arena, canonical, n);
}
