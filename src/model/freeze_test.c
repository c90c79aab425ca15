#include "model/freeze.h"

#include <stdio.h>

#include "kit/kit.h"

static struct tz *berlin;

static void open_berlin(void)
{
    static unsigned char bytes[65536];
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
    EXPECT(file != NULL);
    const size_t n = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file)
        fclose(file);
    EXPECT_OK(tz_parse("Europe/Berlin", bytes, n, &berlin, &kit_err));
}

/* "2026-11-27 18:00" there, in ms; "" is 0. */
static int64_t at(const struct tz *tz, const char *text)
{
    struct civil c = {0};
    if (!text[0])
        return 0;
    /* NOLINTNEXTLINE(cert-err34-c): rows of this file */
    EXPECT_I64(sscanf(text, "%d-%d-%d %d:%d", &c.year, &c.month, &c.day, &c.hour, &c.minute), 5);
    return tz_instant(tz, &c) * 1000;
}

static struct change rule(const char *cron, const char *lasts)
{
    struct change change = change_blank();
    change.kind = CHANGE_FREEZE;
    change.env = "production";
    change.tags = arena_array(&kit_arena, 2, struct tag);
    if (cron)
        change.tags[change.n_tags++] = (struct tag){FREEZE_CRON, cron};
    if (lasts)
        change.tags[change.n_tags++] = (struct tag){FREEZE_FOR, lasts};
    return change;
}

TEST(what_cron_takes)
{
    static const struct {
        const char *row, *text;
        bool is_ok;
        uint64_t minutes;
        uint32_t hours, days, months, weekdays;
    } rows[] = {
        {"Fridays", "0 18 * * FRI", true, 1, 1 << 18, 0xFFFFFFFE, 0x1FFE, 1 << 5},
        {"names in any case, ranges", "5 0 1 jan-Mar mon-WED", true, 1 << 5, 1, 1 << 1, 0xE, 0xE},
        {"Sunday is 7 too", "0 0 * * 5-7", true, 1, 1, 0xFFFFFFFE, 0x1FFE, 0x61},
        {"steps", "*/20 8/6 * * *", true, 1 | 1 << 20 | UINT64_C(1) << 40,
         1 << 8 | 1 << 14 | 1 << 20, 0xFFFFFFFE, 0x1FFE, 0x7F},
        {"lists", "0,30 9-17/4 1,15,31 * *", true, 1 | 1 << 30, 1 << 9 | 1 << 13 | 1 << 17,
         0x80008002, 0x1FFE, 0x7F},
        {"blanks around", "  0\t18 * *  0 ", true, 1, 1 << 18, 0xFFFFFFFE, 0x1FFE, 1},
        {"four fields", "0 18 * *", false, 0, 0, 0, 0, 0},
        {"six fields", "0 0 18 * * FRI", false, 0, 0, 0, 0, 0},
        {"nothing", "", false, 0, 0, 0, 0, 0},
        {"minute 60", "60 18 * * *", false, 0, 0, 0, 0, 0},
        {"day 0", "0 18 0 * *", false, 0, 0, 0, 0, 0},
        {"month 13", "0 18 * 13 *", false, 0, 0, 0, 0, 0},
        {"weekday 8", "0 18 * * 8", false, 0, 0, 0, 0, 0},
        {"backwards", "0 18-9 * * *", false, 0, 0, 0, 0, 0},
        {"step 0", "*/0 * * * *", false, 0, 0, 0, 0, 0},
        {"an empty part", "1,,2 * * * *", false, 0, 0, 0, 0, 0},
        {"a name of another field", "0 18 * FRI *", false, 0, 0, 0, 0, 0},
        {"letters", "x 18 * * *", false, 0, 0, 0, 0, 0},
        {"signs", "-1 18 * * *", false, 0, 0, 0, 0, 0},
    };
    EACH_ROW (rows, r) {
        struct freeze_cron got;
        const bool is_ok = freeze_cron_parse(r->text, &got, &kit_err);
        EXPECT_I64(is_ok, r->is_ok);
        if (!is_ok) {
            EXPECT_I64(kit_err.kind, ERR_INPUT);
            EXPECT(kit_err.hint[0] != '\0');
            continue;
        }
        EXPECT(got.minutes == r->minutes);
        EXPECT_I64(got.hours, r->hours);
        EXPECT_I64(got.days, r->days);
        EXPECT_I64(got.months, r->months);
        EXPECT_I64(got.weekdays, r->weekdays);
    }
}

