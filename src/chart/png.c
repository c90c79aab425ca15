#include "chart/png.h"

#include <libdeflate.h>
#include <string.h>

#include "base/mem.h"
#include "chart/palette.h"

enum {
    LEVEL = 4, /* of libdeflate; 6 saves 3 % of the bytes for a third more time */
    COLOUR_RGB = 2,
    COLOUR_PALETTE = 3,
    COLOUR_RGBA = 6,
};

static void put_u32_be(unsigned char *at, uint32_t v)
{
    at[0] = (unsigned char)(v >> 24);
    at[1] = (unsigned char)(v >> 16);
    at[2] = (unsigned char)(v >> 8);
    at[3] = (unsigned char)v;
}

/* length, type, bytes, crc of type and bytes */
static void add_chunk(struct buf *out, const char type[static 4], const void *bytes, size_t n)
{
    unsigned char word[4];
    put_u32_be(word, (uint32_t)n);
    buf_add(out, word, 4);
    buf_add(out, type, 4);
    buf_add(out, bytes, n);
    uint32_t crc = libdeflate_crc32(0, type, 4);
    put_u32_be(word, libdeflate_crc32(crc, bytes, n));
    buf_add(out, word, 4);
}

static void add_header(const struct png_image *image, int colour_type, struct buf *out)
{
    static const unsigned char signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    unsigned char header[13] = {[8] = 8, [9] = (unsigned char)colour_type};
    put_u32_be(header, image->width);
    put_u32_be(header + 4, image->height);
    buf_add(out, signature, sizeof signature);
    add_chunk(out, "IHDR", header, sizeof header);
}

static void add_palette(const struct palette *palette, struct buf *out)
{
    unsigned char rgb[PALETTE_MAX * 3];
    unsigned n = palette_count(palette);
    for (unsigned i = 0; i < n; i++) {
        uint32_t c = palette_colour(palette, i);
        rgb[i * 3] = (unsigned char)(c >> 16);
        rgb[i * 3 + 1] = (unsigned char)(c >> 8);
        rgb[i * 3 + 2] = (unsigned char)c;
    }
    add_chunk(out, "PLTE", rgb, n * 3);
}

static void free_compressor(struct libdeflate_compressor **compressor)
{
    libdeflate_free_compressor(*compressor);
}

static bool add_data(const unsigned char *rows, size_t n, struct buf *out, struct err *err)
{
    CLEANUP(free_compressor)
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(LEVEL);
    BUG_IF(!compressor); /* out of memory ends the program */
    size_t bound = libdeflate_zlib_compress_bound(compressor, n);
    CLEANUP(mem_done) unsigned char *packed = mem_alloc(bound);
    size_t n_packed = libdeflate_zlib_compress(compressor, rows, n, packed, bound);
    BUG_IF(n_packed == 0); /* the bound is enough */
    if (n_packed > INT32_MAX)
        return FAIL(err, ERR_LIMIT, "the picture is too large for a PNG");
    add_chunk(out, "IDAT", packed, n_packed);
    add_chunk(out, "IEND", "", 0);
    if (out->is_full)
        return FAIL(err, ERR_LIMIT, "the PNG is longer than %zu bytes", out->max);
    return true;
}

static const uint32_t *row_of(const struct png_image *image, unsigned y)
{
    return (const void *)(image->pixels + y * image->stride);
}

static bool write_indexed(const struct png_image *image, const struct palette *palette,
                          struct buf *out, struct err *err)
{
    size_t row_bytes = image->width + 1u;
    CLEANUP(mem_done) unsigned char *rows = mem_alloc(mul_size(row_bytes, image->height));
    for (unsigned y = 0; y < image->height; y++) {
        unsigned char *row = rows + y * row_bytes;
        row[0] = 0; /* no filter */
        palette_map_row(palette, row_of(image, y), image->width, row + 1);
    }
    add_header(image, COLOUR_PALETTE, out);
    add_palette(palette, out);
    return add_data(rows, row_bytes * image->height, out, err);
}

static unsigned char straight(unsigned c, unsigned alpha)
{
    return (unsigned char)(alpha ? (c * 255u + alpha / 2) / alpha : 0);
}

static void put_row(const uint32_t *pixels, unsigned n, bool has_alpha, unsigned char *at)
{
    for (unsigned x = 0; x < n; x++) {
        uint32_t p = pixels[x];
        unsigned alpha = p >> 24;
        *at++ = straight(p >> 16 & 0xff, alpha);
        *at++ = straight(p >> 8 & 0xff, alpha);
        *at++ = straight(p & 0xff, alpha);
        if (has_alpha)
            *at++ = (unsigned char)alpha;
    }
}

static bool is_opaque(const struct png_image *image)
{
    uint32_t all = 0xff000000;
    for (unsigned y = 0; y < image->height; y++) {
        const uint32_t *row = row_of(image, y);
        for (unsigned x = 0; x < image->width; x++)
            all &= row[x];
    }
    return all == 0xff000000;
}

static bool write_plain(const struct png_image *image, struct buf *out, struct err *err)
{
    bool has_alpha = !is_opaque(image);
    size_t row_bytes = (size_t)image->width * (has_alpha ? 4 : 3) + 1;
    CLEANUP(mem_done) unsigned char *rows = mem_alloc(mul_size(row_bytes, image->height));
    for (unsigned y = 0; y < image->height; y++) {
        unsigned char *row = rows + y * row_bytes;
        row[0] = 0; /* no filter */
        put_row(row_of(image, y), image->width, has_alpha, row + 1);
    }
    add_header(image, has_alpha ? COLOUR_RGBA : COLOUR_RGB, out);
    return add_data(rows, row_bytes * image->height, out, err);
}

static void free_palette(struct palette **palette)
{
    palette_free(*palette);
}

bool png_write(const struct png_image *image, struct buf *out, struct err *err)
{
    struct palette_ask ask = {image->pixels, image->stride, image->width, image->height};
    CLEANUP(free_palette) struct palette *palette = palette_new(&ask);
    return palette ? write_indexed(image, palette, out, err) : write_plain(image, out, err);
}
