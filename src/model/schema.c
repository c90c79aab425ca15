#include "model/schema.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/ini.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/regex.h"

/* What a series is kept as when no rule says otherwise. */
#define DEFAULT_RETENTIONS "10s:2d,1m:60d,10m:5y"

/* carbon's own default once it reads an aggregation file. Without such a file it is 0 here, so that
 * sparse data does not vanish in coarse archives. */
#define CARBON_X_FILES_FACTOR 0.5

/* A whisper file's header holds a retention in 32 bits: 136 years. */
#define RETENTION_S_MAX UINT32_MAX

/* A [section] of storage-schemas.conf. */
struct retention_rule {
    struct regex *pattern;
    struct schema schema; /* archives only */
};

/* A [section] of storage-aggregation.conf. */
struct aggregation_rule {
    struct regex *pattern;
    enum aggregation aggregation;
    double x_files_factor;
};

struct schemas {
    struct retention_rule *retentions;
    size_t n_retentions;
    struct aggregation_rule *aggregations;
    size_t n_aggregations;
    struct schema fallback;
    uint64_t fingerprint;
};

static const char *const aggregation_names[] = {
    [AGGREGATE_AVERAGE] = "average", [AGGREGATE_SUM] = "sum",
    [AGGREGATE_LAST] = "last",       [AGGREGATE_MAX] = "max",
    [AGGREGATE_MIN] = "min",         [AGGREGATE_AVG_ZERO] = "avg_zero",
    [AGGREGATE_ABSMAX] = "absmax",   [AGGREGATE_ABSMIN] = "absmin",
};

const char *aggregation_name(enum aggregation how)
{
    return aggregation_names[how];
}

static bool aggregation_parse(const char *text, enum aggregation *out, struct err *err)
{
    if (strcmp(text, "avg") == 0) { /* not carbon's, but what many write */
        *out = AGGREGATE_AVERAGE;
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(aggregation_names); i++) {
        if (strcmp(text, aggregation_names[i]) == 0) {
            *out = (enum aggregation)i;
            return true;
        }
    }
    err_set(err, ERR_INPUT, "unknown aggregationMethod '%.100s'", text);
    err_hint(err, "one of average, sum, last, max, min, avg_zero, absmax, absmin");
    return false;
}

/* Seconds of a unit: any beginning of these words, as whisper takes them. 0: unknown. */
static uint32_t unit_s(struct str unit)
{
    static const struct {
        const char *name;
        uint32_t s;
    } units[] = {
        {"seconds", 1},  {"minutes", 60},      {"hours", 3600},
        {"days", 86400}, {"weeks", 86400 * 7}, {"years", 86400 * 365},
    };
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (unit.n > 0 && unit.n <= strlen(units[i].name) &&
            memcmp(unit.at, units[i].name, unit.n) == 0)
            return units[i].s;
    }
    return 0;
}

/* "60" or "60s": the number, and the unit's seconds (0 without unit). */
static bool parse_amount(struct str text, uint64_t *out_number, uint32_t *out_unit_s,
                         struct err *err)
{
    uint64_t number = 0;
    size_t i = 0;
    for (; i < text.n && text.at[i] >= '0' && text.at[i] <= '9'; i++) {
        number = number * 10 + (uint64_t)(text.at[i] - '0');
        if (number > RETENTION_S_MAX)
            return FAIL(err, ERR_INPUT, "'" STR_FMT "' is too large", STR_ARG(text));
    }
    if (i == 0)
        return FAIL(err, ERR_INPUT, "'" STR_FMT "' is not a number with a unit", STR_ARG(text));
    uint32_t s = 0;
    if (i < text.n) {
        const struct str unit = str_make(text.at + i, text.n - i);
        s = unit_s(unit);
        if (s == 0) {
            err_set(err, ERR_INPUT, "unknown unit '" STR_FMT "' in '" STR_FMT "'", STR_ARG(unit),
                    STR_ARG(text));
            err_hint(err, "s, m, h, d, w or y (no months here; m is minutes)");
            return false;
        }
    }
    *out_number = number;
    *out_unit_s = s;
    return true;
}

