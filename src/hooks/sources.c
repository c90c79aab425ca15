#include "hooks/sources.h"

#include <string.h>

#include "hooks/place.h"
#include "hooks/sign.h"

const struct hook_source *const hook_sources[] = {
    &source_alertmanager, &source_argocd,    &source_cdevents,
    &source_github,       &source_gitlab,    &source_jenkins,
    &source_launchdarkly, &source_pagerduty, &source_statuspage,
};
const size_t n_hook_sources = COUNT_OF(hook_sources);

const struct hook_source *hooks_find(const char *name)
{
    for (size_t i = 0; i < n_hook_sources; i++)
        if (strcmp(hook_sources[i]->name, name) == 0)
            return hook_sources[i];
    return NULL;
}

bool hooks_verify(const struct hook_source *source, const struct hook_call *call, struct err *err)
{
    return source->verify ? source->verify(call, err) : sign_bearer(call, err);
}

bool hooks_check_glob(const char *glob, struct err *err)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    return place_check_glob(glob, &arena, err);
}
