/* One unit of a series: up to CODEC_POINTS_MAX doubles <-> bytes. A gap is NaN; every other double
 * comes back with the same 64 bits (-0.0, subnormals, infinities too), every gap as NAN.
 * Values that are short decimals become integers value * 10^e and are packed as those; the rest
 * keep their bits. Pure. Format: docs/formats/block.md, "Units". */
#pragma once

#include "base/buf.h"

enum {
    CODEC_POINTS_MAX = 16384,  /* one unit; the encoder's scratch memory is sized by it */
    CODEC_EXPONENT_MAX = 15,   /* 10^15: doubles carry no more decimals than that */
    CODEC_GROUP_POINTS = 128,  /* values that share one bit width */
    CODEC_HINT_UNITS_MAX = 16, /* after so many units a hint is looked at afresh */
};

/* How the body of a unit is written; the low 4 bits of its first byte. */
enum codec_form {
    CODEC_EMPTY = 0, /* gaps only */
    CODEC_CONST,     /* one integer */
    CODEC_RAW,       /* integers less their group's minimum */
    CODEC_DELTA,     /* differences of neighbours */
    CODEC_DELTA2,    /* differences of differences */
    CODEC_CHANGE,    /* where the value changes, and to what */
    CODEC_DICT,      /* distinct doubles and indexes into them */
    CODEC_F64,       /* the bits: 16 high ones packed, the rest as they are */
    CODEC_CONST_F64, /* one double */
    CODEC_EC,        /* integers or differences, entropy-coded: only codec_encode_cold writes it */
    CODEC_FORMS,
};

/* What the last units of a series looked like, kept by the caller for each series (4 bytes) so that
 * the next one is encoded without trying everything. Zero: nothing known. A wrong hint costs bytes,
 * never exactness. */
struct codec_hint {
    uint8_t exponent;
    uint8_t form;
    uint8_t n_used;         /* units encoded on this hint's word */
    uint8_t bits_per_point; /* of the unit that set it */
};

/* The encoder's scratch memory (about 1.0 MB). One thread at a time. */
struct codec;

MUST_CHECK struct codec *codec_new(void);
void codec_free(struct codec *codec);

/* The most bytes that n values can take. */
size_t codec_bytes_max(size_t n);

/* Appends the unit of n values, 1 <= n <= CODEC_POINTS_MAX, to out and returns its length (0 only
 * when out is full). hint may be NULL; else it is used and brought up to date. */
size_t codec_encode(struct codec *codec, const double *values, size_t n, struct codec_hint *hint,
                    struct buf *out);

/* The same for what is written once and seldom read: takes longer, tries everything, and may take
 * CODEC_EC where that saves a tenth. */
size_t codec_encode_cold(struct codec *codec, const double *values, size_t n, struct buf *out);

/* Decodes a unit of exactly n_bytes that holds exactly n values, 1 <= n <= CODEC_POINTS_MAX.
 * The bytes are not trusted: false if they are anything but what codec_encode could mean (out is
 * then undefined). Reads nothing outside them, writes nothing outside out[0..n). Thread: any. */
MUST_CHECK bool codec_decode(const void *bytes, size_t n_bytes, double *out, size_t n);

/* The same without what this processor has and others lack (AVX2): equal to the last bit, slower. */
MUST_CHECK bool codec_decode_plain(const void *bytes, size_t n_bytes, double *out, size_t n);
/* No value of the unit is a gap. Of bytes that are no unit it may say anything. */
bool codec_is_full(const void *bytes, size_t n_bytes);

/* The form of a unit (CODEC_FORMS: none, or an unknown one); for tests and statistics. */
enum codec_form codec_form_of(const void *bytes, size_t n_bytes);
