#include "base/str.h"
#include "cli/apart.h"
#include "os/fetch_fake.h"

#include "kit/kit.h"

#define ID    "01KB1234ABCDEFGHJKMNPQRSTV"
#define SPOOL "state/plumb/spool"

static const struct fake_answer takes[] = {
    {"/api/v1/changes", 200, "{\"id\":\"" ID "\",\"seq\":1,\"merged\":false}"},
};
static const struct fake_answer refuses[] = {
    {"/api/v1/changes", 400, "{\"error\":\"rev is 300 bytes long\",\"hint\":\"say less\"}"},
};

static struct apart here(const struct fake_server *server)
{
    return (struct apart){
        .dir = kit_temp_dir(), .arena = &kit_arena, .url = server ? server->url : NULL};
}

static bool count_one(void *self, const char *name, struct err *err)
{
    (void)err;
    *(size_t *)self += text_ends(name, ".json");
    return true;
}

static size_t n_files(const struct apart *apart, const char *folder)
{
    size_t n = 0;
    struct err err;
    return dir_each(apart_path(apart, folder), count_one, &n, &err) ? n : 0;
}

TEST(prints_the_id_and_nothing_else)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, takes, 1, &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "mark", "checkout", "-k", "flag", "-m", "new_cart on", "-t", "flag=new_cart",
          "--key", "k1", "--by", "sam");
    fake_stop(&server);
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.out, ID "\n");
    EXPECT_TEXT(apart.err, "");
    EXPECT_I64(server.n_asked, 1);
    EXPECT(text_starts(server.bodies[0], "{\"now\":")); /* its clock, for the server to compare */
    EXPECT(strstr(server.bodies[0], ",\"key\":\"k1\",\"source\":\"cli\",\"kind\":\"flag\","
                                    "\"service\":\"checkout\",\"env\":\"production\","
                                    "\"by\":\"sam\",\"msg\":\"new_cart on\",\"start\":"));
    EXPECT(
        text_ends(server.bodies[0], ",\"status\":\"succeeded\",\"tags\":{\"flag\":\"new_cart\"}}"));
    fake_done(&server);
}

TEST(times_are_moments_and_spans)
{
    static const struct {
        const char *row, *args[10];
        const char *part;
    } rows[] = {
        {"a moment",
         {"mark", "a", "--at", "2026-11-22T14:05Z"},
         "\"start\":1795356300.0,\"end\":1795356300.0,\"status\":\"succeeded\""},
        {"a span",
         {"mark", "a", "--from", "2026-11-22T14:05Z", "--to", "1795356360.5"},
         "\"start\":1795356300.0,\"end\":1795356360.5,\"status\":\"succeeded\""},
        {"still going on",
         {"mark", "a", "--from", "2026-11-22T14:05Z"},
         "\"start\":1795356300.0,\"end\":null,\"status\":\"running\""},
    };
    struct fake_server server;
    EXPECT_OK(fake_start(&server, takes, 1, &kit_err));
    struct apart apart = here(&server);
    EACH_ROW (rows, r) {
        apart_run(&apart, r->args);
        EXPECT_I64(apart.code, 0);
        EXPECT(strstr(server.bodies[server.n_asked - 1], r->part));
    }
    fake_stop(&server);
    fake_done(&server);
}

TEST(wrong_command_lines_record_nothing)
{
    static const struct {
        const char *row, *args[12];
        const char *text;
    } rows[] = {
        {"no service", {"mark"}, "needs a service"},
        {"unknown kind", {"mark", "a", "-k", "deplyo"}, "--kind 'deplyo'"},
        {"at and from", {"mark", "a", "--at", "1h", "--from", "2h"}, "give one of them"},
        {"to without from", {"mark", "a", "--to", "1h"}, "--to needs --from"},
        {"to before from", {"mark", "a", "--from", "1h", "--to", "2h"}, "--to is before --from"},
        {"no time", {"mark", "a", "--at", "noon"}, "--at: 'noon' is no time"},
        {"a command", {"mark", "a", "--", "true"}, "mark runs no command"},
        {"two services", {"mark", "a", "b"}, "only one service"},
        {"a bad service", {"mark", "a b"}, "not allowed"},
    };
    EACH_ROW (rows, r) {
        struct apart apart = here(NULL);
        apart_run(&apart, r->args);
        EXPECT_I64(apart.code, 2);
        EXPECT_TEXT(apart.out, "");
        EXPECT(strstr(apart.err, r->text));
        EXPECT_I64(n_files(&apart, SPOOL), 0);
    }
}

