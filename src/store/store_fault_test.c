/* What goes wrong outside: full and failing disks, damaged files, killed processes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "kit/kit.h"
#include "store/keeper.h"
#include "store/store.h"
#include "store/store_kit.c"

enum { FIRST_S = 1700000000 };

static void start(struct store_kit *kit)
{
    kit_now_us = (FIRST_S + 5000) * 1000000ll;
    store_kit_init(kit, "10s:30d", "average", FIRST_S, 12000);
    kit->tuning.late_flush_us = 1000 * 1000000ll;
    kit->tuning.files_merge = 3;
    kit->tuning.wal_segment_bytes = 4 << 10;
}

/* ---- faults ---- */

static void put_some(struct store_kit *kit)
{
    for (size_t i = 0; i < 40; i++) {
        int64_t late_s = i % 8 == 0 ? (int64_t)kit_random_below(5000) : 0;
        (void)store_kit_put(kit, i % STORE_KIT_SERIES,
                            store_kit_now_s() - late_s - (int64_t)i / 12 * 10, store_kit_value());
    }
}

/* Anything may fail here; nothing that was taken may be lost or become unreadable. */
static void busy_day(struct store_kit *kit)
{
    const struct sink sink = store_sink(kit->store);
    struct err err;

    for (int round = 0; round < 5; round++) {
        put_some(kit);
        (void)!sink.ops->commit(kit->writer, &err);
        (void)!sink.ops->barrier(kit->store, &err);
        kit_now_us += 700 * 1000000ll;
        (void)!keeper_pass(kit->store, &err);
        EXPECT(store_kit_agrees(kit));
    }
    (void)!store_seal(kit->store, &err);
    EXPECT(store_kit_agrees(kit));
}

static void expect_healed(struct store_kit *kit)
{
    const struct sink sink = store_sink(kit->store);

    EXPECT_OK(sink.ops->commit(kit->writer, &kit_err));
    EXPECT_OK(keeper_pass(kit->store, &kit_err));
    EXPECT_OK(sink.ops->barrier(kit->store, &kit_err));
    EXPECT_I64(store_kit_put(kit, 1, store_kit_now_s(), 7.5), SINK_OK);
    store_kit_commit(kit);
    EXPECT(store_kit_agrees(kit));
    store_kit_crash(kit);
    EXPECT(store_kit_agrees(kit));
    EXPECT_OK(store_seal(kit->store, &kit_err));
    EXPECT(store_kit_agrees(kit));
    store_kit_close(kit);
    EXPECT(store_kit_open(kit));
    EXPECT(store_kit_agrees(kit));
}

/* One run with a fault from the first-th call of its kinds on. False: there are fewer calls. */
static bool run_with(const struct file_fault *fault)
{
    struct store_kit kit;

    start(&kit);
    (void)file_fault_plan(fault);
    if (!store_kit_open(&kit)) { /* a store that cannot be opened harms nothing */
        (void)file_fault_plan(NULL);
        EXPECT(store_kit_open(&kit));
        (void)file_fault_plan(fault);
    }
    busy_day(&kit);
    const bool is_met = file_fault_plan(NULL) >= fault->first;
    expect_healed(&kit);
    if (kit_failures() > 0)
        (void)fprintf(stderr, "with fault %llu for %llu calls\n", (unsigned long long)fault->first,
                      (unsigned long long)fault->n);
    store_kit_done(&kit);
    return is_met;
}

