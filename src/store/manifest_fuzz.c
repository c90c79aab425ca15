/* Any bytes as a manifest: refused, or a state whose files are sorted and whose classes exist. */
#include "store/manifest.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct manifest_state *state = mem_zalloc(sizeof(struct manifest_state));
    size_t good;
    bool is_damaged;
    struct err err;

    if (manifest_parse(bytes, n, state, &good, &is_damaged, &err)) {
        BUG_IF(good > n);
        for (size_t i = 0; i < state->n_files; i++) {
            BUG_IF(state->files[i].class_no >= HEAD_CLASSES_MAX);
            BUG_IF(state->files[i].generation >= state->next_generation);
        }
    }
    manifest_state_done(state);
    mem_free(state);
    return 0;
}
