#include "ledger/merge.h"

#include <string.h>

enum { REV_CHARS_MIN = 6 /* a revision may be told in part, but for less */ };

bool merge_knows(const struct change *change, const char *source, const char **out_key)
{
    *out_key = change->key;
    if (strcmp(change->source, source) == 0)
        return true;
    for (size_t i = 0; i < change->n_also; i++) {
        *out_key = change->also[i].key;
        if (strcmp(change->also[i].source, source) == 0)
            return true;
    }
    *out_key = "";
    return false;
}

static bool agrees(const char *a, const char *b)
{
    return !a[0] || !b[0] || strcmp(a, b) == 0;
}

/* One is the other, or a beginning of it that is long enough to be meant. */
static bool revs_agree(const char *a, const char *b)
{
    const size_t n = min_size(strlen(a), strlen(b));
    return agrees(a, b) || (n >= REV_CHARS_MIN && strncmp(a, b, n) == 0);
}

static bool is_equal(const char *a, const char *b)
{
    return a[0] && strcmp(a, b) == 0;
}

static bool is_point(const struct change *change)
{
    return change->status == STATUS_SUCCEEDED && change->end_ms == change->start_ms;
}

static bool is_line(const struct change *told)
{
    return strcmp(told->source, "line") == 0;
}

static bool is_rollback(const struct change *change)
{
    return strcmp(change->action, "rollback") == 0;
}

static bool is_same_second(const struct change *known, const struct change *told)
{
    return known->start_ms / 1000 == told->start_ms / 1000 && known->value == told->value;
}

/* Told by the same door once more. */
static bool is_repeated(const struct change *known, const struct change *told, const char *key)
{
    if (key[0] && told->key[0])
        return false; /* the same key was looked for before: this is another one */
    if (is_line(told))
        return is_same_second(known, told);
    const int64_t apart_ms = known->start_ms - told->start_ms;
    return known->status == told->status && apart_ms <= MERGE_SAME_MS &&
           apart_ms >= -MERGE_SAME_MS && agrees(known->by, told->by) &&
           strcmp(known->msg, told->msg) == 0;
}

static int64_t last_ms(const struct change *change)
{
    return change->end_ms ? change->end_ms : INT64_MAX - MERGE_SAME_MS;
}

/* Told by another door. People have other names there, and other words. */
static bool is_shared(const struct change *known, const struct change *told)
{
    if (told->kind != CHANGE_DEPLOY && !is_equal(known->rev, told->rev) &&
        !is_equal(known->msg, told->msg))
        return false;
    if (is_rollback(told) && !is_rollback(known))
        return false;
    /* Of an open one only its start is known to be when it was. */
    const int64_t told_last_ms = told->end_ms ? told->end_ms : told->start_ms;
    return told->start_ms <= last_ms(known) + MERGE_SAME_MS &&
           told_last_ms >= known->start_ms - MERGE_SAME_MS;
}

bool merge_is_same(const struct change *known, const struct change *told)
{
    if (known->is_posted || told->is_posted || known->is_retracted || known->kind != told->kind ||
        strcmp(known->service, told->service) != 0 || strcmp(known->env, told->env) != 0 ||
        !revs_agree(known->rev, told->rev))
        return false;
    const char *key;
    return merge_knows(known, told->source, &key) ? is_repeated(known, told, key)
                                                  : is_shared(known, told);
}

/* ---- what it becomes ---- */

static bool take_text(const char **known, const char *told, bool may_replace)
{
    if (!told[0] || strcmp(*known, told) == 0 || ((*known)[0] && !may_replace))
        return false;
    *known = told;
    return true;
}

static bool take_texts(struct change *known, const struct change *told, bool may_replace)
{
    const char **fields[] = {&known->action, &known->by,   &known->msg,       &known->data,
                             &known->url,    &known->diff, &known->of,        &known->parent,
                             &known->scope,  &known->prev, &known->old_value, &known->new_value};
    const char *const values[] = {told->action, told->by,   told->msg,       told->data,
                                  told->url,    told->diff, told->of,        told->parent,
                                  told->scope,  told->prev, told->old_value, told->new_value};
    _Static_assert(COUNT_OF(fields) == COUNT_OF(values), "a field without its value");
    bool is_changed = false;
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        is_changed |= take_text(fields[i], values[i], may_replace);
    /* The longer of two revisions says more, whoever tells it. */
    const bool is_longer = strlen(told->rev) > strlen(known->rev) || may_replace;
    return take_text(&known->rev, told->rev, is_longer && !text_starts(known->rev, told->rev)) ||
           is_changed;
}

