/* Which changes a graph in the terminal shows. Pure. */
#pragma once

#include "chart/chart.h"
#include "model/change.h"

/* The targets, in three kinds. Strings are lent. */
struct change_lines {
    const char **plain; /* drawn as lines */
    size_t n_plain;
    /* drawAsInfinite(events.…): lines at the ledger's changes, which are exact at any zoom. */
    const char **patterns;
    size_t n_patterns;
    const char **infinite; /* any other drawAsInfinite(…): lines where the series has values */
    size_t n_infinite;
};
struct change_lines change_lines_sort(const char *const *targets, size_t n, struct arena *arena);

/* The changes to draw, oldest first: those whose series a pattern names; all of them when there is
 * no drawAsInfinite among the targets. changes: newest first. err: ERR_INPUT for a pattern that is
 * none. */
struct change_lines_out {
    struct chart_change *items;
    size_t n;
};
MUST_CHECK bool change_lines_pick(const struct change_lines *lines,
                                  const struct change_list *changes, struct arena *arena,
                                  struct change_lines_out *out, struct err *err);
