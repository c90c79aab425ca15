#include "announce/irc_bot.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "announce/irc_text.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "model/redact.h"

enum {
    PEOPLE_MAX = 32, /* whose pace is kept; the one silent for longest makes room */
    PERSON_BYTES_MAX = 64,
    ANSWER_BURST = 5,
    ANSWER_EVERY_MS = 6000,
    LAST_DEFAULT = 5,
    LAST_MAX = 10,
};

struct person {
    char nick[PERSON_BYTES_MAX];
    int64_t paced_ms;
};

struct irc_bot {
    struct irc_bot_options options;
    struct person people[PEOPLE_MAX];
    bool is_hands_off; /* the topic is somebody's own */
    bool is_seen;      /* the train was looked at before */
    char *driver;      /* who was up then; "" nobody, or it was held */
    char *hold;
    bool was_ready;
};

/* One command being answered. */
struct request {
    struct irc_bot *bot;
    const struct irc_said *said;
    struct arena *arena;
};

struct irc_bot *irc_bot_new(const struct irc_bot_options *options)
{
    struct irc_bot *bot = mem_zalloc(sizeof *bot);
    bot->options = *options;
    bot->driver = mem_strdup("");
    bot->hold = mem_strdup("");
    return bot;
}

void irc_bot_free(struct irc_bot *bot)
{
    if (!bot)
        return;
    mem_free(bot->driver);
    mem_free(bot->hold);
    mem_free(bot);
}

/* An answer that cannot be said (too much waits, or we are out) is dropped: its asker asks again. */
PRINTF_LIKE(2, 3) static void answer(const struct request *request, const char *fmt, ...)
{
    va_list args;
    struct err ignored;
    va_start(args, fmt);
    const char *text = arena_vprintf(request->arena, fmt, args);
    va_end(args);
    const char *line = arena_printf(request->arena, "%s: %s", request->said->nick, text);
    if (!irc_session_say(request->bot->options.session, request->said->room, line, &ignored))
        return;
}

static void answer_failed(const struct request *request, const struct err *err)
{
    answer(request, "%s%s%s%s", err->text, err->hint[0] ? " (" : "", err->hint,
           err->hint[0] ? ")" : "");
}

/* To everybody. */
static void say_all(const struct irc_bot *bot, const char *text)
{
    struct err ignored;
    if (!irc_session_say(bot->options.session, NULL, text, &ignored))
        return;
}

static bool may_ask(struct irc_bot *bot, const char *nick, int64_t now_ms)
{
    struct person *person = &bot->people[0];
    for (size_t i = 0; i < PEOPLE_MAX; i++) {
        if (strncasecmp(bot->people[i].nick, nick, PERSON_BYTES_MAX - 1) == 0) {
            person = &bot->people[i];
            break;
        }
        if (bot->people[i].paced_ms < person->paced_ms)
            person = &bot->people[i];
    }
    if (strncasecmp(person->nick, nick, PERSON_BYTES_MAX - 1) != 0)
        *person = (struct person){0};
    (void)text_copy(person->nick, sizeof person->nick, nick);
    if (person->paced_ms - now_ms > (ANSWER_BURST - 1) * (int64_t)ANSWER_EVERY_MS)
        return false;
    person->paced_ms = max_i64(person->paced_ms, now_ms) + ANSWER_EVERY_MS;
    return true;
}

static int64_t clock_ms(const struct irc_bot *bot)
{
    return clock_us(&bot->options.announce->clock) / 1000;
}

/* ---- !log ---- */

/* Somebody whom the ledger knows, or who speaks: "nora: restarted it" is then a text, not a service. */
static bool is_person(const struct request *request, const char *name)
{
    const struct changes *changes = &request->bot->options.announce->changes;
    const struct change_query query = {.kind = -1, .by = name, .n_max = 1};
    struct change_list list = {0};
    struct err ignored;
    if (strcasecmp(name, request->said->nick) == 0)
        return true;
    return changes->ops->list(changes->self, &query, request->arena, &list, &ignored) && list.n &&
           strcasecmp(list.items[0].by, name) == 0;
}

