#include "ledger/ledger.h"

#include <stdatomic.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "ledger/db.h"
#include "ledger/events.h"
#include "ledger/telling.h"
#include "ledger/work.h"
#include "os/file.h"
#include "os/queue.h"
#include "os/realtime.h"
#include "os/thread.h"

/* Invariants
 * 1. Only the writing thread uses `writer`.
 * 2. A job is answered only after the transaction that holds it is on disk.
 * 3. `events` holds what is committed, and nothing else.
 * 4. A job can be carried out again after a rollback: `told` and `end` stay as they were given. */

enum {
    QUEUE_MAX = 4096,    /* jobs waiting for the writer */
    GROUP_MAX = 256,     /* jobs in one transaction */
    READERS_MAX = 64,    /* idle reading connections that are kept */
    LIST_MAX = 100000,   /* changes in one answer */
    RETRY_US = 200000,   /* between tries of what a full disk refused */
    EXPIRE_US = 1000000, /* between looks for open changes whose end is lost */
    SKEW_MS_MIN = 30000, /* a clock that is off by less is right enough */
};

enum job_kind { JOB_RECORD, JOB_FINISH, JOB_WORK, JOB_BARRIER };

/* One wish to the writer. Somebody waits for it (owner: the waiter), or nobody does (owner: the writer
 * frees it). */
