/* Request targets and form bodies. */
#include "base/arena.h"
#include "http/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena;
    arena_init(&arena);
    struct form form = {0};
    bool fits = form_parse(&form, (const char *)bytes, n, &arena);
    BUG_IF(fits && form.n > FORM_FIELDS_MAX);
    const char *query;
    const char *path = form_path(&arena, arena_strndup(&arena, (const char *)bytes, n), &query);
    BUG_IF(path[0] == '\0');
    arena_done(&arena);
    return 0;
}
