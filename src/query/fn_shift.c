/* Graphite's Transform group, the part that moves along time, and the series made of nothing but it. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "query/fn.h"
#include "query/make.h"
#include "query/query.h"

/* ---- timeShift, timeStack ---- */

/* A shift without a sign goes into the past. */
static const char *signed_shift(struct call *call, const char *typed)
{
    bool is_bare = isdigit((unsigned char)*typed);
    return is_bare ? arena_printf(call_arena(call), "-%s", typed) : typed;
}

/* Where the whole range lies in summer time and the shifted one does not, or the other way round, the
 * same wall-clock time is meant. */
static int64_t summer_time_s(const struct call *call, int64_t shift_s)
{
    const struct tz *tz = call_tz(call);
    const int64_t from_s = call_from_s(call), until_s = call_until_s(call);
    const int32_t here = tz_offset(tz, from_s, NULL), there = tz_offset(tz, from_s + shift_s, NULL);
    bool is_one =
        here == tz_offset(tz, until_s, NULL) && there == tz_offset(tz, until_s + shift_s, NULL);
    return is_one ? here - there : 0;
}

/* The call's series, read again from elsewhere. */
static bool read_shifted(struct call *call, int64_t shift_s, struct series_list *out,
                         struct err *err)
{
    static const int64_t SHIFT_MAX_S = 315360000000; /* ten thousand years: no time overflows */
    if (shift_s > SHIFT_MAX_S || shift_s < -SHIFT_MAX_S)
        return FAIL_AT(call, 1, err, "a shift of %lld s is out of range", (long long)shift_s);
    return call_again(call, 0, call_from_s(call) + shift_s, call_until_s(call) + shift_s, out, err);
}

/* Puts the series at another start, marks and all. */
static void move_start(struct call *call, struct series *series, int64_t start_s)
{
    const int64_t by_ms = (start_s - series->start_s) * 1000;
    struct series_mark *marks = arena_array(call_arena(call), series->n_marks, struct series_mark);
    for (size_t i = 0; i < series->n_marks; i++) {
        marks[i] = series->marks[i];
        marks[i].at_ms += by_ms;
    }
    if (series->n_marks)
        series->marks = marks;
    series->start_s = start_s;
}

static bool run_time_shift(struct call *call, struct series_list *io, struct err *err)
{
    const char *shown = signed_shift(call, call_text(call, 1));
    struct series_list shifted = {0};
    int64_t shift_s;
    if (!interval_parse(shown, &shift_s, err))
        return false;
    if (io->n == 0)
        return true;
    if (call_bool(call, 3) && llabs(shift_s) <= call_now_s(call))
        shift_s += summer_time_s(call, shift_s);
    if (!read_shifted(call, shift_s, &shifted, err))
        return false;
    const struct series *first = io->items[0];
    for (size_t k = 0; k < shifted.n; k++) {
        struct series *series = shifted.items[k];
        const char *name =
            arena_printf(call_arena(call), "timeShift(%s, \"%s\")", series->name, shown);
        make_tag(call, series, "timeShift", shown);
        series->end_s =
            call_bool(call, 2) ? first->end_s : series->end_s - series->start_s + first->start_s;
        move_start(call, series, first->start_s);
        if (!make_alias(call, series, name, err))
            return false;
    }
    *io = shifted;
    return true;
}

const struct function fn_time_shift = {
    .name = "timeShift",
    .group = "Transform",
    .params = {FN_LIST,
               {"timeShift", PARAM_INTERVAL},
               {"resetEnd", PARAM_BOOL, .is_optional = true, .fallback = "true"},
               {"alignDst", PARAM_BOOL, .is_optional = true, .fallback = "false"}},
    .run = run_time_shift,
    .about =
        "The series as they were an interval ago (or, with +, ahead), drawn over the range asked "
        "for. alignDst keeps the wall-clock time over a change of summer time.",
    .example = "timeShift(web.logins.success.www1,'7d')",
};

static bool stack_one(struct call *call, const struct series *first, const char *unit,
                      int64_t number, struct series_list *io, struct err *err)
{
    struct series_list shifted = {0};
    int64_t shift_s;
    if (!interval_parse(unit, &shift_s, err))
        return false;
    if (__builtin_mul_overflow(shift_s, number, &shift_s))
        return FAIL_AT(call, 1, err, "%lld times %s is out of range", (long long)number, unit);
    if (!read_shifted(call, shift_s, &shifted, err))
        return false;
    for (size_t k = 0; k < shifted.n; k++) {
        struct series *series = shifted.items[k];
        const char *shown = arena_printf(call_arena(call), "%lld", (long long)number);
        make_tag(call, series, "timeShiftUnit", unit);
        make_tag(call, series, "timeShift", shown);
        if (!series_rename(series, call_arena(call), err, "timeShift(%s, %s, %s)", series->name,
                           unit, shown))
            return false;
        move_start(call, series, first->start_s);
        series->end_s = first->end_s;
        series_list_add(io, series, call_arena(call));
    }
    return true;
}

