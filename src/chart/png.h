/* PNG out of a cairo image: with a palette of at most 256 colours where that looks the same,
 * which is a third of the bytes and of the time. Thread: any. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* CAIRO_FORMAT_ARGB32: a native-endian word a pixel, premultiplied. */
struct png_image {
    unsigned width, height;
    size_t stride;               /* bytes from row to row */
    const unsigned char *pixels; /* aligned for 32-bit words */
};

/* Appends the file. err: ERR_LIMIT (out is full). */
MUST_CHECK bool png_write(const struct png_image *image, struct buf *out, struct err *err);
