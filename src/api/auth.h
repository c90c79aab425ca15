/* Who asks, and may they? call_admit (call.h) is asked before each route.
 *
 *   health, ping, version    anybody
 *   a token that is good     what its scopes say; any other one 401, or 403 where a scope is missing
 *   no token                 this machine, unless a proxy passed it on or a page of another site made a
 *                            browser send it: everything. [security] open-read: anybody may read.
 *                            A hook that checks signatures takes what is signed. Else 401.
 *
 * Pages of other sites change nothing: a browser's request that would is refused when it comes from one,
 * unless it has a token that no browser adds by itself. docs/security.md tells it to people. */
#pragma once

#include "api/call.h"

/* A token as it came. */
struct auth_token {
    const char *text;   /* NULL: none */
    bool is_remembered; /* by browsers, which send it whoever makes them ask: Basic */
};

/* From Authorization (Bearer, or Basic with the token as password), X-Plumb-Token, or token= in the query
 * where that is allowed. Basic with a password that is no token of ours counts as none: it was meant for
 * a proxy, or for what was here before. In the arena. */
struct auth_token auth_token_of(const struct http_request *request, bool may_be_in_query);

/* Is it a name for this machine that nobody can point here from elsewhere: localhost, an address, or the
 * host of url (NULL: none)? host as in a Host header. */
bool auth_is_own_host(const char *host, const char *url);
