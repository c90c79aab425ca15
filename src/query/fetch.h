/* Paths and tag expressions to series, within the request's limits. */
#pragma once

#include "query/eval.h"

/* Counts the paths of a tree, so that what is named twice is read once. */
void fetch_count(struct eval *eval, const struct node *node);

struct fetch_path {
    const char *typed;           /* as it stands in the target, before $x is replaced */
    const char *pattern;         /* for glob_path_compile */
    const char *path_expression; /* what the series carry */
    bool in_keyword;
};

/* Series of the leaves that match, sorted by name; leaves without anything in the range are left
 * out. They are the caller's own.
 *   err  ERR_INPUT (bad pattern), ERR_LIMIT with the limit's name, the source's */
MUST_CHECK bool fetch_path(struct eval *eval, const struct context *context,
                           const struct fetch_path *path, struct series_list *out, struct err *err);

struct fetch_tags {
    const struct tag_expr *exprs;
    size_t n;
    const char *path_expression;
};
MUST_CHECK bool fetch_tagged(struct eval *eval, const struct context *context,
                             const struct fetch_tags *tags, struct series_list *out,
                             struct err *err);
