#include "hooks/source_kit.h"

static struct hook_result got;

static bool read(const struct source_kit *kit, const char *body)
{
    return source_kit_read(&source_statuspage, kit, body, &got);
}

TEST(an_incident_of_a_vendor_has_a_start_and_an_end)
{
    static const struct {
        const char *row, *file, *line;
    } rows[] = {
        {"it begins", "statuspage/investigating.json",
         "thirdparty vendorstatus.com production - running 05-29T21:08:51..- - [sp:lbkhbwn21v5q]"},
        {"it ends", "statuspage/resolved.json",
         "thirdparty vendorstatus.com production - succeeded 05-29T21:08:51..05-29T22:30:35 - "
         "[sp:lbkhbwn21v5q]"},
        {"maintenance is planned", "statuspage/scheduled.json",
         "thirdparty vendorstatus.com production - planned 06-01T02:00:00..- - [sp:lbkhbwn21v5q]"},
        {"a component", "statuspage/component_update.json",
         "thirdparty vendor.com/some-component production - succeeded "
         "05-29T21:32:28..05-29T21:32:28 - [sp:update:k7730b5v92bv]"},
    };
    EACH_ROW (rows, r) {
        EXPECT_OK(read(&(struct source_kit){0}, source_kit_file(r->file)));
        EXPECT_I64(got.n_changes, 1);
        EXPECT_TEXT(source_kit_line(&got.changes[0]), r->line);
    }
    EXPECT_TEXT(got.changes[0].msg, "Some Component: major outage");
    EXPECT_TEXT(got.changes[0].old_value, "operational");
    EXPECT_OK(read(&(struct source_kit){0}, source_kit_file("statuspage/investigating.json")));
    EXPECT_TEXT(got.changes[0].msg,
                "Virginia Is Down: A postmortem analysis has been scheduled for tomorrow.");
    EXPECT_TEXT(got.changes[0].url, "http://j.mp/18zyDQx");
}

TEST(a_vendor_is_mapped_to_a_service)
{
    const struct source_kit kit = {.services = {{"vendor.com/*", "cdn"}, {"vendor*", "cloud"}}};
    EXPECT_OK(read(&kit, source_kit_file("statuspage/component_update.json")));
    EXPECT_TEXT(got.changes[0].service, "cdn");
    EXPECT_OK(read(&kit, source_kit_file("statuspage/investigating.json")));
    EXPECT_TEXT(got.changes[0].service, "cloud");
}

TEST(a_page_of_the_same_shape_in_capitals)
{
    EXPECT_OK(
        read(&(struct source_kit){0},
             "{\"page\":{\"id\":\"p\",\"url\":\"https://status.acme.com/x\"},\"maintenance\":{"
             "\"id\":\"m1\",\"status\":\"COMPLETED\",\"created_at\":\"2026-11-22T14:00:00Z\","
             "\"resolved_at\":\"2026-11-22T15:00:00Z\",\"name\":\"move\"}}"));
    EXPECT_TEXT(source_kit_line(&got.changes[0]),
                "thirdparty acme.com production - succeeded 11-22T14:00:00..11-22T15:00:00 - "
                "[sp:m1]");
}

TEST(what_is_wrong_is_told)
{
    static const struct {
        const char *row, *body, *part;
    } rows[] = {
        {"nothing", "{}", "neither an incident nor"},
        {"no id", "{\"incident\":{}}", "id is missing"},
        {"a status", "{\"incident\":{\"id\":\"1\",\"status\":\"odd\"}}", "odd"},
        {"no start", "{\"incident\":{\"id\":\"1\",\"status\":\"resolved\"}}", "created_at"},
        {"no name", "{\"component_update\":{}}", "component.name"},
    };
    EACH_ROW (rows, r)
        EXPECT_ERR(read(&(struct source_kit){0}, r->body), ERR_INPUT, r->part);
}

RUN_TESTS(test_of(an_incident_of_a_vendor_has_a_start_and_an_end),
          test_of(a_vendor_is_mapped_to_a_service), test_of(a_page_of_the_same_shape_in_capitals),
          test_of(what_is_wrong_is_told))
