#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* What a message repeats may be cut within a character, or never have been text: "?" for each run of
 * such bytes. */
static void make_utf8(char *text)
{
    size_t n = strlen(text), end = 0;
    bool was_bad = false;
    for (size_t i = 0; i < n;) {
        size_t bytes = text_utf8_bytes(text + i, n - i);
        if (bytes > 0)
            memmove(text + end, text + i, bytes);
        else if (!was_bad)
            text[end] = '?';
        end += bytes > 0 ? bytes : !was_bad;
        was_bad = bytes == 0;
        i += bytes > 0 ? bytes : 1;
    }
    text[end] = '\0';
}

static void append_errno(struct err *err)
{
    char reason[128];
    /* The GNU form returns the text, which need not be in the buffer. */
    const char *text = strerror_r(err->sys_errno, reason, sizeof reason);
    size_t n = strlen(err->text);
    snprintf(err->text + n, sizeof err->text - n, ": %s", text);
}

void err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
    int saved = errno;
    if (!err)
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    make_utf8(err->text);
    err->kind = kind;
    err->hint[0] = '\0';
    err->sys_errno = kind == ERR_IO ? saved : 0;
    if (err->sys_errno)
        append_errno(err);
}

void err_hint(struct err *err, const char *fmt, ...)
{
    if (!err)
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->hint, sizeof err->hint, fmt, args);
    va_end(args);
    make_utf8(err->hint);
}

void err_prefix(struct err *err, const char *fmt, ...)
{
    if (!err)
        return;
    char text[sizeof err->text];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    size_t n = strlen(text);
    int room = n + 3 < sizeof text ? (int)(sizeof text - n - 3) : 0; /* a long tail is cut */
    snprintf(text + n, sizeof text - n, ": %.*s", room, err->text);
    make_utf8(text);
    memcpy(err->text, text, sizeof text);
}

void err_clear(struct err *err)
{
    if (!err)
        return;
    err->kind = ERR_NONE;
    err->sys_errno = 0;
    err->text[0] = '\0';
    err->hint[0] = '\0';
}
