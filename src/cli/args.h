/* A command line against a command's option table. Options and words mix; "--" ends both. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "cli/cli.h"

struct args {
    const struct command *command;
    const struct args_given *given; /* in the order they were typed */
    size_t n_given;
    const char *const *words; /* what is no option */
    size_t n_words;
    const char *const *rest; /* what follows "--", ended by NULL; NULL without "--" */
    size_t n_rest;
};

struct args_given {
    const struct cli_option *option;
    const char *value; /* NULL for a flag */
};

/* --name VALUE, --name=VALUE, -n VALUE, -nVALUE; texts are argv's, lists in the arena.
 *   err  ERR_INPUT: an unknown option (with the nearest one), a value that is missing or not taken
 *        */
MUST_CHECK bool args_parse(const struct command *command, int argc, char **argv,
                           struct arena *arena, struct args *out, struct err *err);

/* Is -h or --help among the options? Values of other options and what follows "--" do not count. */
bool args_ask_help(const struct command *command, int argc, char **argv);

/* Asking for a name that the command has not is a mistake of ours. */
bool args_has(const struct args *args, const char *name);
/* The last value given, or NULL; NULL too where one may be left out, and was. */
const char *args_text(const struct args *args, const char *name);
/* The i-th value given, or NULL. */
const char *args_item(const struct args *args, const char *name, size_t i);
/* A whole number from least to most; fallback when not given. err: ERR_INPUT naming the option. */
struct args_range {
    int64_t fallback, least, most;
};
MUST_CHECK bool args_number(const struct args *args, const char *name, struct args_range range,
                            int64_t *out, struct err *err);

/* The table for --help: a line each. */
void args_help(const struct cli_option *table, struct buf *out);
