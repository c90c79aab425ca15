#include "cli/record.h"

#include "kit/kit.h"

static struct change example(void)
{
    struct change c = change_blank();
    static struct tag tags[] = {{"exit", "3"}, {"a \"b\"", "\xC3\xBC"}};
    c.key = "cli-1";
    c.source = "cli";
    c.service = "web/checkout";
    c.env = "staging";
    c.rev = "4f2c1e9";
    c.by = "nora";
    c.msg = "fix \"login\"\\";
    c.url = "https://ci/1";
    c.action = "rollback";
    c.start_ms = INT64_C(1763837886123);
    c.end_ms = INT64_C(1763837991400);
    c.status = STATUS_FAILED;
    c.tags = tags;
    c.n_tags = COUNT_OF(tags);
    return c;
}

static const char *written(const struct change *change)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, RECORD_BYTES_MAX);
    record_write(change, &out);
    EXPECT(record_is_whole(buf_text(&out), out.n));
    return arena_strdup(&kit_arena, buf_text(&out));
}

TEST(writes_what_the_server_takes)
{
    struct change c = example();
    EXPECT_TEXT(
        written(&c),
        "{\"key\":\"cli-1\",\"source\":\"cli\",\"kind\":\"deploy\",\"action\":\"rollback\","
        "\"service\":\"web/checkout\",\"env\":\"staging\",\"rev\":\"4f2c1e9\",\"by\":\"nora\","
        "\"msg\":\"fix \\\"login\\\"\\\\\",\"url\":\"https://ci/1\",\"start\":1763837886.123,"
        "\"end\":1763837991.4,\"status\":\"failed\",\"tags\":{\"exit\":\"3\",\"a \\\"b\\\"\":"
        "\"\xC3\xBC\"}}");
    struct change least = change_blank();
    least.service = "web";
    least.start_ms = 1763837886000;
    least.status = STATUS_RUNNING;
    EXPECT_TEXT(written(&least), "{\"kind\":\"deploy\",\"service\":\"web\",\"start\":1763837886.0,"
                                 "\"end\":null,\"status\":\"running\"}");
}

TEST(reads_back_what_it_wrote)
{
    const struct change c = example();
    const char *json = arena_printf(&kit_arena, "[%s]", written(&c));
    struct change_list list;
    EXPECT_OK(record_list(json, strlen(json), &kit_arena, &list, &kit_err));
    EXPECT_I64(list.n, 1);
    const struct change *got = &list.items[0];
    EXPECT_TEXT(got->key, c.key);
    EXPECT_TEXT(got->service, c.service);
    EXPECT_TEXT(got->env, c.env);
    EXPECT_TEXT(got->rev, c.rev);
    EXPECT_TEXT(got->by, c.by);
    EXPECT_TEXT(got->msg, c.msg);
    EXPECT_TEXT(got->url, c.url);
    EXPECT_TEXT(got->action, c.action);
    EXPECT_I64(got->start_ms, c.start_ms);
    EXPECT_I64(got->end_ms, c.end_ms);
    EXPECT_I64(got->status, c.status);
    EXPECT_I64(got->n_tags, 2);
    EXPECT_TEXT(got->tags[0].key, "exit");
    EXPECT_TEXT(got->tags[0].value, "3");
}

TEST(reads_what_it_did)
{
    static const char text[] =
        "[{\"verdict\":{\"state\":\"harm\",\"stage\":\"1h\",\"checked\":42,\"moved\":2,"
        "\"worst\":[{\"metric\":\"php.warnings\",\"before\":1,\"after\":37,\"delta\":36}],"
        "\"would_see\":{\"logins\":0.04}}},{\"verdict\":null},{\"verdict\":{\"state\":\"new\"}}]";
    struct change_list list;
    EXPECT_OK(record_list(text, strlen(text), &kit_arena, &list, &kit_err));
    EXPECT_I64(list.items[0].verdict->state, VERDICT_HARM);
    EXPECT_I64(verdict_moved(list.items[0].verdict), 2);
    EXPECT_TEXT(list.items[0].verdict->moved[0].name, "php.warnings");
    EXPECT_F64(verdict_sees(&list.items[0].verdict->unmoved[0]), 0.04, 0);
    EXPECT(!list.items[1].verdict && !list.items[2].verdict);

    static const char whole[] = "{\"verdict\":{\"state\":\"moved\",\"stage\":\"15m\","
                                "\"moved\":[{\"metric\":\"a\"}]}}";
    struct verdict verdict;
    EXPECT(record_verdict(whole, strlen(whole), &kit_arena, &verdict));
    EXPECT_TEXT(verdict.moved[0].name, "a");
    EXPECT(!record_verdict("{}", 2, &kit_arena, &verdict));
    EXPECT(!record_verdict("", 0, &kit_arena, &verdict));
}

