#include "base/tz.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "kit/kit.h"

static void zone_done(struct tz **tz)
{
    tz_free(*tz);
}

/* The bytes of a system zone, in the test's arena. */
static const unsigned char *zone_bytes(const char *name, size_t *out_n)
{
    enum { BYTES_MAX = 65536 };
    unsigned char *bytes = arena_alloc(&kit_arena, BYTES_MAX);
    *out_n = 0;
    FILE *file = fopen(kit_path("/usr/share/zoneinfo", name), "rb");
    EXPECT(file != NULL);
    if (!file)
        return bytes;
    *out_n = fread(bytes, 1, BYTES_MAX, file);
    fclose(file);
    return bytes;
}

/* Parses a copy of just that size, so that a sanitizer sees a read past its end. */
static bool parse(const void *bytes, size_t n, struct tz **out)
{
    CLEANUP(mem_done) void *exact = mem_alloc(n);
    memcpy(exact, bytes, n);
    return tz_parse("Hand/Made", exact, n, out, &kit_err);
}

/* The caller frees it; NULL, and the test failed, if it does not parse. */
static struct tz *zone(const char *name)
{
    size_t n;
    const unsigned char *bytes = zone_bytes(name, &n);
    struct tz *tz = NULL;
    EXPECT_OK(tz_parse(name, bytes, n, &tz, &kit_err));
    return tz;
}

TEST(days_and_dates)
{
    static const struct {
        const char *row;
        int year, month, day;
        int64_t days;
        int weekday;
    } rows[] = {
        {"the epoch, a Thursday", 1970, 1, 1, 0, 3},   {"the day before", 1969, 12, 31, -1, 2},
        {"leap day 2000", 2000, 2, 29, 11016, 1},      {"a year of no leap", 1900, 3, 1, -25508, 3},
        {"2017-07-14", 2017, 7, 14, 17361, 4},         {"year 1", 1, 1, 1, -719162, 0},
        {"year 0, a leap year", 0, 2, 29, -719469, 1}, {"before year 0", -1, 12, 31, -719529, 4},
        {"400 years on", 2370, 1, 1, 146097, 3},
    };
    EACH_ROW (rows, r) {
        EXPECT_I64(civil_days(r->year, r->month, r->day), r->days);
        const struct civil c = civil_of_days(r->days);
        EXPECT_I64(c.year, r->year);
        EXPECT_I64(c.month, r->month);
        EXPECT_I64(c.day, r->day);
        EXPECT_I64(c.weekday, r->weekday);
        EXPECT_I64(c.hour, 0);
    }
    EXPECT_I64(civil_days(2017, 13, 1), civil_days(2018, 1, 1));
    EXPECT_I64(civil_days(2017, 0, 1), civil_days(2016, 12, 1));
    EXPECT_I64(civil_days(2017, -11, 1), civil_days(2016, 1, 1));
    EXPECT_I64(civil_days(2017, 3, 0), civil_days(2017, 2, 28));
    EXPECT_I64(civil_days(2017, 2, 32), civil_days(2017, 3, 4));
}

TEST(each_day_follows_the_one_before)
{
    struct civil before = civil_of_days(-800001);
    for (int64_t days = -800000; days < 800000 && !kit_failures(); days++) {
        const struct civil c = civil_of_days(days);
        EXPECT_I64(civil_days(c.year, c.month, c.day), days);
        EXPECT_I64(c.weekday, (before.weekday + 1) % 7);
        const bool same_month = c.year == before.year && c.month == before.month;
        EXPECT_I64(c.day, same_month ? before.day + 1 : 1);
        EXPECT_I64(same_month || c.month == before.month % 12 + 1, true);
        before = c;
    }
}

