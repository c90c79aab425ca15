/* The source's side of a store: finding names and reading values. */
#pragma once

#include "model/source.h"

extern const struct source_ops read_source_ops;