/* "service: text": cuts the service off. False: there is none in front. */
static bool take_service(const struct request *request, struct str *io_text, const char **out)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._/-";
    const char *colon = memchr(io_text->at, ':', io_text->n);
    const size_t n = colon ? (size_t)(colon - io_text->at) : 0;
    if (n == 0 || n + 1 >= io_text->n || colon[1] != ' ')
        return false;
    char *name = arena_strndup(request->arena, io_text->at, n);
    if (is_person(request, name))
        return false;
    text_lower(name);
    if (strspn(name, allowed) != n)
        return false;
    *io_text = str_trim(str_make(colon + 1, io_text->n - n - 1));
    *out = name;
    return true;
}

static void log_note(const struct request *request, struct str text)
{
    const struct irc_said *said = request->said;
    const struct announce_options *announce = request->bot->options.announce;
    struct change change = change_blank();
    char id[27] = "";
    struct err err;
    change.kind = CHANGE_NOTE;
    (void)take_service(request, &text, &change.service);
    if (!text.n) {
        answer(request, "log what? !log restarted memcached on cache-3, or !log website: ...");
        return;
    }
    change.msg = redact_text(arena_strndup(request->arena, text.at, text.n), request->arena);
    change.by = said->nick;
    change.source = "irc";
    change.start_ms = change.end_ms = clock_ms(request->bot);
    change.status = STATUS_SUCCEEDED;
    change.key = said->msgid[0] ? said->msgid
                                : arena_printf(request->arena, "%s/%lld", said->nick,
                                               (long long)change.start_ms);
    if (!announce->record(announce->self, &change, id, &err))
        answer_failed(request, &err);
    else
        answer(request, "logged %s%s%s", id, change.service[0] ? " for " : "", change.service);
}

/* ---- .last ---- */

static struct str take_word(struct str *rest)
{
    const struct str trimmed = str_trim(*rest);
    size_t n = 0;
    while (n < trimmed.n && trimmed.at[n] != ' ')
        n++;
    *rest = str_trim(str_make(trimmed.at + n, trimmed.n - n));
    return str_make(trimmed.at, n);
}

static void tell_last(const struct request *request, struct str rest)
{
    const struct changes *changes = &request->bot->options.announce->changes;
    struct change_query query = {.kind = -1, .n_max = LAST_DEFAULT};
    struct change_list list = {0};
    struct err err;
    int64_t n;
    for (struct str word = take_word(&rest); word.n; word = take_word(&rest)) {
        if (num_parse_i64(word.at, word.n, &n) && n > 0)
            query.n_max = (size_t)min_i64(n, LAST_MAX);
        else
            query.service = arena_strndup(request->arena, word.at, word.n);
    }
    if (!changes->ops->list(changes->self, &query, request->arena, &list, &err)) {
        answer_failed(request, &err);
        return;
    }
    if (!list.n)
        answer(request, "no changes%s%.60s", query.service ? " of " : " yet",
               query.service ? query.service : "");
    for (size_t i = 0; i < list.n; i++)
        answer(request, "%s",
               irc_text_short(&list.items[i], clock_ms(request->bot), request->arena));
}

/* ---- .why ---- */

/* METRIC [at] [TIME] */
static void tell_why(const struct request *request, struct str rest)
{
    const struct announce_options *announce = request->bot->options.announce;
    const struct str metric = take_word(&rest);
    struct str at = rest;
    const char *line;
    struct err err;
    if (str_is(take_word(&rest), "at"))
        at = rest;
    if (!metric.n)
        answer(request, "why what? .why web.logins at 14:10");
    else if (!announce->why(announce->self, arena_strndup(request->arena, metric.at, metric.n),
                            arena_strndup(request->arena, at.at, at.n), request->arena, &line,
                            &err))
        answer_failed(request, &err);
    else
        answer(request, "%s", line);
}