TEST(offsets_are_those_of_zoneinfo)
{
    /* Expected: Python's zoneinfo on tzdata 2025b. */
    static const struct {
        const char *row;
        int64_t at_s;
        int32_t offset_s;
        const char *abbreviation;
        struct civil civil;
    } rows[] = {
        {"Europe/Berlin", 1500000000, 7200, "CEST", {2017, 7, 14, 4, 40, 0}},
        {"Europe/Berlin", 1485000000, 3600, "CET", {2017, 1, 21, 13, 0, 0}},
        {"Europe/Berlin", 1521939599, 3600, "CET", {2018, 3, 25, 1, 59, 59}},
        {"Europe/Berlin", 1521939600, 7200, "CEST", {2018, 3, 25, 3, 0, 0}},
        {"Europe/Berlin", -3000000000, 3208, "LMT", {1874, 12, 7, 19, 33, 28}},
        {"Europe/Berlin", 7268000000, 7200, "CEST", {2200, 4, 25, 10, 53, 20}},
        {"Europe/Berlin", 7258118400, 3600, "CET", {2200, 1, 1, 1, 0, 0}},
        {"America/New_York", 1289109599, -14400, "EDT", {2010, 11, 7, 1, 59, 59}},
        {"America/New_York", 1289109600, -18000, "EST", {2010, 11, 7, 1, 0, 0}},
        {"America/New_York", -2717650800, -18000, "EST", {1883, 11, 18, 12, 0, 0}},
        {"America/New_York", 9999999999, -18000, "EST", {2286, 11, 20, 12, 46, 39}},
        {"America/Sao_Paulo", 1541300400, -7200, "-02", {2018, 11, 4, 1, 0, 0}},
        {"America/Sao_Paulo", 1700000000, -10800, "-03", {2023, 11, 14, 19, 13, 20}},
        {"Australia/Lord_Howe", 1500000000, 37800, "+1030", {2017, 7, 14, 13, 10, 0}},
        {"Australia/Lord_Howe", 1514764800, 39600, "+11", {2018, 1, 1, 11, 0, 0}},
        {"Australia/Lord_Howe", 5000000000, 37800, "+1030", {2128, 6, 11, 19, 23, 20}},
        {"Asia/Kolkata", 1500000000, 19800, "IST", {2017, 7, 14, 8, 10, 0}},
        {"Asia/Kathmandu", 400000000, 19800, "+0530", {1982, 9, 4, 20, 36, 40}},
        {"Asia/Kathmandu", 1500000000, 20700, "+0545", {2017, 7, 14, 8, 25, 0}},
        {"Africa/Monrovia", 0, -2670, "MMT", {1969, 12, 31, 23, 15, 30}},
        {"Pacific/Apia", 1325239199, -36000, "-10", {2011, 12, 29, 23, 59, 59}},
        {"Pacific/Apia", 1325239200, 50400, "+14", {2011, 12, 31, 0, 0, 0}},
        {"Pacific/Kiritimati", 1700000000, 50400, "+14", {2023, 11, 15, 12, 13, 20}},
        {"Pacific/Chatham", 6000000000, 49500, "+1345", {2160, 2, 19, 0, 25, 0}},
        {"Europe/Dublin", 1500000000, 3600, "IST", {2017, 7, 14, 3, 40, 0}},
        {"Europe/Dublin", 1485000000, 0, "GMT", {2017, 1, 21, 12, 0, 0}},
        {"Europe/Dublin", 4500000000, 3600, "IST", {2112, 8, 7, 9, 0, 0}},
        {"Asia/Tehran", 1655000000, 16200, "+0430", {2022, 6, 12, 6, 43, 20}},
        {"Antarctica/Troll", 1500000000, 7200, "+02", {2017, 7, 14, 4, 40, 0}},
        {"Etc/GMT+12", 0, -43200, "-12", {1969, 12, 31, 12, 0, 0}},
        {"UTC", 1500000000, 0, "UTC", {2017, 7, 14, 2, 40, 0}},
    };
    EACH_ROW (rows, r) {
        CLEANUP(zone_done) struct tz *tz = zone(r->row);
        if (!tz)
            continue;
        const char *abbreviation = NULL;
        EXPECT_TEXT(tz_name(tz), r->row);
        EXPECT_I64(tz_offset(tz, r->at_s, &abbreviation), r->offset_s);
        EXPECT_TEXT(abbreviation, r->abbreviation);
        const struct civil c = tz_civil(tz, r->at_s);
        EXPECT_I64(c.year, r->civil.year);
        EXPECT_I64(c.month, r->civil.month);
        EXPECT_I64(c.day, r->civil.day);
        EXPECT_I64(c.hour, r->civil.hour);
        EXPECT_I64(c.minute, r->civil.minute);
        EXPECT_I64(c.second, r->civil.second);
        EXPECT_I64(tz_offset(tz, r->at_s, NULL), r->offset_s);
    }
}

