#include "announce/irc_bot.h"

#include "base/str.h"
#include "kit/fake_source.h"
#include "kit/kit.h"

/* A session that is in #ops, a bot on it, a ledger that takes one change and has one train. */
struct world {
    struct irc_session *session;
    struct irc_bot *bot;
    struct irc_room_options rooms[1];
    struct announce_options announce;
    struct fake_changes changes;
    struct change noted;
    size_t n_noted;
    struct train train;
    int64_t now_ms;
    struct buf sent;
    size_t sent_at;
};

static bool record(void *self, const struct change *change, char out_id[27], struct err *err)
{
    struct world *world = self;
    if (strcmp(change->service, "full") == 0)
        return FAIL(err, ERR_BUSY, "the ledger's queue is full");
    world->noted = *change;
    world->noted.msg = arena_strdup(&kit_arena, change->msg);
    world->noted.by = arena_strdup(&kit_arena, change->by);
    world->noted.key = arena_strdup(&kit_arena, change->key);
    world->noted.service = arena_strdup(&kit_arena, change->service);
    world->n_noted++;
    return text_copy(out_id, 27, "01KB1234ABCDEFGHJKMNPQRSTV");
}

static bool train(void *self, const char *name, const struct train_wish *wish, struct arena *arena,
                  struct train *out, struct err *err)
{
    struct world *world = self;
    (void)arena;
    EXPECT_TEXT(name, "website");
    if (wish && !train_apply(&world->train, wish, &kit_arena, &world->train, err))
        return false;
    if (wish)
        world->train.is_new = false;
    *out = world->train;
    return true;
}

static bool why(void *self, const char *metric, const char *at, struct arena *arena,
                const char **out_line, struct err *err)
{
    (void)self;
    if (strcmp(metric, "none") == 0)
        return FAIL(err, ERR_MISSING, "there is no metric 'none'");
    *out_line = arena_printf(arena, "%s fell at [%s]", metric, at);
    return true;
}

static void flush(struct world *world)
{
    irc_session_tick(world->session, world->now_ms);
    irc_session_send(world->session, world->now_ms, &world->sent);
}

static void hear(struct world *world, const char *line)
{
    irc_session_line(world->session, arena_strdup(&kit_arena, line), world->now_ms);
    flush(world);
}

static void on_said(void *self, const struct irc_said *said)
{
    const struct world *world = self;
    irc_bot_said(world->bot, said);
}

static void on_topic(void *self, const struct irc_topic *topic)
{
    const struct world *world = self;
    irc_bot_topic(world->bot, topic);
}

static const struct change known[] = {
    {.id = "01KB0000000000000000000001",
     .kind = CHANGE_DEPLOY,
     .service = "website",
     .env = "production",
     .rev = "4f2c1e9",
     .by = "nora",
     .msg = "fix login",
     .action = "",
     .start_ms = 1499999880000,
     .end_ms = 1499999985000,
     .status = STATUS_FAILED},
    {.id = "01KB0000000000000000000002",
     .kind = CHANGE_NOTE,
     .service = "",
     .env = "production",
     .rev = "",
     .by = "lee",
     .msg = "rack moved",
     .action = "",
     .start_ms = 1499990000000,
     .end_ms = 1499990000000,
     .status = STATUS_SUCCEEDED},
};

static void begin(struct world *world, const char *train_name, const char *topic)
{
    *world = (struct world){
        .rooms = {{"#ops", ""}},
        .changes = {.items = known, .n = COUNT_OF(known)},
        .train = {.hold = "", .is_new = true},
    };
    world->announce = (struct announce_options){.clock = kit_clock(),
                                                .changes = fake_changes(&world->changes),
                                                .record = record,
                                                .train = train,
                                                .why = why,
                                                .self = world};
    const struct irc_session_options session = {.nick = "plumb",
                                                .user = "plumb",
                                                .password = "",
                                                .sasl_user = "",
                                                .sasl_password = "",
                                                .rooms = {world->rooms[0]},
                                                .n_rooms = 1,
                                                .on_said = on_said,
                                                .on_topic = on_topic,
                                                .self = world};
    buf_init(&world->sent, 1 << 20);
    world->session = irc_session_new(&session);
    const struct irc_bot_options bot = {.session = world->session,
                                        .announce = &world->announce,
                                        .train = train_name,
                                        .has_topic = train_name[0] != '\0',
                                        .has_commands = true,
                                        .rooms = world->rooms,
                                        .n_rooms = 1};
    world->bot = irc_bot_new(&bot);
    irc_session_begin(world->session, 0);
    hear(world, ":irc.x 001 plumb :Hi");
    hear(world, ":plumb!p@h JOIN #ops");
    buf_clear(&world->sent);
    hear(world, arena_printf(&kit_arena, ":irc.x 332 plumb #ops :%s", topic));
}

