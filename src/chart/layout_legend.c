#include <math.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "chart/layout.h"

enum {
    ENTRIES_USUAL_MAX = 10, /* more are only shown when asked for, as in Graphite */
    SWATCH_PX = 12,
    SWATCH_GAP_PX = 6,
    COLUMN_GAP_PX = 16,
};

static bool is_wanted(const struct options *o, const struct lines *lines)
{
    if (o->hide_legend == SWITCH_AUTO)
        return lines->n <= ENTRIES_USUAL_MAX;
    return o->hide_legend == SWITCH_OFF;
}

static bool is_empty(const struct series *s)
{
    for (size_t i = 0; i < s->n_points; i++)
        if (!is_gap(s->values[i]))
            return false;
    return true;
}

/* Two axes: a name says when its numbers stand on the right. */
static const char *entry_text(const struct line *line, const struct lines *lines,
                              struct arena *arena)
{
    if (!line->on_right || !lines->has_left || line->is_infinite)
        return line->name;
    /* The function's own word for it, around the name, says the same. */
    static const char word[] = "secondYAxis(";
    const char *name = line->name;
    size_t n = strlen(name);
    if (text_starts(name, word) && name[n - 1] == ')')
        name = arena_strndup(arena, name + sizeof word - 1, n - sizeof word);
    return arena_printf(arena, "%s (right)", name);
}

static size_t gather(const struct lines *lines, const struct options *o, struct arena *arena,
                     struct legend_entry *entries)
{
    CLEANUP(map_done) struct map *seen = map_new();
    static char is_there;
    size_t n = 0;
    for (size_t k = 0; k < lines->n; k++) {
        const struct line *line = &lines->items[k];
        if (line->name[0] == '\0' || line->is_hidden)
            continue;
        if (o->legend_hides_empty && is_empty(line->series))
            continue;
        const char *text = entry_text(line, lines, arena);
        if (o->legend_is_unique && map_put(seen, text, strlen(text), &is_there))
            continue;
        entries[n++] = (struct legend_entry){text, line, 0.0};
    }
    return n;
}

/* One row: each name behind the one before it. False if they do not fit. */
static bool flow(struct legend *legend, const double *widths, double room)
{
    double x = 0.0;
    for (size_t i = 0; i < legend->n_entries; i++) {
        legend->entries[i].x = x;
        x += widths[i] + COLUMN_GAP_PX;
    }
    legend->width_px = x - COLUMN_GAP_PX;
    legend->n_rows = 1;
    legend->n_columns = legend->n_entries;
    return legend->width_px <= room;
}

/* Columns as wide as the longest name. What has no place in n_rows_max rows is counted, and the
 * last place says so. */
static void columns(struct legend *legend, const double *widths, double room, size_t n_rows_max)
{
    size_t n = legend->n_entries;
    double widest = 0.0;
    for (size_t i = 0; i < n; i++)
        widest = fmax(widest, widths[i]);
    double column_px = widest + COLUMN_GAP_PX;
    legend->n_columns = (size_t)fmax(1.0, floor((room + COLUMN_GAP_PX) / column_px));
    legend->n_columns = max_size(1, min_size(legend->n_columns, n));
    legend->n_rows = (n + legend->n_columns - 1) / legend->n_columns;
    legend->width_px = (double)legend->n_columns * column_px - COLUMN_GAP_PX;
    for (size_t i = 0; i < n; i++)
        legend->entries[i].x = (double)(i % legend->n_columns) * column_px;
    if (legend->n_rows > n_rows_max) {
        legend->n_rows = n_rows_max;
        legend->n_entries = n_rows_max * legend->n_columns - 1;
        legend->n_left_out = n - legend->n_entries;
    }
}

