#include "store/wal.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "kit/kit.h"
#include "os/file.h"
#include "os/thread.h"
#include "store/head.h"
#include "store/replay.h"

/* ---- batches ---- */

struct got {
    struct sink_point points[4096];
    size_t n, n_in_row; /* as long as each id is its place */
    uint64_t lsns[4096];
    size_t n_batches, n_segments, n_damaged;
};

static struct got got; /* big; each test begins with a clear one */

static void on_points(void *self, const struct sink_point *points, size_t n)
{
    struct got *to = self;
    for (size_t i = 0; i < n && to->n + i < 4096; i++)
        to->points[to->n + i] = points[i];
    for (size_t i = 0; i < n && to->n_in_row == to->n + i; i++)
        to->n_in_row += points[i].id == to->n + i;
    to->n += n;
}

TEST(a_batch_gives_back_every_bit)
{
    static const double values[] = {0.0,
                                    -0.0,
                                    1,
                                    -1,
                                    0.1,
                                    12.34,
                                    1e15,
                                    9007199254740991.0,
                                    1e300,
                                    5e-324,
                                    0.30000000000000004,
                                    123456789.123,
                                    -2.5e-7,
                                    1e14 + 0.5,
                                    3.141592653589793};
    struct batch batch = {0};
    struct batch_view view;
    size_t n;

    memset(&got, 0, sizeof got);
    batch_reserve(&batch, COUNT_OF(values));
    for (uint32_t i = 0; i < COUNT_OF(values); i++)
        batch_add(&batch, i % 4 ? i : i * 1000, 1700000000u + (i / 5) * 10, values[i]);
    batch_seal(&batch, 7, (struct batch_mark){99, 0}, &n);
    EXPECT(batch_view(batch.at, n, 7, &view));
    EXPECT_I64(view.lsn, 99);
    EXPECT_I64(view.all_bytes, n);
    EXPECT(batch_each(&view, on_points, &got));
    EXPECT_I64(got.n, COUNT_OF(values));
    for (uint32_t i = 0; i < COUNT_OF(values); i++) {
        EXPECT_I64(got.points[i].id, i % 4 ? i : i * 1000);
        EXPECT_I64(got.points[i].at_s, 1700000000u + (i / 5) * 10);
        EXPECT(memcmp(&got.points[i].value, &values[i], 8) == 0);
    }
    EXPECT(!batch_view(batch.at, n, 8, &view)); /* another segment's */
    batch_done(&batch);
}

TEST(points_in_order_take_about_three_bytes)
{
    struct batch batch = {0};

    batch_reserve(&batch, 4000);
    for (uint32_t i = 0; i < 4000; i++)
        batch_add(&batch, i, 1700000000, (double)(i * 37 % 10000) / 100);
    EXPECT(batch.n < 4000 * 3 + 100);
    batch_done(&batch);
}

TEST(random_batches_survive_and_every_flipped_bit_is_seen)
{
    for (int round = 0; round < 50; round++) {
        struct batch batch = {0};
        struct batch_view view;
        uint64_t n_points = 1 + kit_random_below(200);
        size_t n;

        memset(&got, 0, sizeof got);
        batch_reserve(&batch, n_points);
        for (uint64_t i = 0; i < n_points; i++)
            batch_add(&batch, (uint32_t)kit_random(), (uint32_t)kit_random(),
                      (double)kit_random() / (double)(1 + kit_random_below(1000)));
        batch_seal(&batch, 1, (struct batch_mark){1, 12345}, &n);
        EXPECT(batch_view(batch.at, n, 1, &view) && batch_each(&view, on_points, &got));
        EXPECT_I64(got.n, n_points);
        uint64_t bit = kit_random_below(8 * (uint64_t)(BATCH_HEADER_BYTES + view.n_bytes));
        batch.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        EXPECT(!batch_view(batch.at, n, 1, &view));
        batch_done(&batch);
    }
}

