/* What arrives at /hook/SOURCE: a line "SOURCE EVENT", then the body, with each of two settings. Any body is
 * refused with a reason, ignored with one, or is changes and commits within what the ledger can check. */
#include "hooks/hooks.h"

#include <string.h>

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const struct tag services[] = {{"*/skip", "-"}, {"acme/*", "acme"}};
static const char *const secrets[] = {"a", "whsec_YQ=="};
static const struct hook_settings settings[] = {
    {.secrets = secrets, .n_secrets = 2, .push_refs = ""},
    {.secrets = secrets,
     .n_secrets = 2,
     .services = services,
     .n_services = 2,
     .push_refs = "main refs/tags/*",
     .with_previews = true},
};

static void check(const struct hook_result *result, struct arena *arena)
{
    BUG_IF(!result->event || !result->reason || !result->delivery);
    const bool is_empty = result->n_changes == 0 && result->commits.n == 0;
    BUG_IF(is_empty != (result->fate == HOOK_IGNORED));
    BUG_IF(is_empty && !result->reason[0]);
    for (size_t i = 0; i < result->n_changes; i++) {
        struct err err;
        struct change change = result->changes[i];
        BUG_IF(!text_starts(change.source, "hook/") || !change.key[0]);
        BUG_IF(change.n_tags > CHANGE_TAGS_MAX);
        if (!change_check(&change, INT64_C(1700000000000), arena, &err))
            BUG_IF(err.kind != ERR_INPUT);
    }
    for (size_t i = 0; i < result->commits.n; i++)
        BUG_IF(!result->commits.items[i].sha[0] ||
               strlen(result->commits.items[i].title) > CHANGE_FIELD_MAX);
}

static void deliver(const struct hook_source *source, const struct hook_call *call)
{
    struct hook_result result;
    struct err err;
    if (source->read(call, &result, &err))
        check(&result, call->arena);
    else
        BUG_IF(err.kind != ERR_INPUT || !err.text[0]);
    if (!hooks_verify(source, call, &err))
        BUG_IF(err.kind != ERR_REFUSED);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena;
    arena_init(&arena);
    const char *text = arena_strndup(&arena, (const char *)bytes, n);
    struct str rest = str_make(text, n), line, name;
    (void)str_split(&rest, '\n', &line);
    (void)str_split(&line, ' ', &name);
    const struct hook_source *source = hooks_find(arena_strndup(&arena, name.at, name.n));
    const char *body = arena_strndup(&arena, rest.at ? rest.at : "", rest.n);
    const struct hook_header headers[] = {
        {"X-GitHub-Event", arena_strndup(&arena, line.at ? line.at : "", line.n)},
        {"X-Hub-Signature-256", body},
        {"X-LD-Signature", body},
        {"X-PagerDuty-Signature", body},
        {"ce-id", "1"},
        {"webhook-id", "1"},
        {"webhook-timestamp", "1700000000"},
        {"webhook-signature", body}};
    for (size_t i = 0; source && i < COUNT_OF(settings); i++)
        deliver(source, &(struct hook_call){.headers = headers,
                                            .n_headers = COUNT_OF(headers),
                                            .body = body,
                                            .n_body = rest.n,
                                            .token = body,
                                            .now_ms = INT64_C(1700000000000),
                                            .settings = &settings[i],
                                            .arena = &arena});
    arena_done(&arena);
    return 0;
}
