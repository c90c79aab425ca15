#include "impact/verdict_make.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"

enum {
    NAMES_SAID = 3, /* in a sentence */
    SENTENCE_BYTES = 2000,
    REASONS_MAX = 32,
    ID_SAID = 10,                /* letters of an id: its time to the ms, enough to find it by */
    SHORT_HISTORY_S = 2 * 86400, /* less says little about times of day */
    LONG_RUN_S = 60,
};

static const double SHARE_WITH_DATA_MIN = 0.3; /* of the metrics; with less nothing is claimed */
static const double FALSE_ALARMS_USUAL = 5;    /* of 1,000 */
static const double DOUBT_MAX =
    0.2; /* that nothing moved at all, for it to be called harm or improved */
static const double ODD_P = 1e-6,
                    ODD_SHARE =
                        0.2; /* what is no movement of this change's, but no "no harm" either */

/* Of metrics that moved. */
struct tally {
    size_t n;
    double doubt; /* the chance that none of them did */
};

struct making {
    const struct verdict_make_facts *facts;
    struct arena *arena;
    struct verdict *out;
    size_t n_lacks[LACKS];
    struct tally all, tallies[3]; /* by enum verdict_harm */
    bool cannot_tell;
};

PRINTF_LIKE(2, 3) static void say(struct making *m, const char *fmt, ...)
{
    if (m->out->n_reasons == REASONS_MAX)
        return;
    va_list args;
    va_start(args, fmt);
    m->out->reasons[m->out->n_reasons++] = arena_vprintf(m->arena, fmt, args);
    va_end(args);
}

/* ---- words ---- */

/* "40 s", "2 min", "3 h" */
static const char *span_text(const struct making *m, int64_t s)
{
    const int64_t abs_s = s < 0 ? -s : s;
    if (abs_s < 120)
        return arena_printf(m->arena, "%lld s", (long long)abs_s);
    if (abs_s < 2 * 3600)
        return arena_printf(m->arena, "%lld min", (long long)((abs_s + 30) / 60));
    return arena_printf(m->arena, "%lld h", (long long)((abs_s + 1800) / 3600));
}

/* "01JD9Q6X4T7M (flag checkout, 2 min later)" */
static const char *change_text(const struct making *m, const struct change *other)
{
    const int64_t lag_s = (other->start_ms - m->facts->change->start_ms) / 1000;
    const char *lag = lag_s ? arena_printf(m->arena, "%s %s", span_text(m, lag_s),
                                           lag_s < 0 ? "earlier" : "later")
                            : "at the same time";
    return arena_printf(m->arena, "%.*s (%s%s%s, %s)", ID_SAID, other->id,
                        change_kind_name(other->kind), other->service[0] ? " " : "", other->service,
                        lag);
}

static bool is_told(const struct verdict_make_item *item, enum verdict_make_lack lack)
{
    return item->lack == lack && (item->is_asked || lack == LACK_SILENT || lack == LACK_WAITING);
}

/* "a, b, c and 4 more": of those that lack it; NULL: none of them is told of. */
static const char *lacking_names(const struct making *m, enum verdict_make_lack lack)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, SENTENCE_BYTES);
    size_t n = 0;
    for (size_t i = 0; i < m->facts->n; i++) {
        if (!is_told(&m->facts->items[i], lack))
            continue;
        if (n < NAMES_SAID)
            buf_printf(&text, "%s%.200s", n ? ", " : "", m->facts->items[i].metric.name);
        n++;
    }
    if (n > NAMES_SAID)
        buf_printf(&text, " and %zu more", n - NAMES_SAID);
    return n ? arena_strdup(m->arena, buf_text(&text)) : NULL;
}

static const char *number_text(const struct making *m, double value)
{
    char text[NUM_TEXT_MAX];
    num_format_g(text, value, 3);
    return arena_strdup(m->arena, text);
}

/* ---- order ---- */

/* Bad, then what has no rule, then good. */
static int harm_order(enum verdict_harm harm)
{
    return harm == VERDICT_BAD ? 0 : harm == VERDICT_NO_RULE ? 1 : 2;
}

static int compare_f64(double a, double b)
{
    return (a > b) - (a < b);
}

static int compare_moved(const struct verdict_make_item *a, const struct verdict_make_item *b)
{
    int order = harm_order(a->metric.harm) - harm_order(b->metric.harm);
    if (!order)
        order = b->metric.is_vital - a->metric.is_vital;
    if (!order)
        order = compare_f64(b->chance, a->chance);
    if (!order)
        order = compare_f64(a->metric.p, b->metric.p);
    return order ? order : strcmp(a->metric.name, b->metric.name);
}

/* Of its level, what would have been seen: the least first, what is not known last. */
static double power_of(const struct verdict_metric *metric)
{
    const double power = metric->would_see / fabs(metric->before);
    return isfinite(power) ? power : INFINITY;
}

