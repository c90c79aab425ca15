#include "cli/dora_text.h"

#include "base/str.h"
#include "kit/kit.h"

static const char *text_of(const char *json, bool is_tty, bool has_rows)
{
    static struct buf out;
    buf_done(&out);
    buf_init(&out, 65536);
    const struct dora_text_look look = {
        .is_tty = is_tty, .has_utf8 = true, .has_rows = has_rows, .tz = tz_utc()};
    EXPECT_OK(dora_text(json, strlen(json), &look, &out, &kit_err));
    const char *text = arena_strdup(&kit_arena, buf_text(&out));
    buf_done(&out);
    return text;
}

static const char nine[] =
    "\"deploys\":9,\"broken\":2,\"per_day\":{\"value\":0.3,\"low\":0.137,\"high\":0.57,\"n\":9},"
    "\"days_a_week\":2,\"gap_s\":{\"value\":180000,\"n\":8},\"lead_s\":{\"value\":null,\"n\":0},"
    "\"unknown_lead\":9,\"negative_lead\":0,\"fail\":{\"value\":0.1111,\"low\":0.0199,"
    "\"high\":0.435,\"n\":9},\"failed\":1,\"recovery_s\":{\"value\":1500,\"low\":null,"
    "\"high\":null,\"n\":1},\"open\":0,\"rework\":{\"value\":0,\"low\":0,\"high\":0.2991,"
    "\"n\":9},\"reworked\":0";

TEST(five_lines_in_words)
{
    const char *json = arena_printf(
        &kit_arena,
        "{\"service\":\"website\",\"env\":\"production\",\"from\":1,\"until\":1500000000,"
        "\"days\":30,%s,\"rows\":{\"failures\":[{\"id\":\"01KB1234ABCDEF\",\"service\":"
        "\"website\",\"rev\":\"4f2\\u001b\",\"start\":1500000000,\"seconds\":1500,\"cause\":"
        "\"01KB9999ABCDEF\"}]}}",
        nine);
    EXPECT_TEXT(
        text_of(json, false, true),
        "website, production, 30 days until 2017-07-14 02:40\n"
        "  deploys           0.3 a day  (0.14\xe2\x80\x93"
        "0.57, 9 deploys); on 2 days of a usual week; usually 2d02h apart; 2 more did not get "
        "through\n"
        "  lead time         unknown: no commits of 9 deploys are known; push hooks or plumb "
        "ingest git bring them\n"
        "  change fail rate  11 %  (2\xe2\x80\x93"
        "44 %, 1 of 9)\n"
        "      2017-07-14 02:40  01KB1234AB  website  4f2   25m00s  see 01KB9999AB\n"
        "  recovery time     25m00s  (too few for an interval, 1 failed deploy)\n"
        "  rework rate       0 %  (0\xe2\x80\x93"
        "30 %, 0 of 9)\n");
}

TEST(without_deploys_nothing_is_said_to_be_0)
{
    const char *none = "{\"value\":null,\"low\":null,\"high\":null,\"n\":0}";
    const char *json = arena_printf(
        &kit_arena,
        "{\"service\":\"\",\"env\":\"production\",\"until\":1500000000,\"days\":7,\"deploys\":0,"
        "\"per_day\":{\"value\":0,\"low\":0,\"high\":0.5,\"n\":0},\"lead_s\":%s,\"fail\":%s,"
        "\"recovery_s\":%s,\"rework\":%s}",
        none, none, none, none);
    const char *text = text_of(json, true, false);
    EXPECT(strstr(text, "all services, production, 7 days"));
    EXPECT(strstr(text, "0 a day  (0\xe2\x80\x93"
                        "0.5, 0 deploys)\n"));
    EXPECT(strstr(text, "lead time         unknown: no deploys\n"));
    EXPECT(strstr(text, "change fail rate  unknown: no deploys\n"));
    EXPECT(strstr(text, "recovery time     unknown: no deploy failed\n"));
}

TEST(a_line_for_each_service)
{
    const char *json =
        arena_printf(&kit_arena, "{\"services\":[{\"service\":\"web/x\",%s}]}", nine);
    EXPECT_TEXT(text_of(json, false, false), "web/x\t9\t0.3\t\t0.1111\t1500\t0\n");
    const char *table = text_of(json, true, false);
    EXPECT(text_starts(table, "SERVICE "));
    EXPECT(strstr(table, "\nweb/x                           9        0.3          ?       11 %"
                         "         1     25m00s        0 %\n"));
    EXPECT(strstr(text_of("{\"services\":[]}", true, false), "no deploys"));
    EXPECT_TEXT(text_of("{\"services\":[]}", false, false), "");
}

TEST(what_is_no_answer_is_refused)
{
    static const char *const wrong[] = {"", "[]", "{}", "{\"per_day\":1}", "<html>"};
    const struct dora_text_look look = {.tz = tz_utc()};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        EXPECT(!dora_text(wrong[i], strlen(wrong[i]), &look, &out, &kit_err));
}

RUN_TESTS(test_of(five_lines_in_words), test_of(without_deploys_nothing_is_said_to_be_0),
          test_of(a_line_for_each_service), test_of(what_is_no_answer_is_refused))
