#include "cli/watching.h"

#include <string.h>

#include "base/jsonw.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/log_text.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "model/verdict_say.h"
#include "os/child.h"
#include "os/realtime.h"
#include "os/zone.h"

enum {
    FOR_S = 900,     /* when nobody says */
    EVERY_S = 10,    /* until the server has said */
    GRACE_LOOKS = 3, /* more, when the time is over and there is no verdict */
    NEWS_US = 60000000,
    NAP_US = 50000, /* between two looks for a signal */
    SAY_BYTES_MAX = 4096,
};

/* How far it is. */
struct progress {
    int64_t deadline_us; /* the server may move it: it knows when the change ended */
    int64_t every_s;
    bool was_heard, is_away;
    bool is_known; /* the change's id */
    enum verdict_state state;
    size_t n_moved;
    int64_t news_us; /* 0: none was shown */
};

bool watching_take(const struct args *args, struct arena *arena, struct watching *io,
                   struct err *err)
{
    const char *fail_on = args_text(args, "fail-on");
    io->fail_on = WATCHING_TELLS_APART;
    if (fail_on && strcmp(fail_on, "harm") == 0) {
        io->fail_on = WATCHING_HARM_ONLY;
    } else if (fail_on && strcmp(fail_on, "inconclusive") == 0) {
        io->fail_on = WATCHING_ALSO_UNKNOWN;
    } else if (fail_on) {
        err_set(err, ERR_INPUT, "--fail-on '%.40s' is not known", fail_on);
        err_hint(err, "--fail-on harm, or --fail-on inconclusive");
        return false;
    }
    io->wish.stage = "live";
    io->wish.vitals = judged_items(args, "vital", arena, &io->wish.n_vitals);
    return judged_length(args, "every", &io->every_s, err);
}

/* ---- what it says ---- */

static void add_plain(const struct judged *now, struct buf *out)
{
    const struct verdict *verdict = &now->verdict;
    const bool is_blind = verdict->state == VERDICT_CANNOT_TELL && !verdict->n_checked;
    const char *reason =
        verdict->n_reasons ? verdict->reasons[0] : "no metric has enough points around it";
    buf_printf(out, "%s%s%s ", now->change.service, now->change.rev[0] ? " " : "", now->change.rev);
    if (is_blind)
        buf_printf(out, "cannot tell: nothing to judge by: %s", reason);
    else
        verdict_say(verdict, out);
}

void watching_say(const struct judged *now, struct buf *out)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, SAY_BYTES_MAX);
    add_plain(now, &text);
    terminal_clean(out, buf_text(&text));
    if (!now->left_s)
        return;
    buf_add_str(out, ", ");
    log_text_took(now->left_s * 1000, out);
    buf_add_str(out, " left");
}

void watching_line(const struct judged *now, int64_t now_ms, struct buf *out)
{
    CLEANUP(buf_done) struct buf text;
    struct jsonw json;
    const struct verdict *verdict = &now->verdict;
    buf_init(&text, SAY_BYTES_MAX);
    add_plain(now, &text);
    jsonw_init(&json, out, 0);
    jsonw_object(&json);
    jsonw_put_f64(&json, "t", (double)now_ms / 1000.0);
    jsonw_put_text(&json, "state", verdict_state_name(verdict->state));
    jsonw_put_i64(&json, "checked", verdict->n_checked);
    jsonw_key(&json, "moved");
    jsonw_array(&json);
    for (size_t i = 0; i < verdict->n_moved; i++)
        jsonw_text(&json, verdict->moved[i].name);
    jsonw_end(&json);
    jsonw_put_i64(&json, "left", now->left_s);
    jsonw_put_text(&json, "say", buf_text(&text));
    jsonw_end(&json);
    buf_add_char(out, '\n');
}

/* ---- one look ---- */

static bool look(const struct watching *watching, const char *id, struct arena *arena,
                 struct judged *out, struct err *err)
{
    CLEANUP(client_close) struct client client = {0};
    CLEANUP(buf_done) struct buf answer;
    buf_init(&answer, JUDGED_BYTES_MAX);
    return client_open(&client, arena, err) &&
           judged_ask(&client, id, &watching->wish, arena, &answer, err) &&
           judged_read(buf_text(&answer), answer.n, arena, out, err);
}

/* Somebody who is away comes back; what was asked wrongly stays wrong. */
static bool may_pass(const struct err *err)
{
    return err->kind == ERR_BUSY || err->kind == ERR_IO || err->kind == ERR_CORRUPT;
}

/* Harm is told at once. All else may still turn into it while there is time. */
static bool is_final(const struct judged *now)
{
    return now->verdict.state == VERDICT_HARM ||
           (now->left_s == 0 && now->verdict.state != VERDICT_PENDING);
}

