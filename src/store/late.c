#include "store/late.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/files.h"
#include "store/rooms.h"

enum {
    BUCKETS_MIN = 64,
    CELLS_MIN = 4,
    LIST_BYTES = 64, /* a list's share of the table */
    /* cells of longer lists come from rooms.h */
    ROOM_CELLS_MIN = ROOM_BYTES_MIN / sizeof(struct late_cell),
};

struct list {
    uint32_t id; /* n > 0 marks a used bucket */
    uint16_t class_no;
    size_t n, cap;
    struct late_cell *cells; /* in order of arrival */
};

struct table {
    struct list *buckets; /* open addressing by id; ids are ours, so mixing needs no key */
    size_t n_buckets, n_used;
    size_t bytes;                       /* of the lists */
    int64_t max_slot[HEAD_CLASSES_MAX]; /* of level 0, in the lists; -1: none */
    struct panes *panes;
    uint64_t lsn; /* of late_begin */
};

struct late {
    const struct head *head;
    struct panes_pool *pool;
    struct rooms *rooms;
    size_t bytes; /* of both tables; atomic: a writer that asks takes no lock */
    pthread_mutex_t lock;
    struct table *filling; /* never NULL; atomic for late_column */
    struct table *writing; /* NULL when nothing is */
};

static struct table *table_new(struct late *late)
{
    struct table *table = mem_zalloc(sizeof(struct table));
    memset(table->max_slot, 0xFF, sizeof table->max_slot);
    table->panes = panes_new(late->pool, &late->bytes);
    return table;
}

static void cells_free(struct late *late, struct late_cell *cells, size_t cap)
{
    if (cap < ROOM_CELLS_MIN)
        mem_free(cells);
    else
        rooms_give(late->rooms, cells, cap * sizeof *cells);
}

static void table_free(struct late *late, struct table *table)
{
    if (!table)
        return;
    __atomic_fetch_sub(&late->bytes, table->bytes, __ATOMIC_RELAXED);
    for (size_t i = 0; i < table->n_buckets; i++)
        cells_free(late, table->buckets[i].cells, table->buckets[i].cap);
    mem_free(table->buckets);
    panes_free(table->panes);
    mem_free(table);
}

struct late *late_new(const struct head *head)
{
    struct late *late = mem_zalloc(sizeof(struct late));
    late->head = head;
    late->pool = panes_pool_new();
    late->rooms = rooms_new();
    pthread_mutex_init(&late->lock, NULL);
    late->filling = table_new(late);
    return late;
}

void late_free(struct late *late)
{
    if (!late)
        return;
    table_free(late, late->filling);
    table_free(late, late->writing);
    panes_pool_free(late->pool);
    rooms_free(late->rooms);
    pthread_mutex_destroy(&late->lock);
    mem_free(late);
}

static size_t bucket_of(const struct table *table, uint32_t id)
{
    size_t i = (size_t)(id * 0x9E3779B97F4A7C15ull >> 32) & (table->n_buckets - 1);
    while (table->buckets[i].n > 0 && table->buckets[i].id != id)
        i = (i + 1) & (table->n_buckets - 1);
    return i;
}

static void table_grow(struct table *table)
{
    struct table old = *table;
    table->n_buckets = old.n_buckets ? old.n_buckets * 2 : BUCKETS_MIN;
    table->buckets = mem_array(table->n_buckets, struct list);
    for (size_t i = 0; i < old.n_buckets; i++)
        if (old.buckets[i].n > 0)
            table->buckets[bucket_of(table, old.buckets[i].id)] = old.buckets[i];
    mem_free(old.buckets);
}

static struct list *list_make(struct table *table, uint32_t id)
{
    if ((table->n_used + 1) * 4 > table->n_buckets * 3)
        table_grow(table);
    struct list *list = &table->buckets[bucket_of(table, id)];
    if (list->n == 0) {
        list->id = id;
        table->n_used++;
        table->bytes += LIST_BYTES;
    }
    return list;
}

