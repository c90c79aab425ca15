#include "impact/rules.h"

#include "kit/kit.h"

static struct impact_rules read_text(const char *text)
{
    struct ini ini;
    struct impact_rules rules = rules_default();
    EXPECT_OK(ini_parse("plumb.conf", text, strlen(text), &kit_arena, &ini, &kit_err));
    EXPECT_OK(rules_read(&ini, &kit_arena, &rules, &kit_err));
    return rules;
}

TEST(words_say_which_way_is_bad)
{
    static const struct {
        const char *row;
        enum verdict_harm up, down;
    } rows[] = {
        {"web.errors", VERDICT_BAD, VERDICT_GOOD},
        {"web.error_rate", VERDICT_BAD, VERDICT_GOOD},
        {"web.login.failures", VERDICT_BAD, VERDICT_GOOD},
        {"php.warnings", VERDICT_BAD, VERDICT_GOOD},
        {"web.requests.5xx", VERDICT_BAD, VERDICT_GOOD},
        {"web.requests.503", VERDICT_BAD, VERDICT_GOOD},
        {"web.requests.2xx", VERDICT_NO_RULE, VERDICT_BAD},
        {"search.p95", VERDICT_BAD, VERDICT_GOOD},
        {"search.query_ms", VERDICT_BAD, VERDICT_GOOD},
        {"kafka.consumer.lag", VERDICT_BAD, VERDICT_GOOD},
        {"mail.queue_depth", VERDICT_BAD, VERDICT_GOOD},
        {"net.eth0.rx_dropped", VERDICT_BAD, VERDICT_GOOD},
        {"Web.Timeouts", VERDICT_BAD, VERDICT_GOOD},
        {"web.logins", VERDICT_GOOD, VERDICT_BAD},
        {"logins.ok", VERDICT_GOOD, VERDICT_BAD},
        {"forum.posts", VERDICT_GOOD, VERDICT_BAD},
        {"cache.hit_ratio", VERDICT_GOOD, VERDICT_BAD},
        {"shop.sales", VERDICT_NO_RULE, VERDICT_BAD},
        {"web.rps", VERDICT_NO_RULE, VERDICT_BAD},
        {"servers.web1.cpu.user", VERDICT_BAD, VERDICT_GOOD},
        {"servers.web1.cpu.idle", VERDICT_GOOD, VERDICT_BAD},
        {"servers.web1.disk.root.free", VERDICT_GOOD, VERDICT_BAD},
        {"servers.web1.memory.used", VERDICT_BAD, VERDICT_GOOD},
        {"stats.timers.page.mean", VERDICT_BAD, VERDICT_GOOD},
        {"stats.timers.page.count", VERDICT_NO_RULE, VERDICT_BAD},
        {"web.temperature", VERDICT_NO_RULE, VERDICT_NO_RULE},
        {"web.uptime", VERDICT_NO_RULE, VERDICT_NO_RULE},
        {"errors;host=ok", VERDICT_BAD, VERDICT_GOOD},
        {"sumSeries(web.*.errors)", VERDICT_BAD, VERDICT_GOOD},
        {"asPercent(web.errors, web.requests)", VERDICT_BAD, VERDICT_GOOD},
        {"", VERDICT_NO_RULE, VERDICT_NO_RULE},
    };
    const struct impact_rules rules = rules_default();
    EACH_ROW (rows, r) {
        EXPECT_I64(rules_harm(&rules, NULL, r->row, VERDICT_UP), r->up);
        EXPECT_I64(rules_harm(&rules, NULL, r->row, VERDICT_DOWN), r->down);
        EXPECT_I64(rules_harm(&rules, NULL, r->row, VERDICT_ERRATIC), VERDICT_NO_RULE);
    }
}

TEST(what_is_configured_comes_before_words)
{
    const struct impact_rules rules = read_text("[impact]\n"
                                                "vital = web.*.logins:up, {a,b}.ok,shop.sales\n"
                                                "bad-up = x.*.ok\n"
                                                "bad-down = x.*.*\n");
    EXPECT_I64(rules.n_vitals, 3);
    const struct impact_vital *vital =
        rules_find_vital(rules.vitals, rules.n_vitals, "web.eu.logins");
    EXPECT(vital == &rules.vitals[0]);
    EXPECT(rules_find_vital(rules.vitals, rules.n_vitals, "b.ok") == &rules.vitals[1]);
    EXPECT(!rules_find_vital(rules.vitals, rules.n_vitals, "web.logins"));
    EXPECT_I64(rules_harm(&rules, vital, "web.eu.logins", VERDICT_UP), VERDICT_BAD);
    EXPECT_I64(rules_harm(&rules, &rules.vitals[1], "b.ok", VERDICT_UP), VERDICT_GOOD);
    EXPECT_I64(rules_harm(&rules, NULL, "x.y.ok", VERDICT_UP), VERDICT_BAD);
    EXPECT_I64(rules_harm(&rules, NULL, "x.y.errors", VERDICT_DOWN), VERDICT_BAD);
}

