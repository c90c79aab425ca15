/* What is merged is always the newest files of a partition, any number of them: so the result, which
 * gets the newest generation of all, is newer than everything that stays. */
#include "store/merge.h"

#include <math.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/realtime.h"
#include "store/keeper.h"
#include "store/output.h"

enum {
    COLD_SHARE = 4,  /* a past partition is written again when a quarter of it is new */
    SWEEP_SHARE = 8, /* one in so many deleted: the partition is written anew */
};

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

/* A big partition takes minutes, and the ring of the head must not fill up meanwhile. What is sealed here
 * has a later generation than the merge's output, as it must: nothing of it is in the inputs. */
static bool seal_meanwhile(struct store *store, int64_t *io_last_us, struct err *err)
{
    const int64_t now_us = monotonic_us();
    if (now_us - *io_last_us < store->tuning.merge_turn_us)
        return true;
    *io_last_us = now_us;
    return keeper_seal_due(store, err);
}

static bool inputs_write(struct output *output, struct inputs *inputs, struct err *err)
{
    const struct files_item *any = inputs->items[0];
    struct store *store = output->store;
    const struct head_class *of = head_class(store->head, any->info.class_no);
    int64_t last_us = monotonic_us();
    uint32_t id;

    if (!output_begin(output, of, any->info.level, inputs->first_slot, inputs->n_slots, err))
        return false;
    CLEANUP(mem_done) double *values = mem_alloc(mul_size(inputs->n_slots, sizeof(double)));
    while (next_id(inputs, &id)) {
        if (names_is_dead(store->names, id))
            continue;
        if (!series_read(store, inputs, id, values, err) || !output_add(output, id, values, err) ||
            !seal_meanwhile(store, &last_us, err))
            return false;
    }
    return output_end(output, err);
}

/* items[0..n) are the newest of their partition. Cold: it is past and they are all of it. */
static bool merge(struct store *store, struct files_item *const *items, size_t n, bool is_cold,
                  struct err *err)
{
    struct inputs inputs = {.items = items, .n = n};
    struct output output;

    if (!head_class(store->head, items[0]->info.class_no))
        return true; /* its class was lost with the names log: nothing can read it */
    inputs.rows = mem_array(n, uint32_t);
    inputs_span(&inputs);
    output_init(&output, store);
    output.is_cold = is_cold;
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

/* ---- past partitions ---- */

/* Nothing ordinary comes into the partition any more. */
static bool is_past(const struct store *store, const struct files_version *version,
                    const struct files_item *item)
{
    const struct head_class *of = head_class(store->head, item->info.class_no);
    if (!of)
        return false;
    const int64_t end = (item->info.partition + 1) * FILES_PARTITION_SLOTS;
    const uint8_t level = item->info.level;
    if (level == 0)
        return end <= (int64_t)of->sealed;
    return end * of->schema.archives[level].step_s <= shared_floor_s(version, of, level - 1);
}

static bool is_cold(const struct files_item *item)
{
    return block_info(item->block)->is_cold;
}

/* Nothing at all came for a while. */
static bool is_quiet(const struct store *store, struct files_item *const *items, size_t n)
{
    const int64_t now_us = clock_us(&store->clock);
    bool is_quiet = true;

    for (size_t i = 0; i < n; i++) {
        if (items[i]->seen_us == 0 || items[i]->seen_us > now_us)
            items[i]->seen_us = now_us;
        is_quiet &= is_cold(items[i]) || now_us - items[i]->seen_us >= store->tuning.cold_wait_us;
    }
    return is_quiet;
}

/* What came since it was last written for good is worth writing all of it again. */
static bool is_worth_it(struct files_item *const *items, size_t n)
{
    uint64_t cold_bytes = 0, new_bytes = 0;

    for (size_t i = 0; i < n; i++)
        *(is_cold(items[i]) ? &cold_bytes : &new_bytes) += items[i]->n_bytes;
    return new_bytes > cold_bytes / COLD_SHARE;
}

/* One partition in its turn. *io_may_cool: a past one may be written for good, and was not. */
static bool partition_merge(struct store *store, const struct files_version *version, size_t first,
                            size_t n, bool *io_may_cool, struct err *err)
{
    struct files_item *const *items = version->items + first;

    if (is_past(store, version, items[0]) && is_quiet(store, items, n) && is_worth_it(items, n)) {
        const bool may_cool = *io_may_cool;
        *io_may_cool = false;
        return !may_cool || merge(store, items, n, true, err);
    }
    if (n < store->tuning.files_merge)
        return true;
    const size_t taken = tier(items, n);
    return merge(store, items + (n - taken), taken, false, err);
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
    bool is_ok = true, may_cool = true; /* one at a time: sealing must not wait for all of them */

    for (size_t i = 0; i < version->n && is_ok;) {
        size_t n = partition_count(version, i);
        is_ok = partition_merge(store, version, i, n, &may_cool, err);
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
            is_ok = merge(store, version->items + i + bad, n - bad, false, err);
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

/* The first partition worth it; *out_n: its files, 0 when there is none. */
static size_t sweep_find(const struct store *store, const struct files_version *version,
                         size_t *out_n)
{
    for (size_t i = 0; i < version->n; i += *out_n) {
        *out_n = partition_count(version, i);
        if (is_past(store, version, version->items[i]) &&
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
    const bool is_ok = n == 0 || merge(store, version->items + first, n, true, err);
    sweep->is_under_way = n > 0;
    files_unref(store->files, version);
    return is_ok;
}
