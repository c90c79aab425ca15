#include "cli/turn.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "base/jsonw.h"
#include "cli/client.h"
#include "cli/tell.h"
#include "os/child.h"
#include "os/realtime.h"

enum {
    ASK_MS = 1800, /* what a silent server may cost a deploy, but for the end's record */
    ASK_EVERY_MS = 2000,
    AWAY_MS_MAX = 30000, /* without an answer for so long, the train is nobody's */
    NAP_US = 50000,      /* between two looks for a signal */
    ANSWER_BYTES_MAX = 256 * 1024,
};

/* What the server says of the train. */
struct view {
    bool is_ours, is_aboard;
    size_t n_ahead; /* cars */
    const char *topic;
};

static bool is_in(const json_t *car, const char *who)
{
    const json_t *members = json_object_get(car, "members");
    for (size_t i = 0; i < json_array_size(members); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(members, i), "name"));
        if (name && strcasecmp(name, who) == 0)
            return true;
    }
    return false;
}

static bool view_read(const struct buf *answer, const char *who, struct arena *arena,
                      struct view *out, struct err *err)
{
    json_auto_t *root = answer->n ? json_loadb(answer->at, answer->n, 0, NULL) : NULL;
    const json_t *cars = json_object_get(root, "cars");
    if (!json_is_array(cars))
        return FAIL(err, ERR_MISSING, "this server knows no train");
    const char *topic = json_string_value(json_object_get(root, "topic"));
    *out = (struct view){.is_ours = json_is_true(json_object_get(root, "turn")),
                         .topic = arena_strdup(arena, topic ? topic : "")};
    while (out->n_ahead < json_array_size(cars) && !is_in(json_array_get(cars, out->n_ahead), who))
        out->n_ahead++;
    out->is_aboard = out->n_ahead < json_array_size(cars);
    return true;
}

static bool say(struct client *client, const struct turn *turn, const char *verb,
                struct arena *arena, struct buf *answer, struct err *err)
{
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, 4096);
    struct jsonw json;
    jsonw_init(&json, &body, 0);
    jsonw_object(&json);
    jsonw_put_text(&json, "verb", verb);
    jsonw_put_text(&json, "who", turn->who);
    jsonw_end(&json);
    buf_clear(answer);
    return client_post(client, arena_printf(arena, "/api/v1/train/%s", turn->train), &body, ASK_MS,
                       answer, err);
}

static bool look(struct client *client, const struct turn *turn, struct arena *arena,
                 struct view *out, struct err *err)
{
    CLEANUP(buf_done) struct buf query, answer;
    buf_init(&query, 4096);
    buf_init(&answer, ANSWER_BYTES_MAX);
    client_param(&query, "who", turn->who);
    const struct client_ask ask = {arena_printf(arena, "/api/v1/train/%s", turn->train), &query,
                                   "application/json", ASK_MS, false};
    return client_get(client, &ask, &answer, err) && view_read(&answer, turn->who, arena, out, err);
}

/* Until it is time to ask again; returns a signal that came, or 0. */
static int nap(void)
{
    const int64_t until_us = monotonic_us() + ASK_EVERY_MS * 1000;
    while (!child_waiting_signal() && monotonic_us() < until_us)
        sleep_us(NAP_US);
    return child_take_signal();
}

/* Asks until it is ours. */
static enum turn_end wait_aboard(struct client *client, const struct turn *turn,
                                 struct arena *arena, int *out_signal, struct err *why)
{
    const char *told = "";
    int64_t heard_us = monotonic_us();
    for (;;) {
        struct err err;
        struct view view;
        const bool is_heard = look(client, turn, arena, &view, &err);
        if (is_heard)
            heard_us = monotonic_us();
        if (is_heard && view.is_ours)
            return TURN_COME;
        if (is_heard && !view.is_aboard) {
            tell_note(turn->command, "somebody took us off the train %s: %s", turn->train,
                      view.topic);
            return TURN_REFUSED;
        }
        if (is_heard && strcmp(view.topic, told) != 0) {
            tell_note(turn->command, "waiting for the train %s, %zu ahead: %s", turn->train,
                      view.n_ahead, view.topic);
            told = view.topic;
        }
        if (!is_heard && monotonic_us() - heard_us > AWAY_MS_MAX * INT64_C(1000)) {
            tell_warn(turn->command, "%s; going without the train", err.text);
            *why = err;
            return TURN_AWAY;
        }
        *out_signal = nap();
        if (*out_signal)
            return TURN_SIGNALLED;
    }
}

enum turn_end turn_wait(const struct turn *turn, struct arena *arena, int *out_signal,
                        struct err *why)
{
    CLEANUP(client_close) struct client client = {0};
    CLEANUP(buf_done) struct buf answer;
    buf_init(&answer, ANSWER_BYTES_MAX);
    struct err err, ignored;
    struct view view;
    if (!client_open(&client, arena, &err)) {
        tell_warn(turn->command, "%s; going without the train", err.text);
        return TURN_COME;
    }
    /* Refused, too, who is aboard already. */
    const bool has_joined = say(&client, turn, "join", arena, &answer, &err);
    if (!has_joined && (err.kind == ERR_BUSY || err.kind == ERR_MISSING)) {
        tell_warn(turn->command, "%s; going without the train", err.text);
        *why = err;
        return err.kind == ERR_BUSY ? TURN_AWAY : TURN_COME;
    }
    if (!has_joined && (!look(&client, turn, arena, &view, &ignored) || !view.is_aboard)) {
        tell_fail(turn->command, &err);
        return TURN_REFUSED;
    }
    const enum turn_end end = wait_aboard(&client, turn, arena, out_signal, why);
    if (end == TURN_SIGNALLED && !say(&client, turn, "nevermind", arena, &answer, &err))
        tell_warn(turn->command, "still on the train %s: %s", turn->train, err.text);
    return end;
}
