#include "api/change_json.h"

#include "kit/kit.h"

static bool read_text(const char *text, struct change *out)
{
    *out = change_blank();
    return change_json_read(text, strlen(text), &kit_arena, out, &kit_err);
}

TEST(reads_what_a_client_sends)
{
    struct change got;
    EXPECT_OK(read_text("{\"kind\":\"flag\",\"service\":\"checkout\",\"rev\":\"4f2c1e9\","
                        "\"start\":1763837886.5,\"end\":null,\"status\":\"running\","
                        "\"tags\":{\"team\":\"accounts\",\"pct\":5},\"old\":\"off\",\"new\":\"on\","
                        "\"ticket\":\"OPS-1\",\"nested\":{\"a\":1}}",
                        &got));
    EXPECT_I64(got.kind, CHANGE_FLAG);
    EXPECT_TEXT(got.service, "checkout");
    EXPECT_I64(got.start_ms, 1763837886500);
    EXPECT_I64(got.end_ms, 0);
    EXPECT_I64(got.status, STATUS_RUNNING);
    EXPECT_TEXT(got.new_value, "on");
    EXPECT_I64(got.n_tags, 3);
    EXPECT_TEXT(got.tags[1].value, "5");
    EXPECT_TEXT(got.tags[2].key, "ticket");
}

TEST(tells_seconds_from_milliseconds)
{
    struct change got;
    EXPECT_OK(read_text("{\"start\":1763837886}", &got));
    EXPECT_I64(got.start_ms, 1763837886000);
    EXPECT_OK(read_text("{\"start\":1763837886123}", &got));
    EXPECT_I64(got.start_ms, 1763837886123);
}

TEST(the_senders_clock_and_patience)
{
    struct change got;
    EXPECT_OK(read_text("{\"now\":1763837886.5,\"ttl\":2.5}", &got));
    EXPECT_I64(got.sent_ms, 1763837886500);
    EXPECT_I64(got.ttl_ms, 2500);
    EXPECT_I64(got.n_tags, 0);
    EXPECT_OK(read_text("{\"now\":null,\"ttl\":null}", &got));
    EXPECT_I64(got.sent_ms + got.ttl_ms, 0);
}

TEST(bad_input_names_the_field)
{
    static const struct {
        const char *row, *part;
    } rows[] = {
        {"not json", "not JSON"},
        {"[1]", "not a JSON object"},
        {"{\"kind\":\"party\"}", "kind 'party'"},
        {"{\"kind\":5}", "kind"},
        {"{\"status\":\"done\"}", "status 'done'"},
        {"{\"start\":\"noon\"}", "start is not a number"},
        {"{\"start\":1e300}", "start is not a time"},
        {"{\"now\":\"noon\"}", "now is not a number"},
        {"{\"ttl\":true}", "ttl is not a number"},
        {"{\"ttl\":-1}", "ttl is not between"},
        {"{\"ttl\":1e9}", "ttl is not between"},
        {"{\"service\":7}", "service is not a text"},
        {"{\"tags\":[1]}", "tags is not an object"},
        {"{\"tags\":{\"a\":[1]}}", "tags: 'a'"},
        {"{\"rev\":\"a\",\"rev\":\"b\"}", "duplicate"},
    };
    EACH_ROW (rows, r) {
        struct change got;
        EXPECT_ERR(read_text(r->row, &got), ERR_INPUT, r->part);
    }
}

TEST(what_is_written_can_be_read)
{
    struct change change = change_blank(), got;
    struct tag tags[] = {{"a", "b"}};
    change.id = "01ABC";
    change.service = "website";
    change.msg = "fix \"it\"";
    change.start_ms = 1763837886123;
    change.status = STATUS_FAILED;
    change.tags = tags;
    change.n_tags = 1;
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    struct jsonw json;
    jsonw_init(&json, &out, 0);
    change_json_write(&json, &change);
    EXPECT(strstr(buf_text(&out), "\"start\":1763837886.123,\"end\":null") != NULL);
    EXPECT_OK(read_text(buf_text(&out), &got));
    EXPECT_TEXT(got.msg, change.msg);
    EXPECT_I64(got.start_ms, change.start_ms);
    EXPECT_I64(got.status, STATUS_FAILED);
    EXPECT_I64(got.n_tags, 1);
}

#define ID "01BWZ3T1M00000000000000001"

TEST(an_export_holds_what_the_ledger_said)
{
    struct change change = change_blank(), got = change_blank(), told;
    struct telling also = {"hook/github", "7"};
    change.id = ID;
    change.service = "website";
    change.data = "line\nline";
    change.start_ms = 1763837886123;
    change.received_ms = 1763837887000;
    change.ttl_ms = 7200000;
    change.skew_ms = -45000;
    change.n_edits = 2;
    change.is_retracted = change.is_posted = true;
    change.also = &also;
    change.n_also = 1;
    struct verdict verdict = verdict_blank();
    verdict.stage = VERDICT_1H;
    verdict.state = VERDICT_NO_HARM;
    verdict.n_checked = 42;
    change.verdict = &verdict;
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    struct jsonw json;
    jsonw_init(&json, &out, 0);
    change_json_write_whole(&json, &change);
    EXPECT_OK(change_json_read_whole(buf_text(&out), out.n, &kit_arena, &got, &kit_err));
    EXPECT_TEXT(got.id, ID);
    EXPECT_TEXT(got.data, change.data);
    EXPECT_TEXT(got.also[0].source, "hook/github");
    EXPECT_I64(got.received_ms, change.received_ms);
    EXPECT_I64(got.ttl_ms, change.ttl_ms);
    EXPECT_I64(got.skew_ms, change.skew_ms);
    EXPECT_I64(got.n_edits, 2);
    EXPECT(got.is_retracted && got.is_posted);
    EXPECT_I64(got.n_tags, 0);
    EXPECT(strstr(buf_text(&out), "\"verdict\":{\"state\":\"no_harm\",\"stage\":\"1h\"") != NULL);
    EXPECT(got.verdict && got.verdict->stage == VERDICT_1H && got.verdict->n_checked == 42);
    EXPECT_TEXT(got.verdict->change, ID);
    /* Whoever only tells of a change cannot say any of that. */
    EXPECT_OK(read_text(buf_text(&out), &told));
    EXPECT_TEXT(told.id, "");
    EXPECT(!told.verdict);
    EXPECT(!told.is_retracted && !told.is_posted && told.n_also == 0 && told.n_edits == 0);
    EXPECT_I64(told.n_tags, 0);
}

TEST(ids_of_others_are_refused)
{
    static const char *const rows[] = {"{\"id\":\"short\"}",
                                       "{\"id\":\"01bwz3t1m00000000000000001\"}",
                                       "{\"id\":\"" ID "\",\"also\":[{\"source\":\"x\"}]}",
                                       "{\"id\":\"" ID "\",\"received\":1e300}"};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct change got = change_blank();
        EXPECT(!change_json_read_whole(rows[i], strlen(rows[i]), &kit_arena, &got, &kit_err));
    }
}

RUN_TESTS(test_of(reads_what_a_client_sends), test_of(tells_seconds_from_milliseconds),
          test_of(the_senders_clock_and_patience), test_of(bad_input_names_the_field),
          test_of(what_is_written_can_be_read), test_of(an_export_holds_what_the_ledger_said),
          test_of(ids_of_others_are_refused))
