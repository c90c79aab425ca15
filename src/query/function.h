/* What a render function is: a descriptor beside its code, and one line in functions.c. The evaluator
 * checks and converts the arguments by the descriptor before run is called. */
#pragma once

#include "base/tz.h"
#include "model/change.h"
#include "model/series.h"
#include "model/source.h"

struct call; /* one call being evaluated; see eval.h */

enum param_type {
    PARAM_SERIES_LIST,  /* a list of series */
    PARAM_SERIES_LISTS, /* any number of them: io holds them all, joined */
    PARAM_SERIES,       /* exactly one series is meant (checked by the function) */
    PARAM_FLOAT,
    PARAM_INT,
    PARAM_INT_OR_INF,
    PARAM_STRING,
    PARAM_BOOL,
    PARAM_INTERVAL,        /* "5min", "-1d" */
    PARAM_INT_OR_INTERVAL, /* 5 or "5min" */
    PARAM_NODE,
    PARAM_NODE_OR_TAG,
    PARAM_TAG,
    PARAM_AGG_FUNC, /* average, sum, ... */
    PARAM_AGG_OR_SERIES_FUNC,
    PARAM_DATE,
    PARAM_ANY, /* series, number or text; see call_kind */
};

struct param {
    const char *name;
    enum param_type type;
    bool is_optional;
    bool is_multiple;     /* the last one only: takes all that follow */
    const char *fallback; /* JSON text of the default for /functions and for call_*; NULL: none */
};

enum { PARAMS_MAX = 7 };

struct function {
    const char *name;
    const char *group; /* Graphite's: Combine, Transform, Calculate, Filter Series, Alias, ... */
    struct param params[PARAMS_MAX]; /* ends at the first without a name */
    /* io: the first series-list argument's series (all lists joined for PARAM_SERIES_LISTS), and
     * on return the result. Series in io are this call's own: change them in place. */
    bool (*run)(struct call *call, struct series_list *io, struct err *err);
    /* All that run does is to combine io by this aggregation function ("sum"), of which agg_can_fold;
     * the evaluator may then do it series by series, see fold.h. NULL: it does more. */
    const char *folds;
    const char *about;
    const char *example;
};

/* All functions by name, aliases included ("sum" is fn_sum_series too), sorted by name. */
struct function_entry {
    const char *name;
    const struct function *function;
};
extern const struct function_entry functions_all[];
extern const size_t n_functions;
const struct function *function_find(const char *name);

/* ---- what a running function may ask of its call; i counts declared parameters from 0, and goes on
 * past the last for a multiple one. Types were checked: asking the wrong kind is a BUG. ---- */

struct arena *call_arena(const struct call *call);
const char *call_name(
    const struct call *call); /* the name it was called by: "sum" or "sumSeries" */

size_t call_n(const struct call *call);             /* arguments given, after keywords are placed */
bool call_has(const struct call *call, size_t i);   /* given and not none */
double call_f64(const struct call *call, size_t i); /* or the fallback */
int64_t call_i64(const struct call *call, size_t i);
bool call_bool(const struct call *call, size_t i);
/* Strings: the text. Numbers: as typed. Booleans: Python's True/False. NULL when not given and no
 * fallback. */
const char *call_text(const struct call *call, size_t i);

enum value_kind { VALUE_NONE, VALUE_BOOL, VALUE_INT, VALUE_FLOAT, VALUE_TEXT, VALUE_SERIES };
enum value_kind call_kind(const struct call *call, size_t i);
/* A series-list argument other than the first. For PARAM_SERIES_LISTS, i-th list alone. */
const struct series_list *call_series(const struct call *call, size_t i);

/* The argument's tag value as Python's str() prints it: 2.0, True, 5min. */
const char *call_tag_text(const struct call *call, size_t i);

/* ---- the request ---- */
int64_t call_from_s(const struct call *call); /* Graphite's from, until, now of this evaluation */
int64_t call_until_s(const struct call *call);
int64_t call_now_s(const struct call *call);
const struct tz *call_tz(const struct call *call);
/* xFilesFactor of the request, or as setXFilesFactor left it for later calls; NaN: not given. */
double call_request_xff(const struct call *call);
void call_set_request_xff(struct call *call, double x_files_factor);
/* Running totals of stacked(), one a stack name, shared by all targets: the slot's pointer is kept
 * between calls; NULL at first. */
struct series **call_stack_total(struct call *call, const char *stack);

/* Evaluates argument i (a series list) again over another range. Graphite's from/until meaning. */
MUST_CHECK bool call_again(struct call *call, size_t i, int64_t from_s, int64_t until_s,
                           struct series_list *out, struct err *err);
/* Evaluates a target text over this range (aliasQuery, applyByNode, useSeriesAbove). */
MUST_CHECK bool call_target(struct call *call, const char *target, struct series_list *out,
                            struct err *err);
/* Applies another function by name to a list (groupByNode's callback): one result list. */
MUST_CHECK bool call_function(struct call *call, const char *name, struct series_list *io,
                              struct err *err);
MUST_CHECK bool call_changes(struct call *call, const struct change_query *query,
                             struct change_list *out, struct err *err);
MUST_CHECK bool call_tagged(struct call *call, const struct tag_expr *exprs, size_t n,
                            struct series_list *out, struct err *err);
/* The text of the whole call as it was typed: seriesByTag('a=b'). */
const char *call_source_text(const struct call *call);
/* FAIL with ERR_INPUT about argument i: its place is said before the text, and the function's name, as
 * before all that run fails with. */
#define FAIL_AT(call, i, err, ...) (call_blame((call), (i)), FAIL((err), ERR_INPUT, __VA_ARGS__))
/* False: the error that a helper has set is about argument i. */
#define BLAME(call, i) (call_blame((call), (i)), false)
void call_blame(struct call *call, size_t i);
/* Counts n more values against the request's limits, its time included. err: ERR_LIMIT, ERR_BUSY. Call
 * before making series. */
MUST_CHECK bool call_spend(struct call *call, size_t n_values, struct err *err);

/* ---- common steps ---- */

/* name and path_expression = the formatted text. */
MUST_CHECK PRINTF_LIKE(4, 5) bool series_rename(struct series *series, struct arena *arena,
                                                struct err *err, const char *fmt, ...);
/* "5min" → 300; the sign is kept. err: ERR_INPUT. */
MUST_CHECK bool interval_parse(const char *text, int64_t *out_s, struct err *err);
/* %g as Python and Graphite print it in names. In the arena. */
const char *name_g(struct arena *arena, double value);
