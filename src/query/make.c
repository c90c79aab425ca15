#include "query/make.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"

enum {
    DECIMALS_MAX = 330, /* past a double's last decimal rounding changes nothing */
    FIXED_BYTES = 700,  /* 309 digits, point and DECIMALS_MAX decimals */
};

const char make_no_name[] = "None";

struct shape make_shape(const struct series *series)
{
    return (struct shape){series->start_s, series->end_s, series->step_s, series->n_points};
}

/* "sumSeries(...)": letters and a pair of parentheses around something. */
static bool is_call_text(const char *name)
{
    size_t n = strlen(name), letters = 0;
    while (isalpha((unsigned char)name[letters]))
        letters++;
    return letters > 0 && name[letters] == '(' && n >= letters + 3 && name[n - 1] == ')';
}

/* One "key=value" of a tagged name; false when it cannot be a tag. */
static bool set_name_tag(struct arena *arena, struct series *series, struct str segment)
{
    struct str key, value = segment;
    if (!memchr(segment.at, '=', segment.n))
        return false;
    if (!str_split(&value, '=', &key) || key.n == 0 || value.n == 0 || value.at[0] == '~')
        return false;
    if (memchr(key.at, '!', key.n) || memchr(key.at, '^', key.n))
        return false;
    series_set_tag(arena, series, arena_strndup(arena, key.at, key.n),
                   arena_strndup(arena, value.at, value.n));
    return true;
}

/* What follows the first ';' of a name as tags; false when it is not made of them. */
static bool set_tags(struct arena *arena, struct series *series, const char *tags)
{
    struct str rest = str_of(tags), segment;
    while (str_split(&rest, ';', &segment))
        if (!set_name_tag(arena, series, segment))
            return false;
    return true;
}

void make_name_tags(struct call *call, struct series *series)
{
    const char *name = series->name;
    struct arena *arena = call_arena(call);
    const size_t path = strcspn(name, ";"), wild = strspn(name, "~");
    series->n_tags = 0;
    if (name[path] && path > wild && !is_call_text(name) &&
        set_tags(arena, series, name + path + 1))
        name = arena_strndup(arena, name + wild, path - wild);
    else
        series->n_tags = 0;
    series_set_tag(arena, series, "name", name);
}

static bool make_gaps(struct call *call, const struct shape *shape, struct series **out,
                      struct err *err)
{
    if (!call_spend(call, shape->n_points, err))
        return false;
    BUG_IF(shape->step_s <= 0);
    *out = series_new(call_arena(call), shape->start_s, shape->step_s, shape->n_points);
    (*out)->end_s = shape->end_s;
    (*out)->per_point = 1;
    return true;
}

bool make_series(struct call *call, const char *name, const struct shape *shape,
                 struct series **out, struct err *err)
{
    const double x_files_factor = call_request_xff(call);
    if (!make_gaps(call, shape, out, err))
        return false;
    if (!series_rename(*out, call_arena(call), err, "%s", name))
        return false;
    (*out)->x_files_factor = isnan(x_files_factor) ? 0 : x_files_factor;
    make_name_tags(call, *out);
    return true;
}

bool make_derived(struct call *call, const struct series *from, const char *name,
                  const struct shape *shape, struct series **out, struct err *err)
{
    if (!make_gaps(call, shape, out, err))
        return false;
    struct series *made = *out;
    if (!series_rename(made, call_arena(call), err, "%s", name))
        return false;
    made->consolidation = from->consolidation;
    made->x_files_factor = from->x_files_factor;
    made->tags = arena_array(call_arena(call), from->n_tags, struct tag);
    made->n_tags = from->n_tags;
    if (from->n_tags)
        memcpy(made->tags, from->tags, from->n_tags * sizeof(from->tags[0]));
    return true;
}

bool make_line(struct call *call, const char *name, double value, struct series **out,
               struct err *err)
{
    const int64_t from_s = call_from_s(call), until_s = call_until_s(call);
    const int64_t step_s = max_i64((until_s - from_s) / 2, 1);
    if (!make_series(call, name, &(struct shape){from_s, until_s, step_s, 3}, out, err))
        return false;
    for (size_t i = 0; i < 3; i++)
        (*out)->values[i] = value;
    (*out)->style.connects = true;
    return true;
}

bool make_alias(struct call *call, struct series *series, const char *name, struct err *err)
{
    const char *path_expression = series->path_expression;
    if (!series_rename(series, call_arena(call), err, "%s", name))
        return false;
    series->path_expression = path_expression;
    return true;
}

void make_tag(struct call *call, struct series *series, const char *key, const char *value)
{
    series_set_tag(call_arena(call), series, key, value);
}

const char *make_text(struct call *call, double value)
{
    char text[NUM_TEXT_MAX];
    size_t n = num_format(text, value);
    return is_gap(value) ? "None" : arena_strndup(call_arena(call), text, n);
}

const char *make_text_d(struct call *call, double value)
{
    char text[FIXED_BYTES];
    size_t n = num_format_fixed(text, sizeof(text), trunc(value) + 0.0, 0);
    return arena_strndup(call_arena(call), text, n);
}

/* Exact: through the decimal digits. */
static double round_slowly(double value, int decimals)
{
    char text[FIXED_BYTES];
    size_t n = num_format_fixed(text, sizeof(text), value, decimals);
    bool is_number = num_parse_f64(text, n, &value);
    BUG_IF(!is_number);
    return value;
}

/* To a whole number of 10^-decimals. Remainders are exact. */
static double round_to_tens(double value, int64_t decimals)
{
    if (decimals < -308)
        return 0;
    double unit = 1;
    for (int64_t i = decimals; i < 0; i++)
        unit *= 10;
    double rest = fmod(fabs(value), unit), low = fabs(value) - rest;
    bool is_odd = fmod(low / unit, 2) != 0;
    bool goes_up = rest > unit / 2 || (rest == unit / 2 && is_odd);
    return copysign(goes_up ? low + unit : low, value);
}

double make_round(double value, int64_t decimals)
{
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    static const double SURE_MAX = 1e12; /* below, value * 10^decimals is off by less than 2^-13 */
    static const double TIE_MARGIN = 1e-3; /* nearer to a tie than this, count the digits */
    if (!isfinite(value) || decimals > DECIMALS_MAX)
        return value;
    if (decimals == 0)
        return nearbyint(value);
    if (decimals < 0)
        return round_to_tens(value, decimals);
    if (decimals < (int64_t)COUNT_OF(powers)) {
        double scaled = value * powers[decimals], whole = nearbyint(scaled);
        if (fabs(scaled) < SURE_MAX && fabs(fabs(scaled - whole) - 0.5) > TIE_MARGIN)
            return whole / powers[decimals]; /* both exact: the nearest double */
    }
    return round_slowly(value, (int)decimals);
}
