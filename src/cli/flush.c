/* plumb flush: sends the records that wait on this machine. */
#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/courier.h"
#include "cli/spool.h"
#include "cli/tell.h"

enum {
    SEND_MS_MAX = 10000 /* of one record: somebody is watching, and a loaded server may be slow */
};

static const struct cli_option options_of_flush[] = {{0}};

static enum spool_fate send_one(void *self, const struct buf *record, struct err *why)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    const char *id;
    switch (client_record(self, record, SEND_MS_MAX, &arena, &id, why)) {
    case CLIENT_TAKEN:
        return SPOOL_SENT;
    case CLIENT_REFUSED:
        return SPOOL_REFUSED;
    case CLIENT_LATER:
        break;
    }
    return SPOOL_LATER;
}

/* Says what came of it. */
static int tell_report(const struct spool *spool, const struct spool_report *report,
                       struct arena *arena)
{
    if (report->is_busy) {
        tell_warn("flush", "another plumb is sending what waits in %s", spool->dir);
        return CODE_OK;
    }
    if (report->n_refused)
        tell_warn("flush", "the server refused %zu: %s; see %s", report->n_refused,
                  report->refused.text, spool->refused_dir);
    const char *line = "nothing waits\n";
    if (report->n_sent + report->n_refused + report->n_waiting)
        line = arena_printf(arena, "%zu sent, %zu refused, %zu waiting\n", report->n_sent,
                            report->n_refused, report->n_waiting);
    if (!tell_out("flush", line))
        return CODE_FAILED;
    if (!report->n_waiting)
        return CODE_OK;
    return tell_fail("flush", &report->later) == CODE_DENIED ? CODE_DENIED : CODE_AWAY;
}

static bool deliver(struct arena *arena, struct spool *spool, struct spool_report *report,
                    struct err *err)
{
    CLEANUP(client_close) struct client client = {0};
    return client_open(&client, arena, err) && spool_open(NULL, arena, spool, err) &&
           spool_deliver(spool, send_one, &client, report, err);
}

static int flush(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct spool spool;
    struct spool_report report;
    struct err err;
    if (!args_parse(&commands_flush, argc, argv, &arena, &args, &err))
        return tell_fail("flush", &err);
    if (args.n_words || args.n_rest) {
        err_set(&err, ERR_INPUT, "flush takes no arguments");
        return tell_fail("flush", &err);
    }
    if (!deliver(&arena, &spool, &report, &err))
        return tell_fail("flush", &err);
    return tell_report(&spool, &report, &arena);
}

const struct command commands_flush = {
    .name = "flush",
    .usage = "flush",
    .summary = "send the records that wait for a server",
    .group = "Record",
    .about =
        "Sends what mark and deploy could not deliver, oldest first, with the time and key each\n"
        "has. What the server refuses as wrong is moved to refused/, with the reason beside it.\n"
        "The records are in $XDG_STATE_HOME/plumb/spool, else ~/.local/state/plumb/spool.\n",
    .options = options_of_flush,
    .help = "Example\n"
            "  plumb flush          from cron, on machines that are not always connected\n"
            "\n"
            "Exit codes\n"
            "  0  nothing waits any more\n"
            "  6  the server wants a token, and some still wait\n"
            "  7  no server answers, and some still wait\n",
    .run = flush,
};
