/* The change that a command line describes: what mark and deploy have in common. */
#pragma once

#include "cli/args.h"
#include "model/change.h"

/* The options of every command that records, for its table. */
#define DRAFT_OPTIONS                                                                              \
    {"msg", 'm', CLI_TEXT, "MSG", "what changed, in one sentence"},                                \
        {"rev", 0, CLI_TEXT, "REV", "the revision it brings"},                                     \
        {"env", 0, CLI_TEXT, "ENV", "where; production when not given"},                           \
        {"by", 0, CLI_TEXT, "NAME", "who; else $PLUMB_BY, git's user.name, $USER"},                \
        {"url", 0, CLI_TEXT, "URL", "where more is to be read: a CI run, a ticket"},               \
    {                                                                                              \
        "tag", 't', CLI_LIST, "K=V", "anything else"                                               \
    }

/* Fills in the service (the first word, "" without one), the options above, source and key, with
 * secrets blotted out. Who did it is found out when not given. Strings in the arena.
 *   err  ERR_INPUT: a tag without '=', too many of them, more than one word */
MUST_CHECK bool draft_make(const struct args *args, struct arena *arena, struct change *out,
                           struct err *err);

/* One more tag; ERR_INPUT when there is no room. */
MUST_CHECK bool draft_tag(struct change *change, struct tag tag, struct arena *arena,
                          struct err *err);