/* Twice the room, under the lock. */
static void list_grow(struct late *late, struct table *table, struct list *list)
{
    const size_t cap = list->cap ? 2 * list->cap : CELLS_MIN;

    if (cap < ROOM_CELLS_MIN)
        list->cells = mem_resize(list->cells, cap * sizeof *list->cells);
    else {
        struct late_cell *cells = rooms_take(late->rooms, cap * sizeof *cells);
        memcpy(cells, list->cells, list->n * sizeof *cells);
        cells_free(late, list->cells, list->cap);
        list->cells = cells;
    }
    table->bytes += (cap - list->cap) * sizeof *list->cells;
    list->cap = cap;
}

static void list_add(struct late *late, struct table *table, struct list *list,
                     const struct late_point *point)
{
    list->class_no = point->class_no;
    if (list->n == list->cap)
        list_grow(late, table, list);
    list->cells[list->n++] = (struct late_cell){point->slot, point->level, point->value};
    if (point->level == 0 && table->max_slot[point->class_no] < point->slot)
        table->max_slot[point->class_no] = point->slot;
}

void late_add(struct late *late, const struct late_point *points, size_t n)
{
    struct list *list = NULL;

    if (n == 0)
        return;
    pthread_mutex_lock(&late->lock);
    struct table *table = late->filling;
    const size_t before = table->bytes;
    for (size_t i = 0; i < n; i++) {
        if (!list || list->id != points[i].id)
            list = list_make(table, points[i].id);
        list_add(late, table, list, &points[i]);
    }
    __atomic_fetch_add(&late->bytes, table->bytes - before, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&late->lock);
}

size_t late_bytes(const struct late *late)
{
    return __atomic_load_n(&late->bytes, __ATOMIC_RELAXED);
}

bool late_is_full(const struct late *late, size_t max_bytes)
{
    const size_t bytes = late_bytes(late);
    return bytes > max_bytes || (bytes > max_bytes / 2 && panes_pool_is_dry(late->pool));
}

void late_trim(struct late *late)
{
    panes_pool_trim(late->pool);
    rooms_trim(late->rooms);
}

uint64_t *late_column(const struct late *late, uint32_t tablet_no, uint8_t level, uint32_t slot)
{
    const struct table *table = __atomic_load_n(&late->filling, __ATOMIC_SEQ_CST);
    struct pane *pane = panes_find(table->panes, tablet_no, level, slot);
    return pane ? panes_column(table->panes, pane, slot) : NULL;
}

uint64_t *late_make_column(struct late *late, struct head_tablet *tablet, uint32_t tablet_no,
                           uint8_t level, uint32_t slot)
{
    pthread_mutex_lock(&late->lock);
    struct panes *panes = late->filling->panes;
    struct pane *pane = panes_make(panes, tablet, tablet_no, level, slot);
    uint64_t *column = pane ? panes_column(panes, pane, slot) : NULL;
    pthread_mutex_unlock(&late->lock);
    return column;
}

static const struct list *list_find(const struct table *table, uint32_t id)
{
    if (!table || table->n_buckets == 0)
        return NULL;
    const struct list *list = &table->buckets[bucket_of(table, id)];
    return list->n > 0 ? list : NULL;
}

static size_t pane_read(const struct pane *pane, uint32_t lane, struct late_cell *out)
{
    size_t n = 0;
    for (uint32_t slot = pane->first; slot < pane->first + PANE_SLOTS; slot++) {
        if (!pane_has(pane, slot))
            continue;
        const double value = head_cell_get(pane_column(pane, slot) + lane % HEAD_LANES);
        if (!isnan(value))
            out[n++] = (struct late_cell){slot, pane->level, value};
    }
    return n;
}

/* At most this many cells table_read gives. */
static size_t table_room(const struct table *table, uint32_t id, uint32_t lane)
{
    const struct list *list = list_find(table, id);
    size_t n = list ? list->n : 0;
    if (!table || lane == HEAD_LANE_NONE)
        return n;
    for (const struct pane *pane = panes_near(table->panes, lane / HEAD_LANES); pane;
         pane = pane->next_near)
        n += pane->tablet_no == lane / HEAD_LANES ? PANE_SLOTS : 0;
    return n;
}

static size_t table_read(const struct table *table, uint32_t id, uint32_t lane,
                         struct late_cell *out)
{
    const struct list *list = list_find(table, id);
    size_t n = list ? list->n : 0;
    if (n > 0)
        memcpy(out, list->cells, n * sizeof(struct late_cell));
    if (!table || lane == HEAD_LANE_NONE)
        return n;
    for (const struct pane *pane = panes_near(table->panes, lane / HEAD_LANES); pane;
         pane = pane->next_near)
        if (pane->tablet_no == lane / HEAD_LANES)
            n += pane_read(pane, lane, out + n);
    return n;
}

