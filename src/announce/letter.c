#include "announce/letter.h"

#include <string.h>

#include "announce/text.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/tz.h"

enum {
    LETTER_BYTES_MAX = 64 * 1024,
    WORD_BYTES = 42, /* of text in one encoded word: 75 in all at most */
    LINE_CHARS = 72, /* of quoted-printable; 76 are allowed */
    SUBJECT_BYTES_MAX = 200,
    ADDRESS_BYTES_MAX = 254,
};

static bool is_plain(const char *text)
{
    for (const char *at = text; *at; at++)
        if (*at < ' ' || *at >= 0x7F)
            return false;
    return !strstr(text, "=?") && strlen(text) <= SUBJECT_BYTES_MAX;
}

const char *letter_header_text(const char *text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, LETTER_BYTES_MAX);
    text = text_value(text, TEXT_PLAIN, SUBJECT_BYTES_MAX, arena);
    if (is_plain(text))
        return text;
    while (*text) {
        size_t n = strnlen(text, WORD_BYTES);
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80) /* whole characters */
            n--;
        buf_add_str(&out, out.n ? "\r\n =?UTF-8?B?" : "=?UTF-8?B?");
        buf_add_base64(&out, text, n);
        buf_add_str(&out, "?=");
        text += n;
    }
    return arena_strdup(arena, buf_text(&out));
}

const char *letter_quoted_printable(const char *text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 8 * strlen(text) + 64);
    size_t n_line = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at == '\n') {
            buf_add_str(&out, "\r\n");
            n_line = 0;
            continue;
        }
        const bool is_last = at[1] == '\n' || at[1] == '\0';
        const bool is_coded = *at == '=' || *at >= 0x7F || *at < ' ' || (*at == ' ' && is_last);
        if (n_line + (is_coded ? 3 : 1) > LINE_CHARS) {
            buf_add_str(&out, "=\r\n");
            n_line = 0;
        }
        if (is_coded)
            buf_printf(&out, "=%02X", *at);
        else
            buf_add_char(&out, (char)*at);
        n_line += is_coded ? 3 : 1;
    }
    return arena_strdup(arena, buf_text(&out));
}

bool letter_address(const char *key, const char *text, struct arena *arena, const char **out,
                    struct err *err)
{
    const char *open = strrchr(text, '<'), *address = text;
    if (open) {
        const size_t n = strcspn(open + 1, ">");
        address = arena_strndup(arena, open + 1, n);
        if (strcmp(open + 1 + n, ">") != 0)
            address = "";
    }
    const char *at = strchr(address, '@');
    bool is_good =
        at && at > address && at[1] && !strchr(at + 1, '@') && strlen(address) <= ADDRESS_BYTES_MAX;
    for (const char *c = text; *c; c++)
        is_good &= (unsigned char)*c >= ' ' && *c != 0x7F;
    is_good &= !address[strcspn(address, " ,;:<>()[]\\\"")];
    if (!is_good)
        return FAIL(err, ERR_INPUT, "%s = '%.80s' is no mail address", key, text);
    *out = address;
    return true;
}

static void add_header(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "%s: %s\r\n", name, value);
}

/* "Name <address>" with the name fit for a header. */
static const char *sender(const char *from, struct arena *arena)
{
    const char *open = strrchr(from, '<');
    if (!open)
        return from;
    const char *name = arena_strndup(arena, from, (size_t)(open - from));
    const struct str trimmed = str_trim(str_of(name));
    name = letter_header_text(arena_strndup(arena, trimmed.at, trimmed.n), arena);
    const bool needs_quotes = strpbrk(name, "\"\\()<>[]:;@,.") && !text_starts(name, "=?");
    if (needs_quotes && strpbrk(name, "\"\\"))
        return open;
    return arena_printf(arena, needs_quotes ? "\"%s\" %s" : "%s %s", name, open);
}

static void add_line(struct buf *out, const char *name, const char *value, struct arena *arena)
{
    if (value[0])
        buf_printf(out, "%-9s %s\n", name, text_value(value, TEXT_PLAIN, 2100, arena));
}

static const char *time_text(int64_t ms, struct arena *arena)
{
    char text[64];
    if (!ms)
        return "";
    tz_format(tz_utc(), ms / 1000, "%Y-%m-%d %H:%M:%S UTC", text, sizeof text);
    return arena_strdup(arena, text);
}

static const char *body_of(const struct message *message)
{
    const struct change *change = message->change;
    struct arena *arena = message->arena;
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, LETTER_BYTES_MAX);
    buf_printf(&out, "%s\n\n", text_line(message, TEXT_PLAIN));
    add_line(&out, "kind", change_kind_name(change->kind), arena);
    add_line(&out, "service", change->service, arena);
    add_line(&out, "env", change->env, arena);
    add_line(&out, "rev", change->rev, arena);
    add_line(&out, "before", change->prev, arena);
    add_line(&out, "by", change->by, arena);
    add_line(&out, "message", change->msg, arena);
    add_line(&out, "start", time_text(change->start_ms, arena), arena);
    add_line(&out, "end", time_text(change->end_ms, arena), arena);
    add_line(&out, "status", change_status_name(change->status), arena);
    if (change->verdict)
        add_line(&out, "verdict", verdict_state_words(change->verdict->state), arena);
    add_line(&out, "url", text_url(change->url, arena), arena);
    add_line(&out, "diff", text_url(change->diff, arena), arena);
    add_line(&out, "change", text_url(message->link, arena), arena);
    return arena_strdup(arena, buf_text(&out));
}

const char *letter_make(const struct letter_names *names, const struct message *message,
                        const char **out_id)
{
    struct arena *arena = message->arena;
    char date[64];
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, LETTER_BYTES_MAX * 4);
    *out_id = arena_printf(arena, "<%s@%s>", message->id, names->domain);
    tz_format(tz_utc(), message->now_ms / 1000, "%a, %d %b %Y %H:%M:%S +0000", date, sizeof date);
    add_header(&out, "Date", date);
    add_header(&out, "From", sender(names->from, arena));
    for (size_t i = 0; i < names->n_to; i++)
        buf_printf(&out, "%s%s%s", i ? ",\r\n " : "To: ", names->to[i],
                   i + 1 == names->n_to ? "\r\n" : "");
    const char *subject = arena_printf(arena, "[plumb] %s", text_subject(message));
    add_header(&out, "Subject", letter_header_text(subject, arena));
    add_header(&out, "Message-ID", *out_id);
    if (message->thread[0]) {
        add_header(&out, "In-Reply-To", message->thread);
        add_header(&out, "References", message->thread);
    }
    add_header(&out, "Auto-Submitted", "auto-generated");
    add_header(&out, "MIME-Version", "1.0");
    add_header(&out, "Content-Type", "text/plain; charset=utf-8");
    add_header(&out, "Content-Transfer-Encoding", "quoted-printable");
    buf_add_str(&out, "\r\n");
    buf_add_str(&out, letter_quoted_printable(body_of(message), arena));
    return arena_strdup(arena, buf_text(&out));
}
