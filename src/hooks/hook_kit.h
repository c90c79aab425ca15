/* What the sources' tests share: a payload file in, the changes as text out. */
#pragma once

#include "base/buf.h"
#include "hooks/sources.h"
#include "kit/kit.h"

/* 2026-11-22 14:00 UTC */
#define HOOK_KIT_NOW_MS INT64_C(1795356000000)

/* The repo's tests/golden/hooks/<file>, with `from` in it replaced by `to` wherever it is (NULL: not). */
static inline const char *hook_kit_read(const char *file, const char *from, const char *to)
{
    size_t n;
    const char *text = kit_read(arena_printf(&kit_arena, "tests/golden/hooks/%s", file), &n);
    if (!from)
        return text;
    struct buf out;
    buf_init(&out, 1 << 20);
    const char *at;
    EXPECT(strstr(text, from) != NULL);
    while ((at = strstr(text, from))) {
        buf_add(&out, text, (size_t)(at - text));
        buf_add_str(&out, to);
        text = at + strlen(from);
    }
    buf_add_str(&out, text);
    const char *copy = arena_strdup(&kit_arena, buf_text(&out));
    buf_done(&out);
    return copy;
}

/* A delivery of the body alone. */
static inline struct hook_call hook_kit_call(const struct hook_settings *settings, const char *body)
{
    return (struct hook_call){.body = body,
                              .n_body = strlen(body),
                              .now_ms = HOOK_KIT_NOW_MS,
                              .settings = settings,
                              .arena = &kit_arena};
}

static inline bool hook_kit_deliver(const struct hook_source *source,
                                    const struct hook_settings *settings, const char *body,
                                    struct hook_result *out)
{
    const struct hook_call call = hook_kit_call(settings, body);
    return source->read(&call, out, &kit_err);
}

static inline void hook_kit_line(struct buf *out, const char *key, const char *value)
{
    if (value[0])
        buf_printf(out, "  %s: %s\n", key, value);
}

static inline void hook_kit_change(struct buf *out, const struct change *change)
{
    buf_printf(out, "%s %s %s\n", change_kind_name(change->kind),
               change->service[0] ? change->service : "(no service)",
               change_status_name(change->status));
    const char *const fields[][2] = {
        {"source", change->source}, {"key", change->key},       {"action", change->action},
        {"env", change->env},       {"rev", change->rev},       {"prev", change->prev},
        {"by", change->by},         {"msg", change->msg},       {"url", change->url},
        {"diff", change->diff},     {"old", change->old_value}, {"new", change->new_value},
    };
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        hook_kit_line(out, fields[i][0], fields[i][1]);
    buf_printf(out, "  start: %lld\n  end: %lld\n", (long long)change->start_ms,
               (long long)change->end_ms);
    for (size_t i = 0; i < change->n_tags; i++)
        buf_printf(out, "  tag %s: %s\n", change->tags[i].key, change->tags[i].value);
}

/* The result as text. The changes must pass the ledger's check. */
static inline const char *hook_kit_text(const struct hook_result *result)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    buf_printf(&out, "%s: %s%s%s\n", result->event,
               result->fate == HOOK_TAKEN ? "taken" : "ignored", result->reason[0] ? ", " : "",
               result->reason);
    hook_kit_line(&out, "delivery", result->delivery);
    for (size_t i = 0; i < result->n_changes; i++) {
        hook_kit_change(&out, &result->changes[i]);
        EXPECT_OK(change_check(&result->changes[i], HOOK_KIT_NOW_MS, &kit_arena, &kit_err));
    }
    for (size_t i = 0; i < result->commits.n; i++) {
        const struct commit *commit = &result->commits.items[i];
        buf_printf(&out, "commit %s %.10s %lld%s %s\n", commit->service, commit->sha,
                   (long long)commit->at_ms, commit->is_merge ? " merge" : "", commit->title);
    }
    const char *copy = arena_strdup(&kit_arena, buf_text(&out));
    buf_done(&out);
    return copy;
}

/* What becomes of it, against tests/golden/hooks/<source>/<row>.txt. */
static inline void hook_kit_golden(const struct hook_source *source,
                                   const struct hook_settings *settings, const char *row,
                                   const char *body)
{
    struct hook_result result;
    err_clear(&kit_err);
    EXPECT_OK(hook_kit_deliver(source, settings, body, &result));
    if (kit_err.kind)
        return;
    const char *text = hook_kit_text(&result);
    EXPECT_GOLDEN(arena_printf(&kit_arena, "hooks/%s/%s.txt", source->name, row), text,
                  strlen(text));
    EXPECT(!strstr(text, "hunter2") && !strstr(text, "sesame") && !strstr(text, "@example"));
}
