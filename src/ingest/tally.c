#include "ingest/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"

enum {
    SUFFIX_BYTES = 64, /* ".sum_squares_top99_99" and the like */
    SET_SLOTS_MIN = 16,
    KEPT_SHARE = 4, /* an array is given back when a flush finds less than 1/4 of it used */
    LINE_BYTES_MAX = 4096,
};

struct timer {
    double *values;
    size_t n, cap;
    double count; /* by sample rate */
};

/* Hashes of members: that two of 2^64 meet in one set is less likely than a wrong bit in memory. 0: free. */
struct set {
    uint64_t *slots;
    size_t n, cap; /* a power of two */
};

struct names {
    struct map *counters, *gauges, *timers,
        *sets; /* key -> double, double, struct timer, struct set */
};

struct tally {
    struct tally_options options;
    struct hash_key hash_key;
    struct names names;
    size_t n_keys, n_values;
    double *n_packets, *n_lines, *n_bad; /* counters like any other */
    char suffixes[TALLY_PERCENTS_MAX][SUFFIX_BYTES];
    int64_t last_s;
    bool has_heard; /* of any packet ever: before that there is nothing to tell */
    bool has_flushed;
    size_t last_bytes, n_bytes; /* of the last flush's lines, and of this one's */
    size_t n_stats;             /* names told of in this flush */

    /* While it flushes. */
    struct buf piece;
    int64_t at_s;
    tally_fn fn;
    void *fn_self;
};

/* ---- names ---- */

static struct names names_new(void)
{
    return (struct names){map_new(), map_new(), map_new(), map_new()};
}

static void free_values(struct map *map)
{
    for (size_t i = 0; i < map_count(map); i++)
        mem_free(map_value(map, i));
    map_free(map);
}

static void names_free(struct names *names)
{
    for (size_t i = 0; i < map_count(names->timers); i++)
        mem_free(((struct timer *)map_value(names->timers, i))->values);
    for (size_t i = 0; i < map_count(names->sets); i++)
        mem_free(((struct set *)map_value(names->sets, i))->slots);
    free_values(names->counters);
    free_values(names->gauges);
    free_values(names->timers);
    free_values(names->sets);
}

/* The key's value, zeroed if it is new; NULL: there is no room for more keys. */
static void *find_or_add(struct tally *tally, struct map *map, struct str key, size_t bytes)
{
    void *value = map_get(map, key.at, key.n);
    if (LIKELY(value != NULL) || tally->n_keys >= TALLY_KEYS_MAX)
        return value;
    value = mem_zalloc(bytes);
    (void)map_put(map, key.at, key.n, value);
    tally->n_keys++;
    return value;
}

static double *own_counter(struct tally *tally, const char *name)
{
    const struct str key = str_of(name);
    double *counter = map_get(tally->names.counters, key.at, key.n);
    if (!counter) { /* also past TALLY_KEYS_MAX */
        counter = mem_zalloc(sizeof *counter);
        (void)map_put(tally->names.counters, key.at, key.n, counter);
        tally->n_keys++;
    }
    return counter;
}

static void begin(struct tally *tally)
{
    tally->names = names_new();
    tally->n_keys = 0;
    tally->n_bad = own_counter(tally, "statsd.bad_lines_seen");
    tally->n_packets = own_counter(tally, "statsd.packets_received");
    tally->n_lines = own_counter(tally, "statsd.metrics_received");
}

/* "_99_9" of 99.9, "_top10" of -10: the first dot and sign only. */
static void format_suffix(double percent, char out[SUFFIX_BYTES])
{
    char number[NUM_TEXT_MAX];
    (void)num_format_short(number, fabs(percent));
    char *dot = strchr(number, '.');
    if (dot)
        *dot = '_';
    out[0] = '\0';
    (void)text_copy(out, SUFFIX_BYTES, percent < 0 ? "_top" : "_");
    (void)text_copy(out + strlen(out), SUFFIX_BYTES - strlen(out), number);
}

struct tally *tally_new(const struct tally_options *options, int64_t started_s)
{
    struct tally *tally = mem_zalloc(sizeof *tally);
    tally->options = *options;
    tally->hash_key = hash_key_random();
    tally->last_s = started_s;
    for (size_t i = 0; i < options->n_percents; i++)
        format_suffix(options->percents[i], tally->suffixes[i]);
    buf_init(&tally->piece, TALLY_PIECE_BYTES + LINE_BYTES_MAX);
    begin(tally);
    return tally;
}

