/* A command line against a command's option table. Options and words mix; "--" ends both. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "cli/cli.h"

struct options {
    const struct command *command;
    const struct options_given *given; /* in the order they were typed */
    size_t n_given;
    const char *const *words; /* what is no option */
    size_t n_words;
    const char *const *rest; /* what follows "--", ended by NULL; NULL without "--" */
    size_t n_rest;
};

struct options_given {
    const struct cli_option *option;
    const char *value; /* NULL for a flag */
};

/* --name VALUE, --name=VALUE, -n VALUE, -nVALUE; texts are argv's, lists in the arena.
 *   err  ERR_INPUT: an unknown option (with the nearest one), a value that is missing or not taken */
MUST_CHECK bool options_parse(const struct command *command, int argc, char **argv,
                              struct arena *arena, struct options *out, struct err *err);

/* Is -h or --help among the options? Values of other options and what follows "--" do not count. */
bool options_ask_help(const struct command *command, int argc, char **argv);

/* Asking for a name that the command has not is a mistake of ours. */
bool options_has(const struct options *options, const char *name);
/* The last value given, or NULL. */
const char *options_text(const struct options *options, const char *name);
/* The i-th value given, or NULL. */
const char *options_item(const struct options *options, const char *name, size_t i);
/* A whole number from least to most; fallback when not given. err: ERR_INPUT naming the option. */
struct options_range {
    int64_t fallback, least, most;
};
MUST_CHECK bool options_number(const struct options *options, const char *name,
                               struct options_range range, int64_t *out, struct err *err);

/* The table for --help: a line each. */
void options_help(const struct cli_option *table, struct buf *out);
