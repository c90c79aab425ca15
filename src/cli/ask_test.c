/* The commands that ask: log, graph, ping. */
#include <pty.h>

#include "base/str.h"
#include "cli/apart.h"
#include "os/fetch_fake.h"

#include "kit/kit.h"

#define CHANGES                                                                                    \
    "[{\"id\":\"01KB1234ABCDEFGHJKMNPQRSTV\",\"kind\":\"deploy\",\"service\":\"website\","         \
    "\"env\":\"production\",\"rev\":\"4f2c1e9\",\"by\":\"nora\",\"msg\":\"fix \\u001b[2Jlogin\","  \
    "\"start\":1795356246.25,\"end\":1795356351.25,\"status\":\"succeeded\",\"url\":\"\"},"        \
    "{\"id\":\"01KB0000ABCDEFGHJKMNPQRSTV\",\"kind\":\"flag\",\"service\":\"checkout\","           \
    "\"start\":1795356000,\"end\":1795356000,\"status\":\"failed\"}]"
#define SERIES                                                                                     \
    "[{\"target\":\"web.logins\",\"datapoints\":[[1,1795352400],[5,1795352460],[null,1795352520]," \
    "[9,1795352580]]}]"

static const struct fake_answer answers[] = {
    {"/api/v1/changes?", 200, CHANGES},
    {"/render?target=web.logins&", 200, SERIES},
    {"/render?target=none", 200, "[]"},
    {"/render?target=bad", 400, "{\"error\":\"unknown function 'scael'\",\"hint\":\"scale?\"}"},
    {"/render?target=html", 200, "<html>"},
    {"/render?target=pic", 200, "\x89PNG and so on"},
    {"/ping", 200, "ok\n"},
};

static struct apart here(const struct fake_server *server)
{
    return (struct apart){
        .dir = kit_temp_dir(), .arena = &kit_arena, .url = server ? server->url : NULL};
}

TEST(log_in_a_pipe_is_rows)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "log", "web/x", "-n", "5", "--since", "2026-11-22T14:00Z", "-k", "deploy");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(
        apart.out,
        "2026-11-22T14:04:06.250Z\t01KB1234ABCDEFGHJKMNPQRSTV\tdeploy\twebsite\tproduction\t"
        "4f2c1e9\tnora\t105.000\tsucceeded\tfix  [2Jlogin\t\t\n"
        "2026-11-22T14:00:00.000Z\t01KB0000ABCDEFGHJKMNPQRSTV\tflag\tcheckout\t\t\t\t0.000\t"
        "failed\t\t\t\n");
    APART(&apart, "log", "-n", "1", "--verdict", "no harm");
    EXPECT(strchr(apart.out, '\n')[1] == '\0'); /* the second only tells that there is more */
    fake_stop(&server);
    EXPECT_TEXT(server.asked[0],
                "GET /api/v1/changes?n=6&service=web%2Fx&kind=deploy&from=1795356000");
    EXPECT_TEXT(server.asked[1], "GET /api/v1/changes?n=2&verdict=no_harm");
    fake_done(&server);
}

TEST(log_as_json_is_an_object_a_line)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "log", "--json", "-n", "1");
    EXPECT_I64(apart.code, 0);
    EXPECT(text_starts(apart.out, "{\"id\":\"01KB1234ABCDEFGHJKMNPQRSTV\",\"kind\":\"deploy\","));
    EXPECT(strstr(apart.out, "\"start\":1795356246.25,"));
    EXPECT(strstr(apart.out, "fix \\u001B[2Jlogin"));
    EXPECT(strchr(apart.out, '\n')[1] == '\0');
    APART(&apart, "log", "--oneline");
    EXPECT(strstr(apart.out,
                  " 01KB1234AB deploy website  4f2c1e9 nora 1m45s succeeded fix  [2Jlogin\n"));
    fake_stop(&server);
    fake_done(&server);
}

/* Runs it with a terminal for stdout; returns what that was sent. */
static const char *on_a_terminal(struct apart *apart, const char *const *args)
{
    int ours, theirs;
    const struct winsize size = {.ws_row = 24, .ws_col = 100};
    if (openpty(&ours, &theirs, NULL, NULL, &size) != 0)
        return NULL;
    setenv("TERM", "xterm", 1);
    const pid_t pid = apart_start(apart, args, theirs);
    close(theirs);
    CLEANUP(buf_done) struct buf got;
    buf_init(&got, 65536);
    char bytes[4096];
    for (ssize_t n; (n = read(ours, bytes, sizeof bytes)) > 0;)
        buf_add(&got, bytes, (size_t)n);
    close(ours);
    apart_end(apart, pid);
    return arena_strndup(&kit_arena, buf_text(&got), got.n);
}

TEST(log_on_a_terminal_is_columns)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct apart apart = here(&server);
    const char *const args[] = {"log", NULL};
    const char *text = on_a_terminal(&apart, args);
    if (text) { /* else: no terminals on this system */
        EXPECT_I64(apart.code, 0);
        EXPECT(strstr(text, "TIME") && strstr(text, "MESSAGE\r\n"));
        EXPECT(strstr(text, "\x1b[32msucceeded\x1b[0m fix  [2Jlogin\r\n"));
        EXPECT(!strstr(text, "\x1b[2J"));
        setenv("NO_COLOR", "1", 1);
        text = on_a_terminal(&apart, args);
        EXPECT(strstr(text, " succeeded fix "));
        EXPECT(!strchr(text, '\x1b'));
        unsetenv("NO_COLOR");
    }
    fake_stop(&server);
    fake_done(&server);
}

