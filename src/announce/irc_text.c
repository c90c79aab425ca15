#include "announce/irc_text.h"

#include "announce/text.h"
#include "base/buf.h"

enum { LINE_BYTES_MAX = 8192 };

static const char *ago_text(int64_t ms, struct arena *arena)
{
    const long long s = (long long)(ms > 0 ? ms / 1000 : 0);
    if (s < 60)
        return arena_printf(arena, "%llds ago", s);
    if (s < 3600)
        return arena_printf(arena, "%lldm ago", s / 60);
    if (s < 2LL * 86400)
        return arena_printf(arena, "%lldh ago", s / 3600);
    return arena_printf(arena, "%lldd ago", s / 86400);
}

const char *irc_text_short(const struct change *change, int64_t now_ms, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, LINE_BYTES_MAX);
    buf_printf(&out, "%s ", ago_text(now_ms - change->start_ms, arena));
    if (change->service[0])
        buf_printf(&out, "%s ", change->service);
    const char *what = text_is_rollback(change) ? "rollback" : change_kind_name(change->kind);
    buf_printf(&out, "%s %s ", text_env(change, arena), what);
    if (change->rev[0])
        buf_printf(&out, "%s ", change->rev);
    if (change->by[0])
        buf_printf(&out, "by %s ", change->by);
    out.at[--out.n] = '\0'; /* the last blank; there is always one */
    if (change->status != STATUS_SUCCEEDED)
        buf_printf(&out, ", %s", change_status_name(change->status));
    if (change->verdict && change->verdict->state == VERDICT_HARM)
        buf_add_str(&out, ", HARM");
    if (change->msg[0])
        buf_printf(&out, ": %s", change->msg);
    return arena_strdup(arena, buf_text(&out));
}
