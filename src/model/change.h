/* A change: one thing somebody did to a system, from the line that announced it to its end.
 * And the seam through which those who draw or weigh changes ask for them. */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "model/series.h"
#include "model/verdict.h"

enum change_kind {
    CHANGE_DEPLOY = 0,
    CHANGE_CONFIG,
    CHANGE_FLAG,
    CHANGE_INFRA,
    CHANGE_DATA,
    CHANGE_INCIDENT,
    CHANGE_THIRDPARTY,
    CHANGE_FREEZE,
    CHANGE_NOTE,
    CHANGE_KINDS
};

/* Did it finish? (Did it hurt? is the verdict, elsewhere.) In merging order: a later one wins. */
enum change_status {
    STATUS_UNKNOWN = 0,
    STATUS_PLANNED,
    STATUS_QUEUED,
    STATUS_RUNNING,
    STATUS_SUCCEEDED,
    STATUS_FAILED,
    STATUS_CANCELLED,
    CHANGE_STATUSES
};

enum {
    CHANGE_TEXT_MAX = 2048, /* msg; longer is cut at a UTF-8 edge and says so */
    CHANGE_FIELD_MAX = 255, /* every other field; longer is ERR_INPUT, with the field named */
    CHANGE_TAGS_MAX = 32,
    CHANGE_TELLINGS_MAX = 16,    /* further doors are not noted */
    CHANGE_DATA_MAX = 64 * 1024, /* data of a posted event; longer is ERR_INPUT */
};

/* Who told of a change, and by which key. */
struct telling {
    const char *source; /* line, http, events, cli, hook/github, ... */
    const char *key;    /* idempotency key, unique per source; "" without one */
};

/* Strings are "" when not known, never NULL. Times are milliseconds since 1970; 0: not known.
 * Owner: whoever filled it; strings usually live in that call's arena. */
struct change {
    const char *id;  /* ULID, given by the ledger */
    const char *key; /* of the first telling */
    enum change_kind kind;
    const char *action;  /* upgrade, rollback, toggle, ... */
    const char *service; /* [a-z0-9._/-]: "website", "web/checkout" */
    const char *env;     /* "production" when nobody said */
    const char *rev, *prev, *by, *msg, *url, *diff;
    int64_t start_ms;
    int64_t end_ms; /* 0: still running; a point has end = start */
    enum change_status status;
    const char *parent, *of; /* ids: its train or group; what it rolls back, fixes */
    const char *scope;       /* JSON text or "" */
    const char *old_value, *new_value;
    struct tag *tags;
    size_t n_tags;
    const char *source;   /* of the first telling */
    struct telling *also; /* the other doors it came through; the ledger's to say */
    size_t n_also;        /* at most CHANGE_TELLINGS_MAX */
    int64_t received_ms;  /* when */
    int64_t sent_ms;      /* the sender's clock when it told; 0: it did not say. Not kept */
    int64_t skew_ms;      /* their clock minus ours, when they sent theirs */
    int64_t ttl_ms;       /* open for longer than this: its end is lost. 0: the kind's own */
    double value;         /* of the plain line: 1, -1 rollback; else 1 */
    uint64_t seq;         /* its newest row in the ledger */
    uint64_t number;      /* its first: what clients with numbers for ids know it by */
    uint32_t n_edits;     /* times somebody corrected it; the ledger's to say */
    bool is_retracted;    /* somebody said it never was: hidden, but kept */
    bool is_posted;       /* came through /events/: msg is its what; tags have empty values */
    const char *data;     /* text that came with it, as sent; at most CHANGE_DATA_MAX */
    const struct verdict *verdict; /* the newest; NULL: not judged yet. The ledger's to say */
};

/* A change with every field at its "not known". */
struct change change_blank(void);

const char *change_kind_name(enum change_kind kind);
MUST_CHECK bool change_kind_parse(struct str text, enum change_kind *out);
/* All but a note, a freeze and an incident do. */
bool change_kind_needs_service(enum change_kind kind);
const char *change_status_name(enum change_status status);
MUST_CHECK bool change_status_parse(const char *text, enum change_status *out);

