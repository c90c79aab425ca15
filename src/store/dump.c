/* A folder read without its server. It is opened as a start would open it, but nothing is written: the log
 * goes into memory, for the wanted series alone. A server may change the folder meanwhile. Whatever it
 * changes that could mislead us (files merged, a segment of the log reused) comes after an edit of the
 * manifest; so if the manifest is the same before and after, what was read between fits together. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "model/glob.h"
#include "model/name.h"
#include "os/file.h"
#include "os/realtime.h"
#include "store/recover.h"
#include "store/shared.h"
#include "store/view.h"

enum {
    READ_TRIES = 20, /* a server edits its manifest some times a minute */
    READ_WAIT_US = 50000,
    SERIES_MAX = 1 << 20, /* of one pattern */
    MANIFEST_BYTES_MAX = 512 << 20,
    POINTS_CHUNK = 8192,
};

/* ---- opening ---- */

static struct str path_of(struct arena *arena, const char *dir, const char *name)
{
    return str_of(arena_printf(arena, "%s/%s", dir, name));
}

/* The one series of that name, in any spelling. */
static bool pick_name(struct store *store, const char *name, uint32_t *out_id)
{
    char canonical[NAME_BYTES_MAX + 1];
    size_t n = 0;

    if (strlen(name) > NAME_BYTES_MAX || name_normalise(str_of(name), canonical, &n) != NAME_OK)
        return false;
    return names_find(store->names, str_make(canonical, n), out_id) &&
           names_text(store->names, *out_id);
}

static bool pick(struct store *store, const char *pattern, struct arena *arena,
                 struct store_reading *out, struct err *err)
{
    struct source_nodes nodes = {0};
    struct glob_path path;
    uint32_t id;

    out->n = 0;
    if (pick_name(store, pattern, &id)) {
        out->series = arena_zarray(arena, 1, struct store_series);
        out->series[out->n++].id = id;
        return true;
    }
    if (!glob_has_pattern(pattern))
        return FAIL(err, ERR_MISSING, "there is no series '%.300s'", pattern);
    if (!glob_path_compile(pattern, arena, &path, err) ||
        !index_find(store->index, &path, SERIES_MAX, arena, &nodes, err))
        return false;
    out->series = arena_zarray(arena, nodes.n + 1, struct store_series);
    for (size_t i = 0; i < nodes.n; i++)
        if (nodes.items[i].is_leaf)
            out->series[out->n++].id = (uint32_t)nodes.items[i].id;
    return out->n > 0 || FAIL(err, ERR_MISSING, "no series matches '%.300s'", pattern);
}

/* Completes the picked ones and marks them wanted. */
static void series_fill(struct store *store, struct store_reading *reading)
{
    store->wanted = mem_array(names_count(store->names) / 64 + 1, uint64_t);
    for (size_t i = 0; i < reading->n; i++) {
        struct store_series *series = &reading->series[i];
        const struct head_class *of =
            head_class(store->head, names_class(store->names, series->id));
        series->name = names_text(store->names, series->id);
        series->class_no = of->no;
        series->schema = of->schema;
        series->created_s = of->created_s;
        store->wanted[series->id / 64] |= UINT64_C(1) << series->id % 64;
    }
}

static bool manifest_read(const char *path, struct buf *out, struct err *err)
{
    buf_init(out, MANIFEST_BYTES_MAX);
    return file_read_all(path, out, err);
}

/* One try. *out_is_same: the manifest did not change meanwhile. */
static bool read_once(struct store *store, const char *pattern, struct arena *arena,
                      struct store_reading *out, bool *out_is_same, struct err *err)
{
    const char *path = path_of(arena, store->dir, "MANIFEST").at;
    CLEANUP(buf_done) struct buf before;
    CLEANUP(buf_done) struct buf after;

    buf_init(&after, 0);
    *out_is_same = false;
    if (!manifest_read(path, &before, err))
        return false;
    bool is_ok = recover_names_and_files(store, err) && pick(store, pattern, arena, out, err);
    if (is_ok) {
        series_fill(store, out);
        is_ok = recover_log(store, err);
    }
    if (!manifest_read(path, &after, is_ok ? err : NULL))
        return false;
    *out_is_same = before.n == after.n && memcmp(before.at, after.at, before.n) == 0;
    return is_ok;
}

bool store_read_open(const char *dir, const char *pattern, struct clock clock, struct arena *arena,
                     struct store_reading *out, struct err *err)
{
    const struct store_options options = {.dir = dir, .clock = clock};
    const struct shared_tuning tuning = shared_tuning_usual();
    struct store_reading reading = {0};

