/* The push train: who deploys next, who rides along, and whether it is held; as Etsy's PushBot keeps it in
 * a channel's topic:
 *
 *     <prod> nora* + sasha | nassim !! db move at 15:00
 *
 * Cars stand in a row between '|', the first one is at work; its stage is in <>. In a car, people stand
 * between '+'; the first of them drives. A mark behind a name: '~' is in, '*' good, '!' uh-oh. What
 * follows "!!" holds the train. Nobody and no hold is "clear". Pure; a train never changes, a verb makes a
 * new one. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum {
    TRAIN_CARS_MAX = 32,
    TRAIN_MEMBERS_MAX = 16, /* of a car */
    TRAIN_ROOM = 5,         /* of a car that fills itself; `join with` goes on to the limit */
    TRAIN_WORD_MAX = 32,    /* bytes of a name or stage */
    TRAIN_HOLD_MAX = 200,   /* bytes of why it is held */
    TRAIN_TEXT_MAX = 24 * 1024,
};

enum train_mark { TRAIN_UNMARKED = 0, TRAIN_IN, TRAIN_GOOD, TRAIN_UHOH, TRAIN_MARKS };

struct train_member {
    const char *name; /* told apart without regard to case */
    enum train_mark mark;
};

struct train_car {
    const char *stage; /* "" before the first one */
    const struct train_member *members;
    size_t n; /* at least 1; members[0] drives */
};

/* A zeroed one is clear, but for hold. Strings are never NULL. */
struct train {
    const struct train_car *cars;
    size_t n;
    const char *hold; /* why nobody may go on; "" when they may */
    bool is_new;      /* nobody has ever touched it: for whoever keeps trains to say */
};

struct train train_clear(void);

/* What a topic says, all of it in the arena. '+', ',' and '&' are the same between people; HOLD "why" at
 * the head is a hold too; blanks do not matter.
 *   err  ERR_INPUT saying what cannot be read; ERR_LIMIT */
MUST_CHECK bool train_parse(const char *text, struct arena *arena, struct train *out,
                            struct err *err);
/* The topic. train_parse reads the same back. */
const char *train_format(const struct train *train, struct arena *arena);

enum train_verb {
    TRAIN_JOIN = 0,    /* where there is room behind the first car, else at the end */
    TRAIN_JOIN_WITH,   /* arg: into whose car */
    TRAIN_JOIN_BEFORE, /* arg: a car of one's own before whose */
    TRAIN_JOIN_LAST,   /* a car of one's own at the end */
    TRAIN_AT,          /* arg: the stage that the first car has reached; nobody is good yet */
    TRAIN_SAY_IN,      /* one's code is in */
    TRAIN_SAY_GOOD,    /* all is well at this stage */
    TRAIN_SAY_UHOH,    /* it is not */
    TRAIN_DONE,        /* the first car has arrived */
    TRAIN_NEVERMIND,   /* gets off */
    TRAIN_HOLD,        /* arg: why, or "" */
    TRAIN_UNHOLD,
    TRAIN_DRIVE, /* takes the wheel of one's car */
    TRAIN_KICK,  /* arg: whom */
    TRAIN_SET,   /* arg: the whole topic, as somebody typed it */
    TRAIN_VERBS
};

/* Somebody wants something of a train. Lent. */
struct train_wish {
    enum train_verb verb;
    const char *who, *arg; /* never NULL */
};

/* As people say it: "join", "join with", ..., "nevermind", "set". */
const char *train_verb_name(enum train_verb verb);
/* "join with nora", "at prod", "hold \"db move\"": what a person typed behind the dot or the command, who
 * left alone. arg in the arena.
 *   err  ERR_INPUT: no such verb (with the nearest), something missing or too much */
MUST_CHECK bool train_wish_parse(const char *text, struct arena *arena, struct train_wish *out,
                                 struct err *err);
/* Does it fulfil the wish?
 *   out  in the arena; shares what has not changed with train
 *   err  ERR_REFUSED it is held, or not their turn; ERR_MISSING nobody of that name is aboard, or no
 *        hold; ERR_INPUT the name, stage or topic is no such thing, or they are aboard already; ERR_LIMIT */
MUST_CHECK bool train_apply(const struct train *train, const struct train_wish *wish,
                            struct arena *arena, struct train *out, struct err *err);

/* A person's name as the train knows it: up to a '|' ("nora|lunch" is nora), '-' for what cannot stand in
 * a topic. In the arena; "" when nothing is left. */
const char *train_name(const char *text, struct arena *arena);
/* May this one go on now: do they drive the first car, and is nothing held? */
bool train_is_turn(const struct train *train, const char *who);
/* Is everybody in the first car good? */
bool train_is_ready(const struct train *train);
/* Which car they are in, or -1. */
int train_find(const struct train *train, const char *who);
const char *train_mark_name(enum train_mark mark); /* "", "in", "good", "uhoh" */
