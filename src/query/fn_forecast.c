/* Graphite's Calculate group, Holt and Winters' triple exponential smoothing: a forecast from level,
 * slope and season, and bands as wide as it used to be wrong at that time of the season.
 * After J. Brutlag, "Aberrant behavior detection in time series for network monitoring" (LISA 2000). */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "query/fn.h"
#include "query/make.h"

static const double ALPHA = 0.1;   /* how fast the level follows */
static const double BETA = 0.0035; /* the slope */
static const double GAMMA = 0.1;   /* the season, and the usual error */

struct forecast {
    double *predictions, *deviations, *seasonals; /* n values each, in the arena */
    size_t n;
};

/* What goes on from point to point. */
struct state {
    double level, slope; /* level is a gap after a gap */
    double next;         /* the prediction for the next point */
};

static double season_before(const double *values, size_t i, size_t season)
{
    return i >= season ? values[i - season] : 0;
}

/* One point that has a value. */
static void analyse_point(struct forecast *forecast, size_t i, double actual, size_t season,
                          struct state *state)
{
    const double last_level = is_gap(state->level) ? actual : state->level;
    const double prediction = i == 0 ? actual : state->next;
    const double seasonal = season_before(forecast->seasonals, i, season);
    const double deviation = season_before(forecast->deviations, i, season);
    const double level = ALPHA * (actual - seasonal) + (1 - ALPHA) * (last_level + state->slope);
    const double slope = BETA * (level - last_level) + (1 - BETA) * state->slope;
    const double guess = is_gap(prediction) ? 0 : prediction;
    forecast->seasonals[i] = GAMMA * (actual - level) + (1 - GAMMA) * seasonal;
    forecast->deviations[i] = GAMMA * fabs(actual - guess) + (1 - GAMMA) * deviation;
    forecast->predictions[i] = prediction;
    *state = (struct state){level, slope,
                            level + slope + season_before(forecast->seasonals, i + 1, season)};
}

/* A season has at least two points, so that the next point's season is known. */
static bool analyse(struct call *call, const struct series *series, int64_t season_s,
                    struct forecast *out, struct err *err)
{
    const size_t n = series->n_points;
    const size_t season = (size_t)max_i64(season_s / series->step_s, 2);
    struct state state = {NAN, 0, NAN};
    if (!call_spend(call, 3 * n, err))
        return false;
    double *values = arena_zarray(call_arena(call), 3 * n + 1, double);
    *out = (struct forecast){values, values + n, values + 2 * n, n};
    for (size_t i = 0; i < n; i++) {
        if (!is_gap(series->values[i])) {
            analyse_point(out, i, series->values[i], season, &state);
            continue;
        }
        out->predictions[i] = state.next; /* seasonal and deviation stay 0 */
        state = (struct state){NAN, 0, NAN};
    }
    return true;
}

/* ---- what the functions share ---- */

struct setting {
    int64_t bootstrap_s, season_s;
};

/* The two intervals from argument i on. */
static bool parse_setting(struct call *call, size_t i, struct setting *out, struct err *err)
{
    if (!interval_parse(call_text(call, i), &out->bootstrap_s, err) ||
        !interval_parse(call_text(call, i + 1), &out->season_s, err))
        return false;
    if (out->bootstrap_s < 0 || out->season_s < 0)
        return FAIL_AT(call, i + (out->season_s < 0), err, "an interval must not be negative");
    return true;
}

static bool read_bootstrap(struct call *call, const struct setting *setting,
                           struct series_list *out, struct err *err)
{
    return call_again(call, 0, call_from_s(call) - setting->bootstrap_s, call_until_s(call), out,
                      err);
}

/* The range without the bootstrap. */
static struct shape shape_after(const struct series *series, const struct setting *setting,
                                size_t *out_skipped)
{
    struct shape shape = make_shape(series);
    *out_skipped = (size_t)(setting->bootstrap_s / series->step_s);
    shape.n_points = shape.n_points > *out_skipped ? shape.n_points - *out_skipped : 0;
    shape.start_s += setting->bootstrap_s;
    return shape;
}

