#include "hooks/hook_kit.h"

static const struct tag services[] = {{"shop/web*", "web"}};
static const struct tag envs[] = {{"shop-prod", "live"}, {"shop", "other"}};
static const struct tag nothing_counts[] = {{"shop/*", "-"}};
static const struct hook_settings defaults = {.push_refs = ""};
static const struct hook_settings mapped = {
    .services = services, .n_services = 1, .envs = envs, .n_envs = 2, .push_refs = ""};
static const struct hook_settings unwanted = {
    .services = nothing_counts, .n_services = 1, .push_refs = ""};

/* A sync is one change from its start to its end. */
TEST(what_argo_cd_tells_becomes_deploys)
{
    static const struct {
        const char *row, *file;
        const struct hook_settings *settings;
        const char *from, *to;
    } rows[] = {
        {"running", "running", &defaults},
        {"succeeded", "succeeded", &defaults},
        {"succeeded_mapped", "succeeded", &mapped},
        {"succeeded_unwanted", "succeeded", &unwanted},
        {"failed", "succeeded", &defaults, "\"Succeeded\"", "\"Error\""},
        {"dry_run", "succeeded", &defaults, "\"dryRun\":false", "\"dryRun\":true"},
        {"never_synced", "never_synced", &defaults},
    };
    EACH_ROW (rows, r)
        hook_kit_golden(
            &source_argocd, r->settings, r->row,
            hook_kit_read(arena_printf(&kit_arena, "argocd/%s.json", r->file), r->from, r->to));
}

TEST(what_is_wrong_is_told)
{
    static const struct {
        const char *row, *body, *part;
    } rows[] = {
        {"no uid", "{\"app\":\"a\",\"phase\":\"Running\"}", "uid is missing"},
        {"no app", "{\"uid\":\"a\",\"phase\":\"Running\"}", "app is missing"},
        {"an unknown phase", "{\"uid\":\"u\",\"app\":\"a\",\"phase\":\"Jumping\"}", "Jumping"},
        {"no start", "{\"uid\":\"u\",\"app\":\"a\",\"phase\":\"Running\"}", "startedAt"},
        {"a bad time", "{\"uid\":\"u\",\"app\":\"a\",\"phase\":\"Running\",\"startedAt\":\"noon\"}",
         "noon"},
        {"no JSON", "uid=u", "not JSON"},
    };
    EACH_ROW (rows, r) {
        struct hook_result result;
        EXPECT_ERR(hook_kit_deliver(&source_argocd, &defaults, r->body, &result), ERR_INPUT,
                   r->part);
    }
}

RUN_TESTS(test_of(what_argo_cd_tells_becomes_deploys), test_of(what_is_wrong_is_told))
