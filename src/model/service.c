#include "model/service.h"

#include <string.h>

#include "base/str.h"
#include "model/change.h"

const char *service_slug(const char *name, struct arena *arena)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-/";
    char *slug = arena_strndup(arena, name, min_size(strlen(name), CHANGE_FIELD_MAX));
    size_t n = 0;
    text_lower(slug);
    for (const char *at = slug; *at; at++) {
        const bool is_allowed = strchr(allowed, *at) != NULL;
        if (is_allowed || (n > 0 && slug[n - 1] != '-'))
            slug[n++] = is_allowed ? *at : '-';
    }
    while (n > 0 && strchr("-./", slug[n - 1]))
        n--;
    slug[n] = '\0';
    return slug + strspn(slug, "./");
}
