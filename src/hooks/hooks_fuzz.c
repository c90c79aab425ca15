/* What arrives at /hook/SOURCE: the first byte chooses the source, the second the event and settings, the
 * rest is the body. Whatever is taken is found whole, and within what the ledger can check. */
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
    BUG_IF(result->fate == HOOK_IGNORED && (result->n_changes || result->commits.n));
    for (size_t i = 0; i < result->n_changes; i++) {
        struct err err;
        BUG_IF(!text_starts(result->changes[i].source, "hook/"));
        BUG_IF(result->changes[i].n_tags > CHANGE_TAGS_MAX);
        if (!change_check(&result->changes[i], INT64_C(1700000000000), arena, &err))
            BUG_IF(err.kind != ERR_INPUT);
    }
    for (size_t i = 0; i < result->commits.n; i++)
        BUG_IF(!result->commits.items[i].sha[0] ||
               strlen(result->commits.items[i].title) > CHANGE_FIELD_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char *const events[] = {"deployment", "deployment_status", "push", "release"};
    if (n < 2)
        return 0;
    struct arena arena;
    arena_init(&arena);
    char *body = arena_strndup(&arena, (const char *)bytes + 2, n - 2);
    const struct hook_header headers[] = {{"X-GitHub-Event", events[bytes[1] % COUNT_OF(events)]},
                                          {"X-Hub-Signature-256", body},
                                          {"X-LD-Signature", body},
                                          {"webhook-id", "1"},
                                          {"webhook-timestamp", "1700000000"},
                                          {"webhook-signature", body}};
    const struct hook_call call = {.headers = headers,
                                   .n_headers = COUNT_OF(headers),
                                   .body = body,
                                   .n_body = n - 2,
                                   .token = body,
                                   .now_ms = INT64_C(1700000000000),
                                   .settings = &settings[bytes[1] / 128],
                                   .arena = &arena};
    const struct hook_source *source = hook_sources[bytes[0] % n_hook_sources];
    struct hook_result result;
    struct err err;
    if (source->read(&call, &result, &err))
        check(&result, &arena);
    else
        BUG_IF(err.kind != ERR_INPUT);
    if (!hooks_verify(source, &call, &err))
        BUG_IF(err.kind != ERR_REFUSED);
    arena_done(&arena);
    return 0;
}
