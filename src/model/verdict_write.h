/* A verdict as JSON: whole, as the ledger keeps it and the API shows it; and in short, as a change carries
 * it. What is not known is null. Read back by model/verdict_read.h. Pure. */
#pragma once

#include "base/jsonw.h"
#include "model/verdict.h"

enum { VERDICT_SUMMARY_MAX = 3 /* metrics a summary lists of each: moved, not moved */ };

/* One object: {"change","stage","state","made","windows":{"before":[s,s],"after":[s,s]},"checked",
 * "revised","moved":[METRIC],"unmoved":[METRIC],"nodata":[name],"overlaps":[id],"reasons":[text],
 * "false_alarms_per_1000","method"}, METRIC as in verdict_read.h. */
void verdict_write(struct jsonw *json, const struct verdict *verdict);
/* The same members but "change", into an object that is open. */
void verdict_write_members(struct jsonw *json, const struct verdict *verdict);

/* One object: {"state","stage","made","until","checked","moved":number,"revised",
 * "worst":[{"metric","direction","harm","before","after","delta","since"}],
 * "would_see":{"logins.ok":0.04}}: of the moved the worst, of the others the first ones of which it is
 * known what would have been seen, as a share of what they were before. Numbers have six digits, shares three. One that cannot tell has its first
 * "reason", too. */
void verdict_write_summary(struct jsonw *json, const struct verdict *verdict);
