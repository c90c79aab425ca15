/* Invariant: the coarse files and the new floor of the fine archive come into force in one edit of the
 * manifest, so a coarse slot is either still aggregated from fine data on reading, or in a file. */
#include "store/retain.h"

#include <math.h>

#include "base/mem.h"
#include "store/output.h"
#include "store/seal.h"
#include "store/view.h"

/* A level of a class that is to lose everything before until_s. */
struct ageing {
    const struct head_class *of;
    size_t level;
    int64_t from_s, until_s; /* multiples of the coarser step, when there is a coarser level */
};

static int64_t partition_s(const struct head_class *of, size_t level)
{
    return (int64_t)of->schema.archives[level].step_s * FILES_PARTITION_SLOTS;
}

/* The files of a level: version->items[first .. first + n). */
static size_t level_range(const struct files_version *version, const struct head_class *of,
                          size_t level, size_t *out_first)
{
    size_t n = 0, first = 0;

    (void)files_range(version, of->no, (uint8_t)level, INT64_MIN, &first);
    while (first + n < version->n && version->items[first + n]->info.class_no == of->no &&
           version->items[first + n]->info.level == level)
        n++;
    *out_first = first;
    return n;
}

/* Is there a partition to lose? Then until when. */
static bool ageing_find(const struct files_version *version, int64_t now_s, struct ageing *ageing)
{
    const struct head_class *of = ageing->of;
    const bool is_last = ageing->level + 1 == of->schema.n_archives;
    const int64_t coarse_s = is_last ? 1 : of->schema.archives[ageing->level + 1].step_s;
    /* the head's columns are the finest archive's, however short that is */
    const int64_t sealed_s = (int64_t)of->sealed * of->schema.archives[0].step_s;
    const int64_t limit_s =
        min_i64(now_s - shared_retention_s(&of->schema, ageing->level), sealed_s);
    const int64_t span_s = partition_s(of, ageing->level);
    size_t first, n = level_range(version, of, ageing->level, &first);

    if (n == 0 || limit_s <= 0)
        return false;
    const int64_t oldest_s = version->items[first]->info.partition * span_s;
    int64_t until_s = limit_s / span_s * span_s; /* whole partitions before it are out */
    until_s -= until_s % coarse_s;
    if (oldest_s + span_s > until_s)
        return false;
    ageing->from_s = max_i64(shared_floor_s(version, of, ageing->level), oldest_s);
    ageing->from_s -= ageing->from_s % coarse_s;
    ageing->until_s = until_s;
    return true;
}

/* Ids of the class with data in the level, ascending: all that have a name, which is simple; a series
 * without data costs a look into the files' indexes. */
static bool part_roll(struct output *output, const struct ageing *ageing, int64_t first, size_t n,
                      struct err *err)
{
    struct store *store = output->store;
    const size_t level = ageing->level + 1;
    const uint32_t n_ids = names_count(store->names);
    CLEANUP(arena_done) struct arena arena;
    struct view view;
    bool is_ok = output_begin(output, ageing->of, level, first, n, err);

    arena_init(&arena);
    for (uint32_t id = 0; id < n_ids && is_ok; id++) {
        if (!names_text(store->names, id) || names_class(store->names, id) != ageing->of->no)
            continue;
        arena_reset(&arena);
        double *values = arena_array(&arena, n, double);
        view_open(&view, store, id, &arena);
        is_ok = view_values(&view, level, first, n, values, err);
        view_close(&view);
        is_ok = is_ok && output_add(output, id, values, err);
    }
    return is_ok && output_end(output, err);
}

/* Writes the coarser level's files for what the fine one loses. */
static bool roll(struct output *output, const struct ageing *ageing, struct err *err)
{
    const int64_t step_s = ageing->of->schema.archives[ageing->level + 1].step_s;
    const int64_t end = ageing->until_s / step_s;

    for (int64_t at = ageing->from_s / step_s; at < end;) {
        int64_t edge = (at / FILES_PARTITION_SLOTS + 1) * FILES_PARTITION_SLOTS;
        int64_t until = min_i64(end, edge);
        if (!part_roll(output, ageing, at, (size_t)(until - at), err))
            return false;
        at = until;
    }
    return true;
}

static bool age(struct store *store, const struct files_version *version,
                const struct ageing *ageing, struct err *err)
{
    const bool is_last = ageing->level + 1 == ageing->of->schema.n_archives;
    const int64_t span_s = partition_s(ageing->of, ageing->level);
    size_t first, n = level_range(version, ageing->of, ageing->level, &first);
    struct output output;

    output_init(&output, store);
    for (size_t i = first; i < first + n; i++)
        if ((version->items[i]->info.partition + 1) * span_s <= ageing->until_s)
            output_drop(&output, version->items[i]->info.generation);
    if (!is_last)
        manifest_set_floor(&output.edit, ageing->of->no, (uint8_t)ageing->level, ageing->until_s);
    bool is_ok = (is_last || roll(&output, ageing, err)) && output_commit(&output, err);
    output_done(&output);
    return is_ok;
}

static bool level_retain(struct store *store, const struct head_class *of, size_t level,
                         int64_t now_s, struct err *err)
{
    struct ageing ageing = {.of = of, .level = level};
    struct files_version *version = files_ref(store->files);
    const bool is_due = ageing_find(version, now_s, &ageing);
    files_unref(store->files, version);

    if (!is_due)
        return true;
    /* late points still in memory would come after the coarse slots that count them already */
    if (!seal_late(store, err))
        return false;
    version = files_ref(store->files);
    bool is_ok = !ageing_find(version, now_s, &ageing) || age(store, version, &ageing, err);
    files_unref(store->files, version);
    return is_ok;
}

bool retain_due(struct store *store, int64_t now_s, struct err *err)
{
    for (uint16_t i = 0; i < head_n_classes(store->head); i++) {
        const struct head_class *of = head_class(store->head, i);
        for (size_t level = 0; of && level < of->schema.n_archives; level++)
            if (!level_retain(store, of, level, now_s, err))
                return false;
    }
    return true;
}
