/* One request on its way through a route, and how routes answer. One render thread. */
#pragma once

#include "api/api.h"
#include "model/scope.h"

struct api {
    struct api_deps deps;
    struct hook_log *hook_log;
    struct limits *limits;
};

/* Who asks; auth.c says. */
struct caller {
    bool is_here;                /* on this machine, and not through a proxy */
    bool is_trusted;             /* may do everything without a token */
    const char *token;           /* its name; NULL: none was sent */
    const struct scopes *scopes; /* of the token */
    uint64_t limit_id;           /* whose writing is counted; 0: nobody's */
};

struct api_call {
    const struct api *api;
    const struct http_request *request;
    struct http_response *response;
    struct arena *arena;
    const char *rest; /* of a prefix route: what follows the prefix, without a leading '/' */
    struct caller caller;
    bool is_hook;   /* what the hook makes of it may be recorded, whatever service it names */
    bool is_denied; /* the refusal is for want of a right: JSON says so */
    int64_t retry_after_s; /* set with ERR_BUSY: the caller, not the server, has to slow down */
};

/* A route's work. On false the error is answered by call_fail. */
typedef bool (*call_run)(struct api_call *call, struct err *err);

enum route_flags {
    ROUTE_PREFIX = 1, /* path is followed by '/' and more */
    ROUTE_READ = 2,   /* Graphite's, changes nothing: what pages of [http] cors may ask */
    ROUTE_QUICK = 4,  /* a text or a table: not worth a render thread */
};

/* What a caller must be allowed to do. A GET of a route that also writes needs RIGHT_READ only. */
enum right {
    RIGHT_NONE = 0, /* anybody: is it alive? */
    RIGHT_READ,
    RIGHT_WRITE,  /* record changes; of which kind and service is checked where they are recorded */
    RIGHT_EDIT,   /* correct, retract */
    RIGHT_FREEZE, /* freeze and thaw */
    RIGHT_HOOK,   /* deliver to a hook, which checks signatures itself */
    RIGHT_ADMIN,  /* tokens, purge, deleting series, snapshots */
};

struct route {
    const char *methods; /* "GET POST", blank-separated; HEAD goes with GET */
    const char *path;    /* without a trailing slash; requests may have one */
    unsigned flags;      /* of enum route_flags */
    enum right right;
    call_run run;
};

/* auth.c: before each route. Fills in call->caller. False: it has been answered. */
MUST_CHECK bool call_admit(struct api_call *call, const struct route *route);

extern const struct route api_routes[];
extern const size_t n_api_routes;

/* ---- parameters ---- */
/* NULL: not given. Given twice, the last counts, as in Graphite. */
const char *call_param(const struct api_call *call, const char *key);
bool call_flag(const struct api_call *call, const char *key); /* given, not empty, not 0 */
MUST_CHECK bool call_param_int(const struct api_call *call, const char *key, int64_t fallback,
                               int64_t *out, struct err *err);
/* tz= or the server's; an unknown one is the server's, as in Graphite. */
const struct tz *call_zone(const struct api_call *call);
int64_t call_clock_s(const struct api_call *call);
/* Is the client still there? What only reads need not be done for one that is not. err: ERR_BUSY. */
MUST_CHECK bool call_is_awaited(const struct api_call *call, struct err *err);

/* ---- answers ---- */
/* A JSON body: pretty= indents, jsonp= wraps; call_json_end finishes what call_json began.
 * err: ERR_INPUT for a jsonp name that is no name. */
MUST_CHECK bool call_json(struct api_call *call, struct jsonw *json, struct err *err);
void call_json_end(struct api_call *call);
void call_text_answer(struct api_call *call, const char *content_type, const char *text);
/* An error as text, or as JSON where Accept asks for it. hint: "" for none. Control characters, which a
 * request may have put into the text, become blanks. */
void call_refuse(struct api_call *call, int status, const char *text, const char *hint);
/* The one place where kinds of errors become status codes. */
void call_fail(struct api_call *call, const struct err *err);
