#include "store/codec_ec.h"

#include <math.h>
#include <string.h>

enum {
    STATE_BITS = 11,
    STATES = 1 << STATE_BITS,
    STATE_STEP = (STATES >> 1) + (STATES >> 3) + 3, /* odd: comes by every state */
    LANES = 4, /* states that take turns, so that one need not wait for the other */
    MODE_FINE = 0x07,
    MODE_SIGNED = 0x08,
    SHARE_EXACT = 8, /* shares below it are written as they are, larger ones to 3 bits */
    SHARE_STEPS = 4, /* between a power of two and the next */
    SHARE_CODE_MAX = SHARE_EXACT + SHARE_STEPS * (STATE_BITS - 3),
};

static unsigned bit_width(uint64_t v)
{
    return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

static uint64_t low_mask(unsigned n_bits)
{
    return (UINT64_C(1) << n_bits) - 1;
}

/* ---- classes ---- */

/* The bits that the class of z leaves open. Class = open << fine plus the bits above them, which are
 * at least 2^fine where any are open: so classes are numbered without holes. */
static unsigned open_bits_of(uint64_t z, unsigned fine)
{
    const unsigned width = bit_width(z >> fine);
    return width > 1 ? width - 1 : 0;
}

struct class_value {
    uint64_t lowest;
    unsigned n_open;
};

static struct class_value class_value(unsigned class_no, unsigned fine)
{
    const unsigned over = class_no >> fine;
    const unsigned n_open = over > 1 ? over - 1 : 0;
    const uint64_t top = class_no - ((uint64_t)n_open << fine);
    return (struct class_value){top << n_open, n_open};
}

/* The class with one fine bit less that holds this one. */
static unsigned coarser(unsigned class_no, unsigned fine)
{
    const struct class_value value = class_value(class_no, fine);
    const unsigned n_open = open_bits_of(value.lowest, fine - 1);
    return (n_open << (fine - 1)) + (unsigned)(value.lowest >> n_open);
}

static uint64_t offset_of(uint64_t v, const struct codec_ec_plan *plan)
{
    return plan->is_signed ? pack_zigzag(v - plan->centre) : v - plan->centre;
}

/* ---- planning ---- */

static void find_centres(const uint64_t *v, size_t n, uint64_t out[2])
{
    int64_t min = (int64_t)v[0];
    for (size_t i = 1; i < n; i++)
        min = (int64_t)v[i] < min ? (int64_t)v[i] : min;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)(v[i] - (uint64_t)min);
    out[0] = (uint64_t)min;
    out[1] = (uint64_t)min + (uint64_t)(sum / (double)n + .5);
}

/* How many values there are of each of the finest classes. */
struct census {
    uint32_t *counts;
    size_t n;
    unsigned n_classes; /* those from here on have none */
};

static bool take_census(const uint64_t *v, const struct codec_ec_plan *plan, struct census *io)
{
    uint64_t any = 0;
    for (size_t i = 0; i < io->n; i++)
        any |= offset_of(v[i], plan);
    const unsigned n_open_max = open_bits_of(any, CODEC_EC_FINE_MAX);
    if (n_open_max > CODEC_EC_OPEN_BITS_MAX - CODEC_EC_FINE_MAX)
        return false;
    io->n_classes = (n_open_max + 2) << CODEC_EC_FINE_MAX;
    memset(io->counts, 0, io->n_classes * sizeof *io->counts);
    for (size_t i = 0; i < io->n; i++) {
        const uint64_t z = offset_of(v[i], plan);
        const unsigned n_open = open_bits_of(z, CODEC_EC_FINE_MAX);
        io->counts[(n_open << CODEC_EC_FINE_MAX) + (unsigned)(z >> n_open)]++;
    }
    return true;
}

/* What the values would take: the entropy of their classes, the open bits, and the table. */
static double cost_bits(const struct census *census, unsigned fine, size_t *out_n_used)
{
    double bits = 0;
    *out_n_used = 0;
    for (unsigned c = 0; c < census->n_classes; c++) {
        const uint32_t count = census->counts[c];
        if (count == 0)
            continue;
        const float share = (float)count / (float)census->n;
        bits += count * (double)((float)class_value(c, fine).n_open - log2f(share));
        ++*out_n_used;
    }
    return bits + 7 * (double)*out_n_used;
}

