#include "store/keeper.h"

#include "base/log.h"
#include "os/realtime.h"
#include "store/codec.h"
#include "store/hidden.h"
#include "store/lowmark.h"
#include "store/merge.h"
#include "store/retain.h"
#include "store/seal.h"
#include "store/shared.h"
#include "store/sync.h"

enum {
    PASS_US = 1000000,
    WAL_KEEP_US = 60000000,  /* each time costs a sync of the manifest */
    LATE_TRIM_US = 60000000, /* memory of late points that nobody needed for so long goes */
};

void keeper_init(struct store *store)
{
    struct keeper *keeper = &store->keeper;
    pthread_mutex_init(&keeper->lock, NULL);
    cond_init(&keeper->wanted);
    cond_init(&keeper->done);
    keeper->codec = codec_new();
}

void keeper_done(struct store *store)
{
    codec_free(store->keeper.codec);
    pthread_mutex_destroy(&store->keeper.lock);
    pthread_cond_destroy(&store->keeper.wanted);
    pthread_cond_destroy(&store->keeper.done);
}

/* ---- duties ---- */

static void names_tidy(struct store *store)
{
    struct names_table *retired = names_take_retired(store->names);
    if (!retired)
        return;
    epochs_wait(&store->epochs);
    names_drop(retired);
}

/* Floors that rose by the clock of before and lie above the window: what comes now belongs to the finest
 * archive again, and coarser ones count it from there. What was rolled up stays where nothing new is. */
static void floors_lower(const struct store *store, const struct head_class *of, uint32_t window,
                         struct manifest_edit *edit)
{
    const struct schema *schema = &of->schema;
    const int64_t window_s = (int64_t)window * schema->archives[0].step_s;
    struct files_version *version = files_ref(store->files);

    for (size_t level = 0; level + 1 < schema->n_archives; level++) {
        const int64_t floor_s = window_s - window_s % schema->archives[level + 1].step_s;
        if (shared_floor_s(version, of, level) > floor_s)
            manifest_set_floor(edit, of->no, (uint8_t)level, floor_s);
    }
    files_unref(store->files, version);
}

/* The clock was set back by more than the ring is long: all columns are sealed, then the window is set
 * anew. Meanwhile every point takes the late way. */
static bool window_set_back(struct store *store, struct head_class *of, uint32_t window,
                            struct err *err)
{
    if (!seal_class(store, of, of->sealed + HEAD_SLOTS, err) || !seal_late(store, err))
        return false;
    const uint64_t lsn = seal_lsn(store);
    struct manifest_edit edit;
    manifest_edit_init(&edit);
    manifest_set_sealed(&edit, of->no, window, lsn);
    floors_lower(store, of, window, &edit);
    bool is_ok = manifest_commit(store->manifest, &edit, err);
    manifest_edit_done(&edit);
    if (!is_ok)
        return false;
    files_install(store->files, NULL, 0, NULL, 0, manifest_state(store->manifest));
    __atomic_store_n(&of->sealed, UINT32_MAX, __ATOMIC_SEQ_CST);
    epochs_wait(&store->epochs);
    head_window_set(store->head, of, window);
    return true;
}

/* Seals what is due at now_s: whole windows, older than the grace. */
static bool class_keep(struct store *store, struct head_class *of, int64_t now_s, struct err *err)
{
    const uint32_t window = head_window_at(&of->schema, now_s);

    if (of->sealed > window && of->sealed - window > 2 * HEAD_SLOTS)
        return window_set_back(store, of, window, err);
    while (of->sealed < window) {
        uint32_t until = (of->sealed / HEAD_SEAL_SLOTS + 1) * HEAD_SEAL_SLOTS;
        if (!head_class_is_busy(store->head, of))
            until = window; /* nothing there: over all of it at once */
        if (!seal_class(store, of, until, err))
            return false;
    }
    return true;
}

