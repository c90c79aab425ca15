#include "hooks/source_kit.h"

#define DIGEST "sha256:0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427"

static struct hook_result got;

static bool read(const char *body)
{
    const struct source_kit kit = {.envs = {{"prod", "production"}}};
    return source_kit_read(&source_cdevents, &kit, body, &got);
}

TEST(every_release_and_form_is_read)
{
    static const struct {
        const char *row, *file, *line;
    } rows[] = {
        {"0.4, binary", "cdevents/service_deployed_0.4.json",
         "deploy/deploy mysubject123 test123 " DIGEST
         " succeeded 03-20T14:27:05..03-20T14:27:05 - [/event/source/123 "
         "271069a8-fc18-44f1-b38f-9d70a1695819]"},
        {"0.5, structured", "cdevents/service_upgraded_0.5_structured.json",
         "deploy/upgrade website production 1.4.2 succeeded 03-20T14:27:05..03-20T14:27:05 - "
         "[/event/source/123 271069a8-fc18-44f1-b38f-9d70a1695820]"},
        {"an incident begins", "cdevents/incident_detected.json",
         "incident myapp prod1 " DIGEST
         " running 03-20T14:27:05..- - [/monitoring/prod1 incident incident-123]"},
        {"and ends", "cdevents/incident_resolved.json",
         "incident myapp prod1 " DIGEST " succeeded 03-20T14:57:05..03-20T14:57:05 - "
         "[/monitoring/prod1 incident incident-123]"},
        {"a draft's environment", "cdevents/environment_created.json",
         "infra/create staging-eu staging-eu - succeeded 03-20T14:27:05..03-20T14:27:05 - "
         "[/iaas/geo1 e3]"},
        {"a deployment", "cdevents/deployment_finished.json",
         "deploy website production 1.4.2 failed 03-20T14:27:05..03-20T14:27:05 - "
         "[/cd/1 deployment deployment-77]"},
    };
    EACH_ROW (rows, r) {
        EXPECT_OK(read(source_kit_file(r->file)));
        EXPECT_I64(got.n_changes, 1);
        if (got.n_changes)
            EXPECT_TEXT(source_kit_line(&got.changes[0]), r->line);
    }
}

TEST(an_event_of_a_pipeline_is_no_change)
{
    EXPECT_OK(read(source_kit_file("cdevents/change_merged.json")));
    EXPECT_I64(got.fate, HOOK_IGNORED);
    EXPECT_TEXT(got.event, "dev.cdevents.change.merged.0.2.0");
}

TEST(headers_fill_in_what_the_body_leaves_out)
{
    const struct source_kit kit = {.headers = {{"Ce-Type", "dev.cdevents.service.removed.9.9.9"},
                                               {"CE-ID", "e9"},
                                               {"ce-source", "/s"},
                                               {"ce-time", "2026-11-22T14:05:00Z"}}};
    EXPECT_OK(source_kit_read(&source_cdevents, &kit, "{\"subject\":{\"id\":\"web\"}}", &got));
    EXPECT_I64(got.n_changes, 1);
    EXPECT_TEXT(source_kit_line(&got.changes[0]),
                "deploy/remove web production - succeeded 11-22T14:05:00..11-22T14:05:00 - [/s "
                "e9]");
    EXPECT_TEXT(got.delivery, "e9");
}

TEST(a_batch_holds_several)
{
    const char *merged = source_kit_file("cdevents/change_merged.json");
    const char *upgraded = source_kit_file("cdevents/service_upgraded_0.5_structured.json");
    const char *detected = source_kit_file("cdevents/incident_detected.json");
    EXPECT_OK(
        read(arena_printf(&kit_arena, "[%s,%s,%s,%s]", upgraded, detected, upgraded, merged)));
    EXPECT_I64(got.fate, HOOK_TAKEN);
    EXPECT_I64(got.n_changes, 3);
    EXPECT_OK(read("[]"));
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
    EACH_ROW (rows, r)
        EXPECT_ERR(read(r->body), ERR_INPUT, r->part);
    EXPECT_OK(read("{\"context\":{\"type\":\"com.example.thing\"}}"));
    EXPECT_I64(got.fate, HOOK_IGNORED);
}

RUN_TESTS(test_of(every_release_and_form_is_read), test_of(an_event_of_a_pipeline_is_no_change),
          test_of(headers_fill_in_what_the_body_leaves_out), test_of(a_batch_holds_several),
          test_of(what_is_wrong_is_told))
