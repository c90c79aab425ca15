/* The real clocks and waiting. Thread: any. */
#pragma once

#include "base/clock.h"

struct clock clock_system(void); /* wall clock, UTC */
int64_t monotonic_us(void);      /* never goes back; for intervals */
int64_t thread_cpu_us(void);     /* CPU time of the calling thread */
void sleep_us(int64_t us);       /* not in tests: use a clock */
