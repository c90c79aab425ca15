#include "app/wire.h"

#include <stdio.h>
#include <string.h>

#include "announce/announce.h"
#include "api/api.h"
#include "app/dora_series.h"
#include "app/hook_config.h"
#include "app/snapshot.h"
#include "app/union_source.h"
#include "app/verdict_records.h"
#include "app/why_line.h"
#include "base/buf.h"
#include "base/ip.h"
#include "base/log.h"
#include "base/mem.h"
#include "collect/collect.h"
#include "http/http.h"
#include "impact/impact.h"
#include "ingest/ingest.h"
#include "ledger/ledger.h"
#include "model/change.h"
#include "model/redact.h"
#include "os/disk.h"
#include "os/file.h"
#include "os/realtime.h"
#include "os/zone.h"
#include "query/query.h"
#include "store/store.h"

enum {
    RULES_BYTES_MAX = 4 * 1024 * 1024, /* a schemas file */
    COLLECT_EVERY_S = 10,
    CHANGE_WAIT_US = 1000000, /* a receiver waits this long for room in the ledger's queue */
    WRITERS_MAX = 64,
};

struct wire {
    struct config config;
    struct arena arena;
    struct schemas *schemas;
    struct hook *hooks;
    size_t n_hooks;
    struct store *store;
    struct ledger *ledger;
    struct impact_rules impact_rules;
    struct impact_options impact_options;
    struct impact *impact;
    struct judge *_Atomic judge; /* the ledger wakes it, from before it is set */
    struct ingest *ingest;
    struct collect *collect;
    struct dora_series *dora_series;
    struct api *api;
    struct http *_Atomic http; /* its first requests may ask for /metrics before it is set */
    struct union_source sources;
    struct ip_range *line_allow;
    size_t n_line_allow;
    char http_url[128];
    char *base_url;                    /* in the arena; without a slash at its end */
    struct announce *_Atomic announce; /* the ledger tells it of commits, from before it is set */
};

/* ---- what the folders may not know of each other ---- */

/* What came by a port that knows nobody. */
static bool post(struct wire *wire, const struct change *change, struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    const struct change clean = redact_change(change, &arena);
    return ledger_post(wire->ledger, &clean, CHANGE_WAIT_US, err);
}

static bool takes_changes(const struct wire *wire, struct err *err)
{
    return strcmp(wire->config.line_changes, "off") != 0 ||
           FAIL(err, ERR_REFUSED, "[security] line-changes is off");
}

static bool on_change(void *self, struct str name, double value, int64_t at_s, struct err *err)
{
    struct wire *wire = self;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct change change;
    bool is_nothing = false;
    return takes_changes(wire, err) &&
           change_from_line(name, value, at_s * 1000, &arena, &change, &is_nothing, err) &&
           (is_nothing || post(wire, &change, err));
}

/* A change that did not come as a line. */
static bool on_event(void *self, const struct change *change, struct err *err)
{
    struct wire *wire = self;
    return takes_changes(wire, err) && post(wire, change, err);
}

static void write_rejects(void *self, size_t n_max, struct jsonw *json)
{
    const struct wire *wire = self;
    ingest_write_rejects(wire->ingest, n_max, json);
}

struct number {
    const char *name;
    uint64_t value;
};

enum { N_NUMBERS = 31 };

