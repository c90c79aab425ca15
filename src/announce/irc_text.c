#include "announce/irc_text.h"

#include <string.h>

#include "base/buf.h"

enum { LINE_BYTES_MAX = 8192 };

/* PROD for production, else the name as people shout it. */
static const char *env_text(const struct change *change, struct arena *arena)
{
    if (!change->env[0] || strcmp(change->env, "production") == 0)
        return "PROD";
    char *env = arena_strdup(arena, change->env);
    for (char *c = env; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - ('a' - 'A'));
    return env;
}

static bool is_rollback(const struct change *change)
{
    return strcmp(change->action, "rollback") == 0;
}

/* What was done, in the past tense. */
static const char *done_text(const struct change *change)
{
    const bool is_deploy = change->kind == CHANGE_DEPLOY;
    if (change->is_retracted)
        return "retracted:";
    if (change->status == STATUS_FAILED)
        return is_rollback(change) ? "rollback FAILED" : is_deploy ? "deploy FAILED" : "FAILED";
    if (change->status == STATUS_CANCELLED)
        return is_deploy ? "deploy cancelled" : "cancelled";
    if (change->status == STATUS_UNKNOWN && !change->end_ms)
        return "never told its end";
    if (is_rollback(change))
        return "rolled back";
    return is_deploy ? "deployed" : "done";
}

/* Etsy's line begins with the stack and the place; other kinds than deploys say theirs. */
static void add_subject(const struct change *change, struct arena *arena, struct buf *out)
{
    if (change->service[0])
        buf_printf(out, "%s ", change->service);
    buf_printf(out, "%s ", env_text(change, arena));
    if (change->kind != CHANGE_DEPLOY)
        buf_printf(out, "%s ", change_kind_name(change->kind));
}

static void add_by(const struct change *change, struct buf *out)
{
    if (change->by[0])
        buf_printf(out, " by %s", change->by);
}

static void add_start(const struct change *change, struct buf *out)
{
    const char *what = is_rollback(change) ? "rollback started" : "deploy started";
    buf_add_str(out, change->kind == CHANGE_DEPLOY ? what : "started");
    add_by(change, out);
    if (change->msg[0])
        buf_printf(out, ": %s", change->msg);
    if (change->rev[0])
        buf_printf(out, " (%s)", change->rev);
}

static void add_values(const struct change *change, struct buf *out)
{
    if (change->old_value[0] || change->new_value[0])
        buf_printf(out, " %s -> %s", change->old_value[0] ? change->old_value : "?",
                   change->new_value[0] ? change->new_value : "?");
}

static void add_end(const struct message *message, struct buf *out)
{
    const struct change *change = message->change;
    const int64_t took_s = change->end_ms ? (change->end_ms - change->start_ms + 500) / 1000 : 0;
    buf_add_str(out, done_text(change));
    add_by(change, out);
    if (change->rev[0])
        buf_printf(out, " build: %s", change->rev);
    if (took_s > 0)
        buf_printf(out, " took: %lld second%s", (long long)took_s, took_s == 1 ? "" : "s");
    add_values(change, out);
    /* A deploy's message was told at its start, if it had one. */
    const bool is_point = change->end_ms == change->start_ms;
    if (change->msg[0] && (change->kind != CHANGE_DEPLOY || is_point))
        buf_printf(out, ": %s", change->msg);
    const char *diff = change->diff[0] ? change->diff : message->link;
    if (diff && diff[0])
        buf_printf(out, "%s%s", change->kind == CHANGE_DEPLOY ? " diff: " : " ", diff);
}

const char *irc_text_message(const struct message *message)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, LINE_BYTES_MAX);
    add_subject(message->change, message->arena, &out);
    if (message->moment == MOMENT_START)
        add_start(message->change, &out);
    else
        add_end(message, &out);
    return arena_strdup(message->arena, buf_text(&out));
}

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
    add_subject(change, arena, &out);
    if (change->kind == CHANGE_DEPLOY)
        buf_add_str(&out, is_rollback(change) ? "rollback " : "deploy ");
    if (change->rev[0])
        buf_printf(&out, "%s ", change->rev);
    if (change->by[0])
        buf_printf(&out, "by %s ", change->by);
    out.at[--out.n] = '\0'; /* the last blank; there is always one */
    if (change->status != STATUS_SUCCEEDED)
        buf_printf(&out, ", %s", change_status_name(change->status));
    if (change->msg[0])
        buf_printf(&out, ": %s", change->msg);
    return arena_strdup(arena, buf_text(&out));
}
