/* codec_bench: bytes and nanoseconds of a value by kind of series and length of unit: what encoding takes
 * without a hint, what decoding takes with what this processor has and without, and the same for units
 * as closed partitions hold them. CPU time, the best of some rounds; values are warm, memory is hot.
 * codec_bench FILE does the same with series from a file: each a name of 16 bytes, a uint32 count and
 * so many doubles. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "kinds.h"
#include "store/codec.h"

enum { SLOTS = 8640, SERIES = 4, ROUNDS = 5, NAME_BYTES = 16, FILE_POINTS_MAX = 1 << 20 };

/* ---- measuring ---- */

struct result {
    double n, n_bytes, n_cold_bytes;
    double encode_ns, decode_ns, plain_ns, cold_encode_ns, cold_decode_ns; /* sums */
};

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double encode_ns(struct codec *codec, const double *values, size_t n, bool is_cold,
                        struct buf *out)
{
    double best_ns = INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
        buf_clear(out);
        const double begun_ns = now_ns();
        const size_t n_bytes = is_cold ? codec_encode_cold(codec, values, n, out)
                                       : codec_encode(codec, values, n, NULL, out);
        best_ns = fmin(best_ns, now_ns() - begun_ns);
        BUG_IF(n_bytes == 0);
    }
    return best_ns;
}

typedef bool decoder(const void *bytes, size_t n_bytes, double *out, size_t n);

static double decode_ns(decoder *decode, const struct buf *unit, const double *values, size_t n)
{
    enum { POINTS = 20000 }; /* a round, so that the clock's own time does not count */
    static double out[SLOTS];
    const size_t n_times = POINTS / n + 1;
    double best_ns = INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
        const double begun_ns = now_ns();
        for (size_t i = 0; i < n_times; i++)
            BUG_IF(!decode(unit->at, unit->n, out, n));
        best_ns = fmin(best_ns, now_ns() - begun_ns);
    }
    BUG_IF(memcmp(out, values, n * sizeof *out) != 0);
    return best_ns / (double)n_times;
}

static void measure_unit(struct codec *codec, const double *values, size_t n, struct result *io)
{
    struct buf unit;
    buf_init(&unit, codec_bytes_max(n));
    io->n += (double)n;
    io->encode_ns += encode_ns(codec, values, n, false, &unit);
    io->n_bytes += (double)unit.n;
    io->decode_ns += decode_ns(codec_decode, &unit, values, n);
    io->plain_ns += decode_ns(codec_decode_plain, &unit, values, n);
    io->cold_encode_ns += encode_ns(codec, values, n, true, &unit);
    io->n_cold_bytes += (double)unit.n;
    io->cold_decode_ns += decode_ns(codec_decode, &unit, values, n);
    buf_done(&unit);
}

static void measure(struct codec *codec, const double *values, size_t n, size_t unit_slots,
                    struct result *io)
{
    for (size_t i = 0; i < n; i += unit_slots)
        measure_unit(codec, values + i, min_size(unit_slots, n - i), io);
}

static void add(struct result *io, const struct result *more)
{
    io->n += more->n;
    io->n_bytes += more->n_bytes;
    io->n_cold_bytes += more->n_cold_bytes;
    io->encode_ns += more->encode_ns;
    io->decode_ns += more->decode_ns;
    io->plain_ns += more->plain_ns;
    io->cold_encode_ns += more->cold_encode_ns;
    io->cold_decode_ns += more->cold_decode_ns;
}

static void print(const char *name, const struct result *r)
{
    printf("%-22s %6.3f %6.1f %6.2f %6.2f   %6.3f %6.1f %6.2f\n", name, r->n_bytes / r->n,
           r->encode_ns / r->n, r->decode_ns / r->n, r->plain_ns / r->n, r->n_cold_bytes / r->n,
           r->cold_encode_ns / r->n, r->cold_decode_ns / r->n);
}

static void print_head(size_t unit_slots)
{
    printf("\n%-22s %6s %6s %6s %6s   %6s %6s %6s\n", "", "bytes", "encode", "decode", "plain",
           "cold:", "encode", "decode");
    printf("units of %zu\n", unit_slots);
}

static void bench_kinds(struct codec *codec, size_t unit_slots)
{
    static double values[SLOTS];
    struct result all = {0};
    print_head(unit_slots);
    for (int kind = 0; kind < KINDS; kind++) {
        struct result result = {0};
        for (int no = 0; no < SERIES; no++) {
            kinds_fill((enum kind)kind, no, values, SLOTS);
            measure(codec, values, SLOTS, unit_slots, &result);
        }
        print(kinds_name((enum kind)kind), &result);
        if (kind != KIND_CONSTANT)
            add(&all, &result);
    }
    print("all but the constant", &all);
}

static int bench_file(struct codec *codec, const char *path, size_t unit_slots)
{
    static double values[FILE_POINTS_MAX];
    struct result all = {0};
    char name[NAME_BYTES];
    uint32_t n;
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    print_head(unit_slots);
    while (fread(name, sizeof name, 1, file) == 1 && fread(&n, sizeof n, 1, file) == 1 &&
           n <= FILE_POINTS_MAX && fread(values, sizeof *values, n, file) == n)
        measure(codec, values, n, unit_slots, &all);
    fclose(file);
    print("all series", &all);
    return 0;
}

int main(int argc, char **argv)
{
    static const size_t lengths[] = {64, 720, 2160, 8640};
    struct codec *codec = codec_new();
    int status = 0;
    for (size_t i = 0; i < COUNT_OF(lengths) && status == 0; i++)
        if (argc > 1)
            status = bench_file(codec, argv[1], lengths[i]);
        else
            bench_kinds(codec, lengths[i]);
    codec_free(codec);
    return status;
}
