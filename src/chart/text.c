/* A chart for a terminal, from the same values, scales and times as the picture. One character cell
 * holds 2 x 4 dots of braille, or one plain character where a terminal has no braille. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "chart/chart.h"
#include "chart/lines.h"
#include "chart/marks.h"
#include "chart/plot.h"
#include "chart/screen.h"
#include "chart/time_axis.h"

enum {
    COLUMNS_MIN = 20, /* less is no chart */
    ROWS_MIN = 5,
    COLUMNS_MAX = 2000, /* wider than any terminal */
    ROWS_MAX = 1000,
    LEGEND_ROWS_MAX = 6,
    TITLE_ROWS_FROM = 9, /* shorter screens need every row for the plot */
};

/* Where things stand on the screen, in cells. */
struct frame {
    int left, top, columns, rows; /* of the plot */
    int title_row, axis_row, marks_row, labels_row, eras_row, legend_row,
        n_legend_rows; /* -1: none */
};

/* What is drawn with: characters for this terminal. */
struct glyphs {
    bool has_braille;
    uint32_t change, failed, rollback;    /* in the row of marks */
    const char *verdicts[VERDICT_STATES]; /* likewise; one character, "" none */
    uint32_t line, failed_line;           /* through the plot */
    uint32_t corner, horizontal, vertical, tick;
};

static struct glyphs choose_glyphs(bool has_braille)
{
    static const struct glyphs braille = {
        .has_braille = true,
        .change = 0x25b2,
        .failed = 0x2717,
        .rollback = 0x25c0,
        .verdicts = {"", "\xe2\x97\x8b", "\xe2\x9c\x93", "?", "\xe2\x97\x86", "!"},
        .line = 0x2502,
        .failed_line = 0x250a,
        .corner = 0x2514,
        .horizontal = 0x2500,
        .vertical = 0x2502,
        .tick = 0x2524,
    };
    static const struct glyphs plain = {
        .change = '^',
        .failed = 'x',
        .rollback = '<',
        .verdicts = {"", "o", "*", "?", "~", "!"},
        .line = '|',
        .failed_line = ':',
        .corner = '+',
        .horizontal = '-',
        .vertical = '|',
        .tick = '+',
    };
    return has_braille ? braille : plain;
}

struct picture {
    struct screen screen;
    struct frame frame;
    struct glyphs glyphs;
    struct plot plot;         /* its box is in cells */
    const char *summaries[2]; /* of the marks and their verdicts; "" when there are none */
    struct arena *arena;
};

static double measure(void *self UNUSED, const char *text, const struct label_style *style UNUSED)
{
    return screen_width(text);
}

static const struct label_measure cells = {measure, NULL};

/* Colours that somebody asked for become the terminal's nearest; all others go round. */
static enum ink ink_of(const struct lines *lines, const struct line *line)
{
    static const enum ink round[] = {INK_CYAN,    INK_YELLOW, INK_GREEN,
                                     INK_MAGENTA, INK_BLUE,   INK_RED};
    static const enum ink by_bits[] = {INK_PLAIN, INK_BLUE,    INK_GREEN,  INK_CYAN,
                                       INK_RED,   INK_MAGENTA, INK_YELLOW, INK_PLAIN};
    size_t k = (size_t)(line - lines->items);
    if (!line->series->style.color)
        return round[k % COUNT_OF(round)];
    int most = line->colour.r > line->colour.g ? line->colour.r : line->colour.g;
    most = line->colour.b > most ? line->colour.b : most;
    int bits = (line->colour.r * 2 > most ? 4 : 0) | (line->colour.g * 2 > most ? 2 : 0) |
               (line->colour.b * 2 > most ? 1 : 0);
    return by_bits[bits];
}

static uint32_t letter_of(const struct lines *lines, const struct line *line)
{
    static const char letters[] = "*o+x#@%&";
    return (uint32_t)(unsigned char)letters[(size_t)(line - lines->items) % (sizeof letters - 1)];
}

