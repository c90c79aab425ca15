#include "os/pages.h"

#include "kit/kit.h"

enum { BYTES = 5 << 20, COLUMN = 32 << 10 };

TEST(new_pages_are_zero)
{
    unsigned char *at = pages_new(BYTES);
    for (size_t i = 0; i < BYTES; i += 512)
        EXPECT(at[i] == 0);
    at[BYTES - 1] = 1;
    pages_free(at, BYTES);
    pages_free(NULL, BYTES);
}

TEST(only_what_was_named_is_zero_again)
{
    unsigned char *at = pages_new(BYTES);
    for (size_t i = 0; i < BYTES; i++)
        at[i] = 7;
    pages_zero(at + COLUMN, COLUMN);
    pages_zero(at + 3 * COLUMN + 100, 50); /* no page's edge */
    for (size_t i = 0; i < BYTES; i++) {
        const bool is_zero = i / COLUMN == 1 || (i >= 3 * COLUMN + 100 && i < 3 * COLUMN + 150);
        if (at[i] != (is_zero ? 0 : 7))
            EXPECT_I64(at[i], is_zero ? 0 : 7);
    }
    pages_free(at, BYTES);
}

TEST(touching_changes_nothing)
{
    unsigned char *at = pages_new(BYTES);
    at[COLUMN] = 7;
    pages_touch(at, 2 * COLUMN);
    EXPECT(at[COLUMN] == 7 && at[0] == 0 && at[2 * COLUMN - 1] == 0);
    pages_free(at, BYTES);
}

RUN_TESTS(test_of(new_pages_are_zero), test_of(touching_changes_nothing),
          test_of(only_what_was_named_is_zero_again))
