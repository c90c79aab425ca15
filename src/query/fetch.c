#include "query/fetch.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/name.h"

enum {
    BATCH_LEAVES_MAX = 1024, /* between two looks at the limits */
    EACH_POINTS = 1 << 15,   /* of a batch that is handed on: stays in a processor's cache */
    NODES_PER_SERIES = 4,    /* a source's find counts branches too, which are not series of ours */
};

void fetch_count(struct eval *eval, const struct node *node)
{
    for (size_t i = 0; i < node->n_args; i++)
        fetch_count(eval, node->args[i].node);
    if (node->kind != NODE_PATH || node->in_keyword)
        return;
    size_t n = strlen(node->text);
    uintptr_t uses = (uintptr_t)map_get(eval->uses, node->text, n);
    map_put(eval->uses, node->text, n, (void *)(uses + 1)); /* NOLINT: a count, not an address */
}

static uintptr_t n_uses(const struct eval *eval, const char *typed)
{
    return (uintptr_t)map_get(eval->uses, typed, strlen(typed));
}

/* Graphite's from < t <= until is the half-open [from + 1, until + 1). Nothing is kept of the time
 * before 1970. */
static struct source_span span_of(const struct eval *eval, const struct context *context)
{
    int64_t now_s = eval->request->now_s;
    return (struct source_span){.from_s = max_i64(context->from_s + 1, 0),
                                .until_s = context->until_s + 1,
                                .now_s = now_s,
                                .age_s = now_s - context->from_s};
}

static void dress(struct eval *eval, const struct context *context, struct series *series,
                  const char *path_expression)
{
    double factor = context->x_files_factor;
    series->path_expression = path_expression;
    series->x_files_factor = isnan(factor) ? 0 : factor;
    if (!series->per_point)
        series->per_point = 1;
    if (!series->n_tags)
        series->n_tags = name_tags(series->name, eval->arena, &series->tags);
}

/* How many leaves of that size may be read before looking at the limit again. */
static size_t batch_size(const struct eval *eval, size_t n_points)
{
    size_t left = eval->env->limits.n_points_max - eval->n_values;
    size_t n = left / max_size(n_points, 1) + 1;
    return min_size(n, BATCH_LEAVES_MAX);
}

/* Takes in one batch; *io_points is the longest series seen. */
static bool take_batch(struct eval *eval, struct series **got, size_t n, size_t *io_points,
                       struct series_list *out, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!got[i])
            continue;
        *io_points = max_size(*io_points, got[i]->n_points);
        if (!eval_spend(eval, got[i]->n_points, err))
            return false;
        series_list_add(out, got[i], eval->arena);
    }
    return true;
}

/* In batches, so that a wide pattern over a long range meets the limit before the memory: one
 * series says how long the others may be. */
static bool read_leaves(struct eval *eval, const struct context *context,
                        const struct source_nodes *leaves, struct series_list *out, struct err *err)
{
    const struct source *source = &eval->env->source;
    const struct source_span span = span_of(eval, context);
    struct series **got =
        arena_zarray(eval->arena, min_size(leaves->n, BATCH_LEAVES_MAX) + 1, struct series *);
    size_t n_points = 0;
    for (size_t done = 0, n = 1; done < leaves->n; done += n) {
        if (done)
            n = batch_size(eval, n_points);
        n = min_size(n, leaves->n - done);
        if (!eval_check_time(eval, err) ||
            !source->ops->read(source->self, leaves->items + done, n, &span, eval->arena, got, err))
            return false;
        if (!take_batch(eval, got, n, &n_points, out, err))
            return false;
    }
    return true;
}

static bool too_many(const struct eval *eval, struct err *err)
{
    err_set(err, ERR_LIMIT, "query.max-series: the request needs more than %zu series",
            eval->env->limits.n_series_max);
    err_hint(err, "name fewer series, or raise max-series in [query]");
    return false;
}

/* Series of the request's own range count together; what functions read again over another range
 * is bounded by their values. */
static bool count_series(struct eval *eval, const struct context *context, size_t n,
                         struct err *err)
{
    if (n > eval->env->limits.n_series_max)
        return too_many(eval, err);
    if (context->is_again)
        return true;
    if (n > eval->env->limits.n_series_max - eval->n_series)
        return too_many(eval, err);
    eval->n_series += n;
    return true;
}

