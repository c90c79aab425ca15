/* Programs that want to know: a signed POST as Standard Webhooks has it (https://www.standardwebhooks.com). */
#include <stdio.h>
#include <string.h>

#include "announce/channels.h"
#include "announce/filter.h"
#include "announce/http_out.h"
#include "announce/sign.h"
#include "announce/text.h"
#include "base/mem.h"

enum { BODY_BYTES_MAX = 512 * 1024 };

struct webhook {
    struct channel channel;
    struct http_out http;
    struct arena arena; /* of the secrets */
    struct sign_secrets secrets;
    const char *authorization; /* "" or the header's value */
    void (*write_change)(struct jsonw *json, const struct change *change);
};

static void close_webhook(struct channel *channel)
{
    struct webhook *hook = (struct webhook *)channel;
    http_out_close(&hook->http);
    arena_done(&hook->arena);
    mem_free(hook);
}

static bool open_webhook(const struct ini_section *section, const struct announce_options *options,
                         struct channel **out, struct err *err)
{
    struct webhook *hook = mem_zalloc(sizeof *hook);
    arena_init(&hook->arena);
    hook->authorization = filter_text(section, "authorization", "");
    hook->write_change = options->write_change;
    if (!sign_parse(filter_text(section, "secret", ""), &hook->arena, &hook->secrets, err) ||
        !http_out_open(section, NULL, true, &hook->http, err)) {
        close_webhook(&hook->channel);
        return false;
    }
    *out = &hook->channel;
    return true;
}

static void write_body(const struct webhook *hook, const struct message *message, struct buf *out)
{
    struct jsonw json;
    jsonw_init(&json, out, 0);
    const char *name = strrchr(message->id, '.');
    jsonw_object(&json);
    jsonw_put_text(&json, "type", arena_printf(message->arena, "change%s", name ? name : ""));
    jsonw_put_f64(&json, "timestamp", (double)message->now_ms / 1000.0);
    jsonw_put_text(&json, "text", text_line(message, TEXT_PLAIN));
    jsonw_put_text(&json, "link", message->link);
    jsonw_key(&json, "data");
    hook->write_change(&json, message->change);
    jsonw_end(&json);
}

static bool tell_webhook(struct channel *channel, const struct message *message,
                         const char **out_thread, struct err *err)
{
    (void)out_thread;
    struct webhook *hook = (struct webhook *)channel;
    struct arena *arena = message->arena;
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, BODY_BYTES_MAX);
    write_body(hook, message, &body);
    if (body.is_full)
        return FAIL(err, ERR_INPUT, "the change is too long for a webhook");
    const struct sign_text text = {message->id, message->now_ms / 1000, body.at, body.n};
    const char *headers[HTTP_OUT_HEADERS_MAX];
    size_t n = 0;
    headers[n++] = http_out_header(arena, "webhook-id: %s", message->id);
    headers[n++] = http_out_header(arena, "webhook-timestamp: %lld", (long long)text.at_s);
    if (hook->secrets.n)
        headers[n++] = http_out_header(arena, "webhook-signature: %s",
                                       sign_make(&hook->secrets, &text, arena));
    if (hook->authorization[0])
        headers[n++] = http_out_header(arena, "Authorization: %s", hook->authorization);
    const struct http_post post = {.body = body.at, .headers = headers, .n_headers = n};
    return http_out_post(&hook->http, channel, &post, err);
}

static const char *const webhook_keys[] = {HTTP_OUT_KEYS, "secret", "authorization", NULL};
const struct channel_kind channel_webhook = {
    .name = "webhook",
    .about = "any program, by a signed POST",
    .keys = webhook_keys,
    .open = open_webhook,
    .tell = tell_webhook,
    .close = close_webhook,
    .is_patient = true,
};
