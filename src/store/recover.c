#include "store/recover.h"

#include <fcntl.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/pages.h"
#include "store/hidden.h"
#include "store/lowmark.h"
#include "store/place.h"
#include "store/removal.h"
#include "store/replay.h"
#include "store/shared.h"
#include "store/writer.h"

/* ---- names ---- */

static bool on_class(void *self, uint16_t no, const struct schema *schema, int64_t created_s)
{
    struct store *store = self;
    const struct head_class *known = head_class(store->head, no);

    if (known && known->created_s == created_s && schema_equal(&known->schema, schema))
        return true; /* each stands twice */
    return head_class_load(store->head, no, schema, created_s);
}

static void on_ahead(void *self, struct str bytes)
{
    const struct store *store = self;
    names_foresee(store->names, bytes);
}

static bool on_name(void *self, uint32_t id, uint16_t class_no, struct str name)
{
    struct store *store = self;

    if (names_text(store->names, id))
        return removal_load_rename(store, id, class_no, name);
    if (!head_class(store->head, class_no) || !names_load(store->names, id, class_no, name))
        return false;
    index_add(store->index, id, names_text(store->names, id));
    if (names_series(store->names) % INDEX_SETTLED == 0)
        index_settle(store->index, INDEX_SETTLED);
    idle_add(store->idle, id, 0);
    return true;
}

static bool on_hidden(void *self, uint32_t id, bool is_hidden)
{
    return hidden_load(self, id, is_hidden);
}

static bool on_deleted(void *self, uint32_t id)
{
    return removal_load_delete(self, id);
}

static bool on_moved(void *self, uint32_t id, uint16_t class_no)
{
    struct store *store = self;
    return head_class(store->head, class_no) && names_move(store->names, id, class_no);
}

static bool on_rules(void *self, uint64_t fingerprint)
{
    struct store *store = self;
    store->rules = fingerprint;
    return true;
}

static bool names_recover(struct store *store, struct err *err)
{
    const struct names_log_reader reader = {store,      on_class, on_name,  on_hidden,
                                            on_deleted, on_moved, on_rules, on_ahead};
    size_t n_damaged;

    store->names = names_new(store->names_max, writer_hooks(store));
    store->index = index_new();
    store->hidden = hidden_new();
    store->idle = idle_new();
    store->head = head_new();
    store->late = late_new(store->head);
    bool is_ok = store->is_read_only ? names_log_read(store->dir, &reader, &n_damaged, err)
                                     : names_log_open(store->dir, store->corrupt_dir, &reader,
                                                      &n_damaged, &store->names_log, err);
    if (!is_ok)
        return false;
    index_settle(store->index, INDEX_SETTLED);
    if (n_damaged > 0)
        store->rules = 0; /* a move may be lost */
    if (n_damaged > 0 && !store->is_read_only)
        log_warn("names.log: %zu damaged records; the original is in '%s'", n_damaged,
                 store->corrupt_dir);
    store->n_damaged += n_damaged > 0;
    return true;
}

/* ---- files ---- */

struct cleaning {
    struct store *store;
    bool must_adopt; /* the manifest lost edits: files it does not know may count */
    struct manifest_edit edit;
};

static bool is_known(const struct manifest_state *state, uint64_t generation)
{
    for (size_t i = 0; i < state->n_files; i++)
        if (state->files[i].generation == generation)
            return true;
    return false;
}

/* The file counts from now on. */
static bool adopt(struct cleaning *cleaning, const char *path, struct manifest_file *file,
                  struct err *err)
{
    CLEANUP(fd_done) int fd = -1;
    int64_t n;

    if (!file_open(path, O_RDONLY, &fd, err) || !file_size(fd, path, &n, err))
        return false;
    file->bytes = (uint64_t)n;
    manifest_add_file(&cleaning->edit, file);
    return true;
}

static bool clean_one(void *self, const char *name, struct err *err)
{
    struct cleaning *cleaning = self;
    const struct store *store = cleaning->store;
    struct manifest_file file;

    bool is_block = files_parse_name(name, &file);
    if (is_block && is_known(manifest_state(store->manifest), file.generation))
        return true;
    CLEANUP(mem_done) char *path = file_join(store->data_dir, name);
    const bool may_count =
        cleaning->must_adopt || file.generation >= manifest_unknown(store->manifest);
    if (is_block && may_count && head_class(store->head, file.class_no))
        return adopt(cleaning, path, &file, err);
    return file_unlink(path, err);
}

static bool clean(struct store *store, bool must_adopt, struct err *err)
{
    struct cleaning cleaning = {.store = store, .must_adopt = must_adopt};

    manifest_edit_init(&cleaning.edit);
    bool is_ok = dir_each(store->data_dir, clean_one, &cleaning, err) &&
                 manifest_commit(store->manifest, &cleaning.edit, err);
    manifest_edit_done(&cleaning.edit);
    return is_ok;
}

static uint32_t ids_of(const struct block *block)
{
    uint32_t n = block_info(block)->n_series;
    return n == 0 ? 0 : block_id(block, n - 1) + 1;
}

static void newest_raise(struct store *store, int64_t at_s)
{
    if (at_s > (int64_t)store->newest_s && at_s <= UINT32_MAX)
        store->newest_s = (uint32_t)at_s;
}

