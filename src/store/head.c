#include "store/head.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "os/pages.h"

enum {
    COLUMN_BYTES = HEAD_LANES * 8,
    CELLS_BYTES = HEAD_SLOTS * COLUMN_BYTES,
    PAGE_BYTES = HEAD_PAGE_LANES * 8,
};

struct head {
    pthread_mutex_t lock; /* creation of classes, tablets and lanes */
    struct head_class *classes[HEAD_CLASSES_MAX];
    uint32_t n_classes; /* atomic, published last */
    struct head_tablet **tablets;
    uint32_t n_tablets; /* atomic, published last */
    struct head_lanes *lanes;
};

struct head *head_new(void)
{
    struct head *head = mem_zalloc(sizeof(struct head));
    pthread_mutex_init(&head->lock, NULL);
    head->tablets = mem_array(HEAD_TABLETS_MAX, struct head_tablet *);
    head->lanes = mem_zalloc(sizeof(struct head_lanes));
    return head;
}

void head_free(struct head *head)
{
    if (!head)
        return;
    for (uint32_t i = 0; i < head->n_tablets; i++) {
        mem_free(head->tablets[i]->ids);
        pages_free(head->tablets[i]->cells, CELLS_BYTES);
        mem_free(head->tablets[i]);
    }
    for (uint32_t i = 0; i < HEAD_CLASSES_MAX; i++)
        mem_free(head->classes[i]);
    for (uint32_t i = 0; i < HEAD_LANE_CHUNKS; i++)
        mem_free(head->lanes->chunks[i]);
    mem_free(head->tablets);
    mem_free(head->lanes);
    pthread_mutex_destroy(&head->lock);
    mem_free(head);
}

/* ---- classes ---- */

uint32_t head_window_at(const struct schema *schema, int64_t now_s)
{
    int64_t slot = now_s / schema->archives[0].step_s - HEAD_GRACE_SLOTS;
    /* never 0: freed - 1 means "no column" */
    return slot <= HEAD_SEAL_SLOTS ? 1 : (uint32_t)(slot - slot % HEAD_SEAL_SLOTS);
}

static struct head_class *class_new(uint16_t no, const struct schema *schema, int64_t created_s)
{
    struct head_class *of = mem_zalloc(sizeof(struct head_class));
    of->no = no;
    of->schema = *schema;
    of->created_s = created_s;
    of->sealed = of->freed = head_window_at(schema, created_s);
    of->filling = UINT32_MAX;
    return of;
}

uint16_t head_n_classes(const struct head *head)
{
    return (uint16_t)__atomic_load_n(&head->n_classes, __ATOMIC_ACQUIRE);
}

struct head_class *head_class(const struct head *head, uint16_t no)
{
    return no < head_n_classes(head) ? head->classes[no] : NULL;
}

static struct head_class *class_find(const struct head *head, const struct schema *schema)
{
    uint16_t n = head_n_classes(head);
    for (uint16_t i = 0; i < n; i++)
        if (head->classes[i] && schema_equal(&head->classes[i]->schema, schema))
            return head->classes[i];
    return NULL;
}

static struct head_class *class_add_locked(struct head *head, const struct schema *schema,
                                           int64_t now_s)
{
    if (head->n_classes == HEAD_CLASSES_MAX)
        return NULL;
    struct head_class *of = class_new((uint16_t)head->n_classes, schema, now_s);
    head->classes[of->no] = of;
    __atomic_store_n(&head->n_classes, of->no + 1u, __ATOMIC_RELEASE);
    return of;
}

struct head_class *head_class_make(struct head *head, const struct schema *schema, int64_t now_s,
                                   bool *out_is_new)
{
    *out_is_new = false;
    struct head_class *of = class_find(head, schema);
    if (of)
        return of;

    pthread_mutex_lock(&head->lock);
    of = class_find(head, schema);
    if (!of) {
        of = class_add_locked(head, schema, now_s);
        *out_is_new = of != NULL;
    }
    pthread_mutex_unlock(&head->lock);
    return of;
}

struct head_class *head_class_add(struct head *head, const struct schema *schema, int64_t now_s)
{
    pthread_mutex_lock(&head->lock);
    struct head_class *of = class_add_locked(head, schema, now_s);
    pthread_mutex_unlock(&head->lock);
    return of;
}

