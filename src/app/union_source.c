#include "app/union_source.h"

#include <string.h>

#include "base/mem.h"

/* Leaves of the first source carry this bit, so that read knows whose they are. */
static const uint32_t FIRST_BIT = UINT32_C(1) << 31; /* ids are below it, see source.h */

static void mark_first(struct source_nodes *nodes)
{
    for (size_t i = 0; i < nodes->n; i++)
        nodes->items[i].id |= FIRST_BIT;
}

/* One node of two with the same path: a leaf of the first wins; a branch of either is a branch. */
static struct source_node join(const struct source_node *a, const struct source_node *b)
{
    struct source_node node = a->is_leaf ? *a : *b;
    node.is_branch = a->is_branch || b->is_branch;
    return node;
}

/* Both are sorted by path; so is the result. */
static bool merge(const struct source_nodes *a, const struct source_nodes *b, size_t n_max,
                  struct arena *arena, struct source_nodes *out, struct err *err)
{
    struct source_nodes all = {0};
    if (a->n == 0 && (!n_max || b->n <= n_max)) { /* the usual case needs no copy */
        *out = *b;
        return true;
    }
    arena_grow(arena, &all.items, &all.cap, a->n + b->n, sizeof *all.items);
    size_t i = 0, k = 0;
    while (i < a->n || k < b->n) {
        int order = i == a->n ? 1 : k == b->n ? -1 : strcmp(a->items[i].path, b->items[k].path);
        if (order < 0)
            all.items[all.n++] = a->items[i++];
        else if (order > 0)
            all.items[all.n++] = b->items[k++];
        else
            all.items[all.n++] = join(&a->items[i++], &b->items[k++]);
    }
    if (n_max && all.n > n_max)
        return FAIL(err, ERR_LIMIT, "the pattern matches more than %zu names", n_max);
    *out = all;
    return true;
}

static bool find(void *self, const struct glob_path *pattern, const struct source_span *span,
                 size_t n_max, struct arena *arena, struct source_nodes *out, struct err *err)
{
    const struct union_source *both = self;
    struct source_nodes first = {0}, second = {0};
    if (!both->first.ops->find(both->first.self, pattern, span, n_max, arena, &first, err) ||
        !both->second.ops->find(both->second.self, pattern, span, n_max, arena, &second, err))
        return false;
    mark_first(&first);
    return merge(&first, &second, n_max, arena, out, err);
}

static bool find_tagged(void *self, const struct tag_expr *exprs, size_t n, size_t n_max,
                        struct arena *arena, struct source_nodes *out, struct err *err)
{
    const struct union_source *both = self;
    struct source_nodes first = {0}, second = {0};
    if (!both->first.ops->find_tagged(both->first.self, exprs, n, n_max, arena, &first, err) ||
        !both->second.ops->find_tagged(both->second.self, exprs, n, n_max, arena, &second, err))
        return false;
    mark_first(&first);
    return merge(&first, &second, n_max, arena, out, err);
}

/* A series that both have is counted twice; the ledger's series are not in the store. */
static bool tags(void *self, const struct source_tag_query *query, struct arena *arena,
                 struct source_tags *out, struct err *err)
{
    const struct union_source *both = self;
    struct source_tags joined = {0}, second = {0};
    if (!both->first.ops->tags(both->first.self, query, arena, &joined, err) ||
        !both->second.ops->tags(both->second.self, query, arena, &second, err))
        return false;
    for (size_t i = 0; i < second.n; i++)
        source_tags_add(&joined, second.items[i], query->n_max, arena);
    source_tags_finish(&joined, query->n_max);
    *out = joined;
    return true;
}

static bool all(void *self, struct arena *arena, struct source_nodes *out, struct err *err)
{
    const struct union_source *both = self;
    struct source_nodes first = {0}, second = {0};
    if (!both->first.ops->all(both->first.self, arena, &first, err) ||
        !both->second.ops->all(both->second.self, arena, &second, err))
        return false;
    mark_first(&first);
    return merge(&first, &second, 0, arena, out, err);
}

struct ask {
    const struct source_node *leaves;
    size_t n;
    const struct source_span *span;
    struct series **out;
};

/* Reads the leaves of one source; the others' places are left alone. */
static bool read_share(struct source source, bool is_first, const struct ask *ask,
                       struct arena *arena, struct err *err)
{
    const struct source_node *leaves = ask->leaves;
    size_t n = ask->n;
    struct source_node *mine = arena_array(arena, n, struct source_node);
    size_t *places = arena_array(arena, n, size_t);
    size_t n_mine = 0;
    for (size_t i = 0; i < n; i++) {
        if (((leaves[i].id & FIRST_BIT) != 0) != is_first)
            continue;
        mine[n_mine] = leaves[i];
        mine[n_mine].id &= ~FIRST_BIT;
        places[n_mine++] = i;
    }
    if (n_mine == 0)
        return true;
    struct series **series = arena_array(arena, n_mine, struct series *);
    if (!source.ops->read(source.self, mine, n_mine, ask->span, arena, series, err))
        return false;
    for (size_t i = 0; i < n_mine; i++)
        ask->out[places[i]] = series[i];
    return true;
}

static bool read(void *self, const struct source_node *leaves, size_t n,
                 const struct source_span *span, struct arena *arena, struct series **out,
                 struct err *err)
{
    const struct union_source *both = self;
    const struct ask ask = {leaves, n, span, out};
    return read_share(both->first, true, &ask, arena, err) &&
           read_share(both->second, false, &ask, arena, err);
}

struct source union_source(struct union_source *both)
{
    static const struct source_ops ops = {
        .find = find, .find_tagged = find_tagged, .tags = tags, .read = read, .all = all};
    return (struct source){.ops = &ops, .self = both};
}