/* Finishes what failed before: until then no late point may be written, of no class. */
static bool seals_finish(struct store *store, struct err *err)
{
    for (uint16_t i = 0; i < head_n_classes(store->head); i++) {
        struct head_class *of = head_class(store->head, i);
        if (of && of->freed != of->sealed && !seal_class(store, of, of->sealed, err))
            return false;
    }
    return true;
}

static bool classes_keep(struct store *store, int64_t now_s, struct err *err)
{
    if (!seals_finish(store, err))
        return false;
    for (uint16_t i = 0; i < head_n_classes(store->head); i++) {
        struct head_class *of = head_class(store->head, i);
        if (of && !class_keep(store, of, now_s, err))
            return false;
    }
    return true;
}

bool keeper_seal_due(struct store *store, struct err *err)
{
    return classes_keep(store, clock_s(&store->clock), err);
}

/* Many wait and none came for a while: a replay has ended or pauses. */
static bool late_is_quiet(struct store *store, int64_t now_us)
{
    struct keeper *keeper = &store->keeper;
    const size_t bytes = late_bytes(store->late);

    if (bytes != keeper->late_bytes || now_us < keeper->late_grew_us)
        keeper->late_grew_us = now_us;
    keeper->late_bytes = bytes;
    if (bytes >= store->tuning.late_quiet_bytes || now_us < keeper->late_big_us)
        keeper->late_big_us = now_us;
    if (now_us - keeper->late_big_us >= LATE_TRIM_US)
        late_trim(store->late);
    return bytes >= store->tuning.late_quiet_bytes &&
           now_us - keeper->late_grew_us >= store->tuning.late_quiet_us;
}

static bool late_keep(struct store *store, struct err *err)
{
    struct keeper *keeper = &store->keeper;
    const int64_t now_us = clock_us(&store->clock);
    const bool is_quiet = late_is_quiet(store, now_us);

    if (late_is_empty(store->late)) {
        keeper->late_since_us = 0;
        return true;
    }
    if (keeper->late_since_us == 0 || keeper->late_since_us > now_us)
        keeper->late_since_us = now_us;
    bool is_due = is_quiet || late_is_full(store->late, store->tuning.late_flush_bytes) ||
                  now_us - keeper->late_since_us >= store->tuning.late_flush_us;
    if (!is_due)
        return true;
    keeper->late_since_us = 0;
    return seal_late(store, err);
}

static bool checkpoint_all(struct store *store, struct err *err)
{
    if (!classes_keep(store, clock_s(&store->clock), err) || !seal_late(store, err))
        return false;
    for (uint16_t i = 0; i < head_n_classes(store->head); i++) {
        struct head_class *of = head_class(store->head, i);
        if (of && head_class_is_busy(store->head, of) && !seal_checkpoint(store, of, err))
            return false;
    }
    return true;
}

/* A sync failed: what the kernel forgot is still in memory. Once it is in files, points may come. */
static bool disk_repair(struct store *store, struct err *err)
{
    if (!__atomic_load_n(&store->disk_is_bad, __ATOMIC_SEQ_CST))
        return true;
    if (!sync_pass(store, err) || !checkpoint_all(store, err))
        return false;
    __atomic_store_n(&store->disk_is_bad, false, __ATOMIC_SEQ_CST);
    log_info("the disk works again");
    return true;
}

/* None in its columns, and none ahead of the ring: those wait among the late ones. */
static bool has_no_unsealed(const struct store *store, const struct head_class *of)
{
    return of->freed == of->sealed && !head_class_is_busy(store->head, of) &&
           !late_reaches(store->late, of->no, of->sealed);
}

/* A class with unsealed points holds the log back only from where it had none: at the end of a replay that
 * makes much less to read when the server is killed. Returns where the log was before looking. */
static uint64_t idle_note(struct store *store)
{
    const uint64_t lsn = seal_lsn(store); /* before looking */

    for (uint16_t i = 0; i < head_n_classes(store->head); i++) {
        struct head_class *of = head_class(store->head, i);
        if (of && has_no_unsealed(store, of))
            of->idle_lsn = lsn;
    }
    return lsn;
}

