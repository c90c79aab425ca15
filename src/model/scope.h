/* What a token may do: a list of scopes.
 *
 *   read                          ask for anything
 *   write                         record any change (but a freeze)
 *   write:deploy                  of one kind
 *   write:deploy:website          of one service; * stands for any text, ? for one character
 *   write:*:web-*                 of any kind
 *   edit, freeze                  correct and retract; freeze and thaw
 *   hook, hook:NAME               deliver to every hook, to one
 *   admin                         everything
 *
 * Pure; thread: any. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "model/change.h"

enum {
    SCOPES_MAX = 32,
    SCOPES_TEXT_MAX = 2048, /* of a list, as it is written */
};

enum scope_kind {
    SCOPE_READ = 0,
    SCOPE_WRITE,
    SCOPE_EDIT,
    SCOPE_FREEZE,
    SCOPE_HOOK,
    SCOPE_ADMIN,
    SCOPE_KINDS
};

struct scope {
    enum scope_kind kind;
    int change_kind;  /* of SCOPE_WRITE: enum change_kind, or -1: any */
    const char *name; /* glob of the service, name of the hook; "*": any */
};

struct scopes {
    struct scope items[SCOPES_MAX];
    size_t n;
};

/* Scopes with commas or blanks between them; names in the arena.
 *   err  ERR_INPUT: the scope that is none, and in the hint all there are */
MUST_CHECK bool scope_parse(const char *text, struct arena *arena, struct scopes *out,
                            struct err *err);
/* The same list with commas; reading it gives the same scopes. */
void scope_format(const struct scopes *scopes, struct buf *out);

/* Some scope of that kind, whatever it is limited to; admin is of every kind. */
bool scope_has(const struct scopes *scopes, enum scope_kind kind);
/* May it record that? The service as change_check leaves it. */
bool scope_may_write(const struct scopes *scopes, enum change_kind kind, const char *service);
bool scope_may_deliver(const struct scopes *scopes, const char *hook);

const char *scope_kind_name(enum scope_kind kind);
