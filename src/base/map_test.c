#include "base/map.h"

#include <stdio.h>

#include "kit/kit.h"

TEST(keeps_what_was_put_and_in_order)
{
    struct map *map = map_new();
    static int values[1000];
    char key[32];
    for (int i = 0; i < 1000; i++) {
        size_t n = (size_t)snprintf(key, sizeof key, "key.%d", i);
        EXPECT(map_put(map, key, n, &values[i]) == NULL);
    }
    EXPECT_I64(map_count(map), 1000);
    for (int i = 0; i < 1000; i++) {
        size_t n = (size_t)snprintf(key, sizeof key, "key.%d", i);
        EXPECT(map_get(map, key, n) == &values[i]);
        EXPECT_TEXT(map_key(map, (size_t)i), key);
    }
    EXPECT(map_get(map, "key.1000", 8) == NULL);
    map_free(map);
}

TEST(putting_again_returns_the_old_value)
{
    struct map *map = map_new();
    int a, b;
    EXPECT(map_put(map, "k", 1, &a) == NULL);
    EXPECT(map_put(map, "k", 1, &b) == &a);
    EXPECT(map_get(map, "k", 1) == &b);
    EXPECT_I64(map_count(map), 1);
    map_free(map);
}

TEST(keys_may_hold_any_bytes)
{
    struct map *map = map_new();
    int a, b;
    map_put(map, "x\0y", 3, &a);
    map_put(map, "x\0z", 3, &b);
    EXPECT(map_get(map, "x\0y", 3) == &a);
    EXPECT(map_get(map, "x\0z", 3) == &b);
    EXPECT(map_get(map, "x", 1) == NULL);
    map_free(map);
}

RUN_TESTS(test_of(keeps_what_was_put_and_in_order), test_of(putting_again_returns_the_old_value),
          test_of(keys_may_hold_any_bytes))