/* PLUMB_FAULTS=1: at every call, not at a part of them. */
TEST(any_fault_of_any_call_loses_nothing)
{
    static const struct {
        const char *row;
        struct file_fault fault;
        unsigned stride; /* between calls that fail, chosen; 1: each */
    } rows[] = {
        {"a full disk", {0, 1, FILE_CALL_ANY, ENOSPC, false}, 1},
        {"a failing disk", {0, 1, FILE_CALL_ANY, EIO, false}, 15},
        {"half a write on a full disk", {0, 1, FILE_CALL_WRITE, ENOSPC, true}, 5},
        {"half a write on a failing disk, for a while", {0, 4, FILE_CALL_WRITE, EIO, true}, 9},
        {"a failing sync", {0, 1, FILE_CALL_SYNC, EIO, false}, 4},
        {"failing syncs", {0, 5, FILE_CALL_SYNC, EIO, false}, 9},
        {"no descriptors", {0, 1, FILE_CALL_OPEN, EMFILE, false}, 7},
        {"no descriptors for a while", {0, 6, FILE_CALL_OPEN, EMFILE, false}, 9},
        {"no mapping", {0, 1, FILE_CALL_MAP, ENOMEM, false}, 5},
        {"no mapping for a while", {0, 3, FILE_CALL_MAP, ENOMEM, false}, 9},
        {"unreadable", {0, 2, FILE_CALL_READ, EIO, false}, 1},
        {"a full disk for a while", {0, 7, FILE_CALL_ANY, ENOSPC, false}, 25},
        {"a failing disk for long", {0, 60, FILE_CALL_ANY, EIO, false}, 30},
    };
    const bool is_whole = getenv("PLUMB_FAULTS") != NULL;

    kit_temp_in_memory();
    EACH_ROW (rows, r) {
        struct file_fault fault = r->fault;
        fault.first = 1;
        while (run_with(&fault) && kit_failures() == 0)
            fault.first += is_whole ? 1 : 1 + kit_random_below(2 * (uint64_t)r->stride - 1);
        EXPECT(r->fault.kinds == FILE_CALL_READ || fault.first > 5 || kit_failures() > 0);
    }
}

static bool start_with(struct store_kit *kit, const struct file_fault *fault)
{
    (void)file_fault_plan(fault);
    bool is_open = store_kit_open(kit);
    const bool is_met = file_fault_plan(NULL) >= fault->first;
    EXPECT(is_open || is_met);
    if (!is_open)
        EXPECT(store_kit_open(kit));
    EXPECT(store_kit_agrees(kit));
    EXPECT_OK(keeper_pass(kit->store, &kit_err));
    store_kit_close(kit);
    EXPECT(store_kit_open(kit));
    EXPECT(store_kit_agrees(kit));
    store_kit_close(kit);
    if (kit_failures() > 0)
        (void)fprintf(stderr, "with fault %llu for %llu calls\n", (unsigned long long)fault->first,
                      (unsigned long long)fault->n);
    return is_met;
}

/* What a store finds at its start is as safe when the start fails. */
TEST(any_fault_at_the_start_loses_nothing)
{
    static const unsigned lengths[] = {1, 3, 20};
    static const int errors[] = {EIO, ENOSPC, EMFILE};
    struct store_kit kit;

    kit_temp_in_memory();
    start(&kit);
    EXPECT(store_kit_open(&kit));
    busy_day(&kit);
    put_some(&kit);
    store_kit_commit(&kit);
    store_kit_close(&kit);
    const char *base = kit.dir;
    for (size_t i = 0; i < COUNT_OF(lengths); i++)
        for (uint64_t n = 1, is_met = 1; is_met && kit_failures() == 0; n += 1 + i) {
            kit.dir = new_dir();
            store_kit_copy(base, kit.dir);
            const struct file_fault fault = {n, lengths[i], FILE_CALL_ANY, errors[n % 3],
                                             n % 2 == 0};
            is_met = start_with(&kit, &fault);
            EXPECT_OK(dir_remove(kit.dir, &kit_err));
        }
    store_kit_done(&kit);
}

TEST(late_points_are_seen_while_a_seal_waits_for_the_disk)
{
    const struct file_fault fault = {1, 1000, FILE_CALL_SYNC, EIO, false};
    struct store_kit kit;
    struct err err;

    start(&kit);
    EXPECT(store_kit_open(&kit));
    const int64_t at_s = store_kit_now_s();
    EXPECT_I64(store_kit_put(&kit, 0, at_s, 1.0), SINK_OK);
    store_kit_commit(&kit);
    kit_now_us += 2000 * 1000000ll;
    (void)file_fault_plan(&fault);
    EXPECT(!keeper_pass(kit.store, &err));
    EXPECT_I64(store_kit_put(&kit, 0, at_s, 2.0), SINK_OK); /* below the sealed slot by now */
    EXPECT(store_kit_agrees(&kit));
    (void)file_fault_plan(NULL);
    EXPECT_OK(keeper_pass(kit.store, &kit_err));
    EXPECT(store_kit_agrees(&kit));
    EXPECT_OK(store_seal(kit.store, &kit_err));
    EXPECT(store_kit_agrees(&kit));
    store_kit_done(&kit);
}

