#include "cli/courier.h"

#include "base/hash.h"
#include "cli/client.h"
#include "cli/record.h"
#include "cli/spool.h"
#include "cli/tell.h"
#include "os/realtime.h"

enum { WORTH_A_TRY_MS = 50 /* with less time left, nothing more is sent */ };

const char *courier_key(struct arena *arena)
{
    const struct hash_key random = hash_key_random();
    return arena_printf(arena, "cli-%016llx%016llx", (unsigned long long)random.k0,
                        (unsigned long long)random.k1);
}

/* The sending of spooled records. */
struct round {
    struct client *client;
    int64_t until_us;
};

static enum spool_fate send_one(void *self, const struct buf *record, struct err *why)
{
    const struct round *round = self;
    const int64_t left_ms = (round->until_us - monotonic_us()) / 1000;
    if (left_ms < WORTH_A_TRY_MS) {
        err_set(why, ERR_BUSY, "no time left");
        return SPOOL_LATER;
    }
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    const char *id;
    switch (client_record(round->client, record, left_ms, &arena, &id, why)) {
    case CLIENT_TAKEN:
        return SPOOL_SENT;
    case CLIENT_REFUSED:
        return SPOOL_REFUSED;
    case CLIENT_LATER:
        break;
    }
    return SPOOL_LATER;
}

/* Sends what waits from earlier, as far as the time goes. Only what needs somebody's eyes is told.
 * */
static void deliver_rest(struct client *client, const struct courier_order *order, int64_t until_us,
                         struct arena *arena)
{
    struct spool spool;
    struct spool_report report;
    struct err err;
    struct round round = {client, until_us};
    if (!spool_open(NULL, arena, &spool, &err))
        return; /* no home: nothing can be waiting */
    if (!spool_deliver(&spool, send_one, &round, &report, &err))
        tell_warn(order->command, "spool: %s", err.text);
    if (report.n_refused)
        tell_warn(order->command, "the server refused %zu of the records that waited: %s; see %s",
                  report.n_refused, report.refused.text, spool.refused_dir);
}

/* Puts the record into the spool. */
static enum courier_fate keep(const struct buf *body, const struct courier_order *order,
                              const struct err *why, struct arena *arena)
{
    struct spool spool;
    struct err err;
    const struct clock clock = clock_system();
    if (spool_open(NULL, arena, &spool, &err) &&
        spool_add(&spool, body, clock_us(&clock) / 1000, &err)) {
        tell_warn(order->command,
                  "%s; the record is kept and goes out with the next one, or by "
                  "plumb flush",
                  why->text);
        if (why->kind == ERR_REFUSED && why->hint[0])
            tell_warn(order->command, "%s", why->hint);
        return COURIER_KEPT;
    }
    tell_warn(order->command, "%s; and the record is lost: %s", why->text, err.text);
    return COURIER_LOST;
}

enum courier_fate courier_record(const struct change *change, const struct courier_order *order,
                                 struct arena *arena, const char **out_id, struct err *why)
{
    BUG_IF(!change->key[0]);
    const int64_t until_us = monotonic_us() + order->ms_max * 1000;
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, RECORD_BYTES_MAX);
    record_write(change, &body);
    BUG_IF(body.is_full); /* change_check limits every text in it */

    CLEANUP(client_close) struct client own = {0};
    struct client *client = order->client ? order->client : &own;
    if (order->away)
        return keep(&body, order, order->away, arena);
    if (!client->fetch && !client_open(client, arena, why))
        return keep(&body, order, why, arena);
    switch (client_record(client, &body, order->ms_max, arena, out_id, why)) {
    case CLIENT_TAKEN:
        if (order->delivers_the_rest)
            deliver_rest(client, order, until_us, arena);
        return COURIER_DELIVERED;
    case CLIENT_REFUSED:
        return COURIER_REFUSED;
    case CLIENT_LATER:
        break;
    }
    return keep(&body, order, why, arena);
}
