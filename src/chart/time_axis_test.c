#include "chart/time_axis.h"

#include "base/buf.h"
#include "chart/sample_kit.h"

struct span {
    const char *zone;
    struct civil from;
    int64_t seconds;
    double width_px;
};

/* Labels with blanks between, then the second row behind a bar, then the zone. */
static const char *describe(const struct time_axis *axis)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 100000);
    for (size_t i = 0; i < axis->n_labels; i++)
        buf_printf(&out, "%s%s", i ? ", " : "", axis->labels[i].text);
    for (size_t i = 0; i < axis->n_eras; i++)
        buf_printf(&out, " | %s", axis->eras[i].text);
    buf_printf(&out, " | %s", axis->zone);
    return arena_strdup(&kit_arena, buf_text(&out));
}

static const char *axis_of(const struct span *span, bool has_eras, bool is_graphite)
{
    CLEANUP(sample_zone_done) struct tz *tz = sample_zone(span->zone);
    if (!tz)
        return "";
    struct time_axis_ask ask = {
        .from_s = tz_instant(tz, &span->from),
        .tz = tz,
        .width_px = span->width_px,
        .is_graphite = is_graphite,
        .has_eras = has_eras,
        .style = {.size = 10.0},
    };
    ask.until_s = ask.from_s + span->seconds;
    EXPECT_OK(time_axis_check(ask.from_s, ask.until_s, &kit_err));
    struct time_axis axis;
    time_axis_make(&ask, &sample_measure, &kit_arena, &axis);
    for (size_t i = 0; i + 1 < axis.n_labels; i++)
        EXPECT(axis.labels[i].at_s < axis.labels[i + 1].at_s);
    return describe(&axis);
}

