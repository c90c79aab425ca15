/* Late points to overlay files. In one table the lists are older than the panes, so their files come
 * first and have the lower generation. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/output.h"
#include "store/rows.h"
#include "store/seal.h"

/* ---- lists ---- */

static uint32_t first_of(const struct late_run *run)
{
    return run->cells[0].slot;
}

static uint32_t last_of(const struct late_run *run)
{
    return run->cells[run->n - 1].slot;
}

/* How many of the runs go into one file; *out_first, *out_n: the window they span. */
static size_t group(const struct late_run *runs, size_t n, uint32_t *out_first, uint32_t *out_n)
{
    uint32_t low = first_of(&runs[0]), high = last_of(&runs[0]);
    size_t i = 1;

    for (; i < n; i++) {
        if (runs[i].class_no != runs[0].class_no || runs[i].level != runs[0].level ||
            first_of(&runs[i]) / FILES_PARTITION_SLOTS != low / FILES_PARTITION_SLOTS)
            break;
        low = first_of(&runs[i]) < low ? first_of(&runs[i]) : low;
        high = last_of(&runs[i]) > high ? last_of(&runs[i]) : high;
    }
    *out_first = low;
    *out_n = high - low + 1;
    return i;
}

static bool group_write(struct output *output, const struct late_run *runs, size_t n,
                        uint32_t first, uint32_t n_slots, struct err *err)
{
    const struct head_class *of = head_class(output->store->head, runs[0].class_no);
    double *values = mem_alloc(mul_size(n_slots, sizeof(double)));
    bool is_ok = output_begin(output, of, runs[0].level, first, n_slots, err);

    for (size_t i = 0; i < n && is_ok; i++) {
        for (uint32_t k = 0; k < n_slots; k++)
            values[k] = (double)NAN;
        for (uint32_t k = 0; k < runs[i].n; k++)
            values[runs[i].cells[k].slot - first] = runs[i].cells[k].value;
        is_ok = output_add(output, runs[i].id, values, err);
    }
    mem_free(values);
    return is_ok && output_end(output, err);
}

/* Cells whose archive has been rolled up and dropped meanwhile go to a coarser one: they come back as
 * new late points. Returns how many. */
static size_t run_demote(struct store *store, const struct files_version *version,
                         struct late_run *run)
{
    const struct head_class *of = head_class(store->head, run->class_no);
    const struct archive *archives = of->schema.archives;
    uint32_t n = 0;

    for (; n < run->n; n++) { /* the oldest come first */
        const struct late_cell *cell = &run->cells[n];
        const int64_t at_s = (int64_t)cell->slot * archives[cell->level].step_s;
        const size_t level = shared_level_of(version, of, at_s);
        if (level <= cell->level)
            break;
        const struct late_point point = {run->id, (uint32_t)(at_s / archives[level].step_s),
                                         cell->value, run->class_no, (uint8_t)level};
        late_add(store->late, &point, 1);
    }
    run->cells += n;
    run->n -= n;
    return n;
}

static size_t demote(struct store *store, struct late_runs *runs)
{
    struct files_version *version = files_ref(store->files);
    size_t n = 0, kept = 0;

    for (size_t i = 0; i < runs->n; i++) {
        n += run_demote(store, version, &runs->items[i]);
        if (runs->items[i].n > 0)
            runs->items[kept++] = runs->items[i];
    }
    runs->n = kept;
    files_unref(store->files, version);
    return n;
}

static bool runs_write(struct output *output, const struct late_runs *runs, struct err *err)
{
    for (size_t i = 0; i < runs->n;) {
        uint32_t first, n_slots;
        size_t n_group = group(runs->items + i, runs->n - i, &first, &n_slots);
        if (!group_write(output, runs->items + i, n_group, first, n_slots, err))
            return false;
        i += n_group;
    }
    return true;
}

/* ---- panes ---- */

static size_t column_demote(struct store *store, struct pane *pane, uint32_t slot, uint8_t level)
{
    const struct head_tablet *tablet = pane->tablet;
    const struct archive *archives = tablet->of->schema.archives;
    const uint32_t at_s = slot * archives[pane->level].step_s;
    uint64_t *column = pane->cells + (size_t)(slot - pane->first) * HEAD_LANES;
    size_t n = 0;

    for (uint32_t i = 0; i < tablet->n_lanes; i++) {
        const double value = head_cell_get(&column[i]);
        const uint32_t id = head_lane_id(tablet, i);
        if (isnan(value) || id == HEAD_ID_NONE)
            continue;
        const struct late_point point = {id, at_s / archives[level].step_s, value, tablet->of->no,
                                         level};
        late_add(store->late, &point, 1);
        __atomic_store_n(&column[i], 0, __ATOMIC_RELEASE);
        n++;
    }
    return n;
}

/* As demote, for panes: cells below the floor of their archive become late points of a coarser one.
 * Returns how many. */
static size_t panes_demote(struct store *store, const struct panes *panes)
{
    struct files_version *version = files_ref(store->files);
    size_t n = 0;

    for (size_t i = 0; i < panes_count(panes); i++) {
        struct pane *pane = panes_item(panes, i);
        const struct head_class *of = pane->tablet->of;
        const int64_t step_s = of->schema.archives[pane->level].step_s;
        for (uint32_t slot = pane->first; slot < pane->first + PANE_SLOTS; slot++) {
            const size_t level = shared_level_of(version, of, slot * step_s);
            if (pane_has(pane, slot) && level > pane->level)
                n += column_demote(store, pane, slot, (uint8_t)level);
        }
    }
    files_unref(store->files, version);
    return n;
}

