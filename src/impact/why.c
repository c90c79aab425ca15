#include "impact/why.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "impact/assess.h"
#include "impact/slice.h"

enum {
    WINDOW_S = 45 * 60,
    HORIZON_S = 3600,   /* around the time that was asked for, each way, at least */
    AFTER_S = 6 * 3600, /* so long is looked for its end */
    LATE_S = 600,       /* changes up to so long after the time are looked at: people round */
    SERIES_MAX = 1000,  /* that a name may give before it is refused: one is asked for */
    NEAR_MAX = 40,      /* other metrics beside it */
    SUSPECTS_MAX = 20,
    HISTORY_MAX = 20, /* earlier changes of a service */
    MISSING_MAX = 16,
    REASONS_MAX = 8, /* of one suspect */
    TAIL_POINTS = 5, /* so many back at the usual: it is over */
    SHORT_HISTORY_S = 2 * 86400,
};

static const double MOVED_P = 0.01;
static const double SHARE_MIN = 0.005; /* what rounds to nothing is not listed */
static const double GAPS_MAX = 0.2;    /* of the points around the time */

/* One question under way. */
struct asking {
    const struct impact_options *options;
    const struct why_question *question;
    struct arena *arena; /* of the answer */
    struct panel_question panel;
    struct panel_list list; /* the metric, then others beside it */
    struct slice slice;     /* those of one grid with it, itself first */
    struct weigh_cell *cells;
    size_t n_silent; /* of the others */
    struct change_list changes;
    struct weigh_cell cell;
    size_t until; /* of the grid: what is weighed */
    double *shares;
    struct why *out;
    bool is_gone; /* the metric had no points then */
};

PRINTF_LIKE(2, 3) static void miss(struct asking *a, const char *fmt, ...)
{
    if (a->out->n_missing == MISSING_MAX)
        return;
    va_list args;
    va_start(args, fmt);
    a->out->missing[a->out->n_missing++] = arena_vprintf(a->arena, fmt, args);
    va_end(args);
}

/* ---- the metric ---- */

static int64_t window_s(const struct asking *a)
{
    return a->question->window_s ? a->question->window_s : WINDOW_S;
}

static bool find_metric(struct asking *a, struct err *err)
{
    const char *target = a->question->target;
    struct impact_wish *wish = arena_alloc(a->arena, sizeof *wish);
    *wish = (struct impact_wish){.globs = &a->question->target, .n_globs = 1};
    a->panel.wish = wish;
    if (!panel_choose(&a->panel, a->arena, &a->list, err))
        return false;
    if (a->list.n == 0) {
        err_set(err, ERR_MISSING, "there is no series '%.200s'", target);
        err_hint(err, "plumb graph '%.100s' or /metrics/find?query=* shows what there is", target);
        return false;
    }
    if (a->list.n > 1) {
        err_set(err, ERR_LIMIT, "'%.200s' gives %zu series, and this is asked of one", target,
                a->list.n);
        err_hint(err, "name one of them, or their sum: sumSeries(%.100s)", target);
        return false;
    }
    return panel_add_near(&a->panel, NEAR_MAX, a->arena, &a->list, err);
}

/* The slice that has the metric, with it in front. */
static void pick_slice(const struct asking *a, struct panel_slice *slices, size_t n,
                       struct panel_slice **out)
{
    for (size_t i = 0; i < n; i++)
        for (size_t m = 0; m < slices[i].n; m++)
            if (slices[i].metrics[m] == &a->list.items[0]) {
                struct panel_metric *first = slices[i].metrics[0];
                slices[i].metrics[0] = slices[i].metrics[m];
                slices[i].metrics[m] = first;
                *out = &slices[i];
                return;
            }
}

static void say_lack(struct asking *a, enum panel_lack lack)
{
    static const char *const texts[PANEL_LACKS] = {
        [PANEL_UNKNOWN] = "There is no series of that name.",
        [PANEL_NO_POINTS] = "It has no points before that time.",
        [PANEL_SHORT] = "It has less than two hours of points before that time.",
        [PANEL_SILENT] = "It has had no points since that time.",
        [PANEL_WAITING] = "It has no points since that time yet.",
    };
    a->is_gone = true;
    miss(a, "%s", texts[lack]);
}