/* Plumb's own state, as both /metrics and its own series tell it. */
static size_t own_numbers(const struct wire *wire, struct number out[N_NUMBERS])
{
    struct store_stats store;
    struct ingest_stats ingest = {0};
    struct ledger_stats ledger;
    struct http_stats http = {0};
    struct api_stats api = {0};
    struct judge_stats judge;
    judge_stats(wire->judge, &judge);
    store_stats(wire->store, &store);
    ledger_stats(wire->ledger, &ledger);
    if (wire->ingest)
        ingest_stats(wire->ingest, &ingest);
    const struct http *running = wire->http;
    if (running) {
        http_stats(running, &http);
        api_stats(wire->api, &api);
    }
    const struct number numbers[N_NUMBERS] = {
        {"ingest.points", ingest.n_points},
        {"ingest.refused", ingest.n_lines_refused},
        {"ingest.bytes", ingest.n_bytes},
        {"ingest.connections", ingest.n_connections_now},
        {"ingest.datagrams", ingest.n_datagrams},
        {"ingest.datagrams_lost", ingest.n_datagrams_lost},
        {"ingest.service_checks", ingest.n_service_checks},
        {"ingest.changes", ingest.n_changes},
        {"store.series", store.n_series},
        {"store.points", store.n_points_stored},
        {"store.refused", store.n_points_refused},
        {"store.late", store.n_late_points},
        {"store.late_bytes", store.late_bytes},
        {"store.series_moved", store.n_series_moved},
        {"store.seals", store.n_seals},
        {"store.wal_bytes", store.wal_bytes},
        {"store.disk_bytes", store.disk_bytes},
        {"store.files", store.n_files},
        {"store.files_corrupt", store.n_files_corrupt},
        {"ledger.changes", ledger.n_changes},
        {"ledger.refused", ledger.n_refused},
        {"ledger.tokens", ledger_token_count(wire->ledger)},
        {"http.requests", http.n_requests},
        {"http.connections", http.n_connections_now},
        {"http.denied", api.n_denied},
        {"http.limited", api.n_limited},
        {"judge.verdicts", judge.n_judged},
        {"judge.failed", judge.n_failed},
        {"judge.waiting", judge.n_waiting},
        {"judge.cpu_ms", (uint64_t)judge.cpu_us / 1000},
        {"judge.lag_s", (uint64_t)max_i64(0, judge.lag_s)},
    };
    memcpy(out, numbers, sizeof numbers);
    return N_NUMBERS;
}

/* What plumb doctor compares with where it runs. */
static void write_surroundings(const struct wire *wire, struct jsonw *json)
{
    const struct clock clock = clock_system();
    struct disk_usage disk;
    struct ledger_stats ledger;
    struct err err;
    ledger_stats(wire->ledger, &ledger);
    jsonw_put_text(json, "version", PLUMB_VERSION);
    jsonw_put_i64(json, "clock.ms", clock_us(&clock) / 1000);
    jsonw_put_i64(json, "ledger.rows", (int64_t)ledger.n_rows);
    jsonw_put_i64(json, "judge.on", wire->impact_rules.cpu_share > 0);
    jsonw_put_f64(json, "judge.false_alarms", impact_false_alarms(wire->impact));
    if (!disk_usage(wire->config.data, &disk, &err))
        return;
    jsonw_put_i64(json, "disk.free_bytes", (int64_t)disk.free_bytes);
    jsonw_put_i64(json, "disk.total_bytes", (int64_t)disk.total_bytes);
}

static void write_stats(void *self, struct jsonw *json)
{
    const struct wire *wire = self;
    struct number numbers[N_NUMBERS];
    size_t n = own_numbers(wire, numbers);
    jsonw_object(json);
    for (size_t i = 0; i < n; i++) {
        jsonw_put_i64(json, numbers[i].name, (int64_t)numbers[i].value);
    }
    write_surroundings(wire, json);
    jsonw_end(json);
}

static size_t self_values(void *self, struct collect_value *out, size_t n_max)
{
    struct number numbers[N_NUMBERS];
    size_t n = min_size(own_numbers(self, numbers), n_max);
    for (size_t i = 0; i < n; i++)
        out[i] = (struct collect_value){numbers[i].name, (double)numbers[i].value};
    return n;
}

static void on_commit(void *self)
{
    struct wire *wire = self;
    announce_wake(wire->announce);
    judge_wake(wire->judge);
}

/* What somebody asked for in a chat, as any other door would record it. */
static bool record_for_chat(void *self, const struct change *change, char out_id[27],
                            struct err *err)
{
    struct wire *wire = self;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    const struct change clean = redact_change(change, &arena);
    struct ledger_receipt receipt;
    if (!ledger_record(wire->ledger, &clean, &receipt, err))
        return false;
    memcpy(out_id, receipt.id, sizeof receipt.id);
    return true;
}

static void announce_state(void *self, struct jsonw *json)
{
    struct wire *wire = self;
    announce_write_state(wire->announce, json);
}

