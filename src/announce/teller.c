#include "announce/teller.h"

#include <stdio.h>
#include <string.h>

#include "announce/state.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"
#include "os/realtime.h"
#include "os/thread.h"

enum {
    FRESH_MS = 15 * 60 * 1000, /* what is older is no news */
    BACKOFF_MS = 5000,
    BACKOFF_MAX_MS = 6 * 3600 * 1000,
    PATIENCE_MS = 3 * 86400 * 1000,
    ROWS_MAX = 256,       /* of the ledger at a time */
    SLEEP_MAX_MS = 60000, /* a clock that jumped is noticed */
    SWEEP_MS = 60000,     /* between looks for what may be forgotten */
    /* After its end and its last news a change is forgotten; longer than FRESH_MS. One that was told of:
     * when its last verdict, a day after its end, must have come. */
    OVER_MS = 3600 * 1000,
    KNOWN_OVER_MS = 30 * 3600 * 1000,
    OPEN_MS = 7 * 86400 * 1000,
    KNOWN_MAX = 20000, /* changes remembered */
    TEST_WAIT_MS = 15000,
    CATCH_UP_MS =
        60000, /* a peer that is back gets what waits at once, but not more often than this */
};

/* What others ask for. */
struct counts {
    uint64_t n_told, n_tries_failed, n_skipped, n_dead, n_waiting;
    int64_t told_ms, failed_ms;
    char error[256];
    bool is_gone; /* the peer said so */
};

struct teller {
    const struct announce_options *options;
    const struct filter *filter;
    struct channel *channel;
    struct thread thread;
    _Atomic bool is_ending; /* what is under way is cut short */

    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t woken, tested;
    bool is_woken, is_stopping, has_ended; /* an end is told through `tested` */
    struct counts shown;
    struct state_dead deads[STATE_DEAD_MAX];
    size_t n_deads;
    bool is_test_wanted, is_test_done, is_test_ok;
    struct err test_err;

    /* From here on: the thread's. */
    struct state *state;
    struct counts counts;
    struct arena arena; /* of one change, or one list of them */
    int64_t hold_until_ms, swept_ms, caught_up_ms;
    uint32_t n_failures; /* since the last success */
    bool has_complained;
};

int64_t teller_backoff_ms(uint32_t n_tries)
{
    int64_t ms = BACKOFF_MS;
    for (uint32_t i = 1; i < n_tries && ms < BACKOFF_MAX_MS; i++)
        ms *= 3;
    return min_i64(ms, BACKOFF_MAX_MS);
}

static int64_t now_ms(const struct teller *teller)
{
    return clock_us(&teller->options->clock) / 1000;
}

static bool is_stopping(struct teller *teller)
{
    pthread_mutex_lock(&teller->mutex);
    const bool is = teller->is_stopping;
    pthread_mutex_unlock(&teller->mutex);
    return is;
}

static void publish(struct teller *teller)
{
    const struct state_dead *deads;
    size_t n_waiting = 0;
    for (size_t i = 0; i < state_count(teller->state); i++)
        n_waiting += state_at(teller->state, i)->is_waiting;
    teller->counts.n_waiting = n_waiting;
    pthread_mutex_lock(&teller->mutex);
    teller->shown = teller->counts;
    teller->n_deads = state_deads(teller->state, &deads);
    memcpy(teller->deads, deads, teller->n_deads * sizeof *deads);
    pthread_mutex_unlock(&teller->mutex);
}

/* False: told once, and tried again with the next save. */
static bool save(struct teller *teller, bool must_survive, struct err *err)
{
    const bool is_ok = state_save(teller->state, must_survive, err);
    if (!is_ok && !teller->has_complained)
        log_warn("announce %s: what was told cannot be noted, and may be told again: %s",
                 teller->channel->name, err->text);
    teller->has_complained = !is_ok;
    return is_ok;
}

/* ---- what is due ---- */

static void bury(struct teller *teller, const struct state_entry *entry, const char *moment,
                 const char *why)
{
    struct state_dead dead = {.at_ms = now_ms(teller)};
    snprintf(dead.message, sizeof dead.message, "%s.%s", entry->id, moment);
    snprintf(dead.reason, sizeof dead.reason, "%s", why);
    state_bury(teller->state, &dead);
    teller->counts.n_dead++;
    log_warn("announce %s: %s is not told: %s", teller->channel->name, dead.message, why);
}

