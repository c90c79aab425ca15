#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "impact/numbers.h"
#include "impact/slice.h"

static const double NORMAL_95 = 1.96; /* 95 of 100 lie within so many deviations */

int64_t slice_step_s(int64_t horizon_s)
{
    return horizon_s <= SLICE_FINE_HORIZON_S ? SLICE_FINE_S : SLICE_COARSE_S;
}

size_t slice_first(const struct panel_grid *grid, int64_t at_s)
{
    if (at_s <= grid->from_s)
        return 0;
    return min_size((size_t)((at_s - grid->from_s) / grid->step_s), grid->n);
}

static bool is_own(const struct impact_rules *rules, const struct change *change, const char *name)
{
    return rules_in_scope(rules, change->service, name);
}

struct weigh_changes slice_changes(const struct slice *slice, const struct impact_rules *rules,
                                   const struct change *changes, size_t n, struct arena *arena)
{
    struct weigh_change *out = arena_array(arena, n + 1, struct weigh_change);
    for (size_t c = 0; c < n; c++) {
        bool *in_scope = arena_array(arena, slice->n + 1, bool);
        for (size_t m = 0; m < slice->n; m++)
            in_scope[m] = is_own(rules, &changes[c], slice->metrics[m]->name);
        out[c] =
            (struct weigh_change){slice_first(&slice->grid, changes[c].start_ms / 1000), in_scope};
    }
    return (struct weigh_changes){out, n, 0};
}

/* Where the first point of all rows is. Of the slice's own: what others had before teaches nothing about them. */
static size_t first_point(const double *const *rows, size_t n, size_t n_points)
{
    size_t first = n_points;
    for (size_t m = 0; m < n; m++)
        for (size_t i = 0; i < first; i++)
            if (!is_gap(rows[m][i]))
                first = i;
    return first;
}

static void learn(struct slice *slice, struct arena *arena)
{
    struct weigh_panel *panel = arena_alloc(arena, sizeof *panel);
    uint32_t *groups = arena_array(arena, slice->n, uint32_t);
    for (size_t m = 0; m < slice->n; m++)
        groups[m] = slice->metrics[m]->service;
    *panel = (struct weigh_panel){
        .values = slice->rows,
        .groups = groups,
        .n_metrics = slice->n,
        .n_points = slice->grid.n,
        .day_points = (size_t)(86400 / slice->grid.step_s),
    };
    const struct weigh_options options = {
        .horizon = slice->horizon, .history = slice->first, .has_gate = slice->has_gate};
    slice->weigh = weigh_new(panel, &options, arena);
}

/* Takes over the rows that can be weighed. */
static void take_rows(const struct panel_slice *from, double **rows, const enum panel_lack *lacks,
                      struct arena *arena, struct slice *out)
{
    const size_t n = from->n + from->n_controls;
    out->metrics = arena_array(arena, n, struct panel_metric *);
    out->rows = arena_array(arena, n, const double *);
    for (size_t i = 0; i < n; i++) {
        const bool is_good = i < from->n ? lacks[i] == PANEL_HAS_ALL
                                         : panel_lack_of(rows[i], &from->grid, out->first,
                                                         from->grid.n) == PANEL_HAS_ALL;
        if (!is_good)
            continue;
        out->metrics[out->n] = from->metrics[i];
        out->rows[out->n++] = rows[i];
        out->n_own += i < from->n;
    }
}

static void drop_beginning(struct slice *slice)
{
    const size_t skip =
        min_size(first_point(slice->rows, slice->n_own, slice->grid.n), slice->first);
    for (size_t m = 0; m < slice->n; m++)
        slice->rows[m] += skip;
    slice->grid.from_s += (int64_t)skip * slice->grid.step_s;
    slice->grid.n -= skip;
    slice->first -= skip;
}

bool slice_load(const struct panel_question *question, const struct panel_slice *slice,
                int64_t horizon_s, struct arena *arena, enum panel_lack *lacks, struct slice *out,
                struct err *err)
{
    double **rows;
    const int64_t step_s = slice->grid.step_s;
    const int64_t points = (horizon_s + step_s - 1) / step_s;
    *out = (struct slice){
        .has_gate = out->has_gate,
        .grid = slice->grid,
        .first = slice_first(&slice->grid, question->at_s),
        .horizon = (size_t)max_i64(SLICE_HORIZON_MIN, min_i64(points, SLICE_HORIZON_MAX)),
    };
    if (!panel_read(question, slice, arena, &rows, err))
        return false;
    for (size_t i = 0; i < slice->n; i++)
        lacks[i] = panel_lack_of(rows[i], &slice->grid, out->first, slice->grid.n);
    take_rows(slice, rows, lacks, arena, out);
    if (!out->n_own)
        return true;
    drop_beginning(out);
    learn(out, arena);
    return true;
}

/* ---- as a verdict shows it ---- */

/* Half of it lies before the change; each value is the mean of as many points. */
static void draw_spark(const struct slice *slice, size_t m, struct verdict_metric *out)
{
    const size_t half = VERDICT_SPARK_MAX / 2, first = slice->first;
    const size_t each = (slice->horizon + half - 1) / half;
    const size_t n_before = min_size(half, first / each);
    for (size_t i = 0; i < n_before; i++) {
        const size_t from = first - (n_before - i) * each;
        out->spark[i] = numbers_mean(slice->rows[m], from, from + each);
    }
    out->spark_change = (uint32_t)n_before;
    out->n_spark = out->spark_change;
    for (size_t from = first; from < slice->grid.n && out->n_spark < VERDICT_SPARK_MAX;
         from += each)
        out->spark[out->n_spark++] =
            numbers_mean(slice->rows[m], from, min_size(from + each, slice->grid.n));
}

struct verdict_metric slice_metric(const struct slice *slice, size_t m,
                                   const struct impact_rules *rules, const struct weigh_cell *cell,
                                   size_t since)
{
    const struct panel_metric *metric = slice->metrics[m];
    struct verdict_metric out = {
        .name = metric->name,
        .direction = cell->direction,
        .harm = rules_harm(rules, metric->vital, metric->name, cell->direction),
        .is_vital = metric->vital != NULL,
        .before = cell->before,
        .after = cell->after,
        .effect = cell->after - cell->expected,
        .usual_low = cell->expected - NORMAL_95 * cell->expected_sd,
        .usual_high = cell->expected + NORMAL_95 * cell->expected_sd,
        .p = cell->p,
        .rank = cell->rank,
        .n_rank = cell->n_rank,
        .share = cell->share,
        .would_see = cell->would_see,
    };
    if (since != SIZE_MAX)
        out.since_s = slice->grid.from_s + (int64_t)since * slice->grid.step_s;
    draw_spark(slice, m, &out);
    return out;
}
