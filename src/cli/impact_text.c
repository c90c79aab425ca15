#include "cli/impact_text.h"

#include <math.h>
#include <string.h>

#include "cli/log_text.h"
#include "cli/terminal.h"
#include "cli/verdict_lines.h"
#include "model/verdict_say.h"
#include "model/verdict_text.h"

enum {
    NAME_COLUMNS_MIN = 6,
    NAME_COLUMNS_MAX = 44,
    OVERLAPS_NAMED = 5,
    POWERS_NAMED = 6, /* of those that did not move, without --all */
    CELLS = 4,        /* before, after, change, rank */
    CELL_MIN = 6,
    TEXT_BYTES_MAX = 4096,
};

/* ---- small pieces ---- */

static const char *taken(struct buf *text, struct arena *arena)
{
    const char *copy = arena_strdup(arena, buf_text(text));
    buf_done(text);
    return copy;
}

static const char *level(double value, struct arena *arena)
{
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    verdict_say_number(value, &text);
    return taken(&text, arena);
}

static const char *effect(const struct verdict_metric *metric, struct arena *arena)
{
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    verdict_text_effect(metric, &text);
    return taken(&text, arena);
}

static const char *power(const struct verdict_metric *metric, struct arena *arena)
{
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    verdict_say_power(metric, &text);
    return taken(&text, arena);
}

static const char *rank(const struct verdict_metric *metric, struct arena *arena)
{
    return metric->n_rank ? arena_printf(arena, "%u/%u", metric->rank, metric->n_rank) : "-";
}

static void add_time(int64_t at_s, const char *format, const struct tz *tz, struct buf *out)
{
    char text[64];
    tz_format(tz, at_s, format, text, sizeof text);
    buf_add_str(out, text);
}

static const char *reset(const struct impact_look *look)
{
    return look->has_colour ? "\x1b[0m" : "";
}

/* Eighths of a line, from the lowest value to the highest; a gap is a blank; '|' where the change was. */
static void add_spark(const struct verdict_metric *metric, const struct impact_look *look,
                      struct buf *out)
{
    double low = INFINITY, high = -INFINITY;
    for (uint32_t i = 0; i < metric->n_spark; i++) {
        if (!isfinite(metric->spark[i]))
            continue;
        low = fmin(low, metric->spark[i]);
        high = fmax(high, metric->spark[i]);
    }
    if (!look->has_utf8 || !(high >= low))
        return;
    buf_add_str(out, "  ");
    for (uint32_t i = 0; i < metric->n_spark; i++) {
        const double share = high > low ? (metric->spark[i] - low) / (high - low) : 0.0;
        const int eighth = isfinite(share) ? (int)lround(share * 7.0) : -1;
        if (i == metric->spark_change && i > 0)
            buf_add_char(out, '|');
        if (eighth < 0)
            buf_add_char(out, ' ');
        else
            buf_printf(out, "\xe2\x96%c", (char)(0x81 + eighth));
    }
}

/* ---- the head ---- */

static void add_head(const struct judged *judged, const struct impact_look *look, struct buf *out)
{
    const struct change *c = &judged->change;
    terminal_clean(out, c->service[0] ? c->service : change_kind_name(c->kind));
    if (c->rev[0]) {
        buf_add_char(out, ' ');
        terminal_clean(out, c->rev);
    }
    if (c->by[0] || c->msg[0]) {
        buf_add_str(out, " (");
        terminal_clean(out, c->by);
        buf_add_str(out, c->by[0] && c->msg[0] ? ", \"" : c->msg[0] ? "\"" : "");
        terminal_clean(out, c->msg);
        buf_add_str(out, c->msg[0] ? "\")" : ")");
    }
    if (c->start_ms) {
        buf_add_str(out, "  ");
        add_time(c->start_ms / 1000, "%Y-%m-%d %H:%M:%S", look->tz, out);
    }
    if (c->end_ms > c->start_ms) {
        buf_add_str(out, " - ");
        add_time(c->end_ms / 1000, "%H:%M:%S", look->tz, out);
    }
    buf_printf(out, "  %s\n", change_status_name(c->status));
}

static void add_state(const struct judged *judged, const struct impact_look *look, struct buf *out)
{
    const struct verdict *verdict = &judged->verdict;
    buf_printf(out, "%s%s%s", look->has_colour ? verdict_lines_colour(verdict->state) : "",
               verdict_text_state(verdict->state), reset(look));
    buf_printf(out, ", %zu of %u moved", verdict_moved(verdict), verdict->n_checked);
    if (verdict->stage == VERDICT_LIVE)
        buf_add_str(out, judged->left_s ? ", so far" : "");
    else
        buf_printf(out, ", after %s", verdict_stage_name(verdict->stage));
    if (judged->left_s) {
        buf_add_str(out, ", ");
        log_text_took(judged->left_s * 1000, out);
        buf_add_str(out, " left");
    }
    if (verdict->n_revised)
        buf_add_str(out, ", revised");
    buf_add_char(out, '\n');
}

