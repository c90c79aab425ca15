/* TZif files (RFC 8536, RFC 9636) and what holds when.
 *
 * Invariants of a struct tz, checked while it is parsed:
 *   1. at_s ascends strictly; types[type_of[i]] holds from at_s[i] on
 *   2. there is at least one type, and types[0] holds before the first transition
 *   3. every type's abbreviation ends within abbreviations, in printable ASCII
 *   4. offsets lie within OFFSET_S_MAX, so sums with a clamped instant cannot overflow */
#include "base/tz.h"

#include <string.h>

#include "base/mem.h"
#include "base/tz_posix.h"

enum {
    HEADER_BYTES = 44,
    TYPE_BYTES = 6,
    TRANSITIONS_MAX = 4096,   /* 15 times the most eventful zone */
    TYPES_MAX = 256,          /* a type's number is one byte */
    NAMES_BYTES_MAX = 1024,   /* an abbreviation's place is one byte, and they are short */
    LEAPS_MAX = 1024,         /* skipped, not used: POSIX time has none */
    OFFSET_S_MAX = 26 * 3600, /* RFC 8536, 3.2 */
    DAY_S = 86400,
};

/* Instants are clamped to about a billion years either way, so that years fit an int. */
static const int64_t INSTANT_S_MAX = (int64_t)1 << 55;

struct tz_type {
    int32_t offset_s;
    const char *abbreviation;
};

struct tz {
    char *name;
    size_t n_transitions, n_types;
    int64_t *at_s;
    uint8_t *type_of;
    struct tz_type *types;
    char *abbreviations;
    bool has_rule; /* after the last transition; else its type goes on */
    struct tz_posix rule;
};

/* The bytes still to be read. */
struct reader {
    const unsigned char *at;
    size_t n;
    const char *name;
    struct err *err;
};

/* One of a file's one or two data blocks. */
struct block {
    char version;
    unsigned time_bytes; /* of a transition's instant: 4 in the first block, else 8 */
    uint32_t n_isut, n_isstd, n_leaps, n_transitions, n_types, n_names;
};

static uint64_t read_be(const unsigned char *at, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value = value << 8 | at[i];
    return value;
}

static bool wrong(struct reader *r, const char *what)
{
    return FAIL(r->err, ERR_INPUT, "time zone '%s': %s", r->name, what);
}

/* The next n bytes, or NULL if there are not so many. */
static const unsigned char *take(struct reader *r, size_t n)
{
    if (r->n < n)
        return NULL;
    const unsigned char *bytes = r->at;
    r->at += n;
    r->n -= n;
    return bytes;
}

static bool read_header(struct reader *r, struct block *out)
{
    const unsigned char *at = take(r, HEADER_BYTES);
    if (!at || memcmp(at, "TZif", 4) != 0)
        return wrong(r, "not a TZif file");

    *out = (struct block){
        .version = (char)at[4],
        .time_bytes = 4,
        .n_isut = (uint32_t)read_be(at + 20, 4),
        .n_isstd = (uint32_t)read_be(at + 24, 4),
        .n_leaps = (uint32_t)read_be(at + 28, 4),
        .n_transitions = (uint32_t)read_be(at + 32, 4),
        .n_types = (uint32_t)read_be(at + 36, 4),
        .n_names = (uint32_t)read_be(at + 40, 4),
    };
    const bool is_within = out->n_isut <= TYPES_MAX && out->n_isstd <= TYPES_MAX &&
                           out->n_leaps <= LEAPS_MAX && out->n_transitions <= TRANSITIONS_MAX &&
                           out->n_types <= TYPES_MAX && out->n_names <= NAMES_BYTES_MAX;
    return is_within ? true : wrong(r, "a count is beyond what any zone has");
}

static size_t tail_bytes(const struct block *block)
{
    return block->n_leaps * (block->time_bytes + 4) + block->n_isstd + block->n_isut;
}