/* "60s:1d" or "60:1440" (seconds per point : points). */
static bool parse_archive(struct str text, struct archive *out, struct err *err)
{
    struct str rest = text;
    struct str step_text;
    if (memchr(text.at, ':', text.n) == NULL || !str_split(&rest, ':', &step_text))
        return FAIL(err, ERR_INPUT, "retention '" STR_FMT "' is not step:time", STR_ARG(text));

    uint64_t step, kept;
    uint32_t step_unit_s, kept_unit_s;
    if (!parse_amount(step_text, &step, &step_unit_s, err) ||
        !parse_amount(rest, &kept, &kept_unit_s, err))
        return false;
    step *= step_unit_s ? step_unit_s : 1;
    if (step == 0 || step > RETENTION_S_MAX)
        return FAIL(err, ERR_INPUT, "retention '" STR_FMT "': a step is from 1 s to 136 years",
                    STR_ARG(text));

    const uint64_t n_points = kept_unit_s ? kept * kept_unit_s / step : kept;
    if (n_points == 0)
        return FAIL(err, ERR_INPUT, "retention '" STR_FMT "' holds no point", STR_ARG(text));
    if (n_points > RETENTION_S_MAX / step)
        return FAIL(err, ERR_INPUT, "retention '" STR_FMT "' is longer than 136 years",
                    STR_ARG(text));
    *out = (struct archive){(uint32_t)step, (uint32_t)n_points};
    return true;
}

/* Whisper's rules between one archive and the next coarser one. */
static bool check_pair(const struct archive *fine, const struct archive *coarse, struct err *err)
{
    const uint64_t fine_s = (uint64_t)fine->step_s * fine->n_points;
    const uint64_t coarse_s = (uint64_t)coarse->step_s * coarse->n_points;
    if (fine->step_s == coarse->step_s)
        return FAIL(err, ERR_INPUT, "two archives with the same step of %u s", fine->step_s);
    if (coarse->step_s % fine->step_s != 0)
        return FAIL(err, ERR_INPUT, "a step of %u s does not divide the next one, %u s",
                    fine->step_s, coarse->step_s);
    if (coarse_s <= fine_s)
        return FAIL(err, ERR_INPUT,
                    "the archive of %u s must reach back further than the one of %u s "
                    "(%llu s, %llu s)",
                    coarse->step_s, fine->step_s, (unsigned long long)coarse_s,
                    (unsigned long long)fine_s);
    if (fine->n_points < coarse->step_s / fine->step_s)
        return FAIL(err, ERR_INPUT,
                    "the archive of %u s needs %u points of the one of %u s, which holds only %u",
                    coarse->step_s, coarse->step_s / fine->step_s, fine->step_s, fine->n_points);
    return true;
}

static void insert_archive(struct schema *schema, struct archive archive)
{
    size_t at = schema->n_archives++;
    for (; at > 0 && schema->archives[at - 1].step_s > archive.step_s; at--)
        schema->archives[at] = schema->archives[at - 1];
    schema->archives[at] = archive;
}

bool schema_parse_retentions(const char *text, struct schema *io, struct err *err)
{
    struct schema schema = {.n_archives = 0};
    const char *at = text;
    while (at != NULL) {
        const char *comma = strchr(at, ',');
        const struct str piece = str_make(at, comma ? (size_t)(comma - at) : strlen(at));
        at = comma ? comma + 1 : NULL;
        struct archive archive;
        if (!parse_archive(str_trim(piece), &archive, err))
            return false;
        if (schema.n_archives == SCHEMA_ARCHIVES_MAX)
            return FAIL(err, ERR_INPUT, "more than %d archives", SCHEMA_ARCHIVES_MAX);
        insert_archive(&schema, archive);
    }
    for (size_t i = 0; i + 1 < schema.n_archives; i++) {
        if (!check_pair(&schema.archives[i], &schema.archives[i + 1], err))
            return false;
    }
    memcpy(io->archives, schema.archives, sizeof(io->archives));
    io->n_archives = schema.n_archives;
    return true;
}

