/* The y axis as numbers: from the range of the data to round limits, steps and labels. Pure;
 * thread: any. Nothing here knows pixels. */
#pragma once

#include "base/err.h"
#include "chart/graphite_axis.h"
#include "chart/options.h"

enum {
    SCALE_TICKS_MAX = 64, /* more labels than that are never read */
    SCALE_LABEL_BYTES = 40,
};

/* Values beyond this are drawn at it, so that no difference of two overflows. */
#define SCALE_VALUE_MAX 1e300

struct scale_ask {
    double low, high; /* of the data; NaN, NaN: there is none */
    struct option_axis axis;
    enum unit_system units;
    double log_base;          /* 0: linear */
    const unsigned *divisors; /* numbers of divisions that are welcome */
    size_t n_divisors;        /* at least 1 */
    bool from_zero;           /* an area stands on 0: let it be seen */
    bool keeps_divisions;     /* exactly divisors[0] steps, so that two axes share their lines */
};

struct scale {
    double bottom, top; /* bottom < top */
    double step;        /* linear: between two ticks */
    double log_base;    /* 0: linear */
    double ticks[SCALE_TICKS_MAX];
    size_t n_ticks;
    enum unit_system units;
    bool is_graphite;
    struct graphite_axis graphite; /* when is_graphite: what labels are made of */
    double unit;                   /* what all labels are divided by */
    const char *unit_text;         /* "k", "Mi", "e-13", ... */
    int n_decimals;
    char exponent[8]; /* where unit_text lives when it is an exponent */
};

/* err: ERR_INPUT when the asked minimum is not below the asked maximum. */
MUST_CHECK bool scale_make(const struct scale_ask *ask, struct scale *out, struct err *err);

/* Graphite's own axis. */
void scale_of_graphite(const struct graphite_axis *axis, double log_base, struct scale *out);

/* Where a value lies: 0 at the bottom, 1 at the top, may be outside (kept to -100..100); NaN for
 * a gap and for what a logarithm does not have. */
double scale_share(const struct scale *scale, double value);

/* The label of a value; of ticks mostly. */
void scale_label(const struct scale *scale, double value, char out[SCALE_LABEL_BYTES]);
