/* Contrasts of a window with the hours before it, less what predicts them: see signs.h. */
#include <math.h>
#include <string.h>

#include "impact/numbers.h"
#include "impact/ridge.h"
#include "impact/signs.h"
#include "impact/sums.h"

enum { PREDICTORS = 5, FIT_MIN = 40 };

static const double RIDGE = 0.02, CLIP_SD = 4;
static const double HALF = 0.5; /* of a window's points must be there */
static const double NOISE_SHARE_MIN =
    0.25; /* a contrast is no wider than this part of white noise's */

static double zero_if_gap(double v)
{
    return is_gap(v) ? 0 : v;
}

static void set_row(struct signs_whole *whole, const struct usual_grid *grid, struct arena *arena)
{
    const size_t stride = max_size(grid->horizon / 5, 1);
    whole->row = arena_array(arena, grid->history / stride + 1, float);
    for (size_t p = grid->horizon; p + grid->horizon < grid->history; p += stride)
        whole->row[whole->n_row++] = whole->contrast[p];
    numbers_make_unit(whole->row, whole->n_row);
}

struct signs_whole signs_whole_contrast(const double *y, const struct usual_grid *grid,
                                        struct arena *arena, struct arena *work)
{
    size_t n = grid->n_points;
    int64_t horizon = (int64_t)grid->horizon;
    struct signs_whole out = {.contrast = arena_array(arena, n, float)};
    double *raw = arena_array(work, n, double), *sizes = arena_array(work, n, double);
    double *season = arena_array(work, n, double);
    struct sums sums = sums_new(n, work);
    sums_fill(&sums, y);
    for (int64_t p = 0; p < (int64_t)n; p++)
        raw[p] = p + horizon > (int64_t)n ? NAN
                                          : sums_mean(&sums, p, p + horizon, HALF) -
                                                sums_mean(&sums, p - horizon, p, HALF);
    numbers_seasonal(raw, n, grid->day_points, season);
    for (size_t p = 0; p < n; p++)
        raw[p] -= zero_if_gap(season[p]);
    size_t n_sizes = 0;
    for (size_t p = 0; p + grid->horizon < grid->history; p += 5)
        if (!is_gap(raw[p]))
            sizes[n_sizes++] = fabs(raw[p]);
    double sd = n_sizes >= FIT_MIN ? NUMBERS_MAD_TO_SD * numbers_median(sizes, n_sizes) : 0;
    for (size_t p = 0; p < n; p++)
        out.contrast[p] = sd > 0 && !is_gap(raw[p]) ? (float)numbers_clip(raw[p] / sd, 4) : 0;
    set_row(&out, grid, arena);
    return out;
}

/* All that one metric's contrasts are made of; arrays over the points. */
struct maker {
    const struct usual_grid *grid;
    const struct signs_contrast_input *input;
    struct sums sums;
    double *base; /* mean of the horizon before */
    float (*x)[PREDICTORS];
    double *raw, *rest, *scratch;
    float (*rows)[RIDGE_WIDTH_MAX], *targets; /* for the fit */
    struct sums sizes;
    size_t n_predictors;
    double beta[PREDICTORS];
};

/* What does not depend on the window: where the last sixth and the last four horizons are, and where this
 * time of day was on earlier days, against the base. */
static void set_base(struct maker *maker)
{
    int64_t horizon = (int64_t)maker->grid->horizon;
    int64_t sixth = horizon / 6 > 2 ? horizon / 6 : 2;
    for (size_t i = 0; i < maker->grid->n_points; i++) {
        int64_t p = (int64_t)i;
        double base = maker->base[i] = sums_mean(&maker->sums, p - horizon, p, HALF);
        maker->x[i][0] = (float)zero_if_gap(sums_mean(&maker->sums, p - sixth, p, HALF) - base);
        maker->x[i][1] = (float)zero_if_gap(sums_mean_any(&maker->sums, p - 4 * horizon, p) - base);
        maker->x[i][4] = maker->input->control ? maker->input->control[i] : 0;
    }
    numbers_seasonal(maker->base, maker->grid->n_points, maker->grid->day_points, maker->scratch);
    for (size_t i = 0; i < maker->grid->n_points; i++)
        maker->x[i][2] = (float)zero_if_gap(maker->scratch[i] - maker->base[i]);
}

static void set_window(struct maker *maker, size_t from, size_t until)
{
    size_t n = maker->grid->n_points;
    for (size_t p = 0; p < n; p++)
        maker->raw[p] = p + until > n ? NAN
                                      : sums_mean(&maker->sums, (int64_t)(p + from),
                                                  (int64_t)(p + until), HALF) -
                                            maker->base[p];
    numbers_seasonal(maker->raw, n, maker->grid->day_points, maker->scratch);
    for (size_t p = 0; p < n; p++)
        maker->x[p][3] = (float)zero_if_gap(maker->scratch[p]);
}

static double predict(const struct maker *maker, size_t p)
{
    double sum = 0;
    for (size_t c = 0; c < maker->n_predictors; c++)
        sum += maker->beta[c] * (double)maker->x[p][c];
    return sum;
}

struct stretch {
    size_t from, until, stride;
};

/* Sizes of what is left, over the stretch, in scratch. */
static size_t leftovers(const struct maker *maker, struct stretch over)
{
    size_t n = 0;
    for (size_t p = over.from; p < over.until; p += over.stride)
        if (!is_gap(maker->raw[p]))
            maker->scratch[n++] = fabs(maker->raw[p] - predict(maker, p));
    return n;
}

