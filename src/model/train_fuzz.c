/* What a topic says is read back from what is written of it; verbs keep it so. */
#include <string.h>

#include "model/train.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(const struct train *train, struct arena *arena)
{
    struct train again;
    struct err err;
    const char *text = train_format(train, arena);
    BUG_IF(!train_parse(text, arena, &again, &err));
    BUG_IF(strcmp(text, train_format(&again, arena)) != 0);
}

/* The first line is a topic, each further one a wish: "nora join with sasha". */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    char *text = arena_strndup(&arena, (const char *)bytes, strnlen((const char *)bytes, n));
    struct train train;
    struct err err;
    char *line = strsep(&text, "\n");
    if (!train_parse(line, &arena, &train, &err))
        return 0;
    check(&train, &arena);
    while ((line = strsep(&text, "\n"))) {
        struct train_wish wish = {.who = strsep(&line, " ")};
        if (line && train_wish_parse(line, &arena, &wish, &err) &&
            train_apply(&train, &wish, &arena, &train, &err))
            check(&train, &arena);
    }
    return 0;
}
