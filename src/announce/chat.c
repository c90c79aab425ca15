/* Rooms for people that take a message by one POST to an address which is the secret: Mattermost,
 * Discord, Teams. (Slack has a file of its own.) */
#include <stdio.h>
#include <string.h>

#include "announce/channels.h"
#include "announce/filter.h"
#include "announce/http_out.h"
#include "announce/text.h"
#include "base/mem.h"

enum { BODY_BYTES_MAX = 64 * 1024 };

struct chat {
    struct channel channel;
    struct http_out http;
    const char *room, *user, *icon; /* "" leaves the address's own */
};

static bool open_chat(const struct ini_section *section, bool is_guarded, struct channel **out,
                      struct err *err)
{
    struct http_out http;
    if (!http_out_open(section, NULL, is_guarded, &http, err))
        return false;
    struct chat *chat = mem_zalloc(sizeof *chat);
    chat->http = http;
    chat->room = filter_text(section, "channel", "");
    chat->user = filter_text(section, "username", "plumb");
    chat->icon = filter_text(section, "icon-url", "");
    *out = &chat->channel;
    return true;
}

static bool open_out(const struct ini_section *section, const struct announce_options *options,
                     struct channel **out, struct err *err)
{
    (void)options;
    return open_chat(section, true, out, err);
}

/* Mattermost most often stands in the same house. */
static bool open_near(const struct ini_section *section, const struct announce_options *options,
                      struct channel **out, struct err *err)
{
    (void)options;
    return open_chat(section, false, out, err);
}

static void close_chat(struct channel *channel)
{
    struct chat *chat = (struct chat *)channel;
    http_out_close(&chat->http);
    mem_free(chat);
}

static bool post(struct channel *channel, const struct buf *body, struct err *err)
{
    struct chat *chat = (struct chat *)channel;
    const struct http_post post = {.body = buf_text(body)};
    return http_out_post(&chat->http, channel, &post, err);
}

static void put_if(struct jsonw *json, const char *key, const char *value)
{
    if (value[0])
        jsonw_put_text(json, key, value);
}

static const char *colour_text(const struct message *message)
{
    return arena_printf(message->arena, "#%06X", (unsigned)text_colour(message));
}

/* ---- Mattermost ---- */

static bool tell_mattermost(struct channel *channel, const struct message *message,
                            const char **out_thread, struct err *err)
{
    (void)out_thread;
    const struct chat *chat = (const struct chat *)channel;
    const char *line = text_line(message, TEXT_MARKDOWN);
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, BODY_BYTES_MAX);
    struct jsonw json;
    jsonw_init(&json, &body, 0);
    jsonw_object(&json);
    put_if(&json, "channel", chat->room);
    put_if(&json, "username", chat->user);
    put_if(&json, "icon_url", chat->icon);
    jsonw_key(&json, "attachments");
    jsonw_array(&json);
    jsonw_object(&json);
    jsonw_put_text(&json, "fallback", text_subject(message));
    jsonw_put_text(&json, "color", colour_text(message));
    jsonw_put_text(&json, "text", line);
    jsonw_end(&json);
    jsonw_end(&json);
    jsonw_end(&json);
    return post(channel, &body, err);
}

static const char *const mattermost_keys[] = {HTTP_OUT_KEYS, "channel", "username", "icon-url",
                                              NULL};
const struct channel_kind channel_mattermost = {
    .name = "mattermost",
    .about = "a Mattermost channel, by its incoming webhook",
    .keys = mattermost_keys,
    .open = open_near,
    .tell = tell_mattermost,
    .close = close_chat,
};

/* ---- Discord ---- */

static bool tell_discord(struct channel *channel, const struct message *message,
                         const char **out_thread, struct err *err)
{
    (void)out_thread;
    const struct chat *chat = (const struct chat *)channel;
    const char *line = text_line(message, TEXT_MARKDOWN);
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, BODY_BYTES_MAX);
    struct jsonw json;
    jsonw_init(&json, &body, 0);
    jsonw_object(&json);
    put_if(&json, "username", chat->user);
    put_if(&json, "avatar_url", chat->icon);
    jsonw_key(&json, "embeds");
    jsonw_array(&json);
    jsonw_object(&json);
    jsonw_put_text(&json, "description", text_cut(line, 4000, message->arena));
    jsonw_put_i64(&json, "color", text_colour(message));
    jsonw_end(&json);
    jsonw_end(&json);
    jsonw_key(&json, "allowed_mentions");
    jsonw_object(&json);
    jsonw_key(&json, "parse");
    jsonw_array(&json);
    jsonw_end(&json);
    jsonw_end(&json);
    jsonw_end(&json);
    return post(channel, &body, err);
}

static const char *const discord_keys[] = {HTTP_OUT_KEYS, "username", "icon-url", NULL};
const struct channel_kind channel_discord = {
    .name = "discord",
    .about = "a Discord channel, by its webhook",
    .keys = discord_keys,
    .open = open_out,
    .tell = tell_discord,
    .close = close_chat,
};

/* ---- Teams ---- */

static void write_card(struct jsonw *json, const struct message *message)
{
    const uint32_t colour = text_colour(message);
    const bool is_red = colour >> 16 > 0xC0 && (colour >> 8 & 0xFF) < 0x80;
    jsonw_object(json);
    jsonw_put_text(json, "$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
    jsonw_put_text(json, "type", "AdaptiveCard");
    jsonw_put_text(json, "version", "1.4");
    jsonw_key(json, "body");
    jsonw_array(json);
    jsonw_object(json);
    jsonw_put_text(json, "type", "TextBlock");
    jsonw_put_text(json, "text", text_line(message, TEXT_MARKDOWN));
    jsonw_put_text(json, "color", is_red ? "Attention" : "Default");
    jsonw_put_bool(json, "wrap", true);
    jsonw_end(json);
    jsonw_end(json);
    const char *link = text_url(message->link, message->arena);
    if (link[0]) {
        jsonw_key(json, "actions");
        jsonw_array(json);
        jsonw_object(json);
        jsonw_put_text(json, "type", "Action.OpenUrl");
        jsonw_put_text(json, "title", "Open");
        jsonw_put_text(json, "url", link);
        jsonw_end(json);
        jsonw_end(json);
    }
    jsonw_end(json);
}

static bool tell_teams(struct channel *channel, const struct message *message,
                       const char **out_thread, struct err *err)
{
    (void)out_thread;
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, BODY_BYTES_MAX);
    struct jsonw json;
    jsonw_init(&json, &body, 0);
    jsonw_object(&json);
    jsonw_put_text(&json, "type", "message");
    jsonw_key(&json, "attachments");
    jsonw_array(&json);
    jsonw_object(&json);
    jsonw_put_text(&json, "contentType", "application/vnd.microsoft.card.adaptive");
    jsonw_key(&json, "content");
    write_card(&json, message);
    jsonw_end(&json);
    jsonw_end(&json);
    jsonw_end(&json);
    return post(channel, &body, err);
}

static const char *const teams_keys[] = {HTTP_OUT_KEYS, NULL};
const struct channel_kind channel_teams = {
    .name = "teams",
    .about = "a Microsoft Teams channel, by a workflow's webhook",
    .keys = teams_keys,
    .open = open_out,
    .tell = tell_teams,
    .close = close_chat,
};