void tally_free(struct tally *tally)
{
    if (!tally)
        return;
    names_free(&tally->names);
    buf_done(&tally->piece);
    mem_free(tally);
}

void tally_count_packet(struct tally *tally)
{
    *tally->n_packets += 1;
    tally->has_heard = true;
}

void tally_count_line(struct tally *tally)
{
    *tally->n_lines += 1;
}

void tally_count_bad(struct tally *tally)
{
    *tally->n_bad += 1;
}

/* ---- samples ---- */

static enum tally_fate add_time(struct tally *tally, struct str key,
                                const struct statsd_sample *sample)
{
    if (tally->n_values >= TALLY_VALUES_MAX)
        return TALLY_VALUES_FULL;
    struct timer *timer = find_or_add(tally, tally->names.timers, key, sizeof *timer);
    if (!timer)
        return TALLY_KEYS_FULL;
    mem_grow(&timer->values, &timer->cap, timer->n + 1, sizeof *timer->values);
    timer->values[timer->n++] = sample->value;
    timer->count += sample->weight;
    tally->n_values++;
    return TALLY_OK;
}

/* True: it was not there. There is room. */
static bool set_put(struct set *set, uint64_t hash)
{
    size_t i = hash & (set->cap - 1);
    while (set->slots[i] != 0 && set->slots[i] != hash)
        i = (i + 1) & (set->cap - 1);
    if (set->slots[i] == hash)
        return false;
    set->slots[i] = hash;
    set->n++;
    return true;
}

static void set_grow(struct set *set)
{
    struct set grown = {.cap = max_size(set->cap * 2, SET_SLOTS_MIN)};
    grown.slots = mem_array(grown.cap, uint64_t);
    for (size_t i = 0; i < set->cap; i++) {
        if (set->slots[i] != 0)
            (void)set_put(&grown, set->slots[i]);
    }
    mem_free(set->slots);
    *set = grown;
}

static enum tally_fate add_member(struct tally *tally, struct str key,
                                  const struct statsd_sample *sample)
{
    if (tally->n_values >= TALLY_VALUES_MAX)
        return TALLY_VALUES_FULL;
    struct set *set = find_or_add(tally, tally->names.sets, key, sizeof *set);
    if (!set)
        return TALLY_KEYS_FULL;
    if (2 * set->n >= set->cap)
        set_grow(set);
    const uint64_t hash = hash_sip13(tally->hash_key, sample->member.at, sample->member.n);
    tally->n_values += set_put(set, hash ? hash : 1);
    return TALLY_OK;
}

enum tally_fate tally_add(struct tally *tally, struct str key, const struct statsd_sample *sample)
{
    struct names *names = &tally->names;
    if (sample->type == STATSD_TIMER)
        return add_time(tally, key, sample);
    if (sample->type == STATSD_SET)
        return add_member(tally, key, sample);
    const bool is_counter = sample->type == STATSD_COUNTER;
    double *value =
        find_or_add(tally, is_counter ? names->counters : names->gauges, key, sizeof *value);
    if (!value)
        return TALLY_KEYS_FULL;
    if (is_counter)
        *value += sample->value * sample->weight;
    else
        *value = sample->value + (sample->type == STATSD_GAUGE_DELTA ? *value : 0);
    return TALLY_OK;
}

/* ---- lines ---- */

static void write_line(struct buf *out, const char *before, struct str key, const char *after[2],
                       const struct statsd_sample *sample)
{
    char number[NUM_TEXT_MAX];
    const char *tags = memchr(key.at, ';', key.n);
    const size_t n_path = tags ? (size_t)(tags - key.at) : key.n;
    buf_add_str(out, before);
    buf_add(out, key.at, n_path);
    buf_add_str(out, after[0]);
    buf_add_str(out, after[1]);
    buf_add(out, key.at + n_path, key.n - n_path);
    buf_add_char(out, ' ');
    buf_add(out, number, num_format_short(number, sample->value));
    buf_add_char(out, ' ');
    buf_add(out, number, num_format_i64(number, sample->at_s));
    buf_add_char(out, '\n');
}