struct job {
    enum job_kind kind;
    struct arena arena; /* of all three */
    struct change told; /* as checked */
    struct ledger_end end;
    work_fn work; /* of another file of this folder */
    void *work_self;
    const struct change **appended; /* lent by it; the array is in the arena */
    size_t n_appended;
    struct change change; /* as it then is: the result */
    bool is_awaited;
    /* Answer; guarded by mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t answered;
    bool is_done, is_ok;
    struct ledger_receipt receipt;
    struct err err;
};

struct ledger {
    struct ledger_options options;
    char *path;
    struct queue *queue;
    struct thread thread;
    struct writer writer;
    struct events *events;
    struct tokens *tokens;
    pthread_mutex_t readers_mutex;
    struct db *readers[READERS_MAX];
    size_t n_readers;
    _Atomic uint64_t n_changes, n_rows, n_refused;
};

/* ---- the writer ---- */

static bool append(struct writer *writer, const struct db_entry *entry, struct err *err)
{
    if (!db_append(writer->db, writer->seq + 1, entry, writer->hash, err))
        return false;
    writer->seq++;
    return true;
}

bool work_verdict(struct writer *writer, const struct verdict *verdict, struct err *err)
{
    const struct db_entry entry = {.verdict = verdict};
    return append(writer, &entry, err);
}

bool work_append(struct writer *writer, const struct change *change, const struct audit *audit,
                 struct err *err)
{
    const struct db_entry entry = {.change = change, .audit = audit};
    if (!append(writer, &entry, err))
        return false;
    if (change && writer->arena) {
        arena_grow(writer->arena, &writer->appended, &writer->appended_cap, writer->n_appended + 1,
                   sizeof(const struct change *));
        writer->appended[writer->n_appended++] = change;
    }
    return true;
}

bool work_audit(struct writer *writer, const struct audit *audit, struct err *err)
{
    struct audit dated = *audit;
    if (!dated.at_ms)
        dated.at_ms = writer->now_ms;
    return work_append(writer, NULL, &dated, err);
}

static bool carry_out_work(struct ledger *ledger, struct job *job)
{
    struct writer *writer = &ledger->writer;
    writer->arena = &job->arena;
    writer->appended = NULL;
    writer->n_appended = writer->appended_cap = 0;
    writer->n_new = 0;
    const bool is_ok = job->work(job->work_self, writer, &job->err);
    job->appended = writer->appended;
    job->n_appended = is_ok ? writer->n_appended : 0;
    if (is_ok)
        atomic_fetch_add(&ledger->n_changes, writer->n_new);
    writer->arena = NULL;
    return is_ok;
}

static bool carry_out(struct ledger *ledger, struct job *job)
{
    err_clear(&job->err);
    job->receipt = (struct ledger_receipt){0};
    struct telling_task task = {&job->told,   &job->end,     &job->arena,
                                &job->change, &job->receipt, &job->err};
    switch (job->kind) {
    case JOB_RECORD:
        if (!telling_record(&ledger->writer, &task))
            return false;
        atomic_fetch_add(&ledger->n_changes, !job->receipt.is_merged);
        break;
    case JOB_FINISH:
        return telling_finish(&ledger->writer, &task);
    case JOB_WORK:
        return carry_out_work(ledger, job);
    case JOB_BARRIER:
        break;
    }
    return true;
}

static void job_free(struct job *job)
{
    pthread_cond_destroy(&job->answered);
    pthread_mutex_destroy(&job->mutex);
    arena_done(&job->arena);
    mem_free(job);
}

static void answer(struct job *job)
{
    if (!job->is_awaited) {
        if (!job->is_ok)
            log_error("a change was not kept: %s", job->err.text);
        job_free(job);
        return;
    }
    pthread_mutex_lock(&job->mutex);
    job->is_done = true;
    pthread_cond_signal(&job->answered);
    pthread_mutex_unlock(&job->mutex);
}

/* The jobs of one transaction, in order of arrival. */
struct group {
    struct job *jobs[GROUP_MAX];
    size_t n;
};

/* A disk that refuses one job fails the group: nobody is told "kept" of what is not. */
static bool run_group(struct ledger *ledger, struct group *group, struct err *err)
{
    ledger->writer.now_ms = clock_us(&ledger->options.clock) / 1000;
    if (!db_begin(ledger->writer.db, err))
        return false;
    for (size_t i = 0; i < group->n; i++) {
        struct job *job = group->jobs[i];
        job->is_ok = carry_out(ledger, job);
        if (job->is_ok || job->err.kind == ERR_MISSING || job->err.kind == ERR_INPUT ||
            job->err.kind == ERR_LIMIT || job->err.kind == ERR_REFUSED)
            continue;
        *err = job->err;
        return false;
    }
    return db_commit(ledger->writer.db, err);
}

/* One transaction. False: every job has failed, and nothing is as if it had been tried. */
static bool transact(struct ledger *ledger, struct group *group, struct err *err)
{
    uint64_t seq = ledger->writer.seq, n_changes = atomic_load(&ledger->n_changes);
    unsigned char hash[ROW_HASH_BYTES];
    memcpy(hash, ledger->writer.hash, sizeof hash);
    if (run_group(ledger, group, err))
        return true;
    db_rollback(ledger->writer.db);
    ledger->writer.seq = seq;
    memcpy(ledger->writer.hash, hash, sizeof hash);
    atomic_store(&ledger->n_changes, n_changes);
    for (size_t i = 0; i < group->n; i++) {
        group->jobs[i]->is_ok = false;
        group->jobs[i]->err = *err;
    }
    return false;
}

/* What it appended, in the graphs. */
static void show(struct ledger *ledger, const struct job *job)
{
    if (job->kind == JOB_RECORD || job->kind == JOB_FINISH)
        events_put(ledger->events, &job->change);
    for (size_t i = 0; i < job->n_appended; i++)
        events_put(ledger->events, job->appended[i]);
}

/* Nobody waits to hear of a plain line, so one that the disk refused stays for the next group. */
static void answer_group(struct ledger *ledger, struct group *group)
{
    size_t n_left = 0;
    for (size_t i = 0; i < group->n; i++) {
        struct job *job = group->jobs[i];
        bool may_pass = job->err.kind == ERR_IO || job->err.kind == ERR_BUSY;
        if (!job->is_ok && !job->is_awaited && may_pass) {
            group->jobs[n_left++] = job;
            continue;
        }
        if (job->is_ok)
            show(ledger, job);
        answer(job);
    }
    if (n_left && n_left == group->n)
        log_warn("%zu changes wait for the disk: %s", n_left, group->jobs[0]->err.text);
    group->n = n_left;
}

/* Lets everybody see how far the ledger goes. Is it further than before? */
static bool note_rows(struct ledger *ledger)
{
    const uint64_t seq = ledger->writer.seq;
    return atomic_exchange(&ledger->n_rows, seq) != seq;
}

static void tell_followers(const struct ledger *ledger)
{
    if (ledger->options.on_commit)
        ledger->options.on_commit(ledger->options.self);
}

/* What was purged is not to be found in the log either; a reader that is slow to end delays that. */
static void empty_log(struct ledger *ledger)
{
    struct err err;
    ledger->writer.wants_empty_log = false;
    if (!db_empty_log(ledger->writer.db, &err))
        log_warn("texts that were purged stay in the ledger's log for now: %s", err.text);
}

static void commit_group(struct ledger *ledger, struct group *group)
{
    struct err err;
    bool is_done = transact(ledger, group, &err);
    /* A row that cannot be read fails whoever needs it, and nobody else in the group. */
    for (size_t i = 0; !is_done && err.kind == ERR_CORRUPT && group->n > 1 && i < group->n; i++) {
        struct group alone = {.jobs = {group->jobs[i]}, .n = 1};
        struct err own;
        (void)transact(ledger, &alone, &own); /* the job knows */
    }
    const bool has_grown = note_rows(ledger);
    if (ledger->writer.wants_empty_log)
        empty_log(ledger);
    answer_group(ledger, group);
    if (has_grown)
        tell_followers(ledger);
}

/* ---- ends that are lost ---- */

/* Nobody told of their end in time: how they ended is not known, and they are over. */
static bool expire(struct writer *writer, const struct change_list *lost, struct err *err)
{
    const struct audit audit = {"expire", "", "no end was told in time", "", writer->now_ms};
    for (size_t i = 0; i < lost->n; i++) {
        struct change *change = &lost->items[i];
        change->status = STATUS_UNKNOWN;
        change->end_ms = writer->now_ms;
        if (!work_append(writer, change, &audit, err))
            return false;
    }
    return true;
}

static void expire_lost(struct ledger *ledger)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct change_list lost = {0};
    struct err err;
    struct writer *writer = &ledger->writer;
    const struct writer before = *writer;
    writer->now_ms = clock_us(&ledger->options.clock) / 1000;
    bool is_ok = db_expired(writer->db, writer->now_ms, GROUP_MAX, &arena, &lost, &err);
    if (is_ok && lost.n == 0)
        return;
    is_ok = is_ok && db_begin(writer->db, &err) && expire(writer, &lost, &err) &&
            db_commit(writer->db, &err);
    if (!is_ok) {
        db_rollback(writer->db);
        *writer = before;
        log_warn("changes whose end is lost stay open for now: %s", err.text);
        return;
    }
    for (size_t i = 0; i < lost.n; i++)
        events_put(ledger->events, &lost.items[i]);
    if (note_rows(ledger))
        tell_followers(ledger);
}