static void end(struct world *world)
{
    irc_bot_free(world->bot);
    irc_session_free(world->session);
    buf_done(&world->sent);
}

/* The next line that went out; time goes on until there is one, but for 30 s. */
static const char *next(struct world *world)
{
    for (int i = 0; i < 30 && world->sent_at >= world->sent.n; i++) {
        world->now_ms += 1000;
        flush(world);
    }
    const char *at = buf_text(&world->sent) + min_size(world->sent_at, world->sent.n);
    const size_t n = strcspn(at, "\r\n");
    world->sent_at += n + strspn(at + n, "\r\n");
    return arena_strndup(&kit_arena, at, n);
}

/* What nora says, and the first answer. */
static const char *ask(struct world *world, const char *text)
{
    world->now_ms += 60000;
    hear(world, "PONG x"); /* no PING of ours in between */
    hear(world, arena_printf(&kit_arena, ":nora!n@h PRIVMSG #ops :%s", text));
    return next(world);
}
#define LOGGED "NOTICE #ops :nora: logged 01KB1234ABCDEFGHJKMNPQRSTV"

TEST(log_records_a_note)
{
    static const struct {
        const char *row, *said, *answer, *service, *msg;
    } rows[] = {
        {"plain", "!log restarted memcached on cache-3", LOGGED, "",
         "restarted memcached on cache-3"},
        {"service", "!log website: restarted", LOGGED " for website", "website", "restarted"},
        {"service in capitals", "!log Web/Checkout:  x y", LOGGED " for web/checkout",
         "web/checkout", "x y"},
        {"who speaks", "!log Nora: restarted", LOGGED, "", "Nora: restarted"},
        {"somebody known", "!log lee: restarted", LOGGED, "", "lee: restarted"},
        {"a link", "!log http://x is down", LOGGED, "", "http://x is down"},
        {"two words", "!log the db: slow", LOGGED, "", "the db: slow"},
        {"colours",
         "!log \x03"
         "4red\x03 alert",
         LOGGED, "", "red alert"},
        {"a secret", "!log set password=hunter2 now", LOGGED, "", "set password=*** now"},
    };
    struct world world;
    begin(&world, "", "");
    EACH_ROW (rows, r) {
        EXPECT_TEXT(ask(&world, r->said), r->answer);
        EXPECT_TEXT(world.noted.service, r->service);
        EXPECT_TEXT(world.noted.msg, r->msg);
        EXPECT_TEXT(world.noted.by, "nora");
        EXPECT_TEXT(world.noted.source, "irc");
        EXPECT_I64(world.noted.kind, CHANGE_NOTE);
        EXPECT_I64(world.noted.start_ms, kit_now_us / 1000);
        EXPECT_I64(world.noted.end_ms, kit_now_us / 1000);
    }
    EXPECT_I64(world.n_noted, COUNT_OF(rows));
    EXPECT_TEXT(world.noted.key, "nora/1500000000000");
    hear(&world, "@msgid=abc :nora!n@h PRIVMSG #ops :!log x");
    EXPECT_TEXT(world.noted.key, "abc");
    EXPECT_TEXT(next(&world), LOGGED);
    EXPECT(strstr(ask(&world, "!log"), "nora: log what?") != NULL);
    EXPECT(strstr(ask(&world, "!log full: x"), "nora: the ledger's queue is full") != NULL);
    end(&world);
}

