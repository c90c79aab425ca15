/* Invariants:
 *   1. the coarse files and the new floor of the fine archive come into force in one edit of the manifest,
 *      so a coarse slot is either still aggregated from fine data on reading, or in a file
 *   2. files go only when nobody wants them any more: neither the series of their class nor those that
 *      moved on to other rules; what these want coarser is in files of their own class by then */
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
    int64_t now_s;
    bool keeps_files; /* the floor moves, but somebody still wants the files */
};

static bool is_last(const struct ageing *ageing)
{
    return ageing->level + 1 == ageing->of->schema.n_archives;
}

static int64_t up(int64_t a, int64_t b)
{
    return (a + b - 1) / b * b;
}

static int64_t partition_s(const struct head_class *of, size_t level)
{
    return (int64_t)of->schema.archives[level].step_s * FILES_PARTITION_SLOTS;
}

/* ---- how long ---- */

static int64_t retention_last_s(const struct schema *schema)
{
    return shared_retention_s(schema, schema->n_archives - 1);
}

static int64_t step_last_s(const struct schema *schema)
{
    return schema->archives[schema->n_archives - 1].step_s;
}

/* How long the rule that series moved to wants what they have in an old archive: as long as it wants
 * points at least that fine; if it never does, as long as the old archive would have had them. */
static int64_t wanted_s(const struct schema *by, const struct schema *old, size_t level)
{
    int64_t wanted = 0;

    for (size_t i = 0; i < by->n_archives; i++)
        if (by->archives[i].step_s <= old->archives[level].step_s)
            wanted = shared_retention_s(by, i);
    if (wanted == 0)
        wanted = min_i64(shared_retention_s(old, level), retention_last_s(by));
    return wanted + step_last_s(by); /* the coarse slot at the edge is out as a whole */
}

static int64_t kept_s(const struct store *store, const struct head_class *of, size_t level)
{
    const bool has_members = __atomic_load_n(&of->has_members, __ATOMIC_RELAXED);
    int64_t moved_s = 0;

    for (size_t i = 0; i < store->n_successions; i++) {
        const struct succession *pair = &store->successions[i];
        if (pair->from == of->no)
            moved_s = max_i64(
                moved_s, wanted_s(&head_class(store->head, pair->to)->schema, &of->schema, level));
    }
    if (!has_members && moved_s > 0)
        return moved_s;
    return max_i64(moved_s, shared_retention_s(&of->schema, level));
}

/* Is there a partition to lose? The oldest; a pass does one, it may be long work. */
static bool ageing_find(const struct store *store, const struct files_version *version,
                        struct ageing *ageing)
{
    const struct head_class *of = ageing->of;
    const int64_t coarse_s = is_last(ageing) ? 1 : of->schema.archives[ageing->level + 1].step_s;
    /* the head's columns are the finest archive's, however short that is */
    const int64_t sealed_s = (int64_t)of->sealed * of->schema.archives[0].step_s;
    const int64_t limit_s = min_i64(ageing->now_s - kept_s(store, of, ageing->level), sealed_s);
    const int64_t span_s = partition_s(of, ageing->level);
    size_t first;

    if (files_level(version, of->no, (uint8_t)ageing->level, &first) == 0 || limit_s <= 0)
        return false;
    const int64_t oldest_s = version->items[first]->info.partition * span_s;
    ageing->until_s = up(oldest_s + span_s, coarse_s);
    if (ageing->until_s > limit_s)
        return false;
    ageing->from_s = max_i64(shared_floor_s(version, of, ageing->level), oldest_s);
    ageing->from_s -= ageing->from_s % coarse_s;
    return true;
}

/* ---- coarser files ---- */

/* A level of a class that gets files of the slots [first, end), of all its series or of those that have
 * been in other classes. */
struct rolling {
    const struct head_class *of;
    size_t level;
    int64_t first, end;
    bool is_of_moved;
};