/* Is this canonical name that of a change line: events.<known kind>.<service>[;tags]? Cheap. */
bool change_name_is(struct str name);

/* The change that a plain line tells of, checked but for its times; strings in the arena.
 *   name   any spelling; the tags key, action, env, rev, prev, by, msg, url, diff, parent, of, old,
 *          new and status fill those fields, the others become tags
 *   value  1: a point that succeeded; -1: a rollback; 0: nothing (*out_is_nothing, *out untouched);
 *          else kept
 *   at_ms  as sent (already resolved from -1/N); start and end, but no end if the status tag says
 *          planned, queued or running
 *   err    ERR_INPUT: bad service, tag, status or value */
MUST_CHECK bool change_from_line(struct str name, double value, int64_t at_ms, struct arena *arena,
                                 struct change *out, bool *out_is_nothing, struct err *err);

/* Spreads tags over the fields that are named above; those without a field become the change's tags.
 * The strings are lent. err: ERR_INPUT, an unknown status. */
MUST_CHECK bool change_take_tags(struct change *change, const struct tag *tags, size_t n,
                                 struct arena *arena, struct err *err);

/* Checks and canonicalises what came from outside; doing it twice does no more. New strings and tags
 * are in the arena; on false the change is untouched. err: ERR_INPUT naming the field.
 *   service  lower-cased, no '/' or '.' at its ends; only a note, a freeze, an incident or a posted
 *            event may have none
 *   texts    control characters become blanks, lengths as above; msg (up to 64 KiB) and tags of a
 *            posted event stay as they came: whoever shows them must clean them
 *   times    s, ms, us and ns told apart by size; 2000 to 2106; not known: received is now, start
 *            is the end or else now; an end within the second before the start is the start */
MUST_CHECK bool change_check(struct change *change, int64_t now_ms, struct arena *arena,
                             struct err *err);

/* "events.deploy.website": the series that shows it ('/' in a service is '.' there), canonical. ""
 * for a change without a service. */
const char *change_series_name(const struct change *change, struct arena *arena);

/* One more tag, in a list of its own in the arena. There must be room: CHANGE_TAGS_MAX. */
void change_add_tag(struct change *change, struct tag tag, struct arena *arena);

/* Is it under way: begun, or about to, and without an end? */
bool change_is_open(const struct change *change);

/* What to list. Zero or NULL: no condition. */
struct change_query {
    int64_t from_ms, until_ms; /* start in from <= start < until; 0, 0: ever */
    const char *service;       /* exact, or a prefix followed by '/' */
    int kind;                  /* enum change_kind, or -1: all */
    int status;                /* enum change_status + 1; 0: all */
    const char *env, *by;      /* exact */
    const char
        *text;   /* words that must all occur in its texts; a word that ends in * is a beginning */
    int verdict; /* enum verdict_state + 1; 0: all */
    bool with_retracted;
    const char *const *tags; /* posted events' and change tags */
    size_t n_tags;
    bool any_tag; /* one is enough; else all must be there */
    bool only_posted;
    bool oldest_first;
    size_t n_max; /* 0: the reader's limit */
};

struct change_list {
    struct change *items;
    size_t n, cap;
};

struct changes_ops {
    bool (*list)(void *self, const struct change_query *query, struct arena *arena,
                 struct change_list *out, struct err *err);
    /* Those that were told of, or told more of, after row after_seq: as they now are, by their newest
     * row, at most n_max. Retracted ones too. For followers: go on from the last one's seq. */
    bool (*since)(void *self, uint64_t after_seq, size_t n_max, struct arena *arena,
                  struct change_list *out, struct err *err);
    /* One, by its id or a unique beginning of it. err: ERR_MISSING, ERR_INPUT. */
    bool (*get)(void *self, const char *id, struct arena *arena, struct change *out,
                struct err *err);
    /* The number of the newest row. */
    uint64_t (*last_seq)(void *self);
};

/* Changes, for those who read them. Thread: any. */
struct changes {
    const struct changes_ops *ops;
    void *self;
};