TEST(a_full_disk_refuses_points_and_goes_on_when_there_is_room)
{
    struct store_kit kit;
    struct err err;

    start(&kit);
    EXPECT(store_kit_open(&kit));
    EXPECT_I64(store_kit_put(&kit, 0, store_kit_now_s(), 1.0), SINK_OK);
    store_kit_commit(&kit);
    EXPECT_I64(store_kit_put(&kit, 0, store_kit_now_s() - 10, 2.0), SINK_OK);
    for (int i = 0; i < 5; i++) {
        (void)file_faults(1, ENOSPC);
        EXPECT(!store_sink(kit.store).ops->commit(kit.writer, &err));
        EXPECT_I64(err.kind, ERR_IO);
        (void)file_faults(1, ENOSPC);
        EXPECT_I64(store_kit_put(&kit, 0, store_kit_now_s() - 20, 3.0), SINK_DISK);
        EXPECT(store_kit_agrees(&kit));
    }
    (void)file_faults(0, 0);
    EXPECT_I64(store_kit_put(&kit, 0, store_kit_now_s() - 20, 3.0), SINK_OK);
    store_kit_commit(&kit);
    store_kit_crash(&kit);
    EXPECT(store_kit_agrees(&kit));
    store_kit_done(&kit);
}

TEST(an_error_of_a_barrier_says_why_and_no_more)
{
    const struct file_fault fault = {1, 1, FILE_CALL_SYNC, EIO, false};
    struct store_kit kit;
    struct err err;

    start(&kit);
    EXPECT(store_kit_open(&kit));
    const struct sink_ops *ops = store_sink(kit.store).ops;
    EXPECT_I64(store_kit_put(&kit, 0, store_kit_now_s(), 1.0), SINK_OK);
    store_kit_commit(&kit);
    EXPECT_I64(store_kit_put(&kit, 0, store_kit_now_s() - 10, 2.0), SINK_OK);
    (void)file_faults(1, ENOSPC);
    EXPECT(!ops->commit(kit.writer, &err));
    (void)file_faults(0, 0);
    errno = ENOENT; /* somebody else's */
    EXPECT(!ops->barrier(kit.store, &err));
    EXPECT_I64(err.kind, ERR_IO);
    EXPECT_TEXT(err.text,
                arena_printf(&kit_arena, "points wait for room in '%s'", kit.store->wal_dir));

    store_kit_commit(&kit);
    (void)file_fault_plan(&fault);
    EXPECT(!ops->barrier(kit.store, &err));
    (void)file_fault_plan(NULL);
    const char *wanted = arena_printf(&kit_arena, "an earlier sync failed: %s", err.text);
    EXPECT(strstr(wanted, strerrordesc_np(EIO)) != NULL);
    errno = ENOENT;
    EXPECT(!ops->barrier(kit.store, &err));
    EXPECT_I64(err.kind, ERR_IO);
    EXPECT_TEXT(err.text, wanted);
    store_kit_done(&kit);
}

/* ---- damage ---- */

/* Changes one byte of every file in dir/name whose name holds part; returns how many. */
struct harm {
    const char *dir, *part;
    double at; /* share of the file */
    int n;
};

static bool harm_one(void *self, const char *name, struct err *err)
{
    struct harm *harm = self;
    const char *path = kit_path(harm->dir, name);
    struct buf bytes;

    if (!strstr(name, harm->part))
        return true;
    buf_init(&bytes, 1 << 30);
    bool is_ok = file_read_all(path, &bytes, err);
    if (is_ok && bytes.n > 0) {
        bytes.at[(size_t)((double)(bytes.n - 1) * harm->at)] ^= 0x10;
        is_ok = file_replace(path, bytes.at, bytes.n, err);
        harm->n++;
    }
    buf_done(&bytes);
    return is_ok;
}

static int harm(const char *dir, const char *folder, const char *part, double at)
{
    struct harm self = {kit_path(dir, folder), part, at, 0};
    EXPECT_OK(dir_each(self.dir, harm_one, &self, &kit_err));
    return self.n;
}

static uint64_t n_corrupt(struct store_kit *kit)
{
    struct store_stats stats;
    store_stats(kit->store, &stats);
    return stats.n_files_corrupt;
}

static void fill(struct store_kit *kit)
{
    EXPECT(kit->store || store_kit_open(kit));
    for (int round = 0; round < 100; round++) {
        for (size_t i = 0; i < STORE_KIT_SERIES; i++)
            (void)store_kit_put(kit, i, store_kit_now_s(), (double)(round * 100 + (int)i));
        store_kit_commit(kit);
        kit_now_us += 10 * 1000000ll;
    }
}

