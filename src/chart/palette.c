#include "chart/palette.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    SLOT_BITS_FIRST = 11,  /* of the table of colours, which grows: memory is dear to touch */
    COLOURS_MAX = 1 << 14, /* more different ones than this: not a chart of flat colours */
    FREQUENT = 208,        /* colours that enter the palette for being frequent; the rest of it is
                                for rare ones that nothing is near to */
    CHANNEL_NEAR = 24,     /* of 255: a blend so much off in one channel is not seen */
    CHANNEL_FAR = 56,      /* more than this is only accepted of */
    FAR_PIXELS_IN = 500,   /* one pixel in so many */
};

/* Colours that agree in the upper 6 bits of each channel share a cell; the most frequent of them
 * speaks for it. */
struct cell {
    uint32_t key;    /* 18 bits + 1; 0: free */
    uint32_t colour; /* majority vote */
    uint32_t votes, n;
    unsigned char index; /* in the palette */
};

struct palette {
    uint32_t colours[PALETTE_MAX];
    int16_t r[PALETTE_MAX], g[PALETTE_MAX], b[PALETTE_MAX]; /* the same, side by side */
    unsigned n;
    size_t n_cells;
    unsigned slot_bits;
    struct cell *cells; /* 1 << slot_bits, at most half of them in use */
};

static uint32_t key_of(uint32_t pixel)
{
    return ((pixel >> 6 & 0x3f000) | (pixel >> 4 & 0xfc0) | (pixel >> 2 & 0x3f)) + 1;
}

/* The key's cell, or the free one where it belongs. */
static size_t find_cell(const struct palette *p, uint32_t key)
{
    size_t at = (key * 2654435761u) >> (32 - p->slot_bits);
    while (p->cells[at].key != 0 && p->cells[at].key != key)
        at = (at + 1) & (((size_t)1 << p->slot_bits) - 1);
    return at;
}

static void grow(struct palette *p)
{
    struct cell *old = p->cells;
    size_t n_old = (size_t)1 << p->slot_bits++;
    p->cells = mem_zalloc((n_old * 2) * sizeof *p->cells);
    for (size_t i = 0; i < n_old; i++)
        if (old[i].key != 0)
            p->cells[find_cell(p, old[i].key)] = old[i];
    mem_free(old);
}

/* A colour that was not there before. */
static struct cell *add_cell(struct palette *p, uint32_t pixel)
{
    if (++p->n_cells > ((size_t)1 << p->slot_bits) / 2)
        grow(p);
    struct cell *cell = &p->cells[find_cell(p, key_of(pixel))];
    *cell = (struct cell){.key = key_of(pixel), .colour = pixel};
    return cell;
}

/* Where the run of equal pixels ends that begins at x; most of a chart is runs, so two at a time. */
static size_t run_end(const uint32_t *row, size_t x, size_t n)
{
    const uint32_t pixel = row[x];
    const uint64_t two = (uint64_t)pixel << 32 | pixel;
    uint64_t next;
    for (x++; x + 2 <= n; x += 2) {
        memcpy(&next, row + x, sizeof next);
        if (next != two)
            break;
    }
    while (x < n && row[x] == pixel)
        x++;
    return x;
}

/* A run of n equal pixels. */
static bool count_run(struct palette *p, uint32_t pixel, uint32_t n)
{
    struct cell *cell = &p->cells[find_cell(p, key_of(pixel))];
    if (cell->key == 0) {
        if (pixel >> 24 != 0xff || p->n_cells == COLOURS_MAX)
            return false;
        cell = add_cell(p, pixel);
    }
    if (cell->colour == pixel) {
        cell->votes += n;
    } else if (cell->votes >= n) {
        cell->votes -= n;
    } else {
        cell->colour = pixel;
        cell->votes = n - cell->votes;
    }
    cell->n += n;
    return true;
}

static bool count_all(struct palette *p, const struct palette_ask *ask)
{
    for (unsigned y = 0; y < ask->height; y++) {
        const uint32_t *row = (const void *)(ask->pixels + y * ask->stride);
        for (unsigned x = 0; x < ask->width;) {
            unsigned begin = x;
            x = (unsigned)run_end(row, x, ask->width);
            if (row[begin] >> 24 != 0xff || !count_run(p, row[begin], x - begin))
                return false;
        }
    }
    return true;
}

