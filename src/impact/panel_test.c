#include "impact/panel.h"

#include "kit/fake_source.h"
#include "kit/kit.h"

enum {
    NOW_S = 1700000000 - 1700000000 % 86400,
    DAY_S = 86400,
    N_NAMES_MAX = 1000,
};

/* Series of one value a minute, each its own number, over two days. */
static struct fake_series minutes_of(const char *name, double value, int64_t step_s)
{
    const size_t n = (size_t)(2 * DAY_S / step_s);
    double *values = arena_array(&kit_arena, n, double);
    for (size_t i = 0; i < n; i++)
        values[i] = value;
    return (struct fake_series){name, NOW_S - 2 * DAY_S, step_s, values, n};
}

struct world {
    struct fake_series items[N_NAMES_MAX];
    struct fake_source source;
    struct fake_changes changes;
    struct impact_rules rules;
    struct impact_options options;
    struct impact_wish wish;
    struct panel_question question;
};

static struct world *new_world(const char *const *names, size_t n)
{
    struct world *world = arena_zalloc(&kit_arena, sizeof *world);
    kit_now_us = (int64_t)NOW_S * 1000000;
    for (size_t i = 0; i < n; i++)
        world->items[i] = minutes_of(names[i], (double)i, 60);
    world->source = (struct fake_source){.items = world->items, .n = n};
    world->rules = rules_default();
    world->options = (struct impact_options){.source = fake_source(&world->source),
                                             .changes = fake_changes(&world->changes),
                                             .clock = kit_clock(),
                                             .rules = &world->rules};
    world->question = (struct panel_question){.options = &world->options,
                                              .wish = &world->wish,
                                              .service = "web",
                                              .at_s = NOW_S - 3600,
                                              .until_s = NOW_S,
                                              .now_s = NOW_S,
                                              .step_s = 60,
                                              .n_max = 100};
    return world;
}

static void read_rules(struct world *world, const char *text)
{
    struct ini ini;
    EXPECT_OK(ini_parse("plumb.conf", text, strlen(text), &kit_arena, &ini, &kit_err));
    EXPECT_OK(rules_read(&ini, &kit_arena, &world->rules, &kit_err));
}

static struct panel_list choose(struct world *world)
{
    struct panel_list list = {0};
    EXPECT_OK(panel_choose(&world->question, &kit_arena, &list, &kit_err));
    return list;
}

static const char *names_of(const struct panel_list *list)
{
    const char *text = "";
    for (size_t i = 0; i < list->n; i++)
        text = arena_printf(&kit_arena, "%s%s%s", text, i ? " " : "", list->items[i].name);
    return text;
}

static const char *const site[] = {
    "web.logins",     "web.eu.errors",     "web.us.errors", "shop.cart.sales",
    "plumb.h.points", "events.deploy.web", "carbon.a.b",    "disk.used;host=a;service=web"};

TEST(all_that_lives_is_chosen_vital_ones_first)
{
    struct world *world = new_world(site, COUNT_OF(site));
    read_rules(world, "[impact]\nvital = shop.*.sales:down\nignore = carbon.**\n");
    const struct panel_list list = choose(world);
    EXPECT_TEXT(names_of(&list), "shop.cart.sales web.eu.errors web.logins web.us.errors "
                                 "disk.used;host=a;service=web");
    EXPECT(list.items[0].vital && list.items[0].vital->bad == IMPACT_BAD_DOWN);
    EXPECT(!list.items[1].vital);
    EXPECT(list.has_own_scope && !list.items[0].in_scope && list.items[4].in_scope);
    EXPECT_I64(list.n_known, 5);
}

TEST(a_group_stands_for_its_members)
{
    struct world *world = new_world(site, COUNT_OF(site));
    read_rules(world, "[impact]\ngroups = sumSeries(web.*.errors)\nignore = carbon.**\n");
    const struct panel_list list = choose(world);
    EXPECT_TEXT(names_of(&list), "sumSeries(web.*.errors) shop.cart.sales web.logins "
                                 "disk.used;host=a;service=web");
    EXPECT(list.items[0].row && list.items[0].row[100 + 12 * 1440] == 1 + 2);
    EXPECT_I64(list.items[0].history_s, 14 * DAY_S);
}

