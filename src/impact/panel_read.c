#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "impact/panel_parts.h"

enum {
    PROBE_BATCH = 1000,
    READ_BATCH = 16, /* whole series in memory beside the rows: some MB each at most */
};

const int64_t panel_parts_histories[PANEL_PARTS_HISTORIES] = {14 * 86400, 7 * 86400, 3 * 86400,
                                                              36 * 3600,  12 * 3600, 4 * 3600};

/* ---- grids ---- */

static int64_t round_down(int64_t s, int64_t step_s)
{
    return s - s % step_s;
}

struct panel_grid panel_parts_grid(const struct panel_question *question, int64_t step_s,
                                   int64_t history_s)
{
    const int64_t from_s = max_i64(0, round_down(question->at_s - history_s, step_s));
    const int64_t until_s = max_i64(round_down(question->until_s, step_s), from_s + step_s);
    return (struct panel_grid){from_s, step_s, (size_t)((until_s - from_s) / step_s)};
}

void panel_parts_fit(const struct series *series, const struct panel_grid *grid, bool is_sum,
                     double *row)
{
    const int64_t until_s = grid->from_s + (int64_t)grid->n * grid->step_s;
    double sum = 0;
    size_t n = 0, at = 0;
    series_set_gaps(row, grid->n);
    for (size_t i = 0; i < series->n_points; i++) {
        const int64_t t_s = series->start_s + (int64_t)i * series->step_s;
        if (t_s < grid->from_s || t_s >= until_s || is_gap(series->values[i]))
            continue;
        const size_t k = (size_t)((t_s - grid->from_s) / grid->step_s);
        if (k != at || !n) {
            sum = 0;
            n = 0;
            at = k;
        }
        sum += series->values[i];
        n++;
        row[k] = is_sum ? sum : sum / (double)n;
    }
}

/* ---- how fine, how far back ---- */

struct probe {
    const struct panel_question *question;
    struct panel_metric *items;
    size_t *open; /* those that are not as fine as wanted yet */
    size_t n_open;
};

/* The last point alone says the step of the archive that reaches back so far. */
static struct source_span probe_span(const struct panel_question *question, int64_t history_s)
{
    return (struct source_span){
        .from_s = max_i64(0, min_i64(question->until_s, question->now_s) - 1),
        .until_s = question->until_s,
        .now_s = question->now_s,
        .age_s = question->now_s - (question->at_s - history_s),
    };
}

/* Takes what was read of one. False: a shorter history may be finer. */
static bool take_step(const struct probe *probe, struct panel_metric *metric,
                      const struct series *series, int64_t history_s)
{
    const int64_t wanted_s = probe->question->step_s;
    const int64_t step_s = series ? series->step_s : 0;
    if (!step_s)
        return false;
    if (!metric->step_s || max_i64(step_s, wanted_s) < metric->step_s) {
        metric->step_s = max_i64(step_s, wanted_s);
        metric->history_s = history_s;
    }
    return step_s <= wanted_s;
}

static bool probe_once(struct probe *probe, int64_t history_s, struct err *err)
{
    const struct source *source = &probe->question->options->source;
    const struct source_span span = probe_span(probe->question, history_s);
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    size_t n_open = 0;
    for (size_t done = 0; done < probe->n_open;) {
        struct source_node leaves[PROBE_BATCH];
        struct series *got[PROBE_BATCH];
        const size_t n = min_size(PROBE_BATCH, probe->n_open - done);
        for (size_t i = 0; i < n; i++)
            leaves[i] = probe->items[probe->open[done + i]].node;
        arena_reset(&arena);
        if (!source->ops->read(source->self, leaves, n, &span, &arena, got, err))
            return false;
        for (size_t i = 0; i < n; i++) {
            const size_t which = probe->open[done + i];
            if (!take_step(probe, &probe->items[which], got[i], history_s))
                probe->open[n_open++] = which;
        }
        done += n;
    }
    probe->n_open = n_open;
    return true;
}

bool panel_parts_probe(const struct panel_question *question, struct panel_metric *items, size_t n,
                       struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct probe probe = {question, items, arena_array(&arena, n + 1, size_t), 0};
    for (size_t i = 0; i < n; i++)
        if (!items[i].row)
            probe.open[probe.n_open++] = i;
    for (size_t h = 0; h < PANEL_PARTS_HISTORIES && probe.n_open; h++)
        if (!probe_once(&probe, panel_parts_histories[h], err))
            return false;
    return true;
}

/* ---- slices ---- */

static int compare_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* One grid after the other, within it one service after the other, in the list's own order. */
static int by_grid(const void *a, const void *b)
{
    const struct panel_metric *x = *(struct panel_metric *const *)a;
    const struct panel_metric *y = *(struct panel_metric *const *)b;
    int order = compare_i64(x->step_s, y->step_s);
    if (!order)
        order = compare_i64(x->history_s, y->history_s);
    if (!order)
        order = compare_i64(x->service, y->service);
    return order ? order : (x > y) - (x < y);
}

static bool is_one_grid(const struct panel_metric *a, const struct panel_metric *b)
{
    return a->step_s == b->step_s && a->history_s == b->history_s;
}

