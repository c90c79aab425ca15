#include "cli/help.h"

#include <string.h>

#include "cli/args.h"

#define GROUP_DEFAULT "Run"

static const char *group_of(const struct command *command)
{
    return command->group ? command->group : GROUP_DEFAULT;
}

/* Is it the first of its group? */
static bool opens_group(const struct command *const *commands, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(group_of(commands[k]), group_of(commands[i])) == 0)
            return false;
    return true;
}

static void add_group(const struct command *const *commands, size_t n, const char *group,
                      struct buf *out)
{
    buf_printf(out, "\n%s\n", group);
    for (size_t i = 0; i < n; i++)
        if (strcmp(group_of(commands[i]), group) == 0)
            buf_printf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
}

void help_all(const struct command *const *commands, size_t n, struct buf *out)
{
    buf_add_str(out, "usage: plumb COMMAND [ARG...]\n\n"
                     "Plumbline keeps metrics and every change, and draws the one on the other.\n");
    for (size_t i = 0; i < n; i++)
        if (opens_group(commands, i))
            add_group(commands, n, group_of(commands[i]), out);
    buf_add_str(
        out,
        "\nHelp\n"
        "  help       this text; plumb help COMMAND (or plumb COMMAND --help) tells all of it\n"
        "  --version  which version this is\n"
        "\nExamples\n"
        "  plumb deploy website -m \"fix login\" -- ./deploy.sh\n"
        "  plumb mark payments -k thirdparty -m \"stripe: elevated errors\" --at 13:40\n"
        "  plumb log website --since 2d\n"
        "  plumb graph web.logins web.errors --since 6h\n"
        "\nTimes       10m, 2h or 3d ago, 14:05, yesterday, 2026-11-22T14:05Z, or unix seconds\n"
        "Exit codes  0 fine, 1 failed here, 2 typed wrong or refused, 3 frozen or held,\n"
        "            5 not found, 6 no token or not allowed, 7 no server\n"
        "Server      $PLUMB_URL and $PLUMB_TOKEN, else url and token in ~/.config/plumb/config,\n"
        "            else http://127.0.0.1:2010\n");
}

void help_one(const struct command *command, struct buf *out)
{
    buf_printf(out, "usage: plumb %s\n\n", command->usage);
    if (command->about)
        buf_printf(out, "%s\n", command->about);
    if (command->options) {
        buf_add_str(out, "Options\n");
        args_help(command->options, out);
        buf_add_char(out, '\n');
    }
    buf_add_str(out, command->help ? command->help : command->help_text());
}
