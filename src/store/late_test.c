#include "store/late.h"

#include <math.h>

#include "base/mem.h"
#include "kit/kit.h"

static void add(struct late *late, uint32_t id, uint32_t slot, double value, uint16_t class_no)
{
    struct late_point point = {id, slot, value, class_no, 0};
    late_add(late, &point, 1);
}

TEST(reads_points_of_one_series_in_order_of_arrival)
{
    struct late *late = late_new(NULL);
    struct late_cell *cells;

    EXPECT(late_is_empty(late));
    EXPECT_I64(late_read(late, 5, &kit_arena, &cells), 0);
    for (uint32_t i = 0; i < 300; i++)
        add(late, i % 3, 1000 - i, i, 0);
    EXPECT_I64(late_read(late, 2, &kit_arena, &cells), 100);
    for (uint32_t i = 0; i < 100; i++) {
        EXPECT_I64(cells[i].slot, 1000 - (i * 3 + 2));
        EXPECT_F64(cells[i].value, i * 3 + 2, 0);
    }
    EXPECT(late_bytes(late) > 300 * sizeof(struct late_cell));
    late_free(late);
}

/* Lists that outgrow one block after the other, some of them used again. */
TEST(long_lists_keep_every_point)
{
    enum { N = 300000, N_TABLES = 3 };
    struct late *late = late_new(NULL);
    struct late_cell *cells;

    for (uint32_t t = 0; t < N_TABLES; t++) {
        for (uint32_t i = 0; i < N; i++)
            add(late, i % 2, i, i + t, 0);
        for (uint32_t id = 0; id < 2; id++) {
            EXPECT_I64(late_read(late, id, &kit_arena, &cells), N / 2);
            size_t n_right = 0;
            for (uint32_t i = 0; i < N / 2; i++)
                n_right += cells[i].slot == 2 * i + id && cells[i].value == 2 * i + id + t;
            EXPECT_I64(n_right, N / 2);
        }
        uint64_t lsn = t;
        EXPECT(late_begin(late, &lsn));
        late_end(late);
        EXPECT_I64(late_bytes(late), 0);
    }
    late_trim(late);
    late_free(late);
}

TEST(runs_are_sorted_with_the_last_value_of_each_slot)
{
    struct late *late = late_new(NULL);
    struct late_runs runs;

    add(late, 8, 10, 1, 1);
    add(late, 2, 9000, 2, 0); /* another partition */
    add(late, 9, 11, 3, 0);
    add(late, 2, 12, 4, 0);
    add(late, 9, 11, 5, 0);
    add(late, 9, 10, 6, 0);
    uint64_t lsn = 5;
    EXPECT(late_begin(late, &lsn));
    late_runs_make(late, &runs);
    static const struct {
        uint32_t id, n, first;
        double last;
    } want[] = {{2, 1, 12, 4}, {9, 2, 10, 5}, {2, 1, 9000, 2}, {8, 1, 10, 1}};
    EXPECT_I64(runs.n, 4);
    for (size_t i = 0; i < runs.n; i++) {
        EXPECT_I64(runs.items[i].id, want[i].id);
        EXPECT_I64(runs.items[i].n, want[i].n);
        EXPECT_I64(runs.items[i].cells[0].slot, want[i].first);
        EXPECT_F64(runs.items[i].cells[want[i].n - 1].value, want[i].last, 0);
    }
    late_runs_done(&runs);
    late_end(late);
    EXPECT(late_is_empty(late));
    EXPECT_I64(late_bytes(late), 0);
    EXPECT(!late_begin(late, &lsn));
    late_free(late);
}

TEST(a_run_of_any_order_ends_as_a_plain_array_would)
{
    enum { SLOTS = 700 };
    for (size_t n = 0; n < 3000; n = n * 2 + 1) {
        struct late *late = late_new(NULL);
        struct late_runs runs;
        double want[SLOTS];
        uint64_t lsn = 1;
        uint32_t n_want = 0, slot = 0;

        for (size_t i = 0; i < SLOTS; i++)
            want[i] = (double)NAN;
        for (size_t i = 0; i < n; i++) {
            slot = kit_random_below(3) > 0 ? (slot + 1) % SLOTS : (uint32_t)kit_random_below(SLOTS);
            n_want += isnan(want[slot]);
            want[slot] = (double)i;
            add(late, 3, slot, (double)i, 0);
        }
        EXPECT_I64(late_begin(late, &lsn), n > 0);
        if (n > 0) {
            late_runs_make(late, &runs);
            EXPECT_I64(runs.n, 1);
            EXPECT_I64(runs.items[0].n, n_want);
            for (uint32_t i = 0; i < runs.items[0].n; i++)
                EXPECT_F64(runs.items[0].cells[i].value, want[runs.items[0].cells[i].slot], 0);
            late_runs_done(&runs);
        }
        late_free(late);
    }
}

