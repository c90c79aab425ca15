#include "hooks/hook_kit.h"
#include "hooks/sources.h"

static const struct tag envs[] = {{"github-pages", "pages"}, {"prod*", "production"}};
static const struct tag services[] = {{"codertocat/*", "elsewhere"}, {"*/Hello-*", "Hello"}};
static const struct hook_settings defaults = {.push_refs = ""};
static const struct hook_settings mapped = {
    .services = services, .n_services = 2, .envs = envs, .n_envs = 2, .push_refs = "v* master"};
static const struct tag none[] = {{"*/Hello-World", "-"}};
static const struct hook_settings unwanted = {.services = none, .n_services = 1, .push_refs = ""};
static const struct hook_settings previews = {.push_refs = "", .with_previews = true};

static bool read_payload(const char *event, const char *body, const struct hook_settings *settings,
                         struct hook_result *out)
{
    const struct hook_header headers[] = {
        {"x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"}, {"x-github-event", event}};
    const struct hook_call call = {.headers = headers,
                                   .n_headers = event ? 2 : 1,
                                   .body = body,
                                   .n_body = strlen(body),
                                   .now_ms = HOOK_KIT_NOW_MS,
                                   .settings = settings,
                                   .arena = &kit_arena};
    return source_github.read(&call, out, &kit_err);
}

TEST(what_github_tells_becomes_changes)
{
    static const char transient[] = "\"sha\": \"f95f852bd8fca8fcc58a9a2d6c842781e32a215e\"";
    static const char is_transient[] =
        "\"sha\": \"f95f852bd8fca8fcc58a9a2d6c842781e32a215e\", \"transient_environment\": true";
    static const struct {
        const char *row, *file, *event;
        const struct hook_settings *settings;
        const char *from, *to;
    } rows[] = {
        {"deployment", "deployment", "deployment", &defaults},
        {"deployment_mapped", "deployment", "deployment", &mapped},
        {"deployment_unwanted", "deployment", "deployment", &unwanted},
        {"deployment_of_a_robot", "deployment_pages", "deployment", &mapped},
        {"deployment_preview", "deployment", "deployment", &defaults, transient, is_transient},
        {"deployment_preview_asked_for", "deployment", "deployment", &previews, transient,
         is_transient},
        {"deployment_payload", "deployment", "deployment", &defaults, "\"payload\": {}",
         "\"payload\": {\"room\": \"#ops\", \"n\": 3, \"force\": true, \"deep\": {\"a\": 1}, "
         "\"no.path\": \"x\"}"},
        {"deployment_rollback", "deployment", "deployment", &defaults, "\"task\": \"deploy\"",
         "\"task\": \"rollback\""},
        {"deployment_task", "deployment", "deployment", &defaults, "\"task\": \"deploy\"",
         "\"task\": \"deploy:migrations\""},
        {"status_success", "status_success", "deployment_status", &defaults},
        {"status_in_progress", "status_in_progress", "deployment_status", &defaults},
        {"status_failure", "status_failure", "deployment_status", &defaults},
        {"status_error", "status_success", "deployment_status", &defaults, "\"state\": \"success\"",
         "\"state\": \"error\""},
        {"status_inactive", "status_success", "deployment_status", &defaults,
         "\"state\": \"success\"", "\"state\": \"inactive\""},
        {"status_new", "status_success", "deployment_status", &defaults, "\"state\": \"success\"",
         "\"state\": \"levitating\""},
        {"push_branch", "push_branch", "push", &defaults},
        {"push_branch_deploys", "push_branch", "push", &mapped},
        {"push_other_branch", "push_branch", "push", &defaults, "refs/heads/master",
         "refs/heads/feature"},
        {"push_tag", "push_tag", "push", &defaults},
        {"push_deleted", "push_deleted", "push", &mapped},
        {"release_published", "release_published", "release", &defaults},
        {"release_edited", "release_edited", "release", &defaults},
        {"ping", "ping", "ping", &defaults},
        {"star", "ping", "star", &defaults},
    };
    EACH_ROW (rows, r) {
        struct hook_result result = {0};
        const char *body =
            hook_kit_read(arena_printf(&kit_arena, "github/%s.json", r->file), r->from, r->to);
        err_clear(&kit_err);
        EXPECT_OK(read_payload(r->event, body, r->settings, &result));
        if (kit_err.kind)
            continue;
        const char *text = hook_kit_text(&result);
        EXPECT_GOLDEN(arena_printf(&kit_arena, "hooks/github/%s.txt", r->row), text, strlen(text));
        EXPECT(!strstr(text, "users.noreply")); /* nobody's address is kept */
    }
}

