/* Parameters and series from outside bytes: always a picture or an error, never anything else.
 * Input: lines "key=value" up to an empty line, then for each series one byte of style, one of
 * step, one of length, a name ended by NUL, and 9 bytes a value (a byte that picks a kind, and a
 * double). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "chart/chart.h"
#include "chart/draw_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum {
    PARAMS_MAX = 64,
    SERIES_MAX = 16,
    PIXELS_MAX = 300000, /* larger pictures are laid out, but not painted: that is cairo's time */
    ERRORS_ALLOWED = 1u << ERR_INPUT | 1u << ERR_LIMIT,
    FROM_S = 1772409600,
};

struct bytes {
    const uint8_t *at;
    size_t n;
};

static uint8_t take(struct bytes *in)
{
    if (in->n == 0)
        return 0;
    in->n--;
    return *in->at++;
}

static double take_value(struct bytes *in)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, 0.0, -0.0, 1e17, 1e-13, 1.7e308, 4e-324};
    uint8_t kind = take(in);
    if (kind < COUNT_OF(odd))
        return odd[kind];
    if (kind < 200)
        return kind;
    double v = 0.0;
    size_t n = min_size(in->n, sizeof v);
    memcpy(&v, in->at, n);
    in->at += n;
    in->n -= n;
    return v;
}

static char *take_text(struct bytes *in, char end, struct arena *arena)
{
    const uint8_t *stop = in->n ? memchr(in->at, end, in->n) : NULL;
    size_t n = stop ? (size_t)(stop - in->at) : in->n;
    char *text = arena_strndup(arena, (const char *)in->at, n);
    in->at += n + (stop != NULL);
    in->n -= n + (stop != NULL);
    return text;
}

static size_t take_params(struct bytes *in, struct arena *arena, struct chart_param *params)
{
    size_t n = 0;
    while (in->n > 0 && n < PARAMS_MAX) {
        char *line = take_text(in, '\n', arena), *equals = strchr(line, '=');
        if (line[0] == '\0')
            break;
        if (!equals)
            continue;
        *equals = '\0';
        params[n++] = (struct chart_param){line, equals + 1};
    }
    return n;
}

static struct series *take_series(struct bytes *in, struct arena *arena)
{
    static const int64_t steps[] = {1, 10, 60, 3600, 86400, 31536000};
    uint8_t style = take(in), step = take(in), length = take(in);
    int64_t start_s = FROM_S + (int8_t)take(in) * 60;
    const char *name = take_text(in, '\0', arena);
    struct series *s = series_new(arena, start_s, steps[step % COUNT_OF(steps)],
                                  (size_t)length * (length > 250 ? 40 : 1));
    s->name = s->path_expression = name;
    for (size_t i = 0; i < s->n_points; i++)
        s->values[i] = in->n ? take_value(in) : (double)(i % 17);
    s->consolidation = (enum consolidation)(step % 7);
    s->style.as_infinite = style & 1;
    s->style.on_second_axis = style & 2;
    s->style.connects = style & 4;
    s->style.is_invisible = (style & 0x18) == 0x18;
    s->style.stack = style & 8 ? "stack" : NULL;
    s->style.dash = style & 32 ? 5.0 : 0.0;
    s->style.color = style & 64 ? name : NULL;
    s->style.has_alpha = style & 128;
    s->style.alpha = 0.5;
    return s;
}

/* The i-th change, of all kinds by the bits of `how`. */
static struct chart_change take_change(const char *label, uint8_t how, uint8_t span, size_t i)
{
    int64_t start_ms = FROM_S * 1000LL + how + (int64_t)i * span * 1000;
    return (struct chart_change){
        .start_ms = start_ms,
        .end_ms = how & 1 ? start_ms + span * 60000LL : 0,
        .label = how & 2 ? label : NULL,
        .is_failed = how & 4,
        .is_rollback = how & 8,
        .verdict = (enum verdict_state)(how % VERDICT_STATES),
        .undoes_ms = how & 16   ? FROM_S * 1000LL + span
                     : how & 32 ? CHART_UNDOES_UNSEEN
                                : 0,
    };
}

static void check(bool is_ok, const struct err *err)
{
    BUG_IF(!is_ok && !(1u << err->kind & ERRORS_ALLOWED));
    BUG_IF(!is_ok && err->text[0] == '\0');
}

static void paint(const struct draw_list *list)
{
    struct err err = {0};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 64 << 20);
    draw_list_format(list, &out);
    BUG_IF(out.is_full);
    if ((size_t)list->width * list->height > PIXELS_MAX)
        return;
    buf_clear(&out);
    check(chart_png(list, &out, &err), &err);
    buf_clear(&out);
    check(chart_svg(list, &out, &err), &err);
    buf_clear(&out);
    check(chart_pdf(list, &out, &err), &err);
}

static void print(const struct chart_input *input, uint8_t size, struct arena *arena)
{
    struct err err = {0};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 4 << 20);
    struct chart_text_size text = {20 + size % 100, 5 + size % 30, size & 1, size & 2};
    check(chart_text(input, text, arena, &out, &err), &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct bytes in = {bytes, n};
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct chart_param params[PARAMS_MAX];
    struct series_list series = {0};
    struct chart_input input = {
        .params = params, .series = &series, .from_s = FROM_S, .tz = tz_utc()};
    input.n_params = take_params(&in, &arena, params);
    uint8_t span = take(&in), size = take(&in);
    input.until_s = FROM_S + (span < 4 ? span * 100000000LL : (int64_t)span * span * 60);
    while (in.n > 4 && series.n < SERIES_MAX)
        series_list_add(&series, take_series(&in, &arena), &arena);
    size_t n_changes = size & 64 ? 2 + span % 40 : 2;
    struct chart_change changes[42];
    for (size_t i = 0; i < n_changes; i++)
        changes[i] = take_change(params[0].key, (uint8_t)(size + i), span, i);
    if (size & 4 && input.n_params) {
        input.changes = changes;
        input.n_changes = n_changes;
        input.changes_note = size & 32 ? params[0].value : NULL;
    }
    input.is_described = size & 8;
    struct err err = {0};
    struct draw_list *list = NULL;
    bool is_ok = chart_layout(&input, &arena, &list, &err);
    check(is_ok, &err);
    if (is_ok)
        paint(list);
    print(&input, size, &arena);
    return 0;
}
