/* What people may do to a train. */
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "model/train.h"

static const char *const verb_names[TRAIN_VERBS] = {
    [TRAIN_JOIN] = "join",
    [TRAIN_JOIN_WITH] = "join with",
    [TRAIN_JOIN_BEFORE] = "join before",
    [TRAIN_JOIN_LAST] = "join last",
    [TRAIN_AT] = "at",
    [TRAIN_SAY_IN] = "in",
    [TRAIN_SAY_GOOD] = "good",
    [TRAIN_SAY_UHOH] = "uhoh",
    [TRAIN_DONE] = "done",
    [TRAIN_NEVERMIND] = "nevermind",
    [TRAIN_HOLD] = "hold",
    [TRAIN_UNHOLD] = "unhold",
    [TRAIN_DRIVE] = "drive",
    [TRAIN_KICK] = "kick",
    [TRAIN_SET] = "set",
};

const char *train_verb_name(enum train_verb verb)
{
    return verb_names[verb];
}

/* ---- what was typed ---- */

enum arg_wanted { ARG_NONE, ARG_WORD, ARG_REST };

static enum arg_wanted wants(enum train_verb verb)
{
    switch (verb) {
    case TRAIN_JOIN_WITH:
    case TRAIN_JOIN_BEFORE:
    case TRAIN_AT:
    case TRAIN_KICK:
        return ARG_WORD;
    case TRAIN_HOLD:
    case TRAIN_SET:
        return ARG_REST;
    case TRAIN_JOIN:
    case TRAIN_JOIN_LAST:
    case TRAIN_SAY_IN:
    case TRAIN_SAY_GOOD:
    case TRAIN_SAY_UHOH:
    case TRAIN_DONE:
    case TRAIN_NEVERMIND:
    case TRAIN_UNHOLD:
    case TRAIN_DRIVE:
    case TRAIN_VERBS:
        break;
    }
    return ARG_NONE;
}

/* Cuts the first word off. */
static struct str take_word(struct str *rest)
{
    *rest = str_trim(*rest);
    size_t n = 0;
    while (n < rest->n && rest->at[n] != ' ' && rest->at[n] != '\t')
        n++;
    const struct str word = str_make(rest->at, n);
    *rest = str_trim(str_make(rest->at + n, rest->n - n));
    return word;
}

/* The verb whose name the text begins with, which is cut off; a name of two words before its first word
 * alone. -1: there is none. */
static int find_verb(struct str *rest)
{
    struct str after = *rest;
    const struct str first = take_word(&after);
    struct str after_both = after;
    const struct str second = take_word(&after_both);
    int found = -1;
    for (int i = 0; i < TRAIN_VERBS; i++) {
        const char *name = verb_names[i], *blank = strchr(name, ' ');
        const size_t n = blank ? (size_t)(blank - name) : strlen(name);
        if (n != first.n || strncasecmp(name, first.at, n) != 0)
            continue;
        const bool is_both = blank && strlen(blank + 1) == second.n &&
                             strncasecmp(blank + 1, second.at, second.n) == 0;
        if (blank && !is_both)
            continue;
        *rest = is_both ? after_both : after;
        found = i;
    }
    return found;
}

static bool no_verb(struct str rest, struct arena *arena, struct err *err)
{
    const struct str word = take_word(&rest);
    const char *typed = arena_strndup(arena, word.at, min_size(word.n, 40));
    const char *near = text_nearest(typed, verb_names, TRAIN_VERBS);
    if (typed[0])
        err_set(err, ERR_INPUT, "a train knows no '%s'", typed);
    else
        err_set(err, ERR_INPUT, "what shall the train do?");
    if (near)
        err_hint(err, "did you mean %s?", near);
    else
        err_hint(err,
                 "join [with NAME|before NAME|last], at STAGE, in, good, uhoh, done, nevermind, "
                 "hold \"why\", unhold, drive, kick NAME");
    return false;
}

bool train_wish_parse(const char *text, struct arena *arena, struct train_wish *out,
                      struct err *err)
{
    struct str rest = str_trim(str_of(text));
    const int found = find_verb(&rest);
    if (found < 0)
        return no_verb(rest, arena, err);
    const enum train_verb verb = (enum train_verb)found;
    const char *name = verb_names[found];
    const enum arg_wanted wanted = wants(verb);
    struct str arg = wanted == ARG_WORD ? take_word(&rest) : rest;
    if (wanted == ARG_WORD && !arg.n)
        return FAIL(err, ERR_INPUT, "'%s' needs a %s", name, verb == TRAIN_AT ? "stage" : "name");
    if (wanted != ARG_REST && rest.n)
        return FAIL(err, ERR_INPUT, "'%.*s' is too much for '%s'", (int)min_size(rest.n, 60),
                    rest.at, name);
    out->verb = verb;
    out->arg = arena_strndup(arena, arg.at, arg.n);
    return true;
}

