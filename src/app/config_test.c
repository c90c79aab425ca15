#include "app/config.h"

#include "kit/kit.h"
#include "os/file.h"

enum { ARGS_MAX = 12 };

/* Reads "serve" and the given words. */
static bool read_words(const char *const words[ARGS_MAX], struct config *out)
{
    char *argv[ARGS_MAX + 1];
    int argc = 0;
    argv[argc++] = arena_strdup(&kit_arena, "serve");
    for (size_t i = 0; i < ARGS_MAX && words[i]; i++)
        argv[argc++] = arena_strdup(&kit_arena, words[i]);
    return config_read(argc, argv, &kit_arena, out, &kit_err);
}

static const char *conf(const char *text)
{
    const char *path = kit_path(kit_temp_dir(), "plumb.conf");
    EXPECT_OK(file_replace(path, text, strlen(text), &kit_err));
    return path;
}

TEST(has_defaults)
{
    struct config config;
    EXPECT_OK(read_words((const char *const[ARGS_MAX]){NULL}, &config));
    EXPECT_TEXT(config.http, "127.0.0.1:2010");
    EXPECT_TEXT(config.line, "127.0.0.1:2003");
    EXPECT_TEXT(config.pickle, "127.0.0.1:2004");
    EXPECT_TEXT(config.statsd, "127.0.0.1:8125");
    EXPECT_I64(config.statsd_interval_s, 10);
    EXPECT_TEXT(config.statsd_percents, "90");
    EXPECT_TEXT(config.statsd_delete_idle, "off");
    EXPECT_TEXT(config.collect_host, "on");
    EXPECT_TEXT(config.events, "all");
    EXPECT_TEXT(config.cors, "");
    EXPECT_I64(config.fsync_interval_ms, 1000);
}

TEST(nobody_is_let_in_unless_told)
{
    struct config config;
    EXPECT_OK(read_words((const char *const[ARGS_MAX]){NULL}, &config));
    EXPECT_TEXT(config.trust_loopback, "on");
    EXPECT_TEXT(config.open_read, "off");
    EXPECT_TEXT(config.line_allow, "");
    EXPECT_TEXT(config.line_changes, "on");
    EXPECT_TEXT(config.url, "");
    const char *path =
        conf("[serve]\nurl = https://plumb.example/x\n[security]\nopen-read = yes\n"
             "trust-loopback = off\nline-allow = 10.0.0.0/8, ::1\nline-changes = 0\n");
    EXPECT_OK(read_words((const char *const[ARGS_MAX]){"--config", path}, &config));
    EXPECT_TEXT(config.trust_loopback, "off");
    EXPECT_TEXT(config.open_read, "on");
    EXPECT_TEXT(config.line_allow, "10.0.0.0/8, ::1");
    EXPECT_TEXT(config.line_changes, "off");
    EXPECT_TEXT(config.url, "https://plumb.example/x");
}

TEST(a_flag_beats_the_file)
{
    const char *path = conf("[serve]\nhttp = :80\nline: off\n[collect]\nhost = no\n"
                            "[graphite]\nevents = posted\n"
                            "[http]\ncors = https://grafana.example:3000\n");
    struct config config;
    EXPECT_OK(read_words(
        (const char *const[ARGS_MAX]){"--http=:90", "--config", path, "--data", "d"}, &config));
    EXPECT_TEXT(config.http, ":90");
    EXPECT_TEXT(config.line, "off");
    EXPECT_TEXT(config.collect_host, "off");
    EXPECT_TEXT(config.events, "posted");
    EXPECT_TEXT(config.cors, "https://grafana.example:3000");
    EXPECT_TEXT(config.data, "d");
}

