#include "model/verdict.h"

#include "base/num.h"
#include "kit/kit.h"
#include "model/verdict_read.h"
#include "model/verdict_text.h"
#include "model/verdict_write.h"

static struct verdict_metric metric(const char *name, double before, double after)
{
    struct verdict_metric m = {.name = name,
                               .direction = after < before ? VERDICT_DOWN : VERDICT_UP,
                               .harm = VERDICT_BAD,
                               .is_vital = true,
                               .before = before,
                               .after = after,
                               .effect = after - before,
                               .usual_low = before * 0.9,
                               .usual_high = before * 1.1,
                               .p = 0.0036,
                               .rank = 1,
                               .n_rank = 280,
                               .share = 0.86,
                               .since_s = 1763837940,
                               .would_see = NAN,
                               .n_spark = 3,
                               .spark_change = 2};
    m.spark[0] = before;
    m.spark[1] = NAN;
    m.spark[2] = after;
    return m;
}

static struct verdict full(void)
{
    static struct verdict_metric moved[4], unmoved[3];
    static const char *no_data[] = {"search.p95"}, *overlaps[] = {"01JD9Q6X4T7M00000000000000"};
    static const char *reasons[] = {"3 metrics have a day of history, 7 are needed."};
    moved[0] = metric("php.warnings", 1.2, 44);
    moved[1] = metric("logins.ok", 412, 284);
    moved[2] = metric("a", 1, 2);
    moved[3] = metric("b", 1, 2);
    unmoved[0] = metric("checkout.ok", 200, 201);
    unmoved[0].would_see = 8;
    unmoved[1] = metric("signups", 0, 0);
    unmoved[1].would_see = 3;
    unmoved[2] = metric("forum.posts", -10, -10);
    unmoved[2].would_see = 1.2;
    struct verdict verdict = verdict_blank();
    verdict.change = "01JD9Q6X4T7M00000000000001";
    verdict.stage = VERDICT_1H;
    verdict.state = VERDICT_HARM;
    verdict.made_ms = 1763841591250;
    verdict.from_s = 1763836000;
    verdict.at_s = 1763837886;
    verdict.until_s = 1763841486;
    verdict.n_checked = 42;
    verdict.n_revised = 1;
    verdict.moved = moved;
    verdict.n_moved = COUNT_OF(moved);
    verdict.unmoved = unmoved;
    verdict.n_unmoved = COUNT_OF(unmoved);
    verdict.no_data = no_data;
    verdict.n_no_data = 1;
    verdict.overlaps = overlaps;
    verdict.n_overlaps = 1;
    verdict.reasons = reasons;
    verdict.n_reasons = 1;
    verdict.false_alarms = 2.9;
    verdict.method = "1";
    return verdict;
}

static const char *written(const struct verdict *verdict, bool is_short)
{
    struct buf out;
    struct jsonw json;
    buf_init(&out, 1 << 20);
    jsonw_init(&json, &out, 0);
    if (is_short)
        verdict_write_summary(&json, verdict);
    else
        verdict_write(&json, verdict);
    const char *text = arena_strdup(&kit_arena, buf_text(&out));
    buf_done(&out);
    return text;
}

TEST(a_whole_one_comes_back)
{
    const struct verdict verdict = full();
    const char *text = written(&verdict, false);
    json_auto_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    struct verdict got;
    EXPECT_OK(verdict_read(root, &kit_arena, &got, &kit_err));
    EXPECT_TEXT(written(&got, false), text);
    EXPECT_TEXT(got.change, verdict.change);
    EXPECT_I64(got.state, VERDICT_HARM);
    EXPECT_I64(got.stage, VERDICT_1H);
    EXPECT_I64(got.made_ms, verdict.made_ms);
    EXPECT_I64(got.from_s, verdict.from_s);
    EXPECT_I64(got.at_s, verdict.at_s);
    EXPECT_I64(got.until_s, verdict.until_s);
    EXPECT_I64(got.n_revised, 1);
    EXPECT_I64(got.n_moved, 4);
    EXPECT_TEXT(got.moved[1].name, "logins.ok");
    EXPECT_I64(got.moved[1].direction, VERDICT_DOWN);
    EXPECT_I64(got.moved[1].harm, VERDICT_BAD);
    EXPECT_F64(got.moved[1].effect, -128, 0);
    EXPECT(is_gap(got.moved[1].would_see));
    EXPECT(is_gap(got.moved[1].spark[1]));
    EXPECT_F64(got.moved[1].spark[2], 284, 0);
    EXPECT_I64(got.moved[1].n_rank, 280);
    EXPECT_F64(got.unmoved[0].would_see, 8, 0);
    EXPECT_TEXT(got.no_data[0], "search.p95");
    EXPECT_TEXT(got.overlaps[0], verdict.overlaps[0]);
    EXPECT_TEXT(got.reasons[0], verdict.reasons[0]);
    EXPECT_F64(got.false_alarms, 2.9, 0);
}