/* ---- the tables ---- */

struct table {
    size_t name, cells[CELLS];
};

static const char *const headings[CELLS] = {"before", "after", "change", "rank"};

static void cells_of(const struct verdict_metric *metric, struct arena *arena,
                     const char *out[CELLS])
{
    out[0] = level(metric->before, arena);
    out[1] = level(metric->after, arena);
    out[2] = effect(metric, arena);
    out[3] = rank(metric, arena);
}

static struct table measure(const struct verdict_metric *metrics, size_t n, struct arena *arena)
{
    struct table table = {.name = NAME_COLUMNS_MIN, .cells = {CELL_MIN, CELL_MIN, CELL_MIN, 4}};
    const char *cells[CELLS];
    for (size_t i = 0; i < n; i++) {
        table.name = max_size(table.name, strlen(metrics[i].name));
        cells_of(&metrics[i], arena, cells);
        for (size_t k = 0; k < CELLS; k++)
            table.cells[k] = max_size(table.cells[k], strlen(cells[k]));
    }
    table.name = min_size(table.name, NAME_COLUMNS_MAX);
    return table;
}

static void add_moved(const struct judged *judged, const struct impact_look *look,
                      struct arena *arena, struct buf *out)
{
    const struct verdict *verdict = &judged->verdict;
    const struct table table = measure(verdict->moved, verdict->n_moved, arena);
    if (!verdict->n_moved)
        return;
    buf_add_str(out, "  ");
    terminal_fit(out, "MOVED", (unsigned)table.name, look->has_utf8);
    for (size_t k = 0; k < CELLS; k++)
        buf_printf(out, "  %*s", (int)table.cells[k], headings[k]);
    buf_add_str(out, "  since\n");
    for (size_t i = 0; i < verdict->n_moved; i++) {
        const struct verdict_metric *metric = &verdict->moved[i];
        const char *cells[CELLS];
        cells_of(metric, arena, cells);
        buf_printf(out, "%c ", metric->harm == VERDICT_BAD ? '!' : ' ');
        terminal_fit(out, terminal_cleaned(arena, metric->name), (unsigned)table.name,
                     look->has_utf8);
        for (size_t k = 0; k < CELLS; k++)
            buf_printf(out, "  %*s", (int)table.cells[k], cells[k]);
        buf_add_str(out, "  ");
        if (metric->since_s)
            add_time(metric->since_s, "%H:%M:%S", look->tz, out);
        else
            buf_add_char(out, '-');
        add_spark(metric, look, out);
        buf_add_char(out, '\n');
    }
    if (verdict->n_moved_more)
        buf_printf(out, "  and %u more\n", verdict->n_moved_more);
}

static void add_unmoved_all(const struct verdict *verdict, const struct impact_look *look,
                            struct arena *arena, struct buf *out)
{
    const struct table table = measure(verdict->unmoved, verdict->n_unmoved, arena);
    buf_add_str(out, "  ");
    terminal_fit(out, "NOT MOVED", (unsigned)table.name, look->has_utf8);
    buf_printf(out, "  %*s  %*s  would have seen\n", (int)table.cells[0], headings[0],
               (int)table.cells[1], headings[1]);
    for (size_t i = 0; i < verdict->n_unmoved; i++) {
        const struct verdict_metric *metric = &verdict->unmoved[i];
        buf_add_str(out, "  ");
        terminal_fit(out, terminal_cleaned(arena, metric->name), (unsigned)table.name,
                     look->has_utf8);
        buf_printf(out, "  %*s  %*s  %s\n", (int)table.cells[0], level(metric->before, arena),
                   (int)table.cells[1], level(metric->after, arena), power(metric, arena));
    }
}

