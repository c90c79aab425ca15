#include "base/ini.h"

#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/str.h"

enum {
    FILE_BYTES_MAX =
        4 << 20,           /* a hundred times the longest rules file seen; it is held in memory */
    QUOTED_BYTES_MAX = 80, /* of a wrong line, in the message about it */
};

/* One pass over the lines. A value is collected in `value` while lines may still continue it. */
struct reader {
    struct arena *arena;
    struct err *err;
    struct ini ini;
    size_t cap_sections, cap_entries;
    struct map *names; /* sections and keys met so far, for duplicates; values are their places */
    struct str rest;   /* what is not read yet */
    unsigned line;
    size_t indent;    /* of the line that the next may continue by being deeper */
    bool has_entry;   /* the section's last entry may be continued */
    struct buf value; /* of that entry */
};

static void reader_done(struct reader *r)
{
    map_free(r->names);
    buf_done(&r->value);
}

static bool is_blank(char c)
{
    /* Python's str.strip takes the information separators for blanks too. */
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

static struct str trim_start(struct str s)
{
    while (s.n && is_blank(s.at[0]))
        s = str_make(s.at + 1, s.n - 1);
    return s;
}

static struct str trim_end(struct str s)
{
    while (s.n && is_blank(s.at[s.n - 1]))
        s.n--;
    return s;
}

static struct str trim(struct str s)
{
    return trim_end(trim_start(s));
}

/* The next line without its end, which is "\n", "\r\n" or "\r". */
static bool next_line(struct reader *r, struct str *out)
{
    if (r->rest.n == 0)
        return false;
    size_t n = 0;
    while (n < r->rest.n && r->rest.at[n] != '\n' && r->rest.at[n] != '\r')
        n++;
    *out = str_make(r->rest.at, n);
    size_t end = n;
    if (end < r->rest.n && r->rest.at[end] == '\r')
        end++;
    if (end < r->rest.n && r->rest.at[end] == '\n' && (end == n || r->rest.at[n] == '\r'))
        end++;
    r->rest = str_make(r->rest.at + end, r->rest.n - end);
    r->line++;
    return true;
}

static bool line_fail(struct reader *r, const char *what, struct str quoted)
{
    quoted.n = min_size(quoted.n, QUOTED_BYTES_MAX);
    return FAIL(r->err, ERR_INPUT, "%s:%u: %s: '" STR_FMT "'", r->ini.file, r->line, what,
                STR_ARG(quoted));
}

static struct ini_section *last_section(struct reader *r)
{
    return r->ini.n_sections ? &r->ini.sections[r->ini.n_sections - 1] : NULL;
}

/* The entry's value is complete: blank lines at its end do not count. */
static void finish_entry(struct reader *r)
{
    if (!r->has_entry)
        return;
    const struct str value = trim_end(str_make(buf_text(&r->value), r->value.n));
    struct ini_section *section = last_section(r);
    section->entries[section->n_entries - 1].value = arena_strndup(r->arena, value.at, value.n);
    r->has_entry = false;
}

static void continue_entry(struct reader *r, struct str text)
{
    buf_add_char(&r->value, '\n');
    buf_add(&r->value, text.at, text.n);
}

static bool add_section(struct reader *r, struct str name)
{
    finish_entry(r);
    if (map_put(r->names, name.at, name.n, r))
        return line_fail(r, "this section is already in the file", name);

    arena_grow(r->arena, &r->ini.sections, &r->cap_sections, r->ini.n_sections + 1,
               sizeof(r->ini.sections[0]));
    r->ini.sections[r->ini.n_sections++] = (struct ini_section){
        .name = arena_strndup(r->arena, name.at, name.n),
        .line = r->line,
    };
    r->cap_entries = 0;
    return true;
}

/* True once for each key of a section. */
static bool is_new_key(struct reader *r, const struct ini_section *section, const char *key)
{
    /* No section name holds a line end, so the pair cannot be taken for another, or for a section. */
    const char *place = arena_printf(r->arena, "%s\n%s", section->name, key);
    return !map_put(r->names, place, strlen(place), r);
}

static bool add_entry(struct reader *r, struct str text)
{
    size_t n = 0;
    while (n < text.n && text.at[n] != '=' && text.at[n] != ':')
        n++;
    if (n == text.n)
        return line_fail(r, "neither a [section] nor 'key = value'", text);
    if (n == 0)
        return line_fail(r, "no key before the '=' or ':'", text);

    finish_entry(r);
    const struct str name = trim_end(str_make(text.at, n));
    char *key = arena_strndup(r->arena, name.at, name.n);
    text_lower(key);
    struct ini_section *section = last_section(r);
    if (!is_new_key(r, section, key))
        return line_fail(r, "this key is already in the section", name);

    arena_grow(r->arena, &section->entries, &r->cap_entries, section->n_entries + 1,
               sizeof(section->entries[0]));
    section->entries[section->n_entries++] = (struct ini_entry){.key = key, .line = r->line};
    const struct str value = trim(str_make(text.at + n + 1, text.n - n - 1));
    buf_clear(&r->value);
    buf_add(&r->value, value.at, value.n);
    r->has_entry = true;
    return true;
}

/* The name in "[name]", up to the last bracket: what follows it does not count. */
static bool section_name(struct str text, struct str *out)
{
    if (text.n == 0 || text.at[0] != '[')
        return false;
    const char *end = memrchr(text.at, ']', text.n);
    if (!end || end - text.at < 2)
        return false;
    *out = str_make(text.at + 1, (size_t)(end - text.at) - 1);
    return true;
}

static bool read_line(struct reader *r, struct str line)
{
    if (!text_is_utf8(line.at, line.n))
        return FAIL(r->err, ERR_INPUT, "%s:%u: this line is not UTF-8 text", r->ini.file, r->line);

    const struct str text = trim(line);
    if (text.n == 0) {
        if (r->has_entry)
            continue_entry(r, text);
        return true;
    }
    if (text.at[0] == '#' || text.at[0] == ';')
        return true;

    const size_t indent = (size_t)(text.at - line.at);
    if (r->has_entry && indent > r->indent) {
        continue_entry(r, text);
        return true;
    }
    r->indent = indent;
    struct str name;
    if (section_name(text, &name))
        return add_section(r, name);
    if (!last_section(r))
        return line_fail(r, "a [section] must come first", text);
    return add_entry(r, text);
}

bool ini_parse(const char *file, const char *bytes, size_t n, struct arena *arena, struct ini *out,
               struct err *err)
{
    if (n > FILE_BYTES_MAX)
        return FAIL(err, ERR_LIMIT, "%s: longer than %d bytes", file, FILE_BYTES_MAX);

    CLEANUP(reader_done)
    struct reader r = {
        .arena = arena,
        .err = err,
        .ini = {.file = arena_strdup(arena, file)},
        .names = map_new(),
        .rest = str_make(bytes, n),
    };
    buf_init(&r.value, FILE_BYTES_MAX + 1);
    struct str line;
    while (next_line(&r, &line))
        if (!read_line(&r, line))
            return false;
    finish_entry(&r);
    *out = r.ini;
    return true;
}

const struct ini_section *ini_section_find(const struct ini *ini, const char *name)
{
    for (size_t i = 0; i < ini->n_sections; i++)
        if (strcmp(ini->sections[i].name, name) == 0)
            return &ini->sections[i];
    return NULL;
}

const struct ini_entry *ini_entry_find(const struct ini_section *section, const char *key)
{
    for (size_t i = 0; i < section->n_entries; i++)
        if (strcmp(section->entries[i].key, key) == 0)
            return &section->entries[i];
    return NULL;
}
