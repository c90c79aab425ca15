/* Any Authorization header and any Host: what comes out is text, and only what was put in. The first line is
 * the header, the second the host. */
#include <string.h>

#include "api/auth.h"
#include "base/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    const char *header = arena_strndup(&arena, (const char *)bytes, n);
    char *host = strchr(header, '\n');
    if (host)
        *host++ = '\0';
    const struct http_field headers[] = {{"Authorization", header}};
    const struct http_request request = {
        .method = "GET", .path = "/", .headers = headers, .n_headers = 1, .arena = &arena};
    const struct auth_token token = auth_token_of(&request, true);
    BUG_IF(token.text && strlen(token.text) > strlen(header));
    BUG_IF(token.is_remembered && strncmp(token.text, "plb_", 4) != 0);
    if (!host)
        return 0;
    struct ip_range range;
    struct err err;
    const bool is_own = auth_is_own_host(host, NULL);
    BUG_IF(is_own && !auth_is_own_host(host, "http://plumb.example"));
    if (ip_range_parse(str_of(host), &range, &err))
        BUG_IF(range.n_bits > IP_BITS || !ip_range_has(&range, &range.at));
    return 0;
}
