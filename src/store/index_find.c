/* Searching paths. A search is a walk over the trie with its own stack, in path order, so that
 * results need no sorting and the lock can be let go between two steps. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/index_state.h"

enum {
    MEMO_AFTER = 256, /* matches at one position before verdicts are remembered per component */
    MEMOS_MAX = 16,   /* memory of a search is bounded by it: one byte a component each */
    SORT_BY_INSERTION_MAX = 16,
    KIDS_AHEAD = 2, /* nodes whose children are fetched before it is their turn */
    MANY = 8192,    /* results: from here on memory is asked for once */
    MEMO_YES = 1,
    MEMO_NO = 2,
};

enum step_kind { STEP_LEAF, STEP_BRANCH, STEP_DESCEND };

/* What is left to do at a place of the trie. Ordered by the bytes of the paths it will give: what
 * lies below "a" follows "a-b", because '.' follows '-', but "a" itself comes before. */
struct step {
    const char *at; /* the component */
    uint32_t n;
    uint32_t ref;    /* node, or series id */
    uint32_t parent; /* node */
    uint64_t places;
    enum step_kind kind;
};

/* One node of the pattern. */
struct place {
    const struct glob *glob;
    bool is_any_depth, is_any, is_literal, is_last;
    const uint32_t *literals; /* components that exist */
    size_t n_literals;
    uint32_t n_matches;
    uint8_t *memo; /* per component below n_memo: 0 unknown, MEMO_YES, MEMO_NO */
    size_t n_memo;
};

/* Where in the pattern a walk is: without "**" the one place, as a number; with it, since "**" may
 * end at any depth, a set of places, as bits. Reaching place n is a hit. */
struct search {
    const struct index *index;
    struct place *places;
    size_t n_places, n_memos;
    bool has_any_depth, only_leaves;
    struct step *stack;
    size_t n, cap;
    size_t n_held;     /* entries looked at since the lock was taken */
    uint32_t expanded; /* the node whose children are being pushed */
    size_t n_max;
    struct arena *arena;
    struct source_nodes *out;
    struct step last;             /* the last one that was emitted or descended into */
    struct index_descent descent; /* its alive is NULL when everything is wanted */
    uint64_t n_removals;          /* of the index, when the search began */
};

/* ---- the pattern ---- */

/* A list of plain names is looked up instead of trying every child. */
static void find_literals(struct search *search, struct place *place)
{
    const struct str *names;
    size_t n;
    place->is_literal = !place->is_any_depth && glob_literals(place->glob, &names, &n);
    if (!place->is_literal)
        return;
    uint32_t *components = arena_array(search->arena, n, uint32_t);
    for (size_t i = 0; i < n; i++) {
        const uint32_t component = index_state_component(search->index, names[i]);
        if (component != INDEX_STATE_NONE)
            components[place->n_literals++] = component;
    }
    place->literals = components;
}

static bool search_init(struct search *search, const struct glob_path *pattern, struct err *err)
{
    search->n_places = pattern->n_nodes;
    search->places = arena_zarray(search->arena, pattern->n_nodes, struct place);
    for (size_t i = 0; i < pattern->n_nodes; i++) {
        struct place *place = &search->places[i];
        place->glob = pattern->nodes[i];
        place->is_any_depth = pattern->is_any_depth[i];
        place->is_any = !place->is_any_depth && glob_is_any(place->glob);
        place->is_last = i + 1 == pattern->n_nodes;
        search->has_any_depth |= place->is_any_depth;
        find_literals(search, place);
    }
    if (search->has_any_depth && search->n_places > INDEX_ANY_DEPTH_NODES_MAX)
        return FAIL(err, ERR_LIMIT, "more than %d nodes in a pattern with **",
                    INDEX_ANY_DEPTH_NODES_MAX);
    return true;
}

static void search_done(struct search *search)
{
    for (size_t i = 0; i < search->n_places; i++)
        mem_free(search->places[i].memo);
    mem_free(search->stack);
    mem_free(search->descent.stack);
}

static bool matches(struct search *search, struct place *place, uint32_t component)
{
    if (place->is_any)
        return true;
    const struct component *c = &search->index->components[component];
    if (place->is_literal && place->n_literals < 2)
        return place->n_literals == 1 && place->literals[0] == component;
    if (component < place->n_memo && place->memo[component])
        return place->memo[component] == MEMO_YES;
    const bool is_match = glob_match(place->glob, str_make(c->at, c->n));
    if (component < place->n_memo) {
        place->memo[component] = is_match ? MEMO_YES : MEMO_NO;
    } else if (++place->n_matches == MEMO_AFTER && search->n_memos < MEMOS_MAX) {
        search->n_memos++;
        place->n_memo = search->index->n_components;
        place->memo = mem_zalloc(place->n_memo);
    }
    return is_match;
}

