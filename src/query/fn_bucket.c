/* Graphite's Transform group, the part that gathers points into larger intervals. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "query/agg.h"
#include "query/fn.h"
#include "query/make.h"

/* The interval argument in seconds. err: ERR_INPUT when it is not above 0 */
static bool interval_argument(struct call *call, size_t i, int64_t *out_s, struct err *err)
{
    const char *typed = call_text(call, i);
    if (!interval_parse(typed, out_s, err))
        return false;
    if (*out_s <= 0)
        return FAIL_AT(call, i, err, "the interval '%s' must be longer than nothing", typed);
    return true;
}

/* Python's a % b for b > 0: never negative. */
static int64_t modulo(int64_t a, int64_t b)
{
    int64_t rest = a % b;
    return rest < 0 ? rest + b : rest;
}

/* ---- summarize ---- */

struct buckets {
    int64_t start_s, end_s, interval_s;
    enum agg how;
};

static size_t count_buckets(const struct buckets *buckets)
{
    int64_t length_s = buckets->end_s - buckets->start_s;
    return length_s <= 0 ? 0 : (size_t)((length_s - 1) / buckets->interval_s + 1);
}

/* Points count only as far as the series' end says. */
static size_t points_within(const struct series *series)
{
    int64_t length_s = max_i64(series->end_s - series->start_s, 0);
    return min_size((size_t)((length_s + series->step_s - 1) / series->step_s), series->n_points);
}

/* Graphite's walk: a bucket takes the points from the last one at or before its start, of which those
 * from its start on decide by their number whether it has a value. */
static void fill_buckets(const struct series *from, const struct buckets *buckets, double *scratch,
                         struct series *made)
{
    const size_t n = points_within(from);
    const double full = (double)buckets->interval_s / (double)from->step_s;
    size_t i = 0;
    for (size_t b = 0; b < made->n_points; b++) {
        const int64_t begin_s = buckets->start_s + (int64_t)b * buckets->interval_s;
        size_t first = i, present = 0;
        for (; i < n; i++) {
            const int64_t at_s = from->start_s + (int64_t)i * from->step_s;
            if (at_s >= begin_s + buckets->interval_s)
                break;
            if (at_s <= begin_s)
                first = i;
            present += at_s >= begin_s && !is_gap(from->values[i]);
        }
        if (present && (double)present / full >= from->x_files_factor)
            made->values[b] = agg_run(buckets->how, from->values + first, i - first, scratch);
    }
}

static bool summarize_one(struct call *call, const struct series *from, const char *name,
                          const struct buckets *buckets, struct series **out, struct err *err)
{
    const struct shape shape = {buckets->start_s, buckets->end_s, buckets->interval_s,
                                count_buckets(buckets)};
    if (!make_derived(call, from, name, &shape, out, err))
        return false;
    CLEANUP(mem_done) double *scratch = mem_array(max_size(from->n_points, 1), double);
    fill_buckets(from, buckets, scratch, *out);
    return true;
}

/* The end of the last bucket. */
static int64_t aligned_end(const struct buckets *buckets)
{
    return buckets->start_s + (int64_t)count_buckets(buckets) * buckets->interval_s;
}

static bool run_summarize(struct call *call, struct series_list *io, struct err *err)
{
    const char *interval = call_text(call, 1), *func = call_text(call, 2);
    const bool from_start = call_bool(call, 3);
    struct buckets buckets;
    if (!interval_argument(call, 1, &buckets.interval_s, err) ||
        !agg_parse(func, &buckets.how, err))
        return false;
    for (size_t k = 0; k < io->n; k++) {
        struct series *from = io->items[k];
        const int64_t step_s = buckets.interval_s;
        buckets.start_s = from->start_s - (from_start ? 0 : modulo(from->start_s, step_s));
        buckets.end_s = from->end_s;
        if (!from_start)
            buckets.end_s += step_s - modulo(from->end_s, step_s);
        make_tag(call, from, "summarize", interval);
        make_tag(call, from, "summarizeFunction", func);
        const char *name = arena_printf(call_arena(call), "summarize(%s, \"%s\", \"%s\"%s)",
                                        from->name, interval, func, from_start ? ", true" : "");
        if (!summarize_one(call, from, name, &buckets, &io->items[k], err))
            return false;
        io->items[k]->end_s = from_start ? aligned_end(&buckets) : buckets.end_s;
    }
    return true;
}

const struct function fn_summarize = {
    .name = "summarize",
    .group = "Transform",
    .params = {FN_LIST,
               {"intervalString", PARAM_INTERVAL},
               {"func", PARAM_AGG_FUNC, .is_optional = true, .fallback = "\"sum\""},
               {"alignToFrom", PARAM_BOOL, .is_optional = true, .fallback = "false"}},
    .run = run_summarize,
    .about =
        "One point an interval, made of all points in it. Intervals begin at whole multiples of "
        "their length since 1970, or with alignToFrom at the series' start.",
    .example = "summarize(web.logins.errors.www1,'1h','sum')",
};

