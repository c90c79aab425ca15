#include "ingest/feed.h"

#include <string.h>

#include "base/log.h"
#include "model/change.h"
#include "model/name.h"
#include "os/realtime.h"

enum { GONE_TRIES = 8 /* a name would have to be deleted again and again for more */ };

bool feed_open(struct feed *feed, const struct feed_options *options, struct err *err)
{
    memset(feed, 0, sizeof *feed);
    feed->options = *options;
    return options->sink.ops->writer_open(options->sink.self, &feed->writer, err);
}

void feed_close(struct feed *feed)
{
    if (feed->writer)
        feed->options.sink.ops->writer_close(feed->writer);
    feed->writer = NULL;
}

void feed_begin(struct feed *feed)
{
    feed->now_s = clock_s(&feed->options.clock);
    feed->read_us = monotonic_us();
    const struct sink *sink = &feed->options.sink;
    feed->n_renamings = sink->ops->n_renamings ? sink->ops->n_renamings(sink->self) : 0;
}

void feed_reject(struct feed *feed, enum reject_reason reason, const struct net_addr *from,
                 const char *detail, struct str line)
{
    if (!rejects_count(feed->options.rejects, reason, feed->now_s))
        return;
    char peer[NET_TEXT_MAX];
    net_format(from, peer);
    rejects_keep(feed->options.rejects, reason, feed->now_s, peer, detail, line);
}

/* The line that begins at origin, without its newline. */
static struct str line_of(struct feed_origin origin)
{
    const char *newline = memchr(origin.line, '\n', PLAIN_LINE_MAX);
    BUG_IF(newline == NULL);
    return str_make(origin.line, (size_t)(newline - origin.line));
}

static enum reject_reason reason_of(enum sink_fate fate)
{
    switch (fate) {
    case SINK_TOO_OLD:
        return REJECT_TOO_OLD;
    case SINK_TOO_NEW:
        return REJECT_TOO_NEW;
    case SINK_NAME_LIMIT:
        return REJECT_NAME_LIMIT;
    case SINK_NAME_BAD:
        return REJECT_NAME;
    case SINK_GONE:
        return REJECT_NAME_LIMIT; /* deleted as often as it is made */
    case SINK_OK:
    case SINK_DISK:
        break;
    }
    return REJECT_DISK;
}

static void refuse(struct feed *feed, enum sink_fate fate, struct feed_origin origin)
{
    feed_reject(feed, reason_of(fate), origin.from, NULL, line_of(origin));
}

/* What is wrong with a name is found out again only for those few that are kept whole. */
static void refuse_name(struct feed *feed, enum sink_fate fate, struct str name,
                        struct feed_origin origin)
{
    if (fate != SINK_NAME_BAD) {
        refuse(feed, fate, origin);
        return;
    }
    if (!rejects_count(feed->options.rejects, REJECT_NAME, feed->now_s))
        return;
    char canonical[NAME_BYTES_MAX + 1], peer[NET_TEXT_MAX];
    size_t n = 0;
    const enum name_fault fault = name_normalise(name, canonical, &n);
    net_format(origin.from, peer);
    rejects_keep(feed->options.rejects, REJECT_NAME, feed->now_s, peer, name_fault_text(fault),
                 line_of(origin));
}

/* The disk refused. Waits a little; the connections' bytes wait in the kernel, so their senders wait too.
 * False: the process is stopping, and has tried once more since it heard so. */
static bool wait_for_disk(struct feed *feed, const char *why)
{
    if (!feed->is_waiting)
        log_error("the disk refuses points (%s): receiving waits until it takes them", why);
    feed->is_waiting = true;
    if (atomic_load(feed->options.is_stopping))
        return false;
    sleep_us(FEED_DISK_WAIT_US);
    return true;
}

static void disk_is_back(struct feed *feed)
{
    if (feed->is_waiting)
        log_info("the disk takes points again");
    feed->is_waiting = false;
}

/* What became of the k-th unknown name. */
static void settle(struct feed *feed, size_t k, uint32_t id, enum sink_fate fate)
{
    const struct feed_unknown *unknown = &feed->unknown[k];
    if (fate != SINK_OK) {
        refuse_name(feed, fate, feed->names[k], feed->origins[unknown->i]);
        return;
    }
    feed->points[unknown->i].id = id;
    if (unknown->order)
        order_learn(unknown->order, unknown->place, id,
                    feed->options.sink.ops->name(feed->writer, id), feed->names[k]);
}

/* One call for all names that are left; those that met a full disk are kept for the next. */
static void resolve_once(struct feed *feed)
{
    const size_t n = feed->n_unknown;
    size_t n_left = 0;
    feed->n_resolved += n;
    feed->options.sink.ops->resolve(feed->writer, feed->names, n, feed->ids, feed->fates);
    for (size_t k = 0; k < n; k++) {
        if (feed->fates[k] != SINK_DISK) {
            settle(feed, k, feed->ids[k], feed->fates[k]);
            continue;
        }
        feed->names[n_left] = feed->names[k];
        feed->unknown[n_left++] = feed->unknown[k];
    }
    feed->n_unknown = n_left;
}

/* Drops the points whose name was refused; the order of the others stays. */
static void drop_nameless(struct feed *feed)
{
    size_t n = 0;
    for (size_t i = 0; i < feed->n; i++) {
        if (feed->points[i].id == SINK_ID_NONE)
            continue;
        feed->points[n] = feed->points[i];
        feed->origins[n++] = feed->origins[i];
    }
    feed->n = n;
}

