/* Two sources as one: the ledger's event series and the store's metrics. Where both have a name, the
 * first wins. Thread: any. */
#pragma once

#include "model/source.h"

struct union_source {
    struct source first, second;
};

/* Lent: both must outlive it. */
struct source union_source(struct union_source *both);
