#include "cli/verdict_lines.h"

#include <math.h>

#include "kit/kit.h"

static struct verdict_metric moved[] = {{.name = "php.warnings",
                                         .harm = VERDICT_BAD,
                                         .before = 1.2,
                                         .after = 44,
                                         .effect = 42.8,
                                         .since_s = 1763838060},
                                        {.name = "logins\x1b[2J",
                                         .direction = VERDICT_DOWN,
                                         .before = 412,
                                         .after = 284,
                                         .effect = -128}};
static struct verdict_metric unmoved[] = {
    {.name = "signups", .before = 1, .would_see = 0.06},
    {.name = "rare", .before = 0, .would_see = 3},
    {.name = "checkout.ok", .before = 1, .would_see = 0.04},
};

static struct verdict verdict_of(enum verdict_state state)
{
    static const char *reasons[] = {"Too little traffic."};
    struct verdict verdict = verdict_blank();
    verdict.state = state;
    verdict.stage = VERDICT_15M;
    verdict.n_checked = 42;
    verdict.unmoved = unmoved;
    verdict.n_unmoved = COUNT_OF(unmoved);
    if (state == VERDICT_HARM) {
        verdict.moved = moved;
        verdict.n_moved = COUNT_OF(moved);
        verdict.n_moved_more = 1;
    }
    if (state == VERDICT_CANNOT_TELL) {
        verdict.n_unmoved = 0;
        verdict.reasons = reasons;
        verdict.n_reasons = 1;
    }
    return verdict;
}

static const char *brief(enum verdict_state state)
{
    const struct verdict verdict = verdict_of(state);
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1000);
    verdict_lines_brief(&verdict, &out);
    return arena_strdup(&kit_arena, buf_text(&out));
}

TEST(in_brief)
{
    EXPECT_TEXT(brief(VERDICT_HARM), "php.warnings x37");
    EXPECT_TEXT(brief(VERDICT_NO_HARM), "saw >= 6%"); /* the one that would have been seen last */
    EXPECT_TEXT(brief(VERDICT_CANNOT_TELL), "");
    EXPECT_TEXT(brief(VERDICT_PENDING), "");
}

static const char *all(enum verdict_state state, bool has_colour)
{
    const struct verdict verdict = verdict_of(state);
    const struct log_text_look look = {.tz = tz_utc(), .has_colour = has_colour};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    verdict_lines_all(&verdict, &look, "  ", &out);
    return arena_strdup(&kit_arena, buf_text(&out));
}

TEST(what_would_have_been_seen_is_told_in_lines)
{
    static const char *const name = "stats.timers.api.response.upper_90";
    static struct verdict_metric many[4];
    struct verdict verdict = verdict_of(VERDICT_NO_HARM);
    for (size_t i = 0; i < COUNT_OF(many); i++)
        many[i] = (struct verdict_metric){.name = name, .before = 1, .would_see = 0.06};
    verdict.unmoved = many;
    verdict.n_unmoved = COUNT_OF(many);
    const struct log_text_look look = {.tz = tz_utc()};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    verdict_lines_all(&verdict, &look, "  ", &out);
    EXPECT(strstr(buf_text(&out), "\n  would have seen 6% on stats.timers.api.response.upper_90, "
                                  "6% on stats.timers.api.response.upper_90,\n"
                                  "    6% on stats.timers.api.response.upper_90, "
                                  "6% on stats.timers.api.response.upper_90\n"));
}

TEST(all_of_it)
{
    EXPECT_TEXT(all(VERDICT_HARM, false), "  HARM after 15m, 3 of 42 moved\n"
                                          "    php.warnings  1.2 -> 44  x37 since 19:01:00  bad\n"
                                          "    logins [2J    412 -> 284  -31%\n"
                                          "    and 1 more\n"
                                          "  would have seen 6% on signups, 4% on checkout.ok\n");
    EXPECT_TEXT(all(VERDICT_CANNOT_TELL, false), "  cannot tell after 15m, 0 of 42 moved\n"
                                                 "  Too little traffic.\n");
    EXPECT(strstr(all(VERDICT_HARM, true), "\x1b[1;31mHARM\x1b[0m after"));
    EXPECT(strstr(all(VERDICT_NO_HARM, true), "\x1b[32mno harm\x1b[0m after"));
}

TEST(counted)
{
    const struct verdict harm = verdict_of(VERDICT_HARM), good = verdict_of(VERDICT_NO_HARM),
                         odd = verdict_of(VERDICT_CANNOT_TELL);
    struct change items[5];
    for (size_t i = 0; i < COUNT_OF(items); i++)
        items[i] = change_blank();
    const struct change_list list = {.items = items, .n = COUNT_OF(items)};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1000);
    EXPECT(!verdict_lines_totals(&list, &out));
    EXPECT_I64(out.n, 0);
    items[0].verdict = &harm;
    items[1].verdict = items[2].verdict = &good;
    items[3].verdict = &odd;
    EXPECT(verdict_lines_totals(&list, &out));
    EXPECT_TEXT(buf_text(&out), "2 no harm, 1 harm, 1 cannot tell, 1 pending");
}

RUN_TESTS(test_of(in_brief), test_of(what_would_have_been_seen_is_told_in_lines),
          test_of(all_of_it), test_of(counted))
