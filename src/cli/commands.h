/* Each command's descriptor, beside its code. */
#pragma once

#include "cli/cli.h"

extern const struct command commands_can, commands_completion, commands_delete, commands_deploy,
    commands_diff, commands_doctor, commands_done, commands_dora, commands_export, commands_fail,
    commands_flush, commands_freeze, commands_graph, commands_impact, commands_import,
    commands_ingest, commands_log, commands_man, commands_mark, commands_now, commands_ping,
    commands_rename, commands_rollback, commands_show, commands_snapshot, commands_thaw,
    commands_token, commands_train, commands_watch, commands_why;
