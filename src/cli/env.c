#include "cli/env.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

const char *env_get(const char *name)
{
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): see the header */
    return value && value[0] ? value : NULL;
}

static bool starts_with_any(const char *text, const char *const *prefixes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text_starts(text, prefixes[i]))
            return true;
    return false;
}

bool env_has_prefix(const char *prefix, const char *const *but, size_t n)
{
    for (char **entry = environ; *entry; entry++)
        if (text_starts(*entry, prefix) && !starts_with_any(*entry, but, n))
            return true;
    return false;
}
