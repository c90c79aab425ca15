#include "chart/chart.h"
#include "kit/kit.h"

static struct change change_of(const char *id, int64_t start_ms)
{
    struct change c = change_blank();
    c.id = id;
    c.service = "website";
    c.start_ms = start_ms;
    return c;
}

TEST(what_a_line_says_of_a_change)
{
    struct verdict harm = verdict_blank();
    struct change items[] = {change_of("d", 4000), change_of("c", 3000), change_of("b", 2000),
                             change_of("a", 1000)};
    const struct change_list list = {.items = items, .n = COUNT_OF(items)};
    harm.state = VERDICT_HARM;
    items[3].verdict = &harm;
    items[3].rev = "4f2c1e9";
    items[3].end_ms = 1500;
    items[2].status = STATUS_FAILED;
    items[2].msg = "fix login";
    items[1].value = -1.0;
    items[0].service = "";
    items[0].kind = CHANGE_INCIDENT;
    const struct chart_change *lines = chart_changes(&list, &kit_arena);
    EXPECT_TEXT(lines[0].label, "website 4f2c1e9");
    EXPECT(lines[0].verdict == VERDICT_HARM && lines[1].verdict == VERDICT_PENDING);
    EXPECT_I64(lines[0].end_ms, 1500);
    EXPECT_TEXT(lines[1].label, "website fix login");
    EXPECT_I64(lines[1].end_ms, 2000);
    EXPECT(lines[1].is_failed && !lines[0].is_failed);
    EXPECT(lines[2].is_rollback && !lines[1].is_rollback);
    EXPECT_TEXT(lines[3].label, "incident");
}

TEST(a_rollback_knows_when_what_it_undoes_began)
{
    static const struct {
        const char *row, *action, *of;
        int64_t undoes_ms;
    } rows[] = {
        {"one of the list", "rollback", "a", 1000},
        {"one that is not there", "rollback", "zz", CHART_UNDOES_UNSEEN},
        {"nobody knows", "rollback", "", 0},
        {"a fix", "hotfix", "a", 0},
    };
    EACH_ROW (rows, r) {
        struct change items[] = {change_of("b", 2000), change_of("a", 1000)};
        const struct change_list list = {.items = items, .n = COUNT_OF(items)};
        items[0].action = r->action;
        items[0].of = r->of;
        EXPECT_I64(chart_changes(&list, &kit_arena)[1].undoes_ms, r->undoes_ms);
    }
}

RUN_TESTS(test_of(what_a_line_says_of_a_change),
          test_of(a_rollback_knows_when_what_it_undoes_began))