bool tally_write_timed(const struct tally *tally, struct str key,
                       const struct statsd_sample *sample, struct buf *out)
{
    const char *after[2] = {"", ""};
    struct statsd_sample told = {.value = sample->value, .at_s = sample->at_s};
    if (sample->type == STATSD_GAUGE) {
        write_line(out, "stats.gauges.", key, after, &told);
        return true;
    }
    if (sample->type != STATSD_COUNTER)
        return false;
    told.value *= sample->weight;
    write_line(out, "stats_counts.", key, after, &told);
    told.value /= (double)tally->options.interval_s;
    write_line(out, "stats.", key, after, &told);
    return true;
}

static void hand_over(struct tally *tally)
{
    if (tally->piece.n == 0)
        return;
    tally->n_bytes += tally->piece.n;
    tally->fn(tally->fn_self, tally->piece.at, tally->piece.n);
    buf_clear(&tally->piece);
}

static void tell_part(struct tally *tally, const char *before, struct str key, const char *after[2],
                      double value)
{
    write_line(&tally->piece, before, key, after,
               &(struct statsd_sample){.value = value, .at_s = tally->at_s});
    if (tally->piece.n >= TALLY_PIECE_BYTES)
        hand_over(tally);
}

static void tell(struct tally *tally, const char *before, struct str key, const char *after,
                 double value)
{
    tell_part(tally, before, key, (const char *[2]){after, ""}, value);
}

static void tell_own(struct tally *tally, const char *name, double value)
{
    tell(tally, "", str_of(name), "", value);
}

static struct str key_of(const struct map *map, size_t i)
{
    return str_of(map_key(map, i));
}

static void flush_counters(struct tally *tally, const struct map *counters)
{
    const size_t n = map_count(counters);
    for (size_t i = 0; i < n; i++) {
        double *counter = map_value(counters, i);
        const double value = *counter;
        *counter = 0;
        tell(tally, "stats.", key_of(counters, i), "", value / (double)tally->options.interval_s);
        tell(tally, "stats_counts.", key_of(counters, i), "", value);
    }
    tally->n_stats += n;
}

static void flush_gauges(struct tally *tally, const struct map *gauges)
{
    const size_t n = map_count(gauges);
    for (size_t i = 0; i < n; i++)
        tell(tally, "stats.gauges.", key_of(gauges, i), "", *(double *)map_value(gauges, i));
    tally->n_stats += n;
}

static void empty(struct set *set)
{
    if (set->n < set->cap / (2 * KEPT_SHARE)) {
        mem_free(set->slots);
        *set = (struct set){0};
        return;
    }
    if (set->n > 0)
        memset(set->slots, 0, set->cap * sizeof *set->slots);
    set->n = 0;
}

static void flush_sets(struct tally *tally, const struct map *sets)
{
    const size_t n = map_count(sets);
    for (size_t i = 0; i < n; i++) {
        struct set *set = map_value(sets, i);
        const size_t n_members = set->n;
        empty(set);
        tell(tally, "stats.sets.", key_of(sets, i), ".count", (double)n_members);
    }
    tally->n_stats += n;
}

/* ---- timers ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct sums {
    double sum, squares;
};

/* Added up from the smallest on, so that each number is the same to the last bit. */
static struct sums sums_of(const double *values, size_t n)
{
    struct sums sums = {0, 0};
    for (size_t i = 0; i < n; i++) {
        sums.sum += values[i];
        sums.squares += values[i] * values[i];
    }
    return sums;
}

static double deviation_of(const double *values, size_t n, double mean)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (values[i] - mean) * (values[i] - mean);
    return sqrt(sum / (double)n);
}

static double median_of(const double *values, size_t n)
{
    const size_t mid = n / 2;
    return n % 2 ? values[mid] : (values[mid - 1] + values[mid]) / 2;
}

static void tell_share(struct tally *tally, struct str key, const double *values, size_t n,
                       size_t i_percent)
{
    static const char *const before = "stats.timers.";
    const double percent = tally->options.percents[i_percent];
    const char *suffix = tally->suffixes[i_percent];
    const size_t n_share =
        n == 1 ? 1 : min_size(n, (size_t)floor(fabs(percent) / 100 * (double)n + 0.5));
    if (n_share == 0)
        return;
    struct sums sums = sums_of(values, percent > 0 ? n_share : n);
    double bound = values[n_share - 1];
    if (percent < 0) {
        const struct sums below = sums_of(values, n - n_share);
        sums.sum -= below.sum;
        sums.squares -= below.squares;
        bound = values[n - n_share];
    }
    const struct {
        const char *what;
        double value;
    } rows[] = {
        {".count", (double)n_share},
        {".mean", sums.sum / (double)n_share},
        {percent > 0 ? ".upper" : ".lower", bound},
        {".sum", sums.sum},
        {".sum_squares", sums.squares},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *after[2] = {rows[i].what, suffix};
        tell_part(tally, before, key, after, rows[i].value);
    }
}

