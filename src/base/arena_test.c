#include "base/arena.h"

#include "kit/kit.h"

TEST(blocks_are_apart_aligned_and_keep_their_bytes)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    enum { BLOCKS = 2000 };
    unsigned char *blocks[BLOCKS];
    size_t sizes[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t n = kit_random_below(10) ? kit_random_below(200) : kit_random_below(100000);
        blocks[i] = arena_alloc(&arena, n);
        sizes[i] = n;
        EXPECT_I64((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)(i & 0xff), n);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            if (blocks[i][k] != (i & 0xff))
                fail_msg("block %zu of %zu bytes was overwritten at %zu", i, sizes[i], k);
}

TEST(nothing_has_an_address_too)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    void *a = arena_zalloc(&arena, 0), *b = arena_alloc(&arena, 0);
    EXPECT(a != NULL && b != NULL && a != b);
    EXPECT_TEXT(arena_strndup(&arena, "abc", 0), "");
}

TEST(a_reset_arena_is_used_again)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    arena_reset(&arena); /* an empty one, too */
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 100; i++)
            memset(arena_alloc(&arena, (size_t)i * 300), round, (size_t)i * 300);
        arena_reset(&arena);
        EXPECT_I64(arena.bytes, 0);
    }
}

TEST(arrays_grow_and_keep_what_they_held)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    int *items = NULL;
    size_t cap = 0;
    for (size_t n = 0; n < 10000; n++) {
        arena_grow(&arena, &items, &cap, n + 1, sizeof *items);
        items[n] = (int)n;
    }
    for (size_t n = 0; n < 10000; n++)
        if (items[n] != (int)n)
            fail_msg("item %zu is %d", n, items[n]);
}

RUN_TESTS(test_of(blocks_are_apart_aligned_and_keep_their_bytes),
          test_of(nothing_has_an_address_too), test_of(a_reset_arena_is_used_again),
          test_of(arrays_grow_and_keep_what_they_held))
