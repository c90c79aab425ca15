#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/str.h"
#include "cli/apart.h"
#include "os/fetch_fake.h"

#include "kit/kit.h"

#define ID "01KB1234ABCDEFGHJKMNPQRSTV"

static const struct fake_answer takes[] = {
    {"/api/v1/changes", 200, "{\"id\":\"" ID "\",\"seq\":1,\"merged\":false}"},
};
static const struct fake_answer refuses[] = {
    {"/api/v1/changes", 400, "{\"error\":\"kind 'x' is not known\",\"hint\":\"deploy is\"}"},
};
static const struct fake_answer silent[] = {{NULL, 0, NULL}};
static const struct fake_answer unwell[] = {{NULL, 503, "{\"error\":\"the queue is full\"}"}};
static const struct fake_answer stranger[] = {{NULL, 404, "<html>not here</html>"}};

static struct apart here(const struct fake_server *server)
{
    return (struct apart){
        .dir = kit_temp_dir(), .arena = &kit_arena, .url = server ? server->url : NULL};
}

static size_t n_waiting(const struct apart *apart, const char *folder)
{
    DIR *dir = opendir(apart_path(apart, folder));
    size_t n = 0;
    for (const struct dirent *entry; dir && (entry = readdir(dir)) != NULL;)
        n += text_ends(entry->d_name, ".json");
    if (dir)
        closedir(dir);
    return n;
}

/* The value of "name": up to the next comma or brace, quotes and all. */
static const char *field(const char *json, const char *name)
{
    const char *at = strstr(json, arena_printf(&kit_arena, "\"%s\":", name));
    if (!at)
        return "";
    at += strlen(name) + 3;
    return arena_strndup(&kit_arena, at, strcspn(at, ",}"));
}

/* The i-th record that it was told; "" when there were not so many. Each deploy asks first. */
static const char *told(const struct fake_server *server, size_t i)
{
    for (size_t k = 0; k < server->n_asked; k++)
        if (text_starts(server->asked[k], "POST /api/v1/changes") && i-- == 0)
            return server->bodies[k];
    return "";
}

static size_t n_told(const struct fake_server *server)
{
    size_t n = 0;
    while (told(server, n)[0])
        n++;
    return n;
}

static const char *last_told(const struct fake_server *server)
{
    const size_t n = n_told(server);
    return n ? told(server, n - 1) : "";
}

TEST(tells_of_the_start_and_of_the_end)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, takes, COUNT_OF(takes), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "deploy", "Website", "-m", "fix login", "--rev", "4f2c1e9", "--env", "staging",
          "--url", "https://ci/1", "-t", "ticket=OPS-7", "-t", "token=geheim", "--", "sh", "-c",
          "echo out; echo err >&2");
    fake_stop(&server);
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.out, "out\n");
    EXPECT_TEXT(apart.err, "err\n");
    EXPECT_I64(n_told(&server), 2);
    const char *start = told(&server, 0), *end = told(&server, 1);
    EXPECT_TEXT(server.asked[0], "GET /api/v1/can?service=website&env=staging");
    EXPECT(text_starts(start, "{\"now\":"));
    EXPECT_TEXT(field(start, "status"), "\"running\"");
    EXPECT_TEXT(field(start, "end"), "null");
    EXPECT_TEXT(field(start, "service"), "\"website\"");
    EXPECT_TEXT(field(start, "msg"), "\"fix login\"");
    EXPECT_TEXT(field(start, "rev"), "\"4f2c1e9\"");
    EXPECT_TEXT(field(start, "env"), "\"staging\"");
    EXPECT_TEXT(field(start, "by"), "\"tester\"");
    EXPECT_TEXT(field(start, "source"), "\"cli\"");
    EXPECT(strstr(start, "\"tags\":{\"ticket\":\"OPS-7\",\"token\":\"***\"}"));
    EXPECT_TEXT(field(end, "status"), "\"succeeded\"");
    EXPECT_TEXT(field(end, "key"), field(start, "key"));
    EXPECT(strlen(field(start, "key")) > 20);
    EXPECT_TEXT(field(end, "start"), field(start, "start"));
    EXPECT(strcmp(field(end, "end"), "null") != 0);
    EXPECT(strstr(end, "\"tags\":{\"ticket\":\"OPS-7\",\"token\":\"***\",\"exit\":\"0\"}"));
    EXPECT_I64(n_waiting(&apart, "state/plumb/spool"), 0);
    fake_done(&server);
}