TEST(last_lists_the_newest_changes)
{
    struct world world;
    begin(&world, "", "");
    EXPECT_TEXT(ask(&world, ".last"),
                "NOTICE #ops :nora: 2m ago website PROD deploy 4f2c1e9 by nora, failed: fix login");
    EXPECT_TEXT(next(&world), "NOTICE #ops :nora: 2h ago PROD note by lee: rack moved");
    EXPECT(strstr(ask(&world, ".last 1"), "website") != NULL);
    EXPECT_TEXT(ask(&world, ".last 3 search"), "NOTICE #ops :nora: no changes of search");
    end(&world);
}

TEST(why_names_who_did_it)
{
    static const struct {
        const char *row, *said, *answer;
    } rows[] = {
        {"now", ".why logins.ok", "logins.ok fell at []"},
        {"at", ".why logins.ok at 14:10", "logins.ok fell at [14:10]"},
        {"without at", ".why logins.ok 20 minutes ago", "logins.ok fell at [20 minutes ago]"},
        {"nothing", ".why", "why what? .why web.logins at 14:10"},
        {"not there", ".why none", "there is no metric 'none'"},
    };
    struct world world;
    begin(&world, "", "");
    EACH_ROW (rows, r)
        EXPECT_TEXT(ask(&world, r->said),
                    arena_printf(&kit_arena, "NOTICE #ops :nora: %s", r->answer));
    EXPECT(strstr(ask(&world, ".help"), ".why METRIC [at TIME]") != NULL);
    world.announce.why = NULL;
    EXPECT_TEXT(ask(&world, ".why logins.ok"), "");
    end(&world);
}

TEST(what_is_no_command_is_not_answered)
{
    static const char *const said[] = {"hello", "log x",  "!logx", ".lastly", ".",
                                       "!",     "...",    ".join", ".5",      "",
                                       " ",     ".train", ".at x", "! log x"};
    struct world world;
    begin(&world, "", "");
    for (size_t i = 0; i < COUNT_OF(said); i++)
        EXPECT_TEXT(ask(&world, said[i]), "");
    end(&world);
    begin(&world, "website", "clear");
    EXPECT_TEXT(ask(&world, ".joined"), "");
    EXPECT_TEXT(ask(&world, ".set x"), "");
    end(&world);
}

TEST(who_asks_too_much_is_not_answered)
{
    struct world world;
    begin(&world, "", "");
    for (int i = 0; i < 8; i++)
        hear(&world, ":nora!n@h PRIVMSG #ops :!log x");
    EXPECT_I64(world.n_noted, 5);
    hear(&world, ":lee!n@h PRIVMSG #ops :!log x");
    EXPECT_I64(world.n_noted, 6);
    world.now_ms += 6000;
    hear(&world, ":NORA!n@h PRIVMSG #ops :!log x");
    hear(&world, ":nora!n@h PRIVMSG #ops :!log x");
    EXPECT_I64(world.n_noted, 7);
    for (int i = 0; i < 100; i++) /* more people than it keeps in mind */
        hear(&world, arena_printf(&kit_arena, ":p%d!n@h PRIVMSG #ops :!log x", i));
    EXPECT_I64(world.n_noted, 107);
    end(&world);
}

TEST(the_train_is_the_topic)
{
    struct world world;
    begin(&world, "website", "");
    EXPECT_TEXT(next(&world), "TOPIC #ops :clear");
    EXPECT_TEXT(ask(&world, ".join"), "NOTICE #ops :nora: you are up");
    EXPECT_TEXT(next(&world), "TOPIC #ops :nora");
    EXPECT_TEXT(ask(&world, ".at prod"), "TOPIC #ops :<prod> nora");
    EXPECT_TEXT(ask(&world, ".good"), "NOTICE #ops :nora: everyone is ready");
    EXPECT_TEXT(next(&world), "TOPIC #ops :<prod> nora*");
    EXPECT_TEXT(ask(&world, ".hold \"db move\""), "NOTICE #ops :the train is held: db move");
    EXPECT_TEXT(next(&world), "TOPIC #ops :<prod> nora* !! db move");
    EXPECT_TEXT(ask(&world, ".at next"),
                "NOTICE #ops :nora: the train is held: db move (unhold lets it go on)");
    EXPECT_TEXT(ask(&world, ".kick"), "NOTICE #ops :nora: 'kick' needs a name");
    EXPECT_TEXT(ask(&world, ".train"), "NOTICE #ops :nora: website: <prod> nora* !! db move");
    EXPECT(strstr(ask(&world, ".help"), ".join [with NAME") != NULL);
    end(&world);
}

