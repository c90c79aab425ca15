/* Any bytes are refused, or give lines without control characters. */
#include "cli/why_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    for (int is_tty = 0; is_tty < 2; is_tty++) {
        CLEANUP(arena_done) struct arena arena;
        CLEANUP(buf_done) struct buf out;
        struct err err;
        arena_init(&arena);
        buf_init(&out, 4 << 20);
        const struct why_look look = {.is_tty = is_tty, .tz = tz_utc(), .window_s = 2700};
        if (!why_text((const char *)bytes, n, &look, &arena, &out, &err))
            continue;
        for (size_t i = 0; i < out.n; i++)
            BUG_IF((unsigned char)out.at[i] < ' ' && out.at[i] != '\n' && out.at[i] != '\t');
    }
    return 0;
}