static void tag_analysis(struct call *call, struct series *series)
{
    make_tag(call, series, "holtWintersForecast", "1");
    make_tag(call, series, "holtWintersDeviation", "1");
}

/* clang-format off */
#define FN_SETTING                                                                                 \
    {"bootstrapInterval", PARAM_INTERVAL, .is_optional = true, .fallback = "\"7d\""},              \
    {"seasonality", PARAM_INTERVAL, .is_optional = true, .fallback = "\"1d\""}
#define FN_DELTA {"delta", PARAM_INT, .is_optional = true, .fallback = "3"}
/* clang-format on */

/* ---- holtWintersForecast ---- */

static bool forecast_one(struct call *call, struct series *from, const struct setting *setting,
                         struct series **out, struct err *err)
{
    struct forecast forecast;
    size_t skipped;
    const struct shape shape = shape_after(from, setting, &skipped);
    tag_analysis(call, from);
    const char *name = arena_printf(call_arena(call), "holtWintersForecast(%s)", from->name);
    if (!analyse(call, from, setting->season_s, &forecast, err) ||
        !make_derived(call, from, name, &shape, out, err))
        return false;
    (*out)->consolidation = CONSOLIDATE_AVERAGE;
    if (shape.n_points)
        memcpy((*out)->values, forecast.predictions + skipped, shape.n_points * sizeof(double));
    return true;
}

static bool run_forecast(struct call *call, struct series_list *io, struct err *err)
{
    struct setting setting;
    struct series_list all = {0};
    if (!parse_setting(call, 1, &setting, err) || !read_bootstrap(call, &setting, &all, err))
        return false;
    for (size_t k = 0; k < all.n; k++)
        if (!forecast_one(call, all.items[k], &setting, &all.items[k], err))
            return false;
    *io = all;
    return true;
}

const struct function fn_holt_winters_forecast = {
    .name = "holtWintersForecast",
    .group = "Calculate",
    .params = {FN_LIST, FN_SETTING},
    .run = run_forecast,
    .about = "What each point should have been, by the level, slope and season of those before it.",
    .example = "holtWintersForecast(web.logins.success.www1)",
};

/* ---- bands ---- */

struct band_pair {
    struct series *lower, *upper;
};

static bool make_band(struct call *call, const struct series *from, const char *function,
                      const struct shape *shape, struct series **out, struct err *err)
{
    const char *name = arena_printf(call_arena(call), "%s(%s)", function, from->name);
    if (!make_derived(call, from, name, shape, out, err))
        return false;
    (*out)->consolidation = CONSOLIDATE_AVERAGE;
    (*out)->path_expression = from->path_expression;
    return true;
}

static bool make_bands(struct call *call, struct series *from, const struct setting *setting,
                       struct band_pair *out, struct err *err)
{
    const double delta = (double)call_i64(call, 1);
    struct forecast forecast;
    size_t skipped;
    const struct shape shape = shape_after(from, setting, &skipped);
    tag_analysis(call, from);
    make_tag(call, from, "holtWintersConfidenceUpper", "1");
    make_tag(call, from, "holtWintersConfidenceLower", "1");
    if (!analyse(call, from, setting->season_s, &forecast, err) ||
        !make_band(call, from, "holtWintersConfidenceLower", &shape, &out->lower, err) ||
        !make_band(call, from, "holtWintersConfidenceUpper", &shape, &out->upper, err))
        return false;
    for (size_t i = 0; i < shape.n_points; i++) {
        const double prediction = forecast.predictions[skipped + i];
        const double width = delta * forecast.deviations[skipped + i];
        out->upper->values[i] = prediction + width;
        out->lower->values[i] = prediction - width;
    }
    return true;
}

