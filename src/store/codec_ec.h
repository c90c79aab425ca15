/* Entropy-coded streams of signed integers: a value is a class (its magnitude, roughly) coded with
 * tANS and the bits that the class leaves open. Smaller than pack.h's groups where values are not spread
 * evenly, several times slower; for what is written once and seldom read.
 * Private to codec*.c. Pure. Format: docs/formats/block.md, "Entropy-coded streams". */
#pragma once

#include "store/codec.h"
#include "store/pack.h"

enum {
    CODEC_EC_FINE_MAX = 4,       /* bits of a value below its highest that its class tells */
    CODEC_EC_OPEN_BITS_MAX = 46, /* of a value; with a state's 11 they can be read at once */
    CODEC_EC_CLASSES = (CODEC_EC_OPEN_BITS_MAX + 2) << CODEC_EC_FINE_MAX,
    CODEC_EC_USED_MAX = 255,  /* classes in one stream */
    CODEC_EC_POINTS_MIN = 64, /* fewer never pay for the table */
    /* How much longer a stream can be than pack_stream_bytes_max of as many values. */
    CODEC_EC_TABLE_BYTES_MAX = 1024,
};

/* How a stream is best written. */
struct codec_ec_plan {
    uint64_t centre;
    bool is_signed; /* offsets from the centre may be negative */
    unsigned fine;
    size_t n_bytes; /* about */
};

/* The encoder's scratch memory. */
struct codec_ec {
    uint16_t classes[CODEC_POINTS_MAX], state_bits[CODEC_POINTS_MAX];
    uint8_t n_state_bits[CODEC_POINTS_MAX];
    uint32_t counts[CODEC_EC_CLASSES];
};

/* False: too few values, or too far apart. */
MUST_CHECK bool codec_ec_plan(struct codec_ec *ec, const uint64_t *v, size_t n,
                              struct codec_ec_plan *out);
/* Returns where the next byte goes; NULL if it cannot be written that way after all. May scribble
 * PACK_SLACK bytes past the end. */
uint8_t *codec_ec_put(struct codec_ec *ec, uint8_t *at, const uint64_t *v, size_t n,
                      const struct codec_ec_plan *plan);
/* The n values of a stream; moves in behind it. The bytes are not trusted. */
MUST_CHECK bool codec_ec_get(struct pack_in *in, uint64_t *out, size_t n);
