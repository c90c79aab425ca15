#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "kit/kit.h"

static bool write_file(const char *path, const char *text)
{
    return file_replace(path, text, strlen(text), &kit_err);
}

TEST(replaces_a_file_whole)
{
    const char *path = kit_path(kit_temp_dir(), "a");
    EXPECT_OK(write_file(path, "first"));
    EXPECT_OK(write_file(path, "second, longer"));
    CLEANUP(buf_done) struct buf got;
    buf_init(&got, 100);
    EXPECT_OK(file_read_all(path, &got, &kit_err));
    EXPECT_TEXT(buf_text(&got), "second, longer");
    EXPECT(!file_exists(kit_path(kit_temp_dir(), "a.tmp")));
}

TEST(a_failed_replace_leaves_the_old_content)
{
    const char *path = kit_path(kit_temp_dir(), "a");
    EXPECT_OK(write_file(path, "old"));
    for (uint64_t n = 1; kit_fault(n); n++) {
        bool is_ok = write_file(path, "new");
        kit_fault_off();
        CLEANUP(buf_done) struct buf got;
        buf_init(&got, 100);
        EXPECT_OK(file_read_all(path, &got, &kit_err));
        EXPECT(strcmp(buf_text(&got), "new") == 0 || !is_ok);
        EXPECT(strcmp(buf_text(&got), "new") == 0 || strcmp(buf_text(&got), "old") == 0);
        if (is_ok)
            break;
    }
}

TEST(reading_past_the_limit_is_an_error)
{
    const char *path = kit_path(kit_temp_dir(), "big");
    EXPECT_OK(write_file(path, "0123456789"));
    CLEANUP(buf_done) struct buf got;
    buf_init(&got, 9);
    EXPECT_ERR(file_read_all(path, &got, &kit_err), ERR_LIMIT, "big");
}

TEST(a_file_as_large_as_the_limit_is_read)
{
    const char *path = kit_path(kit_temp_dir(), "just");
    EXPECT_OK(write_file(path, "0123456789"));
    CLEANUP(buf_done) struct buf got;
    buf_init(&got, 10);
    EXPECT_OK(file_read_all(path, &got, &kit_err));
    EXPECT_TEXT(buf_text(&got), "0123456789");
    CLEANUP(buf_done) struct buf none;
    buf_init(&none, 0);
    EXPECT_ERR(file_read_all(path, &none, &kit_err), ERR_LIMIT, "more than 0");
    EXPECT_OK(write_file(path, ""));
    EXPECT_OK(file_read_all(path, &none, &kit_err));
}

TEST(says_what_is_missing)
{
    CLEANUP(buf_done) struct buf got;
    buf_init(&got, 9);
    EXPECT_ERR(file_read_all(kit_path(kit_temp_dir(), "none"), &got, &kit_err), ERR_MISSING,
               "none");
    int fd;
    EXPECT_ERR(file_open(kit_path(kit_temp_dir(), "x/y"), O_RDONLY, &fd, &kit_err), ERR_MISSING,
               "x/y");
}

TEST(makes_and_removes_folders_with_everything_in_them)
{
    const char *deep = kit_path(kit_temp_dir(), "one/two/three");
    EXPECT_OK(dir_make(deep, &kit_err));
    EXPECT_OK(dir_make(deep, &kit_err));
    EXPECT_OK(write_file(kit_path(deep, "f"), "x"));
    EXPECT_OK(dir_remove(kit_path(kit_temp_dir(), "one"), &kit_err));
    EXPECT(!file_exists(kit_path(kit_temp_dir(), "one")));
}

static bool note_name(void *self, const char *name, struct err *err)
{
    (void)err;
    char *all = self;
    strncat(all, name, 20);
    return true;
}

TEST(lists_in_name_order)
{
    const char *dir = kit_temp_dir();
    EXPECT_OK(write_file(kit_path(dir, "b"), ""));
    EXPECT_OK(write_file(kit_path(dir, "a"), ""));
    char all[64] = "";
    EXPECT_OK(dir_each(dir, note_name, all, &kit_err));
    EXPECT_TEXT(all, "ab");
}

TEST(a_second_lock_is_refused)
{
    const char *path = kit_path(kit_temp_dir(), "lock");
    CLEANUP(fd_done) int first = -1;
    int second = -1;
    EXPECT_OK(file_lock(path, &first, &kit_err));
    EXPECT_ERR(file_lock(path, &second, &kit_err), ERR_BUSY, "locked by another");
    fd_done(&first);
    EXPECT_OK(file_lock(path, &second, &kit_err));
    fd_done(&second);
}

TEST(an_injected_fault_comes_once)
{
    const char *path = kit_path(kit_temp_dir(), "a");
    CLEANUP(fd_done) int fd = -1;
    EXPECT_OK(file_open(path, O_RDWR | O_CREAT, &fd, &kit_err));
    file_faults(2, ENOSPC);
    EXPECT_OK(file_write(fd, path, "x", 1, &kit_err));
    EXPECT_ERR(file_write(fd, path, "x", 1, &kit_err), ERR_IO, "No space left");
    EXPECT_OK(file_write(fd, path, "x", 1, &kit_err));
    EXPECT_I64(file_faults(0, 0), 3);
}

RUN_TESTS(test_of(replaces_a_file_whole), test_of(a_failed_replace_leaves_the_old_content),
          test_of(reading_past_the_limit_is_an_error),
          test_of(a_file_as_large_as_the_limit_is_read), test_of(says_what_is_missing),
          test_of(makes_and_removes_folders_with_everything_in_them), test_of(lists_in_name_order),
          test_of(a_second_lock_is_refused), test_of(an_injected_fault_comes_once))
