/* Searching tags. The expression that is likely to leave the fewest series gives the candidates
 * from its postings; all others are checked on the candidates' names, which hold all tags. Regular
 * expressions run without the lock, on copies of pointers. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/regex.h"
#include "store/index_state.h"

enum { NAMES_AT_ONCE = 1024 /* copied under the lock */ };

struct test {
    const struct tag_expr *expr;
    struct regex *regex; /* of TAG_MATCHES and TAG_MATCHES_NOT */
    bool is_name;        /* of the tag "name", which every series has */
    bool takes_absent;
};

struct tests {
    struct test *items;
    size_t n;
};

/* Series that may qualify; heap. */
struct ids {
    uint32_t *items;
    size_t n, cap;
};

static void tests_done(struct tests *tests)
{
    for (size_t i = 0; i < tests->n; i++)
        regex_free(tests->items[i].regex);
}

static void ids_done(struct ids *ids)
{
    mem_free(ids->items);
}

/* ---- expressions ---- */

static bool holds(const struct test *test, struct str value)
{
    switch (test->expr->op) {
    case TAG_IS:
        return str_is(value, test->expr->value);
    case TAG_IS_NOT:
        return !str_is(value, test->expr->value);
    case TAG_MATCHES:
        return regex_match(test->regex, value.at, value.n);
    case TAG_MATCHES_NOT:
        return !regex_match(test->regex, value.at, value.n);
    }
    return false;
}

/* out->items has room for all and is NULL-filled: the caller frees what was compiled. */
static bool compile(const struct tag_expr *exprs, size_t n, struct tests *out, struct err *err)
{
    bool any_needs_tag = false;
    for (size_t i = 0; i < n; i++) {
        struct test *test = &out->items[i];
        const bool is_regex = exprs[i].op == TAG_MATCHES || exprs[i].op == TAG_MATCHES_NOT;
        test->expr = &exprs[i];
        out->n = i + 1;
        if (is_regex && !regex_compile(exprs[i].value, &test->regex, err)) {
            err_prefix(err, "tag '%.100s'", exprs[i].key);
            return false;
        }
        test->is_name = strcmp(exprs[i].key, "name") == 0;
        test->takes_absent = holds(test, str_of(""));
        any_needs_tag |= !test->takes_absent;
    }
    if (any_needs_tag)
        return true;
    err_set(err, ERR_INPUT, "At least one tagspec must not match the empty string");
    err_hint(err, "add an expression that a series without the tag does not meet, as in name=cpu");
    return false;
}

/* The tag's value in a canonical name; "" when it has none. */
static struct str tag_of(const char *name, const char *key)
{
    struct str rest = str_of(name), piece;
    if (!str_split(&rest, ';', &piece))
        return str_of("");
    if (strcmp(key, "name") == 0)
        return piece;
    while (str_split(&rest, ';', &piece)) {
        struct str found;
        if (str_split(&piece, '=', &found) && str_is(found, key))
            return piece;
    }
    return str_of("");
}

static bool passes(const struct tests *tests, const struct test *seed, const char *name)
{
    for (size_t i = 0; i < tests->n; i++) {
        const struct test *test = &tests->items[i];
        if (test != seed && !holds(test, tag_of(name, test->expr->key)))
            return false;
    }
    return true;
}

/* ---- candidates ---- */

static void ids_add(struct ids *ids, const uint32_t *items, size_t n)
{
    if (n == 0)
        return;
    mem_grow(&ids->items, &ids->cap, ids->n + n, sizeof *ids->items);
    memcpy(ids->items + ids->n, items, n * sizeof *items);
    ids->n += n;
}

/* With the lock held. NULL: no series has that. */
static const struct posting *posting_of(const struct index *index, const struct tag_expr *expr)
{
    const struct map *values = map_get(index->tags, expr->key, strlen(expr->key));
    return values ? map_get(values, expr->value, strlen(expr->value)) : NULL;
}

/* The series of key=value; plain ones have their path for a name. */
static void ids_of_value(const struct index *index, const struct test *test, struct ids *out)
{
    index_state_lock(index);
    const struct posting *posting = posting_of(index, test->expr);
    if (posting)
        ids_add(out, posting->ids, posting->n);
    const uint32_t id =
        test->is_name ? index_state_path(index, test->expr->value) : INDEX_STATE_NONE;
    if (id != INDEX_STATE_NONE)
        ids_add(out, &id, 1);
    index_state_unlock(index);
}

/* The key=value expression with the fewest series, or NULL. */
static const struct test *rarest_value(const struct index *index, const struct tests *tests)
{
    const struct test *best = NULL;
    size_t n_best = SIZE_MAX;
    index_state_lock(index);
    for (size_t i = 0; i < tests->n; i++) {
        const struct test *test = &tests->items[i];
        if (test->expr->op != TAG_IS || test->takes_absent)
            continue;
        const struct posting *posting = posting_of(index, test->expr);
        const size_t n = (posting ? posting->n : 0) + test->is_name;
        if (n >= n_best)
            continue;
        best = test;
        n_best = n;
    }
    index_state_unlock(index);
    return best;
}

