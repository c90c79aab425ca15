#include "announce/text.h"

#include "base/str.h"
#include "kit/kit.h"

#define LINK "http://plumb/c/01JD"

static struct change change_of(enum change_kind kind)
{
    struct change change = change_blank();
    change.kind = kind;
    change.service = "website";
    change.env = "production";
    change.by = "nora";
    change.rev = "4f2c1e9";
    change.start_ms = 1763837886000;
    change.end_ms = change.start_ms + 105000;
    change.status = STATUS_SUCCEEDED;
    return change;
}

static struct message message_of(const struct change *change, enum moment moment)
{
    return (struct message){.moment = moment,
                            .change = change,
                            .link = LINK,
                            .id = "01JD.end",
                            .thread = "",
                            .arena = &kit_arena};
}

static const char *say(const struct change *change, enum moment moment)
{
    const struct message message = message_of(change, moment);
    return text_line(&message, TEXT_PLAIN);
}

TEST(a_deploy_in_the_words_of_old)
{
    struct change change = change_of(CHANGE_DEPLOY);
    change.msg = "fix login";
    change.diff = "http://plumb/d/b4f2";
    EXPECT_TEXT(say(&change, MOMENT_START),
                "website PROD deploy started by nora: fix login (4f2c1e9) " LINK);
    EXPECT_TEXT(say(&change, MOMENT_END), "website PROD deployed by nora build: 4f2c1e9 took: 105 "
                                          "seconds diff: http://plumb/d/b4f2");
    change.diff = "";
    change.env = "staging";
    change.end_ms = change.start_ms;
    EXPECT_TEXT(say(&change, MOMENT_END), "website STAGING deployed by nora build: 4f2c1e9 " LINK);
    struct message message = message_of(&change, MOMENT_END);
    message.is_first = true;
    EXPECT_TEXT(text_line(&message, TEXT_PLAIN),
                "website STAGING deployed by nora build: 4f2c1e9: fix login " LINK);
    change.by = change.rev = change.msg = "";
    EXPECT_TEXT(say(&change, MOMENT_START), "website STAGING deploy started " LINK);
}

TEST(how_it_ended)
{
    static const struct {
        const char *row;
        enum change_status status;
        enum moment moment;
        const char *want;
    } rows[] = {
        {"failed", STATUS_FAILED, MOMENT_END,
         "website PROD deploy FAILED by nora build: 4f2c1e9 after: 105 seconds: oh " LINK},
        {"cancelled", STATUS_CANCELLED, MOMENT_END,
         "website PROD deploy cancelled by nora build: 4f2c1e9 after: 105 seconds: oh " LINK},
        {"lost", STATUS_UNKNOWN, MOMENT_END,
         "website PROD deploy ended, nobody said how by nora build: 4f2c1e9 after: 105 seconds: "
         "oh " LINK},
        {"failed after all", STATUS_FAILED, MOMENT_AGAIN,
         "website PROD deploy FAILED after all by nora build: 4f2c1e9 after: 105 seconds: "
         "oh " LINK},
        {"lost, and found", STATUS_SUCCEEDED, MOMENT_AGAIN,
         "website PROD deploy succeeded after all by nora build: 4f2c1e9 after: 105 seconds: "
         "oh " LINK},
    };
    EACH_ROW (rows, r) {
        struct change change = change_of(CHANGE_DEPLOY);
        change.status = r->status;
        change.msg = "oh";
        EXPECT_TEXT(say(&change, r->moment), r->want);
    }
    struct change change = change_of(CHANGE_DEPLOY);
    change.is_retracted = true;
    EXPECT_TEXT(say(&change, MOMENT_AGAIN),
                "website PROD deploy 4f2c1e9 by nora was retracted: it never was " LINK);
}

TEST(a_rollback_names_what_it_goes_back_to)
{
    struct change change = change_of(CHANGE_DEPLOY);
    change.action = "rollback";
    change.rev = "b81d002";
    change.prev = "4f2c1e9";
    EXPECT_TEXT(say(&change, MOMENT_START),
                "website PROD rollback started by nora (back to b81d002) " LINK);
    EXPECT_TEXT(say(&change, MOMENT_END),
                "website PROD rolled back to b81d002 from 4f2c1e9 by nora took: 105 seconds " LINK);
    change.rev = change.prev = "";
    change.of = "01JD9Q6X4T7M";
    EXPECT_TEXT(say(&change, MOMENT_END),
                "website PROD rolled back what 01JD9Q6X4T7M did by nora took: 105 seconds " LINK);
}

