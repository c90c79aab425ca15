#include "model/train.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/str.h"

static const char marks[TRAIN_MARKS] = {' ', '~', '*', '!'};
static const char *const mark_names[TRAIN_MARKS] = {"", "in", "good", "uhoh"};

struct train train_clear(void)
{
    return (struct train){.hold = ""};
}

const char *train_mark_name(enum train_mark mark)
{
    return mark_names[mark];
}

/* ---- words ---- */

/* Bytes of the character at text if a name or a stage may have it, else 0. Nicks have all of these, but
 * for '|'. */
static size_t word_char(const char *text)
{
    const unsigned char c = (unsigned char)text[0], next = c ? (unsigned char)text[1] : 0;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return 1;
    if (c < 0x80)
        return c && strchr("_-.[]{}^`\\", c) ? 1 : 0;
    const bool is_control = c == 0xc2 && next < 0xa0;
    return is_control ? 0 : text_utf8_bytes(text, strnlen(text, 4));
}

static size_t word_bytes(const char *text)
{
    size_t n = 0;
    for (size_t more = word_char(text); more; more = word_char(text + n))
        n += more;
    return n;
}

/* Two words that mean something else where a name would stand. */
static bool is_reserved(const char *name)
{
    return strcasecmp(name, "clear") == 0 || strcmp(name, "HOLD") == 0;
}

/* Where text is cut to have at most max bytes and end with a whole character. */
static size_t cut_bytes(const char *text, size_t max)
{
    size_t n = strlen(text);
    if (n <= max)
        return n;
    n = max;
    while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

const char *train_name(const char *text, struct arena *arena)
{
    text += text[0] == '|';
    const struct str raw = str_trim(str_make(text, strcspn(text, "|")));
    const char *source = arena_strndup(arena, raw.at, raw.n);
    char *name = arena_strdup(arena, source);
    for (size_t i = 0, n; source[i]; i += max_size(n, 1)) {
        n = word_char(source + i);
        if (!n)
            name[i] = '-';
    }
    name[cut_bytes(name, TRAIN_WORD_MAX)] = '\0';
    return name[strspn(name, "-")] && !is_reserved(name) ? name : "";
}

/* Why a train is held, as it can stand in a topic: one line of UTF-8, no blanks or quotes around it. */
static const char *clean_hold(const char *text, struct arena *arena)
{
    char *copy = arena_strdup(arena, text);
    for (size_t i = 0, n; copy[i]; i += max_size(n, 1)) {
        n = text_utf8_bytes(copy + i, strnlen(copy + i, 4));
        const bool is_control = (unsigned char)copy[i] < ' ' || copy[i] == 0x7f;
        if (is_control || n == 0)
            copy[i] = is_control ? ' ' : '?';
    }
    copy[cut_bytes(copy, TRAIN_HOLD_MAX)] = '\0';
    struct str rest = str_trim(str_of(copy));
    while (rest.n >= 2 && rest.at[0] == '"' && rest.at[rest.n - 1] == '"')
        rest = str_trim(str_make(rest.at + 1, rest.n - 2));
    return rest.n ? arena_strndup(arena, rest.at, rest.n) : "hold";
}

/* ---- reading ---- */

/* Where the reader stands, and what it has found; growing arrays in the arena. */
struct reader {
    const char *at;
    struct arena *arena;
    struct train_car *cars;
    size_t n_cars, cap_cars;
    const char *hold;
};

static void skip_blanks(struct reader *reader)
{
    reader->at += strspn(reader->at, " \t\r\n");
}

/* The next character, if it is one of these. */
static bool take_char(struct reader *reader, const char *which)
{
    skip_blanks(reader);
    if (!reader->at[0] || !strchr(which, reader->at[0]))
        return false;
    reader->at++;
    return true;
}

static bool take_word(struct reader *reader, const char *what, const char **out, struct err *err)
{
    skip_blanks(reader);
    const size_t n = word_bytes(reader->at);
    if (n > TRAIN_WORD_MAX)
        return FAIL(err, ERR_LIMIT, "the %s '%.*s' is longer than %d bytes", what, (int)n,
                    reader->at, TRAIN_WORD_MAX);
    if (n == 0 && reader->at[0])
        return FAIL(err, ERR_INPUT, "there is no %s at '%.40s'", what, reader->at);
    if (n == 0)
        return FAIL(err, ERR_INPUT, "the topic ends where a %s should stand", what);
    *out = arena_strndup(reader->arena, reader->at, n);
    reader->at += n;
    return true;
}

/* A mark stands right behind its name; "!!" is none. */
static enum train_mark take_mark(struct reader *reader)
{
    const char c = reader->at[0];
    for (int i = TRAIN_IN; i < TRAIN_MARKS; i++) {
        if (c != marks[i] || (c == '!' && reader->at[1] == '!'))
            continue;
        reader->at++;
        return (enum train_mark)i;
    }
    return TRAIN_UNMARKED;
}

static bool is_aboard(const struct reader *reader, const struct train_member *members, size_t n,
                      const char *name)
{
    const struct train so_far = {.cars = reader->cars, .n = reader->n_cars, .hold = ""};
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(members[i].name, name) == 0)
            return true;
    return train_find(&so_far, name) >= 0;
}

static bool take_member(struct reader *reader, struct train_member *members, size_t n,
                        struct err *err)
{
    struct train_member member;
    if (n == TRAIN_MEMBERS_MAX)
        return FAIL(err, ERR_LIMIT, "more than %d people in one car", TRAIN_MEMBERS_MAX);
    if (!take_word(reader, "name", &member.name, err))
        return false;
    if (is_reserved(member.name))
        return FAIL(err, ERR_INPUT, "'%s' is no name", member.name);
    if (is_aboard(reader, members, n, member.name))
        return FAIL(err, ERR_INPUT, "%s is there twice", member.name);
    member.mark = take_mark(reader);
    members[n] = member;
    return true;
}

