#include "base/hash.h"

#include "kit/kit.h"

/* Published check value of CRC-32C. */
TEST(crc32c_of_the_check_string)
{
    EXPECT_I64(hash_crc32c(0, "123456789", 9), 0xE3069283u);
    EXPECT_I64(hash_crc32c(0, "", 0), 0);
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

RUN_TESTS(test_of(crc32c_of_the_check_string), test_of(crc32c_goes_on_from_a_seed),
          test_of(siphash_depends_on_key_length_and_every_byte), test_of(random_keys_differ))
