/* Text on a chart: cleaned of what cannot be shown, measured, and cut to fit. How wide a text is
 * depends on fonts, so it is asked of a callback; tests give one of fixed width. Thread: any. */
#pragma once

#include "base/arena.h"
#include "chart/draw_list.h"

enum { LABEL_BYTES_MAX = 1000 }; /* longer than any picture is wide; the rest is cut */

struct label_style {
    struct draw_font font;
    double size;
    bool is_bold;
};

struct label_measure {
    double (*width)(void *self, const char *text, const struct label_style *style);
    void *self;
};

/* One line of clean text: bad UTF-8 becomes U+FFFD, control characters and line breaks blanks; cut
 * at LABEL_BYTES_MAX. NULL gives "". */
const char *label_clean(const char *text, struct arena *arena);

/* The part of a text up to the first line break, cleaned; *rest moves past it, NULL at the end. */
const char *label_line(const char **rest, struct arena *arena);

double label_width(const struct label_measure *measure, const struct label_style *style,
                   const char *text);

/* The text if it fits in width, else its beginning and an ellipsis; "" if not even that fits. */
const char *label_fit(const struct label_measure *measure, const struct label_style *style,
                      const char *text, double width, struct arena *arena);

/* The same for a name: what is left out is left out of its middle. */
const char *label_fit_name(const struct label_measure *measure, const struct label_style *style,
                           const char *text, double width, struct arena *arena);

/* How far below its base line a text's middle is moved to look centred: digits and capitals of
 * DejaVu are 0.73 of the size high, and fonts hardly differ. */
static inline double label_drop(double size)
{
    return size * 0.365;
}