/* A point of the plot in dots (or cells) from its top left. */
struct dot {
    int x, y;
};

/* One dot in its cell: bits as Unicode numbers them, two columns of 1, 2, 3, 7 and 4, 5, 6, 8. */
static void put_dot(struct picture *p, struct dot d, const struct lines *lines,
                    const struct line *line)
{
    static const uint32_t bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    const struct frame *f = &p->frame;
    int cx = p->glyphs.has_braille ? d.x / 2 : d.x, cy = p->glyphs.has_braille ? d.y / 4 : d.y;
    if (d.x < 0 || d.y < 0 || cx >= f->columns || cy >= f->rows)
        return;
    int column = f->left + cx, row = f->top + cy;
    enum ink ink = ink_of(lines, line);
    if (!p->glyphs.has_braille) {
        screen_put(&p->screen, column, row, letter_of(lines, line), ink);
        return;
    }
    uint32_t old = p->screen.cells[(size_t)row * p->screen.columns + (size_t)column].code;
    uint32_t base = old >= 0x2800 && old <= 0x28ff ? old : 0x2800;
    screen_put(&p->screen, column, row, base | bits[d.y % 4][d.x % 2], ink);
}

/* Bresenham's line; both ends included. */
static void put_line(struct picture *p, struct dot a, struct dot b, const struct lines *lines,
                     const struct line *line)
{
    int dx = b.x > a.x ? b.x - a.x : a.x - b.x, dy = b.y > a.y ? a.y - b.y : b.y - a.y;
    int step_x = a.x < b.x ? 1 : -1, step_y = a.y < b.y ? 1 : -1, error = dx + dy;
    for (;;) {
        put_dot(p, a, lines, line);
        if (a.x == b.x && a.y == b.y)
            return;
        int twice = 2 * error;
        if (twice >= dy) {
            error += dy;
            a.x += step_x;
        }
        if (twice <= dx) {
            error += dx;
            a.y += step_y;
        }
    }
}

/* False for what is no point of the plot: a gap, or a time outside. Values outside are drawn at the
 * plot's edge. */
static bool find_dot(const struct picture *p, const struct line *line, size_t i, struct dot *out)
{
    const struct trace *t = &line->trace;
    int per_column = p->glyphs.has_braille ? 2 : 1, per_row = p->glyphs.has_braille ? 4 : 1;
    int64_t at_s = t->start_s + (int64_t)i * t->step_s;
    double share = scale_share(line->on_right ? &p->plot.right : &p->plot.left, t->values[i]);
    if (isnan(share) || at_s < p->plot.from_s || at_s > p->plot.until_s)
        return false;
    share = fmax(0.0, fmin(1.0, share));
    double x = (plot_x(&p->plot, at_s * 1000) - p->frame.left) * per_column;
    int last = p->frame.rows * per_row - 1;
    out->x = (int)fmin(floor(x), p->frame.columns * per_column - 1);
    out->y = (int)floor((1.0 - share) * last + 0.5);
    return true;
}

static void draw_lines(struct picture *p, const struct lines *lines, const struct options *o)
{
    for (size_t k = 0; k < lines->n; k++) {
        const struct line *line = &lines->items[k];
        if (line->is_infinite || line->is_hidden)
            continue;
        struct dot last = {0, 0}, now;
        bool has_last = false,
             bridges = line->series->style.connects ||
                       (o->line_mode == LINE_CONNECTED && isinf(o->connected_limit));
        for (size_t i = 0; i < line->trace.n; i++) {
            if (!find_dot(p, line, i, &now)) {
                has_last = has_last && bridges;
                continue;
            }
            put_line(p, has_last ? last : now, now, lines, line);
            last = now;
            has_last = true;
        }
    }
}

/* How many marks of a kind fall into one column. */
struct column_marks {
    size_t n, n_failed, n_rolled_back;
    enum verdict_state worst;
    const struct line *line;
};

