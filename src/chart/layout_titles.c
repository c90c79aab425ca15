#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "chart/layout.h"

enum {
    WRAP_HEIGHT_MIN = 200, /* in lower pictures a second line of title takes more than it gives */
};

double layout_margin(const struct options *o)
{
    return floor(fmin(o->margin, fmin(o->width, o->height) / 8.0));
}

/* Bytes before the last blank that still fits; 0 if the line fits whole, or no word does. */
static size_t break_at(const struct sheet *sheet, const char *line, double width)
{
    const char *fits = label_fit(sheet->measure, &sheet->look->title, line, width, sheet->arena);
    size_t n = 0;
    if (fits == line)
        return 0;
    while (line[n] && line[n] == fits[n]) /* up to its ellipsis */
        n++;
    while (n > 0 && line[n] != ' ')
        n--;
    return n;
}

struct titles layout_titles_read(const struct sheet *sheet, const struct options *o)
{
    struct titles titles = {0};
    const char *rest = o->title;
    double width = sheet->list->width - 2.0 * fmin(o->margin, sheet->list->width / 4.0);
    while (rest && titles.n < TITLE_LINES_MAX) {
        const char *line = label_line(&rest, sheet->arena);
        size_t n = o->height >= WRAP_HEIGHT_MIN ? break_at(sheet, line, width) : 0;
        if (n > 0 && titles.n + 1 < TITLE_LINES_MAX) {
            titles.lines[titles.n++] = arena_strndup(sheet->arena, line, n);
            line += n + 1;
        }
        titles.lines[titles.n++] =
            label_fit(sheet->measure, &sheet->look->title, line, width, sheet->arena);
    }
    return titles;
}

static double title_row_px(const struct sheet *sheet)
{
    return ceil(sheet->look->title.size * 1.4);
}

double layout_titles_px(const struct sheet *sheet, const struct titles *titles)
{
    if (titles->n == 0)
        return 0.0;
    return (double)titles->n * title_row_px(sheet) + floor(sheet->look->text.size * 0.5);
}

void layout_titles_draw(const struct sheet *sheet, const struct titles *titles,
                        const struct options *o, double plot_x)
{
    const struct look *look = sheet->look;
    double y = layout_margin(o), left = plot_x;
    for (size_t i = 0; i < titles->n; i++)
        if (label_width(sheet->measure, &look->title, titles->lines[i]) >
            o->width - layout_margin(o) - plot_x)
            left = layout_margin(o); /* all of them, so that they begin below each other */
    for (size_t i = 0; i < titles->n; i++, y += title_row_px(sheet)) {
        struct draw_text text = {
            .x = look->is_graphite ? floor(o->width / 2.0) : left,
            .y = y + floor(look->title.size),
            .size = look->title.size,
            .text = titles->lines[i],
            .anchor = look->is_graphite ? ANCHOR_MIDDLE : ANCHOR_START,
            .is_bold = look->title.is_bold,
        };
        draw_list_text(sheet->list, text, look->foreground);
    }
}

double layout_titles_side_px(const struct sheet *sheet, const char *title)
{
    const struct look *look = sheet->look;
    double px = look->is_graphite ? look->title.size * 2.6 : look->text.size * 1.7;
    return title ? ceil(px) : 0.0;
}

void layout_titles_draw_sides(const struct sheet *sheet, const struct options *o,
                              struct draw_box plot)
{
    const struct look *look = sheet->look;
    const char *texts[] = {o->left_title, o->right_title};
    for (int i = 0; i < 2; i++) {
        if (!texts[i])
            continue;
        const struct label_style *style = look->is_graphite ? &look->title : &look->text;
        const char *text = label_fit(sheet->measure, style, label_clean(texts[i], sheet->arena),
                                     plot.h, sheet->arena);
        double size = style->size;
        double in = layout_margin(o) + (look->is_graphite ? floor(size * 1.5) : size);
        struct draw_text turned = {
            .x = i == 0 ? in : o->width - in,
            .y = floor(plot.y + plot.h / 2.0),
            .size = size,
            .text = text,
            .anchor = ANCHOR_MIDDLE,
            .turn = i == 0 ? -1 : 1,
        };
        draw_list_text(sheet->list, turned, look->is_graphite ? look->foreground : look->muted);
    }
}

void layout_no_data(const struct sheet *sheet, double x, double y)
{
    const struct look *look = sheet->look;
    double size = look->is_graphite ? log((double)sheet->list->width * sheet->list->height)
                                    : look->text.size + 3.0;
    size = fmin(size, fmax(4.0, sheet->list->width / 6.0));
    struct draw_text text = {.x = floor(x),
                             .y = floor(y + label_drop(size)),
                             .size = fmax(size, 1.0),
                             .text = "No Data",
                             .anchor = ANCHOR_MIDDLE};
    struct colour red = colour_of(0xc80032);
    draw_list_text(sheet->list, text, look->is_graphite ? red : look->muted);
}
