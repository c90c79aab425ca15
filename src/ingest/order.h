/* What a connection will send next. Senders repeat their series in the same order, lap after lap, so
 * the next line's name is nearly always known: comparing it with the bytes that came costs less than
 * looking for its end, and no hash is computed.
 *
 * Two lists: the lap before (expected) and, once this lap has gone another way, this lap (seen). A lap
 * ends when the line that began it comes again; then seen becomes expected. So whatever the sender
 * changes is learned within a lap or two, and nothing is kept twice while it changes nothing.
 *
 * Change lines and refused ones are never in it. Owner: one stream, one thread. */
#pragma once

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "model/sink.h"

enum {
    ORDER_AHEAD = 8,     /* entries looked at when the expected one does not come */
    ORDER_PREFETCH = 8,  /* names are fetched into the cache this far ahead */
    ORDER_STUCK = 16,    /* misses in a row after which the lap may have begun again */
    ORDER_HOPELESS = 64, /* misses in a row after which few lines are worth a search */
    ORDER_LAP_FIRST =
        2 << 20,        /* entries of a first lap; a longer one is begun anew, twice as long */
    ORDER_LAP_MIN = 64, /* a lap may grow to twice the last one and this many entries */
    ORDER_ENTRIES_MAX = 16 << 20, /* of all streams that share a budget: 256 MB */
    ORDER_SPELLED_MAX = 16 << 20, /* bytes of a stream's own spellings of names */
    ORDER_NAME_SLACK = 32,        /* readable bytes after a name */
    ORDER_NOT_KEPT = UINT32_MAX,
};

struct order_entry {
    const char *name; /* followed by readable bytes; NULL: not known (yet) */
    uint32_t n;
    uint32_t id;
};

/* Entries in use by all streams of one thread. */
struct order_budget {
    size_t n_entries;
};

struct order_list {
    struct order_entry *items; /* cap of them, then ORDER_PREFETCH zeroed ones */
    uint32_t n, cap;
};

struct order {
    struct order_list expected, seen;
    uint32_t pos;       /* in expected: what should come next */
    bool is_recording;  /* false: this lap so far is expected[0..pos) */
    uint32_t lap;       /* counts changes of the lists, for order_learn */
    uint32_t n_missed;  /* since the last line that was foreseen */
    uint32_t n_lap_max; /* entries; past it recording begins anew */
    struct order_budget *budget;
    struct arena spelled;
};

/* budget is borrowed for the order's life. */
void order_init(struct order *order, struct order_budget *budget);
void order_done(struct order *order);
/* Forgets all series: ids may have changed their meaning. */
void order_forget(struct order *order);

/* A place in this lap, for order_learn once the id is known. */
struct order_place {
    uint32_t lap, i;
};

/* Notes that a line came which nothing foresaw. */
struct order_place order_miss(struct order *order);
/* The series at that place: name as the sink keeps it, sent as it came (another spelling is copied).
 * A place of a lap that is long over is ignored. */
void order_learn(struct order *order, struct order_place place, uint32_t id, struct sink_name name,
                 struct str sent);

/* After order_next did not know: looks ahead, and for the lap's beginning. NULL: not found. line has
 * PLAIN_SLACK readable bytes after its newline. */
const struct order_entry *order_search(struct order *order, const char *line);
void order_record(struct order *order, const struct order_entry *entry);

/* Does the line begin with this name and a blank? Reads at most 15 bytes past the newline that ends
 * the line: a name holds none, so the comparison stops in the block where it stands. */
static inline bool order_matches(const struct order_entry *entry, const char *line)
{
    const size_t n = entry->n;
    const char *name = entry->name;
    if (UNLIKELY(n < 16))
        return name && memcmp(name, line, n) == 0 && line[n] == ' ';
    for (size_t i = 0; i + 16 < n; i += 16) {
        if (memcmp(name + i, line + i, 16) != 0)
            return false;
    }
    return memcmp(name + n - 16, line + n - 16, 16) == 0 && line[n] == ' ';
}

/* The series of this line if it is the expected one, else NULL: ask order_search. The entry is lent until
 * the next call. */
static inline const struct order_entry *order_next(struct order *order, const char *line)
{
    if (UNLIKELY(order->pos >= order->expected.n))
        return NULL;
    const struct order_entry *entry = &order->expected.items[order->pos];
    const uintptr_t ahead = (uintptr_t)entry[ORDER_PREFETCH].name; /* 0 near the end: no harm */
    __builtin_prefetch((const void *)ahead);
    __builtin_prefetch((const void *)(ahead + 48));
    if (UNLIKELY(!order_matches(entry, line)))
        return NULL;
    order->pos++;
    order->n_missed = 0;
    if (UNLIKELY(order->is_recording))
        order_record(order, entry);
    return entry;
}
