#include "cli/doctor_checks.h"

#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/num.h"
#include "cli/terminal.h"

enum {
    CLOCK_MS_LOOK = 2000,
    CLOCK_MS_MEND = 30000, /* from there on the ledger corrects times, and points land elsewhere */
    FALSE_ALARMS_LOOK = 5, /* of 1,000 */
    JUDGE_LAG_S_LOOK = 1800, /* a verdict after so long is of little use to whoever deployed */
    FREE_PERCENT_LOOK = 15,
    FREE_PERCENT_MEND = 5,
};

void doctor_checks_add(struct doctor_report *report, const char *name, enum doctor_mark mark,
                       const char *todo, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *text = arena_vprintf(report->arena, fmt, args);
    va_end(args);
    arena_grow(report->arena, &report->items, &report->cap, report->n + 1, sizeof *report->items);
    report->items[report->n++] = (struct doctor_check){name, mark, text, todo};
}

static long long count_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool is_answer(struct doctor_report *report, const char *name, bool is_right)
{
    if (!is_right)
        doctor_checks_add(report, name, DOCTOR_MEND, "is it a plumb server, and as new as this?",
                          "the answer is not what a plumb server says");
    return is_right;
}

/* ---- /api/v1/stats ---- */

static void check_version(struct doctor_report *report, const json_t *stats)
{
    const char *version = text_of(stats, "version");
    if (strcmp(version, PLUMB_VERSION) == 0)
        doctor_checks_add(report, "version", DOCTOR_FINE, "", "plumb %.40s, here and there",
                          version);
    else
        doctor_checks_add(report, "version", DOCTOR_LOOK, "update the older of the two",
                          "the server is plumb %.40s, this is %s", version[0] ? version : "older",
                          PLUMB_VERSION);
}

static void check_clock(struct doctor_report *report, const json_t *stats, int64_t now_ms)
{
    const long long there_ms = count_of(stats, "clock.ms");
    if (there_ms <= 0 || there_ms > INT64_C(4294967296000))
        return;
    const long long apart_ms = there_ms > now_ms ? there_ms - now_ms : now_ms - there_ms;
    const enum doctor_mark mark = apart_ms > CLOCK_MS_MEND   ? DOCTOR_MEND
                                  : apart_ms > CLOCK_MS_LOOK ? DOCTOR_LOOK
                                                             : DOCTOR_FINE;
    doctor_checks_add(report, "clock", mark,
                      mark ? "is time synchronised (timedatectl), here and there?" : "",
                      "the server's is %lld.%lld s %s", apart_ms / 1000, apart_ms % 1000 / 100,
                      there_ms >= now_ms ? "ahead" : "behind");
}

static void check_disk(struct doctor_report *report, const json_t *stats)
{
    const long long total = count_of(stats, "disk.total_bytes"),
                    free_bytes = count_of(stats, "disk.free_bytes");
    if (total < 100)
        return;
    const long long percent = free_bytes / (total / 100);
    const enum doctor_mark mark = percent < FREE_PERCENT_MEND   ? DOCTOR_MEND
                                  : percent < FREE_PERCENT_LOOK ? DOCTOR_LOOK
                                                                : DOCTOR_FINE;
    doctor_checks_add(report, "disk", mark,
                      mark ? "make room, or keep less: retentions in storage-schemas.conf" : "",
                      "%lld %% of %s GB are free for the server's data", percent,
                      terminal_grouped(report->arena, (uint64_t)total / 1000000000));
}

static void check_store(struct doctor_report *report, const json_t *stats)
{
    const long long corrupt = count_of(stats, "store.files_corrupt");
    const char *series = terminal_grouped(report->arena, (uint64_t)count_of(stats, "store.series"));
    if (corrupt)
        doctor_checks_add(report, "store", DOCTOR_MEND, "plumb verify, on the server, names them",
                          "%lld files are damaged", corrupt);
    else
        doctor_checks_add(report, "store", DOCTOR_FINE, "", "%s series, no damaged files", series);
}

static void check_ledger(struct doctor_report *report, const json_t *stats)
{
    const long long refused = count_of(stats, "ledger.refused");
    const char *changes =
        terminal_grouped(report->arena, (uint64_t)count_of(stats, "ledger.changes"));
    const char *rows = terminal_grouped(report->arena, (uint64_t)count_of(stats, "ledger.rows"));
    doctor_checks_add(report, "ledger", refused ? DOCTOR_LOOK : DOCTOR_FINE,
                      refused ? "see rejects, and the server's log for what its disk says" : "",
                      "%s changes in %s rows, %lld refused; plumb verify --ledger checks each",
                      changes, rows, refused);
}

