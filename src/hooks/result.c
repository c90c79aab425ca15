#include "hooks/result.h"

#include "base/str.h"
#include "hooks/place.h"

void result_begin(struct hook_result *out, const char *event, const char *delivery)
{
    *out = (struct hook_result){
        .fate = HOOK_TAKEN, .reason = "", .event = event, .delivery = delivery ? delivery : ""};
}

bool result_ignore(struct hook_result *out, const char *reason)
{
    out->fate = HOOK_IGNORED;
    out->reason = reason;
    out->n_changes = 0;
    out->commits.n = 0;
    return true;
}

struct change *result_change(const struct hook_call *call, struct hook_result *out,
                             enum change_kind kind, const char *source)
{
    arena_grow(call->arena, &out->changes, &out->cap, out->n_changes + 1, sizeof out->changes[0]);
    struct change *change = &out->changes[out->n_changes++];
    *change = change_blank();
    change->kind = kind;
    change->source = source;
    return change;
}

void result_tag(const struct hook_call *call, struct change *change, const char *key,
                const char *value)
{
    if (!key[0] || !value[0] || change->n_tags == CHANGE_TAGS_MAX)
        return;
    if (!change->tags)
        change->tags = arena_array(call->arena, CHANGE_TAGS_MAX, struct tag);
    change->tags[change->n_tags++] =
        (struct tag){arena_strdup(call->arena, place_text(call, key)),
                     arena_strdup(call->arena, place_text(call, value))};
}

/* Nobody's hook tells the parents; the titles that the tools make do. */
static bool is_merge(const char *title)
{
    static const char *const beginnings[] = {"Merge branch ", "Merge pull request ",
                                             "Merge remote-tracking branch ", "Merge tag ",
                                             "Merge commit "};
    for (size_t i = 0; i < COUNT_OF(beginnings); i++)
        if (text_starts(title, beginnings[i]))
            return true;
    return false;
}

void result_commit(const struct hook_call *call, struct hook_result *out, const char *sha,
                   const char *message, int64_t at_ms)
{
    if (!sha[0])
        return;
    struct commit_list *list = &out->commits;
    arena_grow(call->arena, &list->items, &list->cap, list->n + 1, sizeof list->items[0]);
    const char *title = place_text(call, place_first_line(call, message));
    list->items[list->n++] = (struct commit){.service = "",
                                             .sha = place_text(call, sha),
                                             .title = title,
                                             .at_ms = at_ms,
                                             .is_merge = is_merge(title)};
}
