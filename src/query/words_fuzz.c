/* Any bytes as a % format: a text or a refusal. */
#include "query/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const double values[] = {0, -1.5, 1e300, 123456.789};
    struct arena arena;
    arena_init(&arena);
    const char *format = arena_strndup(&arena, (const char *)bytes, n);
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct err err;
        const char *text = NULL;
        if (words_percent(&arena, format, values[i], &text, &err))
            BUG_IF(!text);
        else
            BUG_IF(err.kind != ERR_INPUT);
    }
    arena_done(&arena);
    return 0;
}