TEST(what_cannot_be_read_says_what)
{
    static const struct {
        const char *row, *event, *body, *part;
    } rows[] = {
        {"no event", NULL, "{}", "X-GitHub-Event is missing"},
        {"no JSON", "push", "payload=%7B%7D", "not JSON: line 1"},
        {"no object", "push", "[]", "not a JSON object"},
        {"no repository", "push", "{}", "repository.full_name is missing"},
        {"no id", "deployment", "{\"repository\":{\"full_name\":\"a/b\"},\"deployment\":{}}",
         "deployment.id is missing"},
        {"no state", "deployment_status",
         "{\"repository\":{\"full_name\":\"a/b\"},\"deployment_status\":{\"state\":[]}}",
         "deployment_status.state is missing"},
        {"no ref", "push", "{\"repository\":{\"full_name\":\"a/b\"},\"ref\":7.5}",
         "ref is missing"},
    };
    EACH_ROW (rows, r) {
        struct hook_result result;
        EXPECT_ERR(read_payload(r->event, r->body, &defaults, &result), ERR_INPUT, r->part);
    }
}

TEST(a_form_is_read_as_its_payload)
{
    const struct hook_header headers[] = {{"X-GitHub-Event", "ping"}};
    const struct hook_call call = {.headers = headers,
                                   .n_headers = 1,
                                   .body = "payload=%7B%7D",
                                   .n_body = 14,
                                   .payload = "{}",
                                   .settings = &defaults,
                                   .arena = &kit_arena};
    struct hook_result result = {0};
    EXPECT_OK(source_github.read(&call, &result, &kit_err));
    EXPECT_TEXT(result.reason, "pong");
}

TEST(numbers_of_an_enterprise_server_are_its_own)
{
    const struct hook_header headers[] = {{"X-GitHub-Event", "deployment"},
                                          {"X-GitHub-Enterprise-Host", "git.acme.example"}};
    const char *body = hook_kit_read("github/deployment.json", NULL, NULL);
    const struct hook_call call = {.headers = headers,
                                   .n_headers = 2,
                                   .body = body,
                                   .n_body = strlen(body),
                                   .settings = &defaults,
                                   .arena = &kit_arena};
    struct hook_result result = {0};
    EXPECT_OK(source_github.read(&call, &result, &kit_err));
    EXPECT_I64(result.n_changes, 1);
    if (result.n_changes)
        EXPECT_TEXT(result.changes[0].key, "gh:git.acme.example:145988746");
}

/* GitHub's own example: secret, body and digest are from its documentation. */
TEST(only_github_can_sign)
{
    static const char *const secrets[] = {"an old one", "It's a Secret to Everybody"};
    static const struct {
        const char *row, *key, *value, *part; /* part NULL: it is accepted */
    } rows[] = {
        {"right", "X-Hub-Signature-256",
         "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", NULL},
        {"any case", "x-hub-signature-256",
         "sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17", NULL},
        {"wrong", "X-Hub-Signature-256",
         "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18",
         "does not fit the body"},
        {"cut", "X-Hub-Signature-256", "sha256=757107ea", "does not fit the body"},
        {"empty", "X-Hub-Signature-256", "sha256=", "does not fit the body"},
        {"another algorithm", "X-Hub-Signature-256",
         "sha1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
         "is not 'sha256='"},
        {"SHA-1 alone", "X-Hub-Signature", "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59",
         "(SHA-1) is not enough"},
        {"none", "Host", "plumb", "X-Hub-Signature-256 is missing"},
    };
    const struct hook_settings settings = {.secrets = secrets, .n_secrets = 2};
    EACH_ROW (rows, r) {
        const struct hook_header header = {r->key, r->value};
        const struct hook_call call = {.headers = &header,
                                       .n_headers = 1,
                                       .body = "Hello, World!",
                                       .n_body = 13,
                                       .settings = &settings,
                                       .arena = &kit_arena};
        if (!r->part)
            EXPECT_OK(hooks_verify(&source_github, &call, &kit_err));
        else
            EXPECT_ERR(hooks_verify(&source_github, &call, &kit_err), ERR_REFUSED, r->part);
        EXPECT(!strstr(kit_err.text, "Everybody") && !strstr(kit_err.hint, "Everybody"));
    }
}

RUN_TESTS(test_of(what_github_tells_becomes_changes), test_of(what_cannot_be_read_says_what),
          test_of(a_form_is_read_as_its_payload),
          test_of(numbers_of_an_enterprise_server_are_its_own), test_of(only_github_can_sign))
