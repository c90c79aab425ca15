#include "app/config.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/ini.h"
#include "base/ip.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "os/file.h"

enum {
    CONFIG_BYTES_MAX = 1024 * 1024,
    INTERVAL_MAX_S = 3600, /* a flush an hour: more is a slip */
    PERCENTS_MAX = 8,
};

/* More of anything (ms, values, threads) is a slip, and could not be multiplied safely. */
static const int64_t NUMBER_MAX = INT64_C(1000000000000);

enum kind {
    KIND_TEXT,
    KIND_NUMBER,
    KIND_SPAN,
    KIND_SWITCH,
    KIND_EVENTS,
    KIND_ORIGIN,
    KIND_URL,
    KIND_RANGES,
    KIND_INTERVAL,
    KIND_PERCENTS
};

struct key {
    const char *section, *name; /* in plumb.conf; the flag is --name */
    enum kind kind;
    size_t at; /* in struct config */
    const char *fallback;
    const char *value_name, *help; /* value_name NULL: no flag, file only */
};

#define AT(field) offsetof(struct config, field)

static const struct key keys[] = {
    {"serve", "data", KIND_TEXT, AT(data), "data", "DIR", "where everything is kept"},
    {"serve", "http", KIND_TEXT, AT(http), "127.0.0.1:2010", "ADDR", "HTTP API and graphs"},
    {"serve", "line", KIND_TEXT, AT(line), "127.0.0.1:2003", "ADDR",
     "carbon plaintext, TCP and UDP"},
    {"serve", "pickle", KIND_TEXT, AT(pickle), "127.0.0.1:2004", "ADDR", "carbon pickle, TCP"},
    {"serve", "statsd", KIND_TEXT, AT(statsd), "127.0.0.1:8125", "ADDR", "StatsD, UDP and TCP"},
    {"serve", "schemas", KIND_TEXT, AT(schemas), "", "FILE", "carbon's storage-schemas.conf"},
    {"serve", "aggregation", KIND_TEXT, AT(aggregation), "", "FILE",
     "carbon's storage-aggregation.conf"},
    {"serve", "threads", KIND_NUMBER, AT(threads), "0", "N",
     "receivers and render threads; 0: one a processor"},
    {"serve", "time-zone", KIND_TEXT, AT(time_zone), "", "ZONE",
     "of graphs and from/until without tz=; this machine's when not given"},
    {"serve", "fsync-interval", KIND_NUMBER, AT(fsync_interval_ms), "1000", "MS",
     "points older than this survive a power cut"},
    {"serve", "max-creates-per-minute", KIND_NUMBER, AT(max_creates_per_minute), "0", NULL,
     "new series a minute; further names are refused and counted. 0: as many as come"},
    {"serve", "url", KIND_URL, AT(url), "", "URL",
     "how people reach this server, for links in announcements: https://plumb.example"},
    {"security", "trust-loopback", KIND_SWITCH, AT(trust_loopback), "on", NULL,
     "requests from this machine need no token"},
    {"security", "open-read", KIND_SWITCH, AT(open_read), "off", NULL,
     "requests from elsewhere may read without one"},
    {"security", "line-allow", KIND_RANGES, AT(line_allow), "", NULL,
     "whose lines are taken, as in 10.0.0.0/8 ::1; everybody's when not given"},
    {"security", "line-changes", KIND_SWITCH, AT(line_changes), "on", NULL,
     "lines events.KIND.SERVICE record changes"},
    {"storage", "hide-idle-after", KIND_SPAN, AT(hide_idle_after_s), "1d", NULL,
     "series silent for so long (s, m, h, d, w, y) are not found in a range after that; or off"},
    {"statsd", "flush-interval", KIND_INTERVAL, AT(statsd_interval_s), "10s", NULL,
     "how often what StatsD summed up becomes points"},
    {"statsd", "percent-threshold", KIND_PERCENTS, AT(statsd_percents), "90", NULL,
     "shares of a timer's values, as in 90, 99.9; below 0: the top ones"},
    {"statsd", "delete-idle", KIND_SWITCH, AT(statsd_delete_idle), "off", NULL,
     "names without a sample are left out of a flush, instead of 0 or the last gauge"},
    {"http", "cors", KIND_ORIGIN, AT(cors), "", NULL,
     "origin whose web pages may read Graphite's API, or *"},
    {"query", "max-series", KIND_NUMBER, AT(max_series), "0", NULL, "series one request may read"},
    {"query", "max-points", KIND_NUMBER, AT(max_points), "0", NULL, "values one request may hold"},
    {"query", "max-time", KIND_NUMBER, AT(max_time_ms), "0", NULL, "ms one request may take"},
    {"graphite", "events", KIND_EVENTS, AT(events), "all", NULL,
     "what /events/get_data answers: all changes, or the posted ones"},
    {"render", "template", KIND_TEXT, AT(template_name), "", NULL, "default look of graphs"},
    {"collect", "host", KIND_SWITCH, AT(collect_host), "on", NULL, "this machine's metrics"},
    {"collect", "self", KIND_SWITCH, AT(collect_self), "on", NULL, "plumb's own metrics"},
};

