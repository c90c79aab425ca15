/* Any bytes are refused, or give lines without control characters: as a page, as rows, beside themselves,
 * and as a line of watch. */
#include "cli/impact_text.h"
#include "cli/watching.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(const struct buf *out)
{
    for (size_t i = 0; i < out->n; i++)
        BUG_IF((unsigned char)out->at[i] < ' ' && out->at[i] != '\n' && out->at[i] != '\t');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf out;
    struct judged judged;
    struct err err;
    arena_init(&arena);
    buf_init(&out, 4 << 20);
    if (!judged_read((const char *)bytes, n, &arena, &judged, &err))
        return 0;
    for (int has_all = 0; has_all < 2; has_all++) {
        const struct impact_look look = {
            .has_utf8 = true, .has_all = has_all, .is_moved = !has_all, .tz = tz_utc()};
        impact_text(&judged, &look, &arena, &out);
        impact_text_rows(&judged, &look, &out);
        impact_text_diff(&judged, &judged, &look, &arena, &out);
    }
    impact_text_diff_rows(&judged, &judged, &arena, &out);
    watching_say(&judged, &out);
    watching_line(&judged, 1763838000000, &out);
    check(&out);
    return 0;
}