static bool is_rolled(const struct store *store, const struct rolling *rolling, uint32_t id)
{
    if (!names_text(store->names, id) || names_class(store->names, id) != rolling->of->no)
        return false;
    return !rolling->is_of_moved ||
           past_older(names_past(store->names), names_link(store->names, id)) != PAST_NONE;
}

/* Ids ascend: all that have a name are looked at, which is simple; a series without data costs a look into
 * the files' indexes. */
static bool part_roll(struct output *output, const struct rolling *rolling, int64_t first, size_t n,
                      struct err *err)
{
    struct store *store = output->store;
    const uint32_t n_ids = names_count(store->names);
    CLEANUP(arena_done) struct arena arena;
    struct view view;
    bool is_ok = output_begin(output, rolling->of, rolling->level, first, n, err);

    arena_init(&arena);
    for (uint32_t id = 0; id < n_ids && is_ok; id++) {
        if (!is_rolled(store, rolling, id))
            continue;
        arena_reset(&arena);
        double *values = arena_array(&arena, n, double);
        view_open(&view, store, id, &arena);
        is_ok = view_values(&view, rolling->level, first, n, values, err);
        view_close(&view);
        is_ok = is_ok && output_add(output, id, values, err);
    }
    return is_ok && output_end(output, err);
}

static bool roll(struct output *output, const struct rolling *rolling, struct err *err)
{
    for (int64_t at = rolling->first; at < rolling->end;) {
        int64_t edge = (at / FILES_PARTITION_SLOTS + 1) * FILES_PARTITION_SLOTS;
        int64_t until = min_i64(rolling->end, edge);
        if (!part_roll(output, rolling, at, (size_t)(until - at), err))
            return false;
        at = until;
    }
    return true;
}

/* What the fine level loses, into the coarser one. */
static bool own_roll(struct output *output, const struct ageing *ageing, struct err *err)
{
    if (is_last(ageing) || !__atomic_load_n(&ageing->of->has_members, __ATOMIC_RELAXED))
        return true;
    const int64_t step_s = ageing->of->schema.archives[ageing->level + 1].step_s;
    const struct rolling rolling = {ageing->of, ageing->level + 1, ageing->from_s / step_s,
                                    ageing->until_s / step_s, false};
    return roll(output, &rolling, err);
}

/* ---- series that moved on ---- */

/* The finest level of `to` that still wants what ageing loses; false: none. */
static bool level_of(const struct ageing *ageing, const struct head_class *to, size_t *out)
{
    const int64_t until_s = up(ageing->until_s, step_last_s(&to->schema));

    for (size_t i = 0; i < to->schema.n_archives; i++) {
        *out = i;
        if (ageing->now_s - shared_retention_s(&to->schema, i) < until_s)
            return true;
    }
    return false;
}

/* What those who moved to another class want of it, in files of that class. */
static bool moved_roll(struct output *output, const struct ageing *ageing, struct err *err)
{
    const struct store *store = output->store;

    for (size_t i = 0; i < store->n_successions; i++) {
        const struct succession *pair = &store->successions[i];
        struct rolling rolling = {.of = head_class(store->head, pair->to), .is_of_moved = true};
        if (pair->from != ageing->of->no || !level_of(ageing, rolling.of, &rolling.level))
            continue;
        const int64_t step_s = rolling.of->schema.archives[rolling.level].step_s;
        rolling.first = ageing->from_s / step_s;
        rolling.end = up(ageing->until_s, step_s) / step_s;
        if (!roll(output, &rolling, err))
            return false;
    }
    return true;
}

static void files_drop(struct output *output, const struct files_version *version,
                       const struct ageing *ageing)
{
    const int64_t span_s = partition_s(ageing->of, ageing->level);
    size_t first;
    const size_t n = files_level(version, ageing->of->no, (uint8_t)ageing->level, &first);

    for (size_t i = first; i < first + n; i++)
        if ((version->items[i]->info.partition + 1) * span_s <= ageing->until_s)
            output_drop(output, version->items[i]->info.generation);
}