static bool fit(struct maker *maker, struct stretch over, struct arena *work)
{
    const size_t width = maker->n_predictors;
    struct ridge_rows rows = {maker->rows, maker->targets, 0, width};
    for (size_t p = over.from; p < over.until; p += over.stride) {
        if (is_gap(maker->raw[p]))
            continue;
        memcpy(rows.x[rows.n], maker->x[p], width * sizeof(float));
        rows.y[rows.n++] = (float)maker->raw[p];
    }
    const struct ridge_options options = {.strength = RIDGE, .clip_sd = CLIP_SD, .passes = 2};
    return rows.n >= FIT_MIN && ridge_fit(&rows, &options, work, maker->beta);
}

/* How wide contrasts are at point p, as a share of the usual: in the hours before, and at this time on
 * earlier days. */
static double spread_at(const struct usual_grid *grid, const struct sums *sizes, size_t p,
                        double usual)
{
    int64_t at = (int64_t)p, horizon = (int64_t)grid->horizon;
    double lately = 1, daily = 1;
    int64_t from = at - 9 * horizon > 0 ? at - 9 * horizon : 0, until = at - horizon + 1;
    if (until - from >= 2 * horizon) {
        double mean = sums_mean(sizes, from, until, HALF);
        lately = is_gap(mean) ? 1 : mean / usual + 0.15;
    }
    double sum = 0;
    uint32_t n = 0;
    for (size_t d = 0; d < NUMBERS_SEASON_DAYS; d++) {
        int64_t then = at - (int64_t)(numbers_season_days[d] * grid->day_points);
        if (then - horizon < 0)
            break;
        if (then + horizon > at) /* a day shorter than the horizon: it would be the future */
            continue;
        sum += sizes->sum[then + horizon] - sizes->sum[then - horizon];
        n += sizes->count[then + horizon] - sizes->count[then - horizon];
    }
    if (n > 2 * grid->horizon)
        daily = sum / n / usual + 0.15;
    const double quarter = sqrt(sqrt(lately * daily));
    return quarter * sqrt(quarter); /* to the power of 3/8 */
}

/* What is left over, divided by how wide that is then: windows of hours, which a few points do not change. */
static void standardise(struct maker *maker, struct stretch over, size_t width, float *out,
                        float *out_sd)
{
    size_t n = maker->grid->n_points;
    double least = NOISE_SHARE_MIN * maker->input->noise_sd / sqrt((double)width) + 1e-9;
    double cap = fmax(5 * numbers_median(maker->scratch, leftovers(maker, over)), least);
    for (size_t p = 0; p < n; p++)
        maker->rest[p] = maker->raw[p] - predict(maker, p);
    for (size_t p = 0; p < n; p++)
        maker->scratch[p] = is_gap(maker->rest[p]) ? NAN : min_f64(fabs(maker->rest[p]), cap);
    sums_fill(&maker->sizes, maker->scratch);
    uint32_t n_learnt = maker->sizes.count[maker->grid->history];
    double usual = (n_learnt ? maker->sizes.sum[maker->grid->history] / n_learnt : 0) + least;
    double sd = usual;
    for (size_t p = 0; p < n; p++) {
        if (p % over.stride == 0)
            sd = usual * spread_at(maker->grid, &maker->sizes, p, usual);
        bool is_nothing = is_gap(maker->rest[p]) || fabs(maker->rest[p]) < least;
        out[p] = is_nothing ? 0 : (float)(maker->rest[p] / sd);
        if (out_sd)
            out_sd[p] = (float)(1.25 * sd);
    }
}

/* How much of earlier days' contrast comes again, if that alone is to say it: the fit shares it out over
 * predictors that say the same. */
static double season_weight(const struct maker *maker, struct stretch over)
{
    double products = 0, squares = 1e-12;
    for (size_t p = over.from; p < over.until; p += over.stride) {
        if (is_gap(maker->raw[p]))
            continue;
        products += maker->raw[p] * (double)maker->x[p][3];
        squares += (double)maker->x[p][3] * (double)maker->x[p][3];
    }
    return fmax(0, fmin(1, products / squares));
}

void signs_contrasts(const struct usual_grid *grid, const struct signs_contrast_input *input,
                     struct arena *work, struct signs *out)
{
    size_t n = grid->n_points, horizon = grid->horizon;
    struct stretch over = {horizon, grid->history > horizon ? grid->history - horizon : 0,
                           horizon / 12 > 0 ? horizon / 12 : 1};
    struct maker maker = {
        .grid = grid, .input = input, .sums = sums_new(n, work), .sizes = sums_new(n, work)};
    maker.n_predictors = input->control ? PREDICTORS : PREDICTORS - 1;
    maker.base = arena_array(work, n, double);
    maker.raw = arena_array(work, n, double);
    maker.rest = arena_array(work, n, double);
    maker.scratch = arena_array(work, n, double);
    const size_t n_rows = over.until / over.stride + 1;
    maker.rows = arena_zalloc(work, mul_size(n_rows, sizeof *maker.rows));
    maker.targets = arena_array(work, n_rows, float);
    maker.x = arena_alloc(work, mul_size(n, sizeof *maker.x));
    sums_fill(&maker.sums, input->y);
    set_base(&maker);
    const struct {
        size_t from, until;
    } windows[SIGN_CONTRASTS] = {
        {0, horizon},
        {horizon / 2, horizon},
        {0, horizon / 3},
        {0, horizon / 6 > 2 ? horizon / 6 : 2},
    };
    for (size_t c = 0; c < SIGN_CONTRASTS; c++) {
        set_window(&maker, windows[c].from, windows[c].until);
        memset(out->contrast[c], 0, n * sizeof(float));
        if (!fit(&maker, over, work))
            continue;
        standardise(&maker, over, windows[c].until - windows[c].from, out->contrast[c],
                    c == 0 ? out->contrast_sd : NULL);
        if (c == 0)
            out->season_weight = season_weight(&maker, over);
    }
}