static int by_count_down(const void *a, const void *b)
{
    const struct cell *const *x = a, *const *y = b;
    if ((*x)->n != (*y)->n)
        return (*x)->n < (*y)->n ? 1 : -1;
    return (*x)->key < (*y)->key ? -1 : 1; /* the same picture, the same file */
}

static int channel(uint32_t colour, int shift)
{
    return (int)(colour >> shift & 0xff);
}

/* How far apart, weighted by what eyes notice; d * d * 4 for d in one channel at most. The nearest
 * of equals is the first. */
static int find_nearest(const struct palette *p, uint32_t colour, unsigned char *out)
{
    int16_t r = (int16_t)channel(colour, 16), g = (int16_t)channel(colour, 8),
            b = (int16_t)channel(colour, 0);
    int best = INT32_MAX; /* distance and index in one number, so that four are compared at once */
    for (int i = 0; i < (int)p->n; i++) {
        int16_t dr = (int16_t)(p->r[i] - r), dg = (int16_t)(p->g[i] - g),
                db = (int16_t)(p->b[i] - b);
        int d = 3 * (dr * dr) + 4 * (dg * dg) + 2 * (db * db);
        int both = d << 8 | i;
        best = both < best ? both : best;
    }
    *out = (unsigned char)(best & 0xff);
    return best >> 8;
}

static void add_colour(struct palette *p, struct cell *cell)
{
    cell->index = (unsigned char)p->n;
    p->r[p->n] = (int16_t)channel(cell->colour, 16);
    p->g[p->n] = (int16_t)channel(cell->colour, 8);
    p->b[p->n] = (int16_t)channel(cell->colour, 0);
    p->colours[p->n++] = cell->colour & 0xffffff;
}

/* cells: the most frequent first; of n_pixels together. */
static bool fill(struct palette *p, struct cell **cells, size_t n, size_t n_pixels)
{
    size_t n_far = 0;
    for (size_t i = 0; i < n; i++) {
        if (n <= PALETTE_MAX || i < FREQUENT) {
            add_colour(p, cells[i]);
            continue;
        }
        int d = find_nearest(p, cells[i]->colour, &cells[i]->index);
        if (d > 4 * CHANNEL_NEAR * CHANNEL_NEAR && p->n < PALETTE_MAX)
            add_colour(p, cells[i]);
        else if (d > 4 * CHANNEL_FAR * CHANNEL_FAR)
            n_far += cells[i]->n;
    }
    return n_far <= n_pixels / FAR_PIXELS_IN;
}

static bool choose(struct palette *p, size_t n_pixels)
{
    CLEANUP(mem_done) struct cell **used = mem_array(p->n_cells + 1, struct cell *);
    size_t n = 0;
    for (size_t i = 0; i < (size_t)1 << p->slot_bits; i++)
        if (p->cells[i].key != 0)
            used[n++] = &p->cells[i];
    qsort(used, n, sizeof(struct cell *), by_count_down);
    return fill(p, used, n, n_pixels);
}

struct palette *palette_new(const struct palette_ask *ask)
{
    struct palette *p = mem_zalloc(sizeof *p);
    p->slot_bits = SLOT_BITS_FIRST;
    p->cells = mem_zalloc(((size_t)1 << SLOT_BITS_FIRST) * sizeof *p->cells);
    if (count_all(p, ask) && choose(p, (size_t)ask->width * ask->height))
        return p;
    palette_free(p);
    return NULL;
}

void palette_free(struct palette *palette)
{
    if (palette)
        mem_free(palette->cells);
    mem_free(palette);
}

unsigned palette_count(const struct palette *palette)
{
    return palette->n;
}

uint32_t palette_colour(const struct palette *palette, unsigned i)
{
    return palette->colours[i];
}

void palette_map_row(const struct palette *palette, const uint32_t *pixels, size_t n,
                     unsigned char *out)
{
    for (size_t x = 0; x < n;) {
        size_t begin = x;
        x = run_end(pixels, x, n);
        memset(out + begin, palette->cells[find_cell(palette, key_of(pixels[begin]))].index,
               x - begin);
    }
}
