/* The input is a pattern and, after a newline, a text. Any pattern is either refused or matched
 * with the text; what it says about itself (prefix, plain names) must hold. */
#include <string.h>

#include "model/glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_node(struct str pattern, struct str text, struct arena *arena)
{
    struct glob *glob;
    struct err err;
    if (!glob_compile(pattern, arena, &glob, &err)) {
        BUG_IF(err.kind != ERR_INPUT && err.kind != ERR_LIMIT);
        return;
    }
    const bool is_match = glob_match(glob, text);
    const struct str prefix = glob_prefix(glob);
    BUG_IF(is_match && (text.n < prefix.n || memcmp(text.at, prefix.at, prefix.n) != 0));
    struct str literal;
    if (glob_is_literal(glob, &literal)) {
        BUG_IF(is_match != str_eq(literal, text));
        BUG_IF(!glob_match(glob, literal));
    }
    const struct str *names;
    size_t n_names;
    if (!glob_literals(glob, &names, &n_names))
        return;
    for (size_t i = 0; i < n_names; i++) {
        BUG_IF(i > 0 && str_cmp(names[i - 1], names[i]) >= 0);
        BUG_IF(i < 16 && !glob_match(glob, names[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    enum { INPUT_BYTES_MAX = 4096 }; /* longer ones find nothing new and take their time */
    if (n > INPUT_BYTES_MAX)
        return 0;
    struct arena arena;
    arena_init(&arena);
    const char *pattern = arena_strndup(&arena, (const char *)bytes, n);
    const char *end = memchr(bytes, '\n', n);
    const size_t n_pattern = end ? (size_t)(end - (const char *)bytes) : n;
    const size_t skip = n_pattern + (end != NULL);
    check_node(str_make(pattern, n_pattern), str_make(pattern + skip, n - skip), &arena);

    struct glob_path path;
    struct err err;
    if (glob_path_compile(arena_strndup(&arena, pattern, n_pattern), &arena, &path, &err)) {
        BUG_IF(path.n_nodes == 0);
        (void)glob_path_match(&path, pattern + skip);
    }
    arena_done(&arena);
    return 0;
}