TEST(bad_input_says_where_and_what)
{
    static const struct {
        const char *row, *text, *part, *hint;
    } rows[] = {
        {"no range", "[security]\nline-allow = 10.0.0.0/8 lan\n",
         "plumb.conf:2: line-allow: 'lan' is no range", "192.0.2.7"},
        {"no address", "[serve]\nurl = plumb.example\n", "plumb.conf:2: url = 'plumb.example'", ""},
        {"no switch", "[security]\nopen-read = maybe\n", "neither on nor off", ""},
        {"unknown key", "[serve]\nhttpp = 1\n", "plumb.conf:2: [serve] has no key 'httpp'",
         "'http'"},
        {"unknown section", "[server]\n", "no section [server]", ""},
        {"bad switch", "[collect]\n\nhost = maybe\n", "plumb.conf:3: host = 'maybe'", ""},
        {"bad number", "[serve]\nthreads = many\n", "whole number", ""},
        {"number too large", "[query]\nmax-time = 9223372036854775807\n", "more than", ""},
        {"bad choice", "[graphite]\nevents = some\n", "neither all nor posted", ""},
        {"no address of ours", "[serve]\nurl = plumb.example\n",
         "no address such as https://plumb.example", ""},
        {"no origin", "[http]\ncors = grafana.example\n", "neither * nor an origin", ""},
        {"an origin and a path", "[http]\ncors = https://grafana.example/d\n", "cors", ""},
        {"two origins", "[http]\ncors = http://a, http://b\n", "cors", ""},
        {"no flushes", "[statsd]\nflush-interval = off\n", "a time such as 10s", ""},
        {"a flush a day", "[statsd]\nflush-interval = 1d\n", "at most 1h", ""},
        {"a share of nothing", "[statsd]\npercent-threshold = 90, 0\n", "list of at most 8", ""},
        {"a share of too much", "[statsd]\npercent-threshold = 101\n", "list of at most 8", ""},
        {"shares in words", "[statsd]\npercent-threshold = most\n", "list of at most 8", ""},
        {"too many shares", "[statsd]\npercent-threshold = 1,2,3,4,5,6,7,8,9\n",
         "list of at most 8", ""},
        {"no section", "http = 1\n", "plumb.conf:1", ""},
    };
    EACH_ROW (rows, r) {
        struct config config;
        const char *path = conf(r->text);
        EXPECT_ERR(read_words((const char *const[ARGS_MAX]){"--config", path}, &config), ERR_INPUT,
                   r->part);
        EXPECT(strstr(kit_err.hint, r->hint) != NULL);
    }
}

TEST(percents_are_a_list)
{
    double percents[3];
    size_t n = 0;
    EXPECT(config_percents(" 90, 99.9,-10", percents, 3, &n));
    EXPECT_I64(n, 3);
    EXPECT_F64(percents[1], 99.9, 0);
    EXPECT_F64(percents[2], -10, 0);
    EXPECT(!config_percents("", percents, 3, &n));
    EXPECT(!config_percents("90,,1", percents, 3, &n));
}

TEST(bad_flags_are_named)
{
    struct config config;
    EXPECT_ERR(read_words((const char *const[ARGS_MAX]){"--dat", "x"}, &config), ERR_INPUT,
               "no flag --dat");
    EXPECT_TEXT(kit_err.hint, "did you mean --data?");
    EXPECT_ERR(read_words((const char *const[ARGS_MAX]){"--data"}, &config), ERR_INPUT,
               "--data needs a value");
    EXPECT_ERR(read_words((const char *const[ARGS_MAX]){"now"}, &config), ERR_INPUT, "'now'");
    EXPECT_ERR(read_words((const char *const[ARGS_MAX]){"--threads", "-1"}, &config), ERR_INPUT,
               "--threads");
    EXPECT_ERR(read_words((const char *const[ARGS_MAX]){"--config", "/nowhere"}, &config),
               ERR_MISSING, "/nowhere");
}

RUN_TESTS(test_of(has_defaults), test_of(nobody_is_let_in_unless_told),
          test_of(a_flag_beats_the_file), test_of(bad_input_says_where_and_what),
          test_of(percents_are_a_list), test_of(bad_flags_are_named))
