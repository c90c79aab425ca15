/* Any bytes as a time: a second of the years 1 to 9999, or a refusal. */
#include <string.h>

#include "base/mem.h"
#include "query/function.h"
#include "query/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const int64_t now_s = 1772582400;
    struct err err;
    int64_t at_s = 0;
    char *text = mem_strndup((const char *)bytes, n);
    if (query_parse_time(text, tz_utc(), now_s, &at_s, &err)) {
        BUG_IF(at_s < -62135596800);
        BUG_IF(at_s > 253402300799);
    } else {
        BUG_IF(err.kind != ERR_INPUT);
    }
    if (!interval_parse(text, &at_s, &err))
        BUG_IF(err.kind != ERR_INPUT);
    mem_free(text);
    return 0;
}
