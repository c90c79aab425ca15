/* Any text is a time within reach, or none. */
#include "hooks/stamp.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *text = mem_strndup((const char *)bytes, n);
    const int64_t ms = stamp_ms(text);
    BUG_IF(ms < 0 || ms > INT64_C(253402387200000));
    mem_free(text);
    return 0;
}
