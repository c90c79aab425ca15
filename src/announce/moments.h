/* Which moment of a change is due: from what was told of it before and how it is now. Pure. */
#pragma once

#include "announce/channel.h"

enum {
    MOMENTS_AHEAD_MS = 60000, /* an end that is further ahead is not a clock that is a bit fast */
    MOMENTS_MERGE_MS =
        3000, /* a point told by one weak door waits so long for another one's telling */
};

/* What was told of a change in one channel. Zeroed: nothing. A moment that was passed over (too old, not
 * wanted there) counts as told, but does not make the change known. */
struct moments_told {
    bool start, end, again, retracted;
    bool is_known;                 /* something of it was really told */
    enum change_status status;     /* as it was when its end was told */
    enum verdict_state verdict;    /* the last one that was really told; PENDING: none */
    enum verdict_stage seen_stage; /* of the last one that was told or passed over; LIVE: none */
    enum verdict_state seen;
};

enum moments_step { MOMENTS_NONE, MOMENTS_DUE, MOMENTS_LATER };

struct moments_next {
    enum moments_step step;
    enum moment moment; /* which is due, or will be */
    int64_t at_ms;      /* when it happened */
    int64_t look_ms;    /* later: when to look again */
};

/* 1. Open and nothing told: its start. Planned and queued changes are told when they start.
 *    One whose end lies ahead (a freeze until then): its start when it starts, its end then.
 * 2. Ended: its end, once; after it no start is told any more.
 * 3. A point that one door alone told of, and one which others often follow (a plain line, HTTP, ...),
 *    is told MOMENTS_MERGE_MS after it came.
 * 4. After the end: that it ended otherwise, or was retracted, each once.
 * 5. What was retracted before anything was told is never told.
 * 6. When nothing of that is due: its verdict, if it says otherwise than the last one told. Each is
 *    considered once. */
struct moments_next moments_next(const struct moments_told *told, const struct change *change,
                                 int64_t now_ms);
/* Notes a moment as told (is_told) or passed over. */
void moments_note(struct moments_told *told, enum moment moment, const struct change *change,
                  bool is_told);
/* "start", "end", "again", "retracted", "verdict". */
const char *moments_name(enum moment moment, const struct change *change);
