#include "query/query.h"

#include <stdio.h>

#include "kit/kit.h"
#include "query/function.h"
#include "query/time.h"

/* A zone of the system. The caller frees it. */
static struct tz *zone(const char *name)
{
    enum { BYTES_MAX = 65536 };
    struct tz *tz = NULL;
    char *bytes = arena_alloc(&kit_arena, BYTES_MAX);
    FILE *file = fopen(kit_path("/usr/share/zoneinfo", name), "rb");
    EXPECT(file != NULL);
    if (!file)
        return NULL;
    size_t n = fread(bytes, 1, BYTES_MAX, file);
    fclose(file);
    EXPECT_OK(tz_parse(name, bytes, n, &tz, &kit_err));
    return tz;
}

/* Expected numbers: what Graphite's attime.py gives for the same text, zone and now. */
static const struct {
    const char *row, *tz;
    int64_t now_s, want_s;
} graphite_rows[] = {
    {"-1h", "America/New_York", 1774962311, 1774958711},
    {"-24h", "Europe/London", 1775264800, 1775178400},
    {"monday", "Europe/London", 1775264800, 1774825200},
    {"-7d", "America/New_York", 1774919200, 1774314400},
    {"noon", "America/New_York", 1774919200, 1774886400},
    {"-90s", "Europe/Berlin", 1772668799, 1772668709},
    {"now+2d", "Europe/Berlin", 1772668799, 1772841599},
    {"-90seconds", "UTC", 1773234311, 1773234221},
    {"now", "UTC", 1773234311, 1773234311},
    {"-5min", "Europe/Berlin", 1775001599, 1775001299},
    {"1772755200", "Europe/Berlin", 1775001599, 1772755200},
    {"-5minutes", "Asia/Kolkata", 1772975111, 1772974811},
    {"-2weeks", "Asia/Kolkata", 1772975111, 1771765511},
    {"today", "Asia/Kolkata", 1772975111, 1772908200},
    {"-1w", "Europe/Berlin", 1772582400, 1771977600},
    {"-1mon", "UTC", 1772668799, 1770076799},
    {"midnight", "UTC", 1772668799, 1772582400},
    {"-3months", "Asia/Kolkata", 1775264800, 1767488800},
    {"tomorrow", "Asia/Kolkata", 1775264800, 1775327400},
    {"-1y", "UTC", 1773014399, 1741478399},
    {"-2years", "Europe/London", 1772582400, 1709510400},
    {"-1d12h", "Australia/Lord_Howe", 1775307911, 1775178311},
    {"+1h", "Australia/Lord_Howe", 1775307911, 1775311511},
    {"-1h30min", "America/Chicago", 1775307911, 1775302511},
    {"teatime", "Asia/Kolkata", 1772928000, 1772965800},
    {"yesterday", "UTC", 1773273599, 1773100800},
    {"noon yesterday", "Asia/Kolkata", 1775347199, 1775284200},
    {"noon_yesterday", "Australia/Lord_Howe", 1773187200, 1773104400},
    {"6pm today", "UTC", 1772928000, 1772992800},
    {"6pm_today", "Australia/Lord_Howe", 1775001599, 1775026800},
    {"6am", "Asia/Kolkata", 1775001599, 1775003400},
    {"12am", "Europe/Berlin", 1775307911, 1775296800},
    {"12pm", "America/New_York", 1775307911, 1775275200},
    {"8:50", "America/Chicago", 1774915200, 1774878600},
    {"noon_20260301", "America/Chicago", 1774915200, 1772388000},
    {"08:50_yesterday", "Europe/London", 1775307911, 1775202600},
    {"8:50am", "UTC", 1772928000, 1772959800},
    {"8:50pm", "Europe/Berlin", 1772932000, 1772999400},
    {"12:30pm", "UTC", 1772586400, 1772584200},
    {"-10min", "UTC", 1772586400, 1772585800},
    {"00:00_20260301", "Asia/Kolkata", 1773273599, 1772303400},
    {"04:00_20260301", "UTC", 1773273599, 1772337600},
    {"20260301", "Europe/London", 1773187200, 1772323200},
    {"03/01/26", "Europe/London", 1775307911, 1772323200},
    {"03/01/2026", "America/Chicago", 1775264800, 1772344800},
    {"noon 03/01/26", "Europe/London", 1772629511, 1772366400},
    {"10:15_03/01/2026", "Asia/Kolkata", 1773234311, 1772340300},
    {"march1", "America/New_York", 1772668799, 1772341200},
    {"march 12", "Europe/London", 1773187200, 1773273600},
    {"mar_3", "Asia/Kolkata", 1774919200, 1772476200},
    {"6pm_mar7", "UTC", 1773187200, 1772906400},
    {"noon monday", "Europe/London", 1772932000, 1772452800},
    {"sunday", "UTC", 1772586400, 1772323200},
    {"6am_wed", "UTC", 1772629511, 1772604000},
    {"friday-2d", "UTC", 1774919200, 1774396800},
    {"today-1d", "UTC", 1774919200, 1774828800},
    {"noon-2h", "UTC", 1772668799, 1772618400},
    {"yesterday+3h", "Europe/Berlin", 1772582400, 1772503200},
    {"midnight+90min", "Australia/Lord_Howe", 1772586400, 1772548200},
    {"now-30min", "Asia/Kolkata", 1775001599, 1774999799},
    {"1772323200", "Asia/Kolkata", 1772668799, 1772323200},
    {"1772335545", "America/Chicago", 1774962311, 1772335545},
    {"20260301-1d", "UTC", 1772586400, 1772236800},
    {"-1day", "Europe/Berlin", 1772928000, 1772841600},
    {"-2hours", "Asia/Kolkata", 1775347199, 1775339999},
    {"MIDNIGHT", "America/Chicago", 1775260800, 1775192400},
    {"Noon Yesterday", "UTC", 1775264800, 1775217600},
    {"-1 h", "UTC", 1772668799, 1772665199},
    {" -1h ", "UTC", 1774919200, 1774915600},
    {"20:00_20260301-2h", "Europe/Berlin", 1773191200, 1772384400},
    {"noon_tomorrow-3d", "Asia/Kolkata", 1774915200, 1774765800},
    {"-3hour15min", "America/Chicago", 1773234311, 1773222611},
    {"16:00 monday-1week", "UTC", 1774919200, 1774281600},
    {"-2h", "Europe/Berlin", 1772362800, 1772355600},
    {"-", "UTC", 1772582400, 1772582400},
    {"+1h30min", "UTC", 1772582400, 1772587800},
    {"", "UTC", 1772582400, 1772582400},
    {"20261345", "UTC", 1772582400, 20261345},
    {"5", "UTC", 1772582400, 5},
    {"00000000", "UTC", 1772582400, 0},
    {"2:30_20260308", "America/New_York", 1772582400, 1772955000},
    {"1:30_20261101", "America/New_York", 1772582400, 1793514600},
    {"2:15_20261004", "Australia/Lord_Howe", 1772582400, 1791042300},
    {"noon-1d", "Europe/Berlin", 1774785600, 1774692000},
    {"midnight_20260329+3h", "Europe/Berlin", 1774785600, 1774749600},
    {"feb29", "UTC", 1709200000, 1709164800},
    {"02/29/2024", "UTC", 1772582400, 1709164800},
    {"12/31/69", "UTC", 1772582400, 3155673600},
    {"01/01/70", "UTC", 1772582400, 0},
    {"1/2/1850", "UTC", 1772582400, 56171491200},
    {"sat", "UTC", 1772323200, 1772236800},
    {"sunday", "UTC", 1772323200, 1772323200},
    {"wednesdays", "UTC", 1772323200, 1771977600},
    {"13pm", "UTC", 1772323200, 1772326800},
    {"9:5", "UTC", 1772323200, 1772355900},
    {"dec31", "Asia/Kolkata", 1767205800, 1798655400},
    {"12:00pm", "UTC", 1772323200, 1772323200},
    {"12:00am", "UTC", 1772323200, 1772366400},
    {"19691231", "UTC", 1772323200, -86400},
    {"yesterday-1mon", "UTC", 1772323200, 1769644800},
    {"now+1y", "UTC", 1772323200, 1803859200},
    {"mar120", "UTC", 1772323200, 1773964800},
    {"\ttoday\n", "UTC", 1772323200, 1772323200},
};

