#include "cli/freeze_text.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "cli/log_text.h"
#include "cli/record.h"
#include "cli/terminal.h"

enum { LINES_MAX = 10000 /* of one answer */ };

static const char *text_of(const json_t *object, const char *key, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? arena_strdup(arena, text) : "";
}

static int64_t time_of(const json_t *object, const char *key)
{
    const double seconds = json_number_value(json_object_get(object, key));
    return seconds > 0.0 && seconds <= 4294967296.0 ? llround(seconds * 1000.0) : 0;
}

bool freeze_text_can_read(const char *json, size_t n, struct arena *arena, struct can *out,
                          struct err *err)
{
    json_auto_t *root = n ? json_loadb(json, n, 0, NULL) : NULL;
    const json_t *can = json_object_get(root, "can");
    if (!json_is_boolean(can))
        return FAIL(err, ERR_INPUT, "the server's answer does not say whether you can");
    *out = (struct can){.is_frozen = json_is_false(can),
                        .by = text_of(root, "by", arena),
                        .msg = text_of(root, "msg", arena),
                        .id = text_of(root, "id", arena),
                        .service = text_of(root, "service", arena),
                        .rev = text_of(root, "rev", arena),
                        .since_ms = time_of(root, "since"),
                        .until_ms = time_of(root, "until")};
    return true;
}

/* "18:00" today, else "Mon 30 Nov 08:00", with the year when it is another. */
static void say_time(int64_t ms, const struct freeze_look *look, struct buf *out)
{
    char text[64];
    const struct civil at = tz_civil(look->tz, ms / 1000);
    const struct civil now = tz_civil(look->tz, look->now_ms / 1000);
    const char *format = "%a %e %b %Y %H:%M";
    if (at.year == now.year)
        format = at.month == now.month && at.day == now.day ? "%H:%M" : "%a %e %b %H:%M";
    tz_format(look->tz, ms / 1000, format, text, sizeof text);
    buf_add_str(out, text);
}

/* is_on: how long that is from now says nothing of one that is to come. */
static void say_until(int64_t until_ms, bool is_on, const struct freeze_look *look, struct buf *out)
{
    if (!until_ms) {
        buf_add_str(out, " until thawed");
        return;
    }
    buf_add_str(out, " until ");
    say_time(until_ms, look, out);
    if (!is_on || until_ms <= look->now_ms)
        return;
    buf_add_str(out, " (");
    log_text_took(until_ms - look->now_ms, out);
    buf_add_str(out, " left)");
}

void freeze_text_can_say(const struct can *can, const struct freeze_look *look, struct buf *out)
{
    terminal_clean(out, can->service[0] ? can->service : "everything");
    buf_add_str(out, " is frozen");
    if (can->since_ms) {
        buf_add_str(out, " since ");
        say_time(can->since_ms, look, out);
    }
    if (can->by[0]) {
        buf_add_str(out, " by ");
        terminal_clean(out, can->by);
    }
    say_until(can->until_ms, true, look, out);
    if (can->msg[0]) {
        buf_add_str(out, ": ");
        terminal_clean(out, can->msg);
    }
}

static struct freeze_line line_of(const json_t *object, struct arena *arena)
{
    struct freeze_line line = {.change = change_blank(),
                               .is_on = json_is_true(json_object_get(object, "frozen")),
                               .from_ms = time_of(object, "from"),
                               .until_ms = time_of(object, "until"),
                               .cron = text_of(object, "cron", arena),
                               .lasts = text_of(object, "for", arena),
                               .zone = text_of(object, "tz", arena)};
    line.change.id = text_of(object, "id", arena);
    line.change.service = text_of(object, "service", arena);
    line.change.env = text_of(object, "env", arena);
    line.change.by = text_of(object, "by", arena);
    line.change.msg = text_of(object, "msg", arena);
    line.change.start_ms = time_of(object, "start");
    line.change.end_ms = time_of(object, "end");
    return line;
}

bool freeze_text_read(const char *json, size_t n, const char *key, struct arena *arena,
                      struct freeze_lines *out, struct err *err)
{
    json_auto_t *root = n ? json_loadb(json, n, 0, NULL) : NULL;
    const json_t *list = key ? json_object_get(root, key) : root;
    if (!json_is_array(list) || json_array_size(list) > LINES_MAX)
        return FAIL(err, ERR_INPUT, "the server's answer is no list of freezes");
    const size_t n_lines = json_array_size(list);
    *out = (struct freeze_lines){.items = arena_array(arena, n_lines, struct freeze_line)};
    for (size_t i = 0; i < n_lines; i++)
        out->items[out->n++] = line_of(json_array_get(list, i), arena);
    return true;
}

static void say_line(const struct freeze_line *line, const struct freeze_look *look,
                     struct buf *out)
{
    const struct change *c = &line->change;
    buf_printf(out, "%.*s  ", LOG_TEXT_ID_BYTES, c->id);
    terminal_clean(out, c->service[0] ? c->service : "everything");
    if (strcmp(c->env, "production") != 0) {
        buf_add_char(out, '@');
        terminal_clean(out, c->env);
    }
    buf_add_str(out, line->is_on ? "  FROZEN since " : "  from ");
    say_time(line->from_ms, look, out);
    say_until(line->until_ms, line->is_on, look, out);
    if (line->cron[0]) {
        buf_add_str(out, ", each ");
        terminal_clean(out, line->cron);
        buf_add_str(out, " for ");
        terminal_clean(out, line->lasts);
    }
    buf_add_str(out, "  ");
    terminal_clean(out, c->by[0] ? c->by : "?");
    buf_add_str(out, c->msg[0] ? ": " : "");
    terminal_clean(out, c->msg);
    buf_add_char(out, '\n');
}

void freeze_text_say(const struct freeze_lines *lines, const struct freeze_look *look,
                     struct buf *out)
{
    for (size_t i = 0; i < lines->n; i++)
        say_line(&lines->items[i], look, out);
}

static void add_time(int64_t ms, struct buf *out)
{
    char text[64] = "";
    if (ms)
        tz_format(tz_utc(), ms / 1000, "%Y-%m-%dT%H:%M:%SZ", text, sizeof text);
    buf_add_str(out, text);
}

void freeze_text_rows(const struct freeze_lines *lines, struct buf *out)
{
    for (size_t i = 0; i < lines->n; i++) {
        const struct freeze_line *line = &lines->items[i];
        const char *const fields[] = {line->change.id,      line->is_on ? "frozen" : "planned",
                                      line->change.service, line->change.env,
                                      line->change.by,      line->cron,
                                      line->lasts,          line->change.msg};
        add_time(line->from_ms, out);
        buf_add_char(out, '\t');
        add_time(line->until_ms, out);
        for (size_t k = 0; k < COUNT_OF(fields); k++) {
            buf_add_char(out, '\t');
            terminal_clean(out, fields[k]);
        }
        buf_add_char(out, '\n');
    }
}