bool schema_equal(const struct schema *a, const struct schema *b)
{
    if (a->n_archives != b->n_archives || a->aggregation != b->aggregation ||
        a->x_files_factor != b->x_files_factor)
        return false;
    for (size_t i = 0; i < a->n_archives; i++) {
        if (a->archives[i].step_s != b->archives[i].step_s ||
            a->archives[i].n_points != b->archives[i].n_points)
            return false;
    }
    return true;
}

/* ---- fingerprint ---- */

static void fingerprint_add(uint64_t *io, const void *bytes, size_t n)
{
    const struct hash_key key = {*io, n};
    *io = hash_sip13(key, bytes, n);
}

/* Part by part: a struct has padding. */
static void fingerprint_add_rule(uint64_t *io, const char *pattern, const struct schema *schema)
{
    const uint8_t aggregation = (uint8_t)schema->aggregation;
    fingerprint_add(io, pattern, strlen(pattern));
    for (size_t i = 0; i < schema->n_archives; i++) {
        fingerprint_add(io, &schema->archives[i].step_s, sizeof(uint32_t));
        fingerprint_add(io, &schema->archives[i].n_points, sizeof(uint32_t));
    }
    fingerprint_add(io, &aggregation, 1);
    fingerprint_add(io, &schema->x_files_factor, sizeof(double));
}

uint64_t schemas_fingerprint(const struct schemas *schemas)
{
    uint64_t fingerprint = schemas->fingerprint;
    fingerprint_add_rule(&fingerprint, "", &schemas->fallback);
    return fingerprint == 0 ? 1 : fingerprint;
}

/* ---- text ---- */

static void amount_add(struct buf *out, uint64_t s)
{
    static const struct {
        uint32_t s;
        char unit;
    } units[] = {{86400 * 365, 'y'}, {86400 * 7, 'w'}, {86400, 'd'}, {3600, 'h'}, {60, 'm'}};
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (s % units[i].s == 0) {
            buf_printf(out, "%llu%c", (unsigned long long)s / units[i].s, units[i].unit);
            return;
        }
    }
    buf_printf(out, "%llus", (unsigned long long)s);
}

const char *schema_text(const struct schema *schema, struct arena *arena)
{
    enum { TEXT_BYTES_MAX = 4096 /* eight archives of at most 24 bytes, a name, a number */ };
    char factor[NUM_TEXT_MAX];
    CLEANUP(buf_done) struct buf out;

    buf_init(&out, TEXT_BYTES_MAX);
    for (size_t i = 0; i < schema->n_archives; i++) {
        const struct archive *archive = &schema->archives[i];
        if (i > 0)
            buf_add_char(&out, ',');
        amount_add(&out, archive->step_s);
        buf_add_char(&out, ':');
        amount_add(&out, (uint64_t)archive->step_s * archive->n_points);
    }
    num_format_short(factor, schema->x_files_factor);
    buf_printf(&out, " %s %s", aggregation_name(schema->aggregation), factor);
    return arena_printf(arena, "%s", buf_text(&out));
}

/* As ConfigParser finds it: what a section does not say, [DEFAULT] says for it. */
static const struct ini_entry *entry_find(const struct ini *ini, const struct ini_section *section,
                                          const char *key)
{
    const struct ini_entry *entry = ini_entry_find(section, key);
    if (entry == NULL && (section = ini_section_find(ini, "DEFAULT")) != NULL)
        entry = ini_entry_find(section, key);
    return entry;
}

/* The entry, or an error at the section's line. */
static const struct ini_entry *required(const struct ini *ini, const struct ini_section *section,
                                        const char *key, struct err *err)
{
    const struct ini_entry *entry = entry_find(ini, section, key);
    if (entry == NULL || entry->value[0] == '\0') {
        err_set(err, ERR_INPUT, "%s:%u: section [%.100s] has no %s", ini->file, section->line,
                section->name, key);
        return NULL;
    }
    return entry;
}