TEST(reads_what_graphite_reads)
{
    EACH_ROW (graphite_rows, r) {
        struct tz *tz = zone(r->tz);
        int64_t got_s = -1;
        EXPECT_OK(query_parse_time(r->row, tz, r->now_s, &got_s, &kit_err));
        EXPECT_I64(got_s, r->want_s);
        tz_free(tz);
    }
}

TEST(refuses_what_graphite_refuses)
{
    static const struct {
        const char *row, *error;
    } rows[] = {
        {"1d", "'1d' is no day"},
        {"s-1h", "'s' is no day"},
        {"nonsense", "time 'nonsense': 'nonsense' is no day"},
        {"-5parsecs", "'parsecs' is no unit"},
        {"-5m", "'m' is no unit"},
        {"-1.5h", "expected a unit of time behind '1'"},
        {"-1", "expected a unit of time behind '1'"},
        {"-5min5", "expected a unit of time behind '5'"},
        {"-h", "expected a number of units at 'h'"},
        {"--1d", "expected a number of units at '-1d'"},
        {"25:00", "hour must be in 0..23"},
        {"13:75", "minute must be in 0..59"},
        {"8:", "expected a time of day"},
        {"8:5am", "expected a time of day"},
        {"xam", "expected a time of day"},
        {"123:00", "is no day"},
        {"99/99/99", "month must be in 1..12"},
        {"20260230", "day is out of range"},
        {"02/29/2026", "day is out of range"},
        {"feb30", "day is out of range"},
        {"jan0", "day is out of range"},
        {"1/1/10000", "year must be in"},
        {"jan", "expected a day behind the month"},
        {"a/b/c", "expected MM/DD/YY"},
        {"1/2", "is no day"},
        {"1/2/3/4", "is no day"},
        {"am", "is no day"},
        {"mo", "is no day"},
        {"noon noon", "is no day"},
        {"noon:30", "is no day"},
        {"tomorrow tomorrow", "is no day"},
        {"2026-03-01", "expected a unit of time behind '03'"},
        {"1e9", "is no day"},
        {"99999999999999", "outside of the years"},
        {"99999999999999999999", "outside of the years"},
        {"-3000y", "outside of the years"},
        {"-99999999999999d", "too far away"},
        {"-999999999999999999999999s", "too far away"},
    };
    EACH_ROW (rows, r) {
        int64_t got_s = -1;
        EXPECT_ERR(query_parse_time(r->row, tz_utc(), 1772582400, &got_s, &kit_err), ERR_INPUT,
                   r->error);
        EXPECT_I64(got_s, -1);
    }
}