/* Drops what is only a branch, and notes the rest. */
static void keep_leaves(struct eval *eval, struct source_nodes *nodes)
{
    struct query_leaves *leaves = eval->request->leaves;
    size_t n = 0;
    for (size_t i = 0; i < nodes->n; i++) {
        if (nodes->items[i].is_leaf)
            nodes->items[n++] = nodes->items[i];
    }
    nodes->n = n;
    if (!leaves)
        return;
    arena_grow(eval->arena, &leaves->items, &leaves->cap, leaves->n + n, sizeof *leaves->items);
    for (size_t i = 0; i < n; i++)
        leaves->items[leaves->n++] = nodes->items[i].path;
}

static bool read_nodes(struct eval *eval, const struct context *context, struct source_nodes *nodes,
                       const char *path_expression, struct series_list *out, struct err *err)
{
    keep_leaves(eval, nodes);
    struct series_list read = {0};
    if (!count_series(eval, context, nodes->n, err) ||
        !read_leaves(eval, context, nodes, &read, err))
        return false;
    for (size_t i = 0; i < read.n; i++)
        dress(eval, context, read.items[i], path_expression);
    *out = read;
    return true;
}

/* A source counts nodes; the asker wants to know which limit of ours it met. */
static bool name_limit(const struct eval *eval, struct err *err)
{
    return err && err->kind == ERR_LIMIT ? too_many(eval, err) : false;
}

static bool find_tagged(struct eval *eval, const struct tag_expr *exprs, size_t n,
                        struct source_nodes *out, struct err *err)
{
    const struct source *source = &eval->env->source;
    return source->ops->find_tagged(source->self, exprs, n, eval->env->limits.n_series_max,
                                    eval->arena, out, err) ||
           name_limit(eval, err);
}

/* "requests;dc=east;host=h1": a tagged series by its whole name. */
static bool find_named(struct eval *eval, const char *name, struct source_nodes *out,
                       struct err *err)
{
    char canonical[NAME_BYTES_MAX + 1];
    size_t n = 0;
    struct source_nodes found = {0};
    if (name_normalise(str_of(name), canonical, &n) != NAME_OK)
        return true; /* no series has such a name */

    struct tag *tags = NULL;
    size_t n_tags = name_tags(canonical, eval->arena, &tags);
    struct tag_expr *exprs = arena_array(eval->arena, n_tags + 1, struct tag_expr);
    for (size_t i = 0; i < n_tags; i++)
        exprs[i] = (struct tag_expr){.key = tags[i].key, .value = tags[i].value, .op = TAG_IS};
    if (!find_tagged(eval, exprs, n_tags, &found, err))
        return false;
    for (size_t i = 0; i < found.n; i++) {
        if (strcmp(found.items[i].path, canonical) != 0)
            continue;
        *out = (struct source_nodes){.items = &found.items[i], .n = 1, .cap = 1};
    }
    return true;
}

static bool find_path(struct eval *eval, const struct context *context, const char *pattern,
                      struct source_nodes *out, struct err *err)
{
    const struct source *source = &eval->env->source;
    struct glob_path glob;
    if (strchr(pattern, ';'))
        return find_named(eval, pattern, out, err);
    if (!glob_path_compile(pattern, eval->arena, &glob, err))
        return false;
    const struct source_span span = span_of(eval, context);
    size_t n_max = mul_size(eval->env->limits.n_series_max, NODES_PER_SERIES);
    return source->ops->find(source->self, &glob, &span, n_max, eval->arena, out, err) ||
           name_limit(eval, err);
}

static bool check_range(const struct context *context, struct err *err)
{
    if (context->until_s < context->from_s)
        return FAIL(err, ERR_INPUT, "the range to read ends before it begins");
    return true;
}

static bool read_path(struct eval *eval, const struct context *context,
                      const struct fetch_path *path, struct series_list *out, struct err *err)
{
    struct source_nodes nodes = {0};
    return check_range(context, err) && find_path(eval, context, path->pattern, &nodes, err) &&
           read_nodes(eval, context, &nodes, path->path_expression, out, err);
}

