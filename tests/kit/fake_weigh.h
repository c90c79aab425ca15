/* A stand-in for impact/weigh.h, for tests of what stands around it: a metric moved when its mean after the change
 * is five deviations off; it began at the first point that far off, and the changes before that share it by
 * how near they were. To be included once, by the test. */
#pragma once

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "impact/weigh.h"

struct weigh {
    const struct weigh_panel *panel;
    struct weigh_options options;
};

struct weigh *weigh_new(const struct weigh_panel *panel, const struct weigh_options *options,
                        struct arena *arena)
{
    struct weigh *weigh = arena_alloc(arena, sizeof *weigh);
    *weigh = (struct weigh){panel, *options};
    return weigh;
}

static void fake_weigh_mean(const double *row, size_t from, size_t until, double *mean, double *sd)
{
    double sum = 0, squares = 0, n = 0;
    for (size_t i = from; i < until; i++) {
        if (is_gap(row[i]))
            continue;
        sum += row[i];
        squares += row[i] * row[i];
        n++;
    }
    *mean = n > 0 ? sum / n : (double)NAN;
    *sd = n > 0 ? sqrt(fmax(0, squares / n - *mean * *mean)) : (double)NAN;
}

/* shares[c] for each change, the rest is nobody's. */
static void fake_weigh_shares(const struct weigh *weigh, const struct weigh_changes *changes,
                              size_t onset, double *shares)
{
    const double minutes = 1440.0 / (double)weigh->panel->day_points;
    double all = 0.02;
    for (size_t c = 0; c < changes->n; c++) {
        const double lag = (double)onset - (double)changes->items[c].first;
        shares[c] = lag < 0 ? 0 : exp(-lag * minutes / 4);
        all += shares[c];
    }
    for (size_t c = 0; c < changes->n; c++)
        shares[c] /= all;
}

/* False: too few points. */
static bool fake_weigh_cell(const struct weigh *weigh, size_t m, size_t first, size_t until,
                            struct weigh_cell *out)
{
    const double *row = weigh->panel->values[m];
    const size_t from = first > weigh->options.horizon ? first - weigh->options.horizon : 0;
    double ignored, sd;
    *out = (struct weigh_cell){.p = 0.5, .share = 0, .rank = 100, .n_rank = 280};
    fake_weigh_mean(row, from, first, &out->before, &ignored);
    fake_weigh_mean(row, 0, first, &ignored, &sd);
    fake_weigh_mean(row, first, until, &out->after, &ignored);
    out->is_judged = !is_gap(out->before) && !is_gap(out->after);
    out->expected = out->before;
    out->expected_sd = sd;
    out->would_see = 5 * sd;
    out->direction = out->after > out->before ? VERDICT_UP : VERDICT_DOWN;
    if (!out->is_judged || !(fabs(out->after - out->before) > 5 * sd))
        return false;
    out->p = 1e-6;
    out->rank = 1;
    out->since = first;
    while (out->since + 1 < until && !(fabs(row[out->since] - out->before) > 5 * sd))
        out->since++;
    return true;
}

/* The signature is weigh.h's. */
void weigh_change(struct weigh *weigh, const struct weigh_changes *changes, size_t until,
                  struct weigh_cell *out, bool *out_is_broad)
{
    const struct weigh_change *own = &changes->items[changes->which];
    double *shares = mem_array(changes->n, double);
    size_t n_outside = 0, n_all_outside = 0;
    for (size_t m = 0; m < weigh->panel->n_metrics; m++) {
        const size_t first = own->first;
        n_all_outside += !own->in_scope[m];
        if (!fake_weigh_cell(weigh, m, first, until, &out[m]))
            continue;
        fake_weigh_shares(weigh, changes, out[m].since, shares);
        out[m].share = shares[changes->which];
        out[m].has_moved = out[m].share >= 0.5;
        out[m].chance = out[m].share;
        out[m].alarm = out[m].has_moved ? out[m].since - first + 1 : 0;
        n_outside += !own->in_scope[m];
    }
    mem_free(shares);
    if (out_is_broad)
        *out_is_broad = n_outside >= 3 && 2 * n_outside > n_all_outside;
}

/* The asker's time is taken for the onset. The signature is weigh.h's. */
void weigh_question(struct weigh *weigh, const struct weigh_question *question,
                    const struct weigh_changes *changes, double *shares, struct weigh_cell *out)
{
    const bool moved = fake_weigh_cell(weigh, question->metric, question->at, question->until, out);
    fake_weigh_shares(weigh, changes, out->since, shares);
    out->has_moved = moved;
    for (size_t c = 0; c < changes->n && !moved; c++)
        shares[c] = 0;
}
