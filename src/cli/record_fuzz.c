/* Any bytes are either refused, or give changes whose every text is there and whose times are sane.
 * */
#include <string.h>

#include "cli/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_change(const struct change *change)
{
    BUG_IF(!change->id || !change->service || !change->msg || !change->action);
    BUG_IF(change->start_ms < 0 || change->start_ms > INT64_C(4294967296000));
    BUG_IF(change->end_ms < 0 || change->n_tags > CHANGE_TAGS_MAX);
    BUG_IF((unsigned)change->kind >= CHANGE_KINDS || (unsigned)change->status >= CHANGE_STATUSES);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    CLEANUP(buf_done) struct buf lines;
    buf_init(&lines, 1 << 20);
    const char *json = (const char *)bytes;
    struct change_list list;
    struct err err;
    const bool is_list = record_list(json, n, &arena, &list, &err);
    for (size_t i = 0; is_list && i < list.n; i++)
        check_change(&list.items[i]);
    const struct record_lines how = {1000, true};
    const bool has_lines = record_lines(json, n, how, &lines, &err);
    BUG_IF(has_lines && !is_list);
    struct change one;
    if (record_one(json, n, &arena, &one, &err)) {
        check_change(&one);
        BUG_IF(!record_line(json, n, false, &lines, &err));
    }
    if (record_list_in(json, n, "recent", &arena, &list, &err))
        BUG_IF(is_list);
    const char *id;
    if (record_id(json, n, &arena, &id, &err))
        BUG_IF(strlen(id) == 0 || strlen(id) > 64);
    (void)record_is_whole(json, n);
    return 0;
}