/* ---- the train ---- */

static bool ask_train(const struct irc_bot *bot, const struct train_wish *wish, struct arena *arena,
                      struct train *out, struct err *err)
{
    const struct announce_options *announce = bot->options.announce;
    if (!announce->train)
        return FAIL(err, ERR_MISSING, "this server keeps no trains");
    return announce->train(announce->self, bot->options.train, wish, arena, out, err);
}

static void keep(char **text, const char *now)
{
    if (strcmp(*text, now) == 0)
        return;
    mem_free(*text);
    *text = mem_strdup(now);
}

/* "nora, sasha": who rides in the first car. */
static const char *riders(const struct train *train, struct arena *arena)
{
    const char *names = "";
    for (size_t i = 0; train->n && i < train->cars[0].n; i++)
        names = arena_printf(arena, "%s%s%s", names, i ? ", " : "", train->cars[0].members[i].name);
    return names;
}

/* Tells who is up, that all are ready, that it is held; nothing of what was so before we came. */
static void tell_news(struct irc_bot *bot, const struct train *train, struct arena *arena)
{
    const bool is_held = train->hold[0] != '\0';
    const char *driver = train->n && !is_held ? train->cars[0].members[0].name : "";
    const bool is_ready = train_is_ready(train);
    if (bot->is_seen && is_held && strcmp(bot->hold, train->hold) != 0)
        say_all(bot, arena_printf(arena, "the train is held: %s", train->hold));
    if (bot->is_seen && driver[0] && strcmp(bot->driver, driver) != 0)
        say_all(bot, arena_printf(arena, "%s: you are up", riders(train, arena)));
    if (bot->is_seen && is_ready && !bot->was_ready)
        say_all(bot, arena_printf(arena, "%s: everyone is ready", riders(train, arena)));
    keep(&bot->driver, driver);
    keep(&bot->hold, train->hold);
    bot->was_ready = is_ready;
    bot->is_seen = true;
}

static void show(struct irc_bot *bot, const struct train *train, struct arena *arena)
{
    const bool is_ours = bot->options.has_topic && !bot->is_hands_off;
    const char *topic = is_ours ? train_format(train, arena) : NULL;
    for (size_t i = 0; i < bot->options.n_rooms; i++)
        irc_session_topic(bot->options.session, bot->options.rooms[i].name, topic);
    tell_news(bot, train, arena);
}

void irc_bot_look(struct irc_bot *bot)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct train train;
    struct err ignored; /* a ledger that cannot be read now is looked at again soon */
    if (bot->options.train[0] && irc_session_n_in(bot->options.session) &&
        ask_train(bot, NULL, &arena, &train, &ignored))
        show(bot, &train, &arena);
}

static void tell_train(const struct request *request, const struct train_wish *wish)
{
    struct train train;
    struct err err;
    if (!ask_train(request->bot, wish, request->arena, &train, &err)) {
        answer_failed(request, &err);
        return;
    }
    show(request->bot, &train, request->arena);
    /* Where the topic shows it, the topic is the answer. */
    if (!wish || !request->bot->options.has_topic || request->bot->is_hands_off)
        answer(request, "%s: %s", request->bot->options.train,
               train_format(&train, request->arena));
}

static void let_go(struct irc_bot *bot, const char *room, const struct err *why,
                   struct arena *arena)
{
    struct err ignored;
    const char *text = arena_printf(
        arena, "I cannot read this topic as a train: %s. I leave it alone until .fix", why->text);
    for (size_t i = 0; i < bot->options.n_rooms; i++)
        irc_session_topic(bot->options.session, bot->options.rooms[i].name, NULL);
    if (!bot->is_hands_off && !irc_session_say(bot->options.session, room, text, &ignored))
        return;
    bot->is_hands_off = true;
}

/* The ledger knows better than a topic that was there before us, unless it has never seen the train. */
static bool is_news(const struct irc_bot *bot, const struct irc_topic *topic, struct arena *arena)
{
    struct train kept;
    struct err ignored;
    return topic->by[0] || (ask_train(bot, NULL, arena, &kept, &ignored) && kept.is_new);
}

