/* The seam where series come out: queries above, a storage backend (or the ledger's event series)
 * below. Two steps: find names, then read values of a few or many of them. Thread: any; every call
 * may run beside every other. All results live in the caller's arena. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "model/glob.h"
#include "model/series.h"

/* A node of the name tree, or a whole tagged series. */
struct source_node {
    const char *path; /* full path; a tagged series' canonical name */
    uint32_t id;      /* of the series, below 2^31; valid when is_leaf; this source's own */
    bool is_leaf;     /* a series of that name exists */
    bool is_branch;   /* longer names exist below it; both may be true */
};

struct source_nodes {
    struct source_node *items;
    size_t n, cap;
};

/* Seconds, half open: from_s <= t < until_s. */
struct source_span {
    int64_t from_s, until_s;
    int64_t now_s; /* the asker's now: nothing after it, retention counts from it */
    int64_t age_s; /* the finest archive that reaches back this far answers */
};

enum tag_op { TAG_IS, TAG_IS_NOT, TAG_MATCHES, TAG_MATCHES_NOT };

struct tag_expr {
    const char *key, *value; /* value "" with TAG_IS: the tag is absent */
    enum tag_op op;
};

/* "a=b", "a!=b", "a=~re", "a!=~re"; err: ERR_INPUT. Strings in the arena. */
MUST_CHECK bool tag_expr_parse(const char *text, struct arena *arena, struct tag_expr *out,
                               struct err *err);

/* A tag, or a value of a tag, and how many series have it. */
struct source_tag {
    const char *text;
    uint64_t n_series;
};

/* The first texts, in the order of their bytes, of all that are put in. */
struct source_tags {
    struct source_tag *items;
    size_t n, cap;
    size_t n_settled; /* this many at the front are in order and each there once */
};

/* Adds a text (lent) that n_series more series have; of more than n_max texts the first remain. */
void source_tags_add(struct source_tags *tags, struct source_tag tag, size_t n_max,
                     struct arena *arena);
/* Sorts what was added, each text once. To be called before items are read. */
void source_tags_finish(struct source_tags *tags, size_t n_max);

/* Which tags are asked for, or which values of one. */
struct source_tag_query {
    const char *key;    /* the values of this tag; NULL: the tags themselves */
    const char *prefix; /* only what begins so; NULL: all */
    const char *regex;  /* only where this is found, as Python's re.search; NULL: all */
    size_t n_max;       /* at most so many, the first ones */
};

struct source_limits {
    size_t n_series_max;
    size_t n_points_max;
};

struct source_ops {
    /* Nodes that match the path pattern, sorted by path, each once. Tagged series are not among
     * them. span NULL: ever; else series with nothing in it may be left out.
     * err: ERR_LIMIT past n_max nodes. */
    bool (*find)(void *self, const struct glob_path *pattern, const struct source_span *span,
                 size_t n_max, struct arena *arena, struct source_nodes *out, struct err *err);

    /* Series whose tags satisfy all n expressions, sorted by canonical name. An untagged series
     * has the one tag name=path. */
    bool (*find_tagged)(void *self, const struct tag_expr *exprs, size_t n, size_t n_max,
                        struct arena *arena, struct source_nodes *out, struct err *err);

    /* Tags in use, or values of a tag with the number of their series, by bytes, each once. "name"
     * is a tag of every series. n_series of a tag itself is 0. err: ERR_INPUT for a bad regex. */
    bool (*tags)(void *self, const struct source_tag_query *query, struct arena *arena,
                 struct source_tags *out, struct err *err);

    /* Series of n leaves, in order: out[i] is NULL where the span holds nothing that the source
     * could ever have kept (it lies before all archives, or after now). Name = path_expression =
     * the leaf's path; values cover every multiple of the step in the span, gaps where nothing
     * was stored, and at least one: when no multiple lies inside, the first one after it. */
    bool (*read)(void *self, const struct source_node *leaves, size_t n,
                 const struct source_span *span, struct arena *arena, struct series **out,
                 struct err *err);

    /* Every leaf of the tree (tagged series are none), sorted; for index.json and the like. */
    bool (*all)(void *self, struct arena *arena, struct source_nodes *out, struct err *err);
};

struct source {
    const struct source_ops *ops;
    void *self;
};
