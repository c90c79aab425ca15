/* What every file may use: attributes, scope clean-up, and the one way a broken assumption ends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK            __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define NO_RETURN             __attribute__((noreturn))
#define UNUSED                __attribute__((unused))

/* Calls fn(&variable) when the variable goes out of scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define LIKELY(cond)    __builtin_expect(!!(cond), 1)
#define UNLIKELY(cond)  __builtin_expect(!!(cond), 0)

/* Ends the program with file, line and the condition: an assumption of ours is broken, in every
 * build. One fact a call. Never for what comes from outside. */
#define BUG_IF(cond)                                                                               \
    do {                                                                                           \
        if (UNLIKELY(cond))                                                                        \
            base_bug(__FILE__, __LINE__, #cond);                                                   \
    } while (0)

NO_RETURN void base_bug(const char *file, int line, const char *cond);

/* The smaller and the larger of two values; each argument is read once. */
static inline int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Neither may be a gap: for those there are fmin and fmax, which cost a call. */
static inline double min_f64(double a, double b)
{
    return a < b ? a : b;
}

static inline double max_f64(double a, double b)
{
    return a > b ? a : b;
}

static inline float max_f32(float a, float b)
{
    return a > b ? a : b;
}
