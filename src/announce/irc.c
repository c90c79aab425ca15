/* The channel kind irc: a session over a socket, for as long as the channel lives. */
#include "announce/channels.h"

#include <stdatomic.h>
#include <string.h>

#include "announce/irc_bot.h"
#include "announce/irc_options.h"
#include "announce/irc_session.h"
#include "announce/text.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/realtime.h"
#include "os/stream.h"

enum {
    TELL_MS_MAX = 9000, /* four lines at the slowest pace */
    LOOK_EVERY_MS = 1000,
    QUIT_MS_MAX = 300,
    READ_BYTES = 16 * 1024,
};

struct irc {
    struct channel channel; /* first */
    struct announce_options announce;
    struct arena arena; /* of the options' texts */
    struct irc_options options;
    struct irc_session *session;
    struct irc_bot *bot;
    struct stream *stream;
    struct buf in, out; /* a line's beginning; what goes out next */
    bool is_begun, is_skipping;
    int64_t look_ms;
    atomic_bool is_woken;
};

static int64_t now_ms(void)
{
    return monotonic_us() / 1000;
}

static void on_said(void *self, const struct irc_said *said)
{
    const struct irc *irc = self;
    irc_bot_said(irc->bot, said);
}

static void on_topic(void *self, const struct irc_topic *topic)
{
    const struct irc *irc = self;
    irc_bot_topic(irc->bot, topic);
}

/* ---- one round ---- */

/* The connection is over, by whoever's doing. */
static void end(struct irc *irc, const char *why)
{
    irc_session_end(irc->session, now_ms(), why);
    stream_drop(irc->stream);
    buf_clear(&irc->in);
    irc->is_begun = irc->is_skipping = false;
}

/* Lines come in any pieces. One that is too long is no line of IRC, and is skipped to its end. */
static void take_bytes(struct irc *irc, char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char c = bytes[i];
        if (c != '\n' && c != '\r' && c != '\0') {
            irc->is_skipping = irc->is_skipping || irc->in.n == IRC_LINE_MAX;
            if (!irc->is_skipping)
                buf_add_char(&irc->in, c);
            continue;
        }
        if (irc->in.n && !irc->is_skipping)
            irc_session_line(irc->session, irc->in.at, now_ms());
        irc->is_skipping = irc->is_skipping && c != '\n';
        buf_clear(&irc->in);
    }
}

static bool receive(struct irc *irc, struct err *err)
{
    char bytes[READ_BYTES];
    size_t n = 1;
    while (n > 0 && !irc_session_over(irc->session)[0]) {
        if (!stream_read(irc->stream, bytes, sizeof bytes, &n, err))
            return false;
        take_bytes(irc, bytes, n);
    }
    return true;
}

static bool transmit(struct irc *irc, struct err *err)
{
    buf_clear(&irc->out);
    irc_session_tick(irc->session, now_ms());
    irc_session_send(irc->session, now_ms(), &irc->out);
    return !irc->out.n || stream_write(irc->stream, irc->out.at, irc->out.n, err);
}

static bool connect_if_wanted(struct irc *irc, struct err *err)
{
    if (stream_state(irc->stream) == STREAM_IDLE && irc_session_wants(irc->session, now_ms()))
        return stream_connect(irc->stream, err);
    if (stream_state(irc->stream) == STREAM_READY && !irc->is_begun) {
        irc_session_begin(irc->session, now_ms());
        irc->is_begun = true;
    }
    return true;
}

static void look(struct irc *irc)
{
    if (!irc->options.train[0] || now_ms() < irc->look_ms)
        return;
    irc->look_ms = now_ms() + LOOK_EVERY_MS;
    irc_bot_look(irc->bot);
}

/* Until when nothing needs to be done, if nothing comes. */
static int64_t rest_ms(const struct irc *irc, int64_t wait_ms)
{
    if (stream_state(irc->stream) != STREAM_CONNECTING)
        wait_ms = min_i64(wait_ms, irc_session_next(irc->session, now_ms()));
    if (irc->options.train[0] && irc_session_n_in(irc->session))
        wait_ms = min_i64(wait_ms, max_i64(irc->look_ms - now_ms(), 0));
    return max_i64(wait_ms, 0);
}

static bool go_on(struct irc *irc, int64_t wait_ms, struct err *err)
{
    if (!connect_if_wanted(irc, err))
        return false;
    look(irc);
    if (irc->is_begun && !transmit(irc, err))
        return false;
    if (!stream_wait(irc->stream, rest_ms(irc, wait_ms), err))
        return false;
    if (!connect_if_wanted(irc, err) || (irc->is_begun && !receive(irc, err)))
        return false;
    const char *over = irc_session_over(irc->session);
    if (over[0])
        return FAIL(err, ERR_BUSY, "%s: %s", irc->options.peer.server, over);
    return !irc->is_begun || transmit(irc, err);
}

