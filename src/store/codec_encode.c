/* The encoder; the decoder is codec.c. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "store/codec_ec.h"
#include "store/codec_unit.h"
#include "store/pack.h"

enum {
    SAMPLE_POINTS = 64,       /* an exponent must suit the first of them before all are looked at */
    EXCEPTIONS_SHARE = 64,    /* one value in so many may be no decimal */
    EXCEPTION_BYTES_MAX = 13, /* position varint, double */
    DICT_SLOTS = 2 * CODEC_POINTS_MAX,
    EC_SAVES = 10, /* the entropy-coded form decodes slower: it must save one byte in so many */
    DICT_PROBES_MAX = 64, /* past that the values are taken for distinct: no hostile slowness */
};

struct codec {
    double present[CODEC_POINTS_MAX];
    uint64_t ints[CODEC_POINTS_MAX];
    uint64_t delta[CODEC_POINTS_MAX], delta2[CODEC_POINTS_MAX];
    uint64_t gaps[CODEC_POINTS_MAX], changes[CODEC_POINTS_MAX];
    uint16_t exceptions[CODEC_POINTS_MAX / EXCEPTIONS_SHARE + 1];
    uint16_t dict_slots[DICT_SLOTS]; /* index + 1, 0: free */
    struct codec_ec ec;
};

struct codec *codec_new(void)
{
    return mem_zalloc(sizeof(struct codec));
}

void codec_free(struct codec *codec)
{
    mem_free(codec);
}

size_t codec_bytes_max(size_t n)
{
    /* No body is longer than a stream of all values: lists and dictionaries are only taken where
     * they are shorter, and F64 is two streams of 16 and 48 bits. */
    const size_t head = 64 + PACK_SLACK;
    const size_t presence =
        PACK_VARINT_BYTES + n / 2; /* a run list before it loses to the bitmap */
    const size_t exceptions = (n / EXCEPTIONS_SHARE + 1) * EXCEPTION_BYTES_MAX;
    return head + presence + exceptions + pack_stream_bytes_max(n) + CODEC_EC_TABLE_BYTES_MAX;
}

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static uint8_t *put_double(uint8_t *at, double v)
{
    const uint64_t bits = bits_of(v);
    for (unsigned k = 0; k < 8; k++)
        *at++ = (uint8_t)(bits >> (8 * k));
    return at;
}

/* ---- encoding: one unit on its way ---- */

struct unit {
    struct codec *codec;
    const double *v; /* the values that are there */
    size_t n;
    uint8_t *at;           /* where the next byte goes */
    bool is_cold;          /* the entropy-coded form may be used */
    enum codec_form guess; /* by the hint; CODEC_EMPTY: none */
    enum codec_form form;
    unsigned exponent; /* before: where to begin; after: what was used */
    unsigned flags;    /* of the head byte */
    size_t n_exceptions;
};

static bool is_double_form(enum codec_form form)
{
    return form == CODEC_DICT || form == CODEC_F64;
}

/* ---- which values are there ---- */

/* Copies what is no gap to codec->present; returns how many, and in how many runs. */
static size_t gather(struct codec *codec, const double *values, size_t n, size_t *out_n_runs)
{
    size_t n_present = 0, n_runs = 0;
    bool was_present = false;
    for (size_t i = 0; i < n; i++) {
        const bool is_present = !isnan(values[i]);
        codec->present[n_present] = values[i];
        n_present += is_present;
        n_runs += is_present && !was_present;
        was_present = is_present;
    }
    *out_n_runs = n_runs;
    return n_present;
}

static uint8_t *put_runs(uint8_t *at, const double *values, size_t n, size_t n_runs)
{
    at = pack_put_varint(at, n_runs);
    for (size_t i = 0; n_runs--;) {
        const size_t gap_from = i;
        while (isnan(values[i]))
            i++;
        at = pack_put_varint(at, i - gap_from);
        const size_t run_from = i;
        while (i < n && !isnan(values[i]))
            i++;
        at = pack_put_varint(at, i - run_from);
    }
    return at;
}

