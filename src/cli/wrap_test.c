/* What deploy and rollback do beyond running a command: freezes, the train, the result, the tail. */
#include <signal.h>

#include "base/str.h"
#include "cli/apart.h"
#include "os/fetch_fake.h"

#include "kit/kit.h"

#define ID "01KB1234ABCDEFGHJKMNPQRSTV"
#define CHANGES                                                                                    \
    {                                                                                              \
        "/api/v1/changes", 200, "{\"id\":\"" ID "\",\"seq\":1,\"merged\":false}"                   \
    }
#define GO                                                                                         \
    {                                                                                              \
        "/api/v1/can?", 200, "{\"can\":true,\"rev\":\"b81d002\"}"                                  \
    }

static const struct fake_answer goes[] = {CHANGES, GO};
static const struct fake_answer frozen[] = {
    CHANGES,
    {"/api/v1/can?", 200,
     "{\"can\":false,\"why\":\"frozen\",\"by\":\"ops\",\"msg\":\"db move\",\"id\":\"" ID
     "\",\"service\":\"web\",\"until\":4102444800}"},
};

static struct apart here(const struct fake_server *server)
{
    return (struct apart){
        .dir = kit_temp_dir(), .arena = &kit_arena, .url = server ? server->url : NULL};
}

/* The i-th record that it was told; "" when there were not so many. */
static const char *told(const struct fake_server *server, size_t i)
{
    for (size_t k = 0; k < server->n_asked; k++)
        if (text_starts(server->asked[k], "POST /api/v1/changes") && i-- == 0)
            return server->bodies[k];
    return "";
}

TEST(a_frozen_service_is_not_deployed)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, frozen, COUNT_OF(frozen), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "deploy", "web/x", "--result", "result", "--", "touch", "ran");
    EXPECT_I64(apart.code, 3);
    EXPECT(!file_exists(apart_path(&apart, "ran")));
    EXPECT(strstr(apart.err, "web is frozen by ops until Fri  1 Jan 2100 00:00"));
    EXPECT(strstr(apart.err, "db move"));
    EXPECT(strstr(apart.err, "plumb deploy web/x --force REASON"));
    EXPECT(strstr(apart_read(&apart, "result"), "\"code\":null,\"signal\":null,"
                                                "\"status\":\"refused\""));
    APART(&apart, "deploy", "web/x", "--force", "the fix, token=geheim", "--", "touch", "ran");
    EXPECT_I64(apart.code, 0);
    EXPECT(file_exists(apart_path(&apart, "ran")));
    EXPECT(strstr(apart.err, "going all the same"));
    /* A rollback is let through. */
    APART(&apart, "rollback", "web/x", "--", "sh", "-c", "exit 4");
    EXPECT_I64(apart.code, 4);
    fake_stop(&server);
    EXPECT(strstr(told(&server, 0), "\"force\":\"the fix, token=***\""));
    EXPECT(strstr(told(&server, 2), "\"action\":\"rollback\""));
    EXPECT(!told(&server, 4)[0]);
    fake_done(&server);
}

TEST(who_cannot_say_freezes_nothing)
{
    static const struct fake_answer answers[][2] = {
        {CHANGES, {"/api/v1/can?", 404, "{}"}},
        {CHANGES, {"/api/v1/can?", 500, "oops"}},
        {CHANGES, {"/api/v1/can?", 401, "{\"error\":\"who are you?\"}"}},
        {CHANGES, {"/api/v1/can?", 200, "<html>"}},
        {CHANGES, {"/api/v1/can?", 200, "{\"can\":\"no\"}"}},
        {CHANGES, {"/api/v1/can?", -1, ""}},
    };
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct fake_server server;
        EXPECT_OK(fake_start(&server, answers[i], 2, &kit_err));
        struct apart apart = here(&server);
        APART(&apart, "deploy", "website", "--", "sh", "-c", "echo ran; exit 5");
        EXPECT_I64(apart.code, 5);
        EXPECT_TEXT(apart.out, "ran\n");
        fake_stop(&server);
        fake_done(&server);
    }
}

