#include "impact/assess.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "impact/slice.h"
#include "impact/verdict_make.h"

enum {
    QUERY_METRICS_MAX = 500, /* while somebody waits: half a second or so */
    FOR_MAX_S = 7 * 86400,
};

static const double STANDS_OUT_P = 0.01; /* it is worth asking who did it */
static const double RIVAL_SHARE = 0.5;   /* of the one's share, each of the other: not told apart */
static const double RIVAL_SHARE_MIN = 0.2;

static const char METHOD[] = "1";

/* One judgement under way. */
struct assessing {
    const struct assess_job *job;
    struct arena *arena;      /* of the answer */
    struct arena slice_arena; /* of one slice */
    struct panel_question question;
    struct panel_list list;
    struct change_list changes; /* this one, then its neighbours */
    struct verdict_make_item *items;
    size_t n_items;
    struct verdict_make_facts facts;
    int64_t at_s, over_s; /* it can have moved metrics from at_s on; the horizon's end */
};

const char *assess_class_name(enum assess_class which)
{
    static const char *const names[ASSESS_CLASSES] = {"counts", "ratios", "values"};
    return names[which];
}

int64_t assess_horizon_s(enum verdict_stage stage)
{
    static const int64_t horizons_s[VERDICT_STAGES] = {900, 900, 3600, 86400};
    return horizons_s[stage];
}

int64_t assess_end_s(const struct change *change, int64_t now_s)
{
    const int64_t start_s = change->start_ms / 1000;
    return max_i64(start_s, change->end_ms ? change->end_ms / 1000 : now_s);
}

/* ---- times ---- */

static bool take_times(struct assessing *a, struct err *err)
{
    const struct assess_job *job = a->job;
    const struct impact_wish *wish = job->wish;
    const int64_t now_s = clock_s(&job->options->clock);
    const int64_t end_s = assess_end_s(job->change, now_s);
    const int64_t horizon_s = wish->for_s ? wish->for_s : assess_horizon_s(wish->stage);
    if (horizon_s < SLICE_FINE_S || horizon_s > FOR_MAX_S)
        return FAIL(err, ERR_INPUT, "%lld s after a change are not from a minute to 7 days",
                    (long long)horizon_s);
    const int64_t step_s = slice_step_s(horizon_s);
    a->at_s = job->change->start_ms / 1000;
    a->facts.span_s = end_s - a->at_s;
    a->facts.is_running = job->change->end_ms == 0;
    a->facts.has_begun = a->at_s <= now_s;
    /* So long a run would leave no window before it to compare with. */
    a->facts.is_late_only = a->facts.span_s + horizon_s > SLICE_HORIZON_MAX * step_s;
    if (a->facts.is_late_only)
        a->at_s = end_s;
    a->over_s = end_s + horizon_s;
    a->facts.is_over = now_s >= a->over_s + IMPACT_SETTLE_S;
    const size_t n_max = job->n_max ? job->n_max : job->options->rules->n_metrics_max;
    const bool is_bounded = !job->rest && !wish->n_globs;
    a->question = (struct panel_question){
        .options = job->options,
        .wish = wish,
        .service = job->change->service,
        .at_s = a->at_s,
        .until_s = min_i64(a->over_s, now_s - IMPACT_SETTLE_S),
        .now_s = now_s,
        .step_s = step_s,
        .n_max = is_bounded ? min_size(n_max, QUERY_METRICS_MAX) : n_max,
    };
    return true;
}

static int64_t horizon_s_of(const struct assessing *a)
{
    return a->over_s - a->at_s;
}

static bool take_changes(struct assessing *a, struct err *err)
{
    const int64_t window_s[2] = {a->at_s - horizon_s_of(a), a->over_s};
    struct change_list near = {0};
    if (!assess_neighbours(a->job->options, a->job->change, a->at_s, window_s, a->arena, &near,
                           err))
        return false;
    a->changes.items = arena_array(a->arena, near.n + 1, struct change);
    a->changes.items[0] = *a->job->change;
    a->changes.items[0].start_ms = a->at_s * 1000;
    memcpy(a->changes.items + 1, near.items, near.n * sizeof *near.items);
    a->changes.n = near.n + 1;
    a->facts.neighbours = a->changes.items + 1;
    a->facts.n_neighbours = near.n;
    return true;
}

/* ---- one slice ---- */

