/* Waiting for one's turn on the push train. */
#pragma once

#include "cli/args.h"

enum turn_end {
    TURN_COME,     /* it is ours; or nobody can say whose it is, which has been told */
    TURN_REFUSED,  /* the train does not take us, which has been told */
    TURN_SIGNALLED /* told to end: we have left the train */
};
struct turn {
    const char *command; /* for what is told, on stderr */
    const char *train, *who;
};
/* Joins, or finds us aboard, and asks every 2 s, telling who is ahead. With signals held.
 *   out_signal  of TURN_SIGNALLED */
enum turn_end turn_wait(const struct turn *turn, struct arena *arena, int *out_signal);
