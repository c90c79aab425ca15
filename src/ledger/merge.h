/* When two tellings are one change, and what the one then is. Pure: no SQL, no clock.
 *
 * A door is a source: line, http, cli, hook/github, ... One door tells of a change once, by one key or,
 * without keys, in the same words; several doors tell of it each in their own. What somebody tells is
 * a point (it happened: a plain line, a curl) or a span (it runs, it ended so). A span knows more than
 * a point, whichever came first. */
#pragma once

#include "model/change.h"

enum {
    MERGE_SAME_MS =
        120 * 1000, /* two doors may be so far apart; the same door without a key, too */
    MERGE_RESULT_MS = 600 * 1000, /* it had succeeded; so much later it may still turn out failed */
};

/* Has this door told of it? *out_key: by which key, "" without one. */
bool merge_knows(const struct change *change, const char *source, const char **out_key);

/* Could `told` be another telling of `known`, whose keys do not say so? Posted events never are: each is
 * a row, as in Graphite.
 *   the same door    no keys that differ; same status, message and author, nothing that contradicts,
 *                    started within MERGE_SAME_MS; plain lines: the same second and value
 *   another door     a deploy, or what has the same revision or message; nothing that contradicts;
 *                    their spans come within MERGE_SAME_MS of each other */
bool merge_is_same(const struct change *known, const struct change *told);

/* What known becomes when told is another telling of it. By the door that told first: told's fields where
 * it has any. By another: what known does not have. Times and status: the span's before the point's; of two spans
 * the earliest start, the latest end and the further status. False: nothing changes. New strings and
 * lists are in the arena, others are shared. */
bool merge_into(struct change *known, const struct change *told, struct arena *arena);
