/* The sources' descriptors, a file each; the table is sources.c. */
#pragma once

#include "hooks/hooks.h"

extern const struct hook_source source_alertmanager;
extern const struct hook_source source_argocd;
extern const struct hook_source source_cdevents;
extern const struct hook_source source_github;
extern const struct hook_source source_gitlab;
extern const struct hook_source source_jenkins;
extern const struct hook_source source_launchdarkly;
extern const struct hook_source source_pagerduty;
extern const struct hook_source source_statuspage;
