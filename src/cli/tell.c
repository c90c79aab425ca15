#include "cli/tell.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cli/terminal.h"

enum { LINES_MAX = 4096 /* an err and its hint are far shorter */ };

static void say(const char *command, const char *mark, const char *text, const char *hint)
{
    CLEANUP(buf_done) struct buf lines;
    buf_init(&lines, LINES_MAX);
    buf_printf(&lines, "plumb%s%s: %s", command ? " " : "", command ? command : "", mark);
    terminal_clean(&lines, text);
    buf_add_char(&lines, '\n');
    if (hint[0]) {
        buf_add_str(&lines, "  ");
        terminal_clean(&lines, hint);
        buf_add_char(&lines, '\n');
    }
    fputs(buf_text(&lines), stderr);
}

int tell_fail(const char *command, const struct err *err)
{
    say(command, "", err->text, err->hint);
    switch (err->kind) {
    case ERR_INPUT:
    case ERR_LIMIT:
        return CODE_USAGE;
    case ERR_MISSING:
        return CODE_MISSING;
    case ERR_REFUSED:
        return CODE_DENIED;
    case ERR_BUSY:
        return CODE_AWAY;
    case ERR_NONE:
    case ERR_IO:
    case ERR_CORRUPT:
        break;
    }
    return CODE_FAILED;
}

void tell_warn(const char *command, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    say(command, "warning: ", text, "");
}

void tell_note(const char *command, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    say(command, "", text, "");
}

bool tell_out(const char *command, const char *text)
{
    if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
        return true;
    struct err err;
    err_set(&err, ERR_IO, "write to stdout");
    tell_fail(command, &err);
    return false;
}
