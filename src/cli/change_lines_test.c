#include "cli/change_lines.h"

#include "kit/kit.h"

TEST(sorts_targets_by_how_they_are_drawn)
{
    static const struct {
        const char *row, *target, *plain, *pattern, *infinite;
    } rows[] = {
        {"a metric", "web.logins", "web.logins", NULL, NULL},
        {"an event series as a line", "events.deploy.website", "events.deploy.website", NULL, NULL},
        {"changes", "drawAsInfinite(events.deploy.website)", NULL, "events.deploy.website", NULL},
        {"a pattern", "drawAsInfinite(events.{deploy,flag}.*)", NULL, "events.{deploy,flag}.*",
         NULL},
        {"blanks", "drawAsInfinite( events.deploy.* )", NULL, "events.deploy.*", NULL},
        {"dressed up", "alias(color(drawAsInfinite(events.deploy.*),\"red\"),\"deploys\")", NULL,
         "events.deploy.*", NULL},
        {"another series", "drawAsInfinite(stats.deploys)", NULL, NULL,
         "drawAsInfinite(stats.deploys)"},
        {"a function of events", "drawAsInfinite(removeBelowValue(events.deploy.x,1))", NULL, NULL,
         "drawAsInfinite(removeBelowValue(events.deploy.x,1))"},
        {"broken", "drawAsInfinite(events.deploy.x", NULL, NULL, "drawAsInfinite(events.deploy.x"},
    };
    EACH_ROW (rows, r) {
        const struct change_lines lines = change_lines_sort(&r->target, 1, &kit_arena);
        EXPECT_TEXT(lines.n_plain ? lines.plain[0] : NULL, r->plain);
        EXPECT_TEXT(lines.n_patterns ? lines.patterns[0] : NULL, r->pattern);
        EXPECT_TEXT(lines.n_infinite ? lines.infinite[0] : NULL, r->infinite);
        EXPECT_I64(lines.n_plain + lines.n_patterns + lines.n_infinite, 1);
    }
}

static struct change change_of(const char *service, int64_t start_ms)
{
    struct change c = change_blank();
    c.service = service;
    c.start_ms = start_ms;
    c.end_ms = start_ms + 5000;
    c.status = STATUS_SUCCEEDED;
    return c;
}

/* "a,b": the labels of what is drawn for that target, oldest first. */
static const char *labels_for(const char *target, const struct change_list *changes)
{
    const struct change_lines lines = change_lines_sort(&target, 1, &kit_arena);
    struct change_lines_out out;
    EXPECT_OK(change_lines_pick(&lines, changes, &kit_arena, &out, &kit_err));
    const char *text = "";
    for (size_t i = 0; i < out.n; i++)
        text = arena_printf(&kit_arena, "%s%s%s", text, i ? "," : "", out.items[i].label);
    return text;
}

TEST(picks_the_changes_that_were_named)
{
    struct change items[] = {change_of("website", 3000000), change_of("web/checkout", 2000000),
                             change_of("website", 1000000)};
    items[1].kind = CHANGE_FLAG;
    items[2].rev = "4f2c1e9";
    const struct change_list list = {.items = items, .n = COUNT_OF(items)};
    EXPECT_TEXT(labels_for("web.logins", &list), "website 4f2c1e9,web/checkout,website");
    EXPECT_TEXT(labels_for("drawAsInfinite(events.deploy.website)", &list),
                "website 4f2c1e9,website");
    EXPECT_TEXT(labels_for("drawAsInfinite(events.*.web.*)", &list), "web/checkout");
    EXPECT_TEXT(labels_for("drawAsInfinite(events.config.*)", &list), "");
    EXPECT_TEXT(labels_for("drawAsInfinite(stats.deploys)", &list), "");
}

TEST(failures_and_rollbacks_are_marked)
{
    struct change items[] = {change_of("c", 3000000), change_of("b", 2000000),
                             change_of("a", 1000000)};
    items[2].status = STATUS_FAILED;
    items[1].action = "rollback";
    items[0].value = -1.0;
    const struct change_list list = {.items = items, .n = COUNT_OF(items)};
    const char *target = "web.logins";
    const struct change_lines lines = change_lines_sort(&target, 1, &kit_arena);
    struct change_lines_out out;
    EXPECT_OK(change_lines_pick(&lines, &list, &kit_arena, &out, &kit_err));
    EXPECT_I64(out.n, 3);
    EXPECT(out.items[0].is_failed && !out.items[0].is_rollback);
    EXPECT(!out.items[1].is_failed && out.items[1].is_rollback);
    EXPECT(out.items[2].is_rollback);
    EXPECT_I64(out.items[0].start_ms, 1000000);
    EXPECT_I64(out.items[0].end_ms, 1005000);
}

TEST(a_broken_pattern_is_named)
{
    const char *target = "drawAsInfinite(events.deploy.{a)";
    const struct change_lines lines = change_lines_sort(&target, 1, &kit_arena);
    const struct change_list none = {0};
    struct change_lines_out out;
    EXPECT_ERR(change_lines_pick(&lines, &none, &kit_arena, &out, &kit_err), ERR_INPUT, "");
}

RUN_TESTS(test_of(sorts_targets_by_how_they_are_drawn), test_of(picks_the_changes_that_were_named),
          test_of(failures_and_rollbacks_are_marked), test_of(a_broken_pattern_is_named))
