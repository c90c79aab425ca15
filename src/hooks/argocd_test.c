#include "hooks/source_kit.h"

#define UID "9f6bd0a4-6f6d-4a9f-8d6a-0d6a7c2a1c11"

static struct hook_result got;

static bool read(const struct source_kit *kit, const char *body)
{
    return source_kit_read(&source_argocd, kit, body, &got);
}

TEST(a_sync_is_one_change_from_its_start_to_its_end)
{
    static const struct {
        const char *row, *file, *line;
    } rows[] = {
        {"runs", "argocd/running.json",
         "deploy website production - running 11-22T14:04:06..- - [argo:" UID
         ":2026-11-22T14:04:06Z]"},
        {"has succeeded", "argocd/succeeded.json",
         "deploy website production 53e28ff20cc530b9ada2173fbbd64d48338583ba succeeded "
         "11-22T14:04:06..11-22T14:05:51 nora [argo:" UID ":2026-11-22T14:04:06Z]"},
    };
    EACH_ROW (rows, r) {
        EXPECT_OK(read(&(struct source_kit){0}, source_kit_file(r->file)));
        EXPECT_I64(got.fate, HOOK_TAKEN);
        EXPECT_I64(got.n_changes, 1);
        EXPECT_TEXT(source_kit_line(&got.changes[0]), r->line);
    }
    EXPECT_TEXT(got.event, "sync Succeeded");
    EXPECT_TEXT(got.changes[0].source, "hook/argocd");
    EXPECT_TEXT(got.changes[0].url, "https://argocd.example.com/applications/website");
    EXPECT_TEXT(got.changes[0].msg, "successfully synced (all tasks run)");
    EXPECT_TEXT(source_kit_tag(&got.changes[0], "health"), "Healthy");
}

TEST(names_are_mapped)
{
    const struct source_kit kit = {.services = {{"shop/web*", "web"}},
                                   .envs = {{"shop-prod", "live"}, {"shop", "other"}}};
    EXPECT_OK(read(&kit, source_kit_file("argocd/succeeded.json")));
    EXPECT_TEXT(got.changes[0].service, "web");
    EXPECT_TEXT(got.changes[0].env, "live");
}

TEST(what_is_no_change_is_ignored_and_what_is_wrong_is_told)
{
    static const struct {
        const char *row, *body, *part;
        bool is_taken;
    } rows[] = {
        {"a dry run",
         "{\"uid\":\"u\",\"app\":\"a\",\"phase\":\"Running\",\"startedAt\":\"2026-11-22T14:04:"
         "06Z\","
         "\"dryRun\":true}",
         "dry run", true},
        {"no uid", "{\"app\":\"a\",\"phase\":\"Running\"}", "uid is missing", false},
        {"no app", "{\"uid\":\"a\",\"phase\":\"Running\"}", "app is missing", false},
        {"an unknown phase", "{\"uid\":\"u\",\"app\":\"a\",\"phase\":\"Jumping\"}", "Jumping",
         false},
        {"no start", "{\"uid\":\"u\",\"app\":\"a\",\"phase\":\"Running\"}", "startedAt", false},
        {"a bad time", "{\"uid\":\"u\",\"app\":\"a\",\"phase\":\"Running\",\"startedAt\":\"noon\"}",
         "noon", false},
        {"no JSON", "uid=u", "not JSON", false},
    };
    EACH_ROW (rows, r) {
        if (r->is_taken) {
            EXPECT_OK(read(&(struct source_kit){0}, r->body));
            EXPECT_I64(got.fate, HOOK_IGNORED);
            EXPECT(strstr(got.reason, r->part) != NULL);
        } else {
            EXPECT_ERR(read(&(struct source_kit){0}, r->body), ERR_INPUT, r->part);
        }
    }
    EXPECT_OK(read(&(struct source_kit){0}, source_kit_file("argocd/never_synced.json")));
    EXPECT_I64(got.fate, HOOK_IGNORED);
}

RUN_TESTS(test_of(a_sync_is_one_change_from_its_start_to_its_end), test_of(names_are_mapped),
          test_of(what_is_no_change_is_ignored_and_what_is_wrong_is_told))
