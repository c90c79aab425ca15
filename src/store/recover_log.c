#include "base/log.h"
#include "base/mem.h"
#include "store/lowmark.h"
#include "store/place.h"
#include "store/recover.h"
#include "store/replay.h"
#include "store/shared.h"

enum {
    LATE_POINTS = 1024,
    LANES_AHEAD = 24, /* of the point in hand: as long as memory takes to come */
    CELLS_AHEAD = 12,
    LANES_GROUP = 16,
    RUN_POINTS = 64, /* so many that follow each other are worth a way of their own */
};

/* Where points of one tablet and time go, as long as they come together. */
struct target {
    uint32_t page_no; /* lane / HEAD_PAGE_LANES; UINT32_MAX: none */
    uint32_t at_s;
    uint64_t *column;   /* NULL: each on its own */
    uint32_t head_slot; /* of the column when it is one of the head; else 0 */
    bool is_in_files;   /* skipped */
};

struct replaying {
    struct store *store;
    const struct head_lanes *lanes;
    struct files_version *version;
    uint64_t lsn, low_lsn;
    uint32_t n_ids; /* above every id seen */
    int64_t now_s;
    struct target target;
    bool is_in_runs; /* ids ran in a row where reading is */
    struct replay_segment *segments;
    size_t n_segments, cap_segments;
    struct late_point *late; /* LATE_POINTS at most: placed together, as they were put */
    size_t n_late;
};

/* What is placed may have got columns. */
static void late_flush(struct replaying *replaying)
{
    (void)place_late(replaying->store, replaying->late, replaying->n_late);
    replaying->n_late = 0;
    replaying->target.page_no = UINT32_MAX;
}

static void ids_raise(struct replaying *replaying, uint32_t id)
{
    if (id >= replaying->n_ids && id != SINK_ID_NONE)
        replaying->n_ids = id + 1;
}

static bool is_in_files(const struct replaying *replaying, const struct head_class *of,
                        uint32_t slot)
{
    return lowmark_is_in_files(manifest_state(replaying->store->manifest), of->no,
                               head_window_at(&of->schema, of->created_s), slot, replaying->lsn);
}

static bool head_takes(const struct head_class *of, uint32_t slot)
{
    return slot >= of->sealed && slot - of->freed < HEAD_SLOTS;
}

/* A clock that runs wild expires nothing here either. */
static int64_t now_of(const struct replaying *replaying)
{
    return min_i64(replaying->now_s, replaying->store->newest_s);
}

/* The column of a late time, if it has one and no point waits that may be older. */
static uint64_t *late_target(const struct replaying *replaying, const struct head_class *of,
                             uint32_t tablet_no, uint32_t at_s)
{
    size_t level;

    if (replaying->n_late > 0 ||
        !shared_level(replaying->version, of, at_s, now_of(replaying), &level))
        return NULL;
    return late_column(replaying->store->late, tablet_no, (uint8_t)level,
                       at_s / of->schema.archives[level].step_s);
}

static void target_move(struct replaying *replaying, uint32_t lane, uint32_t at_s)
{
    struct store *store = replaying->store;
    struct head_tablet *tablet = head_tablet(store->head, lane / HEAD_LANES);
    const struct head_class *of = tablet->of;
    const uint32_t slot = at_s / of->schema.archives[0].step_s;
    struct target *target = &replaying->target;

    *target = (struct target){.page_no = lane / HEAD_PAGE_LANES, .at_s = at_s};
    target->is_in_files = is_in_files(replaying, of, slot);
    if (target->is_in_files)
        return;
    recover_newest(store, at_s);
    if (!head_takes(of, slot)) {
        target->column = late_target(replaying, of, lane / HEAD_LANES, at_s);
        return;
    }
    target->column = head_column(tablet, slot, lane);
    target->head_slot = target->column ? slot : 0;
}

static bool head_put(struct store *store, struct head_class *of, const struct sink_point *point)
{
    const uint32_t slot = point->at_s / of->schema.archives[0].step_s;
    if (!head_takes(of, slot))
        return false;
    uint32_t lane = head_lane(store->head, point->id);
    if (lane == HEAD_LANE_NONE)
        lane = head_lane_take(store->head, of, point->id);
    if (lane == HEAD_LANE_NONE)
        return false;
    uint64_t *column = head_column(head_tablet(store->head, lane / HEAD_LANES), slot, lane);
    if (column)
        head_cell_set(&column[lane % HEAD_LANES], point->value);
    return column != NULL;
}

