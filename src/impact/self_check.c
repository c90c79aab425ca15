#include "impact/self_check.h"

#include <math.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"

enum {
    DAY_S = 86400,
    GRID_S = 300,   /* between times that are tried */
    FRESH_S = 3600, /* the last hour may still get late points and changes */
    DETAIL_BYTES_MAX = 4096,
};

static bool is_quiet(const struct change *changes, size_t n, int64_t at_s, int64_t now_s)
{
    for (size_t i = 0; i < n; i++)
        if (assess_can_move(&changes[i]) &&
            changes[i].start_ms / 1000 - SELF_CHECK_QUIET_S < at_s &&
            assess_end_s(&changes[i], now_s) + SELF_CHECK_QUIET_S > at_s)
            return false;
    return true;
}

size_t self_check_times(const struct change *changes, size_t n, int64_t now_s,
                        int64_t out[SELF_CHECK_TIMES])
{
    int64_t quiet[DAY_S / GRID_S];
    size_t n_quiet = 0;
    const int64_t from_s = now_s - now_s % GRID_S - DAY_S + GRID_S;
    for (int64_t at_s = from_s; at_s < now_s - FRESH_S; at_s += GRID_S)
        if (is_quiet(changes, n, at_s, now_s))
            quiet[n_quiet++] = at_s;
    const size_t n_out = min_size(n_quiet, SELF_CHECK_TIMES);
    for (size_t i = 0; i < n_out; i++)
        out[i] = quiet[i * n_quiet / n_out];
    return n_out;
}

/* As if the services of the day's changes had been changed, one after the other. */
static const char *service_of(const struct change_list *changes, size_t i)
{
    return changes->n ? changes->items[i % changes->n].service : "";
}

static bool list_day(const struct impact_options *options, int64_t now_s, struct arena *arena,
                     struct change_list *out, struct err *err)
{
    /* What runs into the day began at most another day before. */
    const struct change_query query = {
        .from_ms = (now_s - 2 * DAY_S) * 1000, .until_ms = now_s * 1000 + 1000, .kind = -1};
    return options->changes.ops->list(options->changes.self, &query, arena, out, err);
}

static bool judge_nothing(const struct impact_options *options, const struct self_check_rest *rest,
                          const struct change *pseudo, struct assess_tally *tally, struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    const struct impact_wish wish = {.stage = VERDICT_15M};
    const struct assess_job job = {.options = options,
                                   .change = pseudo,
                                   .wish = &wish,
                                   .false_alarms = (double)NAN,
                                   .n_max = SELF_CHECK_METRICS,
                                   .rest = rest->rest,
                                   .rest_self = rest->self,
                                   .tally = tally};
    struct verdict verdict;
    return assess_run(&job, &arena, &verdict, err);
}

static const char *write_detail(const struct assess_tally *tally, struct arena *arena)
{
    CLEANUP(buf_done) struct buf text;
    struct jsonw json;
    buf_init(&text, DETAIL_BYTES_MAX);
    jsonw_init(&json, &text, 0);
    jsonw_object(&json);
    for (enum assess_class which = 0; which < ASSESS_CLASSES; which++) {
        jsonw_key(&json, assess_class_name(which));
        jsonw_object(&json);
        jsonw_put_i64(&json, "judged", (int64_t)tally->n_judged[which]);
        jsonw_put_i64(&json, "moved", (int64_t)tally->n_moved[which]);
        jsonw_end(&json);
    }
    jsonw_end(&json);
    return arena_strdup(arena, buf_text(&text));
}

static bool judge_times(const struct impact_options *options, const struct self_check_rest *rest,
                        struct arena *arena, struct assess_tally *tally, struct err *err)
{
    const int64_t now_s = clock_s(&options->clock);
    int64_t times[SELF_CHECK_TIMES];
    struct change_list changes = {0};
    if (!list_day(options, now_s, arena, &changes, err))
        return false;
    const size_t n = self_check_times(changes.items, changes.n, now_s, times);
    for (size_t i = 0; i < n; i++) {
        struct change pseudo = change_blank();
        pseudo.service = service_of(&changes, i);
        pseudo.env = "production";
        pseudo.start_ms = pseudo.end_ms = times[i] * 1000;
        pseudo.status = STATUS_SUCCEEDED;
        if (!judge_nothing(options, rest, &pseudo, tally, err))
            return false;
    }
    return true;
}

bool self_check_run(const struct impact_options *options, const struct self_check_rest *rest,
                    struct arena *arena, struct impact_check *out, bool *out_is_known,
                    struct err *err)
{
    struct assess_tally tally = {0};
    uint64_t n_judged = 0, n_moved = 0;
    if (!judge_times(options, rest, arena, &tally, err))
        return false;
    for (size_t i = 0; i < ASSESS_CLASSES; i++) {
        n_judged += tally.n_judged[i];
        n_moved += tally.n_moved[i];
    }
    *out_is_known = n_judged >= SELF_CHECK_ENOUGH;
    if (*out_is_known)
        *out = (struct impact_check){
            .at_ms = clock_us(&options->clock) / 1000,
            .false_alarms = 1000 * (double)n_moved / (double)n_judged,
            .n_metrics = n_judged,
            .detail = write_detail(&tally, arena),
        };
    return true;
}
