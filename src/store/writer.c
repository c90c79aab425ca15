/* Life of a put: a piece of the points inside one epoch; each is one atomic store into its column and
 * a few bytes in the batch. Only what is late, early, or the first of its series takes another way: its
 * place wants locks, which somebody without a processor may hold. So first it is known what becomes of
 * it (that wants none), then the batch goes to the kernel, then it is placed: a wait costs no point. */
#include "store/writer.h"

#include <string.h>

#include "base/mem.h"
#include "os/realtime.h"
#include "store/keeper.h"
#include "store/place.h"
#include "store/removal.h"
#include "store/shared.h"
#include "store/sync.h"

enum {
    PIECE_POINTS = 4096,       /* inside one epoch: some 100 us */
    FLUSH_BYTES = 1 << 20,     /* a batch this long is written without waiting for commit */
    BARRIER_WAIT_US = 5000000, /* for other writers' commits; a receiver commits in milliseconds */
    BARRIER_STEP_US = 1000,
    LATE_WAIT_US = 10000000, /* longer than writing them and a merge before it take */
    LATE_STEP_US = 1000,
    LANES_AHEAD = 24, /* of the point in hand: as long as memory takes to come */
    CELLS_AHEAD = 12,
};

static void count(uint64_t *counter, uint64_t n)
{
    __atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED); /* one writer */
}

/* ---- writers ---- */

static bool writer_open(void *self, struct sink_writer **out, struct err *err)
{
    struct store *store = self;
    struct sink_writer *found = NULL;

    pthread_mutex_lock(&store->writers_lock);
    for (unsigned i = 0; i < store->writers_max && !found; i++)
        if (!store->writers[i].is_open)
            found = &store->writers[i];
    if (found)
        found->is_open = true;
    pthread_mutex_unlock(&store->writers_lock);
    if (!found)
        return FAIL(err, ERR_LIMIT, "all %u writers of the store are in use", store->writers_max);
    batch_reserve(&found->batch, PIECE_POINTS);
    *out = found;
    return true;
}

/* Hands the batch to the kernel. On false it stays, and points are refused until it went. */
static bool flush(struct sink_writer *writer, struct err *err)
{
    struct store *store = writer->store;

    bool is_ok = names_log_write(store->names_log, err);
    if (is_ok && writer->batch.count > 0)
        is_ok = wal_append(store->wal, writer->no, &writer->batch, err);
    if (is_ok) {
        batch_clear(&writer->batch);
        __atomic_store_n(&writer->n_committed, writer->n_put, __ATOMIC_SEQ_CST);
    }
    __atomic_store_n(&writer->is_refused, !is_ok, __ATOMIC_SEQ_CST);
    return is_ok;
}

static void writer_close(struct sink_writer *writer)
{
    struct err err;

    err_clear(&err);
    (void)!flush(writer, &err); /* what it cannot write, the next owner of this place will */
    pthread_mutex_lock(&writer->store->writers_lock);
    writer->is_open = false;
    pthread_mutex_unlock(&writer->store->writers_lock);
}

void writer_done(struct sink_writer *writer)
{
    batch_done(&writer->batch);
    mem_free(writer->slow);
    mem_free(writer->late);
}

/* ---- names ---- */

/* Counts a name that is about to be created; false: the minute has had its share. A clock set back
 * begins a new minute. Under the creation lock. */
static bool may_create(void *self)
{
    struct store *store = self;

    if (store->creates_max == 0)
        return true;
    const int64_t now_s = clock_s(&store->clock);
    if (store->creates_minute != now_s / 60) {
        store->creates_minute = now_s / 60;
        store->n_creates = 0;
    }
    if (store->n_creates == store->creates_max)
        return false;
    store->n_creates++;
    return true;
}

static enum sink_fate class_of(void *self, struct str canonical, uint16_t *out_class)
{
    struct store *store = self;
    bool is_new;
    const struct schema schema = schemas_find(store->schemas, canonical, NULL);
    const int64_t now_s = clock_s(&store->clock);