bool head_class_load(struct head *head, uint16_t no, const struct schema *schema, int64_t created_s)
{
    if (no >= HEAD_CLASSES_MAX || head->classes[no])
        return false;
    head->classes[no] = class_new(no, schema, created_s);
    if (no >= head->n_classes)
        __atomic_store_n(&head->n_classes, no + 1u, __ATOMIC_RELEASE);
    return true;
}

/* ---- lanes and tablets ---- */

const struct head_lanes *head_lanes(const struct head *head)
{
    return head->lanes;
}

uint32_t head_lane(const struct head *head, uint32_t id)
{
    return head_lanes_get(head->lanes, id);
}

uint32_t head_n_tablets(const struct head *head)
{
    return __atomic_load_n(&head->n_tablets, __ATOMIC_ACQUIRE);
}

struct head_tablet *head_tablet(const struct head *head, uint32_t no)
{
    return head->tablets[no];
}

/* ---- marks ---- */

static void mark_set(uint64_t marks[HEAD_MARKS], uint32_t slot)
{
    const uint32_t i = slot % HEAD_SLOTS;
    __atomic_fetch_or(&marks[i / 64], (uint64_t)1 << (i % 64), __ATOMIC_SEQ_CST);
}

static void mark_clear(uint64_t marks[HEAD_MARKS], uint32_t slot)
{
    const uint32_t i = slot % HEAD_SLOTS;
    __atomic_fetch_and(&marks[i / 64], ~((uint64_t)1 << (i % 64)), __ATOMIC_SEQ_CST);
}

/* As if no column had ever been used. */
static void columns_forget(struct head_tablet *tablet)
{
    for (size_t page = 0; page < HEAD_PAGES; page++) {
        for (size_t i = 0; i < HEAD_MARKS; i++) {
            __atomic_store_n(&tablet->used[page][i], 0, __ATOMIC_RELEASE);
            __atomic_store_n(&tablet->there[page][i], 0, __ATOMIC_RELAXED);
        }
        tablet->idle_slots[page] = HEAD_SLOTS;
    }
}

/* ---- tablets ---- */

static struct head_tablet *tablet_new(struct head_class *of)
{
    struct head_tablet *tablet = mem_zalloc(sizeof(struct head_tablet));
    tablet->of = of;
    tablet->head = __atomic_load_n(&of->freed, __ATOMIC_ACQUIRE) - 1;
    tablet->ids = mem_array(HEAD_LANES, uint32_t);
    tablet->cells = pages_new(CELLS_BYTES);
    columns_forget(tablet);
    return tablet;
}

/* Lane n_lanes of the tablet is id's from now on. Under head's lock. */
static uint32_t lane_open(struct head_tablet *tablet, uint32_t id)
{
    uint32_t lane = tablet->n_lanes;
    __atomic_store_n(&tablet->ids[lane], id, __ATOMIC_RELAXED);
    __atomic_store_n(&tablet->n_lanes, lane + 1, __ATOMIC_RELEASE);
    return lane;
}

static uint32_t lane_take_locked(struct head *head, struct head_class *of, uint32_t id)
{
    bool is_full = of->filling == UINT32_MAX || head->tablets[of->filling]->n_lanes == HEAD_LANES;
    if (is_full) {
        if (head->n_tablets == HEAD_TABLETS_MAX)
            return HEAD_LANE_NONE;
        head->tablets[head->n_tablets] = tablet_new(of);
        of->filling = head->n_tablets;
        __atomic_store_n(&head->n_tablets, of->filling + 1, __ATOMIC_RELEASE);
    }
    return of->filling * HEAD_LANES + lane_open(head->tablets[of->filling], id);
}

