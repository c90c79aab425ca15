#include "cli/freeze_text.h"

#include "kit/kit.h"

#define NOW_MS INT64_C(1795356246250) /* 2026-11-22 14:04 UTC, a Sunday */

static const char *say(const char *json)
{
    struct can can;
    EXPECT_OK(freeze_text_can_read(json, strlen(json), &kit_arena, &can, &kit_err));
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    const struct freeze_look utc = {tz_utc(), NOW_MS};
    freeze_text_can_say(&can, &utc, &out);
    return arena_strdup(&kit_arena, buf_text(&out));
}

TEST(who_why_and_until_when)
{
    static const struct {
        const char *row, *json, *text;
    } rows[] = {
        {"today",
         "{\"can\":false,\"by\":\"ops\",\"msg\":\"db move\",\"id\":\"01K\",\"service\":\"db\","
         "\"since\":1795352646,\"until\":1795359600}",
         "db is frozen since 13:04 by ops until 15:00 (55m53s left): db move"},
        {"another day",
         "{\"can\":false,\"service\":\"\",\"by\":\"ops\",\"since\":1795197600,\"until\":"
         "1795417200}",
         "everything is frozen since Fri 20 Nov 18:00 by ops until Mon 23 Nov 07:00 (16h55m left)"},
        {"another year", "{\"can\":false,\"service\":\"x\",\"until\":1799000000}",
         "x is frozen until Sun  3 Jan 2027 18:13 (42d04h left)"},
        {"no end", "{\"can\":false,\"service\":\"x\"}", "x is frozen until thawed"},
        {"hostile", "{\"can\":false,\"service\":\"x\",\"msg\":\"\\u001b[2J\\n\"}",
         "x is frozen until thawed:  [2J "},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(say(r->json), r->text);
}

TEST(what_is_no_answer)
{
    static const char *const texts[] = {"", "[]", "{}", "{\"can\":1}", "<html>", "{\"can\":"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct can can;
        struct freeze_lines lines;
        kit_row(texts[i]);
        EXPECT(!freeze_text_can_read(texts[i], strlen(texts[i]), &kit_arena, &can, &kit_err));
        EXPECT_I64(freeze_text_read(texts[i], strlen(texts[i]), NULL, &kit_arena, &lines, &kit_err),
                   strcmp(texts[i], "[]") == 0);
    }
    kit_row(NULL);
}

TEST(a_list)
{
    static const char json[] =
        "{\"frozen\":[{\"id\":\"01KB1234ABCDEFGH\",\"service\":\"db\",\"env\":\"staging\","
        "\"by\":\"ops\",\"msg\":\"db\\tmove\",\"frozen\":true,\"from\":1795352646,\"until\":null},"
        "{\"id\":\"01KB\",\"service\":\"\",\"env\":\"production\",\"cron\":\"0 18 * * FRI\","
        "\"for\":\"62h\",\"frozen\":false,\"from\":1795802400,\"until\":1796025600}]}";
    struct freeze_lines lines;
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    const struct freeze_look utc = {tz_utc(), NOW_MS};
    EXPECT_OK(freeze_text_read(json, sizeof json - 1, "frozen", &kit_arena, &lines, &kit_err));
    freeze_text_say(&lines, &utc, &out);
    EXPECT_TEXT(buf_text(&out),
                "01KB1234AB  db@staging  FROZEN since 13:04 until thawed  ops: db move\n"
                "01KB  everything  from Fri 27 Nov 18:00 until Mon 30 Nov 08:00, "
                "each 0 18 * * FRI for 62h  ?\n");
    buf_clear(&out);
    freeze_text_rows(&lines, &out);
    EXPECT_TEXT(buf_text(&out),
                "2026-11-22T13:04:06Z\t\t01KB1234ABCDEFGH\tfrozen\tdb\tstaging\tops\t\t\tdb move\n"
                "2026-11-27T18:00:00Z\t2026-11-30T08:00:00Z\t01KB\tplanned\t\tproduction\t\t"
                "0 18 * * FRI\t62h\t\n");
}

RUN_TESTS(test_of(who_why_and_until_when), test_of(what_is_no_answer), test_of(a_list))
