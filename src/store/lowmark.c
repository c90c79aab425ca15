#include "store/lowmark.h"

bool lowmark_is_in_files(const struct manifest_state *state, uint16_t class_no, uint32_t window,
                         uint32_t slot, uint64_t lsn)
{
    const struct manifest_class *of = &state->classes[class_no];
    uint32_t sealed = window;
    size_t next = 0; /* the first seal after the point */

    while (next < of->n_seals && of->seals[next].lsn <= lsn)
        sealed = of->seals[next++].sealed;
    if (slot < sealed)
        return lsn < state->late_lsn;
    if (lsn < of->checkpoint_lsn)
        return true;
    for (size_t i = next; i < of->n_seals; i++)
        if (slot < of->seals[i].sealed)
            return true;
    return false;
}

uint64_t lowmark_of_class(const struct manifest_class *of, uint32_t window)
{
    uint64_t low = of->checkpoint_lsn;

    if (of->n_seals == 0)
        return low;
    /* before seal i nothing was above the ring of the seal before; has the last seal passed that? */
    uint32_t last = of->seals[of->n_seals - 1].sealed;
    for (size_t i = 0; i < of->n_seals; i++) {
        uint32_t before = i > 0 ? of->seals[i - 1].sealed : window;
        if (last >= before + HEAD_SLOTS && of->seals[i].lsn > low)
            low = of->seals[i].lsn;
    }
    return low;
}

uint64_t lowmark_of_all(const struct manifest_state *state, const struct head *head)
{
    uint64_t low = state->late_lsn;

    for (uint16_t i = 0; i < head_n_classes(head); i++) {
        const struct head_class *of = head_class(head, i);
        if (!of)
            continue;
        uint32_t window = head_window_at(&of->schema, of->created_s);
        uint64_t of_class = lowmark_of_class(&state->classes[i], window);
        low = of_class < low ? of_class : low;
    }
    return low;
}
