/* The commands: a file each, one table in commands.c that drives parsing, --help and completion.
 * They ask a server by HTTP. */
#pragma once

#include "base/err.h"

enum cli_option_kind {
    CLI_TEXT = 0, /* takes a value; the last one given counts */
    CLI_LIST,     /* takes a value; may be given again */
    CLI_FLAG,     /* takes none */
    CLI_MAYBE,    /* may take one, behind '=' */
};

struct cli_option {
    const char *name; /* without "--" */
    char letter;      /* 'm' for -m; 0: none */
    enum cli_option_kind kind;
    const char *value; /* what to put there: "MSG"; NULL for a flag */
    const char *about; /* one line */
};

struct cli_table;

struct command {
    const char *name;
    const char *usage;   /* "deploy SERVICE [-m MSG] [--rev R] -- COMMAND [ARG...]" */
    const char *summary; /* one line for `plumb --help` */
    const char *group;   /* its heading there; NULL: Run */
    const char *about;   /* what it does, before the args; NULL: the summary again */
    /* Ended by one without a name; NULL: the command reads argv itself, and help tells of it. */
    const struct cli_option *options;
    /* The rest of `plumb NAME --help`: examples, exit codes. Either of the two. */
    const char *help;
    const char *(*help_text)(void);
    /* argv[0] is the command's name. Returns the exit code. Either of the two; run_all is for those that
     * tell of all commands. */
    int (*run)(int argc, char **argv);
    int (*run_all)(const struct cli_table *all, int argc, char **argv);
};

enum { CLI_COMMANDS_MAX = 64 };

/* All commands of this program, also app's, in the order of `plumb --help`. */
struct cli_table {
    const struct command *items[CLI_COMMANDS_MAX];
    size_t n;
};

extern const struct command *const cli_commands[];
extern const size_t n_cli_commands;

/* main's body. more: commands that app hands in, as they know the folders below: serve and those that read
 * the data folder. In the order of `plumb --help`, behind the others. */
int cli_main(int argc, char **argv, const struct command *const *more, size_t n_more);

/* The command, when a program that holds only some of them and speaks plain HTTP alone (os/fetch_plain.h, which
 * it is linked with) can run it as cli_main would: run it with argc - 1 and argv + 1. NULL: it takes cli_main. */
const struct command *cli_quick(int argc, char **argv);

/* What commands are made of, for those of app too. */
#include "cli/args.h"
#include "cli/tell.h"
#include "cli/terminal.h"
#include "cli/when.h"