TEST(wall_clock_times_have_an_instant)
{
    static const struct {
        const char *row, *zone;
        struct civil civil;
        int64_t at_s;
    } rows[] = {
        {"summer", "Europe/Berlin", {2018, 7, 1, 12, 0, 0}, 1530439200},
        {"twice: the later, which is standard time",
         "Europe/Berlin",
         {2018, 10, 28, 2, 30, 0},
         1540690200},
        {"never: as if the clock had stayed", "Europe/Berlin", {2018, 3, 25, 2, 30, 0}, 1521941400},
        {"twice, by the rule for later years",
         "Europe/Berlin",
         {2040, 10, 28, 2, 30, 0},
         2235000600},
        {"twice, west", "America/New_York", {2010, 11, 7, 1, 30, 0}, 1289111400},
        {"never, west", "America/New_York", {2010, 3, 14, 2, 30, 0}, 1268551800},
        {"twice, daylight saving marked in winter",
         "Europe/Dublin",
         {2018, 10, 28, 1, 30, 0},
         1540690200},
        {"a day that never was", "Pacific/Apia", {2011, 12, 30, 12, 0, 0}, 1325282400},
        {"the day before it", "Pacific/Apia", {2011, 12, 29, 12, 0, 0}, 1325196000},
        {"the day after it", "Pacific/Apia", {2011, 12, 31, 12, 0, 0}, 1325282400},
        {"day 32", "Europe/Berlin", {2018, 6, 31, 12, 0, 0}, 1530439200},
        {"hour -12", "Europe/Berlin", {2018, 7, 2, -12, 0, 0}, 1530439200},
        {"month 19", "Europe/Berlin", {2017, 19, 1, 12, 0, 0}, 1530439200},
        {"minutes and seconds", "Europe/Berlin", {2018, 7, 1, 11, 59, 60}, 1530439200},
        {"many seconds", "Europe/Berlin", {2018, 7, 1, 0, 0, 43200}, 1530439200},
    };
    EACH_ROW (rows, r) {
        CLEANUP(zone_done) struct tz *tz = zone(r->zone);
        if (tz)
            EXPECT_I64(tz_instant(tz, &r->civil), r->at_s);
    }
}

TEST(instants_come_back_through_the_wall_clock)
{
    static const char *const names[] = {"Europe/Berlin",  "America/New_York", "Australia/Lord_Howe",
                                        "Asia/Kathmandu", "Pacific/Apia",     "Antarctica/Troll"};
    for (size_t z = 0; z < COUNT_OF(names); z++) {
        CLEANUP(zone_done) struct tz *tz = zone(names[z]);
        for (int i = 0; tz && i < 20000 && !kit_failures(); i++) {
            const int64_t at_s = (int64_t)kit_random_below(8000000000) - 3000000000;
            const struct civil c = tz_civil(tz, at_s);
            const int64_t back_s = tz_instant(tz, &c);
            const struct civil again = tz_civil(tz, back_s);
            EXPECT(memcmp(&c, &again, sizeof(c)) == 0);
            EXPECT(back_s == at_s || tz_offset(tz, back_s, NULL) < tz_offset(tz, at_s, NULL));
        }
    }
}

TEST(utc_is_always_there)
{
    const char *abbreviation = NULL;
    EXPECT_TEXT(tz_name(tz_utc()), "UTC");
    EXPECT_I64(tz_offset(tz_utc(), 1500000000, &abbreviation), 0);
    EXPECT_TEXT(abbreviation, "UTC");
    const struct civil c = tz_civil(tz_utc(), -1);
    EXPECT_I64(c.year, 1969);
    EXPECT_I64(c.second, 59);
    EXPECT_I64(c.weekday, 2);
    EXPECT_I64(tz_instant(tz_utc(), &c), -1);
}

