/* Their names in our words: services, environments, people, addresses. Results are in the call's arena
 * and within the limits of a change's fields. */
#pragma once

#include "hooks/hooks.h"

/* The service of a sender's name: of the first glob in the settings that matches it, or else matches the
 * broader name (NULL: there is none); without one, the last part of the broader name, with '-' for what
 * no service may hold. NULL: the settings say "-", it is not to count. */
const char *place_service(const struct hook_call *call, const char *name, const char *broader);
/* The same, where what is called by no glob is called otherwise. */
const char *place_service_or(const struct hook_call *call, const char *name, const char *otherwise);
/* The environment by the settings; without one as it is, or otherwise (which may be NULL). */
const char *place_env(const struct hook_call *call, const char *env);
const char *place_env_or(const struct hook_call *call, const char *env, const char *otherwise);
/* Is a push to it a deploy? "refs/heads/main" is matched whole and as "main". */
bool place_is_deploy_ref(const struct hook_call *call, const char *ref);
/* Who: without the domain of an e-mail address, which is nobody's business. */
const char *place_person(const struct hook_call *call, const char *who);
/* Cut at a UTF-8 edge to what a field takes. */
const char *place_text(const struct hook_call *call, const char *text);
/* "" for what is not http(s) or too long to be kept whole. */
const char *place_url(const char *url);
/* The whole name of a revision, if the URL ends in one that begins with short_sha; else short_sha. */
const char *place_sha(const struct hook_call *call, const char *url, const char *short_sha);
/* The first line, in the arena. */
const char *place_first_line(const struct hook_call *call, const char *text);

/* err: ERR_INPUT, ERR_LIMIT. */
MUST_CHECK bool place_check_glob(const char *glob, struct arena *arena, struct err *err);
