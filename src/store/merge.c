/* What is merged is always the newest files of a partition, any number of them: so the result, which
 * gets the newest generation of all, is newer than everything that stays. */
#include "store/merge.h"

#include <math.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/realtime.h"
#include "store/output.h"

enum { SWEEP_SHARE = 8 /* one in so many deleted: the partition is written anew */ };

/* The inputs, oldest first, each with the row that comes next. */
struct inputs {
    struct files_item *const *items;
    size_t n;
    uint32_t *rows;
    int64_t first_slot;
    size_t n_slots;
};

static void inputs_span(struct inputs *inputs)
{
    int64_t low = INT64_MAX, high = 0;

    for (size_t i = 0; i < inputs->n; i++) {
        const struct block_info *info = block_info(inputs->items[i]->block);
        low = min_i64(low, info->first_slot);
        high = max_i64(high, info->first_slot + info->n_slots);
    }
    inputs->first_slot = low;
    inputs->n_slots = (size_t)(high - low);
}

/* The lowest id that is still to come; moves past it. False: none. */
static bool next_id(struct inputs *inputs, uint32_t *out)
{
    bool found = false;
    uint32_t lowest = UINT32_MAX;

    for (size_t i = 0; i < inputs->n; i++) {
        const struct block *block = inputs->items[i]->block;
        if (inputs->rows[i] == block_info(block)->n_series)
            continue;
        uint32_t id = block_id(block, inputs->rows[i]);
        lowest = !found || id < lowest ? id : lowest;
        found = true;
    }
    for (size_t i = 0; i < inputs->n && found; i++) {
        const struct block *block = inputs->items[i]->block;
        if (inputs->rows[i] < block_info(block)->n_series &&
            block_id(block, inputs->rows[i]) == lowest)
            inputs->rows[i]++;
    }
    *out = lowest;
    return found;
}

/* All inputs of one series over each other; damage leaves gaps. */
static bool series_read(struct store *store, const struct inputs *inputs, uint32_t id,
                        double *values, struct err *err)
{
    size_t n_values;

    for (size_t i = 0; i < inputs->n_slots; i++)
        values[i] = (double)NAN;
    for (size_t i = 0; i < inputs->n; i++) {
        struct files_item *item = inputs->items[i];
        if (block_read(item->block, id, inputs->first_slot, inputs->n_slots, values, &n_values,
                       err))
            continue;
        if (err->kind != ERR_CORRUPT)
            return false;
        log_warn("%s", err->text);
        err_clear(err);
        files_mark_bad(store->files, item); /* so that it is set aside, not unlinked */
    }
    return true;
}

static bool inputs_write(struct output *output, struct inputs *inputs, struct err *err)
{
    const struct files_item *any = inputs->items[0];
    struct store *store = output->store;
    const struct head_class *of = head_class(store->head, any->info.class_no);
    uint32_t id;

    if (!output_begin(output, of, any->info.level, inputs->first_slot, inputs->n_slots, err))
        return false;
    CLEANUP(mem_done) double *values = mem_alloc(mul_size(inputs->n_slots, sizeof(double)));
    while (next_id(inputs, &id)) {
        if (names_is_dead(store->names, id))
            continue;
        if (!series_read(store, inputs, id, values, err) || !output_add(output, id, values, err))
            return false;
    }
    return output_end(output, err);
}

/* items[0..n) are the newest of their partition. */
static bool merge(struct store *store, struct files_item *const *items, size_t n, struct err *err)
{
    struct inputs inputs = {.items = items, .n = n};
    struct output output;

    if (!head_class(store->head, items[0]->info.class_no))
        return true; /* its class was lost with the names log: nothing can read it */
    inputs.rows = mem_array(n, uint32_t);
    inputs_span(&inputs);
    output_init(&output, store);
    bool is_ok = inputs_write(&output, &inputs, err);
    for (size_t i = 0; i < n; i++)
        output_drop(&output, items[i]->info.generation);
    is_ok = is_ok && output_commit(&output, err);
    output_done(&output);
    mem_free(inputs.rows);
    return is_ok;
}

/* How many of the newest files to merge; older ones join while they are not much bigger than what is
 * there already, so no byte is rewritten too often. */
static size_t tier(struct files_item *const *items, size_t n)
{
    uint64_t bytes = items[n - 1]->n_bytes;
    size_t taken = 1;

    while (taken < n && items[n - 1 - taken]->n_bytes <= 2 * bytes)
        bytes += items[n - 1 - taken++]->n_bytes;
    return taken < 2 ? 2 : taken;
}

