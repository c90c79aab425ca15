/* The first two bytes say how many values, and make up a hint; the rest is a unit to decode, and
 * then values to encode. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "store/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct codec *codec;

static void must_decode(const struct buf *unit, const double *values, size_t n)
{
    static double again[CODEC_POINTS_MAX];
    uint8_t *exact = mem_alloc(unit->n);
    memcpy(exact, unit->at, unit->n);
    BUG_IF(!codec_decode(exact, unit->n, again, n));
    for (size_t i = 0; i < n; i++) {
        BUG_IF(isnan(values[i]) != isnan(again[i]));
        BUG_IF(!isnan(values[i]) && memcmp(&values[i], &again[i], sizeof again[i]) != 0);
    }
    mem_free(exact);
}

/* What comes out of the codec must go through it unchanged. */
static void round_trip(const double *values, size_t n, struct codec_hint hint)
{
    struct buf out;
    buf_init(&out, codec_bytes_max(n));
    BUG_IF(codec_encode(codec, values, n, &hint, &out) == 0);
    must_decode(&out, values, n);
    buf_clear(&out);
    BUG_IF(codec_encode_cold(codec, values, n, &out) == 0);
    must_decode(&out, values, n);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static double values[CODEC_POINTS_MAX], plain[CODEC_POINTS_MAX];
    if (!codec)
        codec = codec_new();
    if (n < 2)
        return 0;
    const size_t n_points = 1 + (bytes[0] | (size_t)bytes[1] << 8) % CODEC_POINTS_MAX;
    const struct codec_hint hint = {bytes[0], bytes[1], bytes[0] >> 4, bytes[1] >> 4};
    const bool is_decoded = codec_decode(bytes + 2, n - 2, values, n_points);
    BUG_IF(codec_decode_plain(bytes + 2, n - 2, plain, n_points) != is_decoded);
    if (is_decoded) {
        BUG_IF(memcmp(values, plain, n_points * sizeof *values) != 0);
        round_trip(values, n_points, hint);
    }
    const size_t n_values = min_size((n - 2) / sizeof *values, CODEC_POINTS_MAX);
    if (n_values > 0) {
        memcpy(values, bytes + 2, n_values * sizeof *values);
        round_trip(values, n_values, hint);
    }
    return 0;
}
