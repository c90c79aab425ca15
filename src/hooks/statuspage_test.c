#include "hooks/hook_kit.h"

static const struct tag services[] = {{"vendor.com/*", "cdn"}, {"vendor*", "-"}};
static const struct hook_settings defaults = {.push_refs = ""};
static const struct hook_settings mapped = {.services = services, .n_services = 2, .push_refs = ""};

TEST(what_a_vendor_tells_becomes_changes)
{
    static const struct {
        const char *row, *file;
        const struct hook_settings *settings;
    } rows[] = {
        {"investigating", "investigating", &defaults},
        {"investigating_unwanted", "investigating", &mapped},
        {"resolved", "resolved", &defaults},
        {"scheduled", "scheduled", &defaults},
        {"component_update", "component_update", &defaults},
        {"component_mapped", "component_update", &mapped},
    };
    EACH_ROW (rows, r)
        hook_kit_golden(
            &source_statuspage, r->settings, r->row,
            hook_kit_read(arena_printf(&kit_arena, "statuspage/%s.json", r->file), NULL, NULL));
}

TEST(a_page_of_the_same_shape_in_capitals)
{
    hook_kit_golden(
        &source_statuspage, &defaults, "instatus",
        "{\"page\":{\"id\":\"p\",\"url\":\"https://status.acme.com/x\"},\"maintenance\":{"
        "\"id\":\"m1\",\"status\":\"COMPLETED\",\"created_at\":\"2026-11-22T12:00:00Z\","
        "\"resolved_at\":\"2026-11-22T13:00:00Z\",\"name\":\"move\"}}");
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
    EACH_ROW (rows, r) {
        struct hook_result result;
        EXPECT_ERR(hook_kit_deliver(&source_statuspage, &defaults, r->body, &result), ERR_INPUT,
                   r->part);
    }
}

RUN_TESTS(test_of(what_a_vendor_tells_becomes_changes),
          test_of(a_page_of_the_same_shape_in_capitals), test_of(what_is_wrong_is_told))