/* Nothing ordinary comes into the partition any more. */
static bool is_closed(const struct store *store, const struct files_item *item)
{
    const struct head_class *of = head_class(store->head, item->info.class_no);
    if (!of || item->info.level > 0)
        return false;
    return (item->info.partition + 1) * FILES_PARTITION_SLOTS <= (int64_t)of->sealed;
}

/* Merged already as a whole once: overlays then wait until there are enough of them. */
static bool has_base(struct files_item *const *items)
{
    const struct block_info *info = block_info(items[0]->block);
    return info->unit_slots >= HEAD_SLOTS + 1;
}

static bool partition_merge(struct store *store, struct files_item *const *items, size_t n,
                            struct err *err)
{
    if (n < 2)
        return true;
    if (n >= store->tuning.files_merge) {
        size_t taken = tier(items, n);
        return merge(store, items + (n - taken), taken, err);
    }
    if (is_closed(store, items[0]) && !has_base(items))
        return merge(store, items, n, err);
    return true;
}

static size_t partition_count(const struct files_version *version, size_t first)
{
    const struct manifest_file *info = &version->items[first]->info;
    size_t ignored;
    return files_range(version, info->class_no, info->level, info->partition, &ignored);
}

bool merge_due(struct store *store, struct err *err)
{
    struct files_version *version = files_ref(store->files);
    bool is_ok = true;

    for (size_t i = 0; i < version->n && is_ok;) {
        size_t n = partition_count(version, i);
        is_ok = partition_merge(store, version->items + i, n, err);
        i += n;
    }
    files_unref(store->files, version);
    return is_ok;
}

bool merge_damaged(struct store *store, struct err *err)
{
    if (files_n_bad(store->files) == 0)
        return true;
    struct files_version *version = files_ref(store->files);
    bool is_ok = true;

    for (size_t i = 0; i < version->n && is_ok;) {
        size_t n = partition_count(version, i), bad = 0;
        while (bad < n && !__atomic_load_n(&version->items[i + bad]->is_bad, __ATOMIC_SEQ_CST))
            bad++;
        if (bad < n)
            is_ok = merge(store, version->items + i + bad, n - bad, err);
        i += n;
    }
    files_unref(store->files, version);
    return is_ok;
}

/* ---- deleted series ---- */

/* Worth rewriting for the sake of deleted series? */
static bool is_mostly_dead(const struct store *store, struct files_item *const *items, size_t n)
{
    uint64_t n_rows = 0, n_dead = 0;

    for (size_t i = 0; i < n; i++) {
        const struct block *block = items[i]->block;
        const uint32_t n_series = block_info(block)->n_series;
        for (uint32_t row = 0; row < n_series; row++)
            n_dead += names_is_dead(store->names, block_id(block, row));
        n_rows += n_series;
    }
    return n_dead * SWEEP_SHARE >= n_rows && n_dead > 0;
}

static bool can_sweep(const struct store *store, const struct files_item *item)
{
    const struct head_class *of = head_class(store->head, item->info.class_no);
    return of && (item->info.level > 0 || is_closed(store, item));
}

/* The first partition worth it; *out_n: its files, 0 when there is none. */
static size_t sweep_find(const struct store *store, const struct files_version *version,
                         size_t *out_n)
{
    for (size_t i = 0; i < version->n; i += *out_n) {
        *out_n = partition_count(version, i);
        if (can_sweep(store, version->items[i]) &&
            is_mostly_dead(store, version->items + i, *out_n))
            return i;
    }
    *out_n = 0;
    return 0;
}

bool merge_deleted(struct store *store, struct err *err)
{
    struct sweep *sweep = &store->keeper.sweep;
    const uint64_t n_dead = names_n_dead(store->names);
    const int64_t now_us = monotonic_us();
    const bool is_due = n_dead > sweep->n_dead &&
                        (sweep->at_us == 0 || now_us - sweep->at_us >= store->tuning.sweep_us);

    if (!is_due && !sweep->is_under_way)
        return true;
    if (is_due)
        *sweep = (struct sweep){.n_dead = n_dead, .at_us = now_us, .is_under_way = true};
    struct files_version *version = files_ref(store->files);
    size_t n;
    const size_t first = sweep_find(store, version, &n);
    const bool is_ok = n == 0 || merge(store, version->items + first, n, err);
    sweep->is_under_way = n > 0;
    files_unref(store->files, version);
    return is_ok;
}
