/* Kinds of series for the bench programs: what hosts and applications send, and what is hard to pack. */
#pragma once

#include "base/base.h"

enum kind {
    KIND_CONSTANT,
    KIND_COUNTER,
    KIND_BURSTS,
    KIND_STEPS,
    KIND_PERCENT,
    KIND_WALK,
    KIND_PAGES,
    KIND_EVENTS,
    KIND_SPARSE,
    KIND_LATENCY,
    KIND_DOUBLES,
    KINDS
};

const char *kinds_name(enum kind kind);
/* The n first values of series number `no` of a kind: the same at each call. */
void kinds_fill(enum kind kind, int no, double *out, size_t n);