static bool age(struct store *store, const struct ageing *ageing, struct err *err)
{
    const struct head_class *of = ageing->of;
    struct files_version *version = files_ref(store->files);
    const int64_t floor_s = shared_floor_s(version, of, ageing->level);
    struct output output;

    output_init(&output, store);
    if (!ageing->keeps_files)
        files_drop(&output, version, ageing);
    if (!is_last(ageing) && floor_s < ageing->until_s)
        manifest_set_floor(&output.edit, of->no, (uint8_t)ageing->level, ageing->until_s);
    bool is_ok = own_roll(&output, ageing, err) &&
                 (ageing->keeps_files || moved_roll(&output, ageing, err)) &&
                 output_commit(&output, err);
    output_done(&output);
    files_unref(store->files, version);
    return is_ok;
}

/* The level hands everything before until_s to the next one. */
static bool floor_raise(struct store *store, const struct ageing *by, const struct head_class *of,
                        size_t level, int64_t until_s, struct err *err)
{
    struct ageing ageing = {
        .of = of, .level = level, .until_s = until_s, .now_s = by->now_s, .keeps_files = true};
    struct files_version *version = files_ref(store->files);
    const int64_t floor_s = shared_floor_s(version, of, level);
    size_t first;
    const size_t n = files_level(version, of->no, (uint8_t)level, &first);
    const int64_t oldest_s =
        n > 0 ? version->items[first]->info.partition * partition_s(of, level) : until_s;

    files_unref(store->files, version);
    ageing.from_s = max_i64(floor_s, oldest_s);
    ageing.from_s -= ageing.from_s % of->schema.archives[level + 1].step_s;
    return floor_s >= until_s || age(store, &ageing, err);
}

/* What moved_roll writes into a coarse level must not be hidden by finer ones that are out of time: their
 * floors go up first, as the level of old data is dropped by its own time, not by theirs. */
static bool floors_raise(struct store *store, const struct ageing *ageing, struct err *err)
{
    for (size_t i = 0; i < store->n_successions; i++) {
        const struct succession *pair = &store->successions[i];
        const struct head_class *to = head_class(store->head, pair->to);
        size_t level;
        if (pair->from != ageing->of->no || !level_of(ageing, to, &level))
            continue;
        const int64_t until_s = up(ageing->until_s, to->schema.archives[level].step_s);
        for (size_t k = 0; k < level; k++)
            if (!floor_raise(store, ageing, to, k, until_s, err))
                return false;
    }
    return true;
}

/* A floor above slots that the head still takes points for would lose them for the coarser level. */
static bool has_open_slots(const struct store *store, const struct ageing *ageing)
{
    for (size_t i = 0; i < store->n_successions; i++) {
        const struct succession *pair = &store->successions[i];
        const struct head_class *to = head_class(store->head, pair->to);
        size_t level;
        if (pair->from == ageing->of->no && level_of(ageing, to, &level) && level > 0 &&
            up(ageing->until_s, step_last_s(&to->schema)) >
                (int64_t)to->freed * to->schema.archives[0].step_s)
            return true;
    }
    return false;
}

/* ---- all ---- */

static bool is_due(struct store *store, struct ageing *ageing)
{
    struct files_version *version = files_ref(store->files);
    const bool is = ageing_find(store, version, ageing) && !has_open_slots(store, ageing);
    files_unref(store->files, version);
    return is;
}

static bool level_retain(struct store *store, const struct head_class *of, size_t level,
                         int64_t now_s, struct err *err)
{
    struct ageing ageing = {.of = of, .level = level, .now_s = now_s};

    if (!is_due(store, &ageing))
        return true;
    /* late points still in memory would come after the coarse slots that count them already */
    if (!seal_late(store, err) || !floors_raise(store, &ageing, err))
        return false;
    return !is_due(store, &ageing) || age(store, &ageing, err);
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
