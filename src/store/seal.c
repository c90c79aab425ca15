/* Invariants (see shared.h):
 *   1. no head value is written while an older late point of its window is unwritten
 *   2. between moving `sealed` and moving `freed` no late point is written: it could be newer than
 *      the window that is still to be written, but would get the lower generation
 *   3. an lsn that the manifest is told is one of seal_lsn: what is below it has its place, and had it
 *      before anything was moved */
#include "store/seal.h"

#include "base/mem.h"
#include "store/output.h"
#include "store/rows.h"

static bool page_has_any(const struct head_tablet *tablet, uint32_t page, uint32_t first,
                         uint32_t until)
{
    for (uint32_t slot = first; slot != until; slot++)
        if (head_page_is_used(tablet, page, slot))
            return true;
    return false;
}

/* Those that may have values of slots [first, until). */
static struct rows_lanes lanes_of(const struct head *head, const struct head_class *of,
                                  uint32_t first, uint32_t until)
{
    struct rows_lanes lanes = {0};

    for (uint32_t no = 0; no < head_n_tablets(head); no++) {
        const struct head_tablet *tablet = head_tablet(head, no);
        for (uint32_t page = 0; page < HEAD_PAGES && tablet->of == of; page++)
            if (page_has_any(tablet, page, first, until))
                rows_lanes_add(&lanes, head, no * HEAD_PAGES + page);
    }
    rows_lanes_sort(&lanes);
    return lanes;
}

static const uint64_t *column_of(void *self, uint32_t page_no, uint32_t slot)
{
    const struct head_tablet *tablet = head_tablet(self, page_no / HEAD_PAGES);
    return head_page_is_used(tablet, page_no % HEAD_PAGES, slot) ? head_cell(tablet, slot, 0)
                                                                 : NULL;
}

/* One file of slots [first, until), inside one partition. */
static bool part_write(struct output *output, const struct head_class *of,
                       const struct rows_lanes *lanes, uint32_t first, uint32_t until,
                       struct err *err)
{
    struct head *head = output->store->head;
    struct rows *rows = rows_new(head, first, until - first, column_of, head);
    bool is_ok = output_begin(output, of, 0, first, until - first, err);

    for (size_t i = 0; i < lanes->n && is_ok; i++)
        is_ok = output_add(output, lanes->items[i].id, rows_get(rows, lanes->items[i].lane), err);
    rows_free(rows);
    return is_ok && output_end(output, err);
}

/* Files of the head's slots [first, until). */
static bool head_write(struct output *output, const struct head_class *of, uint32_t first,
                       uint32_t until, struct err *err)
{
    struct rows_lanes lanes = lanes_of(output->store->head, of, first, until);
    bool is_ok = true;

    while (first < until && is_ok && lanes.n > 0) {
        int64_t edge = ((int64_t)first / FILES_PARTITION_SLOTS + 1) * FILES_PARTITION_SLOTS;
        uint32_t end = (uint32_t)min_i64(until, min_i64(edge, (int64_t)first + HEAD_SLOTS));
        is_ok = part_write(output, of, &lanes, first, end, err);
        first = end;
    }
    mem_free(lanes.items);
    return is_ok;
}

/* ---- sealing ---- */

uint64_t seal_lsn(struct store *store)
{
    const uint64_t lsn = wal_next_lsn(store->wal);
    epochs_wait(&store->epochs);
    return lsn;
}

bool seal_is_pending(const struct store *store)
{
    for (uint16_t i = 0; i < head_n_classes(store->head); i++) {
        const struct head_class *of = head_class(store->head, i);
        if (of && of->freed != of->sealed)
            return true;
    }
    return false;
}

/* Writes [freed, sealed), which nobody changes any more, and frees it. */
static bool seal_finish(struct store *store, struct head_class *of, struct err *err)
{
    struct output output;
    const uint32_t until = of->sealed;
    /* where columns end: a window that jumped over idle time has none further on */
    const uint32_t end = until - of->freed > HEAD_SLOTS ? of->freed + HEAD_SLOTS : until;

    output_init(&output, store);
    manifest_set_sealed(&output.edit, of->no, until, of->sealing_lsn);
    bool is_ok = head_write(&output, of, of->freed, end, err) && output_commit(&output, err);
    output_done(&output);
    if (is_ok) {
        head_release(store->head, of, until);
        store->keeper.n_written++;
        __atomic_fetch_add(&store->keeper.n_seals, 1, __ATOMIC_RELAXED);
    }
    return is_ok;
}

bool seal_class(struct store *store, struct head_class *of, uint32_t until, struct err *err)
{
    if (of->freed != of->sealed && !seal_finish(store, of, err))
        return false;
    if (until <= of->sealed)
        return true;
    const uint64_t lsn = seal_lsn(store);
    if (late_reaches(store->late, of->no, of->sealed) && !seal_late(store, err))
        return false;

    of->sealing_lsn = lsn;
    __atomic_store_n(&of->sealed, until, __ATOMIC_SEQ_CST);
    epochs_wait(&store->epochs);
    return seal_finish(store, of, err);
}

bool seal_checkpoint(struct store *store, struct head_class *of, struct err *err)
{
    struct output output;

    if (of->freed != of->sealed)
        return seal_finish(store, of, err);
    const uint64_t lsn = seal_lsn(store);
    if (late_reaches(store->late, of->no, of->sealed) && !seal_late(store, err))
        return false;
    output_init(&output, store);
    manifest_set_checkpoint(&output.edit, of->no, lsn);
    bool is_ok = head_write(&output, of, of->freed, of->freed + HEAD_SLOTS, err) &&
                 output_commit(&output, err);
    output_done(&output);
    return is_ok;
}
