#include "cli/log_text.h"

#include <string.h>

#include "base/str.h"
#include "cli/terminal.h"
#include "cli/verdict_lines.h"
#include "model/verdict_text.h"

enum {
    COLUMNS = 9, /* before the message */
    BRIEF_BYTES_MAX = 4096,
    LAST_LEAST = 10, /* columns the message has at least, on however narrow a terminal */
};

#define RESET "\x1b[0m"
#define DIM   "\x1b[2m"

static const struct {
    const char *heading;
    unsigned most; /* columns; longer texts are cut */
} columns[COLUMNS] = {
    {"TIME", 19}, {"ID", 10},  {"KIND", 10},  {"SERVICE", 24}, {"REV", 12},
    {"BY", 14},   {"TOOK", 7}, {"STATUS", 9}, {"VERDICT", 11},
};
enum { TIME, ID, KIND, SERVICE, REV, BY, TOOK, STATUS, VERDICT };

void log_text_took(int64_t took_ms, struct buf *out)
{
    const int64_t s = took_ms / 1000;
    if (took_ms < 10000)
        buf_printf(out, "%lld.%llds", (long long)s, (long long)(took_ms % 1000 / 100));
    else if (s < 60)
        buf_printf(out, "%llds", (long long)s);
    else if (s < 3600)
        buf_printf(out, "%lldm%02llds", (long long)(s / 60), (long long)(s % 60));
    else if (s < 86400)
        buf_printf(out, "%lldh%02lldm", (long long)(s / 3600), (long long)(s / 60 % 60));
    else
        buf_printf(out, "%lldd%02lldh", (long long)(s / 86400), (long long)(s / 3600 % 24));
}

/* What stands in the cells of one change, clean. */
struct cells {
    const char *texts[COLUMNS];
    const char *msg;
};

static const char *clean(const char *text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, strlen(text) + 1);
    terminal_clean(&out, text);
    return arena_strdup(arena, buf_text(&out));
}

static const char *or_dash(const char *text)
{
    return text[0] ? text : "-";
}

static bool is_same_day(const struct log_text_look *look, int64_t at_s)
{
    const struct civil a = tz_civil(look->tz, at_s), b = tz_civil(look->tz, look->now_ms / 1000);
    return a.year == b.year && a.month == b.month && a.day == b.day;
}

static const char *time_text(const struct change *change, const struct log_text_look *look,
                             struct arena *arena)
{
    char text[64];
    const int64_t at_s = change->start_ms / 1000;
    if (!change->start_ms)
        return "-";
    const char *format = "%Y-%m-%d %H:%M:%S";
    if (look->is_oneline)
        format = is_same_day(look, at_s) ? "%H:%M" : "%Y-%m-%d %H:%M";
    tz_format(look->tz, at_s, format, text, sizeof text);
    return arena_strdup(arena, text);
}

/* "-" for what has no length: a moment, or one whose end nobody told. */
static const char *took_text(const struct change *change, const struct log_text_look *look,
                             struct arena *arena)
{
    const bool is_running = change->status == STATUS_RUNNING && !change->end_ms;
    const int64_t until_ms = is_running ? look->now_ms : change->end_ms;
    if (!change->start_ms || until_ms <= change->start_ms)
        return "-";
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 64);
    log_text_took(until_ms - change->start_ms, &out);
    if (is_running)
        buf_add_char(&out, '+');
    return arena_strdup(arena, buf_text(&out));
}

static const char *service_text(const struct change *change, struct arena *arena)
{
    const bool is_usual = !change->env[0] || strcmp(change->env, "production") == 0;
    return is_usual ? change->service : arena_printf(arena, "%s@%s", change->service, change->env);
}

static bool is_rollback(const struct change *change)
{
    return strcmp(change->action, "rollback") == 0;
}

static bool is_judged(const struct change *change)
{
    return change->verdict && change->verdict->state != VERDICT_PENDING;
}

/* "fix login (php.warnings x37)" */
static const char *message_of(const struct change *change, struct arena *arena)
{
    const char *msg = clean(change->msg, arena);
    CLEANUP(buf_done) struct buf brief;
    buf_init(&brief, BRIEF_BYTES_MAX);
    if (change->verdict)
        verdict_lines_brief(change->verdict, &brief);
    if (!brief.n)
        return msg;
    return arena_printf(arena, "%s%s(%s)", msg, msg[0] ? " " : "", buf_text(&brief));
}

static struct cells cells_of(const struct change *change, const struct log_text_look *look,
                             struct arena *arena)
{
    const char *id = arena_strndup(arena, change->id, strnlen(change->id, LOG_TEXT_ID_BYTES));
    struct cells cells = {
        .texts = {
            [TIME] = time_text(change, look, arena),
            [ID] = id,
            [KIND] = is_rollback(change) ? "rollback" : change_kind_name(change->kind),
            [SERVICE] = service_text(change, arena),
            [REV] = change->rev,
            [BY] = change->by,
            [TOOK] = took_text(change, look, arena),
            [STATUS] = change_status_name(change->status),
            [VERDICT] = is_judged(change) ? verdict_text_state(change->verdict->state) : "",
        }};
    for (int i = 0; i < COLUMNS; i++)
        cells.texts[i] = or_dash(clean(cells.texts[i], arena));
    cells.msg = message_of(change, arena);
    return cells;
}

static const char *colour_of(int column, const struct change *change)
{
    if (column == TIME || column == ID)
        return DIM;
    if (column == VERDICT)
        return is_judged(change) ? verdict_lines_colour(change->verdict->state) : DIM;
    if (column != STATUS)
        return "";
    switch (change->status) {
    case STATUS_SUCCEEDED:
        return "\x1b[32m";
    case STATUS_FAILED:
        return "\x1b[1;31m";
    case STATUS_RUNNING:
        return "\x1b[33m";
    case STATUS_UNKNOWN:
    case STATUS_PLANNED:
    case STATUS_QUEUED:
    case STATUS_CANCELLED:
    case CHANGE_STATUSES:
        break;
    }
    return DIM;
}

