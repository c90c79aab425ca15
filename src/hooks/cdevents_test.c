#include "hooks/hook_kit.h"

static const struct tag services[] = {{"my*", "app"}, {"teams/*", "-"}};
static const struct tag envs[] = {{"prod", "production"}};
static const struct hook_settings defaults = {.envs = envs, .n_envs = 1, .push_refs = ""};
static const struct hook_settings mapped = {
    .services = services, .n_services = 2, .envs = envs, .n_envs = 1, .push_refs = ""};

static bool read(const char *body, struct hook_result *out)
{
    return hook_kit_deliver(&source_cdevents, &defaults, body, out);
}

TEST(every_release_and_form_is_read)
{
    static const struct {
        const char *row, *file;
        const struct hook_settings *settings;
    } rows[] = {
        {"service_deployed_0.4", "service_deployed_0.4", &defaults},
        {"service_upgraded_0.5_structured", "service_upgraded_0.5_structured", &defaults},
        {"service_unwanted", "service_upgraded_0.5_structured", &mapped},
        {"incident_detected", "incident_detected", &defaults},
        {"incident_mapped", "incident_detected", &mapped},
        {"incident_resolved", "incident_resolved", &defaults},
        {"environment_created", "environment_created", &defaults},
        {"deployment_finished", "deployment_finished", &defaults},
        {"change_merged", "change_merged", &defaults},
    };
    EACH_ROW (rows, r)
        hook_kit_golden(
            &source_cdevents, r->settings, r->row,
            hook_kit_read(arena_printf(&kit_arena, "cdevents/%s.json", r->file), NULL, NULL));
}

TEST(headers_fill_in_what_the_body_leaves_out)
{
    static const struct hook_header headers[] = {{"Ce-Type", "dev.cdevents.service.removed.9.9.9"},
                                                 {"CE-ID", "e9"},
                                                 {"ce-source", "/s"},
                                                 {"ce-time", "2026-11-22T13:05:00Z"}};
    struct hook_call call = hook_kit_call(&defaults, "{\"subject\":{\"id\":\"web\"}}");
    struct hook_result got;
    call.headers = headers;
    call.n_headers = COUNT_OF(headers);
    EXPECT_OK(source_cdevents.read(&call, &got, &kit_err));
    EXPECT_I64(got.n_changes, 1);
    EXPECT_TEXT(got.changes[0].key, "/s e9");
    EXPECT_TEXT(got.changes[0].action, "remove");
    EXPECT_I64(got.changes[0].end_ms, INT64_C(1795352700000));
    EXPECT_TEXT(got.delivery, "/s e9"); /* an id alone may be another source's, too */
}

TEST(a_batch_holds_several)
{
    const char *merged = hook_kit_read("cdevents/change_merged.json", NULL, NULL);
    const char *upgraded =
        hook_kit_read("cdevents/service_upgraded_0.5_structured.json", NULL, NULL);
    const char *detected = hook_kit_read("cdevents/incident_detected.json", NULL, NULL);
    struct hook_result got;
    EXPECT_OK(read(arena_printf(&kit_arena, "[%s,%s,%s,%s]", upgraded, detected, upgraded, merged),
                   &got));
    EXPECT_I64(got.fate, HOOK_TAKEN);
    EXPECT_I64(got.n_changes, 3);
    EXPECT_TEXT(got.delivery, ""); /* another batch may end with the same event */
    EXPECT_TEXT(got.reason, "");
    EXPECT_OK(read("[]", &got));
    EXPECT_I64(got.fate, HOOK_IGNORED);
}

TEST(what_is_wrong_is_told)
{
    static const struct {
        const char *row, *body, *part;
    } rows[] = {
        {"no type", "{\"context\":{\"id\":\"1\"}}", "context.type"},
        {"no id",
         "{\"context\":{\"type\":\"dev.cdevents.service.deployed.0.1.0\",\"source\":\"s\"}}",
         "context.id"},
        {"no subject",
         "{\"context\":{\"type\":\"dev.cdevents.service.deployed.0.1.0\",\"source\":\"s\","
         "\"id\":\"1\"}}",
         "subject.id"},
        {"base64", "{\"specversion\":\"1.0\",\"data_base64\":\"e30=\"}", "data_base64"},
        {"a bad time",
         "{\"context\":{\"type\":\"dev.cdevents.service.deployed.0.1.0\",\"source\":\"s\","
         "\"id\":\"1\",\"timestamp\":\"late\"}}",
         "late"},
        {"one of a batch", "[{\"context\":{}}]", "[0]"},
        {"no object", "3", "JSON"},
    };
    struct hook_result got;
    EACH_ROW (rows, r)
        EXPECT_ERR(read(r->body, &got), ERR_INPUT, r->part);
    EXPECT_OK(read("{\"context\":{\"type\":\"com.example.thing\"}}", &got));
    EXPECT_I64(got.fate, HOOK_IGNORED);
}

RUN_TESTS(test_of(every_release_and_form_is_read),
          test_of(headers_fill_in_what_the_body_leaves_out), test_of(a_batch_holds_several),
          test_of(what_is_wrong_is_told))
