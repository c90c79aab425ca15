/* Any bytes as a target: a tree or a refusal with a position, never more. */
#include <string.h>

#include "base/mem.h"
#include "query/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { DEPTH_MAX = 40 };

static void check(const struct node *node, unsigned depth)
{
    BUG_IF(depth > DEPTH_MAX + 1);
    BUG_IF(!node->text);
    BUG_IF(node->position < 1);
    for (size_t i = 0; i < node->n_args; i++)
        check(node->args[i].node, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena;
    struct err err;
    const struct node *node = NULL;
    arena_init(&arena);
    const char *text = arena_strndup(&arena, (const char *)bytes, n);
    if (parse_target(text, DEPTH_MAX, PARSE_REFUSES_REST, &arena, &node, &err)) {
        check(node, 0);
    } else {
        BUG_IF(err.kind != ERR_INPUT && err.kind != ERR_LIMIT);
        BUG_IF(err.kind == ERR_INPUT && strncmp(err.text, "position ", 9) != 0);
    }
    if (parse_target(text, DEPTH_MAX, PARSE_IGNORES_REST, &arena, &node, &err))
        check(node, 0);
    arena_done(&arena);
    return 0;
}