TEST(instants_beyond_reason_are_answered)
{
    CLEANUP(zone_done) struct tz *tz = zone("Europe/Berlin");
    if (!tz)
        return;
    EXPECT_I64(tz_offset(tz, INT64_MIN, NULL), 3208);
    EXPECT(tz_civil(tz, INT64_MAX).year > 1000000000);
    EXPECT(tz_civil(tz, INT64_MIN).year < -1000000000);
    const struct civil last = {.year = INT32_MAX, .month = INT32_MAX, .day = INT32_MAX};
    const struct civil first = {.year = INT32_MIN, .month = INT32_MIN, .day = INT32_MIN};
    EXPECT(tz_instant(tz, &last) > 0);
    EXPECT(tz_instant(tz, &first) < 0);
}

TEST(formats_as_strftime_does)
{
    enum { AT_S = 1488780065 }; /* Monday 2017-03-06 06:01:05 UTC */
    static const struct {
        const char *row, *want;
        int64_t at_s;
    } rows[] = {
        {"%a %A %b %B", "Mon Monday Mar March", AT_S},
        {"%d %e %j %m %y %Y", "06  6 065 03 17 2017", AT_S},
        {"%H %I %M %S %p", "07 07 01 05 AM", AT_S},
        {"%k %l", " 7  7", AT_S},
        {"%H %I %l %p", "19 07  7 PM", AT_S + 43200},
        {"%I%p", "12AM", AT_S - 7 * 3600},
        {"%I%p", "12PM", AT_S + 5 * 3600},
        {"%Z %z", "CET +0100", AT_S},
        {"%Z %z", "CEST +0200", 1500000000},
        {"%Z %z", "LMT +0053", -3000000000},
        {"%D %F %T %R", "03/06/17 2017-03-06 07:01:05 07:01", AT_S},
        {"%c|%x|%X|%r", "Mon Mar  6 07:01:05 2017|03/06/17|07:01:05|07:01:05 AM", AT_S},
        {"%h %u %w", "Mar 1 1", AT_S},
        {"%u %w", "7 0", AT_S - 86400},
        {"100%% %", "100% %", AT_S},
        {"%Q %", "%Q %", AT_S},
        {"", "", AT_S},
        {"no directive", "no directive", AT_S},
        {"%y %Y", "99 -1", -62198755200},
    };
    CLEANUP(zone_done) struct tz *tz = zone("Europe/Berlin");
    if (!tz)
        return;
    EACH_ROW (rows, r) {
        char text[128];
        EXPECT_I64(tz_format(tz, r->at_s, r->row, text, sizeof(text)), strlen(r->want));
        EXPECT_TEXT(text, r->want);
    }
    char text[6];
    EXPECT_I64(tz_format(tz, AT_S, "%A", text, sizeof(text)), 5);
    EXPECT_TEXT(text, "Monda");
    EXPECT_I64(tz_format(tz, AT_S, "%A", text, 1), 0);
    EXPECT_TEXT(text, "");
}

/* Files made by hand have blocks with one transition, at 1000, from type 0 (1 h east, "AAA") to type 1
 * (2 h east, "BBB"). */
static void add_be(struct buf *out, uint64_t value, int n_bytes)
{
    for (int i = n_bytes - 1; i >= 0; i--)
        buf_add_char(out, (char)(value >> (8 * i)));
}

static void add_block(struct buf *out, char version, int time_bytes)
{
    buf_add(out, "TZif", 4);
    buf_add_char(out, version);
    add_be(out, 0, 8);
    add_be(out, 0, 7);
    static const uint32_t counts[] = {0, 0, 0, 1, 2, 8};
    for (size_t i = 0; i < COUNT_OF(counts); i++)
        add_be(out, counts[i], 4);
    add_be(out, 1000, time_bytes);
    buf_add_char(out, 1);
    add_be(out, 3600, 4);
    buf_add(out, "\0\0", 2);
    add_be(out, 7200, 4);
    buf_add(out, "\1\4", 2);
    buf_add(out, "AAA\0BBB\0", 8);
}

TEST(reads_a_file_of_version_1)
{
    CLEANUP(buf_done) struct buf file;
    buf_init(&file, 1000);
    add_block(&file, '\0', 4);
    CLEANUP(zone_done) struct tz *tz = NULL;
    EXPECT_OK(parse(file.at, file.n, &tz));
    if (!tz)
        return;
    EXPECT_I64(tz_offset(tz, 999, NULL), 3600);
    EXPECT_I64(tz_offset(tz, 1000, NULL), 7200);
    EXPECT_I64(tz_offset(tz, 4000000000, NULL), 7200); /* no rule: the last type goes on */
    for (size_t n = 0; n < file.n; n++) {
        struct tz *cut = NULL;
        EXPECT_ERR(parse(file.at, n, &cut), ERR_INPUT, "Hand/Made");
    }
}

