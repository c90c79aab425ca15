#include "store/index.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/regex.h"
#include "kit/kit.h"
#include "model/name.h"
#include "os/thread.h"

/* An index beside the plain list of its names; the ids are spread out on purpose. */
struct pair {
    struct index *index;
    const char **names;
    size_t n, cap;
};

static uint32_t id_of(size_t i)
{
    return (uint32_t)(i * 7 % 5003);
}

static void pair_add(struct pair *pair, const char *name)
{
    for (size_t i = 0; i < pair->n; i++)
        if (strcmp(pair->names[i], name) == 0)
            return;
    arena_grow(&kit_arena, &pair->names, &pair->cap, pair->n + 1, sizeof *pair->names);
    pair->names[pair->n] = arena_strdup(&kit_arena, name);
    index_add(pair->index, id_of(pair->n), pair->names[pair->n]);
    pair->n++;
}

static struct pair pair_of(const char *const *names, size_t n)
{
    struct pair pair = {.index = index_new()};
    for (size_t i = 0; i < n; i++)
        pair_add(&pair, names[i]);
    return pair;
}

/* "path" for a leaf, "path." for a branch, "path.+" for both, joined by blanks. */
static const char *show(const struct source_nodes *nodes)
{
    const char *text = "";
    for (size_t i = 0; i < nodes->n; i++) {
        const struct source_node *node = &nodes->items[i];
        const char *mark = !node->is_branch ? "" : node->is_leaf ? ".+" : ".";
        text = arena_printf(&kit_arena, "%s%s%s%s", text, *text ? " " : "", node->path, mark);
    }
    return text;
}

static const char *find(const struct index *index, const char *pattern)
{
    struct glob_path path;
    struct source_nodes nodes = {0};
    EXPECT_OK(glob_path_compile(pattern, &kit_arena, &path, &kit_err));
    EXPECT_OK(index_find(index, &path, 1000000, &kit_arena, &nodes, &kit_err));
    return show(&nodes);
}

static const char *find_tagged(const struct index *index, const char *exprs)
{
    struct tag_expr items[8];
    size_t n = 0;
    struct source_nodes nodes = {0};
    struct str rest = str_of(exprs), piece;
    while (str_split(&rest, ' ', &piece))
        EXPECT_OK(tag_expr_parse(arena_strndup(&kit_arena, piece.at, piece.n), &kit_arena,
                                 &items[n++], &kit_err));
    EXPECT_OK(index_find_tagged(index, items, n, 1000000, &kit_arena, &nodes, &kit_err));
    return show(&nodes);
}

/* ---- paths ---- */

static const char *const some_names[] = {
    "a.b.c", "a.b.d",   "a.b",       "a-b.c",     "a-b",       "a.bc.c", "b",
    "B.a",   "a.x.y.z", "web.1.cpu", "web.2.cpu", "web.1.mem", "web1",   "cpu;host=a;dc=x",
};

TEST(finds_what_matches_in_path_order)
{
    static const struct {
        const char *row, *pattern, *found;
    } rows[] = {
        {"a leaf", "a.b.c", "a.b.c"},
        {"a leaf that is a branch too", "a.b", "a.b.+"},
        {"a branch", "web", "web."},
        {"top", "*", "B. a. a-b.+ b web. web1"},
        {"nothing", "nosuch.*", ""},
        {"no such name", "a.nosuch", ""},
        {"past a leaf", "b.c", ""},
        {"one level", "a.*", "a.b.+ a.bc. a.x."},
        {"order of - and .", "a*.*", "a-b.c a.b.+ a.bc. a.x."},
        {"list and class", "web.[12].{cpu,mem}", "web.1.cpu web.1.mem web.2.cpu"},
        {"question mark", "web?", "web1"},
        {"any depth", "a.**", "a.b.+ a.b.c a.b.d a.bc. a.bc.c a.x. a.x.y. a.x.y.z"},
        {"any depth in the middle", "a.**.c", "a.b.c a.bc.c"},
        {"any depth may be none", "a.**.b", "a.b.+"},
        {"any depth first", "**.c", "a-b.c a.b.c a.bc.c"},
        {"any depth twice", "**.**.c", "a-b.c a.b.c a.bc.c"},
        {"any depth at the end, at least one", "a-b.**", "a-b.c"},
        {"everything", "**",
         "B. B.a a. a-b.+ a-b.c a.b.+ a.b.c a.b.d a.bc. a.bc.c a.x. a.x.y. a.x.y.z b web. "
         "web.1. web.1.cpu web.1.mem web.2. web.2.cpu web1"},
    };
    struct pair pair = pair_of(some_names, COUNT_OF(some_names));
    EACH_ROW (rows, r)
        EXPECT_TEXT(find(pair.index, r->pattern), r->found);
    EXPECT_I64(index_count(pair.index), COUNT_OF(some_names));
    EXPECT(index_bytes(pair.index) > 0);
    index_free(pair.index);
}

