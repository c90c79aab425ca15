/* fetch.h a second time, on nothing but sockets: a program that asks a server beside it starts in a tenth of the
 * time that loading libcurl takes. Who links fetch_plain.c in place of fetch.c gets it. It asks what
 * fetch_plain_takes, of others it says ERR_INPUT; a Retry-After that is a date is none. */
#pragma once

#include "base/base.h"

/* http:// with an address in numbers or localhost (url.h), for which no proxy is set. */
bool fetch_plain_takes(const char *url);
