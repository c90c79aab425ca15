/* The usual lines once more, with 32-byte vectors: compares the expected name, finds the blank after the value
 * and reads the digits without a branch on how many there are or where the dot is. What it takes, it
 * takes exactly as order_next and plain_fast_rest would (lines_test.c and lines_fuzz.c compare them);
 * everything else it leaves to them. */
#pragma once

#include "ingest/feed.h"
#include "ingest/order.h"
#include "ingest/plain_fast.h"

enum { LINES_AVX2_BEFORE = 16 /* readable bytes before a line: a value is loaded by its end */ };

/* Does this machine have it? */
bool lines_avx2_is_there(void);
/* Takes lines as long as each is the one that order expects and of the usual form; returns the first that
 * is not, or until. Memory as for lines_take. Only where lines_avx2_is_there. */
const char *lines_avx2_run(struct order *order, struct feed *feed, struct plain_clock *clock,
                           const struct net_addr *from, const char *at, const char *until);
