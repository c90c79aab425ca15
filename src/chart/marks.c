#include "chart/marks.h"

#include "base/mem.h"

struct view {
    int64_t from_ms, until_ms;
};

static void add(struct marks *marks, const struct view *view, struct mark mark, struct arena *arena)
{
    bool is_span = mark.end_ms > mark.at_ms;
    bool begins_inside = mark.at_ms >= view->from_ms && mark.at_ms <= view->until_ms;
    bool reaches_in = is_span && mark.at_ms < view->from_ms && mark.end_ms > view->from_ms;
    if (!begins_inside && !reaches_in)
        return;
    arena_grow(arena, &marks->items, &marks->cap, marks->n + 1, sizeof *marks->items);
    marks->items[marks->n++] = mark;
}

/* First mark at or after at_ms. */
static size_t first_mark(const struct series *s, int64_t at_ms)
{
    size_t low = 0, high = s->n_marks;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (s->marks[mid].at_ms < at_ms)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* One slot with a value that is not 0. A negative one is drawn only when the ledger says what it
 * is: a rollback. */
static void add_slot(struct marks *marks, const struct view *view, const struct line *line,
                     size_t i, struct arena *arena)
{
    const struct series *s = line->series;
    int64_t start_ms = (s->start_s + (int64_t)i * s->step_s) * 1000;
    int64_t end_ms = start_ms + s->step_s * 1000;
    size_t k = s->marks ? first_mark(s, start_ms) : 0;
    bool is_known = false;
    for (; s->marks && k < s->n_marks && s->marks[k].at_ms < end_ms; k++) {
        const struct series_mark *m = &s->marks[k];
        struct mark mark = {.at_ms = m->at_ms,
                            .end_ms = m->at_ms,
                            .label = label_clean(m->label, arena),
                            .line = line,
                            .is_failed = m->is_failed,
                            .is_rollback = m->value < 0.0,
                            .is_exact = true};
        add(marks, view, mark, arena);
        is_known = true;
    }
    if (!is_known && s->values[i] > 0.0)
        add(marks, view,
            (struct mark){.at_ms = start_ms, .end_ms = start_ms, .label = "", .line = line}, arena);
}

static void add_line(struct marks *marks, const struct view *view, const struct line *line,
                     struct arena *arena)
{
    const struct series *s = line->series;
    for (size_t i = 0; i < s->n_points; i++)
        if (!is_gap(s->values[i]) && s->values[i] != 0.0)
            add_slot(marks, view, line, i, arena);
}

static void add_changes(struct marks *marks, const struct view *view,
                        const struct chart_input *input, struct arena *arena)
{
    for (size_t i = 0; i < input->n_changes; i++) {
        const struct chart_change *c = &input->changes[i];
        struct mark mark = {.at_ms = c->start_ms,
                            .end_ms = c->end_ms,
                            .label = label_clean(c->label, arena),
                            .is_failed = c->is_failed,
                            .is_rollback = c->is_rollback,
                            .verdict = c->verdict,
                            .undoes_ms = c->undoes_ms};
        add(marks, view, mark, arena);
    }
}

/* A merge sort's one step at a time: stable, and input that is sorted already (as most is) is one
 * pass. */
static void sort(struct mark *items, size_t n, struct mark *spare)
{
    if (n < 2)
        return;
    size_t half = n / 2;
    sort(items, half, spare);
    sort(items + half, n - half, spare);
    if (items[half - 1].at_ms <= items[half].at_ms)
        return;
    for (size_t i = 0; i < half; i++)
        spare[i] = items[i];
    size_t a = 0, b = half, out = 0;
    while (a < half)
        items[out++] = b < n && items[b].at_ms < spare[a].at_ms ? items[b++] : spare[a++];
}

/* The line of a target that shows the same change as this mark of the ledger: at its very
 * millisecond, not taken by another one yet. Lines come before the ledger's. */
static struct mark *find_twin(struct marks *marks, size_t i)
{
    const struct mark *own = &marks->items[i];
    for (size_t k = i; k-- > 0 && marks->items[k].at_ms == own->at_ms;) {
        struct mark *other = &marks->items[k];
        if (other->is_exact && other->is_failed == own->is_failed &&
            other->is_rollback == own->is_rollback)
            return other;
    }
    return NULL;
}

/* A change that a target draws and that changes= draws as well is one mark: of the target's colour,
 * with what the ledger knows. */
static void join(struct marks *marks)
{
    size_t n = 0;
    for (size_t i = 0; i < marks->n; i++) {
        struct mark mark = marks->items[i];
        marks->items[n] = mark;
        struct mark *twin = mark.line ? NULL : find_twin(marks, n);
        if (!twin) {
            n++;
            continue;
        }
        mark.line = twin->line;
        *twin = mark;
    }
    marks->n = n;
}

/* A lane for each arrow, the lowest one that is free from where it points to: of two that lie within each
 * other the longer is above. Marks are by time, so arrows are by their right ends. */
static void give_lanes(struct marks *marks)
{
    int64_t ends_ms[MARKS_LANES_MAX] = {0};
    for (size_t i = 0; i < marks->n; i++) {
        struct mark *mark = &marks->items[i];
        if (!mark->is_rollback || mark->undoes_ms <= 0 || mark->undoes_ms >= mark->at_ms)
            continue;
        unsigned best = 0;
        for (unsigned k = 1; k < MARKS_LANES_MAX && ends_ms[best] >= mark->undoes_ms; k++)
            if (ends_ms[k] < ends_ms[best])
                best = k;
        ends_ms[best] = mark->at_ms;
        mark->lane = best + 1;
        marks->n_lanes = mark->lane > marks->n_lanes ? mark->lane : marks->n_lanes;
    }
}

void marks_collect(const struct chart_input *input, const struct lines *lines, struct arena *arena,
                   struct marks *out)
{
    struct view view = {input->from_s * 1000, input->until_s * 1000};
    struct marks marks = {0};
    for (size_t k = 0; k < lines->n; k++)
        if (lines->items[k].is_infinite && !lines->items[k].is_hidden)
            add_line(&marks, &view, &lines->items[k], arena);
    add_changes(&marks, &view, input, arena);
    sort(marks.items, marks.n, arena_array(arena, marks.n + 1, struct mark));
    join(&marks);
    give_lanes(&marks);
    *out = marks;
}
