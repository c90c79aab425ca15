/* Blocks of powers of two bytes that are used again: long lists of late points grow by doubling and are
 * dropped every few seconds, and fresh memory costs more to get from the kernel than filling it does.
 * What a block holds is undefined. Thread: any, own mutex. */
#pragma once

#include "base/base.h"

enum { ROOM_BYTES_MIN = 64 << 10 };

struct rooms;

MUST_CHECK struct rooms *rooms_new(void);
void rooms_free(struct rooms *rooms); /* NULL is fine; what was taken is to be given back before */

/* bytes: a power of two, at least ROOM_BYTES_MIN. */
MUST_CHECK void *rooms_take(struct rooms *rooms, size_t bytes);
void rooms_give(struct rooms *rooms, void *at, size_t bytes);
/* Gives all that nobody has back to the kernel. */
void rooms_trim(struct rooms *rooms);