static bool run_time_stack(struct call *call, struct series_list *io, struct err *err)
{
    static const int64_t STACK_MAX = 1000; /* each is a range read again */
    const char *unit = signed_shift(call, call_text(call, 1));
    const int64_t from = call_i64(call, 2), until = call_i64(call, 3);
    int64_t n;
    if (__builtin_sub_overflow(until, from, &n) || n > STACK_MAX)
        return FAIL(err, ERR_LIMIT, "at most %lld shifts", (long long)STACK_MAX);
    if (io->n == 0)
        return true;
    const struct series *first = io->items[0];
    *io = (struct series_list){0};
    for (int64_t number = from; number < until; number++)
        if (!stack_one(call, first, unit, number, io, err))
            return false;
    return true;
}

const struct function fn_time_stack = {
    .name = "timeStack",
    .group = "Transform",
    .params = {FN_LIST,
               {"timeShiftUnit", PARAM_INTERVAL, .is_optional = true, .fallback = "\"1d\""},
               {"timeShiftStart", PARAM_INT, .is_optional = true, .fallback = "0"},
               {"timeShiftEnd", PARAM_INT, .is_optional = true, .fallback = "7"}},
    .run = run_time_stack,
    .about = "The series as they were 0, 1, 2, ... units ago, all over the range asked for.",
    .example = "timeStack(web.logins.success.www1,'1d',0,7)",
};

/* ---- timeSlice, delay ---- */

static bool run_time_slice(struct call *call, struct series_list *io, struct err *err)
{
    int64_t from_s, until_s;
    if (!query_parse_time(call_text(call, 1), call_tz(call), call_now_s(call), &from_s, err))
        return BLAME(call, 1);
    if (!query_parse_time(call_text(call, 2), call_tz(call), call_now_s(call), &until_s, err))
        return BLAME(call, 2);
    const char *from = arena_printf(call_arena(call), "%lld", (long long)from_s);
    const char *until = arena_printf(call_arena(call), "%lld", (long long)until_s);
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        make_tag(call, series, "timeSliceStart", from);
        make_tag(call, series, "timeSliceEnd", until);
        for (size_t i = 0; i < series->n_points; i++) {
            /* Graphite counts from the request's start, not from the series'. */
            const int64_t at_s = call_from_s(call) + (int64_t)i * series->step_s;
            if (at_s < from_s || at_s > until_s)
                series->values[i] = NAN;
        }
        const char *name =
            arena_printf(call_arena(call), "timeSlice(%s, %s, %s)", series->name, from, until);
        if (!make_alias(call, series, name, err))
            return false;
    }
    return true;
}

const struct function fn_time_slice = {
    .name = "timeSlice",
    .group = "Transform",
    .params = {FN_LIST,
               {"startSliceAt", PARAM_DATE},
               {"endSliceAt", PARAM_DATE, .is_optional = true, .fallback = "\"now\""}},
    .run = run_time_slice,
    .about = "Gaps before and after a slice of time.",
    .example = "timeSlice(web.logins.success.www1,'noon','teatime')",
};

/* Where the values of a delayed series come from; as Python's slices, so that 0 steps leave none. */
static void fill_delayed(const struct series *from, int64_t steps, struct series *made)
{
    const int64_t n = (int64_t)from->n_points;
    steps = max_i64(min_i64(steps, n), -n);
    for (int64_t i = 0; i < (int64_t)made->n_points; i++)
        made->values[i] = i >= steps && i - steps < n ? from->values[i - steps] : NAN;
}

static bool run_delay(struct call *call, struct series_list *io, struct err *err)
{
    const int64_t steps = call_i64(call, 1);
    for (size_t k = 0; k < io->n; k++) {
        struct series *from = io->items[k], *made;
        struct shape shape = make_shape(from);
        if (steps == 0)
            shape.n_points = 0;
        make_tag(call, from, "delay", call_tag_text(call, 1));
        const char *name =
            arena_printf(call_arena(call), "delay(%s,%lld)", from->name, (long long)steps);
        if (!make_derived(call, from, name, &shape, &made, err))
            return false;
        fill_delayed(from, steps, made);
        io->items[k] = made;
    }
    return true;
}

