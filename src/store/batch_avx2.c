#include "store/batch_avx2.h"

#if defined(__x86_64__)

#    include <immintrin.h>

#    define AVX2 __attribute__((target("avx2")))

enum { FOUR = BATCH_AVX2_POINTS, DECIMALS_MAX = 3 };

static const double ROUNDER =
    6755399441055744.0;               /* 1.5 * 2^52: adding it rounds to whole numbers */
static const double VALUE_MAX = 1e12; /* so that all products are far below 2^51 */

bool batch_avx2_is_there(void)
{
    return __builtin_cpu_supports("avx2");
}

AVX2 static inline __m256d rounded(__m256d v)
{
    const __m256d rounder = _mm256_set1_pd(ROUNDER);
    return _mm256_sub_pd(_mm256_add_pd(v, rounder), rounder);
}

/* All bits of a lane: it is whole over power, exactly. */
AVX2 static inline __m256d is_quotient(__m256d v, __m256d whole, double power)
{
    return _mm256_cmp_pd(_mm256_div_pd(whole, _mm256_set1_pd(power)), v, _CMP_EQ_OQ);
}

/* What four points are in the log: the value's bytes, and the control byte but for its last bit. */
struct four {
    _Alignas(32) uint64_t zigzag[FOUR];
    _Alignas(32) uint64_t control[FOUR];
};

/* sum, and one more in each lane where v is above limit: a comparison that holds is -1. */
AVX2 static inline __m256i count_above(__m256i sum, __m256i v, int64_t limit)
{
    return _mm256_sub_epi64(sum, _mm256_cmpgt_epi64(v, _mm256_set1_epi64x(limit)));
}

/* False: one of them is no decimal of at most three places. */
AVX2 static inline bool encode(__m256d v, struct four *out)
{
    const __m256d zero = _mm256_setzero_pd(), sign = _mm256_set1_pd(-0.0);
    const __m256d whole0 = rounded(v);
    const __m256d whole1 = rounded(_mm256_mul_pd(v, _mm256_set1_pd(1e1)));
    const __m256d whole2 = rounded(_mm256_mul_pd(v, _mm256_set1_pd(1e2)));
    const __m256d whole3 = rounded(_mm256_mul_pd(v, _mm256_set1_pd(1e3)));
    const __m256d is0 = _mm256_cmp_pd(whole0, v, _CMP_EQ_OQ);
    const __m256d is1 = is_quotient(v, whole1, 1e1);
    const __m256d is2 = is_quotient(v, whole2, 1e2);
    const __m256d is3 = is_quotient(v, whole3, 1e3);
    const __m256d is_small =
        _mm256_cmp_pd(_mm256_andnot_pd(sign, v), _mm256_set1_pd(VALUE_MAX), _CMP_LT_OQ);
    const __m256d is_negative_zero =
        _mm256_and_pd(v, _mm256_cmp_pd(v, zero, _CMP_EQ_OQ)); /* the sign bit */
    if (_mm256_movemask_pd(_mm256_and_pd(is3, is_small)) != 0xF ||
        _mm256_movemask_pd(is_negative_zero) != 0)
        return false;

    const __m256d whole = _mm256_blendv_pd(
        _mm256_blendv_pd(_mm256_blendv_pd(whole3, whole2, is2), whole1, is1), whole0, is0);
    /* what has so many decimals also has more */
    const __m256i decimals = _mm256_add_epi64(
        _mm256_add_epi64(_mm256_set1_epi64x(DECIMALS_MAX), _mm256_castpd_si256(is2)),
        _mm256_add_epi64(_mm256_castpd_si256(is1), _mm256_castpd_si256(is0)));
    const __m256d rounder = _mm256_set1_pd(ROUNDER);
    const __m256i mantissa = _mm256_sub_epi64(_mm256_castpd_si256(_mm256_add_pd(whole, rounder)),
                                              _mm256_castpd_si256(rounder));
    const __m256i zigzag = _mm256_xor_si256(_mm256_slli_epi64(mantissa, 1),
                                            _mm256_cmpgt_epi64(_mm256_setzero_si256(), mantissa));
    __m256i n_more = _mm256_setzero_si256(); /* bytes after the first */
    for (unsigned bits = 8; bits <= 48; bits += 8)
        n_more = count_above(n_more, zigzag, (INT64_C(1) << bits) - 1);
    _mm256_store_si256((__m256i *)(void *)out->zigzag, zigzag);
    _mm256_store_si256(
        (__m256i *)(void *)out->control,
        _mm256_or_si256(_mm256_slli_epi64(decimals, 4), _mm256_slli_epi64(n_more, 1)));
    return true;
}

AVX2 size_t batch_avx2_add(struct batch *batch, const struct sink_point *points, size_t n)
{
    uint8_t *at = batch->at + batch->n;
    uint32_t id = batch->id, at_s = batch->at_s;
    size_t i = 0;

    for (; i + FOUR <= n; i += FOUR) {
        struct four four;
        const __m256d a = _mm256_loadu_pd((const double *)(const void *)&points[i]);
        const __m256d b = _mm256_loadu_pd((const double *)(const void *)&points[i + 2]);
        /* the upper halves of the points, in their order */
        if (!encode(_mm256_permute4x64_pd(_mm256_unpackhi_pd(a, b), 0xD8), &four))
            break;
        for (size_t k = 0; k < FOUR; k++) {
            const struct sink_point *point = &points[i + k];
            const uint64_t control = four.control[k];
            const bool follows = point->id == id + 1 && point->at_s == at_s;
            *at = (uint8_t)(control | follows);
            memcpy(at + 1, &four.zigzag[k], sizeof four.zigzag[k]);
            at += 2 + (control >> 1 & 7);
            if (UNLIKELY(!follows)) {
                at = batch_put_delta(at, point->id, id);
                at = batch_put_delta(at, point->at_s, at_s);
            }
            id = point->id;
            at_s = point->at_s;
        }
    }
    batch->n = (size_t)(at - batch->at);
    batch->count += (uint32_t)i;
    batch->id = id;
    batch->at_s = at_s;
    return i;
}

#else

bool batch_avx2_is_there(void)
{
    return false;
}

size_t batch_avx2_add(struct batch *batch, const struct sink_point *points, size_t n)
{
    (void)batch, (void)points, (void)n;
    return 0;
}

#endif
