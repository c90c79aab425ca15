#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/realtime.h"
#include "store/lowmark.h"
#include "store/replay.h"
#include "store/verify.h"
#include "store/wal.h"

/* One segment as one reading of it came to. */
struct look {
    struct verify *v;
    const char *what; /* NULL: nothing is wrong */
    const char *means;
    size_t at;    /* of the first bad byte */
    size_t n_max; /* bytes that are looked at: what a server appends meanwhile is not */
    uint64_t n_batches, n_points, n_nameless;
    uint32_t nameless_id;
    size_t nameless_at; /* the first batch that has such */
};

static const char *const points_lost =
    "points of some moments are lost, if no file has them yet; nothing to do: the server goes on "
    "behind them, a snapshot may have them";

static void bad(struct look *look, size_t at, const char *what, const char *means)
{
    if (look->what)
        return;
    look->what = what;
    look->means = means;
    look->at = at;
}

static void on_points(void *self, const struct sink_point *points, size_t n)
{
    struct look *look = self;
    look->n_points += n;
    for (size_t i = 0; i < n; i++)
        if (!verify_names_have(look->v->names, points[i].id) && look->n_nameless++ == 0)
            look->nameless_id = points[i].id;
}

/* Everything below is in files; 0 when that is not known. */
static uint64_t low_lsn(const struct verify *v)
{
    if (!v->state || v->names->is_unread)
        return 0;
    uint64_t low = v->state->late_lsn;
    for (uint16_t i = 0; i < HEAD_CLASSES_MAX; i++) {
        if (!v->names->has_class[i])
            continue;
        const uint32_t window = head_window_at(&v->names->schemas[i], v->names->created_s[i]);
        const uint64_t of_class = lowmark_of_class(&v->state->classes[i], window);
        low = of_class < low ? of_class : low;
    }
    return low;
}

static bool header_is_sound(uint64_t no, const uint8_t *bytes)
{
    uint32_t crc;
    uint64_t said;

    memcpy(&crc, bytes + WAL_HEADER_BYTES - 4, 4);
    memcpy(&said, bytes + 16, 8);
    return memcmp(bytes, "PLBWAL1", 8) == 0 && hash_crc32c(0, bytes, WAL_HEADER_BYTES - 4) == crc &&
           said == no;
}

static void batches_look(struct look *look, struct replay_segment *segment, const uint8_t *bytes)
{
    struct verify *v = look->v;
    size_t expected = WAL_HEADER_BYTES;
    const bool wants_header = segment->has_next && segment->next.lsn >= segment->low_lsn;

    for (; segment->has_next; replay_segment_next(segment)) {
        /* what was never on the disk is no damage: a power cut tore it */
        if (segment->n_damaged > 0)
            bad(look, expected, "bytes fail their checksum and sound ones follow", points_lost);
        if (look->n_nameless == 0)
            look->nameless_at = segment->at;
        if (!batch_each(&segment->next, on_points, look))
            bad(look, segment->at, "a commit cannot be decoded", points_lost);
        expected = segment->at + segment->next.all_bytes;
        mem_grow(&v->lsns, &v->cap_lsns, v->n_lsns + 1, sizeof(uint64_t));
        v->lsns[v->n_lsns++] = segment->next.lsn;
        look->n_batches++;
    }
    if (segment->n_damaged > 0)
        bad(look, expected, "bytes fail their checksum and sound ones follow", points_lost);
    /* after a power cut there may be none, or that of another use of the file */
    if (wants_header && segment->synced > 0 && !header_is_sound(segment->no, bytes))
        bad(look, 0, "the header is damaged",
            "no point is lost: nothing but the version is read "
            "from it; the file goes in its time");
}

