/* What the marks in the picture mean: those that occur, and no others. Under the legend. */
#include <math.h>

#include "base/mem.h"
#include "chart/layout_marks.h"

enum {
    ICON_PX = 12,
    ICON_GAP_PX = 4,
    GAP_PX = 12,
    ROWS_MAX = 3,
    SPAN_PX_MIN = 2, /* a narrower one looks like its line */
};

/* In the order of the key: what matters most first. */
static const struct {
    enum key_sign sign;
    const char *text;
} texts[] = {
    {KEY_NOTE, NULL},
    {KEY_HARM, "harm"},
    {KEY_IMPROVED, "improved"},
    {KEY_MOVED, "moved"},
    {KEY_CANNOT, "cannot tell"},
    {KEY_NO_HARM, "no harm"},
    {KEY_FAILED, "failed"},
    {KEY_ROLLBACK, "rollback"},
    {KEY_CHANGE, "change"},
    {KEY_SPAN, "change, start to end"},
    {KEY_CROWD, "close together"},
};

static enum key_sign sign_of(enum verdict_state verdict)
{
    static const enum key_sign signs[VERDICT_STATES] = {
        [VERDICT_PENDING] = 0,
        [VERDICT_NO_HARM] = KEY_NO_HARM,
        [VERDICT_IMPROVED] = KEY_IMPROVED,
        [VERDICT_CANNOT_TELL] = KEY_CANNOT,
        [VERDICT_MOVED] = KEY_MOVED,
        [VERDICT_HARM] = KEY_HARM,
    };
    return verdict < VERDICT_STATES ? signs[verdict] : 0;
}

static unsigned signs_of(const struct mark *mark, const struct key_ask *ask)
{
    double px_per_ms = ask->width_px / (double)max_i64((ask->until_s - ask->from_s) * 1000, 1);
    bool is_span = (double)(mark->end_ms - mark->at_ms) * px_per_ms >= SPAN_PX_MIN;
    unsigned signs = is_span ? KEY_SPAN : 0;
    if (mark->at_ms < ask->from_s * 1000)
        return signs;
    if (mark->is_failed)
        signs |= KEY_FAILED;
    if (mark->is_rollback)
        signs |= KEY_ROLLBACK;
    if (!mark->is_failed && !mark->is_rollback && !mark->line && ask->shown.has_lines)
        signs |= KEY_CHANGE;
    return signs;
}

/* Each behind the one before it, in as many rows as they need. */
static void place(const struct sheet *sheet, struct key *key, double room)
{
    double x = 0.0;
    key->n_rows = 0;
    for (size_t i = 0; i < key->n; i++) {
        struct key_entry *entry = &key->entries[i];
        double icon = entry->sign == KEY_NOTE ? 0.0 : ICON_PX + ICON_GAP_PX;
        entry->text =
            label_fit(sheet->measure, &sheet->look->text, entry->text, room - icon, sheet->arena);
        double width = icon + ceil(label_width(sheet->measure, &sheet->look->text, entry->text));
        if (key->n_rows == 0 || x + width > room) {
            x = 0.0;
            key->n_rows++;
        }
        entry->x = x;
        entry->row = key->n_rows - 1;
        x += width + GAP_PX;
    }
    if (key->n_rows > ROWS_MAX)
        *key = (struct key){0};
}

void layout_key_make(const struct sheet *sheet, const struct marks *marks,
                     const struct key_ask *ask, struct key *out)
{
    *out = (struct key){0};
    if (!ask->is_wanted || ask->width_px < 4.0 * ICON_PX)
        return;
    unsigned signs = ask->shown.has_crowd ? KEY_CROWD : 0;
    for (int v = 0; v < VERDICT_STATES; v++)
        if (ask->shown.verdicts & 1u << v)
            signs |= sign_of((enum verdict_state)v);
    for (size_t i = 0; i < marks->n; i++)
        signs |= signs_of(&marks->items[i], ask);
    if (signs & KEY_SPAN)
        signs &= ~(unsigned)KEY_CHANGE; /* it says that, too */
    if (ask->note)
        signs |= KEY_NOTE;
    struct key key = {.row_px = ceil(sheet->look->text.size * 1.45)};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (!(signs & texts[i].sign))
            continue;
        const char *text = texts[i].text ? texts[i].text : label_clean(ask->note, sheet->arena);
        key.entries[key.n++] = (struct key_entry){.sign = texts[i].sign, .text = text};
    }
    place(sheet, &key, ask->width_px);
    *out = key;
}

double layout_key_height(const struct key *key)
{
    return (double)key->n_rows * key->row_px;
}

/* A small piece of what it looks like in the plot. */
static void draw_icon(const struct sheet *sheet, enum key_sign sign, double x, double y)
{
    const struct look *look = sheet->look;
    double half = floor(look->text.size * 0.5), at = x + ICON_PX / 2 + 0.5;
    struct draw_line line = {{at, y - half}, {at, y + half}, 1.0, sign == KEY_FAILED ? 4.0 : 0.0};
    if (sign == KEY_CHANGE)
        draw_list_line(sheet->list, line, look->change);
    if (sign == KEY_FAILED)
        draw_list_line(sheet->list, line, look->failed);
    if (sign == KEY_SPAN) {
        struct draw_box box = {x + 1.0, y - half, ICON_PX - 1.0, 2.0 * half};
        layout_marks_shade(sheet, box, look->change);
        draw_list_box(sheet->list, (struct draw_box){x, box.y, 1.0, box.h}, look->change);
    }
    if (sign == KEY_CROWD)
        for (int k = -1; k <= 1; k++)
            draw_list_box(sheet->list, (struct draw_box){at - 0.5 + 3.0 * k, y, 1.0, half},
                          look->change);
    if (sign == KEY_ROLLBACK) {
        draw_list_line(sheet->list, line, look->rollback);
        layout_marks_flag(sheet, at, y - half, look->rollback);
    }
    for (int v = 0; v < VERDICT_STATES; v++)
        if (sign_of((enum verdict_state)v) == sign)
            layout_marks_sign(sheet, (enum verdict_state)v, at, y + 0.5);
}

void layout_key_draw(const struct sheet *sheet, const struct key *key, double x, double y)
{
    const struct label_style *style = &sheet->look->text;
    for (size_t i = 0; i < key->n; i++) {
        const struct key_entry *entry = &key->entries[i];
        double top = y + (double)entry->row * key->row_px;
        double left = floor(x + entry->x), icon = 0.0;
        if (entry->sign != KEY_NOTE) {
            draw_icon(sheet, entry->sign, left, top + floor(key->row_px / 2.0));
            icon = ICON_PX + ICON_GAP_PX;
        }
        draw_list_text(sheet->list,
                       (struct draw_text){
                           .x = left + icon,
                           .y = top + floor(key->row_px / 2.0 + label_drop(style->size)),
                           .size = style->size,
                           .text = entry->text,
                       },
                       sheet->look->muted);
    }
}
