/* Who talks to whom: the one place that knows every folder. Started and stopped by serve's main
 * thread. */
#pragma once

#include "app/config.h"
#include "base/err.h"

struct wire;

/* Opens store and ledger, then starts the receivers, HTTP and the collector, in that order: nothing is
 * accepted before it can be kept. On false everything begun is ended again. */
MUST_CHECK bool wire_start(const struct config *config, struct wire **out, struct err *err);
/* In the other direction: no more input, all of it kept, answers finished. NULL is fine. */
void wire_stop(struct wire *wire);

const char *wire_http_addr(const struct wire *wire); /* "http://127.0.0.1:2010" or "off" */
const char *wire_line_addr(const struct wire *wire); /* "127.0.0.1:2003" or "off" */
const char *wire_pickle_addr(const struct wire *wire);
const char *wire_statsd_addr(const struct wire *wire);
