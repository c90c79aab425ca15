/* The commands: a file each, one table in commands.c that drives parsing, --help and completion. They
 * ask a server by HTTP. */
#pragma once

#include "base/err.h"

struct command {
    const char *name;
    const char *usage;   /* "deploy SERVICE [-m MSG] [--rev R] -- COMMAND [ARG...]" */
    const char *summary; /* one line for `plumb --help` */
    /* The rest of `plumb NAME --help`: options, examples, exit codes. Either of the two. */
    const char *help;
    const char *(*help_text)(void);
    /* argv[0] is the command's name. Returns the exit code. */
    int (*run)(int argc, char **argv);
};

extern const struct command *const cli_commands[];
extern const size_t n_cli_commands;

/* main's body for everything but serve, whose command is handed in by app. */
int cli_main(int argc, char **argv, const struct command *serve);
