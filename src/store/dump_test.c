#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "kit/kit.h"
#include "os/file.h"
#include "store/keeper.h"
#include "store/offline_kit.c"
#include "store/store_kit.c"

struct got {
    const struct store_kit *kit;
    size_t series, n;
    bool is_same;
    int64_t last_s;
};

static bool on_point(void *self, int64_t at_s, double value)
{
    struct got *got = self;
    const int64_t at = at_s / 10 - got->kit->first_slot;
    const double *values = got->kit->values[got->series];

    got->is_same &= at_s > got->last_s && at >= 0 && at < got->kit->n_slots &&
                    memcmp(&values[at], &value, 8) == 0;
    got->last_s = at_s;
    got->n++;
    return true;
}

static size_t count_values(const struct store_kit *kit, size_t series)
{
    size_t n = 0;
    for (uint32_t i = 0; i < kit->n_slots; i++)
        n += !is_gap(kit->values[series][i]);
    return n;
}

/* All names and bytes below dir, as one number. */
static bool add_file(void *self, const char *name, struct err *err);
struct sum {
    const char *dir;
    uint64_t n;
};
static uint64_t sum_of(const char *dir)
{
    struct sum sum = {dir, 0};
    EXPECT_OK(dir_each(dir, add_file, &sum, &kit_err));
    return sum.n;
}

static bool add_file(void *self, const char *name, struct err *err)
{
    struct sum *sum = self;
    const char *path = kit_path(sum->dir, name);
    struct stat about;
    struct buf bytes;

    sum->n = sum->n * 31 + hash_crc32c(7, name, strlen(name));
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
        sum->n = sum->n * 31 + sum_of(path);
        return true;
    }
    buf_init(&bytes, 1 << 30);
    const bool is_ok = file_read_all(path, &bytes, err);
    sum->n = sum->n * 31 + hash_crc32c(9, buf_text(&bytes), bytes.n);
    buf_done(&bytes);
    return is_ok;
}

TEST(gives_every_value_and_changes_nothing)
{
    for (int shape = SHAPE_LOG; shape < OFFLINE_SHAPES; shape++) {
        struct store_kit kit;
        struct store_reading reading;
        kit_row(arena_printf(&kit_arena, "shape %d", shape));
        offline_kit_fill(&kit, (enum offline_shape)shape);
        const uint64_t before = sum_of(kit.dir);
        EXPECT_OK(
            store_read_open(kit.dir, "prod.*.load", kit_clock(), &kit_arena, &reading, &kit_err));
        EXPECT(reading.is_served);
        EXPECT_I64(reading.n, STORE_KIT_SERIES);
        for (size_t i = 0; i < reading.n; i++) {
            struct store_place *places;
            size_t n_places, n_placed = 0;
            struct got got = {&kit, reading.series[i].id, 0, true, 0};
            const struct store_points points = {0, 0, INT64_MAX, &got, on_point};
            EXPECT_OK(store_read_points(reading.store, reading.series[i].id, &points, &kit_err));
            EXPECT(got.is_same);
            EXPECT_I64(got.n, count_values(&kit, got.series));
            EXPECT_OK(store_read_places(reading.store, reading.series[i].id, &kit_arena, &places,
                                        &n_places, &kit_err));
            for (size_t k = 0; k < n_places; k++)
                n_placed += places[k].n_values;
            EXPECT(n_placed >= got.n);
        }
        store_read_close(reading.store);
        EXPECT(sum_of(kit.dir) == before);
        store_kit_done(&kit);
    }
    kit_row(NULL);
}

TEST(finds_names_in_any_spelling_and_says_what_is_not_there)
{
    struct store_kit kit;
    struct store_reading reading;

    offline_kit_fill(&kit, SHAPE_LOG);
    store_kit_close(&kit);
    EXPECT_OK(
        store_read_open(kit.dir, "prod..host03.load", kit_clock(), &kit_arena, &reading, &kit_err));
    EXPECT_I64(reading.n, 1);
    EXPECT_TEXT(reading.series[0].name, "prod.host03.load");
    EXPECT(!reading.is_served);
    store_read_close(reading.store);
    EXPECT_ERR(
        store_read_open(kit.dir, "prod.nothing", kit_clock(), &kit_arena, &reading, &kit_err),
        ERR_MISSING, "no series 'prod.nothing'");
    EXPECT_ERR(store_read_open(kit.dir, "prod.[", kit_clock(), &kit_arena, &reading, &kit_err),
               ERR_INPUT, "");
    EXPECT_ERR(store_read_open("/nowhere", "a", kit_clock(), &kit_arena, &reading, &kit_err),
               ERR_MISSING, "/nowhere");
    store_kit_done(&kit);
}

RUN_TESTS(test_of(gives_every_value_and_changes_nothing),
          test_of(finds_names_in_any_spelling_and_says_what_is_not_there))
