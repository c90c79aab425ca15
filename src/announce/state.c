#include "announce/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "os/file.h"

enum {
    FILE_BYTES_MAX = 64 << 20,
    REWRITE_BYTES = 4 << 20, /* longer, and mostly of what is over: it is written anew */
    ID_BYTES = 26,
    FIELDS_MAX = 8,
};

#define HEAD "plumb-announce 1\n"

struct state {
    char *path;
    int fd;                         /* -1: none */
    int64_t n_bytes, n_bytes_fresh; /* now, and when it was last written anew */
    struct buf noted;               /* lines not written yet */
    uint64_t seq;
    struct state_entry **entries; /* by id */
    size_t n, cap;
    struct state_dead deads[STATE_DEAD_MAX];
    size_t n_deads;
};

/* ---- entries ---- */

/* Where the id is, or belongs. Ids begin with a time, so a new one belongs near the end. */
static size_t place_of(const struct state *state, const char *id, bool *out_is_there)
{
    size_t low = 0, high = state->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(state->entries[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *out_is_there = low < state->n && strcmp(state->entries[low]->id, id) == 0;
    return low;
}

struct state_entry *state_find(struct state *state, const char *id)
{
    bool is_there;
    const size_t i = place_of(state, id, &is_there);
    return is_there ? state->entries[i] : NULL;
}

static void entry_free(struct state_entry *entry)
{
    mem_free(entry->thread);
    mem_free(entry);
}

static void remove_at(struct state *state, size_t i)
{
    entry_free(state->entries[i]);
    state->n--;
    memmove(&state->entries[i], &state->entries[i + 1], (state->n - i) * sizeof *state->entries);
}

struct state_entry *state_add(struct state *state, const char *id)
{
    bool is_there;
    size_t i = place_of(state, id, &is_there);
    if (is_there)
        return state->entries[i];
    mem_grow(&state->entries, &state->cap, state->n + 1, sizeof *state->entries);
    struct state_entry *entry = mem_zalloc(sizeof *entry);
    text_copy(entry->id, sizeof entry->id, id);
    entry->thread = mem_strdup("");
    memmove(&state->entries[i + 1], &state->entries[i], (state->n - i) * sizeof *state->entries);
    state->entries[i] = entry;
    state->n++;
    return entry;
}

void state_forget(struct state *state, struct state_entry *entry)
{
    bool is_there;
    const size_t i = place_of(state, entry->id, &is_there);
    BUG_IF(!is_there);
    if (entry->is_noted)
        buf_printf(&state->noted, "x %s\n", entry->id);
    remove_at(state, i);
}

size_t state_count(const struct state *state)
{
    return state->n;
}

struct state_entry *state_at(struct state *state, size_t i)
{
    return state->entries[i];
}

uint64_t state_seq(const struct state *state)
{
    return state->seq;
}

/* ---- lines ---- */

/* The letters of what is told; a blank-free word, never empty. */
struct flag {
    char letter;
    size_t at;
};
static const struct flag flags[] = {
    {'s', offsetof(struct state_entry, told.start)},
    {'e', offsetof(struct state_entry, told.end)},
    {'a', offsetof(struct state_entry, told.again)},
    {'r', offsetof(struct state_entry, told.retracted)},
    {'k', offsetof(struct state_entry, told.is_known)},
    {'w', offsetof(struct state_entry, is_waiting)},
    {'b', offsetof(struct state_entry, is_start)},
};

/* Of a verdict that was told, by enum verdict_state; of the last one seen the same in lower case, with the
 * digit of its stage. */
static const char states[VERDICT_STATES + 1] = "-NICMH";
static const char seen_states[VERDICT_STATES + 1] = "-nicmh";
static const char stages[VERDICT_STAGES + 1] = "-123";

static void write_letter(struct buf *out, const char *letters, unsigned i)
{
    if (i)
        buf_add_char(out, letters[i]);
}

/* The place of the letter that the word has, else 0. */
static unsigned read_letter(struct str word, const char *letters)
{
    for (unsigned i = 1; letters[i]; i++)
        if (memchr(word.at, letters[i], word.n))
            return i;
    return 0;
}

static void read_verdicts(struct str word, struct moments_told *told)
{
    told->verdict = (enum verdict_state)read_letter(word, states);
    told->seen = (enum verdict_state)read_letter(word, seen_states);
    told->seen_stage = (enum verdict_stage)read_letter(word, stages);
}

static void write_entry(struct buf *out, const struct state_entry *entry)
{
    buf_printf(out, "c %s -", entry->id);
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        if (*(const bool *)((const char *)entry + flags[i].at))
            buf_add_char(out, flags[i].letter);
    write_letter(out, states, entry->told.verdict);
    write_letter(out, seen_states, entry->told.seen);
    write_letter(out, stages, entry->told.seen_stage);
    buf_printf(out, " %d %lld %lld %u %s\n", (int)entry->told.status, (long long)entry->touched_ms,
               (long long)entry->first_ms, entry->n_tries, entry->thread);
}

static void write_dead(struct buf *out, const struct state_dead *dead)
{
    buf_printf(out, "d %lld %s %s\n", (long long)dead->at_ms, dead->message, dead->reason);
}

void state_note(struct state *state, struct state_entry *entry)
{
    entry->is_noted = true;
    write_entry(&state->noted, entry);
}

void state_note_seq(struct state *state, uint64_t seq)
{
    state->seq = seq;
    buf_printf(&state->noted, "n %llu\n", (unsigned long long)seq);
}

static void add_dead(struct state *state, const struct state_dead *dead)
{
    if (state->n_deads == STATE_DEAD_MAX) {
        memmove(&state->deads[0], &state->deads[1], (STATE_DEAD_MAX - 1) * sizeof *dead);
        state->n_deads--;
    }
    state->deads[state->n_deads++] = *dead;
}

void state_bury(struct state *state, const struct state_dead *dead)
{
    struct state_dead clean = *dead;
    for (char *at = clean.reason; *at; at++)
        *at = (unsigned char)*at < ' ' ? ' ' : *at;
    add_dead(state, &clean);
    write_dead(&state->noted, &clean);
}

size_t state_deads(const struct state *state, const struct state_dead **out)
{
    *out = state->deads;
    return state->n_deads;
}

static bool is_id(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", text.at[i]) || !text.at[i])
            return false;
    return text.n == ID_BYTES;
}

static bool number(struct str text, int64_t *out)
{
    return num_parse_i64(text.at, text.n, out) && *out >= 0;
}

/* The words of a line; the last one takes what is left. */
static size_t split(struct str line, size_t n_max, struct str *out)
{
    size_t n = 0;
    while (n + 1 < n_max && str_split(&line, ' ', &out[n]))
        n++;
    if (line.at)
        out[n++] = line;
    return n;
}

static bool read_entry(struct state *state, struct str line)
{
    struct str words[FIELDS_MAX];
    int64_t status, touched_ms, first_ms, n_tries;
    const size_t n = split(line, FIELDS_MAX, words);
    if (n < FIELDS_MAX - 1 || !is_id(words[1]) || words[2].n == 0 || words[2].at[0] != '-' ||
        !number(words[3], &status) || status >= CHANGE_STATUSES || !number(words[4], &touched_ms) ||
        !number(words[5], &first_ms) || !number(words[6], &n_tries) || n_tries > UINT32_MAX)
        return false;
    char id[ID_BYTES + 1] = "";
    memcpy(id, words[1].at, ID_BYTES);
    struct state_entry *entry = state_add(state, id);
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        *(bool *)((char *)entry + flags[i].at) =
            memchr(words[2].at, flags[i].letter, words[2].n) != NULL;
    read_verdicts(words[2], &entry->told);
    entry->told.status = (enum change_status)status;
    entry->touched_ms = touched_ms;
    entry->first_ms = first_ms;
    entry->n_tries = (uint32_t)n_tries;
    entry->next_ms = 0;
    entry->is_noted = true;
    const bool has_thread = n == FIELDS_MAX && words[7].n <= STATE_THREAD_MAX;
    mem_free(entry->thread);
    entry->thread = has_thread ? mem_strndup(words[7].at, words[7].n) : mem_strdup("");
    return true;
}

static bool read_forgotten(struct state *state, struct str id)
{
    char text[ID_BYTES + 1] = "";
    bool is_there;
    if (!is_id(id))
        return false;
    memcpy(text, id.at, ID_BYTES);
    const size_t i = place_of(state, text, &is_there);
    if (is_there)
        remove_at(state, i);
    return true;
}

static bool read_dead(struct state *state, struct str line)
{
    struct str words[4];
    struct state_dead dead = {0};
    if (split(line, 4, words) < 3 || !number(words[1], &dead.at_ms) ||
        words[2].n >= sizeof dead.message)
        return false;
    memcpy(dead.message, words[2].at, words[2].n);
    if (line.n > (size_t)(words[2].at + words[2].n + 1 - line.at))
        memcpy(dead.reason, words[3].at, min_size(words[3].n, sizeof dead.reason - 1));
    add_dead(state, &dead);
    return true;
}

static bool read_line(struct state *state, struct str line)
{
    int64_t seq;
    if (str_starts(line, "c "))
        return read_entry(state, line);
    if (str_starts(line, "x "))
        return read_forgotten(state, str_make(line.at + 2, line.n - 2));
    if (str_starts(line, "d "))
        return read_dead(state, line);
    if (!str_starts(line, "n ") || !number(str_make(line.at + 2, line.n - 2), &seq))
        return false;
    state->seq = (uint64_t)seq;
    return true;
}

size_t state_read(struct state *state, const char *text, size_t n)
{
    size_t n_bad = 0;
    const struct str all = str_make(text, n);
    struct str rest = all, line;
    if (str_starts(all, HEAD))
        rest = str_make(text + strlen(HEAD), n - strlen(HEAD));
    else
        n_bad++;
    while (rest.n > 0 && memchr(rest.at, '\n', rest.n) && str_split(&rest, '\n', &line))
        n_bad += memchr(line.at, '\0', line.n) != NULL || !read_line(state, line);
    return n_bad + (rest.n > 0);
}

/* ---- the file ---- */

struct state *state_new(void)
{
    struct state *state = mem_zalloc(sizeof *state);
    state->fd = -1;
    buf_init(&state->noted, FILE_BYTES_MAX);
    return state;
}

void state_close(struct state *state)
{
    if (!state)
        return;
    for (size_t i = 0; i < state->n; i++)
        entry_free(state->entries[i]);
    mem_free(state->entries);
    buf_done(&state->noted);
    fd_done(&state->fd);
    mem_free(state->path);
    mem_free(state);
}

/* All that counts, as one new file. */
static bool rewrite(struct state *state, struct err *err)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, FILE_BYTES_MAX);
    buf_add_str(&text, HEAD);
    for (size_t i = 0; i < state->n; i++)
        write_entry(&text, state->entries[i]);
    for (size_t i = 0; i < state->n_deads; i++)
        write_dead(&text, &state->deads[i]);
    buf_printf(&text, "n %llu\n", (unsigned long long)state->seq);
    int fd;
    if (!file_replace(state->path, text.at, text.n, err) ||
        !file_open(state->path, O_WRONLY, &fd, err))
        return false;
    fd_done(&state->fd);
    state->fd = fd;
    state->n_bytes = state->n_bytes_fresh = (int64_t)text.n;
    buf_clear(&state->noted);
    return true;
}

bool state_open(const char *path, struct state **out, bool *out_is_new, struct err *err)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, FILE_BYTES_MAX);
    const bool is_there = file_exists(path);
    if (is_there && !file_read_all(path, &text, err))
        return false;
    struct state *state = state_new();
    state->path = mem_strdup(path);
    const size_t n_bad = is_there ? state_read(state, buf_text(&text), text.n) : 0;
    if (n_bad)
        log_warn("%s: %zu lines could not be read and are left out", path, n_bad);
    if (is_there && !rewrite(state, err)) {
        state_close(state);
        return false;
    }
    *out = state;
    *out_is_new = !is_there;
    return true;
}

bool state_save(struct state *state, bool must_survive, struct err *err)
{
    if (state->noted.n == 0)
        return true;
    const bool is_long = state->n_bytes > 2 * state->n_bytes_fresh + REWRITE_BYTES;
    if (state->fd < 0 || state->noted.is_full || is_long)
        return rewrite(state, err);
    if (!file_write_at(state->fd, state->path, state->noted.at, state->noted.n, state->n_bytes,
                       err))
        return false;
    state->n_bytes += (int64_t)state->noted.n;
    buf_clear(&state->noted);
    return !must_survive || file_sync(state->fd, state->path, err);
}
