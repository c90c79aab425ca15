/* What plumb deploy --gate does once the command has succeeded: it waits for the verdict, as plumb watch does,
 * and on harm runs another command. */
#pragma once

#include "cli/watching.h"

#define GATED_OPTIONS                                                                              \
    {"gate", 0, CLI_MAYBE, "LENGTH",                                                               \
     "then wait for its verdict, 15m if not said; harm is exit 1"},                                \
        {"on-harm", 0, CLI_TEXT, "CMD", "with --gate: what the shell runs when it did harm"},      \
        WATCHING_OPTIONS

struct gated {
    const char *on_harm;      /* NULL: nothing */
    struct watching watching; /* but whose change, and who hears of it */
};

/* out_is_on: --gate was given. err: ERR_INPUT, also for options that mean nothing without it */
MUST_CHECK bool gated_take(const struct args *args, struct arena *arena, struct gated *out,
                           bool *out_is_on, struct err *err);

/* A deploy that has succeeded. */
struct gated_deploy {
    const char *command;         /* "deploy" */
    const struct change *change; /* as it was told, its end too */
    const char *id;              /* "": no server took it yet; it is told again */
    const char *prev, *url;      /* for on_harm; "" and NULL not known */
};
/* With signals held. What it came to is told on stderr; out->code is what to exit with. */
void gated_run(const struct gated *gate, const struct gated_deploy *deploy, struct arena *arena,
               struct watched *out);
