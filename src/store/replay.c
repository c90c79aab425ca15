#include "store/replay.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "os/file.h"
#include "store/wal.h"

enum { SEGMENTS_MAX = 1 << 20 };

/* Looks for the next sound batch from `at` on; batches begin at multiples of 8. */
static void look(struct replay_segment *segment, size_t at)
{
    const uint32_t seed = wal_seed(segment->no);
    const size_t expected = at;

    segment->has_next = false;
    for (; at + BATCH_HEADER_BYTES <= segment->n; at += 8) {
        if (!batch_view(segment->bytes + at, segment->n - at, seed, &segment->next) ||
            segment->next.lsn <= segment->last_lsn)
            continue;
        segment->has_next = true;
        segment->at = at;
        segment->n_damaged += at != expected;
        segment->last_lsn = segment->next.lsn;
        segment->end = at + segment->next.all_bytes;
        return;
    }
}

void replay_segment_open(struct replay_segment *segment, uint64_t no, const void *bytes, size_t n)
{
    *segment = (struct replay_segment){.no = no, .bytes = bytes, .n = n, .end = WAL_HEADER_BYTES};
    look(segment, WAL_HEADER_BYTES);
}

void replay_segment_next(struct replay_segment *segment)
{
    look(segment, segment->at + segment->next.all_bytes);
}

/* ---- a folder of them ---- */

struct all {
    const char *dir;
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

static bool add(void *self, const char *name, struct err *err)
{
    struct all *all = self;
    uint64_t no;
    const void *bytes;
    size_t n;

    if (!replay_segment_no(name, &no))
        return true;
    if (all->n == SEGMENTS_MAX)
        return FAIL(err, ERR_LIMIT, "more than %d log segments in '%s'", SEGMENTS_MAX, all->dir);
    CLEANUP(mem_done) char *path = wal_path(all->dir, no);
    if (!file_map(path, &bytes, &n, err))
        return false;
    mem_grow(&all->items, &all->cap, all->n + 1, sizeof(struct replay_segment));
    replay_segment_open(&all->items[all->n++], no, bytes, n);
    return replay_version(bytes, n, path, err);
}

/* The segment whose next batch was committed first; NULL: all are read. */
static struct replay_segment *first(const struct all *all)
{
    struct replay_segment *found = NULL;
    for (size_t i = 0; i < all->n; i++) {
        struct replay_segment *segment = &all->items[i];
        if (segment->has_next && (!found || segment->next.lsn < found->next.lsn))
            found = segment;
    }
    return found;
}

static void replay(struct all *all, const struct replay_reader *reader)
{
    struct replay_segment *segment;

    while ((segment = first(all)) != NULL) {
        reader->on_batch(reader->self, segment->next.lsn);
        if (!batch_each(&segment->next, reader->on_point, reader->self))
            segment->n_damaged++; /* the checksum held but the content does not */
        replay_segment_next(segment);
    }
}

bool replay_dir(const char *dir, const struct replay_reader *reader, struct replay_result *out,
                struct err *err)
{
    struct all all = {.dir = dir};

    *out = (struct replay_result){.next_segment = 1, .next_lsn = 1};
    bool is_ok = dir_each(dir, add, &all, err);
    if (is_ok)
        replay(&all, reader);
    for (size_t i = 0; i < all.n; i++) {
        const struct replay_segment *segment = &all.items[i];
        if (is_ok)
            reader->on_segment(reader->self, segment);
        out->n_damaged += segment->n_damaged;
        if (out->next_segment <= segment->no)
            out->next_segment = segment->no + 1;
        if (out->next_lsn <= segment->last_lsn)
            out->next_lsn = segment->last_lsn + 1;
        file_unmap(segment->bytes, segment->n);
    }
    mem_free(all.items);
    return is_ok;
}
