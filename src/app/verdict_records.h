/* Where the judge keeps its verdicts: the ledger, behind impact's seam. */
#pragma once

#include "impact/impact.h"
#include "ledger/ledger.h"

/* The ledger is lent. */
struct impact_records verdict_records(struct ledger *ledger);