/* Children that were added in order are given without sorting: only where that is the order asked for. */
TEST(names_added_in_order_are_found_in_path_order)
{
    static const char *const names[] = {"n.a",    "n.a.x",  "n.a.x1",  "n.b",      "n.c.y",
                                        "n.c1.y", "o.w",    "o.w-1",   "o.w-1.up", "o.w.down",
                                        "o.w.up", "q.w.up", "q.w-1.up"};
    static const struct {
        const char *row, *pattern, *found;
    } rows[] = {
        {"leaf, then branch of the same name", "n.*", "n.a.+ n.b n.c. n.c1."},
        {"some of them", "n.?", "n.a.+ n.b n.c."},
        {"below each", "n.*.*", "n.a.x n.a.x1 n.c.y n.c1.y"},
        {"a dash as leaf", "o.*", "o.w.+ o.w-1.+"},
        {"added as leaves would be", "q.*.*", "q.w-1.up q.w.up"},
        {"a dash before a dot", "o.*.*", "o.w-1.up o.w.down o.w.up"},
    };
    struct pair pair = pair_of(names, COUNT_OF(names));
    struct source_nodes nodes = {0};
    struct glob_path path;
    EACH_ROW (rows, r)
        EXPECT_TEXT(find(pair.index, r->pattern), r->found);
    EXPECT_OK(glob_path_compile("n.*", &kit_arena, &path, &kit_err));
    EXPECT_OK(index_find(pair.index, &path, 4, &kit_arena, &nodes, &kit_err));
    EXPECT_ERR(index_find(pair.index, &path, 3, &kit_arena, &nodes, &kit_err), ERR_LIMIT, "");
    index_free(pair.index);
}

TEST(leaves_carry_their_id_and_the_lent_name)
{
    struct pair pair = pair_of(some_names, COUNT_OF(some_names));
    for (size_t i = 0; i + 1 < pair.n; i++) {
        struct glob_path path;
        struct source_nodes nodes = {0};
        EXPECT_OK(glob_path_compile(pair.names[i], &kit_arena, &path, &kit_err));
        EXPECT_OK(index_find(pair.index, &path, 1, &kit_arena, &nodes, &kit_err));
        EXPECT(nodes.n == 1 && nodes.items[0].is_leaf && nodes.items[0].id == id_of(i) &&
               nodes.items[0].path == pair.names[i]);
    }
    index_free(pair.index);
}

TEST(all_lists_plain_leaves_sorted)
{
    struct pair pair = pair_of(some_names, COUNT_OF(some_names));
    struct source_nodes nodes = {0};
    EXPECT_OK(index_all(pair.index, &kit_arena, &nodes, &kit_err));
    EXPECT_TEXT(show(&nodes), "B.a a-b a-b.c a.b a.b.c a.b.d a.bc.c a.x.y.z b web.1.cpu web.1.mem "
                              "web.2.cpu web1");
    index_free(pair.index);
}

TEST(an_empty_index_finds_nothing)
{
    struct index *index = index_new();
    EXPECT_TEXT(find(index, "*"), "");
    EXPECT_TEXT(find(index, "**"), "");
    EXPECT_TEXT(find(index, "a.b"), "");
    EXPECT_TEXT(find_tagged(index, "name=~."), "");
    EXPECT_I64(index_count(index), 0);
    index_free(index);
    index_free(NULL);
}

