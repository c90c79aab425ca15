#include "ingest/rejects.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { UTF8_TAIL_MAX = 3 /* bytes of a character after its first */ };

struct reject {
    int64_t at_s;
    enum reject_reason reason;
    char peer[REJECTS_PEER_MAX];
    char detail[REJECTS_DETAIL_MAX];
    uint8_t n_line; /* REJECTS_LINE_MAX fits */
    bool is_cut;
    char line[REJECTS_LINE_MAX];
};

struct rejects {
    _Atomic uint64_t counts[REJECT_REASONS];
    _Atomic int64_t second; /* n_kept_now is of it; a race loses or gains a few entries, no more */
    _Atomic uint32_t n_kept_now;

    pthread_mutex_t mutex; /* of what follows */
    uint64_t n_ever;       /* kept since the start; entry i is ring[i % REJECTS_KEPT] */
    struct reject ring[REJECTS_KEPT];
};

const char *rejects_reason_name(enum reject_reason reason)
{
    static const char *const names[REJECT_REASONS] = {
        [REJECT_FIELDS] = "fields",     [REJECT_VALUE] = "value",
        [REJECT_INFINITE] = "infinite", [REJECT_TIME] = "time",
        [REJECT_TOO_LONG] = "too-long", [REJECT_CUT] = "cut",
        [REJECT_NAME] = "name",         [REJECT_NAME_LIMIT] = "name-limit",
        [REJECT_TOO_OLD] = "too-old",   [REJECT_TOO_NEW] = "too-new",
        [REJECT_CHANGE] = "change",     [REJECT_CONNECTIONS] = "connections",
        [REJECT_SENDER] = "sender",     [REJECT_DISK] = "disk",
        [REJECT_RATE] = "rate",         [REJECT_FULL] = "full",
        [REJECT_PICKLE] = "pickle",     [REJECT_NAN] = "nan",
    };
    return names[reason];
}

struct rejects *rejects_new(void)
{
    struct rejects *rejects = mem_zalloc(sizeof *rejects);
    pthread_mutex_init(&rejects->mutex, NULL);
    return rejects;
}

void rejects_free(struct rejects *rejects)
{
    if (!rejects)
        return;
    pthread_mutex_destroy(&rejects->mutex);
    mem_free(rejects);
}

bool rejects_count(struct rejects *rejects, enum reject_reason reason, int64_t now_s)
{
    atomic_fetch_add_explicit(&rejects->counts[reason], 1, memory_order_relaxed);
    if (reason == REJECT_NAN)
        return false;
    if (atomic_load_explicit(&rejects->second, memory_order_relaxed) != now_s) {
        atomic_store_explicit(&rejects->second, now_s, memory_order_relaxed);
        atomic_store_explicit(&rejects->n_kept_now, 0, memory_order_relaxed);
    }
    if (atomic_load_explicit(&rejects->n_kept_now, memory_order_relaxed) >= REJECTS_PER_SECOND)
        return false;
    atomic_fetch_add_explicit(&rejects->n_kept_now, 1, memory_order_relaxed);
    return true;
}

void rejects_keep(struct rejects *rejects, enum reject_reason reason, int64_t now_s,
                  const char *peer, const char *detail, struct str line)
{
    size_t n_line = min_size(line.n, REJECTS_LINE_MAX);
    for (int i = 0; i < UTF8_TAIL_MAX && n_line > 0 && n_line < line.n; i++) {
        if (((unsigned char)line.at[n_line] & 0xC0) != 0x80)
            break; /* the cut is not inside a character */
        n_line--;
    }
    pthread_mutex_lock(&rejects->mutex);
    struct reject *to = &rejects->ring[rejects->n_ever++ % REJECTS_KEPT];
    to->at_s = now_s;
    to->reason = reason;
    (void)text_copy(to->peer, sizeof to->peer, peer);
    (void)text_copy(to->detail, sizeof to->detail, detail ? detail : "");
    to->n_line = (uint8_t)n_line;
    to->is_cut = line.n > n_line;
    if (n_line > 0)
        memcpy(to->line, line.at, n_line);
    pthread_mutex_unlock(&rejects->mutex);
}

uint64_t rejects_of(const struct rejects *rejects, enum reject_reason reason)
{
    return atomic_load_explicit(&rejects->counts[reason], memory_order_relaxed);
}

uint64_t rejects_total(const struct rejects *rejects)
{
    uint64_t total = 0;
    for (int i = 0; i < REJECT_REASONS; i++) {
        if (i != REJECT_NAN)
            total += rejects_of(rejects, (enum reject_reason)i);
    }
    return total;
}

/* What a person should see of a line: bytes that a terminal obeys, and bytes that are no text, as
 * \xNN; a backslash is doubled, so that nothing reads two ways. */
static void write_line(const struct reject *reject, struct jsonw *json)
{
    char text[REJECTS_LINE_MAX * 4 + sizeof "..."];
    const bool is_text = text_is_utf8(reject->line, reject->n_line);
    size_t n = 0;
    for (size_t i = 0; i < reject->n_line; i++) {
        const unsigned char c = (unsigned char)reject->line[i];
        if (c < ' ' || c == 0x7F || (c > 0x7F && !is_text))
            n += (size_t)snprintf(text + n, sizeof text - n, "\\x%02x", c);
        else if (c == '\\')
            n += (size_t)snprintf(text + n, sizeof text - n, "\\\\");
        else
            text[n++] = (char)c;
    }
    if (reject->is_cut)
        n += (size_t)snprintf(text + n, sizeof text - n, "...");
    jsonw_textn(json, text, n);
}

static void write_one(const struct reject *reject, struct jsonw *json)
{
    jsonw_object(json);
    jsonw_put_i64(json, "at", reject->at_s);
    jsonw_put_text(json, "from", reject->peer);
    jsonw_put_text(json, "reason", rejects_reason_name(reject->reason));
    if (reject->detail[0]) {
        jsonw_put_text(json, "why", reject->detail);
    }
    jsonw_key(json, "line");
    write_line(reject, json);
    jsonw_end(json);
}

/* A copy, so that nobody waits while JSON is written. Newest first; the caller frees it. */
static struct reject *copy_newest(struct rejects *rejects, size_t n_max, size_t *out_n)
{
    struct reject *copy = mem_array(min_size(n_max, REJECTS_KEPT), struct reject);
    pthread_mutex_lock(&rejects->mutex);
    const size_t n = min_size(n_max, (size_t)min_i64((int64_t)rejects->n_ever, REJECTS_KEPT));
    for (size_t i = 0; i < n; i++)
        copy[i] = rejects->ring[(rejects->n_ever - 1 - i) % REJECTS_KEPT];
    pthread_mutex_unlock(&rejects->mutex);
    *out_n = n;
    return copy;
}

void rejects_write(struct rejects *rejects, size_t n_max, struct jsonw *json)
{
    jsonw_object(json);
    jsonw_key(json, "counts");
    jsonw_object(json);
    for (int i = 0; i < REJECT_REASONS; i++) {
        jsonw_put_i64(json, rejects_reason_name((enum reject_reason)i),
                      (int64_t)rejects_of(rejects, (enum reject_reason)i));
    }
    jsonw_end(json);
    jsonw_key(json, "rejects");
    jsonw_array(json);
    size_t n = 0;
    CLEANUP(mem_done) struct reject *newest = copy_newest(rejects, n_max, &n);
    for (size_t i = 0; i < n; i++)
        write_one(&newest[i], json);
    jsonw_end(json);
    jsonw_end(json);
}
