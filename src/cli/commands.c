#include "cli/commands.h"

/* In the order of `plumb --help`. */
const struct command *const cli_commands[] = {
    &commands_deploy, &commands_mark,   &commands_done,   &commands_fail,       &commands_rollback,
    &commands_flush,  &commands_ingest, &commands_log,    &commands_show,       &commands_why,
    &commands_impact, &commands_watch,  &commands_diff,   &commands_now,        &commands_graph,
    &commands_dora,   &commands_train,  &commands_freeze, &commands_thaw,       &commands_can,
    &commands_doctor, &commands_ping,   &commands_delete, &commands_rename,     &commands_snapshot,
    &commands_export, &commands_import, &commands_token,  &commands_completion, &commands_man,
};
const size_t n_cli_commands = COUNT_OF(cli_commands);
