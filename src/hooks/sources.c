#include "hooks/sources.h"

#include <string.h>

#include "base/base.h"

const struct hook_source *const hook_sources[] = {
    &source_alertmanager, &source_argocd, &source_cdevents, &source_pagerduty, &source_statuspage,
};
const size_t n_hook_sources = COUNT_OF(hook_sources);

const struct hook_source *hooks_find(const char *name)
{
    for (size_t i = 0; i < n_hook_sources; i++)
        if (strcmp(hook_sources[i]->name, name) == 0)
            return hook_sources[i];
    return NULL;
}