/* Keeps the point for place_late. From now on columns of late times wait as well. */
static void late_keep(struct replaying *replaying, const struct late_point *point)
{
    struct target *target = &replaying->target;

    replaying->late[replaying->n_late++] = *point;
    if (replaying->n_late == LATE_POINTS)
        late_flush(replaying);
    if (target->column && target->head_slot == 0)
        target->page_no = UINT32_MAX;
}

/* A series' first point here, or one outside the columns. */
static void put_slowly(struct replaying *replaying, const struct sink_point *point)
{
    struct store *store = replaying->store;
    size_t level;

    ids_raise(replaying, point->id); /* one that has a lane has a name as well */
    if (!names_text(store->names, point->id))
        return;
    if (store->wanted && !(store->wanted[point->id / 64] >> point->id % 64 & 1))
        return;
    struct head_class *of = head_class(store->head, names_class(store->names, point->id));
    const uint32_t slot = point->at_s / of->schema.archives[0].step_s;
    if (is_in_files(replaying, of, slot)) {
        /* it has more points, most likely, and they go faster with a lane */
        (void)head_lane_take(store->head, of, point->id);
        return;
    }
    recover_newest(store, point->at_s);
    store->n_recovered++;
    if (head_put(store, of, point))
        return;
    if (!shared_level(replaying->version, of, point->at_s, now_of(replaying), &level))
        return; /* expired meanwhile */
    late_keep(replaying,
              &(struct late_point){point->id, point->at_s / of->schema.archives[level].step_s,
                                   point->value, of->no, (uint8_t)level});
}

/* As writer.c does it: ids in an order of their own are far apart in memory. */
static inline void put_prefetch(const struct replaying *replaying, const struct sink_point *point)
{
    const struct target *target = &replaying->target;

    if (LIKELY(point[LANES_AHEAD].id == point->id + LANES_AHEAD))
        return;
    head_lanes_prefetch(replaying->lanes, point[LANES_AHEAD].id);
    const uint32_t lane = head_lanes_get(replaying->lanes, point[CELLS_AHEAD].id);
    if (lane != HEAD_LANE_NONE && target->head_slot != 0)
        __builtin_prefetch(head_cell(head_tablet(replaying->store->head, lane / HEAD_LANES),
                                     target->head_slot, lane % HEAD_LANES),
                           1);
}

/* So many ids from id on, at least one, have lanes one after the other, beginning with this one, on its
 * page. */
static size_t lanes_in_row(const struct head_lanes *lanes, uint32_t id, uint32_t lane)
{
    const uint32_t *at = &lanes->chunks[id / HEAD_LANE_CHUNK][id % HEAD_LANE_CHUNK];
    const size_t n =
        min_size(HEAD_LANE_CHUNK - id % HEAD_LANE_CHUNK, HEAD_PAGE_LANES - lane % HEAD_PAGE_LANES);
    size_t i = 0;

    for (; i + LANES_GROUP <= n; i += LANES_GROUP) {
        uint32_t differs = 0;
        for (uint32_t k = 0; k < LANES_GROUP; k++)
            differs |= at[i + k] ^ (lane + 1 + (uint32_t)i + k);
        if (differs)
            break;
    }
    while (i < n && at[i] == lane + 1 + i)
        i++;
    return i;
}

static void target_find(struct replaying *replaying, uint32_t lane, uint32_t at_s)
{
    const struct target *target = &replaying->target;
    if (lane / HEAD_PAGE_LANES != target->page_no || at_s != target->at_s)
        target_move(replaying, lane, at_s);
}

/* The points that follow the last one, as far as they belong side by side in a column, go there at once, or
 * are skipped with it. Returns how many. */
static size_t put_side_by_side(struct replaying *replaying, struct batch_cursor *cursor)
{
    const struct target *target = &replaying->target;
    const uint32_t id = cursor->id + 1, lane = head_lanes_get(replaying->lanes, id);
    uint64_t skipped[HEAD_PAGE_LANES];

    if (!batch_follows(cursor) || lane == HEAD_LANE_NONE)
        return 0;
    target_find(replaying, lane, cursor->at_s);
    if (!target->column && !target->is_in_files)
        return 0;
    uint64_t *cells = target->column ? &target->column[lane % HEAD_LANES] : skipped;
    const size_t n = batch_read_cells(cursor, cells, lanes_in_row(replaying->lanes, id, lane));
    if (target->column)
        replaying->store->n_recovered += n;
    return n;
}

static size_t put_run(struct replaying *replaying, struct batch_cursor *cursor)
{
    size_t n = 0, n_more;
    while ((n_more = put_side_by_side(replaying, cursor)) > 0)
        n += n_more;
    return n;
}

