#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "chart/chart.h"

static bool is_rollback(const struct change *change)
{
    return strcmp(change->action, "rollback") == 0 || change->value == -1.0;
}

static const char *label_of(const struct change *change, struct arena *arena)
{
    const char *what = change->service[0] ? change->service : change_kind_name(change->kind);
    const char *which = change->rev[0] ? change->rev : change->msg;
    return which[0] ? arena_printf(arena, "%s %s", what, which) : what;
}

static int64_t undoes_ms(const struct change *change, const struct map *by_id)
{
    if (!is_rollback(change) || !change->of[0])
        return 0;
    const struct change *undone = map_get(by_id, change->of, strlen(change->of));
    return undone ? undone->start_ms : CHART_UNDOES_UNSEEN;
}

struct chart_change *chart_changes(const struct change_list *list, struct arena *arena)
{
    CLEANUP(map_done) struct map *by_id = map_new();
    for (size_t i = 0; i < list->n; i++)
        map_put(by_id, list->items[i].id, strlen(list->items[i].id), &list->items[i]);
    struct chart_change *out = arena_array(arena, list->n + 1, struct chart_change);
    for (size_t i = 0; i < list->n; i++) {
        const struct change *change = &list->items[list->n - 1 - i];
        out[i] = (struct chart_change){
            .start_ms = change->start_ms,
            .end_ms = max_i64(change->end_ms, change->start_ms),
            .label = label_of(change, arena),
            .is_failed = change->status == STATUS_FAILED,
            .is_rollback = is_rollback(change),
            .verdict = change->verdict ? change->verdict->state : VERDICT_PENDING,
            .undoes_ms = undoes_ms(change, by_id),
        };
    }
    return out;
}
