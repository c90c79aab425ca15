#include "cli/impact_text.h"

#include "kit/kit.h"

/* An hour after 14:05:51: two moved, one did not. */
static const char recorded[] =
    "{\"id\":\"01KB1234ABCDEFGHJKMNPQRSTV\",\"change\":{\"id\":\"01KB1234ABCDEFGHJKMNPQRSTV\","
    "\"kind\":"
    "\"deploy\",\"service\":\"website\",\"rev\":\"4f2c1e9\",\"by\":\"nora\",\"msg\":\"fix "
    "\\u001blogin\","
    "\"start\":1763820246.0,\"end\":1763820351.0,\"status\":\"succeeded\"},\"stage\":\"live\","
    "\"state\":"
    "\"harm\",\"made\":1763820600.0,\"windows\":{\"before\":[1763816751,1763820351],\"after\":["
    "1763820351,1763820600]},\"checked\":42,\"revised\":0,\"moved\":[{\"metric\":\"php.warnings\","
    "\"direction\":\"up\",\"harm\":\"bad\",\"before\":1.2,\"after\":44.0,\"delta\":42.8,\"since\":"
    "1763820340,\"vital\":false,\"usual\":[0.5,2.5],\"p\":0.004,\"rank\":[1,280],\"share\":0.9,"
    "\"would_see\":null,\"spark\":[1.0,1.2,null,44.0],\"spark_change\":2},{\"metric\":\"logins."
    "ok\","
    "\"direction\":\"down\",\"harm\":\"bad\",\"before\":412,\"after\":284,\"delta\":-128,\"since\":"
    "1763820370,\"rank\":[1,280],\"spark\":[]}],\"unmoved\":[{\"metric\":\"checkout.ok\","
    "\"before\":100,"
    "\"after\":101,\"would_see\":4},{\"metric\":\"signups\",\"before\":0,\"after\":0,\"would_see\":"
    "3},{"
    "\"metric\":\"quiet\",\"before\":1,\"after\":1,\"would_see\":null}],\"nodata\":[\"search.p95\"]"
    ","
    "\"overlaps\":[\"01KB0000AB\"],\"reasons\":[\"A flag of checkout shares 8 minutes.\"],"
    "\"false_alarms_per_1000\":2.9,\"method\":\"1\",\"left\":651,\"every\":10}";

static struct judged read(const char *json)
{
    struct judged judged;
    EXPECT_OK(judged_read(json, strlen(json), &kit_arena, &judged, &kit_err));
    return judged;
}

static const char *taken(struct buf *out)
{
    const char *text = arena_strdup(&kit_arena, buf_text(out));
    buf_done(out);
    return text;
}

static const char *page(bool has_all, bool is_moved)
{
    struct buf out;
    buf_init(&out, 65536);
    const struct judged judged = read(recorded);
    const struct impact_look look = {
        .has_utf8 = true, .has_all = has_all, .is_moved = is_moved, .tz = tz_utc()};
    impact_text(&judged, &look, &kit_arena, &out);
    return taken(&out);
}

#define HEAD                                                                                       \
    "website 4f2c1e9 (nora, \"fix  login\")  2025-11-22 14:04:06 - 14:05:51  succeeded\n"          \
    "HARM, 2 of 42 moved, so far, 10m51s left\n"                                                   \
    "  MOVED         before   after  change   rank  since\n"                                       \
    "! php.warnings     1.2      44     x37  1/280  14:05:40  \xe2\x96\x81\xe2\x96\x81| "          \
    "\xe2\x96\x88\n"                                                                               \
    "! logins.ok        412     284    -31%  1/280  14:06:10\n"

TEST(the_page_says_what_moved_and_what_would_have_been_seen)
{
    EXPECT_TEXT(page(false, false),
                HEAD "  NOT MOVED  40 metrics; would have seen: checkout.ok 4%, signups +3\n"
                     "  NO DATA  search.p95\n"
                     "  OVERLAP  01KB0000AB: a change near it  (plumb show ID)\n"
                     "  A flag of checkout shares 8 minutes.\n"
                     "  Of 1,000 metrics that nothing happened to, 2.9 are told as moved, as last "
                     "measured here.\n");
    EXPECT_TEXT(page(false, true), HEAD);
    EXPECT(strstr(page(true, false), "  NOT MOVED    before   after  would have seen\n"
                                     "  checkout.ok     100     101  4%\n"
                                     "  signups           0       0  +3\n"
                                     "  quiet             1       1  ?\n"));
}