TEST(refuses_a_text_without_end)
{
    char text[1000];
    int64_t got_s;
    memset(text, '1', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    EXPECT_ERR(query_parse_time(text, tz_utc(), 0, &got_s, &kit_err), ERR_INPUT, "longer than");
}

TEST(reads_intervals)
{
    static const struct {
        const char *row;
        int64_t want_s;
    } rows[] = {
        {"5min", 300},
        {"-1d", -86400},
        {"+1h30min", 5400},
        {"-1d12h", -129600},
        {"1mon", 2592000},
        {"2years", 63072000},
        {"1week", 604800},
        {"10s", 10},
        {"3minutes", 180},
        {"0min", 0},
        {"", 0},
        {"1sausage", 1},
        {"999999999d", 86399999913600},
    };
    EACH_ROW (rows, r) {
        int64_t got_s = -1;
        EXPECT_OK(interval_parse(r->row, &got_s, &kit_err));
        EXPECT_I64(got_s, r->want_s);
    }
}

TEST(refuses_no_intervals)
{
    static const struct {
        const char *row, *error;
    } rows[] = {
        {"5", "expected a unit of time behind '5'"},
        {"5 min", "expected a unit of time behind '5'"},
        {"5MIN", "'MIN' is no unit"},
        {"x", "expected +, - or a"},
        {"5parsecs", "interval '5parsecs': 'parsecs' is no unit"},
        {"1h-5min", "expected a number"},
        {"1000000000d", "too far away"},
    };
    EACH_ROW (rows, r) {
        int64_t got_s = -1;
        EXPECT_ERR(interval_parse(r->row, &got_s, &kit_err), ERR_INPUT, r->error);
        EXPECT_I64(got_s, -1);
    }
}

RUN_TESTS(test_of(reads_what_graphite_reads), test_of(refuses_what_graphite_refuses),
          test_of(refuses_a_text_without_end), test_of(reads_intervals),
          test_of(refuses_no_intervals))
