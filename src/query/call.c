/* What a running function may ask of its call: see function.h. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "query/bind.h"
#include "query/fetch.h"

enum {
    SERIES_NAME_BYTES_MAX =
        4 << 20, /* combiners list what they combine: 20,000 paths of 200 bytes */
};

struct arena *call_arena(const struct call *call)
{
    return call->eval->arena;
}

const char *call_name(const struct call *call)
{
    return call->name;
}

size_t call_n(const struct call *call)
{
    return call->n_given;
}

static const struct value *value_at(const struct call *call, size_t i)
{
    static const struct value none = {.kind = VALUE_NONE};
    return i < call->n_values ? &call->values[i] : &none;
}

bool call_has(const struct call *call, size_t i)
{
    return value_at(call, i)->is_given;
}

enum value_kind call_kind(const struct call *call, size_t i)
{
    return value_at(call, i)->kind;
}

double call_f64(const struct call *call, size_t i)
{
    const struct value *value = value_at(call, i);
    if (value->kind == VALUE_BOOL)
        return value->is_true;
    BUG_IF(value->kind != VALUE_INT && value->kind != VALUE_FLOAT);
    return value->number;
}

int64_t call_i64(const struct call *call, size_t i)
{
    const struct value *value = value_at(call, i);
    if (value->kind == VALUE_BOOL)
        return value->is_true;
    if (value->kind == VALUE_INT)
        return value->integer;
    BUG_IF(value->kind != VALUE_FLOAT);
    if (isnan(value->number))
        return 0;
    if (value->number >= 9.2e18)
        return INT64_MAX;
    return value->number <= -9.2e18 ? INT64_MIN : (int64_t)value->number;
}

bool call_bool(const struct call *call, size_t i)
{
    const struct value *value = value_at(call, i);
    BUG_IF(value->kind != VALUE_BOOL && value->kind != VALUE_NONE);
    return value->is_true;
}

/* Python's str() of a number: 5, 2.0, 1e+16. */
static const char *number_text(const struct call *call, const struct value *value)
{
    char text[NUM_TEXT_MAX];
    if (value->kind == VALUE_INT)
        return arena_printf(call->eval->arena, "%lld", (long long)value->integer);
    num_format(text, value->number);
    return arena_strdup(call->eval->arena, text);
}

const char *call_text(const struct call *call, size_t i)
{
    const struct value *value = value_at(call, i);
    switch (value->kind) {
    case VALUE_NONE:
        return NULL;
    case VALUE_BOOL:
        return value->is_true ? "True" : "False";
    case VALUE_TEXT:
        return value->text;
    case VALUE_INT:
    case VALUE_FLOAT:
        return value->text ? value->text : number_text(call, value);
    case VALUE_SERIES:
        break;
    }
    BUG_IF(value->kind == VALUE_SERIES);
    return NULL;
}

const char *call_tag_text(const struct call *call, size_t i)
{
    const struct value *value = value_at(call, i);
    if (value->kind == VALUE_INT || value->kind == VALUE_FLOAT)
        return number_text(call, value);
    return value->kind == VALUE_NONE ? "None" : call_text(call, i);
}

const struct series_list *call_series(const struct call *call, size_t i)
{
    const struct value *value = value_at(call, i);
    BUG_IF(value->kind != VALUE_SERIES && value->kind != VALUE_NONE);
    return &value->series;
}

/* ---- the request ---- */

int64_t call_from_s(const struct call *call)
{
    return call->scope.context->from_s;
}

int64_t call_until_s(const struct call *call)
{
    return call->scope.context->until_s;
}

int64_t call_now_s(const struct call *call)
{
    return call->eval->request->now_s;
}

const struct tz *call_tz(const struct call *call)
{
    const struct tz *tz = call->eval->request->tz;
    return tz ? tz : tz_utc();
}

double call_request_xff(const struct call *call)
{
    return call->scope.context->x_files_factor;
}

void call_set_request_xff(struct call *call, double x_files_factor)
{
    call->scope.context->x_files_factor = x_files_factor;
}

