/* Any bytes as a log segment: no batch that is found breaks anything, numbers ascend, and what is
 * found is found again. The first 8 bytes are the segment's number. */
#include <string.h>

#include "store/head.h"
#include "store/replay.h"
#include "store/wal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* A sum in which every bit and the order of the points counts. */
static void on_points(void *self, const struct sink_point *points, size_t n)
{
    uint64_t *sum = self;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &points[i].value, sizeof bits);
        *sum = *sum * 0x9E3779B97F4A7C15ull + bits + points[i].id;
        *sum = *sum * 0x9E3779B97F4A7C15ull + points[i].at_s;
    }
}

/* A payload without its checksum in the way: read into cells where that goes, it is the same points. */
static void each(const uint8_t *bytes, size_t n, uint64_t *sum)
{
    const struct batch_view view = {
        .payload = bytes, .n_bytes = (uint32_t)n, .count = 5 + bytes[0], .lsn = 1};
    struct batch_cursor cursor;
    struct sink_point point;
    uint64_t cells[64], other = 0, all = 0;
    size_t n_cells;

    const bool is_sound = batch_each(&view, on_points, &all);
    for (batch_begin(&cursor, &view); batch_read(&cursor, &point, 1) == 1;) {
        uint32_t id = cursor.id;
        on_points(&other, &point, 1);
        while ((n_cells = batch_read_cells(&cursor, cells, COUNT_OF(cells))) > 0)
            for (size_t i = 0; i < n_cells; i++) {
                point = (struct sink_point){++id, cursor.at_s, head_cell_get(&cells[i])};
                on_points(&other, &point, 1);
            }
    }
    BUG_IF(all != other);
    BUG_IF(is_sound != batch_is_read(&cursor));
    *sum += all;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct replay_segment segment = {0};
    uint64_t last = 0, sum = 0;

    if (n < 9 || n > 1 << 16)
        return 0;
    memcpy(&segment.no, bytes, 8);
    each(bytes + 8, n - 8, &sum);
    replay_segment_open(&segment, bytes + 8, n - 8);
    while (segment.has_next) {
        BUG_IF(segment.next.lsn <= last);
        last = segment.next.lsn;
        (void)!batch_each(&segment.next, on_points, &sum);
        replay_segment_next(&segment);
    }
    BUG_IF(segment.end > n + 8 + WAL_HEADER_BYTES);
    return 0;
}
