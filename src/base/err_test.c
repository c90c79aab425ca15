#include "base/err.h"

#include <string.h>

#include "kit/kit.h"

TEST(a_reason_of_the_system_is_told_only_where_it_is_one)
{
    struct err err;

    errno = ENOENT;
    EXPECT(!FAIL(&err, ERR_IO, "open '%s'", "x"));
    EXPECT_I64(err.sys_errno, ENOENT);
    EXPECT_TEXT(err.text, arena_printf(&kit_arena, "open 'x': %s", strerrordesc_np(ENOENT)));

    errno = ENOENT;
    EXPECT(!FAIL(&err, ERR_CORRUPT, "a bad byte"));
    EXPECT_I64(err.sys_errno, 0);
    EXPECT_TEXT(err.text, "a bad byte");

    errno = ENOENT;
    EXPECT(!FAIL_SAID(&err, "'%s' ends early", "x"));
    EXPECT_I64(err.kind, ERR_IO);
    EXPECT_I64(err.sys_errno, 0);
    EXPECT_TEXT(err.text, "'x' ends early");
}

RUN_TESTS(test_of(a_reason_of_the_system_is_told_only_where_it_is_one))
