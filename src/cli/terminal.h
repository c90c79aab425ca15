/* The terminal that an answer is written to, if it is one, and text that is fit for it. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

struct terminal {
    bool is_tty;
    bool has_colour; /* a terminal, TERM not dumb, NO_COLOR not set */
    bool has_utf8;   /* as LC_ALL, LC_CTYPE or LANG say */
    unsigned columns, rows;
};

/* columns and rows are 80 x 24 where nothing better is known. */
struct terminal terminal_of(int fd);

/* Adds text to out with a blank for every control character (also those past ASCII, and those that
 * turn the writing direction), and '?' for every byte that is no UTF-8. */
void terminal_clean(struct buf *out, const char *text);
/* The same, alone and in the arena. */
const char *terminal_cleaned(struct arena *arena, const char *text);
/* Columns that clean text takes. */
unsigned terminal_width(const char *text);
/* Adds clean text in exactly that many columns: blanks behind, or cut with a mark at the end. */
void terminal_fit(struct buf *out, const char *text, unsigned columns, bool has_utf8);
/* "1,204". In the arena. */
const char *terminal_grouped(struct arena *arena, uint64_t n);