static uint8_t *put_bitmap(uint8_t *at, const double *values, size_t n)
{
    const size_t n_bytes = (n + 7) / 8;
    memset(at, 0, n_bytes);
    for (size_t i = 0; i < n; i++)
        at[i / 8] |= (uint8_t)(!isnan(values[i]) << (i % 8));
    return at + n_bytes;
}

/* A run takes two bytes at least, so many runs need not be tried. */
static void put_presence(struct unit *unit, const double *values, size_t n, size_t n_runs)
{
    uint8_t *from = unit->at;
    const size_t bitmap_bytes = (n + 7) / 8;
    unit->flags |= HEAD_RUNS;
    if (1 + 2 * n_runs <= bitmap_bytes)
        unit->at = put_runs(from, values, n, n_runs);
    if (unit->at != from && (size_t)(unit->at - from) <= bitmap_bytes)
        return;
    unit->flags ^= HEAD_RUNS | HEAD_BITMAP;
    unit->at = put_bitmap(from, values, n);
}

/* ---- doubles to integers ---- */

static size_t exceptions_max(size_t n)
{
    return n < 8 ? 0 : n / EXCEPTIONS_SHARE + 1;
}

/* v * 10^exponent as an integer, if the integer gives back the very bits of v. */
static bool to_integer(double v, unsigned exponent, uint64_t *out)
{
    /* Adding and taking away 1.5 * 2^52 rounds to an integer, below 2^51. Integers need no rounding
     * and may be larger: any double below 2^62 that is one. */
    const double rounder = 0x1.8p52;
    const double scale = codec_unit_powers[exponent];
    const double x = exponent ? (v * scale + rounder) - rounder : v;
    if (!(fabs(x) < (exponent ? 0x1p51 : 0x1p62)))
        return false;
    const int64_t integer = (int64_t)x;
    *out = (uint64_t)integer;
    return bits_of((double)integer / scale) == bits_of(v);
}

static bool suits_sample(const double *v, size_t n, unsigned exponent)
{
    size_t n_left = exceptions_max(n);
    for (size_t i = 0; i < n; i++) {
        uint64_t ignored;
        if (to_integer(v[i], exponent, &ignored))
            continue;
        if (n_left-- == 0)
            return false;
    }
    return true;
}

/* Fills codec->ints and codec->exceptions; false when too few values are decimals of that many
 * places. In the place of an exception stands its neighbour. */
static bool fill_integers(struct unit *unit, unsigned exponent)
{
    struct codec *codec = unit->codec;
    const size_t n_max = exceptions_max(unit->n);
    uint64_t last = 0;
    size_t n_leading = 0; /* exceptions at the very beginning have no neighbour yet */
    unit->n_exceptions = 0;
    for (size_t i = 0; i < unit->n; i++) {
        uint64_t integer;
        if (to_integer(unit->v[i], exponent, &integer)) {
            codec->ints[i] = last = integer;
            continue;
        }
        if (unit->n_exceptions == n_max)
            return false;
        n_leading += n_leading == i;
        codec->exceptions[unit->n_exceptions++] = (uint16_t)i;
        codec->ints[i] = last;
    }
    for (size_t i = 0; i < n_leading; i++)
        codec->ints[i] = codec->ints[n_leading];
    unit->exponent = exponent;
    return true;
}

/* The smallest exponent from unit->exponent on that suits; then any. */
static bool find_integers(struct unit *unit)
{
    const size_t n_sample = min_size(unit->n, SAMPLE_POINTS);
    const unsigned from = unit->exponent;
    for (unsigned k = 0; k <= CODEC_EXPONENT_MAX; k++) {
        const unsigned exponent = (from + k) % (CODEC_EXPONENT_MAX + 1);
        if (suits_sample(unit->v, n_sample, exponent) && fill_integers(unit, exponent))
            return true;
    }
    return false;
}

static void put_exceptions(struct unit *unit)
{
    if (!unit->n_exceptions)
        return;
    unit->flags |= HEAD_EXCEPTIONS;
    unit->at = pack_put_varint(unit->at, unit->n_exceptions);
    size_t next = 0;
    for (size_t k = 0; k < unit->n_exceptions; k++) {
        const size_t i = unit->codec->exceptions[k];
        unit->at = pack_put_varint(unit->at, i - next);
        unit->at = put_double(unit->at, unit->v[i]);
        next = i + 1;
    }
}

