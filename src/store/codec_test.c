#include "store/codec.h"
#include "store/codec_unit.h"

#include <stdio.h>

#include "base/mem.h"
#include "kit/kit.h"
#include "store/codec_ec.h"
#include "store/pack_plan.h"

enum { UNIT = 720 };

static const double gap = (double)NAN;

static uint64_t bits_of(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

/* Values that are not the same to the last bit; all gaps are the same. */
static size_t n_different(const double *a, const double *b, size_t n)
{
    size_t n_different = 0;
    for (size_t i = 0; i < n; i++)
        n_different += isnan(a[i]) ? !isnan(b[i]) : bits_of(a[i]) != bits_of(b[i]);
    return n_different;
}

/* Decodes from and into memory of the exact size, compares bit by bit. */
static void expect_values(const struct buf *unit, const double *values, size_t n)
{
    const size_t n_bytes = unit->n;
    uint8_t *exact = mem_alloc(n_bytes);
    memcpy(exact, unit->at, n_bytes);
    double *got = mem_alloc(n * sizeof *got);
    EXPECT(codec_decode(exact, n_bytes, got, n));
    EXPECT_I64(n_different(values, got, n), 0);
    EXPECT(codec_decode_plain(exact, n_bytes, got, n));
    EXPECT_I64(n_different(values, got, n), 0);
    size_t n_gaps = 0;
    for (size_t i = 0; i < n; i++)
        n_gaps += isnan(values[i]);
    EXPECT_I64(codec_is_full(exact, n_bytes), n_gaps == 0);
    mem_free(got);
    mem_free(exact);
}

/* Through the codec as usual, and as what past partitions hold. Returns the length of the usual. */
static size_t round_trip(const double *values, size_t n, struct codec_hint *hint,
                         enum codec_form *out_form)
{
    struct codec *codec = codec_new();
    struct buf out;
    buf_init(&out, codec_bytes_max(n));
    const size_t n_bytes = codec_encode(codec, values, n, hint, &out);
    EXPECT(n_bytes > 0 && n_bytes == out.n);
    expect_values(&out, values, n);
    if (out_form)
        *out_form = codec_form_of(out.at, out.n);

    buf_clear(&out);
    const size_t n_cold = codec_encode_cold(codec, values, n, &out);
    EXPECT(n_cold > 0 && n_cold == out.n);
    EXPECT(hint || n_cold <= n_bytes);
    expect_values(&out, values, n);
    buf_done(&out);
    codec_free(codec);
    return n_bytes;
}

/* ---- kinds of series ---- */

static double normal(void)
{
    double sum = -6;
    for (int k = 0; k < 12; k++)
        sum += kit_random_share();
    return sum;
}

static double random_bits(void)
{
    for (;;) {
        const uint64_t bits = kit_random();
        double v;
        memcpy(&v, &bits, sizeof v);
        if (!isnan(v))
            return v;
    }
}

static double decimals(double v, double power)
{
    return nearbyint(v * power) / power;
}

enum kind {
    CONSTANT,
    COUNTER,
    BURSTS,
    SMALL_STEPS,
    CPU,
    WALK,
    PAGES,
    EVENTS,
    LATENCY,
    FULL,
    FLOATS,
    REPEATS,
    LEVELS,
    NANOSECONDS,
    ANY_BITS,
    KINDS,
};

static double next_value(enum kind kind, size_t i, double *state)
{
    switch (kind) {
    case COUNTER:
        return *state += 1000 + (double)kit_random_below(400);
    case BURSTS:
        return *state += kit_random_below(8) ? 0 : (double)kit_random_below(50000);
    case SMALL_STEPS:
        return *state += (double)kit_random_below(3) - 1;
    case CPU:
        return decimals(30 + 4 * normal(), 100);
    case WALK:
        *state += .05 * normal();
        return decimals(*state, 1000);
    case PAGES:
        if (kit_random_below(10) < 6)
            *state += 4096 * ((double)kit_random_below(400) - 200);
        return *state;
    case EVENTS:
        return kit_random_below(100) == 0;
    case LATENCY:
        return decimals(exp(2.5 + .6 * normal()), 10);
    case FULL:
        return kit_random_share() * 100 + 1 / 3.0;
    case FLOATS:
        return (double)(float)(kit_random_share() * 100);
    case REPEATS:
        return (double)(1 + kit_random_below(5)) / 7;
    case LEVELS:
        return i % 100 == 0 ? *state = decimals(kit_random_share() * 1000, 10) : *state;
    case NANOSECONDS:
        return *state += 1024 * (double)(10000000 + kit_random_below(1000));
    case ANY_BITS:
        return random_bits();
    case CONSTANT:
    case KINDS:
    default:
        return 12.25;
    }
}

static void fill_series(enum kind kind, double *values, size_t n)
{
    double state = kind == NANOSECONDS ? 1.7e18 : 1e6;
    for (size_t i = 0; i < n; i++)
        values[i] = next_value(kind, i, &state);
}

TEST(sizes_stay_within_loose_bounds)
{
    static const struct {
        const char *row;
        enum kind kind;
        double bytes_per_point;
    } rows[] = {
        {"constant", CONSTANT, 0.012},      {"counter", COUNTER, 1.3},
        {"counter in bursts", BURSTS, 0.9}, {"integer gauge, small steps", SMALL_STEPS, 0.40},
        {"cpu, 2 decimals", CPU, 1.6},      {"walk, 3 decimals", WALK, 1.25},
        {"memory pages", PAGES, 1.4},       {"0/1 events", EVENTS, 0.10},
        {"latency", LATENCY, 1.6},          {"full doubles", FULL, 7.2},
        {"floats as doubles", FLOATS, 3.6}, {"few full doubles again and again", REPEATS, 0.6},
        {"levels", LEVELS, 0.09},           {"nanoseconds above 2^53", NANOSECONDS, 1.6},
        {"any bits", ANY_BITS, 8.2},
    };
    EACH_ROW (rows, r) {
        enum { UNITS = 20 };
        static double values[UNIT * UNITS];
        struct codec_hint hint = {0};
        size_t n_bytes = 0;
        fill_series(r->kind, values, UNIT * UNITS);
        for (size_t k = 0; k < UNITS; k++)
            n_bytes += round_trip(values + k * UNIT, UNIT, &hint, NULL);
        const double got = (double)n_bytes / (UNIT * UNITS);
        if (got > r->bytes_per_point)
            printf("%s: %d/1000 bytes a point\n", r->row, (int)(got * 1000));
        EXPECT(got <= r->bytes_per_point);
    }
}

TEST(cold_units_are_smaller_where_values_are_uneven)
{
    static const struct {
        const char *row;
        enum kind kind;
        enum codec_form form;
        double bytes_per_point;
    } rows[] = {
        {"constant", CONSTANT, CODEC_CONST, 0.003},   {"counter", COUNTER, CODEC_DELTA, 1.17},
        {"small steps", SMALL_STEPS, CODEC_EC, 0.22}, {"memory pages", PAGES, CODEC_EC, 0.90},
        {"0/1 events", EVENTS, CODEC_EC, 0.025},      {"full doubles", FULL, CODEC_F64, 7.2},
    };
    enum { COLD_UNIT = 2160 };
    struct codec *codec = codec_new();
    EACH_ROW (rows, r) {
        double values[COLD_UNIT];
        struct buf out;
        buf_init(&out, codec_bytes_max(COLD_UNIT));
        fill_series(r->kind, values, COLD_UNIT);
        const size_t n_bytes = codec_encode_cold(codec, values, COLD_UNIT, &out);
        EXPECT_I64(codec_form_of(out.at, out.n), r->form);
        if ((double)n_bytes > r->bytes_per_point * COLD_UNIT)
            printf("%s: %zu bytes\n", r->row, n_bytes);
        EXPECT((double)n_bytes <= r->bytes_per_point * COLD_UNIT);
        buf_done(&out);
    }
    codec_free(codec);
}

TEST(picks_the_form_that_fits)
{
    static const struct {
        const char *row;
        enum kind kind;
        enum codec_form form;
    } rows[] = {
        {"constant", CONSTANT, CODEC_CONST}, {"cpu", CPU, CODEC_RAW},
        {"counter", COUNTER, CODEC_DELTA},   {"levels", LEVELS, CODEC_CHANGE},
        {"repeats", REPEATS, CODEC_DICT},    {"full", FULL, CODEC_F64},
        {"any bits", ANY_BITS, CODEC_F64},   {"nanoseconds", NANOSECONDS, CODEC_DELTA},
    };
    EACH_ROW (rows, r) {
        double values[UNIT];
        enum codec_form form;
        fill_series(r->kind, values, UNIT);
        round_trip(values, UNIT, NULL, &form);
        EXPECT_I64(form, r->form);
    }
    double values[UNIT];
    enum codec_form form;
    for (size_t i = 0; i < UNIT; i++)
        values[i] = (double)(i * i * 1000 + kit_random_below(7));
    round_trip(values, UNIT, NULL, &form);
    EXPECT_I64(form, CODEC_DELTA2);
    for (size_t i = 0; i < UNIT; i++)
        values[i] = 0x1.23456789abcdp-300;
    round_trip(values, UNIT, NULL, &form);
    EXPECT_I64(form, CODEC_CONST_F64);
    for (size_t i = 0; i < UNIT; i++)
        values[i] = gap;
    EXPECT_I64(round_trip(values, UNIT, NULL, &form), 1);
    EXPECT_I64(form, CODEC_EMPTY);
}

/* ---- exactness ---- */

static const double specials[] = {
    0.0,
    -0.0,
    1,
    -1,
    0.1,
    -0.1,
    1e-7,
    0x1p-1074,
    -0x1p-1074,
    0x1p-1022,
    (double)INFINITY,
    -(double)INFINITY,
    0x1.fffffffffffffp1023,
    -0x1.fffffffffffffp1023,
    1e15,
    1e16,
    1e22,
    1e300,
    0x1p53,
    0x1p53 + 2,
    -0x1p53,
    0x1p62,
    0x1p63,
    -0x1p63,
    0x1.fffffffffffffp61,
    -0x1.fffffffffffffp61,
    123456789.123456789,
    4.9e-324,
    1 / 3.0,
    9007199254740993.0,
    0.30000000000000004,
    1e-15,
    123456789012345.6,
};

TEST(special_values_come_back_bit_by_bit)
{
    for (size_t k = 0; k < COUNT_OF(specials); k++) {
        double values[UNIT];
        for (size_t n = 1; n <= UNIT; n = n * 3 + 1) {
            for (size_t i = 0; i < n; i++)
                values[i] = specials[k];
            round_trip(values, n, NULL, NULL);
            /* One stranger among counters, at every place of a short unit. */
            for (size_t i = 0; i < n; i++)
                values[i] = (double)i * 10;
            values[kit_random_below(n)] = specials[k];
            values[n - 1] = specials[k];
            values[0] = kit_random_below(2) ? specials[k] : 0;
            round_trip(values, n, NULL, NULL);
        }
    }
}

TEST(random_mixtures_come_back_bit_by_bit)
{
    for (int round = 0; round < 400; round++) {
        static double values[CODEC_POINTS_MAX];
        const size_t n = 1 + kit_random_below(round % 50 ? 700 : CODEC_POINTS_MAX);
        const enum kind kind = (enum kind)kit_random_below(KINDS);
        const uint64_t strange = kit_random_below(3) ? 0 : 1 + kit_random_below(300);
        fill_series(kind, values, n);
        for (size_t i = 0; strange && i < n; i++)
            if (kit_random_below(strange) == 0)
                values[i] = specials[kit_random_below(COUNT_OF(specials))];
        round_trip(values, n, NULL, NULL);
    }
}

TEST(every_number_of_decimals_is_exact)
{
    double power = 1;
    for (int exponent = 0; exponent <= 17; exponent++, power *= 10) {
        double values[UNIT];
        for (size_t i = 0; i < UNIT; i++)
            values[i] = (double)((int64_t)kit_random_below(2000001) - 1000000) / power;
        struct codec_hint hint = {0};
        const size_t n_bytes = round_trip(values, UNIT, &hint, NULL);
        if (exponent <= CODEC_EXPONENT_MAX) {
            EXPECT_I64(hint.exponent, exponent);
            EXPECT(n_bytes < UNIT * 3);
        }
    }
}

TEST(a_common_divisor_is_taken_out)
{
    double values[UNIT];
    for (size_t i = 0; i < UNIT; i++)
        values[i] = 3.5 + 0.25 * (double)kit_random_below(16);
    EXPECT(round_trip(values, UNIT, NULL, NULL) < UNIT * 5 / 8);
}

/* ---- gaps ---- */

TEST(gaps_at_every_rate_come_back)
{
    static const unsigned shares[] = {1, 2, 3, 10, 50, 90, 97, 99, 100};
    for (size_t s = 0; s < COUNT_OF(shares); s++)
        for (int round = 0; round < 60; round++) {
            double values[2048];
            const size_t n = 1 + kit_random_below(round % 10 ? 200 : COUNT_OF(values));
            const size_t run = 1 + kit_random_below(round % 3 ? 1 : 40);
            bool in_gap = false;
            fill_series((enum kind)kit_random_below(KINDS), values, n);
            for (size_t i = 0; i < n; i++) {
                if (i % run == 0)
                    in_gap = kit_random_below(100) < shares[s];
                values[i] = in_gap ? gap : values[i];
            }
            round_trip(values, n, NULL, NULL);
        }
}

TEST(one_value_alone_takes_few_bytes_wherever_it_stands)
{
    static double values[CODEC_POINTS_MAX];
    for (size_t at = 0; at < CODEC_POINTS_MAX; at += 1023) {
        for (size_t i = 0; i < CODEC_POINTS_MAX; i++)
            values[i] = gap;
        values[at] = 42;
        EXPECT(round_trip(values, CODEC_POINTS_MAX, NULL, NULL) <= 8);
    }
}

TEST(a_gap_of_any_nan_is_a_gap)
{
    double values[3] = {1, 0, 3};
    const uint64_t all_ones = ~UINT64_C(0);
    memcpy(&values[1], &all_ones, sizeof all_ones);
    round_trip(values, 3, NULL, NULL);
}

/* ---- hints ---- */

TEST(a_stale_hint_costs_bytes_but_never_exactness)
{
    struct codec_hint hint = {0};
    for (int round = 0; round < 300; round++) {
        double values[64];
        fill_series((enum kind)kit_random_below(KINDS), values, COUNT_OF(values));
        if (round % 10 == 0)
            hint = (struct codec_hint){(uint8_t)kit_random(), (uint8_t)kit_random(),
                                       (uint8_t)kit_random(), (uint8_t)kit_random()};
        round_trip(values, COUNT_OF(values), &hint, NULL);
    }
}

TEST(a_hint_is_dropped_when_the_series_changes_its_nature)
{
    struct codec_hint hint = {0};
    double values[UNIT];
    fill_series(COUNTER, values, UNIT);
    round_trip(values, UNIT, &hint, NULL);
    EXPECT_I64(hint.form, CODEC_DELTA);
    EXPECT_I64(hint.exponent, 0);
    /* The first unit of another kind shows that the hint is stale, the second starts afresh. */
    for (int k = 0; k < 2; k++) {
        fill_series(FULL, values, UNIT);
        round_trip(values, UNIT, &hint, NULL);
    }
    EXPECT_I64(hint.form, CODEC_F64);
    for (int k = 0; k < CODEC_HINT_UNITS_MAX; k++) {
        fill_series(LATENCY, values, UNIT);
        round_trip(values, UNIT, &hint, NULL);
    }
    EXPECT_I64(hint.form, CODEC_RAW);
    EXPECT_I64(hint.exponent, 1);
}

/* ---- full buffers and bad bytes ---- */

TEST(a_full_buffer_gets_nothing)
{
    struct codec *codec = codec_new();
    struct buf out;
    const double values[4] = {1, 2, 3, 4};
    buf_init(&out, codec_bytes_max(4) - 1);
    EXPECT_I64(codec_encode(codec, values, 4, NULL, &out), 0);
    EXPECT(out.is_full);
    EXPECT_I64(out.n, 0);
    buf_done(&out);
    codec_free(codec);
}

/* Decoding may succeed (a flipped bit in a value is still a value) but must stay in its memory and
 * must give no NaN but gaps, which the sanitizers and the exact sizes see. */
/* Integers of every size around the limits of 32 and 53 bits, with outliers, in every form. */
TEST(fast_and_plain_decoding_agree_on_any_size)
{
    static double values[1000];
    for (int round = 0; round < 3000; round++) {
        const size_t n = 1 + kit_random_below(COUNT_OF(values));
        const unsigned n_bits = (unsigned)kit_random_below(54);
        const int64_t start = (int64_t)(kit_random() >> (11 + kit_random_below(53)));
        const double power = codec_unit_powers[kit_random_below(6)];
        const bool is_walk = kit_random_below(2), has_outliers = kit_random_below(2);
        const int64_t times = kit_random_below(2) ? 1 : 1 + (int64_t)kit_random_below(1000);
        int64_t v = start;
        for (size_t i = 0; i < n; i++) {
            int64_t change = n_bits ? (int64_t)(kit_random() >> (64 - n_bits)) : 0;
            if (has_outliers && kit_random_below(40) == 0)
                change = (int64_t)((uint64_t)change << kit_random_below(20));
            change %= INT64_C(1) << 52;
            v = is_walk ? v + (kit_random_below(2) ? change : -change) : start + change;
            v %= INT64_C(1) << 52;
            values[i] = (double)(v / times * times) / power;
        }
        round_trip(values, n, NULL, NULL);
    }
}

TEST(cut_and_flipped_units_are_refused_or_harmless)
{
    struct codec *codec = codec_new();
    for (int turn = 0; turn < 2 * KINDS; turn++) {
        double values[200], got[200], got_plainly[200];
        const size_t n = COUNT_OF(values);
        const enum kind kind = (enum kind)(turn / 2);
        fill_series(kind, values, n);
        if (kind % 2)
            values[3] = values[4] = values[100] = gap;
        struct buf out;
        buf_init(&out, codec_bytes_max(n));
        if (turn % 2)
            codec_encode_cold(codec, values, n, &out);
        else
            codec_encode(codec, values, n, NULL, &out);
        for (size_t cut = 0; cut < out.n; cut++) {
            uint8_t *exact = mem_alloc(cut + 1);
            memcpy(exact, out.at, cut);
            EXPECT(!codec_decode(exact, cut, got, n));
            mem_free(exact);
        }
        uint8_t *exact = mem_alloc(out.n);
        for (int round = 0; round < 2000; round++) {
            memcpy(exact, out.at, out.n);
            exact[kit_random_below(round % 2 ? out.n : min_size(out.n, 12))] =
                (uint8_t)kit_random();
            const size_t n_asked = kit_random_below(4) ? n : 1 + kit_random_below(n);
            const bool is_decoded = codec_decode(exact, out.n, got, n_asked);
            EXPECT_I64(codec_decode_plain(exact, out.n, got_plainly, n_asked), is_decoded);
            EXPECT(!is_decoded || n_different(got, got_plainly, n_asked) == 0);
        }
        mem_free(exact);
        buf_done(&out);
    }
    codec_free(codec);
}

TEST(bytes_that_nobody_writes_are_refused)
{
    static const struct {
        const char *row;
        const char *bytes;
        size_t n_bytes;
    } rows[] = {
        {"nothing", "", 0},
        {"unknown form", "\x09\x00\x02", 3},
        {"unknown presence", "\x31\x00\x02", 3},
        {"empty with more behind", "\x00\x00", 2},
        {"exponent of 16", "\x01\x10\x02", 3},
        {"gcd of one", "\x81\x00\x01\x00\x02", 5},
        {"flags on a form without integers", "\x88\0\0\0\0\0\0\0\0\0", 9},
        {"constant with a byte too many", "\x01\x00\x02\x00", 4},
        {"varint without end", "\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13},
        {"no exceptions at all", "\x41\x00\x00\x02", 4},
        {"exception behind the end", "\x41\x00\x01\x08\0\0\0\0\0\0\0\0\x02", 13},
        {"exception of NaN", "\x41\x00\x01\x00\0\0\0\0\0\0\xf8\x7f\x02", 13},
        {"constant NaN", "\x08\0\0\0\0\0\0\xf8\x7f", 9},
        {"bitmap of all", "\x21\xff\x00\x02", 4},
        {"bitmap of none", "\x21\x00\x00\x02", 4},
        {"run of none", "\x11\x01\x00\x00\x00\x02", 6},
        {"run past the end", "\x11\x01\x01\x08\x00\x02", 6},
        {"width of 65", "\x02\x00\x00\x41\0\0\0\0\0\0\0\0\0", 13},
        {"no patches", "\x02\x00\x00\x80\x00\x01", 6},
        {"change list without change", "\x05\x00\x00\x00\x00", 5},
        {"index outside the dictionary", "\x07\x01\0\0\0\0\0\0\0\0\x02\x00", 12},
    };
    EACH_ROW (rows, r) {
        double got[8];
        EXPECT(!codec_decode(r->bytes, r->n_bytes, got, 8));
    }
}

/* ---- entropy-coded streams ---- */

/* 8 times 7, by hand: what is spoilt in the next test. */
#define EC_BEFORE  "\x09\x00"         /* form, exponent */
#define EC_CENTRE  "\x0e"             /* 7 */
#define EC_CLASSES "\x01\x00\x00\x00" /* one class, which is the rest: class 0 */
#define EC_STATES  "\0\0\0\0\0\0"     /* all end where they begin */

TEST(entropy_coded_bytes_that_nobody_writes_are_refused)
{
    static const struct {
        const char *row;
        const char *bytes;
        size_t n_bytes;
        bool is_right;
    } rows[] = {
        {"as it should be", EC_BEFORE "\0\0" EC_CENTRE EC_CLASSES EC_STATES, 15, true},
        {"a byte too many", EC_BEFORE "\0\0" EC_CENTRE EC_CLASSES EC_STATES "\0", 16, false},
        {"no such order", EC_BEFORE "\3\0" EC_CENTRE EC_CLASSES EC_STATES, 15, false},
        {"too fine", EC_BEFORE "\0\5" EC_CENTRE EC_CLASSES EC_STATES, 15, false},
        {"unknown mode", EC_BEFORE "\0\x10" EC_CENTRE EC_CLASSES EC_STATES, 15, false},
        {"no class", EC_BEFORE "\0\0" EC_CENTRE "\0\0\0\0" EC_STATES, 15, false},
        {"the rest is none of them", EC_BEFORE "\0\0" EC_CENTRE "\1\1\0\0" EC_STATES, 15, false},
        {"class past the last", EC_BEFORE "\0\0" EC_CENTRE "\1\0\x60\0" EC_STATES, 15, false},
        {"share of 0", EC_BEFORE "\0\0" EC_CENTRE "\2\0\0\0\0\0" EC_STATES, 17, false},
        {"all for one", EC_BEFORE "\0\0" EC_CENTRE "\2\0\0\0\x50\0" EC_STATES, 17, false},
        {"share past all", EC_BEFORE "\0\0" EC_CENTRE "\2\0\0\0\x52\0" EC_STATES, 17, false},
        {"ends elsewhere", EC_BEFORE "\0\0" EC_CENTRE EC_CLASSES "\1\0\0\0\0\0", 15, false},
        {"states cut off", EC_BEFORE "\0\0" EC_CENTRE EC_CLASSES "\0\0\0\0\0", 14, false},
        {"open bits cut off", EC_BEFORE "\0\0" EC_CENTRE "\1\0\x0e\0" EC_STATES "\0", 16, false},
    };
    EACH_ROW (rows, r) {
        double got[8];
        EXPECT_I64(codec_decode(r->bytes, r->n_bytes, got, 8), r->is_right);
        EXPECT(!r->is_right || (got[0] == 7 && got[7] == 7));
    }
}

/* Of any spread and shape, at any place in 64 bits. */
TEST(entropy_coded_streams_come_back_and_are_about_as_long_as_foretold)
{
    struct codec_ec *ec = mem_zalloc(sizeof *ec);
    size_t n_planned = 0, n_put = 0, n_off = 0;
    for (int round = 0; round < 2000; round++) {
        uint64_t values[1200], got[1200];
        const size_t n = 1 + kit_random_below(COUNT_OF(values));
        const unsigned w = (unsigned)kit_random_below(64),
                       peak = 1 + (unsigned)kit_random_below(64);
        const uint64_t start = kit_random_below(2) ? kit_random() : 1000;
        const bool is_even = kit_random_below(2);
        for (size_t i = 0; i < n; i++) {
            const unsigned open = is_even ? w : w + (unsigned)kit_random_below(peak);
            values[i] = start + (open < 64 ? kit_random() >> open : kit_random_below(2));
        }
        struct codec_ec_plan plan;
        if (!codec_ec_plan(ec, values, n, &plan))
            continue;
        n_planned++;
        uint8_t *room = mem_alloc(pack_stream_bytes_max(n) + CODEC_EC_TABLE_BYTES_MAX + PACK_SLACK);
        const uint8_t *end = codec_ec_put(ec, room, values, n, &plan);
        if (end) {
            const size_t n_bytes = (size_t)(end - room);
            struct pack_in in = {mem_alloc(n_bytes), NULL};
            uint8_t *exact = memcpy((void *)(uintptr_t)in.at, room, n_bytes);
            in.end = in.at + n_bytes;
            EXPECT(codec_ec_get(&in, got, n) && in.at == in.end);
            EXPECT(memcmp(got, values, n * sizeof *got) == 0);
            n_off += n_bytes > plan.n_bytes * 21 / 20 + 32 || plan.n_bytes > n_bytes * 21 / 20 + 32;
            n_put++;
            mem_free(exact);
        }
        mem_free(room);
    }
    EXPECT(n_planned > 400);
    EXPECT(n_put > n_planned * 9 / 10);
    EXPECT(n_off < n_put / 20);
    mem_free(ec);
}

/* ---- packing ---- */

TEST(bits_of_every_width_come_back)
{
    for (unsigned w = 0; w <= 64; w++)
        for (size_t n = 1; n <= 40; n += 3) {
            uint64_t values[40], got[40];
            const uint64_t mask = w == 0 ? 0 : ~UINT64_C(0) >> (64 - w);
            for (size_t i = 0; i < n; i++)
                values[i] = kit_random() & mask;
            uint8_t room[40 * 8 + PACK_SLACK];
            const size_t n_bytes = (size_t)(pack_put_bits(room, values, n, w) - room);
            EXPECT_I64(n_bytes, (n * w + 7) / 8);
            uint8_t *exact = mem_alloc(n_bytes + !n_bytes);
            memcpy(exact, room, n_bytes);
            pack_get_bits(exact, exact + n_bytes, got, n, w);
            EXPECT(memcmp(got, values, n * sizeof *got) == 0);
            mem_free(exact);
        }
}

TEST(eight_values_of_w_bits_are_w_bytes_lowest_first)
{
    const uint64_t values[8] = {1, 2, 3, 4, 5, 6, 7, 0};
    uint8_t room[3 + PACK_SLACK];
    EXPECT_I64(pack_put_bits(room, values, 8, 3) - room, 3);
    EXPECT_I64(room[0], 0xD1);
    EXPECT_I64(room[1], 0x58);
    EXPECT_I64(room[2], 0x1F);
}

TEST(streams_are_as_long_as_foretold)
{
    for (int round = 0; round < 300; round++) {
        uint64_t values[300];
        const size_t n = 1 + kit_random_below(COUNT_OF(values));
        const unsigned w = (unsigned)kit_random_below(64);
        for (size_t i = 0; i < n; i++)
            values[i] = kit_random() >> (kit_random_below(20) ? w : kit_random_below(64));
        uint8_t room[300 * 8 + 3 * 11 + PACK_SLACK];
        const size_t n_bytes = (size_t)(pack_put_stream(room, values, n) - room);
        EXPECT_I64(n_bytes, pack_stream_bytes(values, n));
        EXPECT(n_bytes <= pack_stream_bytes_max(n));
        struct pack_in skipped = {room, room + n_bytes};
        EXPECT(pack_skip_stream(&skipped, n) && skipped.at == skipped.end);
        struct pack_cursor cursor;
        pack_cursor_init(&cursor, (struct pack_in){room, room + n_bytes}, n);
        uint64_t got = 0;
        for (size_t i = 0; i < n; i++)
            EXPECT(pack_cursor_next(&cursor, &got) && got == values[i]);
        EXPECT(!pack_cursor_next(&cursor, &got));
    }
}

TEST(plans_are_the_same_with_avx2_and_without)
{
    for (int round = 0; round < 3000; round++) {
        uint64_t values[PACK_GROUP], offsets[PACK_GROUP], plain_offsets[PACK_GROUP];
        const size_t n = 1 + kit_random_below(PACK_GROUP);
        const unsigned w = (unsigned)kit_random_below(64),
                       rare = 1 + (unsigned)kit_random_below(20);
        const uint64_t base = kit_random() >> kit_random_below(64);
        for (size_t i = 0; i < n; i++)
            values[i] =
                base + (kit_random() >> (kit_random_below(rare) ? w : kit_random_below(64)));
        const struct pack_plan plan = pack_plan(values, n, offsets);
        const struct pack_plan plain = pack_plan_plain(values, n, plain_offsets);
        EXPECT(plan.min == plain.min && plan.n_bytes == plain.n_bytes);
        EXPECT_I64(plan.width, plain.width);
        EXPECT_I64(plan.max_width, plain.max_width);
        EXPECT_I64(plan.n_patches, plain.n_patches);
        EXPECT(memcmp(offsets, plain_offsets, n * sizeof *offsets) == 0);
        for (size_t i = 0; i < n; i++)
            EXPECT(values[i] == plan.min + offsets[i]);
    }
}

RUN_TESTS(test_of(plans_are_the_same_with_avx2_and_without),
          test_of(sizes_stay_within_loose_bounds),
          test_of(cold_units_are_smaller_where_values_are_uneven),
          test_of(picks_the_form_that_fits), test_of(special_values_come_back_bit_by_bit),
          test_of(random_mixtures_come_back_bit_by_bit), test_of(every_number_of_decimals_is_exact),
          test_of(a_common_divisor_is_taken_out), test_of(gaps_at_every_rate_come_back),
          test_of(one_value_alone_takes_few_bytes_wherever_it_stands),
          test_of(a_gap_of_any_nan_is_a_gap), test_of(a_stale_hint_costs_bytes_but_never_exactness),
          test_of(a_hint_is_dropped_when_the_series_changes_its_nature),
          test_of(a_full_buffer_gets_nothing), test_of(fast_and_plain_decoding_agree_on_any_size),
          test_of(cut_and_flipped_units_are_refused_or_harmless),
          test_of(bytes_that_nobody_writes_are_refused),
          test_of(entropy_coded_bytes_that_nobody_writes_are_refused),
          test_of(entropy_coded_streams_come_back_and_are_about_as_long_as_foretold),
          test_of(bits_of_every_width_come_back),
          test_of(eight_values_of_w_bits_are_w_bytes_lowest_first),
          test_of(streams_are_as_long_as_foretold))
