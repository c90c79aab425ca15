#include <stdatomic.h>
#include <stdio.h>

#include "base/mem.h"
#include "kit/kit.h"
#include "os/thread.h"
#include "store/index.h"

enum { N = 400 };

/* Names with few and many children, leaves that are branches too, and tags. */
static const char *name_of(uint32_t id)
{
    static char text[64];
    switch (id % 4) {
    case 0:
        (void)snprintf(text, sizeof text, "wide.node%u", id);
        break;
    case 1:
        (void)snprintf(text, sizeof text, "deep.d%u.e%u.f%u", id % 3, id % 7, id);
        break;
    case 2:
        (void)snprintf(text, sizeof text, "cpu;dc=d%u;host=h%u", id % 3, id);
        break;
    default: /* below a leaf of the first kind */
        (void)snprintf(text, sizeof text, "wide.node%u.below", id - 3);
    }
    return text;
}

/* The index beside the list of what should be in it. */
struct world {
    struct index *index;
    const char *names[N]; /* NULL: not there */
    bool is_silent[N];
};

static bool is_alive(void *self, uint32_t id)
{
    const struct world *world = self;
    return !world->is_silent[id];
}

static void add(struct world *world, uint32_t id, const char *name)
{
    world->names[id] = arena_strdup(&kit_arena, name);
    index_add(world->index, id, world->names[id]);
}

static struct source_nodes find(const struct world *world, const char *pattern, bool only_alive)
{
    const struct index_alive alive = {is_alive, (void *)(uintptr_t)world};
    struct glob_path path;
    struct source_nodes nodes = {0};
    EXPECT_OK(glob_path_compile(pattern, &kit_arena, &path, &kit_err));
    const struct index_ask ask = {&path, 10000, only_alive ? &alive : NULL};
    EXPECT_OK(index_find_alive(world->index, &ask, &kit_arena, &nodes, &kit_err));
    return nodes;
}

static bool wants(const struct world *world, uint32_t id, bool only_alive)
{
    return world->names[id] && !(only_alive && world->is_silent[id]);
}

/* Every leaf once, every branch exactly if something is below it. */
static void check_tree(const struct world *world, bool only_alive)
{
    const struct source_nodes nodes = find(world, "**", only_alive);
    size_t n_leaves = 0, n_plain = 0;
    for (size_t i = 0; i < nodes.n; i++) {
        const struct source_node *node = &nodes.items[i];
        const size_t n_path = strlen(node->path);
        bool has_leaf = false, has_below = false;
        for (uint32_t id = 0; id < N; id++) {
            if (!wants(world, id, only_alive) || strncmp(world->names[id], node->path, n_path) != 0)
                continue;
            has_leaf |= world->names[id][n_path] == '\0';
            has_below |= world->names[id][n_path] == '.';
        }
        EXPECT_I64(node->is_leaf, has_leaf);
        EXPECT_I64(node->is_branch, has_below);
        n_leaves += node->is_leaf;
    }
    for (uint32_t id = 0; id < N; id++)
        n_plain += wants(world, id, only_alive) && !strchr(world->names[id], ';');
    EXPECT_I64(n_leaves, n_plain);
}

static void check_tags(const struct world *world)
{
    static const char *const values[] = {"d0", "d1", "d2"};
    for (size_t v = 0; v < COUNT_OF(values); v++) {
        const struct tag_expr expr = {.key = "dc", .value = values[v], .op = TAG_IS};
        const struct source_tag_query query = {.key = "dc", .prefix = values[v], .n_max = 10};
        const char *part = arena_printf(&kit_arena, ";dc=%s;", values[v]);
        struct source_nodes nodes = {0};
        struct source_tags tags = {0};
        size_t n = 0;
        for (uint32_t id = 0; id < N; id++)
            n += world->names[id] && strstr(world->names[id], part);
        EXPECT_OK(index_find_tagged(world->index, &expr, 1, N, &kit_arena, &nodes, &kit_err));
        EXPECT_I64(nodes.n, n);
        EXPECT_OK(index_tags(world->index, &query, &kit_arena, &tags, &kit_err));
        EXPECT_I64(tags.n, n > 0);
        if (tags.n)
            EXPECT_I64(tags.items[0].n_series, n);
    }
}