    if (names_log_is_behind(store->names_log)) {
        sync_ask(store);
        return SINK_DISK;
    }
    pthread_mutex_lock(&store->classes_lock);
    struct head_class *of = head_class_make(store->head, &schema, now_s, &is_new);
    if (of && is_new)
        names_log_add_class(store->names_log, of->no, &schema, now_s);
    pthread_mutex_unlock(&store->classes_lock);
    if (of && !__atomic_load_n(&of->has_members, __ATOMIC_RELAXED))
        __atomic_store_n(&of->has_members, true, __ATOMIC_RELAXED);
    if (of)
        *out_class = of->no;
    return of ? SINK_OK : SINK_NAME_LIMIT;
}

static void created(void *self, uint32_t id, uint16_t class_no, const char *name)
{
    struct store *store = self;
    index_add(store->index, id, name);
    names_log_add(store->names_log, id, class_no, str_of(name));
    idle_add(store->idle, id, clock_s(&store->clock));
}

struct names_hooks writer_hooks(struct store *store)
{
    return (struct names_hooks){store,   class_of,        may_create,
                                created, removal_deleted, removal_renamed};
}

static void resolve(struct sink_writer *writer, const struct str *names, size_t n,
                    uint32_t *out_ids, enum sink_fate *out_fates)
{
    struct store *store = writer->store;

    epoch_enter(&store->epochs.of[writer->no]);
    names_resolve(store->names, names, n, out_ids, out_fates);
    epoch_leave(&store->epochs.of[writer->no]);
}

static struct sink_name name_of(struct sink_writer *writer, uint32_t id)
{
    return names_name(writer->store->names, id);
}

/* ---- points ---- */

/* Where the last point went: the next one usually goes beside it. Valid inside one epoch. */
struct cursor {
    uint32_t page_no; /* lane / HEAD_PAGE_LANES; UINT32_MAX: none */
    uint32_t at_s;
    uint64_t *column; /* of its tablet and that time; NULL: put_slowly */
    const struct head *head;
    uint32_t head_slot; /* of the column when it is one of the head; else 0 */
    int64_t now_s;
    struct files_version *version; /* NULL until a late point needs it */
    bool late_is_full;
    /* The series of the last point that went the slow way: history often comes series by series. */
    uint32_t slow_id;
    struct head_class *slow_of; /* NULL: none yet */
};

static struct files_version *version_of(struct cursor *cursor, struct store *store)
{
    if (!cursor->version)
        cursor->version = files_ref(store->files);
    return cursor->version;
}

static uint32_t slot_of(const struct head_class *of, uint32_t at_s)
{
    return at_s / of->schema.archives[0].step_s;
}

/* The last slot that is not too far ahead of the clock. */
static int64_t slot_max(const struct head_class *of, int64_t now_s)
{
    return now_s / of->schema.archives[0].step_s + HEAD_FUTURE_SLOTS;
}

/* Not once a point of this piece waits for its place: that may be older than this one. */
static uint64_t *late_column_of(struct sink_writer *writer, struct cursor *cursor,
                                const struct head_class *of)
{
    struct store *store = writer->store;
    size_t level;

    if (writer->n_slow > 0 || cursor->late_is_full ||
        !shared_level(version_of(cursor, store), of, cursor->at_s, cursor->now_s, &level))
        return NULL;
    return late_column(store->late, cursor->page_no / HEAD_PAGES, (uint8_t)level,
                       cursor->at_s / of->schema.archives[level].step_s);
}

static void cursor_move(struct sink_writer *writer, struct cursor *cursor, uint32_t lane,
                        uint32_t at_s)
{
    struct head_tablet *tablet = head_tablet(writer->store->head, lane / HEAD_LANES);
    const struct head_class *of = tablet->of;
    const uint32_t slot = slot_of(of, at_s);

    cursor->page_no = lane / HEAD_PAGE_LANES;
    cursor->at_s = at_s;
    cursor->head_slot = 0;
    if (slot < __atomic_load_n(&of->sealed, __ATOMIC_SEQ_CST))
        cursor->column = late_column_of(writer, cursor, of);
    else {
        const bool is_known = slot <= __atomic_load_n(&tablet->head, __ATOMIC_SEQ_CST) ||
                              slot <= slot_max(of, cursor->now_s);
        cursor->column = is_known ? head_column(tablet, slot, lane) : NULL;
        cursor->head_slot = cursor->column ? slot : 0;
    }
}