/* Is it too late for that moment? A program is told for days what was fresh when it was first tried. */
static bool is_late(const struct teller *teller, const struct state_entry *entry,
                    const struct moments_next *next, int64_t at_ms)
{
    const bool is_patient = teller->channel->kind->is_patient;
    if (is_patient && entry->first_ms)
        return at_ms - entry->first_ms > PATIENCE_MS;
    return at_ms - next->at_ms > FRESH_MS;
}

static void pass_over(struct teller *teller, struct state_entry *entry,
                      const struct moments_next *next, const struct change *change)
{
    char why[STATE_REASON_BYTES];
    if (entry->n_tries) {
        snprintf(why, sizeof why, "not taken in %u tries: %.110s", entry->n_tries,
                 teller->counts.error);
        bury(teller, entry, moments_name(next->moment, change), why);
    } else {
        teller->counts.n_skipped++;
    }
    entry->n_tries = 0;
    entry->first_ms = 0;
    entry->is_start = false;
    moments_note(&entry->told, next->moment, change, false);
}

static struct moments_next next_of(const struct state_entry *entry, const struct change *change,
                                   int64_t at_ms)
{
    /* What was tried may have arrived: it goes before whatever came after it. */
    if (entry->is_start && !entry->told.start && !change->is_retracted)
        return (struct moments_next){MOMENTS_DUE, MOMENT_START, change->start_ms, 0};
    return moments_next(&entry->told, change, at_ms);
}

/* Passes over what nobody wants to hear, and leaves in the entry whether and when there is something to do. */
static struct moments_next settle(struct teller *teller, struct state_entry *entry,
                                  const struct change *change)
{
    const int64_t at_ms = now_ms(teller);
    struct moments_next next = next_of(entry, change, at_ms);
    while (next.step != MOMENTS_NONE) {
        if (!filter_wants(teller->filter, next.moment, change, &entry->told))
            moments_note(&entry->told, next.moment, change, false);
        else if (is_late(teller, entry, &next, at_ms))
            pass_over(teller, entry, &next, change);
        else
            break;
        next = next_of(entry, change, at_ms);
    }
    entry->is_waiting = next.step != MOMENTS_NONE;
    if (next.step == MOMENTS_LATER)
        entry->next_ms = next.look_ms;
    return next;
}

/* What was never told and is long over needs no place: it will be too old again. */
static void keep(struct teller *teller, struct state_entry *entry, const struct change *change)
{
    const bool is_old = !change_is_open(change) && now_ms(teller) - change->end_ms > FRESH_MS;
    if (entry->is_waiting || entry->told.is_known || !is_old)
        state_note(teller->state, entry);
    else
        state_forget(teller->state, entry);
}

/* News of a change. */
static void look(struct teller *teller, const struct change *change)
{
    struct state_entry *known = state_find(teller->state, change->id);
    if (!filter_takes(teller->filter, change) && (!known || !known->told.is_known))
        return;
    struct state_entry *entry = state_add(teller->state, change->id);
    entry->touched_ms = max_i64(now_ms(teller), max_i64(change->start_ms, change->end_ms));
    settle(teller, entry, change);
    keep(teller, entry, change);
}

/* What came into the ledger since. False: the ledger cannot be read now. */
static bool follow(struct teller *teller)
{
    const struct changes *changes = &teller->options->changes;
    struct err err;
    bool has_more = true;
    while (has_more && !is_stopping(teller)) {
        struct change_list list = {0};
        arena_reset(&teller->arena);
        if (!changes->ops->since(changes->self, state_seq(teller->state), ROWS_MAX, &teller->arena,
                                 &list, &err)) {
            log_warn("announce %s: the ledger cannot be read: %s", teller->channel->name, err.text);
            return false;
        }
        for (size_t i = 0; i < list.n; i++)
            look(teller, &list.items[i]);
        if (list.n)
            state_note_seq(teller->state, list.items[list.n - 1].seq);
        (void)save(teller, false, &err);
        /* A row that cannot be read is left out of the list, so its length says nothing. */
        has_more = list.n && state_seq(teller->state) < changes->ops->last_seq(changes->self);
    }
    return true;
}

/* ---- telling ---- */

/* A change has several, each with an id of its own. */
static const char *verdict_id(const struct change *change, struct arena *arena)
{
    return arena_printf(arena, "%s.%lld.verdict", change->id, (long long)change->verdict->made_ms);
}