static uint64_t gcd_of(uint64_t a, uint64_t b)
{
    while (b) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Divides the integers, less the first, by what divides all of them. Their magnitudes are at most
 * 2^62, so a difference of two fits. */
static void put_gcd(struct unit *unit)
{
    uint64_t *ints = unit->codec->ints;
    const uint64_t base = ints[0];
    uint64_t gcd = 0;
    for (size_t i = 1; i < unit->n && gcd != 1; i++) {
        const int64_t step = (int64_t)(ints[i] - ints[i - 1]);
        if (step)
            gcd = gcd_of((uint64_t)(step < 0 ? -step : step), gcd);
    }
    if (gcd < 2)
        return;
    unit->flags |= HEAD_GCD;
    unit->at = pack_put_varint(unit->at, gcd);
    unit->at = pack_put_varint(unit->at, pack_zigzag(base));
    for (size_t i = 0; i < unit->n; i++)
        ints[i] = (uint64_t)((int64_t)(ints[i] - base) / (int64_t)gcd);
}

/* ---- integer forms ---- */

/* codec->delta[i] = ints[i] - ints[i-1] from 1 on; returns how many are not 0. */
static size_t fill_deltas(struct codec *codec, size_t n)
{
    size_t n_changes = 0;
    for (size_t i = 1; i < n; i++) {
        codec->delta[i] = codec->ints[i] - codec->ints[i - 1];
        n_changes += codec->delta[i] != 0;
    }
    return n_changes;
}

static void fill_deltas2(struct codec *codec, size_t n)
{
    for (size_t i = 2; i < n; i++)
        codec->delta2[i] = codec->delta[i] - codec->delta[i - 1];
}

/* The change list: how many repeats stand before each change, and the values. The values' own
 * differences go to delta2 when they are smaller. */
struct change_list {
    size_t n; /* changes; values are one more */
    bool by_delta;
    size_t n_bytes;
};

static struct change_list fill_changes(struct codec *codec, size_t n)
{
    struct change_list list = {0};
    codec->changes[0] = codec->ints[0];
    for (size_t i = 1, last = 0; i < n; i++) {
        if (!codec->delta[i])
            continue;
        codec->gaps[list.n++] = i - last - 1;
        codec->changes[list.n] = codec->ints[i];
        codec->delta2[list.n] = codec->delta[i];
        last = i;
    }
    const size_t value_bytes = pack_stream_bytes(codec->changes, list.n + 1);
    const size_t delta_bytes = pack_stream_bytes(codec->delta2 + 1, list.n) +
                               pack_varint_bytes(pack_zigzag(codec->changes[0]));
    list.by_delta = delta_bytes < value_bytes;
    list.n_bytes = pack_stream_bytes(codec->gaps, list.n) + pack_varint_bytes(2 * list.n) +
                   min_size(value_bytes, delta_bytes);
    return list;
}

static void put_changes(struct unit *unit, const struct change_list *list)
{
    struct codec *codec = unit->codec;
    uint8_t *at = pack_put_varint(unit->at, 2 * list->n + list->by_delta);
    at = pack_put_stream(at, codec->gaps, list->n);
    if (list->by_delta) {
        at = pack_put_varint(at, pack_zigzag(codec->changes[0]));
        at = pack_put_stream(at, codec->delta2 + 1, list->n);
    } else {
        at = pack_put_stream(at, codec->changes, list->n + 1);
    }
    unit->at = at;
    unit->form = CODEC_CHANGE;
}

static void put_plain(struct unit *unit, enum codec_form form)
{
    struct codec *codec = unit->codec;
    unit->form = form;
    if (form == CODEC_RAW) {
        unit->at = pack_put_stream(unit->at, codec->ints, unit->n);
        return;
    }
    unit->at = pack_put_varint(unit->at, pack_zigzag(codec->ints[0]));
    if (form == CODEC_DELTA) {
        unit->at = pack_put_stream(unit->at, codec->delta + 1, unit->n - 1);
        return;
    }
    unit->at = pack_put_varint(unit->at, pack_zigzag(codec->delta[1]));
    unit->at = pack_put_stream(unit->at, codec->delta2 + 2, unit->n - 2);
}

/* The smallest of the forms without lists, and its length. */
static enum codec_form best_plain(struct codec *codec, size_t n, size_t *out_n_bytes)
{
    const size_t first_bytes = pack_varint_bytes(pack_zigzag(codec->ints[0]));
    const size_t raw = pack_stream_bytes(codec->ints, n);
    const size_t delta = first_bytes + pack_stream_bytes(codec->delta + 1, n - 1);
    size_t delta2 = SIZE_MAX;
    if (n > 2) {
        fill_deltas2(codec, n);
        delta2 = first_bytes + pack_varint_bytes(pack_zigzag(codec->delta[1])) +
                 pack_stream_bytes(codec->delta2 + 2, n - 2);
    }
    *out_n_bytes = min_size(raw, min_size(delta, delta2));
    if (*out_n_bytes == raw)
        return CODEC_RAW;
    return *out_n_bytes == delta ? CODEC_DELTA : CODEC_DELTA2;
}

/* ---- the entropy-coded form ---- */

/* What the stream codes: the integers (0), their differences (1) or those of these (2). */
static const uint64_t *ec_values(const struct codec *codec, unsigned order)
{
    return order == 0 ? codec->ints : order == 1 ? codec->delta + 1 : codec->delta2 + 2;
}

/* In place of a form of n_bytes, if it saves enough. delta2 must be that of the values. */
static bool put_ec(struct unit *unit, enum codec_form rival, size_t n_bytes)
{
    struct codec *codec = unit->codec;
    const size_t most_bytes = n_bytes - n_bytes / EC_SAVES;
    struct codec_ec_plan best = {.n_bytes = SIZE_MAX}, plan;
    unsigned order = 0;
    for (unsigned k = 0; k <= 2; k++) {
        const bool suits = rival == CODEC_CHANGE ? k < 2 : (unsigned)rival == CODEC_RAW + k;
        if (!suits || !codec_ec_plan(&codec->ec, ec_values(codec, k), unit->n - k, &plan) ||
            plan.n_bytes >= best.n_bytes)
            continue;
        best = plan;
        order = k;
    }
    if (best.n_bytes > most_bytes)
        return false;
    uint8_t *at = unit->at;
    *at++ = (uint8_t)order;
    if (order > 0)
        at = pack_put_varint(at, pack_zigzag(codec->ints[0]));
    if (order > 1)
        at = pack_put_varint(at, pack_zigzag(codec->delta[1]));
    at = codec_ec_put(&codec->ec, at, ec_values(codec, order), unit->n - order, &best);
    if (!at || (size_t)(at - unit->at) > most_bytes)
        return false;
    unit->at = at;
    unit->form = CODEC_EC;
    return true;
}

/* ---- the smallest of all ---- */

static void put_smallest(struct unit *unit, size_t n_changes)
{
    struct codec *codec = unit->codec;
    struct change_list list = {0};
    size_t n_bytes;
    enum codec_form form = best_plain(codec, unit->n, &n_bytes);
    if (n_changes < unit->n / 3) {
        /* A list decodes more slowly in pieces, so it must save a tenth. */
        list = fill_changes(codec, unit->n);
        if (list.n_bytes < n_bytes - n_bytes / 10) {
            form = CODEC_CHANGE;
            n_bytes = list.n_bytes;
        }
    }
    if (form == CODEC_DELTA2)
        fill_deltas2(codec, unit->n); /* the list may have stood there */
    if (unit->is_cold && put_ec(unit, form, n_bytes))
        return;
    if (form == CODEC_CHANGE)
        put_changes(unit, &list);
    else
        put_plain(unit, form);
}

static void put_integers(struct unit *unit)
{
    struct codec *codec = unit->codec;
    *unit->at++ = (uint8_t)unit->exponent;
    put_exceptions(unit);
    put_gcd(unit);
    const size_t n_changes = fill_deltas(codec, unit->n);
    if (n_changes == 0) {
        unit->form = CODEC_CONST;
        unit->at = pack_put_varint(unit->at, pack_zigzag(codec->ints[0]));
        return;
    }
    if (unit->guess == CODEC_RAW || unit->guess == CODEC_DELTA) {
        put_plain(unit, unit->guess);
        return;
    }
    if (unit->guess == CODEC_DELTA2 && unit->n > 2) {
        fill_deltas2(codec, unit->n);
        put_plain(unit, CODEC_DELTA2);
        return;
    }
    put_smallest(unit, n_changes);
}

/* ---- forms of plain doubles ---- */

/* Zero bits that all values end with: their low bits are not written. */
static unsigned common_zeros(const double *v, size_t n)
{
    uint64_t any = UINT64_C(1) << F64_LOW_BITS;
    for (size_t i = 0; i < n; i++)
        any |= bits_of(v[i]);
    return (unsigned)__builtin_ctzll(any);
}

/* Prepares delta (high bits) and delta2 (low bits); returns the length of the body. */
static size_t fill_f64(struct unit *unit, unsigned *out_zeros)
{
    struct codec *codec = unit->codec;
    const unsigned zeros = common_zeros(unit->v, unit->n);
    const uint64_t low_mask = (UINT64_C(1) << F64_LOW_BITS) - 1;
    for (size_t i = 0; i < unit->n; i++) {
        const uint64_t bits = bits_of(unit->v[i]);
        codec->delta[i] = bits >> F64_LOW_BITS;
        codec->delta2[i] = (bits & low_mask) >> zeros;
    }
    *out_zeros = zeros;
    return 1 + pack_stream_bytes(codec->delta, unit->n) +
           (unit->n * (F64_LOW_BITS - zeros) + 7) / 8;
}

static void put_f64(struct unit *unit, unsigned zeros)
{
    struct codec *codec = unit->codec;
    unit->form = CODEC_F64;
    *unit->at++ = (uint8_t)zeros;
    unit->at = pack_put_bits(unit->at, codec->delta2, unit->n, F64_LOW_BITS - zeros);
    unit->at = pack_put_stream(unit->at, codec->delta, unit->n);
}

/* The index of bits in the dictionary (changes, *io_n entries), added if new; SIZE_MAX: give up. */
static size_t dict_index(struct codec *codec, uint64_t bits, size_t n_slots, size_t *io_n)
{
    size_t slot = (size_t)((bits * UINT64_C(0x9E3779B97F4A7C15)) >> 40) & (n_slots - 1);
    for (unsigned k = 0; k < DICT_PROBES_MAX; k++, slot = (slot + 1) & (n_slots - 1)) {
        const size_t index = codec->dict_slots[slot];
        if (index == 0) {
            codec->changes[*io_n] = bits;
            codec->dict_slots[slot] = (uint16_t)++ * io_n;
            return *io_n - 1;
        }
        if (codec->changes[index - 1] == bits)
            return index - 1;
    }
    return SIZE_MAX;
}

/* Prepares changes (distinct bits in order of appearance) and gaps (indexes); returns the length
 * of the body, SIZE_MAX if most values are distinct. */
static size_t fill_dict(struct unit *unit, size_t *out_n)
{
    struct codec *codec = unit->codec;
    size_t n_slots = 16, n = 0;
    while (n_slots < 2 * unit->n)
        n_slots *= 2;
    memset(codec->dict_slots, 0, n_slots * sizeof *codec->dict_slots);
    for (size_t i = 0; i < unit->n; i++) {
        const size_t index = dict_index(codec, bits_of(unit->v[i]), n_slots, &n);
        if (index == SIZE_MAX || n > unit->n * 3 / 4)
            return SIZE_MAX;
        codec->gaps[i] = index;
    }
    *out_n = n;
    return pack_varint_bytes(n) + 8 * n + pack_stream_bytes(codec->gaps, unit->n);
}

static void put_dict(struct unit *unit, size_t n)
{
    struct codec *codec = unit->codec;
    unit->form = CODEC_DICT;
    unit->at = pack_put_varint(unit->at, n);
    for (size_t i = 0; i < n; i++)
        unit->at = put_double(unit->at, double_of(codec->changes[i]));
    unit->at = pack_put_stream(unit->at, codec->gaps, unit->n);
}

static void put_doubles(struct unit *unit)
{
    unsigned zeros;
    size_t n_dict = 0;
    const size_t f64_bytes = fill_f64(unit, &zeros);
    const size_t dict_bytes = unit->guess == CODEC_F64 ? SIZE_MAX : fill_dict(unit, &n_dict);
    if (dict_bytes < f64_bytes)
        put_dict(unit, n_dict);
    else
        put_f64(unit, zeros);
}

/* ---- the unit ---- */

static bool is_constant(const double *v, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (bits_of(v[i]) != bits_of(v[0]))
            return false;
    return true;
}

static void put_constant(struct unit *unit)
{
    unit->n = 1;
    unit->guess = CODEC_EMPTY;
    if (find_integers(unit) && pack_varint_bytes(pack_zigzag(unit->codec->ints[0])) < 8) {
        put_integers(unit);
        return;
    }
    unit->form = CODEC_CONST_F64;
    unit->at = put_double(unit->at, unit->v[0]);
}

static void put_body(struct unit *unit)
{
    if (is_constant(unit->v, unit->n)) {
        put_constant(unit);
        return;
    }
    if (is_double_form(unit->guess) || !find_integers(unit)) {
        put_doubles(unit);
        return;
    }
    uint8_t *from = unit->at;
    put_integers(unit);
    const size_t int_bytes = (size_t)(unit->at - from);
    if (int_bytes <= unit->n * 6)
        return;
    unsigned zeros;
    if (fill_f64(unit, &zeros) >= int_bytes)
        return;
    unit->at = from; /* wide integers: the doubles' own bits are shorter */
    unit->flags &= ~(unsigned)(HEAD_EXCEPTIONS | HEAD_GCD);
    put_f64(unit, zeros);
}

/* A constant unit says nothing about the next one that is not, so it leaves the hint alone. */
static void learn(struct codec_hint *hint, const struct unit *unit, size_t n_bytes)
{
    if (unit->form == CODEC_CONST || unit->form == CODEC_CONST_F64)
        return;
    const size_t bits = min_size(n_bytes * 8 / unit->n + 1, UINT8_MAX);
    if (unit->guess != CODEC_EMPTY) {
        const bool is_worse = bits > hint->bits_per_point + hint->bits_per_point / 4u + 1;
        hint->n_used = is_worse ? CODEC_HINT_UNITS_MAX : (uint8_t)(hint->n_used + 1);
        return;
    }
    hint->exponent = is_double_form(unit->form) ? 0 : (uint8_t)unit->exponent;
    hint->form = (uint8_t)unit->form;
    hint->n_used = 1;
    hint->bits_per_point = (uint8_t)bits;
}

static void apply_hint(struct unit *unit, const struct codec_hint *hint)
{
    const bool is_known = hint->n_used > 0 && hint->n_used < CODEC_HINT_UNITS_MAX &&
                          hint->exponent <= CODEC_EXPONENT_MAX && hint->form < CODEC_FORMS;
    if (!is_known)
        return;
    unit->exponent = hint->exponent;
    unit->guess = (enum codec_form)hint->form;
}

static size_t encode(struct unit unit, const double *values, size_t n, struct codec_hint *hint,
                     struct buf *out)
{
    BUG_IF(n == 0);
    BUG_IF(n > CODEC_POINTS_MAX);
    uint8_t *head = buf_room(out, codec_bytes_max(n));
    if (!head)
        return 0;
    size_t n_runs;
    unit.at = head + 1;
    unit.v = values;
    unit.n = gather(unit.codec, values, n, &n_runs);
    if (unit.n > 0 && unit.n < n) {
        unit.v = unit.codec->present;
        put_presence(&unit, values, n, n_runs);
    }
    if (hint)
        apply_hint(&unit, hint);
    if (unit.n > 0)
        put_body(&unit);
    *head = (uint8_t)(unit.form | unit.flags);
    const size_t n_bytes = (size_t)(unit.at - head);
    out->n += n_bytes;
    if (hint && unit.n > 0)
        learn(hint, &unit, n_bytes);
    return n_bytes;
}

size_t codec_encode(struct codec *codec, const double *values, size_t n, struct codec_hint *hint,
                    struct buf *out)
{
    return encode((struct unit){.codec = codec}, values, n, hint, out);
}

size_t codec_encode_cold(struct codec *codec, const double *values, size_t n, struct buf *out)
{
    return encode((struct unit){.codec = codec, .is_cold = true}, values, n, NULL, out);
}