/* Mostly short decimals of either sign, as values are, and now and then what is none. */
static double value_of_some_kind(void)
{
    static const double odd[] = {0.0,    -0.0, 1e12, -1e12, 999999999999.999, 1e300,     5e-324,
                                 0.0005, 1e15, 0.3,  1e11,  -0.001,           0.1 + 0.2, 1.0 / 3};
    static const double powers[] = {1, 10, 100, 1000, 10000};
    if (kit_random_below(30) == 0)
        return odd[kit_random_below(COUNT_OF(odd))];
    const double whole = (double)(kit_random() >> (14 + kit_random_below(50)));
    return (kit_random_below(2) ? whole : -whole) /
           powers[kit_random_below(kit_random_below(8) ? 4 : COUNT_OF(powers))];
}

TEST(points_added_together_are_the_same_bytes_as_one_by_one)
{
    for (int round = 0; round < 3000; round++) {
        struct batch all = {0}, each = {0};
        struct sink_point points[100];
        const size_t n = kit_random_below(COUNT_OF(points) + 1);
        uint32_t id = (uint32_t)kit_random_below(5), at_s = 1700000000;

        for (size_t i = 0; i < n; i++) {
            id = kit_random_below(20) ? id + 1 : (uint32_t)kit_random();
            at_s += kit_random_below(20) ? 0 : 10;
            points[i] = (struct sink_point){id, at_s, value_of_some_kind()};
        }
        batch_reserve(&all, n);
        batch_reserve(&each, n);
        batch_add_all(&all, points, n);
        for (size_t i = 0; i < n; i++)
            batch_add(&each, points[i].id, points[i].at_s, points[i].value);
        EXPECT_I64(all.n, each.n);
        EXPECT_I64(all.count, each.count);
        EXPECT(all.id == each.id && all.at_s == each.at_s);
        EXPECT(memcmp(all.at + BATCH_HEADER_BYTES, each.at + BATCH_HEADER_BYTES,
                      all.n - BATCH_HEADER_BYTES) == 0);
        batch_done(&all);
        batch_done(&each);
    }
}

/* Pieces of one kind and of the other, as they come. */
TEST(points_read_into_cells_are_those_read_one_by_one)
{
    for (int round = 0; round < 3000; round++) {
        struct batch batch = {0};
        struct batch_view view;
        struct batch_cursor cursor;
        struct sink_point points[300], got_points[300];
        uint64_t cells[300];
        const size_t n = 1 + kit_random_below(COUNT_OF(points));
        const uint64_t rare = 2 + kit_random_below(200);
        uint32_t id = (uint32_t)kit_random_below(5), at_s = 1700000000;
        size_t n_bytes, n_got = 0;

        batch_reserve(&batch, n);
        for (size_t i = 0; i < n; i++) {
            id = kit_random_below(rare) ? id + 1 : (uint32_t)kit_random();
            at_s += kit_random_below(rare) ? 0 : 10;
            points[i] = (struct sink_point){id, at_s, value_of_some_kind()};
            batch_add(&batch, id, at_s, points[i].value);
        }
        batch_seal(&batch, 3, (struct batch_mark){1, 0}, &n_bytes);
        EXPECT(batch_view(batch.at, n_bytes, 3, &view));
        batch_begin(&cursor, &view);
        while (n_got < n) {
            const uint32_t last_id = cursor.id, last_at_s = cursor.at_s;
            const size_t n_cells = batch_read_cells(&cursor, cells, kit_random_below(100));
            for (size_t i = 0; i < n_cells; i++) {
                EXPECT(points[n_got].id == last_id + 1 + i && points[n_got].at_s == last_at_s);
                const double value = head_cell_get(&cells[i]);
                EXPECT(memcmp(&value, &points[n_got++].value, sizeof value) == 0);
            }
            const size_t n_read = batch_read(&cursor, got_points, kit_random_below(4));
            EXPECT(memcmp(got_points, &points[n_got], n_read * sizeof(struct sink_point)) == 0);
            n_got += n_read;
        }
        EXPECT(n_got == n && batch_is_read(&cursor));
        batch_done(&batch);
    }
}

/* ---- segments ---- */

