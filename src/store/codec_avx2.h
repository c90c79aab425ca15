/* Decoding groups of small integers with AVX2: the same values to the last bit, several times faster.
 * Each function decodes the group at in and moves in behind it, or returns false and leaves in and
 * io alone (out is undefined): the group is wide, damaged or too near the end of the input, or its
 * numbers might not be exact as doubles. The plain way then decides. Reads nothing outside in, writes
 * nothing outside out[0..n), 1 <= n <= PACK_GROUP. Private to codec.c and its test. Thread: any. */
#pragma once

#include "store/codec_unit.h"
#include "store/pack.h"

/* This processor has what it takes; else the others must not be called. */
bool codec_avx2_is_there(void);

/* A group of integers as they are. */
bool codec_avx2_raw(struct pack_in *in, const struct codec_scaling *scaling, double *out, size_t n);
/* A group of differences; *io_last is the integer before it and becomes its last one. */
bool codec_avx2_delta(struct pack_in *in, const struct codec_scaling *scaling, uint64_t *io_last,
                      double *out, size_t n);
/* Of differences of differences; *io_delta is the last difference. */
bool codec_avx2_delta2(struct pack_in *in, const struct codec_scaling *scaling, uint64_t *io_last,
                       uint64_t *io_delta, double *out, size_t n);

/* Integers over power, for as many of the n as it can (from the first on; returns how many): the others
 * are large, or too few. out may be v. */
size_t codec_avx2_divide(const uint64_t *v, double power, double *out, size_t n);
