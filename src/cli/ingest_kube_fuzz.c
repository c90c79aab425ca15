/* Any bytes are refused, or objects whose changes have a key and an end that fits. */
#include "base/mem.h"
#include "cli/ingest_kube.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const struct ingest_kube_options options = {
        .service = "", .env = "", .since_ms = INT64_C(1795348800000)};
    struct ingest_kube *kube = ingest_kube_new(&options);
    struct arena arena;
    struct change_list list = {0};
    struct err err;
    arena_init(&arena);
    err_clear(&err);
    const bool is_ok = ingest_kube_feed(kube, str_make((const char *)bytes, n),
                                        INT64_C(1795348900000), &arena, &list, &err) &&
                       ingest_kube_end(kube, &err);
    BUG_IF(!is_ok && err.kind != ERR_INPUT);
    for (size_t i = 0; i < list.n; i++) {
        struct change *change = &list.items[i];
        BUG_IF(!change->key[0]);
        BUG_IF(change->end_ms && change->end_ms < change->start_ms);
        if (change_check(change, INT64_C(1795348900000), &arena, &err))
            BUG_IF(!change->env[0]);
    }
    arena_done(&arena);
    ingest_kube_free(kube);
    return 0;
}