static bool on_batch(void *self, const struct batch_view *view)
{
    struct got *to = self;
    if (to->n_batches < 4096)
        to->lsns[to->n_batches] = view->lsn;
    to->n_batches++;
    return batch_each(view, on_points, to);
}

static void on_segment(void *self, const struct replay_segment *segment)
{
    struct got *to = self;
    to->n_segments++;
    to->n_damaged += segment->n_damaged;
}

static struct replay_result replay(const char *dir)
{
    const struct replay_reader reader = {&got, on_batch, on_segment, 0};
    struct replay_result result = {0};

    memset(&got, 0, sizeof got);
    EXPECT_OK(replay_dir(dir, &reader, &result, &kit_err));
    return result;
}

/* Batch i holds one point: id i, value i. */
static void append(struct wal *wal, unsigned stream, uint32_t from, uint32_t until)
{
    struct batch batch = {0};
    for (uint32_t i = from; i < until; i++) {
        batch_reserve(&batch, 1);
        batch_clear(&batch);
        batch_add(&batch, i, 1700000000, i);
        EXPECT_OK(wal_append(wal, stream, &batch, &kit_err));
    }
    batch_done(&batch);
}

static void sync_all(struct wal *wal)
{
    wal_sync_begin(wal);
    EXPECT_OK(wal_sync(wal, &kit_err));
}

static const char *new_dir(const char *name)
{
    const char *dir = kit_path(kit_temp_dir(), name);
    EXPECT_OK(dir_make(dir, &kit_err));
    return dir;
}

TEST(replays_all_streams_in_the_order_of_commits)
{
    const char *dir = new_dir("streams");
    struct wal *wal = wal_new(dir, dir, 300, 1, 1); /* a few batches a segment */

    for (uint32_t i = 0; i < 200; i++)
        append(wal, i * 7 % 3, i, i + 1);
    sync_all(wal);
    wal_free(wal);
    struct replay_result result = replay(dir);
    EXPECT_I64(got.n, 200);
    for (uint32_t i = 0; i < 200; i++) {
        EXPECT_I64(got.points[i].id, i);
        EXPECT_I64(got.lsns[i], i + 1);
    }
    EXPECT_I64(result.next_lsn, 201);
    EXPECT_I64(result.n_damaged, 0);
    EXPECT_I64(result.next_segment, got.n_segments + 1);
}

/* The one segment of dir, changed by the test. */
static const char *one_segment(const char *dir, struct buf *bytes)
{
    struct wal *wal = wal_new(dir, dir, 1 << 20, 1, 1);
    append(wal, 0, 0, 20);
    wal_free(wal);
    CLEANUP(mem_done) char *path = wal_path(dir, 1);
    const char *kept = arena_strdup(&kit_arena, path);
    buf_init(bytes, 1 << 20);
    EXPECT_OK(file_read_all(kept, bytes, &kit_err));
    return kept;
}

TEST(a_torn_tail_costs_only_the_last_batch)
{
    struct buf bytes;
    const char *dir = new_dir("torn"), *path = one_segment(dir, &bytes);
    const size_t batch = (bytes.n - WAL_HEADER_BYTES) / 20;

    for (size_t cut = 0; cut <= 2 * batch; cut++) {
        EXPECT_OK(file_replace(path, bytes.at, bytes.n - cut, &kit_err));
        struct replay_result result = replay(dir);
        size_t padding = 8 - 1; /* a batch without its padding is whole */
        EXPECT(got.n >= 20 - (cut + batch - 1) / batch &&
               got.n <= 20 - (cut - min_size(cut, padding)) / batch);
        EXPECT_I64(result.n_damaged, 0);
    }
    buf_done(&bytes);
}

TEST(a_flipped_bit_costs_only_its_batch)
{
    struct buf bytes;
    const char *dir = new_dir("flip"), *path = one_segment(dir, &bytes);

    for (size_t at = 0; at < bytes.n; at += 3) {
        bytes.at[at] ^= 4;
        EXPECT_OK(file_replace(path, bytes.at, bytes.n, &kit_err));
        bytes.at[at] ^= 4;
        (void)replay(dir);
        EXPECT(got.n >= 19);
        for (size_t i = 1; i < got.n; i++)
            EXPECT(got.points[i].id > got.points[i - 1].id);
    }
    buf_done(&bytes);
}

