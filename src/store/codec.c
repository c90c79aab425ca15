/* The decoder; the encoder is codec_encode.c. Everything read here may be damaged or hostile. */
#include <math.h>
#include <string.h>

#include "store/codec_avx2.h"
#include "store/codec_ec.h"
#include "store/codec_unit.h"
#include "store/pack.h"

enum codec_form codec_form_of(const void *bytes, size_t n_bytes)
{
    const unsigned form = n_bytes ? *(const uint8_t *)bytes & HEAD_FORM : CODEC_FORMS;
    return form < CODEC_FORMS ? (enum codec_form)form : CODEC_FORMS;
}

static const double gap_value = (double)NAN;

static double double_of(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* No NaN is ever written: it would be a gap. */
static bool get_double(struct pack_in *in, double *out)
{
    if (in->end - in->at < 8)
        return false;
    uint64_t bits = 0;
    for (unsigned k = 0; k < 8; k++)
        bits |= (uint64_t)*in->at++ << (8 * k);
    *out = double_of(bits);
    return !isnan(*out);
}

static bool get_byte(struct pack_in *in, unsigned *out)
{
    if (in->at == in->end)
        return false;
    *out = *in->at++;
    return true;
}

/* A varint no larger than max. */
static bool get_count(struct pack_in *in, size_t max, size_t *out)
{
    uint64_t v;
    if (!pack_get_varint(in, &v) || v > max)
        return false;
    *out = (size_t)v;
    return true;
}

static bool get_signed(struct pack_in *in, uint64_t *out)
{
    uint64_t z;
    if (!pack_get_varint(in, &z))
        return false;
    *out = pack_unzigzag(z);
    return true;
}

/* ---- which values are there ---- */

/* Where each kind of presence says what, and how many values are there: 0 < n_present < n unless
 * all are. */
struct presence {
    unsigned kind;
    struct pack_in list; /* run lengths, or the bitmap */
    size_t n_runs;
    size_t n_present;
};

static bool get_runs(struct pack_in *in, size_t n, struct presence *out)
{
    if (!get_count(in, n, &out->n_runs))
        return false;
    out->list = *in;
    size_t n_seen = 0;
    for (size_t k = 0; k < out->n_runs; k++) {
        size_t gap, run;
        if (!get_count(in, n - n_seen, &gap))
            return false;
        n_seen += gap;
        if (!get_count(in, n - n_seen, &run) || run == 0)
            return false;
        n_seen += run;
        out->n_present += run;
    }
    return out->n_present > 0 && out->n_present < n;
}

static bool get_bitmap(struct pack_in *in, size_t n, struct presence *out)
{
    const size_t n_bytes = (n + 7) / 8;
    if ((size_t)(in->end - in->at) < n_bytes)
        return false;
    out->list = (struct pack_in){in->at, in->at + n_bytes};
    for (size_t i = 0; i < n_bytes; i++)
        out->n_present += (size_t)__builtin_popcount(*in->at++);
    const bool has_stray_bits = n % 8 && in->at[-1] >> (n % 8);
    return !has_stray_bits && out->n_present > 0 && out->n_present < n;
}

static bool get_presence(struct pack_in *in, unsigned kind, size_t n, struct presence *out)
{
    *out = (struct presence){.kind = kind};
    if (kind == HEAD_RUNS)
        return get_runs(in, n, out);
    if (kind == HEAD_BITMAP)
        return get_bitmap(in, n, out);
    out->n_present = n;
    return kind == HEAD_FULL;
}

/* Moves the values, which stand at the end of out, to their places. A value's place is never behind
 * where it stands, so going forward overwrites nothing that is still to come. */
static void spread_bitmap(const struct presence *presence, double *out, size_t n)
{
    const double *next = out + n - presence->n_present;
    for (size_t i = 0; i < n; i++) {
        const bool is_present = presence->list.at[i / 8] >> (i % 8) & 1;
        out[i] = is_present ? *next++ : gap_value;
    }
}

static bool spread_runs(const struct presence *presence, double *out, size_t n)
{
    struct pack_in list = presence->list;
    const double *next = out + n - presence->n_present;
    size_t at = 0;
    for (size_t k = 0; k < presence->n_runs; k++) {
        size_t gap, run;
        if (!get_count(&list, n, &gap) || !get_count(&list, n, &run))
            return false;
        for (; gap > 0; gap--)
            out[at++] = gap_value;
        memmove(out + at, next, run * sizeof *out);
        at += run;
        next += run;
    }
    while (at < n)
        out[at++] = gap_value;
    return true;
}

/* ---- integer forms ---- */

static void to_doubles(const struct codec_scaling *scaling, const uint64_t *v, double *out,
                       size_t n)
{
    const uint64_t gcd = scaling->gcd, base = scaling->base;
    for (size_t i = 0; i < n; i++)
        out[i] = (double)(int64_t)(v[i] * gcd + base);
    if (scaling->exponent == 0)
        return;
    const double power = codec_unit_powers[scaling->exponent];
    for (size_t i = 0; i < n; i++)
        out[i] /= power;
}

/* The same where the integers stand. */
static void to_doubles_here(const struct codec_scaling *scaling, double *io, size_t n)
{
    uint64_t *v = (uint64_t *)(void *)io;
    if (!scaling->is_fast) {
        to_doubles(scaling, v, io, n);
        return;
    }
    const struct codec_scaling rest = {.exponent = scaling->exponent, .gcd = 1};
    if (scaling->gcd != 1 || scaling->base != 0)
        for (size_t i = 0; i < n; i++)
            v[i] = v[i] * scaling->gcd + scaling->base;
    const size_t n_done = codec_avx2_divide(v, codec_unit_powers[scaling->exponent], io, n);
    to_doubles(&rest, v + n_done, io + n_done, n - n_done);
}

static double to_double(const struct codec_scaling *scaling, uint64_t v)
{
    double out;
    to_doubles(scaling, &v, &out, 1);
    return out;
}

static void fill(double *out, size_t n, double v)
{
    for (size_t i = 0; i < n; i++)
        out[i] = v;
}

static bool get_raw(struct pack_in *in, const struct codec_scaling *scaling, double *out, size_t n)
{
    for (size_t i = 0; i < n; i += PACK_GROUP) {
        const size_t n_group = min_size(PACK_GROUP, n - i);
        uint64_t group[PACK_GROUP];
        if (scaling->is_fast && codec_avx2_raw(in, scaling, out + i, n_group))
            continue;
        if (!pack_get_group(in, group, n_group))
            return false;
        to_doubles(scaling, group, out + i, n_group);
    }
    return true;
}

static bool get_delta(struct pack_in *in, const struct codec_scaling *scaling, double *out,
                      size_t n)
{
    uint64_t v;
    if (!get_signed(in, &v))
        return false;
    out[0] = to_double(scaling, v);
    for (size_t i = 1; i < n; i += PACK_GROUP) {
        const size_t n_group = min_size(PACK_GROUP, n - i);
        uint64_t group[PACK_GROUP];
        if (scaling->is_fast && codec_avx2_delta(in, scaling, &v, out + i, n_group))
            continue;
        if (!pack_get_group(in, group, n_group))
            return false;
        for (size_t k = 0; k < n_group; k++)
            group[k] = v += group[k];
        to_doubles(scaling, group, out + i, n_group);
    }
    return true;
}

static bool get_delta2(struct pack_in *in, const struct codec_scaling *scaling, double *out,
                       size_t n)
{
    uint64_t v, delta;
    if (n < 3 || !get_signed(in, &v) || !get_signed(in, &delta))
        return false;
    out[0] = to_double(scaling, v);
    out[1] = to_double(scaling, v += delta);
    for (size_t i = 2; i < n; i += PACK_GROUP) {
        const size_t n_group = min_size(PACK_GROUP, n - i);
        uint64_t group[PACK_GROUP];
        if (scaling->is_fast && codec_avx2_delta2(in, scaling, &v, &delta, out + i, n_group))
            continue;
        if (!pack_get_group(in, group, n_group))
            return false;
        for (size_t k = 0; k < n_group; k++) {
            delta += group[k];
            group[k] = v += delta;
        }
        to_doubles(scaling, group, out + i, n_group);
    }
    return true;
}

/* Two streams side by side: how long each value stays, and the values. */
static bool get_changes(struct pack_in *in, const struct codec_scaling *scaling, double *out,
                        size_t n)
{
    size_t n_twice;
    if (!get_count(in, 2 * n, &n_twice))
        return false;
    const size_t n_changes = n_twice / 2;
    const bool by_delta = n_twice & 1;
    if (n_changes == 0 || n_changes >= n)
        return false;

    struct pack_cursor gaps, values;
    pack_cursor_init(&gaps, *in, n_changes);
    uint64_t v = 0, step;
    if (!pack_skip_stream(in, n_changes) || (by_delta && !get_signed(in, &v)))
        return false;
    pack_cursor_init(&values, *in, n_changes + !by_delta);
    if (!by_delta && !pack_cursor_next(&values, &v))
        return false;
    size_t at = 0;
    for (size_t k = 0; k < n_changes; k++) {
        uint64_t gap;
        if (!pack_cursor_next(&gaps, &gap) || gap >= n - at)
            return false;
        fill(out + at, (size_t)gap + 1, to_double(scaling, v));
        at += (size_t)gap + 1;
        if (!pack_cursor_next(&values, &step))
            return false;
        v = by_delta ? v + step : step;
    }
    if (at >= n)
        return false;
    fill(out + at, n - at, to_double(scaling, v));
    *in = values.in;
    return true;
}

/* The integers are put together where the doubles will be. */
static bool get_ec(struct pack_in *in, const struct codec_scaling *scaling, double *out, size_t n)
{
    uint64_t *v = (uint64_t *)(void *)out, delta = 0;
    unsigned order;
    if (!get_byte(in, &order) || order > 2 || order >= n || (order > 0 && !get_signed(in, &v[0])) ||
        (order > 1 && !get_signed(in, &delta)) || !codec_ec_get(in, v + order, n - order))
        return false;
    if (order > 1) {
        v[1] = v[0] + delta;
        for (size_t i = 2; i < n; i++)
            v[i] = v[i - 1] + (delta += v[i]);
    } else if (order > 0) {
        for (size_t i = 1; i < n; i++)
            v[i] += v[i - 1];
    }
    to_doubles_here(scaling, out, n);
    return true;
}

static bool get_exceptions(struct pack_in *in, double *out, size_t n)
{
    size_t n_exceptions;
    if (!get_count(in, n, &n_exceptions) || n_exceptions == 0)
        return false;
    for (size_t k = 0, next = 0; k < n_exceptions; k++) {
        size_t skip;
        if (next >= n || !get_count(in, n - 1 - next, &skip))
            return false;
        if (!get_double(in, &out[next + skip]))
            return false;
        next += skip + 1;
    }
    return true;
}

static bool get_integer_form(struct pack_in *in, enum codec_form form,
                             const struct codec_scaling *scaling, double *out, size_t n)
{
    if (form == CODEC_RAW)
        return get_raw(in, scaling, out, n);
    if (form == CODEC_DELTA)
        return get_delta(in, scaling, out, n);
    if (form == CODEC_DELTA2)
        return get_delta2(in, scaling, out, n);
    if (form == CODEC_CHANGE)
        return get_changes(in, scaling, out, n);
    if (form == CODEC_EC)
        return get_ec(in, scaling, out, n);
    uint64_t v;
    if (!get_signed(in, &v))
        return false;
    fill(out, n, to_double(scaling, v));
    return true;
}

static bool get_integers(struct pack_in *in, unsigned head, bool is_fast, double *out, size_t n)
{
    struct codec_scaling scaling = {.gcd = 1, .is_fast = is_fast};
    if (!get_byte(in, &scaling.exponent) || scaling.exponent > CODEC_EXPONENT_MAX)
        return false;
    /* Exceptions stand before the integers and win over them: read twice. */
    struct pack_in exceptions = *in;
    if (head & HEAD_EXCEPTIONS && !get_exceptions(in, out, n))
        return false;
    if (head & HEAD_GCD) {
        const bool has_both = pack_get_varint(in, &scaling.gcd) && get_signed(in, &scaling.base);
        if (!has_both || scaling.gcd < 2)
            return false;
    }
    if (!get_integer_form(in, (enum codec_form)(head & HEAD_FORM), &scaling, out, n))
        return false;
    return !(head & HEAD_EXCEPTIONS) || get_exceptions(&exceptions, out, n);
}

/* ---- forms of plain doubles ---- */

static bool get_dict(struct pack_in *in, double *out, size_t n)
{
    size_t n_dict;
    if (!get_count(in, n, &n_dict) || (size_t)(in->end - in->at) / 8 < n_dict)
        return false;
    const struct pack_in dict = {in->at, in->at + 8 * n_dict};
    in->at = dict.end;
    struct pack_cursor indexes;
    pack_cursor_init(&indexes, *in, n);
    for (size_t i = 0; i < n; i++) {
        uint64_t index;
        if (!pack_cursor_next(&indexes, &index) || index >= n_dict)
            return false;
        struct pack_in entry = {dict.at + 8 * index, dict.end};
        if (!get_double(&entry, &out[i]))
            return false;
    }
    *in = indexes.in;
    return true;
}

static bool get_f64(struct pack_in *in, double *out, size_t n)
{
    unsigned zeros;
    if (!get_byte(in, &zeros) || zeros > F64_LOW_BITS)
        return false;
    const unsigned low_bits = F64_LOW_BITS - zeros;
    const size_t low_bytes = (n * low_bits + 7) / 8;
    if ((size_t)(in->end - in->at) < low_bytes)
        return false;
    const uint8_t *low_at = in->at;
    in->at += low_bytes;
    bool has_nan = false;
    for (size_t i = 0; i < n; i += PACK_GROUP) {
        const size_t n_group = min_size(PACK_GROUP, n - i);
        uint64_t high[PACK_GROUP], low[PACK_GROUP];
        /* A group of 128 values begins at a whole byte, whatever the width. */
        pack_get_bits(low_at + i * low_bits / 8, in->end, low, n_group, low_bits);
        if (!pack_get_group(in, high, n_group))
            return false;
        for (size_t k = 0; k < n_group; k++) {
            out[i + k] = double_of(high[k] << F64_LOW_BITS | low[k] << zeros);
            has_nan |= isnan(out[i + k]) || high[k] >> 16;
        }
    }
    return !has_nan;
}

/* ---- the unit ---- */

static bool get_body(struct pack_in *in, unsigned head, bool is_fast, double *out, size_t n)
{
    const unsigned form = head & HEAD_FORM;
    if ((form >= CODEC_CONST && form <= CODEC_CHANGE) || form == CODEC_EC)
        return get_integers(in, head, is_fast, out, n);
    if (head & (HEAD_EXCEPTIONS | HEAD_GCD))
        return false;
    if (form == CODEC_DICT)
        return get_dict(in, out, n);
    if (form == CODEC_F64)
        return get_f64(in, out, n);
    double v;
    if (form != CODEC_CONST_F64 || !get_double(in, &v))
        return false;
    fill(out, n, v);
    return true;
}

static bool decode(struct pack_in in, bool is_fast, double *out, size_t n)
{
    BUG_IF(n == 0);
    BUG_IF(n > CODEC_POINTS_MAX);
    unsigned head;
    if (!get_byte(&in, &head))
        return false;
    if (head == CODEC_EMPTY) {
        fill(out, n, gap_value);
        return in.at == in.end;
    }
    struct presence presence;
    if (!get_presence(&in, head & HEAD_PRESENCE, n, &presence))
        return false;
    double *values = out + n - presence.n_present;
    if (!get_body(&in, head, is_fast, values, presence.n_present) || in.at != in.end)
        return false;
    if (presence.kind == HEAD_BITMAP)
        spread_bitmap(&presence, out, n);
    if (presence.kind == HEAD_RUNS)
        return spread_runs(&presence, out, n);
    return true;
}

bool codec_decode(const void *bytes, size_t n_bytes, double *out, size_t n)
{
    const struct pack_in in = {bytes, (const uint8_t *)bytes + n_bytes};
    return decode(in, codec_avx2_is_there(), out, n);
}

bool codec_decode_plain(const void *bytes, size_t n_bytes, double *out, size_t n)
{
    const struct pack_in in = {bytes, (const uint8_t *)bytes + n_bytes};
    return decode(in, false, out, n);
}

bool codec_is_full(const void *bytes, size_t n_bytes)
{
    const enum codec_form form = codec_form_of(bytes, n_bytes);
    const bool has_gaps = n_bytes && (*(const uint8_t *)bytes & HEAD_PRESENCE) != HEAD_FULL;
    return form != CODEC_EMPTY && form != CODEC_FORMS && !has_gaps;
}
