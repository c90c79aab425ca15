/* What the sources' fuzz targets have in common. Only they include this. */
#pragma once

#include <string.h>

#include "hooks/sources.h"

static inline void source_fuzz(const struct hook_source *source, const uint8_t *bytes, size_t n)
{
    static const struct hook_header headers[] = {{"ce-id", "1"}};
    static const struct hook_settings settings = {.push_refs = ""};
    struct arena arena;
    arena_init(&arena);
    const char *body = arena_strndup(&arena, (const char *)bytes, n);
    const struct hook_call call = {.headers = headers,
                                   .n_headers = 1,
                                   .body = body,
                                   .n_body = n,
                                   .now_ms = INT64_C(1795356600000),
                                   .settings = &settings,
                                   .arena = &arena};
    struct hook_result out;
    struct err err;
    err_clear(&err);
    if (!source->read(&call, &out, &err)) {
        BUG_IF(err.kind != ERR_INPUT || !err.text[0]);
        arena_done(&arena);
        return;
    }
    BUG_IF(!out.event || !out.delivery);
    BUG_IF(out.fate == HOOK_IGNORED && (!out.reason[0] || out.n_changes > 0));
    BUG_IF(out.fate == HOOK_TAKEN && out.n_changes == 0);
    for (size_t i = 0; i < out.n_changes; i++) {
        struct change change = out.changes[i];
        BUG_IF(!change.key[0] || !change.source[0]);
        if (change_check(&change, call.now_ms, &arena, &err))
            BUG_IF(change.n_tags > CHANGE_TAGS_MAX);
    }
    arena_done(&arena);
}
