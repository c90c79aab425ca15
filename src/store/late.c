#include "store/late.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/files.h"

enum { BUCKETS_MIN = 64, CELLS_MIN = 4, LIST_BYTES = 64 /* a list's share of the table */ };

struct list {
    uint32_t id; /* n > 0 marks a used bucket */
    uint16_t class_no;
    size_t n, cap;
    struct late_cell *cells; /* in order of arrival */
};

struct table {
    struct list *buckets; /* open addressing by id; ids are ours, so mixing needs no key */
    size_t n_buckets, n_used;
    size_t bytes;
    int64_t max_slot[HEAD_CLASSES_MAX]; /* of level 0; -1: none */
};

struct late {
    pthread_mutex_t lock;
    struct table *filling, *writing; /* writing: NULL when nothing is */
    size_t bytes;                    /* of both; atomic for late_bytes */
};

static struct table *table_new(void)
{
    struct table *table = mem_zalloc(sizeof(struct table));
    memset(table->max_slot, 0xFF, sizeof table->max_slot);
    return table;
}

static void table_free(struct table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->n_buckets; i++)
        mem_free(table->buckets[i].cells);
    mem_free(table->buckets);
    mem_free(table);
}

struct late *late_new(void)
{
    struct late *late = mem_zalloc(sizeof(struct late));
    pthread_mutex_init(&late->lock, NULL);
    late->filling = table_new();
    return late;
}