TEST(the_other_kinds)
{
    static const struct {
        const char *row;
        enum change_kind kind;
        enum moment moment;
        bool is_first, is_point;
        const char *want;
    } rows[] = {
        {"incident", CHANGE_INCIDENT, MOMENT_START, true, false,
         "INCIDENT opened website PROD by nora: text " LINK},
        {"incident over", CHANGE_INCIDENT, MOMENT_END, false, false,
         "incident closed website PROD after: 105 seconds by nora: text " LINK},
        {"third party", CHANGE_THIRDPARTY, MOMENT_START, true, false,
         "third party website PROD: text " LINK},
        {"third party over", CHANGE_THIRDPARTY, MOMENT_END, false, false,
         "third party website PROD is over after: 105 seconds: text " LINK},
        {"third party, a moment", CHANGE_THIRDPARTY, MOMENT_END, true, true,
         "third party website PROD: text " LINK},
        {"freeze", CHANGE_FREEZE, MOMENT_START, true, false,
         "FREEZE: nothing goes out to website PROD for: 105 seconds by nora: text " LINK},
        {"thaw", CHANGE_FREEZE, MOMENT_END, false, false,
         "freeze over for website PROD after: 105 seconds by nora: text " LINK},
        {"note", CHANGE_NOTE, MOMENT_END, true, true, "note on website PROD by nora: text " LINK},
        {"flag", CHANGE_FLAG, MOMENT_END, true, true,
         "website PROD flag new_cart changed from off to 50% by nora build: 4f2c1e9: text " LINK},
        {"config", CHANGE_CONFIG, MOMENT_END, false, true,
         "website PROD config changed from off to 50% by nora build: 4f2c1e9 " LINK},
    };
    EACH_ROW (rows, r) {
        struct change change = change_of(r->kind);
        struct tag tags[] = {{"flag", "new_cart"}};
        change.tags = tags;
        change.n_tags = 1;
        change.msg = "text";
        change.old_value = "off";
        change.new_value = "50%";
        if (r->is_point)
            change.end_ms = change.start_ms;
        struct message message = message_of(&change, r->moment);
        message.is_first = r->is_first;
        EXPECT_TEXT(text_line(&message, TEXT_PLAIN), r->want);
    }
    struct change note = change_blank();
    note.kind = CHANGE_NOTE;
    note.env = "production";
    note.msg = "hello";
    EXPECT_TEXT(say(&note, MOMENT_END), "note (over): hello " LINK);
    note.kind = CHANGE_FREEZE;
    EXPECT_TEXT(say(&note, MOMENT_START), "FREEZE: nothing goes out to any service: hello " LINK);
    note.end_ms = note.start_ms + 7200000; /* until then */
    EXPECT_TEXT(say(&note, MOMENT_START),
                "FREEZE: nothing goes out to any service for: 2 h 0 min: hello " LINK);
}

TEST(values_are_made_fit_for_where_they_go)
{
    static const struct {
        const char *row, *text, *plain, *markdown, *slack;
    } rows[] = {
        {"nothing to do", "fix login", "fix login", "fix login", "fix login"},
        {"lines and controls", "a\r\nb\x1b[1mc\x7f", "a  b [1mc ", "a  b \\[1mc ", "a  b [1mc "},
        {"C1",
         "a\xC2\x9B"
         "1mb",
         "a 1mb", "a 1mb", "a 1mb"},
        {"direction and lines",
         "a\xE2\x80\xAE"
         "b\xE2\x80\xA8"
         "c\xE2\x81\xA6"
         "d",
         "a b c d", "a b c d", "a b c d"},
        {"no UTF-8",
         "a\xFF"
         "b",
         "a?b", "a?b", "a?b"},
        {"everybody", "@here", "@here", "@\xE2\x80\x8Bhere", "@\xE2\x80\x8Bhere"},
        {"Slack's everybody", "<!channel>", "<!channel>", "\\<!channel\\>", "&lt;!channel&gt;"},
        {"Slack's and", "a&b", "a&b", "a&b", "a&amp;b"},
        {"markup", "*a* _b_ `c` [d](e) #f ~g~ |h| \\i", "*a* _b_ `c` [d](e) #f ~g~ |h| \\i",
         "\\*a\\* \\_b\\_ \\`c\\` \\[d\\](e) \\#f \\~g\\~ \\|h\\| \\\\i",
         "*a* _b_ `c` [d](e) #f ~g~ |h| \\i"},
        {"kept", "na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x9A\x80",
         "na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x9A\x80", "na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x9A\x80",
         "na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x9A\x80"},
    };
    EACH_ROW (rows, r) {
        EXPECT_TEXT(text_value(r->text, TEXT_PLAIN, 200, &kit_arena), r->plain);
        EXPECT_TEXT(text_value(r->text, TEXT_MARKDOWN, 200, &kit_arena), r->markdown);
        EXPECT_TEXT(text_value(r->text, TEXT_SLACK, 200, &kit_arena), r->slack);
    }
}