static bool test_channel(void *self, const char *channel, struct err *err)
{
    struct wire *wire = self;
    return announce_test(wire->announce, channel, err);
}

static bool flush(void *self, struct err *err)
{
    struct wire *wire = self;
    struct sink sink = store_sink(wire->store);
    return sink.ops->barrier(sink.self, err) && ledger_barrier(wire->ledger, err);
}

static bool snapshot(void *self, const char *dir, struct jsonw *json, struct err *err)
{
    const struct wire *wire = self;
    const struct snapshot of = {wire->config.data, wire->store, wire->ledger};
    return snapshot_make(&of, dir, json, err);
}

/* ---- names ---- */

static bool check_fates(const struct str *names, const enum sink_fate *fates, size_t n,
                        struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (fates[i] == SINK_NAME_LIMIT)
            return FAIL(err, ERR_LIMIT, "no more series can be created, '%.*s' neither",
                        (int)min_size(names[i].n, 200), names[i].at);
        if (fates[i] == SINK_DISK)
            return FAIL(err, ERR_IO,
                        "the disk is behind with new names; try again in some seconds");
        if (fates[i] != SINK_OK)
            return FAIL(err, ERR_INPUT, "'%.*s' is no name of a series",
                        (int)min_size(names[i].n, 200), names[i].at);
    }
    return true;
}

/* Those of the names that the ledger answers for are left out: they are there with their changes. */
static size_t without_events(const struct str *names, size_t n, struct str *out)
{
    size_t n_out = 0;
    for (size_t i = 0; i < n; i++)
        if (!change_name_is(names[i]))
            out[n_out++] = names[i];
    return n_out;
}

static bool series_create(void *self, const struct str *names, size_t n, struct err *err)
{
    struct wire *wire = self;
    struct sink sink = store_sink(wire->store);
    struct sink_writer *writer;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct str *wanted = arena_array(&arena, n, struct str);
    uint32_t *ids = arena_array(&arena, n, uint32_t);
    enum sink_fate *fates = arena_array(&arena, n, enum sink_fate);
    n = without_events(names, n, wanted);
    if (!sink.ops->writer_open(sink.self, &writer, err))
        return false;
    sink.ops->resolve(writer, wanted, n, ids, fates);
    const bool is_ok = sink.ops->commit(writer, err) && check_fates(wanted, fates, n, err);
    sink.ops->writer_close(writer);
    return is_ok && store_hide(wire->store, wanted, n, false, err);
}

static bool series_hide(void *self, const struct str *names, size_t n, struct err *err)
{
    struct wire *wire = self;
    for (size_t i = 0; i < n; i++)
        if (change_name_is(names[i]))
            return FAIL(err, ERR_REFUSED, "'%.*s' shows changes, and a change is never deleted",
                        (int)min_size(names[i].n, 200), names[i].at);
    return store_hide(wire->store, names, n, true, err);
}

static bool series_delete(void *self, const struct str *names, size_t n, struct err *err)
{
    struct wire *wire = self;
    size_t n_deleted;
    return store_delete(wire->store, names, n, &n_deleted, err);
}

static bool series_rename(void *self, const struct name_change *changes, size_t n, struct err *err)
{
    struct wire *wire = self;
    return store_rename(wire->store, changes, n, err);
}

/* ---- starting ---- */

static bool read_rules(const char *path, struct buf *out, struct err *err)
{
    buf_init(out, RULES_BYTES_MAX);
    return !path[0] || file_read_all(path, out, err);
}

static bool start_schemas(struct wire *wire, struct err *err)
{
    const struct config *config = &wire->config;
    CLEANUP(buf_done) struct buf schemas;
    CLEANUP(buf_done) struct buf aggregation;
    buf_init(&aggregation, 0);
    if (!read_rules(config->schemas, &schemas, err) ||
        !read_rules(config->aggregation, &aggregation, err))
        return false;
    return schemas_parse(
        config->schemas, config->schemas[0] ? buf_text(&schemas) : NULL, config->aggregation,
        config->aggregation[0] ? buf_text(&aggregation) : NULL, &wire->schemas, err);
}