size_t late_read(struct late *late, uint32_t id, struct arena *arena, struct late_cell **out)
{
    size_t n = 0;

    const uint32_t lane = late->head ? head_lane(late->head, id) : HEAD_LANE_NONE;
    *out = NULL;
    pthread_mutex_lock(&late->lock);
    const size_t room = table_room(late->writing, id, lane) + table_room(late->filling, id, lane);
    if (room > 0) {
        *out = arena_array(arena, room, struct late_cell);
        n = table_read(late->writing, id, lane, *out);
        n += table_read(late->filling, id, lane, *out + n);
    }
    pthread_mutex_unlock(&late->lock);
    return n;
}

static bool pane_has_lane(const struct pane *pane, uint32_t lane)
{
    for (uint32_t slot = pane->first; slot < pane->first + PANE_SLOTS; slot++)
        if (pane_has(pane, slot) &&
            !isnan(head_cell_get(pane_column(pane, slot) + lane % HEAD_LANES)))
            return true;
    return false;
}

static bool table_has(const struct table *table, uint32_t id, uint32_t lane)
{
    if (list_find(table, id))
        return true;
    if (!table || lane == HEAD_LANE_NONE)
        return false;
    for (const struct pane *pane = panes_near(table->panes, lane / HEAD_LANES); pane;
         pane = pane->next_near)
        if (pane->tablet_no == lane / HEAD_LANES && pane_has_lane(pane, lane))
            return true;
    return false;
}

bool late_has(struct late *late, uint32_t id)
{
    const uint32_t lane = late->head ? head_lane(late->head, id) : HEAD_LANE_NONE;
    pthread_mutex_lock(&late->lock);
    const bool has = table_has(late->writing, id, lane) || table_has(late->filling, id, lane);
    pthread_mutex_unlock(&late->lock);
    return has;
}

/* ---- keeper ---- */

static bool panes_reach(const struct panes *panes, uint16_t class_no, uint32_t slot)
{
    for (size_t i = 0; i < panes_count(panes); i++) {
        const struct pane *pane = panes_item(panes, i);
        const uint64_t touched = __atomic_load_n(&pane->touched, __ATOMIC_ACQUIRE);
        if (pane->level == 0 && pane->tablet->of->no == class_no && touched != 0 &&
            pane->first + 63 - (uint32_t)__builtin_clzll(touched) >= slot)
            return true;
    }
    return false;
}

static bool table_reaches(const struct table *table, uint16_t class_no, uint32_t slot)
{
    return table && (table->max_slot[class_no] >= (int64_t)slot ||
                     panes_reach(table->panes, class_no, slot));
}

bool late_reaches(struct late *late, uint16_t class_no, uint32_t slot)
{
    pthread_mutex_lock(&late->lock);
    bool reaches = table_reaches(late->filling, class_no, slot) ||
                   table_reaches(late->writing, class_no, slot);
    pthread_mutex_unlock(&late->lock);
    return reaches;
}

static bool table_is_empty(const struct table *table)
{
    return table->n_used == 0 && panes_count(table->panes) == 0;
}

bool late_is_empty(struct late *late)
{
    pthread_mutex_lock(&late->lock);
    bool is_empty = table_is_empty(late->filling) && !late->writing;
    pthread_mutex_unlock(&late->lock);
    return is_empty;
}

bool late_begin(struct late *late, uint64_t *io_lsn)
{
    pthread_mutex_lock(&late->lock);
    if (!late->writing && !table_is_empty(late->filling)) {
        late->filling->lsn = *io_lsn;
        late->writing = late->filling;
        __atomic_store_n(&late->filling, table_new(late), __ATOMIC_SEQ_CST);
    }
    bool has_any = late->writing != NULL;
    if (has_any)
        *io_lsn = late->writing->lsn;
    pthread_mutex_unlock(&late->lock);
    return has_any;
}

/* ---- runs ---- */

static uint64_t place_of(const struct late_cell *cell)
{
    return (uint64_t)cell->level << 32 | cell->slot;
}

