/* The commands that coordinate and those that end or show changes, against a server that answers as told. */
#include <pty.h>

#include "base/str.h"
#include "cli/apart.h"
#include "os/fetch_fake.h"

#include "kit/kit.h"

#define ID "01KB1234ABCDEFGHJKMNPQRSTV"

static const struct fake_answer answers[] = {
    {"/freeze", 200, "{\"id\":\"" ID "\",\"seq\":1,\"merged\":false}"},
    {"/api/v1/freezes.ics", 200, "BEGIN:VCALENDAR\r\n"},
    {"/api/v1/freezes", 200,
     "[{\"id\":\"" ID "\",\"service\":\"db\",\"env\":\"production\",\"frozen\":true,"
     "\"from\":1795352646}]"},
    {"/api/v1/can?service=db", 200, "{\"can\":false,\"service\":\"db\",\"by\":\"ops\"}"},
    {"/api/v1/can", 200, "{\"can\":true}"},
    {"/api/v1/thaw", 200, "{\"thawed\":[{\"id\":\"" ID "\",\"service\":\"db\",\"msg\":\"move\"}]}"},
    {"/api/v1/end", 200, "{\"id\":\"" ID "\",\"seq\":1,\"merged\":true}"},
    {"/api/v1/changes/" ID, 200,
     "{\"id\":\"" ID
     "\",\"kind\":\"deploy\",\"service\":\"website\",\"msg\":\"fix\",\"data\":\"x\"}"},
    {"/api/v1/changes?n=1&service=none", 200, "[]"},
    {"/api/v1/changes?n=1", 200, "[{\"id\":\"" ID "\",\"service\":\"website\"}]"},
    {"/api/v1/changes?", 200,
     "[{\"id\":\"" ID "\",\"service\":\"website\",\"status\":\"failed\",\"msg\":\"m\","
     "\"data\":\"last words\"}]"},
    {"/api/v1/now", 200,
     "{\"now\":1,\"in_flight\":[{\"id\":\"" ID "\",\"kind\":\"deploy\",\"service\":\"search\"}],"
     "\"frozen\":[],\"incidents\":[],\"thirdparty\":[],\"recent\":[]}"},
};

static struct fake_server server;

static struct apart begin(void)
{
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    return (struct apart){.dir = kit_temp_dir(), .arena = &kit_arena, .url = server.url};
}

static void end(void)
{
    fake_stop(&server);
    fake_done(&server);
}

TEST(codes_and_words)
{
    static const struct {
        const char *row, *args[10];
        int code;
        const char *out, *err;
    } rows[] = {
        {"can", {"can", "website"}, 0, "yes\n", ""},
        {"cannot", {"can", "db"}, 3, "db is frozen by ops until thawed\n", ""},
        {"quietly", {"can", "-q", "db"}, 3, "", ""},
        {"can json", {"can", "website", "--json"}, 0, "{\"can\":true}\n", ""},
        {"can two", {"can", "a", "b"}, 2, "", "one service at most"},
        {"list", {"freeze"}, 0, "\t" ID "\tfrozen\tdb\tproduction\t", ""},
        {"list json", {"freeze", "--json"}, 0, "{\"id\":\"" ID "\",", ""},
        {"calendar", {"freeze", "--ics"}, 0, "BEGIN:VCALENDAR\r\n", ""},
        {"freeze", {"freeze", "db", "-m", "move"}, 0, ID "\n", ""},
        {"all", {"freeze", "--all", "-m", "move", "--for", "2h"}, 0, ID "\n", ""},
        {"no reason", {"freeze", "db"}, 2, "", "why?"},
        {"nobody", {"freeze", "-m", "x"}, 2, "", "one SERVICE, or --all"},
        {"both", {"freeze", "db", "--all", "-m", "x"}, 2, "", "one SERVICE, or --all"},
        {"cron for ever",
         {"freeze", "db", "-m", "x", "--cron", "0 18 * * FRI"},
         2,
         "",
         "--for 62h"},
        {"bad cron",
         {"freeze", "db", "-m", "x", "--cron", "0 25 * * *", "--for", "1h"},
         2,
         "",
         "'25' is no hour"},
        {"two ends",
         {"freeze", "db", "-m", "x", "--until", "18:00", "--for", "1h"},
         2,
         "",
         "give one of them"},
        {"over", {"freeze", "db", "-m", "x", "--until", "2020-01-01"}, 2, "", "is over"},
        {"bad service", {"freeze", "d b", "-m", "x"}, 2, "", "not allowed"},
        {"thaw", {"thaw", "db"}, 0, ID "  thawed db: move\n", ""},
        {"thaw what", {"thaw"}, 2, "", "one SERVICE or ID, or --all"},
        {"done", {"done", "db", "-m", "fine"}, 0, ID "\n", ""},
        {"fail", {"fail", "db", "--json"}, 0, "\"merged\":true}", ""},
        {"done what", {"done"}, 2, "", "which change?"},
        {"show", {"show", "website"}, 0, "\nservice   website\n", ""},
        {"show an id", {"show", ID}, 0, "\n\n    x\n", ""},
        {"show json", {"show", ID, "--json"}, 0, "\"data\":\"x\"}\n", ""},
        {"show none", {"show", "none"}, 5, "", "no change of 'none'"},
        {"show what", {"show"}, 2, "", "id of a change"},
        {"now", {"now"}, 0, "IN FLIGHT\n- ", ""},
        {"now what", {"now", "x"}, 2, "", "takes no arguments"},
    };
    struct apart apart = begin();
    EACH_ROW (rows, r) {
        apart_run(&apart, r->args);
        EXPECT_I64(apart.code, r->code);
        EXPECT(strstr(apart.out, r->out));
        EXPECT(strstr(apart.err, r->err));
        EXPECT(r->out[0] || !apart.out[0]);
        EXPECT(r->err[0] || !apart.err[0]);
    }
    end();
}

