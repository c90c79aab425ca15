#include "ingest/statsd.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "model/change.h"

#define EVENT_START "_e{"
#define CHECK_START "_sc|"

enum statsd_kind statsd_kind(struct str text)
{
    if (LIKELY(text.n == 0 || text.at[0] != '_'))
        return STATSD_METRIC;
    if (str_starts(text, EVENT_START))
        return STATSD_EVENT;
    return str_starts(text, CHECK_START) ? STATSD_CHECK : STATSD_METRIC;
}

const char *statsd_fate_text(enum statsd_fate fate)
{
    static const char *const texts[] = {
        [STATSD_OK] = "",
        [STATSD_NAME] = "the name is empty or cannot be a series",
        [STATSD_FIELDS] = "not of the form name:value|type",
        [STATSD_VALUE] = "the value is not a number, or is a negative time",
        [STATSD_INFINITE] = "the value is too large",
        [STATSD_RATE] = "what follows the type is not a sample rate such as @0.1",
        [STATSD_TIME] = "the time after |T is not in seconds since 1970",
    };
    return texts[fate];
}

/* ---- the name ---- */

static bool is_blank(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What a name may hold stands for itself, '/' is '-', a blank is '_'; 0: left out. */
static const char clean_byte[256] = {
    ['-'] = '-',  ['.'] = '.',  [';'] = ';',  ['='] = '=',  ['_'] = '_',  ['/'] = '-', [' '] = '_',
    ['\t'] = '_', ['\n'] = '_', ['\v'] = '_', ['\f'] = '_', ['\r'] = '_', ['0'] = '0', ['1'] = '1',
    ['2'] = '2',  ['3'] = '3',  ['4'] = '4',  ['5'] = '5',  ['6'] = '6',  ['7'] = '7', ['8'] = '8',
    ['9'] = '9',  ['A'] = 'A',  ['B'] = 'B',  ['C'] = 'C',  ['D'] = 'D',  ['E'] = 'E', ['F'] = 'F',
    ['G'] = 'G',  ['H'] = 'H',  ['I'] = 'I',  ['J'] = 'J',  ['K'] = 'K',  ['L'] = 'L', ['M'] = 'M',
    ['N'] = 'N',  ['O'] = 'O',  ['P'] = 'P',  ['Q'] = 'Q',  ['R'] = 'R',  ['S'] = 'S', ['T'] = 'T',
    ['U'] = 'U',  ['V'] = 'V',  ['W'] = 'W',  ['X'] = 'X',  ['Y'] = 'Y',  ['Z'] = 'Z', ['a'] = 'a',
    ['b'] = 'b',  ['c'] = 'c',  ['d'] = 'd',  ['e'] = 'e',  ['f'] = 'f',  ['g'] = 'g', ['h'] = 'h',
    ['i'] = 'i',  ['j'] = 'j',  ['k'] = 'k',  ['l'] = 'l',  ['m'] = 'm',  ['n'] = 'n', ['o'] = 'o',
    ['p'] = 'p',  ['q'] = 'q',  ['r'] = 'r',  ['s'] = 's',  ['t'] = 't',  ['u'] = 'u', ['v'] = 'v',
    ['w'] = 'w',  ['x'] = 'x',  ['y'] = 'y',  ['z'] = 'z',
};

/* Appends the cleaned text to out, which has room for it; a run of blanks is one '_'. Returns the end. */
static char *add_clean(char *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        const unsigned char c = (unsigned char)text.at[i];
        *out = clean_byte[c];
        out += clean_byte[c] != 0;
        while (UNLIKELY(is_blank(c)) && i + 1 < text.n && is_blank((unsigned char)text.at[i + 1]))
            i++;
    }
    return out;
}

/* As sent, but for what would end the tag. */
static char *add_raw(char *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        const unsigned char c = (unsigned char)text.at[i];
        *out++ = c == ';' || is_blank(c) ? '_' : (char)c;
    }
    return out;
}