TEST(the_command_sees_what_it_is_part_of)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, takes, COUNT_OF(takes), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "deploy", "website", "--rev", "4f2c1e9", "--", "sh", "-c",
          "echo $PLUMB_CHANGE,$PLUMB_SERVICE,$PLUMB_REV,$PLUMB_ENV,$PLUMB_BY,$PLUMB_URL; "
          "echo $PLUMB_KEY");
    fake_stop(&server);
    const char *want =
        arena_printf(&kit_arena, ID ",website,4f2c1e9,production,tester,%s\n%s\n", server.url, "");
    EXPECT(text_starts(apart.out, arena_strndup(&kit_arena, want, strlen(want) - 1)));
    const char *key = strchr(apart.out, '\n') + 1;
    EXPECT_TEXT(arena_printf(&kit_arena, "\"%.*s\"", (int)strcspn(key, "\n"), key),
                field(told(&server, 0), "key"));
    fake_done(&server);
}

TEST(the_exit_code_is_the_commands)
{
    static const struct {
        const char *row, *script;
        int code;
        const char *status, *tag;
    } rows[] = {
        {"fine", "exit 0", 0, "\"succeeded\"", "\"exit\":\"0\""},
        {"failed", "exit 3", 3, "\"failed\"", "\"exit\":\"3\""},
        {"killed", "kill -KILL $$", 137, "\"failed\"", "\"exit\":\"137\""},
    };
    struct fake_server server;
    EXPECT_OK(fake_start(&server, takes, COUNT_OF(takes), &kit_err));
    struct apart apart = here(&server);
    EACH_ROW (rows, r) {
        APART(&apart, "deploy", "website", "--", "sh", "-c", r->script);
        EXPECT_I64(apart.code, r->code);
        EXPECT_TEXT(apart.err, "");
        const char *end = last_told(&server);
        EXPECT_TEXT(field(end, "status"), r->status);
        EXPECT(strstr(end, r->tag));
    }
    APART(&apart, "deploy", "website", "--", "/no/such/program");
    EXPECT_I64(apart.code, 127);
    EXPECT(strstr(apart.err, "/no/such/program"));
    EXPECT(strstr(last_told(&server), "\"exit\":\"127\""));
    APART(&apart, "deploy", "website", "--", "/");
    EXPECT_I64(apart.code, 126);
    EXPECT_TEXT(field(last_told(&server), "status"), "\"failed\"");
    fake_stop(&server);
    fake_done(&server);
}

/* Whatever the server does, the command runs, and its code, stdout and stderr are its own. */
TEST(no_server_can_break_a_deploy)
{
    static const struct {
        const char *row;
        const struct fake_answer *answers;
        size_t n_kept;
        const char *warning;
    } rows[] = {
        {"nobody listens", NULL, 2, "Connection refused; the record is kept"},
        {"refused", refuses, 0, "the server refused the record: kind 'x' is not known"},
        {"unwell", unwell, 2, "the queue is full; the record is kept"},
        {"another server", stranger, 2, "answers 404; the record is kept"},
    };
    EACH_ROW (rows, r) {
        struct fake_server server;
        if (r->answers)
            EXPECT_OK(fake_start(&server, r->answers, 1, &kit_err));
        struct apart apart = here(r->answers ? &server : NULL);
        APART(&apart, "deploy", "website", "--", "sh", "-c", "echo ran; exit 5");
        EXPECT_I64(apart.code, 5);
        EXPECT_TEXT(apart.out, "ran\n");
        EXPECT(text_starts(apart.err, "plumb deploy: warning: "));
        EXPECT(strstr(apart.err, r->warning));
        EXPECT_I64(n_waiting(&apart, "state/plumb/spool"), r->n_kept);
        if (r->answers) {
            fake_stop(&server);
            fake_done(&server);
        }
        EXPECT_OK(dir_remove(apart_path(&apart, "state"), &kit_err));
    }
}

TEST(a_silent_server_costs_about_two_seconds_in_all)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, silent, 1, &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "deploy", "website", "--", "sh", "-c", "exit 6");
    EXPECT_I64(apart.code, 6);
    EXPECT(apart.took_ms >= 1800);
    EXPECT(apart.took_ms < 4000); /* and not two seconds at each end */
    EXPECT(strstr(apart.err, "no answer within 1700 ms; the record is kept"));
    EXPECT_I64(n_waiting(&apart, "state/plumb/spool"), 2);
    fake_stop(&server);
    fake_done(&server);
}