static bool parse_with_rule(const char *rule, struct tz **out)
{
    CLEANUP(buf_done) struct buf file;
    buf_init(&file, 1000);
    add_block(&file, '2', 4);
    add_block(&file, '2', 8);
    buf_printf(&file, "\n%s\n", rule);
    return parse(file.at, file.n, out);
}

TEST(follows_the_rule_at_the_end)
{
    /* 1735689600 is 2025-01-01 00:00 UTC, 1751328000 is 2025-07-01 00:00 UTC. */
    static const struct {
        const char *row;
        int32_t january_s, july_s;
        const char *july_name;
    } rows[] = {
        {"", 7200, 7200, "BBB"},
        {"CCC-3", 10800, 10800, "CCC"},
        {"<+0330>-3:30", 12600, 12600, "+0330"},
        {"<-02>2:00:30", -7230, -7230, "-02"},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 3600, 7200, "CEST"},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", 39600, 36000, "AEST"},
        {"EST5EDT,0/0,J365/25", -14400, -14400, "EDT"}, /* all the year, RFC 8536, 3.3.1 */
        {"IST-1GMT0,M10.5.0,M3.5.0/1", 0, 3600, "IST"},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", -7200, -3600, "-01"},
        {"AAA0BBB-2,J60,J300", 0, 7200, "BBB"},
        {"AAA0BBB,J1/0,J182/0", 3600, 0, "AAA"}, /* ends on 1 July, 00:00 of BBB */
        {"AAA0BBB,J1/0,J182/2", 3600, 3600, "BBB"},
    };
    EACH_ROW (rows, r) {
        CLEANUP(zone_done) struct tz *tz = NULL;
        EXPECT_OK(parse_with_rule(r->row, &tz));
        if (!tz)
            continue;
        const char *name = NULL;
        EXPECT_I64(tz_offset(tz, 1735689600, NULL), r->january_s);
        EXPECT_I64(tz_offset(tz, 1751328000, &name), r->july_s);
        EXPECT_TEXT(name, r->july_name);
    }
}

TEST(a_rule_changes_at_the_second)
{
    static const struct {
        const char *row;
        int64_t at_s; /* of the change */
        int32_t before_s, after_s;
    } rows[] = {
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1743296400, 3600, 7200},        /* 2025-03-30 01:00 UTC */
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1761440400, 7200, 3600},        /* 2025-10-26 01:00 UTC */
        {"EST5EDT,M3.2.0,M11.1.0", 1741503600, -18000, -14400},        /* 2025-03-09 07:00 UTC */
        {"EST5EDT,M3.2.0,M11.1.0", 1762063200, -14400, -18000},        /* 2025-11-02 06:00 UTC */
        {"AAA0BBB,J60/0,J300/0", 1709251200, 0, 3600},                 /* 2024-03-01, leap year */
        {"AAA0BBB,J60/0,J300/0", 1740787200, 0, 3600},                 /* 2025-03-01 */
        {"AAA0BBB,59/0,300/0", 1709164800, 0, 3600},                   /* 2024-02-29 */
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1743296400, -7200, -3600}, /* 2025-03-29 23:00 local */
        {"AAA0BBB,M1.1.1/-167,M7.1.0", 1735520400, 0, 3600}, /* 2024-12-30 01:00, the year before */
    };
    EACH_ROW (rows, r) {
        CLEANUP(zone_done) struct tz *tz = NULL;
        EXPECT_OK(parse_with_rule(r->row, &tz));
        if (!tz)
            continue;
        EXPECT_I64(tz_offset(tz, r->at_s - 1, NULL), r->before_s);
        EXPECT_I64(tz_offset(tz, r->at_s, NULL), r->after_s);
    }
}

