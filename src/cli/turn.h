/* Waiting for one's turn on the push train. */
#pragma once

#include "cli/args.h"

enum turn_end {
    TURN_COME,     /* it is ours; or this server knows no train, which has been told */
    TURN_AWAY,     /* no server answers, which has been told: as if it were ours */
    TURN_REFUSED,  /* the train does not take us, which has been told */
    TURN_SIGNALLED /* told to end: we have left the train */
};
struct turn {
    const char *command; /* for what is told, on stderr */
    const char *train, *who;
};
/* Joins, or finds us aboard, and asks every 2 s, telling who is ahead. With signals held.
 *   out_signal  of TURN_SIGNALLED
 *   why         of TURN_AWAY */
enum turn_end turn_wait(const struct turn *turn, struct arena *arena, int *out_signal,
                        struct err *why);