static bool load(struct asking *a, struct err *err)
{
    struct panel_slice *slices, *slice = NULL;
    size_t n;
    panel_cut(&a->panel, &a->list, a->arena, &slices, &n);
    pick_slice(a, slices, n, &slice);
    if (!slice) {
        say_lack(a, PANEL_NO_POINTS);
        return true;
    }
    enum panel_lack *lacks = arena_array(a->arena, slice->n, enum panel_lack);
    if (!slice_load(&a->panel, slice, max_i64(HORIZON_S, window_s(a)), a->arena, lacks, &a->slice,
                    err))
        return false;
    if (lacks[0])
        say_lack(a, lacks[0]);
    for (size_t i = 1; i < slice->n; i++)
        a->n_silent += lacks[i] == PANEL_SILENT;
    return true;
}

/* ---- the onset ---- */

/* Whoever asks said that it is likelier than others. */
static bool is_service_asked(const struct asking *a, const struct change *change)
{
    return a->question->service[0] && strcmp(change->service, a->question->service) == 0;
}

static void weigh_suspects(struct asking *a)
{
    const size_t n = a->changes.n;
    const struct weigh_changes changes =
        slice_changes(&a->slice, a->options->rules, a->changes.items, n, a->arena);
    bool *in_scope = arena_array(a->arena, a->slice.n, bool);
    memset(in_scope, true, a->slice.n);
    for (size_t c = 0; c < n; c++)
        if (is_service_asked(a, &a->changes.items[c]))
            changes.items[c].in_scope = in_scope;
    a->shares = arena_zarray(a->arena, n + 1, double);
    const struct weigh_question question = {0, a->slice.first, a->until};
    weigh_question(a->slice.weigh, &question, &changes, a->shares, &a->cell);
    a->out->has_moved = a->cell.has_moved || a->cell.p <= MOVED_P;
    a->out->has_data = a->cell.is_judged;
}

/* What else moved at the onset: as if a change had been there. */
static void weigh_others(struct asking *a)
{
    bool *in_scope = arena_array(a->arena, a->slice.n, bool);
    memset(in_scope, true, a->slice.n);
    struct weigh_change onset = {a->cell.since, in_scope};
    a->cells = arena_zarray(a->arena, a->slice.n, struct weigh_cell);
    if (a->slice.n > 1)
        weigh_change(a->slice.weigh, &(struct weigh_changes){&onset, 1, 0}, a->until, a->cells,
                     NULL);
}

static int64_t time_of(const struct asking *a, size_t i)
{
    return a->slice.grid.from_s + (int64_t)i * a->slice.grid.step_s;
}

/* From where on the values stay nearer to what was to be expected than half of the movement. */
static void find_end(struct asking *a)
{
    const double *row = a->slice.rows[0];
    const double half = 0.5 * fabs(a->cell.after - a->cell.expected);
    size_t back = a->slice.grid.n, n_back = 0;
    for (size_t i = a->slice.grid.n; i > a->cell.since; i--) {
        if (is_gap(row[i - 1]))
            continue;
        if (fabs(row[i - 1] - a->cell.expected) >= half)
            break;
        back = i - 1;
        n_back++;
    }
    a->out->is_over = n_back >= TAIL_POINTS;
    a->out->over_s = a->out->is_over ? time_of(a, back) : 0;
}

/* ---- suspects ---- */

static void add_reason(struct why_suspect *suspect, enum why_code code, double value, size_t n)
{
    if (suspect->n_reasons < REASONS_MAX)
        suspect->reasons[suspect->n_reasons++] = (struct why_reason){code, value, (uint32_t)n};
}

static void add_times(const struct asking *a, struct why_suspect *suspect)
{
    const struct change *change = &suspect->change;
    const int64_t onset_s = a->out->metric.since_s;
    const double since_start = (double)(onset_s * 1000 - change->start_ms) / 1000;
    const double since_end = (double)(onset_s * 1000 - change->end_ms) / 1000;
    /* The onset is known to the step of the grid. */
    const double slack = (double)a->slice.grid.step_s;
    if (since_start <= -slack)
        add_reason(suspect, WHY_STARTS_AFTER, -since_start, 0);
    else if (change->end_ms && change->end_ms > change->start_ms && since_end >= 0)
        add_reason(suspect, WHY_ENDS_BEFORE, since_end, 0);
    else
        add_reason(suspect, WHY_STARTS_BEFORE, fmax(0, since_start), 0);
}

