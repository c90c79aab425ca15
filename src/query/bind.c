#include "query/bind.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"

/* Seconds, points and counts beyond are mistakes, and their sums and products stay in 64 bits. */
static const int64_t BIND_INT_MAX = 100000000000; /* seconds: 3,000 years */
static const int64_t BIND_NODE_MAX = 1000000;     /* a name has 4,000 bytes */

size_t bind_n_params(const struct function *function)
{
    size_t n = 0;
    while (n < PARAMS_MAX && function->params[n].name)
        n++;
    return n;
}

const struct param *bind_param(const struct function *function, size_t i)
{
    return &function->params[min_size(i, bind_n_params(function) - 1)];
}

static bool takes_more(const struct param *param)
{
    return param->is_multiple || param->type == PARAM_SERIES_LISTS;
}

void bind_init(struct call *call, size_t n_given)
{
    size_t n = bind_n_params(call->function);
    if (n && n_given > n && takes_more(bind_param(call->function, n)))
        n = n_given;
    call->n_values = n;
    call->values = arena_zarray(call->eval->arena, n + 1, struct value);
    call->nodes = arena_zarray(call->eval->arena, n + 1, const struct node *);
}

bool bind_keyword(const struct call *call, const char *keyword, size_t *out, struct err *err)
{
    const char *names[PARAMS_MAX];
    size_t n = bind_n_params(call->function);
    for (size_t i = 0; i < n; i++) {
        names[i] = call->function->params[i].name;
        if (strcmp(names[i], keyword) != 0)
            continue;
        if (call->nodes[i])
            return FAIL(err, ERR_INPUT, "%s(): %s is given twice", call->name, keyword);
        *out = i;
        return true;
    }
    err_set(err, ERR_INPUT, "%s() has no parameter '%.80s'", call->name, keyword);
    const char *nearest = text_nearest(keyword, names, n);
    if (nearest)
        err_hint(err, "did you mean %s=?", nearest);
    return false;
}

/* ---- what was there, in words ---- */

static const char *value_words(const struct value *value, const struct node *node,
                               struct arena *arena)
{
    if (node && node->kind == NODE_PATH)
        return arena_printf(arena, "the path %.120s", node->text);
    switch (value->kind) {
    case VALUE_NONE:
        return "none";
    case VALUE_BOOL:
        return value->is_true ? "true" : "false";
    case VALUE_INT:
    case VALUE_FLOAT:
        return arena_printf(arena, "the number %.120s", value->text);
    case VALUE_TEXT:
        return arena_printf(arena, "the text '%.120s'", value->text);
    case VALUE_SERIES:
        break;
    }
    return "a list of series";
}

static bool refuse(const struct call *call, size_t i, const char *expected, struct err *err)
{
    const struct param *param = bind_param(call->function, i);
    const struct value *value = &call->values[i];
    err_set(err, ERR_INPUT, "%s(): %s must be %s, got %s", call->name, param->name, expected,
            value_words(value, call->nodes[i], call->eval->arena));
    if (call->nodes[i] && call->nodes[i]->kind == NODE_PATH && value->kind == VALUE_SERIES)
        err_hint(err, "put text in quotes");
    return call->nodes[i] ? eval_place(call->eval, call->nodes[i], err) : false;
}

/* ---- conversions: false when the value is not one of that type ---- */

static struct str trimmed(const char *text)
{
    return str_trim(str_of(text));
}

static bool to_float(struct value *value)
{
    if (value->kind == VALUE_BOOL) {
        value->number = value->is_true;
    } else if (value->kind == VALUE_TEXT) {
        struct str text = trimmed(value->text);
        if (!num_parse_f64(text.at, text.n, &value->number))
            return false;
    } else if (value->kind != VALUE_INT && value->kind != VALUE_FLOAT) {
        return false;
    }
    value->kind = VALUE_FLOAT;
    return true;
}

/* A number with a decimal point is refused even where it is whole, as Graphite does. */
static bool to_int(struct value *value, int64_t max)
{
    if (value->kind == VALUE_BOOL) {
        value->integer = value->is_true;
    } else if (value->kind == VALUE_TEXT) {
        struct str text = trimmed(value->text);
        if (!num_parse_i64(text.at, text.n, &value->integer))
            return false;
    } else if (value->kind != VALUE_INT) {
        return false;
    }
    value->kind = VALUE_INT;
    value->number = (double)value->integer;
    return value->integer >= -max && value->integer <= max;
}

static bool to_int_or_inf(struct value *value)
{
    struct value number = *value;
    if (to_int(value, BIND_INT_MAX))
        return true;
    if (!to_float(&number) || number.number != HUGE_VAL)
        return false;
    *value = number;
    return true;
}

static bool to_bool(struct value *value)
{
    if (value->kind == VALUE_TEXT) {
        bool is_true = strcasecmp(value->text, "true") == 0;
        if (!is_true && strcasecmp(value->text, "false") != 0)
            return false;
        value->is_true = is_true;
    } else if (value->kind == VALUE_INT || value->kind == VALUE_FLOAT) {
        if (value->number != 0 && value->number != 1)
            return false;
        value->is_true = value->number == 1;
    } else if (value->kind != VALUE_BOOL) {
        return false;
    }
    value->kind = VALUE_BOOL;
    return true;
}

static bool is_interval(const struct value *value)
{
    int64_t seconds = 0;
    return value->kind == VALUE_TEXT && interval_parse(value->text, &seconds, NULL) &&
           seconds >= -BIND_INT_MAX && seconds <= BIND_INT_MAX;
}

