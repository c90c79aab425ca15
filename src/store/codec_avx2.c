#include "store/codec_avx2.h"

#if defined(__x86_64__)

#    include <immintrin.h>
#    include <math.h>
#    include <string.h>

#    define AVX2 __attribute__((target("avx2")))

enum {
    LANES = 8,
    WIDTH_MAX = 25,     /* 7 bits of shift and the value fit 32 bits */
    VALUE_BITS_MAX = 31 /* with its patch, so that it is not negative as an int32_t */
};
static const double EXACT_MAX = 0x1p53; /* below it integers and doubles are the same */

bool codec_avx2_is_there(void)
{
    return __builtin_cpu_supports("avx2");
}

/* The values of a group less its minimum, in whole vectors. */
struct small {
    _Alignas(32) uint32_t v[PACK_GROUP];
    double min;   /* the minimum */
    double bound; /* no value is further from 0 */
};

/* How many vectors of w-bit values may be read with two loads of 16 bytes each, the second w / 2 bytes
 * behind the first. */
static size_t n_readable(const struct pack_group *group, size_t n_vectors)
{
    const size_t n_bytes = (size_t)(group->end - group->low), w = group->width;
    const size_t last = w / 2 + 16; /* of one vector */
    return n_bytes < last ? 0 : min_size(n_vectors, (n_bytes - last) / w + 1);
}

AVX2 static void unpack(const struct pack_group *group, size_t n, uint32_t *out)
{
    const unsigned w = group->width, half = w / 2;
    const size_t n_fast = n_readable(group, (n + LANES - 1) / LANES);
    /* Lane i begins at bit i * w; the upper four are loaded from `half` on. */
    const __m256i bits =
        _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32((int)w));
    const int h = (int)half;
    const __m256i bytes =
        _mm256_sub_epi32(_mm256_srli_epi32(bits, 3), _mm256_setr_epi32(0, 0, 0, 0, h, h, h, h));
    const __m256i places = _mm256_add_epi32(
        _mm256_mullo_epi32(bytes, _mm256_set1_epi32(0x01010101)), _mm256_set1_epi32(0x03020100));
    const __m256i shifts = _mm256_and_si256(bits, _mm256_set1_epi32(7));
    const __m256i mask = _mm256_set1_epi32((int)((1u << w) - 1));
    const uint8_t *at = group->low;
    for (size_t k = 0; k < n_fast; k++, at += w) {
        const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)at);
        const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(at + half));
        const __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
        const __m256i v = _mm256_srlv_epi32(_mm256_shuffle_epi8(both, places), shifts);
        _mm256_store_si256((__m256i *)(void *)(out + k * LANES), _mm256_and_si256(v, mask));
    }
    if (n_fast * LANES >= n)
        return;
    uint64_t rest[PACK_GROUP];
    const size_t n_rest = n - n_fast * LANES;
    pack_get_bits(at, group->end, rest, n_rest, w);
    for (size_t i = 0; i < n_rest; i++)
        out[n_fast * LANES + i] = (uint32_t)rest[i];
    for (size_t i = n; i % LANES; i++)
        out[i] = 0;
}

static bool patch(const struct pack_group *group, size_t n, uint32_t *io)
{
    uint64_t high[PACK_PATCHES_MAX];
    pack_get_bits(group->high, group->end, high, group->n_patches, group->patch_width);
    for (size_t k = 0; k < group->n_patches; k++) {
        const bool is_ascending = k == 0 || group->places[k - 1] < group->places[k];
        if (!is_ascending || group->places[k] >= n)
            return false;
        io[group->places[k]] |= (uint32_t)high[k] << group->width;
    }
    return true;
}

AVX2 static bool open_small(struct pack_in *in, size_t n, struct small *out)
{
    struct pack_group group;
    if (!pack_open_group(in, n, &group) || group.width > WIDTH_MAX ||
        group.width + group.patch_width > VALUE_BITS_MAX)
        return false;
    out->min = (double)(int64_t)group.min;
    out->bound = fabs(out->min) + (double)(UINT64_C(1) << (group.width + group.patch_width));
    if (group.width == 0)
        memset(out->v, 0, sizeof out->v);
    else
        unpack(&group, n, out->v);
    return group.n_patches == 0 || patch(&group, n, out->v);
}