static struct verdict_make_item *add_item(struct assessing *a)
{
    struct verdict_make_item *item = &a->items[a->n_items++];
    *item = (struct verdict_make_item){0};
    return item;
}

static void add_lacking(struct assessing *a, const struct panel_metric *metric,
                        enum verdict_make_lack lack)
{
    struct verdict_make_item *item = add_item(a);
    item->metric.name = metric->name;
    item->metric.is_vital = metric->vital != NULL;
    item->is_asked = metric->is_asked;
    item->lack = lack;
}

static enum verdict_make_lack lack_of(enum panel_lack lack)
{
    static const enum verdict_make_lack lacks[PANEL_LACKS] = {
        [PANEL_HAS_ALL] = LACK_GAPS,        [PANEL_UNKNOWN] = LACK_UNKNOWN,
        [PANEL_NO_POINTS] = LACK_NO_POINTS, [PANEL_SHORT] = LACK_SHORT,
        [PANEL_SILENT] = LACK_SILENT,       [PANEL_WAITING] = LACK_WAITING,
    };
    return lacks[lack];
}

/* A look while it goes on pays for the looks before it: the gate's alarm alone counts. Once its horizon is over,
 * the whole window counts too. */
static bool has_moved(const struct assessing *a, const struct weigh_cell *cell, size_t first,
                      size_t *out_since)
{
    const bool is_live = a->job->wish->stage == VERDICT_LIVE && !a->facts.is_over;
    *out_since = SIZE_MAX;
    if (cell->has_moved && !is_live) {
        *out_since = cell->since;
        return true;
    }
    if (a->job->wish->stage != VERDICT_LIVE || !cell->alarm)
        return false;
    *out_since = cell->has_moved ? cell->since : first + cell->alarm - 1;
    return true;
}

/* A neighbour that explains the movement about as well as this change does. */
static const struct change *rival_of(struct assessing *a, const struct slice *slice,
                                     const struct weigh_changes *changes, size_t m,
                                     const struct weigh_cell *cell)
{
    const size_t n = a->changes.n;
    if (n < 2 || !(cell->p <= STANDS_OUT_P))
        return NULL;
    double *shares = arena_zarray(&a->slice_arena, n, double);
    struct weigh_cell ignored;
    const size_t at = cell->since > 0 && cell->since < slice->grid.n ? cell->since : slice->first;
    const struct weigh_question question = {m, at, slice->grid.n};
    weigh_question(slice->weigh, &question, changes, shares, &ignored);
    size_t best = 1;
    for (size_t c = 2; c < n; c++)
        if (shares[c] > shares[best])
            best = c;
    const bool is_tie = shares[0] >= RIVAL_SHARE_MIN && shares[best] >= RIVAL_SHARE_MIN &&
                        shares[best] >= RIVAL_SHARE * shares[0] &&
                        shares[0] >= RIVAL_SHARE * shares[best];
    return is_tie ? &a->changes.items[best] : NULL;
}

static enum assess_class class_of(const double *row, size_t n)
{
    bool is_integer = true, is_share = true;
    for (size_t i = 0; i < n; i++) {
        if (is_gap(row[i]))
            continue;
        is_integer &= row[i] >= 0 && row[i] == floor(row[i]);
        is_share &= row[i] >= 0 && row[i] <= 1;
    }
    return is_integer ? ASSESS_COUNTS : is_share ? ASSESS_RATIOS : ASSESS_VALUES;
}

static void count(const struct assessing *a, const struct slice *slice, size_t m, bool moved)
{
    struct assess_tally *tally = a->job->tally;
    if (!tally)
        return;
    const enum assess_class which = class_of(slice->rows[m], slice->grid.n);
    tally->n_judged[which]++;
    tally->n_moved[which] += moved;
}

static void take_cell(struct assessing *a, const struct slice *slice,
                      const struct weigh_changes *changes, size_t m, const struct weigh_cell *cell)
{
    const struct panel_metric *metric = slice->metrics[m];
    size_t since;
    if (!cell->is_judged) {
        add_lacking(a, metric, LACK_GAPS);
        return;
    }
    struct verdict_make_item *item = add_item(a);
    item->has_moved = has_moved(a, cell, slice->first, &since);
    item->metric = slice_metric(slice, m, a->job->options->rules, cell, since);
    item->rings = item->has_moved && !cell->has_moved;
    item->chance = cell->chance;
    item->rival = rival_of(a, slice, changes, m, cell);
    count(a, slice, m, item->has_moved);
}

