#include "cli/apart.h"
#include "os/fetch_fake.h"

#include "kit/kit.h"

#define WEBSITE                                                                                    \
    "{\"name\":\"website\",\"topic\":\"<prod> nora* + sasha | nassim !! db move\",\"hold\":"       \
    "\"db move\",\"cars\":[],\"by\":\"nora\",\"at\":1500000000.0}"

static const struct fake_answer answers[] = {
    {"/api/v1/train/website", 200, WEBSITE},
    {"/api/v1/train/held", 423, "{\"error\":\"the train is held: db\",\"hint\":\"unhold lets\"}"},
    {"/api/v1/train/gone", 404, "{\"error\":\"lee is not aboard\",\"hint\":\"join first\"}"},
    {"/api/v1/train/forbidden", 403, "{\"error\":\"this token may not\"}"},
    {"/api/v1/train/other", 200, "<html>"},
    {"/api/v1/train/empty", 200, "{\"name\":\"empty\",\"topic\":\"clear\"}"},
    {"/api/v1/train", 200, "[" WEBSITE ",{\"name\":\"search\",\"topic\":\"lee\"}]"},
};

TEST(a_train_in_a_pipe_is_rows)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct apart apart = {.dir = kit_temp_dir(), .arena = &kit_arena, .url = server.url};
    APART(&apart, "train", "website");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.out, "website\t1\tprod\tnora\tgood\tdb move\n"
                           "website\t1\tprod\tsasha\t\tdb move\n"
                           "website\t2\t\tnassim\t\tdb move\n");
    APART(&apart, "train", "empty");
    EXPECT_TEXT(apart.out, "empty\t0\t\t\t\t\n");
    APART(&apart, "train");
    EXPECT(strstr(apart.out, "search\t1\t\tlee\t\t\n") != NULL);
    APART(&apart, "train", "--json");
    EXPECT(strstr(apart.out, "\n{\"name\":\"search\",\"topic\":\"lee\"}\n") != NULL);
    fake_stop(&server);
    EXPECT_TEXT(server.asked[0], "GET /api/v1/train/website");
    fake_done(&server);
}

TEST(a_verb_is_posted_and_its_refusal_has_a_code)
{
    static const struct {
        const char *row, *words[4];
        int code;
        const char *said;
    } rows[] = {
        {"held", {"held", "at", "prod"}, 3, "the train is held: db"},
        {"not aboard", {"gone", "done"}, 5, "lee is not aboard"},
        {"not a turn but a right", {"forbidden", "done"}, 1, "this token may not"},
        {"not ours", {"other"}, 7, "does not answer like a plumb server"},
        {"no such verb", {"website", "jion"}, 2, "did you mean join?"},
        {"no stage", {"website", "at"}, 2, "'at' needs a stage"},
        {"which train", {"join"}, 2, "which train?"},
        {"no name", {"web site", "join"}, 2, "'web site' is no name"},
    };
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct apart apart = {.dir = kit_temp_dir(), .arena = &kit_arena, .url = server.url};
    EACH_ROW (rows, r) {
        APART(&apart, "train", r->words[0], r->words[1], r->words[2]);
        EXPECT_I64(apart.code, r->code);
        kit_expect(strstr(apart.err, r->said) != NULL, __FILE__, __LINE__, "%s", apart.err);
    }
    fake_stop(&server);
    fake_done(&server);
}

RUN_TESTS(test_of(a_train_in_a_pipe_is_rows), test_of(a_verb_is_posted_and_its_refusal_has_a_code))
