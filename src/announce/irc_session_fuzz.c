/* Whatever a server says, a session says whole lines of IRC, and none longer than servers take. */
#include <string.h>

#include "announce/irc_session.h"
#include "base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { WIRE_MAX = 512, STEP_MS = 700 };

static void on_said(void *self, const struct irc_said *said)
{
    struct err ignored;
    if (irc_session_say(*(struct irc_session **)self, said->room, said->text, &ignored))
        irc_session_topic(*(struct irc_session **)self, said->room, said->text);
}

static void on_topic(void *self, const struct irc_topic *topic)
{
    irc_session_topic(*(struct irc_session **)self, topic->room, topic->by[0] ? "ours" : NULL);
}

static void check(const struct buf *out)
{
    const char *at = buf_text(out), *end = at + out->n;
    while (at < end) {
        const char *line_end = memchr(at, '\r', (size_t)(end - at));
        BUG_IF(!line_end || line_end + 1 == end || line_end[1] != '\n');
        BUG_IF(memchr(at, '\n', (size_t)(line_end - at)) != NULL);
        BUG_IF(line_end + 2 - at > WIRE_MAX);
        at = line_end + 2;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf out;
    struct irc_session *session = NULL;
    arena_init(&arena);
    buf_init(&out, 1 << 20);
    const struct irc_session_options options = {.nick = "plumb",
                                                .user = "plumb",
                                                .password = "",
                                                .sasl_user = n % 2 ? "u" : "",
                                                .sasl_password = n % 2 ? "p" : "",
                                                .rooms = {{"#ops", "k"}, {"#dev", ""}},
                                                .n_rooms = 2,
                                                .on_said = on_said,
                                                .on_topic = on_topic,
                                                .self = &session};
    session = irc_session_new(&options);
    int64_t now_ms = 1000;
    irc_session_begin(session, now_ms);
    char *text = arena_strndup(&arena, (const char *)bytes, strnlen((const char *)bytes, n));
    for (char *line; (line = strsep(&text, "\n")); now_ms += STEP_MS) {
        irc_session_line(session, line, now_ms);
        irc_session_tick(session, now_ms);
        buf_clear(&out);
        irc_session_send(session, now_ms, &out);
        check(&out);
        BUG_IF(irc_session_next(session, now_ms) < 0);
        if (!irc_session_over(session)[0])
            continue;
        irc_session_end(session, now_ms, "over");
        irc_session_begin(session, now_ms);
    }
    irc_session_free(session);
    return 0;
}
