#include "announce/irc_session.h"

#include "base/num.h"
#include "base/str.h"
#include "kit/kit.h"

/* A session told as a script, a step a text:
 *   "< LINE"  the server says it              "> LINE"   is what is sent next
 *   "+ MS"    time goes by                    ">"        nothing is sent
 *   "n TEXT"  says TEXT to all channels       "t TEXT"   wants that topic in #ops
 *   "N TEXT"  tells TEXT, before answers
 *   "! WHY"   the session is over, for WHY    "* WHAT"   the next thing that its owner heard
 *   "x"       the connection is lost          "^"        connects, if it wants to
 * What is sent is asked for after each step but '>'. */
struct script {
    struct irc_session *session;
    int64_t now_ms;
    struct buf sent, heard;
    size_t sent_at, heard_at;
};

static void on_said(void *self, const struct irc_said *said)
{
    struct script *script = self;
    buf_printf(&script->heard, "said %s %s %s %s\n", said->room, said->nick, said->msgid,
               said->text);
}

static void on_topic(void *self, const struct irc_topic *topic)
{
    struct script *script = self;
    buf_printf(&script->heard, "topic %s [%s] by [%s]\n", topic->room, topic->topic, topic->by);
}

static const char *next_line(const struct buf *from, size_t *io_at)
{
    const char *at = buf_text(from) + min_size(*io_at, from->n);
    const size_t n = strcspn(at, "\r\n");
    *io_at += n + strspn(at + n, "\r\n");
    return arena_strndup(&kit_arena, at, n);
}

static void run(struct script *script, const char *step)
{
    const char *rest = step[0] && step[1] ? step + 2 : "";
    int64_t ms = 0;
    switch (step[0]) {
    case '<':
        irc_session_line(script->session, arena_strdup(&kit_arena, rest), script->now_ms);
        break;
    case '>':
        EXPECT_TEXT(next_line(&script->sent, &script->sent_at), rest);
        return;
    case '*':
        EXPECT_TEXT(next_line(&script->heard, &script->heard_at), rest);
        return;
    case '+':
        EXPECT(num_parse_i64(rest, strlen(rest), &ms));
        script->now_ms += ms;
        break;
    case 'n':
        EXPECT_OK(irc_session_say(script->session, NULL, rest, &kit_err));
        break;
    case 'N':
        EXPECT_OK(irc_session_tell(script->session, rest, &kit_err));
        break;
    case 't':
        irc_session_topic(script->session, "#ops", rest);
        break;
    case '!':
        EXPECT_TEXT(irc_session_over(script->session), rest);
        return;
    case 'x':
        irc_session_end(script->session, script->now_ms, "lost");
        break;
    case '^':
        EXPECT(irc_session_wants(script->session, script->now_ms));
        irc_session_begin(script->session, script->now_ms);
        break;
    default:
        kit_expect(false, __FILE__, __LINE__, "no such step: %s", step);
    }
    irc_session_tick(script->session, script->now_ms);
    irc_session_send(script->session, script->now_ms, &script->sent);
}

static void play(const struct irc_session_options *given, const char *const *steps)
{
    struct script script = {.now_ms = 1000000};
    struct irc_session_options options = *given;
    options.on_said = on_said;
    options.on_topic = on_topic;
    options.self = &script;
    buf_init(&script.sent, 1 << 20);
    buf_init(&script.heard, 1 << 20);
    script.session = irc_session_new(&options);
    for (size_t i = 0; steps[i]; i++) {
        kit_row(steps[i]);
        run(&script, steps[i]);
    }
    kit_row("at the end");
    EXPECT_TEXT(next_line(&script.sent, &script.sent_at), "");
    EXPECT_TEXT(next_line(&script.heard, &script.heard_at), "");
    kit_row(NULL);
    irc_session_free(script.session);
    buf_done(&script.sent);
    buf_done(&script.heard);
}
#define PLAY(options, ...) play(&(options), (const char *const[]){__VA_ARGS__, NULL})

static const struct irc_session_options plain = {.nick = "plumb",
                                                 .user = "plumb",
                                                 .password = "",
                                                 .sasl_user = "",
                                                 .sasl_password = "",
                                                 .rooms = {{"#ops", ""}},
                                                 .n_rooms = 1};
#define HELLO   "^", "> CAP LS :302", "> NICK plumb", "> USER plumb 0 * :plumb, tells of changes"
#define WELCOME HELLO, "< :irc.x 001 plumb :Hi", "< :irc.x 376 plumb :End", "> JOIN #ops"
#define IN      WELCOME, "< :plumb!p@h JOIN :#ops"

