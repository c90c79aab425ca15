/* A freeze's rule: what is taken has windows that hold what they say. First line the cron fields, second
 * how long. */
#include <string.h>

#include "base/arena.h"
#include "model/freeze.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const struct freeze *freeze, int64_t at_ms)
{
    struct freeze_window window, around;
    if (freeze_window_at(freeze, at_ms, &window))
        BUG_IF(window.begin_ms > at_ms || window.end_ms <= at_ms);
    if (freeze_window_next(freeze, at_ms, &window)) {
        BUG_IF(window.begin_ms <= at_ms || window.end_ms <= window.begin_ms);
        BUG_IF(!freeze_window_at(freeze, window.begin_ms, &around));
        BUG_IF(around.end_ms != window.end_ms);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n > 200)
        return 0;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    char *cron = arena_strndup(&arena, (const char *)data, n);
    char *lasts = strchr(cron, '\n');
    if (!lasts)
        return 0;
    *lasts++ = '\0';
    lasts[strcspn(lasts, "\n")] = '\0';
    struct tag tags[] = {{FREEZE_CRON, cron}, {FREEZE_FOR, lasts}};
    struct change change = change_blank();
    change.kind = CHANGE_FREEZE;
    change.start_ms = INT64_C(1500000000000);
    change.tags = tags;
    change.n_tags = COUNT_OF(tags);
    struct freeze freeze;
    struct err err;
    if (freeze_of(&change, tz_utc(), &freeze, &err))
        check(&freeze, INT64_C(1795356246250));
    return 0;
}
