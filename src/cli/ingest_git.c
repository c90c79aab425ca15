#include "cli/ingest_git.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/tz.h"

enum { UNIT_SEPARATOR = 0x1f, SHA_CHARS_MIN = 7, SHA_CHARS_MAX = 64, LINES_SHOWN = 60 };

struct reading {
    struct arena *arena;
    const char *service;
    struct commit_list list;
    size_t line_number;
    bool wants_title; /* of the newest commit, in git log's own form */
};

static struct commit *newest(struct reading *r)
{
    return &r->list.items[r->list.n - 1];
}

static bool is_sha(struct str s)
{
    if (s.n < SHA_CHARS_MIN || s.n > SHA_CHARS_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!s.at[i] || !strchr("0123456789abcdef", s.at[i]))
            return false;
    return true;
}

static struct commit *add(struct reading *r, struct str sha)
{
    arena_grow(r->arena, &r->list.items, &r->list.cap, r->list.n + 1, sizeof r->list.items[0]);
    r->list.items[r->list.n++] = (struct commit){
        .service = r->service, .sha = arena_strndup(r->arena, sha.at, sha.n), .title = ""};
    return newest(r);
}

static bool refuse(const struct reading *r, const char *what, struct str line, struct err *err)
{
    err_set(err, ERR_INPUT, "line %zu: %s: '%.*s'", r->line_number, what,
            (int)min_size(line.n, LINES_SHOWN), line.at);
    err_hint(err,
             "git log --format='"
             "%s"
             "' | plumb ingest git --service NAME",
             INGEST_GIT_FORMAT);
    return false;
}

/* ---- a line each ---- */

static bool read_line(struct reading *r, struct str line, struct err *err)
{
    struct str rest = line, sha, seconds, parents;
    int64_t at_s;
    if (!str_split(&rest, UNIT_SEPARATOR, &sha) || !str_split(&rest, UNIT_SEPARATOR, &seconds) ||
        !str_split(&rest, UNIT_SEPARATOR, &parents))
        return refuse(r, "not four parts", line, err);
    if (!is_sha(sha))
        return refuse(r, "no commit's name", sha, err);
    if (!num_parse_i64(seconds.at, seconds.n, &at_s) || at_s < 0 || at_s > UINT32_MAX)
        return refuse(r, "no time in seconds", seconds, err);
    struct commit *commit = add(r, sha);
    commit->at_ms = at_s * 1000;
    commit->is_merge = memchr(parents.at, ' ', parents.n) != NULL;
    commit->title = rest.at ? arena_strndup(r->arena, rest.at, rest.n) : "";
    return true;
}

/* ---- git log's own form ---- */

static bool take_int(struct str *io, int *out)
{
    size_t n = 0;
    int64_t value;
    while (n < io->n && io->at[n] >= '0' && io->at[n] <= '9')
        n++;
    if (n == 0 || n > 4 || !num_parse_i64(io->at, n, &value))
        return false;
    *io = str_make(io->at + n, io->n - n);
    *out = (int)value;
    return true;
}

static bool take_char(struct str *io, char c)
{
    if (io->n == 0 || io->at[0] != c)
        return false;
    *io = str_make(io->at + 1, io->n - 1);
    return true;
}

static bool take_clock(struct str *io, struct civil *out)
{
    return take_int(io, &out->hour) && take_char(io, ':') && take_int(io, &out->minute) &&
           take_char(io, ':') && take_int(io, &out->second);
}

/* "Apr 7 15:13:13 2005", behind the weekday. */
static bool take_words(struct str *io, struct civil *out)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12 && io->n > 4; i++)
        if (memcmp(io->at, months + (size_t)i * 3, 3) == 0)
            out->month = i + 1;
    if (!out->month)
        return false;
    *io = str_make(io->at + 3, io->n - 3);
    return take_char(io, ' ') && take_int(io, &out->day) && take_char(io, ' ') &&
           take_clock(io, out) && take_char(io, ' ') && take_int(io, &out->year);
}

/* "2005-04-07 15:13:13", also with a T. */
static bool take_digits(struct str *io, struct civil *out)
{
    return take_int(io, &out->year) && take_char(io, '-') && take_int(io, &out->month) &&
           take_char(io, '-') && take_int(io, &out->day) &&
           (take_char(io, ' ') || take_char(io, 'T')) && take_clock(io, out);
}

