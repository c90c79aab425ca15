/* Any text is blotted within its limits. */
#include "model/redact.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    const char *text = arena_strndup(&arena, (const char *)bytes, strnlen((const char *)bytes, n));
    const char *once = redact_text(text, &arena);
    const char *twice = redact_text(once, &arena);
    BUG_IF(strlen(once) > 3 * strlen(text) + 16);
    BUG_IF(strlen(twice) > 3 * strlen(once) + 16);
    return 0;
}