/* Fills the group with what waits. With jobs left over from a full disk it comes back soon, so that they
 * are tried again. False: the ledger closes, and what is left had its last try. */
static bool gather(struct ledger *ledger, struct group *group, bool *io_is_last)
{
    if (*io_is_last)
        return false;
    if (group->n < GROUP_MAX) {
        struct job *job = queue_pop(ledger->queue, group->n ? RETRY_US : EXPIRE_US);
        for (; job; job = group->n < GROUP_MAX ? queue_pop(ledger->queue, 0) : NULL)
            group->jobs[group->n++] = job;
    } else {
        sleep_us(RETRY_US);
    }
    *io_is_last = queue_is_closed(ledger->queue) && queue_count(ledger->queue) == 0;
    return true;
}

static void write_jobs(void *self)
{
    struct ledger *ledger = self;
    struct group group = {0};
    bool is_last = false;
    int64_t expired_us = 0;
    while (gather(ledger, &group, &is_last)) {
        if (group.n)
            commit_group(ledger, &group);
        if (monotonic_us() - expired_us < EXPIRE_US)
            continue;
        expire_lost(ledger);
        expired_us = monotonic_us();
    }
    for (size_t i = 0; i < group.n; i++)
        answer(group.jobs[i]);
}

/* ---- opening ---- */

static void load_one(void *self, const struct change *change)
{
    events_put(self, change);
}

static bool load(struct ledger *ledger, struct err *err)
{
    uint64_t n_changes;
    if (!db_open(ledger->path, true, &ledger->writer.db, err) ||
        !db_last_row(ledger->writer.db, &ledger->writer.seq, ledger->writer.hash, err) ||
        !db_count(ledger->writer.db, &n_changes, err) ||
        !db_each(ledger->writer.db, load_one, ledger->events, err) ||
        !tokens_open(ledger->writer.db, ledger->options.clock, &ledger->tokens, err))
        return false;
    atomic_store(&ledger->n_changes, n_changes);
    atomic_store(&ledger->n_rows, ledger->writer.seq);
    return true;
}