static bool is_of_service(const struct asking *a, const struct change *change)
{
    return rules_in_scope(a->options->rules, change->service, a->list.items[0].name) ||
           is_service_asked(a, change);
}

static void add_others(const struct asking *a, struct why_suspect *suspect)
{
    size_t n = 0, n_moved = 0;
    for (size_t m = 1; m < a->slice.n_own; m++) {
        if (!a->cells[m].is_judged ||
            !rules_in_scope(a->options->rules, suspect->change.service, a->slice.metrics[m]->name))
            continue;
        n++;
        n_moved += a->cells[m].p <= MOVED_P;
    }
    if (n)
        add_reason(suspect, WHY_OTHERS_MOVED, (double)n_moved, n);
}

static bool moved_before(const struct verdict *verdicts, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < verdicts[i].n_moved; k++)
            if (strcmp(verdicts[i].moved[k].name, name) == 0)
                return true;
    return false;
}

/* How many of the earlier changes of its service moved this metric. */
static bool add_history(struct asking *a, struct why_suspect *suspect, struct err *err)
{
    const struct impact_records *records = &a->options->records;
    const struct change_query query = {.from_ms = 1,
                                       .until_ms = suspect->change.start_ms,
                                       .service = suspect->change.service,
                                       .kind = -1,
                                       .n_max = HISTORY_MAX};
    struct change_list earlier = {0};
    size_t n_judged = 0, n_moved = 0;
    if (!records->list || !suspect->change.service[0])
        return true;
    if (!a->options->changes.ops->list(a->options->changes.self, &query, a->arena, &earlier, err))
        return false;
    for (size_t i = 0; i < earlier.n; i++) {
        struct verdict *verdicts;
        size_t n = 0;
        if (!records->list(records->self, earlier.items[i].id, a->arena, &verdicts, &n, err))
            return false;
        n_judged += n > 0;
        n_moved += moved_before(verdicts, n, a->list.items[0].name);
    }
    if (n_judged)
        add_reason(suspect, WHY_HISTORY, (double)n_moved, n_judged);
    return true;
}

/* It went back to usual after something that undid the suspect. */
static bool add_undone(struct asking *a, struct why_suspect *suspect, struct err *err)
{
    const struct change_query query = {
        .from_ms = suspect->change.start_ms, .until_ms = (a->out->over_s + 1) * 1000, .kind = -1};
    struct change_list later = {0};
    if (!a->out->is_over)
        return true;
    if (!a->options->changes.ops->list(a->options->changes.self, &query, a->arena, &later, err))
        return false;
    for (size_t i = 0; i < later.n; i++) {
        const struct change *undo = &later.items[i];
        if (undo->is_retracted || strcmp(undo->of, suspect->change.id) != 0)
            continue;
        const int64_t end_ms = undo->end_ms ? undo->end_ms : undo->start_ms;
        add_reason(suspect, WHY_UNDONE, fmax(0, (double)(a->out->over_s * 1000 - end_ms) / 1000),
                   0);
        return true;
    }
    return true;
}

static bool add_suspect(struct asking *a, size_t which, struct err *err)
{
    struct why_suspect *suspect = &a->out->suspects[a->out->n_suspects];
    *suspect =
        (struct why_suspect){.share = a->shares[which],
                             .reasons = arena_array(a->arena, REASONS_MAX, struct why_reason)};
    /* The list has its start where a long run enters the window. */
    if (!a->options->changes.ops->get(a->options->changes.self, a->changes.items[which].id,
                                      a->arena, &suspect->change, err))
        return false;
    add_times(a, suspect);
    if (is_of_service(a, &suspect->change))
        add_reason(suspect, WHY_SAME_SERVICE, 0, 0);
    add_others(a, suspect);
    if (!add_history(a, suspect, err) || !add_undone(a, suspect, err))
        return false;
    a->out->n_suspects++;
    return true;
}

/* The most likely first. */
static bool add_suspects(struct asking *a, struct err *err)
{
    const size_t n = a->changes.n;
    bool *is_taken = arena_zarray(a->arena, n + 1, bool);
    a->out->suspects = arena_array(a->arena, SUSPECTS_MAX, struct why_suspect);
    while (a->out->n_suspects < SUSPECTS_MAX) {
        size_t best = n;
        for (size_t c = 0; c < n; c++)
            if (!is_taken[c] && a->shares[c] >= SHARE_MIN &&
                (best == n || a->shares[c] > a->shares[best]))
                best = c;
        if (best == n)
            return true;
        is_taken[best] = true;
        if (!add_suspect(a, best, err))
            return false;
    }
    return true;
}

