#include "store/place.h"

#include <string.h>

#include "store/shared.h"

enum { TALLIES = 512 /* slots and tablets told apart; what collides goes into lists */ };

/* How many of the points share a slot. */
struct tally {
    uint64_t key; /* + 1; 0: free */
    uint32_t n;
};

struct placing {
    struct store *store;
    uint64_t key; /* of the column that was used last */
    uint64_t *column;
    bool has_tallies; /* else there are too few points for any run */
    struct tally by_class[TALLIES], by_tablet[TALLIES];
};

/* of: a class or a tablet. */
static uint64_t key_of(uint32_t of, uint8_t level, uint32_t slot)
{
    return ((uint64_t)of << 35 ^ (uint64_t)level << 32 ^ slot) + 1;
}

static size_t tally_index(uint64_t key)
{
    return (size_t)(key * 0x9E3779B97F4A7C15ull >> 32) % TALLIES;
}

static void tally_add(struct tally *tallies, uint64_t key)
{
    struct tally *tally = &tallies[tally_index(key)];
    if (tally->n == 0)
        tally->key = key;
    tally->n += tally->key == key;
}

static bool is_run(const struct placing *placing, const struct tally *tallies, uint64_t key)
{
    const struct tally *tally = &tallies[tally_index(key)];
    return placing->has_tallies && tally->key == key && tally->n >= placing->store->tuning.late_run;
}

static uint32_t lane_of(struct placing *placing, const struct late_point *point)
{
    struct head *head = placing->store->head;
    const uint32_t lane = head_lane(head, point->id);

    if (lane != HEAD_LANE_NONE ||
        !is_run(placing, placing->by_class, key_of(point->class_no, point->level, point->slot)))
        return lane;
    return shared_lane_take(placing->store, head_class(head, point->class_no), point->id);
}

/* NULL: into the lists. */
static uint64_t *column_of(struct placing *placing, uint32_t tablet_no,
                           const struct late_point *point)
{
    const uint64_t key = key_of(tablet_no, point->level, point->slot);

    if (placing->column && placing->key == key)
        return placing->column;
    placing->key = key;
    placing->column = late_column(placing->store->late, tablet_no, point->level, point->slot);
    return placing->column;
}

static void count_all(struct placing *placing, const struct late_point *points, size_t n)
{
    placing->has_tallies = true;
    memset(placing->by_class, 0, sizeof placing->by_class);
    memset(placing->by_tablet, 0, sizeof placing->by_tablet);
    for (size_t i = 0; i < n; i++)
        tally_add(placing->by_class, key_of(points[i].class_no, points[i].level, points[i].slot));
    for (size_t i = 0; i < n; i++) {
        const uint32_t lane = lane_of(placing, &points[i]);
        if (lane != HEAD_LANE_NONE)
            tally_add(placing->by_tablet,
                      key_of(lane / HEAD_LANES, points[i].level, points[i].slot));
    }
}

/* Beyond the ring points are kept in lists: the head will have their slots soon. */
static bool is_past(const struct store *store, const struct late_point *point)
{
    const struct head_class *of = head_class(store->head, point->class_no);
    return point->level > 0 || point->slot < __atomic_load_n(&of->sealed, __ATOMIC_SEQ_CST);
}

static uint64_t *column_make(struct placing *placing, uint32_t tablet_no,
                             const struct late_point *point)
{
    struct store *store = placing->store;

    if (!is_run(placing, placing->by_tablet, key_of(tablet_no, point->level, point->slot)) ||
        !is_past(store, point))
        return NULL;
    placing->column = late_make_column(store->late, head_tablet(store->head, tablet_no), tablet_no,
                                       point->level, point->slot);
    return placing->column;
}

/* What is listed goes there at the end, under the lock once: all of it came before the panes that this
 * call makes had anything of their windows, or it would have gone into them. */
size_t place_late(struct store *store, struct late_point *points, size_t n)
{
    struct placing placing;
    size_t n_listed = 0;

    placing.store = store;
    placing.column = NULL;
    placing.has_tallies = false;
    if (n >= store->tuning.late_run)
        count_all(&placing, points, n);
    for (size_t i = 0; i < n; i++) {
        const struct late_point *point = &points[i];
        const uint32_t lane = head_lane(store->head, point->id);
        uint64_t *column = NULL;
        if (lane != HEAD_LANE_NONE)
            column = column_of(&placing, lane / HEAD_LANES, point);
        if (!column && lane != HEAD_LANE_NONE)
            column = column_make(&placing, lane / HEAD_LANES, point);
        if (column) {
            head_cell_set(&column[lane % HEAD_LANES], point->value);
            continue;
        }
        points[n_listed++] = *point;
    }
    late_add(store->late, points, n_listed);
    return n_listed;
}
