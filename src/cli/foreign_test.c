#include "cli/foreign.h"

#include <string.h>

#include "kit/kit.h"

static const char *lines_of(const char *json)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 65536);
    EXPECT_OK(foreign_lines(json, strlen(json), &out, &kit_err));
    return arena_strdup(&kit_arena, buf_text(&out));
}

TEST(graphites_events)
{
    EXPECT_TEXT(
        lines_of(
            "[{\"when\":1500000000,\"tags\":[\"deploy\",\"website\",\"deploy\"],\"data\":\"d\","
            "\"id\":7,\"what\":\"fix login\"},{\"when\":1500000001,\"tags\":\"a-b "
            "C\",\"id\":8,\"what\":\"\"}]"),
        "{\"posted\":true,\"source\":\"events\",\"key\":\"7/1500000000.0\",\"msg\":\"fix login\","
        "\"data\":\"d\",\"start\":1500000000.0,\"end\":1500000000.0,\"status\":\"succeeded\","
        "\"kind\":\"deploy\",\"service\":\"website\",\"tags\":{\"deploy\":\"\",\"website\":\"\"}}\n"
        "{\"posted\":true,\"source\":\"events\",\"key\":\"8/1500000001.0\",\"msg\":\"\","
        "\"start\":1500000001.0,\"end\":1500000001.0,\"status\":\"succeeded\",\"kind\":\"note\","
        "\"service\":\"a-b\",\"tags\":{\"a-b\":\"\",\"C\":\"\"}}\n");
}

TEST(grafanas_annotations)
{
    const char *got = lines_of(
        "[{\"id\":3,\"time\":1500000000500,\"timeEnd\":1500000060000,\"text\":\"x\",\"login\":"
        "\"nora\",\"tags\":[\"flag\"]},{\"id\":4,\"time\":1500000000500,\"timeEnd\":0,\"text\":"
        "\"y\"}]");
    EXPECT(strstr(got, "\"source\":\"grafana\""));
    EXPECT(strstr(got, "\"by\":\"nora\""));
    EXPECT(strstr(got, "\"start\":1500000000.5,\"end\":1500000060.0,"));
    EXPECT(strstr(got, "\"kind\":\"flag\",\"tags\":{\"flag\":\"\"}"));
    EXPECT(strstr(got, "\"start\":1500000000.5,\"end\":1500000000.5,"));
}

TEST(the_rest_stays_as_it_is)
{
    EXPECT_TEXT(lines_of("[{\"kind\":\"deploy\",\"start\":1500000000.123},5,\n[]]"),
                "{\"kind\":\"deploy\",\"start\":1500000000.123}\n5\n[]\n");
    EXPECT_TEXT(lines_of("[]"), "");
    struct buf out;
    buf_init(&out, 10);
    static const char *const wrong[] = {"", "[", "{}", "[1,]", "[\"a longer text than goes in\"]"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        EXPECT(!foreign_lines(wrong[i], strlen(wrong[i]), &out, &kit_err));
    buf_done(&out);
}

RUN_TESTS(test_of(graphites_events), test_of(grafanas_annotations),
          test_of(the_rest_stays_as_it_is))
