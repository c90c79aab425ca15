/* Connections that must be done by a time: a client that sends one byte a second would otherwise hold
 * its connection for ever, as the library's own timeout counts from the last byte. A thread looks once
 * a second and shuts overdue sockets down. Thread: any. */
#pragma once

#include "base/err.h"

struct deadline;

MUST_CHECK bool deadline_new(struct deadline **out, struct err *err);
void deadline_free(struct deadline *deadline); /* NULL is fine */

/* The socket must be cleared or set again within ms. Sockets past the table's size are not watched. */
void deadline_set(struct deadline *deadline, int fd, int64_t ms);
/* Not watched any more; must be called before the socket is closed. */
void deadline_clear(struct deadline *deadline, int fd);