/* "**" may stand for nothing unless it is the last: who is at it is behind it as well. */
static uint64_t skip_any_depth(const struct search *search, uint64_t places)
{
    for (size_t i = 0; i + 1 < search->n_places; i++)
        if (places >> i & 1 && search->places[i].is_any_depth)
            places |= UINT64_C(2) << i;
    return places;
}

/* Where the walk is after that component: nowhere unless *out_has_places. *out_hit: the whole
 * pattern is used up. */
static uint64_t advance(struct search *search, uint64_t places, uint32_t component, bool *out_hit,
                        bool *out_has_places)
{
    const size_t n = search->n_places;
    if (!search->has_any_depth) {
        const bool is_match = matches(search, &search->places[places], component);
        *out_hit = is_match && places + 1 == n;
        *out_has_places = is_match && places + 1 < n;
        return places + 1;
    }
    uint64_t next = 0;
    for (uint64_t left = places; left; left &= left - 1) {
        struct place *place = &search->places[__builtin_ctzll(left)];
        const uint64_t bit = left & -left;
        if (place->is_any_depth)
            next |= place->is_last ? bit | bit << 1 : bit;
        else if (matches(search, place, component))
            next |= bit << 1;
    }
    *out_hit = next >> n & 1;
    next = skip_any_depth(search, next & ~(UINT64_C(1) << n));
    *out_has_places = next != 0;
    return next;
}

/* The one place where the walk is, if it is plain names and they are fewer than n; else NULL. */
static const struct place *only_literals(const struct search *search, uint64_t places, size_t n)
{
    if (search->has_any_depth && (places & (places - 1)))
        return NULL;
    const struct place *place =
        &search->places[search->has_any_depth ? (size_t)__builtin_ctzll(places) : places];
    return place->is_literal && place->n_literals < n ? place : NULL;
}

/* ---- the walk ---- */

static void push(struct search *search, const struct kid *kid, uint64_t places, enum step_kind kind)
{
    const struct component *c = &search->index->components[kid->component];
    mem_grow(&search->stack, &search->cap, search->n + 1, sizeof *search->stack);
    struct step *step = &search->stack[search->n++];
    step->at = c->at;
    step->n = c->n;
    step->ref = kid->ref & ~INDEX_STATE_SERIES;
    step->parent = search->expanded;
    step->places = places;
    step->kind = kind;
    if (kind == STEP_DESCEND) /* a big trie is nowhere near the processor */
        __builtin_prefetch(&search->index->nodes[step->ref]);
}

static void push_kid(struct search *search, const struct kid *kid, uint64_t places)
{
    bool is_hit, has_places;
    const uint64_t next = advance(search, places, kid->component, &is_hit, &has_places);
    const bool is_series = kid->ref & INDEX_STATE_SERIES;
    if (is_hit && is_series)
        push(search, kid, 0, STEP_LEAF);
    if (is_hit && !is_series && !search->only_leaves)
        push(search, kid, 0, STEP_BRANCH);
    if (has_places && !is_series)
        push(search, kid, next, STEP_DESCEND);
}

static int step_end(const struct step *step, uint32_t n)
{
    if (step->n > n)
        return (unsigned char)step->at[n];
    return step->kind == STEP_DESCEND ? '.' : '\0';
}

/* Backwards, since the last one is taken from the stack first. */
static int compare_steps(const void *left, const void *right)
{
    const struct step *a = left, *b = right;
    const uint32_t n = a->n < b->n ? a->n : b->n;
    const int by_bytes = memcmp(b->at, a->at, n);
    if (by_bytes != 0)
        return by_bytes;
    const int by_end = step_end(b, n) - step_end(a, n);
    return by_end != 0 ? by_end : (int)b->kind - (int)a->kind;
}

/* From the bottom of the stack to its top as compare_steps wants it: most nodes have few children, and
 * many had theirs added in order. */
static void sort_steps(struct step *steps, size_t n)
{
    if (n > SORT_BY_INSERTION_MAX) {
        size_t i = 1;
        while (i < n && compare_steps(&steps[i - 1], &steps[i]) <= 0)
            i++;
        if (i < n)
            qsort(steps, n, sizeof *steps, compare_steps);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        const struct step step = steps[i];
        size_t at = i;
        for (; at > 0 && compare_steps(&steps[at - 1], &step) > 0; at--)
            steps[at] = steps[at - 1];
        steps[at] = step;
    }
}

