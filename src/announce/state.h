/* What a channel has told, on disk: <dir>/<name>.state, text, append-only, rewritten at each start.
 * Format: docs/formats/announce.md.
 *
 * Invariants
 * 1. What state_save returned true for is read back after a crash, and with must_survive after a power cut.
 * 2. A line that cannot be read, such as one that was cut off, is left out; those around it count.
 * Thread: the channel's. */
#pragma once

#include "announce/moments.h"
#include "base/err.h"

enum {
    STATE_DEAD_MAX = 20,      /* messages remembered that the peer never took */
    STATE_REASON_BYTES = 160, /* of why, with NUL */
    STATE_MESSAGE_BYTES = 40, /* "01J....retracted" with NUL */
    STATE_THREAD_MAX = 300,   /* bytes of what a peer calls its thread; longer is not kept */
};

/* A change that something was told of, or is to be. */
struct state_entry {
    char id[27];
    struct moments_told told;
    char *thread;       /* what the channel noted; never NULL */
    bool is_waiting;    /* something is due, or may be at next_ms */
    bool is_start;      /* what was tried and not taken yet is its start */
    uint32_t n_tries;   /* of what waits */
    int64_t first_ms;   /* it was first tried, or had to wait for others; 0: not yet */
    int64_t next_ms;    /* not before; not kept */
    int64_t touched_ms; /* last news of it, or its end if that is later */
    bool is_noted;      /* there is a line of it in the file; the state's own */
};

struct state_dead {
    int64_t at_ms;
    char message[STATE_MESSAGE_BYTES];
    char reason[STATE_REASON_BYTES];
};

struct state;

/* Reads and rewrites it. out_is_new: there was none. err: ERR_IO, ERR_LIMIT. */
MUST_CHECK bool state_open(const char *path, struct state **out, bool *out_is_new, struct err *err);
void state_close(struct state *state);

uint64_t state_seq(const struct state *state); /* the ledger was read up to this row */
size_t state_count(const struct state *state);
struct state_entry *state_at(struct state *state, size_t i);         /* by id */
struct state_entry *state_find(struct state *state, const char *id); /* NULL: none */
struct state_entry *state_add(struct state *state, const char *id);  /* or the one that is there */
void state_forget(struct state *state, struct state_entry *entry);
/* Oldest first; lent until the next state_bury. */
size_t state_deads(const struct state *state, const struct state_dead **out);

/* Each adds a line to what state_save writes. */
void state_note(struct state *state, struct state_entry *entry);
void state_note_seq(struct state *state, uint64_t seq);
void state_bury(struct state *state, const struct state_dead *dead);
/* Writes what was noted; nothing noted: nothing done. On false it stays noted. err: ERR_IO. */
MUST_CHECK bool state_save(struct state *state, bool must_survive, struct err *err);

/* Takes in a file's text. For state_open and its tests. Returns how many lines could not be read. */
size_t state_read(struct state *state, const char *text, size_t n);
struct state *state_new(void); /* empty, without a file */