TEST(what_is_missing_or_strange_is_not_known)
{
    static const char json[] =
        "[{},{\"id\":7,\"service\":null,\"start\":\"soon\",\"end\":-1,\"status\":\"exploded\","
        "\"kind\":\"quantum\",\"tags\":[1]},{\"start\":1e300,\"end\":null,\"tags\":{\"n\":1}}]";
    struct change_list list;
    EXPECT_OK(record_list(json, strlen(json), &kit_arena, &list, &kit_err));
    EXPECT_I64(list.n, 3);
    for (size_t i = 0; i < list.n; i++) {
        EXPECT_TEXT(list.items[i].id, "");
        EXPECT_TEXT(list.items[i].service, "");
        EXPECT_I64(list.items[i].start_ms, 0);
        EXPECT_I64(list.items[i].end_ms, 0);
        EXPECT_I64(list.items[i].status, STATUS_UNKNOWN);
    }
    EXPECT_I64(list.items[2].n_tags, 1);
    EXPECT_TEXT(list.items[2].tags[0].value, "");
}

TEST(refuses_what_is_no_list_of_changes)
{
    static const struct {
        const char *row, *json;
    } rows[] = {
        {"empty", ""},
        {"no JSON", "<html>"},
        {"an object", "{}"},
        {"a number inside", "[{},1]"},
        {"cut", "[{\"id\":\"x\""},
        {"two", "[][]"},
    };
    EACH_ROW (rows, r) {
        struct change_list list;
        EXPECT_ERR(record_list(r->json, strlen(r->json), &kit_arena, &list, &kit_err), ERR_INPUT,
                   "no list of changes");
        CLEANUP(buf_done) struct buf out;
        buf_init(&out, 100);
        const struct record_lines how = {10, false};
        EXPECT_ERR(record_lines(r->json, strlen(r->json), how, &out, &kit_err), ERR_INPUT, "");
    }
}

TEST(a_line_for_each_object)
{
    static const char json[] =
        "[ {\"b\": 1763837886.123, \"a\": \"\xC3\xBC\\u001b\"},\n {}, {\"c\":1}]";
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1000);
    struct record_lines how = {2, false};
    EXPECT_OK(record_lines(json, strlen(json), how, &out, &kit_err));
    EXPECT_TEXT(buf_text(&out), "{\"b\":1763837886.123,\"a\":\"\xC3\xBC\\u001B\"}\n{}\n");
    buf_clear(&out);
    how.is_ascii = true;
    how.n_max = 1;
    EXPECT_OK(record_lines(json, strlen(json), how, &out, &kit_err));
    EXPECT_TEXT(buf_text(&out), "{\"b\":1763837886.123,\"a\":\"\\u00FC\\u001B\"}\n");
}

TEST(an_id_is_fit_for_urls_and_scripts)
{
    static const struct {
        const char *row, *json, *id; /* id NULL: refused */
    } rows[] = {
        {"good", "{\"id\":\"01KB1234ABCDEFGHJKMNPQRSTV\",\"seq\":1,\"merged\":false}",
         "01KB1234ABCDEFGHJKMNPQRSTV"},
        {"none", "{}", NULL},
        {"empty", "{\"id\":\"\"}", NULL},
        {"number", "{\"id\":7}", NULL},
        {"a list", "[\"x\"]", NULL},
        {"no JSON", "ok", NULL},
        {"nothing", "", NULL},
        {"with a blank", "{\"id\":\"a b\"}", NULL},
        {"with a line's end", "{\"id\":\"a\\nb\"}", NULL},
        {"very long",
         "{\"id\":\"01234567890123456789012345678901234567890123456789012345678901234\"}", NULL},
    };
    EACH_ROW (rows, r) {
        const char *id = NULL;
        err_clear(&kit_err);
        EXPECT(record_id(r->json, strlen(r->json), &kit_arena, &id, &kit_err) == (r->id != NULL));
        EXPECT_TEXT(id, r->id);
    }
}

TEST(half_a_record_is_not_whole)
{
    struct change c = example();
    const char *text = written(&c);
    for (size_t n = 0; n < strlen(text); n++)
        EXPECT(!record_is_whole(text, n));
    EXPECT(!record_is_whole("{}", 2));
    EXPECT(!record_is_whole("[]", 2));
}

RUN_TESTS(test_of(reads_what_it_did), test_of(writes_what_the_server_takes),
          test_of(reads_back_what_it_wrote), test_of(what_is_missing_or_strange_is_not_known),
          test_of(refuses_what_is_no_list_of_changes), test_of(a_line_for_each_object),
          test_of(an_id_is_fit_for_urls_and_scripts), test_of(half_a_record_is_not_whole))
