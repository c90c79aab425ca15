#include "hooks/source_kit.h"

/* HMAC-SHA256 of {"event":{}} under "sesame", by Python's hmac. */
#define SIGNATURE "9101d7e6e5749ff7c9673113df7c7cb4c34ead0c87db764c1a1c0142c0716212"
#define ZEROES    "0000000000000000000000000000000000000000000000000000000000000000"

static struct hook_result got;

static bool read(const char *body)
{
    return source_kit_read(&source_pagerduty, &(struct source_kit){0}, body, &got);
}

TEST(an_incident_opens_and_ends)
{
    static const struct {
        const char *row, *file, *line;
    } rows[] = {
        {"triggered", "pagerduty/triggered.json",
         "incident api-service production - running 10-02T18:45:20..- - [pd:PGR0VU2]"},
        {"resolved", "pagerduty/resolved.json",
         "incident api-service production - succeeded 10-02T18:45:20..10-02T19:10:00 Nora Lind "
         "[pd:PGR0VU2]"},
    };
    EACH_ROW (rows, r) {
        EXPECT_OK(read(source_kit_file(r->file)));
        EXPECT_I64(got.n_changes, 1);
        EXPECT_TEXT(source_kit_line(&got.changes[0]), r->line);
    }
    EXPECT_TEXT(got.event, "incident.resolved");
    EXPECT_TEXT(got.delivery, "6bd75933-4adc-4fda-ade0-410becf0de4f");
    EXPECT_TEXT(got.changes[0].msg, "A little bump in the road");
    EXPECT_TEXT(source_kit_tag(&got.changes[0], "priority"), "P1");
    EXPECT_TEXT(source_kit_tag(&got.changes[0], "number"), "2");
}

TEST(other_events_are_ignored)
{
    static const struct {
        const char *row, *file;
    } rows[] = {{"reopened", "pagerduty/reopened.json"}, {"a test", "pagerduty/ping.json"}};
    EACH_ROW (rows, r) {
        EXPECT_OK(read(source_kit_file(r->file)));
        EXPECT_I64(got.fate, HOOK_IGNORED);
        EXPECT(got.reason[0] != '\0');
    }
    EXPECT_OK(read("{\"event\":{\"event_type\":\"incident.annotated\"}}"));
    EXPECT_I64(got.fate, HOOK_IGNORED);
}

TEST(only_what_is_signed_with_one_of_the_secrets_passes)
{
    static const struct {
        const char *row, *secret, *header, *body, *part;
    } rows[] = {
        {"signed", "sesame", "v1=" SIGNATURE, "{\"event\":{}}", NULL},
        {"the second fits", "sesame", "v1=" ZEROES ", v1=" SIGNATURE, "{\"event\":{}}", NULL},
        {"nothing is checked", NULL, "", "{\"event\":{}}", NULL},
        {"another body", "sesame", "v1=" SIGNATURE, "{\"event\":{ }}", "does not fit"},
        {"another secret", "sesam", "v1=" SIGNATURE, "{\"event\":{}}", "does not fit"},
        {"another version", "sesame", "v2=" SIGNATURE, "{\"event\":{}}", "does not fit"},
        {"cut", "sesame", "v1=ab", "{\"event\":{}}", "does not fit"},
        {"no header", "sesame", "", "{\"event\":{}}", "missing"},
    };
    EACH_ROW (rows, r) {
        struct source_kit kit = {.headers = {{"x-pagerduty-signature", r->header}}};
        if (r->secret) {
            kit.secrets[0] = "an old one";
            kit.secrets[1] = r->secret;
        }
        const struct hook_settings settings = source_kit_settings(&kit);
        const struct hook_call call = source_kit_call(&kit, &settings, r->body);
        if (r->part)
            EXPECT_ERR(source_pagerduty.verify(&call, &kit_err), ERR_REFUSED, r->part);
        else
            EXPECT_OK(source_pagerduty.verify(&call, &kit_err));
        EXPECT(!r->secret || strstr(kit_err.text, r->secret) == NULL);
    }
}

TEST(what_is_wrong_is_told)
{
    EXPECT_ERR(read("{\"messages\":[]}"), ERR_INPUT, "event.event_type");
    EXPECT(strstr(kit_err.hint, "version 3") != NULL);
    EXPECT_ERR(read("{\"event\":{\"event_type\":\"incident.triggered\",\"data\":{}}}"), ERR_INPUT,
               "event.data.id");
    EXPECT_ERR(read("{\"event\":{\"event_type\":\"incident.triggered\",\"data\":{\"id\":\"P\","
                    "\"created_at\":\"soon\"}}}"),
               ERR_INPUT, "soon");
}

RUN_TESTS(test_of(an_incident_opens_and_ends), test_of(other_events_are_ignored),
          test_of(only_what_is_signed_with_one_of_the_secrets_passes),
          test_of(what_is_wrong_is_told))