static bool is_ascending(const struct late_cell *cells, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (place_of(&cells[i]) <= place_of(&cells[i - 1]))
            return false;
    return true;
}

/* Two sorted halves of from into to; of equal ones those of the first half come first. */
static void halves_merge(const struct late_cell *from, size_t n_first, size_t n,
                         struct late_cell *to)
{
    size_t a = 0, b = n_first;
    for (size_t i = 0; i < n; i++) {
        const bool is_first = b == n || (a < n_first && place_of(&from[a]) <= place_of(&from[b]));
        to[i] = from[is_first ? a++ : b++];
    }
}

/* By level and slot; what is equal stays in its order. */
static void cells_sort(struct late_cell *cells, size_t n)
{
    struct late_cell *from = cells, *to = mem_array(n, struct late_cell), *spare = to;

    for (size_t width = 1; width < n; width *= 2) {
        for (size_t i = 0; i < n; i += 2 * width)
            halves_merge(from + i, min_size(width, n - i), min_size(2 * width, n - i), to + i);
        struct late_cell *swap = from;
        from = to;
        to = swap;
    }
    if (from != cells)
        memcpy(cells, from, n * sizeof *cells);
    mem_free(spare);
}

/* The last one of each place stays; returns how many. */
static size_t cells_unique(struct late_cell *cells, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || place_of(&cells[i]) != place_of(&cells[i + 1]))
            cells[kept++] = cells[i];
    return kept;
}

static uint32_t partition_of(const struct late_cell *cell)
{
    return cell->slot / FILES_PARTITION_SLOTS;
}

static void runs_cut(struct late_runs *runs, const struct list *list, const struct late_cell *cells,
                     size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && cells[end].level == cells[i].level &&
               partition_of(&cells[end]) == partition_of(&cells[i]))
            end++;
        mem_grow(&runs->items, &runs->cap, runs->n + 1, sizeof(struct late_run));
        runs->items[runs->n++] = (struct late_run){list->id, list->class_no, cells[i].level,
                                                   (uint32_t)(end - i), cells + i};
        i = end;
    }
}

static int by_place(const void *a, const void *b)
{
    const struct late_run *x = a, *y = b;
    if (x->class_no != y->class_no)
        return x->class_no < y->class_no ? -1 : 1;
    if (x->level != y->level)
        return x->level < y->level ? -1 : 1;
    const uint32_t p = partition_of(x->cells), q = partition_of(y->cells);
    if (p != q)
        return p < q ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* A copy of the list in order, each place once; returns how many. Readers read the list meanwhile. */
static size_t copy_sorted(struct late_runs *runs, const struct list *list)
{
    struct late_cell *copy = mem_array(list->n, struct late_cell);

    mem_grow(&runs->copies, &runs->cap_copies, runs->n_copies + 1, sizeof *runs->copies);
    runs->copies[runs->n_copies++] = copy;
    memcpy(copy, list->cells, list->n * sizeof *copy);
    cells_sort(copy, list->n);
    return cells_unique(copy, list->n);
}

/* The table being written does not change any more. History mostly comes in order. */
void late_runs_make(const struct late *late, struct late_runs *out)
{
    const struct table *table = late->writing;

    *out = (struct late_runs){0};
    for (size_t i = 0; i < table->n_buckets; i++) {
        const struct list *list = &table->buckets[i];
        if (is_ascending(list->cells, list->n)) {
            runs_cut(out, list, list->cells, list->n);
            continue;
        }
        const size_t n = copy_sorted(out, list);
        runs_cut(out, list, out->copies[out->n_copies - 1], n);
    }
    if (out->n > 0)
        qsort(out->items, out->n, sizeof *out->items, by_place);
}

void late_runs_done(struct late_runs *runs)
{
    for (size_t i = 0; i < runs->n_copies; i++)
        mem_free(runs->copies[i]);
    mem_free(runs->copies);
    mem_free(runs->items);
    *runs = (struct late_runs){0};
}

const struct panes *late_panes(const struct late *late)
{
    return late->writing->panes;
}

void late_end(struct late *late)
{
    pthread_mutex_lock(&late->lock);
    struct table *gone = late->writing;
    late->writing = NULL;
    pthread_mutex_unlock(&late->lock);
    table_free(late, gone);
}
