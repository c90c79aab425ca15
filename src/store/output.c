#include "store/output.h"

#include <fcntl.h>
#include <math.h>

#include "base/mem.h"
#include "os/file.h"
#include "store/sync.h"

enum {
    UNIT_SLOTS = 720, /* as long as a decoder's fixed cost asks for */
    /* Longer units are smaller by 3 % (the entropy coder's table, an index entry and an aggregate are
     * one a unit), but an hour read from a day takes the decoding of seven. */
    COLD_UNIT_SLOTS = 2160,
    AGGREGATE_SLOTS_MIN = COLD_UNIT_SLOTS, /* per-unit sums pay for themselves in long units only */
};

void output_init(struct output *output, struct store *store)
{
    *output = (struct output){.store = store, .fd = -1};
    manifest_edit_init(&output->edit);
}

static void file_drop(struct output *output)
{
    block_writer_free(output->writer);
    output->writer = NULL;
    fd_done(&output->fd);
    if (output->temp_path)
        (void)!file_unlink(output->temp_path, NULL);
    mem_free(output->temp_path);
    output->temp_path = NULL;
}

void output_done(struct output *output)
{
    file_drop(output);
    manifest_edit_done(&output->edit);
    mem_free(output->added);
    mem_free(output->dropped);
}

static bool file_begin(struct output *output, struct err *err)
{
    struct store *store = output->store;
    struct buf path;
    size_t n;

    output->file.generation = manifest_generation(store->manifest);
    output->info.generation = output->file.generation;
    buf_init(&path, 8192);
    buf_printf(&path, "%s/new-%llu.tmp", store->data_dir,
               (unsigned long long)output->file.generation);
    output->temp_path = buf_take(&path, &n);
    if (!file_open(output->temp_path, O_RDWR | O_CREAT | O_TRUNC, &output->fd, err))
        return false;
    output->writer =
        block_writer_new(&output->info, store->keeper.codec, output->fd, output->temp_path);
    return true;
}

bool output_begin(struct output *output, const struct head_class *of, size_t level,
                  int64_t first_slot, size_t n_slots, struct err *err)
{
    BUG_IF(output->writer);
    const size_t unit_slots = output->is_cold ? COLD_UNIT_SLOTS : UNIT_SLOTS;
    output->info = (struct block_info){
        .first_slot = first_slot,
        .step_s = of->schema.archives[level].step_s,
        .n_slots = (uint32_t)n_slots,
        .unit_slots = (uint32_t)min_size(n_slots, unit_slots),
        .has_aggregates = output->is_cold && n_slots >= AGGREGATE_SLOTS_MIN,
        .is_cold = output->is_cold,
    };
    output->file = (struct manifest_file){
        .partition = first_slot / FILES_PARTITION_SLOTS,
        .class_no = of->no,
        .level = (uint8_t)level,
    };
    return file_begin(output, err);
}

bool output_end(struct output *output, struct err *err)
{
    if (block_writer_count(output->writer) == 0) {
        file_drop(output);
        return true;
    }
    CLEANUP(mem_done) char *path = files_path(output->store->files, &output->file);
    if (!block_writer_finish(output->writer, &output->file.bytes, err) ||
        !file_sync(output->fd, output->temp_path, err) ||
        !file_rename(output->temp_path, path, err))
        return false;
    mem_grow(&output->added, &output->cap_added, output->n_added + 1, sizeof(struct manifest_file));
    output->added[output->n_added++] = output->file;
    manifest_add_file(&output->edit, &output->file);
    mem_free(output->temp_path);
    output->temp_path = NULL;
    file_drop(output);
    return true;
}

/* The last value says when the series was alive. */
static void note_last(struct output *output, uint32_t id, const double *values)
{
    const struct block_info *info = &output->info;
    uint32_t n = info->n_slots;

    while (n > 0 && isnan(values[n - 1]))
        n--;
    if (n > 0)
        idle_raise(output->store->idle, id, (info->first_slot + n - 1) * info->step_s);
}

bool output_add(struct output *output, uint32_t id, const double *values, struct err *err)
{
    if (names_is_dead(output->store->names, id))
        return true;
    note_last(output, id, values);
    if (block_writer_count(output->writer) == BLOCK_SERIES_MAX &&
        (!output_end(output, err) || !file_begin(output, err)))
        return false;
    return block_writer_add(output->writer, id, values, NULL, err);
}

void output_drop(struct output *output, uint64_t generation)
{
    mem_grow(&output->dropped, &output->cap_dropped, output->n_dropped + 1, sizeof(uint64_t));
    output->dropped[output->n_dropped++] = generation;
    manifest_drop_file(&output->edit, generation);
}

/* The files as readers need them. What cannot be opened again is set aside: it was whole a moment ago,
 * so the disk is to blame, and that is counted. */
static bool install(struct output *output, struct err *err)
{
    struct store *store = output->store;
    struct files_item **items = mem_array(output->n_added + 1, struct files_item *);
    size_t n = 0;
    bool is_ok = true;

    for (size_t i = 0; i < output->n_added && is_ok; i++) {
        is_ok = files_open(store->files, &output->added[i], &items[n], err) && items[n];
        n += is_ok;
    }
    if (is_ok)
        is_ok = manifest_commit(store->manifest, &output->edit, err);
    files_install(store->files, items, is_ok ? n : 0, output->dropped,
                  is_ok ? output->n_dropped : 0, manifest_state(store->manifest));
    for (size_t i = 0; i < n && !is_ok; i++)
        files_item_free(items[i]);
    mem_free(items);
    return is_ok;
}

/* A file may have points of series whose writer has not committed yet: their names go to disk first, or a
 * power cut would leave values that no one can ask for. */
static bool names_keep(struct store *store, struct err *err)
{
    return names_log_write(store->names_log, err) &&
           (names_log_is_synced(store->names_log) || sync_pass(store, err));
}

bool output_commit(struct output *output, struct err *err)
{
    struct store *store = output->store;

    if (output->n_added > 0 && (!names_keep(store, err) || !dir_sync(store->data_dir, err)))
        return false;
    return install(output, err);
}
