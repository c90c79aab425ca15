#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static _Atomic int level_now = LOG_LEVEL_INFO; /* the one mutable global */

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&level_now, (int)level, memory_order_relaxed);
}

/* One write a line, so that threads do not mix theirs. */
PRINTF_LIKE(2, 0) static void write_line(enum log_level level, const char *fmt, va_list args)
{
    if ((int)level > atomic_load_explicit(&level_now, memory_order_relaxed))
        return;
    char line[1024];
    int at = 0;
    if (!isatty(STDERR_FILENO))
        at = snprintf(line, sizeof line, "<%d>", (int)level);
    at += snprintf(line + at, sizeof line - (size_t)at, "plumb: ");
    int n = vsnprintf(line + at, sizeof line - (size_t)at - 1, fmt, args);
    size_t length = (size_t)at + (n < 0 ? 0 : (size_t)n);
    if (length > sizeof line - 2)
        length = sizeof line - 2;
    /* What clients sent may be quoted in it: no line of theirs, no escape sequence. */
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7F)
            line[i] = ' ';
    line[length++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, length);
    (void)written; /* nowhere left to tell it */
}

#define DEFINE_LOG(name, level)                                                                    \
    void name(const char *fmt, ...)                                                                \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, fmt);                                                                       \
        write_line(level, fmt, args);                                                              \
        va_end(args);                                                                              \
    }

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warn, LOG_LEVEL_WARN)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)
