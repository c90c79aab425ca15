/* For the sources' tests: one delivery, and a change as a line. Only tests include this. */
#pragma once

#include <stdio.h>

#include "base/tz.h"
#include "hooks/sources.h"
#include "kit/kit.h"

enum { SOURCE_KIT_FIELDS_MAX = 8 };

/* What a delivery is made of beside its body; zeroed: nothing. */
struct source_kit {
    struct hook_header headers[SOURCE_KIT_FIELDS_MAX];
    struct tag services[SOURCE_KIT_FIELDS_MAX], envs[SOURCE_KIT_FIELDS_MAX];
    const char *secrets[SOURCE_KIT_FIELDS_MAX];
};

static inline struct hook_settings source_kit_settings(const struct source_kit *kit)
{
    struct hook_settings settings = {
        .secrets = kit->secrets, .services = kit->services, .envs = kit->envs, .push_refs = ""};
    while (settings.n_secrets < SOURCE_KIT_FIELDS_MAX && kit->secrets[settings.n_secrets])
        settings.n_secrets++;
    while (settings.n_services < SOURCE_KIT_FIELDS_MAX && kit->services[settings.n_services].key)
        settings.n_services++;
    while (settings.n_envs < SOURCE_KIT_FIELDS_MAX && kit->envs[settings.n_envs].key)
        settings.n_envs++;
    return settings;
}

static inline struct hook_call source_kit_call(const struct source_kit *kit,
                                               const struct hook_settings *settings,
                                               const char *body)
{
    struct hook_call call = {.headers = kit->headers,
                             .body = body,
                             .n_body = strlen(body),
                             .now_ms = kit_now_us / 1000,
                             .settings = settings,
                             .arena = &kit_arena};
    while (call.n_headers < SOURCE_KIT_FIELDS_MAX && kit->headers[call.n_headers].key)
        call.n_headers++;
    return call;
}

static inline bool source_kit_read(const struct hook_source *source, const struct source_kit *kit,
                                   const char *body, struct hook_result *out)
{
    const struct hook_settings settings = source_kit_settings(kit);
    const struct hook_call call = source_kit_call(kit, &settings, body);
    return source->read(&call, out, &kit_err);
}

static inline const char *source_kit_time(int64_t ms)
{
    char text[40];
    if (!ms)
        return "-";
    tz_format(tz_utc(), ms / 1000, "%m-%dT%H:%M:%S", text, sizeof text);
    return arena_strdup(&kit_arena, text);
}

/* What everybody looks at, then the key; a change that change_check refuses is told by its reason. */
static inline const char *source_kit_line(const struct change *change)
{
    struct change c = *change;
    if (!change_check(&c, kit_now_us / 1000, &kit_arena, &kit_err))
        return arena_strdup(&kit_arena, kit_err.text);
    return arena_printf(&kit_arena, "%s%s%s %s %s %s %s %s..%s %s [%s]", change_kind_name(c.kind),
                        c.action[0] ? "/" : "", c.action, c.service[0] ? c.service : "-", c.env,
                        c.rev[0] ? c.rev : "-", change_status_name(c.status),
                        source_kit_time(c.start_ms), source_kit_time(c.end_ms),
                        c.by[0] ? c.by : "-", c.key);
}

static inline const char *source_kit_tag(const struct change *change, const char *key)
{
    for (size_t i = 0; i < change->n_tags; i++)
        if (strcmp(change->tags[i].key, key) == 0)
            return change->tags[i].value;
    return "";
}

/* tests/golden/hooks/<path> */
static inline const char *source_kit_file(const char *path)
{
    size_t n;
    return kit_read(arena_printf(&kit_arena, "tests/golden/hooks/%s", path), &n);
}