TEST(rows_have_every_number_whole)
{
    struct buf out;
    buf_init(&out, 65536);
    const struct judged judged = read(recorded);
    const struct impact_look look = {.tz = tz_utc()};
    impact_text_rows(&judged, &look, &out);
    EXPECT_TEXT(taken(&out),
                "moved\tphp.warnings\t1.2\t44.0\t42.8\t1\t280\t2025-11-22T14:05:40Z\t\n"
                "moved\tlogins.ok\t412.0\t284.0\t-128.0\t1\t280\t2025-11-22T14:06:10Z\t\n"
                "unmoved\tcheckout.ok\t100.0\t101.0\t\t\t\t\t4.0\n"
                "unmoved\tsignups\t0.0\t0.0\t\t\t\t\t3.0\n"
                "unmoved\tquiet\t1.0\t1.0\t\t\t\t\t\n");
}

TEST(two_changes_stand_beside_each_other)
{
    struct buf out;
    buf_init(&out, 65536);
    const char *mended =
        "{\"change\":{\"service\":\"website\",\"rev\":\"77aa01b\",\"kind\":\"deploy\",\"status\":"
        "\"succeeded\"},\"stage\":\"1h\",\"state\":\"improved\",\"checked\":2,\"revised\":1,"
        "\"moved\":[{"
        "\"metric\":\"php.warnings\",\"direction\":\"down\",\"before\":44,\"after\":1.1,\"delta\":-"
        "42.9}],"
        "\"unmoved\":[{\"metric\":\"checkout.ok\",\"before\":100,\"after\":100,\"would_see\":5}]}";
    const struct judged first = read(recorded), second = read(mended);
    const struct impact_look look = {.has_utf8 = true, .tz = tz_utc()};
    impact_text_diff(&first, &second, &look, &kit_arena, &out);
    EXPECT_TEXT(
        taken(&out),
        "A website 4f2c1e9 (nora, \"fix  login\")  2025-11-22 14:04:06 - 14:05:51  succeeded\n"
        "  HARM, 2 of 42 moved, so far, 10m51s left\n"
        "B website 77aa01b  succeeded\n"
        "  improved, 1 of 2 moved, after 1h, revised\n"
        "  php.warnings  1.2 -> 44  x37    44 -> 1.1  -98%\n"
        "  logins.ok     412 -> 284  -31%  -\n"
        "  3 more moved in neither  (--all)\n");
    buf_init(&out, 65536);
    impact_text_diff_rows(&first, &second, &kit_arena, &out);
    const char *rows = taken(&out);
    EXPECT(strstr(rows, "php.warnings\tmoved\t1.2\t44.0\t42.8\tmoved\t44.0\t1.1\t-42.9\n"));
    EXPECT(strstr(rows, "\nlogins.ok\tmoved\t412.0\t284.0\t-128.0\t\t\t\t\n"));
    EXPECT(strstr(rows, "\ncheckout.ok\tunmoved\t100.0\t101.0\t\tunmoved\t100.0\t100.0\t\n"));
}

TEST(what_is_no_answer_is_refused)
{
    static const char *const wrong[] = {
        "", "[]", "{}", "{\"state\":\"harm\"}", "<html>", "{\"state\":\"bad\",\"stage\":\"live\"}"};
    struct judged judged;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        EXPECT_ERR(judged_read(wrong[i], strlen(wrong[i]), &kit_arena, &judged, &kit_err),
                   ERR_INPUT, "the server's answer");
}

RUN_TESTS(test_of(the_page_says_what_moved_and_what_would_have_been_seen),
          test_of(rows_have_every_number_whole), test_of(two_changes_stand_beside_each_other),
          test_of(what_is_no_answer_is_refused))
