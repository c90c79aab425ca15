#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/help.h"
#include "cli/tell.h"
#include "os/file.h"

enum {
    HELP_BYTES_MAX = 64 * 1024, /* all of it is ours; a screen or two */
};

static struct cli_table table_of(const struct command *const *more, size_t n_more)
{
    struct cli_table table = {.n = n_cli_commands};
    BUG_IF(n_cli_commands + n_more > CLI_COMMANDS_MAX);
    for (size_t i = 0; i < n_cli_commands; i++)
        table.items[i] = cli_commands[i];
    for (size_t i = 0; i < n_more; i++)
        table.items[table.n++] = more[i];
    return table;
}

static const struct command *find(const struct cli_table *table, const char *name)
{
    for (size_t i = 0; i < table->n; i++)
        if (strcmp(table->items[i]->name, name) == 0)
            return table->items[i];
    return NULL;
}

static int fail_unknown(const struct cli_table *table, const char *name)
{
    const char *names[CLI_COMMANDS_MAX + 1];
    for (size_t i = 0; i < table->n; i++)
        names[i] = table->items[i]->name;
    names[table->n] = "help";
    const char *near = text_nearest(name, names, table->n + 1);
    fprintf(stderr, "plumb: there is no command '%.40s'\n", name);
    if (near)
        fprintf(stderr, "  did you mean plumb %s?\n", near);
    else
        fputs("  plumb --help lists them\n", stderr);
    return CODE_USAGE;
}

static int show_all(const struct cli_table *table, FILE *to)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, HELP_BYTES_MAX);
    help_all(table->items, table->n, &text);
    if (to == stdout)
        return tell_out("help", buf_text(&text)) ? CODE_OK : CODE_FAILED;
    fputs(buf_text(&text), to);
    return CODE_USAGE;
}

static int show_one(const struct command *command)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, HELP_BYTES_MAX);
    help_one(command, &text);
    return tell_out("help", buf_text(&text)) ? CODE_OK : CODE_FAILED;
}

static int help(const struct cli_table *table, int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "help";
    if (strcmp(name, "help") == 0 || name[0] == '-')
        return show_all(table, stdout);
    const struct command *command = find(table, name);
    return command ? show_one(command) : fail_unknown(table, name);
}

static bool is_one_of(const char *text, const char *a, const char *b)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0;
}

int cli_main(int argc, char **argv, const struct command *const *more, size_t n_more)
{
    fd_fill_streams();
    const struct cli_table table = table_of(more, n_more);
    if (argc < 2)
        return show_all(&table, stderr);
    const char *name = argv[1];
    if (is_one_of(name, "--version", "version"))
        return tell_out("version", "plumb " PLUMB_VERSION "\n") ? CODE_OK : CODE_FAILED;
    if (is_one_of(name, "--help", "-h"))
        return show_all(&table, stdout);
    if (strcmp(name, "help") == 0)
        return help(&table, argc - 1, argv + 1);
    const struct command *command = find(&table, name);
    if (!command)
        return fail_unknown(&table, name);
    if (args_ask_help(command, argc - 1, argv + 1))
        return show_one(command);
    return command->run ? command->run(argc - 1, argv + 1)
                        : command->run_all(&table, argc - 1, argv + 1);
}
