/* Ageing: what leaves a fine archive is aggregated into the next coarser one first, then its files
 * go. Thread: keeper. */
#pragma once

#include "base/err.h"

struct store;

MUST_CHECK bool retain_due(struct store *store, int64_t now_s, struct err *err);
