#include "ingest/statsd_lines.h"

#include <string.h>

#include "base/mem.h"
#include "ingest/lines.h"
#include "ingest/statsd_event.h"
#include "model/change.h"
#include "os/realtime.h"

enum {
    TEXT_BYTES = LINES_BEFORE + TALLY_PIECE_BYTES + PLAIN_LINE_MAX + LINES_AFTER,
    TIMED_BYTES_MAX = 2 * PLAIN_LINE_MAX,
};

struct statsd_desk {
    struct tally *tally;
    struct clock clock;
    int64_t interval_ms, due_ms, last_ms; /* last_ms: what the last flush took */
    struct lines lines;                   /* as if the flushes came over one connection */
    char *text;                           /* TEXT_BYTES: what lines_take reads */
    _Atomic uint64_t n_checks;
};

static int64_t now_ms(const struct statsd_desk *desk)
{
    return clock_us(&desk->clock) / 1000;
}

struct statsd_desk *statsd_lines_desk_new(const struct tally_options *options,
                                          const struct clock *clock, struct order_budget *budget)
{
    const struct net_addr nobody = {0};
    struct statsd_desk *desk = mem_zalloc(sizeof *desk);
    desk->clock = *clock;
    desk->tally = tally_new(options, clock_s(clock));
    desk->interval_ms = options->interval_s * 1000;
    const int64_t now = now_ms(desk);
    desk->due_ms = now - now % desk->interval_ms + desk->interval_ms;
    desk->text = mem_zalloc(TEXT_BYTES);
    lines_init(&desk->lines, &nobody, budget);
    return desk;
}

void statsd_lines_desk_free(struct statsd_desk *desk)
{
    if (!desk)
        return;
    lines_done(&desk->lines);
    tally_free(desk->tally);
    mem_free(desk->text);
    mem_free(desk);
}

uint64_t statsd_lines_checks(const struct statsd_desk *desk)
{
    return atomic_load_explicit(&desk->n_checks, memory_order_relaxed);
}

/* ---- lines ---- */

struct packet {
    struct statsd_desk *desk;
    struct feed *feed;
    const struct net_addr *from;
};

static enum reject_reason reason_of(enum statsd_fate fate)
{
    switch (fate) {
    case STATSD_NAME:
        return REJECT_NAME;
    case STATSD_VALUE:
        return REJECT_VALUE;
    case STATSD_INFINITE:
        return REJECT_INFINITE;
    case STATSD_RATE:
        return REJECT_RATE;
    case STATSD_TIME:
        return REJECT_TIME;
    case STATSD_OK:
    case STATSD_FIELDS:
        break;
    }
    return REJECT_FIELDS;
}

static void refuse(const struct packet *packet, enum reject_reason reason, const char *why,
                   struct str line)
{
    tally_count_bad(packet->desk->tally);
    feed_reject(packet->feed, reason, packet->from, why, line);
}

/* Plain lines that wait for no flush: n bytes at text, LINES_AFTER more are there. */
static void pass_on(const struct packet *packet, char *text, size_t n)
{
    lines_datagram(packet->feed, text, n, packet->from);
    feed_flush(packet->feed); /* text is the caller's */
}

/* "events.deploy.website:1|c" is told at once. */
static void take_change(const struct packet *packet, struct str key,
                        const struct statsd_sample *sample)
{
    char text[PLAIN_LINE_MAX + LINES_AFTER], number[NUM_TEXT_MAX];
    struct buf out;
    buf_init(&out, PLAIN_LINE_MAX);
    buf_add(&out, key.at, key.n);
    buf_add_char(&out, ' ');
    buf_add(&out, number, num_format_short(number, sample->value));
    buf_add_char(&out, ' ');
    buf_add_i64(&out, sample->at_s ? sample->at_s : packet->feed->now_s);
    buf_add_char(&out, '\n');
    memcpy(text, out.at, out.n);
    memset(text + out.n, 0, LINES_AFTER);
    pass_on(packet, text, out.n);
    buf_done(&out);
}

