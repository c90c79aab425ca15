#include "model/train.h"

#include <stdio.h>

#include "kit/kit.h"

static struct train parsed(const char *topic)
{
    struct train train = train_clear();
    EXPECT_OK(train_parse(topic, &kit_arena, &train, &kit_err));
    return train;
}

TEST(reads_topics_as_pushbot_writes_them)
{
    static const struct {
        const char *row, *topic, *same;
    } rows[] = {
        {"nobody", "", "clear"},
        {"clear", " clear ", "clear"},
        {"one", "nora", "nora"},
        {"whole", "<prod> nora* + sasha | nassim !! db move at 15:00",
         "<prod> nora* + sasha | nassim !! db move at 15:00"},
        {"marks", "a~+b*,c! & d", "a~ + b* + c! + d"},
        {"no blanks", "<dev>a+b|c", "<dev> a + b | c"},
        {"held and nobody", "!! db move", "clear !! db move"},
        {"clear and held", "clear !! \"db move\"", "clear !! db move"},
        {"held without a reason", "nora !!", "nora !! hold"},
        {"uhoh and held", "nora! !! x", "nora! !! x"},
        {"hold behind a name", "nora!! x", "nora !! x"},
        {"hold sign in the reason", "nora !! a !! b", "nora !! a !! b"},
        {"hold at the head", "HOLD \"db move\" | nora | lee", "nora | lee !! db move"},
        {"hold alone", "HOLD", "clear !! hold"},
        {"nicks", "[x]^{y}`\\_-.", "[x]^{y}`\\_-."},
        {"beyond ASCII", "jürgen + 李", "jürgen + 李"},
        {"stages", "<a> x | <b> y", "<a> x | <b> y"},
        {"control characters",
         "nora !! a\x03"
         "b\x7f"
         "c\xff",
         "nora !! a b c?"},
    };
    EACH_ROW (rows, r) {
        const struct train train = parsed(r->topic);
        EXPECT_TEXT(train_format(&train, &kit_arena), r->same);
    }
}

TEST(says_what_of_a_topic_it_cannot_read)
{
    static const struct {
        const char *row, *topic, *why;
        enum err_kind kind;
    } rows[] = {
        {"words", "Welcome to #ops", "'to #ops' fits nowhere", ERR_INPUT},
        {"url", "see https://x", "'https://x' fits nowhere", ERR_INPUT},
        {"end", "nora | ", "ends where a name", ERR_INPUT},
        {"empty car", "nora | | lee", "no name at '| lee'", ERR_INPUT},
        {"open stage", "<prod nora", "no '>' behind <prod", ERR_INPUT},
        {"no stage", "<> nora", "no stage at '> nora'", ERR_INPUT},
        {"twice", "nora | NORA", "NORA is there twice", ERR_INPUT},
        {"twice in a car", "nora + nora", "nora is there twice", ERR_INPUT},
        {"hold further on", "nora | HOLD", "'HOLD' is no name", ERR_INPUT},
        {"clear further on", "nora + clear", "'clear' is no name", ERR_INPUT},
        {"type", "nora (config)", "'(config)' fits nowhere", ERR_INPUT},
        {"two marks", "nora*~", "'~' fits nowhere", ERR_INPUT},
        {"open quotes", "HOLD \"why", "HOLD's reason", ERR_INPUT},
        {"long name", "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn", "longer than 32", ERR_LIMIT},
    };
    EACH_ROW (rows, r) {
        struct train train;
        EXPECT_ERR(train_parse(r->topic, &kit_arena, &train, &kit_err), r->kind, r->why);
    }
}

/* What becomes of a train; or the error's text. */
static const char *after(const char *topic, const char *who, const char *typed)
{
    struct train train = parsed(topic);
    struct train_wish wish = {.who = who};
    err_clear(&kit_err);
    if (!train_wish_parse(typed, &kit_arena, &wish, &kit_err) ||
        !train_apply(&train, &wish, &kit_arena, &train, &kit_err))
        return arena_strdup(&kit_arena, kit_err.text);
    return train_format(&train, &kit_arena);
}

