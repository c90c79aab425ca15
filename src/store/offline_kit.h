/* For the tests of verify, dump and snapshot: folders of every shape. A test includes offline_kit.c. */
#pragma once

#include "store/store_kit.h"

enum offline_shape { SHAPE_FRESH, SHAPE_LOG, SHAPE_SEALED, SHAPE_MERGED, OFFLINE_SHAPES };

int64_t offline_kit_first_s(void);
/* Opens a store of that shape; it is still open. */
void offline_kit_fill(struct store_kit *kit, enum offline_shape shape);