/* "; of 1,000 quiet metrics 2.9 look moved", once that was measured. */
static const char *alarms_text(const struct doctor_report *report, const json_t *alarms)
{
    char number[NUM_TEXT_MAX];
    if (!json_is_number(alarms))
        return "";
    num_format_fixed(number, sizeof number, json_number_value(alarms), 1);
    return arena_printf(report->arena, "; of 1,000 quiet metrics %s look moved", number);
}

/* Nothing of a server that is older than the judge. */
static void check_judge(struct doctor_report *report, const json_t *stats)
{
    const long long failed = count_of(stats, "judge.failed"),
                    lag_s = count_of(stats, "judge.lag_s");
    const json_t *alarms = json_object_get(stats, "judge.false_alarms");
    const char *hint = "";
    if (!json_object_get(stats, "judge.on"))
        return;
    if (!count_of(stats, "judge.on")) {
        doctor_checks_add(report, "judge", DOCTOR_FINE, "",
                          "off ([impact] cpu-share): changes are judged when somebody asks");
        return;
    }
    if (json_number_value(alarms) > FALSE_ALARMS_LOOK)
        hint = "[impact] ignore leaves out what moves by itself";
    if (lag_s > JUDGE_LAG_S_LOOK)
        hint = "[impact] cpu-share gives it more time, metrics-max and ignore less to do";
    if (failed)
        hint = "the server's log says why";
    doctor_checks_add(report, "judge", hint[0] ? DOCTOR_LOOK : DOCTOR_FINE, hint,
                      "%s verdicts, %lld wait, %lld failed; the newest came %lld s late%s",
                      terminal_grouped(report->arena, (uint64_t)count_of(stats, "judge.verdicts")),
                      count_of(stats, "judge.waiting"), failed, lag_s, alarms_text(report, alarms));
}

void doctor_checks_stats(struct doctor_report *report, const char *json, size_t n, int64_t now_ms)
{
    json_auto_t *stats = n ? json_loadb(json, n, 0, NULL) : NULL;
    if (!is_answer(report, "server", json_is_object(stats)))
        return;
    check_version(report, stats);
    check_clock(report, stats, now_ms);
    check_disk(report, stats);
    check_store(report, stats);
    check_ledger(report, stats);
    check_judge(report, stats);
}

/* ---- /hook ---- */

static bool is_bad(const json_t *entry)
{
    const char *fate = text_of(entry, "fate");
    return strcmp(fate, "refused") == 0 || strcmp(fate, "failed") == 0;
}

/* Newest first. */
static void check_hook(struct doctor_report *report, const char *hook, const char *answer,
                       long long n_bad)
{
    json_auto_t *entries = answer ? json_loads(answer, 0, NULL) : NULL;
    const json_t *newest = json_array_get(entries, 0), *bad = NULL;
    for (size_t i = 0; i < json_array_size(entries) && !bad; i++)
        if (is_bad(json_array_get(entries, i)))
            bad = json_array_get(entries, i);
    const bool is_still = newest && newest == bad;
    doctor_checks_add(report, "hooks", is_still ? DOCTOR_MEND : DOCTOR_LOOK,
                      arena_printf(report->arena, "GET /hook/%s lists what arrived", hook),
                      "%s: %lld refused or failed%s%s%s%s", hook, n_bad,
                      is_still ? ", the last one too" : ", but not the last one", bad ? ": " : "",
                      bad ? text_of(bad, "event") : "",
                      bad ? arena_printf(report->arena, " %s", text_of(bad, "reason")) : "");
}

void doctor_checks_hooks(struct doctor_report *report, const char *json, size_t n,
                         const struct doctor_ask *ask)
{
    json_auto_t *root = n ? json_loadb(json, n, 0, NULL) : NULL;
    const json_t *hooks = json_object_get(root, "hooks");
    if (!is_answer(report, "hooks", json_is_array(hooks)))
        return;
    long long n_taken = 0, n_hooks_bad = 0;
    for (size_t i = 0; i < json_array_size(hooks); i++) {
        const json_t *hook = json_array_get(hooks, i);
        const long long n_bad = count_of(hook, "refused") + count_of(hook, "failed");
        n_taken += count_of(hook, "taken");
        if (n_bad == 0)
            continue;
        const char *name =
            arena_printf(report->arena, "%s/%s", text_of(hook, "source"), text_of(hook, "name"));
        check_hook(report, name, ask->ask(ask->self, name), n_bad);
        n_hooks_bad++;
    }
    if (n_hooks_bad == 0)
        doctor_checks_add(report, "hooks", DOCTOR_FINE, "",
                          "%zu of them, %lld deliveries taken since the start, none refused",
                          json_array_size(hooks), n_taken);
}

/* ---- /api/v1/announce ---- */

