/* The delivery metrics as series, so that graphs and alarms have them:
 * dora.<service>.{deploys,lead_s,failed,recovery_s,rework} of the 30 days before each point, for services
 * with a deploy in them; what is unknown has no point. failed and rework are shares of 0 to 1. One thread. */
#pragma once

#include "base/clock.h"
#include "ledger/ledger.h"
#include "model/sink.h"

struct dora_series;

struct dora_series_options {
    struct ledger *ledger; /* lent until dora_series_stop */
    struct sink sink;
    struct clock clock;
    int64_t interval_s; /* 300 when 0; points are at whole multiples of it */
};

/* The first points come at once. What the ledger or the sink refuses is logged once; it never stops the
 * program. err: ERR_IO (no thread). */
MUST_CHECK bool dora_series_start(const struct dora_series_options *options,
                                  struct dora_series **out, struct err *err);
void dora_series_stop(struct dora_series *series); /* NULL is fine */
