#include "cli/origin.h"

#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cli/env.h"
#include "cli/git_here.h"
#include "model/change.h"
#include "os/child.h"

enum {
    GIT_MS_MAX = 300, /* git answers in 5; a dead network disk must not hold up a deploy */
    GIT_BYTES_MAX = 1024,
};

/* git's answer without the line's end; "" when there is none. */
static const char *ask_git(const char *const *argv, struct arena *arena)
{
    CLEANUP(buf_done) struct buf said;
    buf_init(&said, GIT_BYTES_MAX);
    int code;
    struct err err;
    if (!child_read(argv, GIT_MS_MAX, &said, &code, &err) || code != 0)
        return "";
    const struct str line = str_trim(str_make(buf_text(&said), said.n));
    return arena_strndup(arena, line.at, line.n);
}

/* At most what a field takes, cut between characters. */
static const char *cut(const char *text, struct arena *arena)
{
    size_t n = strlen(text);
    if (n <= CHANGE_FIELD_MAX)
        return text;
    n = CHANGE_FIELD_MAX;
    while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    return arena_strndup(arena, text, n);
}

const char *origin_by(struct arena *arena)
{
    const char *given = env_get("PLUMB_BY");
    if (given)
        return cut(given, arena);
    static const char *const config[] = {"git", "config", "user.name", NULL};
    const char *name;
    if (!git_here_name(arena, &name))
        name = ask_git(config, arena);
    if (name[0])
        return cut(name, arena);
    const char *user = env_get("USER");
    return user ? cut(user, arena) : "";
}

const char *origin_rev(struct arena *arena)
{
    static const char *const head[] = {"git",     "rev-parse", "--is-inside-work-tree",
                                       "--short", "HEAD",      NULL};
    static const char yes[] = "true\n";
    const char *rev;
    if (git_here_rev(arena, &rev))
        return rev;
    const char *said = ask_git(head, arena);
    if (!text_starts(said, yes))
        return "";
    rev = said + sizeof yes - 1;
    const size_t n = strlen(rev);
    return n >= 4 && n <= 64 && strspn(rev, "0123456789abcdef") == n ? rev : "";
}