TEST(graph_draws_series_and_changes)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "graph", "web.logins", "--since", "1795352400", "--until", "1795356400",
          "--width", "60", "--height", "15", "--title", "logins");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.err, "");
    EXPECT(strstr(apart.out, "logins"));
    EXPECT(strstr(apart.out, "web.logins"));
    EXPECT(!strchr(apart.out, '\x1b'));
    fake_stop(&server);
    EXPECT_I64(server.n_asked, 2);
    EXPECT_TEXT(server.asked[0], "GET /render?target=web.logins&from=1795352400&until=1795356400&"
                                 "format=json&maxDataPoints=120");
    EXPECT_TEXT(server.asked[1], "GET /api/v1/changes?from=1795352400&until=1795356400&n=2000");
    fake_done(&server);
}

TEST(graph_without_utf8_is_ascii)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct apart apart = here(&server);
    apart.is_ascii = true;
    APART(&apart, "graph", "web.logins", "--since", "1795352400", "--until", "1795356400");
    EXPECT_I64(apart.code, 0);
    EXPECT(strlen(apart.out) > 100);
    for (const char *at = apart.out; *at; at++)
        EXPECT((unsigned char)*at < 0x80);
    fake_stop(&server);
    fake_done(&server);
}

TEST(graph_into_a_file)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "graph", "pic", "--since", "1795352400", "--until", "1795356400", "--output",
          "a.png", "--width", "900", "--height", "300", "--title", "a & b");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.out, "");
    EXPECT_TEXT(apart_read(&apart, "a.png"), "\x89PNG and so on");
    EXPECT(!file_exists(apart_path(&apart, "a.png.tmp")));
    APART(&apart, "graph", "pic", "drawAsInfinite(events.deploy.*)", "-o", "a.svg");
    EXPECT_I64(apart.code, 0);
    APART(&apart, "graph", "pic", "-o", "no/such/folder/a.png");
    EXPECT_I64(apart.code, 1);
    APART(&apart, "graph", "bad", "-o", "b.png");
    EXPECT_I64(apart.code, 2);
    EXPECT(!file_exists(apart_path(&apart, "b.png")));
    fake_stop(&server);
    EXPECT_TEXT(server.asked[0],
                "GET /render?target=pic&from=1795352400&until=1795356400&format=png&"
                "title=a%20%26%20b&width=900&height=300&changes=all");
    /* The changes are named: not all of them. */
    EXPECT(strstr(server.asked[1], "&target=drawAsInfinite%28events.deploy.%2A%29&"));
    EXPECT(strstr(server.asked[1], "format=svg") && !strstr(server.asked[1], "changes="));
    fake_done(&server);
}

TEST(many_targets_go_as_a_form)
{
    static const struct fake_answer one[] = {{"/render", 200, SERIES}, {"/api", 200, "[]"}};
    struct fake_server server;
    EXPECT_OK(fake_start(&server, one, COUNT_OF(one), &kit_err));
    struct apart apart = here(&server);
    char *longest = arena_alloc(&kit_arena, 5001);
    memset(longest, 'x', 5000);
    longest[5000] = '\0';
    APART(&apart, "graph", longest, "--since", "1795352400", "--until", "1795356400");
    EXPECT_I64(apart.code, 0);
    fake_stop(&server);
    EXPECT_TEXT(server.asked[0], "POST /render");
    EXPECT(text_starts(server.bodies[0], "target=xxx"));
    EXPECT(strcasestr(server.heads[0], "content-type: application/x-www-form-urlencoded"));
    fake_done(&server);
}

TEST(failures_have_their_codes)
{
    static const struct {
        const char *row, *args[8];
        int code;
        const char *text;
        bool is_away;
    } rows[] = {
        {"ping", {"ping"}, 0, "", false},
        {"ping, away", {"ping"}, 7, "Connection refused", true},
        {"ping with words", {"ping", "x"}, 2, "takes no arguments", false},
        {"log, away", {"log"}, 7, "Connection refused", true},
        {"log of two", {"log", "a", "b"}, 2, "one service at most", false},
        {"log, no number", {"log", "-n", "0"}, 2, "--number '0'", false},
        {"log, no kind", {"log", "-k", "x"}, 2, "--kind 'x'", false},
        {"log, no time", {"log", "--since", "x"}, 2, "--since: 'x' is no time", false},
        {"graph, away", {"graph", "a"}, 7, "Connection refused", true},
        {"graph of nothing", {"graph"}, 2, "which target?", false},
        {"graph, not there", {"graph", "none"}, 5, "no series 'none'", false},
        {"graph, refused", {"graph", "bad"}, 2, "unknown function 'scael'", false},
        {"graph, strange answer", {"graph", "html"}, 2, "no JSON list", false},
        {"graph, elsewhere", {"graph", "404"}, 5, "answers 404: nothing here", false},
        {"graph, times", {"graph", "a", "--since", "1h", "--until", "2h"}, 2, "not before", false},
        {"graph, format", {"graph", "a", "-o", "a.jpg"}, 2, "neither in .png nor in .svg", false},
    };
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    EACH_ROW (rows, r) {
        struct apart apart = here(r->is_away ? NULL : &server);
        apart_run(&apart, r->args);
        EXPECT_I64(apart.code, r->code);
        EXPECT(strstr(apart.err, r->text));
        EXPECT(r->code == 0 || apart.out[0] == '\0');
    }
    fake_stop(&server);
    fake_done(&server);
}

RUN_TESTS(test_of(log_in_a_pipe_is_rows), test_of(log_as_json_is_an_object_a_line),
          test_of(log_on_a_terminal_is_columns), test_of(graph_draws_series_and_changes),
          test_of(graph_without_utf8_is_ascii), test_of(graph_into_a_file),
          test_of(many_targets_go_as_a_form), test_of(failures_have_their_codes))