TEST(too_many_hits_are_a_limit)
{
    struct pair pair = pair_of(some_names, COUNT_OF(some_names));
    struct glob_path path;
    struct source_nodes nodes = {0};
    EXPECT_OK(glob_path_compile("*", &kit_arena, &path, &kit_err));
    EXPECT_OK(index_find(pair.index, &path, 6, &kit_arena, &nodes, &kit_err));
    nodes.n = 99;
    EXPECT_ERR(index_find(pair.index, &path, 5, &kit_arena, &nodes, &kit_err), ERR_LIMIT, "5");
    EXPECT_I64(nodes.n, 99);
    index_free(pair.index);
}

TEST(a_double_star_among_too_many_nodes_is_a_limit)
{
    struct index *index = index_new();
    const char *pattern = "**";
    for (int i = 1; i < INDEX_ANY_DEPTH_NODES_MAX; i++)
        pattern = arena_printf(&kit_arena, "%s.a", pattern);
    EXPECT_TEXT(find(index, pattern), "");
    pattern = arena_printf(&kit_arena, "%s.a", pattern);
    struct glob_path path;
    struct source_nodes nodes;
    EXPECT_OK(glob_path_compile(pattern, &kit_arena, &path, &kit_err));
    EXPECT_ERR(index_find(index, &path, 1, &kit_arena, &nodes, &kit_err), ERR_LIMIT, "**");
    index_free(index);
}

TEST(very_deep_names_are_found)
{
    struct index *index = index_new();
    const char *name = "n";
    for (int i = 0; i < 1000; i++)
        name = arena_printf(&kit_arena, "%s.%d", name, i % 10);
    index_add(index, 0, name);
    EXPECT_TEXT(find(index, name), name);
    EXPECT_TEXT(find(index, "**.8.9"), find(index, "n.**.[8].9"));
    struct source_nodes nodes = {0};
    EXPECT_OK(index_all(index, &kit_arena, &nodes, &kit_err));
    EXPECT_TEXT(show(&nodes), name);
    index_free(index);
}

/* ---- against a plain list ---- */

static const char *random_component(void)
{
    static const char *const pieces[] = {"a", "b", "ab", "a-b", "cpu", "cpu0", "web-1", "B", "a1"};
    if (kit_random_below(6) == 0) /* enough of them for wide nodes with a hash table */
        return arena_printf(&kit_arena, "h%d", (int)kit_random_below(300));
    return pieces[kit_random_below(COUNT_OF(pieces))];
}

static const char *random_name(void)
{
    const char *name = random_component();
    for (uint64_t more = kit_random_below(4); more > 0; more--)
        name = arena_printf(&kit_arena, "%s.%s", name, random_component());
    return name;
}

static const char *random_pattern(void)
{
    static const char *const pieces[] = {"*",  "**",     "a*",      "*b", "?",    "[ab]", "{a,cpu}",
                                         "h*", "h[12]*", "cpu{,0}", "*1", "[!a]", "a",    "ab"};
    const char *pattern = "";
    for (uint64_t more = 1 + kit_random_below(4); more > 0; more--) {
        const char *piece =
            kit_random_below(3) ? pieces[kit_random_below(COUNT_OF(pieces))] : random_component();
        pattern = arena_printf(&kit_arena, "%s%s%s", pattern, *pattern ? "." : "", piece);
    }
    return pattern;
}

static int compare_nodes(const void *a, const void *b)
{
    return strcmp(((const struct source_node *)a)->path, ((const struct source_node *)b)->path);
}

static void note(struct source_nodes *nodes, const char *path, bool is_leaf)
{
    for (size_t i = 0; i < nodes->n; i++)
        if (strcmp(nodes->items[i].path, path) == 0) {
            nodes->items[i].is_leaf |= is_leaf;
            nodes->items[i].is_branch |= !is_leaf;
            return;
        }
    arena_grow(&kit_arena, &nodes->items, &nodes->cap, nodes->n + 1, sizeof *nodes->items);
    nodes->items[nodes->n++] =
        (struct source_node){.path = path, .is_leaf = is_leaf, .is_branch = !is_leaf};
}

