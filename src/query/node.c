#include "query/node.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"

enum {
    NAME_DEPTH_MAX = 200
}; /* parentheses inside parentheses; what is deeper is taken as a path */

/* ---- a reader of names that are targets, as far as needed to find their first path ---- */

struct reader {
    const char *at;
    unsigned depth;
};

/* What a call's first argument, or the whole text, turned out to be. */
struct found {
    const char *at; /* the path; NULL: something else */
    size_t n;
};

static void skip_blanks(struct reader *reader)
{
    while (isspace((unsigned char)*reader->at))
        reader->at++;
}

static bool skip_char(struct reader *reader, char c)
{
    skip_blanks(reader);
    if (*reader->at != c)
        return false;
    reader->at++;
    return true;
}

static bool is_path_char(char c)
{
    return (unsigned char)c > ' ' && c != 0x7f && !strchr("(){},.'\"\\|", c);
}

static bool skip_word(struct reader *reader)
{
    const char *from = reader->at;
    while (*reader->at) {
        if (reader->at[0] == '\\' && reader->at[1] && strchr("(){},.'\"\\|=", reader->at[1]))
            reader->at += 2;
        else if (is_path_char(*reader->at))
            reader->at++;
        else
            break;
    }
    return reader->at > from;
}

/* "{a,b}" */
static bool skip_braces(struct reader *reader)
{
    struct reader r = *reader;
    if (*r.at++ != '{')
        return false;
    do {
        if (!skip_word(&r))
            return false;
    } while (*r.at == ',' && r.at++);
    if (*r.at++ != '}')
        return false;
    *reader = r;
    return true;
}

static bool skip_node(struct reader *reader)
{
    const char *from = reader->at;
    while (skip_word(reader) || skip_braces(reader))
        ;
    return reader->at > from;
}

static bool read_path(struct reader *reader, struct found *out)
{
    skip_blanks(reader);
    const char *from = reader->at;
    if (!skip_node(reader))
        return false;
    const char *end = reader->at;
    while (*reader->at == '.') {
        reader->at++;
        if (!skip_node(reader))
            break;
        end = reader->at;
    }
    reader->at = end;
    *out = (struct found){from, (size_t)(end - from)};
    return true;
}

/* A number counts only before a comma, a parenthesis or the end. */
static bool skip_number(struct reader *reader)
{
    struct reader r = *reader;
    r.at += *r.at == '-';
    size_t digits = strspn(r.at, "0123456789");
    if (digits == 0)
        return false;
    r.at += digits;
    if (r.at[0] == '.' && isdigit((unsigned char)r.at[1]))
        r.at += 1 + strspn(r.at + 1, "0123456789");
    size_t sign = r.at[0] ? (r.at[1] == '-') : 0;
    if ((*r.at == 'e' || *r.at == 'E') && isdigit((unsigned char)r.at[1 + sign]))
        r.at += 1 + sign + strspn(r.at + 1 + sign, "0123456789");
    skip_blanks(&r);
    if (*r.at && *r.at != ',' && *r.at != ')')
        return false;
    *reader = r;
    return true;
}

static bool skip_quoted(struct reader *reader)
{
    const char quote = *reader->at;
    if (quote != '\'' && quote != '"')
        return false;
    const char *end = strchr(reader->at + 1, quote);
    if (!end)
        return false;
    reader->at = end + 1;
    return true;
}

static bool skip_keyword(struct reader *reader)
{
    static const char *const words[] = {"true", "false", "none", "inf"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t n = strlen(words[i]);
        if (strncasecmp(reader->at, words[i], n) != 0)
            continue;
        const char next = reader->at[n];
        if (isalnum((unsigned char)next) || next == '_' || next == '$')
            continue;
        reader->at += n;
        return true;
    }
    return false;
}

static bool read_expression(struct reader *reader, struct found *out);

static bool read_argument(struct reader *reader, struct found *out)
{
    skip_blanks(reader);
    if (skip_keyword(reader) || skip_number(reader) || skip_quoted(reader)) {
        *out = (struct found){NULL, 0};
        return true;
    }
    return read_expression(reader, out);
}

/* "name = ": skipped, so that the value is read as an argument. */
static void skip_argument_name(struct reader *reader)
{
    struct reader r = *reader;
    skip_blanks(&r);
    if (!isalpha((unsigned char)*r.at) && *r.at != '_')
        return;
    while (isalnum((unsigned char)*r.at) || *r.at == '_')
        r.at++;
    if (skip_char(&r, '='))
        *reader = r;
}

