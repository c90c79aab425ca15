#include "impact/controls.h"

#include <math.h>

void controls_add(struct controls *controls, size_t n_max, size_t which, double correlation)
{
    size_t at = controls->n;
    if (at == n_max) {
        if (fabs(correlation) <= fabs(controls->correlation[n_max - 1]))
            return;
        at--;
    } else
        controls->n++;
    for (; at > 0 && fabs(controls->correlation[at - 1]) < fabs(correlation); at--) {
        controls->which[at] = controls->which[at - 1];
        controls->correlation[at] = controls->correlation[at - 1];
    }
    controls->which[at] = which;
    controls->correlation[at] = correlation;
}
