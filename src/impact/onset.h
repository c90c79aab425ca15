/* When did it begin, and which of the changes near it is its beginning? Pure. */
#pragma once

#include "impact/signs.h"

/* How likely each point is to be the onset: log likelihoods against nothing having happened, tempered, as
 * the noise is only roughly known. Points from..until, one for each. */
struct onset {
    size_t from, until;
    double *likely; /* until - from of them; -INFINITY: cannot be */
};

/* From a look (signs_look) at one metric over a span, at most two horizons. with_wild: it is known by its
 * wildness. io has room for all of the span's points. */
void onset_from_look(const struct signs *signs, const struct signs_span *span,
                     float *const look[SIGNS], bool with_wild, struct onset *io);
/* The likeliest point's value. */
double onset_most(const struct onset *onset, size_t *out_at);

/* Adds what one metric says of the onset to what several say together; each can be wrong by no more than a
 * limit. */
void onset_add(const struct onset *onset, struct onset *io);

/* A change that may have begun it, at that point or some points later. */
struct onset_candidate {
    size_t first;
    double weight; /* prior, against 1 for nobody */
};

struct onset_prior {
    double lag_points; /* mean of the exponential lag */
    double late_share; /* of the prior: later than that, evenly over half a horizon */
    size_t horizon;
    double none_weight;
};

/* shares[c]: that candidate c began it. Returns the share of none. */
double onset_shares(const struct onset *onset, const struct onset_candidate *candidates, size_t n,
                    const struct onset_prior *prior, double *shares);