TEST(without_a_server)
{
    static const char *const rows[][5] = {
        {"can", "db"},  {"freeze"}, {"freeze", "db", "-m", "x"}, {"thaw", "db"}, {"done", "db"},
        {"show", "db"}, {"now"}};
    struct apart apart = {.dir = kit_temp_dir(), .arena = &kit_arena};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        kit_row(rows[i][0]);
        apart_run(&apart, rows[i]);
        EXPECT_I64(apart.code, 7);
        EXPECT_TEXT(apart.out, "");
    }
    kit_row(NULL);
}

TEST(what_is_asked)
{
    struct apart apart = begin();
    APART(&apart, "freeze", "Web/X", "-m", "move token=geheim", "--cron", "0 18 * * FRI", "--for",
          "62h", "--tz", "Europe/Berlin", "--env", "*", "--until", "2100-01-01");
    APART(&apart, "freeze", "--all", "-m", "x");
    APART(&apart, "thaw", "db", "--env", "staging");
    APART(&apart, "fail", "db", "-m", "a b", "-k", "infra");
    APART(&apart, "log", "web", "--by", "nora", "--status", "failed", "--env", "x", "--until",
          "1795352400", "--grep", "log* in", "-p");
    fake_stop(&server);
    EXPECT_TEXT(server.asked[0], "POST /freeze/web/x");
    EXPECT_TEXT(server.bodies[0],
                "{\"msg\":\"move token=***\",\"by\":\"tester\",\"source\":\"cli\",\"env\":\"*\","
                "\"end\":4102444800.0,\"tags\":{\"cron\":\"0 18 * * FRI\",\"for\":\"62h\","
                "\"tz\":\"Europe/Berlin\"}}");
    EXPECT_TEXT(server.asked[1], "POST /freeze");
    EXPECT_TEXT(server.bodies[2], "service=db&env=staging");
    EXPECT_TEXT(server.bodies[3], "what=db&status=fail&msg=a%20b&kind=infra");
    EXPECT_TEXT(server.asked[4], "GET /api/v1/changes?n=31&service=web&by=nora&status=failed&env=x&"
                                 "q=log%2A%20in&whole=1&until=1795352400");
    EXPECT(strstr(apart.out, " failed m\n    m\n\n    last words\n\n"));
    fake_done(&server);
}

TEST(a_pager_on_a_terminal)
{
    struct apart apart = begin();
    apart.pager = "sed s/^/PAGED:/ >paged";
    int ours, theirs;
    if (openpty(&ours, &theirs, NULL, NULL, NULL) == 0) { /* else: no terminals on this system */
        static const char *const paged[] = {"log", NULL}, *const plain[] = {"log", "--no-pager",
                                                                            NULL};
        apart_end(&apart, apart_start(&apart, paged, theirs));
        EXPECT_I64(apart.code, 0);
        const char *text = apart_read(&apart, "paged");
        EXPECT(text_starts(text, "PAGED:") && strstr(text, "website"));
        EXPECT_OK(file_unlink(apart_path(&apart, "paged"), &kit_err));
        apart_end(&apart, apart_start(&apart, plain, theirs));
        EXPECT(!file_exists(apart_path(&apart, "paged")));
        /* One that is not there is no reason to show nothing. */
        apart.pager = "no-such-pager";
        apart_end(&apart, apart_start(&apart, paged, theirs));
        EXPECT_I64(apart.code, 0);
        close(ours);
        close(theirs);
    }
    /* And never into a pipe. */
    apart.pager = "sed s/^/PAGED:/ >paged";
    APART(&apart, "log");
    EXPECT(strstr(apart.out, "\twebsite\t"));
    EXPECT(!file_exists(apart_path(&apart, "paged")));
    end();
}

TEST(forms_of_a_log)
{
    static const struct {
        const char *row, *args[6], *out;
        int code;
    } rows[] = {
        {"json", {"log", "-o", "json"}, "{\"id\":\"" ID "\",", 0},
        {"rows", {"log", "-o", "tsv"}, "\t" ID "\tnote\twebsite\t", 0},
        {"table", {"log", "-o", "md"}, "| --- |", 0},
        {"totals", {"log", "--oneline", "--since", "today"}, "\n1 change today: 1 failed.\n", 0},
        {"since", {"log", "--oneline", "--since", "2h"}, "\n1 change since 2h: 1 failed.\n", 0},
        {"unknown", {"log", "-o", "xml"}, "", 2},
        {"status", {"log", "--status", "broken"}, "", 2},
    };
    struct apart apart = begin();
    EACH_ROW (rows, r) {
        apart_run(&apart, r->args);
        EXPECT_I64(apart.code, r->code);
        EXPECT(strstr(apart.out, r->out));
    }
    end();
}

RUN_TESTS(test_of(codes_and_words), test_of(without_a_server), test_of(what_is_asked),
          test_of(a_pager_on_a_terminal), test_of(forms_of_a_log))
