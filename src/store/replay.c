#include "store/replay.h"

#include <fcntl.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "os/file.h"
#include "store/wal.h"

enum {
    SEGMENTS_MAX = 1 << 20,
    WINDOW_BYTES = 256 << 10, /* read at once, unless a batch is longer */
};

/* ---- one segment ---- */

/* Moves the window on so that n bytes at `at` are in it; they are in the file. */
static bool window_move(struct replay_segment *segment, size_t at, size_t n, struct err *err)
{
    CLEANUP(fd_done) int fd = -1;
    const size_t end = segment->from + segment->n_window, kept = end > at ? end - at : 0;
    const size_t wanted = min_size(segment->n - at, max_size(n, WINDOW_BYTES));
    size_t n_read;

    if (kept > 0)
        memmove(segment->buffer, segment->window + (at - segment->from), kept);
    mem_grow(&segment->buffer, &segment->cap, wanted, 1);
    segment->window = segment->buffer;
    segment->from = at;
    segment->n_window = kept;
    if (!file_open(segment->path, O_RDONLY, &fd, err) ||
        !file_read_at(fd, segment->path, segment->buffer + kept, wanted - kept,
                      (int64_t)(at + kept), &n_read, err))
        return false;
    if (n_read < wanted - kept)
        return FAIL_SAID(err, "'%s' is shorter than it was", segment->path);
    segment->n_window = wanted;
    return true;
}

/* NULL: it could not be read. */
static const uint8_t *window_at(struct replay_segment *segment, size_t at, size_t n,
                                struct err *err)
{
    if (UNLIKELY(at + n > segment->from + segment->n_window) && !window_move(segment, at, n, err))
        return NULL;
    return segment->window + (at - segment->from);
}

/* A sound batch comes at last, what was to be found at `hole` having been passed over. */
static void holes_judge(struct replay_segment *segment, size_t hole, size_t at)
{
    size_t n_kept = 0;

    segment->synced = max_size(segment->synced, segment->next.synced);
    if (at != hole && segment->next.lsn >= segment->low_lsn && segment->n_holes < REPLAY_HOLES)
        segment->holes[segment->n_holes++] = hole;
    for (size_t i = 0; i < segment->n_holes; i++) {
        if (segment->holes[i] < segment->next.synced)
            segment->n_damaged++;
        else
            segment->holes[n_kept++] = segment->holes[i];
    }
    segment->n_holes = n_kept;
}

/* Finds what is sound from `at` on; batches begin at multiples of 8. has_next says whether there is any. */
static bool find(struct replay_segment *segment, size_t at, struct err *err)
{
    const uint32_t seed = wal_seed(segment->no);
    const size_t expected = at;
    const uint8_t *bytes;

    segment->has_next = false;
    for (; at + BATCH_HEADER_BYTES <= segment->n; at += 8) {
        if (!(bytes = window_at(segment, at, BATCH_HEADER_BYTES, err)))
            return false;
        if (!batch_peek(bytes, segment->n - at, &segment->next))
            continue;
        const bool is_note = segment->next.count == 0; /* it has the lsn of the batch before it */
        if (segment->next.lsn < segment->last_lsn + !is_note)
            continue;
        const size_t n = BATCH_HEADER_BYTES + (size_t)segment->next.n_bytes;
        if (!(bytes = window_at(segment, at, n, err)))
            return false;
        if (!batch_view(bytes, n, seed, &segment->next))
            continue;
        segment->has_next = true;
        segment->at = at;
        holes_judge(segment, expected, at);
        segment->last_lsn = segment->next.lsn;
        segment->end = at + segment->next.all_bytes;
        return true;
    }
    return true;
}

/* Looks for the next sound batch with points. */
static bool look(struct replay_segment *segment, size_t at, struct err *err)
{
    if (!find(segment, at, err))
        return false;
    while (segment->has_next && segment->next.count == 0)
        if (!find(segment, segment->end, err))
            return false;
    return true;
}

static bool next(struct replay_segment *segment, struct err *err)
{
    return look(segment, segment->at + segment->next.all_bytes, err);
}

void replay_segment_open(struct replay_segment *segment, const void *bytes, size_t n)
{
    struct err err;

    *segment = (struct replay_segment){.no = segment->no,
                                       .low_lsn = segment->low_lsn,
                                       .window = bytes,
                                       .n_window = n,
                                       .n = n,
                                       .end = WAL_HEADER_BYTES};
    BUG_IF(!look(segment, WAL_HEADER_BYTES, &err)); /* all is there */
}

void replay_segment_next(struct replay_segment *segment)
{
    struct err err;
    BUG_IF(!next(segment, &err));
}

static void segment_done(struct replay_segment *segment)
{
    mem_free(segment->path);
    mem_free(segment->buffer);
}

/* ---- a folder of them ---- */

struct all {
    const char *dir;
    uint64_t low_lsn;
    struct replay_segment *items;
    size_t n, cap;
};

