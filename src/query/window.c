#include "query/window.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

enum {
    WIDTH_DIRECT =
        64, /* narrower windows are aggregated afresh: exact to the last bit, fast enough */
};
static const double WORK_MAX = 5e8; /* additions of one call; about a second */

static size_t n_places(const struct window *window)
{
    return window->n > window->width ? window->n - window->width : 0;
}

/* The place's newest value. */
static size_t newest(const struct window *window, size_t place)
{
    return place + window->width;
}

/* ---- afresh ---- */

static void slide_direct(const struct window *window, double *out)
{
    CLEANUP(mem_done) double *present = mem_array(2 * window->width + 1, double);
    for (size_t p = 0; p < n_places(window); p++) {
        size_t n = 0;
        for (size_t i = newest(window, p) - window->width + 1; i <= newest(window, p); i++)
            if (!is_gap(window->values[i]))
                present[n++] = window->values[i];
        out[p] = agg_run(window->how, present, n, present + window->width);
    }
}

/* ---- sums: kept in two doubles, so that what was added can be taken away again without a trace ---- */

struct running {
    double high, low;
    size_t n, n_inf, n_minus_inf;
};

/* Knuth's two-sum: the rounding error of high + v is added to low. sign -1 takes v away. */
static void running_add(struct running *running, double v, int sign)
{
    if (is_gap(v))
        return;
    running->n += (size_t)sign;
    if (isinf(v)) {
        if (v > 0)
            running->n_inf += (size_t)sign;
        else
            running->n_minus_inf += (size_t)sign;
        return;
    }
    v *= sign;
    const double sum = running->high + v;
    const double part = sum - running->high;
    running->low += (running->high - (sum - part)) + (v - part);
    running->high = sum;
}

static double running_sum(const struct running *running)
{
    if (running->n_inf || running->n_minus_inf)
        return (running->n_inf ? HUGE_VAL : 0) - (running->n_minus_inf ? HUGE_VAL : 0);
    return running->high + running->low;
}

/* The oldest value in the window, from *io_at on. */
static double oldest(const struct window *window, size_t place, size_t *io_at)
{
    const size_t first = newest(window, place) - window->width + 1;
    if (*io_at < first)
        *io_at = first;
    while (*io_at < newest(window, place) && is_gap(window->values[*io_at]))
        ++*io_at;
    return window->values[*io_at];
}

static void slide_sums(const struct window *window, double *out)
{
    struct running running = {0};
    size_t at = 0;
    for (size_t i = 1; i < window->width; i++)
        running_add(&running, window->values[i], 1);
    for (size_t p = 0; p < n_places(window); p++) {
        running_add(&running, window->values[newest(window, p)], 1);
        if (p > 0)
            running_add(&running, window->values[p], -1);
        const double sum = running_sum(&running);
        if (running.n == 0)
            out[p] = NAN;
        else if (window->how == AGG_DIFF)
            out[p] = 2 * oldest(window, p, &at) - sum;
        else
            out[p] = window->how == AGG_SUM ? sum : sum / (double)running.n;
    }
}

/* ---- extremes: only the values that no newer one beats are remembered, best first ---- */

static void slide_extremes(const struct window *window, double sign, double *out)
{
    CLEANUP(mem_done) size_t *best = mem_array(window->n, size_t);
    size_t first = 0, end = 0;
    for (size_t i = 1; i < window->n; i++) {
        const double v = window->values[i];
        while (!is_gap(v) && end > first && sign * window->values[best[end - 1]] >= sign * v)
            end--;
        if (!is_gap(v))
            best[end++] = i;
        if (first < end && best[first] + window->width <= i)
            first++;
        if (i >= window->width)
            out[i - window->width] = first < end ? window->values[best[first]] : NAN;
    }
}

static void slide_range(const struct window *window, double *out)
{
    CLEANUP(mem_done) double *low = mem_array(n_places(window), double);
    slide_extremes(window, 1, low);
    slide_extremes(window, -1, out);
    for (size_t p = 0; p < n_places(window); p++)
        out[p] -= low[p];
}

