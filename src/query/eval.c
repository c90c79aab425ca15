#include "query/eval.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "query/bind.h"
#include "query/fetch.h"
#include "query/fold.h"

void eval_init(struct eval *eval, const struct query_env *env, const struct query_request *request,
               struct arena *arena)
{
    *eval = (struct eval){
        .env = env,
        .request = request,
        .arena = arena,
        .fetched = map_new(),
        .uses = map_new(),
        .stacks = map_new(),
        .deadline_us = clock_us(&env->clock) + env->limits.time_us_max,
    };
}

void eval_done(struct eval *eval)
{
    map_free(eval->fetched);
    map_free(eval->uses);
    map_free(eval->stacks);
}

bool eval_check_time(const struct eval *eval, struct err *err)
{
    const struct query_request *request = eval->request;
    if (request->is_gone && request->is_gone(request->is_gone_self))
        return FAIL(err, ERR_BUSY, "the client has closed its connection");
    if (clock_us(&eval->env->clock) <= eval->deadline_us)
        return true;
    err_set(err, ERR_LIMIT, "query.max-time: the request took longer than %lld ms",
            (long long)(eval->env->limits.time_us_max / 1000));
    err_hint(err, "ask for fewer series or a shorter range, or raise max-time in [query]");
    return false;
}

bool eval_spend(struct eval *eval, size_t n_values, struct err *err)
{
    if (n_values <= eval->env->limits.n_points_max - eval->n_values) {
        eval->n_values += n_values;
        return true;
    }
    err_set(err, ERR_LIMIT, "query.max-points: the request needs more than %zu values",
            eval->env->limits.n_points_max);
    err_hint(err, "ask for fewer series or a shorter range, or raise max-points in [query]");
    return false;
}

bool eval_place(struct eval *eval, const struct node *node, struct err *err)
{
    if (err && err->kind == ERR_INPUT && !eval->is_placed) {
        err_prefix(err, "position %zu", node->position);
        eval->is_placed = true;
    }
    return false;
}

static void set_series(struct value *out, const struct series_list *list)
{
    *out = (struct value){.kind = VALUE_SERIES, .is_given = true, .series = *list};
}

/* ---- templates ---- */

/* All "$key" in text replaced by with. */
static const char *replace_key(struct arena *arena, const char *text, const char *key,
                               const char *with)
{
    const char *variable = arena_printf(arena, "$%s", key);
    size_t n = strlen(variable);
    const char *result = "";
    for (;;) {
        const char *found = strstr(text, variable);
        if (!found)
            return arena_printf(arena, "%s%s", result, text);
        result = arena_printf(arena, "%s%.*s%s", result, (int)(found - text), text, with);
        text = found + n;
    }
}

/* The binding whose variable is the whole text; its value takes the place of the path. */
static const struct binding *whole_binding(const struct scope *scope, const char *text)
{
    for (size_t i = 0; text[0] == '$' && i < scope->n_bindings; i++) {
        if (strcmp(text + 1, scope->bindings[i].key) == 0)
            return &scope->bindings[i];
    }
    return NULL;
}

/* A text of digits, dots and a minus is a number to whoever uses the variable as an argument. */
static struct value number_of_text(struct value value)
{
    const char *digits = value.text + (value.text[0] == '-');
    size_t n = strlen(digits);
    if (!n || strspn(digits, "0123456789.") != n ||
        !num_parse_f64(value.text, strlen(value.text), &value.number))
        return value;
    value.kind = VALUE_FLOAT;
    return value;
}

static bool eval_path(struct eval *eval, const struct scope *scope, const struct node *node,
                      struct value *out, struct err *err)
{
    struct fetch_path path = {.typed = node->text,
                              .pattern = node->pattern,
                              .path_expression = node->text,
                              .in_keyword = node->in_keyword};
    const struct binding *whole = whole_binding(scope, node->text);
    if (whole) {
        *out = whole->value.kind == VALUE_TEXT ? number_of_text(whole->value) : whole->value;
        return true;
    }
    for (size_t i = 0; i < scope->n_bindings && strchr(path.pattern, '$'); i++) {
        const struct binding *binding = &scope->bindings[i];
        const char *with = binding->value.text;
        path.pattern = replace_key(eval->arena, path.pattern, binding->key, with);
        path.path_expression = replace_key(eval->arena, path.path_expression, binding->key, with);
    }
    if (strlen(path.pattern) > eval->env->limits.target_bytes_max)
        return FAIL(err, ERR_LIMIT, "query.max-target-bytes: a path grew past %zu bytes",
                    eval->env->limits.target_bytes_max);
    struct series_list list;
    if (!fetch_path(eval, scope->context, &path, &list, err))
        return eval_place(eval, node, err);
    set_series(out, &list);
    return true;
}

