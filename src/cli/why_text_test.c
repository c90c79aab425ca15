#include "cli/why_text.h"

#include "base/str.h"

#include "kit/kit.h"

#define SUSPECT(id, kind, service, score, reasons)                                                 \
    "{\"change\":{\"id\":\"" id "ABCDEFGHJKMNPQ\",\"kind\":\"" kind "\",\"service\":\"" service    \
    "\",\"rev\":\"4f2c1e9\",\"by\":\"no\\u001bra\",\"start\":1763820246.0},\"score\":" score       \
    ",\"reasons\":[" reasons "]}"
#define MOVED                                                                                      \
    "{\"metric\":\"logins.ok\",\"at\":1763820600,\"data\":true,\"moved\":true,\"direction\":"      \
    "\"down\","                                                                                    \
    "\"onset\":1763820370.0,\"over\":null,\"before\":412.0,\"after\":284.0,\"delta\":-128.0,"      \
    "\"rank\":[1,280],\"usual\":[395.0,430.0],"
#define LINE                                                                                       \
    "logins.ok fell 31% at 14:06:10 (412 -> 284), and stays there. Usual at this time 395..430. "  \
    "As odd in 1 of 280 quiet times.\n"

static const char *said(const char *json, bool is_tty)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 65536);
    const struct why_look look = {.is_tty = is_tty, .tz = tz_utc(), .window_s = 2700};
    EXPECT_OK(why_text(json, strlen(json), &look, &kit_arena, &out, &kit_err));
    return arena_strdup(&kit_arena, buf_text(&out));
}

static const char two[] = MOVED "\"suspects\":[" SUSPECT(
    "01KB1234AB", "deploy", "website", "0.86",
    "{\"code\":\"ends_before\",\"value\":20},{\"code\":\"history\","
    "\"value\":[3,9]},{\"code\":\"same_service\",\"value\":true}") "," SUSPECT("01KB0000AB", "flag",
                                                                               "checkout", "0.05",
                                                                               "{\"code\":\"starts_"
                                                                               "before\",\"value\":"
                                                                               "480},{\"code\":"
                                                                               "\"others_moved\","
                                                                               "\"value\":[0,12]},{"
                                                                               "\"code\":"
                                                                               "\"new\\u001bcode\""
                                                                               "}") "],\"none\":0."
                                                                                    "09,\"none_in_"
                                                                                    "window\":"
                                                                                    "false,"
                                                                                    "\"missing\":["
                                                                                    "\"No data "
                                                                                    "of "
                                                                                    "cache-3.\"]}";

TEST(the_suspects_and_their_reasons)
{
    EXPECT_TEXT(said(two, true), LINE
                "\n"
                "   86%  01KB1234AB  deploy    website             4f2c1e9    no ra     "
                "14:04:06  ends 20s before; moved it in 3 of 9 earlier ones; of that service\n"
                "    5%  01KB0000AB  flag      checkout            4f2c1e9    no ra     "
                "14:04:06  begins 8m00s before; with it moved 0 of 12 metrics of its service; "
                "new code\n"
                "    9%  none of them\n"
                "Not looked at: No data of cache-3.\n"
                "Next: plumb show 01KB1234AB | plumb rollback website | plumb graph 'logins.ok' "
                "--since 2h\n");
}

TEST(none_of_our_changes_is_an_answer)
{
    EXPECT_TEXT(
        said(MOVED "\"suspects\":[],\"none\":1.0,\"none_in_window\":true,\"missing\":[]}", true),
        LINE "None of our changes: nothing that we know of changed in the 45 minutes before.\n"
             "Next: plumb graph 'logins.ok' --since 2h\n");
    EXPECT_TEXT(said(MOVED "\"suspects\":[],\"none\":1.0,\"changes\":2,\"missing\":[]}", true),
                LINE "None of our changes: of 2 in the 45 minutes before none began when it did.\n"
                     "Next: plumb graph 'logins.ok' --since 2h\n");
    const char *far = said(MOVED "\"suspects\":[" SUSPECT("01KB1234AB", "deploy", "website", "0.1",
                                                          "") "],\"none\":0.9,\"missing\":[]}",
                           true);
    EXPECT(strstr(far, "None of our changes is likely to have done it. The nearest are:\n"));
    EXPECT(!strstr(far, "plumb rollback"));
}

TEST(what_did_not_move_and_what_cannot_be_said)
{
    EXPECT_TEXT(
        said("{\"metric\":\"a.b\",\"at\":1763820600,\"data\":true,\"moved\":false,\"suspects\":[],"
             "\"usual\":[1,2]}",
             true),
        "a.b did not move around 14:10:00. Usual at this time 1..2.\n"
        "Next: plumb graph 'a.b' --since 2h\n");
    EXPECT(strstr(said("{\"metric\":\"a.b\",\"data\":false,\"moved\":false,\"suspects\":[]}", true),
                  "a.b has not enough data around that time"));
    EXPECT(strstr(
        said("{\"metric\":\"a\",\"data\":true,\"moved\":true,\"direction\":\"up\",\"onset\":"
             "1763820370,\"over\":1763820600,\"before\":0,\"after\":44,\"delta\":44,\"suspects\":"
             "[]}",
             true),
        "a rose from 0 to 44 at 14:06:10 (0 -> 44), until 14:10:00.\n"));
}

TEST(rows_for_programs)
{
    EXPECT_TEXT(
        said(two, false),
        "0.86\t01KB1234ABABCDEFGHJKMNPQ\tdeploy\twebsite\t4f2c1e9\tno ra\t2025-11-22T14:04:06Z\t"
        "ends 20s before; moved it in 3 of 9 earlier ones; of that service\n"
        "0.05\t01KB0000ABABCDEFGHJKMNPQ\tflag\tcheckout\t4f2c1e9\tno ra\t2025-11-22T14:04:06Z\t"
        "begins 8m00s before; with it moved 0 of 12 metrics of its service; new code\n"
        "0.09\tnone\t\t\t\t\t\t\n");
}

TEST(what_is_no_answer_is_refused)
{
    static const char *const wrong[] = {"", "[]", "{}", "{\"moved\":1,\"suspects\":[]}", "<html>"};
    const struct why_look look = {.tz = tz_utc()};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        EXPECT_ERR(why_text(wrong[i], strlen(wrong[i]), &look, &kit_arena, &out, &kit_err),
                   ERR_INPUT, "does not say why");
}

RUN_TESTS(test_of(the_suspects_and_their_reasons), test_of(none_of_our_changes_is_an_answer),
          test_of(what_did_not_move_and_what_cannot_be_said), test_of(rows_for_programs),
          test_of(what_is_no_answer_is_refused))