static bool any_judged(const struct change_list *changes)
{
    for (size_t i = 0; i < changes->n; i++)
        if (is_judged(&changes->items[i]))
            return true;
    return false;
}

/* Widths of all columns: the widest cell, within the column's limit. */
static void measure(const struct cells *cells, size_t n, const struct log_text_look *look,
                    unsigned widths[COLUMNS])
{
    for (int c = 0; c < COLUMNS; c++) {
        unsigned widest = look->is_oneline ? 1 : terminal_width(columns[c].heading);
        for (size_t i = 0; i < n; i++) {
            const unsigned width = terminal_width(cells[i].texts[c]);
            widest = width > widest ? width : widest;
        }
        widths[c] = widest < columns[c].most ? widest : columns[c].most;
    }
}

static void drop_trailing_blanks(struct buf *out)
{
    while (out->n && out->at[out->n - 1] == ' ')
        out->at[--out->n] = '\0';
}

/* One line; change NULL: the heading. */
static void add_line(const struct cells *cells, const struct change *change,
                     const unsigned widths[COLUMNS], const struct log_text_look *look,
                     struct buf *out)
{
    unsigned used = 0;
    for (int c = 0; c < COLUMNS; c++) {
        if (!widths[c])
            continue;
        const char *colour = !look->has_colour ? "" : change ? colour_of(c, change) : DIM;
        buf_add_str(out, colour);
        terminal_fit(out, cells->texts[c], widths[c], look->has_utf8);
        if (colour[0])
            buf_add_str(out, RESET);
        buf_add_char(out, ' ');
        used += widths[c] + 1;
    }
    const unsigned least = LAST_LEAST;
    const unsigned left = used + least < look->columns ? look->columns - used : least;
    if (look->columns)
        terminal_fit(out, cells->msg, left, look->has_utf8);
    else
        buf_add_str(out, cells->msg);
    drop_trailing_blanks(out);
    buf_add_char(out, '\n');
}

void log_text_columns(const struct change_list *changes, const struct log_text_look *look,
                      struct arena *arena, struct buf *out)
{
    if (!changes->n)
        return;
    struct cells *cells = arena_array(arena, changes->n, struct cells);
    for (size_t i = 0; i < changes->n; i++)
        cells[i] = cells_of(&changes->items[i], look, arena);
    unsigned widths[COLUMNS];
    measure(cells, changes->n, look, widths);
    if (!any_judged(changes))
        widths[VERDICT] = 0;
    if (!look->is_oneline) {
        struct cells heading = {.msg = "MESSAGE"};
        for (int c = 0; c < COLUMNS; c++)
            heading.texts[c] = columns[c].heading;
        add_line(&heading, NULL, widths, look, out);
    }
    for (size_t i = 0; i < changes->n; i++) {
        add_line(&cells[i], &changes->items[i], widths, look, out);
        if (look->below)
            look->below(&changes->items[i], look, out);
    }
}

/* A clean text that neither ends a cell nor begins markup. */
static void add_cell(struct buf *out, const char *text, struct arena *arena)
{
    buf_add_str(out, "| ");
    for (const char *at = clean(text, arena); *at; at++) {
        if (strchr("|\\`*_<[", *at))
            buf_add_char(out, '\\');
        buf_add_char(out, *at);
    }
    buf_add_char(out, ' ');
}

void log_text_table(const struct change_list *changes, const struct tz *tz, struct arena *arena,
                    struct buf *out)
{
    static const int shown[] = {TIME, SERVICE, REV, BY, TOOK, STATUS, VERDICT};
    const struct log_text_look look = {.tz = tz};
    buf_add_str(out, "| Time | Service | Rev | By | Took | Status | Verdict | Message |\n"
                     "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < changes->n; i++) {
        const struct cells cells = cells_of(&changes->items[i], &look, arena);
        for (size_t k = 0; k < COUNT_OF(shown); k++)
            add_cell(out, cells.texts[shown[k]], arena);
        add_cell(out, cells.msg, arena);
        buf_add_str(out, "|\n");
    }
}

static void add_field(struct buf *out, const char *text)
{
    buf_add_char(out, '\t');
    terminal_clean(out, text);
}

static void add_row(const struct change *c, struct buf *out)
{
    char text[64];
    if (c->start_ms) {
        tz_format(tz_utc(), c->start_ms / 1000, "%Y-%m-%dT%H:%M:%S", text, sizeof text);
        buf_printf(out, "%s.%03lldZ", text, (long long)(c->start_ms % 1000));
    }
    add_field(out, c->id);
    add_field(out, change_kind_name(c->kind));
    add_field(out, c->service);
    add_field(out, c->env);
    add_field(out, c->rev);
    add_field(out, c->by);
    buf_add_char(out, '\t');
    if (c->start_ms && c->end_ms >= c->start_ms) {
        const long long took_ms = c->end_ms - c->start_ms;
        buf_printf(out, "%lld.%03lld", took_ms / 1000, took_ms % 1000);
    }
    add_field(out, change_status_name(c->status));
    add_field(out, c->msg);
    add_field(out, c->url);
    add_field(out, c->verdict ? verdict_state_name(c->verdict->state) : "");
    buf_add_char(out, '\n');
}

void log_text_rows(const struct change_list *changes, struct buf *out)
{
    for (size_t i = 0; i < changes->n; i++)
        add_row(&changes->items[i], out);
}