/* "key:value" as ";key=value". A tag without a value is "true"; one whose value is empty says nothing. */
static char *add_tag(char *out, struct str tag, bool is_raw)
{
    char *(*const add)(char *, struct str) = is_raw ? add_raw : add_clean;
    const char *colon = memchr(tag.at, ':', tag.n);
    struct str key = tag, value = str_of("true");
    if (colon) {
        key = str_make(tag.at, (size_t)(colon - tag.at));
        value = str_make(colon + 1, tag.n - key.n - 1);
    } else if (memchr(tag.at, '=', tag.n)) {
        value = str_make("", 0);
    }
    if (key.n == 0 || (colon && value.n == 0))
        return out;
    *out++ = ';';
    out = add(out, key);
    if (value.n > 0)
        *out++ = '=';
    return add(out, value);
}

static enum statsd_fate bad_name(struct statsd_line *line, enum name_fault fault)
{
    line->fault = fault;
    return STATSD_NAME;
}

/* Name and tags as a canonical series name. */
static enum statsd_fate read_key(struct statsd_line *line, struct str name, struct str tags)
{
    char raw[STATSD_KEY_MAX + NAME_TAGS_MAX * 8];
    struct str tag;
    if (name.n + tags.n > STATSD_KEY_MAX)
        return bad_name(line, NAME_TOO_LONG);
    char *end = add_clean(raw, name);
    if (end == raw)
        return bad_name(line, NAME_EMPTY);
    const bool is_change = change_name_is(str_make(raw, (size_t)(end - raw)));
    for (size_t n_tags = 0; str_split(&tags, ',', &tag); n_tags += tag.n > 0) {
        if (n_tags == NAME_TAGS_MAX && tag.n > 0)
            return bad_name(line, NAME_TOO_MANY_TAGS);
        end = add_tag(end, str_trim(tag), is_change);
    }
    const struct str key = str_make(raw, (size_t)(end - raw));
    size_t n = key.n;
    if (LIKELY(name_is_canonical(key))) {
        memcpy(line->text, raw, n);
    } else {
        const enum name_fault fault = name_normalise(key, line->text, &n);
        if (fault != NAME_OK)
            return bad_name(line, fault);
    }
    line->key = str_make(line->text, n);
    return STATSD_OK;
}

/* The first "|#" of the text, or NULL. */
static const char *find_tags(struct str text)
{
    const char *hash = memchr(text.at, '#', text.n);
    while (hash && (hash == text.at || hash[-1] != '|'))
        hash = memchr(hash + 1, '#', text.n - (size_t)(hash + 1 - text.at));
    return hash ? hash - 1 : NULL;
}

enum statsd_fate statsd_begin(struct statsd_line *line, struct str text)
{
    struct str tags = {NULL, 0};
    const char *bar = find_tags(text);
    line->more = tags;
    if (UNLIKELY(bar != NULL)) {
        tags = str_make(bar + 2, text.n - (size_t)(bar + 2 - text.at));
        const char *end = memchr(tags.at, '|', tags.n);
        if (end) {
            line->more = str_make(end, tags.n - (size_t)(end - tags.at));
            tags.n = (size_t)(end - tags.at);
        }
        text.n = (size_t)(bar - text.at);
    }
    const char *colon = memchr(text.at, ':', text.n);
    const size_t n_name = colon ? (size_t)(colon - text.at) : text.n;
    line->rest = colon ? str_make(colon + 1, text.n - n_name - 1) : str_make("", 0);
    line->has_rest = true;
    line->has_values = false;
    return read_key(line, str_make(text.at, n_name), tags);
}

/* ---- values ---- */

/* "c:<container>", "e:<entity>" and "card:<cardinality>" say where a metric came from; they may hold colons. */
static bool is_origin(struct str field)
{
    return str_starts(field, "c:") || str_starts(field, "e:") || str_starts(field, "card:");
}

/* Cuts "|field" off rest, which begins with '|'. A colon ends it too, another value follows, but for a field that
 * may hold colons. */
static struct str next_field(struct str *rest, bool has_colons)
{
    const struct str from = str_make(rest->at + 1, rest->n - 1);
    size_t n = 0;
    while (n < from.n && from.at[n] != '|' && (has_colons || from.at[n] != ':'))
        n++;
    *rest = str_make(from.at + n, from.n - n);
    return str_make(from.at, n);
}

static bool read_rate(struct str field, struct statsd_sample *io)
{
    double rate;
    field = str_trim(field);
    if (field.n < 2 || field.at[0] != '@' || !num_parse_f64(field.at + 1, field.n - 1, &rate) ||
        !(rate > 0) || isinf(1 / rate) || isinf(rate))
        return false;
    io->weight = 1 / rate;
    return true;
}

