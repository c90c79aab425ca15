#include "base/hash.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "base/base.h"

struct hash_key hash_key_random(void)
{
    struct hash_key key;
    ssize_t n = getrandom(&key, sizeof key, 0);
    BUG_IF(n != (ssize_t)sizeof key);
    return key;
}

static inline uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

/* SipHash with 1 compression and 3 finalisation rounds (Aumasson and Bernstein, 2012). */
uint64_t hash_sip13(struct hash_key key, const void *bytes, size_t n)
{
    struct sip s = {key.k0 ^ 0x736f6d6570736575u, key.k1 ^ 0x646f72616e646f6du,
                    key.k0 ^ 0x6c7967656e657261u, key.k1 ^ 0x7465646279746573u};
    const unsigned char *at = bytes;
    size_t left = n;
    for (; left >= 8; left -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        s.v3 ^= word;
        sip_round(&s);
        s.v0 ^= word;
    }
    uint64_t last = (uint64_t)n << 56;
    for (size_t i = 0; i < left; i++)
        last |= (uint64_t)at[i] << (8 * i);
    s.v3 ^= last;
    sip_round(&s);
    s.v0 ^= last;
    s.v2 ^= 0xff;
    sip_round(&s);
    sip_round(&s);
    sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static uint32_t crc_tables[8][256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

static void crc_init(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
        crc_tables[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int t = 1; t < 8; t++)
            crc_tables[t][i] =
                crc_tables[t - 1][i] >> 8 ^ crc_tables[0][crc_tables[t - 1][i] & 0xff];
}

/* Eight bytes at a time by tables: for processors without the instruction. */
static uint32_t crc_tables_run(uint32_t crc, const unsigned char *at, size_t n)
{
    pthread_once(&crc_once, crc_init);
    for (; n >= 8; n -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        word ^= crc;
        crc = 0;
        for (int t = 0; t < 8; t++)
            crc ^= crc_tables[7 - t][word >> (8 * t) & 0xff];
    }
    while (n--)
        crc = crc >> 8 ^ crc_tables[0][(crc ^ *at++) & 0xff];
    return crc;
}

#ifdef __x86_64__
#    define SSE42 __attribute__((target("sse4.2")))

/* The instruction has its result three cycles after it began, and begins one each cycle: so three stretches
 * are done at once, and the sums of the first two moved past what follows them. */
enum { STRETCH_BYTES = 512 };

static uint32_t crc_past[2][4][256]; /* what a byte of a sum becomes past one stretch, past two */
static pthread_once_t crc_past_once = PTHREAD_ONCE_INIT;

static inline uint64_t word_at(const unsigned char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

SSE42 static void crc_past_init(void)
{
    for (int stretches = 1; stretches <= 2; stretches++)
        for (unsigned bit = 0; bit < 32; bit++) {
            uint64_t sum = (uint64_t)1 << bit;
            for (int i = 0; i < stretches * STRETCH_BYTES; i += 8)
                sum = __builtin_ia32_crc32di(sum, 0);
            uint32_t *table = crc_past[stretches - 1][bit / 8];
            for (unsigned byte = 0; byte < 256; byte++)
                table[byte] ^= byte >> bit % 8 & 1 ? (uint32_t)sum : 0;
        }
}

static inline uint32_t moved_past(uint64_t sum, int stretches)
{
    const uint32_t(*table)[256] = crc_past[stretches - 1];
    return table[0][sum & 0xFF] ^ table[1][sum >> 8 & 0xFF] ^ table[2][sum >> 16 & 0xFF] ^
           table[3][sum >> 24 & 0xFF];
}

SSE42 static uint32_t crc_sse42(uint32_t crc, const unsigned char *at, size_t n)
{
    uint64_t a = crc;

    if (n >= (size_t)3 * STRETCH_BYTES)
        pthread_once(&crc_past_once, crc_past_init);
    for (; n >= (size_t)3 * STRETCH_BYTES; n -= (size_t)3 * STRETCH_BYTES) {
        uint64_t b = 0, c = 0;
        for (const unsigned char *end = at + STRETCH_BYTES; at < end; at += 8) {
            a = __builtin_ia32_crc32di(a, word_at(at));
            b = __builtin_ia32_crc32di(b, word_at(at + STRETCH_BYTES));
            c = __builtin_ia32_crc32di(c, word_at(at + (size_t)2 * STRETCH_BYTES));
        }
        a = moved_past(a, 2) ^ moved_past(b, 1) ^ c;
        at += (size_t)2 * STRETCH_BYTES;
    }
    for (; n >= 8; n -= 8, at += 8)
        a = __builtin_ia32_crc32di(a, word_at(at));
    crc = (uint32_t)a;
    while (n--)
        crc = __builtin_ia32_crc32qi(crc, *at++);
    return crc;
}
#endif

uint32_t hash_crc32c(uint32_t seed, const void *bytes, size_t n)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc_sse42(~seed, bytes, n);
#endif
    return ~crc_tables_run(~seed, bytes, n);
}
