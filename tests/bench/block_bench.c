/* block_bench: CPU time of asking block files of 10,000 series of all kinds with a day of slots of 10 s: as
 * merged files are (units of 720 slots) and as those of past partitions are (2,160 slots, smallest form).
 * The best of some rounds; files are in memory and warm, or, the last column, come from the disk after the
 * kernel was told to forget them. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "kinds.h"
#include "os/file.h"
#include "store/block.h"

enum { SERIES = 10000, MODELS = 20, SLOTS = 8640, SIX_H = 2160, HOUR = 360, ROUNDS = 5 };

struct shape {
    const char *name;
    uint32_t unit_slots;
    bool is_cold;
};

static double models[MODELS * KINDS][SLOTS];

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void must(bool is_ok, const struct err *err)
{
    if (is_ok)
        return;
    fprintf(stderr, "block_bench: %s\n", err->text);
    exit(1);
}

static uint64_t write_block(const struct shape *shape, const char *path)
{
    const struct block_info info = {.first_slot = 0,
                                    .step_s = 10,
                                    .n_slots = SLOTS,
                                    .unit_slots = shape->unit_slots,
                                    .has_aggregates = true,
                                    .is_cold = shape->is_cold};
    struct codec *codec = codec_new();
    struct err err;
    uint64_t n_bytes = 0;
    int fd = -1;
    must(file_open(path, O_RDWR | O_CREAT | O_TRUNC, &fd, &err), &err);
    struct block_writer *writer = block_writer_new(&info, codec, fd, path);
    for (uint32_t id = 0; id < SERIES; id++)
        must(block_writer_add(writer, id, models[id % COUNT_OF(models)], NULL, &err), &err);
    must(block_writer_finish(writer, &n_bytes, &err), &err);
    must(file_sync(fd, path, &err), &err);
    block_writer_free(writer);
    fd_done(&fd);
    codec_free(codec);
    return n_bytes;
}

/* The sum of n slots of all series, whatever first slot each is asked from. */
static double sum_slots(const struct block *block, int64_t first_slot, size_t n)
{
    static double out[SLOTS];
    double sums[4] = {0}; /* one would have each addition wait for the last */
    for (uint32_t id = 0; id < SERIES; id++) {
        struct err err;
        size_t n_values;
        must(block_read(block, id, first_slot, n, out, &n_values, &err), &err);
        BUG_IF(n_values != n || n % 4 != 0);
        for (size_t i = 0; i < n; i += 4)
            for (size_t k = 0; k < 4; k++)
                sums[k] += out[i + k];
    }
    return sums[0] + sums[1] + sums[2] + sums[3];
}

static double sum_aggregates(const struct block *block, int64_t first_slot, size_t n)
{
    const uint32_t unit_slots = block_info(block)->unit_slots;
    const struct block_units units = {(uint32_t)first_slot / unit_slots, (uint32_t)n / unit_slots};
    struct block_aggregate aggregates[SLOTS / HOUR];
    double sum = 0;
    for (uint32_t id = 0; id < SERIES; id++) {
        struct err err;
        bool is_there;
        must(block_aggregates(block, id, units, aggregates, &is_there, &err), &err);
        BUG_IF(!is_there);
        for (uint32_t u = 0; u < units.n; u++)
            sum += aggregates[u].sum;
    }
    return sum;
}

typedef double summing(const struct block *block, int64_t first_slot, size_t n);

static void time_it(const char *what, summing *fn, const struct block *block, int64_t first_slot,
                    size_t n)
{
    double best_ms = INFINITY, sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        const double begun_ms = now_ms();
        sum += fn(block, first_slot, n);
        best_ms = fmin(best_ms, now_ms() - begun_ms);
    }
    printf("  %-40s %8.2f ms %8.2f us a series %6.2f ns a slot%s\n", what, best_ms,
           best_ms * 1e3 / SERIES, best_ms * 1e6 / SERIES / (double)n, isnan(sum) ? " ?" : "");
}

static void open_block(const char *path, const void **out_map, size_t *out_n, struct block **out)
{
    struct err err;
    must(file_map(path, out_map, out_n, &err), &err);
    must(block_open(*out_map, *out_n, path, out, &err), &err);
}

static void forget(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
        fprintf(stderr, "block_bench: cannot make '%s' cold\n", path);
    close(fd);
}

static void bench(const struct shape *shape, const char *path)
{
    const void *map;
    size_t n_map;
    struct block *block;
    const double begun_ms = now_ms();
    const uint64_t n_bytes = write_block(shape, path);
    const double points = (double)SERIES * SLOTS;
    printf("%s: %.4f bytes a point, written in %.1f ns a point\n", shape->name,
           (double)n_bytes / points, (now_ms() - begun_ms) * 1e6 / points);
    open_block(path, &map, &n_map, &block);
    time_it("sum of 6 h, all series", sum_slots, block, SLOTS - SIX_H, SIX_H);
    time_it("the same across a unit's edge", sum_slots, block, SIX_H + SIX_H / 2, SIX_H);
    time_it("an hour of all series", sum_slots, block, SIX_H + HOUR, HOUR);
    time_it("a day of all series", sum_slots, block, 0, SLOTS);
    time_it("sum of 6 h from aggregates", sum_aggregates, block, SLOTS - SIX_H, SIX_H);
    block_close(block);
    file_unmap(map, n_map);

    forget(path);
    const double cold_ms = now_ms();
    open_block(path, &map, &n_map, &block);
    (void)sum_slots(block, SLOTS - SIX_H, SIX_H);
    printf("  %-40s %8.2f ms\n", "sum of 6 h, from the disk", now_ms() - cold_ms);
    block_close(block);
    file_unmap(map, n_map);
    (void)unlink(path);
}

int main(int argc, char **argv)
{
    static const struct shape shapes[] = {
        {"merged", 720, false},
        {"past", 2160, true},
    };
    const char *path = argc > 1 ? argv[1] : "block_bench.tmp";
    for (size_t i = 0; i < COUNT_OF(models); i++)
        kinds_fill((enum kind)(i % KINDS), (int)(i / KINDS), models[i], SLOTS);
    printf("%d series of %d slots\n", SERIES, SLOTS);
    for (size_t i = 0; i < COUNT_OF(shapes); i++)
        bench(&shapes[i], path);
    return 0;
}
