/* Which series there are: a trie of path nodes for plain names, postings key=value -> ids for
 * tagged ones. Names are not copied: whoever adds them (the name table) lends them for ever, also
 * when they are removed.
 *
 * Thread: index_add and index_remove one at a time (the caller's creation lock); everything else from
 * any thread at any moment, beside them too. Inside is one read-write lock that prefers the writer. A
 * search lets go of it every few thousand entries and runs regular expressions without it; it is never
 * held across I/O or a callback but index_alive's. An index_add waits for none of that: it leaves the name
 * in a list, which the next search puts into its places, or index_settle.
 * A search sees every name added before it began; of those added or removed meanwhile it may see
 * some. */
#pragma once

#include "model/source.h"

enum {
    INDEX_ANY_DEPTH_NODES_MAX = 63, /* nodes of a pattern that holds a double star */
    INDEX_ID_MAX = 0x7FFFFFFF - 1,  /* ids are below this: one bit tells series from branches */
};

struct index;

MUST_CHECK struct index *index_new(void);
void index_free(struct index *index); /* NULL is fine */

/* Adds a series with its canonical name (see model/name.h). Each id and each name once; ids should
 * be dense, in any order: memory goes by the highest. */
void index_add(struct index *index, uint32_t id, const char *name);
enum { INDEX_SETTLED = 1024 /* names at a time: more than are read between two commits */ };
/* Puts up to n_max of the names that wait into their places, if nobody searches just now. */
void index_settle(struct index *index, size_t n_max);

/* Takes series out again, each once, at most some thousands in a call: the lock is held meanwhile.
 * Their ids may be added once more, with another name. */
void index_remove(struct index *index, const uint32_t *ids, size_t n);

/* Leaves a series out of index_find_tagged and index_tags, or no longer; the tree shows it all the
 * same. Each time it changes nothing that already is so. */
void index_hide(struct index *index, uint32_t id, bool is_hidden);
bool index_is_hidden(const struct index *index, uint32_t id);

/* Series so far, and the memory they take here (without the names). */
size_t index_count(const struct index *index);
size_t index_bytes(const struct index *index);

/* As source_ops.find, without a span: nodes whose path matches, sorted by path bytes, each once.
 * Leaves have path = the lent name.
 *   err  ERR_LIMIT past n_max, or for more than INDEX_ANY_DEPTH_NODES_MAX nodes beside a "**" */
MUST_CHECK bool index_find(const struct index *index, const struct glob_path *pattern, size_t n_max,
                           struct arena *arena, struct source_nodes *out, struct err *err);

/* Which series count as being there. The callback runs with the index locked for reading: it must be
 * quick and take no lock inside which series are added or removed. */
struct index_alive {
    bool (*is_alive)(void *self, uint32_t id);
    void *self;
};
/* As index_find, without leaves that are not alive and branches that have none below them. A branch is
 * looked into until the first one that is alive; that one is tried first the next time. */
struct index_ask {
    const struct glob_path *pattern;
    size_t n_max;
    const struct index_alive *alive; /* NULL: all are */
};
MUST_CHECK bool index_find_alive(const struct index *index, const struct index_ask *ask,
                                 struct arena *arena, struct source_nodes *out, struct err *err);

/* As source_ops.find_tagged. An expression that holds for an absent tag ('k=', 'k!=v', 'k=~.*')
 * also accepts series without it.
 *   err  ERR_INPUT when every expression would (or n is 0), or for a bad regular expression;
 *        ERR_LIMIT past n_max */
MUST_CHECK bool index_find_tagged(const struct index *index, const struct tag_expr *exprs, size_t n,
                                  size_t n_max, struct arena *arena, struct source_nodes *out,
                                  struct err *err);

/* As source_ops.tags. */
MUST_CHECK bool index_tags(const struct index *index, const struct source_tag_query *query,
                           struct arena *arena, struct source_tags *out, struct err *err);

/* Every plain (untagged) series, sorted. Tagged ones too: index_find_tagged with name != "". */
MUST_CHECK bool index_all(const struct index *index, struct arena *arena, struct source_nodes *out,
                          struct err *err);