bool replay_segment_no(const char *name, uint64_t *out)
{
    uint64_t no = 0;

    if (strlen(name) != 20 || strcmp(name + 16, ".wal") != 0)
        return false;
    for (size_t i = 0; i < 16; i++) {
        const char *digits = "0123456789abcdef", *found = strchr(digits, name[i]);
        if (!found)
            return false;
        no = no << 4 | (uint64_t)(found - digits);
    }
    *out = no;
    return no < UINT64_MAX / 2;
}

bool replay_version(const void *bytes, size_t n, const char *path, struct err *err)
{
    uint32_t version, crc;

    if (n < WAL_HEADER_BYTES || memcmp(bytes, "PLBWAL1", 8) != 0)
        return true; /* torn at birth: its batches, if any, speak for themselves */
    memcpy(&version, (const uint8_t *)bytes + 8, 4);
    memcpy(&crc, (const uint8_t *)bytes + WAL_HEADER_BYTES - 4, 4);
    if (hash_crc32c(0, bytes, WAL_HEADER_BYTES - 4) == crc && version > WAL_VERSION)
        return FAIL(err, ERR_REFUSED,
                    "'%s' was written by a newer version (format %u, this one knows %d)", path,
                    version, WAL_VERSION);
    return true;
}

static bool version_check(struct replay_segment *segment, struct err *err)
{
    if (segment->n < WAL_HEADER_BYTES)
        return true;
    const uint8_t *bytes = window_at(segment, 0, WAL_HEADER_BYTES, err);
    return bytes && replay_version(bytes, WAL_HEADER_BYTES, segment->path, err);
}

static bool size_of(const char *path, int64_t *out, struct err *err)
{
    CLEANUP(fd_done) int fd = -1;
    return file_open(path, O_RDONLY, &fd, err) && file_size(fd, path, out, err);
}

static bool add(void *self, const char *name, struct err *err)
{
    struct all *all = self;
    uint64_t no;
    int64_t n;

    if (!replay_segment_no(name, &no))
        return true;
    if (all->n == SEGMENTS_MAX)
        return FAIL(err, ERR_LIMIT, "more than %d log segments in '%s'", SEGMENTS_MAX, all->dir);
    mem_grow(&all->items, &all->cap, all->n + 1, sizeof(struct replay_segment));
    struct replay_segment *segment = &all->items[all->n++];
    *segment = (struct replay_segment){
        .no = no, .path = wal_path(all->dir, no), .end = WAL_HEADER_BYTES, .low_lsn = all->low_lsn};
    if (!size_of(segment->path, &n, err))
        return false;
    segment->n = (size_t)n;
    return version_check(segment, err) && look(segment, WAL_HEADER_BYTES, err);
}

/* ---- in the order of commits: a heap of segments, that with the earliest next batch on top ---- */

static bool is_earlier(const struct replay_segment *a, const struct replay_segment *b)
{
    return a->next.lsn < b->next.lsn;
}

/* The one at i may be too high. */
static void sink_down(struct replay_segment **heap, size_t n, size_t i)
{
    struct replay_segment *segment = heap[i];
    for (size_t kid; (kid = 2 * i + 1) < n; i = kid) {
        if (kid + 1 < n && is_earlier(heap[kid + 1], heap[kid]))
            kid++;
        if (!is_earlier(heap[kid], segment))
            break;
        heap[i] = heap[kid];
    }
    heap[i] = segment;
}

static bool replay(struct all *all, const struct replay_reader *reader, struct err *err)
{
    CLEANUP(mem_done) struct replay_segment **heap = mem_array(all->n, struct replay_segment *);
    size_t n = 0;

    for (size_t i = 0; i < all->n; i++)
        if (all->items[i].has_next)
            heap[n++] = &all->items[i];
    for (size_t i = n / 2; i > 0; i--)
        sink_down(heap, n, i - 1);
    while (n > 0) {
        struct replay_segment *segment = heap[0];
        if (!reader->on_batch(reader->self, &segment->next))
            segment->n_damaged++;
        if (!next(segment, err))
            return false;
        if (!segment->has_next) {
            heap[0] = heap[--n];
            mem_free(segment->buffer);
            segment->buffer = NULL;
        }
        if (n > 0)
            sink_down(heap, n, 0);
    }
    return true;
}

bool replay_dir(const char *dir, const struct replay_reader *reader, struct replay_result *out,
                struct err *err)
{
    struct all all = {.dir = dir, .low_lsn = reader->low_lsn};

    *out = (struct replay_result){.next_segment = 1, .next_lsn = 1};
    const bool is_ok = dir_each(dir, add, &all, err) && replay(&all, reader, err);
    for (size_t i = 0; i < all.n; i++) {
        struct replay_segment *segment = &all.items[i];
        if (is_ok)
            reader->on_segment(reader->self, segment);
        out->n_damaged += segment->n_damaged;
        if (out->next_segment <= segment->no)
            out->next_segment = segment->no + 1;
        if (out->next_lsn <= segment->last_lsn)
            out->next_lsn = segment->last_lsn + 1;
        segment_done(segment);
    }
    mem_free(all.items);
    return is_ok;
}
