/* Any body of another tool's client is refused with its reason, or a change that can be kept. */
#include "api/alias.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(bool is_taken, bool is_update, struct change *change, struct arena *arena,
                  const struct err *why)
{
    const char *tags[CHANGE_TAGS_MAX + 3];
    struct err err;
    if (!is_taken) {
        BUG_IF(why->kind != ERR_INPUT || !why->text[0]);
        return;
    }
    BUG_IF(!is_update && (!change->key[0] || !change->start_ms));
    BUG_IF(alias_tags(change, arena, tags) > CHANGE_TAGS_MAX + 3);
    BUG_IF(!alias_text(change, arena));
    if (change_check(change, INT64_C(1795356600000), arena, &err))
        BUG_IF(change->n_tags > CHANGE_TAGS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena;
    struct change change;
    struct err err;
    const char *warning;
    arena_init(&arena);
    const char *text = arena_strndup(&arena, (const char *)bytes, n);
    for (int i = 0; i < 2; i++) {
        const struct alias_body body = {text, n, INT64_C(1795356600000), i == 1};
        err_clear(&err);
        bool is_taken = alias_annotation(&body, &arena, &change, &warning, &err);
        check(is_taken, body.is_update, &change, &arena, &err);
        is_taken = alias_graphite(&body, &arena, &change, &err);
        check(is_taken, body.is_update, &change, &arena, &err);
        is_taken = alias_marker(&body, "Web Shop", &arena, &change, &err);
        check(is_taken, body.is_update, &change, &arena, &err);
    }
    arena_done(&arena);
    return 0;
}
