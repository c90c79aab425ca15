#include "store/offline_kit.h"

#include "kit/kit.h"
#include "os/file.h"
#include "store/keeper.h"

int64_t offline_kit_first_s(void)
{
    return (store_kit_now_s() - 5 * 86400) / 60 * 60;
}

/* Points of all series at [from, until), each step. */
static void put(struct store_kit *kit, int64_t from_s, int64_t until_s, int64_t every_s)
{
    for (int64_t at = from_s; at < until_s; at += every_s)
        for (size_t i = 0; i < STORE_KIT_SERIES; i++)
            (void)store_kit_put(kit, i, at, store_kit_value());
    store_kit_commit(kit);
}

static void pass(struct store_kit *kit, int64_t seconds)
{
    kit_now_us += seconds * 1000000;
    EXPECT_OK(keeper_pass(kit->store, &kit_err));
}

void offline_kit_fill(struct store_kit *kit, enum offline_shape shape)
{
    const int64_t begin_s = (store_kit_now_s() + 639) / 640 * 640;

    store_kit_init(kit, "10s:2d,60s:7d", "average", offline_kit_first_s(), 60000);
    kit->tuning.late_run = 4;
    EXPECT_OK(store_kit_open(kit));
    if (shape == SHAPE_FRESH)
        return;
    kit_now_us = begin_s * 1000000;
    put(kit, begin_s, begin_s + 600, 10);
    if (shape == SHAPE_LOG)
        return;
    pass(kit, 1000);
    put(kit, begin_s - 3000, begin_s - 1000, 10);
    EXPECT_OK(store_seal(kit->store, &kit_err));
    if (shape == SHAPE_SEALED)
        return;
    for (int i = 0; i < 30; i++) { /* past a partition: merged, with aggregates */
        put(kit, store_kit_now_s(), store_kit_now_s() + 640, 10);
        pass(kit, 3200);
    }
    put(kit, store_kit_now_s() - 100, store_kit_now_s(), 10);
}
