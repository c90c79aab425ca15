#include "store/plain_kit.h"

#include <math.h>

#include "base/mem.h"
#include "kit/kit.h"

enum {
    PAGE_SLOTS = 512,
    BLOCK_PAGES = 1024,
    BLOCK_SLOTS = PAGE_SLOTS * BLOCK_PAGES,
    BLOCKS = 1 << 13, /* 2^32 slots in all */
    RATIO_MAX = 1 << 14,
};

/* ---- cells ---- */

static double *page_of(const struct plain_kit_cells *cells, int64_t slot)
{
    double **block = cells->blocks[slot / BLOCK_SLOTS];
    return block ? block[slot / PAGE_SLOTS % BLOCK_PAGES] : NULL;
}

static double cells_get(const struct plain_kit_cells *cells, int64_t slot)
{
    const double *page = page_of(cells, slot);
    return page ? page[slot % PAGE_SLOTS] : (double)NAN;
}

static void cells_set(struct plain_kit_cells *cells, int64_t slot, double value)
{
    double ***block = &cells->blocks[slot / BLOCK_SLOTS];
    if (!*block)
        *block = mem_array(BLOCK_PAGES, double *);
    double **page = &(*block)[slot / PAGE_SLOTS % BLOCK_PAGES];
    if (!*page) {
        *page = mem_array(PAGE_SLOTS, double);
        for (int i = 0; i < PAGE_SLOTS; i++)
            (*page)[i] = (double)NAN;
    }
    (*page)[slot % PAGE_SLOTS] = value;
}

/* The first slot >= slot that lies on a page; INT64_MAX: none. */
static int64_t cells_next(const struct plain_kit_cells *cells, int64_t slot)
{
    for (int64_t at = slot; at / BLOCK_SLOTS < BLOCKS;) {
        if (page_of(cells, at))
            return at;
        const int64_t span = cells->blocks[at / BLOCK_SLOTS] ? PAGE_SLOTS : BLOCK_SLOTS;
        at = (at / span + 1) * span;
    }
    return INT64_MAX;
}

static void cells_clear(struct plain_kit_cells *cells, int64_t until)
{
    for (int64_t at = cells_next(cells, 0); at < until;) {
        double **page = &cells->blocks[at / BLOCK_SLOTS][at / PAGE_SLOTS % BLOCK_PAGES];
        const int64_t end = min_i64(until, (at / PAGE_SLOTS + 1) * PAGE_SLOTS);
        for (int64_t i = at; i < end; i++)
            (*page)[i % PAGE_SLOTS] = (double)NAN;
        if (end % PAGE_SLOTS == 0) {
            mem_free(*page);
            *page = NULL;
        }
        at = cells_next(cells, end);
    }
}

static void cells_free(struct plain_kit_cells *cells)
{
    for (int i = 0; cells && i < BLOCKS; i++) {
        for (int k = 0; cells->blocks[i] && k < BLOCK_PAGES; k++)
            mem_free(cells->blocks[i][k]);
        mem_free(cells->blocks[i]);
    }
    mem_free(cells);
}

/* ---- classes and series ---- */

void plain_kit_done(struct plain_kit *plain)
{
    for (unsigned i = 0; i < plain->n_series; i++)
        for (size_t level = 0; level < PLAIN_KIT_LEVELS; level++)
            cells_free(plain->series[i].levels[level]);
    *plain = (struct plain_kit){0};
}

int64_t plain_kit_retention_s(const struct schema *schema, size_t level)
{
    return (int64_t)schema->archives[level].n_points * schema->archives[level].step_s;
}

static int64_t recent_s(const struct schema *schema, int64_t now_s)
{
    const int64_t step_s = schema->archives[0].step_s, slot = now_s / step_s - 32;
    return slot > 64 ? slot / 64 * 64 * step_s : step_s;
}

unsigned plain_kit_class(struct plain_kit *plain, const struct schema *schema, int64_t now_s)
{
    for (unsigned i = 0; i < plain->n_classes; i++)
        if (schema_equal(&plain->classes[i].schema, schema))
            return i;

    BUG_IF(plain->n_classes == PLAIN_KIT_CLASSES);
    BUG_IF(schema->n_archives > PLAIN_KIT_LEVELS);
    struct plain_kit_class *of = &plain->classes[plain->n_classes];
    *of = (struct plain_kit_class){.schema = *schema};
    for (size_t level = 0; level + 1 < schema->n_archives; level++) {
        const int64_t reach_s = min_i64(recent_s(schema, now_s),
                                        max_i64(0, now_s - plain_kit_retention_s(schema, level)));
        of->floors_s[level] = reach_s - reach_s % schema->archives[level + 1].step_s;
    }
    return plain->n_classes++;
}

unsigned plain_kit_series(struct plain_kit *plain, unsigned class_no)
{
    BUG_IF(plain->n_series == PLAIN_KIT_SERIES);
    struct plain_kit_series *series = &plain->series[plain->n_series];
    series->class_no = class_no;
    for (size_t i = 0; i < plain->classes[class_no].schema.n_archives; i++)
        series->levels[i] = mem_zalloc(sizeof(struct plain_kit_cells));
    return plain->n_series++;
}

const struct plain_kit_class *plain_kit_class_of(const struct plain_kit *plain, unsigned series)
{
    return &plain->classes[plain->series[series].class_no];
}

/* ---- points ---- */

