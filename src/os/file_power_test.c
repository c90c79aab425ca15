/* The power cuts of tests/kit/power.h: what must be kept, what may be lost, what comes of both. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/buf.h"
#include "kit/kit.h"
#include "kit/power.h"
#include "os/file.h"

enum { SEEDS = 200, SECTOR = 512 };

static const char *fresh(const char *name)
{
    static unsigned n;
    const char *dir = kit_path(kit_temp_dir(), arena_printf(&kit_arena, "%s%u", name, n++));
    EXPECT_OK(dir_make(dir, &kit_err));
    return dir;
}

static void put(const char *path, char c, size_t n, int64_t at, bool is_synced)
{
    char bytes[4096];
    CLEANUP(fd_done) int fd = -1;

    memset(bytes, c, sizeof bytes);
    EXPECT_OK(file_open(path, O_RDWR | O_CREAT, &fd, &kit_err));
    EXPECT_OK(file_write_at(fd, path, bytes, n, at, &kit_err));
    EXPECT(!is_synced || file_sync(fd, path, &kit_err));
}

/* The file as a cut leaves it, "-" if it is not there. */
static const char *after(const struct power *power, size_t n, uint64_t seed, const char *name)
{
    const char *to = fresh("cut");
    struct buf got;

    power_cut(power, n, seed, to);
    const char *path = kit_path(to, name);
    if (!file_exists(path))
        return "-";
    buf_init(&got, 1 << 20);
    EXPECT_OK(file_read_all(path, &got, &kit_err));
    const char *text = arena_printf(&kit_arena, "%s", buf_text(&got));
    buf_done(&got);
    return text;
}

TEST(what_is_synced_stays)
{
    const char *dir = fresh("disk");
    struct power *power = power_begin(dir);
    put(kit_path(dir, "a"), 'a', 3000, 0, true);
    EXPECT_OK(dir_sync(dir, &kit_err));
    const size_t n = power_count(power);
    EXPECT_I64(n, 4);
    put(kit_path(dir, "b"), 'b', 10, 0, false);
    power_stop(power);
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        for (size_t i = n; i <= power_count(power); i++) {
            const char *got = after(power, i, seed, "a");
            EXPECT_I64(strlen(got), 3000);
            EXPECT_I64(strspn(got, "a"), 3000);
        }
    power_end(power);
}

TEST(plain_cuts_keep_all_or_nothing)
{
    const char *dir = fresh("disk");
    put(kit_path(dir, "a"), 'a', 4, 0, false);
    struct power *power = power_begin(dir); /* what was there before is safe */
    put(kit_path(dir, "a"), 'b', 2, 2, false);
    EXPECT_OK(file_rename(kit_path(dir, "a"), kit_path(dir, "c"), &kit_err));
    put(kit_path(dir, "d"), 'd', 1, 0, false);
    power_stop(power);
    const size_t n = power_count(power);
    EXPECT_TEXT(power_text(power, 0), "write 2 at 2 of a");
    EXPECT_TEXT(power_text(power, 1), "rename a to c");
    EXPECT_TEXT(after(power, n, 0, "a"), "aaaa");
    EXPECT_TEXT(after(power, n, 0, "c"), "-");
    EXPECT_TEXT(after(power, n, 1, "a"), "-");
    EXPECT_TEXT(after(power, n, 1, "c"), "aabb");
    EXPECT_TEXT(after(power, n, 1, "d"), "d");
    EXPECT_TEXT(after(power, n, 2, "c"), "aaaa"); /* names without data */
    EXPECT_TEXT(after(power, n, 2, "d"), "");
    EXPECT_TEXT(after(power, n, 3, "a"), "aabb"); /* data without names */
    EXPECT_TEXT(after(power, n, 3, "d"), "-");
    EXPECT_TEXT(after(power, 0, 1, "c"), "-"); /* the rename was not made yet */
    power_end(power);
}

