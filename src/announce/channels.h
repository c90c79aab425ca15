/* The kinds of channels; the table is channels.c. */
#pragma once

#include "announce/channel.h"

extern const struct channel_kind channel_cdevents;
extern const struct channel_kind channel_discord;
extern const struct channel_kind channel_grafana;
extern const struct channel_kind channel_graphite;
extern const struct channel_kind channel_irc;
extern const struct channel_kind channel_mail;
extern const struct channel_kind channel_mattermost;
extern const struct channel_kind channel_slack;
extern const struct channel_kind channel_teams;
extern const struct channel_kind channel_webhook;
