/* INI files as Python's ConfigParser reads them (so carbon's files mean the same here): [section],
 * key = value or key: value, # and ; comment lines, indented continuation lines joined by newline,
 * keys in lower case, no inline comments, %-interpolation off. Remembers the line of everything. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct ini_entry {
    const char *key, *value;
    unsigned line;
};

struct ini_section {
    const char *name;
    unsigned line;
    struct ini_entry *entries;
    size_t n_entries;
};

struct ini {
    const char *file; /* as given, for messages */
    struct ini_section *sections;
    size_t n_sections;
};

/* Parses n bytes; all memory in the arena.
 *   err  ERR_INPUT, "file:line: what": no section yet, no '=', a section or key twice, not UTF-8;
 *        ERR_LIMIT, past 4 MiB */
MUST_CHECK bool ini_parse(const char *file, const char *bytes, size_t n, struct arena *arena,
                          struct ini *out, struct err *err);

/* NULL when there is none. */
const struct ini_section *ini_section_find(const struct ini *ini, const char *name);
const struct ini_entry *ini_entry_find(const struct ini_section *section, const char *key);
