/* The few colours that stand for all of an image's. Charts have a handful of colours and, at the
 * edges of lines and letters, thousands of blends of them that each occur a few times: the
 * frequent ones stay exactly as they are, the rare ones take the nearest. Thread: any. */
#pragma once

#include "base/base.h"

enum { PALETTE_MAX = 256 };

struct palette; /* heap */

/* Opaque pixels, 0xffrrggbb, rows of width. NULL when 256 colours would not do: too many different
 * ones, too far apart, or some let the ground through. Freed by palette_free. */
struct palette_ask {
    const unsigned char *pixels;
    size_t stride;
    unsigned width, height;
};
MUST_CHECK struct palette *palette_new(const struct palette_ask *ask);
void palette_free(struct palette *palette); /* NULL is fine */

/* Number of colours, and each as 0xrrggbb. */
unsigned palette_count(const struct palette *palette);
uint32_t palette_colour(const struct palette *palette, unsigned i);
/* One index a pixel for a row of n pixels that the palette was made from. */
void palette_map_row(const struct palette *palette, const uint32_t *pixels, size_t n,
                     unsigned char *out);