static void push_literals(struct search *search, const struct node *node, const struct place *place,
                          uint64_t places)
{
    for (size_t i = 0; i < place->n_literals; i++) {
        const struct kid *branch = index_state_kid(node, place->literals[i], false);
        const struct kid *series = index_state_kid(node, place->literals[i], true);
        if (branch)
            push_kid(search, branch, places);
        if (series)
            push_kid(search, series, places);
    }
    search->n_held += 2 * place->n_literals;
}

/* The path of a branch, written from its end. */
static const char *branch_path(const struct search *search, uint32_t ref)
{
    const struct index *index = search->index;
    size_t n = 0;
    for (uint32_t i = ref; i != 0; i = index->nodes[i].parent)
        n += index->components[index->nodes[i].component].n + 1;
    char *path = arena_alloc(search->arena, n);
    path[--n] = '\0';
    for (uint32_t i = ref; i != 0; i = index->nodes[i].parent) {
        const struct component *c = &index->components[index->nodes[i].component];
        n -= c->n;
        memcpy(path + n, c->at, c->n);
        if (n > 0)
            path[--n] = '.';
    }
    return path;
}

/* Room for one more. Past a few thousand for all that there may be: what is not touched costs nothing,
 * growing by copying would cost as much as the search. */
static bool make_room(struct search *search, struct err *err)
{
    struct source_nodes *out = search->out;
    if (LIKELY(out->n < out->cap && out->n < search->n_max))
        return true;
    if (out->n == search->n_max)
        return FAIL(err, ERR_LIMIT, "more than %zu series and branches match", search->n_max);
    size_t wanted = out->n + 1;
    if (wanted > MANY)
        wanted = max_size(
            wanted, min_size(search->n_max, search->index->n_series + search->index->n_nodes));
    arena_grow(search->arena, &out->items, &out->cap, wanted, sizeof *out->items);
    return true;
}

static struct source_node node_of(const struct search *search, uint32_t ref, bool is_leaf)
{
    return (struct source_node){
        .path = is_leaf ? index_state_name(search->index, ref) : branch_path(search, ref),
        .id = is_leaf ? ref : 0,
        .is_leaf = is_leaf,
        .is_branch = !is_leaf,
    };
}

/* Children that are all series, for which there is room already. False: nothing was done. */
static bool emit_leaves(struct search *search, const struct node *node)
{
    struct source_nodes *out = search->out;
    struct source_node *to = out->items + out->n;
    if (node->n > min_size(out->cap, search->n_max) - out->n)
        return false;
    for (uint32_t k = 0; k < node->n; k++) {
        const uint32_t ref = node->kids[k].ref;
        if (!(ref & INDEX_STATE_SERIES))
            return false;
        const uint32_t id = ref & ~INDEX_STATE_SERIES;
        to[k] = (struct source_node){index_state_name(search->index, id), id, true, false};
    }
    out->n += node->n;
    search->n_held += node->n;
    return true;
}

/* The children are what is looked for, all of them wanted, and lie in order: they need not wait on the
 * stack. */
static bool emit_kids(struct search *search, uint32_t ref, struct place *place, struct err *err)
{
    const struct node *node = &search->index->nodes[ref];
    struct source_nodes *out = search->out;
    if (place->is_any && emit_leaves(search, node))
        return true;
    uint32_t last_leaf = INDEX_STATE_NONE; /* its component */
    for (uint32_t k = 0; k < node->n; k++) {
        const struct kid *kid = &node->kids[k];
        const bool is_leaf = kid->ref & INDEX_STATE_SERIES;
        if (!matches(search, place, kid->component))
            continue;
        if (!is_leaf && kid->component == last_leaf) {
            out->items[out->n - 1].is_branch = true;
            continue;
        }
        if (!make_room(search, err))
            return false;
        last_leaf = is_leaf ? kid->component : INDEX_STATE_NONE;
        out->items[out->n++] = node_of(search, kid->ref & ~INDEX_STATE_SERIES, is_leaf);
    }
    search->n_held += node->n;
    return true;
}