void late_free(struct late *late)
{
    if (!late)
        return;
    table_free(late->filling);
    table_free(late->writing);
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

static void table_add(struct table *table, const struct late_point *point)
{
    struct list *list = list_make(table, point->id);
    size_t cap = list->cap;

    list->class_no = point->class_no;
    mem_grow(&list->cells, &list->cap, max_size(list->n + 1, CELLS_MIN), sizeof(struct late_cell));
    table->bytes += (list->cap - cap) * sizeof(struct late_cell);
    list->cells[list->n++] = (struct late_cell){point->slot, point->level, point->value};
    if (point->level == 0 && table->max_slot[point->class_no] < point->slot)
        table->max_slot[point->class_no] = point->slot;
}

static void bytes_publish(struct late *late)
{
    size_t bytes = late->filling->bytes + (late->writing ? late->writing->bytes : 0);
    __atomic_store_n(&late->bytes, bytes, __ATOMIC_RELAXED);
}

bool late_add(struct late *late, const struct late_point *points, size_t n, size_t bytes_max)
{
    if (late_bytes(late) > bytes_max)
        return false;
    pthread_mutex_lock(&late->lock);
    for (size_t i = 0; i < n; i++)
        table_add(late->filling, &points[i]);
    bytes_publish(late);
    pthread_mutex_unlock(&late->lock);
    return true;
}

size_t late_bytes(const struct late *late)
{
    return __atomic_load_n(&late->bytes, __ATOMIC_RELAXED);
}

static const struct list *list_find(const struct table *table, uint32_t id)
{
    if (!table || table->n_buckets == 0)
        return NULL;
    const struct list *list = &table->buckets[bucket_of(table, id)];
    return list->n > 0 ? list : NULL;
}

size_t late_read(struct late *late, uint32_t id, struct arena *arena, struct late_cell **out)
{
    size_t n = 0;

    *out = NULL;
    if (late_bytes(late) == 0)
        return 0;
    pthread_mutex_lock(&late->lock);
    const struct list *lists[2] = {list_find(late->writing, id), list_find(late->filling, id)};
    for (size_t i = 0; i < 2; i++)
        n += lists[i] ? lists[i]->n : 0;
    struct late_cell *cells = n > 0 ? arena_array(arena, n, struct late_cell) : NULL;
    *out = cells;
    for (size_t i = 0; i < 2; i++) {
        if (!lists[i])
            continue;
        memcpy(cells, lists[i]->cells, lists[i]->n * sizeof(struct late_cell));
        cells += lists[i]->n;
    }
    pthread_mutex_unlock(&late->lock);
    return n;
}

/* ---- keeper ---- */

bool late_reaches(struct late *late, uint16_t class_no, uint32_t slot)
{
    pthread_mutex_lock(&late->lock);
    bool reaches = late->filling->max_slot[class_no] >= (int64_t)slot ||
                   (late->writing && late->writing->max_slot[class_no] >= (int64_t)slot);
    pthread_mutex_unlock(&late->lock);
    return reaches;
}

bool late_is_empty(struct late *late)
{
    pthread_mutex_lock(&late->lock);
    bool is_empty = late->filling->n_used == 0 && !late->writing;
    pthread_mutex_unlock(&late->lock);
    return is_empty;
}

/* A point and its place in its series' list, so that the sort is stable. */
struct numbered {
    struct late_point point;
    size_t no;
};

static int by_place(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;
    if (x->point.class_no != y->point.class_no)
        return x->point.class_no < y->point.class_no ? -1 : 1;
    if (x->point.level != y->point.level)
        return x->point.level < y->point.level ? -1 : 1;
    const uint32_t p = x->point.slot / FILES_PARTITION_SLOTS;
    const uint32_t q = y->point.slot / FILES_PARTITION_SLOTS;
    if (p != q)
        return p < q ? -1 : 1;
    if (x->point.id != y->point.id)
        return x->point.id < y->point.id ? -1 : 1;
    if (x->point.slot != y->point.slot)
        return x->point.slot < y->point.slot ? -1 : 1;
    return x->no < y->no ? -1 : x->no > y->no;
}

static size_t table_list(const struct table *table, struct numbered *out)
{
    size_t n = 0;
    for (size_t i = 0; i < table->n_buckets; i++) {
        const struct list *list = &table->buckets[i];
        for (size_t k = 0; k < list->n; k++) {
            const struct late_cell *cell = &list->cells[k];
            out[n++] = (struct numbered){
                {list->id, cell->slot, cell->value, list->class_no, cell->level}, k};
        }
    }
    return n;
}

static size_t table_count(const struct table *table)
{
    size_t n = 0;
    for (size_t i = 0; i < table->n_buckets; i++)
        n += table->buckets[i].n;
    return n;
}

static bool is_same_cell(const struct late_point *a, const struct late_point *b)
{
    return a->id == b->id && a->slot == b->slot && a->level == b->level;
}

struct late_point *late_begin(struct late *late, size_t *out_n)
{
    *out_n = 0;
    pthread_mutex_lock(&late->lock);
    BUG_IF(late->writing);
    bool is_empty = late->filling->n_used == 0;
    if (!is_empty) {
        late->writing = late->filling;
        late->filling = table_new();
    }
    pthread_mutex_unlock(&late->lock);
    if (is_empty)
        return NULL;

    /* from here the table only changes in late_end, by this same thread */
    size_t n = table_count(late->writing);
    struct numbered *all = mem_array(n, struct numbered);
    struct late_point *points = mem_array(n, struct late_point);
    n = table_list(late->writing, all);
    qsort(all, n, sizeof *all, by_place);
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || !is_same_cell(&all[i].point, &all[i + 1].point))
            points[(*out_n)++] = all[i].point;
    mem_free(all);
    return points;
}

/* Moves what `from` holds behind what is in `to`. */
static void table_append(struct table *to, const struct table *from)
{
    for (size_t i = 0; i < from->n_buckets; i++) {
        const struct list *list = &from->buckets[i];
        for (size_t k = 0; k < list->n; k++) {
            const struct late_cell *cell = &list->cells[k];
            struct late_point point = {list->id, cell->slot, cell->value, list->class_no,
                                       cell->level};
            table_add(to, &point);
        }
    }
}

void late_end(struct late *late, bool is_written)
{
    struct table *gone;

    pthread_mutex_lock(&late->lock);
    if (is_written) {
        gone = late->writing;
    } else {
        gone = late->filling;
        table_append(late->writing, late->filling);
        late->filling = late->writing;
    }
    late->writing = NULL;
    bytes_publish(late);
    pthread_mutex_unlock(&late->lock);
    table_free(gone);
}
