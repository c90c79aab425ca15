/* What a command says on stderr, and the code it exits with. Control characters never get there:
 * much of it was written by others. */
#pragma once

#include "base/err.h"

enum {
    CODE_OK = 0,
    CODE_FAILED = 1,  /* this machine: a disk, a stream */
    CODE_USAGE = 2,   /* typed wrong, or refused by the server as wrong */
    CODE_REFUSED = 3, /* frozen, held, not your turn */
    CODE_MISSING = 5,
    CODE_DENIED = 6, /* the server wants a token, or another one */
    CODE_AWAY = 7,   /* no server answered */
};

/* "plumb NAME: text", and the hint below it. Returns the code that the kind stands for: ERR_INPUT
 * and ERR_LIMIT usage, ERR_MISSING missing, ERR_REFUSED denied, ERR_BUSY away, others failed. */
int tell_fail(const char *command, const struct err *err);
/* "plumb NAME: warning: ..."; command NULL: whichever it is. */
PRINTF_LIKE(2, 3) void tell_warn(const char *command, const char *fmt, ...);
/* "plumb NAME: ...": how it goes. */
PRINTF_LIKE(2, 3) void tell_note(const char *command, const char *fmt, ...);
/* All of it to stdout. False: it could not be written, which has been told. */
MUST_CHECK bool tell_out(const char *command, const char *text);