static bool skip_block(struct reader *r, const struct block *block)
{
    const size_t bytes = block->n_transitions * (block->time_bytes + 1) +
                         block->n_types * TYPE_BYTES + block->n_names + tail_bytes(block);
    return take(r, bytes) ? true : wrong(r, "the file is cut short");
}

static bool read_transitions(struct reader *r, const struct block *block, struct tz *tz)
{
    const size_t n = block->n_transitions;
    const unsigned char *times = take(r, n * block->time_bytes);
    const unsigned char *types = take(r, n);
    if (!times || !types)
        return wrong(r, "the file is cut short");

    tz->n_transitions = n;
    tz->at_s = mem_array(n, int64_t);
    tz->type_of = mem_array(n, uint8_t);
    for (size_t i = 0; i < n; i++) {
        const uint64_t raw = read_be(times + i * block->time_bytes, block->time_bytes);
        tz->at_s[i] = block->time_bytes == 4 ? (int32_t)raw : (int64_t)raw;
        tz->type_of[i] = types[i];
        if (i && tz->at_s[i] <= tz->at_s[i - 1])
            return wrong(r, "transitions are not in order");
        if (types[i] >= block->n_types)
            return wrong(r, "a transition to a type that is not there");
    }
    return true;
}

static bool read_types(struct reader *r, const struct block *block, struct tz *tz)
{
    const unsigned char *at = take(r, block->n_types * (size_t)TYPE_BYTES);
    const unsigned char *names = take(r, block->n_names);
    if (!at || !names)
        return wrong(r, "the file is cut short");
    if (block->n_types == 0)
        return wrong(r, "no type of local time");
    if (block->n_names == 0 || names[block->n_names - 1] != '\0')
        return wrong(r, "an abbreviation does not end");
    for (size_t i = 0; i < block->n_names; i++)
        if (names[i] && (names[i] < ' ' || names[i] > '~'))
            return wrong(r, "an abbreviation is not printable ASCII");

    tz->abbreviations = mem_alloc(block->n_names);
    memcpy(tz->abbreviations, names, block->n_names);
    tz->n_types = block->n_types;
    tz->types = mem_array(tz->n_types, struct tz_type);
    for (size_t i = 0; i < tz->n_types; i++, at += TYPE_BYTES) {
        const int32_t offset_s = (int32_t)read_be(at, 4);
        if (offset_s < -OFFSET_S_MAX || offset_s > OFFSET_S_MAX)
            return wrong(r, "an offset of more than a day");
        if (at[5] >= block->n_names)
            return wrong(r, "an abbreviation that is not there");
        tz->types[i] = (struct tz_type){
            .offset_s = offset_s,
            .abbreviation = tz->abbreviations + at[5],
        };
    }
    return true;
}

/* "\n<rule>\n" after a block of version 2 and later. */
static bool read_footer(struct reader *r, struct tz *tz)
{
    const unsigned char *start = take(r, 1);
    if (!start || *start != '\n')
        return wrong(r, "the rule at its end is missing");
    const unsigned char *end = r->n ? memchr(r->at, '\n', r->n) : NULL;
    if (!end)
        return wrong(r, "the rule at its end is cut short");
    const size_t n = (size_t)(end - r->at);
    tz->has_rule = n > 0;
    return n == 0 || tz_posix_parse((const char *)r->at, n, &tz->rule, r->err);
}

static bool read_file(struct reader *r, struct tz *tz)
{
    struct block block;
    if (!read_header(r, &block))
        return false;
    const bool has_second =
        block.version >= '2'; /* with 64-bit instants; the first is for old readers */
    if (has_second) {
        if (!skip_block(r, &block) || !read_header(r, &block))
            return false;
        block.time_bytes = 8;
    }
    if (!read_transitions(r, &block, tz) || !read_types(r, &block, tz))
        return false;
    if (!take(r, tail_bytes(&block)))
        return wrong(r, "the file is cut short");
    return !has_second || read_footer(r, tz);
}

