/* Any bytes are refused, or are scopes that read the same after they were written. */
#include <string.h>

#include "model/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    CLEANUP(buf_done) struct buf once;
    CLEANUP(buf_done) struct buf twice;
    buf_init(&once, 1 << 16);
    buf_init(&twice, 1 << 16);
    struct scopes scopes, again;
    struct err err;
    if (!scope_parse(arena_strndup(&arena, (const char *)bytes, n), &arena, &scopes, &err)) {
        BUG_IF(err.kind != ERR_INPUT);
        return 0;
    }
    scope_format(&scopes, &once);
    BUG_IF(!scope_parse(buf_text(&once), &arena, &again, &err));
    scope_format(&again, &twice);
    BUG_IF(strcmp(buf_text(&once), buf_text(&twice)) != 0);
    for (int kind = 0; kind < CHANGE_KINDS; kind++)
        BUG_IF(scope_may_write(&scopes, (enum change_kind)kind, "website") !=
               scope_may_write(&again, (enum change_kind)kind, "website"));
    return 0;
}
