#include "cli/ingest_ics.h"

#include "kit/kit.h"
#include "os/zone.h"

/* 2026-11-22 12:00 UTC, a Sunday. */
#define NOW_MS (INT64_C(1795348800) * 1000)

static struct ingest_ics got;

static bool read_all(const char *text)
{
    const struct ingest_ics_options options = {.now_ms = NOW_MS,
                                               .kind = CHANGE_FREEZE,
                                               .service = "",
                                               .env = "",
                                               .tz = zone_find("Europe/Berlin"),
                                               .zone_find = zone_find};
    return ingest_ics_read(str_of(text), &options, &kit_arena, &got, &kit_err);
}

static bool read(const char *lines)
{
    return read_all(arena_printf(&kit_arena,
                                 "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:u1\r\n"
                                 "SUMMARY:Freeze\r\n%sEND:VEVENT\r\nEND:VCALENDAR\r\n",
                                 lines));
}

static const char *time_text(int64_t ms)
{
    char text[40];
    tz_format(tz_utc(), ms / 1000, "%m-%dT%H:%M", text, sizeof text);
    return arena_strdup(&kit_arena, text);
}

/* "start..end " of each, in UTC. */
static const char *told(void)
{
    const char *text = "";
    for (size_t i = 0; i < got.changes.n; i++)
        text = arena_printf(&kit_arena, "%s%s..%s ", text, time_text(got.changes.items[i].start_ms),
                            time_text(got.changes.items[i].end_ms));
    return text;
}

TEST(times_of_every_form_are_read)
{
    static const struct {
        const char *row, *lines, *told;
    } rows[] = {
        {"UTC", "DTSTART:20261224T180000Z\r\nDTEND:20261227T060000Z\r\n",
         "12-24T18:00..12-27T06:00 "},
        {"a zone", "DTSTART;TZID=America/New_York:20261224T180000\r\nDURATION:PT1H30M\r\n",
         "12-24T23:00..12-25T00:30 "},
        {"a vendor's zone", "DTSTART;TZID=\"/x.org/Olson_1/Europe/Berlin\":20261224T180000\r\n",
         "12-24T17:00..12-24T17:00 "},
        {"floating", "DTSTART:20261224T180000\r\nDTEND:20261224T190000\r\n",
         "12-24T17:00..12-24T18:00 "},
        {"days", "DTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227\r\n",
         "12-23T23:00..12-26T23:00 "},
        {"a day", "DTSTART;VALUE=DATE:20261224\r\n", "12-23T23:00..12-24T23:00 "},
        {"under way", "DTSTART:20261101T180000Z\r\nDTEND:20261122T130000Z\r\n",
         "11-01T18:00..11-22T13:00 "},
        {"over", "DTSTART:20261101T180000Z\r\nDTEND:20261122T120000Z\r\n", ""},
        {"an alarm's lines are not the event's",
         "BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nDTSTART:20200101T000000Z\r\nEND:VALARM\r\n"
         "DTSTART:20261224T180000Z\r\n",
         "12-24T18:00..12-24T18:00 "},
        {"a folded line", "DTSTART:20261224T1\r\n 80000Z\r\n", "12-24T18:00..12-24T18:00 "},
    };
    EACH_ROW (rows, r) {
        EXPECT_OK(read(r->lines));
        EXPECT_TEXT(told(), r->told);
        EXPECT_I64(got.n_notes, 0);
    }
}

TEST(an_event_is_a_planned_change)
{
    EXPECT_OK(read_all("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u2@x\nSUMMARY:No deploys\\, please\\n: "
                       "xmas\nURL:https://x.org/f\nDTSTART:20261224T180000Z\nEND:VEVENT\n"
                       "BEGIN:VEVENT\nUID:u3\nSTATUS:CANCELLED\nDTSTART:20261224T180000Z\n"
                       "END:VEVENT\nEND:VCALENDAR"));
    EXPECT_I64(got.changes.n, 2);
    const struct change *change = &got.changes.items[0];
    EXPECT_I64(change->kind, CHANGE_FREEZE);
    EXPECT_I64(change->status, STATUS_PLANNED);
    EXPECT_TEXT(change->key, "ics:u2@x");
    EXPECT_TEXT(change->msg, "No deploys, please : xmas");
    EXPECT_TEXT(change->url, "https://x.org/f");
    EXPECT_I64(got.changes.items[1].status, STATUS_CANCELLED);
}

