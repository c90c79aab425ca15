/* Every kind of channel, by name. A line each. */
#include "announce/channels.h"

const struct channel_kind *const channel_kinds[] = {
    &channel_cdevents, &channel_discord,    &channel_grafana, &channel_graphite, &channel_irc,
    &channel_mail,     &channel_mattermost, &channel_slack,   &channel_teams,    &channel_webhook,
};
const size_t n_channel_kinds = COUNT_OF(channel_kinds);