/* Either, and the zone: " -0700", "+02:00", "Z". */
static bool parse_date(struct str text, int64_t *out_ms)
{
    struct civil c = {0};
    struct str rest = text;
    int zone = 0, minutes = 0;
    const bool has_words =
        rest.n > 4 && rest.at[3] == ' ' && (rest.at[0] < '0' || rest.at[0] > '9');
    if (has_words)
        rest = str_make(rest.at + 4, rest.n - 4);
    if (has_words ? !take_words(&rest, &c) : !take_digits(&rest, &c))
        return false;
    rest = str_trim(rest);
    const bool is_west = rest.n > 0 && rest.at[0] == '-';
    if (!take_char(&rest, 'Z')) {
        if ((!take_char(&rest, '+') && !take_char(&rest, '-')) || !take_int(&rest, &zone))
            return false;
        if (take_char(&rest, ':')) {
            if (!take_int(&rest, &minutes))
                return false;
            zone = zone * 100 + minutes;
        }
    }
    if (rest.n > 0 || zone % 100 > 59 || zone > 2359)
        return false;
    const int64_t offset_s = (zone / 100 * 3600 + zone % 100 * 60) * (is_west ? -1 : 1);
    *out_ms = (tz_instant(tz_utc(), &c) - offset_s) * 1000;
    return true;
}

/* What follows the word and its blanks. */
static bool has_head(struct str line, const char *word, struct str *out_rest)
{
    if (!str_starts(line, word))
        return false;
    const size_t n = strlen(word);
    *out_rest = str_trim(str_make(line.at + n, line.n - n));
    return true;
}

static bool read_own(struct reading *r, struct str line, struct err *err)
{
    struct str rest;
    if (has_head(line, "commit ", &rest)) {
        rest.n = rest.n && memchr(rest.at, ' ', rest.n) /* what --decorate adds */
                     ? (size_t)((const char *)memchr(rest.at, ' ', rest.n) - rest.at)
                     : rest.n;
        if (!is_sha(rest))
            return refuse(r, "no commit's name", line, err);
        add(r, rest);
        r->wants_title = true;
        return true;
    }
    if (r->list.n == 0)
        return line.n == 0 || refuse(r, "not what git log writes", line, err);
    if (has_head(line, "Merge:", &rest))
        newest(r)->is_merge = true;
    const bool is_date = has_head(line, "Date:", &rest) || has_head(line, "AuthorDate:", &rest);
    if ((is_date || has_head(line, "CommitDate:", &rest)) && !parse_date(rest, &newest(r)->at_ms))
        return refuse(r, "a date in a form that is not known", rest, err);
    if (r->wants_title && str_starts(line, "    ")) {
        rest = str_trim(line);
        newest(r)->title = arena_strndup(r->arena, rest.at, rest.n);
        r->wants_title = rest.n == 0;
    }
    return true;
}

/* ---- all of it ---- */

/* git log begins with the newest, with --reverse with the oldest; times tell which it was. */
static void put_oldest_first(struct commit_list *list)
{
    if (list->n < 2 || list->items[0].at_ms < list->items[list->n - 1].at_ms)
        return;
    for (size_t i = 0, k = list->n - 1; i < k; i++, k--) {
        const struct commit one = list->items[i];
        list->items[i] = list->items[k];
        list->items[k] = one;
    }
}

bool ingest_git_read(struct str text, const char *service, struct arena *arena,
                     struct commit_list *out, struct err *err)
{
    struct reading r = {.arena = arena, .service = service};
    struct str rest = text, line;
    const bool has_format = memchr(text.at, UNIT_SEPARATOR, text.n) != NULL;
    while (str_split(&rest, '\n', &line)) {
        r.line_number++;
        if (line.n && line.at[line.n - 1] == '\r')
            line.n--;
        if (has_format && line.n == 0)
            continue;
        if (has_format ? !read_line(&r, line, err) : !read_own(&r, line, err))
            return false;
    }
    for (size_t i = 0; i < r.list.n && !has_format; i++)
        if (!r.list.items[i].at_ms)
            return FAIL(err, ERR_INPUT, "commit %.40s has no date", r.list.items[i].sha);
    put_oldest_first(&r.list);
    *out = r.list;
    return true;
}