void layout_legend_make(const struct sheet *sheet, const struct lines *lines,
                        const struct options *options, struct draw_box room, struct legend *out)
{
    *out = (struct legend){0};
    if (!is_wanted(options, lines))
        return;
    const struct label_style *style = &sheet->look->text;
    struct legend legend = {.row_px = ceil(style->size * 1.45)};
    legend.entries = arena_array(sheet->arena, lines->n + 1, struct legend_entry);
    legend.n_entries = gather(lines, options, sheet->arena, legend.entries);
    double icon = SWATCH_PX + SWATCH_GAP_PX;
    size_t n_rows_max = (size_t)fmax(0.0, floor(room.h / legend.row_px));
    if (legend.n_entries == 0 || n_rows_max == 0 || room.w < icon * 2.0)
        return;
    double *widths = arena_array(sheet->arena, legend.n_entries, double);
    for (size_t i = 0; i < legend.n_entries; i++) {
        struct legend_entry *entry = &legend.entries[i];
        entry->text =
            label_fit_name(sheet->measure, style, entry->text, room.w - icon, sheet->arena);
        widths[i] = ceil(label_width(sheet->measure, style, entry->text)) + icon;
    }
    if (!flow(&legend, widths, room.w))
        columns(&legend, widths, room.w, n_rows_max);
    *out = legend;
}

double layout_legend_height(const struct legend *legend)
{
    return (double)legend->n_rows * legend->row_px;
}

/* A small picture of what the name stands for. y: top of the row. */
static void draw_swatch(const struct sheet *sheet, const struct line *line, double x, double y,
                        double row_px)
{
    double size = sheet->look->text.size, middle = y + floor(row_px / 2.0);
    if (sheet->look->is_graphite) {
        double side = floor(size);
        struct draw_box box = {x, middle - floor(side / 2.0), side, side};
        draw_list_box(sheet->list, box, colour_of(0x6f6f6f)); /* an edge around it */
        box = (struct draw_box){box.x + 1.0, box.y + 1.0, side - 2.0, side - 2.0};
        draw_list_box(sheet->list, box, sheet->look->background);
        draw_list_box(sheet->list, box, line->colour);
        return;
    }
    if (line->is_infinite) {
        double half = floor(size * 0.5), at = x + SWATCH_PX / 2 + 0.5;
        draw_list_line(sheet->list,
                       (struct draw_line){{at, middle - half},
                                          {at, middle + half},
                                          fmax(2.0, floor(line->width)),
                                          line->dash},
                       line->colour);
        return;
    }
    if (line->fill_share > 0.0) {
        double side = floor(size * 0.8);
        struct draw_box box = {x + floor((SWATCH_PX - side) / 2.0), middle - floor(side / 2.0),
                               side, side};
        draw_list_box(sheet->list, box, colour_fade(line->colour, fmax(line->fill_share, 0.4)));
        if (!line->has_stroke)
            return;
        draw_list_box(sheet->list, (struct draw_box){box.x, box.y, side, 2.0}, line->colour);
        return;
    }
    draw_list_line(
        sheet->list,
        (struct draw_line){
            {x, middle}, {x + SWATCH_PX, middle}, fmax(2.0, fmin(line->width, 6.0)), line->dash},
        line->colour);
}

void layout_legend_draw(const struct sheet *sheet, const struct legend *legend, double x, double y)
{
    const struct label_style *style = &sheet->look->text;
    size_t n = legend->n_entries + (legend->n_left_out > 0);
    for (size_t i = 0; i < n; i++) {
        double left = x + legend->entries[i].x;
        double top = y + (double)(i / legend->n_columns) * legend->row_px;
        bool is_rest = i >= legend->n_entries;
        if (!is_rest)
            draw_swatch(sheet, legend->entries[i].line, left, top, legend->row_px);
        const char *text = is_rest ? arena_printf(sheet->arena, "and %zu more", legend->n_left_out)
                                   : legend->entries[i].text;
        draw_list_text(
            sheet->list,
            (struct draw_text){.x = left + SWATCH_PX + SWATCH_GAP_PX,
                               .y = top + floor(legend->row_px / 2.0 + label_drop(style->size)),
                               .size = style->size,
                               .text = text},
            is_rest ? sheet->look->muted : sheet->look->foreground);
    }
}
