/* How `plumb dump` writes: carbon's lines with a header for people, or JSON. Written to stdout bit by bit,
 * so a long series takes no memory. */
#pragma once

#include "base/buf.h"
#include "base/jsonw.h"
#include "base/tz.h"
#include "store/store.h"

struct dump_text {
    bool is_json;
    const struct tz *tz;
    const char *name; /* of the series in hand */
    struct buf out;
    struct jsonw json;
    bool is_broken; /* stdout takes no more */
    uint64_t n_points;
};

void dump_text_begin(struct dump_text *text, bool is_json, const struct tz *tz);
/* Before the series' points. level: whose, or STORE_LEVEL_BEST. Thread: any, as all of it. */
void dump_text_series(struct dump_text *text, const struct store_series *series,
                      const struct store_place *places, size_t n_places, int level);
/* A store_points.on_point; self is the struct. */
bool dump_text_point(void *self, int64_t at_s, double value);
void dump_text_series_end(struct dump_text *text);
/* Ends it. False: stdout did not take all. */
MUST_CHECK bool dump_text_end(struct dump_text *text);
