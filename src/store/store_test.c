#include "store/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kit/kit.h"
#include "store/keeper.h"
#include "store/store_kit.h"

enum { FIRST_S = 1700000000 };

/* A point now, late, much too late or early, in a random order. */
static int64_t random_time(const struct store_kit *kit)
{
    const int64_t now_s = store_kit_now_s(), first_s = (int64_t)kit->first_slot * kit->step_s;
    const uint64_t dice = kit_random_below(10);

    if (dice < 6)
        return now_s - (int64_t)kit_random_below(5 * kit->step_s);
    if (dice < 8)
        return now_s - (int64_t)kit_random_below(100 * kit->step_s);
    if (dice < 9)
        return now_s + (int64_t)kit_random_below(31 * kit->step_s);
    return first_s + (int64_t)kit_random_below((uint64_t)(now_s - first_s) + 1);
}

static void random_step(struct store_kit *kit)
{
    const uint64_t dice = kit_random_below(100);

    if (dice < 70) {
        for (uint64_t n = kit_random_below(60); n > 0; n--) {
            size_t series = kit_random_below(STORE_KIT_SERIES);
            int64_t at_s = random_time(kit);
            EXPECT_I64(store_kit_put(kit, series, at_s, store_kit_value()), SINK_OK);
        }
        store_kit_commit(kit);
    } else if (dice < 85) {
        kit_now_us += (int64_t)(kit_random_below(40) * kit->step_s) * 1000000;
    } else if (dice < 93) {
        EXPECT_OK(keeper_pass(kit->store, &kit_err));
    } else if (dice < 95) {
        EXPECT_OK(store_seal(kit->store, &kit_err));
    } else if (dice < 97) {
        store_kit_close(kit);
        EXPECT(store_kit_open(kit));
    } else if (dice < 98) {
        store_kit_crash(kit);
    } else {
        EXPECT(store_kit_agrees(kit));
    }
}

TEST(agrees_with_a_plain_array)
{
    static const struct {
        const char *row, *retentions;
        uint32_t step_s;
    } rows[] = {
        {"ten seconds", "10s:30d", 10},
        {"a minute", "60s:10y", 60},
        {"a second", "1s:2d", 1},
        {"three archives", "10s:30d,60s:60d,600s:5y", 10},
    };
    EACH_ROW (rows, r) {
        struct store_kit kit;
        kit_now_us = (FIRST_S + 200 * (int64_t)r->step_s) * 1000000;
        store_kit_init(&kit, r->retentions, "average", FIRST_S, 12000);
        kit.tuning.late_flush_us = 500 * (int64_t)r->step_s * 1000000;
        kit.tuning.files_merge = 4;
        EXPECT(store_kit_open(&kit));
        for (int i = 0; i < 400 && kit_failures() == 0; i++)
            random_step(&kit);
        EXPECT(store_kit_agrees(&kit));
        if (getenv("STORE_STATS")) {
            struct store_stats st;
            store_stats(kit.store, &st);
            fprintf(stderr, "%s: stored %lu late %lu files %lu seals %lu wal %lu disk %lu recovered %lu\n", r->row, st.n_points_stored, st.n_late_points, st.n_files, st.n_seals, st.wal_bytes, st.disk_bytes, st.n_points_recovered);
        }
        store_kit_done(&kit);
    }
}

RUN_TESTS(test_of(agrees_with_a_plain_array))