static uint32_t sign_of(const struct picture *p, const struct column_marks *c)
{
    if (c->n > 9)
        return '+';
    if (c->n > 1)
        return '0' + (uint32_t)c->n;
    if (c->n_failed)
        return p->glyphs.failed;
    return c->n_rolled_back ? p->glyphs.rollback : p->glyphs.change;
}

/* Harm is never hidden by anything else; any other verdict is that of a change alone. */
static void put_sign(struct picture *p, const struct column_marks *c, int column, enum ink ink)
{
    bool is_plain = c->n == 1 && !c->n_failed && !c->n_rolled_back;
    if (c->worst == VERDICT_HARM || (is_plain && c->worst != VERDICT_PENDING))
        screen_text(&p->screen, column, p->frame.marks_row, p->glyphs.verdicts[c->worst], ink);
    else
        screen_put(&p->screen, column, p->frame.marks_row, sign_of(p, c), ink);
}

/* Lines where nothing else is drawn, and a row of signs: one change, how many, failed, rolled
 * back. */
static void draw_marks(struct picture *p, const struct lines *lines, const struct marks *marks)
{
    size_t n_columns = (size_t)p->frame.columns;
    struct column_marks *columns = arena_zarray(p->arena, n_columns, struct column_marks);
    for (size_t i = 0; i < marks->n; i++) {
        const struct mark *mark = &marks->items[i];
        if (mark->at_ms < p->plot.from_s * 1000)
            continue;
        double x = plot_x(&p->plot, mark->at_ms) - p->frame.left;
        struct column_marks *c = &columns[(size_t)fmax(0.0, fmin(x, p->frame.columns - 1))];
        c->line = mark->line;
        c->n++;
        c->n_failed += mark->is_failed;
        c->n_rolled_back += mark->is_rollback;
        c->worst = verdict_worse(c->worst, mark->verdict);
    }
    for (size_t k = 0; k < n_columns; k++) {
        const struct column_marks *c = &columns[k];
        if (c->n == 0)
            continue;
        enum ink ink = c->line ? ink_of(lines, c->line) : INK_PLAIN;
        ink = c->n_failed || c->worst == VERDICT_HARM ? INK_RED : ink;
        int column = p->frame.left + (int)k;
        uint32_t through = c->n_failed == c->n ? p->glyphs.failed_line : p->glyphs.line;
        for (int row = 0; row < p->frame.rows; row++)
            if (screen_is_free(&p->screen, column, p->frame.top + row))
                screen_put(&p->screen, column, p->frame.top + row, through, ink);
        put_sign(p, c, column, ink);
    }
}

static void draw_y_labels(struct picture *p, const struct scale *scale, int last_row)
{
    for (size_t i = scale->n_ticks; i-- > 0;) {
        double share = scale_share(scale, scale->ticks[i]);
        if (isnan(share) || share < -0.001 || share > 1.001)
            continue;
        int row = p->frame.top + (int)floor((1.0 - share) * (p->frame.rows - 1) + 0.5);
        char text[SCALE_LABEL_BYTES];
        scale_label(scale, scale->ticks[i], text);
        if (row == last_row)
            continue;
        last_row = row;
        int column = p->frame.left - 2 - screen_width(text);
        screen_text(&p->screen, column, row, text, INK_PLAIN);
        screen_put(&p->screen, p->frame.left - 1, row, p->glyphs.tick, INK_DIM);
    }
}

static void draw_axes(struct picture *p, const struct time_axis *times)
{
    const struct frame *f = &p->frame;
    for (int row = 0; row < f->rows; row++)
        screen_put(&p->screen, f->left - 1, f->top + row, p->glyphs.vertical, INK_DIM);
    screen_put(&p->screen, f->left - 1, f->axis_row, p->glyphs.corner, INK_DIM);
    for (int k = 0; k < f->columns; k++)
        screen_put(&p->screen, f->left + k, f->axis_row, p->glyphs.horizontal, INK_DIM);
    draw_y_labels(p, &p->plot.left, -1);
    int edge = f->left + f->columns, free_from = 0;
    for (size_t i = 0; i < times->n_labels; i++) {
        const char *text = times->labels[i].text;
        int width = screen_width(text);
        int column = (int)plot_x(&p->plot, times->labels[i].at_s * 1000) - width / 2;
        column = (int)max_i64(min_i64(column, edge - width), 0);
        if (column < free_from)
            continue;
        free_from = screen_text(&p->screen, column, f->labels_row, text, INK_PLAIN) + 1;
    }
}

