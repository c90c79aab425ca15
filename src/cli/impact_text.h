/* A change's impact, for people and for programs. Pure. */
#pragma once

#include "base/tz.h"
#include "cli/judged.h"

struct impact_look {
    bool has_colour, has_utf8;
    bool has_all;  /* every metric that did not move, too */
    bool is_moved; /* only those that moved */
    const struct tz *tz;
};

/* The change, its verdict, a table of what moved, what did not with what would have been seen, what could not
 * be judged, and why. Clean. */
void impact_text(const struct judged *judged, const struct impact_look *look, struct arena *arena,
                 struct buf *out);
/* For programs: moved or unmoved, metric, before, after, delta, rank, of, since (UTC, ISO 8601), would see;
 * tab-separated; empty is not known. */
void impact_text_rows(const struct judged *judged, const struct impact_look *look, struct buf *out);

/* Both verdicts, then a line for each metric that either has: how it moved in the one and in the other. */
void impact_text_diff(const struct judged *first, const struct judged *second,
                      const struct impact_look *look, struct arena *arena, struct buf *out);
/* For programs: metric; of each of the two: moved, unmoved or "", before, after, delta; tab-separated. */
void impact_text_diff_rows(const struct judged *first, const struct judged *second,
                           struct arena *arena, struct buf *out);