void irc_bot_topic(struct irc_bot *bot, const struct irc_topic *topic)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct train train;
    struct err err;
    if (!bot->options.train[0] || !bot->options.has_topic)
        return;
    if (!train_parse(topic->topic, &arena, &train, &err)) {
        let_go(bot, topic->room, &err, &arena);
        return;
    }
    if (topic->by[0] || bot->options.n_rooms == 1)
        bot->is_hands_off = false;
    const char *by = topic->by[0] ? topic->by : irc_session_nick(bot->options.session);
    const struct train_wish wish = {TRAIN_SET, by, topic->topic};
    const bool is_empty = !train.n && !train.hold[0];
    if ((topic->by[0] || !is_empty) && is_news(bot, topic, &arena) &&
        !ask_train(bot, &wish, &arena, &train, &err))
        say_all(bot, arena_printf(&arena, "the train could not be changed: %s", err.text));
    irc_bot_look(bot);
}

/* ---- commands ---- */

static void help(const struct request *request)
{
    answer(request, "!log [SERVICE:] TEXT, .last [N] [SERVICE]%s%s",
           request->bot->options.announce->why ? ", .why METRIC [at TIME]" : "",
           request->bot->options.train[0]
               ? ", .train, .join [with NAME|before NAME|last], .at STAGE, .in, .good, .uhoh, "
                 ".done, .nevermind, .hold \"why\", .unhold, .drive, .kick NAME, .fix"
               : "");
}

/* Whether a word behind the dot is a train's verb. */
static bool is_verb(struct str word)
{
    for (int i = 0; i < TRAIN_SET; i++) {
        const char *name = train_verb_name((enum train_verb)i);
        const size_t n = strcspn(name, " ");
        if (n == word.n && strncasecmp(name, word.at, n) == 0)
            return true;
    }
    return false;
}

static void move_train(const struct request *request, const char *typed)
{
    struct train_wish wish = {.who = request->said->nick};
    struct err err;
    if (train_wish_parse(typed, request->arena, &wish, &err))
        tell_train(request, &wish);
    else
        answer_failed(request, &err);
}

static void fix(const struct request *request)
{
    request->bot->is_hands_off = false;
    tell_train(request, NULL);
}

/* What was said begins with '.' or '!'. False: it is none of our commands. */
static bool is_command(const struct irc_bot *bot, struct str word)
{
    static const char *const always[] = {"!log", ".last", ".help"};
    static const char *const with_train[] = {".train", ".fix"};
    for (size_t i = 0; i < COUNT_OF(always); i++)
        if (str_is(word, always[i]))
            return true;
    if (bot->options.announce->why && str_is(word, ".why"))
        return true;
    for (size_t i = 0; bot->options.train[0] && i < COUNT_OF(with_train); i++)
        if (str_is(word, with_train[i]))
            return true;
    return bot->options.train[0] && word.n > 1 && word.at[0] == '.' &&
           is_verb(str_make(word.at + 1, word.n - 1));
}

void irc_bot_said(struct irc_bot *bot, const struct irc_said *said)
{
    struct str rest = str_of(said->text);
    const struct str word = take_word(&rest);
    if (!bot->options.has_commands || !is_command(bot, word) ||
        !may_ask(bot, said->nick, said->now_ms))
        return;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    const struct request request = {bot, said, &arena};
    if (str_is(word, "!log"))
        log_note(&request, rest);
    else if (str_is(word, ".last"))
        tell_last(&request, rest);
    else if (str_is(word, ".why"))
        tell_why(&request, rest);
    else if (str_is(word, ".help"))
        help(&request);
    else if (str_is(word, ".train"))
        tell_train(&request, NULL);
    else if (str_is(word, ".fix"))
        fix(&request);
    else
        move_train(&request, str_trim(str_of(said->text)).at + 1);
}
