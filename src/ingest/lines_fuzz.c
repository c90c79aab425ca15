/* A stream of lines in one piece, the same stream in pieces, and with and without vectors: the sink must
 * be told the same. The first byte of the input says how long the pieces are. */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "ingest/lines.h"
#include "model/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum {
    NOW_S = 1500000000,
    INPUT_MAX = 1 << 16,
    NAME_SLACK = 65, /* the blank after a name and what the sink's contract promises after it */
};

/* A sink that folds all it is told into one number. */
struct sink_writer {
    struct map *ids; /* canonical name -> id + 1 */
    uint64_t digest, n_points;
    char **names;
    size_t n_names, names_cap;
};

static bool writer_open(void *self, struct sink_writer **out, struct err *err)
{
    (void)err;
    *out = self;
    return true;
}

static void writer_close(struct sink_writer *writer)
{
    (void)writer;
}

static uint32_t find_or_add(struct sink_writer *writer, struct str raw)
{
    char canonical[NAME_BYTES_MAX + 1];
    size_t n = 0;
    if (name_normalise(raw, canonical, &n) != NAME_OK)
        return SINK_ID_NONE;
    const uintptr_t found = (uintptr_t)map_get(writer->ids, canonical, n);
    if (found)
        return (uint32_t)(found - 1);
    char *name = mem_zalloc(n + NAME_SLACK);
    memcpy(name, canonical, n);
    name[n] = ' ';
    mem_grow(&writer->names, &writer->names_cap, writer->n_names + 1, sizeof *writer->names);
    writer->names[writer->n_names++] = name;
    (void)map_put(writer->ids, canonical, n, (void *)(uintptr_t)writer->n_names);
    return (uint32_t)writer->n_names - 1;
}

static void resolve(struct sink_writer *writer, const struct str *names, size_t n,
                    uint32_t *out_ids, enum sink_fate *out_fates)
{
    for (size_t i = 0; i < n; i++) {
        out_ids[i] = find_or_add(writer, names[i]);
        out_fates[i] = out_ids[i] == SINK_ID_NONE ? SINK_NAME_BAD : SINK_OK;
    }
}

static struct sink_name name(struct sink_writer *writer, uint32_t id)
{
    const char *at = writer->names[id];
    return (struct sink_name){.at = at, .n = (uint32_t)(strchr(at, ' ') - at)};
}

static size_t put(struct sink_writer *writer, const struct sink_point *points, size_t n,
                  enum sink_fate *out_fates)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &points[i].value, sizeof bits);
        out_fates[i] = SINK_OK;
        writer->digest = writer->digest * 0x9E3779B97F4A7C15u + bits;
        writer->digest = writer->digest * 0x9E3779B97F4A7C15u + points[i].at_s;
        writer->digest = writer->digest * 0x9E3779B97F4A7C15u + points[i].id;
    }
    writer->n_points += n;
    return n;
}

static bool commit(struct sink_writer *writer, struct err *err)
{
    (void)writer;
    (void)err;
    return true;
}

static int64_t now_us(void *self)
{
    (void)self;
    return (int64_t)NOW_S * 1000000;
}

struct told {
    uint64_t digest, n_points, n_names, n_refused, n_nan;
};

static void take(struct lines *lines, struct feed *feed, const uint8_t *bytes, size_t n)
{
    char *room = mem_zalloc(LINES_BEFORE + n + LINES_AFTER);
    memcpy(room + LINES_BEFORE, bytes, n);
    lines_take(lines, feed, room + LINES_BEFORE, n);
    mem_free(room);
}

static struct told tell(const uint8_t *bytes, size_t n, size_t piece, bool has_vectors)
{
    static const struct sink_ops ops = {
        .writer_open = writer_open,
        .writer_close = writer_close,
        .resolve = resolve,
        .name = name,
        .put = put,
        .commit = commit,
    };
    struct sink_writer writer = {.ids = map_new()};
    struct rejects *rejects = rejects_new();
    struct order_budget budget = {0};
    struct lines lines;
    atomic_bool is_stopping = false;
    struct feed *feed = mem_zalloc(sizeof *feed);
    const struct net_addr from = {.is_off = true};
    const struct feed_options options = {
        .sink = {.ops = &ops, .self = &writer},
        .clock = {.now_us = now_us},
        .rejects = rejects,
        .is_stopping = &is_stopping,
    };
    BUG_IF(!feed_open(feed, &options, NULL));
    lines_init(&lines, &from, &budget);
    lines.has_avx2 = lines.has_avx2 && has_vectors;
    for (size_t i = 0; i < n; i += piece)
        take(&lines, feed, bytes + i, min_size(piece, n - i));
    lines_end(&lines, feed, true);
    feed_commit(feed);

    const struct told told = {writer.digest, writer.n_points, writer.n_names,
                              rejects_total(rejects), rejects_of(rejects, REJECT_NAN)};
    lines_done(&lines);
    BUG_IF(budget.n_entries != 0);
    feed_close(feed);
    mem_free(feed);
    rejects_free(rejects);
    for (size_t i = 0; i < writer.n_names; i++)
        mem_free(writer.names[i]);
    mem_free(writer.names);
    map_free(writer.ids);
    return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n < 1 || n > INPUT_MAX)
        return 0;
    const size_t piece = 1 + bytes[0];
    const struct told whole = tell(bytes + 1, n - 1, INPUT_MAX, true);
    const struct told pieces = tell(bytes + 1, n - 1, piece, true);
    const struct told plainly = tell(bytes + 1, n - 1, piece, false);
    BUG_IF(memcmp(&whole, &pieces, sizeof whole) != 0);
    BUG_IF(memcmp(&whole, &plainly, sizeof whole) != 0);
    return 0;
}
