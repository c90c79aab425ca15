/* Any bytes as a series' name: a path that is no longer than the name, or none. */
#include <string.h>

#include "query/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena;
    arena_init(&arena);
    const char *name = arena_strndup(&arena, (const char *)bytes, n);
    const char *path = node_first_path(&arena, name);
    BUG_IF(path && strlen(path) > strlen(name));
    arena_done(&arena);
    return 0;
}
