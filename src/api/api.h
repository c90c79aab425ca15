/* The routes: Graphite's API and ours, over query, chart and ledger. A file per route group, one table
 * in routes.c. Thread: any. */
#pragma once

#include "base/clock.h"
#include "base/jsonw.h"
#include "base/tz.h"
#include "hooks/hooks.h"
#include "http/http.h"
#include "impact/impact.h"
#include "ledger/ledger.h"
#include "model/name.h"
#include "query/query.h"

struct api;

struct api_deps {
    struct query_env query; /* source: events and store joined */
    struct ledger *ledger;
    struct impact *impact; /* who judges; NULL: nobody does */
    struct clock clock;
    const struct tz *tz;                             /* the server's default zone */
    const struct tz *(*zone_find)(const char *name); /* NULL result: no such zone */
    bool events_posted_only;                         /* [graphite] events = posted */
    const char *chart_template;                      /* [render] template or NULL */
    const char *cors_origin; /* [http] cors: whose pages may read; NULL: none */
    const char *url;    /* [serve] url: how people's browsers reach this server; NULL: not told */
    bool has_open_read; /* [security] open-read: anybody may read */
    bool distrusts_loopback;  /* [security] trust-loopback = off: this machine needs tokens, too */
    const struct hook *hooks; /* of plumb.conf, lent */
    size_t n_hooks;
    /* What api must not know, wired by app. */
    void (*write_rejects)(void *self, size_t n_max, struct jsonw *json);
    void (*write_stats)(void *self, struct jsonw *json);
    bool (*flush)(void *self, struct err *err); /* everything on disk */
    /* Makes dir a copy of the data folder and tells of it in an object. err: ERR_INPUT and ERR_REFUSED
     * the folder, ERR_BUSY, ERR_IO. */
    bool (*snapshot)(void *self, const char *dir, struct jsonw *json, struct err *err);
    /* Registers series without points, and takes series out of the answers by tag until they are
     * registered or get points again. Canonical names, n of them. err: ERR_INPUT, ERR_LIMIT,
     * ERR_REFUSED (an event series), ERR_IO. */
    bool (*series_create)(void *self, const struct str *names, size_t n, struct err *err);
    bool (*series_hide)(void *self, const struct str *names, size_t n, struct err *err);
    /* Takes series away, and gives others new names (all or none of them). err: ERR_INPUT, ERR_MISSING,
     * ERR_LIMIT: nothing was done; ERR_IO: it was done, but is not safe. */
    bool (*series_delete)(void *self, const struct str *names, size_t n, struct err *err);
    bool (*series_rename)(void *self, const struct name_change *changes, size_t n, struct err *err);
    /* The channels of [announce NAME]: what they do, and a test message to one of them. err: ERR_MISSING
     * there is none of that name; others: what its peer had against it. */
    void (*announce_state)(void *self, struct jsonw *json);
    bool (*announce_test)(void *self, const char *channel, struct err *err);
    void *self;
};

MUST_CHECK struct api *api_new(const struct api_deps *deps);
void api_free(struct api *api);

struct api_stats {
    uint64_t n_denied;  /* no token, one that is not good, or one that may not */
    uint64_t n_limited; /* too many writes, too many new services */
};
void api_stats(const struct api *api, struct api_stats *out);
/* A change as every answer writes it, for those who tell of changes elsewhere. */
void api_write_change(struct jsonw *json, const struct change *change);

/* An http_handler: self is the struct api. */
void api_handle(void *self, const struct http_request *request, struct http_response *response);
/* And its http_is_quick: health checks and what else asks neither the store nor the ledger. */
bool api_is_quick(void *self, const struct http_request *request);
