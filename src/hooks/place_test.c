#include "hooks/place.h"

#include "kit/kit.h"

static const struct tag services[] = {{"acme/web.site", "Site/"}, {"acme/web-*", "web"},
                                      {"acme/docs", "-"},         {"acme", "rest"},
                                      {"vendor.com/*", "cdn"},    {"b[.]c.{d.e,f}", "classes"}};
static const struct hook_settings settings = {.services = services,
                                              .n_services = COUNT_OF(services),
                                              .push_refs = "main  refs/tags/v* release/*"};

static struct hook_call call_of(const struct hook_settings *with)
{
    return (struct hook_call){.settings = with, .arena = &kit_arena};
}

TEST(services_by_globs)
{
    static const struct {
        const char *row, *broader, *want; /* row is the name; want NULL: it is not to count */
    } rows[] = {
        {"acme/web-shop", NULL, "web"},
        {"acme/web.site", NULL, "site"},
        {"acme/web", NULL, "web"},
        {"acme/docs", NULL, NULL},
        {"acme/other", "acme", "rest"},
        {"other/other", "acme2", "acme2"},
        {"group/sub/My Project!", NULL, "my-project"},
        {"group/.github", NULL, "github"},
        {"group/web/", NULL, "web"},
        {"caf\xC3\xA9 1", NULL, "caf-1"},
        {"vendor.com/some-component", NULL, "cdn"},
        {"vendor.com/a.b/c", NULL, "cdn"},
        {"vendorxcom/a", NULL, "a"},
        {"b.c.d.e", NULL, "classes"},
        {"", NULL, ""},
    };
    const struct hook_call call = call_of(&settings);
    EACH_ROW (rows, r) {
        const char *got = place_service(&call, r->row, r->broader);
        EXPECT_TEXT(got ? got : "(none)", r->want ? r->want : "(none)");
    }
}

TEST(refs_that_deploy)
{
    static const struct {
        const char *row;
        bool is_deploy;
    } rows[] = {
        {"refs/heads/main", true},     {"refs/heads/maintenance", false}, {"refs/tags/v1.2", true},
        {"refs/heads/v1.2", false},    {"refs/heads/release/1.0", true},  {"refs/tags/main", false},
        {"refs/heads/release", false},
    };
    const struct hook_call call = call_of(&settings);
    EACH_ROW (rows, r)
        EXPECT(place_is_deploy_ref(&call, r->row) == r->is_deploy);
    const struct hook_settings none = {0};
    const struct hook_call without = call_of(&none);
    EXPECT(!place_is_deploy_ref(&without, "refs/heads/main"));
}

TEST(what_does_not_fit_is_cut_or_left_out)
{
    const struct hook_call call = call_of(&settings);
    char *text = arena_zalloc(&kit_arena, CHANGE_FIELD_MAX + 10);
    memset(text, 'a', CHANGE_FIELD_MAX + 2);
    memcpy(text + CHANGE_FIELD_MAX - 1, "\xc3\xa9", 2); /* one character across the edge */
    EXPECT_I64(strlen(place_text(&call, text)), CHANGE_FIELD_MAX - 1);
    memcpy(text, "https://", 8);
    EXPECT_TEXT(place_url(text), "");
    EXPECT_TEXT(place_url("javascript:alert(1)"), "");
    EXPECT_TEXT(place_url("https://a.b/c"), "https://a.b/c");
    EXPECT_TEXT(place_person(&call, "nora@example.org"), "nora");
    EXPECT_TEXT(place_person(&call, "@nora"), "@nora");
}

TEST(the_whole_name_of_a_short_revision)
{
    const struct hook_call call = call_of(&settings);
    static const char whole[] = "279484c09fbe69ededfced8c1bb6e6d24616b468";
    EXPECT_TEXT(place_sha(&call, arena_printf(&kit_arena, "http://a/commit/%s", whole), "279484c0"),
                whole);
    EXPECT_TEXT(place_sha(&call, "http://a/commit/279484c0", "279484c0"), "279484c0");
    EXPECT_TEXT(place_sha(&call, arena_printf(&kit_arena, "http://a/commit/%s", whole), "aaaa"),
                "aaaa");
    EXPECT_TEXT(place_sha(&call, "", "aaaa"), "aaaa");
}

TEST(a_wrong_glob_says_where)
{
    EXPECT_OK(hooks_check_glob("acme/web.site-*", &kit_err));
    EXPECT_ERR(hooks_check_glob("acme/[web", &kit_err), ERR_INPUT, "is not closed");
}

RUN_TESTS(test_of(services_by_globs), test_of(refs_that_deploy),
          test_of(what_does_not_fit_is_cut_or_left_out),
          test_of(the_whole_name_of_a_short_revision), test_of(a_wrong_glob_says_where))