/* ---- median: the window's values in order ---- */

struct sorted {
    double *values;
    size_t n;
};

/* The first place whose value is not below v. */
static size_t sorted_place(const struct sorted *sorted, double v)
{
    size_t low = 0, high = sorted->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (sorted->values[mid] < v)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void sorted_put(struct sorted *sorted, double v)
{
    if (is_gap(v))
        return;
    size_t at = sorted_place(sorted, v);
    memmove(sorted->values + at + 1, sorted->values + at, (sorted->n++ - at) * sizeof(v));
    sorted->values[at] = v;
}

static void sorted_drop(struct sorted *sorted, double v)
{
    if (is_gap(v))
        return;
    size_t at = sorted_place(sorted, v);
    memmove(sorted->values + at, sorted->values + at + 1, (--sorted->n - at) * sizeof(v));
}

static void slide_median(const struct window *window, double *out)
{
    CLEANUP(mem_done) double *values = mem_array(window->width + 1, double);
    struct sorted sorted = {values, 0};
    for (size_t i = 1; i < window->n; i++) {
        sorted_put(&sorted, window->values[i]);
        if (i > window->width)
            sorted_drop(&sorted, window->values[i - window->width]);
        if (i < window->width)
            continue;
        const size_t mid = sorted.n / 2;
        double *median = &out[i - window->width];
        if (sorted.n % 2)
            *median = values[mid];
        else
            *median = sorted.n ? (values[mid - 1] + values[mid]) / 2 : NAN;
    }
}

/* ---- what is present ---- */

static void slide_last(const struct window *window, double *out)
{
    double last = NAN;
    for (size_t i = 1; i < window->n; i++) {
        if (!is_gap(window->values[i]))
            last = window->values[i];
        if (i >= window->width)
            out[i - window->width] = last; /* one that fell out leaves an empty window behind */
    }
}

/* Gaps where too few are there; counts where those are wanted. */
static void finish(const struct window *window, double *out)
{
    size_t present = 0;
    for (size_t i = 1; i < window->n; i++) {
        present += !is_gap(window->values[i]);
        if (i < window->width)
            continue;
        if (i > window->width)
            present -= !is_gap(window->values[i - window->width]);
        const double share = (double)present / (double)window->width;
        if (present == 0 || share < window->x_files_factor)
            out[i - window->width] = NAN;
        else if (window->how == AGG_COUNT)
            out[i - window->width] = (double)present;
    }
}

static bool is_direct(const struct window *window)
{
    return window->width <= WIDTH_DIRECT || window->how == AGG_STDDEV ||
           window->how == AGG_MULTIPLY;
}

static void slide(const struct window *window, double *out)
{
    switch (window->how) {
    case AGG_AVERAGE:
    case AGG_AVG_ZERO:
    case AGG_SUM:
    case AGG_DIFF:
        slide_sums(window, out);
        break;
    case AGG_MIN:
    case AGG_MAX:
        slide_extremes(window, window->how == AGG_MIN ? 1 : -1, out);
        break;
    case AGG_RANGE:
        slide_range(window, out);
        break;
    case AGG_MEDIAN:
        slide_median(window, out);
        break;
    case AGG_LAST:
        slide_last(window, out);
        break;
    case AGG_COUNT:
    case AGG_STDDEV:
    case AGG_MULTIPLY:
        break;
    }
}

bool window_slide(const struct window *window, double *out, struct err *err)
{
    if (window->width == 0) {
        for (size_t p = 0; p < window->n; p++)
            out[p] = NAN;
        return true;
    }
    if (is_direct(window) && (double)n_places(window) * (double)window->width > WORK_MAX)
        return FAIL(
            err, ERR_LIMIT,
            "a moving standard deviation or product over %zu points of %zu is too much work",
            window->width, window->n);
    if (is_direct(window))
        slide_direct(window, out);
    else
        slide(window, out);
    finish(window, out);
    return true;
}