bool ledger_open(const struct ledger_options *options, struct ledger **out, struct err *err)
{
    struct ledger *ledger = mem_zalloc(sizeof *ledger);
    ledger->options = *options;
    ledger->path = mem_strdup(options->path);
    ledger->queue = queue_new(QUEUE_MAX);
    ledger->events = events_new(options->schemas, options->posted_apart);
    pthread_mutex_init(&ledger->readers_mutex, NULL);
    if (!load(ledger, err) || !thread_start(&ledger->thread, "ledger", write_jobs, ledger, err)) {
        ledger_close(ledger);
        return false;
    }
    *out = ledger;
    return true;
}

void ledger_close(struct ledger *ledger)
{
    if (!ledger)
        return;
    queue_close(ledger->queue);
    thread_join(&ledger->thread);
    for (size_t i = 0; i < ledger->n_readers; i++)
        db_close(ledger->readers[i]);
    db_close(ledger->writer.db);
    events_free(ledger->events);
    tokens_free(ledger->tokens);
    queue_free(ledger->queue);
    pthread_mutex_destroy(&ledger->readers_mutex);
    mem_free(ledger->path);
    mem_free(ledger);
}

/* ---- wishes ---- */

static struct job *job_new(enum job_kind kind, bool is_awaited)
{
    struct job *job = mem_zalloc(sizeof *job);
    job->kind = kind;
    job->is_awaited = is_awaited;
    job->told = change_blank();
    job->change = change_blank();
    arena_init(&job->arena);
    pthread_mutex_init(&job->mutex, NULL);
    cond_init(&job->answered);
    return job;
}

/* Queues it, waits for the answer, frees it. */
static bool await(struct ledger *ledger, struct job *job, struct ledger_receipt *out,
                  struct err *err)
{
    if (!queue_push(ledger->queue, job)) {
        atomic_fetch_add(&ledger->n_refused, 1);
        job_free(job);
        return FAIL(err, ERR_BUSY, "the ledger has %d changes waiting; try again", QUEUE_MAX);
    }
    pthread_mutex_lock(&job->mutex);
    while (!job->is_done)
        pthread_cond_wait(&job->answered, &job->mutex);
    pthread_mutex_unlock(&job->mutex);
    bool is_ok = job->is_ok;
    if (is_ok && out)
        *out = job->receipt;
    if (!is_ok && err)
        *err = job->err;
    job_free(job);
    return is_ok;
}

/* A sender whose clock is off says when by that clock; what it was by ours is what counts. */
static void correct_skew(struct change *told)
{
    if (!told->sent_ms)
        return;
    const int64_t skew_ms = told->sent_ms - told->received_ms;
    told->sent_ms = 0;
    if (skew_ms < SKEW_MS_MIN && skew_ms > -SKEW_MS_MIN)
        return;
    told->skew_ms = skew_ms;
    told->start_ms -= skew_ms;
    if (told->end_ms)
        told->end_ms -= skew_ms;
}

/* A checked copy of what somebody told. */
static struct job *job_of(struct ledger *ledger, const struct change *change, bool is_awaited,
                          struct err *err)
{
    struct job *job = job_new(JOB_RECORD, is_awaited);
    job->told = row_copy(change, &job->arena);
    int64_t now_ms = clock_us(&ledger->options.clock) / 1000;
    if (!job->told.received_ms)
        job->told.received_ms = now_ms;
    const bool has_start = job->told.start_ms || job->told.end_ms;
    if (change_check(&job->told, now_ms, &job->arena, err)) {
        if (has_start)
            correct_skew(&job->told);
        return job;
    }
    job_free(job);
    return NULL;
}

bool ledger_record(struct ledger *ledger, const struct change *change, struct ledger_receipt *out,
                   struct err *err)
{
    struct job *job = job_of(ledger, change, true, err);
    return job && await(ledger, job, out, err);
}

bool ledger_post(struct ledger *ledger, const struct change *change, int64_t wait_us,
                 struct err *err)
{
    struct job *job = job_of(ledger, change, false, err);
    if (!job)
        return false;
    if (queue_push_wait(ledger->queue, job, wait_us))
        return true;
    atomic_fetch_add(&ledger->n_refused, 1);
    job_free(job);
    return FAIL(err, ERR_BUSY, "the ledger's queue has been full for too long");
}

bool ledger_barrier(struct ledger *ledger, struct err *err)
{
    return await(ledger, job_new(JOB_BARRIER, true), NULL, err);
}

