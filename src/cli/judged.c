#include "cli/judged.h"

#include <jansson.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/record.h"
#include "cli/when.h"
#include "model/verdict_read.h"

enum {
    ASK_MS = 15000, /* judging a thousand metrics takes a second */
    EVERY_S = 10,   /* when the server does not say */
    SECONDS_MAX = 366 * 86400,
    QUERY_BYTES_MAX = 64 * 1024,
    ASK_BYTES_MAX = 4000, /* as the path of a GET */
};

static int64_t seconds_of(const json_t *root, const char *key, int64_t fallback)
{
    const json_t *value = json_object_get(root, key);
    const json_int_t s = json_integer_value(value);
    return json_is_integer(value) && s >= 0 && s <= SECONDS_MAX ? s : fallback;
}

bool judged_read(const char *json, size_t n, struct arena *arena, struct judged *out,
                 struct err *err)
{
    json_auto_t *root = n ? json_loadb(json, n, 0, NULL) : NULL;
    struct judged judged;
    if (!verdict_read(root, arena, &judged.verdict, err)) {
        err_prefix(err, "the server's answer");
        return false;
    }
    judged.change = record_of(json_object_get(root, "change"), arena);
    judged.left_s = seconds_of(root, "left", 0);
    judged.every_s = max_i64(seconds_of(root, "every", EVERY_S), 1);
    *out = judged;
    return true;
}

bool judged_ask(struct client *client, const char *id, const struct judged_wish *wish,
                struct arena *arena, struct buf *answer, struct err *err)
{
    CLEANUP(buf_done) struct buf query;
    buf_init(&query, QUERY_BYTES_MAX);
    if (wish->stage)
        client_param(&query, "stage", wish->stage);
    if (wish->for_s)
        client_param_i64(&query, "for", wish->for_s);
    for (size_t i = 0; i < wish->n_globs; i++)
        client_param(&query, "metrics", wish->globs[i]);
    for (size_t i = 0; i < wish->n_vitals; i++)
        client_param(&query, "vital", wish->vitals[i]);
    if (query.n > ASK_BYTES_MAX)
        return FAIL(err, ERR_LIMIT, "too many metrics to name: they take %zu bytes of at most %d",
                    query.n, ASK_BYTES_MAX);
    const struct client_ask ask = {.path = arena_printf(arena, "/api/v1/changes/%s/impact", id),
                                   .query = &query,
                                   .accept = "application/json",
                                   .wait_ms = ASK_MS};
    buf_clear(answer);
    return client_get(client, &ask, answer, err);
}

const char *const *judged_items(const struct args *args, const char *option, struct arena *arena,
                                size_t *out_n)
{
    const char **items = arena_array(arena, args->n_given, const char *);
    size_t n = 0;
    for (const char *item; (item = args_item(args, option, n)) != NULL;)
        items[n++] = item;
    *out_n = n;
    return items;
}

bool judged_length(const struct args *args, const char *option, int64_t *out_s, struct err *err)
{
    const char *text = args_text(args, option);
    int64_t ms = 0;
    if (text && !when_parse_length(text, &ms, err)) {
        err_prefix(err, "--%s", option);
        return false;
    }
    *out_s = ms / 1000;
    return true;
}
