/* One IRC session as a state machine: fed with lines and the time, it says what to send and when. No
 * sockets, no clock: tests drive it with tables. It registers (CAP, SASL PLAIN), keeps a nick and its
 * channels, answers PING, notices a dead server, and waits longer each time before it connects again.
 *
 * Invariants
 * 1. What it says to a channel is a NOTICE, so no bot answers it, and it never hands on a NOTICE.
 * 2. Notices and topics go out at most one every 2 s after a burst of 4; what the protocol needs goes at
 *    once.
 * 3. A topic is set only when it differs from what the channel has, and at most every 5 s.
 * 4. With SASL asked for, it is in only after SASL has succeeded. */
#pragma once

#include "announce/irc_line.h"
#include "base/err.h"

struct irc_session;

enum {
    IRC_ROOMS_MAX = 4,
    IRC_SAY_EVERY_MS = 2000,
    IRC_SAY_BURST = 4,
    IRC_UNSAID_MAX = 64, /* waiting to be said */
    IRC_TOPIC_EVERY_MS = 5000,
    IRC_RETRY_MS_MIN = 5000,
    IRC_RETRY_MS_MAX = 300 * 1000,
    IRC_REJOIN_MS = 60 * 1000,
    IRC_SILENCE_MS = 60 * 1000, /* then a PING */
    IRC_LAG_MS_MAX = 30 * 1000, /* without an answer to it the server is gone */
    IRC_REGISTER_MS_MAX = 60 * 1000,
};

struct irc_room_options {
    const char *name, *key; /* key: "" without one */
};

/* Somebody said something in a channel of ours. Formatting is taken out. Lent for the call. */
struct irc_said {
    const char *room, *nick, *text;
    const char *msgid; /* "" when the server gives none */
    int64_t now_ms;
};
/* A channel's topic, as it is when we come in (by ""), or as somebody else sets it. */
struct irc_topic {
    const char *room, *topic, *by;
};

/* Strings are lent while the session lives, "" for none. */
struct irc_session_options {
    const char *nick, *user, *password;
    const char *sasl_user, *sasl_password; /* sasl_user "": no SASL */
    struct irc_room_options rooms[IRC_ROOMS_MAX];
    size_t n_rooms;
    void (*on_said)(void *self, const struct irc_said *said);
    void (*on_topic)(void *self, const struct irc_topic *topic);
    void *self;
};

MUST_CHECK struct irc_session *irc_session_new(const struct irc_session_options *options);
void irc_session_free(struct irc_session *session); /* NULL is fine */

/* ---- the connection ---- */

/* Is it time to connect? */
bool irc_session_wants(const struct irc_session *session, int64_t now_ms);
void irc_session_begin(struct irc_session *session, int64_t now_ms); /* connected */
/* A line from the server, without its end; it is taken apart in place. */
void irc_session_line(struct irc_session *session, char *io_line, int64_t now_ms);
/* What time brings: PING, rejoining, topics. */
void irc_session_tick(struct irc_session *session, int64_t now_ms);
/* Adds what is to be sent now. */
void irc_session_send(struct irc_session *session, int64_t now_ms, struct buf *out);
/* In how many ms at most tick and send have something to do. */
int64_t irc_session_next(const struct irc_session *session, int64_t now_ms);
/* Why the connection is of no use any more, and to be closed; "" while it is. */
const char *irc_session_over(const struct irc_session *session);
/* The connection is closed, or none was to be had. why is kept for irc_session_trouble. */
void irc_session_end(struct irc_session *session, int64_t now_ms, const char *why);
void irc_session_quit(struct irc_session *session); /* says good-bye, if it is in */

/* ---- talking ---- */

/* In so many of its channels. */
size_t irc_session_n_in(const struct irc_session *session);
/* What went wrong last: why it is not connected, or not in a channel; "" when nothing did. */
const char *irc_session_trouble(const struct irc_session *session);
/* Our nick as the server knows it. */
const char *irc_session_nick(const struct irc_session *session);
/* To one channel, or to all it is in (room NULL); what is lost with the connection is gone.
 *   err  ERR_BUSY in none of them, or too much waits */
MUST_CHECK bool irc_session_say(struct irc_session *session, const char *room, const char *text,
                                struct err *err);
/* To all it is in, before whatever else waits. err: ERR_BUSY */
MUST_CHECK bool irc_session_tell(struct irc_session *session, const char *text, struct err *err);
/* Lines of irc_session_tell that wait for their turn, and that were handed out to be sent, ever. */
size_t irc_session_n_untold(const struct irc_session *session);
uint64_t irc_session_n_told(const struct irc_session *session);
/* What a channel's topic should be; NULL: whatever it is. */
void irc_session_topic(struct irc_session *session, const char *room, const char *topic);
