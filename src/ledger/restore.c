#include "ledger/restore.h"

#include "ledger/db.h"
#include "ledger/telling.h"

struct restoring {
    const struct change_list *changes;
    struct arena *arena;
    struct ledger_receipt *receipts;
};

/* False with ERR_MISSING: it is news. */
static bool find_known(struct writer *writer, const struct change *change, struct arena *arena,
                       struct change *out, struct err *err)
{
    const struct telling telling = {change->source, change->key};
    if (db_by_id(writer->db, change->id, arena, out, err))
        return true;
    return err->kind == ERR_MISSING && change->key[0] &&
           db_by_key(writer->db, &telling, arena, out, err);
}

static void fill(struct ledger_receipt *receipt, const struct change *known, uint64_t seq,
                 bool is_merged)
{
    *receipt = (struct ledger_receipt){.seq = seq, .is_merged = is_merged};
    text_copy(receipt->id, sizeof receipt->id, known->id);
}

static bool restore_one(struct writer *writer, const struct change *change, struct arena *arena,
                        struct ledger_receipt *receipt, struct err *err)
{
    struct change known;
    if (find_known(writer, change, arena, &known, err)) {
        fill(receipt, &known, known.seq, true);
        return true;
    }
    if (err->kind != ERR_MISSING)
        return false;
    err_clear(err);
    if (!work_append(writer, change, NULL, err))
        return false;
    fill(receipt, change, writer->seq, false);
    return true;
}

static bool tell_one(struct writer *writer, const struct change *change, struct arena *arena,
                     struct ledger_receipt *receipt, struct err *err)
{
    struct telling_task task = {.told = change,
                                .arena = arena,
                                .out = arena_zalloc(arena, sizeof(struct change)),
                                .receipt = receipt,
                                .err = err};
    *receipt = (struct ledger_receipt){0};
    return telling_record(writer, &task);
}

static bool restore(void *self, struct writer *writer, struct err *err)
{
    const struct restoring *r = self;
    for (size_t i = 0; i < r->changes->n; i++) {
        const struct change *change = &r->changes->items[i];
        struct ledger_receipt *receipt = &r->receipts[i];
        if (change->id[0] ? !restore_one(writer, change, r->arena, receipt, err)
                          : !tell_one(writer, change, r->arena, receipt, err))
            return false;
        writer->n_new += !receipt->is_merged;
    }
    return true;
}

bool restore_changes(struct ledger *ledger, const struct change_list *changes, struct arena *arena,
                     struct ledger_receipt *receipts, struct err *err)
{
    struct restoring restoring = {changes, arena, receipts};
    return changes->n == 0 || work_write(ledger, restore, &restoring, err);
}
