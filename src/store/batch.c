#include "store/batch.h"

#include <math.h>
#ifdef __SSE2__
#    include <emmintrin.h>
#endif

#include "base/hash.h"
#include "base/mem.h"
#include "store/batch_avx2.h"
#include "store/batch_format.h"

static const double MANTISSA_MAX = 9007199254740992.0; /* 2^53: exact beneath */

void batch_done(struct batch *batch)
{
    mem_free(batch->at);
    *batch = (struct batch){0};
}

void batch_clear(struct batch *batch)
{
    batch->n = BATCH_HEADER_BYTES;
    batch->count = 0;
    batch->id = UINT32_MAX; /* the first point of id 0 at time 0 follows it */
    batch->at_s = 0;
}

void batch_reserve(struct batch *batch, size_t n)
{
    bool is_first = batch->at == NULL;
    size_t bytes = batch->n + BATCH_HEADER_BYTES + mul_size(n, BATCH_POINT_BYTES_MAX) + 16;

    mem_grow(&batch->at, &batch->cap, bytes, 1);
    if (is_first)
        batch_clear(batch);
}

#ifdef __SSE2__
/* Bit 0, 1: value has at most e, e + 1 decimals. */
static unsigned fits_two(double value, unsigned e, double rounder)
{
    const __m128d powers = _mm_loadu_pd(&batch_format_powers[e]), rounders = _mm_set1_pd(rounder);
    const __m128d scaled = _mm_mul_pd(_mm_set1_pd(value), powers);
    const __m128d whole = _mm_sub_pd(_mm_add_pd(scaled, rounders), rounders);
    return (unsigned)_mm_movemask_pd(_mm_cmpeq_pd(_mm_div_pd(whole, powers), _mm_set1_pd(value)));
}

/* Up to three decimals, as nearly all values have, are tried at once: which it is changes from series to
 * series, and a branch on it would be guessed wrong. False says nothing. */
static bool decimal_quickly(double value, int64_t *out_mantissa, unsigned *out_exponent)
{
    const double rounder = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to whole numbers */

    if (!(fabs(value) < 1e12)) /* so that all products are far below 2^51 */
        return false;
    const unsigned fits = fits_two(value, 0, rounder) | fits_two(value, 2, rounder) << 2;
    if (UNLIKELY(fits == 0) || UNLIKELY(value == 0 && signbit(value)))
        return false;
    *out_exponent = (unsigned)__builtin_ctz(fits);
    *out_mantissa = (int64_t)((value * batch_format_powers[*out_exponent] + rounder) - rounder);
    return true;
}
#else
static bool decimal_quickly(double value, int64_t *out_mantissa, unsigned *out_exponent)
{
    (void)value, (void)out_mantissa, (void)out_exponent;
    return false;
}
#endif

/* value = *out_mantissa / 10^*out_exponent, exactly; false: the bits must be kept. */
static bool decimal_of(double value, int64_t *out_mantissa, unsigned *out_exponent)
{
    const double near = 1e-15; /* a first sieve that costs no division */

    if (LIKELY(decimal_quickly(value, out_mantissa, out_exponent)))
        return true;
    for (unsigned e = 0; e <= BATCH_FORMAT_EXPONENT_MAX; e++) {
        double scaled = value * batch_format_powers[e];
        if (!(fabs(scaled) < MANTISSA_MAX))
            return false;
        double whole = (double)(int64_t)(scaled + (scaled < 0 ? -0.5 : 0.5));
        if (fabs(whole - scaled) > fabs(scaled) * near || whole / batch_format_powers[e] != value)
            continue;
        if (whole == 0 && (value != 0 || signbit(value)))
            return false; /* -0.0, and what is too small for 14 decimals */
        *out_mantissa = (int64_t)whole;
        *out_exponent = e;
        return true;
    }
    return false;
}

uint8_t *batch_put_delta(uint8_t *at, uint32_t now, uint32_t before)
{
    int32_t delta = (int32_t)(now - before);
    uint32_t left = (uint32_t)delta << 1 ^ (uint32_t)(delta >> 31);
    for (; left >= 128; left >>= 7)
        *at++ = (uint8_t)(left | 128);
    *at++ = (uint8_t)left;
    return at;
}

void batch_add(struct batch *batch, uint32_t id, uint32_t at_s, double value)
{
    uint8_t *at = batch->at + batch->n;
    const bool follows = id == batch->id + 1 && at_s == batch->at_s;
    int64_t mantissa;
    unsigned exponent;

    if (decimal_of(value, &mantissa, &exponent)) {
        uint64_t zigzag = (uint64_t)mantissa << 1 ^ (uint64_t)(mantissa >> 63);
        unsigned n_bytes = (71u - (unsigned)__builtin_clzll(zigzag | 1)) >> 3;
        *at = (uint8_t)(exponent << 4 | (n_bytes - 1) << 1 | follows);
        memcpy(at + 1, &zigzag, 8);
        at += 1 + n_bytes;
    } else {
        *at = (uint8_t)(BATCH_FORMAT_RAW_EXPONENT << 4 | follows);
        memcpy(at + 1, &value, 8);
        at += 9;
    }
    if (!follows) {
        at = batch_put_delta(at, id, batch->id);
        at = batch_put_delta(at, at_s, batch->at_s);
    }
    batch->n = (size_t)(at - batch->at);
    batch->count++;
    batch->id = id;
    batch->at_s = at_s;
}

void batch_add_all(struct batch *batch, const struct sink_point *points, size_t n)
{
    const bool has_avx2 = batch_avx2_is_there();

    for (size_t i = 0; i < n;) {
        if (has_avx2)
            i += batch_avx2_add(batch, points + i, n - i);
        /* those among which one is not for that; then that is tried again */
        for (const size_t until = min_size(i + BATCH_AVX2_POINTS, n); i < until; i++)
            batch_add(batch, points[i].id, points[i].at_s, points[i].value);
    }
}

void batch_seal(struct batch *batch, uint32_t seed, struct batch_mark mark, size_t *out_n)
{
    const uint32_t n_bytes = (uint32_t)(batch->n - BATCH_HEADER_BYTES);
    const uint32_t synced = mark.synced < UINT32_MAX ? (uint32_t)mark.synced : UINT32_MAX;
    const size_t all = (batch->n + 7) / 8 * 8;

    memset(batch->at + batch->n, 0, all - batch->n);
    memcpy(batch->at + 4, &n_bytes, 4);
    memcpy(batch->at + 8, &batch->count, 4);
    memcpy(batch->at + 12, &synced, 4);
    memcpy(batch->at + 16, &mark.lsn, 8);
    uint32_t crc = hash_crc32c(seed, batch->at + 4, batch->n - 4);
    memcpy(batch->at, &crc, 4);
    *out_n = all;
}
