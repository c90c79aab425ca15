/* Any body is refused with a reason, ignored with one, or changes that keep what changes promise. */
#include "hooks/source_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    source_fuzz(&source_alertmanager, bytes, n);
    return 0;
}
