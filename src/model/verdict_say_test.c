#include "model/verdict_say.h"

#include "kit/kit.h"

static const char *taken(struct buf *buf)
{
    const char *text = arena_strdup(&kit_arena, buf_text(buf));
    buf_done(buf);
    return text;
}

static struct verdict_metric metric_of(const char *name, double expected, double after)
{
    return (struct verdict_metric){.name = name,
                                   .direction = after > expected ? VERDICT_UP : VERDICT_DOWN,
                                   .before = expected,
                                   .after = after,
                                   .effect = after - expected,
                                   .would_see = (double)NAN};
}

TEST(a_level_has_few_digits)
{
    static const struct {
        const char *row;
        double value;
        const char *text;
    } rows[] = {
        {"whole", 412.0, "412"},     {"fraction", 0.34567, "0.346"}, {"thousands", 5321.4, "5321"},
        {"many", 123456.0, "123k"},  {"more", 4.1e6, "4.1M"},        {"below nothing", -7.0, "-7"},
        {"a gap", (double)NAN, "?"}, {"nothing", 0.0, "0"},
    };
    EACH_ROW (rows, r) {
        struct buf out;
        buf_init(&out, 100);
        verdict_say_number(r->value, &out);
        EXPECT_TEXT(taken(&out), r->text);
    }
}

static const char *said(const struct verdict *verdict)
{
    struct buf out;
    buf_init(&out, 1000);
    verdict_say(verdict, &out);
    return taken(&out);
}

TEST(a_sentence_for_each_state)
{
    struct verdict_metric moved[] = {
        metric_of("php.warnings", 1.2, 44.0), metric_of("logins.ok", 412.0, 284.0),
        metric_of("forum.posts", 8.1, 6.0), metric_of("a.b", 1.0, 2.0)};
    struct verdict_metric unmoved[] = {metric_of("c", 1.0, 1.0),
                                       metric_of("logins.ok", 100.0, 100.0)};
    const char *reasons[] = {"No metric has a day of history.", "Another."};
    struct verdict verdict = verdict_blank();
    unmoved[1].would_see = 4.0;
    verdict.n_checked = 42;
    EXPECT_TEXT(said(&verdict), "pending: nothing has moved so far, 42 metrics checked");
    verdict.state = VERDICT_NO_HARM;
    verdict.unmoved = unmoved;
    verdict.n_unmoved = 2;
    EXPECT_TEXT(said(&verdict), "no harm: 42 metrics checked, would have seen 4% on logins.ok");
    verdict.state = VERDICT_HARM;
    verdict.moved = moved;
    verdict.n_moved = 2;
    EXPECT_TEXT(said(&verdict), "harm: php.warnings x37, logins.ok -31%");
    verdict.n_moved = 4;
    EXPECT_TEXT(said(&verdict),
                "harm: php.warnings x37, logins.ok -31%, forum.posts -26% and 1 more");
    verdict.state = VERDICT_CANNOT_TELL;
    EXPECT_TEXT(said(&verdict), "cannot tell: there is not enough data");
    verdict.reasons = reasons;
    verdict.n_reasons = 2;
    EXPECT_TEXT(said(&verdict), "cannot tell: No metric has a day of history");
    verdict.state = VERDICT_PENDING;
    verdict.n_checked = 0;
    EXPECT_TEXT(said(&verdict), "pending: No metric has a day of history");
}

RUN_TESTS(test_of(a_level_has_few_digits), test_of(a_sentence_for_each_state))
