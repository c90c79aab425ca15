/* Why a call failed. Written once, by whoever knows the reason; passed up untouched; answered with
 * or logged only at the edges. Kinds say what the caller can do about it. */
#pragma once

#include <errno.h>

#include "base/base.h"

enum err_kind {
    ERR_NONE = 0,
    ERR_INPUT,   /* tell the sender: the input is wrong */
    ERR_LIMIT,   /* send less: a named limit was met */
    ERR_MISSING, /* there is none */
    ERR_BUSY,    /* try again */
    ERR_REFUSED, /* not allowed */
    ERR_IO,      /* the world failed; sys_errno says how */
    ERR_CORRUPT, /* stored bytes are not what was written: set the file aside */
};

struct err {
    enum err_kind kind;
    int sys_errno;  /* kept for ERR_IO, else 0 */
    char text[480]; /* one sentence: what and where */
    char hint[240]; /* what to do or type instead; "" when there is nothing to say */
};

/* Sets *err (NULL: nobody asked) and is false, so that `return FAIL(err, ERR_IO, "open '%s'", p);`
 * reads as one thought. With ERR_IO the text of errno is appended, unless that is 0. */
#define FAIL(err, kind, ...) (err_set((err), (kind), __VA_ARGS__), false)

/* ERR_IO where no system call has just failed: the text says it all. */
#define FAIL_SAID(err, ...) (errno = 0, FAIL((err), ERR_IO, __VA_ARGS__))

PRINTF_LIKE(3, 4) void err_set(struct err *err, enum err_kind kind, const char *fmt, ...);

/* Adds what to do about it; keeps kind and text. */
PRINTF_LIKE(2, 3) void err_hint(struct err *err, const char *fmt, ...);

/* Puts "prefix: " before the text, as in "storage-schemas.conf:12: ...". */
PRINTF_LIKE(2, 3) void err_prefix(struct err *err, const char *fmt, ...);

/* Back to no error. */
void err_clear(struct err *err);
