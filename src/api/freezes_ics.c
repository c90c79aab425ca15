/* Freezes as a calendar (RFC 5545): one event a window, as no RRULE says all that cron's fields can. */
#include <string.h>

#include "api/freezes.h"
#include "api/routes.h"

#define DAY_MS      INT64_C(86400000)
#define AHEAD_MS    (90 * DAY_MS) /* what a calendar shows is asked for again */
#define OPEN_END_MS DAY_MS        /* from now: an event without an end would be a moment */

enum {
    EVENTS_MAX = 200, /* of one rule */
    LINE_BYTES = 75,  /* before a line is folded */
};

static void put_line(struct buf *out, const char *name, const char *value)
{
    size_t n = strlen(name);
    buf_add_str(out, name);
    while (*value) {
        size_t bytes = text_utf8_bytes(value, strlen(value));
        bytes = bytes ? bytes : 1;
        if (n + bytes > LINE_BYTES) {
            buf_add_str(out, "\r\n ");
            n = 1;
        }
        buf_add(out, value, bytes);
        value += bytes;
        n += bytes;
    }
    buf_add_str(out, "\r\n");
}

static void put_text(struct buf *out, const char *name, const char *text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf value;
    buf_init(&value, 2 * CHANGE_DATA_MAX);
    for (; *text; text++) {
        if (*text == '\n') {
            buf_add_str(&value, "\\n");
            continue;
        }
        if (strchr("\\;,", *text))
            buf_add_char(&value, '\\');
        buf_add_char(&value, *text);
    }
    put_line(out, name, arena_strdup(arena, buf_text(&value)));
}

static void put_time(struct buf *out, const char *name, int64_t ms)
{
    char text[32];
    tz_format(tz_utc(), ms / 1000, "%Y%m%dT%H%M%SZ", text, sizeof text);
    put_line(out, name, text);
}

static void put_event(struct buf *out, const struct freezes_item *item,
                      const struct freeze_window *window, int64_t now_ms, struct arena *arena)
{
    const struct change *change = item->change;
    const char *who = change->service[0] ? change->service : "everything";
    buf_add_str(out, "BEGIN:VEVENT\r\n");
    put_line(out, "UID:",
             arena_printf(arena, "%s-%lld@plumb", change->id, (long long)window->begin_ms / 1000));
    put_time(out, "DTSTAMP:", change->received_ms ? change->received_ms : change->start_ms);
    put_time(out, "DTSTART:", window->begin_ms);
    put_time(out, "DTEND:",
             window->end_ms ? window->end_ms : max_i64(now_ms, window->begin_ms) + OPEN_END_MS);
    put_text(out, "SUMMARY:",
             arena_printf(arena, "Freeze: %s%s%s", who, change->msg[0] ? ": " : "", change->msg),
             arena);
    put_text(out, "DESCRIPTION:",
             arena_printf(arena, "by %s in %s%s", change->by[0] ? change->by : "?", change->env,
                          window->end_ms ? "" : ", until thawed"),
             arena);
    buf_add_str(out, "END:VEVENT\r\n");
}

static void put_windows(struct buf *out, const struct freezes_item *item, int64_t now_ms,
                        struct arena *arena)
{
    struct freeze_window window = item->window;
    for (int i = 0; i < EVENTS_MAX && window.begin_ms < now_ms + AHEAD_MS; i++) {
        put_event(out, item, &window, now_ms, arena);
        const int64_t after_ms = max_i64(window.begin_ms, window.end_ms - 1);
        if (!item->freeze.is_recurring || !freeze_window_next(&item->freeze, after_ms, &window))
            break;
    }
}

bool freezes_ics(struct api_call *call, struct err *err)
{
    const int64_t now_ms = clock_us(&call->api->deps.clock) / 1000;
    struct freezes_items all;
    if (!freezes_all(call, now_ms, &all, err))
        return false;
    struct buf *out = &call->response->body;
    buf_add_str(out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Plumbline//plumb//EN\r\n"
                     "X-WR-CALNAME:Freezes\r\n");
    for (size_t i = 0; i < all.n; i++)
        put_windows(out, &all.items[i], now_ms, call->arena);
    buf_add_str(out, "END:VCALENDAR\r\n");
    call->response->content_type = "text/calendar; charset=utf-8";
    return true;
}
