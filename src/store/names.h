/* The name table: any spelling of a series name to its id, and an id to its canonical name and class.
 * Records never move, so pointers to names are lent for ever. Reading takes no lock; creation goes
 * some dozens at a time behind a mutex. Hashed with SipHash-1-3 under a key nobody outside knows.
 *
 * Invariants:
 *   1. a record is complete before the slot or the id that leads to it is published
 *   2. a name is followed by NUL and at least 64 readable bytes
 *   3. ids are given out ascending; an id whose log record was lost stays a hole for ever, and that
 *      of a deleted series stays dead
 *   4. a spelling has one record for ever: what it leads to may become another id, or none */
#pragma once

#include "base/hash.h"
#include "base/str.h"
#include "model/sink.h"
#include "store/past.h"

enum {
    NAMES_ALIASES_MAX =
        1 << 20, /* other spellings remembered; past it each costs its normalising */
};

/* What creation needs from others. Called under the creation lock, in the order of the ids:
 * the locks of the index, the names log and what is hidden may be taken inside it, nothing else. */
struct names_hooks {
    void *self;
    /* The class of a new series; before the lock. SINK_NAME_LIMIT: there is none; SINK_DISK: none now. */
    enum sink_fate (*class_of)(void *self, struct str canonical, uint16_t *out_class);
    /* Once for each series that would be created: may it? */
    bool (*may_create)(void *self);
    void (*created)(void *self, uint32_t id, uint16_t class_no, const char *name);
    /* These ids have no name any more. */
    void (*deleted)(void *self, const uint32_t *ids, size_t n);
    /* These ids, each once, have other names now. */
    void (*renamed)(void *self, const uint32_t *ids, size_t n);
};

struct names;

MUST_CHECK struct names *names_new(uint64_t series_max, struct names_hooks hooks);
void names_free(struct names *names);

/* The id of a spelling seen before. Thread: any; a writer inside its epoch. */
MUST_CHECK bool names_find(const struct names *names, struct str spelling, uint32_t *out_id);
/* As names_find for each of n, else normalises and creates. SINK_NAME_BAD, SINK_NAME_LIMIT: its id is
 * SINK_ID_NONE. Thread: writers inside their epoch. */
void names_resolve(struct names *names, const struct str *spellings, size_t n, uint32_t *out_ids,
                   enum sink_fate *out_fates);

/* The name will be looked up soon: what that reads first is fetched meanwhile. Thread: as names_find. */
void names_foresee(const struct names *names, struct str name);

/* At start, from the log, ascending ids or not: false if the id or the name is there already.
 * The hooks are not called. */
MUST_CHECK bool names_load(struct names *names, uint32_t id, uint16_t class_no, struct str name);
/* At start, from the log: the id has no name any more, or another one. False if it has none already, or
 * if the name is there. */
MUST_CHECK bool names_load_delete(struct names *names, uint32_t id);
MUST_CHECK bool names_load_rename(struct names *names, uint32_t id, struct str name);
/* At start: ids below this one are never given out again. */
void names_reserve(struct names *names, uint32_t n_ids);

/* Takes the series with these canonical names away, those that there are; their ids are dead, their
 * names free at once. Returns how many; out_ids has room for n. Thread: any. */
size_t names_delete(struct names *names, const struct str *canonical, size_t n, uint32_t *out_ids);

/* Gives all of them their new names (canonical), or none: the old ones are free at once.
 *   err  ERR_MISSING no such series; ERR_INPUT the new name is there, or comes twice; ERR_LIMIT */
MUST_CHECK bool names_rename(struct names *names, const struct name_change *renames, size_t n,
                             struct err *err);

/* Ids are below this. */
uint32_t names_count(const struct names *names);
/* Was the series of that id deleted? */
bool names_is_dead(const struct names *names, uint32_t id);
size_t names_n_dead(const struct names *names);
/* at is NULL for a hole, a dead id or one never given out. */
struct sink_name names_name(const struct names *names, uint32_t id);
/* The canonical name ended by NUL, NULL as above. */
const char *names_text(const struct names *names, uint32_t id);
/* id must have a name, or have had one. */
uint16_t names_class(const struct names *names, uint32_t id);
/* Its class and those it had before: a link of names_past. */
uint16_t names_link(const struct names *names, uint32_t id);
const struct past *names_past(const struct names *names);
/* At start: the series belongs to another class from now on. False: the id has no name, or there are too
 * many different histories. */
MUST_CHECK bool names_move(struct names *names, uint32_t id, uint16_t class_no);
size_t names_series(const struct names *names); /* names, without holes */

/* Tables replaced since the last call, to be given to names_drop after an epoch of all writers. Takes no
 * lock: creation never waits for its caller. */
struct names_table;
MUST_CHECK struct names_table *names_take_retired(struct names *names);
void names_drop(struct names_table *tables);