/* Where no metric is the service's own, all count as it. */
static void widen_scope(struct assessing *a, struct weigh_change *own, size_t n)
{
    if (a->list.has_own_scope)
        return;
    bool *all = arena_array(&a->slice_arena, n + 1, bool);
    memset(all, true, n);
    own->in_scope = all;
}

static bool weigh_slice(struct assessing *a, const struct panel_slice *cut, struct err *err)
{
    enum panel_lack *lacks = arena_array(&a->slice_arena, cut->n, enum panel_lack);
    struct slice slice = {.has_gate = a->job->wish->stage == VERDICT_LIVE};
    bool is_broad = false;
    if (!slice_load(&a->question, cut, horizon_s_of(a), &a->slice_arena, lacks, &slice, err))
        return false;
    for (size_t i = 0; i < cut->n; i++)
        if (lacks[i])
            add_lacking(a, cut->metrics[i], lack_of(lacks[i]));
    if (!slice.n_own)
        return true;
    const struct weigh_changes changes = slice_changes(
        &slice, a->job->options->rules, a->changes.items, a->changes.n, &a->slice_arena);
    widen_scope(a, &changes.items[0], slice.n);
    struct weigh_cell *cells = arena_zarray(&a->slice_arena, slice.n, struct weigh_cell);
    weigh_change(slice.weigh, &changes, slice.grid.n, cells, &is_broad);
    for (size_t m = 0; m < slice.n_own; m++)
        take_cell(a, &slice, &changes, m, &cells[m]);
    a->facts.is_broad |= is_broad;
    a->facts.history_s = max_i64(a->facts.history_s, (int64_t)slice.first * slice.grid.step_s);
    return true;
}

static bool weigh_all(struct assessing *a, struct err *err)
{
    struct panel_slice *slices;
    size_t n;
    panel_cut(&a->question, &a->list, a->arena, &slices, &n);
    for (size_t i = 0; i < n; i++) {
        arena_reset(&a->slice_arena);
        if (i > 0 && a->job->rest && !a->job->rest(a->job->rest_self))
            return FAIL(err, ERR_BUSY, "the judge was told to stop");
        if (!weigh_slice(a, &slices[i], err))
            return false;
    }
    return true;
}

static bool weigh_panel(struct assessing *a, struct err *err)
{
    if (!panel_choose(&a->question, a->arena, &a->list, err) || !take_changes(a, err))
        return false;
    a->items = arena_array(a->arena, a->list.n + a->list.n_missing + 1, struct verdict_make_item);
    if (!weigh_all(a, err))
        return false;
    for (size_t i = 0; i < a->list.n; i++)
        if (!a->list.items[i].step_s)
            add_lacking(a, &a->list.items[i], LACK_NO_POINTS);
    for (size_t i = 0; i < a->list.n_missing; i++) {
        const struct panel_metric missing = {.name = a->list.missing[i], .is_asked = true};
        add_lacking(a, &missing, LACK_UNKNOWN);
    }
    return true;
}

/* ---- the answer ---- */

static void answer(struct assessing *a, struct verdict *out)
{
    const struct assess_job *job = a->job;
    struct verdict verdict = verdict_blank();
    verdict.change = job->change->id;
    verdict.stage = job->wish->stage;
    verdict.made_ms = clock_us(&job->options->clock) / 1000;
    verdict.from_s = a->at_s - horizon_s_of(a);
    verdict.at_s = a->at_s;
    verdict.until_s = a->over_s;
    verdict.false_alarms = job->false_alarms;
    verdict.method = METHOD;
    a->facts.change = job->change;
    a->facts.items = a->items;
    a->facts.n = a->n_items;
    a->facts.n_looked_at = a->list.n;
    a->facts.n_known = a->list.n_known;
    a->facts.is_too_many = a->list.is_too_many;
    a->facts.false_alarms = job->false_alarms;
    verdict_make(&a->facts, a->arena, &verdict);
    *out = verdict;
}

bool assess_run(const struct assess_job *job, struct arena *arena, struct verdict *out,
                struct err *err)
{
    struct assessing a = {.job = job, .arena = arena};
    if (!take_times(&a, err))
        return false;
    arena_init(&a.slice_arena);
    const bool is_ok = !a.facts.has_begun || weigh_panel(&a, err);
    arena_done(&a.slice_arena);
    if (is_ok)
        answer(&a, out);
    return is_ok;
}
