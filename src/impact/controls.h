/* The metrics that go most with another one, the closest first. Pure. */
#pragma once

#include "base/base.h"

enum { CONTROLS_MAX = 5 };

struct controls {
    size_t which[CONTROLS_MAX];
    double correlation[CONTROLS_MAX];
    size_t n;
};

/* Takes it in when it is among the n_max (at most CONTROLS_MAX) with the largest correlation either way. */
void controls_add(struct controls *controls, size_t n_max, size_t which, double correlation);
