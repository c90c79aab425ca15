#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "kit/kit.h"
#include "os/file.h"
#include "store/keeper.h"
#include "store/offline_kit.c"
#include "store/store_kit.c"

static const char *new_place(void)
{
    return kit_path(new_dir(), "copy");
}

/* The kit goes on with the copy, as a restored server would. */
static void expect_agrees(struct store_kit *kit, const char *dir)
{
    const char *was = kit->dir;
    store_kit_close(kit);
    kit->dir = dir;
    EXPECT(store_kit_open(kit));
    EXPECT(store_kit_agrees(kit));
    store_kit_close(kit);
    kit->dir = was;
    EXPECT(store_kit_open(kit));
}

TEST(a_copy_has_everything_and_stays_as_it_is)
{
    for (int shape = 0; shape < OFFLINE_SHAPES; shape++) {
        struct store_kit kit;
        struct store_copy copy;
        const char *dir = new_place();
        kit_row(arena_printf(&kit_arena, "shape %d", shape));
        offline_kit_fill(&kit, (enum offline_shape)shape);
        EXPECT_OK(store_snapshot(kit.store, dir, &copy, &kit_err));
        EXPECT_I64(copy.n_files_linked, copy.n_files);
        EXPECT(store_kit_is_sound(dir));
        /* The store goes on: merges, reuses its log; the copy must not see it. A copy is opened only
         * on a copy of it, as opening writes. */
        const char *opened = new_dir();
        store_kit_copy(dir, opened);
        expect_agrees(&kit, opened);
        for (int i = 0; i < 20; i++) {
            const struct sink_point point = {kit.ids[0], (uint32_t)store_kit_now_s(), 1};
            enum sink_fate fate;
            (void)store_sink(kit.store).ops->put(kit.writer, &point, 1, &fate);
            store_kit_commit(&kit);
            kit_now_us += 640 * 1000000ll;
            EXPECT_OK(store_seal(kit.store, &kit_err));
            EXPECT_OK(keeper_pass(kit.store, &kit_err));
        }
        EXPECT(store_kit_is_sound(dir));
        EXPECT(store_kit_is_sound(kit.dir));
        store_kit_done(&kit);
    }
    kit_row(NULL);
}

TEST(nothing_is_overwritten)
{
    struct store_kit kit;
    struct store_copy copy;

    offline_kit_fill(&kit, SHAPE_LOG);
    EXPECT_ERR(store_snapshot(kit.store, kit.dir, &copy, &kit_err), ERR_REFUSED, "there already");
    store_kit_done(&kit);
}

TEST(a_failing_disk_fails_the_copy_and_nothing_else)
{
    struct store_kit kit;
    const char *parent = new_dir();

    offline_kit_fill(&kit, SHAPE_MERGED);
    for (uint64_t n = 1; kit_fault(n); n++) {
        const char *dir = kit_path(parent, arena_printf(&kit_arena, "copy%d", (int)n));
        struct store_copy copy;
        err_clear(&kit_err);
        const bool is_ok = store_snapshot(kit.store, dir, &copy, &kit_err);
        kit_fault_off();
        if (is_ok)
            EXPECT(store_kit_is_sound(dir));
        EXPECT(store_kit_agrees(&kit));
    }
    EXPECT_OK(store_seal(kit.store, &kit_err)); /* the log is not held any more */
    EXPECT(store_kit_is_sound(kit.dir));
    store_kit_done(&kit);
}

RUN_TESTS(test_of(a_copy_has_everything_and_stays_as_it_is), test_of(nothing_is_overwritten),
          test_of(a_failing_disk_fails_the_copy_and_nothing_else))