static bool run_bands(struct call *call, struct series_list *io, struct err *err)
{
    struct setting setting;
    struct series_list all = {0};
    if (!parse_setting(call, 2, &setting, err) || !read_bootstrap(call, &setting, &all, err))
        return false;
    *io = (struct series_list){0};
    for (size_t k = 0; k < all.n; k++) {
        struct band_pair bands;
        if (!make_bands(call, all.items[k], &setting, &bands, err))
            return false;
        series_list_add(io, bands.lower, call_arena(call));
        series_list_add(io, bands.upper, call_arena(call));
    }
    return true;
}

const struct function fn_holt_winters_confidence_bands = {
    .name = "holtWintersConfidenceBands",
    .group = "Calculate",
    .params = {FN_LIST, FN_DELTA, FN_SETTING},
    .run = run_bands,
    .about =
        "Below and above the forecast by delta times its usual error at that time of the season.",
    .example = "holtWintersConfidenceBands(web.logins.success.www1)",
};

static bool run_area(struct call *call, struct series_list *io, struct err *err)
{
    if (!run_bands(call, io, err))
        return false;
    if (io->n != 2)
        return FAIL(err, ERR_INPUT, "takes exactly one series, not %zu", io->n / 2);
    const char *path = io->items[1]->path_expression;
    for (size_t k = 0; k < io->n; k++) {
        struct series *series = io->items[k];
        series->style.stack = "__DEFAULT__";
        series->style.is_invisible = k == 0;
        make_tag(call, series, "holtWintersConfidenceArea", "1");
        if (!series_rename(series, call_arena(call), err, "holtWintersConfidenceArea(%s)", path))
            return false;
    }
    return true;
}

const struct function fn_holt_winters_confidence_area = {
    .name = "holtWintersConfidenceArea",
    .group = "Calculate",
    .params = {FN_LIST, FN_DELTA, FN_SETTING},
    .run = run_area,
    .about = "The area between the confidence bands.",
    .example = "holtWintersConfidenceArea(web.logins.success.www1)",
};

/* ---- aberration ---- */

static double value_at(const struct series *series, size_t i)
{
    return i < series->n_points ? series->values[i] : NAN;
}

static bool aberration_one(struct call *call, struct series *from, const struct band_pair *bands,
                           struct series **out, struct err *err)
{
    const struct shape shape = make_shape(from);
    make_tag(call, from, "holtWintersAberration", "1");
    const char *name = arena_printf(call_arena(call), "holtWintersAberration(%s)", from->name);
    if (!make_derived(call, from, name, &shape, out, err))
        return false;
    (*out)->consolidation = CONSOLIDATE_AVERAGE;
    for (size_t i = 0; i < shape.n_points; i++) {
        const double actual = from->values[i];
        const double upper = value_at(bands->upper, i), lower = value_at(bands->lower, i);
        double beyond = 0;
        if (actual > upper)
            beyond = actual - upper;
        else if (actual < lower)
            beyond = actual - lower;
        (*out)->values[i] = beyond;
    }
    return true;
}

static struct series *find_named(const struct series_list *list, const char *name)
{
    for (size_t k = 0; k < list->n; k++)
        if (strcmp(list->items[k]->name, name) == 0)
            return list->items[k];
    return NULL;
}

static bool run_aberration(struct call *call, struct series_list *io, struct err *err)
{
    struct setting setting;
    struct series_list all = {0};
    if (!parse_setting(call, 2, &setting, err) || !read_bootstrap(call, &setting, &all, err))
        return false;
    for (size_t k = 0; k < io->n; k++) {
        struct series *source = find_named(&all, io->items[k]->name);
        struct band_pair bands;
        if (!source)
            return FAIL(err, ERR_INPUT, "%s has nothing to learn from", io->items[k]->name);
        if (!make_bands(call, source, &setting, &bands, err) ||
            !aberration_one(call, io->items[k], &bands, &io->items[k], err))
            return false;
    }
    return true;
}

const struct function fn_holt_winters_aberration = {
    .name = "holtWintersAberration",
    .group = "Calculate",
    .params = {FN_LIST, FN_DELTA, FN_SETTING},
    .run = run_aberration,
    .about = "How far each point lies outside the confidence bands; 0 inside.",
    .example = "holtWintersAberration(web.logins.success.www1)",
};
