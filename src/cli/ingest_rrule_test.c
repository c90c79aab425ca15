#include "cli/ingest_rrule.h"

#include "kit/kit.h"

TEST(simple_rules_are_understood_and_others_are_not)
{
    static const struct {
        const char *row, *rule;
        bool is_known;
    } rows[] = {
        {"daily", "FREQ=DAILY", true},
        {"weekly", "FREQ=WEEKLY;BYDAY=MO,FR;INTERVAL=2;WKST=SU;COUNT=10", true},
        {"until a time", "FREQ=DAILY;UNTIL=20261231T230000Z", true},
        {"until a day", "UNTIL=20261231;FREQ=DAILY", true},
        {"monthly", "FREQ=MONTHLY", false},
        {"the first Monday", "FREQ=WEEKLY;BYDAY=1MO", false},
        {"more than days", "FREQ=DAILY;BYHOUR=9,17", false},
        {"no frequency", "INTERVAL=2", false},
        {"interval of none", "FREQ=DAILY;INTERVAL=0", false},
        {"no value", "FREQ", false},
        {"a bad end", "FREQ=DAILY;UNTIL=tomorrow", false},
        {"nothing", "", false},
    };
    EACH_ROW (rows, r) {
        struct ingest_rrule rule;
        EXPECT_I64(ingest_rrule_parse(str_of(r->rule), &rule), r->is_known);
    }
}

/* The first days that the rule gives to an event that begins on Wednesday 2026-11-25, as month-day. */
static const char *days(const char *text, int n)
{
    const char *out = "";
    struct ingest_rrule rule;
    EXPECT(ingest_rrule_parse(str_of(text), &rule));
    const int64_t first = civil_days(2026, 11, 25);
    int64_t day;
    for (int64_t i = 0; n > 0 && i < 400; i++) {
        if (!ingest_rrule_day(&rule, first, i, &day))
            continue;
        const struct civil c = civil_of_days(day);
        out = arena_printf(&kit_arena, "%s%d-%d ", out, c.month, c.day);
        n--;
    }
    return out;
}

TEST(days_follow_the_rule)
{
    static const struct {
        const char *row, *rule, *days;
    } rows[] = {
        {"daily", "FREQ=DAILY", "11-25 11-26 11-27 11-28 "},
        {"every third day", "FREQ=DAILY;INTERVAL=3", "11-25 11-28 12-1 12-4 "},
        {"workdays", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "11-25 11-26 11-27 11-30 "},
        {"weekly", "FREQ=WEEKLY", "11-25 12-2 12-9 12-16 "},
        {"two days a week", "FREQ=WEEKLY;BYDAY=MO,FR", "11-27 11-30 12-4 12-7 "},
        {"every other week", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR", "11-27 12-7 12-11 12-21 "},
        {"weeks from Sunday", "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,WE",
         "11-25 12-6 12-9 12-20 "},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(days(r->rule, 4), r->days);
}

RUN_TESTS(test_of(simple_rules_are_understood_and_others_are_not), test_of(days_follow_the_rule))