/* Every mixture of sectors of two writes comes about, nothing else does. */
TEST(unsynced_sectors_are_torn_in_any_order)
{
    const char *dir = fresh("disk");
    bool is_seen[9] = {false};
    int n_short = 0;
    put(kit_path(dir, "a"), 'a', 2 * SECTOR, 0, false);
    struct power *power = power_begin(dir);
    put(kit_path(dir, "a"), 'b', 2 * SECTOR, 0, false);
    put(kit_path(dir, "a"), 'c', 3 * SECTOR, 0, false);
    power_stop(power);
    for (uint64_t seed = POWER_PLAIN_SEEDS; seed < SEEDS; seed++) {
        const char *got = after(power, power_count(power), seed, "a");
        n_short += strlen(got) == 2 * SECTOR;
        for (size_t i = 0; i < 2; i++)
            for (size_t k = 0; k < SECTOR; k++)
                EXPECT(got[i * SECTOR + k] == got[i * SECTOR]);
        is_seen[(got[0] - 'a') * 3 + got[SECTOR] - 'a'] = true;
    }
    EXPECT(n_short > 10 && n_short < SEEDS - 10);
    for (size_t i = 0; i < 9; i++)
        EXPECT(is_seen[i]);
    power_end(power);
}

TEST(names_need_a_sync_of_their_folder)
{
    const char *dir = fresh("disk");
    int n_undone = 0;
    struct power *power = power_begin(dir);
    EXPECT_OK(file_replace(kit_path(dir, "a"), "1", 1, &kit_err));
    const size_t n = power_count(power);
    EXPECT_TEXT(power_text(power, n - 1), "sync folder ");
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        EXPECT_TEXT(after(power, n, seed, "a"), "1");
        EXPECT_TEXT(after(power, n, seed, "a.tmp"), "-");
        const char *got = after(power, n - 1, seed, "a"); /* during the folder's sync */
        EXPECT(strcmp(got, "1") == 0 || strcmp(got, "-") == 0);
        n_undone += got[0] == '-';
    }
    EXPECT(n_undone > 10 && n_undone < SEEDS - 10);
    EXPECT_OK(file_unlink(kit_path(dir, "a"), &kit_err));
    power_stop(power);
    EXPECT_TEXT(after(power, n + 1, 0, "a"), "1");
    EXPECT_TEXT(after(power, n + 1, 1, "a"), "-");
    power_end(power);
}

TEST(what_a_failed_sync_lost_stays_lost_until_written_again)
{
    const char *dir = fresh("disk"), *path = kit_path(dir, "a");
    const struct file_fault fault = {1, 1, FILE_CALL_SYNC, EIO, false};
    CLEANUP(fd_done) int fd = -1;
    int n_lost = 0;
    put(path, 'a', 3, 0, false);
    struct power *power = power_begin(dir);
    EXPECT_OK(file_open(path, O_RDWR, &fd, &kit_err));
    EXPECT_OK(file_write_at(fd, path, "b", 1, 1, &kit_err));
    (void)file_fault_plan(&fault);
    EXPECT(!file_sync(fd, path, &kit_err));
    EXPECT_OK(file_write_at(fd, path, "c", 1, 2, &kit_err));
    EXPECT_OK(file_sync(fd, path, &kit_err));
    (void)file_fault_plan(NULL);
    const size_t n = power_count(power);
    EXPECT_OK(file_write_at(fd, path, "b", 1, 1, &kit_err));
    EXPECT_OK(file_sync(fd, path, &kit_err));
    power_stop(power);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const char *got = after(power, n, seed, "a");
        EXPECT(strcmp(got, "abc") == 0 || strcmp(got, "aac") == 0);
        n_lost += got[1] == 'a';
        EXPECT_TEXT(after(power, power_count(power), seed, "a"), "abc");
    }
    EXPECT(n_lost > 10 && n_lost < SEEDS - 10);
    power_end(power);
}

TEST(folders_and_what_is_in_them)
{
    const char *dir = fresh("disk");
    struct power *power = power_begin(dir);
    EXPECT_OK(dir_make(kit_path(dir, "d"), &kit_err));
    put(kit_path(dir, "d/x"), 'x', 1, 0, true);
    EXPECT_OK(dir_sync(kit_path(dir, "d"), &kit_err));
    const size_t n = power_count(power);
    EXPECT_OK(dir_sync(dir, &kit_err));
    power_stop(power);
    EXPECT_TEXT(after(power, n, 0, "d/x"), "-"); /* its folder did not survive */
    EXPECT_TEXT(after(power, n, 1, "d/x"), "x");
    EXPECT_TEXT(after(power, n + 1, 0, "d/x"), "x");
    power_end(power);
}

RUN_TESTS(test_of(what_is_synced_stays), test_of(plain_cuts_keep_all_or_nothing),
          test_of(unsynced_sectors_are_torn_in_any_order),
          test_of(names_need_a_sync_of_their_folder),
          test_of(what_a_failed_sync_lost_stays_lost_until_written_again),
          test_of(folders_and_what_is_in_them))
