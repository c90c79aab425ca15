#include "cli/doctor_checks.h"

#include <string.h>

#include "base/str.h"
#include "kit/kit.h"

#define NOW_MS INT64_C(1500000000000)

static const char *lines_of(const struct doctor_report *report)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 65536);
    doctor_checks_print(report, false, &out);
    return arena_strdup(&kit_arena, buf_text(&out));
}

static struct doctor_report stats(const char *json)
{
    struct doctor_report report = {.arena = &kit_arena};
    doctor_checks_stats(&report, json, strlen(json), NOW_MS);
    return report;
}

TEST(a_server_that_is_well)
{
    const struct doctor_report got =
        stats("{\"version\":\"" PLUMB_VERSION "\",\"clock.ms\":1500000000100,\"disk.free_bytes\":"
              "40000000000,\"disk.total_bytes\":100000000000,\"store.series\":1204,"
              "\"ledger.changes\":3,\"ledger.rows\":1300,\"judge.on\":1,\"judge.verdicts\":7,"
              "\"judge.waiting\":2,\"judge.lag_s\":12,\"judge.false_alarms\":2.94}");
    EXPECT_I64(doctor_checks_worst(&got), DOCTOR_FINE);
    EXPECT_TEXT(
        lines_of(&got),
        "+ version   plumb " PLUMB_VERSION ", here and there\n"
        "+ clock     the server's is 0.1 s ahead\n"
        "+ disk      40 % of 100 GB are free for the server's data\n"
        "+ store     1,204 series, no damaged files\n"
        "+ ledger    3 changes in 1,300 rows, 0 refused; plumb verify --ledger checks each\n"
        "+ judge     7 verdicts, 2 wait, 0 failed; the newest came 12 s late; of 1,000 quiet "
        "metrics "
        "2.9 look moved\n");
}

TEST(what_is_wrong_is_told_with_what_to_do)
{
    static const struct {
        const char *row, *text;
        enum doctor_mark mark;
    } rows[] = {
        {"{\"version\":\"0.0.9\"}", "server is plumb 0.0.9", DOCTOR_LOOK},
        {"{\"version\":\"" PLUMB_VERSION "\",\"clock.ms\":1499999996000}", "4.0 s behind\n",
         DOCTOR_LOOK},
        {"{\"version\":\"" PLUMB_VERSION "\",\"clock.ms\":1500000031000}", "timedatectl",
         DOCTOR_MEND},
        {"{\"version\":\"" PLUMB_VERSION "\",\"disk.total_bytes\":100000000000,"
         "\"disk.free_bytes\":14000000000}",
         "! disk      14 %", DOCTOR_LOOK},
        {"{\"version\":\"" PLUMB_VERSION "\",\"disk.total_bytes\":100000000000,"
         "\"disk.free_bytes\":4000000000}",
         "make room", DOCTOR_MEND},
        {"{\"version\":\"" PLUMB_VERSION "\",\"store.files_corrupt\":2}", "plumb verify",
         DOCTOR_MEND},
        {"{\"version\":\"" PLUMB_VERSION "\",\"judge.on\":1,\"judge.failed\":2}",
         "the server's log", DOCTOR_LOOK},
        {"{\"version\":\"" PLUMB_VERSION "\",\"judge.on\":1,\"judge.lag_s\":4000}", "cpu-share",
         DOCTOR_LOOK},
        {"{\"version\":\"" PLUMB_VERSION "\",\"judge.on\":1,\"judge.false_alarms\":9}", "9.0 look",
         DOCTOR_LOOK},
        {"ok\n", "not what a plumb server says", DOCTOR_MEND},
        {"", "not what a plumb server says", DOCTOR_MEND},
    };
    EACH_ROW (rows, r) {
        const struct doctor_report got = stats(r->row);
        EXPECT_I64(doctor_checks_worst(&got), r->mark);
        EXPECT(strstr(lines_of(&got), r->text) != NULL);
    }
}

static const char *answer_of_hook(void *self, const char *hook)
{
    EXPECT_TEXT(hook, "github/main");
    return self;
}

static struct doctor_report hooks(const char *json, const char *entries)
{
    struct doctor_report report = {.arena = &kit_arena};
    const struct doctor_ask ask = {answer_of_hook, (void *)(uintptr_t)entries};
    doctor_checks_hooks(&report, json, strlen(json), &ask);
    return report;
}

TEST(hooks_say_why_they_refuse)
{
    const char *json = "{\"hooks\":[{\"source\":\"github\",\"name\":\"main\",\"refused\":2,"
                       "\"failed\":1},{\"source\":\"x\",\"name\":\"y\",\"taken\":7}]}";
    struct doctor_report got = hooks(json, "[{\"fate\":\"refused\",\"event\":\"push\",\"reason\":"
                                           "\"no\\u001b signature\"},{\"fate\":\"taken\"}]");
    EXPECT_TEXT(
        lines_of(&got),
        "x hooks     github/main: 3 refused or failed, the last one too: push no  signature\n"
        "            GET /hook/github/main lists what arrived\n");
    got = hooks(json, "[{\"fate\":\"taken\"},{\"fate\":\"failed\"}]");
    EXPECT_I64(doctor_checks_worst(&got), DOCTOR_LOOK);
    got = hooks(json, NULL);
    EXPECT_I64(doctor_checks_worst(&got), DOCTOR_LOOK);
    got = hooks("{\"hooks\":[{\"source\":\"x\",\"name\":\"y\",\"taken\":7}]}", NULL);
    EXPECT_TEXT(lines_of(&got),
                "+ hooks     1 of them, 7 deliveries taken since the start, none refused\n");
}

TEST(channels_that_are_behind)
{
    static const struct {
        const char *row, *text;
        enum doctor_mark mark;
    } rows[] = {
        {"[{\"name\":\"ops\",\"state\":\"ok\",\"dead\":0}]", "1 channels, none behind",
         DOCTOR_FINE},
        {"[{\"name\":\"ops\",\"state\":\"failing\",\"waiting\":3,\"error\":\"503\"}]",
         "ops is failing, 3 wait: 503", DOCTOR_MEND},
        {"{\"channels\":[{\"name\":\"ops\",\"state\":\"ok\",\"dead\":2}]}", "2 could not be told",
         DOCTOR_LOOK},
        {"5", "not what", DOCTOR_MEND},
    };
    EACH_ROW (rows, r) {
        struct doctor_report report = {.arena = &kit_arena};
        doctor_checks_announce(&report, r->row, strlen(r->row));
        EXPECT_I64(doctor_checks_worst(&report), r->mark);
        EXPECT(strstr(lines_of(&report), r->text) != NULL);
    }
}

TEST(as_json)
{
    CLEANUP(buf_done) struct buf out;
    struct doctor_report report = {.arena = &kit_arena};
    buf_init(&out, 65536);
    doctor_checks_add(&report, "git", DOCTOR_LOOK, "install it", "no %s", "git");
    doctor_checks_json(&report, &out);
    EXPECT_TEXT(buf_text(&out),
                "{\"state\":\"look\",\"checks\":[{\"check\":\"git\",\"state\":\"look\","
                "\"text\":\"no git\",\"todo\":\"install it\"}]}\n");
}

RUN_TESTS(test_of(a_server_that_is_well), test_of(what_is_wrong_is_told_with_what_to_do),
          test_of(hooks_say_why_they_refuse), test_of(channels_that_are_behind), test_of(as_json))