/* Every value that is there must be right; a damaged one may be missing. Returns how many are. */
static size_t n_missing(struct store_kit *kit)
{
    const int64_t from_s = (int64_t)kit->first_slot * kit->step_s;
    size_t n = 0;

    for (size_t i = 0; i < STORE_KIT_SERIES; i++) {
        const struct series *got = store_kit_read(kit, i, from_s, store_kit_now_s() + 1, 0);
        for (size_t k = 0; got && k < got->n_points; k++) {
            double want = kit->values[i][got->start_s / 10 + (int64_t)k - kit->first_slot];
            n += isnan(got->values[k]) && !isnan(want);
            if (!isnan(got->values[k]))
                EXPECT_F64(got->values[k], want, 0);
        }
    }
    return n;
}

TEST(damaged_block_files_are_set_aside_and_the_rest_is_served)
{
    for (int i = 0; i <= 20 && kit_failures() == 0; i++) {
        struct store_kit kit;
        start(&kit);
        fill(&kit);
        EXPECT_OK(store_seal(kit.store, &kit_err));
        store_kit_close(&kit);
        EXPECT_I64(harm(kit.dir, "data", "g1.blk", i / 20.0), 1);
        EXPECT(store_kit_open(&kit));
        size_t n = n_missing(&kit);
        EXPECT_OK(keeper_pass(kit.store, &kit_err));
        EXPECT_I64(n_missing(&kit), n);
        EXPECT(n < 100 * STORE_KIT_SERIES);
        EXPECT(n == 0 || n_corrupt(&kit) > 0);
        store_kit_done(&kit);
    }
}

TEST(damage_in_the_log_costs_only_what_it_hit)
{
    for (int i = 0; i <= 20 && kit_failures() == 0; i++) {
        struct store_kit kit;
        start(&kit);
        kit.tuning.wal_segment_bytes = 64 << 10;
        fill(&kit);
        store_kit_close(&kit);
        EXPECT_I64(harm(kit.dir, "wal", ".wal", i / 20.0), 1);
        EXPECT(store_kit_open(&kit));
        EXPECT(n_missing(&kit) <= STORE_KIT_SERIES);
        store_kit_done(&kit);
    }
}

TEST(damage_in_the_manifest_loses_no_file)
{
    for (int i = 1; i <= 20 && kit_failures() == 0; i++) {
        struct store_kit kit;
        start(&kit);
        fill(&kit);
        EXPECT_OK(store_seal(kit.store, &kit_err));
        fill(&kit);
        EXPECT_OK(store_seal(kit.store, &kit_err));
        store_kit_close(&kit);
        EXPECT_I64(harm(kit.dir, "", "MANIFEST", 0.12 + i * 0.03), 1);
        EXPECT(store_kit_open(&kit));
        EXPECT_I64(n_missing(&kit), 0);
        store_kit_done(&kit);
    }
}

TEST(a_torn_names_log_is_cut)
{
    struct store_kit kit;
    int64_t bytes;
    int fd = -1;

    start(&kit);
    EXPECT(store_kit_open(&kit));
    store_kit_close(&kit);
    const char *path = kit_path(kit.dir, "names.log");
    EXPECT_OK(file_open(path, O_RDWR, &fd, &kit_err));
    EXPECT_OK(file_size(fd, path, &bytes, &kit_err));
    EXPECT_OK(file_truncate(fd, path, bytes - 3, &kit_err));
    fd_done(&fd);
    EXPECT(store_kit_open(&kit));
    EXPECT_I64(n_corrupt(&kit), 0);
    EXPECT_I64(store_kit_put(&kit, STORE_KIT_SERIES - 1, store_kit_now_s(), 5.0), SINK_OK);
    store_kit_commit(&kit);
    store_kit_crash(&kit);
    EXPECT(store_kit_agrees(&kit));
    store_kit_done(&kit);
}

TEST(a_damaged_names_log_loses_only_the_names_it_hit)
{
    struct store_kit kit;
    uint32_t ids[STORE_KIT_SERIES];
    int n_same = 0;

    start(&kit);
    EXPECT(store_kit_open(&kit));
    memcpy(ids, kit.ids, sizeof ids);
    store_kit_close(&kit);
    EXPECT_I64(harm(kit.dir, "", "names.log", 0.6), 1);
    EXPECT(store_kit_open(&kit));
    for (size_t i = 0; i < STORE_KIT_SERIES; i++)
        n_same += ids[i] == kit.ids[i];
    EXPECT_I64(n_same, STORE_KIT_SERIES - 1);
    EXPECT_I64(n_corrupt(&kit), 1);
    EXPECT(file_exists(kit_path(kit.dir, "corrupt/names.log")));
    store_kit_done(&kit);
}

