/* Lines on standard error with a <N> priority that journald reads (only when it is not a terminal).
 * Only the edges log: api, app, a thread's main. Thread: any. */
#pragma once

#include "base/base.h"

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

void log_set_level(enum log_level level);
PRINTF_LIKE(1, 2) void log_error(const char *fmt, ...);
PRINTF_LIKE(1, 2) void log_warn(const char *fmt, ...);
PRINTF_LIKE(1, 2) void log_info(const char *fmt, ...);
PRINTF_LIKE(1, 2) void log_debug(const char *fmt, ...);