static bool files_load(struct store *store, struct err *err)
{
    const struct manifest_state *state = manifest_state(store->manifest);
    struct files_item **items = mem_array(state->n_files + 1, struct files_item *);
    struct manifest_edit lost;
    size_t n = 0;
    bool is_ok = true;

    manifest_edit_init(&lost);
    for (size_t i = 0; i < state->n_files && is_ok; i++) {
        is_ok = files_open(store->files, &state->files[i], &items[n], err);
        if (is_ok && !items[n])
            manifest_drop_file(&lost, state->files[i].generation);
        if (!is_ok || !items[n])
            continue;
        const struct block_info *info = block_info(items[n]->block);
        names_reserve(store->names, ids_of(items[n]->block));
        newest_raise(store, (info->first_slot + info->n_slots) * (int64_t)info->step_s);
        n++;
    }
    files_install(store->files, items, n, NULL, 0, state);
    is_ok = is_ok && (store->is_read_only || manifest_commit(store->manifest, &lost, err));
    manifest_edit_done(&lost);
    mem_free(items);
    return is_ok;
}

static bool manifest_recover(struct store *store, struct err *err)
{
    bool is_damaged;

    if (!manifest_open(store->dir, store->corrupt_dir, &is_damaged, &store->manifest, err))
        return false;
    if (is_damaged)
        log_warn("MANIFEST has damaged edits; files it does not know are taken back");
    store->n_damaged += is_damaged;
    return clean(store, is_damaged, err);
}

static bool manifest_look(struct store *store, struct err *err)
{
    bool is_damaged;

    if (!manifest_open_read(store->dir, &is_damaged, &store->manifest, err))
        return false;
    store->n_damaged += is_damaged;
    return true;
}

static bool files_recover(struct store *store, struct err *err)
{
    store->files = files_new(store->data_dir, store->is_read_only ? NULL : store->corrupt_dir);
    if (!(store->is_read_only ? manifest_look(store, err) : manifest_recover(store, err)) ||
        !files_load(store, err))
        return false;

    const struct manifest_state *state = manifest_state(store->manifest);
    for (uint16_t i = 0; i < head_n_classes(store->head); i++) {
        struct head_class *of = head_class(store->head, i);
        const struct manifest_class *was = &state->classes[i];
        if (of && was->n_seals > 0)
            of->sealed = of->freed = was->seals[was->n_seals - 1].sealed;
    }
    return true;
}

/* ---- the log ---- */

enum {
    LATE_POINTS = 1024,
    LANES_AHEAD = 24, /* of the point in hand: as long as memory takes to come */
    CELLS_AHEAD = 12,
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

static void on_batch(void *self, uint64_t lsn)
{
    struct replaying *replaying = self;
    replaying->lsn = lsn;
    replaying->target.page_no = UINT32_MAX; /* what is in files goes by the lsn */
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
    newest_raise(store, at_s);
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

    if (replaying->n_late == LATE_POINTS)
        late_flush(replaying);
    replaying->late[replaying->n_late++] = *point;
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
    if (is_in_files(replaying, of, point->at_s / of->schema.archives[0].step_s))
        return;
    newest_raise(store, point->at_s);
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

/* Points of one time and of ids in a row go into the column one after the other: how many did. */
static size_t put_run(const struct replaying *replaying, const struct sink_point *points, size_t n)
{
    const struct target *target = &replaying->target;
    const uint32_t id = points[0].id, n_lanes = HEAD_LANE_CHUNK - id % HEAD_LANE_CHUNK;
    const uint32_t *lanes = &replaying->lanes->chunks[id / HEAD_LANE_CHUNK][id % HEAD_LANE_CHUNK];
    size_t i = 0;

    for (n = min_size(n, n_lanes); i < n; i++) {
        const uint32_t lane = __atomic_load_n(&lanes[i], __ATOMIC_RELAXED) - 1;
        if (points[i].id != id + i || points[i].at_s != target->at_s ||
            lane / HEAD_PAGE_LANES != target->page_no)
            break;
        head_cell_set(&target->column[lane % HEAD_LANES], points[i].value);
    }
    return i;
}

/* The first of n points, and those behind it that go the same way. Returns how many. */
static size_t put_some(struct replaying *replaying, const struct sink_point *points, size_t n)
{
    const struct target *target = &replaying->target;
    const uint32_t lane = head_lanes_get(replaying->lanes, points->id);

    if (UNLIKELY(lane == HEAD_LANE_NONE)) {
        put_slowly(replaying, points);
        return 1;
    }
    if (lane / HEAD_PAGE_LANES != target->page_no || points->at_s != target->at_s)
        target_move(replaying, lane, points->at_s);
    if (LIKELY(target->column)) {
        const size_t n_stored = put_run(replaying, points, n);
        replaying->store->n_recovered += n_stored;
        return n_stored;
    }
    if (!target->is_in_files)
        put_slowly(replaying, points);
    return 1;
}

static void on_points(void *self, const struct sink_point *points, size_t n)
{
    struct replaying *replaying = self;

    if (replaying->lsn < replaying->low_lsn) {
        for (size_t i = 0; i < n; i++)
            ids_raise(replaying, points[i].id);
        return;
    }
    for (size_t i = 0; i < n;) {
        if (LIKELY(i + LANES_AHEAD < n))
            put_prefetch(replaying, &points[i]);
        i += put_some(replaying, &points[i], n - i);
    }
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

static bool wal_recover(struct store *store, struct err *err)
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
    const struct replay_reader reader = {&replaying, on_batch, on_points, on_segment,
                                         replaying.low_lsn};
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

bool recover_names_and_files(struct store *store, struct err *err)
{
    return names_recover(store, err) && files_recover(store, err);
}

bool recover_log(struct store *store, struct err *err)
{
    return wal_recover(store, err);
}

bool recover_all(struct store *store, struct err *err)
{
    return recover_names_and_files(store, err) && recover_log(store, err) &&
           reclass_all(store, err);
}
