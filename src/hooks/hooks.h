/* What other programs' webhooks tell, as changes. A file per source, one table (sources.c). Pure: bytes
 * and headers in, changes out; no sockets, no clock, no ledger.
 * Thread: any; everything it returns lives in the call's arena. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "model/change.h"
#include "model/commit.h"

struct hook_header {
    const char *key, *value;
};

/* From [hook NAME] in plumb.conf, and lent. Everything has a working default. */
struct hook_settings {
    const char *const *secrets; /* any of them will do, so that they can be changed one by one */
    size_t n_secrets;           /* 0: nothing is checked (loopback, or a token did that) */
    const struct tag *services; /* glob of the sender's name → service: "acme/web-*" = "web" */
    size_t n_services;          /* what none of them matches: the last part of the sender's name */
    const struct tag *envs;     /* the sender's environment → ours: "prod" = "production" */
    size_t n_envs;
    const char *push_refs; /* globs of refs, blank-separated: a push there is a deploy; "" none */
    bool with_previews;    /* transient environments (one per pull request) count, too */
};

struct hook_call {
    const struct hook_header *headers; /* names in any case */
    size_t n_headers;
    const char *body; /* exactly as it came; ended by NUL */
    size_t n_body;
    const char
        *payload;      /* of a form (GitHub sends one when not told otherwise): its field payload=,
                            decoded; NULL: the body is the JSON itself */
    const char *token; /* ?token= or what follows the name in the path; NULL or "": none */
    int64_t now_ms;
    const struct hook_settings *settings;
    struct arena *arena;
};

enum hook_fate {
    HOOK_TAKEN,
    HOOK_IGNORED, /* understood, but not a change; reason says why */
};

struct hook_result {
    enum hook_fate fate;
    const char *reason; /* of HOOK_IGNORED; never NULL */
    const char *event;  /* what the source calls it: "deployment_status success"; never NULL */
    const char
        *delivery; /* the source's number of this one, the same when it is sent again; or "": what
                             has been taken once is not taken again */
    struct change *changes; /* not checked yet; source and key are set */
    size_t n_changes, cap;  /* cap: how many there is room for */
    struct commit_list commits;
};

struct hook_source {
    const char *name;  /* "github": /hook/github/<name> */
    const char *about; /* one line: what to set up over there */
    /* Is it from whom it says? Over the exact bytes, in constant time. err: ERR_REFUSED, with what was
     * missing or did not fit (never the secret), and a hint. Only called with secrets. NULL: the source
     * cannot sign; the secret comes as a token, see hooks_verify. */
    bool (*verify)(const struct hook_call *call, struct err *err);
    /* err: ERR_INPUT, what and where; *out is as it was. */
    bool (*read)(const struct hook_call *call, struct hook_result *out, struct err *err);
};

extern const struct hook_source *const hook_sources[]; /* by name */
extern const size_t n_hook_sources;
const struct hook_source *hooks_find(const char *name); /* NULL: none */
/* The source's own check; of a source that cannot sign: is the token, or "Authorization: Bearer", one of
 * the secrets? err: as verify. */
MUST_CHECK bool hooks_verify(const struct hook_source *source, const struct hook_call *call,
                             struct err *err);

/* One [hook SOURCE/NAME] of plumb.conf. Lent. */
struct hook {
    const struct hook_source *source;
    const char *name;
    struct hook_settings settings;
};
/* Can this be a glob of services, envs or push-refs? err: ERR_INPUT, ERR_LIMIT. */
MUST_CHECK bool hooks_check_glob(const char *glob, struct err *err);