static void draw_eras(struct picture *p, const struct time_axis *times)
{
    const struct frame *f = &p->frame;
    int edge = f->left + f->columns - screen_width(times->zone);
    screen_text(&p->screen, edge, f->eras_row, times->zone, INK_DIM);
    for (size_t i = 0; i < times->n_eras; i++) {
        const struct time_era *era = &times->eras[i];
        int column = (int)plot_x(&p->plot, era->at_s * 1000), end = edge;
        if (i + 1 < times->n_eras)
            end = (int)plot_x(&p->plot, era[1].at_s * 1000);
        end = (int)min_i64(end, edge) - 1;
        const char *text = column + screen_width(era->text) <= end ? era->text : era->brief;
        if (column + screen_width(text) <= end)
            screen_text(&p->screen, column, f->eras_row, text, INK_DIM);
    }
}

/* "3 changes, 1 failed, 1 rolled back" and "! 1 harm, o 2 no harm"; "" for none. */
static void count_marks(struct picture *p, const struct marks *marks)
{
    size_t n = 0, n_failed = 0, n_rolled_back = 0, n_of[VERDICT_STATES] = {0};
    for (size_t i = 0; i < marks->n; i++) {
        if (marks->items[i].at_ms < p->plot.from_s * 1000)
            continue;
        n++;
        n_failed += marks->items[i].is_failed;
        n_rolled_back += marks->items[i].is_rollback;
        n_of[marks->items[i].verdict]++;
    }
    const char *text = n ? arena_printf(p->arena, "%zu change%s", n, n == 1 ? "" : "s") : "";
    if (n_failed)
        text = arena_printf(p->arena, "%s, %zu failed", text, n_failed);
    if (n_rolled_back)
        text = arena_printf(p->arena, "%s, %zu rolled back", text, n_rolled_back);
    const char *verdicts = "";
    for (int v = VERDICT_STATES - 1; v > VERDICT_PENDING; v--)
        if (n_of[v])
            verdicts = arena_printf(p->arena, "%s%s%s %zu %s", verdicts, verdicts[0] ? ", " : "",
                                    p->glyphs.verdicts[v], n_of[v],
                                    verdict_state_words((enum verdict_state)v));
    p->summaries[0] = text;
    p->summaries[1] = verdicts;
}

/* Only one axis has labels: a line of the other one says its range. */
static const char *legend_text(const struct picture *p, const struct line *line)
{
    if (!line->on_right || line->is_infinite || line->name[0] == '\0')
        return line->name;
    char low[SCALE_LABEL_BYTES], high[SCALE_LABEL_BYTES];
    scale_label(&p->plot.right, p->plot.right.bottom, low);
    scale_label(&p->plot.right, p->plot.right.top, high);
    return arena_printf(p->arena, "%s (right: %s to %s)", line->name, low, high);
}

