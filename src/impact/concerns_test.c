#include "impact/concerns.h"

#include "base/ini.h"
#include "kit/kit.h"

static const char *const names[] = {"web.logins", "shop.sales;host=a", "events.deploy.billing",
                                    "web.logins"};
static const char *const targets[] = {"sumSeries(web.*.errors)"};
static const struct concerns_metrics metrics = {names, COUNT_OF(names), targets, COUNT_OF(targets)};

/* A change of that service whose verdict says that `moved` moved; NULL: it has no verdict. */
static bool concerns(const struct impact_rules *rules, const char *service, const char *moved)
{
    struct verdict_metric metric = {.name = moved};
    struct verdict verdict = verdict_blank();
    struct change change = change_blank();
    change.service = service;
    if (moved) {
        verdict.moved = &metric;
        verdict.n_moved = 1;
        change.verdict = &verdict;
    }
    const struct change_list list = {.items = &change, .n = 1};
    return concerns_find(rules, &metrics, &list, &kit_arena)[0];
}

TEST(by_service_by_verdict_or_everybodys)
{
    static const struct {
        const char *row, *service, *moved;
        bool is_concerned;
    } rows[] = {
        {"the service's own metric", "web", NULL, true},
        {"its last part", "team/shop", NULL, true},
        {"another service", "search", NULL, false},
        {"no part of a name, but its beginning", "we", NULL, false},
        {"only a series of changes", "billing", NULL, false},
        {"another service that moved it", "search", "web.logins", true},
        {"another service that moved the target", "search", "sumSeries(web.*.errors)", true},
        {"another service that moved another metric", "search", "web.errors", false},
        {"of no service", "", NULL, true},
    };
    const struct impact_rules rules = rules_default();
    EACH_ROW (rows, r)
        EXPECT(concerns(&rules, r->service, r->moved) == r->is_concerned);
}

TEST(a_configured_scope_is_what_counts)
{
    struct ini ini;
    struct impact_rules rules = rules_default();
    const char *text = "[impact]\nscope.web = site.*\nscope.search = web.logins\n";
    EXPECT_OK(ini_parse("plumb.conf", text, strlen(text), &kit_arena, &ini, &kit_err));
    EXPECT_OK(rules_read(&ini, &kit_arena, &rules, &kit_err));
    EXPECT(!concerns(&rules, "web", NULL));
    EXPECT(concerns(&rules, "search", NULL));
}

TEST(each_change_has_its_answer)
{
    struct change items[3] = {change_blank(), change_blank(), change_blank()};
    items[0].service = items[2].service = "web";
    items[1].service = "search";
    const struct impact_rules rules = rules_default();
    const struct change_list list = {.items = items, .n = 3};
    const bool *out = concerns_find(&rules, &metrics, &list, &kit_arena);
    EXPECT(out[0] && !out[1] && out[2]);
}

RUN_TESTS(test_of(by_service_by_verdict_or_everybodys), test_of(a_configured_scope_is_what_counts),
          test_of(each_change_has_its_answer))
