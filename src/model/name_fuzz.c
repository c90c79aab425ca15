/* Any bytes are either refused, or give a canonical name that is its own canonical form and whose
 * tags can be listed. A change's name must survive the way through a change. */
#include <string.h>

#include "base/arena.h"
#include "model/change.h"
#include "model/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_tags(const char *canonical, struct arena *arena)
{
    struct tag *tags;
    const size_t n = name_tags(canonical, arena, &tags);
    BUG_IF(n == 0 || n > NAME_TAGS_MAX + 1);
    BUG_IF(strcmp(tags[0].key, "name") != 0);
    for (size_t i = 0; i < n; i++)
        BUG_IF(tags[i].value[0] == '\0');
}

static void check_change(struct str name, struct arena *arena)
{
    struct change change;
    bool is_nothing;
    struct err err;
    if (!change_from_line(name, 1.0, 1763837886000, arena, &change, &is_nothing, &err))
        return;
    const char *series = change_series_name(&change, arena);
    BUG_IF(!name_is_canonical(str_of(series)));
    BUG_IF(!change_name_is(str_of(series)));
    BUG_IF(!change_check(&change, 1763837886000, arena, &err));
    BUG_IF(strcmp(change_series_name(&change, arena), series) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const struct str raw = str_make((const char *)bytes, n);
    char out[NAME_BYTES_MAX + 1];
    char again[NAME_BYTES_MAX + 1];
    size_t n_out = 0;
    size_t n_again = 0;
    if (name_normalise(raw, out, &n_out) != NAME_OK) {
        BUG_IF(name_is_canonical(raw));
        return 0;
    }
    const struct str canonical = str_make(out, n_out);
    BUG_IF(n_out > n);
    BUG_IF(strlen(out) != n_out);
    BUG_IF(!name_is_canonical(canonical));
    BUG_IF(name_is_canonical(raw) != str_eq(raw, canonical));
    BUG_IF(name_normalise(canonical, again, &n_again) != NAME_OK);
    BUG_IF(!str_eq(canonical, str_make(again, n_again)));

    struct arena arena;
    arena_init(&arena);
    check_tags(out, &arena);
    check_change(raw, &arena);
    arena_done(&arena);
    return 0;
}
