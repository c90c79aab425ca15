/* For tests of the statistics: metrics of noise by the minute, and what a change did to them. One thread. */
#pragma once

#include <string.h>

#include "impact/numbers.h"
#include "impact/weigh.h"
#include "kit/kit.h"

enum { SITE_METRICS_MAX = 48, SITE_CHANGES_MAX = 8 };

/* Metrics 0..n_own - 1 are one service's, each of the others is a service by itself. */
struct site {
    double *values[SITE_METRICS_MAX];
    uint32_t groups[SITE_METRICS_MAX];
    bool own[SITE_METRICS_MAX], other[SITE_METRICS_MAX]; /* scopes */
    struct weigh_panel panel;
    struct weigh_options options;
    struct weigh_change list[SITE_CHANGES_MAX];
    struct weigh_changes changes;
    struct weigh_cell cells[SITE_METRICS_MAX];
};

/* A standard normal number. */
static inline double site_normal(void)
{
    return numbers_normal_quantile(((double)(kit_random() >> 12) + 0.5) * 0x1p-52);
}

/* A chance with that mean, by Knuth's product; for small means. */
static inline double site_count(double mean)
{
    double left = exp(-mean), product = kit_random_share(), n = 0;
    for (; product > left; n++)
        product *= kit_random_share();
    return n;
}

/* Noise of standard deviation 1 around 100; horizon 60, days of 1440 points, all but the last horizon is
 * history. In the test's arena. */
static inline struct site *site_new(size_t n_own, size_t n_others, size_t n_points)
{
    struct site *site = arena_zalloc(&kit_arena, sizeof *site);
    size_t n = n_own + n_others;
    for (size_t m = 0; m < n; m++) {
        site->values[m] = arena_array(&kit_arena, n_points, double);
        for (size_t i = 0; i < n_points; i++)
            site->values[m][i] = 100 + site_normal();
        site->groups[m] = m < n_own ? 0 : (uint32_t)m;
        site->own[m] = m < n_own;
        site->other[m] = m >= n_own;
    }
    site->panel = (struct weigh_panel){
        .values = (const double *const *)site->values,
        .groups = site->groups,
        .n_metrics = n,
        .n_points = n_points,
        .day_points = 1440,
    };
    site->options = (struct weigh_options){60, n_points > 60 ? n_points - 60 : 0, true};
    site->changes.items = site->list;
    return site;
}

static inline void site_shift(struct site *site, size_t m, size_t from, size_t until, double by)
{
    for (size_t i = from; i < until && i < site->panel.n_points; i++)
        site->values[m][i] += by;
}

static inline void site_fill(struct site *site, size_t m, size_t from, size_t until, double value)
{
    for (size_t i = from; i < until && i < site->panel.n_points; i++)
        site->values[m][i] = value;
}

/* A wave of a day, of that height either way. */
static inline void site_wave(struct site *site, size_t m, double height)
{
    for (size_t i = 0; i < site->panel.n_points; i++)
        site->values[m][i] += height * sin(2 * M_PI * (double)i / 1440);
}

/* A change of the own service, or of all the others'. */
static inline void site_change(struct site *site, size_t first, bool is_own)
{
    site->list[site->changes.n++] = (struct weigh_change){first, is_own ? site->own : site->other};
}

static inline struct weigh *site_learn(struct site *site)
{
    return weigh_new(&site->panel, &site->options, &kit_arena);
}

/* One change of the own service, at first, weighed over its horizon by what was learnt; the first metric's cell. */
static inline const struct weigh_cell *site_weigh_by(struct weigh *weigh, struct site *site,
                                                     size_t first)
{
    site->changes.n = 0;
    site_change(site, first, true);
    weigh_change(weigh, &site->changes, first + site->options.horizon, site->cells, NULL);
    return site->cells;
}

/* The same, learnt from all before it. */
static inline const struct weigh_cell *site_weigh(struct site *site, size_t first)
{
    site->options.history = first;
    return site_weigh_by(site_learn(site), site, first);
}

/* The same in every bit. */
static inline bool site_same(const struct weigh_cell *a, const struct weigh_cell *b)
{
    const double x[] = {a->p,     a->share,    a->chance,      a->before,
                        a->after, a->expected, a->expected_sd, a->would_see};
    const double y[] = {b->p,     b->share,    b->chance,      b->before,
                        b->after, b->expected, b->expected_sd, b->would_see};
    for (size_t i = 0; i < COUNT_OF(x); i++)
        if (x[i] != y[i] && !(is_gap(x[i]) && is_gap(y[i])))
            return false;
    return a->is_judged == b->is_judged && a->has_moved == b->has_moved &&
           a->direction == b->direction && a->rank == b->rank && a->n_rank == b->n_rank &&
           a->since == b->since && a->alarm == b->alarm;
}
