#include "ledger/dora.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

enum { FEW = 6 /* of fewer values no order statistics hold 95 % */ };

static const double Z = 1.959963984540054; /* 97.5 % of the normal distribution */
static const int64_t DAY_MS = INT64_C(86400000);

/* ---- numbers ---- */

struct dora_number dora_rate(size_t k, size_t n)
{
    const double total = (double)n, share = (double)k / total, z2 = Z * Z;
    const double middle = (share + z2 / (2 * total)) / (1 + z2 / total);
    const double half =
        Z / (1 + z2 / total) * sqrt(share * (1 - share) / total + z2 / (4 * total * total));
    return (struct dora_number){share, fmax(0.0, middle - half), fmin(1.0, middle + half), n};
}

/* Byar's approximation to the exact interval of a count. */
static struct dora_number count_rate(size_t k, double days)
{
    const double n = (double)k, up = n + 1;
    const double low = k ? n * pow(1 - 1 / (9 * n) - Z / (3 * sqrt(n)), 3) : 0.0;
    const double high = up * pow(1 - 1 / (9 * up) + Z / (3 * sqrt(up)), 3);
    return (struct dora_number){n / days, fmax(low, 0.0) / days, high / days, k};
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct dora_number dora_median(double *values, size_t n)
{
    struct dora_number out = {NAN, NAN, NAN, n};
    if (n == 0)
        return out;
    qsort(values, n, sizeof *values, by_size);
    out.value = n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
    if (n < FEW)
        return out;
    const double half = Z * sqrt((double)n) / 2;
    const double first = floor((double)n / 2 - half), last = ceil((double)n / 2 + half);
    out.low = values[(size_t)fmax(first, 0.0)];
    out.high = values[(size_t)fmin(last, (double)(n - 1))];
    return out;
}

static void add_row(struct dora_rows *rows, struct dora_row row, struct arena *arena)
{
    arena_grow(arena, &rows->items, &rows->cap, rows->n + 1, sizeof *rows->items);
    rows->items[rows->n++] = row;
}

/* ---- which change is what ---- */

static const char *tag_of(const struct change *change, const char *key)
{
    for (size_t i = 0; i < change->n_tags; i++)
        if (strcmp(change->tags[i].key, key) == 0)
            return change->tags[i].value;
    return "";
}

static bool is_of_service(const struct change *change, const char *service)
{
    const size_t n = service ? strlen(service) : 0;
    return n == 0 || (strncmp(change->service, service, n) == 0 &&
                      (change->service[n] == '\0' || change->service[n] == '/'));
}

static bool is_counted(const struct change *change, const struct dora_wish *wish)
{
    return change->kind == CHANGE_DEPLOY && !change->is_retracted && !change->is_posted &&
           strcmp(change->env, wish->env) == 0 && is_of_service(change, wish->service) &&
           change->start_ms >= wish->from_ms && change->start_ms < wish->until_ms;
}

/* The deploy that this later change says failed; "" : none. */
static const char *blamed_id(const struct change *later)
{
    const char *cause = tag_of(later, "caused_by"), *fixed = tag_of(later, "fixes");
    if (later->kind == CHANGE_INCIDENT)
        return cause[0] ? cause : later->of;
    if (fixed[0])
        return fixed;
    return strcmp(later->action, "rollback") == 0 || strcmp(later->action, "hotfix") == 0
               ? later->of
               : "";
}

static bool is_rework(const struct change *deploy)
{
    return strcmp(deploy->action, "rollback") == 0 || strcmp(deploy->action, "hotfix") == 0 ||
           tag_of(deploy, "fixes")[0];
}

/* ---- failures ---- */

/* When what shows the failure also ended it; 0: not yet. */
static int64_t restored_ms(const struct change *cause)
{
    const bool is_over =
        cause->end_ms && (cause->kind == CHANGE_INCIDENT || cause->status == STATUS_SUCCEEDED);
    return is_over ? cause->end_ms : 0;
}

/* Of several that blame a deploy, the one that ended it first; else the first. */
static void blame(struct map *causes, const struct change *later)
{
    const char *id = blamed_id(later);
    if (!id[0] || later->is_retracted)
        return;
    const struct change *known = map_get(causes, id, strlen(id));
    const int64_t at_ms = restored_ms(later), known_ms = known ? restored_ms(known) : 0;
    if (known && (at_ms == 0 || (known_ms != 0 && known_ms <= at_ms)))
        return;
    map_put(causes, id, strlen(id), (void *)(uintptr_t)later);
}

static void measure_failures(struct dora *out, const struct dora_wish *wish, struct arena *arena)
{
    struct map *causes = map_new();
    for (size_t i = 0; i < wish->n_changes; i++)
        blame(causes, &wish->changes[i]);
    double *took_s = arena_array(arena, out->deploys.n, double);
    size_t n_over = 0;
    for (size_t i = 0; i < out->deploys.n; i++) {
        const struct change *deploy = out->deploys.items[i].change;
        const struct change *cause = map_get(causes, deploy->id, strlen(deploy->id));
        if (!cause)
            continue;
        const int64_t over_ms = restored_ms(cause);
        const double age_s = (double)((over_ms ? over_ms : wish->now_ms) - deploy->end_ms) / 1000.0;
        add_row(&out->failures, (struct dora_row){deploy, cause, fmax(age_s, 0.0)}, arena);
        if (over_ms)
            took_s[n_over++] = fmax(age_s, 0.0);
        else
            out->n_open++;
    }
    map_free(causes);
    out->recovery_s = dora_median(took_s, n_over);
}

/* ---- lead time ---- */

struct leads {
    double *items;
    size_t n, cap;
};

static bool measure_lead(struct dora *out, const struct dora_wish *wish, struct dora_row *row,
                         struct leads *all, struct arena *arena, struct err *err)
{
    struct commit_list commits = {0};
    const struct change *deploy = row->change;
    if (wish->commits && !wish->commits(wish->self, deploy, arena, &commits, err))
        return false;
    double *own = arena_array(arena, commits.n, double);
    size_t n = 0;
    for (size_t i = 0; i < commits.n; i++) {
        const double lead_s = (double)(deploy->end_ms - commits.items[i].at_ms) / 1000.0;
        if (commits.items[i].is_merge)
            continue;
        if (lead_s < 0)
            out->n_negative_lead++;
        else
            own[n++] = lead_s;
    }
    arena_grow(arena, &all->items, &all->cap, all->n + n, sizeof *all->items);
    if (n)
        memcpy(all->items + all->n, own, n * sizeof *own);
    all->n += n;
    out->n_unknown_lead += n == 0;
    row->value = dora_median(own, n).value;
    return true;
}

static bool measure_leads(struct dora *out, const struct dora_wish *wish, struct arena *arena,
                          struct err *err)
{
    struct leads all = {0};
    for (size_t i = 0; i < out->deploys.n; i++)
        if (!measure_lead(out, wish, &out->deploys.items[i], &all, arena, err))
            return false;
    out->lead_s = dora_median(all.items, all.n);
    return true;
}

/* ---- frequency ---- */

/* Days with a deploy in each whole week of the period, counted back from its end; a week without any
 * counts as 0. */
static double days_a_week(const struct dora_rows *deploys, const struct dora_wish *wish,
                          struct arena *arena)
{
    const int64_t n_weeks = (wish->until_ms - wish->from_ms) / (7 * DAY_MS);
    if (n_weeks == 0)
        return NAN;
    unsigned char *days = arena_array(arena, (size_t)n_weeks * 7, unsigned char);
    memset(days, 0, (size_t)n_weeks * 7);
    for (size_t i = 0; i < deploys->n; i++) {
        const int64_t day = (wish->until_ms - 1 - deploys->items[i].change->start_ms) / DAY_MS;
        if (day < n_weeks * 7)
            days[day] = 1;
    }
    double *weeks = arena_array(arena, (size_t)n_weeks, double);
    for (int64_t w = 0; w < n_weeks; w++) {
        weeks[w] = 0;
        for (int64_t d = 0; d < 7; d++)
            weeks[w] += days[w * 7 + d];
    }
    return dora_median(weeks, (size_t)n_weeks).value;
}

static void measure_frequency(struct dora *out, const struct dora_wish *wish, struct arena *arena)
{
    const size_t n = out->deploys.n;
    double *gaps_s = arena_array(arena, n, double);
    for (size_t i = 1; i < n; i++)
        gaps_s[i - 1] = (double)(out->deploys.items[i].change->start_ms -
                                 out->deploys.items[i - 1].change->start_ms) /
                        1000.0;
    out->gap_s = dora_median(gaps_s, n ? n - 1 : 0);
    out->days = (double)(wish->until_ms - wish->from_ms) / (double)DAY_MS;
    out->per_day = count_rate(n, out->days);
    out->days_a_week = days_a_week(&out->deploys, wish, arena);
}

bool dora_measure(const struct dora_wish *wish, struct arena *arena, struct dora *out,
                  struct err *err)
{
    struct dora dora = {0};
    if (wish->until_ms <= wish->from_ms)
        return FAIL(err, ERR_INPUT, "the period ends before it begins");
    for (size_t i = 0; i < wish->n_changes; i++) {
        const struct change *change = &wish->changes[i];
        if (!is_counted(change, wish))
            continue;
        dora.n_broken += change->status == STATUS_FAILED;
        if (change->status != STATUS_SUCCEEDED)
            continue;
        add_row(&dora.deploys, (struct dora_row){change, NULL, NAN}, arena);
        if (is_rework(change))
            add_row(&dora.reworks, (struct dora_row){change, NULL, NAN}, arena);
    }
    const size_t n = dora.n_deploys = dora.deploys.n;
    measure_frequency(&dora, wish, arena);
    measure_failures(&dora, wish, arena);
    const struct dora_number unknown = {NAN, NAN, NAN, 0};
    dora.fail = n ? dora_rate(dora.failures.n, n) : unknown;
    dora.rework = n ? dora_rate(dora.reworks.n, n) : unknown;
    if (!measure_leads(&dora, wish, arena, err))
        return false;
    *out = dora;
    return true;
}
