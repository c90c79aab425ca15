#include "cli/verdict_lines.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "cli/terminal.h"
#include "model/name.h"
#include "model/verdict_text.h"

enum {
    NAME_COLUMNS_MAX = 40, /* of a metric; longer ones push the rest to the right */
    LINE_COLUMNS = 100,
    SEEN_MAX = 10, /* metrics that did not move, of a whole verdict */
};

static bool has_moved(const struct verdict *verdict)
{
    return verdict->state == VERDICT_HARM || verdict->state == VERDICT_IMPROVED ||
           verdict->state == VERDICT_MOVED;
}

void verdict_lines_brief(const struct verdict *verdict, struct buf *out)
{
    if (has_moved(verdict) && verdict->n_moved) {
        terminal_clean(out, verdict->moved[0].name);
        buf_add_char(out, ' ');
        verdict_text_effect(&verdict->moved[0], out);
        return;
    }
    double widest = NAN; /* what would have been seen on each of them */
    for (size_t i = 0; verdict->state == VERDICT_NO_HARM && i < verdict->n_unmoved; i++) {
        const double share = verdict_sees(&verdict->unmoved[i]);
        if (!is_gap(share) && !(widest >= share))
            widest = share;
    }
    if (is_gap(widest))
        return;
    buf_add_str(out, "saw >= ");
    verdict_text_share(widest, out);
}

bool verdict_lines_totals(const struct change_list *changes, struct buf *out)
{
    static const enum verdict_state order[] = {VERDICT_NO_HARM,     VERDICT_IMPROVED,
                                               VERDICT_MOVED,       VERDICT_HARM,
                                               VERDICT_CANNOT_TELL, VERDICT_PENDING};
    size_t counts[VERDICT_STATES] = {0};
    for (size_t i = 0; i < changes->n; i++) {
        const struct verdict *verdict = changes->items[i].verdict;
        counts[verdict ? verdict->state : VERDICT_PENDING]++;
    }
    if (counts[VERDICT_PENDING] == changes->n)
        return false;
    const char *between = "";
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        if (!counts[order[i]])
            continue;
        buf_printf(out, "%s%zu %s", between, counts[order[i]], verdict_state_words(order[i]));
        between = ", ";
    }
    return true;
}

const char *verdict_lines_colour(enum verdict_state state)
{
    switch (state) {
    case VERDICT_HARM:
        return "\x1b[1;31m";
    case VERDICT_NO_HARM:
    case VERDICT_IMPROVED:
        return "\x1b[32m";
    case VERDICT_MOVED:
        return "\x1b[33m";
    case VERDICT_PENDING:
    case VERDICT_CANNOT_TELL:
    case VERDICT_STATES:
        break;
    }
    return "\x1b[2m";
}

/* ---- all of it ---- */

static void add_number(struct buf *out, double value)
{
    char text[NUM_TEXT_MAX];
    const size_t n = num_format_g(text, value, 4);
    buf_add(out, is_gap(value) ? "?" : text, is_gap(value) ? 1 : n);
}

static unsigned names_width(const struct verdict_metric *metrics, size_t n)
{
    unsigned widest = 0;
    for (size_t i = 0; i < n; i++) {
        const unsigned width = terminal_width(metrics[i].name);
        widest = width > widest && width <= NAME_COLUMNS_MAX ? width : widest;
    }
    return widest;
}

static void add_name(struct buf *out, const char *name, unsigned columns)
{
    terminal_clean(out, name);
    for (unsigned width = terminal_width(name); width < columns; width++)
        buf_add_char(out, ' ');
}

/* "php.warnings  1.2 -> 44  x37 since 14:05:40  bad" */
static void add_moved(const struct verdict_metric *metric, const struct log_text_look *look,
                      unsigned columns, struct buf *out)
{
    char since[64];
    add_name(out, metric->name, columns);
    buf_add_str(out, "  ");
    add_number(out, metric->before);
    buf_add_str(out, look->has_utf8 ? " \xE2\x86\x92 " : " -> ");
    add_number(out, metric->after);
    buf_add_str(out, "  ");
    verdict_text_effect(metric, out);
    if (metric->since_s) {
        tz_format(look->tz, metric->since_s, "%H:%M:%S", since, sizeof since);
        buf_printf(out, " since %s", since);
    }
    if (metric->harm != VERDICT_NO_RULE)
        buf_add_str(out, metric->harm == VERDICT_BAD ? "  bad" : "  good");
    buf_add_char(out, '\n');
}

/* "would have seen 6% on signups, 4% on checkout.ok", in lines of no more than LINE_COLUMNS if that can be. */
static void add_seen(const struct verdict *verdict, const char *indent, struct buf *out)
{
    CLEANUP(buf_done) struct buf one;
    buf_init(&one, 2 * NAME_BYTES_MAX);
    size_t n = 0, columns = 0;
    for (size_t i = 0; i < verdict->n_unmoved && n < SEEN_MAX; i++) {
        const double share = verdict_sees(&verdict->unmoved[i]);
        if (is_gap(share))
            continue;
        buf_clear(&one);
        verdict_text_share(share, &one);
        buf_add_str(&one, " on ");
        terminal_clean(&one, verdict->unmoved[i].name);
        const size_t width = terminal_width(buf_text(&one));
        const char *before = n ? ", " : "would have seen ";
        if (n && columns + width > LINE_COLUMNS) {
            before = "  ";
            buf_add_str(out, ",\n");
            columns = 0;
        }
        buf_printf(out, "%s%s%s", columns ? "" : indent, before, buf_text(&one));
        columns += (columns ? 0 : strlen(indent)) + strlen(before) + width;
        n++;
    }
    if (n)
        buf_add_char(out, '\n');
}

static void add_head(const struct verdict *verdict, const struct log_text_look *look,
                     struct buf *out)
{
    const char *colour = look->has_colour ? verdict_lines_colour(verdict->state) : "";
    buf_printf(out, "%s%s%s after %s, %zu of %u moved", colour, verdict_text_state(verdict->state),
               colour[0] ? "\x1b[0m" : "", verdict_stage_name(verdict->stage),
               verdict_moved(verdict), verdict->n_checked);
    buf_add_str(out, verdict->n_revised ? ", revised\n" : "\n");
}

void verdict_lines_all(const struct verdict *verdict, const struct log_text_look *look,
                       const char *indent, struct buf *out)
{
    const unsigned columns = names_width(verdict->moved, verdict->n_moved);
    buf_add_str(out, indent);
    add_head(verdict, look, out);
    for (size_t i = 0; i < verdict->n_moved; i++) {
        buf_printf(out, "%s  ", indent);
        add_moved(&verdict->moved[i], look, columns, out);
    }
    if (verdict->n_moved_more)
        buf_printf(out, "%s  and %u more\n", indent, verdict->n_moved_more);
    add_seen(verdict, indent, out);
    for (size_t i = 0; i < verdict->n_reasons; i++) {
        buf_add_str(out, indent);
        terminal_clean(out, verdict->reasons[i]);
        buf_add_char(out, '\n');
    }
}
