#include "query/query.h"

#include "base/mem.h"
#include "query/eval.h"
#include "query/make.h"

struct query_limits query_limits_default(void)
{
    return (struct query_limits){
        .n_series_max = 50000,       /* more is an export, not a graph */
        .n_points_max = 100000000,   /* 800 MB of values in one request's arena */
        .n_depth_max = 64,           /* far past what people type; each level is C stack */
        .target_bytes_max = 1 << 16, /* lists of hundreds of paths in braces still fit */
        .time_us_max = 60000000,     /* whoever asked has gone by then */
    };
}

/* "target 2, position 7: ...": the hint stays. */
static bool name_target(struct err *err, size_t i)
{
    if (!err || err->kind != ERR_INPUT)
        return false;
    struct err inner = *err;
    err_set(err, inner.kind, "target %zu, %s", i + 1, inner.text);
    if (inner.hint[0])
        err_hint(err, "%s", inner.hint);
    return false;
}

/* All are parsed before the first is evaluated: what one reads, another need not read again. */
static bool parse_targets(struct eval *eval, const struct node **nodes, struct err *err)
{
    for (size_t i = 0; i < eval->request->n_targets; i++) {
        if (!eval_parse(eval, eval->request->targets[i], PARSE_REFUSES_REST, &nodes[i], err))
            return name_target(err, i);
    }
    return true;
}

static bool run_targets(struct eval *eval, struct series_list *out, struct err *err)
{
    const struct query_request *request = eval->request;
    const struct node **nodes =
        arena_zarray(eval->arena, request->n_targets + 1, const struct node *);
    struct context context = {.from_s = request->from_s,
                              .until_s = request->until_s,
                              .x_files_factor = request->x_files_factor};
    struct series_list all = {0};
    if (!parse_targets(eval, nodes, err))
        return false;
    for (size_t i = 0; i < request->n_targets; i++) {
        struct series_list list = {0};
        if (!eval_tree(eval, &context, nodes[i], &list, err))
            return name_target(err, i);
        for (size_t k = 0; k < list.n; k++)
            series_list_add(&all, list.items[k], eval->arena);
    }
    *out = all;
    return true;
}

bool query_run(const struct query_env *env, const struct query_request *request,
               struct arena *arena, struct series_list *out, struct err *err)
{
    struct eval eval;
    struct err own; /* the position is put into the message, even if nobody reads it */
    eval_init(&eval, env, request, arena);
    bool ok = run_targets(&eval, out, err ? err : &own);
    eval_done(&eval);
    return ok;
}

bool query_is_unnamed(const struct series *series)
{
    return series->name == make_no_name;
}
