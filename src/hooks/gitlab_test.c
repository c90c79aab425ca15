#include "hooks/hook_kit.h"
#include "hooks/sources.h"

static const struct hook_settings defaults = {.push_refs = ""};
static const struct hook_settings previews = {.push_refs = "master", .with_previews = true};

static bool read_payload(const char *body, const struct hook_settings *settings,
                         struct hook_result *out)
{
    const struct hook_header headers[] = {
        {"X-Gitlab-Event", "Some Hook"},
        {"Idempotency-Key", "f5e5f430-f57b-4e6e-9fac-d9128cd7232f"}};
    const struct hook_call call = {.headers = headers,
                                   .n_headers = 2,
                                   .body = body,
                                   .n_body = strlen(body),
                                   .now_ms = HOOK_KIT_NOW_MS,
                                   .settings = settings,
                                   .arena = &kit_arena};
    return source_gitlab.read(&call, out, &kit_err);
}

TEST(what_gitlab_tells_becomes_changes)
{
    static const struct {
        const char *row, *file;
        const struct hook_settings *settings;
        const char *from, *to;
    } rows[] = {
        {"deployment_running", "deployment_running", &defaults},
        {"deployment_success", "deployment_success", &defaults},
        {"deployment_review", "deployment_review", &defaults},
        {"deployment_review_asked_for", "deployment_review", &previews},
        {"deployment_cancelled", "deployment_success", &defaults, "\"success\"", "\"canceled\""},
        {"deployment_skipped", "deployment_success", &defaults, "\"success\"", "\"skipped\""},
        {"pipeline", "pipeline", &defaults},
        {"pipeline_failed", "pipeline", &defaults, "\"running\"", "\"failed\""},
        {"pipeline_not_begun", "pipeline", &defaults,
         "\"status\": ", "\"status\": \"created\", \"was\": "},
        {"pipeline_without_environment", "pipeline", &defaults, "\"environment\"", "\"nothing\""},
        {"feature_flag", "feature_flag", &defaults},
        {"release", "release", &defaults},
        {"release_update", "release", &defaults, "\"create\"", "\"update\""},
        {"push", "push", &defaults},
        {"push_deploys", "push", &previews},
        {"push_other_branch", "push", &defaults, "refs/heads/master", "refs/heads/feature"},
        {"push_deleted", "push", &previews, "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
         "0000000000000000000000000000000000000000"},
        {"note", "note", &defaults},
    };
    EACH_ROW (rows, r) {
        struct hook_result result = {0};
        const char *body =
            hook_kit_read(arena_printf(&kit_arena, "gitlab/%s.json", r->file), r->from, r->to);
        err_clear(&kit_err);
        EXPECT_OK(read_payload(body, r->settings, &result));
        if (kit_err.kind)
            continue;
        const char *text = hook_kit_text(&result);
        EXPECT_GOLDEN(arena_printf(&kit_arena, "hooks/gitlab/%s.txt", r->row), text, strlen(text));
        EXPECT(!strstr(text, "@")); /* nobody's address is kept */
    }
}

TEST(what_cannot_be_read_says_what)
{
    static const struct {
        const char *row, *body, *part;
    } rows[] = {
        {"no kind", "{}", "object_kind is missing"},
        {"no project", "{\"object_kind\":\"deployment\"}",
         "project.path_with_namespace is missing"},
        {"no number",
         "{\"object_kind\":\"deployment\",\"project\":{\"path_with_namespace\":\"a/b\"}}",
         "deployment_id is missing"},
        {"no name",
         "{\"object_kind\":\"feature_flag\",\"project\":{\"path_with_namespace\":\"a/b\"}}",
         "object_attributes.name is missing"},
    };
    EACH_ROW (rows, r) {
        struct hook_result result;
        EXPECT_ERR(read_payload(r->body, &defaults, &result), ERR_INPUT, r->part);
    }
}

/* The digest is OpenSSL's: printf 'evt_1.1795356000.{}' | openssl dgst -sha256 -hmac ... -binary | base64 */
TEST(a_signature_or_the_secret_itself)
{
    static const char *const secrets[] = {"old", "new", "whsec_bmV3ZXN0"};
    static const char by_new[] = "v1,7kdzcAPvaSHLj4fLxiZO2HINiJgWMdJXkre4dNZMp2U=";
    static const char by_newest[] = "v1,xEG+Rdupx9BHwrEN/kEPm+FMryB5yijP4/OrcoDhK4k=";
    static const struct {
        const char *row, *token, *time, *signature, *part; /* part NULL: it is accepted */
    } rows[] = {
        {"the secret", "new", NULL, NULL, NULL},
        {"another secret", "old", NULL, NULL, NULL},
        {"a wrong secret", "newer", NULL, NULL, "none of the secrets"},
        {"an empty secret", "", NULL, NULL, "none of the secrets"},
        {"nothing", NULL, NULL, NULL, "neither webhook-signature nor X-Gitlab-Token"},
        {"signed", NULL, "1795356000", by_new, NULL},
        {"signed with the key in base64", NULL, "1795356000", by_newest, NULL},
        {"one of several", NULL, "1795356000",
         "v1,AAAA v1a,BBBB v1,7kdzcAPvaSHLj4fLxiZO2HINiJgWMdJXkre4dNZMp2U=", NULL},
        {"signed with another key", NULL, "1795356000", "v1,AAAA", "does not fit the body"},
        {"another version", NULL, "1795356000",
         "v2,7kdzcAPvaSHLj4fLxiZO2HINiJgWMdJXkre4dNZMp2U=", "does not fit the body"},
        {"a signature counts more than the secret", "new", "1795356000", "v1,AAAA",
         "does not fit the body"},
        {"without a time", NULL, NULL, by_new, "webhook-timestamp is missing"},
        {"a time that is none", NULL, "now", by_new, "no number of seconds"},
        {"an old one", NULL, "1795355699", by_new, "301 s away"},
        {"one from the future", NULL, "1795356301", by_new, "-301 s away"},
        {"another time", NULL, "1795356001", by_new, "does not fit the body"},
    };
    const struct hook_settings settings = {.secrets = secrets, .n_secrets = 3};
    EACH_ROW (rows, r) {
        struct hook_header headers[4] = {{"webhook-id", "evt_1"}};
        size_t n = 1;
        if (r->token)
            headers[n++] = (struct hook_header){"X-Gitlab-Token", r->token};
        if (r->time)
            headers[n++] = (struct hook_header){"Webhook-Timestamp", r->time};
        if (r->signature)
            headers[n++] = (struct hook_header){"Webhook-Signature", r->signature};
        const struct hook_call call = {.headers = headers,
                                       .n_headers = n,
                                       .body = "{}",
                                       .n_body = 2,
                                       .now_ms = HOOK_KIT_NOW_MS,
                                       .settings = &settings,
                                       .arena = &kit_arena};
        if (!r->part)
            EXPECT_OK(hooks_verify(&source_gitlab, &call, &kit_err));
        else
            EXPECT_ERR(hooks_verify(&source_gitlab, &call, &kit_err), ERR_REFUSED, r->part);
    }
}

RUN_TESTS(test_of(what_gitlab_tells_becomes_changes), test_of(what_cannot_be_read_says_what),
          test_of(a_signature_or_the_secret_itself))
