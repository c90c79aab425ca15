/* The sink's side of a store: resolving names, putting points, committing. */
#pragma once

#include "model/sink.h"

struct store;

extern const struct sink_ops writer_sink_ops;

/* For names_new. */
struct names_hooks;
struct names_hooks writer_hooks(struct store *store);
void writer_done(struct sink_writer *writer);
