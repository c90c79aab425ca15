#include <math.h>

#include "base/hash.h"
#include "store/batch_format.h"
#include "store/head.h"

enum {
    DELTA_BYTES_MAX = 5, /* 32 bits, 7 a byte */
    VALUE_BYTES_MAX = 9, /* of a point: the control byte and eight more */
    TWO_BYTES_MAX = 2 * VALUE_BYTES_MAX,
};

bool batch_peek(const uint8_t *bytes, size_t n, struct batch_view *out)
{
    uint32_t n_bytes, count, synced;
    uint64_t lsn;

    if (n < BATCH_HEADER_BYTES)
        return false;
    memcpy(&n_bytes, bytes + 4, 4);
    memcpy(&count, bytes + 8, 4);
    memcpy(&synced, bytes + 12, 4);
    memcpy(&lsn, bytes + 16, 8);
    if (n_bytes > BATCH_PAYLOAD_MAX || n_bytes > n - BATCH_HEADER_BYTES || count > n_bytes / 2 ||
        (count == 0) != (n_bytes == 0) || lsn == 0)
        return false;
    *out = (struct batch_view){
        .n_bytes = n_bytes,
        .count = count,
        .synced = synced,
        .lsn = lsn,
        .all_bytes = (BATCH_HEADER_BYTES + (size_t)n_bytes + 7) / 8 * 8,
    };
    return true;
}

bool batch_view(const uint8_t *bytes, size_t n, uint32_t seed, struct batch_view *out)
{
    struct batch_view view;
    uint32_t crc;

    if (!batch_peek(bytes, n, &view))
        return false;
    memcpy(&crc, bytes, 4);
    if (hash_crc32c(seed, bytes + 4, BATCH_HEADER_BYTES - 4 + (size_t)view.n_bytes) != crc)
        return false;
    *out = view;
    out->payload = bytes + BATCH_HEADER_BYTES;
    return true;
}

/* Moves *at past the number; false when it breaks off or has more than 32 bits. */
static bool varint_get(const uint8_t **at, const uint8_t *end, uint32_t before, uint32_t *out)
{
    uint64_t zigzag = 0;
    for (unsigned i = 0; i < DELTA_BYTES_MAX && *at < end; i++) {
        uint8_t byte = *(*at)++;
        zigzag |= (uint64_t)(byte & 127) << (7 * i);
        if (byte & 128)
            continue;
        *out = before + (uint32_t)((uint32_t)(zigzag >> 1) ^ -(uint32_t)(zigzag & 1));
        return zigzag <= UINT32_MAX;
    }
    return false;
}

static inline bool is_raw(uint8_t control)
{
    return control >> 4 == BATCH_FORMAT_RAW_EXPONENT;
}

/* The value in the low bytes, as many as the control byte says. */
static inline double quotient(uint64_t bits, uint8_t control)
{
    bits &= UINT64_MAX >> (56 - 8 * (control >> 1 & 7));
    return (double)((int64_t)(bits >> 1) ^ -(int64_t)(bits & 1)) /
           batch_format_powers[control >> 4];
}

static bool value_get(const uint8_t **at, const uint8_t *end, double *out)
{
    const uint8_t control = *(*at)++;
    const size_t n_bytes = is_raw(control) ? 8 : (size_t)(control >> 1 & 7) + 1;
    uint64_t bits = 0;

    if ((size_t)(end - *at) < n_bytes)
        return false;
    memcpy(&bits, *at, n_bytes);
    *at += n_bytes;
    if (!is_raw(control)) {
        *out = quotient(bits, control);
        return true;
    }
    memcpy(out, &bits, sizeof bits);
    return isfinite(*out);
}

/* The same. Except in the last few bytes there is no length to branch on: eight bytes are always loaded. */
static inline bool value_get_quickly(const uint8_t **at, const uint8_t *end, double *out)
{
    if (UNLIKELY(end - *at < VALUE_BYTES_MAX))
        return value_get(at, end, out);
    const uint8_t control = **at;
    uint64_t bits;

    memcpy(&bits, *at + 1, sizeof bits);
    if (UNLIKELY(is_raw(control))) {
        *at += VALUE_BYTES_MAX;
        memcpy(out, &bits, sizeof bits);
        return isfinite(*out);
    }
    *at += 2 + (control >> 1 & 7);
    *out = quotient(bits, control);
    return true;
}