static bool is_switch(const char *value)
{
    static const char *const words[] = {"on", "off", "true", "false", "yes", "no", "1", "0"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(value, words[i]) == 0)
            return true;
    return false;
}

static const char *switch_of(const char *value)
{
    bool is_on = strcmp(value, "on") == 0 || strcmp(value, "true") == 0 ||
                 strcmp(value, "yes") == 0 || strcmp(value, "1") == 0;
    return is_on ? "on" : "off";
}

/* "https://host:port" as browsers send it, or "*", or nothing. */
static bool is_origin(const char *value)
{
    const char *host = strstr(value, "://");
    if (!value[0] || strcmp(value, "*") == 0)
        return true;
    return host && (text_starts(value, "http://") || text_starts(value, "https://")) && host[3] &&
           !host[3 + strcspn(host + 3, "/?#@ ,\t")];
}

/* "https://plumb.example.org/below", or nothing. */
static bool is_url(const char *value)
{
    const char *host = strstr(value, "://");
    const bool is_http = text_starts(value, "http://") || text_starts(value, "https://");
    return !value[0] || (is_http && host[3] && !value[strcspn(value, " \t\r\n<>\"")]);
}

/* "90", "36h", "1d"; off is 0. False: none of these. */
static bool span_of(const char *value, int64_t *out_s)
{
    if (strcmp(value, "off") != 0)
        return num_parse_span(value, strlen(value), out_s);
    *out_s = 0;
    return true;
}

static bool check_ranges(const char *value, struct err *err)
{
    static const char between[] = ", \t\n";
    struct ip_range range;
    for (value += strspn(value, between); *value; value += strspn(value, between)) {
        const struct str one = str_make(value, strcspn(value, between));
        if (!ip_range_parse(one, &range, err))
            return false;
        value += one.n;
    }
    return true;
}

bool config_percents(const char *text, double *out, size_t n_max, size_t *out_n)
{
    struct str rest = str_of(text), piece;
    size_t n = 0;
    while (str_split(&rest, ',', &piece)) {
        double percent;
        piece = str_trim(piece);
        if (n == n_max || !num_parse_f64(piece.at, piece.n, &percent) ||
            !(percent >= -100 && percent <= 100) || percent == 0)
            return false;
        out[n++] = percent;
    }
    *out_n = n;
    return n > 0;
}

/* Sets the key's field. err: what the value should have been; the caller adds where it stood. */
static bool set(struct config *config, const struct key *key, const char *value, struct err *err)
{
    char *field = (char *)config + key->at;
    int64_t number;
    double percents[PERCENTS_MAX];
    size_t n_percents;
    switch (key->kind) {
    case KIND_NUMBER:
        if (!num_parse_i64(value, strlen(value), &number) || number < 0)
            return FAIL(err, ERR_INPUT, "%s = '%s' is not a whole number", key->name, value);
        if (number > NUMBER_MAX)
            return FAIL(err, ERR_INPUT, "%s = '%s' is more than %lld", key->name, value,
                        (long long)NUMBER_MAX);
        memcpy(field, &number, sizeof number);
        return true;
    case KIND_SPAN:
        if (!span_of(value, &number))
            return FAIL(err, ERR_INPUT, "%s = '%s' is neither a time such as 1d nor off", key->name,
                        value);
        memcpy(field, &number, sizeof number);
        return true;
    case KIND_INTERVAL:
        if (!span_of(value, &number) || number < 1 || number > INTERVAL_MAX_S)
            return FAIL(err, ERR_INPUT, "%s = '%s' is not a time such as 10s, at most 1h",
                        key->name, value);
        memcpy(field, &number, sizeof number);
        return true;
    case KIND_PERCENTS:
        if (!config_percents(value, percents, PERCENTS_MAX, &n_percents))
            return FAIL(err, ERR_INPUT,
                        "%s = '%s' is not a list of at most %d percentages such as 90, 99.9",
                        key->name, value, PERCENTS_MAX);
        break;
    case KIND_SWITCH:
        if (!is_switch(value))
            return FAIL(err, ERR_INPUT, "%s = '%s' is neither on nor off", key->name, value);
        value = switch_of(value);
        break;
    case KIND_EVENTS:
        if (strcmp(value, "all") != 0 && strcmp(value, "posted") != 0)
            return FAIL(err, ERR_INPUT, "%s = '%s' is neither all nor posted", key->name, value);
        break;
    case KIND_ORIGIN:
        if (!is_origin(value))
            return FAIL(err, ERR_INPUT,
                        "%s = '%s' is neither * nor an origin such as https://grafana.example:3000",
                        key->name, value);
        break;
    case KIND_URL:
        if (!is_url(value))
            return FAIL(err, ERR_INPUT, "%s = '%s' is no address such as https://plumb.example",
                        key->name, value);
        break;
    case KIND_RANGES:
        if (!check_ranges(value, err)) {
            err_prefix(err, "%s", key->name);
            return false;
        }
        break;
    case KIND_TEXT:
        break;
    }
    memcpy(field, &value, sizeof value);
    return true;
}