static bool start_keeping(struct wire *wire, struct err *err)
{
    const struct store_options store = {
        .dir = arena_printf(&wire->arena, "%s/store", wire->config.data),
        .schemas = wire->schemas,
        .clock = clock_system(),
        .fsync_interval_ms = wire->config.fsync_interval_ms,
        .writers_max = WRITERS_MAX,
        .creates_per_minute_max =
            (uint32_t)min_i64(wire->config.max_creates_per_minute, UINT32_MAX),
        .hide_idle_after_s = wire->config.hide_idle_after_s,
    };
    const struct ledger_options ledger = {
        .path = arena_printf(&wire->arena, "%s/ledger.db", wire->config.data),
        .clock = clock_system(),
        .schemas = wire->schemas,
        .posted_apart = strcmp(wire->config.events, "posted") == 0,
        .on_commit = on_commit,
        .self = wire,
    };
    return dir_make(wire->config.data, err) && store_open(&store, &wire->store, err) &&
           ledger_open(&ledger, &wire->ledger, err);
}

/* As many as the text names; they were checked when it was read. */
static bool read_line_allow(struct wire *wire, struct err *err)
{
    static const char between[] = ", \t\n";
    const char *at = wire->config.line_allow;
    size_t cap = 0;
    for (at += strspn(at, between); *at; at += strspn(at, between)) {
        const struct str one = str_make(at, strcspn(at, between));
        arena_grow(&wire->arena, &wire->line_allow, &cap, wire->n_line_allow + 1,
                   sizeof *wire->line_allow);
        if (!ip_range_parse(one, &wire->line_allow[wire->n_line_allow], err))
            return false;
        wire->n_line_allow++;
        at += one.n;
    }
    return true;
}

static bool start_receiving(struct wire *wire, struct err *err)
{
    const struct config *config = &wire->config;
    if (!read_line_allow(wire, err))
        return false;
    struct ingest_statsd statsd = {
        .interval_s = config->statsd_interval_s,
        .deletes_idle = strcmp(config->statsd_delete_idle, "on") == 0,
    };
    if (!config_percents(config->statsd_percents, statsd.percents, INGEST_PERCENTS_MAX,
                         &statsd.n_percents))
        return FAIL(err, ERR_INPUT, "percent-threshold = '%s'", config->statsd_percents);
    const struct ingest_options ingest = {
        .line_addr = config->line,
        .pickle_addr = config->pickle,
        .statsd_addr = config->statsd,
        .statsd = statsd,
        .n_receivers = (unsigned)min_i64(wire->config.threads, 16),
        .clock = clock_system(),
        .sink = store_sink(wire->store),
        .allow = wire->line_allow,
        .n_allow = wire->n_line_allow,
        .on_change = on_change,
        .on_event = on_event,
        .on_change_self = wire,
    };
    return ingest_start(&ingest, &wire->ingest, err);
}

/* Last: it reads everybody's numbers. */
static bool start_collecting(struct wire *wire, struct err *err)
{
    const struct collect_options collect = {
        .sink = store_sink(wire->store),
        .clock = clock_system(),
        .host = strcmp(wire->config.collect_host, "on") == 0,
        .self = strcmp(wire->config.collect_self, "on") == 0,
        .interval_s = COLLECT_EVERY_S,
        .proc_dir = "/proc",
        .self_values = self_values,
        .self_values_self = wire,
    };
    return collect_start(&collect, &wire->collect, err);
}

/* What the ledger tells of deliveries, as series; with plumb's own metrics, it can be switched off. */
static bool start_dora_series(struct wire *wire, struct err *err)
{
    const struct dora_series_options options = {
        .ledger = wire->ledger, .sink = store_sink(wire->store), .clock = clock_system()};
    return strcmp(wire->config.collect_self, "on") != 0 ||
           dora_series_start(&options, &wire->dora_series, err);
}

static struct query_limits limits_of(const struct config *config)
{
    struct query_limits limits = query_limits_default();
    if (config->max_series)
        limits.n_series_max = (size_t)config->max_series;
    if (config->max_points)
        limits.n_points_max = (size_t)config->max_points;
    if (config->max_time_ms)
        limits.time_us_max = config->max_time_ms * 1000;
    return limits;
}