static void add_unmoved(const struct verdict *verdict, const struct impact_look *look,
                        struct arena *arena, struct buf *out)
{
    const size_t n_moved = verdict_moved(verdict);
    const size_t n = verdict->n_checked > n_moved ? verdict->n_checked - n_moved : 0;
    size_t n_named = 0, i = 0;
    if (look->has_all && verdict->n_unmoved) {
        add_unmoved_all(verdict, look, arena, out);
    } else if (n) {
        buf_printf(out, "  NOT MOVED  %zu metric%s", n, n == 1 ? "" : "s");
        for (; i < verdict->n_unmoved && n_named < POWERS_NAMED; i++) {
            if (isnan(verdict->unmoved[i].would_see))
                continue;
            buf_add_str(out, n_named++ ? ", " : "; would have seen: ");
            terminal_clean(out, verdict->unmoved[i].name);
            buf_printf(out, " %s", power(&verdict->unmoved[i], arena));
        }
        buf_printf(out, "%s\n", i < verdict->n_unmoved ? " ...  (--all)" : "");
    }
}

static void add_list(const char *label, const char *const *texts, size_t n, struct buf *out)
{
    if (!n)
        return;
    buf_printf(out, "  %s  ", label);
    for (size_t i = 0; i < n; i++) {
        buf_add_str(out, i ? ", " : "");
        terminal_clean(out, texts[i]);
    }
    buf_add_char(out, '\n');
}

/* Changes whose windows share some of this one's: their ids as lists of changes show them. */
static void add_overlaps(const struct verdict *verdict, struct arena *arena, struct buf *out)
{
    const size_t n = min_size(verdict->n_overlaps, OVERLAPS_NAMED);
    if (!n)
        return;
    buf_add_str(out, "  OVERLAP  ");
    for (size_t i = 0; i < n; i++) {
        buf_add_str(out, i ? ", " : "");
        terminal_clean(out, arena_strndup(arena, verdict->overlaps[i],
                                          strnlen(verdict->overlaps[i], LOG_TEXT_ID_BYTES)));
    }
    if (verdict->n_overlaps > n)
        buf_printf(out, " and %zu more", verdict->n_overlaps - n);
    buf_add_str(out, n > 1 ? ": changes near it" : ": a change near it");
    buf_add_str(out, "  (plumb show ID)\n");
}

static void add_reasons(const struct verdict *verdict, struct buf *out)
{
    for (size_t i = 0; i < verdict->n_reasons; i++) {
        buf_add_str(out, "  ");
        terminal_clean(out, verdict->reasons[i]);
        buf_add_char(out, '\n');
    }
    if (isnan(verdict->false_alarms))
        return;
    buf_add_str(out, "  Of 1,000 metrics that nothing happened to, ");
    verdict_say_number(verdict->false_alarms, out);
    buf_add_str(out, " are told as moved, as last measured here.\n");
}

void impact_text(const struct judged *judged, const struct impact_look *look, struct arena *arena,
                 struct buf *out)
{
    const struct verdict *verdict = &judged->verdict;
    add_head(judged, look, out);
    add_state(judged, look, out);
    add_moved(judged, look, arena, out);
    if (look->is_moved)
        return;
    add_unmoved(verdict, look, arena, out);
    add_list("NO DATA", verdict->no_data, verdict->n_no_data, out);
    add_overlaps(verdict, arena, out);
    add_reasons(verdict, out);
}

/* ---- rows ---- */

/* A tab or a line's end in a name is a blank. */
static void add_cell(const char *text, struct buf *out)
{
    terminal_clean(out, text);
    buf_add_char(out, '\t');
}

static void add_number(double value, char end, struct buf *out)
{
    if (isfinite(value))
        buf_add_f64(out, value);
    buf_add_char(out, end);
}

static void add_row(const char *kind, const struct verdict_metric *metric, struct buf *out)
{
    buf_printf(out, "%s\t", kind);
    add_cell(metric->name, out);
    add_number(metric->before, '\t', out);
    add_number(metric->after, '\t', out);
    add_number(metric->effect, '\t', out);
    if (metric->n_rank)
        buf_printf(out, "%u\t%u\t", metric->rank, metric->n_rank);
    else
        buf_add_str(out, "\t\t");
    if (metric->since_s)
        add_time(metric->since_s, "%Y-%m-%dT%H:%M:%SZ", tz_utc(), out);
    buf_add_char(out, '\t');
    add_number(metric->would_see, '\n', out);
}

void impact_text_rows(const struct judged *judged, const struct impact_look *look, struct buf *out)
{
    const struct verdict *verdict = &judged->verdict;
    for (size_t i = 0; i < verdict->n_moved; i++)
        add_row("moved", &verdict->moved[i], out);
    for (size_t i = 0; i < verdict->n_unmoved && !look->is_moved; i++)
        add_row("unmoved", &verdict->unmoved[i], out);
}

/* ---- two beside each other ---- */

/* A metric as one of the two has it. NULL: it has not. */
struct side {
    const struct verdict_metric *metric;
    bool has_moved;
};

