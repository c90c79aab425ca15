#include "cli/show_text.h"

#include <string.h>

#include "cli/terminal.h"
#include "cli/verdict_lines.h"

#define LABEL "%-9s "

static void add_text(struct buf *out, const char *label, const char *text)
{
    if (!text[0])
        return;
    buf_printf(out, LABEL, label);
    terminal_clean(out, text);
    buf_add_char(out, '\n');
}

/* "2026-11-22 15:04:06 CET (14:04:06 UTC), 3d04h ago" */
static void add_time(struct buf *out, const char *label, int64_t ms,
                     const struct log_text_look *look)
{
    char local[64], utc[64];
    if (!ms)
        return;
    const bool is_utc = tz_offset(look->tz, ms / 1000, NULL) == 0;
    tz_format(look->tz, ms / 1000, is_utc ? "%Y-%m-%d %H:%M:%S UTC" : "%Y-%m-%d %H:%M:%S %Z", local,
              sizeof local);
    tz_format(tz_utc(), ms / 1000, "%Y-%m-%d %H:%M:%S UTC", utc, sizeof utc);
    buf_printf(out, LABEL "%s", label, local);
    if (!is_utc)
        buf_printf(out, " (%s)", utc);
    if (ms <= look->now_ms) {
        buf_add_str(out, ", ");
        log_text_took(look->now_ms - ms, out);
        buf_add_str(out, " ago\n");
    } else {
        buf_add_str(out, ", in ");
        log_text_took(ms - look->now_ms, out);
        buf_add_char(out, '\n');
    }
}

static void add_took(const struct change *c, const struct log_text_look *look, struct buf *out)
{
    const bool is_running = !c->end_ms && c->status == STATUS_RUNNING;
    const int64_t until_ms = is_running ? look->now_ms : c->end_ms;
    if (!c->start_ms || until_ms <= c->start_ms)
        return;
    buf_printf(out, LABEL, "took");
    log_text_took(until_ms - c->start_ms, out);
    buf_add_str(out, is_running ? ", and goes on\n" : "\n");
}

static void add_revs(const struct change *c, const struct log_text_look *look, struct buf *out)
{
    if (!c->rev[0] && !c->prev[0])
        return;
    buf_printf(out, LABEL, "rev");
    if (c->prev[0]) {
        terminal_clean(out, c->prev);
        buf_add_str(out, look->has_utf8 ? " \xE2\x86\x92 " : " -> ");
    }
    terminal_clean(out, c->rev[0] ? c->rev : "?");
    buf_add_char(out, '\n');
}

static void add_values(const struct change *c, struct buf *out)
{
    if (!c->old_value[0] && !c->new_value[0])
        return;
    add_text(out, "old", c->old_value[0] ? c->old_value : "-");
    add_text(out, "new", c->new_value[0] ? c->new_value : "-");
}

/* Through which doors it was told. */
static void add_doors(const struct change *c, struct buf *out)
{
    if (c->source[0]) {
        buf_printf(out, LABEL, "told by");
        terminal_clean(out, c->source);
        for (size_t i = 0; i < c->n_also; i++) {
            buf_add_str(out, ", ");
            terminal_clean(out, c->also[i].source);
        }
        buf_add_char(out, '\n');
    }
    add_text(out, "key", c->key);
    for (size_t i = 0; i < c->n_also; i++)
        add_text(out, "", c->also[i].key);
}

static void add_tags(const struct change *c, struct buf *out)
{
    for (size_t i = 0; i < c->n_tags; i++) {
        buf_printf(out, LABEL, i ? "" : "tags");
        terminal_clean(out, c->tags[i].key);
        if (c->tags[i].value[0]) {
            buf_add_char(out, '=');
            terminal_clean(out, c->tags[i].value);
        }
        buf_add_char(out, '\n');
    }
}

/* Each line of a text, indented and clean. */
static void add_lines(const char *text, struct buf *out)
{
    CLEANUP(buf_done) struct buf line;
    buf_init(&line, CHANGE_DATA_MAX + 1);
    while (*text) {
        const size_t n = strcspn(text, "\n");
        buf_clear(&line);
        buf_add(&line, text, n);
        if (n && text[n - 1] == '\r')
            line.at[--line.n] = '\0';
        buf_add_str(out, "    ");
        terminal_clean(out, buf_text(&line));
        buf_add_char(out, '\n');
        text += n + (text[n] == '\n');
    }
}

static const char *head_of(const struct change *c)
{
    return c->service[0] ? c->service : change_kind_name(c->kind);
}

static void add_head(const struct change *c, const struct log_text_look *look, struct buf *out)
{
    buf_add_str(out, look->has_colour ? "\x1b[1m" : "");
    terminal_clean(out, head_of(c));
    if (c->rev[0]) {
        buf_add_char(out, ' ');
        terminal_clean(out, c->rev);
    }
    if (c->msg[0]) {
        buf_add_str(out, " \"");
        terminal_clean(out, c->msg);
        buf_add_char(out, '"');
    }
    buf_add_str(out, look->has_colour ? "\x1b[0m\n" : "\n");
}

void show_text(const struct change *c, const struct log_text_look *look, struct buf *out)
{
    add_head(c, look, out);
    add_text(out, "id", c->id);
    add_text(out, "kind", change_kind_name(c->kind));
    add_text(out, "action", c->action);
    add_text(out, "service", c->service);
    add_text(out, "env", c->env);
    add_text(out, "status", change_status_name(c->status));
    if (c->is_retracted)
        add_text(out, "", "retracted: somebody said that this never was");
    add_text(out, "by", c->by);
    add_time(out, "began", c->start_ms, look);
    add_time(out, "ended", c->end_ms, look);
    add_took(c, look, out);
    add_revs(c, look, out);
    add_values(c, out);
    add_text(out, "of", c->of);
    add_text(out, "part of", c->parent);
    add_text(out, "url", c->url);
    add_text(out, "diff", c->diff);
    add_tags(c, out);
    add_doors(c, out);
    add_time(out, "received", c->received_ms, look);
    if (c->skew_ms) {
        buf_printf(out, LABEL, "skew");
        buf_add_f64(out, (double)c->skew_ms / 1000.0);
        buf_add_str(out, " s (the sender's clock against the server's)\n");
    }
    if (c->n_edits)
        buf_printf(out, LABEL "%u\n", "edits", c->n_edits);
    if (c->verdict) {
        buf_add_str(out, "\nverdict\n");
        verdict_lines_all(c->verdict, look, "    ", out);
    }
    if (c->data[0]) {
        buf_add_char(out, '\n');
        add_lines(c->data, out);
    }
}

void show_text_below(const struct change *c, const struct log_text_look *look, struct buf *out)
{
    const size_t before = out->n;
    add_lines(c->msg, out);
    if (c->verdict)
        verdict_lines_all(c->verdict, look, "    ", out);
    if (c->data[0] && out->n > before)
        buf_add_char(out, '\n');
    add_lines(c->data, out);
    if (out->n > before)
        buf_add_char(out, '\n');
}