static struct head_class *class_of_id(const struct store *store, uint32_t id)
{
    const uint32_t lane = head_lane(store->head, id);
    return lane == HEAD_LANE_NONE ? head_class(store->head, names_class(store->names, id))
                                  : head_tablet(store->head, lane / HEAD_LANES)->of;
}

static bool is_slow_one(const struct cursor *cursor, uint32_t id)
{
    return cursor->slow_of && cursor->slow_id == id;
}

/* The class of a series that has a name, or had one when it was asked for. */
static struct head_class *slow_class(struct cursor *cursor, const struct store *store, uint32_t id)
{
    if (!is_slow_one(cursor, id)) {
        cursor->slow_id = id;
        cursor->slow_of = class_of_id(store, id);
    }
    return cursor->slow_of;
}

/* A point outside the columns, or a series' first: what becomes of it. If it is taken it waits in slow. */
static enum sink_fate put_slowly(struct sink_writer *writer, struct cursor *cursor,
                                 const struct sink_point *point)
{
    struct store *store = writer->store;

    if (!is_slow_one(cursor, point->id) && head_lane(store->head, point->id) == HEAD_LANE_NONE &&
        !names_text(store->names, point->id))
        return names_is_dead(store->names, point->id) ? SINK_GONE : SINK_NAME_BAD;
    const struct head_class *of = slow_class(cursor, store, point->id);
    const struct schema *schema = &of->schema;
    const uint32_t slot = slot_of(of, point->at_s);
    if (cursor->now_s - (int64_t)point->at_s >= shared_retention_s(schema, schema->n_archives - 1))
        return SINK_TOO_OLD;
    if (slot > slot_max(of, cursor->now_s))
        return SINK_TOO_NEW;
    if (cursor->late_is_full && slot < __atomic_load_n(&of->sealed, __ATOMIC_SEQ_CST))
        return SINK_DISK;
    mem_grow(&writer->slow, &writer->cap_slow, writer->n_slow + 1, sizeof(struct sink_point));
    writer->slow[writer->n_slow++] = *point;
    return SINK_OK;
}

/* Ids in an order of their own are far apart in memory: the entry of the lane is fetched first, the cell,
 * which will be in the slot that is being filled, later. */
static inline void put_prefetch(const struct cursor *cursor, const struct head_lanes *lanes,
                                const struct sink_point *point)
{
    if (LIKELY(point[LANES_AHEAD].id == point->id + LANES_AHEAD)) /* the processor foresees that */
        return;
    head_lanes_prefetch(lanes, point[LANES_AHEAD].id);
    const uint32_t lane = head_lanes_get(lanes, point[CELLS_AHEAD].id);
    if (lane != HEAD_LANE_NONE && lane / HEAD_LANES == cursor->page_no / HEAD_PAGES &&
        cursor->column)
        __builtin_prefetch(&cursor->column[lane % HEAD_LANES], 1);
    else if (lane != HEAD_LANE_NONE && cursor->head_slot != 0)
        __builtin_prefetch(head_cell(head_tablet(cursor->head, lane / HEAD_LANES),
                                     cursor->head_slot, lane % HEAD_LANES),
                           1);
}

static inline enum sink_fate put_one(struct sink_writer *writer, struct cursor *cursor,
                                     const struct head_lanes *lanes, const struct sink_point *point)
{
    const uint32_t lane = head_lanes_get(lanes, point->id);

    if (UNLIKELY(lane == HEAD_LANE_NONE))
        return put_slowly(writer, cursor, point);
    if (UNLIKELY(lane / HEAD_PAGE_LANES != cursor->page_no || point->at_s != cursor->at_s))
        cursor_move(writer, cursor, lane, point->at_s);
    if (UNLIKELY(!cursor->column))
        return put_slowly(writer, cursor, point);
    head_cell_set(&cursor->column[lane % HEAD_LANES], point->value);
    return SINK_OK;
}

