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

RUN_TESTS(test_of(a_line_of_last_says_how_long_ago))
