/* A terminal's worth of character cells, and how they become text. Thread: any. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

/* What a cell's character is drawn in: the terminal's own colours, which its owner can read. */
enum ink {
    INK_PLAIN = 0,
    INK_DIM,
    INK_RED,
    INK_GREEN,
    INK_YELLOW,
    INK_BLUE,
    INK_MAGENTA,
    INK_CYAN,
    INK_BOLD,
};

struct cell_char {
    uint32_t code; /* a character, ' ' when empty, 0 behind a wide one */
    enum ink ink;
};

struct screen {
    unsigned columns, rows;
    bool is_ascii; /* anything else is written as '?' */
    struct cell_char *cells;
};

struct screen screen_new(struct arena *arena, unsigned columns, unsigned rows);
/* Outside the screen: nothing happens. */
void screen_put(struct screen *screen, int column, int row, uint32_t code, enum ink ink);
/* Clean UTF-8 from column on, cut at the edge; returns the column after it. */
int screen_text(struct screen *screen, int column, int row, const char *text, enum ink ink);
bool screen_is_free(const struct screen *screen, int column, int row);

/* Columns that a text takes. */
int screen_width(const char *text);

/* Lines ended by \n, without blanks at their ends, empty lines at the end left out. */
void screen_write(const struct screen *screen, bool use_colour, struct buf *out);