const struct function fn_delay = {
    .name = "delay",
    .group = "Transform",
    .params = {FN_LIST, {"steps", PARAM_INT}},
    .run = run_delay,
    .about = "Moves the values so many points to the right, or to the left when negative. As in "
             "Graphite, 0 leaves no point at all.",
    .example = "delay(servers.web01.load,3)",
};

/* ---- series of time alone ---- */

/* A series with a point every step from the range's start on. */
static bool make_steps(struct call *call, int64_t step_s, struct series **out, struct err *err)
{
    const int64_t from_s = call_from_s(call), until_s = call_until_s(call);
    if (step_s <= 0)
        return FAIL(err, ERR_INPUT, "step must be above 0");
    const int64_t length_s = max_i64(until_s - from_s, 0);
    const size_t n = (size_t)(length_s / step_s + (length_s % step_s != 0));
    const struct shape shape = {from_s, until_s, step_s, n};
    return make_series(call, call_text(call, 0), &shape, out, err);
}

static double time_of(const struct series *series, size_t i)
{
    return (double)(series->start_s + (int64_t)i * series->step_s);
}

static bool run_time(struct call *call, struct series_list *io, struct err *err)
{
    struct series *made;
    if (!make_steps(call, call_i64(call, 1), &made, err))
        return false;
    for (size_t i = 0; i < made->n_points; i++)
        made->values[i] = time_of(made, i);
    series_list_add(io, made, call_arena(call));
    return true;
}

const struct function fn_time_function = {
    .name = "timeFunction",
    .group = "Transform",
    .params = {{"name", PARAM_STRING}, {"step", PARAM_INT, .is_optional = true, .fallback = "60"}},
    .run = run_time,
    .about = "A series of the given name whose values are their own times.",
    .example = "timeFunction('The.time.series',60)",
};

static bool run_identity(struct call *call, struct series_list *io, struct err *err)
{
    struct series *made;
    if (!make_steps(call, 60, &made, err))
        return false;
    made->path_expression = arena_printf(call_arena(call), "identity(\"%s\")", made->name);
    for (size_t i = 0; i < made->n_points; i++)
        made->values[i] = time_of(made, i);
    series_list_add(io, made, call_arena(call));
    return true;
}

const struct function fn_identity = {
    .name = "identity",
    .group = "Calculate",
    .params = {{"name", PARAM_STRING}},
    .run = run_identity,
    .about = "A series whose value is the time, a point a minute.",
    .example = "identity('The.time.series')",
};

static bool run_sin(struct call *call, struct series_list *io, struct err *err)
{
    struct series *made;
    if (!make_steps(call, call_i64(call, 2), &made, err))
        return false;
    for (size_t i = 0; i < made->n_points; i++)
        made->values[i] = sin(time_of(made, i)) * call_f64(call, 1);
    series_list_add(io, made, call_arena(call));
    return true;
}

const struct function fn_sin_function = {
    .name = "sinFunction",
    .group = "Transform",
    .params = {{"name", PARAM_STRING},
               {"amplitude", PARAM_INT, .is_optional = true, .fallback = "1"},
               {"step", PARAM_INT, .is_optional = true, .fallback = "60"}},
    .run = run_sin,
    .about = "The sine of the time in seconds, for trying things out.",
    .example = "sinFunction('The.time.series',2)",
};

/* splitmix64: the same name and range walk the same way. */
static double next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static bool run_random_walk(struct call *call, struct series_list *io, struct err *err)
{
    struct series *made;
    double at = 0;
    if (!make_steps(call, call_i64(call, 1), &made, err))
        return false;
    uint64_t state = (uint64_t)made->start_s;
    for (const char *c = made->name; *c; c++)
        state = state * 31 + (unsigned char)*c;
    for (size_t i = 0; i < made->n_points; i++) {
        made->values[i] = at;
        at += next_random(&state) - 0.5;
    }
    series_list_add(io, made, call_arena(call));
    return true;
}

const struct function fn_random_walk_function = {
    .name = "randomWalkFunction",
    .group = "Special",
    .params = {{"name", PARAM_STRING}, {"step", PARAM_INT, .is_optional = true, .fallback = "60"}},
    .run = run_random_walk,
    .about = "A random walk from 0, for trying things out; the same for one name and start.",
    .example = "randomWalkFunction('The.time.series')",
};
