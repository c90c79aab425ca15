/* What is usual for a metric, point by point: what its next value should be from its last ones, from this
 * time on earlier days and from other metrics; and what is left over, the innovations, as normal scores.
 * A robust, seasonal form of intervention analysis (Box and Tiao 1975). Pure. */
#pragma once

#include "base/arena.h"
#include "base/num.h"
#include "impact/controls.h"

enum usual_form {
    USUAL_PLAIN,
    USUAL_COUNT, /* whole numbers from 0: 2 sqrt(x + 3/8) (Anscombe 1948) has an even spread */
    USUAL_RATIO, /* positive over a wide range: log(x + a tenth of the median) */
};

enum {
    USUAL_RESPONSE = 65
}; /* points after which a shift is fully reflected in what is expected */

/* How the arrays of a panel lie in time. */
struct usual_grid {
    size_t n_points, day_points, horizon;
    size_t history; /* the points before it teach */
};

struct usual {
    enum usual_form form;
    double offset;      /* of USUAL_RATIO */
    bool is_known;      /* enough points to say anything; else nothing below is set */
    bool is_constant;   /* its history never moved */
    double *y;          /* transformed values; gaps stay */
    double *innovation; /* of each point; NAN where it or all before it is a gap */
    double sd;          /* of innovations, robust, never 0 */
    float *
        row; /* innovations of the history, thinned out, for comparing: the product of two metrics' rows
                   is how they correlate. Not of a constant one */
    size_t n_row;
    double response
        [USUAL_RESPONSE]; /* of the innovations to a lasting shift by 1 from point 0 on; what
                                        follows is as the last */
};

/* Learns from values (n_points of them, raw). What out keeps is in the arena; here and below, work holds
 * what is needed meanwhile: the caller resets it. */
void usual_learn(const double *values, const struct usual_grid *grid, struct arena *arena,
                 struct arena *work, struct usual *out);

/* The value that transforms to y, and back; and the width in the metric's unit of a small step dy there. */
double usual_transform(const struct usual *usual, double value);
double usual_width(const struct usual *usual, double value, double dy);

/* The metrics that go most with one of n: among those that cannot have been hit with it (apart[m]), and among
 * all others. None of a constant one. */
void usual_controls(const struct usual *all, size_t n, size_t self, const bool *apart,
                    struct controls *out_apart, struct controls *out_any);

/* Innovations less what those of its controls explain: a new array in the arena, or NULL when there are too few.
 * Of any controls the median of single predictions is taken, so that one or two that were hit themselves do no
 * harm. */
double *usual_less_apart(const struct usual *all, size_t self, const struct controls *controls,
                         const struct usual_grid *grid, struct arena *arena);
double *usual_less_any(const struct usual *all, size_t self, const struct controls *controls,
                       const struct usual_grid *grid, struct arena *arena);

/* The spread of innovations over the history: what is far out counts little. Never 0 unless all are. */
double usual_sd(const double *innovation, size_t history, struct arena *work);

/* How far innovations spread at each point, by what was before it: in the last hours and at this time of day.
 * n_points of them in the arena. */
float *usual_spreads(const double *innovation, double sd, const struct usual_grid *grid,
                     struct arena *arena, struct arena *work);

/* Innovations, divided by their spread, as normal scores, by rank in the history: 0 at gaps, at most 3.5
 * either way, variance 1 over the history. n_points of them in the arena. */
float *usual_scores(const double *innovation, const float *spread, const struct usual_grid *grid,
                    struct arena *arena, struct arena *work);

/* The same of how far out they are, either way: mean 0, variance 1. */
float *usual_wildness(const double *innovation, const float *spread, const struct usual_grid *grid,
                      struct arena *arena, struct arena *work);
