/* The file of what a channel has told: any bytes are read, or left out. */
#include "announce/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const struct state_dead *deads;
    struct state *state = state_new();
    (void)state_read(state, (const char *)bytes, n);
    BUG_IF(state_deads(state, &deads) > STATE_DEAD_MAX);
    for (size_t i = 0; i < state_count(state); i++) {
        struct state_entry *entry = state_at(state, i);
        BUG_IF(state_find(state, entry->id) != entry);
        BUG_IF(!entry->thread);
    }
    state_close(state);
    return 0;
}