TEST(a_broken_environment_costs_a_warning)
{
    struct apart apart = here(NULL);
    apart.url = "gopher://x/";
    APART(&apart, "deploy", "website", "--", "sh", "-c", "exit 7");
    EXPECT_I64(apart.code, 7);
    EXPECT(strstr(apart.err, "PLUMB_URL is no address"));
    EXPECT_I64(n_waiting(&apart, "state/plumb/spool"), 2);
    /* And a spool that cannot be made. */
    EXPECT_OK(dir_remove(apart_path(&apart, "state"), &kit_err));
    EXPECT_OK(file_replace(apart_path(&apart, "state"), "", 0, &kit_err));
    APART(&apart, "deploy", "website", "--", "sh", "-c", "exit 8");
    EXPECT_I64(apart.code, 8);
    EXPECT(strstr(apart.err, "and the record is lost"));
}

TEST(what_waited_goes_out_later_with_its_own_time)
{
    struct apart away = here(NULL);
    APART(&away, "deploy", "search", "--", "true");
    EXPECT_I64(n_waiting(&away, "state/plumb/spool"), 2);

    struct fake_server server;
    EXPECT_OK(fake_start(&server, takes, COUNT_OF(takes), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "deploy", "website", "--", "true");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.err, "");
    EXPECT_I64(n_waiting(&apart, "state/plumb/spool"), 0);
    fake_stop(&server);
    EXPECT_I64(n_told(&server), 4);
    /* The rest goes last: first the end of the one that people wait for. */
    EXPECT_TEXT(field(told(&server, 1), "service"), "\"website\"");
    EXPECT_TEXT(field(told(&server, 2), "service"), "\"search\"");
    EXPECT_TEXT(field(told(&server, 2), "status"), "\"running\"");
    EXPECT_TEXT(field(told(&server, 3), "status"), "\"succeeded\"");
    EXPECT_TEXT(field(told(&server, 2), "key"), field(told(&server, 3), "key"));
    /* The clock is that of the sending, not the one that was kept: it would look slow by the wait. */
    EXPECT(text_starts(told(&server, 2), "{\"now\":") && !strstr(told(&server, 2) + 7, "\"now\":"));
    fake_done(&server);
}

TEST(wrong_command_lines_run_nothing)
{
    static const struct {
        const char *row, *args[8];
        const char *text;
    } rows[] = {
        {"no service", {"deploy", "--", "touch", "ran"}, "which service?"},
        {"no command", {"deploy", "website"}, "which command?"},
        {"nothing behind --", {"deploy", "website", "--"}, "which command?"},
        {"forgot the --", {"deploy", "website", "touch", "ran"}, "plumb deploy website -- touch"},
        {"two services", {"deploy", "a", "b", "--", "touch", "ran"}, "only one service"},
        {"a bad service", {"deploy", "web site", "--", "touch", "ran"}, "not allowed"},
        {"an unknown option",
         {"deploy", "a", "--frob", "--", "touch", "ran"},
         "no option '--frob'"},
        {"a bad tag", {"deploy", "a", "-t", "x", "--", "touch", "ran"}, "is not NAME=VALUE"},
    };
    EACH_ROW (rows, r) {
        struct apart apart = here(NULL);
        apart_run(&apart, r->args);
        EXPECT_I64(apart.code, 2);
        EXPECT(strstr(apart.err, r->text));
        EXPECT(!file_exists(apart_path(&apart, "ran")));
        EXPECT_I64(n_waiting(&apart, "state/plumb/spool"), 0);
    }
}