TEST(what_is_being_written_is_read_until_it_ends)
{
    struct late *late = late_new(NULL);
    struct late_cell *cells;
    uint64_t lsn = 5, later_lsn = 9;

    add(late, 1, 10, 1, 0);
    add(late, 1, 11, 2, 0);
    EXPECT(late_begin(late, &lsn));
    EXPECT_I64(lsn, 5);
    add(late, 1, 10, 3, 0);
    EXPECT(
        late_begin(late, &later_lsn)); /* it could not be written: it comes again, with its lsn */
    EXPECT_I64(later_lsn, 5);
    EXPECT_I64(late_read(late, 1, &kit_arena, &cells), 3);
    EXPECT_F64(cells[2].value, 3, 0);
    late_end(late);
    EXPECT_I64(late_read(late, 1, &kit_arena, &cells), 1);
    EXPECT_F64(cells[0].value, 3, 0);
    late_free(late);
}

TEST(knows_how_far_each_class_reaches)
{
    struct late *late = late_new(NULL);
    uint64_t lsn = 5;

    EXPECT(!late_reaches(late, 0, 0));
    add(late, 1, 50, 1, 3);
    EXPECT(late_reaches(late, 3, 50) && !late_reaches(late, 3, 51) && !late_reaches(late, 0, 50));
    EXPECT(late_begin(late, &lsn));
    EXPECT(late_reaches(late, 3, 50));
    late_end(late);
    EXPECT(!late_reaches(late, 3, 50));
    late_free(late);
}

TEST(columns_are_newer_than_lists_of_the_same_table_and_older_than_the_next)
{
    static const struct schema schema = {.archives = {{10, 8640}, {60, 8640}}, .n_archives = 2};
    struct head *head = head_new();
    bool is_new;
    struct head_class *of = head_class_make(head, &schema, 1700000000, &is_new);
    const uint32_t lane = head_lane_take(head, of, 1), no = lane / HEAD_LANES;
    struct head_tablet *tablet = head_tablet(head, no);
    struct late *late = late_new(head);
    struct late_cell *cells;
    uint64_t lsn = 5;

    add(late, 1, 130, 1, of->no);
    EXPECT(late_column(late, no, 0, 130) == NULL);
    uint64_t *column = late_make_column(late, tablet, no, 0, 130);
    head_cell_set(&column[lane % HEAD_LANES], 2);
    EXPECT(late_column(late, no, 0, 130) == column);
    EXPECT(late_column(late, no, 0, 191) != NULL && late_column(late, no, 0, 192) == NULL);
    EXPECT(late_column(late, no, 1, 130) == NULL);
    EXPECT(late_bytes(late) >= 4096);
    EXPECT(late_reaches(late, of->no, 191) && !late_reaches(late, of->no, 192));

    EXPECT(late_begin(late, &lsn));
    EXPECT(late_column(late, no, 0, 130) == NULL);
    add(late, 1, 130, 3, of->no);
    EXPECT_I64(late_read(late, 1, &kit_arena, &cells), 3);
    for (size_t i = 0; i < 3; i++)
        EXPECT_F64(cells[i].value, (double)i + 1, 0);
    late_end(late);
    EXPECT_I64(late_read(late, 1, &kit_arena, &cells), 1);
    late_free(late);
    head_free(head);
}

TEST(memory_is_counted_and_used_again_clean)
{
    bool is_new;
    const struct schema schema = {.archives = {{10, 1000}}, .n_archives = 1};
    struct head *head = head_new();
    struct head_class *of = head_class_make(head, &schema, 100000, &is_new);
    const uint32_t lane = head_lane_take(head, of, 7), no = lane / HEAD_LANES;
    struct late *late = late_new(head);
    struct late_cell *cells;

    EXPECT_I64(late_bytes(late), 0);
    for (int round = 0; round < 3; round++) {
        uint64_t lsn = 1;
        uint64_t *column = late_make_column(late, head_tablet(head, no), no, 0, 130);
        EXPECT_I64(late_bytes(late), 4096); /* a page of the column's lanes */
        EXPECT_I64(late_read(late, 7, &kit_arena, &cells), 0);
        head_cell_set(&column[lane % HEAD_LANES], 1.5);
        EXPECT_I64(late_read(late, 7, &kit_arena, &cells), 1);
        add(late, 9, 50, 1, of->no);
        EXPECT(late_bytes(late) > 4096);
        EXPECT(late_begin(late, &lsn));
        late_end(late);
        EXPECT_I64(late_bytes(late), 0);
        if (round == 1)
            late_trim(late);
    }
    late_free(late);
    head_free(head);
}

RUN_TESTS(test_of(reads_points_of_one_series_in_order_of_arrival),
          test_of(long_lists_keep_every_point),
          test_of(runs_are_sorted_with_the_last_value_of_each_slot),
          test_of(a_run_of_any_order_ends_as_a_plain_array_would),
          test_of(what_is_being_written_is_read_until_it_ends),
          test_of(knows_how_far_each_class_reaches),
          test_of(columns_are_newer_than_lists_of_the_same_table_and_older_than_the_next),
          test_of(memory_is_counted_and_used_again_clean))