static struct value literal_value(const struct node *node)
{
    struct value value = {.is_given = true, .text = node->text, .number = node->number};
    switch (node->kind) {
    case NODE_INT:
        value.kind = VALUE_INT;
        value.integer = node->integer;
        return value;
    case NODE_FLOAT:
        value.kind = VALUE_FLOAT;
        return value;
    case NODE_TEXT:
        value.kind = VALUE_TEXT;
        return value;
    case NODE_BOOL:
        value.kind = VALUE_BOOL;
        value.is_true = node->is_true;
        return value;
    case NODE_NONE:
    case NODE_PATH:
    case NODE_CALL:
    case NODE_TEMPLATE:
    case NODE_NOTHING:
        break;
    }
    return (struct value){.kind = VALUE_NONE};
}

static void bind_variable(struct binding *bindings, size_t *n, const char *key, struct value value)
{
    for (size_t i = 0; i < *n; i++) {
        if (strcmp(bindings[i].key, key) == 0) {
            bindings[i].value = value;
            return;
        }
    }
    bindings[(*n)++] = (struct binding){.key = key, .value = value};
}

/* The template's own values, 1, 2, ... for those without a name; the request's win. */
static bool eval_template(struct eval *eval, const struct scope *scope, const struct node *node,
                          struct value *out, struct err *err)
{
    const struct query_request *request = eval->request;
    struct binding *bindings =
        arena_array(eval->arena, node->n_args + request->n_templates, struct binding);
    size_t n = 0;
    for (size_t i = 1; i < node->n_args; i++) {
        const char *key = node->args[i].keyword;
        if (!key)
            key = arena_printf(eval->arena, "%zu", i);
        bind_variable(bindings, &n, key, literal_value(node->args[i].node));
    }
    for (size_t i = 0; i < request->n_templates; i++) {
        const struct query_template *given = &request->templates[i];
        struct value value = {.kind = VALUE_TEXT, .is_given = true, .text = given->value};
        if (given->key[0])
            bind_variable(bindings, &n, given->key, value);
    }
    struct scope inner = {.context = scope->context, .bindings = bindings, .n_bindings = n};
    return eval_node(eval, &inner, node->args[0].node, out, err);
}

/* ---- calls ---- */

static bool unknown_function(const char *name, struct err *err)
{
    size_t n;
    const char *const *names = query_function_names(&n);
    err_set(err, ERR_INPUT, "there is no function '%.80s'", name);
    const char *nearest = text_nearest(name, names, n);
    if (nearest)
        err_hint(err, "did you mean %s?", nearest);
    return false;
}

static bool eval_arg(struct call *call, size_t slot, const struct node *node, struct err *err)
{
    call->nodes[slot] = node;
    return eval_node(call->eval, &call->scope, node, &call->values[slot], err);
}

/* Evaluates the arguments in the order of the text, each into its parameter's place. */
static bool eval_args(struct call *call, struct err *err)
{
    const struct node *node = call->node;
    size_t n_positional = 0;
    while (n_positional < node->n_args && !node->args[n_positional].keyword)
        n_positional++;
    bind_init(call, n_positional);
    if (n_positional > call->n_values) {
        err_set(err, ERR_INPUT, "%s() takes at most %zu arguments, not %zu", call->name,
                call->n_values, n_positional);
        return eval_place(call->eval, node->args[call->n_values].node, err);
    }
    for (size_t i = 0; i < node->n_args; i++) {
        size_t slot = i;
        const char *keyword = node->args[i].keyword;
        if (keyword && !bind_keyword(call, keyword, &slot, err))
            return eval_place(call->eval, node->args[i].node, err);
        if (!eval_arg(call, slot, node->args[i].node, err))
            return false;
        call->n_given = max_size(call->n_given, slot + 1);
    }
    return true;
}

/* io begins as the first series-list argument, or as all of them where any number may be given. */
static void gather_io(const struct call *call, struct series_list *io)
{
    size_t n_params = bind_n_params(call->function);
    size_t first = 0;
    while (first < n_params && call->function->params[first].type != PARAM_SERIES_LIST &&
           call->function->params[first].type != PARAM_SERIES_LISTS &&
           call->function->params[first].type != PARAM_SERIES)
        first++;
    if (first == n_params)
        return;
    bool takes_all =
        call->function->params[first].type == PARAM_SERIES_LISTS && first + 1 == n_params;
    size_t last = takes_all ? call->n_values : first + 1;
    for (size_t i = first; i < last; i++) {
        const struct series_list *list = &call->values[i].series;
        for (size_t k = 0; k < list->n; k++)
            series_list_add(io, list->items[k], call->eval->arena);
    }
}