TEST(texts_are_cut_between_characters)
{
    EXPECT_TEXT(text_cut("abcdef", 6, &kit_arena), "abcdef");
    EXPECT_TEXT(text_cut("abcdefg", 6, &kit_arena), "abc\xE2\x80\xA6");
    EXPECT_TEXT(text_cut("ab\xE2\x82\xAC\xE2\x82\xAC", 6, &kit_arena), "ab\xE2\x80\xA6");
    for (size_t n = 0; n < 20; n++) {
        const char *text =
            text_cut("\xF0\x9F\x9A\x80\xF0\x9F\x9A\x80\xC3\xBC\xC3\xBC", n, &kit_arena);
        EXPECT(text_is_utf8(text, strlen(text)));
        EXPECT(strlen(text) <= max_size(n, 3));
    }
}

TEST(only_addresses_are_linked)
{
    EXPECT_TEXT(text_url("https://a.example/b?c=d&e#f", &kit_arena), "https://a.example/b?c=d&e#f");
    EXPECT_TEXT(text_url("http://a.example/x y>\n\"z\xC3\xBC", &kit_arena),
                "http://a.example/x%20y%3E%0A%22z%C3%BC");
    EXPECT_TEXT(text_url("javascript:alert(1)", &kit_arena), "");
    EXPECT_TEXT(text_url("", &kit_arena), "");
    struct change change = change_of(CHANGE_DEPLOY);
    change.diff = "https://git.example/a?b&c|d>";
    const struct message message = message_of(&change, MOMENT_END);
    EXPECT(strstr(text_line(&message, TEXT_SLACK), "diff: <https://git.example/a?b&amp;c%7Cd%3E>"));
    EXPECT(text_starts(text_line(&message, TEXT_SLACK), "*website* PROD deployed"));
    EXPECT(text_starts(text_line(&message, TEXT_MARKDOWN), "**website** PROD deployed"));
}

TEST(subjects_and_colours)
{
    static const struct {
        const char *row;
        enum change_kind kind;
        enum change_status status;
        enum moment moment;
        const char *subject;
        uint32_t colour;
    } rows[] = {
        {"end", CHANGE_DEPLOY, STATUS_SUCCEEDED, MOMENT_END, "website PROD 4f2c1e9 nora: succeeded",
         0x2EB67D},
        {"start", CHANGE_DEPLOY, STATUS_RUNNING, MOMENT_START, "website PROD 4f2c1e9 nora: started",
         0xE8A317},
        {"failed", CHANGE_DEPLOY, STATUS_FAILED, MOMENT_END, "website PROD 4f2c1e9 nora: failed",
         0xD72B3F},
        {"lost", CHANGE_DEPLOY, STATUS_UNKNOWN, MOMENT_END,
         "website PROD 4f2c1e9 nora: end not known", 0x868686},
        {"incident", CHANGE_INCIDENT, STATUS_RUNNING, MOMENT_START,
         "incident website PROD 4f2c1e9 nora: opened", 0xD72B3F},
        {"note", CHANGE_NOTE, STATUS_SUCCEEDED, MOMENT_END, "note website PROD 4f2c1e9 nora: noted",
         0x868686},
    };
    EACH_ROW (rows, r) {
        struct change change = change_of(r->kind);
        change.status = r->status;
        const struct message message = message_of(&change, r->moment);
        EXPECT_TEXT(text_subject(&message), r->subject);
        EXPECT_I64(text_colour(&message), r->colour);
    }
    struct change change = change_of(CHANGE_DEPLOY);
    change.rev = "0123456789abcdef0123456789abcdef01234567";
    const struct message message = message_of(&change, MOMENT_END);
    EXPECT_TEXT(text_subject(&message), "website PROD 0123456789ab nora: succeeded");
}

