/* What is usual for a metric, point by point: what its next value should be from its last ones, from this
 * time on earlier days and from other metrics; and what is left over, the innovations, as normal scores.
 * A robust, seasonal form of intervention analysis (Box and Tiao 1975). Pure. */
#pragma once

#include "base/arena.h"
#include "base/num.h"

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
    double response
        [USUAL_RESPONSE]; /* of the innovations to a lasting shift by 1 from point 0 on; what
                                        follows is as the last */
};

/* Learns from values (n_points of them, raw). All in the arena. */
void usual_learn(const double *values, const struct usual_grid *grid, struct arena *arena,
                 struct usual *out);

/* The value that transforms to y, and back; and the width in the metric's unit of a small step dy there. */
double usual_transform(const struct usual *usual, double value);
double usual_width(const struct usual *usual, double value, double dy);

/* Innovations less what those of other metrics explain: a new array in the arena, or NULL when none does.
 *   all, n, self  the panel's metrics and which is meant
 *   allowed       of each metric: may it be a control? NULL: all others; then the median of five single
 *                 predictions is taken, so that one or two controls that were hit themselves do no harm */
double *usual_less_controls(const struct usual *all, size_t n, size_t self, const bool *allowed,
                            const struct usual_grid *grid, struct arena *arena);

/* The spread of innovations over the history: what is far out counts little. Never 0 unless all are. */
double usual_sd(const double *innovation, size_t history, struct arena *work);

/* Innovations as normal scores (rank in the history, after division by their spread at that time: in the
 * last hours and at this time of day): 0 at gaps, at most 3.5 either way, variance 1 over the history.
 *   out_spread  n_points spreads, may be NULL
 *   out_wild    n_points scores of how far out a point is either way, mean 0, variance 1; may be NULL */
float *usual_scores(const double *innovation, double sd, const struct usual_grid *grid,
                    struct arena *arena, float **out_spread, float **out_wild);
