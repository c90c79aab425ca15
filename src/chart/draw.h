/* A draw list on a cairo surface. Knows nothing of charts. Thread: one a call. */
#pragma once

#include <cairo.h>

#include "base/err.h"
#include "chart/draw_list.h"

/* Draws everything, background included, on a surface of the list's size.
 * err: ERR_IO when cairo or a font fails. */
MUST_CHECK bool draw_surface(const struct draw_list *list, cairo_surface_t *surface,
                             struct err *err);