TEST(steps_suit_the_span)
{
    static const struct {
        const char *row;
        struct span span;
        const char *text;
    } rows[] = {
        {"seconds",
         {"UTC", {2026, 3, 2, 14, 3, 18, 0}, 10, 300},
         "14:03:20, 14:03:25 | Monday 2 March 2026 | UTC"},
        {"quarter hours",
         {"UTC", {2026, 3, 2, 14, 3, 0, 0}, 3600, 200},
         "14:15, 14:30, 14:45, 15:00 | Monday 2 March 2026 | UTC"},
        {"a day",
         {"UTC", {2026, 3, 2, 0, 0, 0, 0}, 86400, 300},
         "00:00, 06:00, 12:00, 18:00, 00:00 | Monday 2 March 2026 | Tuesday 3 March 2026 | UTC"},
        {"over midnight",
         {"UTC", {2026, 3, 2, 20, 0, 0, 0}, 28800, 250},
         "20:00, 22:00, 00:00, 02:00, 04:00 | Monday 2 March 2026 | Tuesday 3 March 2026 | UTC"},
        {"a week",
         {"UTC", {2026, 3, 2, 0, 0, 0, 0}, 7 * 86400, 500},
         "Mon 2, Tue 3, Wed 4, Thu 5, Fri 6, Sat 7, Sun 8, Mon 9 | March 2026 | UTC"},
        {"a month, in Mondays",
         {"UTC", {2026, 3, 3, 0, 0, 0, 0}, 30 * 86400, 300},
         "9 Mar, 16 Mar, 23 Mar, 30 Mar | 2026 | UTC"},
        {"half a year",
         {"UTC", {2025, 10, 15, 0, 0, 0, 0}, 182 * 86400, 300},
         "Nov, Dec, Jan, Feb, Mar, Apr | 2025 | 2026 | UTC"},
        {"ten years",
         {"UTC", {2016, 1, 1, 0, 0, 0, 0}, 3653 * 86400LL, 250},
         "2016, 2018, 2020, 2022, 2024, 2026 | UTC"},
        {"nine thousand years",
         {"UTC", {1, 1, 1, 0, 0, 0, 0}, 9000LL * 365 * 86400, 300},
         "2000, 4000, 6000, 8000 | UTC"},
        {"hardly any room", {"UTC", {2026, 3, 3, 0, 0, 0, 0}, 86400, 10}, " | 2026 | UTC"},
        {"half an hour east of whole hours",
         {"Asia/Kolkata", {2026, 3, 2, 1, 0, 0, 0}, 7200, 300},
         "01:00, 01:30, 02:00, 02:30, 03:00 | Monday 2 March 2026 | IST"},
        {"a zone without a name",
         {"America/Sao_Paulo", {2026, 3, 2, 1, 0, 0, 0}, 7200, 150},
         "01:00, 02:00, 03:00 | Monday 2 March 2026 | UTC-03"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(axis_of(&r->span, true, false), r->text);
}

TEST(labels_are_round_on_the_wall_when_the_clocks_change)
{
    static const struct {
        const char *row;
        struct span span;
        const char *text;
    } rows[] = {
        {"forward, hours: 02:00 does not exist",
         {"Europe/Berlin", {2026, 3, 29, 0, 0, 0, 0}, 18000, 300},
         "00:00, 01:00, 03:00, 04:00, 05:00, 06:00 | Sunday 29 March 2026 | CET/CEST"},
        {"forward, two hours",
         {"Europe/Berlin", {2026, 3, 29, 0, 0, 0, 0}, 36000, 300},
         "00:00, 04:00, 06:00, 08:00, 10:00 | Sunday 29 March 2026 | CET/CEST"},
        {"forward, six hours",
         {"Europe/Berlin", {2026, 3, 28, 12, 0, 0, 0}, 86400, 200},
         "12:00, 18:00, 00:00, 06:00, 12:00 | Saturday 28 March 2026 | Sunday 29 March 2026 | "
         "CET/CEST"},
        {"back, hours: 02:00 comes twice",
         {"Europe/Berlin", {2026, 10, 25, 0, 0, 0, 0}, 18000, 300},
         "00:00, 01:00, 02:00, 02:00, 03:00, 04:00 | Sunday 25 October 2026 | CEST/CET"},
        {"back, six hours",
         {"Europe/Berlin", {2026, 10, 24, 18, 0, 0, 0}, 86400, 200},
         "18:00, 00:00, 06:00, 12:00 | Saturday 24 October 2026 | Sunday 25 October 2026 | "
         "CEST/CET"},
        {"days stay midnights",
         {"Europe/Berlin", {2026, 10, 24, 0, 0, 0, 0}, 4 * 86400, 300},
         "Sat 24, Sun 25, Mon 26, Tue 27 | October 2026 | CEST/CET"},
        {"half an hour forward",
         {"Australia/Lord_Howe", {2026, 10, 4, 0, 0, 0, 0}, 5 * 3600, 300},
         "00:00, 01:00, 03:00, 04:00, 05:00 | Sunday 4 October 2026 | UTC+1030/UTC+11"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(axis_of(&r->span, true, false), r->text);
}

TEST(without_a_second_row_midnight_says_the_day)
{
    static const struct span span = {"UTC", {2026, 3, 2, 12, 0, 0, 0}, 86400, 300};
    EXPECT_TEXT(axis_of(&span, false, false), "12:00, 18:00, 3 Mar, 06:00, 12:00 | UTC");
    static const struct span day = {"UTC", {2026, 3, 2, 0, 0, 0, 0}, 43200, 200};
    EXPECT_TEXT(axis_of(&day, false, false), "00:00, 03:00, 06:00, 09:00, 12:00 | UTC");
}

TEST(graphites_steps_and_formats)
{
    static const struct {
        const char *row;
        struct span span;
        const char *text;
    } rows[] = {
        {"02-etsy-php-warnings.png",
         {"UTC", {2026, 3, 2, 0, 0, 1, 0}, 86340, 750},
         "Mon 04:00, Mon 08:00, Mon 12:00, Mon 16:00, Mon 20:00 | UTC"},
        {"03-etsy-default-size.png",
         {"UTC", {2026, 3, 2, 0, 0, 1, 0}, 21500, 280},
         "02:00, 04:00 | UTC"},
        {"a month",
         {"UTC", {2026, 3, 2, 0, 0, 0, 0}, 30 * 86400, 700},
         "03/02, 03/04, 03/06, 03/08, 03/10, 03/12, 03/14, 03/16, 03/18, 03/20, 03/22, 03/24, "
         "03/26, 03/28, 03/30 | UTC"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(axis_of(&r->span, false, true), r->text);
}

TEST(a_format_of_ones_own)
{
    struct time_axis_ask ask = {.from_s = SAMPLE_T,
                                .until_s = SAMPLE_T + 86400,
                                .tz = tz_utc(),
                                .width_px = 300,
                                .format = "%d.%m. %H",
                                .has_eras = true,
                                .style = {.size = 10.0}};
    struct time_axis axis;
    time_axis_make(&ask, &sample_measure, &kit_arena, &axis);
    EXPECT_TEXT(describe(&axis), "02.03. 00, 02.03. 06, 02.03. 12, 02.03. 18, 03.03. 00 | UTC");
}

TEST(times_that_no_axis_shows_are_refused)
{
    EXPECT_ERR(time_axis_check(5, 5, &kit_err), ERR_INPUT, "before until");
    EXPECT_ERR(time_axis_check(6, 5, &kit_err), ERR_INPUT, "before until");
    EXPECT_ERR(time_axis_check(INT64_MIN, 5, &kit_err), ERR_INPUT, "years 1 to 9999");
    EXPECT_ERR(time_axis_check(5, INT64_MAX, &kit_err), ERR_INPUT, "years 1 to 9999");
}

/* Labels are in view, ascend, and are never so many that they touch. */
TEST(any_span_has_room_for_its_labels)
{
    CLEANUP(sample_zone_done) struct tz *tz = sample_zone("Europe/Berlin");
    for (int round = 0; tz && round < 3000; round++) {
        struct time_axis_ask ask = {.tz = tz,
                                    .width_px = 1.0 + kit_random_share() * 2000.0,
                                    .has_eras = true,
                                    .style = {.size = 10.0}};
        double seconds = pow(10.0, kit_random_share() * 11.0);
        ask.from_s = (int64_t)(kit_random_share() * 4e9) - 1000000000;
        ask.until_s = ask.from_s + 1 + (int64_t)seconds;
        ask.is_graphite = kit_random_below(4) == 0;
        struct time_axis axis;
        time_axis_make(&ask, &sample_measure, &kit_arena, &axis);
        EXPECT((double)axis.n_labels <= ask.width_px / 8.0 + 2.0);
        for (size_t i = 0; i < axis.n_labels; i++) {
            int64_t at_s = axis.labels[i].at_s;
            EXPECT(at_s >= ask.from_s && at_s <= ask.until_s);
            EXPECT(i == 0 || at_s > axis.labels[i - 1].at_s);
        }
        if (kit_failures())
            return;
    }
}

RUN_TESTS(test_of(steps_suit_the_span),
          test_of(labels_are_round_on_the_wall_when_the_clocks_change),
          test_of(without_a_second_row_midnight_says_the_day), test_of(graphites_steps_and_formats),
          test_of(a_format_of_ones_own), test_of(times_that_no_axis_shows_are_refused),
          test_of(any_span_has_room_for_its_labels))