static bool is_news(struct progress *io, const struct judged *now)
{
    const size_t n_moved = verdict_moved(&now->verdict);
    const bool differs = !io->news_us || io->state != now->verdict.state || io->n_moved != n_moved;
    const int64_t now_us = monotonic_us();
    if (!differs && !is_final(now) && now_us - io->news_us < NEWS_US)
        return false;
    io->news_us = now_us;
    io->state = now->verdict.state;
    io->n_moved = n_moved;
    return true;
}

static void heard(const struct watching *watching, struct progress *io, const struct judged *now)
{
    if (io->is_away)
        tell_note(watching->command, "the server answers again");
    io->is_away = false;
    io->was_heard = true;
    if (!watching->every_s)
        io->every_s = now->every_s;
    if (now->left_s)
        io->deadline_us =
            monotonic_us() + (now->left_s + GRACE_LOOKS * io->every_s) * INT64_C(1000000);
    watching->show(watching->self, now, is_news(io, now));
}

/* Once, however long it takes. */
static void unheard(const struct watching *watching, struct progress *io, const struct err *why)
{
    char until[64];
    if (io->is_away)
        return;
    io->is_away = true;
    const struct clock clock = clock_system();
    const int64_t left_s = max_i64(io->deadline_us - monotonic_us(), 0) / 1000000;
    tz_format(zone_local(), clock_s(&clock) + left_s, "%H:%M:%S", until, sizeof until);
    tell_note(watching->command, "no answer (%s); asking on until %s", why->text, until);
}

static int nap(int64_t length_us)
{
    const int64_t until_us = monotonic_us() + length_us;
    for (int64_t left_us; !child_waiting_signal() && (left_us = until_us - monotonic_us()) > 0;)
        sleep_us(min_i64(left_us, NAP_US));
    return child_take_signal();
}

/* ---- what it came to ---- */

static void end_judged(const struct watching *watching, const struct judged *last,
                       struct watched *out)
{
    const bool is_unknown = last->verdict.state == VERDICT_CANNOT_TELL;
    out->state = verdict_state_name(last->verdict.state);
    out->is_harm = last->verdict.state == VERDICT_HARM ||
                   (is_unknown && watching->fail_on == WATCHING_ALSO_UNKNOWN);
    if (out->is_harm)
        out->code = CODE_HARM;
    else if (is_unknown && watching->fail_on == WATCHING_TELLS_APART)
        out->code = CODE_CANNOT_TELL;
    else
        out->code = CODE_OK;
}

static void end_late(const struct watching *watching, const struct progress *progress,
                     const struct err *last, struct watched *out)
{
    if (!progress->was_heard) {
        tell_fail(watching->command, last);
        out->state = "away";
        out->code = CODE_AWAY;
        return;
    }
    out->state = "timed_out";
    out->code = CODE_TIMED_OUT;
    if (progress->is_away)
        tell_note(watching->command, "timed out: no answer any more (%s)", last->text);
    else
        tell_note(watching->command, "timed out: the server has no verdict yet");
}

static bool know(const struct watching *watching, struct progress *io, struct arena *arena,
                 struct watched *out, struct err *why)
{
    if (!io->is_known)
        io->is_known = watching->identify(watching->self, arena, &out->id, why);
    return io->is_known;
}

/* One round. True: it is over. */
static bool is_over(const struct watching *watching, struct progress *io, struct arena *arena,
                    struct err *last, struct watched *out)
{
    CLEANUP(arena_done) struct arena round; /* there may be thousands of them */
    arena_init(&round);
    struct judged now;
    if (know(watching, io, arena, out, last) && look(watching, out->id, &round, &now, last)) {
        if (!io->was_heard) {
            out->service = arena_strdup(arena, now.change.service);
            out->prev = arena_strdup(arena, now.change.prev);
        }
        heard(watching, io, &now);
        if (is_final(&now)) {
            end_judged(watching, &now, out);
            return true;
        }
    } else if (!may_pass(last)) {
        out->code = tell_fail(watching->command, last);
        return true;
    } else {
        unheard(watching, io, last);
    }
    if (monotonic_us() < io->deadline_us)
        return false;
    end_late(watching, io, last, out);
    return true;
}

void watching_run(const struct watching *watching, struct arena *arena, struct watched *out)
{
    struct err last;
    struct progress progress = {.every_s = watching->every_s ? watching->every_s : EVERY_S};
    const int64_t for_s = watching->wish.for_s ? watching->wish.for_s : FOR_S;
    progress.deadline_us =
        monotonic_us() + (for_s + GRACE_LOOKS * progress.every_s) * INT64_C(1000000);
    *out = (struct watched){.state = "failed", .id = "", .service = "", .prev = ""};
    while (!is_over(watching, &progress, arena, &last, out)) {
        const int signal_number = nap(progress.every_s * INT64_C(1000000));
        if (!signal_number)
            continue;
        tell_note(watching->command, "not watching any longer");
        out->state = "signalled";
        out->code = CODE_SIGNALLED + signal_number;
        return;
    }
}