/* Into the head, if the point's slot is not sealed and the ring has room for it. */
static bool head_place(struct sink_writer *writer, struct head_class *of,
                       const struct sink_point *point)
{
    struct head *head = writer->store->head;
    const uint32_t slot = slot_of(of, point->at_s);

    if (slot < __atomic_load_n(&of->sealed, __ATOMIC_SEQ_CST))
        return false;
    const uint32_t lane = shared_lane_take(writer->store, of, point->id);
    uint64_t *column = lane == HEAD_LANE_NONE
                           ? NULL
                           : head_column(head_tablet(head, lane / HEAD_LANES), slot, lane);
    if (!column)
        return false;
    head_cell_set(&column[lane % HEAD_LANES], point->value);
    return true;
}

/* Places what waits in slow: as late points what the head does not take, each in its archive. */
static void slow_place(struct sink_writer *writer, struct cursor *cursor)
{
    struct store *store = writer->store;

    mem_grow(&writer->late, &writer->cap_late, writer->n_slow, sizeof(struct late_point));
    writer->n_late = 0;
    for (size_t i = 0; i < writer->n_slow; i++) {
        const struct sink_point *point = &writer->slow[i];
        struct head_class *of = slow_class(cursor, store, point->id);
        size_t level;
        if (head_place(writer, of, point))
            continue;
        BUG_IF(!shared_level(version_of(cursor, store), of, point->at_s, cursor->now_s, &level));
        writer->late[writer->n_late++] = (struct late_point){
            .id = point->id,
            .slot = point->at_s / of->schema.archives[level].step_s,
            .value = point->value,
            .class_no = of->no,
            .level = (uint8_t)level,
        };
    }
    count(&writer->n_late_points, place_late(store, writer->late, writer->n_late));
    writer->n_slow = 0;
}

static size_t put_piece(struct sink_writer *writer, const struct sink_point *points, size_t n,
                        bool has_room, enum sink_fate *fates)
{
    struct store *store = writer->store;
    struct err err;
    size_t n_stored = 0;
    uint32_t newest_s = 0;
    const struct head_lanes *lanes = head_lanes(store->head);
    struct cursor cursor = {
        .page_no = UINT32_MAX,
        .head = store->head,
        .now_s = clock_s(&store->clock),
        .late_is_full = !has_room,
    };

    batch_reserve(&writer->batch, n);
    epoch_enter(&store->epochs.of[writer->no]);
    for (size_t i = 0; i < n; i++) {
        if (LIKELY(i + LANES_AHEAD < n))
            put_prefetch(&cursor, lanes, &points[i]);
        fates[i] = put_one(writer, &cursor, lanes, &points[i]);
    }
    for (size_t i = 0; i < n; i++) {
        const bool is_stored = fates[i] == SINK_OK;
        n_stored += is_stored;
        newest_s = is_stored && points[i].at_s > newest_s ? points[i].at_s : newest_s;
    }
    if (LIKELY(n_stored == n))
        batch_add_all(&writer->batch, points, n);
    for (size_t i = 0; n_stored < n && i < n; i++)
        if (fates[i] == SINK_OK)
            batch_add(&writer->batch, points[i].id, points[i].at_s, points[i].value);
    if (writer->n_slow > 0) {
        err_clear(&err);
        (void)!flush(writer, &err); /* what fails stays in the batch, see commit */
        slow_place(writer, &cursor);
    }
    if (cursor.version)
        files_unref(store->files, cursor.version);
    epoch_leave(&store->epochs.of[writer->no]);
    if (newest_s > __atomic_load_n(&store->newest_s, __ATOMIC_RELAXED))
        __atomic_store_n(&store->newest_s, newest_s, __ATOMIC_RELAXED);
    return n_stored;
}

static bool can_take(struct sink_writer *writer)
{
    struct err err;

    if (__atomic_load_n(&writer->store->disk_is_bad, __ATOMIC_RELAXED))
        return false;
    if (!writer->is_refused && writer->batch.n < FLUSH_BYTES)
        return true;
    err_clear(&err);
    return flush(writer, &err);
}

