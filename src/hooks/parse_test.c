#include "hooks/parse.h"

#include "hooks/source_kit.h"

TEST(times_are_read)
{
    static const struct {
        const char *row, *text;
        int64_t ms; /* 0: refused */
    } rows[] = {
        {"UTC", "2017-07-14T02:40:00Z", 1500000000000},
        {"an offset", "2017-07-14T04:40:00+02:00", 1500000000000},
        {"to the west", "2017-07-13T20:40:00.25-06:00", 1500000000250},
        {"nanoseconds", "2017-07-14T02:40:00.123456789Z", 1500000000123},
        {"as GitLab writes it", "2017-07-14 04:40:00 +0200", 1500000000000},
        {"as Ruby writes it", "2017-07-14 02:40:00 UTC", 1500000000000},
        {"a leap second", "2016-12-31T23:59:60Z", 1483228800000},
        {"year 1", "0001-01-01T00:00:00Z", 0},
        {"no zone", "2017-07-14T02:40:00", 0},
        {"a date", "2017-07-14", 0},
        {"month 13", "2017-13-14T02:40:00Z", 0},
        {"hour 24", "2017-07-14T24:40:00Z", 0},
        {"an empty fraction", "2017-07-14T02:40:00.Z", 0},
        {"something behind", "2017-07-14T02:40:00Zx", 0},
        {"offset of 99 hours", "2017-07-14T02:40:00+99:00", 0},
        {"nothing", "", 0},
    };
    EACH_ROW (rows, r) {
        int64_t ms = 0;
        EXPECT_I64(parse_time(r->text, &ms), r->ms != 0);
        EXPECT_I64(ms, r->ms);
    }
}

TEST(names_become_services)
{
    static const struct {
        const char *row, *name, *service;
    } rows[] = {
        {"mapped", "acme/web-front", "web"},
        {"its last part", "acme/Search_API", "search_api"},
        {"blanks", "API  Service!", "api-service"},
        {"other letters", "caf\xC3\xA9 1", "caf-1"},
        {"nothing left", "acme/!!!", ""},
    };
    const struct source_kit kit = {.services = {{"acme/web-*", "web"}, {"*", ""}}};
    struct hook_settings settings = source_kit_settings(&kit);
    settings.n_services = 1;
    const struct hook_call call = source_kit_call(&kit, &settings, "");
    EACH_ROW (rows, r)
        EXPECT_TEXT(parse_service(&call, r->name), r->service);
}

TEST(paths_lead_into_objects)
{
    const struct source_kit kit = {0};
    const struct hook_settings settings = source_kit_settings(&kit);
    const struct hook_call call = source_kit_call(
        &kit, &settings, "{\"a\":{\"b\":\"x\",\"n\":12,\"no\":\"<no value>\",\"l\":[1]}}");
    CLEANUP(parse_done) json_t *root = NULL;
    EXPECT_OK(parse_object(&call, &root, &kit_err));
    EXPECT_TEXT(parse_text(&call, root, "a.b"), "x");
    EXPECT_TEXT(parse_text(&call, root, "a.n"), "12");
    EXPECT_TEXT(parse_text(&call, root, "a.no"), "");
    EXPECT_TEXT(parse_text(&call, root, "a.l"), "");
    EXPECT_TEXT(parse_text(&call, root, "a.b.c"), "");
    EXPECT_TEXT(parse_text(&call, root, "z"), "");
}

TEST(a_cut_keeps_characters_whole)
{
    const struct source_kit kit = {0};
    const struct hook_settings settings = source_kit_settings(&kit);
    const struct hook_call call = source_kit_call(&kit, &settings, "");
    char text[300] = "";
    for (size_t i = 0; i < 298; i += 2)
        memcpy(text + i, "\xC3\xA9", 3);
    EXPECT_I64(strlen(parse_fit(&call, text)), 254);
}

TEST(every_source_is_found_by_its_name)
{
    EXPECT(n_hook_sources >= 5);
    for (size_t i = 0; i < n_hook_sources; i++) {
        EXPECT(hooks_find(hook_sources[i]->name) == hook_sources[i]);
        EXPECT(i == 0 || strcmp(hook_sources[i - 1]->name, hook_sources[i]->name) < 0);
    }
    EXPECT(hooks_find("nosuch") == NULL);
}

RUN_TESTS(test_of(times_are_read), test_of(names_become_services), test_of(paths_lead_into_objects),
          test_of(a_cut_keeps_characters_whole), test_of(every_source_is_found_by_its_name))