static bool look_at(struct look *look, const char *path, uint64_t no, struct err *err)
{
    struct replay_segment segment = {.no = no, .low_lsn = low_lsn(look->v)};
    const void *bytes;
    size_t n;

    if (!file_map(path, &bytes, &n, err))
        return false;
    look->n_max = min_size(n, look->n_max);
    const bool is_ok = replay_version(bytes, n, path, err);
    if (is_ok && look->n_max >= WAL_HEADER_BYTES) {
        replay_segment_open(&segment, bytes, look->n_max);
        batches_look(look, &segment, bytes);
    }
    file_unmap(bytes, n);
    /* names are on the disk before points are: else the power cut took both */
    if (look->n_nameless > 0 && look->nameless_at < segment.synced)
        bad(look, look->nameless_at,
            arena_printf(&look->v->arena, "%" PRIu64 " points of series without a name, first %u",
                         look->n_nameless, look->nameless_id),
            "nobody can ask for them; put names.log back from a snapshot");
    return is_ok;
}

/* Until nothing looks wrong, or it does for certain. *out_is_there: it was not reused meanwhile. */
static bool settle(struct verify *v, const char *path, uint64_t no, struct look *out,
                   bool *out_is_there, struct err *err)
{
    const size_t n_lsns = v->n_lsns;

    out->n_max = SIZE_MAX;
    for (int i = 1;; i++) {
        *out = (struct look){.v = v, .n_max = out->n_max};
        v->n_lsns = n_lsns;
        const bool is_ok = look_at(out, path, no, err);
        *out_is_there = is_ok || err->kind != ERR_MISSING;
        if (!is_ok && err->kind == ERR_MISSING) {
            v->n_lsns = n_lsns;
            err_clear(err);
            return true;
        }
        if (!is_ok || !out->what || i == VERIFY_TRIES)
            return is_ok;
        if (out->n_nameless > 0 && !verify_names_again(v, err))
            return false;
        sleep_us(VERIFY_WAIT_US);
    }
}

bool verify_log_segment(struct verify *v, const char *name, struct err *err)
{
    const char *file = arena_printf(&v->arena, "wal/%s", name);
    const char *path = verify_path(v, file);
    struct look look;
    bool is_there;
    uint64_t no;

    if (!replay_segment_no(name, &no))
        return true;
    if (!verify_touch(v, path, err)) {
        if (err->kind != ERR_MISSING) {
            verify_tell(v, &(struct store_finding){
                               .file = file,
                               .where = "",
                               .what = arena_printf(&v->arena, "the disk fails: %s", err->text),
                               .means = points_lost});
        }
        err_clear(err);
        return true;
    }
    if (!settle(v, path, no, &look, &is_there, err))
        return false;
    if (!is_there)
        return true;
    v->out->n_segments++;
    v->out->n_batches += look.n_batches;
    v->out->n_log_points += look.n_points;
    if (look.what)
        verify_tell(v,
                    &(struct store_finding){.file = file,
                                            .where = arena_printf(&v->arena, "byte %zu", look.at),
                                            .what = look.what,
                                            .means = look.means});
    return true;
}

/* ---- commits that are missing ---- */

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

void verify_log_gaps(struct verify *v)
{
    uint64_t n_gone = 0, first = 0;

    if (v->out->is_served || !v->state || v->names->is_unread || v->n_lsns < 1)
        return;
    uint64_t before = max_i64(1, (int64_t)low_lsn(v)) - 1;
    qsort(v->lsns, v->n_lsns, sizeof(uint64_t), by_value);
    for (size_t i = 0; i < v->n_lsns; i++) {
        if (v->lsns[i] <= before)
            continue;
        if (v->lsns[i] > before + 1 && n_gone == 0)
            first = before + 1;
        n_gone += v->lsns[i] - before - 1;
        before = v->lsns[i];
    }
    if (n_gone > 0)
        verify_tell(v, &(struct store_finding){
                           .is_note = true,
                           .file = "wal/",
                           .where = arena_printf(&v->arena, "commit %" PRIu64, first),
                           .what = arena_printf(&v->arena, "%" PRIu64 " commit%s in no segment",
                                                n_gone, n_gone == 1 ? " is" : "s are"),
                           .means = "a crash, a power cut or a full disk does that, and then "
                                    "nothing that was promised is lost; else a file of wal/ "
                                    "is missing"});
}