/* Late points come faster than they are written: the keeper hurries, and past the limit the sender waits
 * for it (its bytes wait in the kernel). What still has no room then is refused as by a full disk. */
static bool late_has_room(struct store *store)
{
    const struct shared_tuning *tuning = &store->tuning;
    size_t bytes = late_bytes(store->late);

    if (!late_is_full(store->late, tuning->late_flush_bytes) || tuning->has_no_threads)
        return bytes <= tuning->late_bytes_max;
    keeper_wake(store);
    for (int64_t us = 0; bytes > tuning->late_bytes_max && us < LATE_WAIT_US; us += LATE_STEP_US) {
        sleep_us(LATE_STEP_US);
        keeper_wake(store);
        bytes = late_bytes(store->late);
    }
    return bytes <= tuning->late_bytes_max;
}

static size_t put(struct sink_writer *writer, const struct sink_point *points, size_t n,
                  enum sink_fate *out_fates)
{
    size_t n_stored = 0;

    for (size_t i = 0; i < n; i += PIECE_POINTS) {
        size_t n_piece = min_size(n - i, PIECE_POINTS);
        const bool has_room = late_has_room(writer->store);
        if (can_take(writer)) {
            size_t stored = put_piece(writer, points + i, n_piece, has_room, out_fates + i);
            __atomic_store_n(&writer->n_put, writer->n_put + stored, __ATOMIC_SEQ_CST);
            n_stored += stored;
            continue;
        }
        for (size_t k = i; k < i + n_piece; k++)
            out_fates[k] = SINK_DISK;
    }
    count(&writer->n_stored, n_stored);
    count(&writer->n_refused, n - n_stored);
    return n_stored;
}

static bool commit(struct sink_writer *writer, struct err *err)
{
    if (!flush(writer, err))
        return false;
    index_settle(writer->store->index, INDEX_SETTLED);
    return writer->store->fsync_interval_ms > 0 || sync_wait(writer->store, err);
}

/* ---- barrier ---- */

/* True once every writer has committed what it had put by the time of the call. *out_is_refused: one
 * cannot, the disk does not take it. */
static bool all_committed(struct store *store, const uint64_t *n_put, bool *out_is_refused)
{
    bool all = true;

    *out_is_refused = false;
    for (unsigned i = 0; i < store->writers_max; i++) {
        const struct sink_writer *writer = &store->writers[i];
        if (__atomic_load_n(&writer->n_committed, __ATOMIC_SEQ_CST) >= n_put[i])
            continue;
        all = false;
        *out_is_refused |= __atomic_load_n(&writer->is_refused, __ATOMIC_SEQ_CST);
    }
    return all;
}

static bool barrier(void *self, struct err *err)
{
    struct store *store = self;
    uint64_t n_put[EPOCH_WRITERS_MAX] = {0};
    bool is_refused;

    for (unsigned i = 0; i < store->writers_max; i++)
        n_put[i] = __atomic_load_n(&store->writers[i].n_put, __ATOMIC_SEQ_CST);
    const int64_t until_us = monotonic_us() + BARRIER_WAIT_US;
    while (!all_committed(store, n_put, &is_refused)) {
        if (is_refused)
            return FAIL_SAID(err, "points wait for room in '%s'", store->wal_dir);
        if (monotonic_us() > until_us)
            return FAIL(err, ERR_BUSY, "a receiver has not committed its points");
        sleep_us(BARRIER_STEP_US);
    }
    return names_log_write(store->names_log, err) && sync_wait(store, err);
}

static uint64_t n_renamings(void *self)
{
    const struct store *store = self;
    return __atomic_load_n(&store->n_renamings, __ATOMIC_SEQ_CST);
}

const struct sink_ops writer_sink_ops = {
    .writer_open = writer_open,
    .writer_close = writer_close,
    .resolve = resolve,
    .name = name_of,
    .put = put,
    .commit = commit,
    .barrier = barrier,
    .n_renamings = n_renamings,
};