static bool expand(struct search *search, uint32_t ref, uint64_t places, struct err *err)
{
    const struct node *node = &search->index->nodes[ref];
    const struct place *literals = only_literals(search, places, node->n);
    const bool is_in_order = node->is_in_order && !search->has_any_depth;
    const size_t from = search->n;
    search->expanded = ref;
    if (!literals && is_in_order && places + 1 == search->n_places && !search->descent.alive)
        return emit_kids(search, ref, &search->places[places], err);
    if (literals) {
        push_literals(search, node, literals, places);
    } else {
        /* Backwards: what was added in order then lies on the stack in order. */
        for (uint32_t k = node->n; k > 0; k--)
            push_kid(search, &node->kids[k - 1], places);
        search->n_held += node->n;
    }
    if (search->n > from + 1 && (literals || !is_in_order))
        sort_steps(search->stack + from, search->n - from);
    return true;
}

static bool emit(struct search *search, const struct step *step, struct err *err)
{
    struct source_nodes *out = search->out;
    const bool is_leaf = step->kind == STEP_LEAF;
    /* A name that is both comes as two steps in a row, the leaf first. */
    const struct step *last = &search->last;
    if (!is_leaf && last->kind == STEP_LEAF && last->at == step->at &&
        last->parent == step->parent) {
        out->items[out->n - 1].is_branch = true;
        return true;
    }
    if (!make_room(search, err))
        return false;
    out->items[out->n++] = node_of(search, step->ref, is_leaf);
    return true;
}

/* Is the series still where it was when its step was pushed? */
static bool is_there(const struct search *search, const struct step *step)
{
    const struct index *index = search->index;
    if (LIKELY(index->n_removals == search->n_removals))
        return true;
    const uint32_t component = index_state_component(index, str_make(step->at, step->n));
    const struct kid *kid = index_state_kid(&index->nodes[step->parent], component, true);
    return kid && (kid->ref & ~INDEX_STATE_SERIES) == step->ref;
}

static bool is_wanted(struct search *search, const struct step *step)
{
    const struct index_alive *alive = search->descent.alive;
    if (step->kind == STEP_LEAF)
        return is_there(search, step) && (!alive || alive->is_alive(alive->self, step->ref));
    return !alive || index_state_branch_is_alive(&search->descent, step->ref, &search->n_held);
}

static bool walk(struct search *search, struct err *err)
{
    search->last.kind = STEP_DESCEND;
    if (!expand(search, 0, search->has_any_depth ? skip_any_depth(search, 1) : 0, err))
        return false;
    while (search->n > 0) {
        const struct step step = search->stack[--search->n];
        for (size_t i = search->n; i > 0 && i + KIDS_AHEAD > search->n; i--)
            if (search->stack[i - 1].kind == STEP_DESCEND)
                __builtin_prefetch(search->index->nodes[search->stack[i - 1].ref].kids);
        const bool is_left_out = step.kind != STEP_DESCEND && !is_wanted(search, &step);
        if (!(step.kind == STEP_DESCEND ? expand(search, step.ref, step.places, err)
                                        : is_left_out || emit(search, &step, err)))
            return false;
        if (!is_left_out)
            search->last = step;
        search->n_held++;
        index_state_breathe(search->index, &search->n_held);
    }
    return true;
}

static bool run(const struct index *index, const struct index_ask *ask, bool only_leaves,
                struct search *search, struct err *err)
{
    BUG_IF(ask->pattern->n_nodes == 0);
    *search->out = (struct source_nodes){0};
    search->index = index;
    search->only_leaves = only_leaves;
    search->n_max = ask->n_max;
    search->descent = (struct index_descent){.index = index, .alive = ask->alive};
    index_state_lock(index);
    search->n_removals = index->n_removals;
    const bool is_good = search_init(search, ask->pattern, err) && walk(search, err);
    index_state_unlock(index);
    search_done(search);
    return is_good;
}

bool index_find_alive(const struct index *index, const struct index_ask *ask, struct arena *arena,
                      struct source_nodes *out, struct err *err)
{
    struct source_nodes found;
    struct search search = {.arena = arena, .out = &found};
    if (!run(index, ask, false, &search, err))
        return false;
    *out = found;
    return true;
}

bool index_find(const struct index *index, const struct glob_path *pattern, size_t n_max,
                struct arena *arena, struct source_nodes *out, struct err *err)
{
    const struct index_ask ask = {pattern, n_max, NULL};
    return index_find_alive(index, &ask, arena, out, err);
}

bool index_all(const struct index *index, struct arena *arena, struct source_nodes *out,
               struct err *err)
{
    struct glob *no_glob = NULL;
    bool is_any_depth = true;
    const struct glob_path everything = {&no_glob, &is_any_depth, 1};
    const struct index_ask ask = {&everything, SIZE_MAX, NULL};
    struct source_nodes found;
    struct search search = {.arena = arena, .out = &found};
    if (!run(index, &ask, true, &search, err))
        return false;
    *out = found;
    return true;
}
