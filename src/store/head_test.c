#include "store/head.h"

#include <math.h>
#include <sys/mman.h>

#include "kit/kit.h"

enum { NOW_S = 1700000000, STEP_S = 10 };

static const struct schema SCHEMA = {
    .archives = {{STEP_S, 8640}},
    .n_archives = 1,
};

static struct head_class *class_for(struct head *head)
{
    bool is_new;
    return head_class_make(head, &SCHEMA, NOW_S, &is_new);
}

static double value_at(const struct head *head, uint32_t id, uint32_t slot)
{
    struct head_recent recent;
    head_read(head, id, &recent);
    return slot - recent.first < recent.n ? recent.values[slot - recent.first] : (double)NAN;
}

TEST(classes_are_told_apart_by_their_rule)
{
    struct head *head = head_new();
    struct schema other = SCHEMA;
    bool is_new;

    struct head_class *a = head_class_make(head, &SCHEMA, NOW_S, &is_new);
    EXPECT(a && is_new);
    EXPECT(head_class_make(head, &SCHEMA, NOW_S + 5, &is_new) == a && !is_new);
    other.aggregation = AGGREGATE_SUM;
    EXPECT(head_class_make(head, &other, NOW_S, &is_new) != a && is_new);
    EXPECT(!head_class_load(head, 1, &SCHEMA, NOW_S));
    EXPECT(head_class_load(head, 5, &SCHEMA, NOW_S));
    EXPECT(!head_class_load(head, HEAD_CLASSES_MAX, &SCHEMA, NOW_S));
    EXPECT(head_class(head, 3) == NULL && head_n_classes(head) == 6);
    head_free(head);
}

TEST(the_window_leaves_room_for_the_grace_and_for_now)
{
    for (int64_t now_s = NOW_S; now_s < NOW_S + 3000; now_s += 7) {
        uint32_t now = (uint32_t)(now_s / STEP_S), window = head_window_at(&SCHEMA, now_s);
        EXPECT(window % HEAD_SEAL_SLOTS == 0);
        EXPECT(window + HEAD_GRACE_SLOTS <= now);
        EXPECT(now + 15 < window + HEAD_SLOTS);
    }
    EXPECT_I64(head_window_at(&SCHEMA, 0), 1);
}

TEST(a_stored_value_is_read_back_and_neighbours_are_gaps)
{
    struct head *head = head_new();
    struct head_class *of = class_for(head);
    uint32_t slot = of->freed + 40;

    EXPECT_I64(head_lane(head, 7), HEAD_LANE_NONE);
    uint32_t lane = head_lane_take(head, of, 7);
    EXPECT_I64(head_lane_take(head, of, 7), lane);
    EXPECT_I64(head_lane(head, 7), lane);
    struct head_tablet *tablet = head_tablet(head, lane / HEAD_LANES);
    EXPECT(isnan(value_at(head, 7, slot)));
    EXPECT(head_column(tablet, slot, 0));
    head_cell_set(head_cell(tablet, slot, lane % HEAD_LANES), 1.5);
    EXPECT_F64(value_at(head, 7, slot), 1.5, 0);
    EXPECT(isnan(value_at(head, 7, slot - 1)));
    EXPECT(isnan(value_at(head, 7, slot + 1)));
    EXPECT(isnan(value_at(head, 8, slot)));

    /* a lane that comes later finds the same columns, empty */
    uint32_t later = head_lane_take(head, of, 8);
    EXPECT(isnan(value_at(head, 8, slot)));
    head_cell_set(head_cell(tablet, slot, later % HEAD_LANES), 2.5);
    EXPECT_F64(value_at(head, 8, slot), 2.5, 0);
    EXPECT_F64(value_at(head, 7, slot), 1.5, 0);
    head_free(head);
}

TEST(the_ring_never_runs_over_what_is_not_freed)
{
    struct head *head = head_new();
    struct head_class *of = class_for(head);
    uint32_t first = of->freed, lane = head_lane_take(head, of, 0);
    struct head_tablet *tablet = head_tablet(head, lane / HEAD_LANES);

    EXPECT(head_column(tablet, first, 0));
    head_cell_set(head_cell(tablet, first, lane % HEAD_LANES), 3.0);
    EXPECT(head_column(tablet, first + HEAD_SLOTS - 1, 0));
    EXPECT(!head_column(tablet, first + HEAD_SLOTS, 0));
    EXPECT(!head_column(tablet, first - 1, 0));
    EXPECT_F64(value_at(head, 0, first), 3.0, 0);
    EXPECT(head_class_is_busy(head, of));

    of->sealed = first + HEAD_SEAL_SLOTS;
    head_release(head, of, of->sealed);
    EXPECT(isnan(value_at(head, 0, first)));
    EXPECT(head_column(tablet, first + HEAD_SLOTS, 0));
    EXPECT(isnan(value_at(head, 0, first + HEAD_SLOTS))); /* the reused column was cleared */
    of->sealed = of->freed = first + HEAD_SLOTS + 1;
    EXPECT(!head_class_is_busy(head, of));
    head_free(head);
}

