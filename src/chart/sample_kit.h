/* What the tests of this folder draw: made-up series with round shapes, and letters that are all
 * equally wide, so that golden files do not depend on fonts. Only for tests. */
#pragma once

#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "chart/layout.h"
#include "kit/kit.h"

enum { SAMPLE_T = 1772409600 }; /* Monday 2026-03-02 00:00 UTC */

static inline double sample_width(void *self UNUSED, const char *text,
                                  const struct label_style *style)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return (double)n * style->size * 0.6;
}

static const struct label_measure sample_measure = {sample_width, NULL};

/* n gaps from SAMPLE_T on. */
static inline struct series *sample_series(const char *name, int64_t step_s, size_t n)
{
    struct series *s = series_new(&kit_arena, SAMPLE_T, step_s, n);
    s->name = name;
    s->path_expression = name;
    return s;
}

/* A line that swings between low and high once in `period` values, on whole numbers. */
static inline struct series *sample_wave(const char *name, int64_t step_s, size_t n, double low,
                                         double high, double period)
{
    struct series *s = sample_series(name, step_s, n);
    for (size_t i = 0; i < n; i++) {
        double angle = (double)i / period * 2.0 * 3.14159265358979;
        s->values[i] = (double)(int64_t)(low + (high - low) * (0.5 - 0.5 * cos(angle)));
    }
    return s;
}

/* A system zone; the caller frees it with tz_free. */
static inline struct tz *sample_zone(const char *name)
{
    enum { BYTES_MAX = 65536 };
    unsigned char *bytes = arena_alloc(&kit_arena, BYTES_MAX);
    struct tz *tz = NULL;
    FILE *file = fopen(kit_path("/usr/share/zoneinfo", name), "rb");
    EXPECT(file != NULL);
    if (!file)
        return NULL;
    size_t n = fread(bytes, 1, BYTES_MAX, file);
    fclose(file);
    EXPECT_OK(tz_parse(name, bytes, n, &tz, &kit_err));
    return tz;
}

static inline void sample_zone_done(struct tz **tz)
{
    tz_free(*tz);
}

/* "width=600&title=Two words" as parameters, in the test's arena. */
static inline size_t sample_params(const char *text, struct chart_param **out)
{
    struct chart_param *params = NULL;
    size_t n = 0, cap = 0;
    struct str rest = str_of(text), piece, key;
    while (text[0] && str_split(&rest, '&', &piece)) {
        arena_grow(&kit_arena, &params, &cap, n + 1, sizeof *params);
        struct str value = piece;
        (void)str_split(&value, '=', &key);
        params[n].key = arena_strndup(&kit_arena, key.at, key.n);
        params[n++].value = arena_strndup(&kit_arena, value.at, value.n);
    }
    *out = params;
    return n;
}

/* An input of UTC and the given parameters; series are added by sample_add. */
static inline struct chart_input sample_input(const char *params, int64_t span_s)
{
    struct chart_param *list;
    size_t n = sample_params(params, &list);
    struct series_list *series = arena_zalloc(&kit_arena, sizeof *series);
    return (struct chart_input){.params = list,
                                .n_params = n,
                                .series = series,
                                .from_s = SAMPLE_T,
                                .until_s = SAMPLE_T + span_s,
                                .tz = tz_utc()};
}

static inline void sample_add(struct chart_input *input, struct series *series)
{
    struct series_list *list = arena_zalloc(&kit_arena, sizeof *list);
    for (size_t i = 0; i < input->series->n; i++)
        series_list_add(list, input->series->items[i], &kit_arena);
    series_list_add(list, series, &kit_arena);
    input->series = list;
}
