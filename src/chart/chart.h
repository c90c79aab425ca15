/* Series in, picture out. Values become a draw list (pure numbers and text: chart_layout), and a
 * draw list becomes PNG, SVG, or braille. Thread: any; one request is one thread with its own
 * arena. */
#pragma once

#include "base/buf.h"
#include "base/tz.h"
#include "model/change.h"
#include "model/series.h"

struct chart_param {
    const char *key, *value;
};

/* A vertical line that no target asked for: changes=all. Times in ms. */
struct chart_change {
    int64_t start_ms, end_ms;
    const char *label;
    bool is_failed, is_rollback;
    enum verdict_state verdict; /* pending has no sign */
    int64_t undoes_ms; /* of a rollback: when what it undoes began; CHART_UNDOES_UNSEEN; 0: nobody
                          knows what it undoes */
};
#define CHART_UNDOES_UNSEEN ((int64_t)1) /* before all that is drawn */

/* Changes of the ledger, newest first, as lines in the order of time: out[i] is items[n - 1 - i].
 * What a rollback undoes is looked for among them. */
struct chart_change *chart_changes(const struct change_list *list, struct arena *arena);

struct chart_input {
    const struct chart_param *params; /* Graphite's graph parameters; unknown ones are ignored */
    size_t n_params;
    const char *default_template; /* [render] template, NULL: ours */
    const struct series_list *series;
    const struct chart_change *changes; /* by time */
    size_t n_changes;
    const char *changes_note; /* what is to be said of them; NULL: nothing */
    int64_t from_s, until_s;  /* Graphite's from and until */
    const struct tz *tz;
    bool is_described; /* an SVG is to say what it shows: see svg_meta.h */
};

struct draw_list; /* see draw_list.h */

/* What is drawn lives in the arena.
 *   err  ERR_INPUT for a parameter or colour that makes no sense (named), for a size outside
 *        1..10,000, and for times that are backwards or outside the years 1 to 9999; ERR_LIMIT for
 *        too long a text or a list */
MUST_CHECK bool chart_layout(const struct chart_input *input, struct arena *arena,
                             struct draw_list **out, struct err *err);
/* Append the file to out. err: ERR_LIMIT when it does not fit into out; ERR_INPUT for a PNG of more
 * than 40 million pixels; ERR_IO when cairo fails. */
MUST_CHECK bool chart_png(const struct draw_list *list, struct buf *out, struct err *err);
MUST_CHECK bool chart_svg(const struct draw_list *list, struct buf *out, struct err *err);
MUST_CHECK bool chart_pdf(const struct draw_list *list, struct buf *out, struct err *err);

/* For a terminal: plot, axis labels, change lines and legend as UTF-8 text of at most columns x
 * rows. use_colour: ANSI colours; use_braille: else plain ASCII. */
struct chart_text_size {
    unsigned columns, rows;
    bool use_colour, use_braille;
};
MUST_CHECK bool chart_text(const struct chart_input *input, struct chart_text_size size,
                           struct arena *arena, struct buf *out, struct err *err);