TEST(registers_and_joins)
{
    PLAY(plain, WELCOME, "< :plumb!p@h JOIN :#ops", "< :irc.x 332 plumb #ops :Hello",
         "* topic #ops [Hello] by []", "< :irc.x 366 plumb #ops :End", "< PING :abc",
         "> PONG :abc");
    struct irc_session_options options = plain;
    options.password = "s3cret x";
    options.rooms[0].key = "k";
    options.rooms[1] = (struct irc_room_options){"#Dev", ""};
    options.n_rooms = 2;
    PLAY(options, "^", "> CAP LS :302", "> PASS :s3cret x", "> NICK plumb",
         "> USER plumb 0 * :plumb, tells of changes", "< :irc.x 421 * CAP :Unknown command",
         "< :irc.x 001 plumb :Hi", "< :irc.x 422 plumb :No MOTD", "> JOIN #ops k", "> JOIN #Dev",
         "< :irc.x 422 plumb :again", ">");
    PLAY(plain, HELLO, "< :irc.x 464 plumb :Password incorrect",
         "! the server says: Password incorrect");
    PLAY(plain, HELLO, "< ERROR :Closing link: throttled",
         "! the server says: Closing link: throttled");
    PLAY(plain, HELLO, "+ 59999", "! ", "+ 1", "! the server did not let us in within 60 s");
}

TEST(asks_for_what_the_server_offers)
{
    PLAY(plain, HELLO, "< :irc.x CAP * LS * :multi-prefix sasl", "< :irc.x CAP * LS :message-tags",
         "> CAP REQ :message-tags", ">", "< :irc.x CAP plumb ACK :message-tags", "> CAP END");
    PLAY(plain, HELLO, "< :irc.x CAP * LS :multi-prefix", "> CAP END");
    PLAY(plain, HELLO, "< :irc.x CAP * LS :message-tags", "> CAP REQ :message-tags",
         "< :irc.x CAP * NAK :message-tags", "> CAP END");
}

TEST(sasl_succeeds_or_nothing_does)
{
    struct irc_session_options options = plain;
    options.sasl_user = "plumb";
    options.sasl_password = "pass";
    PLAY(options, HELLO, "< :irc.x CAP * LS :sasl=EXTERNAL,PLAIN message-tags", "> CAP REQ :sasl",
         "> CAP REQ :message-tags", "< :irc.x CAP * ACK :sasl", "> AUTHENTICATE PLAIN",
         "< :irc.x CAP * ACK :message-tags", ">", "< AUTHENTICATE +",
         "> AUTHENTICATE AHBsdW1iAHBhc3M=", "< :irc.x 903 plumb :ok", "> CAP END",
         "< :irc.x 001 plumb :Hi", "! ", "< :irc.x 376 plumb :End", "> JOIN #ops");
    PLAY(options, HELLO, "< :irc.x CAP * LS :sasl", "> CAP REQ :sasl", "< :irc.x CAP * ACK :sasl",
         "> AUTHENTICATE PLAIN", "< :irc.x 904 plumb :SASL failed",
         "! the server says: SASL failed");
    PLAY(options, HELLO, "< :irc.x CAP * LS :sasl", "> CAP REQ :sasl", "< :irc.x CAP * NAK :sasl",
         "! the server refuses SASL");
    PLAY(options, HELLO, "< :irc.x CAP * LS :sasl=EXTERNAL", "! the server offers no SASL PLAIN");
    PLAY(options, HELLO, "< :irc.x CAP * LS :x", "! the server offers no SASL PLAIN");
    PLAY(options, HELLO, "< :irc.x 001 plumb :Hi", "! the server let us in without SASL");
}

TEST(a_long_sasl_answer_goes_in_pieces)
{
    struct irc_session_options options = plain;
    options.sasl_user = "u";
    options.sasl_password = arena_printf(&kit_arena, "%0297d", 0); /* 300 bytes: 400 digits */
    const char *four = "MDAwMDAwMDAw";                             /* nine zeroes */
    const char *piece = "> AUTHENTICATE AHUAMDAw";
    for (int i = 0; i < 32; i++)
        piece = arena_printf(&kit_arena, "%s%s", piece, four);
    piece = arena_printf(&kit_arena, "%s%s", piece, "MDAwMDAw");
    PLAY(options, HELLO, "< :irc.x CAP * LS :sasl", "> CAP REQ :sasl", "< :irc.x CAP * ACK :sasl",
         "> AUTHENTICATE PLAIN", "< AUTHENTICATE +", piece, "> AUTHENTICATE +");
}