bool fetch_is_plain(const struct eval *eval, const struct node *node)
{
    return node->kind == NODE_PATH && !node->in_keyword && !strchr(node->text, '$') &&
           n_uses(eval, node->text) < 2;
}

/* Those that are there, in front; false when all of them alive at once are past the limit. */
static bool compact(struct eval *eval, struct series **io, size_t *io_n, size_t *out_points,
                    struct err *err)
{
    const size_t n_values = eval->n_values;
    size_t n = 0;
    for (size_t i = 0; i < *io_n; i++) {
        if (!io[i])
            continue;
        *out_points = max_size(*out_points, io[i]->n_points);
        if (!eval_spend(eval, io[i]->n_points, err))
            return false;
        io[n++] = io[i];
    }
    *io_n = n;
    eval->n_values = n_values; /* they are gone before the next batch comes */
    return true;
}

static bool each_leaf(struct eval *eval, const struct source_span *span,
                      const struct source_nodes *leaves, const struct fetch_taker *taker,
                      struct err *err)
{
    const struct source *source = &eval->env->source;
    CLEANUP(arena_done) struct arena batch = {0};
    struct series **got =
        arena_zarray(eval->arena, min_size(leaves->n, BATCH_LEAVES_MAX) + 1, struct series *);
    size_t n_points = 0;
    for (size_t done = 0, n = 1; done < leaves->n; done += n) {
        if (done)
            n = min_size(max_size(EACH_POINTS / max_size(n_points, 1), 1), BATCH_LEAVES_MAX);
        n = min_size(n, leaves->n - done);
        size_t n_got = n;
        arena_reset(&batch);
        if (!eval_check_time(eval, err) ||
            !source->ops->read(source->self, leaves->items + done, n, span, &batch, got, err) ||
            !compact(eval, got, &n_got, &n_points, err))
            return false;
        if (!taker->take(taker->self, got, n_got))
            return true;
    }
    return true;
}

bool fetch_each(struct eval *eval, const struct context *context, const char *pattern,
                const struct fetch_taker *taker, struct err *err)
{
    struct source_nodes nodes = {0};
    if (!check_range(context, err) || !find_path(eval, context, pattern, &nodes, err))
        return false;
    keep_leaves(eval, &nodes);
    const struct source_span span = span_of(eval, context);
    return count_series(eval, context, nodes.n, err) && each_leaf(eval, &span, &nodes, taker, err);
}

static bool copy_list(struct eval *eval, const struct context *context,
                      const struct series_list *from, struct series_list *out, struct err *err)
{
    struct series_list copies = {0};
    for (size_t i = 0; i < from->n; i++) {
        if (!eval_spend(eval, from->items[i]->n_points, err))
            return false;
        struct series *copy = series_copy(eval->arena, from->items[i]);
        dress(eval, context, copy, copy->path_expression);
        series_list_add(&copies, copy, eval->arena);
    }
    *out = copies;
    return true;
}

bool fetch_path(struct eval *eval, const struct context *context, const struct fetch_path *path,
                struct series_list *out, struct err *err)
{
    *out = (struct series_list){0};
    bool has_variable = strchr(path->typed, '$') != NULL;
    uintptr_t uses = n_uses(eval, path->typed);
    /* Graphite reads ahead only what stands in positional arguments, and finds nothing else. */
    if (path->in_keyword && !uses && !has_variable)
        return true;
    if (uses < 2 && !has_variable)
        return read_path(eval, context, path, out, err);

    const char *key = arena_printf(eval->arena, "%lld %lld %s", (long long)context->from_s,
                                   (long long)context->until_s, path->pattern);
    struct series_list *known = map_get(eval->fetched, key, strlen(key));
    if (!known) {
        known = arena_zalloc(eval->arena, sizeof *known);
        if (!read_path(eval, context, path, known, err))
            return false;
        map_put(eval->fetched, key, strlen(key), known);
    }
    return copy_list(eval, context, known, out, err);
}

bool fetch_tagged(struct eval *eval, const struct context *context, const struct fetch_tags *tags,
                  struct series_list *out, struct err *err)
{
    struct source_nodes nodes = {0};
    *out = (struct series_list){0};
    return check_range(context, err) && find_tagged(eval, tags->exprs, tags->n, &nodes, err) &&
           read_nodes(eval, context, &nodes, tags->path_expression, out, err);
}