TEST(what_comes_again_is_told_for_ninety_days)
{
    static const struct {
        const char *row, *lines, *told;
    } rows[] = {
        {"weekends since long ago",
         "DTSTART;TZID=Europe/Berlin:20200103T180000\r\nDTEND;TZID=Europe/"
         "Berlin:20200106T060000\r\n"
         "RRULE:FREQ=WEEKLY;UNTIL=20261206T000000Z\r\n",
         "11-20T17:00..11-23T05:00 11-27T17:00..11-30T05:00 12-04T17:00..12-07T05:00 "},
        {"a count counts from the first",
         "DTSTART:20261120T180000Z\r\nDTEND:20261120T190000Z\r\nRRULE:FREQ=DAILY;COUNT=4\r\n",
         "11-22T18:00..11-22T19:00 11-23T18:00..11-23T19:00 "},
        {"one is left out",
         "DTSTART:20261123T180000Z\r\nRRULE:FREQ=DAILY;COUNT=3\r\nEXDATE:20261124T180000Z\r\n",
         "11-23T18:00..11-23T18:00 11-25T18:00..11-25T18:00 "},
        {"its hours stay over a change of the clocks",
         "DTSTART;TZID=America/Havana:20261024T230000\r\nDURATION:PT12H\r\nRRULE:FREQ=WEEKLY;"
         "UNTIL=20261129\r\n",
         "11-22T04:00..11-22T16:00 11-29T04:00..11-29T16:00 "},
    };
    EACH_ROW (rows, r) {
        EXPECT_OK(read(r->lines));
        EXPECT_TEXT(told(), r->told);
    }
    EXPECT_OK(read("DTSTART:20260101T180000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\n"));
    EXPECT_I64(got.changes.n, INGEST_ICS_DAYS);
    EXPECT_TEXT(got.changes.items[0].key, "ics:u1:1795370400");
}

TEST(one_of_several_may_be_moved)
{
    EXPECT_OK(read_all("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART:20261123T180000Z\n"
                       "RRULE:FREQ=DAILY;COUNT=2\nEND:VEVENT\nBEGIN:VEVENT\nUID:u\n"
                       "RECURRENCE-ID:20261124T180000Z\nDTSTART:20261124T200000Z\nEND:VEVENT\n"
                       "END:VCALENDAR\n"));
    EXPECT_TEXT(told(), "11-23T18:00..11-23T18:00 11-24T20:00..11-24T20:00 ");
    EXPECT_TEXT(got.changes.items[1].key, "ics:u:1795543200");
}

TEST(what_is_not_understood_is_named)
{
    static const struct {
        const char *row, *lines, *part;
        size_t n;
    } rows[] = {
        {"a monthly rule", "DTSTART:20261224T180000Z\r\nRRULE:FREQ=MONTHLY\r\n",
         "'Freeze': RRULE 'FREQ=MONTHLY' is not understood; only its first time is told", 1},
        {"an unknown zone", "DTSTART;TZID=Customized Time Zone:20261224T180000\r\n",
         "'DTSTART;TZID=Customized Time Zone:20261224T180000' is not understood", 0},
        {"extra dates", "DTSTART:20261224T180000Z\r\nRDATE:20261225T180000Z\r\n", "RDATE", 1},
        {"no start", "", "no start", 0},
        {"ends before it starts", "DTSTART:20261224T180000Z\r\nDTEND:20261223T180000Z\r\n",
         "no end that fits", 0},
    };
    EACH_ROW (rows, r) {
        EXPECT_OK(read(r->lines));
        EXPECT(got.n_notes >= 1);
        EXPECT(got.n_notes && strstr(got.notes[0], r->part) != NULL);
        EXPECT_I64(got.changes.n, r->n);
    }
    EXPECT_ERR(read_all("<html>"), ERR_INPUT, "BEGIN:VCALENDAR");
}

RUN_TESTS(test_of(times_of_every_form_are_read), test_of(an_event_is_a_planned_change),
          test_of(what_comes_again_is_told_for_ninety_days), test_of(one_of_several_may_be_moved),
          test_of(what_is_not_understood_is_named))