/* ---- the work ---- */

/* One wish being fulfilled: who and whom as the train knows them, and a copy of its cars to work on. */
struct work {
    const struct train_wish *wish;
    struct arena *arena;
    const char *who;
    struct train_car *cars; /* with room for one more */
    size_t n;
    const char *hold;
};

static bool check_who(const struct work *work, struct err *err)
{
    if (work->who[0])
        return true;
    return FAIL(err, ERR_INPUT, "'%.60s' is no name for a train", work->wish->who);
}

static struct train train_of(const struct work *work)
{
    return (struct train){.cars = work->cars, .n = work->n, .hold = work->hold};
}

static bool find_named(const struct work *work, const char *name, size_t *out_car, struct err *err)
{
    const struct train train = train_of(work);
    const int car = train_find(&train, train_name(name, work->arena));
    if (car < 0)
        return FAIL(err, ERR_MISSING, "%.60s is not aboard", name[0] ? name : "nobody");
    *out_car = (size_t)car;
    return true;
}

static bool find_own(const struct work *work, size_t *out_car, struct err *err)
{
    if (!check_who(work, err))
        return false;
    if (find_named(work, work->who, out_car, err))
        return true;
    err_hint(err, "join first");
    return false;
}

static size_t place_in(const struct train_car *car, const char *name)
{
    size_t i = 0;
    while (strcasecmp(car->members[i].name, name) != 0)
        i++;
    return i;
}

/* A copy of a car's people with room for one more. */
static struct train_member *copy_members(const struct work *work, const struct train_car *car)
{
    struct train_member *members = arena_array(work->arena, car->n + 1, struct train_member);
    memcpy(members, car->members, car->n * sizeof *members);
    return members;
}

static bool add_to_car(struct work *work, size_t i, struct err *err)
{
    struct train_car *car = &work->cars[i];
    if (car->n == TRAIN_MEMBERS_MAX)
        return FAIL(err, ERR_LIMIT, "%s's car is full", car->members[0].name);
    struct train_member *members = copy_members(work, car);
    members[car->n] = (struct train_member){.name = work->who};
    car->members = members;
    car->n++;
    return true;
}

/* A car of one's own before the i-th. */
static bool insert_car(struct work *work, size_t i, struct err *err)
{
    if (work->n == TRAIN_CARS_MAX)
        return FAIL(err, ERR_LIMIT, "the train has %d cars, and takes no more", TRAIN_CARS_MAX);
    struct train_member *self = arena_array(work->arena, 1, struct train_member);
    *self = (struct train_member){.name = work->who};
    memmove(work->cars + i + 1, work->cars + i, (work->n - i) * sizeof *work->cars);
    work->cars[i] = (struct train_car){"", self, 1};
    work->n++;
    return true;
}

static bool join(struct work *work, struct err *err)
{
    size_t i = 1;
    const struct train before = train_of(work);
    if (!check_who(work, err))
        return false;
    if (train_find(&before, work->who) >= 0) {
        err_set(err, ERR_INPUT, "%s is aboard already", work->who);
        err_hint(err, "nevermind gets off");
        return false;
    }
    const enum train_verb verb = work->wish->verb;
    if (verb == TRAIN_JOIN_LAST)
        return insert_car(work, work->n, err);
    if (verb != TRAIN_JOIN && !find_named(work, work->wish->arg, &i, err))
        return false;
    if (verb == TRAIN_JOIN_WITH)
        return add_to_car(work, i, err);
    if (verb == TRAIN_JOIN_BEFORE && i == 0 && work->cars[0].stage[0])
        return FAIL(err, ERR_REFUSED, "%s is at %s already: nobody gets before it",
                    work->cars[0].members[0].name, work->cars[0].stage);
    if (verb == TRAIN_JOIN_BEFORE)
        return insert_car(work, i, err);
    while (i < work->n && work->cars[i].n >= TRAIN_ROOM)
        i++;
    return i < work->n ? add_to_car(work, i, err) : insert_car(work, work->n, err);
}

/* Only who is in the first car speaks for it. */
static bool check_turn(const struct work *work, struct err *err)
{
    size_t car;
    if (!find_own(work, &car, err))
        return false;
    if (car == 0)
        return true;
    err_set(err, ERR_REFUSED, "not your turn: %s is at work, and %zu %s before you",
            work->cars[0].members[0].name, car, car == 1 ? "car is" : "cars are");
    return false;
}

static bool check_free(const struct work *work, struct err *err)
{
    if (!work->hold[0])
        return true;
    err_set(err, ERR_REFUSED, "the train is held: %s", work->hold);
    err_hint(err, "unhold lets it go on");
    return false;
}

