/* What the encoder and the decoder of a unit share. Private to codec*.c. */
#pragma once

#include "store/codec.h"

/* The first byte of a unit: enum codec_form in the low 4 bits, then these. */
enum {
    HEAD_FORM = 0x0F,
    HEAD_PRESENCE = 0x30,
    HEAD_FULL = 0x00, /* no gaps, or nothing else */
    HEAD_RUNS = 0x10,
    HEAD_BITMAP = 0x20,
    HEAD_EXCEPTIONS = 0x40,
    HEAD_GCD = 0x80,
};

enum {
    F64_LOW_BITS = 48, /* of a double: kept as they are; those above are packed in groups */
};

static const double codec_unit_powers[CODEC_EXPONENT_MAX + 1] = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
};

/* value = (integer * gcd + base) / 10^exponent, the product and sum modulo 2^64. */
struct codec_scaling {
    unsigned exponent;
    uint64_t gcd, base;
    bool is_fast; /* codec_avx2.c may be asked */
};
