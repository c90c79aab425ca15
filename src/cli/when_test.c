#include "cli/when.h"

#include "os/zone.h"

#include "kit/kit.h"

/* Sunday 2026-11-22 14:10:00 UTC */
#define NOW_MS INT64_C(1795356600000)
#define S      INT64_C(1000)
#define M      (60 * S)
#define H      (60 * M)
#define D      (24 * H)

static int64_t parse(const char *text, const struct tz *tz)
{
    const struct when_now now = {NOW_MS, tz};
    int64_t ms = -1;
    EXPECT_OK(when_parse(text, &now, &ms, &kit_err));
    return ms;
}

TEST(reads_times_that_people_type)
{
    static const struct {
        const char *row, *text;
        int64_t ms;
    } rows[] = {
        {"now", "now", NOW_MS},
        {"minutes ago", "10m", NOW_MS - 10 * M},
        {"seconds", "90s", NOW_MS - 90 * S},
        {"hours", "2h", NOW_MS - 2 * H},
        {"days", "3d", NOW_MS - 3 * D},
        {"weeks", "1w", NOW_MS - 7 * D},
        {"words", "10min", NOW_MS - 10 * M},
        {"plural", "24hours", NOW_MS - D},
        {"with a blank", "2 days", NOW_MS - 2 * D},
        {"compound", "1h30m", NOW_MS - 90 * M},
        {"compound with a blank", "1d 2h", NOW_MS - 26 * H},
        {"Graphite's", "-6h", NOW_MS - 6 * H},
        {"ago", "5m ago", NOW_MS - 5 * M},
        {"zero", "0s", NOW_MS},
        {"clock", "14:05", NOW_MS - 5 * M},
        {"clock with seconds", "14:05:30", NOW_MS - 4 * M - 30 * S},
        {"clock with a fraction", "14:05:30.5", NOW_MS - 4 * M - 30 * S + 500},
        {"one digit", "9:00", NOW_MS - 5 * H - 10 * M},
        {"a little ahead is today", "14:15", NOW_MS + 5 * M},
        {"further ahead was yesterday", "14:16", NOW_MS + 6 * M - D},
        {"late yesterday", "23:50", NOW_MS + 9 * H + 40 * M - D},
        {"today", "today", NOW_MS - 14 * H - 10 * M},
        {"yesterday", "yesterday", NOW_MS - 14 * H - 10 * M - D},
        {"date", "2026-11-22", NOW_MS - 14 * H - 10 * M},
        {"date and time", "2026-11-22T14:05", NOW_MS - 5 * M},
        {"with a blank", "2026-11-22 14:05", NOW_MS - 5 * M},
        {"UTC", "2026-11-22T14:05Z", NOW_MS - 5 * M},
        {"east", "2026-11-22T15:05+01:00", NOW_MS - 5 * M},
        {"east without a colon", "2026-11-22T15:05+0100", NOW_MS - 5 * M},
        {"east, hours only", "2026-11-22T15:05+01", NOW_MS - 5 * M},
        {"west", "2026-11-22T09:35:00-04:30", NOW_MS - 5 * M},
        {"milliseconds", "2026-11-22T14:05:00.123Z", NOW_MS - 5 * M + 123},
        {"microseconds are cut", "2026-11-22T14:05:00.123999Z", NOW_MS - 5 * M + 123},
        {"tenths", "2026-11-22T14:05:00.1Z", NOW_MS - 5 * M + 100},
        {"midnight's other name", "2026-11-21T24:00Z", NOW_MS - 14 * H - 10 * M},
        {"leap day", "2024-02-29T00:00Z", INT64_C(1709164800000)},
        {"unix seconds", "1763837886", INT64_C(1763837886000)},
        {"unix seconds with a point", "1763837886.25", INT64_C(1763837886250)},
        {"unix milliseconds", "1763837886250", INT64_C(1763837886250)},
        {"early unix seconds", "946684800", INT64_C(946684800000)},
    };
    EACH_ROW (rows, r)
        EXPECT_I64(parse(r->text, tz_utc()), r->ms);
}