    if (!file_exists(path_of(arena, dir, "MANIFEST").at))
        return FAIL(err, ERR_MISSING, "there is no data of a server in '%s'", dir);
    if (!file_is_locked(path_of(arena, dir, "lock").at, &reading.is_served, err))
        return false;
    for (int i = 0; i < READ_TRIES; i++) {
        bool is_same;
        reading.store = shared_new(&options, &tuning);
        reading.store->is_read_only = true;
        const bool is_ok = read_once(reading.store, pattern, arena, &reading, &is_same, err);
        if (is_ok && is_same) {
            reading.n_damaged = reading.store->n_damaged + files_n_corrupt(reading.store->files);
            *out = reading;
            return true;
        }
        shared_free(reading.store);
        /* what is missing was there when the folder was listed: a segment was reused */
        if (!is_ok && is_same && (err->kind != ERR_MISSING || reading.n == 0))
            return false;
        sleep_us(READ_WAIT_US);
    }
    return FAIL(err, ERR_BUSY, "a server changes '%s' faster than it can be read; ask the server",
                dir);
}

void store_read_close(struct store *store)
{
    if (store)
        shared_free(store);
}

/* ---- where values lie ---- */

struct places {
    struct store_place *items;
    size_t n, cap;
    struct arena *arena;
};

static struct store_place *place_add(struct places *places, const struct store_place *place)
{
    arena_grow(places->arena, &places->items, &places->cap, places->n + 1,
               sizeof(struct store_place));
    places->items[places->n] = *place;
    return &places->items[places->n++];
}

/* "720 RAW, 3 CONST" */
static const char *forms_text(const struct block_unit *units, uint32_t n, struct arena *arena)
{
    static const char *const names[CODEC_FORMS] = {"EMPTY",  "CONST", "RAW", "DELTA",     "DELTA2",
                                                   "CHANGE", "DICT",  "F64", "CONST_F64", "EC"};
    uint32_t counts[CODEC_FORMS + 1] = {0};
    const char *text = "";

    for (uint32_t u = 0; u < n; u++)
        if (units[u].n_bytes > 0)
            counts[units[u].form]++;
    for (unsigned form = 0; form < CODEC_FORMS; form++)
        if (counts[form] > 0)
            text = arena_printf(arena, "%s%s%u %s", text, text[0] ? ", " : "", counts[form],
                                names[form]);
    return text;
}

static bool file_place(struct places *places, const struct files_item *item, uint32_t id,
                       struct err *err)
{
    const struct block_info *info = block_info(item->block);
    const uint32_t n_units = block_n_units(info);
    struct block_unit *units = arena_array(places->arena, n_units, struct block_unit);
    CLEANUP(mem_done) double *values = NULL;
    size_t n_values = 0;

    if (!block_look(item->block, id, units))
        return true;
    values = mem_alloc(mul_size(info->n_slots, sizeof(double)));
    const bool is_sound =
        block_read(item->block, id, info->first_slot, info->n_slots, values, &n_values, err);
    if (!is_sound && err->kind != ERR_CORRUPT)
        return false;
    struct store_place place = {
        .file = arena_printf(places->arena, "data/%s", file_name(item->path)),
        .generation = item->info.generation,
        .level = item->info.level,
        .from_s = info->first_slot * info->step_s,
        .until_s = (info->first_slot + info->n_slots) * info->step_s,
        .n_values = is_sound ? n_values : 0,
        .forms = is_sound ? forms_text(units, n_units, places->arena) : "damaged",
    };
    for (uint32_t u = 0; u < n_units; u++) {
        place.n_bytes += units[u].n_bytes;
        place.n_units += units[u].n_bytes > 0;
    }
    (void)place_add(places, &place);
    return true;
}

static void log_cell(struct store_place *place, int64_t at_s, uint32_t step_s)
{
    place->from_s = place->n_values ? min_i64(place->from_s, at_s) : at_s;
    place->until_s = max_i64(place->until_s, at_s + step_s);
    place->n_values++;
}

/* What came back from the log, by archive. */
static void log_places(struct places *places, const struct view *view)
{
    const struct archive *archives = view->of->schema.archives;
    struct store_place of_level[SCHEMA_ARCHIVES_MAX] = {0};

    for (uint32_t i = 0; i < view->recent.n; i++)
        if (!is_gap(view->recent.values[i]))
            log_cell(&of_level[0], ((int64_t)view->recent.first + i) * archives[0].step_s,
                     archives[0].step_s);
    for (size_t i = 0; i < view->n_late; i++) {
        const struct late_cell *cell = &view->late[i];
        const uint32_t step_s = archives[cell->level].step_s;
        log_cell(&of_level[cell->level], (int64_t)cell->slot * step_s, step_s);
    }
    for (size_t level = 0; level < view->of->schema.n_archives; level++) {
        of_level[level].level = level;
        of_level[level].forms = "";
        if (of_level[level].n_values > 0)
            (void)place_add(places, &of_level[level]);
    }
}

