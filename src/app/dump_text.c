#include "app/dump_text.h"

#include <stdio.h>

#include "app/folder.h"
#include "base/arena.h"
#include "base/num.h"

enum {
    OUT_BYTES = 64 * 1024, /* written at a time */
    OUT_BYTES_MAX = 64 << 20,
};

static void flush(struct dump_text *text, size_t least)
{
    if (text->out.n < least || text->out.n == 0)
        return;
    if (fwrite(text->out.at, 1, text->out.n, stdout) != text->out.n)
        text->is_broken = true;
    buf_clear(&text->out);
}

void dump_text_begin(struct dump_text *text, bool is_json, const struct tz *tz)
{
    *text = (struct dump_text){.is_json = is_json, .tz = tz};
    buf_init(&text->out, OUT_BYTES_MAX);
    if (!is_json)
        return;
    jsonw_init(&text->json, &text->out, 0);
    jsonw_array(&text->json);
}

static void add_retentions(struct buf *out, const struct schema *schema)
{
    static const struct {
        uint32_t seconds;
        char unit;
    } units[] = {{86400 * 365, 'y'}, {86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};

    for (size_t i = 0; i < schema->n_archives; i++) {
        const uint64_t step_s = schema->archives[i].step_s;
        const uint64_t spans[2] = {step_s, step_s * schema->archives[i].n_points};
        for (size_t k = 0; k < 2; k++) {
            size_t u = 0;
            while (spans[k] % units[u].seconds != 0)
                u++;
            buf_printf(out, "%s%llu%c",
                       k   ? ":"
                       : i ? ","
                           : "",
                       (unsigned long long)(spans[k] / units[u].seconds), units[u].unit);
        }
    }
}

/* ---- for people, on stderr: stdout stays fit for a server ---- */

static void add_time(struct buf *out, const struct tz *tz, int64_t at_s)
{
    char text[64];
    tz_format(tz, at_s, "%Y-%m-%d %H:%M:%S", text, sizeof text);
    buf_add_str(out, text);
}

static void add_place(struct buf *out, const struct tz *tz, const struct store_place *place,
                      struct arena *arena)
{
    buf_printf(out, "#   archive %zu  ", place->level);
    add_time(out, tz, place->from_s);
    buf_add_str(out, " to ");
    add_time(out, tz, place->until_s);
    buf_printf(out, "\n#     %s: %llu value%s", place->file ? place->file : "log, in no file yet",
               (unsigned long long)place->n_values, place->n_values == 1 ? "" : "s");
    if (place->file)
        buf_printf(out, " in %s: %s", folder_bytes(arena, place->n_bytes), place->forms);
    buf_add_char(out, '\n');
}

static void header_text(const struct dump_text *text, const struct store_series *series,
                        const struct store_place *places, size_t n_places, int level)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf out;

    arena_init(&arena);
    buf_init(&out, OUT_BYTES_MAX);
    buf_add_str(&out, "# ");
    terminal_clean(&out, series->name);
    buf_printf(&out, "\n#   id %u, rule %u: ", series->id, series->class_no);
    add_retentions(&out, &series->schema);
    buf_printf(&out, " %s, xFilesFactor ", aggregation_name(series->schema.aggregation));
    buf_add_f64(&out, series->schema.x_files_factor);
    buf_add_str(&out, "\n#   the rule since ");
    add_time(&out, text->tz, series->created_s);
    buf_printf(&out, " (all times %s)\n", tz_name(text->tz));
    for (size_t i = 0; i < n_places; i++)
        add_place(&out, text->tz, &places[i], &arena);
    if (n_places == 0)
        buf_add_str(&out, "#   no values\n");
    if (level != STORE_LEVEL_BEST)
        buf_printf(&out, "#   values of archive %d follow\n", level);
    fputs(buf_text(&out), stderr);
    fflush(stderr);
}

/* ---- JSON ---- */

static void place_json(struct jsonw *json, const struct store_place *place)
{
    jsonw_object(json);
    jsonw_put_text(json, "file", place->file);
    jsonw_put_i64(json, "archive", (int64_t)place->level);
    jsonw_put_i64(json, "from", place->from_s);
    jsonw_put_i64(json, "until", place->until_s);
    jsonw_put_i64(json, "values", (int64_t)place->n_values);
    jsonw_put_i64(json, "bytes", (int64_t)place->n_bytes);
    jsonw_put_i64(json, "units", (int64_t)place->n_units);
    jsonw_put_text(json, "forms", place->forms);
    jsonw_end(json);
}

static void header_json(struct jsonw *json, const struct store_series *series,
                        const struct store_place *places, size_t n_places)
{
    CLEANUP(buf_done) struct buf retentions;

    buf_init(&retentions, OUT_BYTES);
    add_retentions(&retentions, &series->schema);
    jsonw_object(json);
    jsonw_put_text(json, "name", series->name);
    jsonw_put_i64(json, "id", series->id);
    jsonw_put_i64(json, "rule", series->class_no);
    jsonw_put_text(json, "retentions", buf_text(&retentions));
    jsonw_put_text(json, "aggregation", aggregation_name(series->schema.aggregation));
    jsonw_put_f64(json, "xFilesFactor", series->schema.x_files_factor);
    jsonw_put_i64(json, "created", series->created_s);
    jsonw_key(json, "places");
    jsonw_array(json);
    for (size_t i = 0; i < n_places; i++)
        place_json(json, &places[i]);
    jsonw_end(json);
    jsonw_key(json, "datapoints");
    jsonw_array(json);
}

/* ---- either ---- */

void dump_text_series(struct dump_text *text, const struct store_series *series,
                      const struct store_place *places, size_t n_places, int level)
{
    text->name = series->name;
    if (text->is_json)
        header_json(&text->json, series, places, n_places);
    else
        header_text(text, series, places, n_places, level);
}

bool dump_text_point(void *self, int64_t at_s, double value)
{
    struct dump_text *text = self;

    text->n_points++;
    if (text->is_json) {
        jsonw_array(&text->json);
        jsonw_f64(&text->json, value);
        jsonw_i64(&text->json, at_s);
        jsonw_end(&text->json);
    } else {
        char digits[NUM_TEXT_MAX];
        num_format_short(digits, value);
        buf_printf(&text->out, "%s %s %lld\n", text->name, digits, (long long)at_s);
    }
    flush(text, OUT_BYTES);
    return !text->is_broken;
}

void dump_text_series_end(struct dump_text *text)
{
    if (text->is_json) {
        jsonw_end(&text->json);
        jsonw_end(&text->json);
    }
    flush(text, text->is_json ? OUT_BYTES : 1);
    fflush(stdout); /* before the next header, which goes another way */
}

bool dump_text_end(struct dump_text *text)
{
    if (text->is_json) {
        jsonw_end(&text->json);
        buf_add_char(&text->out, '\n');
    }
    flush(text, 1);
    buf_done(&text->out);
    return fflush(stdout) == 0 && !text->is_broken;
}
