#include "hooks/hook_kit.h"

/* HMAC-SHA256 of {"event":{}} under "sesame", by Python's hmac. */
#define SIGNATURE "9101d7e6e5749ff7c9673113df7c7cb4c34ead0c87db764c1a1c0142c0716212"
#define ZEROES    "0000000000000000000000000000000000000000000000000000000000000000"

static const struct tag nothing_counts[] = {{"API *", "-"}};
static const struct hook_settings defaults = {.push_refs = ""};
static const struct hook_settings unwanted = {
    .services = nothing_counts, .n_services = 1, .push_refs = ""};

TEST(what_pagerduty_tells_becomes_incidents)
{
    static const struct {
        const char *row, *file;
        const struct hook_settings *settings;
        const char *from, *to;
    } rows[] = {
        {"triggered", "triggered", &defaults},
        {"triggered_unwanted", "triggered", &unwanted},
        {"resolved", "resolved", &defaults},
        {"resolved_by_mail", "resolved", &defaults, "Nora Lind", "nora@example.org"},
        {"reopened", "reopened", &defaults},
        {"annotated", "reopened", &defaults, "incident.reopened", "incident.annotated"},
        {"ping", "ping", &defaults},
    };
    EACH_ROW (rows, r)
        hook_kit_golden(
            &source_pagerduty, r->settings, r->row,
            hook_kit_read(arena_printf(&kit_arena, "pagerduty/%s.json", r->file), r->from, r->to));
}

TEST(only_what_is_signed_with_one_of_the_secrets_passes)
{
    static const struct {
        const char *row, *secret, *header, *body, *part; /* part NULL: it is accepted */
    } rows[] = {
        {"signed", "sesame", "v1=" SIGNATURE, "{\"event\":{}}", NULL},
        {"the second fits", "sesame", "v1=" ZEROES ", v1=" SIGNATURE, "{\"event\":{}}", NULL},
        {"another body", "sesame", "v1=" SIGNATURE, "{\"event\":{ }}", "does not fit"},
        {"another secret", "sesam", "v1=" SIGNATURE, "{\"event\":{}}", "does not fit"},
        {"another version", "sesame", "v2=" SIGNATURE, "{\"event\":{}}", "does not fit"},
        {"cut", "sesame", "v1=ab", "{\"event\":{}}", "does not fit"},
        {"empty", "sesame", "", "{\"event\":{}}", "does not fit"},
        {"no header", "sesame", NULL, "{\"event\":{}}", "missing"},
    };
    EACH_ROW (rows, r) {
        const char *const secrets[] = {"an old one", r->secret};
        const struct hook_settings settings = {.secrets = secrets, .n_secrets = 2};
        const struct hook_header header = {"x-pagerduty-signature", r->header};
        struct hook_call call = hook_kit_call(&settings, r->body);
        call.headers = &header;
        call.n_headers = r->header ? 1 : 0;
        if (!r->part)
            EXPECT_OK(hooks_verify(&source_pagerduty, &call, &kit_err));
        else
            EXPECT_ERR(hooks_verify(&source_pagerduty, &call, &kit_err), ERR_REFUSED, r->part);
        EXPECT(strstr(kit_err.text, r->secret) == NULL);
    }
}

TEST(what_is_wrong_is_told)
{
    static const struct {
        const char *row, *body, *part, *hint;
    } rows[] = {
        {"version 2", "{\"messages\":[]}", "event.event_type", "version 3"},
        {"no id", "{\"event\":{\"event_type\":\"incident.triggered\",\"data\":{}}}",
         "event.data.id", ""},
        {"a time",
         "{\"event\":{\"event_type\":\"incident.triggered\",\"data\":{\"id\":\"P\","
         "\"created_at\":\"soon\"}}}",
         "'soon' is not a time", "2026"},
    };
    EACH_ROW (rows, r) {
        struct hook_result result;
        EXPECT_ERR(hook_kit_deliver(&source_pagerduty, &defaults, r->body, &result), ERR_INPUT,
                   r->part);
        EXPECT(strstr(kit_err.hint, r->hint) != NULL);
    }
}

RUN_TESTS(test_of(what_pagerduty_tells_becomes_incidents),
          test_of(only_what_is_signed_with_one_of_the_secrets_passes),
          test_of(what_is_wrong_is_told))
