/* What the files behind panel.h share. */
#pragma once

#include "base/map.h"
#include "impact/panel.h"

/* The grid of metrics with that step and so much history. */
struct panel_grid panel_parts_grid(const struct panel_question *question, int64_t step_s,
                                   int64_t history_s);
/* Finds each leaf's step and how much history it has in it. */
MUST_CHECK bool panel_parts_probe(const struct panel_question *question, struct panel_metric *items,
                                  size_t n, struct err *err);
/* Puts a series onto the grid: sums or means of what falls into a point. */
void panel_parts_fit(const struct series *series, const struct panel_grid *grid, bool is_sum,
                     double *row);
/* How much history to try, the longest first, seconds. */
enum { PANEL_PARTS_HISTORIES = 6 };
extern const int64_t panel_parts_histories[PANEL_PARTS_HISTORIES];