static int by_place(const void *a, const void *b)
{
    const struct pane *x = *(struct pane *const *)a, *y = *(struct pane *const *)b;
    const uint16_t p = x->tablet->of->no, q = y->tablet->of->no;
    if (p != q)
        return p < q ? -1 : 1;
    if (x->level != y->level)
        return x->level < y->level ? -1 : 1;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->tablet_no < y->tablet_no ? -1 : x->tablet_no > y->tablet_no;
}

/* Neighbouring windows of one class and archive in one partition: one file. */
struct stretch {
    struct pane *const *panes;
    size_t n;
    const struct panes *all;
};

static size_t stretch_count(struct pane *const *panes, size_t n)
{
    size_t i = 1;
    for (; i < n; i++) {
        const struct pane *before = panes[i - 1], *pane = panes[i];
        if (pane->tablet->of != before->tablet->of || pane->level != before->level ||
            pane->first > before->first + PANE_SLOTS ||
            pane->first / FILES_PARTITION_SLOTS != before->first / FILES_PARTITION_SLOTS)
            break;
    }
    return i;
}

static const uint64_t *column_of(void *self, uint32_t page_no, uint32_t slot)
{
    const struct stretch *stretch = self;
    const struct pane *pane =
        panes_find(stretch->all, page_no / HEAD_PAGES, stretch->panes[0]->level, slot);
    return pane && pane_has(pane, slot) ? pane_column(pane, slot) : NULL;
}

/* Every tablet once: panes of one window come in order of tablets, other windows may have others. */
static struct rows_lanes lanes_of(const struct head *head, const struct stretch *stretch)
{
    struct rows_lanes lanes = {0};
    bool *is_in = mem_array(head_n_tablets(head), bool);

    for (size_t i = 0; i < stretch->n; i++) {
        const uint32_t no = stretch->panes[i]->tablet_no;
        for (uint32_t page = 0; page < HEAD_PAGES && !is_in[no]; page++)
            rows_lanes_add(&lanes, head, no * HEAD_PAGES + page);
        is_in[no] = true;
    }
    mem_free(is_in);
    rows_lanes_sort(&lanes);
    return lanes;
}

/* The slots that hold something: [*out_first, return). */
static uint32_t stretch_span(const struct stretch *stretch, uint32_t *out_first)
{
    uint32_t first = UINT32_MAX, end = 0;
    for (size_t i = 0; i < stretch->n; i++) {
        const struct pane *pane = stretch->panes[i];
        if (pane->touched == 0)
            continue;
        const uint32_t low = pane->first + (uint32_t)__builtin_ctzll(pane->touched);
        const uint32_t high = pane->first + 64 - (uint32_t)__builtin_clzll(pane->touched);
        first = low < first ? low : first;
        end = high > end ? high : end;
    }
    *out_first = first;
    return end;
}

static bool stretch_write(struct output *output, struct stretch *stretch, struct err *err)
{
    const struct head *head = output->store->head;
    const struct pane *any = stretch->panes[0];
    uint32_t first;
    const uint32_t end = stretch_span(stretch, &first);

    if (end == 0)
        return true;
    struct rows_lanes lanes = lanes_of(head, stretch);
    struct rows *rows = rows_new(head, first, end - first, column_of, stretch);
    bool is_ok = output_begin(output, any->tablet->of, any->level, first, end - first, err);
    for (size_t i = 0; i < lanes.n && is_ok; i++)
        is_ok = output_add(output, lanes.items[i].id, rows_get(rows, lanes.items[i].lane), err);
    rows_free(rows);
    mem_free(lanes.items);
    return is_ok && output_end(output, err);
}

static bool panes_write(struct output *output, const struct panes *all, struct err *err)
{
    const size_t n = panes_count(all);
    CLEANUP(mem_done) struct pane **panes = mem_array(n + 1, struct pane *);

    for (size_t i = 0; i < n; i++)
        panes[i] = panes_item(all, i);
    qsort(panes, n, sizeof *panes, by_place);
    for (size_t i = 0; i < n;) {
        struct stretch stretch = {panes + i, stretch_count(panes + i, n - i), all};
        if (!stretch_write(output, &stretch, err))
            return false;
        i += stretch.n;
    }
    return true;
}

/* ---- all of it ---- */

/* Writes the table that late_begin gave. */
static bool late_write(struct store *store, uint64_t lsn, struct err *err)
{
    struct output output;
    struct late_runs runs;

    late_runs_make(store->late, &runs);
    const size_t n_demoted = demote(store, &runs) + panes_demote(store, late_panes(store->late));
    output_init(&output, store);
    if (n_demoted == 0) /* else some are in memory alone still: the log keeps them */
        manifest_set_late(&output.edit, lsn);
    bool is_ok = runs_write(&output, &runs, err) &&
                 panes_write(&output, late_panes(store->late), err) && output_commit(&output, err);
    output_done(&output);
    late_runs_done(&runs);
    return is_ok;
}

bool seal_late(struct store *store, struct err *err)
{
    BUG_IF(seal_is_pending(store));
    for (int i = 0; i < 2; i++) { /* one that failed before goes first */
        const uint64_t now_lsn = seal_lsn(store);
        uint64_t lsn = now_lsn;
        if (!late_begin(store->late, &lsn))
            return true;
        epochs_wait(&store->epochs);
        if (!late_write(store, lsn, err))
            return false;
        late_end(store->late);
        store->keeper.n_written++;
        if (lsn == now_lsn)
            return true;
    }
    return true;
}