static void draw_legend(struct picture *p, const struct lines *lines)
{
    const struct frame *f = &p->frame;
    int row = f->legend_row, last = f->legend_row + f->n_legend_rows - 1, column = f->left;
    for (size_t k = 0; f->n_legend_rows > 0 && k < lines->n + COUNT_OF(p->summaries); k++) {
        bool is_summary = k >= lines->n;
        const struct line *line = is_summary ? NULL : &lines->items[k];
        const char *text = is_summary ? p->summaries[k - lines->n] : legend_text(p, line);
        if (text[0] == '\0' || (line && line->is_hidden))
            continue;
        int width = screen_width(text) + (is_summary ? 0 : 3);
        if (column > f->left && column + width > (int)p->screen.columns) {
            if (row == last) { /* no row is left */
                screen_text(&p->screen, (int)p->screen.columns - 3, row, "...", INK_DIM);
                return;
            }
            row++;
            column = f->left;
        }
        if (line) {
            uint32_t sign = line->is_infinite       ? p->glyphs.change
                            : p->glyphs.has_braille ? 0x2501
                                                    : letter_of(lines, line);
            screen_put(&p->screen, column, row, sign, ink_of(lines, line));
            column += 2;
        }
        column = screen_text(&p->screen, column, row, text, INK_PLAIN) + 2;
    }
}

static int legend_rows(const struct picture *p, const struct lines *lines, int columns)
{
    int n = 1, column = 0;
    for (size_t k = 0; k < lines->n + COUNT_OF(p->summaries); k++) {
        const struct line *line = k < lines->n ? &lines->items[k] : NULL;
        const char *text = line ? line->name : p->summaries[k - lines->n];
        if (text[0] == '\0' || (line && line->is_hidden))
            continue;
        int width = screen_width(text) + (line ? 4 : 2);
        n += column > 0 && column + width > columns;
        column = column > 0 && column + width > columns ? width : column + width;
    }
    return (int)min_i64(n, LEGEND_ROWS_MAX);
}

/* Rows from the bottom up; what a short screen has no place for is left out. */
static struct frame place(struct chart_text_size size, bool has_title, int n_legend, bool has_marks)
{
    int rows = (int)size.rows;
    struct frame f = {.title_row = -1, .eras_row = -1, .marks_row = -1, .legend_row = -1};
    bool is_tall = rows >= TITLE_ROWS_FROM;
    f.n_legend_rows = (int)min_i64(n_legend, rows / 4);
    f.top = has_title && is_tall ? 1 : 0;
    f.title_row = f.top - 1;
    int below = f.n_legend_rows + 2 + (has_marks ? 1 : 0) + (is_tall ? 1 : 0);
    f.rows = rows - f.top - below;
    f.axis_row = f.top + f.rows;
    int row = f.axis_row + 1;
    if (has_marks)
        f.marks_row = row++;
    f.labels_row = row++;
    if (is_tall)
        f.eras_row = row++;
    f.legend_row = row;
    return f;
}

static bool make_scales(struct picture *p, const struct lines *lines, const struct options *o,
                        struct err *err)
{
    unsigned most = (unsigned)max_i64(1, min_i64(6, p->frame.rows / 3));
    unsigned divisors[8];
    struct line_range range = lines_range(lines, false, o->log_base > 0.0);
    struct scale_ask ask = {.low = range.low,
                            .high = range.high,
                            .axis = options_axis(o, false, lines->has_right, true),
                            .units = o->units,
                            .log_base = o->log_base,
                            .divisors = divisors,
                            .from_zero = lines->has_areas};
    for (unsigned k = (most + 1) / 2; k <= most; k++)
        divisors[ask.n_divisors++] = k;
    if (!scale_make(&ask, &p->plot.left, err))
        return false;
    range = lines_range(lines, true, o->log_base > 0.0);
    ask.low = range.low;
    ask.high = range.high;
    ask.axis = options_axis(o, true, true, true);
    return scale_make(&ask, &p->plot.right, err);
}

static int label_columns(const struct scale *scale)
{
    int widest = 1;
    char text[SCALE_LABEL_BYTES];
    for (size_t i = 0; i < scale->n_ticks; i++) {
        scale_label(scale, scale->ticks[i], text);
        widest = (int)max_i64(widest, screen_width(text));
    }
    return widest;
}