static struct verdict verdict_of(enum verdict_state state)
{
    static struct verdict_metric moved[] = {
        {.name = "php.warnings", .before = 1.2, .after = 44, .effect = 42.8, .since_s = 1763838060},
        {.name = "logins.ok",
         .direction = VERDICT_DOWN,
         .before = 412,
         .after = 284,
         .effect = -128}};
    static struct verdict_metric unmoved[] = {
        {.name = "logins.ok", .before = 1, .would_see = 0.04},
        {.name = "search.@p95", .before = 1, .would_see = 0.123}};
    struct verdict verdict = verdict_blank();
    verdict.stage = VERDICT_1H;
    verdict.state = state;
    verdict.n_checked = 42;
    verdict.moved = moved;
    verdict.unmoved = unmoved;
    verdict.n_unmoved = COUNT_OF(unmoved);
    return verdict;
}

TEST(what_it_did_to_the_metrics)
{
    struct change change = change_of(CHANGE_DEPLOY);
    struct verdict verdict = verdict_of(VERDICT_HARM);
    verdict.n_moved = 2;
    verdict.n_moved_more = 1;
    change.verdict = &verdict;
    EXPECT_TEXT(say(&change, MOMENT_VERDICT),
                "website 4f2c1e9 (nora): HARM, php.warnings x37 since 19:01 UTC, logins.ok -31% "
                "(3 of 42 moved) " LINK);
    struct message message = message_of(&change, MOMENT_VERDICT);
    EXPECT_TEXT(text_subject(&message), "website PROD 4f2c1e9 nora: HARM");
    EXPECT_I64(text_colour(&message), 0xD72B3F);
    EXPECT(text_is_harm(&message));
    EXPECT(text_starts(text_line(&message, TEXT_MARKDOWN), "**website** 4f2c1e9 (nora): HARM"));

    verdict = verdict_of(VERDICT_NO_HARM);
    change.env = "staging";
    EXPECT_TEXT(say(&change, MOMENT_VERDICT),
                "website STAGING 4f2c1e9 (nora): no harm after 1h: 42 metrics, would have seen 4% "
                "on logins.ok, 12% on search.@p95 " LINK);
    message.before = VERDICT_HARM;
    change.env = "production";
    verdict.n_unmoved = 1;
    EXPECT_TEXT(text_line(&message, TEXT_PLAIN),
                "website 4f2c1e9 (nora): revised: no harm after 1h: 42 metrics, would have seen 4% "
                "on logins.ok " LINK);
    EXPECT_I64(text_colour(&message), 0x2EB67D);
    message.before = VERDICT_PENDING;
    message.now_ms = change.end_ms + 5 * 3600 * 1000;
    EXPECT(text_starts(text_line(&message, TEXT_PLAIN),
                       "website 4f2c1e9 (nora) of 18:59 UTC: no harm"));
    message.now_ms = change.end_ms + 25 * 3600 * 1000;
    EXPECT(text_starts(text_line(&message, TEXT_PLAIN),
                       "website 4f2c1e9 (nora) of 2025-11-22 18:59 UTC: no harm"));

    const char *reasons[] = {"Too little traffic:\nno metric had 10 events."};
    verdict = verdict_of(VERDICT_CANNOT_TELL);
    verdict.reasons = reasons;
    verdict.n_reasons = 1;
    change.rev = change.by = change.service = "";
    EXPECT_TEXT(say(&change, MOMENT_VERDICT),
                "deploy: cannot tell after 1h: Too little traffic: no metric had 10 events. " LINK);
    verdict.n_reasons = verdict.n_unmoved = 0;
    verdict.n_checked = 1;
    EXPECT_TEXT(say(&change, MOMENT_VERDICT), "deploy: cannot tell after 1h: 1 metric " LINK);
}

TEST(how_long_it_took)
{
    EXPECT_TEXT(text_took(400, &kit_arena), "0 seconds");
    EXPECT_TEXT(text_took(1000, &kit_arena), "1 second");
    EXPECT_TEXT(text_took(599000, &kit_arena), "599 seconds");
    EXPECT_TEXT(text_took(600000, &kit_arena), "10 minutes");
    EXPECT_TEXT(text_took(7500000, &kit_arena), "2 h 5 min");
}

RUN_TESTS(test_of(what_it_did_to_the_metrics), test_of(a_deploy_in_the_words_of_old),
          test_of(how_it_ended), test_of(a_rollback_names_what_it_goes_back_to),
          test_of(the_other_kinds), test_of(values_are_made_fit_for_where_they_go),
          test_of(texts_are_cut_between_characters), test_of(only_addresses_are_linked),
          test_of(subjects_and_colours), test_of(how_long_it_took))