/* ---- smartSummarize ---- */

enum unit { UNIT_SECOND, UNIT_MINUTE, UNIT_HOUR, UNIT_DAY, UNIT_WEEK, UNIT_MONTH, UNIT_YEAR };

/* "hours", "weeks3": the weekday that weeks begin with, Monday is 1. err: ERR_INPUT */
static bool parse_unit(const char *text, enum unit *out, int *out_weekday, struct err *err)
{
    static const char *const units[] = {"s", "min", "h", "d", "w", "mon", "y"};
    size_t i = 0;
    while (i < COUNT_OF(units) && strncmp(text, units[i], strlen(units[i])) != 0)
        i++;
    const char last = *text ? text[strlen(text) - 1] : '?';
    const bool has_digit = last >= '0' && last <= '9';
    if (i == COUNT_OF(units) || (has_digit && (last < '1' || last > '7')))
        return FAIL(err, ERR_INPUT, "Invalid offset unit '%s'", text);
    *out = (enum unit)i;
    *out_weekday = has_digit ? last - '0' : 1;
    return true;
}

/* The start of the unit that holds at_s, by the offset from UTC that holds at at_s. */
static int64_t unit_start(const struct call *call, enum unit unit, int weekday, int64_t at_s)
{
    static const int64_t seconds[] = {1, 60, 3600, 86400, 86400};
    const int64_t offset_s = tz_offset(call_tz(call), at_s, NULL), local_s = at_s + offset_s;
    const struct civil civil = tz_civil(call_tz(call), at_s);
    if (unit >= UNIT_MONTH)
        return civil_days(civil.year, unit == UNIT_YEAR ? 1 : civil.month, 1) * 86400 - offset_s;
    int64_t start_s = local_s - modulo(local_s, seconds[unit]);
    if (unit == UNIT_WEEK)
        start_s -= modulo(civil.weekday + 1 - weekday, 7) * 86400;
    return start_s - offset_s;
}

/* Reads the series again from the start of the unit; an alignTo of true or false is ignored, for old
 * dashboards. */
static bool read_aligned(struct call *call, size_t argument, struct series_list *io,
                         struct err *err)
{
    enum unit unit;
    int weekday;
    if (!call_has(call, argument) || call_kind(call, argument) != VALUE_TEXT)
        return true;
    if (!parse_unit(call_text(call, argument), &unit, &weekday, err))
        return BLAME(call, argument);
    const int64_t from_s = unit_start(call, unit, weekday, call_from_s(call));
    return call_again(call, 0, from_s, call_until_s(call), io, err);
}

static bool run_smart_summarize(struct call *call, struct series_list *io, struct err *err)
{
    const char *interval = call_text(call, 1), *func = call_text(call, 2);
    struct buckets buckets;
    if (!interval_argument(call, 1, &buckets.interval_s, err) ||
        !agg_parse(func, &buckets.how, err) || !read_aligned(call, 3, io, err))
        return false;
    for (size_t k = 0; k < io->n; k++) {
        struct series *from = io->items[k];
        buckets.start_s = from->start_s;
        buckets.end_s = from->end_s;
        make_tag(call, from, "smartSummarize", interval);
        make_tag(call, from, "smartSummarizeFunction", func);
        const char *name = arena_printf(call_arena(call), "smartSummarize(%s, \"%s\", \"%s\")",
                                        from->name, interval, func);
        if (!summarize_one(call, from, name, &buckets, &io->items[k], err))
            return false;
        io->items[k]->end_s = aligned_end(&buckets);
    }
    return true;
}

const struct function fn_smart_summarize = {
    .name = "smartSummarize",
    .group = "Transform",
    .params = {FN_LIST,
               {"intervalString", PARAM_INTERVAL},
               {"func", PARAM_AGG_FUNC, .is_optional = true, .fallback = "\"sum\""},
               {"alignTo", PARAM_STRING, .is_optional = true}},
    .run = run_smart_summarize,
    .about =
        "As summarize, with intervals that begin at the range's start; alignTo (seconds, minutes, "
        "hours, days, weeks, weeks1 to weeks7, months, years) first moves that back.",
    .example = "smartSummarize(web.logins.errors.www1,'1h','sum','hours')",
};

/* ---- hitcount ---- */

/* hits of one second, spread over the buckets that the seconds from..until lie in. */
static void add_hits(struct series *made, int64_t from_s, int64_t until_s, double a_second)
{
    const int64_t interval_s = made->step_s;
    const int64_t end_s = made->start_s + (int64_t)made->n_points * interval_s;
    from_s = max_i64(from_s, made->start_s);
    until_s = min_i64(until_s, end_s);
    while (from_s < until_s) {
        const int64_t b = (from_s - made->start_s) / interval_s;
        const int64_t stop_s = min_i64(until_s, made->start_s + (b + 1) * interval_s);
        double *bucket = &made->values[b];
        *bucket = (is_gap(*bucket) ? 0 : *bucket) + a_second * (double)(stop_s - from_s);
        from_s = stop_s;
    }
}

