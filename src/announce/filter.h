/* What all channels have in common in plumb.conf: type, enabled, and of which changes they tell. Pure. */
#pragma once

#include "announce/moments.h"

/* Which verdicts are told. What takes one back that was told, is told too, but with NONE. */
enum filter_verdicts {
    FILTER_VERDICTS_CHANGED = 0, /* harm, improved, moved */
    FILTER_VERDICTS_HARM,
    FILTER_VERDICTS_ALL, /* of changes told of here also, after an hour, no harm and cannot tell */
    FILTER_VERDICTS_NONE,
};

struct filter {
    const char *const
        *services;     /* globs; one that begins with '!' takes out; the last that fits counts */
    size_t n_services; /* 0: all */
    const char *const *envs;
    size_t n_envs;
    bool kinds[CHANGE_KINDS];
    bool start, end;
    enum filter_verdicts verdicts;
    bool is_enabled;
};

/* Reads the common keys and refuses those that neither they nor the kind know. Strings in the arena.
 * err: ERR_INPUT "file:line: ...". */
MUST_CHECK bool filter_read(const struct ini *ini, const struct ini_section *section,
                            const struct channel_kind *kind, struct arena *arena,
                            struct filter *out, struct err *err);
bool filter_takes(const struct filter *filter, const struct change *change);
/* told: what was told of the change before. */
bool filter_wants(const struct filter *filter, enum moment moment, const struct change *change,
                  const struct moments_told *told);

/* A key's value, or the fallback; never NULL for one that is not. */
const char *filter_text(const struct ini_section *section, const char *key, const char *fallback);
/* on/off, yes/no, true/false, 1/0. err: ERR_INPUT. */
MUST_CHECK bool filter_switch(const struct ini_section *section, const char *key, bool fallback,
                              bool *out, struct err *err);
/* Pieces between commas, blanks and line ends; in the arena. */
size_t filter_list(const char *text, struct arena *arena, const char *const **out);