/* To classes of one fine bit less. */
static void fold(struct census *io, unsigned fine)
{
    unsigned n_classes = 0;
    for (unsigned c = 0; c < io->n_classes; c++) {
        const unsigned to = coarser(c, fine);
        const uint32_t count = io->counts[c];
        io->counts[c] = 0;
        io->counts[to] += count;
        n_classes = to + 1;
    }
    io->n_classes = n_classes;
}

/* The best number of fine bits for the centre of io_plan. */
static bool plan_fine(const uint64_t *v, struct census *census, struct codec_ec_plan *io_plan)
{
    const double fixed_bits = 8 * 16; /* mode, centre, heads of the table, states */
    double least_bits = INFINITY;
    if (!take_census(v, io_plan, census))
        return false;
    for (unsigned fine = CODEC_EC_FINE_MAX;; fine--) {
        size_t n_used;
        const double bits = fixed_bits + cost_bits(census, fine, &n_used);
        if (bits < least_bits && n_used <= CODEC_EC_USED_MAX) {
            least_bits = bits;
            io_plan->fine = fine;
        }
        if (fine == 0)
            break;
        fold(census, fine);
    }
    io_plan->n_bytes = (size_t)(least_bits / 8) + 1;
    return true;
}

bool codec_ec_plan(struct codec_ec *ec, const uint64_t *v, size_t n, struct codec_ec_plan *out)
{
    uint64_t centres[2];
    bool is_found = false;
    if (n < CODEC_EC_POINTS_MIN)
        return false;
    find_centres(v, n, centres);
    for (unsigned k = 0; k < 2; k++) {
        struct census census = {.counts = ec->counts, .n = n};
        struct codec_ec_plan plan = {.centre = centres[k], .is_signed = k == 1};
        if (!plan_fine(v, &census, &plan) || (is_found && plan.n_bytes >= out->n_bytes))
            continue;
        *out = plan;
        is_found = true;
    }
    return is_found;
}

/* ---- the table ---- */

/* Each class gets a share of the states. One class, the largest, gets what the others leave. */
struct table {
    size_t n;
    size_t rest; /* which one */
    uint16_t classes[CODEC_EC_USED_MAX], shares[CODEC_EC_USED_MAX];
};

static unsigned share_code(unsigned share)
{
    if (share < SHARE_EXACT)
        return share;
    const unsigned width = bit_width(share);
    return SHARE_EXACT + (width - 4) * SHARE_STEPS + ((share >> (width - 3)) & (SHARE_STEPS - 1));
}

static unsigned share_of_code(unsigned code)
{
    if (code < SHARE_EXACT)
        return code;
    const unsigned steps = code - SHARE_EXACT;
    return (SHARE_STEPS + steps % SHARE_STEPS) << (1 + steps / SHARE_STEPS);
}

/* The share that can be written next to the wanted one. */
static unsigned round_share(double wanted)
{
    if (wanted < 1)
        return 1;
    const unsigned code = share_code((unsigned)wanted);
    const unsigned low = share_of_code(code), high = share_of_code(code + 1);
    return wanted - low < high - wanted ? low : high;
}

/* What is rounded off one share is made up for by the next. */
static bool fill_shares(struct table *table, const uint32_t *counts, size_t n)
{
    unsigned left = STATES;
    double owed = 0;
    for (size_t k = 0; k < table->n; k++) {
        if (k == table->rest)
            continue;
        const double wanted = (double)counts[table->classes[k]] * STATES / (double)n;
        const unsigned share = round_share(wanted + owed);
        owed += wanted - share;
        if (share >= left)
            return false;
        table->shares[k] = (uint16_t)share;
        left -= share;
    }
    table->shares[table->rest] = (uint16_t)left;
    return true;
}

