/* The x axis: where round local times fall, and what they are called. Pure: text is measured by a
 * callback. Thread: any. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/tz.h"
#include "chart/label.h"

struct time_label {
    int64_t at_s;
    const char *text;
};

/* A day, a month or a year that several labels share: from at_s to the next one. */
struct time_era {
    int64_t at_s;             /* its start, or the left edge if it began before */
    const char *text, *brief; /* "Monday 2 March 2026", "2 Mar" */
};

struct time_axis_ask {
    int64_t from_s, until_s; /* from < until; years 1 to 9999 */
    const struct tz *tz;
    double width_px;
    const char *format; /* strftime, for every label; NULL: by the step */
    bool is_graphite;   /* Graphite's table of steps, formats and minor lines */
    bool has_eras;      /* a second row will be drawn: labels need not say the day */
    struct label_style style;
};

struct time_axis {
    struct time_label *labels; /* ascending */
    size_t n_labels;
    int64_t *major; /* vertical lines; Graphite's are not always at labels */
    size_t n_major;
    int64_t *minor;
    size_t n_minor;
    struct time_era *eras; /* none when the labels say it all */
    size_t n_eras;
    const char *zone; /* "UTC", "CET", "CET/CEST" over a change of the clocks */
};

/* err: ERR_INPUT for times that no axis can show: empty, backwards, outside the years 1 to 9999. */
MUST_CHECK bool time_axis_check(int64_t from_s, int64_t until_s, struct err *err);

void time_axis_make(const struct time_axis_ask *ask, const struct label_measure *measure,
                    struct arena *arena, struct time_axis *out);
