/* Whatever a server answers, the report is lines without control characters. */
#include "cli/doctor_checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char *nobody(void *self, const char *hook)
{
    (void)self, (void)hook;
    return "[{\"fate\":\"failed\",\"event\":\"a\\u001b\"}]";
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 4 << 20);
    struct doctor_report report = {.arena = &arena};
    const struct doctor_ask ask = {nobody, NULL};
    const char *json = (const char *)bytes;
    doctor_checks_stats(&report, json, n, 1500000000000);
    doctor_checks_hooks(&report, json, n, &ask);
    doctor_checks_announce(&report, json, n);
    doctor_checks_rejects(&report, json, n);
    doctor_checks_print(&report, true, &out);
    for (size_t i = 0; i < out.n; i++)
        BUG_IF((unsigned char)out.at[i] < ' ' && out.at[i] != '\n');
    doctor_checks_json(&report, &out);
    return 0;
}
