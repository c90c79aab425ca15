/* Each source's descriptor, beside its code. Internal to hooks/. */
#pragma once

#include "hooks/hooks.h"

extern const struct hook_source source_alertmanager, source_argocd, source_cdevents,
    source_pagerduty, source_statuspage;
