#include "cli/show_text.h"

#include "base/str.h"

#include "os/zone.h"

#include "kit/kit.h"

static struct change example(void)
{
    struct change change = change_blank();
    change.id = "01KB1234ABCDEFGHJKMNPQRSTV";
    change.key = "cli-1";
    change.service = "website";
    change.env = "production";
    change.rev = "4f2c1e9";
    change.prev = "b81d002";
    change.by = "nora";
    change.msg = "fix login";
    change.source = "cli";
    change.start_ms = INT64_C(1795356246250); /* 2026-11-22 14:04:06.25 UTC */
    change.end_ms = change.start_ms + 105000;
    change.status = STATUS_FAILED;
    return change;
}

static const char *text_of(const struct change *change, const char *zone, bool has_utf8)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 100000);
    const struct log_text_look look = {.has_utf8 = has_utf8,
                                       .tz = zone ? zone_find(zone) : tz_utc(),
                                       .now_ms = change->start_ms + 3600000};
    show_text(change, &look, &out);
    return arena_strdup(&kit_arena, buf_text(&out));
}

TEST(a_line_a_fact)
{
    const struct change change = example();
    EXPECT_TEXT(text_of(&change, "Europe/Berlin", true),
                "website 4f2c1e9 \"fix login\"\n"
                "id        01KB1234ABCDEFGHJKMNPQRSTV\n"
                "kind      deploy\n"
                "service   website\n"
                "env       production\n"
                "status    failed\n"
                "by        nora\n"
                "began     2026-11-22 15:04:06 CET (2026-11-22 14:04:06 UTC), 1h00m ago\n"
                "ended     2026-11-22 15:05:51 CET (2026-11-22 14:05:51 UTC), 58m15s ago\n"
                "took      1m45s\n"
                "rev       b81d002 \xE2\x86\x92 4f2c1e9\n"
                "told by   cli\n"
                "key       cli-1\n");
}

TEST(what_it_moved)
{
    struct change change = example();
    struct verdict_metric metric = {
        .name = "php.warnings", .harm = VERDICT_BAD, .before = 1, .after = 37, .effect = 36};
    struct verdict verdict = verdict_blank();
    verdict.state = VERDICT_HARM;
    verdict.stage = VERDICT_1H;
    verdict.n_checked = 42;
    verdict.moved = &metric;
    verdict.n_moved = 1;
    change.verdict = &verdict;
    EXPECT(text_ends(text_of(&change, NULL, false), "\nverdict\n    HARM after 1h, 1 of 42 moved\n"
                                                    "      php.warnings  1 -> 37  x37  bad\n"));
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    show_text_below(&change, &(struct log_text_look){.tz = tz_utc()}, &out);
    EXPECT_TEXT(buf_text(&out), "    fix login\n    HARM after 1h, 1 of 42 moved\n"
                                "      php.warnings  1 -> 37  x37  bad\n\n");
}

TEST(all_that_a_change_can_have)
{
    struct change change = example();
    struct tag tags[] = {{"exit", "3"}, {"frozen", "01KB"}};
    struct telling also[] = {{"hook/github", "gh:1"}};
    change.tags = tags;
    change.n_tags = 2;
    change.also = also;
    change.n_also = 1;
    change.action = "rollback";
    change.of = "01KA";
    change.parent = "01K9";
    change.url = "https://ci/1";
    change.old_value = "off";
    change.skew_ms = -300;
    change.n_edits = 2;
    change.is_retracted = true;
    change.data = "first\r\n\nlast";
    const char *text = text_of(&change, NULL, false);
    static const char *const parts[] = {
        "\nrev       b81d002 -> 4f2c1e9\n",
        "\naction    rollback\n",
        "\n          retracted: somebody said that this never was\n",
        "\nbegan     2026-11-22 14:04:06 UTC, 1h00m ago\n",
        "\nold       off\nnew       -\nof        01KA\npart of   01K9\nurl       https://ci/1\n",
        "\ntags      exit=3\n          frozen=01KB\n",
        "\ntold by   cli, hook/github\nkey       cli-1\n          gh:1\n",
        "\nskew      -0.3 s",
        "\nedits     2\n",
        "\n\n    first\n    \n    last\n",
    };
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        EXPECT(strstr(text, parts[i]));
}

TEST(one_that_goes_on_or_is_to_come)
{
    struct change change = example();
    change.end_ms = 0;
    change.status = STATUS_RUNNING;
    EXPECT(strstr(text_of(&change, NULL, true), "\ntook      1h00m, and goes on\n"));
    change = example();
    change.end_ms += 7200000;
    EXPECT(strstr(text_of(&change, NULL, true), ", in 1h01m\n"));
}

TEST(nothing_moves_the_cursor)
{
    static const char hostile[] = "a\x1b[2J\tb\r\nc\xC2\x9B"
                                  "31m\x07";
    struct change change = example();
    struct tag tags[] = {{hostile, hostile}};
    struct telling also[] = {{hostile, hostile}};
    change.id = change.key = change.service = change.env = change.rev = change.prev = hostile;
    change.by = change.msg = change.url = change.diff = change.of = change.parent = hostile;
    change.source = change.old_value = change.new_value = change.data = change.action = hostile;
    change.tags = tags;
    change.also = also;
    change.n_tags = change.n_also = 1;
    const char *text = text_of(&change, NULL, true);
    for (const char *at = text; *at; at++)
        EXPECT(((unsigned char)*at >= ' ' || *at == '\n') && !(at[0] == '\xC2' && at[1] == '\x9B'));
    /* And each of them stays on its line: no label is made up. */
    EXPECT(!strstr(text, "\nc"));
}

RUN_TESTS(test_of(what_it_moved), test_of(a_line_a_fact), test_of(all_that_a_change_can_have),
          test_of(one_that_goes_on_or_is_to_come), test_of(nothing_moves_the_cursor))
