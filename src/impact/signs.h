/* The signs that something began at a point: how strongly each stands out there. Filters matched to a lasting
 * shift, at once or within some points, a pulse and a ramp, over normal scores of the innovations; how wild it
 * is; and plain contrasts of windows with the hours before, less what predicts them. Pure. */
#pragma once

#include "impact/tail.h"
#include "impact/usual.h"

enum sign {
    SIGN_STEP,
    SIGN_PULSE, /* of a third of the horizon */
    SIGN_RAMP,  /* over the whole horizon */
    SIGN_SOFT,  /* a step that takes a twentieth of it: a rollout, or a mean of the last minutes */
    SIGN_PEER_STEP, /* the same four, over what peers do not explain */
    SIGN_PEER_PULSE,
    SIGN_PEER_RAMP,
    SIGN_PEER_SOFT,
    SIGN_WILD,  /* further out than before, whichever way */
    SIGN_WHOLE, /* contrasts: the whole horizon, */
    SIGN_LATE,  /* its second half, */
    SIGN_THIRD, /* its first third, */
    SIGN_SIXTH, /* its first sixth */
    SIGNS
};

enum { SIGN_SHAPES = 4, SIGN_CONTRASTS = 4, SIGN_HORIZON_MAX = 1440 };

/* One metric's, kept. */
struct signs {
    size_t n_points, horizon, n_lags; /* an effect may begin so many points after the change */
    const float *scores[2];           /* less other services' metrics; less peers (NULL: none) */
    const float *wild;
    const float *spread;          /* of an innovation, at each point */
    float *shape[SIGN_SHAPES];    /* weights, horizon of them; sums of the first so many weights, */
    double *weights[SIGN_SHAPES]; /* and of their squares, 0 to horizon of them */
    double *squares[SIGN_SHAPES];
    float *contrast[SIGN_CONTRASTS]; /* standardised, at each point; 0: not known */
    float *contrast_sd;              /* of SIGN_WHOLE at each point, in the transformed unit */
    double season_weight; /* how much of earlier days' contrast at this time is expected, 0..1 */
    struct tail tails[SIGNS];
    bool has[SIGNS];
    float *stands; /* at each stride-th point: how much stands out there, on a scale of -log p */
    size_t stride, n_stands;
};

/* What contrasts are made from; of one metric, while learning. */
struct signs_contrast_input {
    const double *y;
    const float *control; /* expected by other services' metrics, standardised; NULL: by none */
    double noise_sd;      /* of an innovation */
};

/* Standardised contrasts of the whole horizon at each point, less their usual value at that time of day: by
 * them metrics are compared. */
struct signs_whole {
    float *contrast; /* n_points of them */
    float *row;      /* of the history, thinned out: the product of two is how they correlate */
    size_t n_row;
};

/* In the arena. Here and below, work holds what is needed meanwhile: the caller resets it. */
struct signs_whole signs_whole_contrast(const double *y, const struct usual_grid *grid,
                                        struct arena *arena, struct arena *work);

/* Fills all of out but scores, wild and spread, which are set before. is_constant: contrasts say nothing. */
void signs_learn(const struct usual *usual, const struct usual_grid *grid,
                 const struct signs_contrast_input *input, struct arena *arena, struct arena *work,
                 struct signs *out);
/* The contrasts, and what of them is kept; out is as for signs_learn. */
void signs_contrasts(const struct usual_grid *grid, const struct signs_contrast_input *input,
                     struct arena *work, struct signs *out);
/* Points to look at. since: what was before it is not of their kind, so that the level before a point is that
 * of the points from it on, however few; 0: everything counts. */
struct signs_span {
    size_t since, from, until;
};

/* Filters and wildness at each point of the span, from the points before its end alone: about normal where
 * nothing happens, 0 when there is nothing to see. out[sign][p - from]. Contrasts are left alone. */
void signs_look(const struct signs *signs, const struct signs_span *span, float *const out[SIGNS]);

/* What lasts from before a point, and is no news: a mean score, and how uncertain that is (a variance). */
struct signs_level {
    double mean, doubt;
};
struct signs_level signs_level_before(const struct signs *signs, const float *scores, size_t since,
                                      size_t p);
/* Contrasts look at the whole horizon, and are known only when that is over. */
bool signs_is_contrast(enum sign sign);
/* Its size regardless of direction; wildness only counts upwards. */
float signs_size(enum sign sign, float value);

/* How surprising these sizes are together, as -log of a chance: the harmonic mean of their p (Wilson
 * 2019). values[s] counts where known[s]. out_best (may be NULL): the most surprising one. */
double signs_surprise(const struct signs *signs, const float *values, const bool *known,
                      enum sign *out_best);
