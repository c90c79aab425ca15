/* Changes as lines of text. Pure: whoever shows them says what the terminal is. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/tz.h"
#include "model/change.h"

enum { LOG_TEXT_ID_BYTES = 10 /* of an id: its time to the ms, enough to ask for it by */ };

struct log_text_look {
    unsigned columns; /* of the terminal; 0: it is none, and messages are not cut */
    bool is_oneline;  /* no heading, and no date on what is of today */
    bool has_colour, has_utf8;
    const struct tz *tz;
    int64_t now_ms;
    /* After each line; NULL: nothing. */
    void (*below)(const struct change *change, const struct log_text_look *look, struct buf *out);
};

/* Columns for people: time, short id, kind, service (@env unless production), rev, by, how long it
 * took, status, verdict (a column only where one of them was judged), message and what moved, cut to fit.
 * Nothing of what others wrote can move the cursor. */
void log_text_columns(const struct change_list *changes, const struct log_text_look *look,
                      struct arena *arena, struct buf *out);

/* Tab-separated rows for programs, nothing cut: start (UTC, ISO 8601 with ms), id, kind, service,
 * env, rev, by, seconds it took ("" while it runs), status, message, url, verdict ("" before it was
 * judged). A tab or a line's end in a text is a blank. */
void log_text_rows(const struct change_list *changes, struct buf *out);

/* A Markdown table in that zone's time: time, service, revision, who, how long, status, verdict, message. */
void log_text_table(const struct change_list *changes, const struct tz *tz, struct arena *arena,
                    struct buf *out);

/* "0.4s", "45s", "1m45s", "2h05m", "3d04h" */
void log_text_took(int64_t took_ms, struct buf *out);