size_t plain_kit_level(const struct plain_kit_class *of, int64_t at_s)
{
    size_t level = of->schema.n_archives - 1;
    while (level > 0 && at_s >= of->floors_s[level - 1])
        level--;
    return level;
}

double plain_kit_own(const struct plain_kit *plain, unsigned series, size_t level, int64_t slot)
{
    return cells_get(plain->series[series].levels[level], slot);
}

void plain_kit_set(struct plain_kit *plain, unsigned series, size_t level, int64_t slot,
                   double value)
{
    cells_set(plain->series[series].levels[level], slot, value);
}

static double abs_of(enum aggregation how, double value)
{
    return how == AGGREGATE_ABSMAX || how == AGGREGATE_ABSMIN ? fabs(value) : value;
}

/* Python's max and min take the first of equals. */
static double best_of(enum aggregation how, const double *known, size_t n)
{
    const bool is_max = how == AGGREGATE_MAX || how == AGGREGATE_ABSMAX;
    double best = known[0];
    for (size_t i = 1; i < n; i++) {
        const double a = abs_of(how, known[i]), b = abs_of(how, best);
        if (is_max ? a > b : a < b)
            best = known[i];
    }
    return best;
}

double plain_kit_aggregate(const struct schema *schema, const double *values, size_t n)
{
    static double known[RATIO_MAX];
    size_t n_known = 0;
    double sum = 0.0;

    BUG_IF(n > RATIO_MAX);
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) {
            sum += values[i];
            known[n_known++] = values[i];
        }
    const float wanted = (float)schema->x_files_factor; /* as a whisper file keeps it */
    if (n_known == 0 || (double)n_known / (double)n < (double)wanted)
        return (double)NAN;
    switch (schema->aggregation) {
    case AGGREGATE_AVERAGE:
        return sum / (double)n_known;
    case AGGREGATE_SUM:
        return sum;
    case AGGREGATE_AVG_ZERO:
        return sum / (double)n;
    case AGGREGATE_LAST:
        return known[n_known - 1];
    case AGGREGATE_MAX:
    case AGGREGATE_MIN:
    case AGGREGATE_ABSMAX:
    case AGGREGATE_ABSMIN:
        break;
    }
    return best_of(schema->aggregation, known, n_known);
}

int64_t plain_kit_next_s(const struct plain_kit *plain, unsigned series, size_t level, int64_t at_s)
{
    const struct schema *schema = &plain_kit_class_of(plain, series)->schema;
    int64_t next_s = INT64_MAX;

    for (size_t i = 0; i <= level; i++) {
        const int64_t step_s = schema->archives[i].step_s;
        const int64_t slot = cells_next(plain->series[series].levels[i], at_s / step_s);
        if (slot != INT64_MAX)
            next_s = min_i64(next_s, max_i64(at_s, slot * step_s));
    }
    return next_s;
}

static double aggregated(const struct plain_kit *plain, unsigned series, size_t level, int64_t slot)
{
    const struct schema *schema = &plain_kit_class_of(plain, series)->schema;
    const int64_t step_s = schema->archives[level].step_s;
    const int64_t ratio = step_s / schema->archives[level - 1].step_s;

    if (plain_kit_next_s(plain, series, level - 1, slot * step_s) >= (slot + 1) * step_s)
        return (double)NAN;
    double *finer = mem_array((size_t)ratio, double);
    for (int64_t i = 0; i < ratio; i++)
        finer[i] = plain_kit_get(plain, series, level - 1, slot * ratio + i);
    const double value = plain_kit_aggregate(schema, finer, (size_t)ratio);
    mem_free(finer);
    return value;
}

double plain_kit_get(const struct plain_kit *plain, unsigned series, size_t level, int64_t slot)
{
    const struct plain_kit_class *of = plain_kit_class_of(plain, series);
    const int64_t at_s = slot * of->schema.archives[level].step_s;
    const double own = plain_kit_own(plain, series, level, slot);

    if (level == 0 || at_s < of->floors_s[level - 1])
        return own;
    const double value = aggregated(plain, series, level, slot);
    return isnan(value) ? own : value;
}

/* ---- floors ---- */

static void roll_up(struct plain_kit *plain, unsigned series, size_t level, int64_t until_s)
{
    const struct plain_kit_class *of = plain_kit_class_of(plain, series);
    const int64_t step_s = of->schema.archives[level + 1].step_s;
    int64_t at_s = plain_kit_next_s(plain, series, level, of->floors_s[level]);

    while (at_s < until_s) {
        const double value = plain_kit_get(plain, series, level + 1, at_s / step_s);
        if (!isnan(value))
            plain_kit_set(plain, series, level + 1, at_s / step_s, value);
        at_s = plain_kit_next_s(plain, series, level, (at_s / step_s + 1) * step_s);
    }
}

void plain_kit_floor_raise(struct plain_kit *plain, unsigned class_no, size_t level,
                           int64_t floor_s)
{
    struct plain_kit_class *of = &plain->classes[class_no];
    const int64_t span_s = (int64_t)PLAIN_KIT_PARTITION_SLOTS * of->schema.archives[level].step_s;

    for (unsigned i = 0; i < plain->n_series; i++) {
        if (plain->series[i].class_no != class_no)
            continue;
        roll_up(plain, i, level, floor_s);
        cells_clear(plain->series[i].levels[level], floor_s / span_s * PLAIN_KIT_PARTITION_SLOTS);
    }
    of->floors_s[level] = floor_s;
}
