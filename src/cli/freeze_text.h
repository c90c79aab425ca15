/* What the server says of freezes, and how people are told. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/tz.h"
#include "model/change.h"

/* The answer to "may I deploy?". Strings are "" when not known. */
struct can {
    bool is_frozen;
    const char *by, *msg, *id;  /* of the freeze */
    const char *service;        /* that is frozen; "" all of them */
    const char *rev;            /* what runs now */
    int64_t since_ms, until_ms; /* 0: not known */
};
/* err: ERR_INPUT when it is no such answer */
MUST_CHECK bool freeze_text_can_read(const char *json, size_t n, struct arena *arena,
                                     struct can *out, struct err *err);

struct freeze_look {
    const struct tz *tz;
    int64_t now_ms;
};
/* "website is frozen since 14:00 by ops until 15:00 (50m left): db move", clean, without a line's end. */
void freeze_text_can_say(const struct can *can, const struct freeze_look *look, struct buf *out);

/* One freeze of a list. */
struct freeze_line {
    struct change change; /* id, service, env, by, msg, start, end */
    bool is_on;
    int64_t from_ms, until_ms; /* of the window that is or comes; until 0: until thawed */
    const char *cron, *lasts, *zone;
};
struct freeze_lines {
    struct freeze_line *items;
    size_t n;
};
/* key: the member that is the list, or NULL. err: ERR_INPUT */
MUST_CHECK bool freeze_text_read(const char *json, size_t n, const char *key, struct arena *arena,
                                 struct freeze_lines *out, struct err *err);
/* For people: a line each, with who, why, when, and the id that thaws it. */
void freeze_text_say(const struct freeze_lines *lines, const struct freeze_look *look,
                     struct buf *out);
/* For programs: from, until (UTC, ISO 8601), id, frozen or planned, service, env, by, cron, for, message;
 * tab-separated. */
void freeze_text_rows(const struct freeze_lines *lines, struct buf *out);
