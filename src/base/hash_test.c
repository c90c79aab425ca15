#include "base/hash.h"

#include "kit/kit.h"

/* Published check value of CRC-32C. */
TEST(crc32c_of_the_check_string)
{
    EXPECT_I64(hash_crc32c(0, "123456789", 9), 0xE3069283u);
    EXPECT_I64(hash_crc32c(0, "", 0), 0);
}

/* By the definition, a bit at a time. */
static uint32_t crc_slowly(uint32_t seed, const uint8_t *at, size_t n)
{
    uint32_t crc = ~seed;
    for (size_t i = 0; i < n; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return ~crc;
}

TEST(crc32c_of_any_length_from_anywhere)
{
    uint8_t bytes[6000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)kit_random();
    for (int round = 0; round < 300; round++) {
        const size_t n =
            round < 200 ? kit_random_below(5900) : 1536 * (size_t)(round % 4) + kit_random_below(3);
        const size_t from = kit_random_below(64);
        const uint32_t seed = (uint32_t)kit_random();
        EXPECT_I64(hash_crc32c(seed, bytes + from, n), crc_slowly(seed, bytes + from, n));
    }
}

TEST(crc32c_goes_on_from_a_seed)
{
    const char *text = "the quick brown fox jumps over the lazy dog, twice";
    size_t n = strlen(text);
    uint32_t whole = hash_crc32c(0, text, n);
    for (size_t cut = 0; cut <= n; cut++)
        EXPECT_I64(hash_crc32c(hash_crc32c(0, text, cut), text + cut, n - cut), whole);
}

TEST(siphash_depends_on_key_length_and_every_byte)
{
    struct hash_key key = {1, 2}, other = {1, 3};
    char text[24] = "abcdefghijklmnopqrstuvw";
    uint64_t base = hash_sip13(key, text, 20);
    EXPECT(base == hash_sip13(key, text, 20));
    EXPECT(base != hash_sip13(other, text, 20));
    EXPECT(base != hash_sip13(key, text, 19));
    for (size_t i = 0; i < 20; i++) {
        text[i] ^= 1;
        EXPECT(base != hash_sip13(key, text, 20));
        text[i] ^= 1;
    }
}

TEST(random_keys_differ)
{
    struct hash_key a = hash_key_random(), b = hash_key_random();
    EXPECT(a.k0 != b.k0 || a.k1 != b.k1);
}

RUN_TESTS(test_of(crc32c_of_the_check_string), test_of(crc32c_of_any_length_from_anywhere),
          test_of(crc32c_goes_on_from_a_seed),
          test_of(siphash_depends_on_key_length_and_every_byte), test_of(random_keys_differ))