/* NULL: there is none of that name. */
static const struct tz *zone_of(const struct config *config)
{
    return config->time_zone[0] ? zone_find(config->time_zone) : zone_local();
}

static bool start_answering(struct wire *wire, struct err *err)
{
    const struct config *config = &wire->config;
    const struct tz *tz = zone_of(config);
    if (!tz)
        return FAIL(err, ERR_INPUT, "there is no time zone '%s'", config->time_zone);
    wire->sources = (struct union_source){ledger_source(wire->ledger), store_source(wire->store)};
    wire->impact_options = (struct impact_options){
        .source = store_source(wire->store),
        .changes = ledger_changes(wire->ledger),
        .clock = clock_system(),
        .records = verdict_records(wire->ledger),
        .rules = &wire->impact_rules,
        .schemas = wire->schemas,
    };
    wire->impact = impact_new(&wire->impact_options);
    const struct api_deps deps = {
        .query = {.source = union_source(&wire->sources),
                  .changes = ledger_changes(wire->ledger),
                  .limits = limits_of(config),
                  .clock = clock_system()},
        .ledger = wire->ledger,
        .impact = wire->impact,
        .clock = clock_system(),
        .tz = tz,
        .zone_find = zone_find,
        .events_posted_only = strcmp(config->events, "posted") == 0,
        .chart_template = config->template_name[0] ? config->template_name : NULL,
        .cors_origin = config->cors[0] ? config->cors : NULL,
        .hooks = wire->hooks,
        .n_hooks = wire->n_hooks,
        .url = config->url[0] ? config->url : NULL,
        .has_open_read = strcmp(config->open_read, "on") == 0,
        .distrusts_loopback = strcmp(config->trust_loopback, "off") == 0,
        .write_rejects = write_rejects,
        .write_stats = write_stats,
        .flush = flush,
        .snapshot = snapshot,
        .series_create = series_create,
        .series_hide = series_hide,
        .series_delete = series_delete,
        .series_rename = series_rename,
        .announce_state = announce_state,
        .announce_test = test_channel,
        .self = wire,
    };
    wire->api = api_new(&deps);
    const struct http_options http = {
        .addr = config->http,
        .n_workers = (unsigned)min_i64(config->threads, 64),
        .handler = api_handle,
        .is_quick = api_is_quick,
        .handler_self = wire->api,
    };
    struct http *started = NULL;
    if (!http_start(&http, &started, err))
        return false;
    wire->http = started;
    return true;
}

/* The push train that a chat's topic shows. */
static bool move_train(void *self, const char *name, const struct train_wish *wish,
                       struct arena *arena, struct train *out, struct err *err)
{
    const struct wire *wire = self;
    struct ledger_train kept;
    if (!ledger_train(wire->ledger, name, wish, arena, &kept, err))
        return false;
    *out = kept.train;
    return true;
}

enum { WHY_WINDOW_S = 45 * 60 };

/* A clock time that is still to come was yesterday's. */
static bool why_for_chat(void *self, const char *metric, const char *at, struct arena *arena,
                         const char **out_line, struct err *err)
{
    const struct wire *wire = self;
    const struct clock clock = clock_system();
    const struct tz *tz = zone_of(&wire->config);
    const int64_t now_s = clock_s(&clock);
    struct why_question question = {
        .target = metric, .at_s = now_s, .window_s = WHY_WINDOW_S, .service = ""};
    struct why why;
    if (at[0] && !query_parse_time(at, tz, now_s, &question.at_s, err))
        return false;
    if (question.at_s > now_s)
        question.at_s -= 86400;
    if (!impact_why(wire->impact, &question, arena, &why, err))
        return false;
    *out_line = why_line(&why, tz, arena);
    return true;
}