/* *out_pattern: what it was compiled from, lent by ini. */
static bool parse_pattern(const struct ini *ini, const struct ini_section *section,
                          struct regex **out, const char **out_pattern, struct err *err)
{
    /* before carbon 1.0 a section could say so instead of having a pattern */
    const struct ini_entry *all = entry_find(ini, section, "match-all");
    if (all != NULL && strcmp(all->value, "true") == 0 && !entry_find(ini, section, "pattern")) {
        *out_pattern = "";
        return regex_compile(*out_pattern, out, err);
    }
    const struct ini_entry *entry = required(ini, section, "pattern", err);
    if (entry == NULL)
        return false;
    *out_pattern = entry->value;
    if (!regex_compile(entry->value, out, err)) {
        err_prefix(err, "%s:%u: pattern", ini->file, entry->line);
        return false;
    }
    return true;
}

static bool parse_retention_rule(const struct ini *ini, const struct ini_section *section,
                                 struct retention_rule *rule, uint64_t *io_fingerprint,
                                 struct err *err)
{
    const char *pattern;
    const struct ini_entry *retentions = required(ini, section, "retentions", err);
    if (retentions == NULL || !parse_pattern(ini, section, &rule->pattern, &pattern, err))
        return false;
    if (!schema_parse_retentions(retentions->value, &rule->schema, err)) {
        err_prefix(err, "%s:%u", ini->file, retentions->line);
        return false;
    }
    fingerprint_add_rule(io_fingerprint, pattern, &rule->schema);
    return true;
}

static bool parse_aggregation_rule(const struct ini *ini, const struct ini_section *section,
                                   struct aggregation_rule *rule, uint64_t *io_fingerprint,
                                   struct err *err)
{
    const char *pattern;
    if (!parse_pattern(ini, section, &rule->pattern, &pattern, err))
        return false;
    rule->x_files_factor = CARBON_X_FILES_FACTOR;
    const struct ini_entry *factor = entry_find(ini, section, "xfilesfactor");
    if (factor != NULL) {
        double value;
        if (!num_parse_f64(factor->value, strlen(factor->value), &value) ||
            !(value >= 0.0 && value <= 1.0))
            return FAIL(err, ERR_INPUT, "%s:%u: xFilesFactor '%.100s' is not a number from 0 to 1",
                        ini->file, factor->line, factor->value);
        rule->x_files_factor = value;
    }
    const struct ini_entry *method = entry_find(ini, section, "aggregationmethod");
    if (method != NULL && !aggregation_parse(method->value, &rule->aggregation, err)) {
        err_prefix(err, "%s:%u", ini->file, method->line);
        return false;
    }
    const struct schema schema = {.aggregation = rule->aggregation,
                                  .x_files_factor = rule->x_files_factor};
    fingerprint_add_rule(io_fingerprint, pattern, &schema);
    return true;
}

static bool read_retentions(struct schemas *schemas, const char *file, const char *text,
                            struct arena *arena, struct err *err)
{
    struct ini ini;
    if (!ini_parse(file, text, strlen(text), arena, &ini, err))
        return false;
    schemas->retentions = mem_array(ini.n_sections, struct retention_rule);
    for (size_t i = 0; i < ini.n_sections; i++) {
        schemas->n_retentions++; /* counted first, so that schemas_free sees a half-made rule */
        if (!parse_retention_rule(&ini, &ini.sections[i], &schemas->retentions[i],
                                  &schemas->fingerprint, err))
            return false;
    }
    return true;
}

static bool read_aggregations(struct schemas *schemas, const char *file, const char *text,
                              struct arena *arena, struct err *err)
{
    struct ini ini;
    if (!ini_parse(file, text, strlen(text), arena, &ini, err))
        return false;
    schemas->fallback.x_files_factor = CARBON_X_FILES_FACTOR;
    schemas->aggregations = mem_array(ini.n_sections, struct aggregation_rule);
    for (size_t i = 0; i < ini.n_sections; i++) {
        schemas->n_aggregations++;
        if (!parse_aggregation_rule(&ini, &ini.sections[i], &schemas->aggregations[i],
                                    &schemas->fingerprint, err))
            return false;
    }
    return true;
}

static void schemas_done(struct schemas **schemas)
{
    schemas_free(*schemas);
}

