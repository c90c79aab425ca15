#include "announce/irc_line.h"

#include "kit/kit.h"

static struct irc_line parsed(const char *text)
{
    struct irc_line line;
    EXPECT(irc_line_parse(arena_strdup(&kit_arena, text), &line));
    return line;
}

TEST(a_line_is_taken_apart)
{
    static const struct {
        const char *row, *text, *tags, *nick, *user, *host, *command, *first, *last;
        size_t n;
    } rows[] = {
        {"ping", "PING :abc", "", "", "", "", "PING", "abc", "abc", 1},
        {"whole", "@msgid=x;bot :nora!n@h PRIVMSG #ops :!log a b", "msgid=x;bot", "nora", "n", "h",
         "PRIVMSG", "#ops", "!log a b", 2},
        {"numeric", ":irc.x 001 plumb :Welcome to", "", "irc.x", "", "", "001", "plumb",
         "Welcome to", 2},
        {"blanks", " :a  JOIN   #ops  ", "", "a", "", "", "JOIN", "#ops", "#ops", 1},
        {"empty last", "TOPIC #ops :", "", "", "", "", "TOPIC", "#ops", "", 2},
        {"colon within", "MODE #a:b c", "", "", "", "", "MODE", "#a:b", "c", 2},
        {"colon first in last", "X ::)", "", "", "", "", "X", ":)", ":)", 1},
        {"host without user", ":a@h X", "", "a", "", "h", "X", "", "", 0},
        {"fifteen", "X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "", "", "", "", "X", "1",
         "15 16 17", 15},
    };
    EACH_ROW (rows, r) {
        const struct irc_line line = parsed(r->text);
        EXPECT_TEXT(line.tags, r->tags);
        EXPECT_TEXT(line.nick, r->nick);
        EXPECT_TEXT(line.user, r->user);
        EXPECT_TEXT(line.host, r->host);
        EXPECT_TEXT(line.command, r->command);
        EXPECT_I64(line.n_params, r->n);
        EXPECT_TEXT(irc_line_param(&line, 0), r->first);
        EXPECT_TEXT(irc_line_param(&line, line.n_params - 1), r->last);
    }
    struct irc_line line;
    char nothing[] = "", prefix[] = ":a", tags[] = "@a";
    EXPECT(!irc_line_parse(nothing, &line));
    EXPECT(!irc_line_parse(prefix, &line));
    EXPECT(!irc_line_parse(tags, &line));
}

TEST(tags_are_found_and_unescaped)
{
    const struct irc_line line = parsed("@a=1;msgid=x\\:y\\s\\\\z\\;bot;e= X");
    char value[8];
    EXPECT(irc_line_tag(&line, "msgid", value, sizeof value));
    EXPECT_TEXT(value, "x;y \\z");
    EXPECT(irc_line_tag(&line, "bot", value, sizeof value));
    EXPECT_TEXT(value, "");
    EXPECT(irc_line_tag(&line, "e", value, sizeof value));
    EXPECT(!irc_line_tag(&line, "msg", value, sizeof value));
    char small[3];
    EXPECT(irc_line_tag(&line, "msgid", small, sizeof small));
    EXPECT_TEXT(small, "x;");
    const struct irc_line bare = parsed("X");
    EXPECT(!irc_line_tag(&bare, "", value, sizeof value));
}

static const char *written(struct irc_out line)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 4096);
    irc_line_add(&out, &line);
    return arena_strdup(&kit_arena, buf_text(&out));
}

TEST(nothing_that_others_wrote_breaks_out_of_a_line)
{
    static const struct {
        const char *row, *target, *text, *want;
        size_t max;
    } rows[] = {
        {"plain", "#ops", "fix login", "NOTICE #ops :fix login\r\n", 0},
        {"line ends", "#ops", "a\r\nQUIT :x\nb", "NOTICE #ops :a  QUIT :x b\r\n", 0},
        {"control", "#ops",
         "a\x01\x03"
         "4\x7f"
         "b\xc2\x85"
         "c",
         "NOTICE #ops :a  4 b c\r\n", 0},
        {"no UTF-8", "#ops", "a\xff\xc3", "NOTICE #ops :a??\r\n", 0},
        {"target", "#o\r\n ps", "x", "NOTICE #ops :x\r\n", 0},
        {"cut", "#ops", "abcdef", "NOTICE #ops :abc\r\n", 3},
        {"cut at a whole character", "#ops", "a\xc3\xbc\xc3\xbc", "NOTICE #ops :a\xc3\xbc\r\n", 4},
        {"no text", "#ops", NULL, "NOTICE #ops\r\n", 0},
        {"no target", NULL, "x", "NOTICE :x\r\n", 0},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(written((struct irc_out){"NOTICE", r->target, r->text, r->max}), r->want);
    const char *longest =
        written((struct irc_out){"NOTICE", "#ops", arena_printf(&kit_arena, "%0500d", 1), 0});
    EXPECT_I64(strlen(longest), strlen("NOTICE #ops :\r\n") + IRC_TEXT_MAX);
}

TEST(colours_are_taken_out)
{
    static const struct {
        const char *row, *text, *want;
    } rows[] = {
        {"plain", "!log x", "!log x"},
        {"bold", "\x02!log\x02 x\x0f", "!log x"},
        {"colour",
         "\x03"
         "4red\x03",
         "red"},
        {"two colours",
         "\x03"
         "04,12red \x03"
         "4,x",
         "red ,x"},
        {"digits behind",
         "\x03"
         "041,5",
         "1,5"},
        {"hex colour",
         "\x04"
         "ff00AAx\x04"
         "ff",
         "xff"},
        {"tab", "a\tb", "a b"},
    };
    EACH_ROW (rows, r) {
        char *text = arena_strdup(&kit_arena, r->text);
        irc_line_strip(text);
        EXPECT_TEXT(text, r->want);
    }
}

TEST(a_server_says_what_it_supports)
{
    struct irc_support support = {0};
    EXPECT(irc_support_same(&support, "Nora[a]^", "nora{A}~"));
    struct irc_line line = parsed(":x 005 plumb TOPICLEN=490 NICKLEN=9 CASEMAPPING=ascii X= :are");
    irc_support_take(&support, &line);
    EXPECT_I64(support.topic_bytes_max, 490);
    EXPECT_I64(support.nick_bytes_max, 9);
    EXPECT(irc_support_same(&support, "Nora", "noRA"));
    EXPECT(!irc_support_same(&support, "a[", "a{"));
    EXPECT(!irc_support_same(&support, "nora", "noraa"));
    EXPECT(!irc_support_same(&support, "noraa", "nora"));
    line = parsed(":x 005 plumb CASEMAPPING=strict-rfc1459 TOPICLEN=-1 TOPICLEN=x TOPICLEN :are");
    irc_support_take(&support, &line);
    EXPECT_I64(support.topic_bytes_max, 490);
    EXPECT(irc_support_same(&support, "a[", "a{"));
    EXPECT(!irc_support_same(&support, "a^", "a~"));
}

RUN_TESTS(test_of(a_line_is_taken_apart), test_of(tags_are_found_and_unescaped),
          test_of(nothing_that_others_wrote_breaks_out_of_a_line), test_of(colours_are_taken_out),
          test_of(a_server_says_what_it_supports))