bool ledger_finish(struct ledger *ledger, const struct ledger_end *end, struct ledger_receipt *out,
                   struct err *err)
{
    /* What comes from outside is checked as a change is: the same spelling finds the same service. */
    struct change told = change_blank();
    told.kind = end->id[0] ? CHANGE_NOTE : end->kind; /* an id needs no service */
    told.service = end->service;
    told.env = end->env;
    told.msg = end->msg;
    told.end_ms = end->end_ms ? end->end_ms : clock_us(&ledger->options.clock) / 1000;
    struct job *job = job_of(ledger, &told, true, err);
    if (!job)
        return false;
    job->kind = JOB_FINISH;
    job->end = (struct ledger_end){
        .id = arena_strdup(&job->arena, end->id),
        .kind = end->kind,
        .service = job->told.service,
        .env = job->told.env,
        .status = end->status,
        .end_ms = job->told.end_ms,
        .msg = job->told.msg,
    };
    return await(ledger, job, out, err);
}

bool work_write(struct ledger *ledger, work_fn fn, void *self, struct err *err)
{
    struct job *job = job_new(JOB_WORK, true);
    job->work = fn;
    job->work_self = self;
    return await(ledger, job, NULL, err);
}

bool work_post(struct ledger *ledger, work_fn fn, void *self, struct err *err)
{
    struct job *job = job_new(JOB_WORK, false);
    job->work = fn;
    job->work_self = self;
    if (queue_push(ledger->queue, job))
        return true;
    job_free(job);
    return FAIL(err, ERR_BUSY, "the ledger has %d changes waiting", QUEUE_MAX);
}

struct tokens *work_tokens(struct ledger *ledger)
{
    return ledger->tokens;
}

/* ---- reading ---- */

static bool reader_take(struct ledger *ledger, struct db **out, struct err *err)
{
    struct db *db = NULL;
    pthread_mutex_lock(&ledger->readers_mutex);
    if (ledger->n_readers)
        db = ledger->readers[--ledger->n_readers];
    pthread_mutex_unlock(&ledger->readers_mutex);
    if (!db && !db_open(ledger->path, false, &db, err))
        return false;
    *out = db;
    return true;
}

/* why: of the call that failed, or NULL. A connection that met a bad disk is not used again. */
static void reader_give(struct ledger *ledger, struct db *db, const struct err *why)
{
    bool is_sound = !why || (why->kind != ERR_IO && why->kind != ERR_CORRUPT);
    pthread_mutex_lock(&ledger->readers_mutex);
    bool is_kept = is_sound && ledger->n_readers < READERS_MAX;
    if (is_kept)
        ledger->readers[ledger->n_readers++] = db;
    pthread_mutex_unlock(&ledger->readers_mutex);
    if (!is_kept)
        db_close(db);
}

bool work_read(struct ledger *ledger, work_read_fn fn, void *self, struct err *err)
{
    struct db *db;
    if (!reader_take(ledger, &db, err))
        return false;
    struct err own; /* a caller that does not want to know why: the connection does */
    struct err *why = err ? err : &own;
    bool is_ok = fn(self, db, why);
    reader_give(ledger, db, is_ok ? NULL : why);
    return is_ok;
}

/* What one look-up asks for. */
struct look_up {
    const char *id, *source, *path;
    const struct change_query *query;
    uint64_t seq;
    size_t n_max;
    struct arena *arena;
    struct change *out;
    struct change_list *out_list;
};

static bool look_up_id(void *self, struct db *db, struct err *err)
{
    const struct look_up *wish = self;
    return db_by_id(db, wish->id, wish->arena, wish->out, err);
}

bool ledger_get(struct ledger *ledger, const char *id, struct arena *arena, struct change *out,
                struct err *err)
{
    struct look_up wish = {.id = id, .arena = arena, .out = out};
    if (strlen(id) < 4)
        return FAIL(err, ERR_INPUT, "'%s' is too short for an id: at least 4 characters", id);
    return work_read(ledger, look_up_id, &wish, err);
}

static bool look_up_row(void *self, struct db *db, struct err *err)
{
    const struct look_up *wish = self;
    return db_by_row(db, wish->seq, wish->arena, wish->out, err);
}

bool ledger_get_row(struct ledger *ledger, uint64_t seq, struct arena *arena, struct change *out,
                    struct err *err)
{
    struct look_up wish = {.seq = seq, .arena = arena, .out = out};
    return work_read(ledger, look_up_row, &wish, err);
}

