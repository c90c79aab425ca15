/* The channel kind irc: its line in channels.c. Keys: docs/irc.md. */
#pragma once

#include "announce/channel.h"

extern const struct channel_kind channel_irc;
