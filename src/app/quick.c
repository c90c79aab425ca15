/* The program that people and scripts start: plumb. Mostly they want a word with a server that runs already, and
 * that shall cost a deploy nothing; but loading the libraries of a server, of charts and of TLS takes ten times as
 * long as asking. So this one holds the commands that record or ask, and speaks plain HTTP to an address
 * (cli/quick.c, os/fetch_plain.c). For all else it becomes plumb-engine, the whole program, which lies beside it:
 * the same process, arguments and streams. What a command does is the same either way. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "os/file.h"

#define ENGINE "plumb-engine"

/* Returns only when it cannot. */
static int become_engine(char **argv)
{
    char path[PATH_MAX + sizeof ENGINE];
    struct err err;
    const ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
    if (n <= 0) {
        err_set(&err, ERR_IO, "where plumb-engine lies: /proc/self/exe");
    } else {
        size_t n_folder = (size_t)n;
        while (n_folder > 0 && path[n_folder - 1] != '/')
            n_folder--;
        memcpy(path + n_folder, ENGINE, sizeof ENGINE);
        execv(path, argv);
        err_set(&err, ERR_IO, "cannot run '%s'", path);
        err_hint(&err, "plumb needs plumb-engine in its own folder: install both");
    }
    fd_fill_streams();
    return tell_fail(NULL, &err);
}

int main(int argc, char **argv)
{
    const struct command *command = cli_quick(argc, argv);
    if (!command)
        return become_engine(argv);
    fd_fill_streams();
    return command->run(argc - 1, argv + 1);
}
