/* What every unit test uses: rows that go on after a failure, decimal messages, temp folders, golden
 * files, a clock, seeds and faults. cmocka runs the tests; only this file and kit.c know it.
 *
 *   TEST(parses_a_line) { EXPECT_I64(1 + 1, 2); }
 *   RUN_TESTS(test_of(parses_a_line))
 */
#pragma once

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"

#define TEST(name)    static void name(void **kit_state UNUSED)
#define test_of(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)
/* Ends the file: int main. A test that is not listed does not compile (-Wunused-function). */
/* Signals as a terminal's: who starts the tests in the background has them ignored. */
void kit_begin(void);

#define RUN_TESTS(...)                                                                             \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest kit_tests[] = {__VA_ARGS__};                                       \
        kit_begin();                                                                               \
        return cmocka_run_group_tests(kit_tests, NULL, NULL);                                      \
    }

/* Rows: a static const struct array whose first member is `const char *row`, its name. */
#define EACH_ROW(rows, r)                                                                          \
    for (size_t kit_i_##r = 0; kit_i_##r < sizeof(rows) / sizeof((rows)[0]); kit_i_##r++)          \
        for (__typeof__(&(rows)[0]) r = &(rows)[kit_i_##r]; r && (kit_row((r)->row), true);        \
             r = (kit_row(NULL), (__typeof__(&(rows)[0]))NULL))

void kit_row(const char *name);
int kit_setup(void **state);
int kit_teardown(void **state); /* fails the test if any EXPECT did not hold */

/* Each records a failure with file, line and row, and goes on. */
#define EXPECT(cond) kit_expect(!!(cond), __FILE__, __LINE__, "%s", #cond)
#define EXPECT_I64(got, want)                                                                      \
    kit_expect_i64((int64_t)(got), (int64_t)(want), __FILE__, __LINE__, #got)
#define EXPECT_F64(got, want, tolerance)                                                           \
    kit_expect_f64((got), (want), (tolerance), __FILE__, __LINE__, #got)
#define EXPECT_TEXT(got, want) kit_expect_text((got), (want), __FILE__, __LINE__, #got)
/* The call must succeed; on failure kit_err's text is shown. Pass &kit_err to the call. */
#define EXPECT_OK(call)                                                                            \
    do {                                                                                           \
        err_clear(&kit_err);                                                                       \
        kit_expect((call), __FILE__, __LINE__, "%s: %s", #call, kit_err.text);                     \
    } while (0)
/* The call must fail with that kind and a text that holds part. */
#define EXPECT_ERR(call, kind_wanted, part)                                                        \
    do {                                                                                           \
        err_clear(&kit_err);                                                                       \
        kit_expect_err((call), (kind_wanted), (part), __FILE__, __LINE__, #call);                  \
    } while (0)

extern struct err kit_err;
extern struct arena kit_arena; /* fresh for each test */

PRINTF_LIKE(4, 5)
void kit_expect(bool holds, const char *file, int line, const char *fmt, ...);
void kit_expect_i64(int64_t got, int64_t want, const char *file, int line, const char *what);
void kit_expect_f64(double got, double want, double tolerance, const char *file, int line,
                    const char *what);
void kit_expect_text(const char *got, const char *want, const char *file, int line,
                     const char *what);
void kit_expect_err(bool call_result, enum err_kind kind, const char *part, const char *file,
                    int line, const char *what);
unsigned kit_failures(void); /* in this test so far */

/* A fresh folder, removed with everything in it when the test ends. Lent until then. */
const char *kit_temp_dir(void);
/* Before the first kit_temp_dir of a test that makes thousands of files: in memory, if that is to be had. */
void kit_temp_in_memory(void);
/* dir/name in the test's arena. */
const char *kit_path(const char *dir, const char *name);

/* Compares with tests/golden/<name>; PLUMB_GOLDEN=write rewrites it instead. */
void kit_golden(const char *name, const char *bytes, size_t n, const char *file, int line);
#define EXPECT_GOLDEN(name, bytes, n) kit_golden((name), (bytes), (n), __FILE__, __LINE__)
/* A file of the repo ("tests/golden/x"), NUL-ended, in the test's arena. */
const char *kit_read(const char *repo_path, size_t *out_n);
/* The bytes of a document's hex example, whose lines are "offset  bytes  text"; in the test's arena. */
const char *kit_hex_example(const char *repo_path, size_t *out_n);

/* A clock that stands until the test moves it. */
extern int64_t kit_now_us; /* atomic, where threads move it */
struct clock kit_clock(void);
/* Not back. Thread: any. */
void kit_now_raise(int64_t at_us);

/* Seeded randomness (splitmix64); the seed is printed when the test fails. PLUMB_SEED overrides. */
uint64_t kit_random(void);
uint64_t kit_random_below(uint64_t n);
double kit_random_share(void); /* 0 <= x < 1 */

/* Fault loops: for (n = 1; kit_fault(n); n++) { ... one run ... }. The n-th file call of the run fails
 * with ENOSPC; ends after the first run without a fault. */
bool kit_fault(uint64_t n);
/* Within a run: file calls from here on (checking what is left) do not fail and do not count. */
void kit_fault_off(void);