TEST(lanes_fill_one_tablet_after_another)
{
    struct head *head = head_new();
    struct head_class *of = class_for(head);

    for (uint32_t id = 0; id < HEAD_LANES + 10; id++)
        EXPECT_I64(head_lane_take(head, of, id), id);
    EXPECT_I64(head_n_tablets(head), 2);
    EXPECT_I64(head_tablet(head, 1)->n_lanes, 10);
    EXPECT_I64(head_bytes(head), 2ll * HEAD_LANES * HEAD_SLOTS * 8);
    EXPECT_I64(head_lane_take(head, of, UINT32_MAX), HEAD_LANE_NONE);
    head_free(head);
}

TEST(a_window_set_anew_is_empty)
{
    struct head *head = head_new();
    struct head_class *of = class_for(head);
    uint32_t lane = head_lane_take(head, of, 0), slot = of->freed + 3;
    struct head_tablet *tablet = head_tablet(head, lane / HEAD_LANES);

    EXPECT(head_column(tablet, slot, 0));
    head_cell_set(head_cell(tablet, slot, lane % HEAD_LANES), 3.0);
    head_window_set(head, of, of->freed - 640);
    EXPECT(!head_class_is_busy(head, of));
    EXPECT(isnan(value_at(head, 0, slot)));
    EXPECT(head_column(tablet, of->freed + 50, 0));
    EXPECT(isnan(value_at(head, 0, of->freed + 3)));
    head_free(head);
}

/* Is the memory of this cell there? */
static bool is_there(const struct head_tablet *tablet, uint32_t slot, uint32_t lane)
{
    unsigned char byte = 0;
    const uintptr_t at = (uintptr_t)head_cell(tablet, slot, lane);
    EXPECT(mincore((char *)at - at % 4096, 4096, &byte) == 0);
    return byte & 1;
}

/* All slots below until are sealed, and the ring moves on. */
static void release(struct head *head, struct head_class *of, uint32_t until)
{
    of->sealed = until;
    head_release(head, of, until);
}

TEST(the_ring_keeps_its_memory_and_gives_back_that_of_quiet_lanes)
{
    enum { QUIET = 600, BUSY = 10 }; /* on different pages of a column */
    struct head *head = head_new();
    struct head_class *of = class_for(head);
    const uint32_t first = of->freed;
    for (uint32_t id = 0; id <= QUIET; id++)
        EXPECT_I64(head_lane_take(head, of, id), id);
    struct head_tablet *tablet = head_tablet(head, 0);

    for (uint32_t slot = first; slot < first + 3 * HEAD_SLOTS; slot++) {
        uint64_t *column = head_column(tablet, slot, BUSY);
        EXPECT(column == head_cell(tablet, slot, 0));
        head_cell_set(&column[BUSY], slot);
        if (slot < first + HEAD_SLOTS / 2)
            head_cell_set(&head_column(tablet, slot, QUIET)[QUIET], slot);
        EXPECT(value_at(head, BUSY, slot) == slot);
        if (slot % 10 == 0)
            release(head, of, slot);
        if (slot == first + HEAD_SLOTS / 2)
            EXPECT(is_there(tablet, slot - 1, QUIET) && is_there(tablet, first, QUIET));
    }
    for (uint32_t slot = of->freed; slot < of->freed + HEAD_SLOTS; slot++) {
        EXPECT(is_there(tablet, slot, BUSY));
        EXPECT(!is_there(tablet, slot, QUIET));
        EXPECT(isnan(value_at(head, QUIET, slot)));
    }
    head_free(head);
}

TEST(a_column_is_used_from_its_first_value_until_it_is_freed)
{
    struct head *head = head_new();
    struct head_class *of = class_for(head);
    const uint32_t first = of->freed, later = first + 70;
    EXPECT_I64(head_lane_take(head, of, 0), 0);
    struct head_tablet *tablet = head_tablet(head, 0);

    EXPECT(head_column(tablet, later, 0));
    EXPECT(head_page_is_used(tablet, 0, later));
    for (uint32_t slot = first; slot < first + HEAD_SLOTS; slot++)
        EXPECT(slot == later || !head_page_is_used(tablet, 0, slot));
    EXPECT(head_column(tablet, first, 0)); /* below the tablet's head */
    EXPECT(head_page_is_used(tablet, 0, first));
    release(head, of, later);
    EXPECT(!head_page_is_used(tablet, 0, first) && head_page_is_used(tablet, 0, later));
    release(head, of, later + 1);
    EXPECT(!head_page_is_used(tablet, 0, later));
    head_free(head);
}

RUN_TESTS(test_of(the_ring_keeps_its_memory_and_gives_back_that_of_quiet_lanes),
          test_of(a_column_is_used_from_its_first_value_until_it_is_freed),
          test_of(classes_are_told_apart_by_their_rule),
          test_of(the_window_leaves_room_for_the_grace_and_for_now),
          test_of(a_stored_value_is_read_back_and_neighbours_are_gaps),
          test_of(the_ring_never_runs_over_what_is_not_freed),
          test_of(lanes_fill_one_tablet_after_another), test_of(a_window_set_anew_is_empty))