/* Integers up to this far from 0 are exact all the way to the division. */
static bool is_exact(const struct codec_scaling *scaling, double bound)
{
    const double product = bound * (double)scaling->gcd;
    return product + fabs((double)(int64_t)scaling->base) < EXACT_MAX;
}

/* What turns four int32 into four values: (v + add) * gcd + base, over 10^exponent. */
struct finish {
    __m256d add, gcd, base, power;
    bool has_gcd;
};

AVX2 static struct finish finish_of(const struct codec_scaling *scaling, double add)
{
    return (struct finish){
        .add = _mm256_set1_pd(add),
        .gcd = _mm256_set1_pd((double)scaling->gcd),
        .base = _mm256_set1_pd((double)(int64_t)scaling->base),
        .power = _mm256_set1_pd(codec_unit_powers[scaling->exponent]),
        .has_gcd = scaling->gcd != 1 || scaling->base != 0,
    };
}

AVX2 static inline __m256d finish_4(const struct finish *finish, __m128i v)
{
    __m256d x = _mm256_add_pd(_mm256_cvtepi32_pd(v), finish->add);
    if (finish->has_gcd)
        x = _mm256_add_pd(_mm256_mul_pd(x, finish->gcd), finish->base);
    return _mm256_div_pd(x, finish->power);
}

/* The n <= LANES values of one vector. */
AVX2 static inline void finish_8(const struct finish *finish, __m256i v, double *out, size_t n)
{
    const __m256d low = finish_4(finish, _mm256_castsi256_si128(v));
    const __m256d high = finish_4(finish, _mm256_extracti128_si256(v, 1));
    if (n >= LANES) {
        _mm256_storeu_pd(out, low);
        _mm256_storeu_pd(out + 4, high);
        return;
    }
    double last[LANES];
    _mm256_storeu_pd(last, low);
    _mm256_storeu_pd(last + 4, high);
    memcpy(out, last, n * sizeof *out);
}

AVX2 static inline __m256i vector_of(const struct small *small, size_t i)
{
    return _mm256_load_si256((const __m256i *)(const void *)(small->v + i));
}

AVX2 bool codec_avx2_raw(struct pack_in *in, const struct codec_scaling *scaling, double *out,
                         size_t n)
{
    struct small small;
    struct pack_in behind = *in;
    if (!open_small(&behind, n, &small) || !is_exact(scaling, small.bound))
        return false;
    const struct finish finish = finish_of(scaling, small.min);
    for (size_t i = 0; i < n; i += LANES)
        finish_8(&finish, vector_of(&small, i), out + i, n - i);
    *in = behind;
    return true;
}

/* Each lane becomes the sum of itself, those before it and the last lane of *io_sum. */
AVX2 static inline __m256i scan(__m256i v, __m256i *io_sum)
{
    v = _mm256_add_epi32(v, _mm256_slli_si256(v, 4));
    v = _mm256_add_epi32(v, _mm256_slli_si256(v, 8));
    const __m256i lower = _mm256_shuffle_epi32(_mm256_permute2x128_si256(v, v, 0x08), 0xFF);
    v = _mm256_add_epi32(_mm256_add_epi32(v, lower), *io_sum);
    *io_sum = _mm256_permutevar8x32_epi32(v, _mm256_set1_epi32(LANES - 1));
    return v;
}

/* The int32 in lane i of the vector at place i. */
AVX2 static int64_t lane_of(__m256i v, size_t i)
{
    int32_t lanes[LANES];
    _mm256_storeu_si256((__m256i *)(void *)lanes, v);
    return lanes[i % LANES];
}

