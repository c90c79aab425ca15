#include "model/scope.h"

#include <string.h>

const char *scope_kind_name(enum scope_kind kind)
{
    static const char *const names[SCOPE_KINDS] = {"read",   "write", "edit",
                                                   "freeze", "hook",  "admin"};
    return names[kind];
}

static bool fail(struct str text, const char *why, struct err *err)
{
    err_set(err, ERR_INPUT, "'%.*s' is no scope: %s", (int)min_size(text.n, 100), text.at, why);
    err_hint(err, "read, write, write:KIND, write:KIND:SERVICE (either may be *), edit, freeze, "
                  "hook, hook:NAME, admin; with commas between them");
    return false;
}

static bool is_made_of(struct str text, const char *allowed)
{
    for (size_t i = 0; i < text.n; i++)
        if (!text.at[i] || !strchr(allowed, text.at[i]))
            return false;
    return text.n > 0;
}

/* What follows "write": a kind, perhaps a service. */
static bool parse_write(struct str text, struct str rest, struct arena *arena, struct scope *scope,
                        struct err *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._/-*?";
    struct str kind;
    enum change_kind parsed = CHANGE_NOTE;
    (void)str_split(&rest, ':', &kind);
    const bool is_any = str_is(kind, "*");
    if (!is_any && !change_kind_parse(kind, &parsed))
        return fail(text, "there is no such kind of change", err);
    if (!is_any && parsed == CHANGE_FREEZE)
        return fail(text, "to freeze is a scope of its own, freeze", err);
    if (!is_any)
        scope->change_kind = (int)parsed;
    if (!rest.at)
        return true;
    char *service = arena_strndup(arena, rest.at, rest.n);
    text_lower(service);
    scope->name = service;
    return is_made_of(str_of(service), allowed) ||
           fail(text, "a service is of a-z 0-9 . _ / - and here * ?", err);
}

static bool parse_hook(struct str text, struct str rest, struct arena *arena, struct scope *scope,
                       struct err *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._/-";
    scope->name = arena_strndup(arena, rest.at, rest.n);
    return is_made_of(rest, allowed) ||
           fail(text, "a hook's name is of letters, digits . _ / -", err);
}

static bool parse_one(struct str text, struct arena *arena, struct scope *out, struct err *err)
{
    struct str rest = text, word;
    (void)str_split(&rest, ':', &word);
    struct scope scope = {.kind = SCOPE_KINDS, .change_kind = -1, .name = "*"};
    for (int i = 0; i < SCOPE_KINDS; i++)
        if (str_is(word, scope_kind_name((enum scope_kind)i)))
            scope.kind = (enum scope_kind)i;
    if (scope.kind == SCOPE_KINDS)
        return fail(text, "it begins with none of their names", err);
    *out = scope;
    if (!rest.at)
        return true;
    if (scope.kind == SCOPE_WRITE)
        return parse_write(text, rest, arena, out, err);
    if (scope.kind == SCOPE_HOOK)
        return parse_hook(text, rest, arena, out, err);
    return fail(text, "nothing may follow its name", err);
}

bool scope_parse(const char *text, struct arena *arena, struct scopes *out, struct err *err)
{
    static const char between[] = ", \t\r\n";
    struct scopes scopes = {.n = 0};
    if (strlen(text) > SCOPES_TEXT_MAX)
        return FAIL(err, ERR_INPUT, "a list of scopes has at most %d bytes", SCOPES_TEXT_MAX);
    for (text += strspn(text, between); *text; text += strspn(text, between)) {
        const struct str one = str_make(text, strcspn(text, between));
        if (scopes.n == SCOPES_MAX)
            return FAIL(err, ERR_INPUT, "a token has at most %d scopes", SCOPES_MAX);
        if (!parse_one(one, arena, &scopes.items[scopes.n], err))
            return false;
        scopes.n++;
        text += one.n;
    }
    if (!scopes.n)
        return fail(str_of(""), "nothing is given", err);
    *out = scopes;
    return true;
}

void scope_format(const struct scopes *scopes, struct buf *out)
{
    for (size_t i = 0; i < scopes->n; i++) {
        const struct scope *scope = &scopes->items[i];
        const bool has_name = strcmp(scope->name, "*") != 0;
        buf_printf(out, "%s%s", i ? "," : "", scope_kind_name(scope->kind));
        if (scope->kind == SCOPE_WRITE && (has_name || scope->change_kind >= 0))
            buf_printf(out, ":%s",
                       scope->change_kind < 0
                           ? "*"
                           : change_kind_name((enum change_kind)scope->change_kind));
        if (has_name)
            buf_printf(out, ":%s", scope->name);
    }
}

/* Goes back only to the last *: at most glob times text steps. */
static bool matches(const char *glob, const char *text)
{
    const char *star = NULL, *from = NULL;
    while (*text) {
        if (*glob == '*') {
            star = glob++;
            from = text;
        } else if (*glob == '?' || *glob == *text) {
            glob++;
            text++;
        } else if (star) {
            glob = star + 1;
            text = ++from;
        } else {
            return false;
        }
    }
    return glob[strspn(glob, "*")] == '\0';
}

bool scope_has(const struct scopes *scopes, enum scope_kind kind)
{
    for (size_t i = 0; i < scopes->n; i++)
        if (scopes->items[i].kind == kind || scopes->items[i].kind == SCOPE_ADMIN)
            return true;
    return false;
}

bool scope_may_write(const struct scopes *scopes, enum change_kind kind, const char *service)
{
    if (kind == CHANGE_FREEZE)
        return scope_has(scopes, SCOPE_FREEZE);
    for (size_t i = 0; i < scopes->n; i++) {
        const struct scope *scope = &scopes->items[i];
        const bool is_kind = scope->change_kind < 0 || scope->change_kind == (int)kind;
        if (scope->kind == SCOPE_ADMIN)
            return true;
        if (scope->kind == SCOPE_WRITE && is_kind && matches(scope->name, service))
            return true;
    }
    return false;
}

bool scope_may_deliver(const struct scopes *scopes, const char *hook)
{
    for (size_t i = 0; i < scopes->n; i++) {
        const struct scope *scope = &scopes->items[i];
        const bool is_name = strcmp(scope->name, "*") == 0 || strcmp(scope->name, hook) == 0;
        if (scope->kind == SCOPE_ADMIN || (scope->kind == SCOPE_HOOK && is_name))
            return true;
    }
    return false;
}
