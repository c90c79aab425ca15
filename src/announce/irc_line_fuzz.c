/* Any bytes are taken apart within their bounds; what is put together is one line. */
#include <string.h>

#include "announce/irc_line.h"
#include "base/arena.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* One line, whatever stands in it; the text is UTF-8. */
static void put_together(const char *target, const char *text)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 2 * IRC_LINE_MAX);
    const struct irc_out line = {"NOTICE", target, text, 0};
    irc_line_add(&out, &line);
    BUG_IF(out.is_full);
    BUG_IF(memchr(out.at, '\n', out.n) != out.at + out.n - 1);
    BUG_IF(memchr(out.at, '\r', out.n) != out.at + out.n - 2);
    BUG_IF(target != text && !text_is_utf8(out.at, out.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    n = min_size(n, IRC_LINE_MAX);
    char *text = arena_strndup(&arena, (const char *)bytes, strnlen((const char *)bytes, n));
    char *again = arena_strdup(&arena, text);
    struct irc_line line;
    struct irc_support support = {0};
    char tag[16];
    put_together("#ops", text);
    put_together(text, text);
    irc_line_strip(again);
    BUG_IF(strlen(again) > strlen(text));
    if (!irc_line_parse(text, &line))
        return 0;
    irc_support_take(&support, &line);
    (void)irc_line_tag(&line, "msgid", tag, sizeof tag);
    for (size_t i = 0; i < line.n_params; i++)
        BUG_IF(!irc_support_same(&support, line.params[i], line.params[i]));
    return 0;
}
