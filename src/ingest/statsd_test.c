#include "ingest/statsd.h"

#include "base/buf.h"

#include "kit/kit.h"

/* "name type value xWEIGHT @TIME" of each value, "; " between them; "!fate" for one that is refused. */
static const char *read_line(const char *text)
{
    static const char *const types[] = {"c", "g", "g+", "ms", "s"};
    static const char *const fates[] = {"ok",       "name", "fields", "value",
                                        "infinite", "rate", "time"};
    struct statsd_line line;
    struct statsd_sample sample;
    struct buf out;
    buf_init(&out, 1 << 16);
    enum statsd_fate fate = statsd_begin(&line, str_of(text));
    if (fate != STATSD_OK) {
        buf_printf(&out, "!%s %s", fates[fate], name_fault_text(line.fault));
    } else {
        while (statsd_next(&line, &sample, &fate)) {
            buf_add_str(&out, out.n > 0 ? "; " : "");
            if (fate != STATSD_OK) {
                buf_printf(&out, "!%s", fates[fate]);
                continue;
            }
            buf_printf(&out, STR_FMT " %s ", STR_ARG(line.key), types[sample.type]);
            if (sample.type == STATSD_SET)
                buf_add(&out, sample.member.at, sample.member.n);
            else
                buf_add_f64(&out, sample.value);
            if (sample.weight != 1) {
                buf_add_str(&out, " x");
                buf_add_f64(&out, sample.weight);
            }
            if (sample.at_s != 0)
                buf_printf(&out, " @%lld", (long long)sample.at_s);
        }
    }
    const char *copy = arena_strdup(&kit_arena, buf_text(&out));
    buf_done(&out);
    return copy;
}