static bool take_car(struct reader *reader, struct err *err)
{
    struct train_car car = {.stage = ""};
    struct train_member *members =
        arena_array(reader->arena, TRAIN_MEMBERS_MAX, struct train_member);
    if (reader->n_cars == TRAIN_CARS_MAX)
        return FAIL(err, ERR_LIMIT, "more than %d cars", TRAIN_CARS_MAX);
    if (take_char(reader, "<")) {
        if (!take_word(reader, "stage", &car.stage, err))
            return false;
        if (!take_char(reader, ">"))
            return FAIL(err, ERR_INPUT, "no '>' behind <%s", car.stage);
    }
    do {
        if (!take_member(reader, members, car.n, err))
            return false;
        car.n++;
    } while (take_char(reader, "+,&"));
    car.members = members;
    arena_grow(reader->arena, &reader->cars, &reader->cap_cars, reader->n_cars + 1, sizeof car);
    reader->cars[reader->n_cars++] = car;
    return true;
}

static void take_hold(struct reader *reader)
{
    reader->hold = clean_hold(reader->at, reader->arena);
    reader->at += strlen(reader->at);
}

/* HOLD or HOLD "why" at the head. */
static bool take_head_hold(struct reader *reader, struct err *err)
{
    const size_t n = word_bytes(reader->at);
    if (n != 4 || memcmp(reader->at, "HOLD", 4) != 0)
        return true;
    reader->at += 4;
    const char *why = "";
    if (take_char(reader, "\"")) {
        const size_t bytes = strcspn(reader->at, "\"");
        if (!reader->at[bytes])
            return FAIL(err, ERR_INPUT, "no '\"' at the end of HOLD's reason");
        why = arena_strndup(reader->arena, reader->at, bytes);
        reader->at += bytes + 1;
    }
    reader->hold = clean_hold(why, reader->arena);
    (void)take_char(reader, "|");
    return true;
}

static bool is_clear(struct reader *reader)
{
    const size_t n = word_bytes(reader->at);
    if (n != 5 || strncasecmp(reader->at, "clear", 5) != 0)
        return false;
    reader->at += 5;
    skip_blanks(reader);
    return true;
}

static bool is_hold_sign(const struct reader *reader)
{
    return reader->at[0] == '!' && reader->at[1] == '!';
}

static bool take_cars(struct reader *reader, struct err *err)
{
    do {
        if (!take_car(reader, err))
            return false;
    } while (take_char(reader, "|"));
    return true;
}

bool train_parse(const char *text, struct arena *arena, struct train *out, struct err *err)
{
    struct reader reader = {.at = text, .arena = arena, .hold = ""};
    if (strnlen(text, TRAIN_TEXT_MAX + 1) > TRAIN_TEXT_MAX)
        return FAIL(err, ERR_LIMIT, "a topic of more than %d bytes", TRAIN_TEXT_MAX);
    skip_blanks(&reader);
    if (!take_head_hold(&reader, err))
        return false;
    skip_blanks(&reader);
    const bool is_empty = is_clear(&reader) || is_hold_sign(&reader) || !reader.at[0];
    if (!is_empty && !take_cars(&reader, err))
        return false;
    skip_blanks(&reader);
    if (is_hold_sign(&reader)) {
        reader.at += 2;
        take_hold(&reader);
    }
    if (reader.at[0])
        return FAIL(err, ERR_INPUT, "'%.40s' fits nowhere", reader.at);
    *out = (struct train){.cars = reader.cars, .n = reader.n_cars, .hold = reader.hold};
    return true;
}

/* ---- writing ---- */

static void add_car(const struct train_car *car, struct buf *out)
{
    if (car->stage[0])
        buf_printf(out, "<%s> ", car->stage);
    for (size_t i = 0; i < car->n; i++) {
        const struct train_member *member = &car->members[i];
        buf_add_str(out, i ? " + " : "");
        buf_add_str(out, member->name);
        if (member->mark != TRAIN_UNMARKED)
            buf_add_char(out, marks[member->mark]);
    }
}

const char *train_format(const struct train *train, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, TRAIN_TEXT_MAX + TRAIN_HOLD_MAX);
    for (size_t i = 0; i < train->n; i++) {
        buf_add_str(&out, i ? " | " : "");
        add_car(&train->cars[i], &out);
    }
    if (!train->n)
        buf_add_str(&out, "clear");
    if (train->hold[0])
        buf_printf(&out, " !! %s", train->hold);
    return arena_strdup(arena, buf_text(&out));
}

/* ---- asking ---- */

static int find_in(const struct train_car *car, const char *who)
{
    for (size_t i = 0; i < car->n; i++)
        if (strcasecmp(car->members[i].name, who) == 0)
            return (int)i;
    return -1;
}

int train_find(const struct train *train, const char *who)
{
    for (size_t i = 0; i < train->n; i++)
        if (find_in(&train->cars[i], who) >= 0)
            return (int)i;
    return -1;
}

bool train_is_turn(const struct train *train, const char *who)
{
    return !train->hold[0] && train->n && find_in(&train->cars[0], who) == 0;
}

bool train_is_ready(const struct train *train)
{
    bool is_ready = train->n > 0;
    for (size_t i = 0; is_ready && i < train->cars[0].n; i++)
        is_ready = train->cars[0].members[i].mark == TRAIN_GOOD;
    return is_ready;
}