static bool is_number(const struct value *value)
{
    return value->kind == VALUE_INT || value->kind == VALUE_FLOAT || value->kind == VALUE_BOOL;
}

/* Texts are, and numbers in the range; NaN is not. */
static bool is_small(const struct value *value, int64_t max)
{
    return !is_number(value) || value->kind == VALUE_BOOL || fabs(value->number) <= (double)max;
}

static bool is_text_or_number(const struct value *value)
{
    return value->kind == VALUE_TEXT || is_number(value);
}

static const char *const aggregations[] = {
    "average", "avg", "avg_zero", "count", "current", "diff",   "last", "max",
    "median",  "min", "multiply", "range", "rangeOf", "stddev", "sum",  "total",
};

const char *const *bind_aggregations(size_t *out_n)
{
    *out_n = COUNT_OF(aggregations);
    return aggregations;
}

/* sumSeries is sum, as it was called once. */
static bool is_aggregation(const struct value *value)
{
    if (value->kind != VALUE_TEXT)
        return false;
    struct str name = str_of(value->text);
    if (str_ends(name, "Series"))
        name.n -= strlen("Series");
    for (size_t i = 0; i < COUNT_OF(aggregations); i++) {
        if (str_is(name, aggregations[i]))
            return true;
    }
    return false;
}

static bool is_callback(const struct value *value)
{
    return is_aggregation(value) || (value->kind == VALUE_TEXT && function_find(value->text));
}

/* Converts a given value; out_expected names the type where that fails. */
static bool convert(enum param_type type, struct value *value, const char **out_expected)
{
    switch (type) {
    case PARAM_SERIES_LIST:
    case PARAM_SERIES_LISTS:
    case PARAM_SERIES:
        *out_expected = "a list of series";
        return value->kind == VALUE_SERIES;
    case PARAM_FLOAT:
        *out_expected = "a number";
        return to_float(value);
    case PARAM_INT:
        *out_expected = "a whole number";
        return to_int(value, BIND_INT_MAX);
    case PARAM_NODE:
        *out_expected = "the number of a node";
        return to_int(value, BIND_NODE_MAX);
    case PARAM_INT_OR_INF:
        *out_expected = "a whole number or inf";
        return to_int_or_inf(value);
    case PARAM_BOOL:
        *out_expected = "true or false";
        return to_bool(value);
    case PARAM_INTERVAL:
        *out_expected = "an interval like '5min'";
        return is_interval(value);
    case PARAM_INT_OR_INTERVAL:
        *out_expected = "a number of points or an interval like '5min'";
        return is_number(value) ? is_small(value, BIND_INT_MAX) : is_interval(value);
    case PARAM_AGG_FUNC:
        *out_expected = "an aggregation (average, sum, min, max, ...)";
        return is_aggregation(value);
    case PARAM_AGG_OR_SERIES_FUNC:
        *out_expected = "an aggregation (average, sum, ...) or a function's name";
        return is_callback(value);
    case PARAM_NODE_OR_TAG:
        *out_expected = "the number of a node or a tag's name";
        return is_text_or_number(value) && is_small(value, BIND_NODE_MAX);
    case PARAM_DATE:
        *out_expected = "a time like 'now-1d'";
        return is_text_or_number(value);
    case PARAM_STRING:
    case PARAM_TAG:
        *out_expected = "a text in quotes";
        return is_text_or_number(value);
    case PARAM_ANY:
        break;
    }
    return true;
}

struct value bind_fallback(const char *json, struct arena *arena)
{
    struct value value = {.kind = VALUE_TEXT, .text = json};
    size_t n = strlen(json);
    if (json[0] == '"') {
        BUG_IF(n < 2);
        value.text = arena_strndup(arena, json + 1, n - 2);
    } else if (strcmp(json, "true") == 0 || strcmp(json, "false") == 0) {
        value.kind = VALUE_BOOL;
        value.is_true = json[0] == 't';
    } else if (num_parse_i64(json, n, &value.integer)) {
        value.kind = VALUE_INT;
        value.number = (double)value.integer;
    } else if (num_parse_f64(json, n, &value.number)) {
        value.kind = VALUE_FLOAT;
    } else {
        value = (struct value){.kind = VALUE_NONE}; /* null */
    }
    return value;
}

static bool fill_in(struct call *call, size_t i, const struct param *param, struct err *err)
{
    const char *expected;
    if (!param->is_optional && !param->fallback)
        return FAIL(err, ERR_INPUT, "%s(): %s is missing", call->name, param->name);
    if (!param->fallback)
        return true;
    struct value value = bind_fallback(param->fallback, call->eval->arena);
    BUG_IF(value.kind != VALUE_NONE && !convert(param->type, &value, &expected));
    value.is_given = false;
    call->values[i] = value;
    return true;
}

bool bind_finish(struct call *call, struct err *err)
{
    for (size_t i = 0; i < call->n_values; i++) {
        const struct param *param = bind_param(call->function, i);
        struct value *value = &call->values[i];
        const char *expected;
        bool is_listed = param->is_multiple && param->type != PARAM_ANY && call->nodes[i];
        if (value->kind == VALUE_NONE && !is_listed) {
            if (!fill_in(call, i, param, err))
                return false;
        } else if (!convert(param->type, value, &expected)) {
            return refuse(call, i, expected, err);
        }
    }
    return true;
}
