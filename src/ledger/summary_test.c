#include "ledger/summary.h"

#include <math.h>

#include "base/num.h"
#include "kit/kit.h"

static struct verdict full(void)
{
    static struct verdict_metric moved[] = {
        {.name = "php.warnings",
         .harm = VERDICT_BAD,
         .before = 1.2,
         .after = 44,
         .effect = 42.8,
         .since_s = 1763838060},
        {.name = "sumSeries(web.*.latency, 1)\nx",
         .direction = VERDICT_ERRATIC,
         .before = -1.0 / 3,
         .after = NAN,
         .effect = INFINITY},
        {.name = "c", .direction = VERDICT_DOWN, .harm = VERDICT_GOOD},
        {.name = "d"}};
    static struct verdict_metric unmoved[] = {{.name = "zero", .would_see = 3},
                                              {.name = "logins.ok", .before = 400, .would_see = 16},
                                              {.name = "", .before = 3, .would_see = 1}};
    struct verdict verdict = verdict_blank();
    verdict.state = VERDICT_HARM;
    verdict.stage = VERDICT_15M;
    verdict.made_ms = 1763839000123;
    verdict.until_s = 1763838991;
    verdict.n_checked = 42;
    verdict.n_revised = 1;
    verdict.moved = moved;
    verdict.n_moved = COUNT_OF(moved);
    verdict.unmoved = unmoved;
    verdict.n_unmoved = COUNT_OF(unmoved);
    return verdict;
}

static const char *encoded(const struct verdict *verdict)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    summary_encode(verdict, &out);
    return arena_strdup(&kit_arena, buf_text(&out));
}

/* The example of docs/formats/ledger.md. */
TEST(what_is_written_is_read)
{
    const struct verdict verdict = full();
    struct verdict got;
    const char *text = encoded(&verdict);
    EXPECT_TEXT(text, "harm 15m 1763839000123 1763838991 42 4 1\n"
                      "m ub 1763838060 1.2 44 42.8 php.warnings\n"
                      "m e- 0 -0.333333 nan nan sumSeries(web.*.latency, 1) x\n"
                      "m dg 0 0 0 0 c\n"
                      "s 0.04 logins.ok\n"
                      "s 0.333 \n");
    EXPECT(summary_decode(str_of(text), &kit_arena, &got));
    EXPECT_TEXT(encoded(&got), text);
    EXPECT_I64(verdict_moved(&got), 4);
    EXPECT_I64(got.n_moved, 3);
    EXPECT_I64(got.moved[1].direction, VERDICT_ERRATIC);
    EXPECT(is_gap(got.moved[1].after));
    EXPECT_F64(verdict_sees(&got.unmoved[0]), 0.04, 1e-12);
}

TEST(why_it_cannot_tell)
{
    const char *reasons[] = {"Too little traffic:\n2 events.", "more"};
    struct verdict verdict = verdict_blank(), got;
    verdict.state = VERDICT_CANNOT_TELL;
    verdict.stage = VERDICT_1H;
    verdict.reasons = reasons;
    verdict.n_reasons = 2;
    EXPECT(summary_decode(str_of(encoded(&verdict)), &kit_arena, &got));
    EXPECT_I64(got.n_reasons, 1);
    EXPECT_TEXT(got.reasons[0], "Too little traffic: 2 events.");
}

TEST(what_cannot_be_read_is_left_out)
{
    static const struct {
        const char *row, *text;
        bool is_read;
        size_t n_moved, n_unmoved;
    } rows[] = {
        {"nothing", "", false, 0, 0},
        {"a word", "harm", false, 0, 0},
        {"a state", "guilty 15m 1 1 1 1 1\n", false, 0, 0},
        {"a stage", "harm 2h 1 1 1 1 1\n", false, 0, 0},
        {"a number", "harm 15m x 1 1 1 1\n", false, 0, 0},
        {"below zero", "harm 15m 1 1 -1 1 1\n", false, 0, 0},
        {"no end of the line", "harm 15m 1 1 1 1 1", true, 0, 0},
        {"odd lines",
         "harm 15m 1 1 9 9 1\nm\nm ub x 1 1 1 a\nq\nm ub 1 1 b 1 a\ns x y\nm ub 1 1 1 1 a", true, 1,
         0},
        {"more than there are", "harm 15m 1 1 9 1 1\nm ub 1 1 1 1 a\nm ub 1 1 1 1 b\n", true, 1, 0},
        {"more than fit", "harm 15m 1 1 9 0 0\ns 1 a\ns 1 b\ns 1 c\ns 1 d\n", true, 0, 3},
    };
    EACH_ROW (rows, r) {
        struct verdict got = verdict_blank();
        EXPECT(summary_decode(str_of(r->text), &kit_arena, &got) == r->is_read);
        EXPECT_I64(got.n_moved, r->n_moved);
        EXPECT_I64(got.n_unmoved, r->n_unmoved);
    }
}

RUN_TESTS(test_of(what_is_written_is_read), test_of(why_it_cannot_tell),
          test_of(what_cannot_be_read_is_left_out))