static bool check_channel(struct doctor_report *report, const json_t *channel)
{
    const char *state = text_of(channel, "state"), *name = text_of(channel, "name");
    const long long dead = count_of(channel, "dead");
    const bool is_ok = strcmp(state, "ok") == 0;
    const char *todo =
        arena_printf(report->arena, "POST /api/v1/announce/test?channel=%s tries it", name);
    if (!is_ok)
        doctor_checks_add(report, "announce", DOCTOR_MEND, todo, "%s is %s, %lld wait: %s", name,
                          state, count_of(channel, "waiting"), text_of(channel, "error"));
    else if (dead)
        doctor_checks_add(report, "announce", DOCTOR_LOOK, todo,
                          "%s: %lld could not be told and were given up", name, dead);
    return is_ok && !dead;
}

void doctor_checks_announce(struct doctor_report *report, const char *json, size_t n)
{
    json_auto_t *root = n ? json_loadb(json, n, 0, NULL) : NULL;
    const json_t *channels = json_is_array(root) ? root : json_object_get(root, "channels");
    if (!is_answer(report, "announce", json_is_array(channels)))
        return;
    bool is_fine = true;
    for (size_t i = 0; i < json_array_size(channels); i++)
        is_fine &= check_channel(report, json_array_get(channels, i));
    if (is_fine)
        doctor_checks_add(report, "announce", DOCTOR_FINE, "", "%zu channels, none behind",
                          json_array_size(channels));
}

/* ---- /api/v1/rejects ---- */

void doctor_checks_rejects(struct doctor_report *report, const char *json, size_t n)
{
    json_auto_t *root = n ? json_loadb(json, n, 0, NULL) : NULL;
    const json_t *counts = json_object_get(root, "counts");
    const json_t *last = json_array_get(json_object_get(root, "rejects"), 0);
    long long refused = 0;
    if (!is_answer(report, "lines", json_is_object(counts)))
        return;
    json_t *mutable_counts = (json_t *)(uintptr_t)counts; /* jansson's iterators take no const */
    for (void *at = json_object_iter(mutable_counts); at;
         at = json_object_iter_next(mutable_counts, at))
        refused += json_is_integer(json_object_iter_value(at)) &&
                           json_integer_value(json_object_iter_value(at)) > 0
                       ? min_i64(json_integer_value(json_object_iter_value(at)), INT32_MAX)
                       : 0;
    if (refused == 0)
        doctor_checks_add(report, "lines", DOCTOR_FINE, "", "none refused since the start");
    else
        doctor_checks_add(report, "lines", DOCTOR_LOOK,
                          "GET /api/v1/rejects lists the newest, with who sent them",
                          "%lld refused since the start, the last from %s: %s: %s", refused,
                          text_of(last, "from"), text_of(last, "reason"), text_of(last, "line"));
}

/* ---- telling ---- */

enum doctor_mark doctor_checks_worst(const struct doctor_report *report)
{
    enum doctor_mark worst = DOCTOR_FINE;
    for (size_t i = 0; i < report->n; i++)
        if (report->items[i].mark > worst)
            worst = report->items[i].mark;
    return worst;
}

void doctor_checks_print(const struct doctor_report *report, bool has_utf8, struct buf *out)
{
    static const char *const marks[] = {"\xe2\x9c\x93", "!", "\xe2\x9c\x97"};
    static const char *const plain[] = {"+", "!", "x"};
    for (size_t i = 0; i < report->n; i++) {
        const struct doctor_check *check = &report->items[i];
        buf_printf(out, "%s %-9s ", has_utf8 ? marks[check->mark] : plain[check->mark],
                   check->name);
        terminal_clean(out, check->text);
        buf_add_char(out, '\n');
        if (!check->todo[0])
            continue;
        buf_add_str(out, "            ");
        terminal_clean(out, check->todo);
        buf_add_char(out, '\n');
    }
}

void doctor_checks_json(const struct doctor_report *report, struct buf *out)
{
    static const char *const words[] = {"fine", "look", "mend"};
    struct jsonw json;
    jsonw_init(&json, out, 0);
    jsonw_object(&json);
    jsonw_put_text(&json, "state", words[doctor_checks_worst(report)]);
    jsonw_key(&json, "checks");
    jsonw_array(&json);
    for (size_t i = 0; i < report->n; i++) {
        jsonw_object(&json);
        jsonw_put_text(&json, "check", report->items[i].name);
        jsonw_put_text(&json, "state", words[report->items[i].mark]);
        jsonw_put_text(&json, "text", report->items[i].text);
        jsonw_put_text(&json, "todo", report->items[i].todo);
        jsonw_end(&json);
    }
    jsonw_end(&json);
    jsonw_end(&json);
    buf_add_char(out, '\n');
}
