#include "api/series_pack.h"

static void text_item(struct pack *pack, const char *key, const char *value)
{
    pack_text(pack, key);
    pack_text(pack, value);
}

static void i64_item(struct pack *pack, const char *key, int64_t value)
{
    pack_text(pack, key);
    pack_i64(pack, value);
}

static void values_item(struct pack *pack, const struct series *series)
{
    pack_text(pack, "values");
    pack_list(pack, series->n_points);
    for (size_t i = 0; i < series->n_points && !pack->out->is_full; i++)
        pack_f64(pack, series->values[i]);
    pack_end(pack);
}

void series_pack(struct buf *out, enum pack_form form, const struct series_list *list)
{
    struct pack pack;
    pack_begin(&pack, out, form);
    pack_list(&pack, list->n);
    for (size_t i = 0; i < list->n; i++) {
        const struct series *series = list->items[i];
        pack_map(&pack, 9);
        text_item(&pack, "name", series->name);
        i64_item(&pack, "start", series->start_s);
        i64_item(&pack, "end", series->end_s);
        i64_item(&pack, "step", series->step_s);
        values_item(&pack, series);
        text_item(&pack, "pathExpression", series->path_expression);
        i64_item(&pack, "valuesPerPoint", max_i64(series->per_point, 1));
        text_item(&pack, "consolidationFunc", consolidation_name(series->consolidation));
        pack_text(&pack, "xFilesFactor");
        pack_f64(&pack, series->x_files_factor);
        pack_end(&pack);
    }
    pack_end(&pack);
    pack_finish(&pack);
}