static struct message message_of(struct teller *teller, const struct state_entry *entry,
                                 enum moment moment, const struct change *change)
{
    struct arena *arena = &teller->arena;
    const char *name = moments_name(moment, change);
    return (struct message){
        .moment = moment,
        .change = change,
        .link = arena_printf(arena, "%s/c/%s", teller->options->base_url, change->id),
        .id = moment == MOMENT_VERDICT ? verdict_id(change, arena)
                                       : arena_printf(arena, "%s.%s", change->id, name),
        .thread = entry->thread,
        .is_first = !entry->told.is_known,
        .before = moment == MOMENT_VERDICT ? entry->told.verdict : VERDICT_PENDING,
        .tz = teller->options->tz,
        .now_ms = now_ms(teller),
        .arena = arena,
    };
}

static void set_thread(struct state_entry *entry, const char *thread)
{
    if (!thread[0] || strlen(thread) > STATE_THREAD_MAX || strpbrk(thread, "\r\n"))
        return;
    mem_free(entry->thread);
    entry->thread = mem_strdup(thread);
}

/* A peer that is back is told at once what it missed. */
static void catch_up(struct teller *teller)
{
    const int64_t at_ms = now_ms(teller);
    const bool was_away = teller->n_failures > 0;
    teller->n_failures = 0;
    if (!was_away || at_ms - teller->caught_up_ms < CATCH_UP_MS)
        return;
    teller->caught_up_ms = at_ms;
    for (size_t i = 0; i < state_count(teller->state); i++) {
        struct state_entry *entry = state_at(teller->state, i);
        if (entry->n_tries)
            entry->next_ms = 0;
    }
}

static void note_told(struct teller *teller, struct state_entry *entry, enum moment moment,
                      const struct change *change)
{
    moments_note(&entry->told, moment, change, true);
    entry->n_tries = 0;
    entry->first_ms = 0;
    entry->is_start = false;
    entry->next_ms = 0;
    settle(teller, entry, change);
    state_note(teller->state, entry);
}

static void note_failure(struct teller *teller, struct state_entry *entry,
                         const struct message *message, const struct err *err)
{
    const bool is_hopeless = err->kind == ERR_REFUSED || err->kind == ERR_INPUT;
    teller->counts.n_tries_failed++;
    teller->counts.failed_ms = message->now_ms;
    text_copy(teller->counts.error, sizeof teller->counts.error, err->text);
    if (is_hopeless) {
        bury(teller, entry, moments_name(message->moment, message->change), err->text);
        moments_note(&entry->told, message->moment, message->change, false);
        entry->n_tries = 0;
        entry->first_ms = 0;
        entry->is_start = false;
        settle(teller, entry, message->change);
        state_note(teller->state, entry);
        return;
    }
    const int64_t now = now_ms(teller), asked_ms = teller->channel->retry_ms;
    if (entry->n_tries == 0)
        log_warn("announce %s: %s was not taken, and is tried again: %s", teller->channel->name,
                 message->id, err->text);
    teller->n_failures++;
    entry->n_tries++;
    entry->is_start = message->moment == MOMENT_START;
    if (!entry->first_ms)
        entry->first_ms = now;
    entry->next_ms = now + max_i64(teller_backoff_ms(entry->n_tries), asked_ms);
    if (asked_ms)
        teller->hold_until_ms = now + asked_ms;
    if (err->kind == ERR_MISSING) {
        log_error("announce %s: %s; nothing more is told there until the next start",
                  teller->channel->name, err->text);
        teller->counts.is_gone = true;
    }
    state_note(teller->state, entry);
}

static bool call_kind(struct teller *teller, const struct message *message, const char **out_thread,
                      struct err *err)
{
    struct channel *channel = teller->channel;
    err_clear(err);
    channel->retry_ms = 0;
    *out_thread = "";
    return channel->kind->tell(channel, message, out_thread, err);
}

static void tell(struct teller *teller, struct state_entry *entry, enum moment moment,
                 const struct change *change)
{
    const struct message message = message_of(teller, entry, moment, change);
    const struct state_entry before = *entry;
    const char *thread;
    struct err err;
    if (teller->channel->kind->is_noted_first) {
        note_told(teller, entry, moment, change);
        if (!save(teller, true, &err)) {
            *entry = before;
            entry->next_ms = now_ms(teller) + BACKOFF_MS;
            return;
        }
    }
    const bool is_ok = call_kind(teller, &message, &thread, &err);
    if (is_ok) {
        set_thread(entry, thread);
        note_told(teller, entry, moment, change);
        teller->counts.n_told++;
        teller->counts.told_ms = message.now_ms;
        catch_up(teller);
    } else {
        *entry = before; /* noted or not, it was not said */
        note_failure(teller, entry, &message, &err);
    }
    (void)save(teller, true, &err);
}

