/* Any text is either refused with a hint, or a time between 2000 and 2106. */
#include "cli/when.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char text[256];
    if (n >= sizeof text)
        return 0;
    memcpy(text, bytes, n);
    text[n] = '\0';
    const struct when_now now = {INT64_C(1795356600000), tz_utc()};
    int64_t ms = -1;
    struct err err;
    if (when_parse(text, &now, &ms, &err))
        BUG_IF(ms < INT64_C(946684800000) || ms > INT64_C(4294967295000));
    else
        BUG_IF(ms != -1 || err.kind != ERR_INPUT);
    ms = -1;
    if (when_parse_ahead(text, &now, &ms, &err))
        BUG_IF(ms <= now.ms || ms > INT64_C(4294967295000));
    else
        BUG_IF(ms != -1 || err.kind != ERR_INPUT);
    return 0;
}
