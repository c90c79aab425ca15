#include "cli/commands.h"

/* In the order of `plumb --help`. */
const struct command *const cli_commands[] = {
    &commands_deploy, &commands_mark,   &commands_done,   &commands_fail,     &commands_rollback,
    &commands_flush,  &commands_ingest, &commands_log,    &commands_show,     &commands_now,
    &commands_graph,  &commands_train,  &commands_freeze, &commands_thaw,     &commands_can,
    &commands_ping,   &commands_delete, &commands_rename, &commands_snapshot, &commands_token,
};
const size_t n_cli_commands = COUNT_OF(cli_commands);