TEST(a_wish_is_all_that_is_looked_at)
{
    struct world *world = new_world(site, COUNT_OF(site));
    static const char *const globs[] = {"web.**", "maxSeries(web.*.errors)", "plumb.h.points",
                                        "disk.used;service=web;host=a", "no.such"};
    static const char *const vitals[] = {"shop.cart.sales:up", "no.vital"};
    read_rules(world, "[impact]\nvital = carbon.**\n");
    world->wish = (struct impact_wish){
        .globs = globs, .n_globs = COUNT_OF(globs), .vitals = vitals, .n_vitals = 2};
    const struct panel_list list = choose(world);
    EXPECT_TEXT(names_of(&list),
                "shop.cart.sales web.eu.errors web.logins web.us.errors maxSeries(web.*.errors) "
                "plumb.h.points disk.used;host=a;service=web");
    EXPECT_I64(list.n_missing, 2);
    EXPECT_TEXT(list.missing[0], "no.vital");
    EXPECT_TEXT(list.missing[1], "no.such");
    EXPECT(list.items[0].vital->bad == IMPACT_BAD_UP);
}

TEST(a_bad_wish_says_so)
{
    static const struct {
        const char *row, *part;
    } rows[] = {
        {"a.[b", "'a.[b'"},
        {"nosuch(a.b)", "nosuch"},
    };
    struct panel_list list;
    EACH_ROW (rows, r) {
        struct world *world = new_world(site, COUNT_OF(site));
        world->wish = (struct impact_wish){.globs = &r->row, .n_globs = 1};
        EXPECT_ERR(panel_choose(&world->question, &kit_arena, &list, &kit_err), ERR_INPUT, r->part);
    }
    static const char *const glob = "web.**";
    struct world *world = new_world(site, COUNT_OF(site));
    world->wish = (struct impact_wish){.globs = &glob, .n_globs = 1};
    world->question.n_max = 2;
    EXPECT_ERR(panel_choose(&world->question, &kit_arena, &list, &kit_err), ERR_LIMIT,
               "3 metrics were asked for by name, at most 2");
}

TEST(past_the_limit_the_services_own_stay)
{
    const char *names[60];
    for (size_t i = 0; i < 50; i++)
        names[i] = arena_printf(&kit_arena, "a%02zu.x.y", i);
    for (size_t i = 50; i < 60; i++)
        names[i] = arena_printf(&kit_arena, "z.web.m%zu", i);
    struct world *world = new_world(names, 60);
    world->question.n_max = 15;
    const struct panel_list list = choose(world);
    size_t n_own = 0;
    for (size_t i = 0; i < list.n; i++)
        n_own += list.items[i].in_scope;
    EXPECT_I64(list.n, 15);
    EXPECT_I64(n_own, 10);
    EXPECT_I64(list.n_known, 60);
    EXPECT_TEXT(list.items[14].name, "a40.x.y"); /* evenly over the others */
}

TEST(each_grid_is_as_fine_as_its_metrics)
{
    struct world *world = new_world(site, 2);
    world->items[2] = minutes_of("slow.a.b", 7, 300);
    world->items[3] = minutes_of("quick.a.b", 7, 10);
    world->source.n = 4;
    /* What is coarse so far back is fine in a shorter history. */
    world->source.fine_s = 4 * DAY_S;
    world->source.coarse_step_s = 600;
    const struct panel_list list = choose(world);
    EXPECT_TEXT(names_of(&list), "quick.a.b slow.a.b web.eu.errors web.logins");
    EXPECT_I64(list.items[0].step_s, 60);
    EXPECT_I64(list.items[0].history_s, 3 * DAY_S);
    EXPECT_I64(list.items[1].step_s, 300);
    struct panel_slice *slices;
    size_t n;
    panel_cut(&world->question, &list, &kit_arena, &slices, &n);
    EXPECT_I64(n, 2);
    EXPECT_I64(slices[0].n, 3);
    EXPECT_I64(slices[1].n, 1);
    EXPECT_I64(slices[1].grid.step_s, 300);
    EXPECT_I64(slices[1].grid.n * 300, 3 * DAY_S + 3600);
    double **rows;
    EXPECT_OK(panel_read(&world->question, &slices[1], &kit_arena, &rows, &kit_err));
    EXPECT(is_gap(rows[0][0]));
    EXPECT_F64(rows[0][slices[1].grid.n - 1], 7, 0);
}