TEST(reads_etsys_lines)
{
    static const struct {
        const char *row, *line, *want;
    } rows[] = {
        {"counter", "web.hits:1|c", "web.hits c 1.0"},
        {"counter, less", "web.hits:-2.5|c", "web.hits c -2.5"},
        {"sample rate", "web.hits:1|c|@0.1", "web.hits c 1.0 x10.0"},
        {"gauge", "disk:333|g", "disk g 333.0"},
        {"gauge, more", "disk:+4|g", "disk g+ 4.0"},
        {"gauge, less", "disk:-10|g", "disk g+ -10.0"},
        {"timer", "render:320|ms", "render ms 320.0"},
        {"timer, sampled", "render:320|ms|@0.25", "render ms 320.0 x4.0"},
        {"set", "users:765|s", "users s 765"},
        {"set of what is empty", "users:|s", "users s 0"},
        {"several values of one name", "a:1|c:2|g:3|ms", "a c 1.0; a g 2.0; a ms 3.0"},
        {"carriage return", "a:1|c\r", "a c 1.0"},
        {"blanks about the number", "a: 5 |c", "a c 5.0"},
        {"a type of nobody's is a counter", "a:1|x", "a c 1.0"},
        {"no type but a bar", "a:1|", "a c 1.0"},
        {"more fields than Etsy knows", "a:1|c|@1|z", "a c 1.0"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(read_line(r->line), r->want);
}

TEST(cleans_names)
{
    static const struct {
        const char *row, *line, *want;
    } rows[] = {
        {"blanks", "a \t b:1|c", "a_b c 1.0"},
        {"slashes", "a/b:1|c", "a-b c 1.0"},
        {"all else is dropped", "a(b)%c\xC3\xA9:1|c", "abc c 1.0"},
        {"empty nodes", ".a..b.:1|c", "a.b c 1.0"},
        {"tags in the name", "a;z=1;b=2:1|c", "a;b=2;z=1 c 1.0"},
        {"nothing left", "%%:1|c", "!name empty name"},
        {"no name", ":1|c", "!name empty name"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(read_line(r->line), r->want);
}

TEST(reads_dogstatsds_lines)
{
    static const struct {
        const char *row, *line, *want;
    } rows[] = {
        {"tags", "a:1|c|#z:1,b:2", "a;b=2;z=1 c 1.0"},
        {"rate and tags", "a:1|c|@0.5|#b:2", "a;b=2 c 1.0 x2.0"},
        {"tags and rate", "a:1|c|#b:2|@0.5", "a;b=2 c 1.0 x2.0"},
        {"a tag without a value", "a:1|c|#blue", "a;blue=true c 1.0"},
        {"a tag whose value is empty", "a:1|c|#b:,c:1", "a;c=1 c 1.0"},
        {"empty tags", "a:1|c|#,,", "a c 1.0"},
        {"no tags", "a:1|c|#", "a c 1.0"},
        {"a colon in a value", "a:1|c|#url:http://x/y z", "a;url=http--x-y_z c 1.0"},
        {"histogram", "a:-1|h", "a ms -1.0"},
        {"distribution", "a:2|d", "a ms 2.0"},
        {"several values of one type", "a:1:2:3|d|@0.5|#b:2",
         "a;b=2 ms 1.0 x2.0; a;b=2 ms 2.0 x2.0; a;b=2 ms 3.0 x2.0"},
        {"time", "a:1|c|T1656581400", "a c 1.0 @1656581400"},
        {"tags and time", "a:1|g|#b:2|T1656581400", "a;b=2 g 1.0 @1656581400"},
        {"container", "a:1|c|c:ci-abc|@0.5", "a c 1.0 x2.0"},
        {"container after tags", "a:1|c|#b:2|c:in-1:2", "a;b=2 c 1.0"},
        {"external data", "a:1|c|e:it-false,cn-x:1", "a c 1.0"},
        {"a hash in a set", "a:x#y|s", "a s x#y"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(read_line(r->line), r->want);
}

TEST(refuses_what_it_cannot_read)
{
    static const struct {
        const char *row, *line, *want;
    } rows[] = {
        {"no colon", "hello", "!fields"},
        {"no type", "a:1", "!fields"},
        {"no type, twice", "a:1:2", "!fields; !fields"},
        {"nothing after a colon", "a:1|c:", "a c 1.0; !fields"},
        {"no value", "a:|c", "!value"},
        {"no number", "a:x|c", "!value"},
        {"not a number", "a:nan|g", "!value"},
        {"infinite", "a:inf|g", "!infinite"},
        {"too large", "a:1e308|c|@0.01", "!infinite"},
        {"a negative time", "a:-1|ms", "!value"},
        {"an empty rate", "a:1|c|", "!rate"},
        {"rate of nothing", "a:1|c|@", "!rate"},
        {"rate of zero", "a:1|c|@0", "!rate"},
        {"rate below zero", "a:1|c|@-0.1", "!rate"},
        {"no rate", "a:1|c|0.1", "!rate"},
        {"bad, then good", "a:1|c|x:2|c", "!rate; a c 2.0"},
        {"good in between", "a:x|c:2|c:3", "!value; a c 2.0; !fields"},
        {"time in words", "a:1|c|Tnow", "!time"},
        {"milliseconds", "a:1|c|T1656581400000", "!time"},
        {"no tag key", "a:1|c|#:x,b:1", "a;b=1 c 1.0"},
        {"a tag that cleans to nothing", "a:1|c|#%:x", "!name bad tag"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(read_line(r->line), r->want);
}

TEST(names_and_tags_have_limits)
{
    struct buf text;
    buf_init(&text, 1 << 16);
    for (int i = 0; i < STATSD_KEY_MAX; i++)
        buf_add_char(&text, 'x');
    buf_add_str(&text, ":1|c");
    EXPECT(str_ends(str_of(read_line(text.at)), "x c 1.0"));
    EXPECT(str_starts(str_of(read_line(arena_printf(&kit_arena, "x%s", text.at))), "!name"));
    buf_clear(&text);
    buf_add_str(&text, "a:1|c|#");
    for (int i = 0; i < NAME_TAGS_MAX; i++)
        buf_printf(&text, "t%d,", i);
    EXPECT(str_ends(str_of(read_line(text.at)), " c 1.0"));
    EXPECT(str_starts(str_of(read_line(arena_printf(&kit_arena, "%smore", text.at))), "!name"));
    buf_done(&text);
}

TEST(changes_keep_their_tags_as_sent)
{
    EXPECT_TEXT(read_line("events.deploy.my site:1|c|#by:nora@example.org,url:http://x/y,a;b:c d"),
                "events.deploy.my_site;a_b=c_d;by=nora@example.org;url=http://x/y c 1.0");
    EXPECT_TEXT(read_line("events.party.site:1|c|#by:nora@example.org"),
                "events.party.site;by=noraexample.org c 1.0");
}

TEST(tells_events_and_checks_apart)
{
    EXPECT_I64(statsd_kind(str_of("_e{1,1}:a|b")), STATSD_EVENT);
    EXPECT_I64(statsd_kind(str_of("_sc|db|0")), STATSD_CHECK);
    EXPECT_I64(statsd_kind(str_of("_sc:1|c")), STATSD_METRIC);
    EXPECT_I64(statsd_kind(str_of("a:1|c")), STATSD_METRIC);
    EXPECT_I64(statsd_kind(str_make("", 0)), STATSD_METRIC);
}

RUN_TESTS(test_of(reads_etsys_lines), test_of(cleans_names), test_of(reads_dogstatsds_lines),
          test_of(refuses_what_it_cannot_read), test_of(names_and_tags_have_limits),
          test_of(changes_keep_their_tags_as_sent), test_of(tells_events_and_checks_apart))