/* Two points that both follow, in TWO_BYTES_MAX that are there. What takes the time is to learn where a
 * point begins from the one before it: of the second it is learned from the word that holds the first.
 * False: they are not such, or the first is long; nothing is read. */
static inline bool two_get(const uint8_t **at, double out[2])
{
    uint64_t first, bits;

    memcpy(&first, *at, sizeof first);
    const size_t n_first = 2 + (first >> 1 & 7);
    if (UNLIKELY(n_first >= sizeof first))
        return false;
    const uint8_t second = (uint8_t)(first >> 8 * n_first);
    if (UNLIKELY(!(first & second & BATCH_FORMAT_FOLLOWS) || is_raw((uint8_t)first) ||
                 is_raw(second)))
        return false;
    memcpy(&bits, *at + n_first + 1, sizeof bits);
    *at += n_first + 2 + (second >> 1 & 7);
    out[0] = quotient(first >> 8, (uint8_t)first);
    out[1] = quotient(bits, second);
    return true;
}

void batch_begin(struct batch_cursor *cursor, const struct batch_view *view)
{
    *cursor = (struct batch_cursor){.at = view->payload,
                                    .end = view->payload + view->n_bytes,
                                    .left = view->count,
                                    .id = UINT32_MAX};
}

size_t batch_read(struct batch_cursor *cursor, struct sink_point *out, size_t n)
{
    const uint8_t *at = cursor->at, *const end = cursor->end;
    uint32_t id = cursor->id, at_s = cursor->at_s;
    size_t i = 0;

    n = min_size(n, cursor->left);
    for (; i < n && at < end; i++) {
        const bool follows = *at & BATCH_FORMAT_FOLLOWS;
        if (!value_get_quickly(&at, end, &out[i].value))
            break;
        if (LIKELY(follows))
            id++;
        else if (!varint_get(&at, end, id, &id) || !varint_get(&at, end, at_s, &at_s))
            break;
        out[i].id = id;
        out[i].at_s = at_s;
    }
    cursor->at = i == n ? at : end; /* behind what is unsound nothing is read */
    cursor->left -= (uint32_t)i;
    cursor->id = id;
    cursor->at_s = at_s;
    return i;
}

bool batch_follows(const struct batch_cursor *cursor)
{
    return cursor->left > 0 && cursor->at < cursor->end && *cursor->at & BATCH_FORMAT_FOLLOWS;
}

size_t batch_read_cells(struct batch_cursor *cursor, uint64_t *cells, size_t n)
{
    const uint8_t *at = cursor->at, *const end = cursor->end;
    size_t i = 0;

    n = min_size(n, cursor->left);
    while (i < n && at < end) {
        const uint8_t *next = at;
        double values[2];

        if (n - i >= 2 && end - at >= TWO_BYTES_MAX && LIKELY(two_get(&at, values))) {
            head_cell_set(&cells[i++], values[0]);
            head_cell_set(&cells[i++], values[1]);
            continue;
        }
        if (!(*at & BATCH_FORMAT_FOLLOWS) || !value_get_quickly(&next, end, values))
            break;
        head_cell_set(&cells[i++], values[0]);
        at = next;
    }
    cursor->at = at;
    cursor->left -= (uint32_t)i;
    cursor->id += (uint32_t)i;
    return i;
}

bool batch_each(const struct batch_view *view, batch_fn fn, void *self)
{
    struct sink_point points[BATCH_PIECE_POINTS];
    struct batch_cursor cursor;
    size_t n;

    for (batch_begin(&cursor, view); (n = batch_read(&cursor, points, COUNT_OF(points))) > 0;)
        fn(self, points, n);
    return batch_is_read(&cursor);
}