static void take_timed(const struct packet *packet, const struct buf *timed)
{
    char text[TIMED_BYTES_MAX + LINES_AFTER];
    memcpy(text, timed->at, timed->n);
    memset(text + timed->n, 0, LINES_AFTER);
    pass_on(packet, text, timed->n);
}

static bool add_timed(const struct packet *packet, struct str key,
                      const struct statsd_sample *sample)
{
    struct buf timed;
    buf_init(&timed, TIMED_BYTES_MAX);
    const bool is_timed = tally_write_timed(packet->desk->tally, key, sample, &timed);
    if (is_timed)
        take_timed(packet, &timed);
    buf_done(&timed);
    return is_timed;
}

static void take_sample(const struct packet *packet, struct str key,
                        const struct statsd_sample *sample, struct str line)
{
    if (UNLIKELY(change_name_is(key)) && packet->feed->options.on_change &&
        sample->type <= STATSD_GAUGE_DELTA) {
        take_change(packet, key, sample);
        return;
    }
    if (UNLIKELY(sample->at_s != 0) && add_timed(packet, key, sample))
        return;
    switch (tally_add(packet->desk->tally, key, sample)) {
    case TALLY_OK:
        break;
    case TALLY_KEYS_FULL:
        refuse(packet, REJECT_NAME_LIMIT, "StatsD counts for no more names", line);
        break;
    case TALLY_VALUES_FULL:
        refuse(packet, REJECT_FULL, "too many timer values and set members until the next flush",
               line);
        break;
    }
}

static void take_metric(const struct packet *packet, struct str text)
{
    struct statsd_line line;
    struct statsd_sample sample;
    enum statsd_fate fate = statsd_begin(&line, text);
    if (fate != STATSD_OK) {
        refuse(packet, REJECT_NAME, name_fault_text(line.fault), text);
        return;
    }
    while (statsd_next(&line, &sample, &fate)) {
        if (LIKELY(fate == STATSD_OK))
            take_sample(packet, line.key, &sample, text);
        else
            refuse(packet, reason_of(fate), statsd_fate_text(fate), text);
    }
}

static void take_event(const struct packet *packet, struct str text)
{
    CLEANUP(arena_done) struct arena arena;
    struct change change;
    struct err err;
    arena_init(&arena);
    err_clear(&err);
    if (!statsd_event_parse(text, now_ms(packet->desk), &arena, &change, &err) ||
        !feed_event(packet->feed, &change, &err))
        refuse(packet, REJECT_CHANGE, err.text, text);
}

static void take_line(const struct packet *packet, struct str line)
{
    if (line.n > 0 && line.at[line.n - 1] == '\r')
        line.n--;
    if (line.n == 0)
        return;
    tally_count_line(packet->desk->tally);
    if (line.n >= STATSD_LINE_MAX) {
        refuse(packet, REJECT_TOO_LONG, NULL, line);
        return;
    }
    switch (statsd_kind(line)) {
    case STATSD_METRIC:
        take_metric(packet, line);
        break;
    case STATSD_EVENT:
        take_event(packet, line);
        break;
    case STATSD_CHECK:
        feed_count(&packet->desk->n_checks, 1);
        break;
    }
}

void statsd_lines_packet(struct statsd_desk *desk, struct feed *feed, struct str text,
                         const struct net_addr *from)
{
    const struct packet packet = {desk, feed, from};
    tally_count_packet(desk->tally);
    while (text.n > 0) {
        const char *newline = memchr(text.at, '\n', text.n);
        const size_t n = newline ? (size_t)(newline - text.at) : text.n;
        take_line(&packet, str_make(text.at, n));
        const size_t n_gone = min_size(n + 1, text.n);
        text = str_make(text.at + n_gone, text.n - n_gone);
    }
}

/* ---- streams ---- */

void statsd_lines_init(struct statsd_lines *lines, const struct net_addr *from)
{
    *lines = (struct statsd_lines){.from = *from};
    buf_init(&lines->tail, STATSD_LINE_MAX);
}

