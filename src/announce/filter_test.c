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

static bool wants(const struct filter *filter, enum moment moment)
{
    const struct change change = change_blank();
    const struct moments_told told = {0};
    return filter_wants(filter, moment, &change, &told);
}

TEST(moments_and_the_switch)
{
    struct filter filter;
    EXPECT_OK(read("", &filter));
    EXPECT(filter.is_enabled && wants(&filter, MOMENT_START));
    EXPECT(wants(&filter, MOMENT_END) && wants(&filter, MOMENT_AGAIN));
    EXPECT_OK(read("moments = end\nenabled = off", &filter));
    EXPECT(!filter.is_enabled && !wants(&filter, MOMENT_START));
    EXPECT(wants(&filter, MOMENT_END));
    EXPECT_OK(read("moments = start", &filter));
    EXPECT(wants(&filter, MOMENT_START) && !wants(&filter, MOMENT_AGAIN));
}

TEST(which_verdicts)
{
    static const struct {
        const char *row, *text;
        enum verdict_stage stage;
        enum verdict_state state, told;
        bool is_known, is_wanted;
    } rows[] = {
        {"harm is told at once", "", VERDICT_15M, VERDICT_HARM, 0, false, true},
        {"what moved", "", VERDICT_15M, VERDICT_MOVED, 0, true, true},
        {"better", "", VERDICT_15M, VERDICT_IMPROVED, 0, true, true},
        {"no news", "", VERDICT_1H, VERDICT_NO_HARM, 0, true, false},
        {"not known", "", VERDICT_1H, VERDICT_CANNOT_TELL, 0, true, false},
        {"taken back", "", VERDICT_15M, VERDICT_NO_HARM, VERDICT_HARM, true, true},
        {"only harm", "verdicts = harm", VERDICT_15M, VERDICT_HARM, 0, true, true},
        {"only harm, better", "verdicts = harm", VERDICT_15M, VERDICT_IMPROVED, 0, true, false},
        {"only harm, taken back", "verdicts = harm", VERDICT_1H, VERDICT_NO_HARM, VERDICT_HARM,
         true, true},
        {"all, too early", "verdicts = all", VERDICT_15M, VERDICT_NO_HARM, 0, true, false},
        {"all, after an hour", "verdicts = all", VERDICT_1H, VERDICT_NO_HARM, 0, true, true},
        {"all, cannot tell", "verdicts = all", VERDICT_24H, VERDICT_CANNOT_TELL, 0, true, true},
        {"all, never told of", "verdicts = all", VERDICT_1H, VERDICT_NO_HARM, 0, false, false},
        {"all, harm", "verdicts = all", VERDICT_15M, VERDICT_HARM, 0, false, true},
        {"none", "verdicts = none", VERDICT_15M, VERDICT_HARM, 0, true, false},
    };
    EACH_ROW (rows, r) {
        struct filter filter;
        struct verdict verdict = verdict_blank();
        struct change change = change_blank();
        const struct moments_told told = {.is_known = r->is_known, .verdict = r->told};
        verdict.stage = r->stage;
        verdict.state = r->state;
        change.verdict = &verdict;
        EXPECT_OK(read(r->text, &filter));
        EXPECT(filter_wants(&filter, MOMENT_VERDICT, &change, &told) == r->is_wanted);
    }
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
        {"verdicts", "verdicts = harm, all", "verdicts = 'harm, all': harm, changed, all and none"},
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

RUN_TESTS(test_of(which_verdicts), test_of(takes_what_it_says), test_of(moments_and_the_switch),
          test_of(mistakes_have_a_place))
