#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "os/fetch_plain.h"

/* None of these may need another library than jansson: app/quick_test.py looks. */
static const struct command *const quick_commands[] = {
    &commands_deploy,   &commands_mark,   &commands_done,   &commands_fail,
    &commands_rollback, &commands_can,    &commands_now,    &commands_show,
    &commands_log,      &commands_train,  &commands_freeze, &commands_thaw,
    &commands_watch,    &commands_impact, &commands_diff,   &commands_why,
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(quick_commands); i++)
        if (strcmp(quick_commands[i]->name, name) == 0)
            return quick_commands[i];
    return NULL;
}

/* Can the server be asked without libcurl? What is wrong with its address, others say. */
static bool is_near(void)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    const char *base;
    return client_where(&arena, &base, NULL) && fetch_plain_takes(base);
}

const struct command *cli_quick(int argc, char **argv)
{
    const struct command *command = argc > 1 ? find(argv[1]) : NULL;
    return command && !args_ask_help(command, argc - 1, argv + 1) && is_near() ? command : NULL;
}