TEST(agrees_with_a_list_whatever_comes_and_goes)
{
    struct world world = {.index = index_new()};
    const size_t bytes = index_bytes(world.index);
    for (int round = 0; round < 60; round++) {
        uint32_t ids[N];
        size_t n = 0;
        for (uint32_t id = 0; id < N; id++) {
            if (!world.names[id] && kit_random_below(3) == 0)
                add(&world, id, name_of(id));
            else if (world.names[id] && kit_random_below(round % 10 == 9 ? 1 : 4) == 0)
                ids[n++] = id;
            world.is_silent[id] = kit_random_below(10) < (uint32_t)(round % 11);
        }
        index_remove(world.index, ids, n);
        for (size_t i = 0; i < n; i++)
            world.names[ids[i]] = NULL;
        size_t n_there = 0;
        for (uint32_t id = 0; id < N; id++)
            n_there += world.names[id] != NULL;
        EXPECT_I64(index_count(world.index), n_there);
        check_tree(&world, false);
        check_tree(&world, true);
        check_tags(&world);
    }
    EXPECT(index_bytes(world.index) > bytes);
    index_free(world.index);
}

TEST(nothing_is_left_of_the_last_series)
{
    static const uint32_t ids[] = {0, 1, 2, 3};
    struct world world = {.index = index_new()};
    const struct source_tag_query keys = {.n_max = 10};
    struct source_tags tags = {0};
    for (uint32_t id = 0; id < 4; id++)
        add(&world, id, name_of(id));
    index_hide(world.index, 2, true);
    index_remove(world.index, ids, 4);
    EXPECT_I64(index_count(world.index), 0);
    EXPECT_I64(find(&world, "**", false).n, 0);
    EXPECT_OK(index_tags(world.index, &keys, &kit_arena, &tags, &kit_err));
    EXPECT_I64(tags.n, 0);
    EXPECT(!index_is_hidden(world.index, 2));
    add(&world, 2, name_of(2)); /* with another name, or the same: it is there again */
    EXPECT_OK(index_tags(world.index, &keys, &kit_arena, &tags, &kit_err));
    EXPECT_I64(tags.n, 3);
    index_free(world.index);
}

/* What is remembered of a branch must not outlive the series. */
TEST(a_branch_is_as_alive_as_what_is_below_it_now)
{
    static const uint32_t first = 1, second = 5;
    struct world world = {.index = index_new()};
    add(&world, 1, "a.b.c.x");
    add(&world, 5, "a.b.d.y");
    EXPECT_I64(find(&world, "a", true).n, 1);
    world.is_silent[1] = true;
    EXPECT_I64(find(&world, "a", true).n, 1);
    EXPECT_I64(find(&world, "a.b.*", true).n, 1);
    index_remove(world.index, &second, 1);
    EXPECT_I64(find(&world, "a", true).n, 0);
    add(&world, 5, "z.y"); /* alive, but elsewhere */
    EXPECT_I64(find(&world, "a", true).n, 0);
    world.is_silent[1] = false;
    EXPECT_I64(find(&world, "a.b", true).n, 1);
    index_remove(world.index, &first, 1);
    EXPECT_I64(find(&world, "a", false).n, 0);
    index_free(world.index);
}

/* ---- beside searches ---- */

struct churn {
    struct world world;
    atomic_bool is_over;
};

static void churn(void *self)
{
    struct churn *both = self;
    for (int round = 0; round < 300; round++) {
        for (uint32_t id = 0; id < N; id++)
            index_add(both->world.index, id, both->world.names[id]);
        for (uint32_t id = 0; id < N; id++)
            index_remove(both->world.index, &id, 1);
    }
    atomic_store(&both->is_over, true);
}

TEST(searches_go_on_while_series_come_and_go)
{
    static struct churn both;
    struct thread thread = {0};
    struct index *index = index_new();
    both.world = (struct world){.index = index};
    for (uint32_t id = 0; id < N; id++)
        both.world.names[id] = arena_strdup(&kit_arena, name_of(id));
    EXPECT_OK(thread_start(&thread, "churn", churn, &both, &kit_err));
    while (!atomic_load(&both.is_over)) {
        const struct source_nodes nodes = find(&both.world, "**", true);
        for (size_t i = 0; i < nodes.n; i++)
            if (nodes.items[i].is_leaf)
                EXPECT_TEXT(nodes.items[i].path, both.world.names[nodes.items[i].id]);
        const struct tag_expr expr = {.key = "dc", .value = "d1", .op = TAG_IS};
        struct source_nodes tagged = {0};
        EXPECT_OK(index_find_tagged(index, &expr, 1, N, &kit_arena, &tagged, &kit_err));
        for (size_t i = 0; i < tagged.n; i++)
            EXPECT(strstr(tagged.items[i].path, ";dc=d1;") != NULL);
    }
    thread_join(&thread);
    EXPECT_I64(index_count(index), 0);
    index_free(index);
}

RUN_TESTS(test_of(agrees_with_a_list_whatever_comes_and_goes),
          test_of(nothing_is_left_of_the_last_series),
          test_of(a_branch_is_as_alive_as_what_is_below_it_now),
          test_of(searches_go_on_while_series_come_and_go))
