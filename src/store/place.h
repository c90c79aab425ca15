/* Where late points go: those of one slot that come many at a time into columns, the others one by one
 * into lists; late.h says why both together are right. */
#pragma once

#include "base/base.h"

struct store;
struct late_point;

/* Takes n late points, in order of arrival; slot and level are known. Those for the lists are moved to
 * the front of the array; returns how many. Thread: a writer inside its epoch; or recovery. */
size_t place_late(struct store *store, struct late_point *points, size_t n);