TEST(a_reason_has_words)
{
    struct apart apart = here(NULL);
    APART(&apart, "deploy", "website", "--force", "", "--", "touch", "ran");
    EXPECT_I64(apart.code, 2);
    EXPECT(strstr(apart.err, "--force: why?"));
    EXPECT(!file_exists(apart_path(&apart, "ran")));
}

TEST(one_connection_serves_all_while_it_lasts)
{
    static const struct fake_answer tired[] = {
        {"/api/v1/changes", 200, "{\"id\":\"" ID "\",\"seq\":1,\"merged\":false}", .closes = true},
        {"/api/v1/can?", 200, "{\"can\":true}", .closes = true},
    };
    static const struct {
        const char *row, *command;
        const struct fake_answer *answers;
        size_t n_connections;
    } rows[] = {
        {"kept open", "true", goes, 1},
        {"closed by the server each time", "true", tired, 3},
        {"a long command: what lies between may have forgotten it", "sleep 2.2", goes, 2},
    };
    EACH_ROW (rows, r) {
        struct fake_server server;
        EXPECT_OK(fake_start(&server, r->answers, 2, &kit_err));
        struct apart apart = here(&server);
        APART(&apart, "deploy", "web", "--", "sh", "-c", r->command);
        fake_stop(&server);
        EXPECT_I64(apart.code, 0);
        EXPECT_TEXT(apart.err, "");
        EXPECT_I64(server.n_asked, 3);
        EXPECT(strstr(told(&server, 1), "\"status\":\"succeeded\""));
        EXPECT_I64(server.n_connections, r->n_connections);
        fake_done(&server);
    }
}

TEST(the_tail_is_kept_when_it_fails)
{
    static const struct {
        const char *row, *option, *script, *data; /* NULL: none */
    } rows[] = {
        {"failed", "--env=x", "echo out; exit 1", "\"out\\n\""},
        {"succeeded", "--env=x", "echo out", NULL},
        {"always", "--capture", "echo out", "\"out\\n\""},
        {"never", "--no-capture", "echo out; exit 1", NULL},
        {"secrets", "--env=x", "echo password=geheim; exit 1", "\"password=***\\n\""},
        {"binary", "--env=x", "printf 'a\\000\\377b'; exit 1", "\"a??b\""},
        {"the last 40 lines", "--env=x", "seq 1 45 | tr '\\n' '\\n'; exit 1",
         "\"6\\n7\\n8\\n9\\n10\\n11\\n12\\n13\\n14\\n15\\n16\\n17\\n18\\n19\\n20\\n21\\n22\\n23\\n2"
         "4\\n25\\n26"
         "\\n27\\n28\\n29\\n30\\n31\\n32\\n33\\n34\\n35\\n36\\n37\\n38\\n39\\n40\\n41\\n42\\n43\\n4"
         "4\\n45\\n\""},
    };
    struct fake_server server;
    EACH_ROW (rows, r) {
        EXPECT_OK(fake_start(&server, goes, COUNT_OF(goes), &kit_err));
        struct apart apart = here(&server);
        APART(&apart, "deploy", "website", r->option, "--", "sh", "-c", r->script);
        fake_stop(&server);
        EXPECT(!strstr(told(&server, 0), "\"data\""));
        const char *data = strstr(told(&server, 1), "\"data\":");
        EXPECT_I64(data != NULL, r->data != NULL);
        if (data && r->data)
            EXPECT(text_starts(data + 7, r->data));
        fake_done(&server);
    }
}

TEST(the_tail_is_at_most_8_kib)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, goes, COUNT_OF(goes), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "deploy", "website", "--", "sh", "-c",
          "head -c 100000 /dev/zero | tr '\\000' x; echo; exit 1");
    fake_stop(&server);
    const char *data = strstr(told(&server, 1), "\"data\":\"");
    EXPECT(data != NULL);
    if (data) {
        const size_t n = strspn(data + 8, "x");
        EXPECT(n <= 8192 && n >= 8000);
    }
    EXPECT_I64(strlen(apart.out), 100001);
    fake_done(&server);
}