static uint8_t *put_table(uint8_t *at, const struct table *table)
{
    uint64_t skips[CODEC_EC_USED_MAX], codes[CODEC_EC_USED_MAX];
    size_t n_codes = 0;
    unsigned next = 0;
    for (size_t k = 0; k < table->n; k++) {
        skips[k] = table->classes[k] - next;
        next = table->classes[k] + 1u;
        if (k != table->rest)
            codes[n_codes++] = share_code(table->shares[k]);
    }
    *at++ = (uint8_t)table->n;
    *at++ = (uint8_t)table->rest;
    at = pack_put_stream(at, skips, table->n);
    return pack_put_stream(at, codes, n_codes);
}

static bool get_stream(struct pack_in *in, uint64_t *out, size_t n)
{
    for (size_t i = 0; i < n; i += PACK_GROUP)
        if (!pack_get_group(in, out + i, min_size(PACK_GROUP, n - i)))
            return false;
    return true;
}

static bool get_shares(struct table *table, const uint64_t *codes)
{
    unsigned left = STATES;
    for (size_t k = 0; k < table->n; k++) {
        if (k == table->rest)
            continue;
        if (*codes == 0 || *codes > SHARE_CODE_MAX)
            return false;
        const unsigned share = share_of_code((unsigned)*codes++);
        if (share >= left)
            return false;
        table->shares[k] = (uint16_t)share;
        left -= share;
    }
    table->shares[table->rest] = (uint16_t)left;
    return true;
}

static bool get_table(struct pack_in *in, unsigned fine, struct table *out)
{
    uint64_t skips[CODEC_EC_USED_MAX], codes[CODEC_EC_USED_MAX];
    const unsigned n_classes = (CODEC_EC_OPEN_BITS_MAX + 2u) << fine;
    if (in->end - in->at < 2)
        return false;
    out->n = *in->at++;
    out->rest = *in->at++;
    if (out->rest >= out->n || !get_stream(in, skips, out->n) || !get_stream(in, codes, out->n - 1))
        return false;
    unsigned next = 0;
    for (size_t k = 0; k < out->n; k++) {
        if (skips[k] >= n_classes - next)
            return false;
        out->classes[k] = (uint16_t)(next + skips[k]);
        next = out->classes[k] + 1u;
        if (next == n_classes && k + 1 < out->n)
            return false;
    }
    return get_shares(out, codes);
}

/* ---- encoding ---- */

static void count_used(const struct codec_ec *ec, size_t n, uint32_t *counts, struct table *out)
{
    memset(counts, 0, CODEC_EC_CLASSES * sizeof *counts);
    for (size_t i = 0; i < n; i++)
        counts[ec->classes[i]]++;
    out->n = out->rest = 0;
    for (unsigned c = 0; c < CODEC_EC_CLASSES && out->n < CODEC_EC_USED_MAX; c++) {
        if (counts[c] == 0)
            continue;
        out->classes[out->n] = (uint16_t)c;
        if (counts[c] > counts[out->classes[out->rest]])
            out->rest = out->n;
        out->n++;
    }
}

/* From the last value to the first: what each leaves behind of its lane's state. */
static void run_states(struct codec_ec *ec, size_t n, const struct table *table,
                       uint64_t out_states[LANES])
{
    uint16_t states[STATES];             /* of a class side by side */
    uint16_t first_of[CODEC_EC_CLASSES]; /* in states, less the share */
    uint16_t share_of[CODEC_EC_CLASSES];
    unsigned at = 0, n_before = 0;
    for (size_t k = 0; k < table->n; k++) {
        const unsigned c = table->classes[k], share = table->shares[k];
        first_of[c] = (uint16_t)(n_before - share);
        share_of[c] = (uint16_t)share;
        for (unsigned i = 0; i < share; i++, at = (at + STATE_STEP) & (STATES - 1))
            states[n_before++] = (uint16_t)at;
    }
    for (unsigned lane = 0; lane < LANES; lane++)
        out_states[lane] = 0;
    for (size_t i = n; i-- > 0;) {
        uint64_t *state = &out_states[i % LANES];
        const unsigned x = (unsigned)*state + STATES, c = ec->classes[i], share = share_of[c];
        unsigned n_bits = STATE_BITS + 1 - bit_width(share);
        if (x >> n_bits < share)
            n_bits--;
        ec->n_state_bits[i] = (uint8_t)n_bits;
        ec->state_bits[i] = (uint16_t)(x & low_mask(n_bits));
        *state = states[(uint16_t)(first_of[c] + (x >> n_bits))];
    }
}