TEST(a_section_is_read)
{
    const struct impact_rules rules =
        read_text("[impact]\n"
                  "groups = sumSeries(web.*.errors), maxSeries(a.{b,c}.x, d)\n"
                  "  alias(e, 'f, g')\n"
                  "ignore = carbon.**, *.tmp\n"
                  "metrics-max = 500\n"
                  "cpu-share = 12.5%\n"
                  "scope.web/checkout = shop.cart.*\n");
    EXPECT_I64(rules.n_groups, 3);
    EXPECT_TEXT(rules.groups[1], "maxSeries(a.{b,c}.x, d)");
    EXPECT_TEXT(rules.groups[2], "alias(e, 'f, g')");
    EXPECT(rules_globs_fit(&rules.members, "web.eu.errors"));
    EXPECT(rules_globs_fit(&rules.members, "a.c.x"));
    EXPECT(!rules_globs_fit(&rules.members, "a.d.x"));
    EXPECT(rules_globs_fit(&rules.ignore, "carbon.a.b.c"));
    EXPECT(rules_globs_fit(&rules.ignore, "x.tmp;host=a"));
    EXPECT(!rules_globs_fit(&rules.ignore, "x.y.tmp"));
    EXPECT_I64(rules.n_metrics_max, 500);
    EXPECT_F64(rules.cpu_share, 0.125, 1e-12);
    EXPECT_F64(read_text("[impact]\ncpu-share = off\n").cpu_share, 0, 0);
    EXPECT_I64(read_text("[serve]\n").n_metrics_max, 10000);
    EXPECT(rules_in_scope(&rules, "web/checkout", "shop.cart.adds"));
    EXPECT(!rules_in_scope(&rules, "web/checkout", "web.checkout.adds"));
}

TEST(a_mistake_is_named_with_what_is_allowed)
{
    static const struct {
        const char *row, *part;
    } rows[] = {
        {"vital = a.b:sideways", "plumb.conf:2: [impact] vital: 'a.b:sideways' ends neither in"},
        {"vital = ,", "[impact] vital: it is empty"},
        {"vital = a.[b", "[impact] vital: 'a.[b'"},
        {"bad-up = {a", "[impact] bad-up: '{a'"},
        {"groups = sumSeries(a", "[impact] groups: 'sumSeries(a'"},
        {"groups = sumSerie(a)", "[impact] groups: 'sumSerie(a)'"},
        {"metrics-max = 0", "metrics-max: '0' is no whole number from 1 to 100000"},
        {"cpu-share = 5", "cpu-share: '5' is neither off nor a share"},
        {"cpu-share = 0%", "cpu-share: '0%' is neither off"},
        {"cpu-share = 101%", "at most 100%"},
        {"scope. = a", "it names no service"},
        {"vitals = a", "[impact] vitals: there is no such key"},
    };
    EACH_ROW (rows, r) {
        struct ini ini;
        struct impact_rules rules;
        const char *text = arena_printf(&kit_arena, "[impact]\n%s\n", r->row);
        EXPECT_OK(ini_parse("plumb.conf", text, strlen(text), &kit_arena, &ini, &kit_err));
        EXPECT_ERR(rules_read(&ini, &kit_arena, &rules, &kit_err), ERR_INPUT, r->part);
    }
    EXPECT_TEXT(kit_err.hint, "did you mean 'vital'?");
}

TEST(a_metric_belongs_to_a_service)
{
    static const struct {
        const char *row, *service_of, *service;
        bool is_in_scope;
    } rows[] = {
        {"svc.a.m1", "a", "a", true},
        {"web.logins", "web", "web", true},
        {"load", "load", "web", false},
        {"eu.prod.checkout.ok", "prod", "web/checkout", true},
        {"disk.used;host=a;service=shop", "shop", "shop", true},
        {"disk.used;host=web", "disk", "web", false},
        {"sumSeries(web.*.errors)", "*", "web", true},
        {"website.logins", "website", "web", false},
        {"a.b", "a", "", false},
    };
    const struct impact_rules rules = rules_default();
    EACH_ROW (rows, r) {
        const struct str service = rules_service_of(r->row);
        EXPECT_TEXT(arena_strndup(&kit_arena, service.at, service.n), r->service_of);
        EXPECT_I64(rules_in_scope(&rules, r->service, r->row), r->is_in_scope);
    }
}

RUN_TESTS(test_of(words_say_which_way_is_bad), test_of(what_is_configured_comes_before_words),
          test_of(a_section_is_read), test_of(a_mistake_is_named_with_what_is_allowed),
          test_of(a_metric_belongs_to_a_service))
