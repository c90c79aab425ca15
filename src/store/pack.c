#include "store/pack.h"

#include <string.h>

#include "store/pack_plan.h"

enum { GROUP_PATCHED = 0x80, GROUP_WIDTH = 0x7F };

static uint64_t mask_of(unsigned w)
{
    return w == 0 ? 0 : ~UINT64_C(0) >> (64 - w);
}

/* ---- varints ---- */

uint8_t *pack_put_varint(uint8_t *at, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *at++ = (uint8_t)(v | 0x80);
    *at++ = (uint8_t)v;
    return at;
}

size_t pack_varint_bytes(uint64_t v)
{
    return (pack_bit_width(v | 1) + 6) / 7;
}

bool pack_get_varint(struct pack_in *in, uint64_t *out)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        const uint8_t byte = *in->at++;
        if (shift == 63 && byte > 1)
            return false;
        v |= (uint64_t)(byte & 0x7F) << shift;
        if (byte & 0x80)
            continue;
        *out = v;
        return true;
    }
    return false;
}

/* ---- bits ---- */

uint8_t *pack_put_bits(uint8_t *at, const uint64_t *v, size_t n, unsigned w)
{
    uint8_t *end = at + pack_packed_bytes(n, w);
    uint64_t word = 0;
    unsigned n_bits = 0; /* in word, < 64 */
    for (size_t i = 0; w && i < n; i++) {
        word |= v[i] << n_bits;
        n_bits += w;
        if (n_bits < 64)
            continue;
        pack_save_u64(at, word);
        at += 8;
        n_bits -= 64;
        word = n_bits ? v[i] >> (w - n_bits) : 0;
    }
    if (n_bits)
        pack_save_u64(at, word);
    return end;
}

/* One value at a bit offset, where 9 bytes can be read from its first byte on. */
static uint64_t bits_at(const uint8_t *at, size_t bit, unsigned w)
{
    const unsigned shift = bit & 7;
    uint64_t v = pack_load_u64(at + bit / 8) >> shift;
    if (w + shift > 64)
        v |= (uint64_t)at[bit / 8 + 8] << (64 - shift);
    return v & mask_of(w);
}

/* The same at the very end of the input. */
static uint64_t bits_at_end(const uint8_t *at, const uint8_t *end, size_t bit, unsigned w)
{
    uint8_t tail[9] = {0};
    const uint8_t *from = at + bit / 8;
    memcpy(tail, from, min_size(sizeof tail, (size_t)(end - from)));
    return bits_at(tail, bit & 7, w);
}

void pack_get_bits(const uint8_t *at, const uint8_t *end, uint64_t *out, size_t n, unsigned w)
{
    if (w == 0) {
        memset(out, 0, n * sizeof *out);
        return;
    }
    const size_t n_bytes = (size_t)(end - at);
    const size_t n_fast = n_bytes < 9 ? 0 : min_size(n, ((n_bytes - 9) * 8 + 7) / w + 1);
    const uint64_t mask = mask_of(w);
    size_t i = 0, bit = 0;
    if (w <= 57)
        for (; i < n_fast; i++, bit += w)
            out[i] = (pack_load_u64(at + bit / 8) >> (bit & 7)) & mask;
    else
        for (; i < n_fast; i++, bit += w)
            out[i] = bits_at(at, bit, w);
    for (; i < n; i++, bit += w)
        out[i] = bits_at_end(at, end, bit, w);
}

/* ---- groups ---- */

static uint8_t *put_group(uint8_t *at, const uint64_t *v, size_t n)
{
    uint64_t low[PACK_GROUP], high[PACK_PATCHES_MAX];
    uint8_t positions[PACK_PATCHES_MAX];
    const struct pack_plan plan = pack_plan(v, n, low);
    const uint64_t mask = mask_of(plan.width);
    size_t n_patches = 0;
    for (size_t i = 0; n_patches < plan.n_patches; i++) {
        if (low[i] <= mask)
            continue;
        positions[n_patches] = (uint8_t)i;
        high[n_patches++] = low[i] >> plan.width; /* patched, so the width is below 64 */
        low[i] &= mask;
    }
    at = pack_put_varint(at, pack_zigzag(plan.min));
    *at++ = (uint8_t)(plan.width | (n_patches ? GROUP_PATCHED : 0));
    if (n_patches)
        *at++ = (uint8_t)n_patches;
    at = pack_put_bits(at, low, n, plan.width);
    if (!n_patches)
        return at;
    const unsigned high_width = plan.max_width - plan.width;
    *at++ = (uint8_t)high_width;
    memcpy(at, positions, n_patches);
    return pack_put_bits(at + n_patches, high, n_patches, high_width);
}

