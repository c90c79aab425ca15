#include "ledger/merge.h"

#include <string.h>

static bool agrees(const char *a, const char *b)
{
    return !a[0] || !b[0] || strcmp(a, b) == 0;
}

bool merge_is_same(const struct change *known, const struct change *told)
{
    if (known->is_posted || told->is_posted || strcmp(known->source, told->source) != 0)
        return false;
    if (known->kind != told->kind || strcmp(known->service, told->service) != 0 ||
        strcmp(known->env, told->env) != 0 || known->status != told->status)
        return false;
    if (strcmp(told->source, "line") == 0)
        return known->start_ms / 1000 == told->start_ms / 1000 && known->value == told->value &&
               agrees(known->rev, told->rev);
    int64_t apart_ms = known->start_ms - told->start_ms;
    return apart_ms <= MERGE_SAME_MS && apart_ms >= -MERGE_SAME_MS &&
           agrees(known->rev, told->rev) && agrees(known->by, told->by) &&
           strcmp(known->msg, told->msg) == 0;
}

/* Running never overwrites an end; failed after succeeded wins. */
static bool status_is_further(enum change_status known, enum change_status told)
{
    return told > known;
}

static bool take_text(const char **known, const char *told)
{
    if (!told[0] || strcmp(*known, told) == 0)
        return false;
    *known = told;
    return true;
}

static bool take_texts(struct change *known, const struct change *told)
{
    const char **fields[] = {&known->key,       &known->action,   &known->rev,   &known->by,
                             &known->msg,       &known->data,     &known->url,   &known->diff,
                             &known->of,        &known->parent,   &known->scope, &known->prev,
                             &known->old_value, &known->new_value};
    const char *const values[] = {told->key,       told->action,   told->rev,   told->by,
                                  told->msg,       told->data,     told->url,   told->diff,
                                  told->of,        told->parent,   told->scope, told->prev,
                                  told->old_value, told->new_value};
    _Static_assert(COUNT_OF(fields) == COUNT_OF(values), "a field without its value");
    bool is_changed = false;
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        is_changed |= take_text(fields[i], values[i]);
    return is_changed;
}

bool merge_into(struct change *known, const struct change *told)
{
    bool is_changed = take_texts(known, told);
    if (told->start_ms && (!known->start_ms || told->start_ms < known->start_ms)) {
        known->start_ms = told->start_ms;
        is_changed = true;
    }
    if (told->end_ms > known->end_ms) {
        known->end_ms = told->end_ms;
        is_changed = true;
    }
    if (status_is_further(known->status, told->status)) {
        known->status = told->status;
        is_changed = true;
    }
    if (told->n_tags && !known->n_tags) {
        known->tags = told->tags;
        known->n_tags = told->n_tags;
        is_changed = true;
    }
    return is_changed;
}