/* Looks again at one change whose time has come, and tells what is due. */
static void deliver_one(struct teller *teller, const char *id)
{
    const struct changes *changes = &teller->options->changes;
    struct state_entry *entry = state_find(teller->state, id);
    struct change change;
    struct err err;
    arena_reset(&teller->arena);
    if (!changes->ops->get(changes->self, id, &teller->arena, &change, &err)) {
        if (err.kind == ERR_MISSING || err.kind == ERR_CORRUPT) {
            bury(teller, entry, "gone", err.text);
            state_forget(teller->state, entry);
        } else {
            entry->next_ms = now_ms(teller) + BACKOFF_MS;
        }
        return;
    }
    const struct moments_next next = settle(teller, entry, &change);
    if (next.step == MOMENTS_DUE)
        tell(teller, entry, next.moment, &change);
    else
        keep(teller, entry, &change);
}

/* While the peer asked for a pause, what is due counts as being tried: it was fresh. */
static void keep_fresh(struct teller *teller)
{
    const int64_t at_ms = now_ms(teller);
    for (size_t i = 0; i < state_count(teller->state); i++) {
        struct state_entry *entry = state_at(teller->state, i);
        if (!entry->is_waiting || entry->first_ms || entry->next_ms > at_ms)
            continue;
        entry->first_ms = at_ms;
        state_note(teller->state, entry);
    }
}

static void deliver(struct teller *teller)
{
    for (size_t i = 0; i < state_count(teller->state) && !is_stopping(teller); i++) {
        const int64_t at_ms = now_ms(teller);
        if (teller->counts.is_gone)
            return;
        if (at_ms < teller->hold_until_ms) {
            keep_fresh(teller);
            return;
        }
        const struct state_entry *entry = state_at(teller->state, i);
        if (!entry->is_waiting || entry->next_ms > at_ms)
            continue;
        char id[sizeof entry->id];
        memcpy(id, entry->id, sizeof id);
        deliver_one(teller, id);
        publish(teller);
    }
}

/* Forgets what nothing more will be told of. */
static void sweep(struct teller *teller)
{
    const int64_t at_ms = now_ms(teller);
    if (at_ms - teller->swept_ms < SWEEP_MS && at_ms >= teller->swept_ms)
        return;
    teller->swept_ms = at_ms;
    for (size_t i = state_count(teller->state); i-- > 0;) {
        struct state_entry *entry = state_at(teller->state, i);
        const int64_t over_ms = entry->told.is_known ? KNOWN_OVER_MS : OVER_MS;
        const int64_t kept_ms = entry->told.end ? over_ms : OPEN_MS;
        const bool is_over = at_ms - entry->touched_ms > kept_ms && !entry->is_waiting;
        if (is_over || (i + KNOWN_MAX < state_count(teller->state) && !entry->is_waiting))
            state_forget(teller->state, entry);
    }
}

/* ---- tests by hand ---- */

static void run_test(struct teller *teller)
{
    pthread_mutex_lock(&teller->mutex);
    const bool is_wanted = teller->is_test_wanted;
    pthread_mutex_unlock(&teller->mutex);
    if (!is_wanted)
        return;
    const int64_t at_ms = now_ms(teller);
    struct change change = change_blank();
    const struct state_entry entry = {.thread = (char[]){""}};
    arena_reset(&teller->arena);
    change.kind = CHANGE_NOTE;
    change.id = arena_printf(&teller->arena, "TEST%022lld", (long long)at_ms);
    change.service = "plumb";
    change.env = "test";
    change.by = "plumb";
    change.msg =
        arena_printf(&teller->arena, "a test message of the channel '%s'", teller->channel->name);
    change.source = "test";
    change.status = STATUS_SUCCEEDED;
    change.start_ms = change.end_ms = change.received_ms = at_ms;
    const struct message message = message_of(teller, &entry, MOMENT_END, &change);
    const char *thread;
    struct err err;
    const bool is_ok = call_kind(teller, &message, &thread, &err);
    teller->counts.is_gone &= !is_ok; /* it was mended */
    pthread_mutex_lock(&teller->mutex);
    teller->is_test_wanted = false;
    teller->is_test_done = true;
    teller->is_test_ok = is_ok;
    teller->test_err = err;
    pthread_cond_broadcast(&teller->tested);
    pthread_mutex_unlock(&teller->mutex);
}

