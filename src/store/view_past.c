#include "store/view_past.h"

#include <math.h>

enum { POINTS_AT_ONCE = 1 << 14 /* old ones; one slot may need more */ };

/* Old values one after the other, a piece for each archive they are of. */
struct piece {
    int64_t first_slot;
    uint32_t step_s;
    size_t n;
};
struct pieces {
    struct piece items[SCHEMA_ARCHIVES_MAX];
    size_t n;
    size_t n_values; /* view->past_values */
};

/* The slots to fill. */
struct target {
    const struct schema *schema;
    int64_t step_s, first_slot;
    size_t n;
    double *out;
};

static int64_t up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static double *values_room(struct view *view, size_t n)
{
    if (view->n_past_values < n) {
        view->past_values = arena_array(view->arena, n, double);
        view->n_past_values = n;
    }
    return view->past_values;
}

/* From here on the level has what it was given. */
static int64_t home_s(const struct view *view, const struct head_class *of, size_t level)
{
    int64_t from_s = 0;
    for (size_t i = level; i < of->schema.n_archives; i++)
        from_s = max_i64(from_s, shared_floor_s(view->version, of, i));
    return from_s;
}

/* Narrows [*io_from_s, *io_until_s) to where there are files, by whole slots of the target: the gaps
 * beside the values of a slot count for its xFilesFactor. */
static bool clip(const struct view *view, const struct head_class *of, size_t level, int64_t step_s,
                 int64_t *io_from_s, int64_t *io_until_s)
{
    const int64_t span_s = (int64_t)of->schema.archives[level].step_s * FILES_PARTITION_SLOTS;
    size_t first;
    const size_t n = files_level(view->version, of->no, (uint8_t)level, &first);

    if (n == 0)
        return false;
    const int64_t oldest = view->version->items[first]->info.partition;
    const int64_t newest = view->version->items[first + n - 1]->info.partition;
    *io_from_s = max_i64(*io_from_s, oldest * span_s / step_s * step_s);
    *io_until_s = min_i64(*io_until_s, up((newest + 1) * span_s, step_s) * step_s);
    return *io_from_s < *io_until_s;
}

/* The old values of the target's time, oldest first. */
static bool pieces_read(struct view *view, const struct head_class *of, const struct target *target,
                        struct pieces *out, struct err *err)
{
    const int64_t from_s = target->first_slot * target->step_s;
    const int64_t until_s = from_s + (int64_t)target->n * target->step_s;

    *out = (struct pieces){.n = 0};
    for (size_t level = of->schema.n_archives; level-- > 0;) {
        const int64_t step_s = of->schema.archives[level].step_s;
        int64_t a_s = max_i64(from_s, home_s(view, of, level));
        int64_t b_s = level == 0 ? until_s : min_i64(until_s, home_s(view, of, level - 1));
        if (a_s >= b_s || !clip(view, of, level, target->step_s, &a_s, &b_s))
            continue;
        const struct piece piece = {up(a_s, step_s), (uint32_t)step_s,
                                    (size_t)(up(b_s, step_s) - up(a_s, step_s))};
        double *values = view->past_values + out->n_values;
        for (size_t i = 0; i < piece.n; i++)
            values[i] = (double)NAN;
        if (!view_files(view, of, level, piece.first_slot, piece.n, values, err))
            return false;
        out->items[out->n++] = piece;
        out->n_values += piece.n;
    }
    return true;
}

/* Walks over the old values. */
struct cursor {
    size_t piece, in_piece, at;
};

/* Passes those before until_s; how many. */
static size_t cursor_pass(struct cursor *cursor, const struct pieces *pieces, int64_t until_s)
{
    const size_t before = cursor->at;

    while (cursor->piece < pieces->n) {
        const struct piece *piece = &pieces->items[cursor->piece];
        const int64_t until = up(until_s, piece->step_s) - piece->first_slot;
        const size_t end = (size_t)max_i64(0, min_i64(until, (int64_t)piece->n));
        cursor->at += end > cursor->in_piece ? end - cursor->in_piece : 0;
        cursor->in_piece = max_size(cursor->in_piece, end);
        if (cursor->in_piece < piece->n)
            break;
        cursor->piece++;
        cursor->in_piece = 0;
    }
    return cursor->at - before;
}

static void pieces_lay(const struct pieces *pieces, const double *values,
                       const struct target *target)
{
    struct cursor cursor = {0};

    for (size_t i = 0; i < target->n; i++) {
        const double *of_slot = values + cursor.at;
        const int64_t until_s = (target->first_slot + (int64_t)i + 1) * target->step_s;
        const size_t n = cursor_pass(&cursor, pieces, until_s);
        if (n > 0 && isnan(target->out[i]))
            target->out[i] = aggregate(target->schema, of_slot, n);
    }
}

static bool has_gap(const struct target *target)
{
    for (size_t i = 0; i < target->n; i++)
        if (isnan(target->out[i]))
            return true;
    return false;
}

static bool class_lay(struct view *view, const struct head_class *of, const struct target *all,
                      struct err *err)
{
    const size_t a_slot = (size_t)up(all->step_s, of->schema.archives[0].step_s);
    const size_t n_at_once = max_size(1, POINTS_AT_ONCE / a_slot);
    struct pieces pieces;

    for (size_t at = 0; at < all->n; at += n_at_once) {
        struct target target = *all;
        target.first_slot += (int64_t)at;
        target.n = min_size(n_at_once, all->n - at);
        target.out += at;
        if (!has_gap(&target))
            continue;
        (void)values_room(view, mul_size(target.n, a_slot) + 2 * SCHEMA_ARCHIVES_MAX);
        if (!pieces_read(view, of, &target, &pieces, err))
            return false;
        pieces_lay(&pieces, view->past_values, &target);
    }
    return true;
}

bool view_past_lay(struct view *view, size_t level, int64_t first_slot, size_t n, double *out,
                   struct err *err)
{
    const struct past *past = names_past(view->store->names);
    const struct target target = {
        .schema = &view->of->schema,
        .step_s = view->of->schema.archives[level].step_s,
        .first_slot = first_slot,
        .n = n,
        .out = out,
    };

    for (uint16_t link = view->past; link != PAST_NONE; link = past_older(past, link)) {
        const struct head_class *of = head_class(view->store->head, past_class(past, link));
        if (of && !class_lay(view, of, &target, err))
            return false;
    }
    return true;
}
