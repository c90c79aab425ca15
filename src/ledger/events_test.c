#include "ledger/events.h"

#include "kit/kit.h"

static struct change at(const char *id, const char *service, int64_t start_ms)
{
    struct change change = change_blank();
    change.id = id;
    change.service = service;
    change.start_ms = start_ms;
    change.status = STATUS_SUCCEEDED;
    change.source = "line";
    return change;
}

static struct source_nodes found(struct events *events, const char *pattern)
{
    struct source source = events_source(events);
    struct glob_path path;
    struct source_nodes nodes = {0};
    EXPECT_OK(glob_path_compile(pattern, &kit_arena, &path, &kit_err));
    EXPECT_OK(source.ops->find(source.self, &path, NULL, 1000, &kit_arena, &nodes, &kit_err));
    return nodes;
}

static struct series *read_of(struct events *events, const char *name, int64_t from_s,
                              int64_t until_s, int64_t now_s)
{
    struct source source = events_source(events);
    struct source_nodes nodes = found(events, name);
    struct series *series = NULL;
    const struct source_span span = {from_s, until_s, now_s, now_s - from_s};
    EXPECT_I64(nodes.n, 1);
    if (nodes.n == 1)
        EXPECT_OK(
            source.ops->read(source.self, nodes.items, 1, &span, &kit_arena, &series, &kit_err));
    return series;
}

TEST(a_change_shows_at_its_second)
{
    struct events *events = events_new(NULL, false);
    struct change change = at("a", "website", 1287106599250);
    events_put(events, &change);
    struct series *series =
        read_of(events, "events.deploy.website", 1287106590, 1287106610, 1287200000);
    EXPECT_I64(series->step_s, 1);
    EXPECT_I64(series->n_points, 20);
    for (size_t i = 0; i < series->n_points; i++)
        EXPECT_F64(series->values[i], i == 9 ? 1.0 : NAN, 0);
    EXPECT_I64(series->n_marks, 1);
    EXPECT_I64(series->marks[0].at_ms, 1287106599250);
    events_free(events);
}

TEST(a_value_comes_back_as_it_was_sent)
{
    struct events *events = events_new(NULL, false);
    struct change change = at("a", "website", 1000000010000);
    change.value = 0.1;
    change.status = STATUS_FAILED;
    events_put(events, &change);
    struct series *series =
        read_of(events, "events.deploy.website", 1000000000, 1000000020, 1000000020);
    EXPECT_F64(series->values[10], 0.1, 0);
    EXPECT(series->n_marks == 1 && series->marks[0].is_failed);
    events_free(events);
}

TEST(finds_branches_and_leaves)
{
    struct events *events = events_new(NULL, false);
    struct change a = at("a", "website", 1000000000000), b = at("b", "web.api", 1000000000000);
    b.kind = CHANGE_CONFIG;
    events_put(events, &a);
    events_put(events, &b);
    struct source_nodes nodes = found(events, "events.*");
    EXPECT_I64(nodes.n, 2);
    EXPECT_TEXT(nodes.items[0].path, "events.config");
    EXPECT(nodes.items[0].is_branch && !nodes.items[0].is_leaf);
    EXPECT_I64(found(events, "events.deploy.*").n, 1);
    EXPECT_I64(found(events, "events.*.*.*").n, 1);
    EXPECT_I64(found(events, "other.*").n, 0);
    events_free(events);
}

TEST(a_wide_span_is_coarsened_and_loses_nothing)
{
    struct events *events = events_new(NULL, false);
    char ids[100][4];
    for (int i = 0; i < 100; i++) {
        ids[i][0] = (char)('a' + i / 10);
        ids[i][1] = (char)('a' + i % 10);
        ids[i][2] = '\0';
        struct change change = at(ids[i], "website", 1000000000000 + i * 3600000LL);
        events_put(events, &change);
    }
    const int64_t year_s = 365 * 86400;
    struct series *series = read_of(events, "events.deploy.website", 1000000000,
                                    1000000000 + year_s, 1000000000 + year_s);
    EXPECT(series->n_points <= 100000 && series->n_points > 90000);
    EXPECT_I64(series->n_marks, 100);
    size_t n_set = 0;
    for (size_t i = 0; i < series->n_points; i++)
        n_set += !is_gap(series->values[i]);
    EXPECT(n_set > 90 && n_set <= 100);
    events_free(events);
}