/* Writes down since when classes, and the late points if there are none, hold the log back. */
static bool marks_raise(struct store *store, struct err *err)
{
    const struct manifest_state *state = manifest_state(store->manifest);
    const uint64_t lsn = idle_note(store);
    struct manifest_edit edit;

    manifest_edit_init(&edit);
    if (late_is_empty(store->late))
        manifest_set_late(&edit, lsn);
    for (uint16_t i = 0; i < head_n_classes(store->head); i++) {
        const struct head_class *of = head_class(store->head, i);
        if (of && of->idle_lsn > state->classes[i].checkpoint_lsn)
            manifest_set_checkpoint(&edit, i, of->idle_lsn);
    }
    bool is_ok = manifest_commit(store->manifest, &edit, err);
    manifest_edit_done(&edit);
    return is_ok;
}

static bool wal_keep(struct store *store, bool is_wanted, struct err *err)
{
    const struct manifest_state *state = manifest_state(store->manifest);
    const uint64_t bytes = wal_closed_bytes(store->wal);
    const bool is_too_long = bytes > store->tuning.wal_bytes_max;
    const int64_t now_us = monotonic_us();
    struct keeper *keeper = &store->keeper;
    /* whole segments may have come free: the sooner they are used again, the fewer there are */
    const bool is_due = now_us >= keeper->wal_kept_us + WAL_KEEP_US ||
                        (bytes >= store->tuning.wal_segment_bytes / 2 &&
                         keeper->n_written != keeper->n_written_kept);

    if (!is_wanted && !is_too_long && (bytes == 0 || !is_due))
        return true;
    keeper->wal_kept_us = now_us;
    keeper->n_written_kept = keeper->n_written;
    if (is_too_long && !checkpoint_all(store, err))
        return false;
    if (!marks_raise(store, err))
        return false;
    const uint64_t low_lsn = lowmark_of_all(state, store->head);
    for (uint16_t i = 0; i < head_n_classes(store->head); i++)
        manifest_prune(store->manifest, i, low_lsn);
    return wal_reclaim(store->wal, low_lsn, err);
}

bool keeper_pass(struct store *store, struct err *err)
{
    const int64_t now_s = clock_s(&store->clock);
    /* a clock that runs wild must not expire what is there: ages count from the newest point */
    const int64_t newest_s = __atomic_load_n(&store->newest_s, __ATOMIC_RELAXED);

    (void)idle_note(store);
    names_tidy(store);
    idle_load(store);
    hidden_keep(store);
    return disk_repair(store, err) && merge_damaged(store, err) &&
           classes_keep(store, now_s, err) && late_keep(store, err) &&
           retain_due(store, min_i64(now_s, newest_s), err) && merge_due(store, err) &&
           merge_deleted(store, err) && wal_keep(store, false, err);
}

static bool seal_all(struct store *store, struct err *err)
{
    if (!classes_keep(store, clock_s(&store->clock), err))
        return false;
    for (uint16_t i = 0; i < head_n_classes(store->head); i++) {
        struct head_class *of = head_class(store->head, i);
        if (of && head_class_is_busy(store->head, of) &&
            !seal_class(store, of, head_class_end(store->head, of), err))
            return false;
    }
    return seal_late(store, err) && wal_keep(store, true, err);
}

/* ---- thread ---- */

static void warn(struct keeper *keeper, bool is_ok, const struct err *err)
{
    if (!is_ok && !keeper->has_warned)
        log_error("storage upkeep is held up: %s", err->text);
    if (is_ok && keeper->has_warned)
        log_info("storage upkeep goes on");
    keeper->has_warned = !is_ok;
}

