#include "api/hook_log.h"

#include "base/str.h"
#include "kit/kit.h"

static void add(struct hook_log *log, const char *name, int64_t at_ms, enum hook_log_fate fate)
{
    struct hook_log_entry entry = {.at_ms = at_ms, .fate = fate};
    text_copy(entry.event, sizeof entry.event, arena_printf(&kit_arena, "event %d", (int)at_ms));
    hook_log_add(log, "github", name, &entry);
}

TEST(keeps_the_newest_deliveries_and_counts_all)
{
    struct hook_log *log = hook_log_new();
    struct hook_log_hook hook;
    EXPECT(!hook_log_get(log, "github", "main", &kit_arena, &hook));
    EXPECT_I64(hook.n_entries, 0);
    for (int i = 1; i <= HOOK_LOG_KEPT + 5; i++)
        add(log, "main", i, i % 5 ? HOOK_LOG_TAKEN : HOOK_LOG_REFUSED);
    add(log, "other", 7, HOOK_LOG_FAILED);
    EXPECT(hook_log_get(log, "github", "main", &kit_arena, &hook));
    EXPECT_I64(hook.n_entries, HOOK_LOG_KEPT);
    for (size_t i = 0; i < hook.n_entries; i++)
        EXPECT_I64(hook.entries[i].at_ms, HOOK_LOG_KEPT + 5 - (int64_t)i);
    EXPECT_TEXT(hook.entries[0].event, "event 25");
    EXPECT_I64(hook.counts[HOOK_LOG_TAKEN], 20);
    EXPECT_I64(hook.counts[HOOK_LOG_REFUSED], 5);
    EXPECT_I64(hook.counts[HOOK_LOG_FAILED], 0);
    struct hook_log_hook *all;
    EXPECT_I64(hook_log_all(log, &kit_arena, &all), 2);
    EXPECT_TEXT(all[1].name, "other");
    hook_log_free(log);
}

TEST(made_up_names_do_not_fill_the_memory)
{
    struct hook_log *log = hook_log_new();
    struct hook_log_hook hook, *all;
    add(log, "main", 1, HOOK_LOG_TAKEN);
    for (int i = 0; i < 3 * HOOK_LOG_HOOKS_MAX; i++) {
        add(log, arena_printf(&kit_arena, "n%d", i), 10 + i, HOOK_LOG_REFUSED);
        if (i % 8 == 0)
            add(log, "main", 10 + i, HOOK_LOG_TAKEN); /* one in use stays */
    }
    EXPECT_I64(hook_log_all(log, &kit_arena, &all), HOOK_LOG_HOOKS_MAX);
    EXPECT(hook_log_get(log, "github", "main", &kit_arena, &hook));
    EXPECT_I64(hook.counts[HOOK_LOG_TAKEN], 25);
    EXPECT(!hook_log_get(log, "github", "n0", &kit_arena, &hook));
    hook_log_free(log);
}

TEST(a_delivery_is_known_for_a_week)
{
    static const int64_t day_ms = INT64_C(86400000), now_ms = INT64_C(1795356000000);
    struct hook_log *log = hook_log_new();
    EXPECT(!hook_log_was_taken(log, "github/main", "a", now_ms));
    hook_log_take(log, "github/main", "a", now_ms);
    EXPECT(hook_log_was_taken(log, "github/main", "a", now_ms));
    EXPECT(hook_log_was_taken(log, "github/main", "a", now_ms + 7 * day_ms - 1));
    EXPECT(!hook_log_was_taken(log, "github/main", "a", now_ms + 7 * day_ms));
    EXPECT(!hook_log_was_taken(log, "github/main", "b", now_ms));
    EXPECT(!hook_log_was_taken(log, "github/other", "a", now_ms));
    for (int i = 0; i < 32768; i++)
        hook_log_take(log, "github/main", arena_printf(&kit_arena, "%d", i), now_ms);
    EXPECT(!hook_log_was_taken(log, "github/main", "a", now_ms)); /* made room */
    EXPECT(hook_log_was_taken(log, "github/main", "0", now_ms));
    hook_log_free(log);
}

RUN_TESTS(test_of(keeps_the_newest_deliveries_and_counts_all),
          test_of(made_up_names_do_not_fill_the_memory), test_of(a_delivery_is_known_for_a_week))