/* Every node of the tree, found by looking at each name's prefixes. */
static struct source_nodes all_nodes(const struct pair *pair)
{
    struct source_nodes nodes = {0};
    for (size_t i = 0; i < pair->n; i++) {
        const char *name = pair->names[i];
        for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.'))
            note(&nodes, arena_strndup(&kit_arena, name, (size_t)(dot - name)), false);
        note(&nodes, name, true);
    }
    qsort(nodes.items, nodes.n, sizeof *nodes.items, compare_nodes);
    return nodes;
}

TEST(finds_the_same_as_matching_every_name)
{
    struct pair pair = {.index = index_new()};
    for (int i = 0; i < 900; i++)
        pair_add(&pair, random_name());
    const struct source_nodes all = all_nodes(&pair);
    for (int round = 0; round < 400; round++) {
        const char *pattern = random_pattern();
        struct glob_path path;
        struct source_nodes wanted = {0};
        EXPECT_OK(glob_path_compile(pattern, &kit_arena, &path, &kit_err));
        for (size_t i = 0; i < all.n; i++)
            if (glob_path_match(&path, all.items[i].path)) {
                arena_grow(&kit_arena, &wanted.items, &wanted.cap, wanted.n + 1,
                           sizeof *wanted.items);
                wanted.items[wanted.n++] = all.items[i];
            }
        const char *got = find(pair.index, pattern), *want = show(&wanted);
        if (strcmp(got, want) != 0)
            printf("pattern %s\n", pattern);
        EXPECT(strcmp(got, want) == 0);
    }
    index_free(pair.index);
}

/* ---- tags ---- */

TEST(finds_by_tags)
{
    static const char *const names[] = {
        "cpu;dc=east;host=a", "cpu;dc=east;host=b", "cpu;dc=west;host=a", "mem;dc=east;host=a",
        "cpu;dc=west",        "plain.cpu",          "plain.mem",          "disk;host=a;path=/x=y",
    };
    static const struct {
        const char *row, *exprs, *found;
    } rows[] = {
        {"value", "host=a",
         "cpu;dc=east;host=a cpu;dc=west;host=a disk;host=a;path=/x=y mem;dc=east;host=a"},
        {"two values", "host=a dc=west", "cpu;dc=west;host=a"},
        {"no such value", "host=nosuch", ""},
        {"no such tag", "nosuch=a", ""},
        {"no such tag, with others", "host=a nosuch=a", ""},
        {"name", "name=mem", "mem;dc=east;host=a"},
        {"name of a plain series", "name=plain.cpu", "plain.cpu"},
        {"part of a plain name", "name=plain", ""},
        {"not", "name=cpu dc!=east", "cpu;dc=west cpu;dc=west;host=a"},
        {"not takes absent", "name=cpu host!=a", "cpu;dc=east;host=b cpu;dc=west"},
        {"absent", "name=cpu host=", "cpu;dc=west"},
        {"present", "dc!=",
         "cpu;dc=east;host=a cpu;dc=east;host=b cpu;dc=west "
         "cpu;dc=west;host=a mem;dc=east;host=a"},
        {"regex", "host=~[bc]", "cpu;dc=east;host=b"},
        {"regex is anchored at the start", "dc=~ast", ""},
        {"regex is not anchored at the end", "dc=~e",
         "cpu;dc=east;host=a cpu;dc=east;host=b "
         "mem;dc=east;host=a"},
        {"both sides of an alternative are anchored", "dc=~x|ast", ""},
        {"regex on plain and tagged names", "name=~.*mem", "mem;dc=east;host=a plain.mem"},
        {"not regex", "name=cpu dc!=~ea", "cpu;dc=west cpu;dc=west;host=a"},
        {"not regex takes absent", "name=~cpu|plain host!=~a",
         "cpu;dc=east;host=b cpu;dc=west plain.cpu plain.mem"},
        {"not regex that asks for presence", "host!=~^$|b",
         "cpu;dc=east;host=a cpu;dc=west;host=a disk;host=a;path=/x=y mem;dc=east;host=a"},
        {"a value with an equals sign", "path=/x=y", "disk;host=a;path=/x=y"},
        {"everything", "name!=",
         "cpu;dc=east;host=a cpu;dc=east;host=b cpu;dc=west cpu;dc=west;host=a "
         "disk;host=a;path=/x=y mem;dc=east;host=a plain.cpu plain.mem"},
        {"contradiction", "host=a host=b", ""},
    };
    struct pair pair = pair_of(names, COUNT_OF(names));
    EACH_ROW (rows, r)
        EXPECT_TEXT(find_tagged(pair.index, r->exprs), r->found);
    index_free(pair.index);
}

