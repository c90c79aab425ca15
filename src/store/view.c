#include "store/view.h"

#include <math.h>

#include "model/series.h"
#include "store/view_past.h"

enum { FINER_POINTS = 1 << 14 /* aggregated at a time; one coarse slot may need more */ };

void view_open(struct view *view, struct store *store, uint32_t id, struct arena *arena)
{
    *view = (struct view){.store = store, .arena = arena, .id = id};
    view->of = head_class(store->head, names_class(store->names, id));
    view->past = past_older(names_past(store->names), names_link(store->names, id));
    view->sealed = __atomic_load_n(&view->of->sealed, __ATOMIC_SEQ_CST);
    head_read(store->head, id, &view->recent);
    view->n_late = late_read(store->late, id, arena, &view->late);
    view->version = files_ref(store->files);
}

void view_close(struct view *view)
{
    files_unref(view->store->files, view->version);
}

struct range {
    const struct head_class *of;
    size_t level;
    int64_t first_slot;
    size_t n;
};

static bool partition_read(struct view *view, const struct range *range, double *out,
                           struct err *err)
{
    size_t first, n_values;
    const size_t n_files = files_range(view->version, range->of->no, (uint8_t)range->level,
                                       range->first_slot / FILES_PARTITION_SLOTS, &first);

    for (size_t i = first; i < first + n_files; i++) {
        struct files_item *item = view->version->items[i];
        if (block_read(item->block, view->id, range->first_slot, range->n, out, &n_values, err))
            continue;
        if (err->kind != ERR_CORRUPT)
            return false;
        err_clear(err);
        files_mark_bad(view->store->files, item);
    }
    return true;
}

bool view_files(struct view *view, const struct head_class *of, size_t level, int64_t first_slot,
                size_t n, double *out, struct err *err)
{
    const int64_t end = first_slot + (int64_t)n;

    for (int64_t at = first_slot; at < end;) {
        int64_t until = min_i64(end, (at / FILES_PARTITION_SLOTS + 1) * FILES_PARTITION_SLOTS);
        const struct range range = {of, level, at, (size_t)(until - at)};
        if (!partition_read(view, &range, out + (at - first_slot), err))
            return false;
        at = until;
    }
    return true;
}

static void late_lay(const struct view *view, size_t level, int64_t first_slot, size_t n,
                     double *out)
{
    for (size_t i = 0; i < view->n_late; i++) {
        int64_t at = (int64_t)view->late[i].slot - first_slot;
        if (view->late[i].level == level && at >= 0 && at < (int64_t)n)
            out[at] = view->late[i].value;
    }
}

/* Those below the sealed slot, or the others. */
static void head_lay(const struct view *view, bool is_sealed, int64_t first_slot, size_t n,
                     double *out)
{
    for (uint32_t i = 0; i < view->recent.n; i++) {
        int64_t at = (int64_t)view->recent.first + i - first_slot;
        if ((view->recent.first + i < view->sealed) != is_sealed)
            continue;
        if (at >= 0 && at < (int64_t)n && !isnan(view->recent.values[i]))
            out[at] = view->recent.values[i];
    }
}

/* Lays values aggregated from the finer level over out, from slot `from` on. */
static bool finer_lay(struct view *view, size_t level, int64_t first_slot, size_t n, int64_t from,
                      double *out, struct err *err)
{
    const struct schema *schema = &view->of->schema;
    const size_t ratio = schema->archives[level].step_s / schema->archives[level - 1].step_s;
    const size_t n_at_once = max_size(1, FINER_POINTS / ratio);
    const int64_t end = first_slot + (int64_t)n;

    if (!view->finer[level])
        view->finer[level] = arena_array(view->arena, n_at_once * ratio, double);
    double *finer = view->finer[level];
    for (int64_t at = max_i64(first_slot, from); at < end; at += (int64_t)n_at_once) {
        size_t n_now = min_size(n_at_once, (size_t)(end - at));
        if (!view_values(view, level - 1, at * (int64_t)ratio, n_now * ratio, finer, err))
            return false;
        for (size_t i = 0; i < n_now; i++) {
            double value = aggregate(schema, finer + i * ratio, ratio);
            if (!isnan(value))
                out[at - first_slot + (int64_t)i] = value;
        }
    }
    return true;
}

bool view_values(struct view *view, size_t level, int64_t first_slot, size_t n, double *out,
                 struct err *err)
{
    series_set_gaps(out, n);
    if (!view_files(view, view->of, level, first_slot, n, out, err))
        return false;
    if (level == 0) /* a seal is under way: late points of these slots came after it began */
        head_lay(view, true, first_slot, n, out);
    late_lay(view, level, first_slot, n, out);
    if (level == 0) {
        head_lay(view, false, first_slot, n, out);
        return view_past_lay(view, level, first_slot, n, out, err);
    }
    const int64_t step_s = view->of->schema.archives[level].step_s;
    const int64_t floor_s = shared_floor_s(view->version, view->of, level - 1);
    return finer_lay(view, level, first_slot, n, (floor_s + step_s - 1) / step_s, out, err) &&
           view_past_lay(view, level, first_slot, n, out, err);
}