static void run_round(struct irc *irc, int64_t wait_ms)
{
    struct err err, why;
    if (go_on(irc, wait_ms, &err))
        return;
    /* What the server said last tells more than that it hung up. */
    const char *over = irc_session_over(irc->session);
    err_set(&why, ERR_BUSY, "%s: %s", irc->options.peer.server, over);
    end(irc, over[0] ? why.text : err.text);
}

/* ---- what the announcer calls ---- */

static struct irc *irc_of(struct channel *channel)
{
    return (struct irc *)channel;
}

static bool tell(struct channel *channel, const struct message *message, const char **out_thread,
                 struct err *err)
{
    struct irc *irc = irc_of(channel);
    const int64_t until_ms = now_ms() + TELL_MS_MAX;
    run_round(irc, 0);
    const uint64_t told = irc_session_n_told(irc->session);
    if (!irc_session_tell(irc->session, text_line(message, TEXT_PLAIN), err))
        return false;
    run_round(irc, 0); /* the usual case: it goes out at once */
    while ((irc_session_n_untold(irc->session) || stream_unsent(irc->stream)) &&
           now_ms() < until_ms)
        run_round(irc, until_ms - now_ms());
    /* Half of the channels is enough: telling those again would be worse. */
    if (irc_session_n_told(irc->session) == told)
        return FAIL(err, ERR_BUSY, "%s", irc_session_trouble(irc->session));
    *out_thread = "";
    return true;
}

static void idle(struct channel *channel, int64_t wait_ms)
{
    struct irc *irc = irc_of(channel);
    const int64_t until_ms = now_ms() + wait_ms;
    do {
        run_round(irc, until_ms - now_ms());
    } while (!atomic_exchange(&irc->is_woken, false) && now_ms() < until_ms);
    irc->look_ms = 0; /* what woke us may have been the train */
}

static void wake(struct channel *channel)
{
    struct irc *irc = irc_of(channel);
    atomic_store(&irc->is_woken, true);
    stream_wake(irc->stream);
}

static void close_irc(struct channel *channel)
{
    struct irc *irc = irc_of(channel);
    struct err ignored;
    if (irc->is_begun) {
        irc_session_quit(irc->session);
        const bool is_sent = transmit(irc, &ignored);
        for (int i = 0; is_sent && i < 3 && stream_unsent(irc->stream); i++)
            if (!stream_wait(irc->stream, QUIT_MS_MAX / 3, &ignored))
                break;
    }
    irc_bot_free(irc->bot);
    irc_session_free(irc->session);
    stream_close(irc->stream);
    buf_done(&irc->in);
    buf_done(&irc->out);
    arena_done(&irc->arena);
    mem_free(irc);
}

/* The section's name without its "announce ". */
static const char *name_of(const struct ini_section *section)
{
    const char *blank = strchr(section->name, ' ');
    return blank ? blank + 1 + strspn(blank + 1, " ") : section->name;
}

static bool open_irc(const struct ini_section *section, const struct announce_options *options,
                     struct channel **out, struct err *err)
{
    struct irc *irc = mem_zalloc(sizeof *irc);
    arena_init(&irc->arena);
    if (!irc_options_read(section, &irc->arena, &irc->options, err) ||
        !stream_open(&irc->options.peer, &irc->stream, err)) {
        arena_done(&irc->arena);
        mem_free(irc);
        return false;
    }
    irc->channel = (struct channel){&channel_irc, arena_strdup(&irc->arena, name_of(section))};
    irc->announce = *options;
    buf_init(&irc->in, IRC_LINE_MAX + 1);
    buf_init(&irc->out, STREAM_UNSENT_MAX * 2);
    irc->options.session.on_said = on_said;
    irc->options.session.on_topic = on_topic;
    irc->options.session.self = irc;
    irc->session = irc_session_new(&irc->options.session);
    const struct irc_bot_options bot = {
        .session = irc->session,
        .announce = &irc->announce,
        .train = irc->options.train,
        .has_topic = irc->options.has_topic,
        .has_commands = irc->options.has_commands,
        .rooms = irc->options.session.rooms,
        .n_rooms = irc->options.session.n_rooms,
    };
    irc->bot = irc_bot_new(&bot);
    *out = &irc->channel;
    return true;
}

const struct channel_kind channel_irc = {
    .name = "irc",
    .about = "IRC: Etsy's sentence as a NOTICE, the push train in the topic, !log and .last",
    .keys = irc_options_keys,
    .open = open_irc,
    .tell = tell,
    .idle = idle,
    .wake = wake,
    .close = close_irc,
    .is_noted_first = true,
};
