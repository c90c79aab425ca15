/* Any bytes are refused, or give lines without control characters. */
#include "cli/dora_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    for (int is_tty = 0; is_tty < 2; is_tty++) {
        CLEANUP(buf_done) struct buf out;
        struct err err;
        const struct dora_text_look look = {
            .is_tty = is_tty, .has_utf8 = true, .has_rows = true, .tz = tz_utc()};
        buf_init(&out, 1 << 20);
        if (!dora_text((const char *)bytes, n, &look, &out, &err))
            continue;
        for (size_t i = 0; i < out.n; i++)
            BUG_IF((unsigned char)out.at[i] < ' ' && out.at[i] != '\n' && out.at[i] != '\t');
    }
    return 0;
}