/* With the mutex held. One at a time: whoever comes meanwhile waits for its turn. */
static bool await_test(struct teller *teller, struct err *err)
{
    const int64_t until_us = monotonic_us() + TEST_WAIT_MS * 1000;
    while (teller->is_test_wanted || teller->is_test_done)
        if (!cond_wait_us(&teller->tested, &teller->mutex, until_us - monotonic_us()) &&
            monotonic_us() >= until_us)
            return FAIL(err, ERR_BUSY, "the channel is being tested by somebody else");
    teller->is_test_wanted = true;
    teller->is_woken = true;
    pthread_cond_signal(&teller->woken);
    while (!teller->is_test_done && monotonic_us() < until_us)
        (void)cond_wait_us(&teller->tested, &teller->mutex, until_us - monotonic_us());
    const bool is_done = teller->is_test_done;
    teller->is_test_wanted = teller->is_test_done = false;
    pthread_cond_broadcast(&teller->tested);
    if (!is_done)
        return FAIL(err, ERR_BUSY, "the channel is still busy with something else; try again");
    if (!teller->is_test_ok)
        *err = teller->test_err;
    return teller->is_test_ok;
}

bool teller_test(struct teller *teller, struct err *err)
{
    pthread_mutex_lock(&teller->mutex);
    const bool is_ok = await_test(teller, err);
    pthread_mutex_unlock(&teller->mutex);
    if (!is_ok)
        err_prefix(err, "announce %s", teller->channel->name);
    return is_ok;
}

/* ---- the thread ---- */

/* How long until something has to be looked at. */
static int64_t wait_ms(struct teller *teller)
{
    const int64_t at_ms = now_ms(teller);
    int64_t next_ms = at_ms + SLEEP_MAX_MS;
    for (size_t i = 0; i < state_count(teller->state); i++) {
        const struct state_entry *entry = state_at(teller->state, i);
        if (entry->is_waiting && !teller->counts.is_gone)
            next_ms = min_i64(next_ms, max_i64(entry->next_ms, teller->hold_until_ms));
    }
    return max_i64(next_ms - at_ms, 0);
}

/* False: it is time to end. */
static bool rest(struct teller *teller, int64_t ms)
{
    const struct channel_kind *kind = teller->channel->kind;
    pthread_mutex_lock(&teller->mutex);
    if (!teller->is_woken && !teller->is_stopping && ms > 0) {
        if (!kind->idle) {
            (void)cond_wait_us(&teller->woken, &teller->mutex, ms * 1000);
        } else {
            pthread_mutex_unlock(&teller->mutex);
            kind->idle(teller->channel, ms);
            pthread_mutex_lock(&teller->mutex);
        }
    }
    teller->is_woken = false;
    const bool goes_on = !teller->is_stopping;
    pthread_mutex_unlock(&teller->mutex);
    return goes_on;
}

static void run(void *self)
{
    struct teller *teller = self;
    bool goes_on = true;
    while (goes_on) {
        struct err err;
        const bool is_followed = follow(teller);
        deliver(teller);
        sweep(teller);
        (void)save(teller, false, &err);
        run_test(teller);
        publish(teller);
        const int64_t ms = wait_ms(teller);
        goes_on = rest(teller, is_followed ? ms : min_i64(max_i64(ms, 1), BACKOFF_MS));
    }
    pthread_mutex_lock(&teller->mutex);
    teller->has_ended = true;
    pthread_cond_broadcast(&teller->tested);
    pthread_mutex_unlock(&teller->mutex);
}

/* A new channel begins with what comes after it; so does one whose ledger was replaced by an older one. */
static bool begin(struct teller *teller, bool is_new, struct err *err)
{
    const struct changes *changes = &teller->options->changes;
    const uint64_t last = changes->ops->last_seq(changes->self);
    if (!is_new && state_seq(teller->state) <= last)
        return true;
    if (!is_new)
        log_warn("announce %s: the ledger has %llu rows, and %llu were read; going on from its end",
                 teller->channel->name, (unsigned long long)last,
                 (unsigned long long)state_seq(teller->state));
    state_note_seq(teller->state, last);
    return state_save(teller->state, true, err);
}

