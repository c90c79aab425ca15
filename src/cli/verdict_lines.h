/* Verdicts at the terminal: behind a change's message, below it, and counted. Pure. What others named is
 * shown clean. */
#pragma once

#include "cli/log_text.h"

/* "php.warnings x37", of what moved the worst; "saw >= 6%", when nothing did: what is smaller than that
 * could have been missed. Nothing when there is nothing to say. */
void verdict_lines_brief(const struct verdict *verdict, struct buf *out);

/* "13 no harm, 1 improved, 1 harm, 1 cannot tell, 2 pending". False, and nothing, when none of them was
 * judged. */
bool verdict_lines_totals(const struct change_list *changes, struct buf *out);

/* "HARM after 15m, 3 of 42 moved, revised", then a line a metric: what moved, by how much, since when; what
 * would have been seen; what was not looked at and why. Each begins with `indent`. */
void verdict_lines_all(const struct verdict *verdict, const struct log_text_look *look,
                       const char *indent, struct buf *out);

/* The escape that begins its colour, "" for none: red is harm, green is not. */
const char *verdict_lines_colour(enum verdict_state state);
