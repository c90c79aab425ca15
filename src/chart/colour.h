/* Colours as Graphite's users write them: a name, #rgb, rrggbb or rrggbbaa, with or without '#' or
 * a '#' that is still percent-encoded. Thread: any. */
#pragma once

#include "base/base.h"

struct colour {
    uint8_t r, g, b, a; /* not premultiplied; a 255: opaque */
};

/* False for anything that is no colour; *out is untouched then. */
MUST_CHECK bool colour_parse(const char *text, struct colour *out);
struct colour colour_of(uint32_t rgb); /* 0xrrggbb, opaque */
/* The same colour with its own alpha times share (clamped to 0..1). */
struct colour colour_fade(struct colour colour, double share);
/* NULL if it has none; never that of a colour that lets others through. */
const char *colour_name(struct colour colour);
bool colour_equal(struct colour a, struct colour b);