/* A value of a key, as seen at one moment; both pointers live as long as the index. */
struct seen_value {
    const char *value;
    const struct posting *posting;
};

/* The series whose value of the key passes, tagged ones only. */
static void ids_of_key(const struct index *index, const struct test *test, struct arena *arena,
                       struct ids *out)
{
    index_state_lock(index);
    const struct map *values = map_get(index->tags, test->expr->key, strlen(test->expr->key));
    const size_t n = values ? map_count(values) : 0;
    struct seen_value *seen = arena_array(arena, n, struct seen_value);
    for (size_t i = 0; i < n; i++)
        seen[i] = (struct seen_value){map_key(values, i), map_value(values, i)};
    index_state_unlock(index);

    size_t n_good = 0;
    for (size_t i = 0; i < n; i++)
        if (holds(test, str_of(seen[i].value)))
            seen[n_good++] = seen[i];

    for (size_t i = 0; i < n_good; i++) {
        index_state_lock(index);
        ids_add(out, seen[i].posting->ids, seen[i].posting->n);
        index_state_unlock(index);
    }
}

/* Copies up to NAMES_AT_ONCE names of the ids; NULL where there is none or it is hidden. */
static void copy_names(const struct index *index, const uint32_t *ids, size_t n, const char **out)
{
    index_state_lock(index);
    for (size_t i = 0; i < n; i++)
        out[i] = index_state_is_hidden(index, ids[i]) ? NULL : index_state_name(index, ids[i]);
    index_state_unlock(index);
}

/* All plain series whose path passes. */
static void ids_of_paths(const struct index *index, const struct test *test, struct ids *out)
{
    index_state_lock(index);
    const size_t id_end = index->n_chunks * INDEX_STATE_NAMES;
    index_state_unlock(index);
    for (size_t from = 0; from < id_end; from += NAMES_AT_ONCE) {
        uint32_t ids[NAMES_AT_ONCE];
        const char *names[NAMES_AT_ONCE];
        for (size_t i = 0; i < NAMES_AT_ONCE; i++)
            ids[i] = (uint32_t)(from + i);
        copy_names(index, ids, NAMES_AT_ONCE, names);
        for (size_t i = 0; i < NAMES_AT_ONCE; i++)
            if (names[i] && !strchr(names[i], ';') && holds(test, str_of(names[i])))
                ids_add(out, &ids[i], 1);
    }
}

/* Fills in the candidates and says which expression they all meet already. */
static const struct test *gather(const struct index *index, const struct tests *tests,
                                 struct arena *arena, struct ids *out)
{
    const struct test *seed = rarest_value(index, tests);
    if (seed) {
        ids_of_value(index, seed, out);
        return seed;
    }
    for (size_t i = 0; i < tests->n; i++) {
        const struct test *test = &tests->items[i];
        if (!test->takes_absent && (!seed || seed->is_name))
            seed = test; /* any key has fewer series than "name" */
    }
    BUG_IF(seed == NULL);
    ids_of_key(index, seed, arena, out);
    if (seed->is_name)
        ids_of_paths(index, seed, out);
    return seed;
}

/* ---- the search ---- */

static int compare_paths(const void *left, const void *right)
{
    const struct source_node *a = left, *b = right;
    return strcmp(a->path, b->path);
}

static bool filter(const struct index *index, const struct tests *tests, size_t n_max,
                   struct arena *arena, struct source_nodes *out, struct err *err)
{
    CLEANUP(ids_done) struct ids ids = {0};
    const uint64_t n_removals = __atomic_load_n(&index->n_removals, __ATOMIC_SEQ_CST);
    const struct test *seed = gather(index, tests, arena, &ids);
    for (size_t from = 0; from < ids.n; from += NAMES_AT_ONCE) {
        const size_t n = min_size(NAMES_AT_ONCE, ids.n - from);
        const char *names[NAMES_AT_ONCE];
        copy_names(index, ids.items + from, n, names);
        if (__atomic_load_n(&index->n_removals, __ATOMIC_SEQ_CST) != n_removals)
            seed = NULL; /* a candidate may have another name by now */
        for (size_t i = 0; i < n; i++) {
            if (!names[i] || !passes(tests, seed, names[i]))
                continue;
            if (out->n == n_max)
                return FAIL(err, ERR_LIMIT, "more than %zu series match", n_max);
            arena_grow(arena, &out->items, &out->cap, out->n + 1, sizeof *out->items);
            out->items[out->n++] =
                (struct source_node){.path = names[i], .id = ids.items[from + i], .is_leaf = true};
        }
    }
    return true;
}

bool index_find_tagged(const struct index *index, const struct tag_expr *exprs, size_t n,
                       size_t n_max, struct arena *arena, struct source_nodes *out, struct err *err)
{
    CLEANUP(tests_done) struct tests tests = {.items = arena_zarray(arena, n, struct test)};
    struct source_nodes found = {0};
    if (!compile(exprs, n, &tests, err) || !filter(index, &tests, n_max, arena, &found, err))
        return false;
    if (found.n > 1)
        qsort(found.items, found.n, sizeof *found.items, compare_paths);
    *out = found;
    return true;
}
