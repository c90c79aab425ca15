/* plumb token, and with which token the commands ask. */
#include <sys/stat.h>

#include "base/str.h"
#include "cli/apart.h"
#include "os/fetch_fake.h"

#include "kit/kit.h"

#define SECRET "plb_abcdefghijklmnopqrstuvwxyz234567"
#define TOKENS                                                                                     \
    "[{\"name\":\"ci\",\"can\":\"write:deploy:website\",\"created\":1795356300,\"expires\":1,"     \
    "\"used\":null,\"revoked\":null},{\"name\":\"gone\",\"can\":\"read\",\"created\":1795356300,"  \
    "\"expires\":null,\"used\":1795356360,\"revoked\":1795356400},{\"name\":\"g\\u001b[2J\","      \
    "\"can\":\"read\",\"created\":1795356300,\"expires\":null,\"used\":null,\"revoked\":null}]"

static const struct fake_answer answers[] = {
    {"/api/v1/tokens/ci/revoke", 200, "{\"revoked\":\"ci\"}"},
    {"/api/v1/tokens/nosuch/revoke", 404, "{\"error\":\"there is no token 'nosuch'\"}"},
    {"/api/v1/tokens", 200, TOKENS},
    {"/ping", 200, "ok\n"},
    {"/api/v1/changes?", 401,
     "{\"error\":\"no token\",\"hint\":\"plumb token new NAME\",\"denied\":true}"},
    {"/api/v1/changes", 401,
     "{\"error\":\"no token\",\"hint\":\"plumb token new NAME\",\"denied\":true}"},
    {"/render", 403, "{\"error\":\"it needs the scope read\",\"denied\":true}"},
    {"/api/v1/series", 403, "{\"error\":\"a change is never deleted\"}"},
};
static const struct fake_answer making[] = {
    {"/api/v1/tokens", 200, "{\"token\":\"" SECRET "\",\"name\":\"ci\"}"}};

static struct apart here(const struct fake_server *server)
{
    return (struct apart){.dir = kit_temp_dir(), .arena = &kit_arena, .url = server->url};
}

static const char *bearer_of(const struct fake_server *server, size_t i)
{
    const char *at = strstr(server->heads[i], "Authorization: ");
    if (!at)
        return "";
    at += strlen("Authorization: ");
    return arena_strndup(&kit_arena, at, strcspn(at, "\r\n"));
}

TEST(a_new_token_is_printed_alone)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, making, COUNT_OF(making), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "token", "new", "ci", "--can", "write:deploy:website,read", "--can", "edit",
          "--expires", "90d");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.out, SECRET "\n");
    APART(&apart, "token", "new", "ci", "--can", "read", "--json");
    EXPECT_TEXT(apart.out, "{\"token\":\"" SECRET "\",\"name\":\"ci\"}\n");
    fake_stop(&server);
    EXPECT_TEXT(server.asked[0], "POST /api/v1/tokens");
    EXPECT_TEXT(server.bodies[0],
                "{\"name\":\"ci\",\"can\":[\"write:deploy:website,read\",\"edit\"],"
                "\"expires\":\"90d\",\"by\":\"tester\"}");
    fake_done(&server);
}

TEST(tokens_are_listed_as_rows)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "token", "list");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.out,
                "ci\texpired\twrite:deploy:website\t2026-11-22T14:05:00Z\t\t1970-01-01T00:00:01Z\n"
                "gone\trevoked\tread\t2026-11-22T14:05:00Z\t2026-11-22T14:06:00Z\t\n"
                "g [2J\tgood\tread\t2026-11-22T14:05:00Z\t\t\n");
    APART(&apart, "token", "list", "--json");
    EXPECT_TEXT(apart.out, TOKENS "\n");
    APART(&apart, "token", "revoke", "ci");
    EXPECT_TEXT(apart.out, "ci is revoked\n");
    APART(&apart, "token", "revoke", "nosuch");
    EXPECT_I64(apart.code, 5);
    fake_stop(&server);
    EXPECT_TEXT(server.asked[2], "POST /api/v1/tokens/ci/revoke");
    EXPECT_TEXT(server.bodies[2], "{\"by\":\"tester\"}");
    fake_done(&server);
}

TEST(says_what_token_takes)
{
    static const struct {
        const char *row, *words[6], *part;
    } rows[] = {
        {"nothing", {"token"}, "new NAME --can SCOPES"},
        {"unknown", {"token", "make", "ci"}, "new NAME --can SCOPES"},
        {"no name", {"token", "new", "--can", "read"}, "new NAME --can SCOPES"},
        {"no scopes", {"token", "new", "ci"}, "what may it do?"},
        {"a word too many", {"token", "list", "ci"}, "new NAME --can SCOPES"},
    };
    EACH_ROW (rows, r) {
        struct apart apart = {.dir = kit_temp_dir(), .arena = &kit_arena};
        apart_run(&apart, r->words);
        EXPECT_I64(apart.code, 2);
        EXPECT(strstr(apart.err, r->part) != NULL);
    }
}

