#include "announce/filter.h"

#include "kit/kit.h"

static const char *const keys[] = {"url", NULL};
static const struct channel_kind kind = {.name = "fake", .keys = keys};

static bool read(const char *text, struct filter *out)
{
    struct ini ini;
    const char *whole = arena_printf(&kit_arena, "[announce x]\ntype = fake\n%s\n", text);
    EXPECT_OK(ini_parse("p.conf", whole, strlen(whole), &kit_arena, &ini, &kit_err));
    return filter_read(&ini, &ini.sections[0], &kind, &kit_arena, out, &kit_err);
}

TEST(takes_what_it_says)
{
    static const struct {
        const char *row, *text, *service, *env;
        enum change_kind kind;
        bool is_taken;
    } rows[] = {
        {"everything", "url = x", "web", "production", CHANGE_DEPLOY, true},
        {"one service", "services = web", "web", "production", CHANGE_DEPLOY, true},
        {"what is below it", "services = web", "web/checkout", "production", CHANGE_DEPLOY, true},
        {"far below it", "services = web", "web/checkout/pay", "production", CHANGE_DEPLOY, true},
        {"its neighbour", "services = web", "website", "production", CHANGE_DEPLOY, false},
        {"a glob", "services = web*", "website", "production", CHANGE_DEPLOY, true},
        {"dots are characters", "services = shop.*", "shop.api", "production", CHANGE_DEPLOY, true},
        {"one of several", "services = api,\n  web", "web", "production", CHANGE_DEPLOY, true},
        {"but not", "services = web, !web/test", "web/test", "production", CHANGE_DEPLOY, false},
        {"but not, and the rest", "services = web, !web/test", "web/live", "production",
         CHANGE_DEPLOY, true},
        {"all but", "services = !web/test", "api", "production", CHANGE_DEPLOY, true},
        {"all but this", "services = !web/test", "web/test", "production", CHANGE_DEPLOY, false},
        {"the last that fits counts", "services = !web, web/live", "web/live", "production",
         CHANGE_DEPLOY, true},
        {"none", "services = web", "", "production", CHANGE_NOTE, false},
        {"env", "envs = prod*", "web", "production", CHANGE_DEPLOY, true},
        {"other env", "envs = prod*", "web", "staging", CHANGE_DEPLOY, false},
        {"kind", "kinds = deploy, incident", "web", "production", CHANGE_INCIDENT, true},
        {"other kind", "kinds = deploy incident", "web", "production", CHANGE_FLAG, false},
    };
    EACH_ROW (rows, r) {
        struct filter filter;
        struct change change = change_blank();
        EXPECT_OK(read(r->text, &filter));
        change.service = r->service;
        change.env = r->env;
        change.kind = r->kind;
        EXPECT(filter_takes(&filter, &change) == r->is_taken);
    }
}

TEST(moments_and_the_switch)
{
    struct filter filter;
    EXPECT_OK(read("", &filter));
    EXPECT(filter.is_enabled && filter_wants(&filter, MOMENT_START));
    EXPECT(filter_wants(&filter, MOMENT_END) && filter_wants(&filter, MOMENT_AGAIN));
    EXPECT_OK(read("moments = end\nenabled = off", &filter));
    EXPECT(!filter.is_enabled && !filter_wants(&filter, MOMENT_START));
    EXPECT(filter_wants(&filter, MOMENT_END));
    EXPECT_OK(read("moments = start", &filter));
    EXPECT(filter_wants(&filter, MOMENT_START) && !filter_wants(&filter, MOMENT_AGAIN));
}

TEST(mistakes_have_a_place)
{
    static const struct {
        const char *row, *text, *want;
    } rows[] = {
        {"unknown key", "urll = x", "p.conf:3: a channel of type fake has no key 'urll'"},
        {"kind", "kinds = party", "p.conf:1: [announce x]: kinds: 'party' is no kind of change"},
        {"moment", "moments = middle", "neither start nor end"},
        {"no moment", "moments =", "moments is empty"},
        {"switch", "enabled = perhaps", "neither on nor off"},
    };
    EACH_ROW (rows, r) {
        struct filter filter;
        EXPECT_ERR(read(r->text, &filter), ERR_INPUT, r->want);
    }
    struct filter filter;
    EXPECT(!read("urll = x", &filter));
    EXPECT_TEXT(kit_err.hint, "did you mean 'url'?");
}

RUN_TESTS(test_of(takes_what_it_says), test_of(moments_and_the_switch),
          test_of(mistakes_have_a_place))
