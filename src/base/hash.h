/* Hashes: keyed SipHash-1-3 for tables that outside bytes reach, crc32c for what is stored. */
#pragma once

#include "base/base.h"

struct hash_key {
    uint64_t k0, k1;
};

/* A key nobody outside can know: from the kernel, once a process. */
struct hash_key hash_key_random(void);
uint64_t hash_sip13(struct hash_key key, const void *bytes, size_t n);

/* crc32c (Castagnoli) of bytes, going on from seed (0 to begin). */
uint32_t hash_crc32c(uint32_t seed, const void *bytes, size_t n);
