#include "app/union_source.h"

#include "kit/fake_source.h"
#include "kit/kit.h"

static const double ones[] = {1, 1, 1, 1}, twos[] = {2, 2, 2, 2};

static const struct fake_series events[] = {
    {"events.deploy.website", 1500000000, 60, ones, 4},
    {"both.leaf", 1500000000, 60, ones, 4},
};
static const struct fake_series metrics[] = {
    {"both.leaf", 1500000000, 60, twos, 4},
    {"events.other", 1500000000, 60, twos, 4},
    {"web.hits", 1500000000, 60, twos, 4},
};

static struct fake_source first_fake = {.items = events, .n = COUNT_OF(events)};
static struct fake_source second_fake = {.items = metrics, .n = COUNT_OF(metrics)};
static struct union_source both;

static struct source start(void)
{
    both = (struct union_source){fake_source(&first_fake), fake_source(&second_fake)};
    return union_source(&both);
}

static struct source_nodes found(struct source source, const char *pattern)
{
    struct glob_path path;
    struct source_nodes nodes = {0};
    EXPECT_OK(glob_path_compile(pattern, &kit_arena, &path, &kit_err));
    EXPECT_OK(source.ops->find(source.self, &path, NULL, 100, &kit_arena, &nodes, &kit_err));
    return nodes;
}

TEST(finds_in_both_sorted)
{
    struct source source = start();
    struct source_nodes nodes = found(source, "events.*");
    EXPECT_I64(nodes.n, 2);
    EXPECT_TEXT(nodes.items[0].path, "events.deploy");
    EXPECT_TEXT(nodes.items[1].path, "events.other");
    nodes = found(source, "*");
    EXPECT_I64(nodes.n, 3);
}

TEST(reads_each_from_its_own_source)
{
    struct source source = start();
    struct source_nodes nodes = found(source, "*.*");
    struct series *out[8] = {0};
    const struct source_span span = {1500000000, 1500000240, 1500001000, 1000};
    EXPECT_I64(nodes.n, 4); /* both.leaf once; events.deploy is a branch */
    size_t n_leaves = 0;
    for (size_t i = 0; i < nodes.n; i++)
        if (nodes.items[i].is_leaf)
            nodes.items[n_leaves++] = nodes.items[i];
    EXPECT_OK(
        source.ops->read(source.self, nodes.items, n_leaves, &span, &kit_arena, out, &kit_err));
    for (size_t i = 0; i < n_leaves; i++) {
        EXPECT_TEXT(out[i]->name, nodes.items[i].path);
        bool is_first = strcmp(out[i]->name, "both.leaf") == 0;
        EXPECT_F64(out[i]->values[0], is_first ? 1.0 : 2.0, 0);
    }
}

TEST(too_many_names_are_refused)
{
    struct source source = start();
    struct glob_path path;
    struct source_nodes nodes;
    EXPECT_OK(glob_path_compile("*.*", &kit_arena, &path, &kit_err));
    EXPECT_ERR(source.ops->find(source.self, &path, NULL, 3, &kit_arena, &nodes, &kit_err),
               ERR_LIMIT, "3 names");
}

TEST(tags_of_both_are_joined)
{
    struct source source = start();
    struct source_tags tags = {0};
    const struct source_tag_query keys = {.n_max = 9}, paths = {.key = "name", .n_max = 2};
    EXPECT_OK(source.ops->tags(source.self, &keys, &kit_arena, &tags, &kit_err));
    EXPECT_I64(tags.n, 1);
    EXPECT_TEXT(tags.items[0].text, "name");
    EXPECT_OK(source.ops->tags(source.self, &paths, &kit_arena, &tags, &kit_err));
    EXPECT_I64(tags.n, 2);
    EXPECT_TEXT(tags.items[0].text, "both.leaf");
    EXPECT_TEXT(tags.items[1].text, "events.deploy.website");
}

RUN_TESTS(test_of(finds_in_both_sorted), test_of(reads_each_from_its_own_source),
          test_of(too_many_names_are_refused), test_of(tags_of_both_are_joined))
