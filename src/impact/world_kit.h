/* For tests: a small site with series of one value a minute, changes, and the rules. One thread. */
#pragma once

#include <string.h>

#include "impact/impact.h"
#include "kit/fake_source.h"
#include "kit/kit.h"

enum {
    WORLD_NOW_S = 1700006400, /* a whole day */
    WORLD_DAYS = 3,
    WORLD_SERIES_MAX = 64,
    WORLD_CHANGES_MAX = 64,
    WORLD_POINTS = WORLD_DAYS * 1440,
};

struct world {
    struct fake_series series[WORLD_SERIES_MAX];
    struct change list[WORLD_CHANGES_MAX];
    struct fake_source source;
    struct fake_changes changes;
    struct impact_rules rules;
    struct impact_options options;
};

static inline struct world *world_new(void)
{
    struct world *world = arena_zalloc(&kit_arena, sizeof *world);
    kit_now_us = (int64_t)WORLD_NOW_S * 1000000;
    world->source.items = world->series;
    world->changes.items = world->list;
    world->rules = rules_default();
    world->options = (struct impact_options){.source = fake_source(&world->source),
                                             .changes = fake_changes(&world->changes),
                                             .clock = kit_clock(),
                                             .rules = &world->rules};
    return world;
}

/* Noise of +-1 around 100 over the days before now and a day after it; the values, to be written over. */
static inline double *world_add(struct world *world, const char *name)
{
    const size_t n = WORLD_POINTS + 1440;
    double *values = arena_array(&kit_arena, n, double);
    for (size_t i = 0; i < n; i++)
        values[i] = 99 + (double)kit_random_below(3);
    world->series[world->source.n++] =
        (struct fake_series){name, WORLD_NOW_S - WORLD_DAYS * 86400, 60, values, n};
    return values;
}

/* From so many seconds before or after now, for so long. */
static inline void world_shift(double *values, int64_t from_s, int64_t for_s, double by)
{
    const int64_t first = WORLD_POINTS + from_s / 60;
    for (int64_t i = first; i < first + for_s / 60; i++)
        values[i] += by;
}

/* A point that succeeded, at so many seconds from now. */
static inline struct change *world_change(struct world *world, const char *service, int64_t at_s)
{
    const size_t n = world->changes.n++;
    struct change *change = &world->list[n];
    *change = change_blank();
    change->id = arena_printf(&kit_arena, "01JD9Q%04zuXYZ", n);
    change->service = service;
    change->env = "production";
    change->start_ms = ((int64_t)WORLD_NOW_S + at_s) * 1000;
    change->end_ms = change->start_ms;
    change->received_ms = change->start_ms;
    change->status = STATUS_SUCCEEDED;
    change->seq = n + 1;
    return change;
}

static inline void world_rules(struct world *world, const char *text)
{
    struct ini ini;
    EXPECT_OK(ini_parse("plumb.conf", text, strlen(text), &kit_arena, &ini, &kit_err));
    EXPECT_OK(rules_read(&ini, &kit_arena, &world->rules, &kit_err));
}