static const struct key *key_of(const char *section, const char *name)
{
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if ((!section || strcmp(keys[i].section, section) == 0) && strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

/* The name nearest to a mistyped one: of the flags (section NULL) or of a section's keys. */
static const char *nearest(const char *section, const char *name)
{
    const char *names[COUNT_OF(keys) + 1];
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (section ? strcmp(keys[i].section, section) == 0 : keys[i].value_name != NULL)
            names[n++] = keys[i].name;
    if (!section)
        names[n++] = "config";
    return text_nearest(name, names, n);
}

static bool set_entry(struct config *config, const struct ini *ini,
                      const struct ini_section *section, const struct ini_entry *entry,
                      struct err *err)
{
    const struct key *key = key_of(section->name, entry->key);
    bool is_ok = key ? set(config, key, entry->value, err)
                     : FAIL(err, ERR_INPUT, "[%s] has no key '%s'", section->name, entry->key);
    if (is_ok)
        return true;
    const char *near = key ? NULL : nearest(section->name, entry->key);
    if (near)
        err_hint(err, "did you mean '%s'?", near);
    err_prefix(err, "%s:%u", ini->file, entry->line);
    return false;
}

/* Sections that are read by the folder they are about. */
static bool is_folders_section(const char *name)
{
    return text_starts(name, "hook ") || text_starts(name, "announce ") ||
           strcmp(name, "impact") == 0;
}

static bool is_section(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (strcmp(keys[i].section, name) == 0)
            return true;
    return false;
}

static bool read_file(struct config *config, const char *path, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, CONFIG_BYTES_MAX);
    struct ini ini;
    if (!file_read_all(path, &text, err) ||
        !ini_parse(path, buf_text(&text), text.n, arena, &ini, err))
        return false;
    for (size_t i = 0; i < ini.n_sections; i++) {
        const struct ini_section *section = &ini.sections[i];
        if (is_folders_section(section->name))
            continue;
        if (!is_section(section->name))
            return FAIL(err, ERR_INPUT, "%s:%u: there is no section [%s]", path, section->line,
                        section->name);
        for (size_t k = 0; k < section->n_entries; k++)
            if (!set_entry(config, &ini, section, &section->entries[k], err))
                return false;
    }
    config->ini = ini;
    return true;
}

/* "--name value" or "--name=value" at argv[*i]; *i moves past the value. */
static bool read_flag(int argc, char **argv, int *i, struct str *out_name, const char **out_value,
                      struct err *err)
{
    const char *arg = argv[*i];
    if (!text_starts(arg, "--"))
        return FAIL(err, ERR_INPUT, "unexpected argument '%s'", arg);
    const char *equals = strchr(arg, '=');
    *out_name = str_make(arg + 2, equals ? (size_t)(equals - arg - 2) : strlen(arg + 2));
    if (equals)
        *out_value = equals + 1;
    else if (*i + 1 < argc)
        *out_value = argv[++*i];
    else
        return FAIL(err, ERR_INPUT, "%s needs a value", arg);
    return true;
}

static bool set_flag(struct config *config, const char *name, const char *value, struct err *err)
{
    const struct key *key = key_of(NULL, name);
    if (key && key->value_name) {
        if (set(config, key, value, err))
            return true;
        err_prefix(err, "--%s", name);
        return false;
    }
    err_set(err, ERR_INPUT, "there is no flag --%s", name);
    const char *near = nearest(NULL, name);
    if (near)
        err_hint(err, "did you mean --%s?", near);
    return false;
}

/* Walks the flags twice: for --config, whose file they then override. */
static bool read_flags(int argc, char **argv, bool want_config, struct arena *arena,
                       struct config *config, struct err *err)
{
    for (int i = 1; i < argc; i++) {
        struct str name;
        const char *value;
        if (!read_flag(argc, argv, &i, &name, &value, err))
            return false;
        bool is_config = str_is(name, "config");
        if (is_config && want_config)
            config->config_file = value;
        if (is_config || want_config)
            continue;
        if (!set_flag(config, arena_strndup(arena, name.at, name.n), value, err))
            return false;
    }
    return true;
}

bool config_read(int argc, char **argv, struct arena *arena, struct config *out, struct err *err)
{
    struct config config = {.config_file = ""};
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (!set(&config, &keys[i], keys[i].fallback, err))
            return false;
    if (!read_flags(argc, argv, true, arena, &config, err))
        return false;
    if (config.config_file[0] && !read_file(&config, config.config_file, arena, err))
        return false;
    if (!read_flags(argc, argv, false, arena, &config, err))
        return false;
    *out = config;
    return true;
}

const char *config_help(struct arena *arena)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 64 * 1024);
    buf_printf(&out, "  %-24s %s\n", "--config FILE",
               "plumb.conf; a flag beats the same key there");
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const struct key *key = &keys[i];
        if (!key->value_name)
            continue;
        const char *flag = arena_printf(arena, "--%s %s", key->name, key->value_name);
        buf_printf(&out, "  %-24s %s%s%s%s\n", flag, key->help, key->fallback[0] ? " [" : "",
                   key->fallback, key->fallback[0] ? "]" : "");
    }
    return arena_strdup(arena, buf_text(&out));
}