TEST(stale_batches_of_a_recycled_segment_never_come_back)
{
    const char *dir = new_dir("recycled");
    struct wal *wal = wal_new(dir, dir, 2000, 1, 1);
    uint64_t first_lsn;

    append(wal, 0, 0, 200);
    sync_all(wal);
    first_lsn = wal_next_lsn(wal);
    const uint64_t closed = wal_closed_bytes(wal);
    EXPECT_OK(wal_reclaim(wal, first_lsn - 20, &kit_err)); /* spares hold valid stale batches */
    EXPECT(wal_closed_bytes(wal) < closed);
    append(wal, 1, 1000, 1005); /* the beginning of a recycled one */
    wal_free(wal);
    (void)replay(dir);
    for (size_t i = 0, expected = 1000; i < got.n; i++) {
        if (got.lsns[i] < first_lsn)
            continue; /* still in a segment of its own: the mark hides it */
        EXPECT_I64(got.points[i].id, expected++);
    }
    EXPECT_I64(got.lsns[got.n - 1], first_lsn + 4);
    EXPECT_I64(got.n_damaged, 0);
}

TEST(segments_below_the_mark_are_given_back_and_others_kept)
{
    const char *dir = new_dir("reclaim");
    struct wal *wal = wal_new(dir, dir, 300, 1, 1);

    append(wal, 0, 0, 1000);
    sync_all(wal);
    EXPECT_OK(wal_reclaim(wal, 900, &kit_err));
    wal_free(wal);
    (void)replay(dir);
    bool has[1000] = {false};
    for (size_t i = 0; i < got.n; i++)
        has[got.points[i].id] = true;
    for (uint32_t i = 899; i < 1000; i++)
        EXPECT(has[i]);
    EXPECT(got.n < 500); /* those and the spares */
}

TEST(a_failed_write_can_be_repeated)
{
    const char *dir = new_dir("fault");
    struct batch batch = {0};
    struct wal *wal = wal_new(dir, dir, 1 << 20, 1, 1);

    append(wal, 0, 0, 1);
    batch_reserve(&batch, 1);
    batch_add(&batch, 1, 1700000000, 1);
    (void)file_faults(1, 28);
    EXPECT_ERR(wal_append(wal, 0, &batch, &kit_err), ERR_IO, "");
    (void)file_faults(0, 0);
    EXPECT_OK(wal_append(wal, 0, &batch, &kit_err));
    append(wal, 0, 2, 3);
    wal_free(wal);
    batch_done(&batch);
    (void)replay(dir);
    EXPECT_I64(got.n, 3);
}

/* Longer than what is read of a file at once, with batches of all lengths, some longer than that too. */
TEST(long_segments_are_read_whole_whatever_their_batches_are)
{
    static const uint32_t lengths[] = {1, 2, 3, 100, 5000, 60000, 1, 7, 200000};
    const char *dir = new_dir("long");
    struct wal *wal = wal_new(dir, dir, 8 << 20, 1, 1);
    struct batch batch = {0};
    uint32_t id = 0;

    for (size_t round = 0; round < 4; round++)
        for (size_t i = 0; i < COUNT_OF(lengths); i++) {
            batch_reserve(&batch, lengths[i]);
            batch_clear(&batch);
            for (uint32_t k = 0; k < lengths[i]; k++, id++)
                batch_add(&batch, id, 1700000000, id % 7 ? id : id + 0.1234567890123);
            EXPECT_OK(wal_append(wal, (unsigned)i % 2, &batch, &kit_err));
        }
    wal_free(wal);
    batch_done(&batch);
    struct replay_result result = replay(dir);
    EXPECT_I64(got.n, id);
    EXPECT_I64(got.n_in_row, id); /* none lost, doubled or moved */
    EXPECT_I64(got.n_batches, 4 * COUNT_OF(lengths));
    EXPECT_I64(result.n_damaged, 0);
}

