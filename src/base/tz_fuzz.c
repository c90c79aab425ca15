/* Any bytes are either refused, or give a zone that answers for every instant. */
#include <string.h>

#include "base/tz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void ask(const struct tz *tz, int64_t at_s)
{
    const char *abbreviation = NULL;
    char text[128];
    const int32_t offset_s = tz_offset(tz, at_s, &abbreviation);
    BUG_IF(offset_s < -26 * 3600 || offset_s > 26 * 3600);
    BUG_IF(strlen(abbreviation) > 1024);
    const struct civil civil = tz_civil(tz, at_s);
    BUG_IF(civil.month < 1 || civil.month > 12);
    BUG_IF(civil.day < 1 || civil.day > 31);
    BUG_IF(civil.hour < 0 || civil.hour > 23);
    BUG_IF(civil.weekday < 0 || civil.weekday > 6);
    (void)tz_instant(tz, &civil);
    BUG_IF(tz_format(tz, at_s, "%c %j %Z %z", text, sizeof(text)) >= sizeof(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct tz *tz = NULL;
    struct err err;
    if (!tz_parse("Fuzz/Zone", bytes, n, &tz, &err)) {
        BUG_IF(err.kind != ERR_INPUT);
        return 0;
    }
    const int64_t instants[] = {INT64_MIN, INT64_MAX,  0,          1,
                                -1,        1500000000, 4102444800, -5000000000};
    for (size_t i = 0; i < COUNT_OF(instants); i++)
        ask(tz, instants[i]);
    tz_free(tz);
    return 0;
}