TEST(what_others_do_to_the_train_reaches_the_topic)
{
    struct world world;
    struct err err;
    const struct train_wish wish = {TRAIN_JOIN, "lee", ""};
    begin(&world, "website", "clear");
    EXPECT_TEXT(next(&world), "");
    EXPECT_OK(train_apply(&world.train, &wish, &kit_arena, &world.train, &err));
    irc_bot_look(world.bot);
    EXPECT_TEXT(next(&world), "NOTICE #ops :lee: you are up");
    EXPECT_TEXT(next(&world), "TOPIC #ops :lee");
    end(&world);
}

TEST(a_topic_set_by_hand_moves_the_train_if_it_can_be_read)
{
    struct world world;
    begin(&world, "website", "clear");
    hear(&world, ":sam!s@h TOPIC #ops :<dev> sam + lee | nora");
    EXPECT_TEXT(train_format(&world.train, &kit_arena), "<dev> sam + lee | nora");
    EXPECT_TEXT(next(&world), "NOTICE #ops :sam, lee: you are up");
    EXPECT_TEXT(next(&world), "");
    hear(&world, ":sam!s@h TOPIC #ops :lunch till two");
    EXPECT_TEXT(next(&world), "NOTICE #ops :I cannot read this topic as a train: 'till two' fits "
                              "nowhere. I leave it alone until .fix");
    EXPECT_TEXT(ask(&world, ".join"), "NOTICE #ops :nora: nora is aboard already (nevermind gets "
                                      "off)");
    EXPECT_TEXT(ask(&world, ".nevermind"), "NOTICE #ops :nora: website: <dev> sam + lee");
    hear(&world, ":sam!s@h TOPIC #ops :still at lunch");
    EXPECT_TEXT(next(&world), ""); /* once is enough */
    EXPECT_TEXT(ask(&world, ".fix"), "NOTICE #ops :nora: website: <dev> sam + lee");
    EXPECT_TEXT(next(&world), "TOPIC #ops :<dev> sam + lee");
    hear(&world, ":sam!s@h TOPIC #ops :at lunch");
    EXPECT(strstr(next(&world), "I cannot read") != NULL);
    hear(&world, ":sam!s@h TOPIC #ops :clear");
    EXPECT_TEXT(train_format(&world.train, &kit_arena), "clear");
    EXPECT_TEXT(ask(&world, ".join"), "NOTICE #ops :nora: you are up");
    EXPECT_TEXT(next(&world), "TOPIC #ops :nora");
    end(&world);
}

TEST(a_topic_that_was_there_first_is_taken_over_by_a_new_train_only)
{
    struct world world;
    begin(&world, "website", "<prod> lee");
    EXPECT_TEXT(train_format(&world.train, &kit_arena), "<prod> lee");
    EXPECT_TEXT(next(&world), "");
    /* The connection is lost, and meanwhile the train has gone on. */
    const struct train_wish wish = {TRAIN_DONE, "lee", ""};
    EXPECT_OK(train_apply(&world.train, &wish, &kit_arena, &world.train, &kit_err));
    hear(&world, ":plumb!p@h PART #ops");
    hear(&world, ":plumb!p@h JOIN #ops");
    hear(&world, ":irc.x 332 plumb #ops :<prod> lee");
    EXPECT_TEXT(next(&world), "TOPIC #ops :clear");
    end(&world);
    begin(&world, "website", "Welcome to #ops");
    EXPECT(strstr(next(&world), "I cannot read this topic") != NULL);
    EXPECT(world.train.is_new);
    end(&world);
}

RUN_TESTS(test_of(log_records_a_note), test_of(last_lists_the_newest_changes),
          test_of(why_names_who_did_it), test_of(what_is_no_command_is_not_answered),
          test_of(who_asks_too_much_is_not_answered), test_of(the_train_is_the_topic),
          test_of(what_others_do_to_the_train_reaches_the_topic),
          test_of(a_topic_set_by_hand_moves_the_train_if_it_can_be_read),
          test_of(a_topic_that_was_there_first_is_taken_over_by_a_new_train_only))