static struct side find(const struct verdict *verdict, const char *name)
{
    for (size_t i = 0; i < verdict->n_moved; i++)
        if (strcmp(verdict->moved[i].name, name) == 0)
            return (struct side){&verdict->moved[i], true};
    for (size_t i = 0; i < verdict->n_unmoved; i++)
        if (strcmp(verdict->unmoved[i].name, name) == 0)
            return (struct side){&verdict->unmoved[i], false};
    return (struct side){NULL, false};
}

static void add_names(const struct verdict_metric *metrics, size_t n, const char **io, size_t *io_n)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < *io_n && strcmp(io[k], metrics[i].name) != 0)
            k++;
        if (k == *io_n)
            io[(*io_n)++] = metrics[i].name;
    }
}

/* Each once: what moved in one of them, then the others. */
static const char *const *names_of(const struct verdict *const *both, struct arena *arena,
                                   size_t *out_n)
{
    const struct verdict *a = both[0], *b = both[1];
    const char **names =
        arena_array(arena, a->n_moved + a->n_unmoved + b->n_moved + b->n_unmoved, const char *);
    *out_n = 0;
    add_names(a->moved, a->n_moved, names, out_n);
    add_names(b->moved, b->n_moved, names, out_n);
    add_names(a->unmoved, a->n_unmoved, names, out_n);
    add_names(b->unmoved, b->n_unmoved, names, out_n);
    return names;
}

static const char *side_text(struct side side, struct arena *arena)
{
    if (!side.metric)
        return "-";
    if (side.has_moved)
        return arena_printf(arena, "%s -> %s  %s", level(side.metric->before, arena),
                            level(side.metric->after, arena), effect(side.metric, arena));
    return arena_printf(arena, "not moved, saw %s", power(side.metric, arena));
}

static void add_heads(const struct judged *first, const struct judged *second,
                      const struct impact_look *look, struct buf *out)
{
    buf_add_str(out, "A ");
    add_head(first, look, out);
    buf_add_str(out, "  ");
    add_state(first, look, out);
    buf_add_str(out, "B ");
    add_head(second, look, out);
    buf_add_str(out, "  ");
    add_state(second, look, out);
}

void impact_text_diff(const struct judged *first, const struct judged *second,
                      const struct impact_look *look, struct arena *arena, struct buf *out)
{
    const struct verdict *const both[] = {&first->verdict, &second->verdict};
    size_t n, n_shown = 0;
    size_t name_columns = NAME_COLUMNS_MIN, side_columns = CELL_MIN;
    const char *const *names = names_of(both, arena, &n);
    add_heads(first, second, look, out);
    while (n_shown < n && (look->has_all || find(both[0], names[n_shown]).has_moved ||
                           find(both[1], names[n_shown]).has_moved))
        n_shown++; /* those that moved come first */
    for (size_t i = 0; i < n_shown; i++) {
        name_columns = max_size(name_columns, strlen(names[i]));
        side_columns = max_size(side_columns, strlen(side_text(find(both[0], names[i]), arena)));
    }
    for (size_t i = 0; i < n_shown; i++) {
        buf_add_str(out, "  ");
        terminal_fit(out, terminal_cleaned(arena, names[i]),
                     (unsigned)min_size(name_columns, NAME_COLUMNS_MAX), look->has_utf8);
        buf_printf(out, "  %-*s  %s\n", (int)side_columns,
                   side_text(find(both[0], names[i]), arena),
                   side_text(find(both[1], names[i]), arena));
    }
    if (n > n_shown)
        buf_printf(out, "  %zu %smoved in neither  (--all)\n", n - n_shown, n_shown ? "more " : "");
    else if (!n)
        buf_add_str(out, "  there is no metric that one of them was judged by\n");
}

static void add_side(struct side side, char end, struct buf *out)
{
    const double unknown = NAN;
    buf_printf(out, "%s\t", side.metric ? side.has_moved ? "moved" : "unmoved" : "");
    add_number(side.metric ? side.metric->before : unknown, '\t', out);
    add_number(side.metric ? side.metric->after : unknown, '\t', out);
    add_number(side.metric ? side.metric->effect : unknown, end, out);
}

void impact_text_diff_rows(const struct judged *first, const struct judged *second,
                           struct arena *arena, struct buf *out)
{
    const struct verdict *const both[] = {&first->verdict, &second->verdict};
    size_t n;
    const char *const *names = names_of(both, arena, &n);
    for (size_t i = 0; i < n; i++) {
        add_cell(names[i], out);
        add_side(find(both[0], names[i]), '\t', out);
        add_side(find(both[1], names[i]), '\n', out);
    }
}