static uint8_t *put_values(const struct codec_ec *ec, uint8_t *at, const uint64_t *v, size_t n,
                           const struct codec_ec_plan *plan)
{
    uint64_t word = 0;
    unsigned n_bits = 0; /* in word: below 8 between values */
    for (size_t i = 0; i < n; i++) {
        const uint64_t z = offset_of(v[i], plan);
        const unsigned n_open = open_bits_of(z, plan->fine);
        word |= ((z & low_mask(n_open)) | (uint64_t)ec->state_bits[i] << n_open) << n_bits;
        n_bits += n_open + ec->n_state_bits[i];
        pack_save_u64(at, word);
        at += n_bits / 8;
        word = n_bits < 64 ? word >> (n_bits & ~7u) : 0;
        n_bits %= 8;
    }
    pack_save_u64(at, word);
    return at + (n_bits > 0);
}

uint8_t *codec_ec_put(struct codec_ec *ec, uint8_t *at, const uint64_t *v, size_t n,
                      const struct codec_ec_plan *plan)
{
    struct table table;
    uint64_t states[LANES];
    for (size_t i = 0; i < n; i++) {
        const uint64_t z = offset_of(v[i], plan);
        const unsigned n_open = open_bits_of(z, plan->fine);
        ec->classes[i] = (uint16_t)((n_open << plan->fine) + (z >> n_open));
    }
    count_used(ec, n, ec->counts, &table);
    if (!fill_shares(&table, ec->counts, n))
        return NULL;
    *at++ = (uint8_t)(plan->fine | (plan->is_signed ? MODE_SIGNED : 0));
    at = pack_put_varint(at, pack_zigzag(plan->centre));
    at = put_table(at, &table);
    run_states(ec, n, &table, states);
    at = pack_put_bits(at, states, LANES, STATE_BITS);
    return put_values(ec, at, v, n, plan);
}

/* ---- decoding ---- */

/* What a state means: the value's class, and where the state goes from here. */
struct step {
    uint8_t n_open, n_bits; /* n_bits: with those of the state */
    uint16_t next,
        mask; /* the next state is next plus what the mask leaves of the bits behind the open ones */
    uint16_t top; /* the value above its open bits */
};

/* Steps of one class for x in [from, until), which take the same number of bits. */
static unsigned fill_steps_of(struct step step, unsigned from, unsigned until, unsigned at,
                              struct step *out)
{
    const unsigned n_state_bits = (unsigned)step.n_bits - step.n_open;
    step.mask = (uint16_t)low_mask(n_state_bits);
    for (unsigned x = from; x < until; x++, at = (at + STATE_STEP) & (STATES - 1)) {
        step.next = (uint16_t)((x << n_state_bits) - STATES);
        out[at] = step;
    }
    return at;
}

static void fill_steps(const struct table *table, unsigned fine, struct step *out)
{
    unsigned at = 0;
    for (size_t k = 0; k < table->n; k++) {
        const unsigned share = table->shares[k], power = 1u << bit_width(share - 1);
        const unsigned n_state_bits = STATE_BITS - bit_width(share - 1);
        const struct class_value value = class_value(table->classes[k], fine);
        struct step step = {.n_open = (uint8_t)value.n_open,
                            .top = (uint16_t)(value.lowest >> value.n_open)};
        step.n_bits = (uint8_t)(value.n_open + n_state_bits + 1);
        at = fill_steps_of(step, share, power, at, out);
        step.n_bits--;
        at = fill_steps_of(step, power, 2 * share, at, out);
    }
}

struct reader {
    const struct step *steps;
    const uint8_t *at;
    size_t bit; /* of at */
    uint64_t states[LANES];
};

static inline uint64_t next_offset(const struct step *steps, const uint8_t *at, size_t *io_bit,
                                   uint64_t *io_state)
{
    const struct step *step = &steps[*io_state];
    const uint64_t word = pack_load_u64(at + *io_bit / 8) >> (*io_bit % 8);
    *io_state = step->next + (word >> step->n_open & step->mask);
    *io_bit += step->n_bits;
    return ((uint64_t)step->top << step->n_open) + (word & low_mask(step->n_open));
}