TEST(a_slice_keeps_services_together_and_has_controls)
{
    const char *names[700];
    for (size_t i = 0; i < 700; i++)
        names[i] = arena_printf(&kit_arena, "x.s%zu.m%zu", i / 100, i);
    struct world *world = new_world(names, 700);
    world->question.n_max = 1000;
    const struct panel_list list = choose(world);
    struct panel_slice *slices;
    size_t n, n_own = 0;
    panel_cut(&world->question, &list, &kit_arena, &slices, &n);
    EXPECT_I64(n, 4);
    for (size_t i = 0; i < n; i++) {
        n_own += slices[i].n;
        EXPECT(slices[i].n <= PANEL_SLICE_MAX && slices[i].n % 100 == 0);
        EXPECT_I64(slices[i].n_controls, i == 3 ? 29 : slices[i].n_controls);
        for (size_t k = 0; k < slices[i].n_controls; k++)
            for (size_t m = 0; m < slices[i].n; m++)
                EXPECT(slices[i].metrics[slices[i].n + k]->service !=
                       slices[i].metrics[m]->service);
    }
    EXPECT_I64(n_own, 700);
}

TEST(finer_points_are_summed_or_averaged)
{
    static const char schemas_text[] = "[c]\npattern = count$\naggregationMethod = sum\n"
                                       "xFilesFactor = 0\n";
    struct schemas *schemas;
    struct world *world = new_world(site, 0);
    world->items[0] = minutes_of("a.count", 2, 10);
    world->items[1] = minutes_of("a.value", 2, 10);
    world->source.n = 2;
    EXPECT_OK(
        schemas_parse(NULL, NULL, "storage-aggregation.conf", schemas_text, &schemas, &kit_err));
    world->options.schemas = schemas;
    const struct panel_list list = choose(world);
    struct panel_slice *slices;
    size_t n;
    double **rows;
    panel_cut(&world->question, &list, &kit_arena, &slices, &n);
    EXPECT_OK(panel_read(&world->question, &slices[0], &kit_arena, &rows, &kit_err));
    EXPECT_F64(rows[0][slices[0].grid.n - 1], 12, 0);
    EXPECT_F64(rows[1][slices[0].grid.n - 1], 2, 0);
    schemas_free(schemas);
}

TEST(what_cannot_be_weighed_has_a_reason)
{
    const struct panel_grid grid = {.from_s = 0, .step_s = 60, .n = 300};
    static const struct {
        const char *row;
        size_t from, until;
        enum panel_lack lack;
    } rows[] = {
        {"all", 0, 300, PANEL_HAS_ALL},         {"none", 0, 0, PANEL_NO_POINTS},
        {"new", 240, 300, PANEL_NO_POINTS},     {"young", 121, 300, PANEL_SHORT},
        {"two hours", 120, 300, PANEL_HAS_ALL}, {"ended", 0, 240, PANEL_SILENT},
    };
    EACH_ROW (rows, r) {
        double row[300];
        for (size_t i = 0; i < 300; i++)
            row[i] = i >= r->from && i < r->until ? 1 : (double)NAN;
        EXPECT_I64(panel_lack_of(row, &grid, 240, 300), r->lack);
        if (r->lack == PANEL_SILENT)
            EXPECT_I64(panel_lack_of(row, &grid, 240, 242), PANEL_WAITING);
    }
}

RUN_TESTS(test_of(all_that_lives_is_chosen_vital_ones_first),
          test_of(a_group_stands_for_its_members), test_of(a_wish_is_all_that_is_looked_at),
          test_of(a_bad_wish_says_so), test_of(past_the_limit_the_services_own_stay),
          test_of(each_grid_is_as_fine_as_its_metrics),
          test_of(a_slice_keeps_services_together_and_has_controls),
          test_of(finer_points_are_summed_or_averaged),
          test_of(what_cannot_be_weighed_has_a_reason))
