/* Any bytes are either refused, or give series with a step and as many values as their span says.
 * */
#include "cli/series_json.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    char *json = arena_alloc(&arena, n);
    memcpy(json, bytes, n);
    struct series_list list = {0};
    struct err err;
    if (!series_json_read(json, n, 60, &arena, &list, &err))
        return 0;
    for (size_t i = 0; i < list.n; i++) {
        const struct series *s = list.items[i];
        BUG_IF(!s->name || s->step_s <= 0 || s->n_points == 0);
        BUG_IF(s->end_s != s->start_s + (int64_t)s->n_points * s->step_s);
    }
    return 0;
}