/* One pass or one sealing for those who asked; the lock is held before and after, not during. */
static void work_locked(struct store *store)
{
    struct keeper *keeper = &store->keeper;
    const uint64_t n_wanted = keeper->n_wanted;
    struct err err;

    const bool must_seal = n_wanted > keeper->n_done;
    pthread_mutex_unlock(&keeper->lock);
    err_clear(&err);
    bool is_ok = must_seal ? seal_all(store, &err) : keeper_pass(store, &err);
    warn(keeper, is_ok, &err);
    pthread_mutex_lock(&keeper->lock);
    if (!must_seal)
        return;
    keeper->n_done = n_wanted;
    keeper->last_was_ok = is_ok;
    keeper->last_err = err;
    pthread_cond_broadcast(&keeper->done);
}

/* As work_locked, for what keeper_call wants. */
static void call_locked(struct keeper *keeper)
{
    struct keeper_call *call = keeper->call;

    if (!call)
        return;
    pthread_mutex_unlock(&keeper->lock);
    const bool is_ok = call->fn(call->self, call->err);
    pthread_mutex_lock(&keeper->lock);
    call->is_ok = is_ok;
    call->is_done = true;
    keeper->call = NULL;
    pthread_cond_broadcast(&keeper->done);
}

static void run(void *self)
{
    struct store *store = self;
    struct keeper *keeper = &store->keeper;

    pthread_mutex_lock(&keeper->lock);
    while (!keeper->is_stopping) {
        __atomic_store_n(&keeper->is_woken, false, __ATOMIC_SEQ_CST);
        call_locked(keeper);
        work_locked(store);
        if (!keeper->is_stopping && keeper->n_wanted == keeper->n_done && !keeper->call &&
            !__atomic_load_n(&keeper->is_woken, __ATOMIC_SEQ_CST))
            (void)cond_wait_us(&keeper->wanted, &keeper->lock, PASS_US);
    }
    pthread_mutex_unlock(&keeper->lock);
}

bool keeper_start(struct store *store, struct err *err)
{
    return store->tuning.has_no_threads ||
           thread_start(&store->keeper.thread, "plumb-keeper", run, store, err);
}

void keeper_stop(struct store *store)
{
    struct keeper *keeper = &store->keeper;

    pthread_mutex_lock(&keeper->lock);
    keeper->is_stopping = true;
    pthread_cond_broadcast(&keeper->wanted);
    pthread_mutex_unlock(&keeper->lock);
    thread_join(&keeper->thread);
}

void keeper_wake(struct store *store)
{
    struct keeper *keeper = &store->keeper;

    if (__atomic_exchange_n(&keeper->is_woken, true, __ATOMIC_SEQ_CST))
        return;
    pthread_mutex_lock(&keeper->lock);
    pthread_cond_broadcast(&keeper->wanted);
    pthread_mutex_unlock(&keeper->lock);
}

bool keeper_seal(struct store *store, struct err *err)
{
    struct keeper *keeper = &store->keeper;

    pthread_mutex_lock(&keeper->lock);
    const uint64_t no = ++keeper->n_wanted;
    pthread_cond_broadcast(&keeper->wanted);
    if (!keeper->thread.is_running)
        work_locked(store);
    while (keeper->n_done < no)
        pthread_cond_wait(&keeper->done, &keeper->lock);
    bool is_ok = keeper->last_was_ok;
    if (!is_ok && err)
        *err = keeper->last_err;
    pthread_mutex_unlock(&keeper->lock);
    return is_ok;
}

bool keeper_call(struct store *store, bool (*fn)(void *self, struct err *err), void *self,
                 struct err *err)
{
    struct keeper *keeper = &store->keeper;
    struct keeper_call call = {.fn = fn, .self = self, .err = err};

    pthread_mutex_lock(&keeper->lock);
    while (keeper->call)
        pthread_cond_wait(&keeper->done, &keeper->lock);
    keeper->call = &call;
    pthread_cond_broadcast(&keeper->wanted);
    if (!keeper->thread.is_running)
        call_locked(keeper);
    while (!call.is_done)
        pthread_cond_wait(&keeper->done, &keeper->lock);
    pthread_mutex_unlock(&keeper->lock);
    return call.is_ok;
}