/* Tags that known does not have; of the same door also new values. */
static bool take_tags(struct change *known, const struct change *told, bool may_replace,
                      struct arena *arena)
{
    if (told->n_tags == 0)
        return false;
    bool is_changed = false;
    struct tag *tags = arena_array(arena, CHANGE_TAGS_MAX, struct tag);
    size_t n = min_size(known->n_tags, CHANGE_TAGS_MAX);
    for (size_t i = 0; i < n; i++)
        tags[i] = known->tags[i];
    for (size_t i = 0; i < told->n_tags; i++) {
        size_t k = 0;
        while (k < n && strcmp(tags[k].key, told->tags[i].key) != 0)
            k++;
        if (k == n && n < CHANGE_TAGS_MAX) {
            tags[n++] = told->tags[i];
            is_changed = true;
        } else if (k < n && may_replace && strcmp(tags[k].value, told->tags[i].value) != 0) {
            tags[k] = told->tags[i];
            is_changed = true;
        }
    }
    known->tags = tags;
    known->n_tags = n;
    return is_changed;
}

static bool note_door(struct change *known, const struct change *told, struct arena *arena)
{
    const char *key;
    if (!told->source[0] || known->n_also == CHANGE_TELLINGS_MAX)
        return false;
    if (merge_knows(known, told->source, &key)) {
        if (key[0] || !told->key[0] || strcmp(known->source, told->source) != 0)
            return false;
        known->key = told->key;
        return true;
    }
    struct telling *also = arena_array(arena, known->n_also + 1, struct telling);
    for (size_t i = 0; i < known->n_also; i++)
        also[i] = known->also[i];
    also[known->n_also++] = (struct telling){told->source, told->key};
    known->also = also;
    return true;
}

struct outcome {
    int64_t start_ms, end_ms;
    enum change_status status;
};

/* The end of two spans: running never overwrites an end; what had succeeded may turn out failed for a
 * while; an end that was given up on gives way to any. */
static void join_ends(struct outcome *known, const struct change *told)
{
    const bool was_over = known->end_ms != 0;
    if (!told->end_ms) {
        if (!was_over && told->status > known->status)
            known->status = told->status;
        return;
    }
    if (!was_over || known->status == STATUS_UNKNOWN) {
        known->status = told->status;
        known->end_ms = told->end_ms;
        return;
    }
    const bool is_turn = told->status > known->status;
    if (is_turn && told->end_ms - known->end_ms > MERGE_RESULT_MS)
        return;
    if (is_turn)
        known->status = told->status;
    known->end_ms = max_i64(known->end_ms, told->end_ms);
}

static struct outcome join(const struct change *known, const struct change *told, bool is_same_door)
{
    struct outcome out = {known->start_ms, known->end_ms, known->status};
    const bool has_start = told->start_ms != 0;
    if (!is_same_door && is_point(told) && !is_point(known))
        return out; /* it knows no more than that it happened */
    if (!is_same_door && is_point(known) && !is_point(told))
        return (struct outcome){told->start_ms, told->end_ms, told->status};
    if (has_start && (!out.start_ms || told->start_ms < out.start_ms))
        out.start_ms = told->start_ms;
    if (!is_same_door && is_point(known))
        out.end_ms = out.start_ms; /* two points */
    else
        join_ends(&out, told);
    return out;
}

bool merge_into(struct change *known, const struct change *told, struct arena *arena)
{
    const char *key;
    const bool is_same_door = !told->source[0] || merge_knows(known, told->source, &key);
    const bool is_first_door = !told->source[0] || strcmp(known->source, told->source) == 0;
    const struct outcome outcome = join(known, told, is_same_door);
    bool is_changed = note_door(known, told, arena);
    is_changed |= take_texts(known, told, is_first_door);
    is_changed |= take_tags(known, told, is_first_door, arena);
    is_changed |= outcome.start_ms != known->start_ms || outcome.end_ms != known->end_ms ||
                  outcome.status != known->status;
    known->start_ms = outcome.start_ms;
    known->end_ms = outcome.end_ms;
    known->status = outcome.status;
    if (told->ttl_ms && told->ttl_ms != known->ttl_ms) {
        known->ttl_ms = told->ttl_ms;
        is_changed = true;
    }
    return is_changed;
}