TEST(expressions_that_ask_for_nothing_are_refused)
{
    static const struct {
        const char *row;
        struct tag_expr expr;
        const char *part;
    } rows[] = {
        {"absent", {"host", "", TAG_IS}, "must not match the empty string"},
        {"not", {"host", "a", TAG_IS_NOT}, "must not match the empty string"},
        {"regex", {"host", ".*", TAG_MATCHES}, "must not match the empty string"},
        {"not regex", {"host", "a", TAG_MATCHES_NOT}, "must not match the empty string"},
        {"bad regex", {"host", "[", TAG_MATCHES}, "tag 'host'"},
    };
    struct pair pair = pair_of(some_names, COUNT_OF(some_names));
    struct source_nodes nodes;
    EACH_ROW (rows, r)
        EXPECT_ERR(index_find_tagged(pair.index, &r->expr, 1, 9, &kit_arena, &nodes, &kit_err),
                   ERR_INPUT, r->part);
    EXPECT_ERR(index_find_tagged(pair.index, NULL, 0, 9, &kit_arena, &nodes, &kit_err), ERR_INPUT,
               "tagspec");
    const struct tag_expr expr = {"name", "", TAG_IS_NOT};
    EXPECT_ERR(index_find_tagged(pair.index, &expr, 1, 3, &kit_arena, &nodes, &kit_err), ERR_LIMIT,
               "3");
    index_free(pair.index);
}

static const char *random_tagged(void)
{
    const char *name = random_component();
    static const char *const keys[] = {"dc", "host", "x"};
    for (size_t k = 0; k < COUNT_OF(keys); k++)
        if (kit_random_below(3))
            name = arena_printf(&kit_arena, "%s;%s=%s", name, keys[k], random_component());
    return name;
}

static bool holds(const struct tag_expr *expr, const char *name)
{
    struct tag *tags;
    const size_t n = name_tags(name, &kit_arena, &tags);
    const char *value = "";
    for (size_t i = 0; i < n; i++)
        if (strcmp(tags[i].key, expr->key) == 0)
            value = tags[i].value;
    if (expr->op == TAG_IS || expr->op == TAG_IS_NOT)
        return (strcmp(value, expr->value) == 0) == (expr->op == TAG_IS);
    struct regex *regex;
    EXPECT_OK(regex_compile(arena_printf(&kit_arena, "^(%s)", expr->value), &regex, &kit_err));
    const bool is_match = regex_search(regex, value, strlen(value));
    regex_free(regex);
    return is_match == (expr->op == TAG_MATCHES);
}

TEST(finds_the_same_tags_as_looking_at_every_name)
{
    static const char *const keys[] = {"dc", "host", "x", "name", "nosuch"};
    static const char *const patterns[] = {"a", "a.*", "h[12]", "cpu|B", ".*", "", "b$"};
    struct pair pair = {.index = index_new()};
    for (int i = 0; i < 400; i++)
        pair_add(&pair, i % 3 ? random_tagged() : random_name());
    for (int round = 0; round < 150; round++) {
        struct tag_expr exprs[3];
        struct source_nodes got = {0}, wanted = {0};
        const size_t n = 1 + kit_random_below(3);
        bool takes_all = true;
        for (size_t k = 0; k < n; k++) {
            exprs[k].key = keys[kit_random_below(COUNT_OF(keys))];
            exprs[k].op = (enum tag_op)kit_random_below(4);
            const bool is_regex = exprs[k].op >= TAG_MATCHES;
            exprs[k].value = is_regex              ? patterns[kit_random_below(COUNT_OF(patterns))]
                             : kit_random_below(5) ? random_component()
                                                   : "";
            takes_all &= holds(&exprs[k], "");
        }
        if (takes_all) {
            EXPECT_ERR(index_find_tagged(pair.index, exprs, n, 9999, &kit_arena, &got, &kit_err),
                       ERR_INPUT, "tagspec");
            continue;
        }
        for (size_t i = 0; i < pair.n; i++) {
            bool is_wanted = true;
            for (size_t k = 0; is_wanted && k < n; k++)
                is_wanted = holds(&exprs[k], pair.names[i]);
            if (is_wanted)
                note(&wanted, pair.names[i], true);
        }
        if (wanted.n)
            qsort(wanted.items, wanted.n, sizeof *wanted.items, compare_nodes);
        EXPECT_OK(index_find_tagged(pair.index, exprs, n, 9999, &kit_arena, &got, &kit_err));
        EXPECT_TEXT(show(&got), show(&wanted));
    }
    index_free(pair.index);
}

