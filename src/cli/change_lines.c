#include "cli/change_lines.h"

#include <string.h>

#include "model/glob.h"

#define INFINITE "drawAsInfinite("
#define EVENTS   "events."

/* What stands in the innermost drawAsInfinite(...) when that is the name or pattern of event
 * series, else NULL. */
static const char *pattern_of(const char *target, struct arena *arena)
{
    const char *at = strstr(target, INFINITE);
    at += sizeof INFINITE - 1;
    at += strspn(at, " ");
    const size_t n = strcspn(at, "() \"'");
    if (at[n + strspn(at + n, " ")] != ')' || !text_starts(at, EVENTS))
        return NULL;
    return arena_strndup(arena, at, n);
}

struct change_lines change_lines_sort(const char *const *targets, size_t n, struct arena *arena)
{
    struct change_lines lines = {
        .plain = arena_array(arena, n, const char *),
        .patterns = arena_array(arena, n, const char *),
        .infinite = arena_array(arena, n, const char *),
    };
    for (size_t i = 0; i < n; i++) {
        const bool is_infinite = strstr(targets[i], INFINITE) != NULL;
        const char *pattern = is_infinite ? pattern_of(targets[i], arena) : NULL;
        if (pattern)
            lines.patterns[lines.n_patterns++] = pattern;
        else if (is_infinite)
            lines.infinite[lines.n_infinite++] = targets[i];
        else
            lines.plain[lines.n_plain++] = targets[i];
    }
    return lines;
}

static bool is_wanted(const struct change *change, const struct glob_path *paths, size_t n,
                      struct arena *arena)
{
    const char *name = change_series_name(change, arena);
    for (size_t i = 0; i < n && name[0]; i++)
        if (glob_path_match(&paths[i], name))
            return true;
    return false;
}

bool change_lines_pick(const struct change_lines *lines, const struct change_list *changes,
                       struct arena *arena, struct change_lines_out *out, struct err *err)
{
    struct glob_path *paths = arena_array(arena, lines->n_patterns, struct glob_path);
    for (size_t i = 0; i < lines->n_patterns; i++)
        if (!glob_path_compile(lines->patterns[i], arena, &paths[i], err))
            return false;
    const bool takes_all = !lines->n_patterns && !lines->n_infinite;
    struct chart_change *all = chart_changes(changes, arena);
    *out = (struct change_lines_out){all, 0};
    for (size_t i = 0; i < changes->n; i++)
        if (takes_all ||
            is_wanted(&changes->items[changes->n - 1 - i], paths, lines->n_patterns, arena))
            all[out->n++] = all[i];
    return true;
}