struct series **call_stack_total(struct call *call, const char *stack)
{
    struct map *stacks = call->eval->stacks;
    struct series **slot = map_get(stacks, stack, strlen(stack));
    if (!slot) {
        slot = arena_zalloc(call->eval->arena, sizeof(struct series *));
        map_put(stacks, stack, strlen(stack), (void *)slot);
    }
    return slot;
}

bool call_again(struct call *call, size_t i, int64_t from_s, int64_t until_s,
                struct series_list *out, struct err *err)
{
    struct value value;
    if (i >= call->n_values || !call->nodes[i])
        return FAIL(err, ERR_INPUT, "reads its series again and cannot be a callback");
    if (until_s < from_s)
        return FAIL(err, ERR_INPUT, "the range to read ends before it begins");
    struct context context = *call->scope.context;
    context.from_s = from_s;
    context.until_s = until_s;
    context.is_again = true;
    struct scope scope = call->scope;
    scope.context = &context;
    if (!eval_node(call->eval, &scope, call->nodes[i], &value, err))
        return false;
    BUG_IF(value.kind != VALUE_SERIES);
    *out = value.series;
    return true;
}

bool call_target(struct call *call, const char *target, struct series_list *out, struct err *err)
{
    struct eval *eval = call->eval;
    struct context context = *call->scope.context;
    const struct node *node;
    if (eval_parse(eval, target, PARSE_IGNORES_REST, &node, err) &&
        eval_tree(eval, &context, node, out, err))
        return true;
    if (err && err->kind == ERR_INPUT) {
        err_prefix(err, "in the target '%.120s'", target);
        eval->is_placed = false; /* the caller's own position is yet to be said */
    }
    return false;
}

bool call_function(struct call *call, const char *name, struct series_list *io, struct err *err)
{
    struct call inner = {
        .eval = call->eval, .scope = call->scope, .function = function_find(name), .name = name};
    if (!inner.function)
        return FAIL(err, ERR_INPUT, "there is no function '%.80s'", name);
    bind_init(&inner, 1);
    if (!inner.n_values)
        return FAIL(err, ERR_INPUT, "%s() takes no series", name);
    inner.values[0] = (struct value){.kind = VALUE_SERIES, .is_given = true, .series = *io};
    inner.n_given = 1;
    return eval_call(&inner, io, err);
}

bool call_changes(struct call *call, const struct change_query *query, struct change_list *out,
                  struct err *err)
{
    const struct changes *changes = &call->eval->env->changes;
    *out = (struct change_list){0};
    if (!changes->ops)
        return true;
    return changes->ops->list(changes->self, query, call->eval->arena, out, err);
}

bool call_tagged(struct call *call, const struct tag_expr *exprs, size_t n, struct series_list *out,
                 struct err *err)
{
    *out = (struct series_list){0};
    if (call->node && call->node->in_keyword)
        return true; /* as for paths: see fetch_path */
    const struct fetch_tags tags = {
        .exprs = exprs, .n = n, .path_expression = call_source_text(call)};
    return fetch_tagged(call->eval, call->scope.context, &tags, out, err);
}

const char *call_source_text(const struct call *call)
{
    return call->node ? call->node->source : call->name;
}

void call_blame(struct call *call, size_t i)
{
    call->blamed = i < call->n_values ? call->nodes[i] : NULL;
}

bool call_spend(struct call *call, size_t n_values, struct err *err)
{
    return eval_check_time(call->eval, err) && eval_spend(call->eval, n_values, err);
}

/* ---- common steps ---- */

bool series_rename(struct series *series, struct arena *arena, struct err *err, const char *fmt,
                   ...)
{
    va_list args;
    va_start(args, fmt);
    const char *name = arena_vprintf(arena, fmt, args);
    va_end(args);
    /* Each call wraps the name of what it was given; a name that doubles in each would not end. */
    if (strlen(name) > SERIES_NAME_BYTES_MAX)
        return FAIL(err, ERR_LIMIT, "a series' name grew past %d bytes", SERIES_NAME_BYTES_MAX);
    series->name = name;
    series->path_expression = name;
    return true;
}

const char *name_g(struct arena *arena, double value)
{
    char text[NUM_TEXT_MAX];
    num_format_g(text, value, 6);
    return arena_strdup(arena, text);
}