/* What run says is wrong is said of its function, at the argument that it blamed. A limit of the request
 * is nobody's own. */
static bool name_call(const struct call *call, struct err *err)
{
    if (!err || call->eval->is_placed)
        return false;
    if (err->kind == ERR_INPUT || (err->kind == ERR_LIMIT && !text_starts(err->text, "query.")))
        err_prefix(err, "%s()", call->name);
    return call->blamed ? eval_place(call->eval, call->blamed, err) : false;
}

bool eval_call(struct call *call, struct series_list *out, struct err *err)
{
    struct series_list io = {0};
    if (!eval_check_time(call->eval, err) || !bind_finish(call, err))
        return false;
    gather_io(call, &io);
    if (!call->function->run(call, &io, err))
        return name_call(call, err);
    *out = io;
    return true;
}

static bool eval_call_node(struct eval *eval, const struct scope *scope, const struct node *node,
                           struct value *out, struct err *err)
{
    struct series_list list = {0};
    struct call *call = arena_zalloc(eval->arena, sizeof *call);
    *call = (struct call){.eval = eval,
                          .scope = *scope,
                          .node = node,
                          .function = function_find(node->text),
                          .name = node->text};
    if (!call->function)
        return unknown_function(node->text, err) || eval_place(eval, node, err);
    bool is_done;
    if (!fold_call(call, &is_done, &list, err))
        return false;
    if (!is_done && (!eval_args(call, err) || !eval_call(call, &list, err)))
        return eval_place(eval, node, err);
    set_series(out, &list);
    return true;
}

static bool eval_kind(struct eval *eval, const struct scope *scope, const struct node *node,
                      struct value *out, struct err *err)
{
    if (node->kind == NODE_PATH)
        return eval_path(eval, scope, node, out, err);
    if (node->kind == NODE_CALL)
        return eval_call_node(eval, scope, node, out, err);
    if (node->kind == NODE_TEMPLATE)
        return eval_template(eval, scope, node, out, err);
    *out = literal_value(node);
    return true;
}

bool eval_node(struct eval *eval, const struct scope *scope, const struct node *node,
               struct value *out, struct err *err)
{
    /* Targets that functions build may call functions that build targets. */
    if (eval->depth >= 2 * eval->env->limits.n_depth_max)
        return FAIL(err, ERR_LIMIT, "query.max-depth: evaluation is nested deeper than %u",
                    2 * eval->env->limits.n_depth_max);
    eval->depth++;
    bool ok = eval_kind(eval, scope, node, out, err);
    eval->depth--;
    return ok;
}

static bool check_length(const struct eval *eval, const char *target, struct err *err)
{
    size_t n_max = eval->env->limits.target_bytes_max;
    if (strnlen(target, n_max + 1) <= n_max)
        return true;
    return FAIL(err, ERR_LIMIT, "query.max-target-bytes: the target is longer than %zu bytes",
                n_max);
}

bool eval_parse(struct eval *eval, const char *target, enum parse_rest rest,
                const struct node **out, struct err *err)
{
    const struct node *node = NULL;
    *out = NULL;
    if (!check_length(eval, target, err))
        return false;
    if (target[strspn(target, " \t\r\n\v\f")] == '\0')
        return true;
    if (!parse_target(target, eval->env->limits.n_depth_max, rest, eval->arena, &node, err)) {
        eval->is_placed = true;
        return false;
    }
    fetch_count(eval, node);
    *out = node;
    return true;
}

bool eval_tree(struct eval *eval, struct context *context, const struct node *node,
               struct series_list *out, struct err *err)
{
    struct scope scope = {.context = context};
    struct value value;
    *out = (struct series_list){0};
    if (!node || node->kind == NODE_NOTHING)
        return true;
    if (!eval_node(eval, &scope, node, &value, err))
        return false;
    if (value.kind != VALUE_SERIES) {
        eval->is_placed = true;
        return FAIL(err, ERR_INPUT, "position %zu: expected series, got %.120s", node->position,
                    value.text ? value.text : "a number");
    }
    *out = value.series;
    return true;
}
