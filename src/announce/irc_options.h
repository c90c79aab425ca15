/* The keys of an [announce NAME] section with type = irc. Pure, but for values that stand in files. */
#pragma once

#include "announce/irc_session.h"
#include "base/ini.h"
#include "os/stream.h"

extern const char *const irc_options_keys[]; /* ended by NULL */

/* Strings in the arena that it was read with. session's callbacks are empty. */
struct irc_options {
    struct stream_peer peer;
    struct irc_session_options session;
    const char *train; /* "": none */
    bool has_topic, has_commands;
};
/* err: ERR_INPUT "key: what is wrong". */
MUST_CHECK bool irc_options_read(const struct ini_section *section, struct arena *arena,
                                 struct irc_options *out, struct err *err);