TEST(a_taken_nick_is_another_one_until_it_is_free)
{
    PLAY(plain, HELLO, "< :irc.x 433 * plumb :taken", "> NICK plumb_",
         "< :irc.x 433 * plumb_ :taken", "> NICK plumb__", "< :irc.x 432 * plumb__ :bad",
         "> NICK plumb1", "< :irc.x 001 plumb1 :Hi", "< :irc.x 376 plumb1 :End", "> JOIN #ops",
         "< :plumb1!p@h JOIN #ops", "+ 59999", ">", "+ 1", "> PING :plumb", "> NICK plumb",
         "< :irc.x 433 plumb1 plumb :taken", ">", "+ 60000", "> PING :plumb", "> NICK plumb",
         "< :plumb1!p@h NICK :plumb", "+ 59999", ">");
    PLAY(plain, HELLO, "< :x 433 * a :t", "< :x 433 * a :t", "< :x 433 * a :t", "< :x 433 * a :t",
         "< :x 433 * a :t", "< :x 433 * a :t", "< :x 433 * a :t", "< :x 433 * a :t",
         "> NICK plumb_", "> NICK plumb__", "> NICK plumb1", "> NICK plumb2", "> NICK plumb3",
         "> NICK plumb4", "> NICK plumb5", "> NICK plumb6", "< :x 433 * a :taken",
         "! no nick like 'plumb' is to be had: taken");
}

TEST(a_channel_that_lets_us_out_is_asked_again)
{
    PLAY(plain, IN, "< :op!o@h KICK #OPS plumb :out", "+ 59999", ">", "+ 1", "> PING :plumb",
         "> JOIN #ops", "< :irc.x 474 plumb #ops :Cannot join (+b)", "+ 59999", ">", "+ 1",
         "> PING :plumb", "> JOIN #ops", "< :plumb!p@h JOIN #ops", "< :plumb!p@h PART #ops",
         "+ 59000", ">", "+ 1000", "> PING :plumb", "> JOIN #ops");
    PLAY(plain, IN, "< :op!o@h KICK #ops nora :out", "< :nora!n@h PART #ops", "n x",
         "> NOTICE #ops :x");
}

TEST(says_four_at_once_and_then_one_in_two_seconds)
{
    PLAY(plain, IN, "n 1", "n 2", "n 3", "n 4", "n 5", "n 6", "> NOTICE #ops :1",
         "> NOTICE #ops :2", "> NOTICE #ops :3", "> NOTICE #ops :4", ">", "+ 1999", ">", "+ 1",
         "> NOTICE #ops :5", ">", "+ 2000", "> NOTICE #ops :6", "+ 6000", "n 7", "n 8", "n 9",
         "n a", "> NOTICE #ops :7", "> NOTICE #ops :8", "> NOTICE #ops :9", ">", "< PING x",
         "> PONG :x", "+ 2000", "> NOTICE #ops :a");
}

TEST(what_is_told_goes_before_answers_and_is_lost_with_the_connection)
{
    PLAY(plain, IN, "n 1", "n 2", "n 3", "n 4", "n 5", "N a", "N b", "> NOTICE #ops :1",
         "> NOTICE #ops :2", "> NOTICE #ops :3", "> NOTICE #ops :4", ">", "+ 2000",
         "> NOTICE #ops :a", "+ 2000", "> NOTICE #ops :b", "+ 2000", "> NOTICE #ops :5", "N c", "x",
         "+ 5000", HELLO, "< :irc.x 001 plumb :Hi", "< :plumb!p@h JOIN #ops", ">");
}

TEST(a_topic_is_set_when_it_changes_and_not_too_often)
{
    PLAY(plain, IN, "t a", ">", "< :irc.x 331 plumb #ops :No topic", "* topic #ops [] by []", "+ 0",
         "> TOPIC #ops :a", "< :plumb!p@h TOPIC #ops :a", "t b", "t c", "+ 4999", ">", "+ 1",
         "> TOPIC #ops :c", "t a", "t c", "+ 5000", ">");
    PLAY(plain, IN, "< :irc.x 332 plumb #ops :a", "* topic #ops [a] by []", "t a", ">",
         "< :nora!n@h TOPIC #ops :mine", "* topic #ops [mine] by [nora]", "+ 0", "> TOPIC #ops :a");
    PLAY(plain, IN, "< :irc.x 005 plumb TOPICLEN=5 :are", "< :irc.x 366 plumb #ops :End",
         "* topic #ops [] by []", "t 123456", "> TOPIC #ops :12345", "+ 6000", ">");
}

TEST(a_topic_that_may_not_be_set_is_said_once)
{
    PLAY(plain, IN, "< :irc.x 332 plumb #ops :x", "* topic #ops [x] by []", "t a",
         "> TOPIC #ops :a", "< :irc.x 482 plumb #ops :You're not channel operator",
         "> NOTICE #ops :I may not set the topic here (mode +t): make me an operator", "t b",
         "+ 6000", ">", "< :op!o@h MODE #ops +v nora", "+ 0", ">", "< :op!o@h MODE #ops +o plumb",
         "+ 0", "> TOPIC #ops :b");
}