/* How many of metrics[0..n) the next slice takes: whole services, unless the first is too large. */
static size_t slice_size(struct panel_metric *const *metrics, size_t n)
{
    if (n <= PANEL_SLICE_MAX)
        return n;
    for (size_t i = PANEL_SLICE_MAX; i > PANEL_SLICE_MAX / 2; i--)
        if (metrics[i]->service != metrics[i - 1]->service)
            return i;
    return PANEL_SLICE_MAX;
}

static bool is_service_of(const struct panel_slice *slice, uint32_t service)
{
    for (size_t i = 0; i < slice->n; i++)
        if (slice->metrics[i]->service == service)
            return true;
    return false;
}

/* Metrics of services that the slice has not, vital ones first, then evenly over the others. */
static void add_controls(struct panel_slice *slice, struct panel_metric *const *all, size_t n)
{
    const size_t stride = max_size(1, n / PANEL_CONTROLS_MAX);
    if (slice->n == n)
        return;
    for (size_t pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < n && slice->n_controls < PANEL_CONTROLS_MAX;
             i += pass ? stride : 1) {
            if ((all[i]->vital == NULL) != pass || is_service_of(slice, all[i]->service))
                continue;
            slice->metrics[slice->n + slice->n_controls++] = all[i];
        }
}

/* All slices of metrics[0..n), which have one grid. */
static size_t cut_grid(const struct panel_question *question, struct panel_metric *const *metrics,
                       size_t n, struct arena *arena, struct panel_slice *out)
{
    size_t n_slices = 0;
    for (size_t done = 0; done < n;) {
        struct panel_slice *slice = &out[n_slices++];
        slice->grid = panel_parts_grid(question, metrics[0]->step_s, metrics[0]->history_s);
        slice->n = slice_size(metrics + done, n - done);
        slice->metrics = arena_array(arena, slice->n + PANEL_CONTROLS_MAX, struct panel_metric *);
        memcpy(slice->metrics, metrics + done, slice->n * sizeof(struct panel_metric *));
        add_controls(slice, metrics, n);
        done += slice->n;
    }
    return n_slices;
}

void panel_cut(const struct panel_question *question, const struct panel_list *list,
               struct arena *arena, struct panel_slice **out, size_t *out_n)
{
    struct panel_metric **order = arena_array(arena, list->n + 1, struct panel_metric *);
    size_t n = 0, n_slices = 0;
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].step_s)
            order[n++] = &list->items[i];
    if (n)
        qsort(order, n, sizeof(struct panel_metric *), by_grid);
    /* Each takes at least half of the most, but for the last of a grid. */
    struct panel_slice *slices = arena_zarray(arena, n + 1, struct panel_slice);
    for (size_t begin = 0, end; begin < n; begin = end) {
        for (end = begin + 1; end < n && is_one_grid(order[end], order[begin]);)
            end++;
        n_slices += cut_grid(question, order + begin, end - begin, arena, slices + n_slices);
    }
    *out = slices;
    *out_n = n_slices;
}

/* ---- reading ---- */

static bool read_batch(const struct panel_question *question, const struct panel_slice *slice,
                       size_t from, double **rows, struct err *err)
{
    const struct source *source = &question->options->source;
    const struct panel_grid *grid = &slice->grid;
    const struct source_span span = {
        .from_s = grid->from_s,
        .until_s = grid->from_s + (int64_t)grid->n * grid->step_s,
        .now_s = question->now_s,
        /* As it was probed: the grid's beginning may lie a little before. */
        .age_s = question->now_s - (question->at_s - slice->metrics[from]->history_s),
    };
    struct source_node leaves[READ_BATCH];
    struct series *got[READ_BATCH];
    size_t which[READ_BATCH], n = 0;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    for (size_t i = from; i < min_size(from + READ_BATCH, slice->n + slice->n_controls); i++) {
        if (slice->metrics[i]->row)
            continue;
        leaves[n] = slice->metrics[i]->node;
        which[n++] = i;
    }
    if (n && !source->ops->read(source->self, leaves, n, &span, &arena, got, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (got[i])
            panel_parts_fit(got[i], grid, slice->metrics[which[i]]->is_sum, rows[which[i]]);
    return true;
}

bool panel_read(const struct panel_question *question, const struct panel_slice *slice,
                struct arena *arena, double ***out_rows, struct err *err)
{
    const size_t n = slice->n + slice->n_controls;
    double **rows = arena_array(arena, n, double *);
    for (size_t i = 0; i < n; i++) {
        rows[i] = slice->metrics[i]->row;
        if (rows[i])
            continue;
        rows[i] = arena_array(arena, slice->grid.n, double);
        series_set_gaps(rows[i], slice->grid.n);
    }
    for (size_t from = 0; from < n; from += READ_BATCH)
        if (!read_batch(question, slice, from, rows, err))
            return false;
    *out_rows = rows;
    return true;
}

enum panel_lack panel_lack_of(const double *row, const struct panel_grid *grid, size_t first,
                              size_t until)
{
    size_t n_before = 0, n_after = 0;
    for (size_t i = 0; i < min_size(until, grid->n); i++) {
        n_before += i < first && !is_gap(row[i]);
        n_after += i >= first && !is_gap(row[i]);
    }
    if (!n_before)
        return PANEL_NO_POINTS;
    if ((int64_t)n_before * grid->step_s < PANEL_TOO_SHORT_S)
        return PANEL_SHORT;
    if (n_after)
        return PANEL_HAS_ALL;
    return until >= first + PANEL_SILENT_POINTS ? PANEL_SILENT : PANEL_WAITING;
}