uint32_t head_lane_take(struct head *head, struct head_class *of, uint32_t id)
{
    if (id / HEAD_LANE_CHUNK >= HEAD_LANE_CHUNKS)
        return HEAD_LANE_NONE;

    pthread_mutex_lock(&head->lock);
    uint32_t lane = head_lane(head, id); /* another writer may have been faster */
    if (lane == HEAD_LANE_NONE)
        lane = lane_take_locked(head, of, id);
    if (!head->lanes->chunks[id / HEAD_LANE_CHUNK]) {
        uint32_t *chunk = mem_array(HEAD_LANE_CHUNK, uint32_t);
        __atomic_store_n(&head->lanes->chunks[id / HEAD_LANE_CHUNK], chunk, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&head->lanes->chunks[id / HEAD_LANE_CHUNK][id % HEAD_LANE_CHUNK], lane + 1,
                     __ATOMIC_RELEASE);
    pthread_mutex_unlock(&head->lock);
    return lane;
}

void head_lane_drop(struct head *head, uint32_t id)
{
    pthread_mutex_lock(&head->lock);
    const uint32_t lane = head_lane(head, id);
    if (lane != HEAD_LANE_NONE) {
        __atomic_store_n(&head->tablets[lane / HEAD_LANES]->ids[lane % HEAD_LANES], HEAD_ID_NONE,
                         __ATOMIC_RELAXED);
        __atomic_store_n(&head->lanes->chunks[id / HEAD_LANE_CHUNK][id % HEAD_LANE_CHUNK], 0,
                         __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&head->lock);
}

/* Memory for a page of a column, and for those behind it that will be wanted next: the column before it has
 * them. All at once costs half of what it costs page by page. */
static void column_touch(struct head_tablet *tablet, uint32_t slot, uint32_t page)
{
    uint32_t n = 0;

    while (page + n < HEAD_PAGES && !head_mark_get(tablet->there[page + n], slot) &&
           head_mark_get(tablet->there[page + n], slot - 1))
        mark_set(tablet->there[page + n++], slot);
    if (n > 0)
        pages_touch(head_cell(tablet, slot, page * HEAD_PAGE_LANES), (size_t)n * PAGE_BYTES);
    else
        mark_set(tablet->there[page], slot); /* it comes when it is written to */
}

uint64_t *head_column(struct head_tablet *tablet, uint32_t slot, uint32_t lane)
{
    const uint32_t page = lane / HEAD_PAGE_LANES % HEAD_PAGES;
    const uint32_t freed = __atomic_load_n(&tablet->of->freed, __ATOMIC_SEQ_CST);
    uint32_t head = __atomic_load_n(&tablet->head, __ATOMIC_SEQ_CST);

    if (slot < freed || slot - freed >= HEAD_SLOTS)
        return NULL;
    /* a head below freed - 1 is of idle time that was sealed over */
    while (slot + 1 > ((int32_t)(head + 1 - freed) > 0 ? head + 1 : freed) &&
           !__atomic_compare_exchange_n(&tablet->head, &head, slot, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST))
        continue;
    if (!head_page_is_used(tablet, page, slot)) {
        if (!head_mark_get(tablet->there[page], slot))
            column_touch(tablet, slot, page);
        mark_set(tablet->used[page], slot);
    }
    return head_cell(tablet, slot, 0);
}

bool head_has(const struct head *head, uint32_t id)
{
    const uint32_t lane = head_lane(head, id);
    if (lane == HEAD_LANE_NONE)
        return false;

    const struct head_tablet *tablet = head->tablets[lane / HEAD_LANES];
    const uint32_t freed = __atomic_load_n(&tablet->of->freed, __ATOMIC_ACQUIRE);
    const uint32_t end = __atomic_load_n(&tablet->head, __ATOMIC_ACQUIRE) + 1;
    for (uint32_t slot = freed; (int32_t)(end - slot) > 0 && slot - freed < HEAD_SLOTS; slot++)
        if (head_page_is_used(tablet, lane / HEAD_PAGE_LANES % HEAD_PAGES, slot) &&
            __atomic_load_n(head_cell(tablet, slot, lane % HEAD_LANES), __ATOMIC_RELAXED))
            return true;
    return false;
}

void head_read(const struct head *head, uint32_t id, struct head_recent *out)
{
    out->first = out->n = 0;
    uint32_t lane = head_lane(head, id);
    if (lane == HEAD_LANE_NONE)
        return;

    const struct head_tablet *tablet = head->tablets[lane / HEAD_LANES];
    uint32_t freed = __atomic_load_n(&tablet->of->freed, __ATOMIC_ACQUIRE);
    uint32_t end = __atomic_load_n(&tablet->head, __ATOMIC_ACQUIRE) + 1;
    if ((int32_t)(end - freed) <= 0)
        return;
    out->first = freed;
    out->n = end - freed < HEAD_SLOTS ? end - freed : HEAD_SLOTS;
    const uint32_t page = lane / HEAD_PAGE_LANES % HEAD_PAGES;
    for (uint32_t i = 0; i < out->n; i++)
        out->values[i] = head_page_is_used(tablet, page, freed + i)
                             ? head_cell_get(head_cell(tablet, freed + i, lane % HEAD_LANES))
                             : (double)NAN;
    uint32_t freed_since = __atomic_load_n(&tablet->of->freed, __ATOMIC_ACQUIRE);
    if ((int32_t)(freed_since - freed) < 0) /* the window was set back: nothing read here counts */
        out->n = 0;
    for (uint32_t i = 0; i < out->n && (int32_t)(freed_since - (freed + i)) > 0; i++)
        out->values[i] = (double)NAN;
}

/* ---- for the keeper ---- */

uint32_t head_class_end(const struct head *head, const struct head_class *of)
{
    uint32_t n = head_n_tablets(head), last = of->freed;

    for (uint32_t i = 0; i < n; i++) {
        const struct head_tablet *tablet = head->tablets[i];
        uint32_t end = __atomic_load_n(&tablet->head, __ATOMIC_ACQUIRE) + 1;
        if (tablet->of == of && (int32_t)(end - last) > 0)
            last = end;
    }
    return last;
}

bool head_class_is_busy(const struct head *head, const struct head_class *of)
{
    return (int32_t)(head_class_end(head, of) - of->sealed) > 0;
}

/* Release, as in head_cell_set: who sees the gap sees the file that has the value. */
static void page_empty(uint64_t *cells)
{
    for (size_t i = 0; i < HEAD_PAGE_LANES; i++)
        __atomic_store_n(&cells[i], 0, __ATOMIC_RELEASE);
}

/* Empties the columns of slots [from, until) of the lanes of one page. */
static void lanes_empty(struct head_tablet *tablet, uint32_t page, uint32_t from, uint32_t until)
{
    const uint32_t lane = page * HEAD_PAGE_LANES;
    uint16_t *idle_slots = &tablet->idle_slots[page];
    bool had_values = false;

    for (uint32_t slot = from; slot != until; slot++) {
        if (!head_page_is_used(tablet, page, slot))
            continue;
        page_empty(head_cell(tablet, slot, lane));
        mark_clear(tablet->used[page], slot);
        had_values = true;
    }
    if (had_values) {
        *idle_slots = 0;
        return;
    }
    if (*idle_slots >= HEAD_SLOTS) /* all of it was given back */
        return;
    *idle_slots = (uint16_t)(*idle_slots + (until - from));
    for (uint32_t slot = from; slot != until; slot++) {
        pages_zero(head_cell(tablet, slot, lane), PAGE_BYTES);
        mark_clear(tablet->there[page], slot);
    }
}

static void columns_empty(struct head_tablet *tablet, uint32_t from, uint32_t until)
{
    if (until - from >= HEAD_SLOTS) {
        pages_zero(tablet->cells, CELLS_BYTES);
        columns_forget(tablet);
        return;
    }
    for (uint32_t page = 0; page < HEAD_PAGES; page++)
        lanes_empty(tablet, page, from, until);
}

void head_release(struct head *head, struct head_class *of, uint32_t until)
{
    uint32_t n = head_n_tablets(head);

    for (uint32_t i = 0; i < n; i++)
        if (head->tablets[i]->of == of)
            columns_empty(head->tablets[i], of->freed, until);
    __atomic_store_n(&of->freed, until, __ATOMIC_SEQ_CST);
}

void head_window_set(struct head *head, struct head_class *of, uint32_t window)
{
    uint32_t n = head_n_tablets(head);

    for (uint32_t i = 0; i < n; i++) {
        struct head_tablet *tablet = head->tablets[i];
        if (tablet->of != of)
            continue;
        columns_empty(tablet, 0, HEAD_SLOTS);
        __atomic_store_n(&tablet->head, window - 1, __ATOMIC_SEQ_CST);
    }
    __atomic_store_n(&of->freed, window, __ATOMIC_SEQ_CST);
    __atomic_store_n(&of->sealed, window, __ATOMIC_SEQ_CST);
}

uint64_t head_bytes(const struct head *head)
{
    return (uint64_t)head_n_tablets(head) * HEAD_SLOTS * HEAD_LANES * sizeof(uint64_t);
}