static bool read_time(struct str field, struct statsd_sample *io)
{
    int64_t at_s;
    field = str_trim(field);
    if (!num_parse_i64(field.at + 1, field.n - 1, &at_s) || at_s <= 0 || at_s > UINT32_MAX)
        return false;
    io->at_s = at_s;
    return true;
}

/* The fields behind a type, where the first one is a rate unless it is one of DogStatsD's, or behind the tags.
 * What else Etsy's statsd ignores is ignored. */
static enum statsd_fate read_fields(struct str *rest, bool is_rate, struct statsd_sample *io)
{
    enum statsd_fate fate = STATSD_OK;
    for (; rest->n > 0 && rest->at[0] == '|'; is_rate = false) {
        const bool has_colons = is_origin(str_make(rest->at + 1, rest->n - 1));
        const struct str field = next_field(rest, has_colons);
        switch (field.n > 0 ? field.at[0] : '\0') {
        case 'T':
            if (!read_time(field, io))
                fate = STATSD_TIME;
            break;
        case '@':
            if (!read_rate(field, io))
                fate = STATSD_RATE;
            break;
        default:
            if (is_rate && !has_colons)
                fate = STATSD_RATE;
        }
    }
    return fate;
}

static enum statsd_type type_of(struct str text)
{
    text = str_trim(text);
    if (str_is(text, "g"))
        return STATSD_GAUGE;
    if (str_is(text, "s"))
        return STATSD_SET;
    if (str_is(text, "ms") || str_is(text, "h") || str_is(text, "d"))
        return STATSD_TIMER;
    return STATSD_COUNTER; /* "c", and whatever else was sent */
}

/* "value|type|@rate", or "v1:v2:v3|type": several values that share what follows. */
static void read_group(struct statsd_line *line)
{
    struct str rest = line->rest;
    const char *bar = memchr(rest.at, '|', rest.n);
    line->group = (struct statsd_sample){.weight = 1};
    line->values = rest;
    line->has_values = true;
    line->has_rest = false;
    line->group_fate = STATSD_FIELDS;
    if (!bar)
        return;
    line->values.n = (size_t)(bar - rest.at);
    rest = str_make(bar, rest.n - line->values.n);
    const struct str type = next_field(&rest, false);
    struct str more = line->more;
    line->group.type = type_of(type);
    line->is_time = str_is(str_trim(type), "ms");
    line->group_fate = read_fields(&rest, true, &line->group);
    if (line->group_fate == STATSD_OK)
        line->group_fate = read_fields(&more, false, &line->group);
    if (rest.n > 0) { /* a colon */
        line->rest = str_make(rest.at + 1, rest.n - 1);
        line->has_rest = true;
    }
}

static enum statsd_fate read_value(const struct statsd_line *line, struct str text,
                                   struct statsd_sample *out)
{
    struct statsd_sample sample = line->group;
    if (line->group_fate != STATSD_OK)
        return line->group_fate;
    if (sample.type == STATSD_SET) {
        sample.member = text.n > 0 ? text : str_of("0");
        *out = sample;
        return STATSD_OK;
    }
    const struct str number = str_trim(text);
    if (!num_parse_f64(number.at, number.n, &sample.value) || isnan(sample.value))
        return STATSD_VALUE;
    if (isinf(sample.value) || isinf(sample.value * sample.weight))
        return STATSD_INFINITE;
    if (line->is_time && sample.value < 0)
        return STATSD_VALUE;
    if (sample.type == STATSD_GAUGE && (text.at[0] == '+' || text.at[0] == '-'))
        sample.type = STATSD_GAUGE_DELTA;
    *out = sample;
    return STATSD_OK;
}

bool statsd_next(struct statsd_line *line, struct statsd_sample *out, enum statsd_fate *out_fate)
{
    if (!line->has_values) {
        if (!line->has_rest)
            return false;
        read_group(line);
    }
    const char *colon = memchr(line->values.at, ':', line->values.n);
    struct str value = line->values;
    if (colon) {
        value.n = (size_t)(colon - value.at);
        line->values = str_make(colon + 1, line->values.n - value.n - 1);
    }
    line->has_values = colon != NULL;
    *out_fate = read_value(line, value, out);
    return true;
}
