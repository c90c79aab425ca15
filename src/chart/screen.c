#include "chart/screen.h"

#include <glib.h>

#include "base/mem.h"

struct screen screen_new(struct arena *arena, unsigned columns, unsigned rows)
{
    size_t n = mul_size(columns, rows);
    struct screen screen = {columns, rows, false, arena_array(arena, n + 1, struct cell_char)};
    for (size_t i = 0; i < n; i++)
        screen.cells[i] = (struct cell_char){' ', INK_PLAIN};
    return screen;
}

static struct cell_char *cell_at(const struct screen *screen, int column, int row)
{
    if (column < 0 || row < 0 || (unsigned)column >= screen->columns ||
        (unsigned)row >= screen->rows)
        return NULL;
    return &screen->cells[(size_t)row * screen->columns + (size_t)column];
}

void screen_put(struct screen *screen, int column, int row, uint32_t code, enum ink ink)
{
    struct cell_char *cell = cell_at(screen, column, row);
    if (cell)
        *cell = (struct cell_char){code, ink};
}

bool screen_is_free(const struct screen *screen, int column, int row)
{
    const struct cell_char *cell = cell_at(screen, column, row);
    return cell && cell->code == ' ';
}

static int char_width(gunichar c)
{
    if (g_unichar_iszerowidth(c))
        return 0;
    return g_unichar_iswide(c) ? 2 : 1;
}

/* glib's macro for it casts const away. */
static const char *next_char(const char *text)
{
    return text + g_utf8_skip[(unsigned char)*text];
}

int screen_width(const char *text)
{
    int n = 0;
    for (; *text; text = next_char(text))
        n += char_width(g_utf8_get_char(text));
    return n;
}

int screen_text(struct screen *screen, int column, int row, const char *text, enum ink ink)
{
    for (; *text; text = next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        int width = char_width(c);
        if (width == 0)
            continue; /* an accent of its own has no cell here */
        if (column + width > (int)screen->columns)
            break;
        screen_put(screen, column, row, c, ink);
        if (width == 2)
            screen_put(screen, column + 1, row, 0, ink);
        column += width;
    }
    return column;
}

static void add_ink(struct buf *out, enum ink ink)
{
    static const char *const codes[] = {
        [INK_PLAIN] = "\x1b[0m",      [INK_DIM] = "\x1b[0;2m",     [INK_RED] = "\x1b[0;31m",
        [INK_GREEN] = "\x1b[0;32m",   [INK_YELLOW] = "\x1b[0;33m", [INK_BLUE] = "\x1b[0;34m",
        [INK_MAGENTA] = "\x1b[0;35m", [INK_CYAN] = "\x1b[0;36m",   [INK_BOLD] = "\x1b[0;1m",
    };
    buf_add_str(out, codes[ink]);
}

static unsigned row_length(const struct screen *screen, unsigned row)
{
    unsigned n = screen->columns;
    while (n > 0 && screen->cells[(size_t)row * screen->columns + n - 1].code == ' ')
        n--;
    return n;
}

static void write_row(const struct screen *screen, unsigned row, bool use_colour, struct buf *out)
{
    enum ink ink = INK_PLAIN;
    unsigned n = row_length(screen, row);
    for (unsigned x = 0; x < n; x++) {
        const struct cell_char *cell = &screen->cells[(size_t)row * screen->columns + x];
        if (cell->code == 0)
            continue;
        if (use_colour && cell->ink != ink && cell->code != ' ') {
            ink = cell->ink;
            add_ink(out, ink);
        }
        char bytes[6];
        uint32_t code = screen->is_ascii && cell->code > 126 ? '?' : cell->code;
        buf_add(out, bytes, (size_t)g_unichar_to_utf8(code, bytes));
    }
    if (ink != INK_PLAIN)
        add_ink(out, INK_PLAIN);
    buf_add_char(out, '\n');
}

void screen_write(const struct screen *screen, bool use_colour, struct buf *out)
{
    unsigned n = screen->rows;
    while (n > 0 && row_length(screen, n - 1) == 0)
        n--;
    for (unsigned row = 0; row < n; row++)
        write_row(screen, row, use_colour, out);
}
