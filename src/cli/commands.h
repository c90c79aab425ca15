/* Each command's descriptor, beside its code. */
#pragma once

#include "cli/cli.h"

extern const struct command commands_delete, commands_deploy, commands_completion, commands_doctor,
    commands_dora, commands_man, commands_export, commands_import, commands_flush, commands_graph,
    commands_log, commands_mark, commands_ping, commands_rename, commands_snapshot;