bool ledger_has_series(struct ledger *ledger, const struct change *change)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    return events_has(ledger->events, change_series_name(change, &arena));
}

static bool look_up_key(void *self, struct db *db, struct err *err)
{
    const struct look_up *wish = self;
    return db_by_key(db, &(struct telling){wish->source, wish->id}, wish->arena, wish->out, err);
}

bool ledger_get_key(struct ledger *ledger, const char *source, const char *key, struct arena *arena,
                    struct change *out, struct err *err)
{
    struct look_up wish = {.id = key, .source = source, .arena = arena, .out = out};
    return work_read(ledger, look_up_key, &wish, err);
}

static bool get(void *self, const char *id, struct arena *arena, struct change *out,
                struct err *err)
{
    return ledger_get(self, id, arena, out, err);
}

static bool look_up_since(void *self, struct db *db, struct err *err)
{
    const struct look_up *wish = self;
    return db_since(db, wish->seq, wish->n_max, wish->arena, wish->out_list, err);
}

static bool since(void *self, uint64_t after_seq, size_t n_max, struct arena *arena,
                  struct change_list *out, struct err *err)
{
    struct look_up wish = {.seq = after_seq, .n_max = n_max, .arena = arena, .out_list = out};
    return work_read(self, look_up_since, &wish, err);
}

static uint64_t last_seq(void *self)
{
    struct ledger *ledger = self;
    return atomic_load(&ledger->n_rows);
}

static bool look_up_list(void *self, struct db *db, struct err *err)
{
    const struct look_up *wish = self;
    return db_list(db, wish->query, wish->n_max, wish->arena, wish->out_list, err);
}

static bool list(void *self, const struct change_query *query, struct arena *arena,
                 struct change_list *out, struct err *err)
{
    struct change_list found = {0};
    struct look_up wish = {
        .query = query,
        .n_max = query->n_max ? min_size(query->n_max, LIST_MAX) : LIST_MAX + 1,
        .arena = arena,
        .out_list = &found,
    };
    if (!work_read(self, look_up_list, &wish, err))
        return false;
    if (found.n > LIST_MAX) {
        err_set(err, ERR_LIMIT, "there are more than %d changes to list", LIST_MAX);
        err_hint(err, "narrow from and until");
        return false;
    }
    *out = found;
    return true;
}

struct changes ledger_changes(struct ledger *ledger)
{
    static const struct changes_ops ops = {
        .list = list, .since = since, .get = get, .last_seq = last_seq};
    return (struct changes){.ops = &ops, .self = ledger};
}

struct source ledger_source(struct ledger *ledger)
{
    return events_source(ledger->events);
}

void ledger_stats(struct ledger *ledger, struct ledger_stats *out)
{
    *out = (struct ledger_stats){
        .n_changes = atomic_load(&ledger->n_changes),
        .n_rows = atomic_load(&ledger->n_rows),
        .n_queued = queue_count(ledger->queue),
        .n_refused = atomic_load(&ledger->n_refused),
    };
}

static bool verify_rows(void *self, struct db *db, struct err *err)
{
    return db_verify(db, self, err);
}

bool ledger_verify(struct ledger *ledger, uint64_t *out_rows, struct err *err)
{
    return work_read(ledger, verify_rows, out_rows, err);
}

static bool verify_db(struct db *db, struct ledger_verified *out, struct err *err)
{
    uint64_t seq;
    unsigned char hash[ROW_HASH_BYTES];
    *out = (struct ledger_verified){0};
    if (!db_last_row(db, &seq, hash, err) || !db_verify(db, &out->n_rows, err) ||
        !db_count(db, &out->n_changes, err))
        return false;
    text_hex(out->head, hash, sizeof hash);
    return true;
}

bool ledger_verify_file(const char *path, struct ledger_verified *out, struct err *err)
{
    struct db *db = NULL;
    if (!file_exists(path))
        return FAIL(err, ERR_MISSING, "there is no '%s'", path);
    const bool is_ok = db_open(path, false, &db, err) && verify_db(db, out, err);
    db_close(db);
    return is_ok;
}

static bool make_copy(void *self, struct db *db, struct err *err)
{
    const struct look_up *wish = self;
    return db_copy(db, wish->path, err);
}

bool ledger_snapshot(struct ledger *ledger, const char *path, struct err *err)
{
    struct look_up wish = {.path = path};
    return work_read(ledger, make_copy, &wish, err);
}