/* ---- many threads ---- */

enum { SHARED_NAMES = 20000, READERS = 2 };

struct shared {
    struct index *index;
    char (*names)[48];
    atomic_size_t n_added;
    atomic_int n_wrong, n_searches;
};

/* Finds at least what was there before, in order, and only whole entries. */
static void check_search(struct shared *shared, const struct glob_path *path)
{
    struct arena arena;
    struct source_nodes nodes = {0};
    arena_init(&arena);
    const size_t n_before = atomic_load(&shared->n_added);
    struct err err;
    bool is_right = index_find(shared->index, path, SIZE_MAX, &arena, &nodes, &err);
    size_t n_leaves = 0;
    for (size_t i = 0; is_right && i < nodes.n; i++) {
        const struct source_node *node = &nodes.items[i];
        n_leaves += node->is_leaf;
        is_right = i == 0 || strcmp(nodes.items[i - 1].path, node->path) < 0;
        is_right &= !node->is_leaf || node->path == shared->names[node->id];
    }
    const struct tag_expr expr = {"name", "srv.*1", TAG_MATCHES};
    is_right &= index_find_tagged(shared->index, &expr, 1, SIZE_MAX, &arena, &nodes, &err);
    is_right &= n_leaves + n_before / 10 + 1 >= n_before; /* every tenth is tagged */
    atomic_fetch_add(&shared->n_wrong, !is_right);
    atomic_fetch_add(&shared->n_searches, 1);
    arena_done(&arena);
}

static void read_on(void *self)
{
    struct shared *shared = self;
    struct arena arena;
    struct glob_path path;
    struct err err;
    arena_init(&arena);
    if (!glob_path_compile("**", &arena, &path, &err))
        return;
    do {
        check_search(shared, &path);
    } while (atomic_load(&shared->n_added) < SHARED_NAMES);
    arena_done(&arena);
}

TEST(searches_run_beside_the_writer)
{
    struct shared shared = {.index = index_new()};
    struct thread readers[READERS];
    shared.names = mem_alloc(SHARED_NAMES * sizeof *shared.names);
    for (size_t i = 0; i < SHARED_NAMES; i++)
        snprintf(shared.names[i], sizeof *shared.names, "srv%zu.net%zu.value%zu%s", i % 97,
                 i % 1013, i, i % 10 ? "" : ";dc=x");
    for (size_t k = 0; k < READERS; k++)
        EXPECT_OK(thread_start(&readers[k], "reader", read_on, &shared, &kit_err));
    for (size_t i = 0; i < SHARED_NAMES; i++) {
        index_add(shared.index, (uint32_t)i, shared.names[i]);
        atomic_store(&shared.n_added, i + 1);
    }
    for (size_t k = 0; k < READERS; k++)
        thread_join(&readers[k]);
    EXPECT_I64(atomic_load(&shared.n_wrong), 0);
    EXPECT(atomic_load(&shared.n_searches) >= READERS);
    index_free(shared.index);
    mem_free(shared.names);
}

RUN_TESTS(test_of(finds_what_matches_in_path_order),
          test_of(names_added_in_order_are_found_in_path_order),
          test_of(leaves_carry_their_id_and_the_lent_name), test_of(all_lists_plain_leaves_sorted),
          test_of(an_empty_index_finds_nothing), test_of(too_many_hits_are_a_limit),
          test_of(a_double_star_among_too_many_nodes_is_a_limit),
          test_of(very_deep_names_are_found), test_of(finds_the_same_as_matching_every_name),
          test_of(finds_by_tags), test_of(expressions_that_ask_for_nothing_are_refused),
          test_of(finds_the_same_tags_as_looking_at_every_name),
          test_of(searches_run_beside_the_writer))