bool teller_start(const struct announce_options *options, const struct filter *filter,
                  struct channel *channel, struct teller **out, struct err *err)
{
    struct teller *teller = mem_zalloc(sizeof *teller);
    teller->options = options;
    teller->filter = filter;
    teller->channel = channel;
    channel->is_ending = &teller->is_ending;
    pthread_mutex_init(&teller->mutex, NULL);
    cond_init(&teller->woken);
    cond_init(&teller->tested);
    arena_init(&teller->arena);
    bool is_new = false;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.state", options->dir, channel->name);
    char thread_name[16];
    snprintf(thread_name, sizeof thread_name, "a-%.13s", channel->name);
    if (!state_open(path, &teller->state, &is_new, err) || !begin(teller, is_new, err) ||
        !thread_start(&teller->thread, thread_name, run, teller, err)) {
        teller_free(teller);
        return false;
    }
    *out = teller;
    return true;
}

void teller_wake(struct teller *teller)
{
    const struct channel_kind *kind = teller->channel->kind;
    pthread_mutex_lock(&teller->mutex);
    teller->is_woken = true;
    pthread_cond_signal(&teller->woken);
    pthread_mutex_unlock(&teller->mutex);
    if (kind->wake)
        kind->wake(teller->channel);
}

void teller_stop(struct teller *teller)
{
    pthread_mutex_lock(&teller->mutex);
    teller->is_stopping = true;
    pthread_mutex_unlock(&teller->mutex);
    teller_wake(teller);
}

bool teller_await(struct teller *teller, int64_t until_us)
{
    pthread_mutex_lock(&teller->mutex);
    while (!teller->has_ended && monotonic_us() < until_us)
        (void)cond_wait_us(&teller->tested, &teller->mutex, until_us - monotonic_us());
    const bool has_ended = teller->has_ended;
    pthread_mutex_unlock(&teller->mutex);
    return has_ended;
}

void teller_cut(struct teller *teller)
{
    teller->is_ending = true;
    thread_join(&teller->thread);
}

void teller_free(struct teller *teller)
{
    if (!teller)
        return;
    thread_join(&teller->thread);
    teller->channel->kind->close(teller->channel);
    state_close(teller->state);
    arena_done(&teller->arena);
    pthread_cond_destroy(&teller->tested);
    pthread_cond_destroy(&teller->woken);
    pthread_mutex_destroy(&teller->mutex);
    mem_free(teller);
}

const char *teller_name(const struct teller *teller)
{
    return teller->channel->name;
}

static const char *state_word(const struct counts *counts)
{
    if (counts->is_gone)
        return "gone";
    return counts->failed_ms > counts->told_ms && counts->n_waiting ? "failing" : "ok";
}

void teller_write_state(struct teller *teller, struct jsonw *json)
{
    struct state_dead deads[STATE_DEAD_MAX];
    pthread_mutex_lock(&teller->mutex);
    const struct counts counts = teller->shown;
    const size_t n_deads = teller->n_deads;
    memcpy(deads, teller->deads, n_deads * sizeof *deads);
    pthread_mutex_unlock(&teller->mutex);
    jsonw_object(json);
    jsonw_put_text(json, "name", teller->channel->name);
    jsonw_put_text(json, "type", teller->channel->kind->name);
    jsonw_put_text(json, "state", state_word(&counts));
    jsonw_put_i64(json, "told", (int64_t)counts.n_told);
    jsonw_put_i64(json, "waiting", (int64_t)counts.n_waiting);
    jsonw_put_i64(json, "failed", (int64_t)counts.n_tries_failed);
    jsonw_put_i64(json, "skipped", (int64_t)counts.n_skipped);
    jsonw_put_i64(json, "dead", (int64_t)counts.n_dead);
    jsonw_put_time(json, "last_told", counts.told_ms);
    jsonw_put_time(json, "last_failed", counts.failed_ms);
    jsonw_put_text(json, "error", counts.error);
    jsonw_key(json, "dead_letters");
    jsonw_array(json);
    for (size_t i = 0; i < n_deads; i++) {
        jsonw_object(json);
        jsonw_put_time(json, "at", deads[i].at_ms);
        jsonw_put_text(json, "message", deads[i].message);
        jsonw_put_text(json, "reason", deads[i].reason);
        jsonw_end(json);
    }
    jsonw_end(json);
    jsonw_end(json);
}