static void tz_done(struct tz **tz)
{
    tz_free(*tz);
}

bool tz_parse(const char *name, const void *bytes, size_t n, struct tz **out, struct err *err)
{
    CLEANUP(tz_done) struct tz *tz = mem_array(1, struct tz);
    tz->name = mem_strdup(name);
    struct reader r = {.at = bytes, .n = n, .name = name, .err = err};
    if (!read_file(&r, tz))
        return false;
    *out = tz;
    tz = NULL;
    return true;
}

static struct tz_type utc_types[] = {{.abbreviation = "UTC"}};
static char utc_name[] = "UTC";
static const struct tz utc = {.name = utc_name, .n_types = 1, .types = utc_types};

const struct tz *tz_utc(void)
{
    return &utc;
}

void tz_free(struct tz *tz)
{
    if (!tz || tz == &utc)
        return;
    mem_free(tz->name);
    mem_free(tz->at_s);
    mem_free(tz->type_of);
    mem_free(tz->types);
    mem_free(tz->abbreviations);
    mem_free(tz);
}

const char *tz_name(const struct tz *tz)
{
    return tz->name;
}

static int64_t clamp(int64_t at_s)
{
    return max_i64(-INSTANT_S_MAX, min_i64(at_s, INSTANT_S_MAX));
}

/* How many transitions are at or before at_s. */
static size_t transitions_until(const struct tz *tz, int64_t at_s)
{
    size_t low = 0, high = tz->n_transitions;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (tz->at_s[middle] <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct tz_type type_at(const struct tz *tz, int64_t at_s)
{
    const size_t n = transitions_until(tz, at_s);
    if (n == tz->n_transitions && tz->has_rule) {
        const bool is_dst = tz_posix_is_dst(&tz->rule, at_s);
        return (struct tz_type){
            .offset_s = is_dst ? tz->rule.dst_s : tz->rule.standard_s,
            .abbreviation = is_dst ? tz->rule.dst_name : tz->rule.standard_name,
        };
    }
    return tz->types[n ? tz->type_of[n - 1] : 0];
}

int32_t tz_offset(const struct tz *tz, int64_t at_s, const char **out_abbreviation)
{
    const struct tz_type type = type_at(tz, clamp(at_s));
    if (out_abbreviation)
        *out_abbreviation = type.abbreviation;
    return type.offset_s;
}

struct civil tz_civil(const struct tz *tz, int64_t at_s)
{
    const int64_t local_s = clamp(at_s) + tz_offset(tz, at_s, NULL);
    const int64_t days = local_s / DAY_S - (local_s % DAY_S < 0);
    const int second = (int)(local_s - days * DAY_S);
    struct civil civil = civil_of_days(days);
    civil.hour = second / 3600;
    civil.minute = second / 60 % 60;
    civil.second = second % 60;
    return civil;
}

int64_t tz_instant(const struct tz *tz, const struct civil *civil)
{
    const int64_t local_s =
        clamp(civil_days(civil->year, civil->month, civil->day) * DAY_S +
              (int64_t)civil->hour * 3600 + (int64_t)civil->minute * 60 + civil->second);
    /* A day away no change of this day counts yet, or any more. */
    const struct tz_type before = type_at(tz, local_s - DAY_S);
    const struct tz_type after = type_at(tz, local_s + DAY_S);
    const int64_t by_before = local_s - before.offset_s, by_after = local_s - after.offset_s;
    const bool before_holds = type_at(tz, by_before).offset_s == before.offset_s;
    const bool after_holds = type_at(tz, by_after).offset_s == after.offset_s;

    /* The same, or the wall clock shows this time twice. The files' own daylight-saving mark is of no
     * use here: Ireland's is set in winter, and nobody there means the other 01:30 by that. */
    if (before_holds && after_holds)
        return max_i64(by_before, by_after);
    /* In a gap neither holds: the clock is read as if it had not been put forward yet. */
    return after_holds ? by_after : by_before;
}
