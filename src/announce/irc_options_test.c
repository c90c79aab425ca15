#include "announce/irc_options.h"

#include "kit/kit.h"
#include "os/file.h"

static bool read_text(const char *keys, struct irc_options *out)
{
    const char *text = arena_printf(&kit_arena, "[announce ops]\n%s\n", keys);
    struct ini ini;
    EXPECT_OK(ini_parse("plumb.conf", text, strlen(text), &kit_arena, &ini, &kit_err));
    return irc_options_read(&ini.sections[0], &kit_arena, out, &kit_err);
}
#define LEAST "server = irc.example.org\nchannel = #ops\n"

TEST(the_least_is_a_server_and_a_channel)
{
    struct irc_options options;
    EXPECT(read_text(LEAST, &options));
    EXPECT_TEXT(options.peer.server, "irc.example.org:6697");
    EXPECT(options.peer.has_tls);
    EXPECT_TEXT(options.session.nick, "plumb");
    EXPECT_I64(options.session.n_rooms, 1);
    EXPECT_TEXT(options.session.rooms[0].name, "#ops");
    EXPECT_TEXT(options.session.rooms[0].key, "");
    EXPECT(!options.has_topic && options.has_commands);
}

TEST(every_key_is_read)
{
    struct irc_options options;
    const char *secret = kit_path(kit_temp_dir(), "secret");
    EXPECT_OK(file_replace(secret, "pass word\n", 10, &kit_err));
    const char *keys =
        arena_printf(&kit_arena,
                     "server = [::1]:7000\ntls = on\nca = %s\nchannels = #ops k, dev\nkey = all\n"
                     "nick = bot\nuser = b\npassword = pw\nsasl-user = u\nsasl-password = file:%s\n"
                     "train = website\ntopic = off\ncommands = off",
                     secret, secret);
    EXPECT(read_text(keys, &options));
    EXPECT_TEXT(options.peer.server, "[::1]:7000");
    EXPECT_TEXT(options.peer.ca_file, secret);
    EXPECT_I64(options.session.n_rooms, 2);
    EXPECT_TEXT(options.session.rooms[0].key, "k");
    EXPECT_TEXT(options.session.rooms[1].name, "#dev");
    EXPECT_TEXT(options.session.rooms[1].key, "all");
    EXPECT_TEXT(options.session.nick, "bot");
    EXPECT_TEXT(options.session.user, "b");
    EXPECT_TEXT(options.session.password, "pw");
    EXPECT_TEXT(options.session.sasl_password, "pass word");
    EXPECT_TEXT(options.train, "website");
    EXPECT(!options.has_topic && !options.has_commands);
    EXPECT(read_text(LEAST "train = website\ntls = off", &options));
    EXPECT(options.has_topic);
    EXPECT_TEXT(options.peer.server, "irc.example.org:6667");
}

TEST(what_is_wrong_is_named_by_its_key)
{
    static const struct {
        const char *row, *keys, *why;
    } rows[] = {
        {"no server", "channel = #ops", "server: is missing"},
        {"bad server", "channel = #ops\nserver = a/b:1", "server: 'a/b:1' is no server"},
        {"no channel", "server = a", "channel: is missing"},
        {"both", LEAST "channels = #a", "channel: there is channels, too"},
        {"bad channel", "server = a\nchannel = #ops k :x", "channel: '#ops k :x' is no channel"},
        {"empty channel", "server = a\nchannels = #a,,#b", "channel: '' is no channel"},
        {"many", "server = a\nchannels = a,b,c,d,e", "channels: at most 4"},
        {"tls", LEAST "tls = yes", "tls: 'yes' is neither on nor off"},
        {"no ca", LEAST "ca = /none/such", "ca: there is no file '/none/such'"},
        {"ca without tls", LEAST "tls = off\nca = /etc/hosts", "ca: means nothing"},
        {"nick", LEAST "nick = 1bot", "nick: '1bot' is no nick"},
        {"nick in two", LEAST "nick = a b", "nick: 'a b'"},
        {"half of sasl", LEAST "sasl-user = u", "go together"},
        {"sasl in the clear", LEAST "tls = off\nsasl-user = u\nsasl-password = p", "in the clear"},
        {"secret file", LEAST "password = file:/none/such",
         "password: '/none/such' does not exist"},
        {"topic without train", LEAST "topic = on", "topic: which train"},
        {"commands", LEAST "commands = maybe", "commands: 'maybe' is neither"},
    };
    EACH_ROW (rows, r) {
        struct irc_options options;
        EXPECT_ERR(read_text(r->keys, &options), ERR_INPUT, r->why);
    }
    struct irc_options options;
    EXPECT(read_text("server = 127.0.0.1\nchannel = #a\ntls = off\nsasl-user = u\n"
                     "sasl-password = p",
                     &options));
}

RUN_TESTS(test_of(the_least_is_a_server_and_a_channel), test_of(every_key_is_read),
          test_of(what_is_wrong_is_named_by_its_key))
