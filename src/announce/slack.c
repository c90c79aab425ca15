/* Slack: by an incoming webhook, whose address is the secret, or by a bot's token, which can answer in a
 * thread. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "announce/channels.h"
#include "announce/filter.h"
#include "announce/http_out.h"
#include "announce/text.h"
#include "base/mem.h"

#define POST_URL "https://slack.com/api/chat.postMessage"

enum { BODY_BYTES_MAX = 64 * 1024, ANSWER_BYTES_MAX = 64 * 1024, TEXT_BYTES_MAX = 2900 };

struct slack {
    struct channel channel;
    struct http_out http;
    const char *token, *room, *user, *icon; /* "" for none */
};

static bool open_slack(const struct ini_section *section, const struct announce_options *options,
                       struct channel **out, struct err *err)
{
    (void)options;
    struct http_out http;
    const char *token = filter_text(section, "token", ""),
               *room = filter_text(section, "channel", "");
    if (token[0] && !room[0])
        return FAIL(err, ERR_INPUT, "channel is missing: where the bot of that token writes");
    if (!http_out_open(section, token[0] ? POST_URL : NULL, true, &http, err))
        return false;
    struct slack *slack = mem_zalloc(sizeof *slack);
    slack->http = http;
    slack->token = token;
    slack->room = room;
    slack->user = filter_text(section, "username", "");
    slack->icon = filter_text(section, "icon-url", "");
    *out = &slack->channel;
    return true;
}

static void close_slack(struct channel *channel)
{
    struct slack *slack = (struct slack *)channel;
    http_out_close(&slack->http);
    mem_free(slack);
}

static void put_if(struct jsonw *json, const char *key, const char *value)
{
    if (value[0])
        jsonw_put_text(json, key, value);
}

static void write_body(const struct slack *slack, const struct message *message, struct buf *out)
{
    struct jsonw json;
    jsonw_init(&json, out, 0);
    jsonw_object(&json);
    put_if(&json, "channel", slack->room);
    put_if(&json, "username", slack->user);
    put_if(&json, "icon_url", slack->icon);
    if (slack->token[0])
        put_if(&json, "thread_ts", message->thread);
    if (slack->token[0] && message->thread[0] && text_is_harm(message))
        jsonw_put_bool(&json, "reply_broadcast", true); /* nobody looks into a thread for that */
    /* What notifications show. */
    jsonw_put_text(&json, "text",
                   text_value(text_subject(message), TEXT_SLACK, 300, message->arena));
    jsonw_put_bool(&json, "unfurl_links", false);
    jsonw_key(&json, "blocks");
    jsonw_array(&json);
    jsonw_object(&json);
    jsonw_put_text(&json, "type", "section");
    jsonw_key(&json, "text");
    jsonw_object(&json);
    jsonw_put_text(&json, "type", "mrkdwn");
    jsonw_put_text(&json, "text",
                   text_cut(text_line(message, TEXT_SLACK), TEXT_BYTES_MAX, message->arena));
    jsonw_put_bool(&json, "verbatim", true); /* names and rooms in it stay text */
    jsonw_end(&json);
    jsonw_end(&json);
    jsonw_end(&json);
    jsonw_end(&json);
}

/* The bot's API answers 200 to everything, and says inside what it thought. */
static bool read_answer(const struct buf *answer, struct arena *arena, const char **out_thread,
                        struct err *err)
{
    json_auto_t *root = json_loadb(buf_text(answer), answer->n, 0, NULL);
    const char *ts = json_string_value(json_object_get(root, "ts"));
    const char *why = json_string_value(json_object_get(root, "error"));
    if (json_is_true(json_object_get(root, "ok"))) {
        *out_thread = ts ? arena_strdup(arena, ts) : "";
        return true;
    }
    const bool is_passing = !why || strcmp(why, "ratelimited") == 0 ||
                            strcmp(why, "internal_error") == 0 || strcmp(why, "fatal_error") == 0 ||
                            strcmp(why, "service_unavailable") == 0;
    return FAIL(err, is_passing ? ERR_BUSY : ERR_REFUSED, "Slack says '%.60s'",
                why ? why : "nothing that it should");
}

static bool tell_slack(struct channel *channel, const struct message *message,
                       const char **out_thread, struct err *err)
{
    struct slack *slack = (struct slack *)channel;
    CLEANUP(buf_done) struct buf body;
    CLEANUP(buf_done) struct buf answer;
    buf_init(&body, BODY_BYTES_MAX);
    buf_init(&answer, ANSWER_BYTES_MAX);
    write_body(slack, message, &body);
    const char *headers[] = {
        http_out_header(message->arena, "Authorization: Bearer %s", slack->token)};
    const bool is_bot = slack->token[0] != '\0';
    const struct http_post post = {.body = buf_text(&body),
                                   .type = "application/json; charset=utf-8",
                                   .headers = headers,
                                   .n_headers = is_bot ? 1 : 0,
                                   .answer = &answer};
    if (!http_out_post(&slack->http, channel, &post, err))
        return false;
    const char *ts = "";
    if (is_bot && !read_answer(&answer, message->arena, &ts, err))
        return false;
    if (is_bot && !message->thread[0])
        *out_thread = ts;
    return true;
}

static const char *const slack_keys[] = {HTTP_OUT_KEYS, "token",    "channel",
                                         "username",    "icon-url", NULL};
const struct channel_kind channel_slack = {
    .name = "slack",
    .about = "a Slack channel, by an incoming webhook or a bot's token",
    .keys = slack_keys,
    .open = open_slack,
    .tell = tell_slack,
    .close = close_slack,
};