TEST(hears_people_and_no_bots)
{
    PLAY(plain, IN,
         "< :nora!n@h PRIVMSG #ops :\x02!log\x02 a\x03"
         "4b",
         "* said #ops nora  !log ab", "< @msgid=m1 :nora!n@h PRIVMSG #Ops :x",
         "* said #ops nora m1 x", "< :nora!n@h NOTICE #ops :!log x", "< :nora!n@h PRIVMSG plumb :x",
         "< @bot :other!o@h PRIVMSG #ops :x", "< :irc.x PRIVMSG #ops :x",
         "< :nora!n@h PRIVMSG #ops :\x01"
         "ACTION x\x01",
         "< :plumb!p@h PRIVMSG #ops :x", "< :nora!n@h PRIVMSG #other :x",
         "< :nora!n@h PRIVMSG #ops");
}

TEST(a_silent_server_is_gone)
{
    PLAY(plain, IN, "+ 59999", ">", "+ 1", "> PING :plumb", "+ 20000", ">",
         "< :irc.x PONG irc.x plumb", "+ 59999", ">", "+ 1", "> PING :plumb", "+ 29999", "! ",
         "+ 1", "! the server has been silent for 90 s");
}

TEST(waits_longer_each_time)
{
    struct irc_session *session = irc_session_new(&plain);
    static const int64_t waits[] = {5, 10, 20, 40, 80, 160, 300, 300, 300};
    int64_t now_ms = 1000;
    for (size_t i = 0; i < COUNT_OF(waits); i++) {
        EXPECT(irc_session_wants(session, now_ms));
        irc_session_begin(session, now_ms);
        irc_session_end(session, now_ms, "lost");
        EXPECT_TEXT(irc_session_trouble(session), "lost");
        EXPECT_I64(irc_session_next(session, now_ms), waits[i] * 1000);
        EXPECT(!irc_session_wants(session, now_ms + waits[i] * 1000 - 1));
        now_ms += waits[i] * 1000;
    }
    irc_session_begin(session, now_ms);
    irc_session_line(session, arena_strdup(&kit_arena, ":x 001 plumb :Hi"), now_ms);
    irc_session_end(session, now_ms + 60000, "lost"); /* that was a good one */
    EXPECT_I64(irc_session_next(session, now_ms + 60000), 5000);
    irc_session_free(session);
}

TEST(what_cannot_be_said_now_is_busy)
{
    struct irc_session *session = irc_session_new(&plain);
    EXPECT_ERR(irc_session_say(session, NULL, "x", &kit_err), ERR_BUSY, "not in the channel yet");
    irc_session_begin(session, 0);
    irc_session_line(session, arena_strdup(&kit_arena, ":x 001 plumb :Hi"), 0);
    irc_session_line(session, arena_strdup(&kit_arena, ":plumb!p@h JOIN #ops"), 0);
    EXPECT_I64(irc_session_n_in(session), 1);
    EXPECT_ERR(irc_session_say(session, "#other", "x", &kit_err), ERR_BUSY, "not in");
    for (int i = 0; i < IRC_UNSAID_MAX; i++)
        EXPECT_OK(irc_session_say(session, "#OPS", "x", &kit_err));
    EXPECT_ERR(irc_session_say(session, NULL, "x", &kit_err), ERR_BUSY, "64 lines wait");
    EXPECT_ERR(irc_session_tell(session, "x", &kit_err), ERR_BUSY, "64 lines wait");
    irc_session_line(session, arena_strdup(&kit_arena, ":op!o@h KICK #ops plumb :x"), 0);
    EXPECT_ERR(irc_session_say(session, NULL, "x", &kit_err), ERR_BUSY, "#ops: kicked out");
    irc_session_free(session);
}

RUN_TESTS(test_of(registers_and_joins), test_of(asks_for_what_the_server_offers),
          test_of(sasl_succeeds_or_nothing_does), test_of(a_long_sasl_answer_goes_in_pieces),
          test_of(a_taken_nick_is_another_one_until_it_is_free),
          test_of(a_channel_that_lets_us_out_is_asked_again),
          test_of(says_four_at_once_and_then_one_in_two_seconds),
          test_of(what_is_told_goes_before_answers_and_is_lost_with_the_connection),
          test_of(a_topic_is_set_when_it_changes_and_not_too_often),
          test_of(a_topic_that_may_not_be_set_is_said_once), test_of(hears_people_and_no_bots),
          test_of(a_silent_server_is_gone), test_of(waits_longer_each_time),
          test_of(what_cannot_be_said_now_is_busy))