TEST(verbs_make_a_new_train_or_say_why_not)
{
    static const struct {
        const char *row, *topic, *who, *typed, *want;
    } rows[] = {
        {"first", "clear", "nora", "join", "nora"},
        {"behind the one at work", "nora", "lee", "join", "nora | lee"},
        {"room in a later car", "nora | lee", "sam", "join", "nora | lee + sam"},
        {"a full car", "nora | a + b + c + d + e", "lee", "join", "nora | a + b + c + d + e | lee"},
        {"past a full car", "x | a + b + c + d + e | f", "lee", "JOIN",
         "x | a + b + c + d + e | f + lee"},
        {"with", "nora | lee", "sam", "join with NORA", "nora + sam | lee"},
        {"with more than fit themselves", "a + b + c + d + e", "f", "join with a",
         "a + b + c + d + e + f"},
        {"before", "nora | lee", "sam", "join before lee", "nora | sam | lee"},
        {"before the first", "nora", "sam", "join before nora", "sam | nora"},
        {"before one on the way", "<dev> nora", "sam", "join before nora",
         "nora is at dev already: nobody gets before it"},
        {"last", "nora | lee", "sam", "join  last", "nora | lee | sam"},
        {"twice", "nora | lee", "Lee", "join", "Lee is aboard already"},
        {"with nobody", "nora", "lee", "join with sam", "sam is not aboard"},
        {"with whom", "nora", "lee", "join with", "'join with' needs a name"},
        {"join what", "nora", "lee", "join sam", "'sam' is too much for 'join'"},
        {"while held", "nora !! x", "lee", "join", "nora | lee !! x"},
        {"a nick that is away", "clear", "nora|lunch", "join", "nora"},
        {"a strange name", "clear", "N. Smith", "join", "N.-Smith"},
        {"a name that is none", "clear", "clear", "join", "'clear' is no name for a train"},
        {"stage", "nora* + lee* | sam*", "lee", "at prod", "<prod> nora + lee | sam*"},
        {"stage out of turn", "nora | lee", "lee", "at prod",
         "not your turn: nora is at work, and 1 car is before you"},
        {"stage from outside", "nora", "lee", "at prod", "lee is not aboard"},
        {"stage while held", "nora !! db", "nora", "at prod", "the train is held: db"},
        {"which stage", "nora", "nora", "at", "'at' needs a stage"},
        {"no stage", "nora", "nora", "at |", "'|' is no stage"},
        {"in", "nora | lee", "lee", "in", "nora | lee~"},
        {"good", "nora + lee", "lee", "good", "nora + lee*"},
        {"good out of turn", "a | b | lee", "lee", "good",
         "not your turn: a is at work, and 2 cars are before you"},
        {"uhoh", "nora* + lee*", "lee", "uhoh", "nora* + lee!"},
        {"done", "<prod> nora* | lee | sam", "nora", "done", "lee | sam"},
        {"done, the last", "<prod> nora* !! x", "nora", "done", "clear !! x"},
        {"done out of turn", "nora | lee", "lee", "done",
         "not your turn: nora is at work, and 1 car is before you"},
        {"nevermind", "nora + lee", "nora", "nevermind", "lee"},
        {"nevermind alone", "<x> nora | lee", "nora", "nevermind", "lee"},
        {"nevermind outside", "nora", "lee", "nevermind", "lee is not aboard"},
        {"kick", "nora + sam | lee", "x", "kick SAM", "nora | lee"},
        {"kick nobody", "nora", "x", "kick sam", "sam is not aboard"},
        {"hold", "nora", "ops", "hold \"db move\"", "nora !! db move"},
        {"hold without quotes", "clear", "ops", "hold db move", "clear !! db move"},
        {"hold without why", "clear", "ops", "hold", "clear !! hold"},
        {"hold twice", "nora !! a", "ops", "hold b", "it is held already: a"},
        {"unhold", "nora !! a", "ops", "unhold", "nora"},
        {"unhold nothing", "nora", "ops", "unhold", "the train is not held"},
        {"drive", "<x> nora* + sam + lee | y", "lee", "drive", "<x> lee + nora* + sam | y"},
        {"set", "nora", "ops", "set <prod> a + b | c !! d", "<prod> a + b | c !! d"},
        {"set nothing", "nora !! x", "ops", "set", "clear"},
        {"set nonsense", "nora", "ops", "set a b", "'b' fits nowhere"},
        {"no verb", "nora", "ops", "jion", "a train knows no 'jion'"},
        {"nothing", "nora", "ops", " ", "what shall the train do?"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(after(r->topic, r->who, r->typed), r->want);
}

TEST(refusals_have_their_kinds)
{
    static const struct {
        const char *row, *topic, *typed;
        enum err_kind kind;
    } rows[] = {
        {"not your turn", "lee | nora", "done", ERR_REFUSED},
        {"held", "nora !! x", "at prod", ERR_REFUSED},
        {"not aboard", "lee", "done", ERR_MISSING},
        {"no such verb", "lee", "dance", ERR_INPUT},
    };
    EACH_ROW (rows, r) {
        (void)after(r->topic, "nora", r->typed);
        EXPECT_I64(kit_err.kind, r->kind);
    }
    (void)after("lee", "nora", "jion");
    EXPECT_TEXT(kit_err.hint, "did you mean join?");
}

TEST(knows_whose_turn_it_is)
{
    const struct train train = parsed("nora* + lee | sam");
    const struct train held = parsed("nora* + lee* !! x");
    EXPECT(train_is_turn(&train, "NORA"));
    EXPECT(!train_is_turn(&train, "lee"));
    EXPECT(!train_is_turn(&train, "sam"));
    EXPECT(!train_is_turn(&held, "nora"));
    EXPECT(!train_is_ready(&train));
    EXPECT(train_is_ready(&held));
    EXPECT_I64(train_find(&train, "sam"), 1);
    EXPECT_I64(train_find(&train, "x"), -1);
}

TEST(a_train_takes_so_many_and_no_more)
{
    struct train train = train_clear();
    struct train_wish wish = {.verb = TRAIN_JOIN_LAST, .arg = ""};
    for (int i = 0; i < TRAIN_CARS_MAX; i++) {
        wish.who = arena_printf(&kit_arena, "a%d", i);
        EXPECT_OK(train_apply(&train, &wish, &kit_arena, &train, &kit_err));
    }
    wish.who = "one-more";
    EXPECT_ERR(train_apply(&train, &wish, &kit_arena, &train, &kit_err), ERR_LIMIT, "32 cars");
    wish = (struct train_wish){.verb = TRAIN_JOIN_WITH, .arg = "a0"};
    for (int i = 1; i < TRAIN_MEMBERS_MAX; i++) {
        wish.who = arena_printf(&kit_arena, "b%d", i);
        EXPECT_OK(train_apply(&train, &wish, &kit_arena, &train, &kit_err));
    }
    wish.who = "one-more";
    EXPECT_ERR(train_apply(&train, &wish, &kit_arena, &train, &kit_err), ERR_LIMIT, "full");
}

/* Whatever people do, in any order: the topic says all of it, nobody is there twice, no car is empty. */
TEST(any_life_of_a_train_can_be_read_off_its_topic)
{
    static const char *const people[] = {"nora",   "lee", "sam", "sasha|off",
                                         "Jürgen", "x y", "NORA"};
    static const char *const words[] = {"prod", "\"why not\"", " !! x ", "dev", "clear", "HOLD"};
    struct train train = train_clear();
    for (int i = 0; i < 20000; i++) {
        const char *who = people[kit_random_below(COUNT_OF(people))];
        const bool is_person = kit_random_below(2);
        const char *arg = is_person ? people[kit_random_below(COUNT_OF(people))]
                                    : words[kit_random_below(COUNT_OF(words))];
        const struct train_wish wish = {(enum train_verb)kit_random_below(TRAIN_SET), who, arg};
        if (!train_apply(&train, &wish, &kit_arena, &train, &kit_err))
            continue;
        const char *text = train_format(&train, &kit_arena);
        const struct train again = parsed(text); /* also refuses who is there twice */
        EXPECT_TEXT(train_format(&again, &kit_arena), text);
        EXPECT_TEXT(again.hold, train.hold);
        EXPECT_I64(again.n, train.n);
        if (kit_failures())
            return;
    }
}

RUN_TESTS(test_of(reads_topics_as_pushbot_writes_them),
          test_of(says_what_of_a_topic_it_cannot_read),
          test_of(verbs_make_a_new_train_or_say_why_not), test_of(refusals_have_their_kinds),
          test_of(knows_whose_turn_it_is), test_of(a_train_takes_so_many_and_no_more),
          test_of(any_life_of_a_train_can_be_read_off_its_topic))
