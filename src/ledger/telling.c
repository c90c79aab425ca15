#include "ledger/telling.h"

#include <string.h>
#include <sys/random.h>

#include "ledger/db.h"
#include "ledger/merge.h"

enum { NEAR_MAX = 64 /* changes that might be the one that is told of again */ };

/* ULID: 48 bits of milliseconds, 80 of randomness, in Crockford's base 32; sorts by time. */
static void make_id(int64_t ms, char out[27])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    unsigned char bytes[16];
    BUG_IF(getrandom(bytes + 6, 10, 0) != 10);
    for (int i = 0; i < 6; i++)
        bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
    /* 128 bits, five at a time from the left: the first digit holds three. */
    for (int i = 0; i < 26; i++) {
        int bit = i * 5 - 2;
        unsigned value = 0;
        for (int k = 0; k < 5; k++) {
            int at = bit + k;
            unsigned one = at < 0 ? 0 : bytes[at / 8] >> (7 - at % 8) & 1u;
            value = value << 1 | one;
        }
        out[i] = digits[value];
    }
    out[26] = '\0';
}

static struct db_place place_of(const struct change *change)
{
    return (struct db_place){change->kind, change->service, change->env};
}

/* What an older row would have added is not worth refusing a new one for, so one that cannot be read
 * counts as none. */
static bool is_nothing(const struct err *err)
{
    return err->kind == ERR_MISSING || err->kind == ERR_CORRUPT;
}

/* prev = the revision that ran before; a revision that ran earlier still is a rollback of what replaced
 * it. Only where nobody said otherwise. */
static bool derive(struct writer *writer, struct change *change, struct arena *arena,
                   struct err *err)
{
    struct change before, earlier;
    struct db_place place = place_of(change);
    bool has_before =
        db_succeeded_before(writer->db, &place, change->start_ms, NULL, arena, &before, err);
    if (!has_before)
        return is_nothing(err);
    if (!change->prev[0])
        change->prev = before.rev;
    bool is_rollback = strcmp(change->action, "rollback") == 0;
    if (is_rollback && !change->of[0])
        change->of = before.id;
    if (is_rollback || change->action[0] || !change->rev[0] || strcmp(change->rev, before.rev) == 0)
        return true;
    if (!db_succeeded_before(writer->db, &place, before.start_ms, change->rev, arena, &earlier,
                             err))
        return is_nothing(err);
    change->action = "rollback";
    if (!change->of[0])
        change->of = before.id;
    return true;
}

static bool append(struct writer *writer, const struct change *change, struct telling_task *task)
{
    if (!work_append(writer, change, NULL, task->err))
        return false;
    task->receipt->seq = writer->seq;
    text_copy(task->receipt->id, sizeof task->receipt->id, change->id);
    return true;
}

/* The one of them that told is another telling of: an open one first, else the nearest. */
static bool pick_same(const struct change_list *list, const struct change *told, struct change *out)
{
    int64_t best_ms = INT64_MAX;
    for (size_t i = 0; i < list->n; i++) {
        const struct change *known = &list->items[i];
        if (!merge_is_same(known, told))
            continue;
        int64_t apart_ms = known->start_ms - told->start_ms;
        apart_ms = change_is_open(known) ? -1 : apart_ms < 0 ? -apart_ms : apart_ms;
        if (apart_ms >= best_ms)
            continue;
        best_ms = apart_ms;
        *out = *known;
    }
    return best_ms != INT64_MAX;
}

/* The change that this one is another telling of. False with ERR_MISSING: it is news. */
static bool find_same(struct writer *writer, struct telling_task *task, struct change *out)
{
    const struct change *told = task->told;
    const struct telling telling = {told->source, told->key};
    if (told->is_posted && !told->key[0])
        return FAIL(task->err, ERR_MISSING, "each is a row");
    if (told->key[0]) {
        if (db_by_key(writer->db, &telling, task->arena, out, task->err))
            return true;
        if (task->err->kind != ERR_MISSING || told->is_posted)
            return false;
        err_clear(task->err);
    }
    struct db_near near = {.place = place_of(told), .not_source = "", .n_max = NEAR_MAX};
    near.from_ms = told->start_ms - MERGE_SAME_MS;
    near.until_ms = max_i64(told->start_ms, told->end_ms) + MERGE_SAME_MS + 1;
    struct change_list list = {0};
    if (strcmp(told->source, "line") == 0) {
        /* Its own door tells of its own second only: a history may come at once. */
        struct db_near second = near;
        second.from_ms = told->start_ms - told->start_ms % 1000;
        second.until_ms = second.from_ms + 1000;
        if (!db_near(writer->db, &second, task->arena, &list, task->err))
            return false;
        if (pick_same(&list, told, out))
            return true;
        near.not_source = "line";
    }
    if (!db_near(writer->db, &near, task->arena, &list, task->err))
        return false;
    return pick_same(&list, told, out) || FAIL(task->err, ERR_MISSING, "no other telling");
}

/* What a purged change may still hear: whoever tells it again does not put back what was taken out. */
static struct change bare_of(const struct change *told)
{
    struct change bare = change_blank();
    bare.start_ms = told->start_ms;
    bare.end_ms = told->end_ms;
    bare.status = told->status;
    return bare;
}

/* told is another telling of known. */
static bool merge(struct writer *writer, struct telling_task *task, struct change *known,
                  const struct change *told)
{
    bool is_purged;
    if (!db_is_purged(writer->db, known->id, &is_purged, task->err))
        return false;
    const struct change bare = bare_of(told);
    told = is_purged ? &bare : told;
    task->receipt->is_merged = true;
    task->receipt->seq = known->seq;
    text_copy(task->receipt->id, sizeof task->receipt->id, known->id);
    const bool had_rev = known->rev[0] != '\0';
    bool is_changed = merge_into(known, told, task->arena);
    *task->out = *known;
    if (!is_changed)
        return true;
    return (had_rev || known->is_posted || derive(writer, task->out, task->arena, task->err)) &&
           append(writer, task->out, task);
}

bool telling_record(struct writer *writer, struct telling_task *task)
{
    struct change *change = task->out, known;
    if (find_same(writer, task, &known))
        return merge(writer, task, &known, task->told);
    if (task->err->kind != ERR_MISSING)
        return false;
    err_clear(task->err);
    *change = *task->told;
    char id[27];
    make_id(change->start_ms, id);
    change->id = arena_strdup(task->arena, id);
    return (change->is_posted || derive(writer, change, task->arena, task->err)) &&
           append(writer, change, task);
}

bool telling_finish(struct writer *writer, struct telling_task *task)
{
    const struct ledger_end *end = task->end;
    const struct db_place place = {end->kind, end->service, end->env};
    struct change known;
    bool is_found = end->id[0] ? db_by_id(writer->db, end->id, task->arena, &known, task->err)
                               : db_newest_open(writer->db, &place, task->arena, &known, task->err);
    if (!is_found && task->err->kind == ERR_MISSING && !end->id[0])
        err_set(task->err, ERR_MISSING, "no open %s of '%s' in %s to finish",
                change_kind_name(end->kind), end->service, end->env);
    if (!is_found)
        return false;
    struct change told = change_blank();
    told.status = end->status;
    told.end_ms = max_i64(end->end_ms, known.start_ms);
    if (known.kind == CHANGE_FREEZE && known.end_ms > told.end_ms)
        known.end_ms = 0; /* it was to last longer: it ends now */
    told.msg = end->msg;
    return merge(writer, task, &known, &told);
}