/* After HTTP: its address is what links begin with. */
static bool start_announcing(struct wire *wire, struct err *err)
{
    const struct config *config = &wire->config;
    const bool has_http = http_addr(wire->http)[0] != '\0';
    snprintf(wire->http_url, sizeof wire->http_url, "http://%s", http_addr(wire->http));
    const char *own_url = has_http ? wire->http_url : "";
    wire->base_url = arena_strdup(&wire->arena, config->url[0] ? config->url : own_url);
    size_t n = strlen(wire->base_url);
    while (n && wire->base_url[n - 1] == '/')
        wire->base_url[--n] = '\0';
    const struct announce_options announce = {
        .config = &config->ini,
        .dir = arena_printf(&wire->arena, "%s/announce", config->data),
        .base_url = wire->base_url,
        .clock = clock_system(),
        .tz = zone_of(config),
        .changes = ledger_changes(wire->ledger),
        .record = record_for_chat,
        .write_change = api_write_change,
        .train = move_train,
        .why = why_for_chat,
        .self = wire,
    };
    struct announce *started = NULL;
    if (!announce_start(&announce, &started, err))
        return false;
    wire->announce = started;
    announce_wake(started); /* what was committed before it was set */
    return true;
}

/* After announcing: its verdicts are told. */
static bool start_judging(struct wire *wire, struct err *err)
{
    const struct judge_options judge = {.impact = wire->impact, .weighs = &wire->impact_options};
    struct judge *started = NULL;
    if (wire->impact_rules.cpu_share == 0)
        return true;
    if (!judge_start(&judge, &started, err))
        return false;
    wire->judge = started;
    return true;
}

/* What whoever asks will be told anyway is said before. */
static void warn_of_who_may_ask(const struct wire *wire)
{
    const char *addr = http_addr(wire->http);
    struct ip ip;
    const bool is_here = ip_parse(ip_host(str_of(addr)), &ip) && ip_is_loopback(&ip);
    if (!addr[0] || ledger_token_count(wire->ledger) > 0)
        return;
    if (strcmp(wire->config.trust_loopback, "off") == 0)
        log_warn(
            "trust-loopback is off and there is no token: nobody may do anything here. Turn it on, "
            "run: plumb token new admin --can admin");
    else if (!is_here && strcmp(wire->config.open_read, "on") != 0)
        log_warn(
            "http %s: other machines get 401 for all but /ping, as there is no token; on this one "
            "run: plumb token new NAME --can read,write",
            addr);
}

bool wire_start(const struct config *config, struct wire **out, struct err *err)
{
    struct wire *wire = mem_zalloc(sizeof *wire);
    arena_init(&wire->arena);
    wire->config = *config;
    if (!hook_config_read(&config->ini, &wire->arena, &wire->hooks, &wire->n_hooks, err) ||
        !rules_read(&config->ini, &wire->arena, &wire->impact_rules, err) ||
        !start_schemas(wire, err) || !start_keeping(wire, err) || !start_receiving(wire, err) ||
        !start_answering(wire, err) || !start_announcing(wire, err) || !start_judging(wire, err) ||
        !start_collecting(wire, err) || !start_dora_series(wire, err)) {
        wire_stop(wire);
        return false;
    }
    warn_of_who_may_ask(wire);
    *out = wire;
    return true;
}

void wire_stop(struct wire *wire)
{
    if (!wire)
        return;
    judge_stop(wire->judge);
    dora_series_stop(wire->dora_series);
    collect_stop(wire->collect);
    http_stop(wire->http); /* before what its answers tell of */
    ingest_stop(wire->ingest);
    api_free(wire->api);
    announce_stop(wire->announce);
    ledger_close(wire->ledger);
    judge_free(wire->judge);       /* the ledger tells it of its last commits, */
    announce_free(wire->announce); /* and it */
    impact_free(wire->impact);
    store_close(wire->store);
    schemas_free(wire->schemas);
    arena_done(&wire->arena);
    mem_free(wire);
}

const char *wire_http_addr(const struct wire *wire)
{
    return http_addr(wire->http)[0] ? wire->http_url : "off";
}

static const char *addr_or_off(const char *addr)
{
    return addr[0] ? addr : "off";
}

const char *wire_line_addr(const struct wire *wire)
{
    return addr_or_off(ingest_line_addr(wire->ingest));
}

const char *wire_pickle_addr(const struct wire *wire)
{
    return addr_or_off(ingest_pickle_addr(wire->ingest));
}

const char *wire_statsd_addr(const struct wire *wire)
{
    return addr_or_off(ingest_statsd_addr(wire->ingest));
}
