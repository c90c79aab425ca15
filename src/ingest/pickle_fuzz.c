/* A stream of pickle frames in one piece and in pieces: the sink must be told the same, and the connection end at
 * the same frame. And the machine alone, on bytes that end where they end. The first byte of the input says how long
 * the pieces are. */
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "ingest/pickle.h"
#include "ingest/pickle_frames.h"
#include "model/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { NOW_S = 1500000000, INPUT_MAX = 1 << 16 };

/* A sink that folds all it is told into one number; an id is a hash of its name. */
struct sink_writer {
    uint32_t digest;
};

static bool writer_open(void *self, struct sink_writer **out, struct err *err)
{
    (void)err;
    *out = self;
    return true;
}

static void writer_close(struct sink_writer *writer)
{
    (void)writer;
}

static void resolve(struct sink_writer *writer, const struct str *names, size_t n,
                    uint32_t *out_ids, enum sink_fate *out_fates)
{
    (void)writer;
    for (size_t i = 0; i < n; i++) {
        char canonical[NAME_BYTES_MAX + 1];
        size_t n_name = 0;
        const bool is_good = name_normalise(names[i], canonical, &n_name) == NAME_OK;
        out_ids[i] = is_good ? hash_crc32c(0, canonical, n_name) >> 1 : SINK_ID_NONE;
        out_fates[i] = is_good ? SINK_OK : SINK_NAME_BAD;
    }
}

/* Nothing that a line could be foreseen by. */
static struct sink_name name(struct sink_writer *writer, uint32_t id)
{
    static const char nothing[128] = "";
    (void)writer, (void)id;
    return (struct sink_name){nothing, 0};
}

static size_t put(struct sink_writer *writer, const struct sink_point *points, size_t n,
                  enum sink_fate *out_fates)
{
    for (size_t i = 0; i < n; i++) {
        writer->digest = hash_crc32c(writer->digest, &points[i].id, sizeof points[i].id);
        writer->digest = hash_crc32c(writer->digest, &points[i].at_s, sizeof points[i].at_s);
        writer->digest = hash_crc32c(writer->digest, &points[i].value, sizeof points[i].value);
        out_fates[i] = SINK_OK;
    }
    return n;
}

static bool commit(struct sink_writer *writer, struct err *err)
{
    (void)writer, (void)err;
    return true;
}

static int64_t now_us(void *self)
{
    (void)self;
    return NOW_S * INT64_C(1000000);
}

struct outcome {
    uint32_t digest;
    uint64_t n_refused, n_pickle;
    bool is_good;
};

static struct outcome run(const char *bytes, size_t n, size_t piece)
{
    static const struct sink_ops ops = {writer_open, writer_close, resolve, name,
                                        put,         commit,       NULL,    NULL};
    static struct feed feed;
    static const atomic_bool is_stopping;
    struct sink_writer writer = {0};
    struct rejects *rejects = rejects_new();
    const struct feed_options options = {.sink = {&ops, &writer},
                                         .clock = {now_us, NULL},
                                         .rejects = rejects,
                                         .is_stopping = &is_stopping};
    const struct net_addr from = {0};
    struct order_budget budget = {0};
    struct pickle_frames frames;
    struct pickle_desk desk = {0};
    BUG_IF(!feed_open(&feed, &options, NULL));
    pickle_frames_init(&frames, &from, &budget);
    bool is_good = true;
    for (size_t i = 0; i < n && is_good; i += piece) {
        char *copy = mem_alloc(piece); /* of its own: a byte too far is noticed */
        const size_t n_piece = min_size(piece, n - i);
        memcpy(copy, bytes + i, n_piece);
        is_good = pickle_frames_take(&frames, &desk, &feed, copy, n_piece);
        mem_free(copy);
    }
    pickle_frames_end(&frames, &desk, &feed);
    BUG_IF(desk.n_begun != 0);
    pickle_frames_desk_done(&desk);
    feed_close(&feed);
    const struct outcome outcome = {writer.digest, rejects_total(rejects),
                                    rejects_of(rejects, REJECT_PICKLE), is_good};
    rejects_free(rejects);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    CLEANUP(arena_done) struct arena arena;
    struct pickle_value value;
    arena_init(&arena);
    if (n < 2 || n > INPUT_MAX)
        return 0;
    const char *stream = (const char *)bytes + 1;
    n--;
    if (pickle_load(stream, n, &arena, &value, NULL))
        BUG_IF(value.type == PICKLE_MARK);
    const struct outcome whole = run(stream, n, n), cut = run(stream, n, (size_t)bytes[0] % 64 + 1);
    BUG_IF(whole.digest != cut.digest);
    BUG_IF(whole.n_refused != cut.n_refused);
    BUG_IF(whole.n_pickle != cut.n_pickle);
    BUG_IF(whole.is_good != cut.is_good);
    return 0;
}
