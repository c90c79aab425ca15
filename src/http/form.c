#include "http/form.h"

#include <string.h>

#include "base/str.h"

/* The byte of an escape at text[i], or -1. %00 is none: it would cut the text short. */
static int escape_at(const char *text, size_t n, size_t i)
{
    if (i + 2 >= n || text[i] != '%')
        return -1;
    int high = text_hex_digit(text[i + 1]), low = text_hex_digit(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0))
        return -1;
    return high * 16 + low;
}

static const char *decode(struct arena *arena, const char *text, size_t n, bool plus_is_blank)
{
    char *out = arena_alloc(arena, n + 1);
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        int byte = escape_at(text, n, i);
        if (byte >= 0) {
            out[used++] = (char)byte;
            i += 2;
        } else if (text[i] == '+' && plus_is_blank) {
            out[used++] = ' ';
        } else if (text[i] != '\0') {
            out[used++] = text[i];
        }
    }
    out[used] = '\0';
    return out;
}

const char *http_decode(struct arena *arena, const char *text, size_t n)
{
    return decode(arena, text, n, true);
}

bool form_parse(struct form *form, const char *text, size_t n, struct arena *arena)
{
    for (size_t at = 0; at < n;) {
        const char *end = memchr(text + at, '&', n - at);
        size_t length = end ? (size_t)(end - text) - at : n - at;
        const char *equals = memchr(text + at, '=', length);
        size_t key_n = equals ? (size_t)(equals - text) - at : length;
        size_t value_n = equals ? length - key_n - 1 : 0;
        if (length) {
            if (form->n == FORM_FIELDS_MAX)
                return false;
            arena_grow(arena, &form->fields, &form->cap, form->n + 1, sizeof *form->fields);
            form->fields[form->n++] =
                (struct http_field){http_decode(arena, text + at, key_n),
                                    http_decode(arena, equals ? equals + 1 : "", value_n)};
        }
        at += length + 1;
    }
    return true;
}

const char *form_path(struct arena *arena, const char *target, const char **out_query)
{
    size_t n = strcspn(target, "?");
    *out_query = target[n] ? target + n + 1 : target + n;
    const char *path = decode(arena, target, n, false);
    return path[0] ? path : "/";
}