/* The plot between its labels: their width depends on the values, and those on the plot's width. */
static bool settle(struct picture *p, struct lines *lines, const struct options *o, struct err *err)
{
    struct frame *f = &p->frame;
    int labels = 5;
    for (int pass = 0; pass < 2; pass++) {
        f->left = (int)min_i64(labels + 2, (int)p->screen.columns / 2);
        f->columns = (int)p->screen.columns - f->left;
        p->plot.box = (struct draw_box){f->left, f->top, f->columns, f->rows};
        struct trace_ask ask = {.from_s = p->plot.from_s, .until_s = p->plot.until_s};
        ask.n_max = (size_t)f->columns * (p->glyphs.has_braille ? 2 : 1);
        lines_trace(lines, o, &ask, p->arena);
        if (!make_scales(p, lines, o, err))
            return false;
        labels = label_columns(&p->plot.left);
    }
    return true;
}

static bool has_values(const struct lines *lines)
{
    return !isnan(lines_range(lines, false, false).low) ||
           !isnan(lines_range(lines, true, false).low);
}

static void draw(struct picture *p, const struct chart_input *input, const struct lines *lines,
                 const struct marks *marks, const struct options *o)
{
    struct time_axis_ask ask = {
        .from_s = input->from_s,
        .until_s = input->until_s,
        .tz = input->tz,
        .width_px = p->frame.columns,
        .format = o->x_format,
        .has_eras = p->frame.eras_row >= 0,
        .style = {.size = 1.0},
    };
    struct time_axis times;
    time_axis_make(&ask, &cells, p->arena, &times);
    if (p->frame.title_row >= 0) {
        const char *rest = o->title, *title = label_line(&rest, p->arena);
        screen_text(&p->screen, p->frame.left, p->frame.title_row, title, INK_BOLD);
    }
    draw_axes(p, &times);
    if (p->frame.eras_row >= 0)
        draw_eras(p, &times);
    draw_lines(p, lines, o);
    draw_marks(p, lines, marks);
    draw_legend(p, lines);
    if (!has_values(lines) && marks->n == 0)
        screen_text(&p->screen, p->frame.left + p->frame.columns / 2 - 3,
                    p->frame.top + p->frame.rows / 2, "No Data", INK_PLAIN);
}

static bool check(const struct chart_input *input, struct chart_text_size size, struct err *err)
{
    if (size.columns < COLUMNS_MIN || size.rows < ROWS_MIN)
        return FAIL(err, ERR_LIMIT, "a chart needs at least %d columns and %d rows", COLUMNS_MIN,
                    ROWS_MIN);
    if (size.columns > COLUMNS_MAX || size.rows > ROWS_MAX)
        return FAIL(err, ERR_LIMIT, "a chart has at most %d columns and %d rows", COLUMNS_MAX,
                    ROWS_MAX);
    return time_axis_check(input->from_s, input->until_s, err);
}

bool chart_text(const struct chart_input *input, struct chart_text_size size, struct arena *arena,
                struct buf *out, struct err *err)
{
    struct options options;
    struct lines lines;
    struct marks marks;
    if (!check(input, size, err) ||
        !options_parse(input->params, input->n_params, arena, &options, err))
        return false;
    struct look look = look_make(&options, input->default_template);
    if (!lines_make(input->series, &options, &look, arena, &lines, err))
        return false;
    marks_collect(input, &lines, arena, &marks);

    struct picture picture = {
        .screen = screen_new(arena, size.columns, size.rows),
        .glyphs = choose_glyphs(size.use_braille),
        .plot = {.from_s = input->from_s, .until_s = input->until_s},
        .arena = arena,
    };
    count_marks(&picture, &marks);
    int n_legend = legend_rows(&picture, &lines, (int)size.columns - 8);
    picture.screen.is_ascii = !size.use_braille;
    picture.frame = place(size, options.title != NULL, n_legend, marks.n > 0);
    if (!settle(&picture, &lines, &options, err))
        return false;
    draw(&picture, input, &lines, &marks, &options);
    screen_write(&picture.screen, size.use_colour, out);
    if (out->is_full)
        return FAIL(err, ERR_LIMIT, "the chart is longer than %zu bytes", out->max);
    return true;
}