static bool reach(struct work *work, struct err *err)
{
    const char *stage = train_name(work->wish->arg, work->arena);
    if (!stage[0])
        return FAIL(err, ERR_INPUT, "'%.60s' is no stage", work->wish->arg);
    if (!check_turn(work, err) || !check_free(work, err))
        return false;
    struct train_member *members = copy_members(work, &work->cars[0]);
    for (size_t i = 0; i < work->cars[0].n; i++)
        members[i].mark = TRAIN_UNMARKED;
    work->cars[0].stage = stage;
    work->cars[0].members = members;
    return true;
}

static bool say(struct work *work, enum train_mark mark, struct err *err)
{
    size_t car;
    if (mark != TRAIN_IN && !check_turn(work, err))
        return false;
    if (!find_own(work, &car, err))
        return false;
    struct train_member *members = copy_members(work, &work->cars[car]);
    members[place_in(&work->cars[car], work->who)].mark = mark;
    work->cars[car].members = members;
    return true;
}

static void drop_car(struct work *work, size_t i)
{
    work->n--;
    memmove(work->cars + i, work->cars + i + 1, (work->n - i) * sizeof *work->cars);
}

static bool leave(struct work *work, const char *name, struct err *err)
{
    size_t i;
    if (!find_named(work, name, &i, err))
        return false;
    struct train_car *car = &work->cars[i];
    if (car->n == 1) {
        drop_car(work, i);
        return true;
    }
    const size_t at = place_in(car, train_name(name, work->arena));
    struct train_member *members = copy_members(work, car);
    car->n--;
    memmove(members + at, members + at + 1, (car->n - at) * sizeof *members);
    car->members = members;
    return true;
}

static bool drive(struct work *work, struct err *err)
{
    size_t i;
    if (!find_own(work, &i, err))
        return false;
    const size_t at = place_in(&work->cars[i], work->who);
    struct train_member *members = copy_members(work, &work->cars[i]);
    const struct train_member self = members[at];
    memmove(members + 1, members, at * sizeof *members);
    members[0] = self;
    work->cars[i].members = members;
    return true;
}

/* A topic of one's own. What follows "!!" makes it a hold with that reason. */
static bool set(struct work *work, struct err *err)
{
    struct train train;
    if (!train_parse(work->wish->arg, work->arena, &train, err))
        return false;
    work->cars = arena_array(work->arena, train.n + 1, struct train_car);
    if (train.n)
        memcpy(work->cars, train.cars, train.n * sizeof *train.cars);
    work->n = train.n;
    work->hold = train.hold;
    return true;
}

static bool hold(struct work *work, struct err *err)
{
    struct train held;
    if (work->hold[0]) {
        err_set(err, ERR_REFUSED, "it is held already: %s", work->hold);
        err_hint(err, "unhold ends that first");
        return false;
    }
    /* A topic says what a hold may say. */
    const char *topic = arena_printf(work->arena, "!! %.*s", TRAIN_HOLD_MAX * 2, work->wish->arg);
    if (!train_parse(topic, work->arena, &held, err))
        return false;
    work->hold = held.hold;
    return true;
}

static bool unhold(struct work *work, struct err *err)
{
    if (!work->hold[0])
        return FAIL(err, ERR_MISSING, "the train is not held");
    work->hold = "";
    return true;
}

static bool carry_out(struct work *work, struct err *err)
{
    switch (work->wish->verb) {
    case TRAIN_JOIN:
    case TRAIN_JOIN_WITH:
    case TRAIN_JOIN_BEFORE:
    case TRAIN_JOIN_LAST:
        return join(work, err);
    case TRAIN_AT:
        return reach(work, err);
    case TRAIN_SAY_IN:
        return say(work, TRAIN_IN, err);
    case TRAIN_SAY_GOOD:
        return say(work, TRAIN_GOOD, err);
    case TRAIN_SAY_UHOH:
        return say(work, TRAIN_UHOH, err);
    case TRAIN_DONE:
        if (!check_turn(work, err))
            return false;
        drop_car(work, 0);
        return true;
    case TRAIN_NEVERMIND:
        return check_who(work, err) && leave(work, work->who, err);
    case TRAIN_KICK:
        return leave(work, work->wish->arg, err);
    case TRAIN_HOLD:
        return hold(work, err);
    case TRAIN_UNHOLD:
        return unhold(work, err);
    case TRAIN_DRIVE:
        return drive(work, err);
    case TRAIN_SET:
        return set(work, err);
    case TRAIN_VERBS:
        break;
    }
    return FAIL(err, ERR_INPUT, "a train knows no such verb");
}

bool train_apply(const struct train *train, const struct train_wish *wish, struct arena *arena,
                 struct train *out, struct err *err)
{
    struct work work = {.wish = wish,
                        .arena = arena,
                        .who = train_name(wish->who, arena),
                        .cars = arena_array(arena, train->n + 1, struct train_car),
                        .n = train->n,
                        .hold = train->hold};
    if (train->n)
        memcpy(work.cars, train->cars, train->n * sizeof *train->cars);
    if (!carry_out(&work, err))
        return false;
    *out = train_of(&work);
    return true;
}
