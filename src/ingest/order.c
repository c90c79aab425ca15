#include "ingest/order.h"

#include "base/mem.h"

enum { LIST_MIN = 128 /* entries of a new list: a small agent's lap */ };

void order_init(struct order *order, struct order_budget *budget)
{
    *order = (struct order){.budget = budget, .is_recording = true, .n_lap_max = ORDER_LAP_FIRST};
    arena_init(&order->spelled);
}

static void list_free(struct order *order, struct order_list *list)
{
    order->budget->n_entries -= list->cap;
    mem_free(list->items);
    *list = (struct order_list){0};
}

void order_done(struct order *order)
{
    list_free(order, &order->expected);
    list_free(order, &order->seen);
    arena_done(&order->spelled);
}

void order_forget(struct order *order)
{
    struct order_budget *budget = order->budget;
    const uint32_t lap = order->lap;
    order_done(order);
    order_init(order, budget);
    order->lap = lap + 2; /* no place of before is learned any more */
}

/* Room for n entries. False: the budget is used up. */
static bool list_reserve(struct order *order, struct order_list *list, uint32_t n)
{
    if (n <= list->cap)
        return true;
    size_t cap = max_size(list->cap, LIST_MIN);
    while (cap < n)
        cap *= 2;
    if (order->budget->n_entries - list->cap + cap > ORDER_ENTRIES_MAX)
        return false;
    order->budget->n_entries += cap - list->cap;
    list->items = mem_resize(list->items, mul_size(cap + ORDER_PREFETCH, sizeof *list->items));
    memset(list->items + list->n, 0, (cap + ORDER_PREFETCH - list->n) * sizeof *list->items);
    list->cap = (uint32_t)cap;
    return true;
}

/* Begins the record of this lap again, with nothing in it. */
static void restart_record(struct order *order)
{
    list_free(order, &order->seen);
    order->is_recording = true;
    order->lap++;
}

void order_record(struct order *order, const struct order_entry *entry)
{
    struct order_list *seen = &order->seen;
    if (seen->n >= order->n_lap_max) {
        order->n_lap_max = (uint32_t)min_size((size_t)order->n_lap_max * 2, ORDER_ENTRIES_MAX);
        restart_record(order);
    }
    if (!list_reserve(order, seen, seen->n + 1)) {
        restart_record(order);
        return;
    }
    seen->items[seen->n++] = *entry;
}

/* This lap leaves the one before: from here on it is written down, with what they have in common. */
static void diverge(struct order *order)
{
    if (order->is_recording)
        return;
    order->is_recording = true;
    if (order->pos == 0 || !list_reserve(order, &order->seen, order->pos))
        return;
    memcpy(order->seen.items, order->expected.items, order->pos * sizeof *order->seen.items);
    order->seen.n = order->pos;
}

/* The lap is over: what was seen is expected from now on. */
static void finish_lap(struct order *order)
{
    if (order->seen.n > 0) {
        list_free(order, &order->expected);
        order->expected = order->seen;
        order->seen = (struct order_list){0};
        order->n_lap_max =
            (uint32_t)min_size((size_t)order->expected.n * 2 + ORDER_LAP_MIN, ORDER_ENTRIES_MAX);
        order->lap++;
    }
    order->is_recording = false;
    order->pos = 0;
}

/* Index of the first of the n entries from i on that is this line, or list->n. */
static uint32_t find(const struct order_list *list, uint32_t i, uint32_t n, const char *line)
{
    const uint32_t until = (uint32_t)min_size((size_t)i + n, list->n);
    for (; i < until; i++) {
        if (list->items[i].name && order_matches(&list->items[i], line))
            return i;
    }
    return list->n;
}

/* Takes expected[i] as what came. */
static const struct order_entry *jump(struct order *order, uint32_t i)
{
    const struct order_entry *entry = &order->expected.items[i];
    if (i != order->pos)
        diverge(order);
    order->pos = i + 1;
    order->n_missed = 0;
    if (order->is_recording)
        order_record(order, entry);
    return entry;
}

/* Is this line among the first n of the lap? Then a new lap has begun. */
static const struct order_entry *search_begin(struct order *order, uint32_t n, const char *line)
{
    /* Recording without a record: there was no room for it, and the old lap is what there is. */
    const struct order_list *lap = order->seen.n > 0 ? &order->seen : &order->expected;
    const uint32_t i = find(lap, 0, n, line);
    if (i >= lap->n)
        return NULL;
    finish_lap(order);
    return jump(order, i);
}

const struct order_entry *order_search(struct order *order, const char *line)
{
    const bool is_at_end = order->pos >= order->expected.n;
    const bool is_stuck = order->n_missed >= ORDER_STUCK;
    const bool is_hopeless = order->n_missed > ORDER_HOPELESS;
    if (is_hopeless && order->n_missed % ORDER_AHEAD != 0)
        return search_begin(order, 1, line);

    const uint32_t i = find(&order->expected, order->pos, ORDER_AHEAD, line);
    if (i < order->expected.n)
        return jump(order, i);
    if (is_stuck) /* the lap may have begun again while nothing was foreseen */
        return search_begin(order, ORDER_STUCK + ORDER_AHEAD, line);
    return is_at_end ? search_begin(order, ORDER_AHEAD, line) : NULL;
}

struct order_place order_miss(struct order *order)
{
    const struct order_entry unknown = {.id = SINK_ID_NONE};
    /* The lap was whole, and its successor begins in another way: nothing of it belongs to that. */
    if (!order->is_recording && order->pos >= order->expected.n)
        finish_lap(order);
    diverge(order);
    order->n_missed++;
    order_record(order, &unknown);
    if (order->seen.n == 0)
        return (struct order_place){.lap = order->lap, .i = ORDER_NOT_KEPT};
    return (struct order_place){.lap = order->lap, .i = order->seen.n - 1};
}

/* A copy of a spelling that the sink does not keep; NULL when there is no more room for such. */
static const char *spell(struct order *order, struct str sent)
{
    if (order->spelled.bytes + sent.n > ORDER_SPELLED_MAX)
        return NULL;
    char *name = arena_alloc(&order->spelled, sent.n + ORDER_NAME_SLACK);
    memcpy(name, sent.at, sent.n);
    memset(name + sent.n, 0, ORDER_NAME_SLACK);
    return name;
}

void order_learn(struct order *order, struct order_place place, uint32_t id, struct sink_name name,
                 struct str sent)
{
    /* One lap may have ended since, no more: a batch is shorter than that only for tiny laps. */
    const uint32_t age = order->lap - place.lap;
    struct order_list *list = age == 0 ? &order->seen : &order->expected;
    if (age > 1 || place.i >= list->n)
        return;
    struct order_entry *entry = &list->items[place.i];
    if (entry->name || entry->id != SINK_ID_NONE)
        return;
    const char *at = str_eq(str_make(name.at, name.n), sent) ? name.at : spell(order, sent);
    if (at)
        *entry = (struct order_entry){.name = at, .n = (uint32_t)sent.n, .id = id};
}
