/* Any text is refused, or changes that do not end before they begin, and notes. */
#include <string.h>

#include "base/mem.h"
#include "cli/ingest_ics.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const struct tz *one_zone(const char *name)
{
    return strcmp(name, "UTC") == 0 ? tz_utc() : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const struct ingest_ics_options options = {.now_ms = INT64_C(1795348800000),
                                               .kind = CHANGE_FREEZE,
                                               .service = "",
                                               .env = "",
                                               .tz = tz_utc(),
                                               .zone_find = one_zone};
    struct arena arena;
    struct ingest_ics got;
    struct err err;
    arena_init(&arena);
    if (ingest_ics_read(str_make((const char *)bytes, n), &options, &arena, &got, &err)) {
        BUG_IF(got.changes.n > INGEST_ICS_MAX);
        for (size_t i = 0; i < got.changes.n; i++) {
            const struct change *change = &got.changes.items[i];
            BUG_IF(change->end_ms < change->start_ms || change->end_ms <= options.now_ms);
            BUG_IF(!change->key[0]);
        }
    } else {
        BUG_IF(err.kind != ERR_INPUT && err.kind != ERR_LIMIT);
    }
    arena_done(&arena);
    return 0;
}