/* Keeps the begun line for the next bytes, or gives it up when it is too long already. */
static void keep_tail(struct statsd_lines *lines, const struct packet *packet, struct str text)
{
    buf_add(&lines->tail, text.at, text.n);
    if (!lines->tail.is_full)
        return;
    tally_count_line(packet->desk->tally);
    refuse(packet, REJECT_TOO_LONG, NULL, text);
    buf_done(&lines->tail);
    buf_init(&lines->tail, STATSD_LINE_MAX);
    lines->is_skipping = true;
}

void statsd_lines_take(struct statsd_lines *lines, struct statsd_desk *desk, struct feed *feed,
                       const char *at, size_t n)
{
    const struct packet packet = {desk, feed, &lines->from};
    struct str text = str_make(at, n);
    feed_begin(feed);
    const char *newline = memchr(text.at, '\n', text.n);
    if (newline && (lines->is_skipping || lines->tail.n > 0)) {
        const size_t n_first = (size_t)(newline - text.at);
        if (!lines->is_skipping)
            keep_tail(lines, &packet, str_make(text.at, n_first));
        if (!lines->is_skipping)
            statsd_lines_packet(desk, feed, str_make(lines->tail.at, lines->tail.n), &lines->from);
        buf_clear(&lines->tail);
        lines->is_skipping = false;
        text = str_make(newline + 1, text.n - n_first - 1);
    }
    const char *last = memrchr(text.at, '\n', text.n);
    if (last) {
        const size_t n_whole = (size_t)(last + 1 - text.at);
        statsd_lines_packet(desk, feed, str_make(text.at, n_whole), &lines->from);
        text = str_make(last + 1, text.n - n_whole);
    }
    if (!lines->is_skipping && text.n > 0)
        keep_tail(lines, &packet, text);
    feed_flush(feed);
}

void statsd_lines_end(struct statsd_lines *lines, struct statsd_desk *desk, struct feed *feed,
                      bool is_proper)
{
    const struct str tail = str_make(lines->tail.at, lines->tail.n);
    if (tail.n > 0) {
        feed_begin(feed);
        if (is_proper)
            statsd_lines_packet(desk, feed, tail, &lines->from);
        else
            feed_reject(feed, REJECT_CUT, &lines->from, NULL, tail);
        feed_flush(feed);
    }
    buf_done(&lines->tail);
}

/* ---- flushes ---- */

int64_t statsd_lines_wait_ms(const struct statsd_desk *desk)
{
    const int64_t wait_ms = desk->due_ms - now_ms(desk);
    /* More than an interval: the clock was set back. */
    return wait_ms > desk->interval_ms ? 0 : max_i64(wait_ms, 0);
}

struct flushing {
    struct statsd_desk *desk;
    struct feed *feed;
    const struct statsd_flush *flush;
};

static void take_piece(void *self, const char *text, size_t n)
{
    const struct flushing *flushing = self;
    struct statsd_desk *desk = flushing->desk;
    BUG_IF(LINES_BEFORE + n + LINES_AFTER > TEXT_BYTES);
    memcpy(desk->text + LINES_BEFORE, text, n);
    memset(desk->text + LINES_BEFORE + n, 0, LINES_AFTER);
    lines_take(&desk->lines, flushing->feed, desk->text + LINES_BEFORE, n);
    feed_commit(flushing->feed);
    if (flushing->flush->between)
        flushing->flush->between(flushing->flush->self);
}

void statsd_lines_flush(struct statsd_desk *desk, struct feed *feed,
                        const struct statsd_flush *flush)
{
    struct flushing flushing = {desk, feed, flush};
    const int64_t now = now_ms(desk), began_us = monotonic_us();
    const int64_t slot_ms = now - now % desk->interval_ms;
    desk->due_ms = slot_ms + desk->interval_ms;
    const int64_t at_ms = flush->is_last ? desk->due_ms : slot_ms;
    tally_flush(desk->tally, at_ms / 1000, desk->last_ms, take_piece, &flushing);
    desk->last_ms = (monotonic_us() - began_us) / 1000;
}
