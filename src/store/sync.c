#include "store/sync.h"

#include "base/log.h"
#include "store/shared.h"

void sync_init(struct store *store)
{
    struct sync *sync = &store->sync;
    pthread_mutex_init(&sync->lock, NULL);
    cond_init(&sync->wanted);
    cond_init(&sync->done);
}

void sync_done(struct store *store)
{
    pthread_mutex_destroy(&store->sync.lock);
    pthread_cond_destroy(&store->sync.wanted);
    pthread_cond_destroy(&store->sync.done);
}

/* Names and points that come between the two are synced or not: nothing says that they are. */
static bool all_sync(struct store *store, struct err *err)
{
    wal_sync_begin(store->wal);
    if (names_log_sync(store->names_log, err) && wal_sync(store->wal, err))
        return true;
    if (!__atomic_load_n(&store->disk_is_bad, __ATOMIC_SEQ_CST))
        log_error("cannot sync, points are refused until it works again: %s", err->text);
    return false;
}

/* Runs one pass for all who wait; the lock is held before and after, not during. */
static void pass_locked(struct store *store)
{
    struct sync *sync = &store->sync;
    struct err err;

    uint64_t no = ++sync->n_begun;
    pthread_mutex_unlock(&sync->lock);
    err_clear(&err);
    bool is_ok = all_sync(store, &err);
    pthread_mutex_lock(&sync->lock);
    sync->n_done = no;
    if (!is_ok) {
        sync->n_failed = no;
        sync->last_err = err;
        /* what the kernel dropped cannot be synced again: the keeper writes it from memory */
        __atomic_store_n(&store->disk_is_bad, true, __ATOMIC_SEQ_CST);
    }
    pthread_cond_broadcast(&sync->done);
}

static void run(void *self)
{
    struct store *store = self;
    struct sync *sync = &store->sync;
    const int64_t wait_us =
        store->fsync_interval_ms > 0 ? store->fsync_interval_ms * 1000 : 1000000;

    pthread_mutex_lock(&sync->lock);
    while (!sync->is_stopping) {
        if (sync->n_wanted <= sync->n_begun)
            (void)cond_wait_us(&sync->wanted, &sync->lock, wait_us);
        pass_locked(store);
    }
    pass_locked(store);
    pthread_mutex_unlock(&sync->lock);
}

bool sync_start(struct store *store, struct err *err)
{
    return store->tuning.has_no_threads ||
           thread_start(&store->sync.thread, "plumb-commit", run, store, err);
}

void sync_stop(struct store *store)
{
    struct sync *sync = &store->sync;

    pthread_mutex_lock(&sync->lock);
    sync->is_stopping = true;
    pthread_cond_broadcast(&sync->wanted);
    if (!sync->thread.is_running)
        pass_locked(store);
    pthread_mutex_unlock(&sync->lock);
    thread_join(&sync->thread);
}

/* The pass that is waited for. */
static uint64_t ask_locked(struct sync *sync)
{
    const uint64_t no = sync->n_begun + 1; /* one that runs now may have missed something */
    if (sync->n_wanted < no)
        sync->n_wanted = no;
    pthread_cond_broadcast(&sync->wanted);
    return no;
}

void sync_ask(struct store *store)
{
    pthread_mutex_lock(&store->sync.lock);
    (void)ask_locked(&store->sync);
    pthread_mutex_unlock(&store->sync.lock);
}

bool sync_pass(struct store *store, struct err *err)
{
    struct sync *sync = &store->sync;

    pthread_mutex_lock(&sync->lock);
    const uint64_t no = ask_locked(sync);
    if (!sync->thread.is_running)
        pass_locked(store);
    while (sync->n_done < no)
        pthread_cond_wait(&sync->done, &sync->lock);
    const bool is_ok = sync->n_failed < no;
    if (!is_ok && err)
        *err = sync->last_err;
    pthread_mutex_unlock(&sync->lock);
    return is_ok;
}

bool sync_wait(struct store *store, struct err *err)
{
    struct sync *sync = &store->sync;

    if (!sync_pass(store, err))
        return false;
    pthread_mutex_lock(&sync->lock);
    const bool is_ok = !__atomic_load_n(&store->disk_is_bad, __ATOMIC_SEQ_CST);
    if (!is_ok && err)
        *err = sync->last_err;
    pthread_mutex_unlock(&sync->lock);
    if (!is_ok)
        err_prefix(err, "an earlier sync failed");
    return is_ok;
}
