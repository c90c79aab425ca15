/* Python's pickle, protocols 0 to 5, as far as points need it: a machine that makes lists, tuples, texts and
 * numbers and has no instruction for anything else, so nothing that comes from outside is ever called. Format:
 * docs/formats/pickle.md. Pure. Thread: any. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum {
    PICKLE_VALUES_MAX =
        400000, /* pushed in all; a frame of 1 MiB has room for fewer that are points */
    PICKLE_STACK_MAX = 100000, /* waiting for their list at one time */
    PICKLE_MEMO_MAX = 400000,
};

enum pickle_type {
    PICKLE_NONE = 0,
    PICKLE_NUMBER, /* also True (1) and False (0) */
    PICKLE_TEXT,   /* str and bytes */
    PICKLE_TUPLE,
    PICKLE_LIST,
    PICKLE_MARK, /* only inside the machine */
};

struct pickle_value {
    enum pickle_type type;
    uint32_t n; /* bytes of a text */
    union {
        double number;
        const char *text; /* in the pickle or the arena; UTF-8 if it was a str, any bytes else */
        struct pickle_items *items;
    };
};

/* Of a list or a tuple; a list may be reached in several ways, even through itself. */
struct pickle_items {
    struct pickle_value *at;
    size_t n, cap;
};

/* What the pickle of n bytes stands for. bytes are borrowed as long as *out is used.
 *   err  ERR_INPUT, with the position: cut short, an instruction that is not taken, or one that does not fit
 *        what came before; ERR_LIMIT, past one of the limits above */
MUST_CHECK bool pickle_load(const char *bytes, size_t n, struct arena *arena,
                            struct pickle_value *out, struct err *err);
