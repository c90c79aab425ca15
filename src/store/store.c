#include "store/store.h"

#include "base/mem.h"
#include "os/file.h"
#include "os/realtime.h"
#include "store/hidden.h"
#include "store/keeper.h"
#include "store/read.h"
#include "store/recover.h"
#include "store/removal.h"
#include "store/shared.h"
#include "store/sync.h"
#include "store/writer.h"

struct store *shared_new(const struct store_options *options, const struct shared_tuning *tuning)
{
    struct store *store = mem_zalloc(sizeof(struct store));

    store->tuning = *tuning;
    store->dir = mem_strdup(options->dir);
    store->data_dir = file_join(options->dir, "data");
    store->wal_dir = file_join(options->dir, "wal");
    store->corrupt_dir = file_join(options->dir, "corrupt");
    store->lock_fd = -1;
    store->schemas = options->schemas;
    store->clock = options->clock;
    store->fsync_interval_ms = max_i64(0, options->fsync_interval_ms);
    store->writers_max = options->writers_max == 0 || options->writers_max > EPOCH_WRITERS_MAX
                             ? EPOCH_WRITERS_MAX
                             : options->writers_max;
    store->names_max = options->series_max;
    store->hide_idle_after_s = options->hide_idle_after_s;
    store->creates_max = options->creates_per_minute_max;
    pthread_mutex_init(&store->writers_lock, NULL);
    pthread_mutex_init(&store->classes_lock, NULL);
    for (unsigned i = 0; i < EPOCH_WRITERS_MAX; i++) {
        store->writers[i].store = store;
        store->writers[i].no = i;
    }
    sync_init(store);
    keeper_init(store);
    return store;
}

void shared_free(struct store *store)
{
    keeper_done(store);
    sync_done(store);
    for (unsigned i = 0; i < EPOCH_WRITERS_MAX; i++)
        writer_done(&store->writers[i]);
    wal_free(store->wal);
    manifest_close(store->manifest);
    files_free(store->files);
    names_log_close(store->names_log);
    late_free(store->late);
    hidden_free(store->hidden);
    idle_free(store->idle);
    index_free(store->index);
    names_free(store->names);
    head_free(store->head);
    pthread_mutex_destroy(&store->writers_lock);
    pthread_mutex_destroy(&store->classes_lock);
    fd_done(&store->lock_fd);
    mem_free(store->wanted);
    mem_free(store->dir);
    mem_free(store->data_dir);
    mem_free(store->wal_dir);
    mem_free(store->corrupt_dir);
    mem_free(store->successions);
    mem_free(store);
}

static bool dirs_make(struct store *store, struct err *err)
{
    CLEANUP(mem_done) char *lock = file_join(store->dir, "lock");

    if (!dir_make(store->dir, err) || !file_lock(lock, &store->lock_fd, err))
        return false;
    return dir_make(store->data_dir, err) && dir_make(store->wal_dir, err) &&
           dir_make(store->corrupt_dir, err) && dir_sync(store->dir, err);
}

bool shared_open(const struct store_options *options, const struct shared_tuning *tuning,
                 struct store **out, struct err *err)
{
    const int64_t begun_us = monotonic_us();
    struct store *store = shared_new(options, tuning);

    bool is_ok = dirs_make(store, err) && recover_all(store, err) && sync_start(store, err);
    if (is_ok && !keeper_start(store, err)) {
        sync_stop(store);
        is_ok = false;
    }
    if (!is_ok) {
        shared_free(store);
        return false;
    }
    store->ready_ms = (monotonic_us() - begun_us) / 1000;
    *out = store;
    return true;
}

bool store_open(const struct store_options *options, struct store **out, struct err *err)
{
    const struct shared_tuning tuning = shared_tuning_usual();
    return shared_open(options, &tuning, out, err);
}

/* The writers are closed by their owners; what one left in its batch goes to the kernel here. */
static void writers_flush(struct store *store)
{
    struct err err;

    err_clear(&err);
    (void)!names_log_write(store->names_log, &err);
    for (unsigned i = 0; i < store->writers_max; i++)
        if (store->writers[i].batch.count > 0)
            (void)!writer_sink_ops.commit(&store->writers[i], &err);
}

void store_close(struct store *store)
{
    if (!store)
        return;
    keeper_stop(store);
    writers_flush(store);
    sync_stop(store);
    names_log_end(store->names_log);
    wal_end(store->wal);
    shared_free(store);
}

struct sink store_sink(struct store *store)
{
    return (struct sink){&writer_sink_ops, store};
}

struct source store_source(struct store *store)
{
    return (struct source){&read_source_ops, store};
}

void store_stats(struct store *store, struct store_stats *out)
{
    size_t n_files;

    *out = (struct store_stats){
        .n_series = names_series(store->names),
        .wal_bytes = wal_bytes(store->wal),
        .disk_bytes = files_bytes(store->files, &n_files),
        .n_files_corrupt = files_n_corrupt(store->files) + store->n_damaged,
        .n_seals = __atomic_load_n(&store->keeper.n_seals, __ATOMIC_RELAXED),
        .head_bytes = head_bytes(store->head),
        .late_bytes = late_bytes(store->late),
        .n_points_recovered = store->n_recovered,
        .n_series_moved = store->n_moved,
        .ready_ms = store->ready_ms,
    };
    out->n_files = n_files;
    for (unsigned i = 0; i < store->writers_max; i++) {
        const struct sink_writer *writer = &store->writers[i];
        out->n_points_stored += __atomic_load_n(&writer->n_stored, __ATOMIC_RELAXED);
        out->n_points_refused += __atomic_load_n(&writer->n_refused, __ATOMIC_RELAXED);
        out->n_late_points += __atomic_load_n(&writer->n_late_points, __ATOMIC_RELAXED);
    }
}

bool store_hide(struct store *store, const struct str *names, size_t n, bool is_hidden,
                struct err *err)
{
    return hidden_set(store, names, n, is_hidden, err);
}

bool store_delete(struct store *store, const struct str *names, size_t n, size_t *out_n,
                  struct err *err)
{
    return removal_delete(store, names, n, out_n, err);
}

bool store_rename(struct store *store, const struct name_change *renames, size_t n, struct err *err)
{
    return removal_rename(store, renames, n, err);
}

bool store_seal(struct store *store, struct err *err)
{
    return keeper_seal(store, err);
}
