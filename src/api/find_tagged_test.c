#include "api/find_tagged.h"

#include "kit/fake_source.h"
#include "kit/kit.h"

static const double values[] = {1};
static const struct fake_series series[] = {
    {"some.metric;tag1=value2;tag2=value.2", 1500000000, 60, values, 1},
    {"some.metric;tag1=value2", 1500000000, 60, values, 1},
    {"web.hits", 1500000000, 60, values, 1},
};
static struct fake_source fake = {.items = series, .n = COUNT_OF(series)};
static struct api api;

static struct api_call call_of(void)
{
    api.deps = (struct api_deps){.query = {.source = fake_source(&fake)}};
    return (struct api_call){.api = &api, .arena = &kit_arena};
}

static const char *show(const struct source_nodes *nodes)
{
    const char *text = "";
    for (size_t i = 0; i < nodes->n; i++)
        text = arena_printf(&kit_arena, "%s%s%s", text, nodes->items[i].path,
                            nodes->items[i].is_leaf ? " " : ". ");
    return text;
}

TEST(a_tagged_series_is_found_by_its_name)
{
    static const struct {
        const char *row, *query, *found;
    } rows[] = {
        {"whole", "some.metric;tag1=value2", "some.metric;tag1=value2 "},
        {"tags in another order", "some.metric;tag2=value.2;tag1=value2",
         "some.metric;tag1=value2;tag2=value.2 "},
        {"a tag less", "some.metric;tag2=value.2", ""},
        {"no pattern", "some.*;tag1=value2", ""},
        {"no name", ";", ""},
    };
    struct api_call call = call_of();
    EACH_ROW (rows, r) {
        struct source_nodes nodes;
        EXPECT_OK(find_tagged_by_name(&call, r->query, &nodes, &kit_err));
        EXPECT_TEXT(show(&nodes), r->found);
    }
}

/* SHA-256 by sha256sum; of the name with two tags whose first digits Graphite's comments give too. */
#define TWO_TAGS "effaae5b55950b150a7493d2f5430772ca2460bf7cccb4d9e523643df54c010f"

TEST(the_branch_is_laid_out_by_hashes)
{
    static const struct {
        const char *row, *pattern, *found;
    } rows[] = {
        {"first level", "*", "_tagged. "},
        {"by name", "_tagged", "_tagged. "},
        {"another name", "web", ""},
        {"second level", "*.*", "_tagged.9a8. _tagged.eff. "},
        {"one of them", "_tagged.ef*", "_tagged.eff. "},
        {"third level", "_tagged.eff.*", "_tagged.eff.aae. "},
        {"leaf", "_tagged.eff.*.*", "_tagged.eff.aae." TWO_TAGS " "},
        {"too deep", "*.*.*.*.*", ""},
        {"any depth is not Graphite's", "**", ""},
    };
    struct api_call call = call_of();
    EACH_ROW (rows, r) {
        struct glob_path pattern;
        struct source_nodes nodes = {0};
        EXPECT_OK(glob_path_compile(r->pattern, &kit_arena, &pattern, &kit_err));
        EXPECT_OK(find_tagged_branch(&call, &pattern, 10, &nodes, &kit_err));
        EXPECT_TEXT(show(&nodes), r->found);
    }
}

TEST(too_many_tagged_series_are_refused)
{
    struct api_call call = call_of();
    struct glob_path pattern;
    struct source_nodes nodes = {0};
    EXPECT_OK(glob_path_compile("*.*", &kit_arena, &pattern, &kit_err));
    EXPECT_ERR(find_tagged_branch(&call, &pattern, 1, &nodes, &kit_err), ERR_LIMIT, "1");
}

RUN_TESTS(test_of(a_tagged_series_is_found_by_its_name), test_of(the_branch_is_laid_out_by_hashes),
          test_of(too_many_tagged_series_are_refused))
