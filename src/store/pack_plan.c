#include "store/pack_plan.h"

#if defined(__x86_64__)
#    include <immintrin.h>
#endif

enum { WIDTHS = 65, COUNTERS = 4 /* so that an increment need not wait for the one before */ };

/* With w bits for most and n_wider patches. */
static size_t patched_bytes(const struct pack_plan *plan, size_t n, unsigned w, unsigned n_wider)
{
    return pack_packed_bytes(n, w) + 2 + n_wider + pack_packed_bytes(n_wider, plan->max_width - w);
}

static void begin(struct pack_plan *plan, size_t n)
{
    plan->width = plan->max_width;
    plan->n_bytes = pack_packed_bytes(n, plan->max_width);
}

/* n_wider values do not fit w bits. False: nor will a smaller width do. */
static bool consider(struct pack_plan *plan, size_t n, unsigned w, unsigned n_wider)
{
    if (n_wider > PACK_PATCHES_MAX)
        return false;
    const size_t n_bytes = patched_bytes(plan, n, w, n_wider);
    if (n_bytes < plan->n_bytes) {
        plan->n_bytes = n_bytes;
        plan->width = w;
        plan->n_patches = n_wider;
    }
    return true;
}

static void end(struct pack_plan *plan)
{
    plan->n_bytes += pack_varint_bytes(pack_zigzag(plan->min)) + 1;
}

static uint64_t signed_min(const uint64_t *v, size_t n)
{
    int64_t min = (int64_t)v[0];
    for (size_t i = 1; i < n; i++)
        min = (int64_t)v[i] < min ? (int64_t)v[i] : min;
    return (uint64_t)min;
}

struct pack_plan pack_plan_plain(const uint64_t *v, size_t n, uint64_t offsets[PACK_GROUP])
{
    uint8_t n_of_width[COUNTERS][WIDTHS] = {0};
    struct pack_plan plan = {.min = signed_min(v, n)};
    uint64_t any = 0;
    for (size_t i = 0; i < n; i++) {
        offsets[i] = v[i] - plan.min;
        any |= offsets[i];
        n_of_width[i % COUNTERS][pack_bit_width(offsets[i])]++;
    }
    plan.max_width = pack_bit_width(any);
    begin(&plan, n);
    unsigned n_wider = 0;
    for (unsigned w = plan.max_width; w-- > 0;) {
        for (unsigned k = 0; k < COUNTERS; k++)
            n_wider += n_of_width[k][w + 1];
        if (!consider(&plan, n, w, n_wider))
            break;
    }
    end(&plan);
    return plan;
}

#if defined(__x86_64__)

#    define AVX2 __attribute__((target("avx2")))

enum { LANES = 4 };

AVX2 static inline __m256i load(const uint64_t *v)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)v);
}

AVX2 static uint64_t signed_min_avx2(const uint64_t *v, size_t n)
{
    uint64_t four[LANES];
    size_t i = 0;
    __m256i min = _mm256_set1_epi64x((int64_t)v[0]);
    for (; i + LANES <= n; i += LANES) {
        const __m256i x = load(v + i);
        min = _mm256_blendv_epi8(min, x, _mm256_cmpgt_epi64(min, x));
    }
    _mm256_storeu_si256((__m256i *)(void *)four, min);
    const int64_t least = (int64_t)signed_min(four, LANES);
    return i == n ? (uint64_t)least : (uint64_t)min_i64(least, (int64_t)signed_min(v + i, n - i));
}

/* How many of the n (whole vectors) are above limit, as signed numbers. */
AVX2 static unsigned n_above(const uint64_t *v, size_t n, uint64_t limit)
{
    const __m256i limits = _mm256_set1_epi64x((int64_t)limit);
    __m256i count = _mm256_setzero_si256();
    for (size_t i = 0; i < n; i += LANES) /* true is -1 */
        count = _mm256_sub_epi64(count, _mm256_cmpgt_epi64(load(v + i), limits));
    uint64_t four[LANES];
    _mm256_storeu_si256((__m256i *)(void *)four, count);
    return (unsigned)(four[0] + four[1] + four[2] + four[3]);
}

/* Counts anew for each width: few are looked at before too many values would be patches. */
AVX2 static struct pack_plan plan_avx2(const uint64_t *v, size_t n, uint64_t offsets[PACK_GROUP])
{
    struct pack_plan plan = {.min = signed_min_avx2(v, n)};
    const size_t n_whole = (n + LANES - 1) / LANES * LANES;
    uint64_t any = 0;
    for (size_t i = 0; i < n; i++) {
        offsets[i] = v[i] - plan.min;
        any |= offsets[i];
    }
    if (any >> 63) /* not to be compared as signed numbers */
        return pack_plan_plain(v, n, offsets);
    for (size_t i = n; i < n_whole; i++)
        offsets[i] = 0;
    plan.max_width = pack_bit_width(any);
    begin(&plan, n);
    for (unsigned w = plan.max_width; w-- > 0;)
        if (!consider(&plan, n, w, n_above(offsets, n_whole, (UINT64_C(1) << w) - 1)))
            break;
    end(&plan);
    return plan;
}

struct pack_plan pack_plan(const uint64_t *v, size_t n, uint64_t offsets[PACK_GROUP])
{
    return __builtin_cpu_supports("avx2") ? plan_avx2(v, n, offsets)
                                          : pack_plan_plain(v, n, offsets);
}

#else

struct pack_plan pack_plan(const uint64_t *v, size_t n, uint64_t offsets[PACK_GROUP])
{
    return pack_plan_plain(v, n, offsets);
}

#endif
