/* Graphite's path patterns: within a node * ? [a-z] [!a] {x,y} and \ escapes; ** crosses nodes.
 * Braces may hold patterns and braces. A character is a Unicode code point. No node holds a dot, so
 * a node's pattern with a dot in it ("{a.b,c}") matches nothing, as in Graphite.
 * Compiled once per query; pure; thread: any once compiled. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* One node's pattern. */
struct glob;

/* err: ERR_INPUT for an unclosed bracket or brace (with the position), ERR_LIMIT for one whose
 * braces multiply past 10,000 alternatives. */
MUST_CHECK bool glob_compile(struct str pattern, struct arena *arena, struct glob **out,
                             struct err *err);
bool glob_match(const struct glob *glob, struct str text);
/* The node is a plain name: *out is the text (escapes removed). */
bool glob_is_literal(const struct glob *glob, struct str *out);
/* Every match is one of a list of plain names: *out lends it, sorted by bytes, each name once (it
 * may be empty). An index looks these up instead of trying every name it has. */
bool glob_literals(const struct glob *glob, const struct str **out, size_t *out_n);
/* It is "*": every text matches. */
bool glob_is_any(const struct glob *glob);
/* The literal bytes that every match begins with (may be empty). */
struct str glob_prefix(const struct glob *glob);

/* A whole path, split at the dots that are outside braces and brackets; empty nodes are left out,
 * as they are in names. */
struct glob_path {
    struct glob **nodes;
    bool *is_any_depth; /* nodes[i] is "**": any number of nodes, none too, but if it
                         * is the last, at least one: a.**.c takes a.c, a.** does not take a */
    size_t n_nodes;
};

/* err: as glob_compile, and ERR_INPUT for a path without a node. */
MUST_CHECK bool glob_path_compile(const char *pattern, struct arena *arena, struct glob_path *out,
                                  struct err *err);
/* For a source without an index: does the dotted path match the whole pattern? */
bool glob_path_match(const struct glob_path *path, const char *dotted);
/* True if text holds any of the pattern characters, escapes included: false means that it can be
 * looked up as it stands. */
bool glob_has_pattern(const char *text);
