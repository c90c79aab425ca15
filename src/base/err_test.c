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

TEST(messages_are_utf8_whatever_they_repeat)
{
    static const struct {
        const char *row, *said;
        int n_bytes;
        const char *text;
    } rows[] = {
        {"plain", "a", 9, "'a'"},
        {"whole characters", "\xc3\xa9\xf0\x9f\x9a\x80", 9, "'\xc3\xa9\xf0\x9f\x9a\x80'"},
        {"cut within one", "\xf0\x9f\x9a\x80", 3, "'?'"},
        {"never was text", "a\xff\xfe\xc3z", 9, "'a?z'"},
    };
    EACH_ROW (rows, r) {
        struct err err = {0};
        err_set(&err, ERR_INPUT, "'%.*s'", r->n_bytes, r->said);
        EXPECT_TEXT(err.text, r->text);
        err_hint(&err, "'%.*s'", r->n_bytes, r->said);
        EXPECT_TEXT(err.hint, r->text);
        err_prefix(&err, "'%.*s'", r->n_bytes, r->said);
        EXPECT_TEXT(err.text, arena_printf(&kit_arena, "%s: %s", r->text, r->text));
    }
}

RUN_TESTS(test_of(messages_are_utf8_whatever_they_repeat),
          test_of(a_reason_of_the_system_is_told_only_where_it_is_one))