TEST(steps_come_from_the_schemas)
{
    struct schemas *schemas = NULL;
    EXPECT_OK(schemas_parse("s", "[default]\npattern = .*\nretentions = 60s:10y\n", NULL, NULL,
                            &schemas, &kit_err));
    struct events *events = events_new(schemas, false);
    struct change change = at("a", "website", 1287106599000);
    events_put(events, &change);
    struct series *series =
        read_of(events, "events.deploy.website", 1287100000, 1287110000, 1287200000);
    EXPECT_I64(series->step_s, 60);
    events_free(events);
    schemas_free(schemas);
}

TEST(a_later_telling_moves_the_change)
{
    struct events *events = events_new(NULL, false);
    struct change change = at("a", "website", 1000000010000);
    events_put(events, &change);
    change.start_ms = 1000000005000;
    change.action = "rollback";
    events_put(events, &change);
    struct series *series =
        read_of(events, "events.deploy.website", 1000000000, 1000000020, 1000000020);
    EXPECT_F64(series->values[5], -1, 0);
    EXPECT_F64(series->values[10], NAN, 0);
    EXPECT_I64(series->n_marks, 1);
    events_free(events);
}

TEST(nothing_after_now_and_at_least_one_point)
{
    struct events *events = events_new(NULL, false);
    struct change change = at("a", "website", 1000000010000);
    events_put(events, &change);
    EXPECT(read_of(events, "events.deploy.website", 1000000030, 1000000040, 1000000020) == NULL);
    struct series *series =
        read_of(events, "events.deploy.website", 1000000000, 1000000040, 1000000020);
    EXPECT_I64(series->end_s, 1000000021);
    series = read_of(events, "events.deploy.website", 1000000000, 1000000000, 1000000020);
    EXPECT_I64(series->n_points, 1);
    events_free(events);
}

TEST(posted_events_can_stay_apart)
{
    struct events *apart = events_new(NULL, true), *joined = events_new(NULL, false);
    struct change change = at("a", "website", 1000000010000);
    change.is_posted = true;
    events_put(apart, &change);
    events_put(joined, &change);
    EXPECT_I64(found(apart, "events.deploy.*").n, 0);
    EXPECT_I64(found(joined, "events.deploy.*").n, 1);
    events_free(apart);
    events_free(joined);
}

TEST(the_one_tag_is_the_name)
{
    static const struct {
        const char *row;
        struct source_tag_query query;
        const char *first;
        size_t n;
    } rows[] = {
        {"tags", {.n_max = 9}, "name", 1},
        {"tags by prefix", {.prefix = "x", .n_max = 9}, "", 0},
        {"names", {.key = "name", .n_max = 9}, "events.deploy.search", 2},
        {"names by regex", {.key = "name", .regex = "web", .n_max = 9}, "events.deploy.website", 1},
        {"the first name", {.key = "name", .n_max = 1}, "events.deploy.search", 1},
        {"another tag", {.key = "host", .n_max = 9}, "", 0},
    };
    struct events *events = events_new(NULL, false);
    struct source source = events_source(events);
    struct source_tags tags = {0};
    EXPECT_OK(source.ops->tags(source.self, &rows[0].query, &kit_arena, &tags, &kit_err));
    EXPECT_I64(tags.n, 0); /* nothing there yet */
    struct change one = at("a", "website", 1000), two = at("b", "search", 2000);
    events_put(events, &one);
    events_put(events, &two);
    EACH_ROW (rows, r) {
        EXPECT_OK(source.ops->tags(source.self, &r->query, &kit_arena, &tags, &kit_err));
        EXPECT_I64(tags.n, r->n);
        EXPECT_TEXT(tags.n ? tags.items[0].text : "", r->first);
        EXPECT_I64(tags.n ? tags.items[0].n_series : 0, r->query.key && r->n ? 1 : 0);
    }
    events_free(events);
}

RUN_TESTS(test_of(a_change_shows_at_its_second), test_of(a_value_comes_back_as_it_was_sent),
          test_of(finds_branches_and_leaves), test_of(a_wide_span_is_coarsened_and_loses_nothing),
          test_of(steps_come_from_the_schemas), test_of(a_later_telling_moves_the_change),
          test_of(nothing_after_now_and_at_least_one_point), test_of(posted_events_can_stay_apart),
          test_of(the_one_tag_is_the_name))