TEST(refuses_a_wrong_rule)
{
    static const struct {
        const char *row;
    } rows[] = {
        {"C-1"},
        {"CET"},
        {"CET-25"},
        {"CET-1:60"},
        {"CET-1CEST"},
        {"CET-1CEST,M3.5.0"},
        {"CET-1CEST,M3.5.0,"},
        {"CET-1CEST,M13.5.0,M10.5.0"},
        {"CET-1CEST,M0.5.0,M10.5.0"},
        {"CET-1CEST,M3.6.0,M10.5.0"},
        {"CET-1CEST,M3.0.0,M10.5.0"},
        {"CET-1CEST,M3.5.7,M10.5.0"},
        {"CET-1CEST,J0,J100"},
        {"CET-1CEST,J366,J100"},
        {"CET-1CEST,366,100"},
        {"CET-1CEST,M3.5.0/168,M10.5.0"},
        {"CET-1CEST,M3.5.0,M10.5.0/3x"},
        {"<CET-1"},
        {"<C!T>-1"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZ-1"},
        {"CET-99999999999999999999"},
    };
    EACH_ROW (rows, r) {
        struct tz *tz = NULL;
        EXPECT_ERR(parse_with_rule(r->row, &tz), ERR_INPUT, "rule");
    }
}

TEST(refuses_wrong_counts_and_places)
{
    /* Offsets into a file of version 1 made by add_block. */
    static const struct {
        const char *row;
        size_t at;
        unsigned char byte;
        const char *message;
    } rows[] = {
        {"magic", 0, 't', "not a TZif"},
        {"more transitions than bytes", 35, 9, "cut short"},
        {"far too many transitions", 32, 0x7f, "beyond"},
        {"no types", 39, 0, "type"},
        {"too many types", 38, 2, "beyond"},
        {"too many names", 40, 0xff, "beyond"},
        {"too many leap seconds", 28, 0xff, "beyond"},
        {"a type that is not there", 48, 2, "not there"},
        {"an offset of years", 49, 0x7f, "offset"},
        {"an abbreviation that is not there", 54, 8, "abbreviation"},
        {"an abbreviation that does not end", 68, 'B', "abbreviation"},
        {"an abbreviation of control characters", 62, 7, "abbreviation"},
    };
    EACH_ROW (rows, r) {
        CLEANUP(buf_done) struct buf file;
        buf_init(&file, 1000);
        add_block(&file, '\0', 4);
        file.at[r->at] = (char)r->byte;
        struct tz *tz = NULL;
        EXPECT_ERR(parse(file.at, file.n, &tz), ERR_INPUT, r->message);
    }
}

TEST(any_damage_is_refused_or_harmless)
{
    size_t n;
    const unsigned char *bytes = zone_bytes("Europe/Berlin", &n);
    unsigned char *damaged = arena_alloc(&kit_arena, n);
    for (int i = 0; i < 20000 && n; i++) {
        memcpy(damaged, bytes, n);
        for (uint64_t k = kit_random_below(4) + 1; k; k--)
            damaged[kit_random_below(n)] = (unsigned char)kit_random();
        CLEANUP(zone_done) struct tz *tz = NULL;
        const size_t n_kept = n - kit_random_below(2) * kit_random_below(n);
        if (!parse(damaged, n_kept, &tz))
            continue;
        const struct civil c = tz_civil(tz, (int64_t)kit_random());
        EXPECT(c.month >= 1 && c.month <= 12);
        EXPECT(c.day >= 1 && c.day <= 31);
    }
    for (size_t cut = 0; cut < n; cut++) {
        struct tz *tz = NULL;
        EXPECT_ERR(parse(bytes, cut, &tz), ERR_INPUT, "Hand/Made");
    }
}

RUN_TESTS(test_of(days_and_dates), test_of(each_day_follows_the_one_before),
          test_of(offsets_are_those_of_zoneinfo), test_of(wall_clock_times_have_an_instant),
          test_of(instants_come_back_through_the_wall_clock), test_of(utc_is_always_there),
          test_of(instants_beyond_reason_are_answered), test_of(formats_as_strftime_does),
          test_of(reads_a_file_of_version_1), test_of(follows_the_rule_at_the_end),
          test_of(a_rule_changes_at_the_second), test_of(refuses_a_wrong_rule),
          test_of(refuses_wrong_counts_and_places), test_of(any_damage_is_refused_or_harmless))