/* The shape is a contract: those who show it read these keys. */
TEST(what_a_summary_says)
{
    struct verdict verdict = full(), got;
    verdict.n_moved = 1;
    EXPECT_TEXT(written(&verdict, true),
                "{\"state\":\"harm\",\"stage\":\"1h\",\"made\":1763841591.25,\"until\":1763841486,"
                "\"checked\":42,\"moved\":1,\"revised\":1,\"worst\":[{\"metric\":\"php.warnings\","
                "\"direction\":\"up\",\"harm\":\"bad\",\"before\":1.2,\"after\":44,"
                "\"delta\":42.8,\"since\":1763837940}],"
                "\"would_see\":{\"checkout.ok\":0.04,\"forum.posts\":0.12}}");
    verdict.n_moved = 4;
    json_auto_t *root = json_loads(written(&verdict, true), JSON_REJECT_DUPLICATES, NULL);
    EXPECT(verdict_read_summary(root, &kit_arena, &got));
    EXPECT_TEXT(written(&got, true), written(&verdict, true));
    EXPECT_I64(got.n_moved, 3);
    EXPECT_I64(verdict_moved(&got), 4);
    verdict.state = VERDICT_CANNOT_TELL;
    json_auto_t *odd = json_loads(written(&verdict, true), JSON_REJECT_DUPLICATES, NULL);
    EXPECT(verdict_read_summary(odd, &kit_arena, &got));
    EXPECT_TEXT(got.reasons[0], verdict.reasons[0]);
    EXPECT_TEXT(written(&got, true), written(&verdict, true));
    EXPECT_TEXT(got.unmoved[1].name, "forum.posts");
    EXPECT_F64(verdict_sees(&got.unmoved[1]), 0.12, 1e-12);
}

TEST(what_is_not_known_is_null_and_back)
{
    struct verdict_metric bare = metric("a", INFINITY, NAN);
    bare.effect = -INFINITY;
    struct verdict verdict = verdict_blank(), got;
    verdict.moved = &bare;
    verdict.n_moved = 1;
    json_auto_t *root = json_loads(written(&verdict, false), JSON_REJECT_DUPLICATES, NULL);
    EXPECT(json_is_null(json_object_get(root, "made")));
    EXPECT(json_is_null(json_object_get(root, "false_alarms_per_1000")));
    EXPECT_OK(verdict_read(root, &kit_arena, &got, &kit_err));
    EXPECT(is_gap(got.moved[0].before) && is_gap(got.moved[0].after));
    EXPECT(is_gap(got.false_alarms));
    EXPECT_I64(got.made_ms, 0);
}

TEST(what_is_no_verdict)
{
    static const struct {
        const char *row;
    } rows[] = {{"null"},
                {"[]"},
                {"{}"},
                {"{\"state\":\"harm\"}"},
                {"{\"state\":\"harm\",\"stage\":\"2h\"}"},
                {"{\"state\":1,\"stage\":\"1h\"}"}};
    EACH_ROW (rows, r) {
        json_auto_t *root = json_loads(r->row, 0, NULL);
        struct verdict got;
        EXPECT_ERR(verdict_read(root, &kit_arena, &got, &kit_err), ERR_INPUT, "no verdict");
        EXPECT(!verdict_read_summary(root, &kit_arena, &got));
    }
}

TEST(odd_members_are_not_known)
{
    json_auto_t *root = json_loads(
        "{\"state\":\"moved\",\"stage\":\"15m\",\"new\":1,\"checked\":-3,\"made\":\"now\","
        "\"windows\":7,\"moved\":[1,{\"metric\":2,\"rank\":3,\"spark\":[1,\"a\"],"
        "\"spark_change\":9}],\"reasons\":{}}",
        0, NULL);
    struct verdict got;
    EXPECT_OK(verdict_read(root, &kit_arena, &got, &kit_err));
    EXPECT_I64(got.n_checked, 0);
    EXPECT_I64(got.made_ms, 0);
    EXPECT_I64(got.n_moved, 2);
    EXPECT_TEXT(got.moved[1].name, "");
    EXPECT_I64(got.moved[1].n_spark, 2);
    EXPECT_I64(got.moved[1].spark_change, 2);
    EXPECT(is_gap(got.moved[1].spark[1]));
    EXPECT_I64(got.n_reasons, 0);
}

TEST(a_list_without_end_is_refused)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_add_str(&text, "{\"state\":\"harm\",\"stage\":\"1h\",\"nodata\":[1");
    for (int i = 0; i < VERDICT_LIST_MAX; i++)
        buf_add_str(&text, ",1");
    buf_add_str(&text, "]}");
    json_auto_t *root = json_loads(buf_text(&text), 0, NULL);
    struct verdict got;
    EXPECT(root != NULL);
    EXPECT_ERR(verdict_read(root, &kit_arena, &got, &kit_err), ERR_LIMIT, "nodata");
    buf_done(&text);
}

TEST(how_far_in_words)
{
    static const struct {
        const char *row;
        double before, after, effect;
        const char *want;
    } rows[] = {
        {"many times", 1.2, 44, 42.8, "x37"},
        {"a few times", 10, 35, 25, "x3.5"},
        {"down", 412, 284, -128, "-31%"},
        {"up by little", 1000, 1004, 4, "+0.4%"},
        {"less than was to be expected", 100, 150, -50, "-25%"},
        {"from nothing", 0, 44, 44, "from 0 to 44"},
        {"across zero", -5, 5, 10, "from -5 to 5"},
        {"a negative one, up", -10, -5, 5, "+50%"},
        {"effect not known", 200, 100, NAN, "-50%"},
    };
    EACH_ROW (rows, r) {
        struct verdict_metric m = metric("a", r->before, r->after);
        struct buf out;
        m.effect = r->effect;
        buf_init(&out, 100);
        verdict_text_effect(&m, &out);
        EXPECT_TEXT(buf_text(&out), r->want);
        buf_done(&out);
    }
}

RUN_TESTS(test_of(a_whole_one_comes_back), test_of(what_a_summary_says),
          test_of(what_is_not_known_is_null_and_back), test_of(what_is_no_verdict),
          test_of(odd_members_are_not_known), test_of(a_list_without_end_is_refused),
          test_of(how_far_in_words))
