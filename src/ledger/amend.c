#include "ledger/amend.h"

#include <string.h>

#include "ledger/db.h"
#include "ledger/work.h"

/* What is done to a change: reads `wish`, changes *io. */
struct amending;
typedef bool (*amend_fn)(const struct amending *amending, struct change *io, struct err *err);

struct amending {
    const struct amendment *amendment;
    const struct change *now; /* of an edit */
    bool is_back;             /* of a retraction */
    const char *what;         /* "edit", ... */
    amend_fn fn;
    struct arena *arena;
    struct change *out; /* as it then is */
};

/* The change as it now is, in its table and as a row; a purge leaves none of its older rows' texts. */
static bool keep(struct writer *writer, const struct amending *amending, const struct audit *audit,
                 struct err *err)
{
    const struct change *change = amending->out;
    const bool is_purge = strcmp(amending->what, "purge") == 0;
    writer->wants_empty_log |= is_purge;
    return work_append(writer, change, audit, err) &&
           (!is_purge || (db_purge(writer->db, change->id, writer->seq, err) &&
                          db_forget_words(writer->db, err)));
}

static bool do_amend(void *self, struct writer *writer, struct err *err)
{
    const struct amending *amending = self;
    const struct amendment *amendment = amending->amendment;
    const struct audit audit = {amending->what, amendment->by, amendment->why, "", writer->now_ms};
    struct change *change = amending->out;
    if (!db_by_id(writer->db, amendment->id, amending->arena, change, err) ||
        !amending->fn(amending, change, err) ||
        !change_check(change, writer->now_ms, amending->arena, err) ||
        !keep(writer, amending, &audit, err))
        return false;
    change->seq = writer->seq;
    return true;
}

static bool amend(struct ledger *ledger, const struct amending *wish, struct ledger_receipt *out,
                  struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct change change = change_blank();
    struct amending amending = *wish;
    amending.arena = &arena;
    amending.out = &change;
    if (strlen(amending.amendment->id) < 4)
        return FAIL(err, ERR_INPUT, "'%s' is too short for an id: at least 4 characters",
                    amending.amendment->id);
    if (!work_write(ledger, do_amend, &amending, err))
        return false;
    *out = (struct ledger_receipt){.seq = change.seq, .is_merged = true};
    text_copy(out->id, sizeof out->id, change.id);
    return true;
}

static bool put_tag(struct change *io, const struct tag *tag, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < io->n_tags; i++) { /* its list is this reading's own */
        if (strcmp(io->tags[i].key, tag->key) != 0)
            continue;
        io->tags[i].value = tag->value;
        return true;
    }
    if (io->n_tags == CHANGE_TAGS_MAX)
        return FAIL(err, ERR_INPUT, "tags: more than %d", CHANGE_TAGS_MAX);
    change_add_tag(io, *tag, arena);
    return true;
}

static bool edit(const struct amending *amending, struct change *io, struct err *err)
{
    const struct change *now = amending->now;
    const char **fields[] = {&io->action, &io->service, &io->env,       &io->rev,      &io->prev,
                             &io->by,     &io->msg,     &io->url,       &io->diff,     &io->parent,
                             &io->of,     &io->data,    &io->old_value, &io->new_value};
    const char *const values[] = {now->action,    now->service,  now->env, now->rev,
                                  now->prev,      now->by,       now->msg, now->url,
                                  now->diff,      now->parent,   now->of,  now->data,
                                  now->old_value, now->new_value};
    _Static_assert(COUNT_OF(fields) == COUNT_OF(values), "a field without its value");
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (values[i][0])
            *fields[i] = values[i];
    if (now->start_ms)
        io->start_ms = now->start_ms;
    if (now->end_ms)
        io->end_ms = now->end_ms;
    if (now->status != STATUS_UNKNOWN)
        io->status = now->status;
    for (size_t i = 0; i < now->n_tags; i++)
        if (!put_tag(io, &now->tags[i], amending->arena, err))
            return false;
    io->n_edits++;
    return true;
}

bool amend_edit(struct ledger *ledger, const struct amendment *amendment, const struct change *now,
                struct ledger_receipt *out, struct err *err)
{
    const struct amending amending = {
        .amendment = amendment, .now = now, .what = "edit", .fn = edit};
    return amend(ledger, &amending, out, err);
}

static bool retract(const struct amending *amending, struct change *io, struct err *err)
{
    if (io->is_retracted != amending->is_back)
        return FAIL(err, ERR_INPUT, "'%s' is %s", io->id,
                    io->is_retracted ? "retracted already" : "not retracted");
    io->is_retracted = !amending->is_back;
    return true;
}

bool amend_retract(struct ledger *ledger, const struct amendment *amendment, bool is_back,
                   struct ledger_receipt *out, struct err *err)
{
    const struct amending amending = {.amendment = amendment,
                                      .is_back = is_back,
                                      .what = is_back ? "restore" : "retract",
                                      .fn = retract};
    return amend(ledger, &amending, out, err);
}

static bool purge(const struct amending *amending, struct change *io, struct err *err)
{
    (void)amending;
    (void)err;
    const char **texts[] = {&io->by,        &io->msg,       &io->url, &io->diff, &io->data,
                            &io->old_value, &io->new_value, &io->key, &io->scope};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = "";
    for (size_t i = 0; i < io->n_also; i++)
        io->also[i].key = "";
    io->n_tags = 0;
    io->n_edits++;
    return true;
}

bool amend_purge(struct ledger *ledger, const struct amendment *amendment,
                 struct ledger_receipt *out, struct err *err)
{
    const struct amending amending = {.amendment = amendment, .what = "purge", .fn = purge};
    return amend(ledger, &amending, out, err);
}

/* ---- history ---- */

struct history {
    const char *id;
    size_t n_max;
    struct arena *arena;
    struct db_row *rows;
    size_t n;
};

static bool read_rows(void *self, struct db *db, struct err *err)
{
    struct history *history = self;
    struct change change;
    if (history->id[0]) {
        if (!db_by_id(db, history->id, history->arena, &change, err))
            return false;
        history->id = change.id;
    }
    return db_rows(db, history->id, history->n_max, history->arena, &history->rows, &history->n,
                   err);
}

static bool read_note(const struct db_row *row, bool is_change, struct arena *arena,
                      struct amend_note *out, struct err *err)
{
    const size_t n = strlen(row->text);
    *out = (struct amend_note){.seq = row->seq, .is_purged = n == 0, .change = change_blank()};
    out->audit = (struct audit){"", "", "", "", 0};
    return n == 0 || (row_decode_audit(row->text, n, arena, &out->audit, err) &&
                      (!is_change || row_decode(row->text, n, arena, &out->change, err)));
}

bool amend_history(struct ledger *ledger, const char *id, size_t n_max, struct arena *arena,
                   struct amend_note **out, size_t *out_n, struct err *err)
{
    struct history history = {.id = id, .n_max = n_max, .arena = arena};
    if (!work_read(ledger, read_rows, &history, err))
        return false;
    struct amend_note *notes = arena_array(arena, history.n, struct amend_note);
    for (size_t i = 0; i < history.n; i++)
        if (!read_note(&history.rows[i], id[0] != '\0', arena, &notes[i], err))
            return false;
    *out = notes;
    *out_n = history.n;
    return true;
}