static bool read_call(struct reader *reader, struct found *out)
{
    struct reader r = *reader;
    struct found first = {NULL, 0}, other;
    skip_blanks(&r);
    if (!isalpha((unsigned char)*r.at) && *r.at != '_')
        return false;
    while (isalnum((unsigned char)*r.at) || *r.at == '_')
        r.at++;
    if (!skip_char(&r, '(') || ++r.depth > NAME_DEPTH_MAX)
        return false;
    for (size_t i = 0; !skip_char(&r, ')'); i++) {
        if (i > 0 && !skip_char(&r, ','))
            return false;
        skip_argument_name(&r);
        if (!read_argument(&r, i == 0 ? &first : &other))
            return false;
    }
    r.depth--;
    *reader = r;
    *out = first;
    return true;
}

static bool read_expression(struct reader *reader, struct found *out)
{
    return read_call(reader, out) || read_path(reader, out);
}

const char *node_first_path(struct arena *arena, const char *name)
{
    struct reader reader = {name, 0};
    struct found found;
    if (!read_expression(&reader, &found) || !found.at)
        return NULL;
    char *path = arena_strndup(arena, found.at, found.n), *to = path;
    for (const char *from = path; *from; from++) {
        if (*from == '\\' && from[1])
            from++;
        *to++ = *from;
    }
    *to = '\0';
    return path;
}

/* ---- keys ---- */

/* The node of a path without tags; false when it has none of that number. */
static bool node_at(struct str path, int64_t number, struct str *out)
{
    struct str rest = path, node;
    if (number < 0) {
        while (str_split(&rest, '.', &node))
            number++;
        rest = path;
    }
    for (int64_t i = 0; str_split(&rest, '.', &node); i++)
        if (i == number) {
            *out = node;
            return true;
        }
    return false;
}

/* A whole number, 2 or 2.0, is a node; anything else is a tag. */
static bool is_node(struct call *call, size_t argument, int64_t *out)
{
    static const double NODE_MAX = 1e9; /* no name has as many nodes */
    const enum value_kind kind = call_kind(call, argument);
    if (kind == VALUE_INT) {
        *out = call_i64(call, argument);
        return true;
    }
    double number = kind == VALUE_FLOAT ? call_f64(call, argument) : NAN;
    if (!(fabs(number) <= NODE_MAX) || trunc(number) != number)
        return false;
    *out = (int64_t)number;
    return true;
}

static struct str node_text(struct call *call, const struct series *series, struct str path,
                            size_t argument)
{
    struct str node;
    int64_t number;
    if (is_node(call, argument, &number) && node_at(path, number, &node))
        return node;
    const char *key = call_tag_text(call, argument);
    const char *value = key ? series_tag(series, key) : NULL;
    return str_of(value ? value : "");
}

const char *node_key(struct call *call, const struct series *series, struct node_args args)
{
    struct arena *arena = call_arena(call);
    const char *name = series->name;
    size_t n = strlen(name);
    const char *path = n && name[n - 1] == ')' ? node_first_path(arena, name) : NULL;
    if (!path || !*path)
        path = name;
    struct str bare = str_make(path, strcspn(path, ";"));
    const char *key = "";
    for (size_t i = 0; i < args.n; i++) {
        struct str node = node_text(call, series, bare, args.first + i);
        key = arena_printf(arena, "%s%s" STR_FMT, key, i ? "." : "", STR_ARG(node));
    }
    return key;
}

/* ---- groups ---- */

struct node_group *node_groups_find(const struct node_groups *groups, const char *key)
{
    uintptr_t number = (uintptr_t)map_get(groups->numbers, key, strlen(key));
    return number ? &groups->items[number - 1] : NULL;
}

void node_groups_init(struct node_groups *groups)
{
    *groups = (struct node_groups){.numbers = map_new()};
}

void node_groups_done(struct node_groups *groups)
{
    map_free(groups->numbers);
}

struct node_group *node_groups_get(struct node_groups *groups, const char *key, struct arena *arena)
{
    struct node_group *group = node_groups_find(groups, key);
    if (group)
        return group;
    arena_grow(arena, &groups->items, &groups->cap, groups->n + 1, sizeof(groups->items[0]));
    group = &groups->items[groups->n++];
    *group = (struct node_group){.key = key};
    map_put(groups->numbers, key, strlen(key), (void *)(uintptr_t)groups->n);
    return group;
}

void node_groups_fill(struct node_groups *groups, struct call *call, const struct series_list *list,
                      struct node_args args)
{
    for (size_t k = 0; k < list->n; k++) {
        const char *key = node_key(call, list->items[k], args);
        struct node_group *group = node_groups_get(groups, key, call_arena(call));
        series_list_add(&group->list, list->items[k], call_arena(call));
    }
}
