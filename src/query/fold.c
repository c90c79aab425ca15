#include "query/fold.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/name.h"
#include "query/combine.h"
#include "query/fetch.h"
#include "query/make.h"

struct fold {
    struct call *call;
    struct agg_fold rows;
    struct shape shape;
    bool is_off;      /* times differ: not for us */
    struct tag *tags; /* that all series so far share */
    size_t n_tags;
};

static bool can_fold(const struct call *call)
{
    const struct node *node = call->node;
    if (!call->function->folds || node->n_args == 0 || call->scope.n_bindings > 0)
        return false;
    for (size_t i = 0; i < node->n_args; i++)
        if (node->args[i].keyword || !fetch_is_plain(call->eval, node->args[i].node))
            return false;
    return true;
}

static void begin(struct fold *fold, const struct series *first)
{
    struct arena *arena = call_arena(fold->call);
    fold->shape = make_shape(first);
    fold->rows.n_rows = first->n_points;
    fold->rows.acc = arena_zarray(arena, first->n_points, double);
    fold->rows.seen = arena_zarray(arena, first->n_points, double);
    fold->n_tags = name_tags(arena_strdup(arena, first->name), arena, &fold->tags);
}

static bool has_tag(const struct tag *tags, size_t n_tags, const struct tag *wanted)
{
    for (size_t i = 0; i < n_tags; i++)
        if (strcmp(tags[i].key, wanted->key) == 0)
            return strcmp(tags[i].value, wanted->value) == 0;
    return false;
}

/* Most often two series share nothing, and no name is looked at after that. */
static void share_tags(struct fold *fold, const struct series *series)
{
    struct tag *tags;
    if (fold->n_tags == 0)
        return;
    const size_t n_tags = name_tags(series->name, call_arena(fold->call), &tags);
    size_t n = 0;
    for (size_t i = 0; i < fold->n_tags; i++)
        if (has_tag(tags, n_tags, &fold->tags[i]))
            fold->tags[n++] = fold->tags[i];
    fold->n_tags = n;
}

/* And one that combining leaves as it is. */
static bool has_shape(const struct series *series, const struct shape *shape)
{
    if ((shape->end_s - shape->start_s) % shape->step_s != 0)
        return false;
    return series->start_s == shape->start_s && series->end_s == shape->end_s &&
           series->step_s == shape->step_s && series->n_points == shape->n_points;
}

static bool take(void *self, struct series *const *items, size_t n)
{
    struct fold *fold = self;
    for (size_t i = 0; i < n && !fold->is_off; i++) {
        const struct series *series = items[i];
        if (fold->rows.n_columns == 0)
            begin(fold, series);
        else
            share_tags(fold, series);
        fold->is_off = !has_shape(series, &fold->shape) || series->n_tags > 0;
        const struct agg_column column = {series->values, series->n_points};
        if (!fold->is_off)
            agg_fold_add(&fold->rows, &column);
    }
    return !fold->is_off;
}

/* Reads all arguments; paths gets those that gave series, as combiners list them. */
static bool read_all(struct fold *fold, struct buf *paths, struct err *err)
{
    struct call *call = fold->call;
    const struct node *node = call->node;
    const struct fetch_taker taker = {take, fold};
    for (size_t i = 0; i < node->n_args && !fold->is_off; i++) {
        const struct node *path = node->args[i].node;
        const size_t n_before = fold->rows.n_columns;
        if (!fetch_each(call->eval, call->scope.context, path->pattern, &taker, err))
            return eval_place(call->eval, path, err);
        if (fold->rows.n_columns > n_before)
            buf_printf(paths, "%s%s", paths->n ? "," : "", path->text);
    }
    return true;
}

static bool finish(struct fold *fold, const struct combine *combine, const char *paths,
                   struct series_list *out, struct err *err)
{
    struct call *call = fold->call;
    struct series *made;
    *out = (struct series_list){0};
    if (fold->rows.n_columns == 0)
        return true;
    const char *name = arena_printf(call_arena(call), "%sSeries(%s)", combine->func, paths);
    if (!make_series(call, name, &fold->shape, &made, err))
        return false;
    combine_dress(call, combine, fold->tags, fold->n_tags, made);
    agg_fold_end(&fold->rows, made->x_files_factor);
    made->values = fold->rows.acc;
    combine_only(call, out, made);
    return true;
}

bool fold_call(struct call *call, bool *out_is_done, struct series_list *out, struct err *err)
{
    struct eval *eval = call->eval;
    const size_t n_series = eval->n_series;
    struct combine combine;
    *out_is_done = false;
    if (!can_fold(call))
        return true;
    if (!combine_parse(call, call->function->folds, &combine, err))
        return false;
    struct fold fold = {.call = call, .rows = {.how = combine.how}};
    CLEANUP(buf_done) struct buf paths = {.max = SIZE_MAX / 2};
    BUG_IF(!agg_can_fold(combine.how));
    if (!read_all(&fold, &paths, err))
        return false;
    if (fold.is_off) {
        eval->n_series = n_series;
        return true;
    }
    *out_is_done = true;
    return finish(&fold, &combine, buf_text(&paths), out, err) || eval_place(eval, call->node, err);
}