TEST(refuses_a_folder_of_a_newer_version_and_one_in_use)
{
    struct store_kit kit;
    struct store *second = NULL;
    struct buf bytes;

    start(&kit);
    EXPECT(store_kit_open(&kit));
    const struct store_options options = store_kit_options(&kit);
    EXPECT_ERR(store_open(&options, &second, &kit_err), ERR_BUSY, "");
    store_kit_close(&kit);

    const char *path = kit_path(kit.dir, "MANIFEST");
    buf_init(&bytes, 1 << 20);
    EXPECT_OK(file_read_all(path, &bytes, &kit_err));
    bytes.at[8] = 9;
    uint32_t crc = hash_crc32c(0, bytes.at, MANIFEST_HEADER_BYTES - 4);
    memcpy(bytes.at + MANIFEST_HEADER_BYTES - 4, &crc, 4);
    EXPECT_OK(file_replace(path, bytes.at, bytes.n, &kit_err));
    buf_done(&bytes);
    EXPECT_ERR(store_open(&options, &second, &kit_err), ERR_REFUSED, "newer version");
    store_kit_done(&kit);
}

/* ---- kill -9 ---- */

static double value_of(int round, size_t series)
{
    return round * 10 + (double)series / 4;
}

/* The child: rounds of points, and a byte into the pipe for each that was committed. */
static void write_for_ever(struct store_kit *kit, int to)
{
    kit->tuning.has_no_threads = false;
    if (!store_kit_open(kit))
        _exit(1);
    for (int round = 0;; round++) {
        for (size_t i = 0; i < STORE_KIT_SERIES; i++)
            (void)store_kit_put(kit, i, FIRST_S + round * 10, value_of(round, i));
        store_kit_commit(kit);
        if (write(to, "x", 1) != 1)
            _exit(2);
        kit_now_us = (FIRST_S + round * 10) * 1000000ll;
        if (round % 97 == 96)
            (void)!store_seal(kit->store, &kit_err);
    }
}

static int run_and_kill(struct store_kit *kit, int n_wanted)
{
    int ends[2], n = 0;
    char byte;

    if (pipe(ends) != 0)
        return 0;
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        write_for_ever(kit, ends[1]);
    }
    (void)close(ends[1]);
    while (n < n_wanted && read(ends[0], &byte, 1) == 1)
        n++;
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    while (read(ends[0], &byte, 1) == 1)
        n++;
    (void)close(ends[0]);
    return n;
}

TEST(kill_loses_nothing_that_was_committed)
{
    for (int i = 0; i < 12 && kit_failures() == 0; i++) {
        struct store_kit kit;
        start(&kit);
        kit_now_us = FIRST_S * 1000000ll;
        int n = run_and_kill(&kit, 20 + (int)kit_random_below(700));
        EXPECT(n > 0);
        kit_now_us = (FIRST_S + (n - 1) * 10) * 1000000ll; /* the round in hand may be there, too */
        EXPECT(store_kit_open(&kit));
        for (int round = 0; round < n && round < (int)kit.n_slots; round++)
            for (size_t k = 0; k < STORE_KIT_SERIES; k++)
                kit.values[k][round] = value_of(round, k);
        EXPECT_I64(n_missing(&kit), 0);
        store_kit_done(&kit);
    }
}

RUN_TESTS(test_of(an_error_of_a_barrier_says_why_and_no_more),
          test_of(any_fault_of_any_call_loses_nothing),
          test_of(any_fault_at_the_start_loses_nothing),
          test_of(late_points_are_seen_while_a_seal_waits_for_the_disk),
          test_of(a_full_disk_refuses_points_and_goes_on_when_there_is_room),
          test_of(damaged_block_files_are_set_aside_and_the_rest_is_served),
          test_of(damage_in_the_log_costs_only_what_it_hit),
          test_of(damage_in_the_manifest_loses_no_file), test_of(a_torn_names_log_is_cut),
          test_of(a_damaged_names_log_loses_only_the_names_it_hit),
          test_of(refuses_a_folder_of_a_newer_version_and_one_in_use),
          test_of(kill_loses_nothing_that_was_committed))