TEST(a_refusal_has_a_code_of_its_own_and_tells_what_to_do)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct apart apart = here(&server);
    APART(&apart, "log");
    EXPECT_I64(apart.code, 6);
    EXPECT(strstr(apart.err, "no token\n  plumb token new NAME\n") != NULL);
    APART(&apart, "graph", "web.logins", "-o", "a.png");
    EXPECT_I64(apart.code, 6);
    APART(&apart, "delete", "--yes", "events.**");
    EXPECT_I64(apart.code, 1); /* nobody may */
    APART(&apart, "mark", "website");
    EXPECT_I64(apart.code, 6);
    EXPECT(strstr(apart.err, "the record is kept") && strstr(apart.err, "plumb token new NAME"));
    APART(&apart, "flush");
    EXPECT_I64(apart.code, 6);
    APART(&apart, "deploy", "website", "--", "true");
    EXPECT_I64(apart.code, 0);
    fake_stop(&server);
    fake_done(&server);
}

/* The account file's text, or NULL: none. */
static void write_account(const char *text, unsigned mode)
{
    const char *dir = kit_path(kit_temp_dir(), ".config/plumb");
    EXPECT_OK(dir_make(dir, &kit_err));
    const char *path = kit_path(dir, "config");
    EXPECT_OK(file_replace(path, text, strlen(text), &kit_err));
    EXPECT_I64(chmod(path, mode), 0);
}

TEST(commands_send_the_token_of_the_environment_or_of_the_file)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    const char *own =
        arena_printf(&kit_arena, "[plumb]\nurl = %s/\ntoken = plb_file\n", server.url);
    const struct {
        const char *row, *file, *token;
        bool is_default_url;
        const char *wanted;
    } rows[] = {
        {"none", NULL, NULL, false, ""},
        {"environment", NULL, "plb_env", false, "Bearer plb_env"},
        {"file", own, NULL, false, "Bearer plb_file"},
        {"file says where", own, NULL, true, "Bearer plb_file"},
        {"environment beats it", own, "plb_env", false, "Bearer plb_env"},
        {"not for another server", "[plumb]\nurl = http://127.0.0.1:1\ntoken = plb_file\n", NULL,
         false, ""},
        {"the default server's", "[plumb]\ntoken = plb_file\n", NULL, false, ""},
    };
    size_t n = 0;
    EACH_ROW (rows, r) {
        struct apart apart = here(&server);
        apart.token = r->token;
        apart.is_default_url = r->is_default_url;
        write_account(r->file ? r->file : "", 0600);
        APART(&apart, "ping");
        EXPECT_I64(apart.code, 0);
        EXPECT_TEXT(apart.err, "");
        EXPECT_TEXT(bearer_of(&server, n), r->wanted);
        n++;
    }
    fake_stop(&server);
    fake_done(&server);
}

TEST(the_file_is_read_with_care)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    static const struct {
        const char *row, *file, *token;
        unsigned mode;
        int code;
        const char *part;
    } rows[] = {
        {"others may read it", "[plumb]\ntoken = plb_x\n", NULL, 0644, 0, "chmod 600"},
        {"nothing to read", "[plumb]\nurl = http://127.0.0.1:1\n", NULL, 0644, 0, ""},
        {"no section", "token = plb_x\n", NULL, 0600, 2, "the line [plumb]"},
        {"a key", "[plumb]\ntokn = plb_x\n", NULL, 0600, 2, "config:2: there is no key 'tokn'"},
        {"a token of two lines", "[plumb]\ntoken = plb_x\n  Evil: y\n", NULL, 0600, 2,
         "no token has"},
        {"so in the environment", "", "plb_x\r\nEvil: y", 0600, 2, "PLUMB_TOKEN holds"},
    };
    EACH_ROW (rows, r) {
        struct apart apart = here(&server);
        apart.token = r->token;
        write_account(r->file, r->mode);
        APART(&apart, "ping");
        EXPECT_I64(apart.code, r->code);
        EXPECT(strstr(apart.err, r->part) != NULL);
        EXPECT_I64(apart.err[0] == '\0', r->part[0] == '\0');
        EXPECT(strstr(apart.err, "plb_x") == NULL); /* it is told to nobody */
    }
    struct apart apart = here(&server);
    apart.is_default_url = true;
    write_account("[plumb]\nurl = nowhere at all\n", 0600);
    APART(&apart, "ping");
    EXPECT_I64(apart.code, 2);
    EXPECT(strstr(apart.err, "config: url is no address") != NULL);
    fake_stop(&server);
    fake_done(&server);
}

TEST(the_spool_holds_no_token)
{
    struct apart apart = {.dir = kit_temp_dir(), .arena = &kit_arena, .token = SECRET};
    APART(&apart, "mark", "website", "-m", "x");
    EXPECT_I64(apart.code, 0);
    const char *const find[] = {
        "deploy", "website", "--", "sh", "-c", "cat state/plumb/spool/*.json", NULL};
    apart_run(&apart, find);
    EXPECT(strstr(apart.out, "website") && !strstr(apart.out, SECRET));
}

RUN_TESTS(test_of(a_new_token_is_printed_alone), test_of(tokens_are_listed_as_rows),
          test_of(says_what_token_takes),
          test_of(a_refusal_has_a_code_of_its_own_and_tells_what_to_do),
          test_of(commands_send_the_token_of_the_environment_or_of_the_file),
          test_of(the_file_is_read_with_care), test_of(the_spool_holds_no_token))