static bool hitcount_one(struct call *call, struct series *from, const struct shape *shape,
                         const char *name, struct series **out, struct err *err)
{
    if (!make_derived(call, from, name, shape, out, err))
        return false;
    for (size_t i = 0; i < from->n_points; i++) {
        const int64_t at_s = from->start_s + (int64_t)i * from->step_s;
        if (!is_gap(from->values[i]))
            add_hits(*out, at_s, at_s + from->step_s, from->values[i]);
    }
    return true;
}

/* Reads the series again from the start of the day, hour or minute. */
static bool read_from_unit(struct call *call, int64_t interval_s, struct series_list *io,
                           struct err *err)
{
    const enum unit unit = interval_s >= 86400  ? UNIT_DAY
                           : interval_s >= 3600 ? UNIT_HOUR
                           : interval_s >= 60   ? UNIT_MINUTE
                                                : UNIT_SECOND;
    const int64_t from_s = unit_start(call, unit, 1, call_from_s(call));
    if (!call_again(call, 0, from_s, call_until_s(call), io, err))
        return false;
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        int64_t count = (series->end_s - series->start_s) / interval_s;
        series->end_s = series->start_s + (count + 1) * interval_s;
    }
    return true;
}

static bool run_hitcount(struct call *call, struct series_list *io, struct err *err)
{
    const char *interval = call_text(call, 1);
    const bool is_aligned = call_bool(call, 2);
    int64_t interval_s;
    if (!interval_argument(call, 1, &interval_s, err) ||
        (is_aligned && !read_from_unit(call, interval_s, io, err)))
        return false;
    for (size_t k = 0; k < io->n; k++) {
        struct series *from = io->items[k];
        const struct buckets all = {from->start_s, from->end_s, interval_s, AGG_SUM};
        const size_t n = count_buckets(&all);
        const struct shape shape = {from->end_s - (int64_t)n * interval_s, from->end_s, interval_s,
                                    n};
        make_tag(call, from, "hitcount", interval);
        const char *name = arena_printf(call_arena(call), "hitcount(%s, \"%s\"%s)", from->name,
                                        interval, is_aligned ? ", true" : "");
        if (!hitcount_one(call, from, &shape, name, &io->items[k], err))
            return false;
    }
    return true;
}

const struct function fn_hitcount = {
    .name = "hitcount",
    .group = "Transform",
    .params = {FN_LIST,
               {"intervalString", PARAM_INTERVAL},
               {"alignToInterval", PARAM_BOOL, .is_optional = true, .fallback = "false"}},
    .run = run_hitcount,
    .about = "How many hits an interval had, where the values are hits a second.",
    .example = "hitcount(web.requests.rate,'1h')",
};

/* ---- compressPeriodicGaps ---- */

/* The distance of values with equal gaps between them, judged by the first three; 0: there is none. */
static size_t period_of(const struct series *series, size_t *out_first)
{
    const double *v = series->values;
    const size_t n = series->n_points;
    size_t first = 0;
    while (first < n && is_gap(v[first]))
        first++;
    size_t second = first + 1;
    while (second < n && is_gap(v[second]))
        second++;
    const size_t period = second - first, third = second + period;
    *out_first = first;
    if (period < 2 || second >= n || third + 2 > n)
        return 0;
    return !is_gap(v[third]) && is_gap(v[third - 1]) && is_gap(v[third + 1]) ? period : 0;
}

static bool run_compress(struct call *call, struct series_list *io, struct err *err)
{
    for (size_t k = 0; k < io->n; k++) {
        struct series *from = io->items[k];
        size_t first;
        const size_t period = period_of(from, &first);
        const char *name = arena_printf(call_arena(call), "compressPeriodicGaps(%s)", from->name);
        if (period == 0) {
            if (!series_rename(from, call_arena(call), err, "%s", name))
                return false;
            continue;
        }
        const struct buckets buckets = {from->start_s + (int64_t)first * from->step_s, from->end_s,
                                        (int64_t)period * from->step_s, AGG_LAST};
        if (!summarize_one(call, from, name, &buckets, &io->items[k], err))
            return false;
        io->items[k]->end_s = aligned_end(&buckets);
    }
    return true;
}

const struct function fn_compress_periodic_gaps = {
    .name = "compressPeriodicGaps",
    .group = "Transform",
    .params = {FN_LIST},
    .run = run_compress,
    .about = "Where only every n-th point has a value, makes the step n times as long.",
    .example = "compressPeriodicGaps(sensors.hourly)",
};
