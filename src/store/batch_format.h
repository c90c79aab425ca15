/* What batch.c writes and batch_read.c reads. Private to them. Format: docs/formats/wal.md, "Batch". */
#pragma once

#include "store/batch.h"

enum {
    BATCH_FORMAT_FOLLOWS = 1,       /* in the control byte: the next id, the same time */
    BATCH_FORMAT_RAW_EXPONENT = 15, /* in the control byte: the double itself follows */
    BATCH_FORMAT_EXPONENT_MAX = 14,
};

static const double batch_format_powers[BATCH_FORMAT_EXPONENT_MAX + 1] = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
};
