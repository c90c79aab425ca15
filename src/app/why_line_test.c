#include "app/why_line.h"

#include "kit/kit.h"

static struct why_suspect suspect_of(const char *service, const char *rev, const char *by,
                                     double share)
{
    struct why_suspect suspect = {.change = change_blank(), .share = share};
    suspect.change.service = service;
    suspect.change.rev = rev;
    suspect.change.by = by;
    return suspect;
}

TEST(one_line_for_each_answer)
{
    struct why_suspect suspects[] = {suspect_of("website", "4f2c1e9", "nora", 0.86),
                                     suspect_of("", "", "sam", 0.11),
                                     suspect_of("search", "77aa01", "ci", 0.02)};
    struct why why = {.target = "logins.ok",
                      .at_s = 1763820600,
                      .has_data = true,
                      .has_moved = true,
                      .metric = {.direction = VERDICT_DOWN,
                                 .before = 412.0,
                                 .after = 284.0,
                                 .effect = -128.0,
                                 .since_s = 1763820370},
                      .suspects = suspects,
                      .n_suspects = 3,
                      .none_share = 0.01};
    EXPECT_TEXT(why_line(&why, tz_utc(), &kit_arena),
                "logins.ok fell 31% at 14:06 (412 -> 284): website 4f2c1e9 by nora 86%, deploy by "
                "sam 11%");
    why.none_share = 0.9;
    suspects[0].share = 0.08;
    why.n_suspects = 1;
    EXPECT_TEXT(why_line(&why, tz_utc(), &kit_arena),
                "logins.ok fell 31% at 14:06 (412 -> 284): none of our changes 90%, else website "
                "4f2c1e9 by nora 8%");
    why.n_suspects = 0;
    why.n_changes = 2;
    EXPECT(strstr(why_line(&why, tz_utc(), &kit_arena),
                  "none of our changes, none that we know of began when it did"));
    why.n_changes = 0;
    EXPECT_TEXT(why_line(&why, tz_utc(), &kit_arena),
                "logins.ok fell 31% at 14:06 (412 -> 284): none of our changes, nothing that we "
                "know of changed before");
    why.has_moved = false;
    EXPECT_TEXT(why_line(&why, tz_utc(), &kit_arena), "logins.ok did not move around 14:10");
    why.has_data = false;
    EXPECT_TEXT(why_line(&why, tz_utc(), &kit_arena), "logins.ok has not enough data around 14:10");
}

RUN_TESTS(test_of(one_line_for_each_answer))