TEST(how_long)
{
    static const struct {
        const char *row, *text;
        int64_t minutes; /* 0: refused */
    } rows[] = {
        {"hours", "62h", 62 * 60},
        {"minutes", "90m", 90},
        {"both", "1h30m", 90},
        {"days", "2d", 2880},
        {"a week", "1w", 10080},
        {"seconds", "120s", 2},
        {"nothing", "", 0},
        {"no unit", "62", 0},
        {"no number", "h", 0},
        {"too short", "59s", 0},
        {"a year", "366d", 527040},
        {"too long", "367d", 0},
        {"far too long", "999999999w", 0},
        {"ten digits", "0000000001h", 0},
        {"a sign", "-1h", 0},
        {"a blank", "1 h", 0},
    };
    EACH_ROW (rows, r) {
        int64_t ms = 0;
        EXPECT_I64(freeze_for_parse(r->text, &ms, &kit_err), r->minutes > 0);
        EXPECT_I64(ms, r->minutes * 60000);
    }
}

TEST(windows_of_a_rule)
{
    static const struct {
        const char *row, *cron, *lasts, *now;
        const char *begin, *end; /* around now; "": outside */
        const char *next, *next_end;
    } rows[] = {
        /* 2026-11-27 is a Friday; Berlin has winter time. */
        {"before the weekend", "0 18 * * FRI", "62h", "2026-11-27 17:59", "", "",
         "2026-11-27 18:00", "2026-11-30 08:00"},
        {"its first minute", "0 18 * * FRI", "62h", "2026-11-27 18:00", "2026-11-27 18:00",
         "2026-11-30 08:00", "2026-12-04 18:00", "2026-12-07 08:00"},
        {"its last minute", "0 18 * * FRI", "62h", "2026-11-30 07:59", "2026-11-27 18:00",
         "2026-11-30 08:00", "2026-12-04 18:00", "2026-12-07 08:00"},
        {"Monday morning", "0 18 * * FRI", "62h", "2026-11-30 08:00", "", "", "2026-12-04 18:00",
         "2026-12-07 08:00"},
        {"day or weekday, as cron has it", "0 0 13 * FRI", "1d", "2026-12-12 12:00", "", "",
         "2026-12-13 00:00", "2026-12-14 00:00"},
        {"the turn of the year", "0 0 24 DEC *", "10d", "2027-01-02 23:59", "2026-12-24 00:00",
         "2027-01-03 00:00", "2027-12-24 00:00", "2028-01-03 00:00"},
        {"29 February", "0 0 29 2 *", "1d", "2026-06-01 00:00", "", "", "2028-02-29 00:00",
         "2028-03-01 00:00"},
        {"windows that meet are one", "0 0,12 * * MON,TUE", "12h", "2026-11-30 13:00",
         "2026-11-30 12:00", "2026-12-02 00:00", "2026-12-01 00:00", "2026-12-02 00:00"},
        /* Clocks go forward on 2027-03-28 at 02:00, and back on 2026-10-25 at 03:00. */
        {"skipped, it begins all the same", "30 2 * * *", "30m", "2027-03-28 01:00", "", "",
         "2027-03-28 03:30", "2027-03-28 04:00"},
        {"hours are hours when clocks go forward", "0 22 * * SAT", "8h", "2027-03-28 06:30",
         "2027-03-27 22:00", "2027-03-28 07:00", "2027-04-03 22:00", "2027-04-04 06:00"},
        {"and when they go back", "0 22 * * SAT", "8h", "2026-10-25 04:59", "2026-10-24 22:00",
         "2026-10-25 05:00", "2026-10-31 22:00", "2026-11-01 06:00"},
        {"18:00 is 18:00 in summer", "0 18 * * *", "1h", "2026-07-01 18:30", "2026-07-01 18:00",
         "2026-07-01 19:00", "2026-07-02 18:00", "2026-07-02 19:00"},
    };
    open_berlin();
    EACH_ROW (rows, r) {
        const struct change change = rule(r->cron, r->lasts);
        struct freeze freeze;
        struct freeze_window around = {0}, next = {0};
        EXPECT_OK(freeze_of(&change, berlin, &freeze, &kit_err));
        const int64_t now_ms = at(berlin, r->now);
        EXPECT_I64(freeze_window_at(&freeze, now_ms, &around), r->begin[0] != '\0');
        EXPECT_I64(around.begin_ms, at(berlin, r->begin));
        EXPECT_I64(around.end_ms, at(berlin, r->end));
        EXPECT(freeze_window_next(&freeze, now_ms, &next));
        EXPECT_I64(next.begin_ms, at(berlin, r->next));
        EXPECT_I64(next.end_ms, at(berlin, r->next_end));
    }
    tz_free(berlin);
}

TEST(a_day_that_never_comes)
{
    const struct change change = rule("0 0 30 2 *", "1h");
    struct freeze freeze;
    struct freeze_window window;
    EXPECT_OK(freeze_of(&change, tz_utc(), &freeze, &kit_err));
    EXPECT(!freeze_window_next(&freeze, INT64_C(1795356246250), &window));
    EXPECT(!freeze_window_at(&freeze, INT64_C(1795356246250), &window));
}