static int compare_unmoved(const struct verdict_make_item *a, const struct verdict_make_item *b)
{
    int order = b->metric.is_vital - a->metric.is_vital;
    if (!order)
        order = compare_f64(power_of(&a->metric), power_of(&b->metric));
    return order ? order : strcmp(a->metric.name, b->metric.name);
}

/* What moved, what did not, what was not judged. */
static int by_weight(const void *one, const void *other)
{
    const struct verdict_make_item *a = one, *b = other;
    const int part_a = a->lack ? 2 : !a->has_moved, part_b = b->lack ? 2 : !b->has_moved;
    if (part_a != part_b)
        return part_a - part_b;
    if (part_a == 2 && a->metric.is_vital != b->metric.is_vital)
        return b->metric.is_vital - a->metric.is_vital;
    if (part_a == 2)
        return strcmp(a->metric.name, b->metric.name);
    return part_a ? compare_unmoved(a, b) : compare_moved(a, b);
}

/* ---- lists ---- */

static struct verdict_metric *metrics_of(const struct making *m, size_t from, size_t n)
{
    struct verdict_metric *metrics = arena_array(m->arena, n + 1, struct verdict_metric);
    for (size_t i = 0; i < n; i++)
        metrics[i] = m->facts->items[from + i].metric;
    return metrics;
}

static void fill_lists(struct making *m)
{
    struct verdict *out = m->out;
    struct verdict_make_item *items = m->facts->items;
    size_t n_moved = 0, n_judged = 0;
    if (m->facts->n)
        qsort(items, m->facts->n, sizeof *items, by_weight);
    for (size_t i = 0; i < m->facts->n; i++) {
        n_judged += !items[i].lack;
        n_moved += !items[i].lack && items[i].has_moved;
        m->n_lacks[items[i].lack]++;
    }
    const size_t n_lacking = m->facts->n - n_judged;
    out->n_checked = (uint32_t)n_judged;
    out->n_moved = min_size(n_moved, VERDICT_MAKE_MOVED_MAX);
    out->moved = metrics_of(m, 0, out->n_moved);
    out->n_unmoved = min_size(n_judged - n_moved, VERDICT_MAKE_UNMOVED_MAX);
    out->unmoved = metrics_of(m, n_moved, out->n_unmoved);
    out->n_no_data = min_size(n_lacking, VERDICT_MAKE_TEXTS_MAX);
    out->no_data = arena_array(m->arena, out->n_no_data + 1, const char *);
    for (size_t i = 0; i < out->n_no_data; i++)
        out->no_data[i] = items[n_judged + i].metric.name;
    out->n_overlaps = min_size(m->facts->n_neighbours, VERDICT_MAKE_TEXTS_MAX);
    out->overlaps = arena_array(m->arena, out->n_overlaps + 1, const char *);
    for (size_t i = 0; i < out->n_overlaps; i++)
        out->overlaps[i] = m->facts->neighbours[i].id;
    if (n_moved > VERDICT_MAKE_MOVED_MAX)
        say(m, "%zu metrics moved; the worst %d are listed.", n_moved, VERDICT_MAKE_MOVED_MAX);
}

/* ---- reasons: those that keep it from being told come first ---- */

static void say_of_data(struct making *m)
{
    const size_t n_judged = m->out->n_checked, n = m->facts->n;
    if (m->n_lacks[LACK_WAITING] && !m->facts->is_over)
        return;
    if (n == 0) {
        say(m, "There is no metric to judge it by.");
        m->cannot_tell = true;
    } else if (n_judged == 0 && m->n_lacks[LACK_SHORT] + m->n_lacks[LACK_NO_POINTS] == n) {
        say(m, "There are less than two hours of history before it.");
        m->cannot_tell = true;
    } else if ((double)n_judged < SHARE_WITH_DATA_MIN * (double)n) {
        say(m, "Only %zu of %zu metrics had enough points to be judged.", n_judged, n);
        m->cannot_tell = true;
    }
}

static void say_of_silence(struct making *m)
{
    for (size_t i = 0; i < m->facts->n; i++) {
        const struct verdict_make_item *item = &m->facts->items[i];
        if (item->lack != LACK_SILENT || !item->metric.is_vital)
            continue;
        say(m, "%.200s has had no points since the change.", item->metric.name);
        m->cannot_tell = true;
    }
}

static void say_of_rivals(struct making *m)
{
    for (size_t i = 0; i < m->facts->n && m->out->n_reasons < REASONS_MAX / 2; i++) {
        const struct verdict_make_item *item = &m->facts->items[i];
        if (item->lack || !item->rival)
            continue;
        m->cannot_tell |= !item->has_moved;
        say(m, "%.200s moved, and this change cannot be told apart from %s.", item->metric.name,
            change_text(m, item->rival));
    }
}

/* What moved, and how doubtful it is that any of it did. */
static void tally_moved(struct making *m)
{
    m->all.doubt = 1;
    for (size_t h = 0; h < COUNT_OF(m->tallies); h++)
        m->tallies[h].doubt = 1;
    for (size_t i = 0; i < m->facts->n; i++) {
        const struct verdict_make_item *item = &m->facts->items[i];
        if (item->lack || !item->has_moved)
            continue;
        struct tally *const tallies[] = {&m->all, &m->tallies[item->metric.harm]};
        for (size_t t = 0; t < COUNT_OF(tallies); t++) {
            tallies[t]->n++;
            tallies[t]->doubt *= item->rings ? 0 : 1 - item->chance;
        }
    }
}