/* What stands before a group's packed values. */
static bool get_head(struct pack_in *in, size_t n, struct pack_group *out)
{
    uint64_t z;
    if (!pack_get_varint(in, &z) || in->at == in->end)
        return false;
    const uint8_t byte = *in->at++;
    *out =
        (struct pack_group){.min = pack_unzigzag(z), .end = in->end, .width = byte & GROUP_WIDTH};
    if (out->width > 64)
        return false;
    if (byte & GROUP_PATCHED) {
        if (in->at == in->end)
            return false;
        out->n_patches = *in->at++;
        return out->n_patches > 0 && out->n_patches <= min_size(n, PACK_PATCHES_MAX);
    }
    return true;
}

static bool get_patches(struct pack_in *in, struct pack_group *out)
{
    if (in->at == in->end)
        return false;
    out->patch_width = *in->at++;
    if (out->patch_width == 0 || out->patch_width > 64 - out->width)
        return false;
    const size_t n_bytes = pack_packed_bytes(out->n_patches, out->patch_width);
    if (out->n_patches + n_bytes > (size_t)(in->end - in->at))
        return false;
    out->places = in->at;
    out->high = in->at + out->n_patches;
    in->at += out->n_patches + n_bytes;
    return true;
}

bool pack_open_group(struct pack_in *in, size_t n, struct pack_group *out)
{
    if (!get_head(in, n, out))
        return false;
    const size_t n_bytes = pack_packed_bytes(n, out->width);
    if (n_bytes > (size_t)(in->end - in->at))
        return false;
    out->low = in->at;
    in->at += n_bytes;
    return out->n_patches == 0 || get_patches(in, out);
}

static bool patch(const struct pack_group *group, uint64_t *io, size_t n)
{
    uint64_t high[PACK_PATCHES_MAX];
    pack_get_bits(group->high, group->end, high, group->n_patches, group->patch_width);
    for (size_t k = 0; k < group->n_patches; k++) {
        const bool is_ascending = k == 0 || group->places[k - 1] < group->places[k];
        if (!is_ascending || group->places[k] >= n)
            return false;
        io[group->places[k]] |= high[k] << group->width;
    }
    return true;
}

bool pack_get_group(struct pack_in *in, uint64_t *out, size_t n)
{
    struct pack_group group;
    if (!pack_open_group(in, n, &group))
        return false;
    pack_get_bits(group.low, group.end, out, n, group.width);
    if (group.n_patches && !patch(&group, out, n))
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] += group.min;
    return true;
}

/* ---- streams ---- */

uint8_t *pack_put_stream(uint8_t *at, const uint64_t *v, size_t n)
{
    for (size_t i = 0; i < n; i += PACK_GROUP)
        at = put_group(at, v + i, min_size(PACK_GROUP, n - i));
    return at;
}

size_t pack_stream_bytes(const uint64_t *v, size_t n)
{
    uint64_t offsets[PACK_GROUP];
    size_t n_bytes = 0;
    for (size_t i = 0; i < n; i += PACK_GROUP)
        n_bytes += pack_plan(v + i, min_size(PACK_GROUP, n - i), offsets).n_bytes;
    return n_bytes;
}

size_t pack_stream_bytes_max(size_t n)
{
    return n * 8 + (n / PACK_GROUP + 1) * (PACK_VARINT_BYTES + 1);
}

bool pack_skip_stream(struct pack_in *in, size_t n)
{
    struct pack_group group;
    for (size_t i = 0; i < n; i += PACK_GROUP)
        if (!pack_open_group(in, min_size(PACK_GROUP, n - i), &group))
            return false;
    return true;
}

void pack_cursor_init(struct pack_cursor *cursor, struct pack_in in, size_t n)
{
    cursor->in = in;
    cursor->n_left = n;
    cursor->at = cursor->n = 0;
}

bool pack_cursor_fill(struct pack_cursor *cursor)
{
    const size_t n = min_size(PACK_GROUP, cursor->n_left);
    if (n == 0 || !pack_get_group(&cursor->in, cursor->group, n))
        return false;
    cursor->n_left -= n;
    cursor->n = n;
    cursor->at = 0;
    return true;
}
