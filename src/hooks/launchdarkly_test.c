#include "hooks/hook_kit.h"

static const struct tag services[] = {{"alexis/example-*", "Checkout"}, {"alexis", "shop"}};
static const struct tag unwanted_services[] = {{"alexis", "-"}};
static const struct tag envs[] = {{"test", "staging"}};
static const struct hook_settings defaults = {.push_refs = ""};
static const struct hook_settings mapped = {
    .services = services, .n_services = 2, .envs = envs, .n_envs = 1, .push_refs = ""};
static const struct hook_settings unwanted = {
    .services = unwanted_services, .n_services = 1, .push_refs = ""};

TEST(what_launchdarkly_tells_becomes_changes)
{
    static const struct {
        const char *row, *file;
        const struct hook_settings *settings;
        const char *from, *to;
    } rows[] = {
        {"flag_on", "flag_on", &defaults},
        {"flag_mapped", "flag_on", &mapped},
        {"flag_unwanted", "flag_on", &unwanted},
        {"flag_shares", "flag_on", &defaults, "\"on\": false", "\"on\": true"},
        {"flag_two_envs", "flag_two_envs", &mapped},
        {"segment", "flag_two_envs", &defaults, ":flag/", ":segment/"},
        {"flag_created", "flag_on", &defaults, ":env/production:flag", ":flag"},
        {"environment", "environment", &defaults},
    };
    EACH_ROW (rows, r)
        hook_kit_golden(&source_launchdarkly, r->settings, r->row,
                        hook_kit_read(arena_printf(&kit_arena, "launchdarkly/%s.json", r->file),
                                      r->from, r->to));
}

TEST(what_cannot_be_read_says_what)
{
    static const struct {
        const char *row, *body, *part;
    } rows[] = {
        {"no id", "{}", "_id is missing"},
        {"no date", "{\"_id\":\"a\"}", "date is missing"},
        {"a date in words", "{\"_id\":\"a\",\"date\":\"today\"}", "date is missing"},
    };
    EACH_ROW (rows, r) {
        struct hook_result result;
        EXPECT_ERR(hook_kit_deliver(&source_launchdarkly, &defaults, r->body, &result), ERR_INPUT,
                   r->part);
    }
}

/* The digests are OpenSSL's: printf '{"a":1}' | openssl dgst -sha256 -hmac ... */
TEST(only_launchdarkly_can_sign)
{
    static const char *const secrets[] = {"first", "second"};
    static const struct {
        const char *row, *key, *value, *part; /* part NULL: it is accepted */
    } rows[] = {
        {"right", "X-LD-Signature",
         "07b97e5b43f7e99e10ca7af9e2d8cb55f6eae37319c8f3123f6d5d4c1eacd7c7", NULL},
        {"by the second secret", "x-ld-signature",
         "b4473de47df8f02f489f84f5a0f7c4e1f8ab2f9fea1ff7c54a2589d93d348b40", NULL},
        {"by a third", "X-LD-Signature",
         "ea3f240ca76ba10a077af1692a74a401a169dc1d3dac4d84ec6a07a012512999",
         "does not fit the body"},
        {"another algorithm", "X-LD-Signature", "6a0f1f126059823e822113feb1a93a3b8c1bcf8b",
         "does not fit the body"},
        {"missing", "X-Signature",
         "07b97e5b43f7e99e10ca7af9e2d8cb55f6eae37319c8f3123f6d5d4c1eacd7c7",
         "X-LD-Signature is missing"},
    };
    const struct hook_settings settings = {.secrets = secrets, .n_secrets = 2};
    EACH_ROW (rows, r) {
        const struct hook_header header = {r->key, r->value};
        const struct hook_call call = {.headers = &header,
                                       .n_headers = 1,
                                       .body = "{\"a\":1}",
                                       .n_body = 7,
                                       .settings = &settings,
                                       .arena = &kit_arena};
        if (!r->part)
            EXPECT_OK(hooks_verify(&source_launchdarkly, &call, &kit_err));
        else
            EXPECT_ERR(hooks_verify(&source_launchdarkly, &call, &kit_err), ERR_REFUSED, r->part);
    }
}

RUN_TESTS(test_of(what_launchdarkly_tells_becomes_changes), test_of(what_cannot_be_read_says_what),
          test_of(only_launchdarkly_can_sign))
