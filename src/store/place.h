/* Where late points go: those of one slot that come many at a time into columns, the others one by one
 * into lists; late.h says why both together are right. */
#pragma once

#include "base/base.h"

struct store;
struct late_point;

/* Takes n late points, in order of arrival; slot and level are known. Returns how many went into lists.
 * Thread: a writer inside its epoch; or recovery. */
size_t place_late(struct store *store, const struct late_point *points, size_t n);