static void put(struct replaying *replaying, const struct sink_point *point)
{
    const struct target *target = &replaying->target;
    const uint32_t lane = head_lanes_get(replaying->lanes, point->id);

    if (UNLIKELY(lane == HEAD_LANE_NONE)) {
        put_slowly(replaying, point);
        return;
    }
    target_find(replaying, lane, point->at_s);
    if (LIKELY(target->column)) {
        head_cell_set(&target->column[lane % HEAD_LANES], point->value);
        replaying->store->n_recovered++;
    } else if (!target->is_in_files) {
        put_slowly(replaying, point);
    }
}

static void put_all(struct replaying *replaying, const struct sink_point *points, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (LIKELY(i + LANES_AHEAD < n))
            put_prefetch(replaying, &points[i]);
        put(replaying, &points[i]);
    }
}

/* Of what is passed over only the ids are wanted. */
static void on_passed(void *self, const struct sink_point *points, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ids_raise(self, points[i].id);
}

static bool on_batch(void *self, const struct batch_view *view)
{
    struct replaying *replaying = self;
    struct sink_point points[BATCH_PIECE_POINTS];
    struct batch_cursor cursor;
    size_t n;

    if (view->lsn < replaying->low_lsn)
        return batch_each(view, on_passed, replaying);
    replaying->lsn = view->lsn;
    replaying->target.page_no = UINT32_MAX; /* what is in files goes by the lsn */
    batch_begin(&cursor, view);
    while ((n = batch_read(&cursor, points, replaying->is_in_runs ? 1 : BATCH_PIECE_POINTS)) > 0) {
        put_all(replaying, points, n);
        if (put_run(replaying, &cursor) >= RUN_POINTS)
            replaying->is_in_runs = true;
        else if (cursor.left > 0) /* at the end of a batch runs are short */
            replaying->is_in_runs = false;
    }
    return batch_is_read(&cursor);
}

static void on_segment(void *self, const struct replay_segment *segment)
{
    struct replaying *replaying = self;
    mem_grow(&replaying->segments, &replaying->cap_segments, replaying->n_segments + 1,
             sizeof(struct replay_segment));
    replaying->segments[replaying->n_segments++] = *segment;
}

/* Above every lsn that the manifest speaks of. */
static uint64_t lsn_after(const struct manifest_state *state, uint64_t lsn)
{
    lsn = state->late_lsn > lsn ? state->late_lsn : lsn;
    for (size_t i = 0; i < HEAD_CLASSES_MAX; i++) {
        const struct manifest_class *of = &state->classes[i];
        lsn = of->checkpoint_lsn > lsn ? of->checkpoint_lsn : lsn;
        for (size_t k = 0; k < of->n_seals; k++)
            lsn = of->seals[k].lsn > lsn ? of->seals[k].lsn : lsn;
    }
    return lsn;
}

bool recover_log(struct store *store, struct err *err)
{
    const struct manifest_state *state = manifest_state(store->manifest);
    struct replaying replaying = {
        .store = store,
        .lanes = head_lanes(store->head),
        .version = files_ref(store->files),
        .low_lsn = lowmark_of_all(state, store->head),
        .now_s = clock_s(&store->clock),
        .target = {.page_no = UINT32_MAX},
        .late = mem_array(LATE_POINTS, struct late_point),
    };
    const struct replay_reader reader = {&replaying, on_batch, on_segment, replaying.low_lsn};
    struct replay_result result;

    bool is_ok = replay_dir(store->wal_dir, &reader, &result, err);
    late_flush(&replaying);
    mem_free(replaying.late);
    files_unref(store->files, replaying.version);
    if (is_ok) {
        names_reserve(store->names, replaying.n_ids);
        store->wal = wal_new(store->wal_dir, store->corrupt_dir, store->tuning.wal_segment_bytes,
                             result.next_segment, lsn_after(state, result.next_lsn));
        for (size_t i = 0; i < replaying.n_segments; i++) {
            const struct replay_segment *segment = &replaying.segments[i];
            wal_adopt(store->wal, segment->no, segment->n, segment->last_lsn,
                      segment->n_damaged > 0);
        }
        store->n_damaged += result.n_damaged;
        if (result.n_damaged > 0 && !store->is_read_only)
            log_warn("the log has %llu damaged stretches; the points in them are lost",
                     (unsigned long long)result.n_damaged);
    }
    mem_free(replaying.segments);
    return is_ok;
}