/* ---- a copy ---- */

enum { APPENDERS = 3, APPENDED = 4000 };

struct appender {
    struct wal *wal;
    unsigned stream;
    unsigned *n_running; /* atomic */
    bool is_ok;
    struct thread thread;
};

static void append_many(void *self)
{
    struct appender *appender = self;
    struct batch batch = {0};
    struct err err;

    appender->is_ok = true;
    for (uint32_t i = 0; i < APPENDED && appender->is_ok; i++) {
        batch_reserve(&batch, 1);
        batch_clear(&batch);
        batch_add(&batch, i, 1700000000, i);
        appender->is_ok = wal_append(appender->wal, appender->stream, &batch, &err);
    }
    batch_done(&batch);
    __atomic_fetch_sub(appender->n_running, 1, __ATOMIC_SEQ_CST);
}

/* Counts the commits of what wal_list tells of. */
static void part_count(const char *dir, const struct wal_part *part, uint64_t *n, uint64_t *last)
{
    CLEANUP(mem_done) char *path = wal_path(dir, part->segment);
    struct replay_segment segment = {.no = part->segment};
    struct buf bytes;

    buf_init(&bytes, 1 << 20);
    EXPECT_OK(file_read_all(path, &bytes, &kit_err));
    EXPECT(bytes.n >= part->bytes);
    for (replay_segment_open(&segment, bytes.at, part->bytes); segment.has_next;
         replay_segment_next(&segment)) {
        (*n)++;
        *last = segment.next.lsn > *last ? segment.next.lsn : *last;
    }
    buf_done(&bytes);
}

TEST(a_list_of_the_log_has_no_commit_without_those_before_it)
{
    const char *dir = new_dir("list");
    struct wal *wal = wal_new(dir, dir, 16 << 10, 1, 1);
    unsigned n_running = APPENDERS;
    struct appender appenders[APPENDERS] = {0};
    uint64_t n_lists = 0;

    for (unsigned i = 0; i < APPENDERS; i++) {
        appenders[i] = (struct appender){.wal = wal, .stream = i, .n_running = &n_running};
        EXPECT_OK(
            thread_start(&appenders[i].thread, "append", append_many, &appenders[i], &kit_err));
    }
    do {
        uint64_t n = 0, last = 0;
        size_t n_parts;
        CLEANUP(mem_done) struct wal_part *parts = wal_list(wal, &n_parts);
        for (size_t i = 0; i < n_parts; i++)
            part_count(dir, &parts[i], &n, &last);
        EXPECT_I64(n, last);
        n_lists++;
    } while (__atomic_load_n(&n_running, __ATOMIC_SEQ_CST) > 0 || n_lists < 2);
    for (unsigned i = 0; i < APPENDERS; i++) {
        thread_join(&appenders[i].thread);
        EXPECT(appenders[i].is_ok);
    }
    EXPECT_I64(wal_next_lsn(wal), APPENDERS * APPENDED + 1);
    wal_free(wal);
}

RUN_TESTS(test_of(points_added_together_are_the_same_bytes_as_one_by_one),
          test_of(points_read_into_cells_are_those_read_one_by_one),
          test_of(a_list_of_the_log_has_no_commit_without_those_before_it),
          test_of(a_batch_gives_back_every_bit), test_of(points_in_order_take_about_three_bytes),
          test_of(random_batches_survive_and_every_flipped_bit_is_seen),
          test_of(replays_all_streams_in_the_order_of_commits),
          test_of(a_torn_tail_costs_only_the_last_batch),
          test_of(a_flipped_bit_costs_only_its_batch),
          test_of(stale_batches_of_a_recycled_segment_never_come_back),
          test_of(segments_below_the_mark_are_given_back_and_others_kept),
          test_of(a_failed_write_can_be_repeated),
          test_of(long_segments_are_read_whole_whatever_their_batches_are))
