/* What people in an IRC channel ask for, and the push train in its topic. It talks through the session and
 * asks the ledger through the announcer's options; it has no sockets. One thread.
 *
 *   !log TEXT, !log SERVICE: TEXT   records a note
 *   .last [N] [SERVICE]             the newest changes
 *   .why METRIC [at TIME]           which of them moved it
 *   .train .join .at ... .fix       the train, where the section names one
 *   .help
 *
 * Invariants
 * 1. It answers people's commands and nothing else; what is no command of its own is none of its business.
 * 2. A person gets at most 5 answers at once, and one more every 6 s.
 * 3. A topic that it cannot read stays as it is until .fix, or until somebody sets one that it can. */
#pragma once

#include "announce/announce.h"
#include "announce/irc_session.h"

struct irc_bot;

struct irc_bot_options {
    struct irc_session *session;             /* outlives the bot */
    const struct announce_options *announce; /* changes, record, train, why, clock; lent */
    const char *train;                       /* "": none */
    bool has_topic;                          /* the channels' topic shows the train */
    bool has_commands;
    const struct irc_room_options *rooms;
    size_t n_rooms;
};

MUST_CHECK struct irc_bot *irc_bot_new(const struct irc_bot_options *options);
void irc_bot_free(struct irc_bot *bot); /* NULL is fine */

void irc_bot_said(struct irc_bot *bot, const struct irc_said *said);
void irc_bot_topic(struct irc_bot *bot, const struct irc_topic *topic);
/* Looks at the train: what others did to it reaches the topic, and who is up is told. */
void irc_bot_look(struct irc_bot *bot);
