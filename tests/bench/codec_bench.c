/* codec_bench: nanoseconds and bytes of a value in units as the store keeps them, by kind of series: what
 * decoding takes with what this processor has, and without. Values are warm, memory is hot. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/mem.h"
#include "store/codec.h"

enum { SLOTS = 720, REPEATS = 2000, ROUNDS = 9 };

enum kind { COUNTER, GAUGE, SMALL, LATENCY, CONSTANT, EVENTS, DOUBLES, KINDS };

static const char *const names[KINDS] = {
    "counter",  "gauge, two decimals", "small integers", "latency, one decimal",
    "constant", "rare events",         "full doubles",
};

static uint32_t seed = 1;

static double below(uint32_t n)
{
    seed = seed * UINT32_C(1664525) + UINT32_C(1013904223);
    return (double)((seed >> 8) % n);
}

static double next_value(enum kind kind, double last)
{
    switch (kind) {
    case COUNTER:
        return last + 1000 + below(300);
    case GAUGE:
        return (round(last * 100) + below(200) - 100) / 100;
    case SMALL:
        return below(7);
    case LATENCY:
        return below(5000) / 10;
    case CONSTANT:
        return 42;
    case EVENTS:
        return below(60) == 0;
    case DOUBLES:
    case KINDS:
        break;
    }
    return below(1 << 24) / 3.7;
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

typedef bool decoder(const void *bytes, size_t n_bytes, double *out, size_t n);

/* The fastest of some rounds: other programs only make it slower. */
static double ns_per_value(decoder *decode, const struct buf *unit)
{
    static double out[SLOTS];
    double best_ns = INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
        const double begun_ns = now_ns();
        for (int i = 0; i < REPEATS; i++)
            BUG_IF(!decode(unit->at, unit->n, out, SLOTS));
        best_ns = fmin(best_ns, now_ns() - begun_ns);
    }
    return best_ns / REPEATS / SLOTS;
}

int main(void)
{
    static double values[SLOTS];
    struct codec *codec = codec_new();
    printf("%-24s %8s %8s %8s\n", "units of 720", "bytes", "ns", "ns plain");
    for (int kind = 0; kind < KINDS; kind++) {
        struct buf unit;
        buf_init(&unit, codec_bytes_max(SLOTS));
        for (size_t i = 0; i < SLOTS; i++)
            values[i] = next_value((enum kind)kind, i ? values[i - 1] : 50);
        BUG_IF(codec_encode(codec, values, SLOTS, NULL, &unit) == 0);
        printf("%-24s %8.2f %8.2f %8.2f\n", names[kind], (double)unit.n / SLOTS,
               ns_per_value(codec_decode, &unit), ns_per_value(codec_decode_plain, &unit));
        buf_done(&unit);
    }
    codec_free(codec);
    return 0;
}
