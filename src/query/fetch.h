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

/* Whom series are handed to, some at a time, in order; they are lent for the call, names included.
 * False: no more is wanted, which is no error. */
struct fetch_taker {
    bool (*take)(void *self, struct series *const *items, size_t n);
    void *self;
};
/* As fetch_path, without ever holding more than a batch. The path must be one that is named once, not
 * in a keyword, and without variables: fetch_is_plain. Series have neither tags, path expression nor
 * xFilesFactor of the request.
 *   err  as fetch_path */
MUST_CHECK bool fetch_each(struct eval *eval, const struct context *context, const char *pattern,
                           const struct fetch_taker *taker, struct err *err);
bool fetch_is_plain(const struct eval *eval, const struct node *node);

struct fetch_tags {
    const struct tag_expr *exprs;
    size_t n;
    const char *path_expression;
};
MUST_CHECK bool fetch_tagged(struct eval *eval, const struct context *context,
                             const struct fetch_tags *tags, struct series_list *out,
                             struct err *err);