TEST(the_result_tells_what_became_of_it)
{
    static const struct {
        const char *row, *script, *part;
        bool is_away;
    } rows[] = {
        {"fine", "exit 0",
         "{\"change\":\"" ID
         "\",\"service\":\"website\",\"rev\":\"abc\",\"code\":0,\"signal\":null,"
         "\"status\":\"succeeded\",\"seconds\":",
         false},
        {"failed", "exit 3", "\"code\":3,\"signal\":null,\"status\":\"failed\"", false},
        {"killed", "kill -KILL $$", "\"code\":137,\"signal\":9,\"status\":\"failed\"", false},
        {"not by a signal", "exit 137", "\"code\":137,\"signal\":null,", false},
        {"recorded", "exit 0", "\"recorded\":\"yes\",\"gate\":null}\n", false},
        {"not yet recorded", "exit 0", "\"recorded\":\"spooled\",\"gate\":null}\n", true},
        {"without an id", "exit 0", "{\"change\":null,", true},
    };
    struct fake_server server;
    EXPECT_OK(fake_start(&server, goes, COUNT_OF(goes), &kit_err));
    EACH_ROW (rows, r) {
        struct apart apart = here(r->is_away ? NULL : &server);
        APART(&apart, "deploy", "website", "--rev", "abc", "--result", "result", "--", "sh", "-c",
              r->script);
        EXPECT(strstr(apart_read(&apart, "result"), r->part));
    }
    /* One that cannot be written is told, and changes nothing. */
    struct apart apart = here(&server);
    APART(&apart, "deploy", "website", "--result", "no/such/folder", "--", "sh", "-c", "exit 6");
    EXPECT_I64(apart.code, 6);
    EXPECT(strstr(apart.err, "warning: --result: "));
    fake_stop(&server);
    fake_done(&server);
}

TEST(its_key_its_patience_and_what_ran_before)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, goes, COUNT_OF(goes), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "deploy", "website", "--key", "ci-7", "--ttl", "90s", "--", "sh", "-c",
          "echo $PLUMB_PREV $PLUMB_KEY");
    EXPECT_TEXT(apart.out, "b81d002 ci-7\n");
    APART(&apart, "deploy", "website", "--ttl", "soon", "--", "touch", "ran");
    EXPECT_I64(apart.code, 2);
    APART(&apart, "deploy", "website", "--capture", "--no-capture", "--", "touch", "ran");
    EXPECT_I64(apart.code, 2);
    EXPECT(!file_exists(apart_path(&apart, "ran")));
    fake_stop(&server);
    EXPECT(strstr(told(&server, 0), "\"key\":\"ci-7\""));
    EXPECT(strstr(told(&server, 0), "\"ttl\":90.0"));
    EXPECT(strstr(told(&server, 1), "\"key\":\"ci-7\""));
    fake_done(&server);
}

TEST(a_rollback_that_has_happened)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, goes, COUNT_OF(goes), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "rollback", "website", "-m", "oops", "--to", "b81d002");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.out, ID "\n");
    APART(&apart, "rollback");
    EXPECT_I64(apart.code, 2);
    APART(&apart, "rollback", "website", "--");
    EXPECT_I64(apart.code, 2);
    fake_stop(&server);
    EXPECT(strstr(told(&server, 0), "\"action\":\"rollback\""));
    EXPECT(strstr(told(&server, 0), "\"rev\":\"b81d002\""));
    EXPECT(strstr(told(&server, 0), "\"status\":\"succeeded\""));
    EXPECT(!told(&server, 1)[0]);
    struct apart away = here(NULL);
    APART(&away, "rollback", "website");
    EXPECT_I64(away.code, 0);
    EXPECT(strstr(away.err, "the record is kept"));
    fake_done(&server);
}

/* ---- the train ---- */

#define TRAIN(turn, first)                                                                         \
    "{\"name\":\"website\",\"topic\":\"" first " | tester\",\"hold\":\"\",\"turn\":" turn          \
    ",\"cars\":[{\"members\":[{\"name\":\"" first "\"}]},{\"members\":[{\"name\":\"Tester\"}]}]}"

static size_t n_asked_for(const struct fake_server *server, const char *what)
{
    size_t n = 0;
    for (size_t i = 0; i < server->n_asked; i++)
        n += text_starts(server->asked[i], what);
    return n;
}