AVX2 bool codec_avx2_delta(struct pack_in *in, const struct codec_scaling *scaling,
                           uint64_t *io_last, double *out, size_t n)
{
    struct small small;
    struct pack_in behind = *in;
    if (!open_small(&behind, n, &small))
        return false;
    const double start = (double)(int64_t)*io_last, way = small.bound * (double)PACK_GROUP;
    if (way >= 0x1p31 || !is_exact(scaling, fabs(start) + way))
        return false;
    const struct finish finish = finish_of(scaling, start);
    const __m256i min = _mm256_set1_epi32((int)small.min);
    __m256i sum = _mm256_setzero_si256(), v = sum;
    for (size_t i = 0; i < n; i += LANES) {
        v = scan(_mm256_add_epi32(vector_of(&small, i), min), &sum);
        finish_8(&finish, v, out + i, n - i);
    }
    *io_last += (uint64_t)lane_of(v, n - 1);
    *in = behind;
    return true;
}

AVX2 bool codec_avx2_delta2(struct pack_in *in, const struct codec_scaling *scaling,
                            uint64_t *io_last, uint64_t *io_delta, double *out, size_t n)
{
    struct small small;
    struct pack_in behind = *in;
    if (!open_small(&behind, n, &small))
        return false;
    const double start = (double)(int64_t)*io_last, group = (double)PACK_GROUP;
    const double step = fabs((double)(int64_t)*io_delta) + small.bound * group;
    if (step * group >= 0x1p31 || !is_exact(scaling, fabs(start) + step * group))
        return false;
    const struct finish finish = finish_of(scaling, start);
    const __m256i min = _mm256_set1_epi32((int)small.min);
    __m256i delta_sum = _mm256_set1_epi32((int)*io_delta), sum = _mm256_setzero_si256();
    __m256i delta = sum, v = sum;
    for (size_t i = 0; i < n; i += LANES) {
        delta = scan(_mm256_add_epi32(vector_of(&small, i), min), &delta_sum);
        v = scan(delta, &sum);
        finish_8(&finish, v, out + i, n - i);
    }
    *io_last += (uint64_t)lane_of(v, n - 1);
    *io_delta = (uint64_t)lane_of(delta, n - 1);
    *in = behind;
    return true;
}

/* Below 2^51 in magnitude an integer added to the bits of 1.5 * 2^52 makes the double that is so much
 * larger. */
AVX2 size_t codec_avx2_divide(const uint64_t *v, double power, double *out, size_t n)
{
    const __m256i half = _mm256_set1_epi64x(INT64_C(1) << 51);
    const __m256d shift = _mm256_set1_pd(0x1.8p52), divisor = _mm256_set1_pd(power);
    __m256i any = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(v + i));
        any = _mm256_or_si256(any, _mm256_add_epi64(x, half));
        if (!_mm256_testz_si256(any, _mm256_set1_epi64x(-(INT64_C(1) << 52))))
            break;
        const __m256d shifted =
            _mm256_castsi256_pd(_mm256_add_epi64(x, _mm256_castpd_si256(shift)));
        _mm256_storeu_pd(out + i, _mm256_div_pd(_mm256_sub_pd(shifted, shift), divisor));
    }
    return i;
}

#else

bool codec_avx2_is_there(void)
{
    return false;
}

size_t codec_avx2_divide(const uint64_t *v UNUSED, double power UNUSED, double *out UNUSED,
                         size_t n UNUSED)
{
    return 0;
}

bool codec_avx2_raw(struct pack_in *in UNUSED, const struct codec_scaling *scaling UNUSED,
                    double *out UNUSED, size_t n UNUSED)
{
    return false;
}

bool codec_avx2_delta(struct pack_in *in UNUSED, const struct codec_scaling *scaling UNUSED,
                      uint64_t *io_last UNUSED, double *out UNUSED, size_t n UNUSED)
{
    return false;
}

bool codec_avx2_delta2(struct pack_in *in UNUSED, const struct codec_scaling *scaling UNUSED,
                       uint64_t *io_last UNUSED, uint64_t *io_delta UNUSED, double *out UNUSED,
                       size_t n UNUSED)
{
    return false;
}

#endif