/* ---- what could not be looked at ---- */

static void miss_gaps(struct asking *a)
{
    const size_t from = a->slice.first > a->slice.horizon ? a->slice.first - a->slice.horizon : 0;
    size_t n = 0;
    for (size_t i = from; i < a->until; i++)
        n += is_gap(a->slice.rows[0][i]);
    if ((double)n > GAPS_MAX * (double)(a->until - from))
        miss(a, "%zu of its %zu points around that time are missing.", n, a->until - from);
}

static bool miss_third_parties(struct asking *a, struct err *err)
{
    const struct change_query query = {.kind = CHANGE_THIRDPARTY, .n_max = 1};
    struct change_list known = {0};
    if (!a->options->changes.ops->list(a->options->changes.self, &query, a->arena, &known, err))
        return false;
    if (!known.n)
        miss(a,
             "Nothing is known of third parties: no change of kind thirdparty was ever recorded.");
    return true;
}

static void miss_history(struct asking *a)
{
    const int64_t history_s = (int64_t)a->slice.first * a->slice.grid.step_s;
    if (history_s < SHORT_HISTORY_S)
        miss(a, "There are only %lld h of history: what is usual at this time of day is not known.",
             (long long)(history_s / 3600));
    if (a->n_silent)
        miss(a, "Other metrics beside it without points since that time: %zu.", a->n_silent);
}

/* ---- the answer ---- */

static void take_question(struct asking *a)
{
    const int64_t now_s = clock_s(&a->options->clock);
    const int64_t at_s = a->question->at_s ? a->question->at_s : now_s;
    const int64_t horizon_s = max_i64(HORIZON_S, window_s(a));
    const int64_t step_s = slice_step_s(horizon_s);
    /* A question about now has its onset before; some points after the time must be there. */
    const int64_t latest_s = now_s - IMPACT_SETTLE_S - PANEL_SILENT_POINTS * step_s;
    a->out->at_s = at_s;
    a->panel = (struct panel_question){
        .options = a->options,
        .service = a->question->service,
        .at_s = min_i64(at_s, latest_s),
        .until_s = min_i64(now_s - IMPACT_SETTLE_S, at_s + max_i64(horizon_s, AFTER_S)),
        .now_s = now_s,
        .step_s = step_s,
        .n_max = SERIES_MAX,
    };
}

static bool take_changes(struct asking *a, struct err *err)
{
    const int64_t at_s = a->out->at_s;
    const int64_t window[2] = {at_s - window_s(a), min_i64(a->panel.now_s, at_s + LATE_S) + 1};
    if (!assess_neighbours(a->options, NULL, at_s, window, a->arena, &a->changes, err))
        return false;
    a->out->n_changes = a->changes.n;
    return true;
}

static bool answer(struct asking *a, struct err *err)
{
    a->until = min_size(a->slice.first + a->slice.horizon, a->slice.grid.n);
    weigh_suspects(a);
    a->out->metric = slice_metric(&a->slice, 0, a->options->rules, &a->cell,
                                  a->out->has_moved ? a->cell.since : SIZE_MAX);
    miss_gaps(a);
    miss_history(a);
    a->out->none_share = 1;
    if (!a->out->has_moved)
        return true;
    weigh_others(a);
    find_end(a);
    for (size_t c = 0; c < a->changes.n; c++)
        a->out->none_share -= a->shares[c];
    a->out->none_share = fmax(0, a->out->none_share);
    return add_suspects(a, err);
}

bool why_ask(const struct impact_options *options, const struct why_question *question,
             struct arena *arena, struct why *out, struct err *err)
{
    struct why why = {.target = question->target,
                      .missing = arena_array(arena, MISSING_MAX, const char *),
                      .none_share = 1};
    struct asking a = {.options = options, .question = question, .arena = arena, .out = &why};
    take_question(&a);
    if (!find_metric(&a, err) || !load(&a, err) || !take_changes(&a, err) ||
        (!a.is_gone && !answer(&a, err)) || !miss_third_parties(&a, err))
        return false;
    *out = why;
    return true;
}