TEST(its_turn)
{
    static const struct fake_answer answers[] = {
        CHANGES, GO, {"/api/v1/train/website", 200, TRAIN("true", "x")}};
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "deploy", "website", "--wait-turn", "--", "echo", "ran");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.out, "ran\n");
    fake_stop(&server);
    EXPECT_TEXT(server.asked[0], "POST /api/v1/train/website");
    EXPECT_TEXT(server.bodies[0], "{\"verb\":\"join\",\"who\":\"tester\"}");
    EXPECT_TEXT(server.asked[1], "GET /api/v1/train/website?who=tester");
    fake_done(&server);
}

TEST(not_its_turn_and_told_to_end)
{
    static const struct fake_answer answers[] = {
        CHANGES, GO, {"/api/v1/train/website", 200, TRAIN("false", "nora")}};
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct apart apart = here(&server);
    const char *const args[] = {"deploy", "website", "--wait-turn", "--", "touch", "ran", NULL};
    const pid_t pid = apart_start(&apart, args, -1);
    /* Told whom it waits for: then it is in the loop. */
    for (int i = 0; i < 2000 && !strstr(apart_read(&apart, "stderr"), "1 ahead: nora | tester");
         i++)
        sleep_us(5000);
    EXPECT_I64(kill(pid, SIGINT), 0);
    apart_end(&apart, pid);
    EXPECT_I64(apart.code, 130);
    EXPECT(!file_exists(apart_path(&apart, "ran")));
    fake_stop(&server);
    EXPECT_TEXT(server.bodies[server.n_asked - 1], "{\"verb\":\"nevermind\",\"who\":\"tester\"}");
    EXPECT_I64(n_asked_for(&server, "POST /api/v1/changes"), 0);
    fake_done(&server);
}

TEST(a_train_that_does_not_take_us)
{
    static const struct fake_answer answers[] = {
        CHANGES, GO, {"/api/v1/train/website", 423, "{\"error\":\"the train is held\"}"}};
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "deploy", "website", "--wait-turn", "--", "touch", "ran");
    EXPECT_I64(apart.code, 3);
    EXPECT(strstr(apart.err, "the train is held"));
    EXPECT(!file_exists(apart_path(&apart, "ran")));
    fake_stop(&server);
    fake_done(&server);
}

TEST(without_a_train_it_goes)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, goes, COUNT_OF(goes), &kit_err));
    struct apart apart = here(&server); /* which answers 404 */
    APART(&apart, "deploy", "website", "--wait-turn", "--", "echo", "ran");
    EXPECT_TEXT(apart.out, "ran\n");
    EXPECT(strstr(apart.err, "going without the train"));
    struct apart away = here(NULL);
    APART(&away, "deploy", "website", "--wait-turn", "--", "echo", "ran");
    EXPECT_TEXT(away.out, "ran\n");
    fake_stop(&server);
    fake_done(&server);
}

TEST(a_silent_train_costs_two_seconds_in_all)
{
    static const struct fake_answer silent[] = {{NULL, 0, NULL}};
    struct fake_server server;
    EXPECT_OK(fake_start(&server, silent, 1, &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "deploy", "website", "--wait-turn", "--", "sh", "-c", "exit 6");
    EXPECT_I64(apart.code, 6);
    EXPECT(apart.took_ms >= 1900 && apart.took_ms < 3600);
    fake_stop(&server);
    fake_done(&server);
}

RUN_TESTS(test_of(a_silent_train_costs_two_seconds_in_all),
          test_of(a_frozen_service_is_not_deployed), test_of(who_cannot_say_freezes_nothing),
          test_of(a_reason_has_words), test_of(one_connection_serves_all_while_it_lasts),
          test_of(the_tail_is_kept_when_it_fails), test_of(the_tail_is_at_most_8_kib),
          test_of(the_result_tells_what_became_of_it),
          test_of(its_key_its_patience_and_what_ran_before), test_of(a_rollback_that_has_happened),
          test_of(its_turn), test_of(not_its_turn_and_told_to_end),
          test_of(a_train_that_does_not_take_us), test_of(without_a_train_it_goes))