/* Decodes whole rounds of LANES values as long as no more than bit_max bits are behind; returns how
 * many values. */
static size_t read_rounds(struct reader *reader, uint64_t *out, size_t n, size_t bit_max)
{
    const struct step *steps = reader->steps;
    const uint8_t *at = reader->at;
    size_t bit = reader->bit, i = 0;
    uint64_t a = reader->states[0], b = reader->states[1], c = reader->states[2],
             d = reader->states[3];
    for (; i + LANES <= n && bit <= bit_max; i += LANES) {
        out[i] = next_offset(steps, at, &bit, &a);
        out[i + 1] = next_offset(steps, at, &bit, &b);
        out[i + 2] = next_offset(steps, at, &bit, &c);
        out[i + 3] = next_offset(steps, at, &bit, &d);
    }
    reader->bit = bit;
    reader->states[0] = a;
    reader->states[1] = b;
    reader->states[2] = c;
    reader->states[3] = d;
    return i;
}

enum {
    ROUND_BITS_MAX = LANES * (CODEC_EC_OPEN_BITS_MAX + STATE_BITS),
    ROUND_BYTES = (ROUND_BITS_MAX + 7) / 8 + 8, /* that a round may look at */
};

/* The end of the input in memory with room behind it. */
static bool read_end(struct reader *reader, const uint8_t *end, uint64_t *out, size_t n)
{
    uint8_t last[3 * ROUND_BYTES] = {0};
    const uint8_t *from = reader->at + reader->bit / 8;
    if (from > end || end - from > 2 * ROUND_BYTES)
        return false;
    memcpy(last, from, (size_t)(end - from));
    const size_t n_bits = (size_t)(end - from) * 8;
    reader->at = last;
    reader->bit %= 8;
    size_t i = read_rounds(reader, out, n, n_bits);
    for (; i < n && reader->bit <= n_bits; i++)
        out[i] = next_offset(reader->steps, last, &reader->bit, &reader->states[i % LANES]);
    reader->at = from;
    return i == n && reader->bit <= n_bits;
}

static bool get_values(struct pack_in *in, const struct step *steps, uint64_t *out, size_t n)
{
    struct reader reader = {.steps = steps};
    const size_t states_bytes = (LANES * STATE_BITS + 7) / 8;
    if ((size_t)(in->end - in->at) < states_bytes)
        return false;
    pack_get_bits(in->at, in->end, reader.states, LANES, STATE_BITS);
    in->at += states_bytes;
    reader.at = in->at;
    const size_t n_bytes = (size_t)(in->end - in->at);
    size_t n_read = 0;
    if (n_bytes > ROUND_BYTES)
        n_read = read_rounds(&reader, out, n, (n_bytes - ROUND_BYTES) * 8);
    if (!read_end(&reader, in->end, out + n_read, n - n_read))
        return false;
    in->at = reader.at + (reader.bit + 7) / 8;
    return (reader.states[0] | reader.states[1] | reader.states[2] | reader.states[3]) == 0;
}

bool codec_ec_get(struct pack_in *in, uint64_t *out, size_t n)
{
    struct step steps[STATES];
    struct table table;
    uint64_t z;
    if (in->at == in->end)
        return false;
    const unsigned mode = *in->at++, fine = mode & MODE_FINE;
    if (mode & ~(unsigned)(MODE_FINE | MODE_SIGNED) || fine > CODEC_EC_FINE_MAX ||
        !pack_get_varint(in, &z) || !get_table(in, fine, &table))
        return false;
    fill_steps(&table, fine, steps);
    if (!get_values(in, steps, out, n))
        return false;
    const uint64_t centre = pack_unzigzag(z);
    if (mode & MODE_SIGNED)
        for (size_t i = 0; i < n; i++)
            out[i] = pack_unzigzag(out[i]) + centre;
    else
        for (size_t i = 0; i < n; i++)
            out[i] += centre;
    return true;
}