bool schemas_parse(const char *schemas_file, const char *schemas_text, const char *aggregation_file,
                   const char *aggregation_text, struct schemas **out, struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    CLEANUP(schemas_done) struct schemas *schemas = mem_zalloc(sizeof(*schemas));
    if (!schema_parse_retentions(DEFAULT_RETENTIONS, &schemas->fallback, err))
        return false;
    if (schemas_text && !read_retentions(schemas, schemas_file, schemas_text, &arena, err))
        return false;
    if (aggregation_text &&
        !read_aggregations(schemas, aggregation_file, aggregation_text, &arena, err))
        return false;
    *out = schemas;
    schemas = NULL;
    return true;
}

void schemas_free(struct schemas *schemas)
{
    if (schemas == NULL)
        return;
    for (size_t i = 0; i < schemas->n_retentions; i++)
        regex_free(schemas->retentions[i].pattern);
    for (size_t i = 0; i < schemas->n_aggregations; i++)
        regex_free(schemas->aggregations[i].pattern);
    mem_free(schemas->retentions);
    mem_free(schemas->aggregations);
    mem_free(schemas);
}

struct schema schemas_find(const struct schemas *schemas, struct str name, bool *out_is_default)
{
    struct schema found = schemas->fallback;
    bool is_default = true;
    for (size_t i = 0; i < schemas->n_retentions && is_default; i++) {
        const struct retention_rule *rule = &schemas->retentions[i];
        if (!regex_search(rule->pattern, name.at, name.n))
            continue;
        memcpy(found.archives, rule->schema.archives, sizeof(found.archives));
        found.n_archives = rule->schema.n_archives;
        is_default = false;
    }
    for (size_t i = 0; i < schemas->n_aggregations; i++) {
        const struct aggregation_rule *rule = &schemas->aggregations[i];
        if (!regex_search(rule->pattern, name.at, name.n))
            continue;
        found.aggregation = rule->aggregation;
        found.x_files_factor = rule->x_files_factor;
        break;
    }
    if (out_is_default != NULL)
        *out_is_default = is_default;
    return found;
}

/* A gap is the one value that differs from itself; a call of is_gap for each value would cost more
 * than the rest of these loops. */
static inline bool is_known(double value)
{
    return value == value;
}

/* From left to right in doubles, as whisper does, so that the last bits agree. */
static double known_sum(const double *values, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += is_known(values[i]) ? values[i] : 0.0;
    return sum;
}

/* Is b to be taken instead of a? On a tie the earlier one stays. */
static bool is_better(enum aggregation how, double a, double b)
{
    switch (how) {
    case AGGREGATE_MAX:
        return b > a;
    case AGGREGATE_MIN:
        return b < a;
    case AGGREGATE_ABSMAX:
        return fabs(b) > fabs(a);
    case AGGREGATE_ABSMIN:
        return fabs(b) < fabs(a);
    case AGGREGATE_LAST:
        return true;
    case AGGREGATE_AVERAGE:
    case AGGREGATE_SUM:
    case AGGREGATE_AVG_ZERO:
        break;
    }
    return false;
}

static double known_best(enum aggregation how, const double *values, size_t n)
{
    double best = NAN;
    for (size_t i = 0; i < n; i++) {
        if (is_known(values[i]) && (!is_known(best) || is_better(how, best, values[i])))
            best = values[i];
    }
    return best;
}

double aggregate(const struct schema *schema, const double *values, size_t n)
{
    size_t n_known = 0;
    for (size_t i = 0; i < n; i++)
        n_known += is_known(values[i]);
    /* Whisper's file keeps the factor as a 32-bit float: 0.1 becomes a little more than 6 of 60. */
    const double factor = (double)(float)schema->x_files_factor;
    if (n_known == 0 || (double)n_known / (double)n < factor)
        return NAN;

    switch (schema->aggregation) {
    case AGGREGATE_AVERAGE:
        return known_sum(values, n) / (double)n_known;
    case AGGREGATE_SUM:
        return known_sum(values, n);
    case AGGREGATE_AVG_ZERO:
        return known_sum(values, n) / (double)n;
    case AGGREGATE_LAST:
    case AGGREGATE_MAX:
    case AGGREGATE_MIN:
    case AGGREGATE_ABSMAX:
    case AGGREGATE_ABSMIN:
        return known_best(schema->aggregation, values, n);
    }
    base_bug(__FILE__, __LINE__, "an unknown aggregation");
}
