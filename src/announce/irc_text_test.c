#include "announce/irc_text.h"

#include "kit/kit.h"

static struct change deploy(void)
{
    struct change change = change_blank();
    change.kind = CHANGE_DEPLOY;
    change.service = "website";
    change.env = "production";
    change.rev = "4f2c1e9";
    change.by = "nora";
    change.msg = "fix login";
    change.start_ms = 1500000000000;
    change.end_ms = 1500000105000;
    change.status = STATUS_SUCCEEDED;
    return change;
}

static const char *text(enum moment moment, const struct change *change)
{
    const struct message message = {
        .moment = moment, .change = change, .link = "http://plumb/d/b4f2", .arena = &kit_arena};
    return irc_text_message(&message);
}

TEST(a_deploy_is_told_in_etsys_words)
{
    struct change change = deploy();
    EXPECT_TEXT(text(MOMENT_START, &change),
                "website PROD deploy started by nora: fix login (4f2c1e9)");
    EXPECT_TEXT(text(MOMENT_END, &change), "website PROD deployed by nora build: 4f2c1e9 took: "
                                           "105 seconds diff: http://plumb/d/b4f2");
    change.diff = "https://git/compare/a...b";
    change.env = "staging";
    change.by = "";
    change.status = STATUS_FAILED;
    EXPECT_TEXT(text(MOMENT_END, &change), "website STAGING deploy FAILED build: 4f2c1e9 took: 105 "
                                           "seconds diff: https://git/compare/a...b");
}

TEST(other_moments_and_kinds_have_words_too)
{
    struct change change = deploy();
    change.end_ms = change.start_ms;
    EXPECT_TEXT(text(MOMENT_END, &change), "website PROD deployed by nora build: 4f2c1e9: fix "
                                           "login diff: http://plumb/d/b4f2");
    change.action = "rollback";
    EXPECT_TEXT(text(MOMENT_START, &change),
                "website PROD rollback started by nora: fix login (4f2c1e9)");
    change.end_ms += 1000;
    EXPECT_TEXT(text(MOMENT_END, &change), "website PROD rolled back by nora build: 4f2c1e9 took: "
                                           "1 second diff: http://plumb/d/b4f2");
    change = deploy();
    change.kind = CHANGE_FLAG;
    change.rev = "";
    change.old_value = "off";
    change.new_value = "5%";
    change.end_ms = change.start_ms;
    EXPECT_TEXT(text(MOMENT_END, &change),
                "website PROD flag done by nora off -> 5%: fix login http://plumb/d/b4f2");
    EXPECT_TEXT(text(MOMENT_START, &change), "website PROD flag started by nora: fix login");
    change.is_retracted = true;
    EXPECT(strstr(text(MOMENT_AGAIN, &change), "flag retracted: by nora") != NULL);
    change = deploy();
    change.status = STATUS_UNKNOWN;
    change.end_ms = 0;
    EXPECT(strstr(text(MOMENT_END, &change), "PROD never told its end by nora") != NULL);
}

TEST(a_line_of_last_says_how_long_ago)
{
    static const struct {
        const char *row;
        int64_t ms;
        const char *ago;
    } rows[] = {{"now", 0, "0s ago "},
                {"ahead", -5000, "0s ago "},
                {"seconds", 59999, "59s ago "},
                {"minutes", 3599999, "59m ago "},
                {"hours", 172799999, "47h ago "},
                {"days", 172800000, "2d ago "}};
    struct change change = deploy();
    EACH_ROW (rows, r)
        EXPECT_TEXT(
            irc_text_short(&change, change.start_ms + r->ms, &kit_arena),
            arena_printf(&kit_arena, "%swebsite PROD deploy 4f2c1e9 by nora: fix login", r->ago));
    change.service = change.rev = change.by = change.msg = "";
    change.kind = CHANGE_NOTE;
    EXPECT_TEXT(irc_text_short(&change, change.start_ms, &kit_arena), "0s ago PROD note");
}

RUN_TESTS(test_of(a_deploy_is_told_in_etsys_words), test_of(other_moments_and_kinds_have_words_too),
          test_of(a_line_of_last_says_how_long_ago))
