/* GET /api/v1/stream: changes and verdicts as they come, as Server-Sent Events. An event's id is the number of the
 * ledger's row; Last-Event-ID, or after=, goes on behind it. */
#include <string.h>

#include "api/change_json.h"
#include "api/routes.h"
#include "base/mem.h"
#include "base/num.h"

enum {
    RETRY_MS = 3000,  /* until a client that was cut off asks again */
    HEARTBEAT_S = 15, /* what lies between closes what is silent, often after 30 s or 60 s */
    CHANGES_AT_ONCE = 100,
    LINE_BYTES_MAX = 256 * 1024,
};

/* One client's. On the feeds' thread. */
struct stream {
    struct changes changes;
    struct clock clock;
    uint64_t seq;         /* the row that was told last */
    int64_t verdict_ms;   /* when the newest verdict that was told was made */
    int64_t heartbeat_ms; /* when something was said last */
};

static int64_t now_ms(const struct stream *stream)
{
    return clock_us(&stream->clock) / 1000;
}

static void add_event(const char *name, const struct change *change, struct buf *out)
{
    struct jsonw json;
    buf_printf(out, "id: %llu\nevent: %s\ndata: ", (unsigned long long)change->seq, name);
    jsonw_init(&json, out, 0);
    change_json_write(&json, change);
    buf_add_str(out, "\n\n");
}

/* Its row came to be when it was told of, or when it was judged: newer than any verdict before, that is. */
static void add_change(struct stream *io, const struct change *change, struct buf *out)
{
    const struct verdict *verdict = change->verdict;
    const bool is_judged = verdict && verdict->made_ms > io->verdict_ms;
    if (is_judged)
        io->verdict_ms = verdict->made_ms;
    add_event(is_judged ? "verdict" : "change", change, out);
    io->seq = change->seq;
}

static void add_heartbeat(struct stream *io, bool has_news, struct buf *out)
{
    const int64_t at_ms = now_ms(io);
    if (!has_news && at_ms - io->heartbeat_ms < HEARTBEAT_S * 1000)
        return;
    if (!has_news)
        buf_add_str(out, ": still here\n\n");
    io->heartbeat_ms = at_ms;
}

/* A ledger that cannot be read now is asked again in a moment. */
static void add_news(struct stream *io, uint64_t newest, struct arena *arena, struct buf *out)
{
    const struct changes *changes = &io->changes;
    struct change_list list = {0};
    struct err ignored;
    size_t i = 0;
    if (!changes->ops->since(changes->self, io->seq, CHANGES_AT_ONCE, arena, &list, &ignored))
        return;
    while (i < list.n && out->max - out->n > LINE_BYTES_MAX)
        add_change(io, &list.items[i++], out);
    if (i == list.n && list.n < CHANGES_AT_ONCE && io->seq < newest)
        io->seq = newest; /* the rows behind are of no change: trains, tokens */
}

static bool more(void *self, struct buf *out)
{
    CLEANUP(arena_done) struct arena arena;
    struct stream *stream = self;
    arena_init(&arena);
    const uint64_t newest = stream->changes.ops->last_seq(stream->changes.self);
    if (newest > stream->seq)
        add_news(stream, newest, &arena, out);
    add_heartbeat(stream, out->n > 0, out);
    return true;
}

static void done(void *self)
{
    mem_free(self);
}

/* Where to go on. Without a number: behind what is there by now. */
static bool take_place(const struct api_call *call, struct stream *io, struct err *err)
{
    const char *after = http_header(call->request, "Last-Event-ID");
    int64_t seq;
    if (!after || !after[0])
        after = call_param(call, "after");
    if (!after || !after[0]) {
        io->seq = io->changes.ops->last_seq(io->changes.self);
        io->verdict_ms = now_ms(io);
        return true;
    }
    if (!num_parse_i64(after, strlen(after), &seq) || seq < 0) {
        err_set(err, ERR_INPUT, "'%.40s' is no number of a row", after);
        err_hint(err, "Last-Event-ID: 18231, or after=18231");
        return false;
    }
    io->seq = (uint64_t)seq;
    return true;
}

bool stream_run(struct api_call *call, struct err *err)
{
    struct http_response *response = call->response;
    struct stream stream = {.changes = call->api->deps.query.changes,
                            .clock = call->api->deps.clock};
    if (!take_place(call, &stream, err))
        return false;
    stream.heartbeat_ms = now_ms(&stream);
    struct stream *kept = mem_alloc(sizeof *kept);
    *kept = stream;
    response->content_type = "text/event-stream";
    http_response_header(response, "Cache-Control", "no-store");
    http_response_header(response, "X-Accel-Buffering", "no"); /* nginx: as it comes */
    buf_printf(&response->body, "retry: %d\n\n", RETRY_MS);
    response->feed = (struct http_feed){more, done, kept};
    return true;
}
