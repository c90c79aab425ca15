/* The first n of many texts. Whoever lists a million values for the hundred that are wanted adds them
 * all: from time to time what was added is sorted, joined and cut. */
#include <stdlib.h>
#include <string.h>

#include "model/source.h"

enum { UNSETTLED_MIN = 1024 /* texts added between two settlings, at least */ };

static int by_text(const void *a, const void *b)
{
    const struct source_tag *left = a, *right = b;
    return strcmp(left->text, right->text);
}

void source_tags_finish(struct source_tags *tags, size_t n_max)
{
    size_t kept = 0;
    if (tags->n > tags->n_settled)
        qsort(tags->items, tags->n, sizeof *tags->items, by_text);
    for (size_t i = 0; i < tags->n; i++) {
        const struct source_tag tag = tags->items[i];
        if (kept && strcmp(tags->items[kept - 1].text, tag.text) == 0)
            tags->items[kept - 1].n_series += tag.n_series;
        else
            tags->items[kept++] = tag;
    }
    tags->n = tags->n_settled = min_size(kept, n_max);
}

void source_tags_add(struct source_tags *tags, struct source_tag tag, size_t n_max,
                     struct arena *arena)
{
    const size_t n_settled = tags->n_settled;
    const bool is_full = n_settled == n_max;
    if (is_full && (n_max == 0 || strcmp(tag.text, tags->items[n_settled - 1].text) > 0))
        return;
    if (tags->n - n_settled >= max_size(n_settled, UNSETTLED_MIN))
        source_tags_finish(tags, n_max);
    arena_grow(arena, &tags->items, &tags->cap, tags->n + 1, sizeof *tags->items);
    tags->items[tags->n++] = tag;
}