TEST(every_minute_is_always)
{
    const int64_t now_ms = INT64_C(1795356246250);
    struct change change = rule("* * * * *", "2h");
    change.end_ms = now_ms + 90000000;
    struct freeze freeze;
    struct freeze_window window;
    EXPECT_OK(freeze_of(&change, tz_utc(), &freeze, &kit_err));
    EXPECT(freeze_window_at(&freeze, now_ms, &window));
    EXPECT_I64(window.end_ms, change.end_ms);
}

TEST(a_span_and_the_rule_within_a_span)
{
    static const struct {
        const char *row, *cron;
        int64_t start, end, now;
        int64_t begin, until; /* around now; -1: outside */
        int64_t next;         /* -1: none */
    } rows[] = {
        {"open", NULL, 1000, 0, 5000, 1000, 0, -1},
        {"not yet", NULL, 1000, 0, 999, -1, -1, 1000},
        {"until then", NULL, 1000, 9000, 8999, 1000, 9000, -1},
        {"over", NULL, 1000, 9000, 9000, -1, -1, -1},
        {"a moment freezes nothing", NULL, 1000, 1000, 1000, -1, -1, -1},
        {"nor does one that is to come", NULL, 1000, 1000, 0, -1, -1, -1},
        /* In seconds: the hour 3600..5400 of each day. */
        {"made within a window", "0 1 * * *", 4000000, 0, 5000000, 4000000, 5400000, 90000000},
        {"made after it", "0 1 * * *", 6000000, 0, 6000000, -1, -1, 90000000},
        {"over within a window", "0 1 * * *", 0, 5000000, 4000000, 3600000, 5000000, -1},
        {"before it is made", "0 1 * * *", 4000000, 0, 3999999, -1, -1, 90000000},
    };
    EACH_ROW (rows, r) {
        struct change change = rule(r->cron, r->cron ? "30m" : NULL);
        change.start_ms = r->start;
        change.end_ms = r->end;
        struct freeze freeze;
        struct freeze_window around = {-1, -1}, next = {-1, -1};
        EXPECT_OK(freeze_of(&change, tz_utc(), &freeze, &kit_err));
        EXPECT_I64(freeze_window_at(&freeze, r->now, &around), r->begin >= 0);
        EXPECT_I64(around.begin_ms, r->begin);
        EXPECT_I64(around.end_ms, r->until);
        EXPECT_I64(freeze_window_next(&freeze, r->now, &next), r->next >= 0);
        EXPECT_I64(next.begin_ms, r->next);
    }
}

TEST(bad_tags_are_told)
{
    const struct change endless = rule("0 18 * * FRI", NULL), odd = rule("0 18 * *", "1h"),
                        empty = rule("0 18 * * *", "soon");
    struct freeze freeze;
    EXPECT(!freeze_of(&endless, tz_utc(), &freeze, &kit_err));
    EXPECT(strstr(kit_err.hint, "for="));
    EXPECT(!freeze_of(&odd, tz_utc(), &freeze, &kit_err));
    EXPECT(!freeze_of(&empty, tz_utc(), &freeze, &kit_err));
}

TEST(whom_it_concerns)
{
    static const struct {
        const char *row, *freeze, *freeze_env, *service, *env;
        bool concerns;
    } rows[] = {
        {"itself", "web", "production", "web", "production", true},
        {"a part of it", "web", "production", "web/checkout", "production", true},
        {"the whole of it", "web/checkout", "production", "web", "production", false},
        {"a namesake", "web", "production", "website", "production", false},
        {"everybody", "", "production", "web", "production", true},
        {"elsewhere", "web", "staging", "web", "production", false},
        {"everywhere", "web", "*", "web", "staging", true},
        {"nobody in particular", "web", "production", "", "production", false},
        {"all and nobody", "", "production", "", "production", true},
    };
    EACH_ROW (rows, r) {
        struct change change = rule(NULL, NULL);
        change.service = r->freeze;
        change.env = r->freeze_env;
        EXPECT_I64(freeze_concerns(&change, r->service, r->env), r->concerns);
        change.status = STATUS_CANCELLED;
        EXPECT(!freeze_concerns(&change, r->service, r->env));
        change.status = STATUS_SUCCEEDED;
        change.is_retracted = true;
        EXPECT(!freeze_concerns(&change, r->service, r->env));
        change.is_retracted = false;
        change.kind = CHANGE_NOTE;
        EXPECT(!freeze_concerns(&change, r->service, r->env));
    }
}

RUN_TESTS(test_of(what_cron_takes), test_of(how_long), test_of(windows_of_a_rule),
          test_of(a_day_that_never_comes), test_of(every_minute_is_always),
          test_of(a_span_and_the_rule_within_a_span), test_of(bad_tags_are_told),
          test_of(whom_it_concerns))