static void resolve(struct feed *feed)
{
    if (feed->n_unknown == 0)
        return;
    resolve_once(feed);
    while (feed->n_unknown > 0 && wait_for_disk(feed, "new names"))
        resolve_once(feed);
    if (feed->n_unknown == 0)
        disk_is_back(feed);
    for (size_t k = 0; k < feed->n_unknown; k++)
        settle(feed, k, SINK_ID_NONE, SINK_DISK);
    feed->n_unknown = 0;
    drop_nameless(feed);
}

static void keep_gone(struct feed *feed, size_t i)
{
    feed->points[feed->n_gone] = feed->points[i];
    feed->points[feed->n_gone].id = SINK_ID_NONE;
    feed->origins[feed->n_gone++] = feed->origins[i];
}

/* Puts points from i on. Returns the first that met a full disk (it and all after it are not kept), or
 * feed->n. */
static size_t put_once(struct feed *feed, size_t i)
{
    const size_t n = feed->n - i;
    const size_t n_stored =
        feed->options.sink.ops->put(feed->writer, feed->points + i, n, feed->fates);
    feed_count(&feed->n_points, n_stored);
    if (LIKELY(n_stored == n))
        return feed->n;
    for (size_t k = 0; k < n; k++) {
        if (feed->fates[k] == SINK_DISK)
            return i + k;
        if (feed->fates[k] == SINK_GONE)
            keep_gone(feed, i + k);
        else if (feed->fates[k] != SINK_OK)
            refuse(feed, feed->fates[k], feed->origins[i + k]);
    }
    return feed->n;
}

static void put_all(struct feed *feed)
{
    feed->n_gone = 0;
    size_t i = put_once(feed, 0);
    while (i < feed->n && wait_for_disk(feed, "points"))
        i = put_once(feed, i);
    if (i == feed->n)
        disk_is_back(feed);
    for (; i < feed->n; i++)
        refuse(feed, SINK_DISK, feed->origins[i]);
    feed->n = 0;
}

/* The names of points whose series were deleted under way, out of their lines again. */
static void resolve_gone(struct feed *feed)
{
    feed->n = feed->n_gone;
    for (size_t k = 0; k < feed->n; k++) {
        const struct str line = line_of(feed->origins[k]);
        struct plain_point point;
        BUG_IF(plain_parse(line.at, line.n, feed->now_s, &point) != PLAIN_OK); /* it was, before */
        feed->names[k] = point.name;
        feed->unknown[k] = (struct feed_unknown){.i = (uint32_t)k};
    }
    feed->n_unknown = feed->n;
    resolve(feed);
}

static void put(struct feed *feed)
{
    put_all(feed);
    for (int i = 0; i < GONE_TRIES && feed->n_gone > 0; i++) {
        resolve_gone(feed);
        put_all(feed);
    }
    for (size_t k = 0; k < feed->n_gone; k++)
        refuse(feed, SINK_GONE, feed->origins[k]);
}

void feed_flush(struct feed *feed)
{
    resolve(feed);
    if (feed->n == 0)
        return;
    if (feed->dirty_since_us == 0)
        feed->dirty_since_us = feed->read_us;
    put(feed);
    if (monotonic_us() - feed->dirty_since_us >= FEED_COMMIT_US)
        feed_commit(feed);
}

void feed_commit(struct feed *feed)
{
    if (feed->dirty_since_us == 0)
        return;
    struct err err;
    err_clear(&err);
    bool is_safe = feed->options.sink.ops->commit(feed->writer, &err);
    while (!is_safe && wait_for_disk(feed, err.text))
        is_safe = feed->options.sink.ops->commit(feed->writer, &err);
    if (is_safe)
        disk_is_back(feed);
    feed->dirty_since_us = 0;
}

void feed_add_unknown(struct feed *feed, const struct plain_point *point, struct feed_origin origin,
                      struct order *order)
{
    feed_add(feed, SINK_ID_NONE, point->at_s, point->value, origin);
    struct feed_unknown *unknown = &feed->unknown[feed->n_unknown];
    *unknown = (struct feed_unknown){.i = (uint32_t)feed->n - 1, .order = order};
    if (order)
        unknown->place = order_miss(order);
    feed->names[feed->n_unknown++] = point->name;
}

bool feed_admits(struct feed *feed, const struct net_addr *from)
{
    const struct feed_options *options = &feed->options;
    struct ip ip;
    if (options->n_allow == 0)
        return true;
    const bool has_ip = net_ip(from, &ip);
    for (size_t i = 0; has_ip && i < options->n_allow; i++)
        if (ip_range_has(&options->allow[i], &ip))
            return true;
    feed_reject(feed, REJECT_SENDER, from, "not in [security] line-allow", str_make("", 0));
    return false;
}

bool feed_change(struct feed *feed, const struct plain_point *point, struct feed_origin origin)
{
    const struct feed_options *options = &feed->options;
    if (!options->on_change || !change_name_is(point->name))
        return false;
    struct err err;
    err_clear(&err);
    if (options->on_change(options->on_change_self, point->name, point->value, point->at_s, &err))
        feed_count(&feed->n_changes, 1);
    else
        feed_reject(feed, REJECT_CHANGE, origin.from, err.text, line_of(origin));
    return true;
}

bool feed_event(struct feed *feed, const struct change *change, struct err *err)
{
    const struct feed_options *options = &feed->options;
    if (!options->on_event)
        return FAIL(err, ERR_REFUSED, "there is no ledger");
    if (!options->on_event(options->on_change_self, change, err))
        return false;
    feed_count(&feed->n_changes, 1);
    return true;
}