static void tell_times(struct tally *tally, struct str key, const struct timer *timer)
{
    static const char *const before = "stats.timers.";
    const double *values = timer->values;
    const size_t n = timer->n;
    const struct sums sums = sums_of(values, n);
    const double mean = sums.sum / (double)n;
    for (size_t i = 0; i < tally->options.n_percents; i++)
        tell_share(tally, key, values, n, i);
    tell(tally, before, key, ".std", deviation_of(values, n, mean));
    tell(tally, before, key, ".upper", values[n - 1]);
    tell(tally, before, key, ".lower", values[0]);
    tell(tally, before, key, ".sum", sums.sum);
    tell(tally, before, key, ".sum_squares", sums.squares);
    tell(tally, before, key, ".mean", mean);
    tell(tally, before, key, ".median", median_of(values, n));
}

static void flush_timer(struct tally *tally, struct str key, struct timer *timer)
{
    /* Samples may come while lines are handed over: what is told of is taken out first. */
    struct timer told = *timer;
    *timer = (struct timer){0};
    if (told.n > 0) {
        qsort(told.values, told.n, sizeof *told.values, by_value);
        tell_times(tally, key, &told);
    }
    tell(tally, "stats.timers.", key, ".count", told.count);
    tell(tally, "stats.timers.", key, ".count_ps", told.count / (double)tally->options.interval_s);
    if (timer->values || told.n < told.cap / KEPT_SHARE) {
        mem_free(told.values);
        return;
    }
    timer->values = told.values;
    timer->cap = told.cap;
}

static void flush_timers(struct tally *tally, const struct map *timers)
{
    const size_t n = map_count(timers);
    for (size_t i = 0; i < n; i++)
        flush_timer(tally, key_of(timers, i), map_value(timers, i));
    tally->n_stats += n;
}

/* ---- a flush ---- */

static void flush_own(struct tally *tally, int64_t last_ms)
{
    tell_own(tally, "statsd.numStats", (double)tally->n_stats);
    tell_own(tally, "stats.statsd.graphiteStats.calculationtime", (double)last_ms);
    tell_own(tally, "stats.statsd.processing_time", (double)last_ms);
    tell_own(tally, "stats.statsd.graphiteStats.last_exception", 0);
    tell_own(tally, "stats.statsd.graphiteStats.last_flush", (double)tally->last_s);
    tell_own(tally, "stats.statsd.graphiteStats.flush_time", (double)last_ms);
    tell_own(tally, "stats.statsd.graphiteStats.flush_length", (double)tally->last_bytes);
    hand_over(tally);
}

static void note_lag(struct tally *tally, int64_t at_s)
{
    if (!tally->has_flushed)
        return;
    const struct statsd_sample lag = {
        .type = STATSD_GAUGE,
        .value = (double)(at_s - tally->last_s - tally->options.interval_s),
    };
    (void)tally_add(tally, str_of("statsd.timestamp_lag"), &lag);
}

void tally_flush(struct tally *tally, int64_t at_s, int64_t last_ms, tally_fn fn, void *self)
{
    if (!tally->has_heard)
        return;
    note_lag(tally, at_s);
    struct names told = tally->names;
    const bool is_new = tally->options.deletes_idle;
    if (is_new)
        begin(tally);
    tally->at_s = at_s;
    tally->fn = fn;
    tally->fn_self = self;
    tally->n_bytes = tally->n_stats = 0;
    tally->n_values = 0;
    flush_counters(tally, told.counters);
    flush_timers(tally, told.timers);
    flush_gauges(tally, told.gauges);
    flush_sets(tally, told.sets);
    flush_own(tally, last_ms);
    if (is_new)
        names_free(&told);
    tally->last_s = at_s;
    tally->last_bytes = tally->n_bytes;
    tally->has_flushed = true;
}
