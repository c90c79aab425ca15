#include "ingest/lines.h"

#include "base/mem.h"

void lines_init(struct lines *lines, const struct net_addr *from, struct order_budget *budget)
{
    *lines = (struct lines){
        .from = *from, .clock = plain_clock_new(), .has_avx2 = lines_avx2_is_there()};
    order_init(&lines->order, budget);
}

void lines_done(struct lines *lines)
{
    order_done(&lines->order);
    mem_free(lines->tail);
    lines->tail = NULL;
}

static enum reject_reason reason_of(enum plain_fate fate)
{
    switch (fate) {
    case PLAIN_FIELDS:
        return REJECT_FIELDS;
    case PLAIN_VALUE:
        return REJECT_VALUE;
    case PLAIN_INFINITE:
        return REJECT_INFINITE;
    case PLAIN_TIME:
        return REJECT_TIME;
    case PLAIN_OK:
    case PLAIN_BLANK:
    case PLAIN_GAP:
        break;
    }
    return REJECT_NAN;
}

/* One line, n bytes and a newline: the fast way if it is of the usual form, else the careful one. */
static enum plain_fate read_line(const char *line, size_t n, int64_t now_s,
                                 struct plain_clock *clock, struct plain_point *out)
{
    const size_t n_name = plain_fast_name(line, line + n + 1);
    if (n_name > 0 && plain_fast_rest(line + n_name + 1, clock, &out->value)) {
        out->name = str_make(line, n_name);
        out->at_s = clock->at_s;
        return PLAIN_OK;
    }
    return plain_parse(line, n, now_s, out);
}

/* A line that was not both foreseen and of the usual form. entry: foreseen, or NULL.
 * Returns the byte after its newline. */
static const char *take_line(struct feed *feed, struct plain_clock *clock, struct order *order,
                             const struct order_entry *entry, struct feed_origin origin)
{
    const char *newline = rawmemchr(origin.line, '\n'); /* the caller saw one */
    const size_t n = (size_t)(newline - origin.line);
    const struct str line = str_make(origin.line, n);
    if (n >= PLAIN_LINE_MAX) {
        feed_reject(feed, REJECT_TOO_LONG, origin.from, NULL, line);
        return newline + 1;
    }
    struct plain_point point;
    const enum plain_fate fate = read_line(origin.line, n, feed->now_s, clock, &point);
    if (fate == PLAIN_BLANK)
        return newline + 1;
    if (fate != PLAIN_OK)
        feed_reject(feed, reason_of(fate), origin.from, NULL, line);
    else if (entry)
        feed_add(feed, entry->id, point.at_s, point.value, origin);
    else if (!feed_change(feed, &point, origin))
        feed_add_unknown(feed, &point, origin, order);
    return newline + 1;
}

/* Whole lines, at least one; until is after a newline. */
static void take_ordered(struct lines *lines, struct feed *feed, const char *at, const char *until,
                         bool has_avx2)
{
    struct plain_clock clock = lines->clock;
    struct feed_origin origin = {.from = &lines->from};
    if (UNLIKELY(lines->n_renamings != feed->n_renamings))
        order_forget(&lines->order);
    lines->n_renamings = feed->n_renamings;
    while (at < until) {
        if (has_avx2)
            at = lines_avx2_run(&lines->order, feed, &clock, origin.from, at, until);
        if (at == until)
            break;
        origin.line = at;
        const struct order_entry *entry = order_next(&lines->order, at);
        if (UNLIKELY(entry == NULL))
            entry = order_search(&lines->order, at);
        if (LIKELY(entry != NULL)) {
            double value;
            const char *next = plain_fast_rest(at + entry->n + 1, &clock, &value);
            if (LIKELY(next != NULL)) {
                feed_add(feed, entry->id, clock.at_s, value, origin);
                at = next;
                continue;
            }
        }
        at = take_line(feed, &clock, &lines->order, entry, origin);
    }
    lines->clock = clock;
}

/* Keeps the begun line for the next bytes, or gives it up when it is too long already. */
static void keep_tail(struct lines *lines, struct feed *feed, const char *at, size_t n)
{
    if (n >= PLAIN_LINE_MAX) {
        feed_reject(feed, REJECT_TOO_LONG, &lines->from, NULL, str_make(at, n));
        lines->is_skipping = true;
        return;
    }
    if (n == 0)
        return;
    mem_grow(&lines->tail, &lines->tail_cap, n + LINES_AFTER, 1);
    memcpy(lines->tail, at, n);
    memset(lines->tail + n, 0, LINES_AFTER);
    lines->n_tail = n;
}

void lines_take(struct lines *lines, struct feed *feed, char *at, size_t n)
{
    char *end = at + n;
    if (lines->is_skipping) {
        char *newline = memchr(at, '\n', n);
        if (!newline)
            return;
        lines->is_skipping = false;
        at = newline + 1;
    }
    const char *newline = memrchr(at, '\n', (size_t)(end - at));
    at -= lines->n_tail;
    if (lines->n_tail > 0)
        memcpy(at, lines->tail, lines->n_tail);
    lines->n_tail = 0;

    feed_begin(feed);
    const char *rest = at;
    if (newline) {
        take_ordered(lines, feed, at, newline + 1, lines->has_avx2);
        rest = newline + 1;
    }
    keep_tail(lines, feed, rest, (size_t)(end - rest));
    feed_flush(feed);
}

void lines_end(struct lines *lines, struct feed *feed, bool is_proper)
{
    if (lines->n_tail == 0)
        return;
    feed_begin(feed);
    if (is_proper) {
        lines->tail[lines->n_tail] = '\n';
        /* nothing can be read before the tail */
        take_ordered(lines, feed, lines->tail, lines->tail + lines->n_tail + 1, false);
    } else {
        feed_reject(feed, REJECT_CUT, &lines->from, NULL, str_make(lines->tail, lines->n_tail));
    }
    lines->n_tail = 0;
    feed_flush(feed);
}

void lines_datagram(struct feed *feed, char *at, size_t n, const struct net_addr *from)
{
    /* Datagrams of many senders come mixed: no order to foresee. */
    struct plain_clock clock = plain_clock_new();
    struct feed_origin origin = {.line = at, .from = from};
    if (n == 0)
        return;
    if (at[n - 1] != '\n')
        at[n++] = '\n';
    while (origin.line < at + n)
        origin.line = take_line(feed, &clock, NULL, NULL, origin);
}
