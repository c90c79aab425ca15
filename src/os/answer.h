/* An HTTP answer as its bytes come: the head, then a body by its length, in chunks or to the end of the
 * connection. Pure: asks nobody for more. Owner: the caller. */
#pragma once

#include "base/buf.h"

enum answer_state {
    ANSWER_MORE, /* it is not whole yet */
    ANSWER_WHOLE,
    ANSWER_LONG,   /* the body is longer than the buffer takes */
    ANSWER_BROKEN, /* no HTTP, or it ended before its end */
};

enum { ANSWER_LINE_BYTES = 8192 /* of the head; servers send at most as much */ };

struct answer {
    int status;            /* 0: the head is not whole yet */
    bool keeps;            /* when whole: the connection may be used again */
    int64_t retry_after_s; /* 0: none, or a date */
    /* answer.c's own. */
    enum answer_part {
        ANSWER_STATUS_LINE,
        ANSWER_FIELDS,
        ANSWER_BODY,        /* left bytes */
        ANSWER_BODY_TO_END, /* of the connection */
        ANSWER_CHUNK_SIZE,
        ANSWER_CHUNK,
        ANSWER_CHUNK_END,
        ANSWER_TRAILER,
        ANSWER_OVER,
    } part;
    int said_status; /* of the head that is being read */
    bool has_body, has_length, is_chunked;
    uint64_t left;
    size_t n_head, n_line;
    char line[ANSWER_LINE_BYTES];
};

/* has_body false: to a HEAD, whose answer ends with its head. */
void answer_init(struct answer *answer, bool has_body);
/* The next n bytes; what belongs to the body is appended to body. After ANSWER_LONG and ANSWER_BROKEN
 * there is nothing more to take. */
enum answer_state answer_take(struct answer *answer, const char *bytes, size_t n, struct buf *body);
/* The connection has ended, after all that was taken. */
enum answer_state answer_end(struct answer *answer);