TEST(without_a_server_it_is_kept)
{
    struct apart apart = here(NULL);
    APART(&apart, "mark", "website");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.out, "");
    EXPECT(strstr(apart.err, "Connection refused; the record is kept"));
    APART(&apart, "mark", "website", "--strict");
    EXPECT_I64(apart.code, 7);
    EXPECT_I64(n_files(&apart, SPOOL), 2);
    /* A place that cannot be written to. */
    EXPECT_OK(dir_remove(apart_path(&apart, "state"), &kit_err));
    EXPECT_OK(file_replace(apart_path(&apart, "state"), "", 0, &kit_err));
    APART(&apart, "mark", "website");
    EXPECT_I64(apart.code, 7);
    EXPECT(strstr(apart.err, "and the record is lost"));
}

TEST(a_refusal_is_final)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, refuses, 1, &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "mark", "website");
    EXPECT_I64(apart.code, 2);
    EXPECT_TEXT(apart.err, "plumb mark: rev is 300 bytes long\n  say less\n");
    EXPECT_I64(n_files(&apart, SPOOL), 0);
    fake_stop(&server);
    fake_done(&server);
}

TEST(flush_sends_what_waits)
{
    struct apart away = here(NULL);
    APART(&away, "mark", "one", "--key", "k1");
    APART(&away, "mark", "two", "--key", "k2");
    APART(&away, "flush");
    EXPECT_I64(away.code, 7);
    EXPECT_TEXT(away.out, "0 sent, 0 refused, 2 waiting\n");

    struct fake_server server;
    EXPECT_OK(fake_start(&server, takes, 1, &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "flush");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.out, "2 sent, 0 refused, 0 waiting\n");
    APART(&apart, "flush");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.out, "nothing waits\n");
    fake_stop(&server);
    EXPECT_I64(server.n_asked, 2);
    EXPECT(strstr(server.bodies[0], "\"k1\""));
    EXPECT(strstr(server.bodies[1], "\"k2\""));
    fake_done(&server);
}

TEST(flush_sets_aside_what_is_refused)
{
    struct apart away = here(NULL);
    APART(&away, "mark", "one");
    struct fake_server server;
    EXPECT_OK(fake_start(&server, refuses, 1, &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "flush");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.out, "0 sent, 1 refused, 0 waiting\n");
    EXPECT(strstr(apart.err, "refused 1: rev is 300 bytes long; see "));
    EXPECT_I64(n_files(&apart, SPOOL), 0);
    EXPECT_I64(n_files(&apart, SPOOL "/refused"), 1);
    fake_stop(&server);
    fake_done(&server);
}

TEST(a_full_spool_is_told)
{
    struct apart apart = here(NULL);
    EXPECT_OK(dir_make(apart_path(&apart, SPOOL), &kit_err));
    for (int i = 0; i < 10000; i++) {
        const char *path = apart_path(&apart, arena_printf(&kit_arena, SPOOL "/%013d-a.json", i));
        CLEANUP(fd_done) int fd = open(path, O_CREAT | O_WRONLY, 0600);
        EXPECT(fd >= 0);
    }
    APART(&apart, "mark", "website");
    EXPECT_I64(apart.code, 7);
    EXPECT(strstr(apart.err, "is full: 10000 records wait there"));
    APART(&apart, "deploy", "website", "--", "sh", "-c", "exit 4");
    EXPECT_I64(apart.code, 4);
}

RUN_TESTS(test_of(prints_the_id_and_nothing_else), test_of(times_are_moments_and_spans),
          test_of(wrong_command_lines_record_nothing), test_of(without_a_server_it_is_kept),
          test_of(a_refusal_is_final), test_of(flush_sends_what_waits),
          test_of(flush_sets_aside_what_is_refused), test_of(a_full_spool_is_told))