/* Starts a deploy of a script whose first word on stdout says that it runs. */
static pid_t start_deploy(struct apart *apart, const char *script)
{
    int ready[2];
    EXPECT_I64(pipe(ready), 0);
    const char *const args[] = {"deploy", "website", "--", "sh", "-c", script, NULL};
    const pid_t pid = apart_start(apart, args, ready[1]);
    close(ready[1]);
    char byte;
    EXPECT_I64(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

TEST(signals_reach_the_command_and_the_end_is_told)
{
    static const struct {
        const char *row, *script;
        int number, code;
    } rows[] = {
        {"TERM", "echo; while :; do sleep 0.01; done", SIGTERM, 143},
        {"INT", "echo; while :; do sleep 0.01; done", SIGINT, 130},
        {"HUP", "echo; while :; do sleep 0.01; done", SIGHUP, 129},
        {"caught", "trap 'exit 9' TERM; echo; while :; do sleep 0.01; done", SIGTERM, 9},
    };
    struct fake_server server;
    EXPECT_OK(fake_start(&server, takes, COUNT_OF(takes), &kit_err));
    EACH_ROW (rows, r) {
        struct apart apart = here(&server);
        const pid_t pid = start_deploy(&apart, r->script);
        EXPECT_I64(kill(pid, r->number), 0);
        apart_end(&apart, pid);
        EXPECT_I64(apart.code, r->code);
        const char *end = last_told(&server);
        EXPECT_TEXT(field(end, "status"), "\"failed\"");
        EXPECT(strstr(end, arena_printf(&kit_arena, "\"exit\":\"%d\"", r->code)));
    }
    EXPECT_I64(n_told(&server), 2 * COUNT_OF(rows));
    fake_stop(&server);
    fake_done(&server);
}

TEST(a_signal_before_the_command_cancels_it)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, takes, COUNT_OF(takes), &kit_err));
    struct apart apart = here(&server);
    const pid_t pid = fork();
    if (pid == 0) {
        /* Waiting from before; delivered as soon as somebody looks. */
        sigset_t term;
        sigemptyset(&term);
        sigaddset(&term, SIGTERM);
        sigprocmask(SIG_BLOCK, &term, NULL);
        raise(SIGTERM);
        const char *const args[] = {"deploy", "website", "--", "touch", "ran", NULL};
        apart_become(&apart, args, -1);
    }
    apart_end(&apart, pid);
    EXPECT_I64(apart.code, 143);
    EXPECT(!file_exists(apart_path(&apart, "ran")));
    fake_stop(&server);
    /* The start may have been cut short as well; then it went out after the end. */
    bool is_cancelled = false;
    for (size_t i = 0; i < n_told(&server); i++)
        is_cancelled |= strcmp(field(told(&server, i), "status"), "\"cancelled\"") == 0;
    EXPECT(is_cancelled);
    EXPECT_I64(n_waiting(&apart, "state/plumb/spool"), 0);
    fake_done(&server);
}

TEST(the_revision_comes_from_git)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, takes, COUNT_OF(takes), &kit_err));
    struct apart apart = here(&server);
    const char *script = arena_printf(
        &kit_arena,
        "cd '%s' && git init -q . && git -c user.name=a -c user.email=a@b -c commit.gpgsign=false "
        "commit -q --allow-empty -m x 2>/dev/null && git rev-parse --short HEAD >rev",
        apart.dir);
    const char *const make[] = {"sh", "-c", script, NULL};
    CLEANUP(buf_done) struct buf said;
    buf_init(&said, 1000);
    APART(&apart, "deploy", "website", "--", "true");
    EXPECT_TEXT(field(told(&server, 0), "rev"), ""); /* no work tree yet */
    const pid_t pid = fork();
    if (pid == 0) {
        execvp(make[0], (char *const *)(uintptr_t)make);
        _exit(127);
    }
    int status = 1;
    EXPECT_I64(waitpid(pid, &status, 0), pid);
    if (status == 0) { /* else: no git here */
        APART(&apart, "deploy", "website", "--", "true");
        const char *rev = apart_read(&apart, "rev");
        EXPECT_TEXT(field(told(&server, 2), "rev"),
                    arena_printf(&kit_arena, "\"%.*s\"", (int)strcspn(rev, "\n"), rev));
        APART(&apart, "deploy", "website", "--rev", "mine", "--", "true");
        EXPECT_TEXT(field(told(&server, 4), "rev"), "\"mine\"");
    }
    fake_stop(&server);
    fake_done(&server);
}

RUN_TESTS(test_of(tells_of_the_start_and_of_the_end), test_of(the_command_sees_what_it_is_part_of),
          test_of(the_exit_code_is_the_commands), test_of(no_server_can_break_a_deploy),
          test_of(a_silent_server_costs_about_two_seconds_in_all),
          test_of(a_broken_environment_costs_a_warning),
          test_of(what_waited_goes_out_later_with_its_own_time),
          test_of(wrong_command_lines_run_nothing),
          test_of(signals_reach_the_command_and_the_end_is_told),
          test_of(a_signal_before_the_command_cancels_it), test_of(the_revision_comes_from_git))
