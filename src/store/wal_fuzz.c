/* Any bytes as a log segment: no batch that is found breaks anything, numbers ascend, and what is
 * found is found again. The first 8 bytes are the segment's number. */
#include <string.h>

#include "store/replay.h"
#include "store/wal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void on_points(void *self, const struct sink_point *points, size_t n)
{
    uint64_t *sum = self;
    for (size_t i = 0; i < n; i++)
        *sum += points[i].id + points[i].at_s + (points[i].value > 0);
}

/* A payload without its checksum in the way. */
static void each(const uint8_t *bytes, size_t n, uint64_t *sum)
{
    struct batch_view view = {.payload = bytes, .n_bytes = (uint32_t)n, .count = 5, .lsn = 1};
    (void)!batch_each(&view, on_points, sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct replay_segment segment = {0};
    uint64_t last = 0, sum = 0;

    if (n < 8 || n > 1 << 16)
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