TEST(times_without_a_zone_are_local)
{
    const struct tz *berlin = zone_find("Europe/Berlin"); /* 15:10 there */
    EXPECT(berlin != NULL);
    static const struct {
        const char *row, *text;
        int64_t ms;
    } rows[] = {
        {"clock", "15:05", NOW_MS - 5 * M},
        {"clock of yesterday", "16:00", NOW_MS + 50 * M - D},
        {"today", "today", NOW_MS - 15 * H - 10 * M},
        {"date", "2026-11-22T15:05", NOW_MS - 5 * M},
        {"in summer time", "2026-07-01T12:00", INT64_C(1782900000000)},
        {"zone given", "2026-11-22T14:05Z", NOW_MS - 5 * M},
        {"relative", "1h", NOW_MS - H},
    };
    EACH_ROW (rows, r)
        EXPECT_I64(parse(r->text, berlin), r->ms);
}

TEST(refuses_what_is_no_time)
{
    static const struct {
        const char *row, *text;
    } rows[] = {
        {"empty", ""},
        {"a word", "noon"},
        {"no unit", "10"},
        {"no number", "m"},
        {"unknown unit", "10y"},
        {"only a minus", "-"},
        {"minutes past 59", "14:60"},
        {"hours past 24", "25:00"},
        {"after midnight's other name", "24:01"},
        {"half a clock", "14:"},
        {"three digits", "14:005"},
        {"month 13", "2026-13-01"},
        {"day 0", "2026-01-00"},
        {"30 February", "2026-02-30"},
        {"29 February of a common year", "2026-02-29"},
        {"date and rubbish", "2026-11-22x"},
        {"T without a time", "2026-11-22T"},
        {"zone too far", "2026-11-22T14:05+16:00"},
        {"zone cut", "2026-11-22T14:05+1"},
        {"rubbish behind", "14:05 o'clock"},
        {"eight digits", "20261122"},
        {"before 2000", "946684799"},
        {"after 2106", "4294967296"},
        {"ages ago", "999999999w"},
        {"nanoseconds", "1763837886250000000"},
        {"exponent", "1e9"},
        {"hex", "0x5f5e1000"},
        {"very long", "1111111111111111111111111111111111111111111111111111111111111111111111111"},
    };
    EACH_ROW (rows, r) {
        const struct when_now now = {NOW_MS, tz_utc()};
        int64_t ms = -1;
        EXPECT_ERR(when_parse(r->text, &now, &ms, &kit_err), ERR_INPUT, "");
        EXPECT_I64(ms, -1);
    }
}

TEST(every_second_survives_being_written)
{
    for (int i = 0; i < 2000; i++) {
        const int64_t at_s = 946684800 + (int64_t)kit_random_below(3000000000U);
        char text[64];
        tz_format(tz_utc(), at_s, "%Y-%m-%dT%H:%M:%SZ", text, sizeof text);
        EXPECT_I64(parse(text, tz_utc()), at_s * 1000);
    }
}

TEST(times_that_are_to_come)
{
    static const struct {
        const char *row, *text;
        int64_t ahead_s; /* after NOW_MS; 0: some time; -1: refused */
    } rows[] = {
        {"later today", "18:00", 0}, {"two hours", "2h", 7200},  {"a week", "1w", 604800},
        {"ago", "2h ago", -1},       {"minus", "-2h", -1},       {"yesterday", "yesterday", -1},
        {"now", "now", -1},          {"over", "2026-11-01", -1}, {"nonsense", "soonish", -1},
        {"a date", "2100-01-01", 0},
    };
    const struct when_now now = {NOW_MS, tz_utc()};
    EACH_ROW (rows, r) {
        int64_t ms = -1;
        EXPECT_I64(when_parse_ahead(r->text, &now, &ms, &kit_err), r->ahead_s >= 0);
        if (r->ahead_s > 0)
            EXPECT_I64(ms, NOW_MS + r->ahead_s * 1000);
        if (r->ahead_s == 0)
            EXPECT(ms > NOW_MS);
    }
    /* The clock: within a day, and on the minute that was said. */
    for (int hour = 0; hour < 24; hour++) {
        int64_t ms = -1;
        EXPECT_OK(when_parse_ahead(arena_printf(&kit_arena, "%d:07", hour), &now, &ms, &kit_err));
        const struct civil civil = tz_civil(tz_utc(), ms / 1000);
        EXPECT_I64(civil.hour, hour);
        EXPECT_I64(civil.minute, 7);
        EXPECT(ms > NOW_MS && ms <= NOW_MS + 86400000);
    }
}

RUN_TESTS(test_of(times_that_are_to_come), test_of(reads_times_that_people_type),
          test_of(times_without_a_zone_are_local), test_of(refuses_what_is_no_time),
          test_of(every_second_survives_being_written))
