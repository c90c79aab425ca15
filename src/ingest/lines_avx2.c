#include "ingest/lines_avx2.h"

#if defined(__x86_64__)

#    include <immintrin.h>

#    define AVX2 __attribute__((target("avx2,bmi")))

enum { DIGITS = 16 };

bool lines_avx2_is_there(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
}

AVX2 static inline bool same32(const char *a, const char *b, uint32_t wanted)
{
    const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)a);
    const __m256i y = _mm256_loadu_si256((const __m256i *)(const void *)b);
    const uint32_t same = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, y));
    return (same & wanted) == wanted;
}

/* As order_matches. A name holds no newline, so a comparison that goes on has not met the line's end. */
AVX2 static inline bool matches(const struct order_entry *entry, const char *line)
{
    const char *name = entry->name;
    const size_t n = entry->n;
    if (UNLIKELY(!name))
        return false;
    if (n < 32)
        return same32(name, line, ((uint32_t)1 << n) - 1) && line[n] == ' ';
    for (size_t i = 0; i + 32 < n; i += 32) {
        if (!same32(name + i, line + i, UINT32_MAX))
            return false;
    }
    return same32(name + n - 32, line + n - 32, UINT32_MAX) && line[n] == ' ';
}

/* Sixteen digits 0..9, the first in the lowest byte. */
AVX2 static inline uint64_t fold16(__m128i digits)
{
    const __m128i tens = _mm_set1_epi16(1 << 8 | 10);
    const __m128i hundreds = _mm_set1_epi32(1 << 16 | 100);
    const __m128i myriads = _mm_set1_epi32(1 << 16 | 10000);
    const __m128i twos = _mm_maddubs_epi16(digits, tens);
    const __m128i fours = _mm_madd_epi16(twos, hundreds);
    const __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), myriads);
    const uint64_t both = (uint64_t)_mm_cvtsi128_si64(eights);
    return (both & UINT32_MAX) * 100000000 + (both >> 32);
}

/* Sixteen bytes of 0, then sixteen of 0xFF: from n on, the last n bytes are kept. */
static const uint8_t KEPT[2 * DIGITS] = {[DIGITS] = 0xFF,
                                         0xFF,
                                         0xFF,
                                         0xFF,
                                         0xFF,
                                         0xFF,
                                         0xFF,
                                         0xFF,
                                         0xFF,
                                         0xFF,
                                         0xFF,
                                         0xFF,
                                         0xFF,
                                         0xFF,
                                         0xFF,
                                         0xFF};
/* By the dot's place: the bytes before it move up over it. The last row is for no dot. */
static const uint8_t UNDOTTED[DIGITS + 1][DIGITS] = {
    {0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {0x80, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {0x80, 0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {0x80, 0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {0x80, 0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {0x80, 0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {0x80, 0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {0x80, 0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15},
    {0x80, 0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15},
    {0x80, 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15},
    {0x80, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15},
    {0x80, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15},
    {0x80, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15},
    {0x80, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15},
    {0x80, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15},
    {0x80, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
};
/* By the dot's place: as many decimals follow it. */
static const double POWERS[DIGITS + 1] = {1e15, 1e14, 1e13, 1e12, 1e11, 1e10, 1e9, 1e8, 1e7,
                                          1e6,  1e5,  1e4,  1e3,  1e2,  1e1,  1e0, 1e0};

/* The n bytes (1..DIGITS) before end: digits with at most one dot. */
AVX2 static inline bool read_value(const char *end, size_t n, double *out)
{
    const __m128i text = _mm_loadu_si128((const __m128i *)(const void *)(end - DIGITS));
    const __m128i kept = _mm_loadu_si128((const __m128i *)(const void *)(KEPT + n));
    const __m128i d = _mm_and_si128(_mm_sub_epi8(text, _mm_set1_epi8('0')), kept);
    const __m128i is_dot = _mm_cmpeq_epi8(d, _mm_set1_epi8((char)('.' - '0')));
    const __m128i is_no_digit = _mm_cmpeq_epi8(_mm_max_epu8(d, _mm_set1_epi8(10)), d);
    const uint32_t dots = (uint32_t)_mm_movemask_epi8(is_dot);
    const uint32_t bad = (uint32_t)_mm_movemask_epi8(is_no_digit) ^ dots;
    if (UNLIKELY(bad | (dots & (dots - 1))) || UNLIKELY(dots != 0 && n == 1))
        return false;
    const unsigned at = (unsigned)__builtin_ctz(dots | 1u << DIGITS);
    const __m128i undotted = _mm_loadu_si128((const __m128i *)(const void *)UNDOTTED[at]);
    const uint64_t mantissa = fold16(_mm_shuffle_epi8(d, undotted));
    if (UNLIKELY(mantissa >> 53)) /* would be rounded twice */
        return false;
    *out = (double)(int64_t)mantissa / POWERS[at];
    return true;
}

/* As plain_fast_rest. */
AVX2 static inline const char *read_rest(const char *text, struct plain_clock *clock, double *out)
{
    const __m256i blank = _mm256_set1_epi8(' ');
    const __m256i w = _mm256_loadu_si256((const __m256i *)(const void *)text);
    const uint32_t ends =
        (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(w, blank), blank));
    const size_t n = (size_t)__builtin_ctz(ends | 1u << 31);
    const bool is_negative = *text == '-';
    double magnitude;
    if (UNLIKELY(n - is_negative - 1 >= DIGITS) || UNLIKELY(text[n] != ' ') ||
        UNLIKELY(!plain_time(text + n + 1, clock)) ||
        UNLIKELY(!read_value(text + n, n - is_negative, &magnitude)))
        return NULL;
    *out = plain_signed(magnitude, is_negative);
    return text + n + 1 + PLAIN_TIME_BYTES + 1;
}

AVX2 const char *lines_avx2_run(struct order *order, struct feed *feed, struct plain_clock *clock,
                                const struct net_addr *from, const char *at, const char *until)
{
    while (at < until && !order->is_recording && order->pos < order->expected.n) {
        const struct order_entry *entry = &order->expected.items[order->pos];
        const uintptr_t ahead = (uintptr_t)entry[ORDER_PREFETCH].name; /* 0 near the end: no harm */
        __builtin_prefetch((const void *)ahead);
        __builtin_prefetch((const void *)(ahead + 48));
        if (UNLIKELY(!matches(entry, at)))
            break;
        double value;
        const char *next = read_rest(at + entry->n + 1, clock, &value);
        if (UNLIKELY(!next))
            break;
        feed_add(feed, entry->id, clock->at_s, value,
                 (struct feed_origin){.line = at, .from = from});
        order->pos++;
        order->n_missed = 0;
        at = next;
    }
    return at;
}

#else

bool lines_avx2_is_there(void)
{
    return false;
}

const char *lines_avx2_run(struct order *order, struct feed *feed, struct plain_clock *clock,
                           const struct net_addr *from, const char *at, const char *until)
{
    (void)order, (void)feed, (void)clock, (void)from, (void)until;
    return at;
}

#endif
