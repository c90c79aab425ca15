/* The live gate: looking again and again in the minutes after a change without crying wolf for it. The
 * largest of all looks so far is compared with the largest of as many looks at quiet times, so that
 * looking often is paid for. Pure. */
#pragma once

#include "impact/signs.h"

struct gate {
    float *quiet; /* the largest step within a horizon, at every stride-th point */
    size_t n, stride, day_points;
};

/* Points after a change at which the gate looks: 1, 2, 3, 5, ... The next one after n; 0: none within the
 * horizon. */
size_t gate_next_look(size_t n, size_t horizon);

void gate_learn(const struct signs *signs, const struct usual_grid *grid, struct arena *arena,
                struct gate *out);
/* The largest step, over the looks up to n points after p and the lags. */
float gate_largest(const struct signs *signs, size_t p, size_t n);
/* The chance of that at a quiet time before point `before`. 1: not known. */
double gate_chance(const struct gate *gate, float largest, size_t before, double *scratch);
