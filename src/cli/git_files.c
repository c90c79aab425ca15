#include "cli/git_files.h"

#include <string.h>
#include <strings.h>

static bool is_sha(struct str text)
{
    bool is_ok = text.n == GIT_SHA_DIGITS;
    for (size_t i = 0; is_ok && i < text.n; i++)
        is_ok = text_hex_digit(text.at[i]) >= 0 && !(text.at[i] >= 'A' && text.at[i] <= 'F');
    return is_ok;
}

static struct str behind(struct str text, size_t n)
{
    return str_make(text.at + n, text.n - n);
}

/* Without its one line's end; false when there are more lines, or a NUL. */
static bool one_line(struct str text, struct str *out)
{
    if (str_ends(text, "\n"))
        text.n--;
    *out = text;
    return text.n && !memchr(text.at, '\n', text.n) && !memchr(text.at, '\r', text.n) &&
           !memchr(text.at, '\0', text.n);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
}

/* A name that is a path of its own below refs/heads, in characters that no file system bends. */
static bool is_branch(struct str ref)
{
    bool is_ok = str_starts(ref, "refs/heads/") && !str_ends(ref, "/") && !str_ends(ref, ".lock");
    for (size_t i = 0; is_ok && i < ref.n; i++) {
        const char c = ref.at[i];
        const char before = i ? ref.at[i - 1] : '/';
        is_ok = is_word(c) || c == '_' || c == '#' || c == '+' ||
                ((c == '/' || c == '.') && before != '/' && before != '.');
    }
    return is_ok;
}

bool git_files_head(struct str text, struct git_head *out)
{
    struct str line;
    if (!one_line(text, &line))
        return false;
    *out = (struct git_head){0};
    if (is_sha(line)) {
        out->sha = line;
        return true;
    }
    if (!str_starts(line, "ref: "))
        return false;
    out->branch = behind(line, strlen("ref: "));
    return is_branch(out->branch);
}

bool git_files_folder(struct str text, const char *prefix, struct str *out)
{
    struct str line;
    if (!one_line(text, &line) || !str_starts(line, prefix))
        return false;
    line = behind(line, strlen(prefix));
    *out = line;
    return line.n && str_eq(line, str_trim(line));
}

bool git_files_packed(struct str text, struct str branch, struct str *out_sha)
{
    struct str line;
    while (str_split(&text, '\n', &line)) {
        if (!line.n || line.at[0] == '#' || line.at[0] == '^')
            continue;
        const struct str sha = str_make(line.at, min_size(line.n, GIT_SHA_DIGITS));
        if (!is_sha(sha) || line.n < GIT_SHA_DIGITS + 2 || line.at[GIT_SHA_DIGITS] != ' ')
            return false;
        if (str_eq(behind(line, GIT_SHA_DIGITS + 1), branch)) {
            *out_sha = sha;
            return true;
        }
    }
    return false;
}

/* ---- configuration ---- */

enum section {
    SECTION_OTHER,
    SECTION_CORE,
    SECTION_USER,
};

static bool is_named(struct str text, const char *name)
{
    return text.n == strlen(name) && strncasecmp(text.at, name, text.n) == 0;
}

/* [name] or [name "sub"], and nothing behind it. */
static bool read_section(struct str line, enum section *out)
{
    size_t n = 1;
    while (n < line.n && is_word(line.at[n]))
        n++;
    const struct str name = str_make(line.at + 1, n - 1);
    const struct str rest = behind(line, n);
    const bool is_whole = str_is(rest, "]");
    const bool has_sub = rest.n >= strlen(" \"\"]") && str_starts(rest, " \"") &&
                         str_ends(rest, "\"]") && !memchr(rest.at + 2, '"', rest.n - 4) &&
                         !memchr(rest.at, '\\', rest.n);
    *out = SECTION_OTHER;
    if (is_whole && is_named(name, "core"))
        *out = SECTION_CORE;
    if (is_whole && is_named(name, "user"))
        *out = SECTION_USER;
    return name.n && (is_whole || has_sub) && !is_named(name, "include") &&
           !is_named(name, "includeif") && !is_named(name, "extensions");
}

/* A value that ends with its line: its quotes are closed, and no line follows it. */
static bool is_closed(struct str value)
{
    bool is_quoted = false;
    for (size_t i = 0; i < value.n; i++) {
        const char c = value.at[i];
        if (!is_quoted && (c == '#' || c == ';'))
            return true;
        if (c == '"')
            is_quoted = !is_quoted;
        if (c == '\\' && (++i == value.n || !value.at[i] || !strchr("ntb\\\"", value.at[i])))
            return false;
    }
    return !is_quoted;
}

/* As it stands, it is what git reads: no quotes, no comment, no tabs. */
static bool is_verbatim(struct str value)
{
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)value.at[i] < ' ' || strchr("\"\\#;\x7f", value.at[i]))
            return false;
    return value.n > 0;
}

static bool take_core(struct str key, struct str value, struct git_config *io)
{
    if (is_named(key, "repositoryformatversion")) {
        io->is_of_version = str_is(value, "0");
        return io->is_of_version;
    }
    if (is_named(key, "bare"))
        return str_is(value, "false");
    return !is_named(key, "worktree") && !is_named(key, "abbrev");
}

static bool take_entry(enum section section, struct str key, struct str value,
                       struct git_config *io)
{
    if (section == SECTION_CORE)
        return take_core(key, value, io);
    if (section != SECTION_USER || !is_named(key, "name"))
        return true;
    io->name = value;
    return is_verbatim(value);
}

static bool read_entry(struct str line, enum section section, struct git_config *io)
{
    size_t n = 0;
    while (n < line.n && is_word(line.at[n]))
        n++;
    const struct str key = str_make(line.at, n), rest = str_trim(behind(line, n));
    if (!n || !is_letter(key.at[0]))
        return false;
    if (!rest.n) /* a key alone is "true" */
        return take_entry(section, key, rest, io);
    return rest.at[0] == '=' && is_closed(behind(rest, 1)) &&
           take_entry(section, key, str_trim(behind(rest, 1)), io);
}

bool git_files_config(struct str text, struct git_config *io)
{
    enum section section = SECTION_OTHER;
    struct str line;
    bool is_ok = true;
    for (size_t i = 0; is_ok && i < text.n; i++)
        is_ok = (unsigned char)text.at[i] >= ' ' || text.at[i] == '\t' || text.at[i] == '\n';
    while (is_ok && str_split(&text, '\n', &line)) {
        line = str_trim(line);
        if (!line.n || line.at[0] == '#' || line.at[0] == ';')
            continue;
        is_ok = line.at[0] == '[' ? read_section(line, &section) : read_entry(line, section, io);
    }
    return is_ok;
}

/* ---- packs ---- */

static uint32_t big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

bool git_files_fanout(const uint8_t head[GIT_FANOUT_BYTES], uint8_t first, struct git_bucket *out)
{
    static const uint8_t version_2[] = {0xFF, 't', 'O', 'c', 0, 0, 0, 2};
    if (memcmp(head, version_2, sizeof version_2) != 0)
        return false;
    const uint8_t *counts = head + sizeof version_2;
    const uint32_t from = first ? big_endian(counts + (first - 1) * 4) : 0;
    const uint32_t until = big_endian(counts + first * 4), all = big_endian(counts + 255 * 4);
    if (from > until || until > all)
        return false;
    *out = (struct git_bucket){from, until - from, all};
    return true;
}

size_t git_files_shared(const char *sha, const char *other)
{
    size_t n = 0;
    while (sha[n] && sha[n] == other[n])
        n++;
    return n;
}