/* What does not look moved to the weighing can still be too odd to be passed over. */
static void say_of_doubt(struct making *m)
{
    for (size_t i = 0; i < m->facts->n && m->out->n_reasons < REASONS_MAX / 3; i++) {
        const struct verdict_make_item *item = &m->facts->items[i];
        const struct verdict_metric *metric = &item->metric;
        const bool is_doubtful = item->has_moved && !item->rings && 1 - item->chance > DOUBT_MAX &&
                                 m->tallies[metric->harm].doubt > DOUBT_MAX;
        const bool is_odd =
            !item->has_moved && metric->is_vital && metric->p < ODD_P && metric->share >= ODD_SHARE;
        if (item->lack || !(is_doubtful || is_odd))
            continue;
        m->cannot_tell |= is_odd;
        say(m,
            is_odd ? "%.200s moved near it, and it is not clear what began that."
                   : "%.200s looks moved, but about as much happens by itself now and then.",
            metric->name);
    }
}

static void say_of_breadth(struct making *m)
{
    if (!m->facts->is_broad)
        return;
    say(m, "Most metrics, those of other services among them, moved at one time: something larger "
           "than this change may hide what it did.");
    m->cannot_tell = true;
}

static void say_of_lacks(struct making *m)
{
    static const char *const texts[LACKS] = {
        [LACK_UNKNOWN] = "There is no series for",
        [LACK_NO_POINTS] = "No points before the change have",
        [LACK_SHORT] = "Less than two hours of points before the change have",
        [LACK_SILENT] = "No points since the change have",
        [LACK_WAITING] = "No points since the change yet have",
        [LACK_GAPS] = "Too many gaps to be judged have",
    };
    for (enum verdict_make_lack lack = LACK_UNKNOWN; lack < LACKS; lack++) {
        const char *names = lacking_names(m, lack);
        if (names)
            say(m, "%s %s.", texts[lack], names);
    }
}

static void say_of_circumstances(struct making *m)
{
    const struct verdict_make_facts *facts = m->facts;
    if (facts->history_s > 0 && facts->history_s < SHORT_HISTORY_S && m->out->n_checked)
        say(m,
            "There are only %s of history: what is usual at this time of day is not known yet, so "
            "only large movements are seen.",
            span_text(m, facts->history_s));
    if (facts->is_too_many)
        say(m, "There are too many series to look at all of them: only vital ones, groups and the "
               "service's own were.");
    else if (facts->n_looked_at < facts->n_known)
        say(m, "%zu of %zu metrics were looked at.", facts->n_looked_at, facts->n_known);
    if (facts->false_alarms > FALSE_ALARMS_USUAL)
        say(m,
            "Of 1,000 metrics that nothing happens to, %s look moved on this server (5 are usual): "
            "a movement is a weaker sign than elsewhere.",
            number_text(m, facts->false_alarms));
    if (facts->is_late_only)
        say(m, "It ran for %s: only what moved after its end is judged.",
            span_text(m, facts->span_s));
    else if (facts->span_s >= LONG_RUN_S)
        say(m, "It ran for %s: what moved from its start on counts.", span_text(m, facts->span_s));
}

static enum verdict_state state_of(const struct making *m)
{
    const struct tally *bad = &m->tallies[VERDICT_BAD], *all = &m->all;
    if (bad->n && bad->doubt <= DOUBT_MAX)
        return VERDICT_HARM;
    const bool is_sure = all->doubt <= DOUBT_MAX;
    if (is_sure && !bad->n && !m->tallies[VERDICT_GOOD].n)
        return VERDICT_MOVED;
    if (!all->n && !m->facts->is_over)
        return VERDICT_PENDING;
    if (m->cannot_tell || bad->n || (all->n && !is_sure))
        return VERDICT_CANNOT_TELL;
    return all->n ? VERDICT_IMPROVED : VERDICT_NO_HARM;
}

void verdict_make(const struct verdict_make_facts *facts, struct arena *arena, struct verdict *io)
{
    struct making m = {.facts = facts, .arena = arena, .out = io};
    io->reasons = arena_array(arena, REASONS_MAX, const char *);
    io->n_reasons = 0;
    if (!facts->has_begun) {
        say(&m, "It has not begun.");
        io->state = VERDICT_PENDING;
        return;
    }
    fill_lists(&m);
    say_of_data(&m);
    say_of_silence(&m);
    tally_moved(&m);
    say_of_doubt(&m);
    say_of_rivals(&m);
    say_of_breadth(&m);
    if (facts->is_running)
        say(&m, "It is still running.");
    say_of_lacks(&m);
    say_of_circumstances(&m);
    io->state = state_of(&m);
}