bool store_read_places(struct store *store, uint32_t id, struct arena *arena,
                       struct store_place **out, size_t *out_n, struct err *err)
{
    struct places places = {.arena = arena};
    struct view view;
    bool is_ok = true;

    view_open(&view, store, id, arena);
    for (size_t i = 0; i < view.version->n && is_ok; i++)
        if (view.version->items[i]->info.class_no == view.of->no)
            is_ok = file_place(&places, view.version->items[i], id, err);
    log_places(&places, &view);
    view_close(&view);
    *out = places.items;
    *out_n = places.n;
    return is_ok;
}

/* ---- values ---- */

/* Seconds, half open. */
struct stretch {
    int64_t from_s, until_s;
};

/* From the oldest to the newest value that is held of this archive or a finer one. */
static struct stretch held(const struct view *view, size_t level)
{
    const struct archive *archives = view->of->schema.archives;
    struct stretch all = {INT64_MAX, INT64_MIN};

    for (size_t i = 0; i < view->version->n; i++) {
        const struct files_item *item = view->version->items[i];
        const struct block_info *info = block_info(item->block);
        if (item->info.class_no != view->of->no || item->info.level > level)
            continue;
        all.from_s = min_i64(all.from_s, info->first_slot * info->step_s);
        all.until_s = max_i64(all.until_s, (info->first_slot + info->n_slots) * info->step_s);
    }
    if (view->recent.n > 0) {
        const int64_t first = view->recent.first, step_s = archives[0].step_s;
        all.from_s = min_i64(all.from_s, first * step_s);
        all.until_s = max_i64(all.until_s, (first + view->recent.n) * step_s);
    }
    for (size_t i = 0; i < view->n_late; i++) {
        const int64_t step_s = archives[view->late[i].level].step_s;
        const int64_t at_s = view->late[i].slot * step_s;
        all.from_s = min_i64(all.from_s, at_s);
        all.until_s = max_i64(all.until_s, at_s + step_s);
    }
    /* the coarse slot in which the oldest fine one lies */
    if (all.from_s <= all.until_s)
        all.from_s -= all.from_s % archives[level].step_s;
    return all;
}

/* From here on a reader of today gets this archive and no coarser one: it still has its data and they
 * are inside its retention. A whole slot of the next archive is on one side or the other. */
static int64_t begin_s(const struct view *view, size_t level)
{
    const struct schema *schema = &view->of->schema;
    const int64_t now_s = clock_s(&view->store->clock);
    const int64_t kept_s = max_i64(0, now_s - shared_retention_s(schema, level) + 1);

    if (level + 1 == schema->n_archives)
        return kept_s;
    const int64_t coarse_s = schema->archives[level + 1].step_s;
    return max_i64(shared_floor_s(view->version, view->of, level),
                   (kept_s + coarse_s - 1) / coarse_s * coarse_s);
}

static bool level_points(struct view *view, size_t level, struct stretch stretch,
                         const struct store_points *points, struct err *err)
{
    const int64_t step_s = view->of->schema.archives[level].step_s;
    const struct stretch all = held(view, level);
    const int64_t from_s = max_i64(0, max_i64(stretch.from_s, all.from_s));
    const int64_t until_s = min_i64(stretch.until_s, all.until_s);
    if (from_s >= until_s)
        return true;
    const int64_t end = (until_s + step_s - 1) / step_s;
    CLEANUP(mem_done) double *values = mem_alloc(POINTS_CHUNK * sizeof(double));

    for (int64_t slot = (from_s + step_s - 1) / step_s; slot < end; slot += POINTS_CHUNK) {
        const size_t n = (size_t)min_i64(POINTS_CHUNK, end - slot);
        if (!view_values(view, level, slot, n, values, err))
            return false;
        for (size_t i = 0; i < n; i++)
            if (!is_gap(values[i]) &&
                !points->on_point(points->self, (slot + (int64_t)i) * step_s, values[i]))
                return true;
    }
    return true;
}

static bool best_points(struct view *view, const struct store_points *points, struct err *err)
{
    for (size_t level = view->of->schema.n_archives; level-- > 0;) {
        struct stretch stretch = {max_i64(points->from_s, begin_s(view, level)), points->until_s};
        if (level > 0)
            stretch.until_s = min_i64(stretch.until_s, begin_s(view, level - 1));
        if (!level_points(view, level, stretch, points, err))
            return false;
    }
    return true;
}

bool store_read_points(struct store *store, uint32_t id, const struct store_points *points,
                       struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    struct view view;

    arena_init(&arena);
    view_open(&view, store, id, &arena);
    BUG_IF(points->level >= (int)view.of->schema.n_archives);
    const struct stretch whole = {points->from_s, points->until_s};
    bool is_ok = points->level == STORE_LEVEL_BEST
                     ? best_points(&view, points, err)
                     : level_points(&view, (size_t)points->level, whole, points, err);
    view_close(&view);
    return is_ok;
}
