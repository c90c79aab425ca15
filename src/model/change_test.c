#include "model/change.h"

#include "kit/kit.h"

#define AT_MS  INT64_C(1763837886123)
#define NOW_MS INT64_C(1763837892000)

static struct change from_line(const char *name, double value)
{
    struct change change = change_blank();
    bool is_nothing = true;
    EXPECT_OK(
        change_from_line(str_of(name), value, AT_MS, &kit_arena, &change, &is_nothing, &kit_err));
    EXPECT(!is_nothing);
    return change;
}

static const char *tag_of(const struct change *change, const char *key)
{
    for (size_t i = 0; i < change->n_tags; i++) {
        if (strcmp(change->tags[i].key, key) == 0)
            return change->tags[i].value;
    }
    return "(none)";
}

TEST(kinds_and_statuses_have_names)
{
    for (int kind = 0; kind < CHANGE_KINDS; kind++) {
        enum change_kind got;
        EXPECT(change_kind_parse(str_of(change_kind_name((enum change_kind)kind)), &got));
        EXPECT_I64(got, kind);
    }
    for (int status = 0; status < CHANGE_STATUSES; status++) {
        enum change_status got;
        EXPECT(change_status_parse(change_status_name((enum change_status)status), &got));
        EXPECT_I64(got, status);
    }
    enum change_kind kind;
    enum change_status status;
    EXPECT(!change_kind_parse(str_of("Deploy"), &kind));
    EXPECT(!change_kind_parse(str_of(""), &kind));
    EXPECT(change_status_parse("canceled", &status));
    EXPECT_I64(status, STATUS_CANCELLED);
    EXPECT(!change_status_parse("done", &status));
}

TEST(tells_change_lines_from_metrics)
{
    static const struct {
        const char *row, *name;
        bool want;
    } rows[] = {
        {"Etsy's line", "events.deploy.website", true},
        {"longer service", "events.config.web.checkout", true},
        {"tags", "events.deploy.website;env=prod", true},
        {"every kind", "events.thirdparty.stripe", true},
        {"unknown kind", "events.login.website", false},
        {"beginning of a kind", "events.deploys.website", false},
        {"no service", "events.deploy", false},
        {"empty service", "events.deploy.", false},
        {"no service but tags", "events.deploy.;env=prod", false},
        {"dot only in a tag", "events.deploy;v=1.2", false},
        {"upper case", "Events.deploy.website", false},
        {"something before", "x.events.deploy.website", false},
        {"alone", "events.", false},
        {"empty", "", false},
    };
    EACH_ROW (rows, r)
        EXPECT_I64(change_name_is(str_of(r->name)), r->want);
}

TEST(a_line_becomes_a_point)
{
    const struct change change = from_line("events.deploy.website", 1.0);
    EXPECT_I64(change.kind, CHANGE_DEPLOY);
    EXPECT_TEXT(change.service, "website");
    EXPECT_TEXT(change.env, "production");
    EXPECT_TEXT(change.action, "");
    EXPECT_TEXT(change.source, "line");
    EXPECT_I64(change.start_ms, AT_MS);
    EXPECT_I64(change.end_ms, AT_MS);
    EXPECT_I64(change.status, STATUS_SUCCEEDED);
    EXPECT_F64(change.value, 1.0, 0.0);
    EXPECT_I64(change.n_tags, 0);
    EXPECT(!change.is_posted);
}

TEST(tags_fill_the_fields)
{
    const struct change change =
        from_line("events.deploy.web.checkout;env=prod;rev=4f2c1e9;prev=b81d002;by=nora;msg=fix;"
                  "url=https://ci/1;diff=https://git/2;team=accounts;key=k1;old=a;new=b;"
                  "action=upgrade;parent=p;of=o;status=failed",
                  1.0);
    EXPECT_TEXT(change.service, "web.checkout");
    EXPECT_TEXT(change.env, "prod");
    EXPECT_TEXT(change.rev, "4f2c1e9");
    EXPECT_TEXT(change.prev, "b81d002");
    EXPECT_TEXT(change.by, "nora");
    EXPECT_TEXT(change.msg, "fix");
    EXPECT_TEXT(change.url, "https://ci/1");
    EXPECT_TEXT(change.diff, "https://git/2");
    EXPECT_TEXT(change.key, "k1");
    EXPECT_TEXT(change.old_value, "a");
    EXPECT_TEXT(change.new_value, "b");
    EXPECT_TEXT(change.action, "upgrade");
    EXPECT_TEXT(change.parent, "p");
    EXPECT_TEXT(change.of, "o");
    EXPECT_I64(change.status, STATUS_FAILED);
    EXPECT_I64(change.end_ms, AT_MS);
    EXPECT_I64(change.n_tags, 1);
    EXPECT_TEXT(tag_of(&change, "team"), "accounts");
}

TEST(fields_that_are_ours_cannot_be_sent_as_tags)
{
    const struct change change =
        from_line("events.deploy.web;id=x;source=y;service=z;scope=s", 1.0);
    EXPECT_TEXT(change.id, "");
    EXPECT_TEXT(change.source, "line");
    EXPECT_TEXT(change.service, "web");
    EXPECT_TEXT(change.scope, "");
    EXPECT_I64(change.n_tags, 4);
}

TEST(the_value_says_what_happened)
{
    EXPECT_TEXT(from_line("events.deploy.web", -1.0).action, "rollback");
    EXPECT_F64(from_line("events.deploy.web", -1.0).value, -1.0, 0.0);
    EXPECT_TEXT(from_line("events.deploy.web;action=upgrade", -1.0).action, "rollback");
    EXPECT_F64(from_line("events.deploy.web", 3.5).value, 3.5, 0.0);
    EXPECT_TEXT(from_line("events.deploy.web", 3.5).action, "");

    struct change change = {.seq = 77};
    bool is_nothing = false;
    EXPECT_OK(change_from_line(str_of("events.deploy.web"), 0.0, AT_MS, &kit_arena, &change,
                               &is_nothing, &kit_err));
    EXPECT(is_nothing);
    EXPECT_I64(change.seq, 77);
}

TEST(a_line_may_open_a_change)
{
    EXPECT_I64(from_line("events.deploy.web;status=running", 1.0).end_ms, 0);
    EXPECT_I64(from_line("events.deploy.web;status=planned", 1.0).end_ms, 0);
    EXPECT_I64(from_line("events.deploy.web;status=cancelled", 1.0).end_ms, AT_MS);
}

TEST(refuses_bad_lines)
{
    static const struct {
        const char *row, *name;
        double value;
        const char *why;
    } rows[] = {
        {"bad character in the service", "events.deploy.web%20site", 1.0, "service 'web%20site'"},
        {"service past ASCII", "events.deploy.h\xC3\xB6he", 1.0, "service"},
        {"service of dots after cleaning", "events.deploy..", 1.0, "is not events."},
        {"service of slashes", "events.note.//", 1.0, "has no service"},
        {"unknown status", "events.deploy.web;status=great", 1.0, "status 'great'"},
        {"bad tag", "events.deploy.web;k", 1.0, "bad tag"},
        {"not a change", "web.logins", 1.0, "is not events.<kind>.<service>"},
        {"not a number", "events.deploy.web", NAN, "value"},
        {"infinite", "events.deploy.web", INFINITY, "value"},
    };
    EACH_ROW (rows, r) {
        struct change change;
        bool is_nothing;
        EXPECT_ERR(change_from_line(str_of(r->name), r->value, AT_MS, &kit_arena, &change,
                                    &is_nothing, &kit_err),
                   ERR_INPUT, r->why);
    }
}

TEST(the_series_name_comes_back)
{
    static const struct {
        const char *row, *line, *want;
    } rows[] = {
        {"one node", "events.deploy.website", "events.deploy.website"},
        {"more nodes", "events.deploy.web.checkout", "events.deploy.web.checkout"},
        {"tags are left out", "events.flag.cart;env=prod", "events.flag.cart"},
        {"other characters", "events.infra.db-1_x", "events.infra.db-1_x"},
        {"double dots", "events.deploy.web..checkout", "events.deploy.web.checkout"},
        {"lower-cased", "events.deploy.WebSite", "events.deploy.website"},
        {"slash", "events.deploy.web/checkout", "events.deploy.web.checkout"},
    };
    EACH_ROW (rows, r) {
        const struct change change = from_line(r->line, 1.0);
        EXPECT_TEXT(change_series_name(&change, &kit_arena), r->want);
        EXPECT(change_name_is(str_of(r->want)));
    }
    struct change change = change_blank();
    change.service = "web/checkout//";
    EXPECT_TEXT(change_series_name(&change, &kit_arena), "events.deploy.web.checkout");
    change.service = "";
    EXPECT_TEXT(change_series_name(&change, &kit_arena), "");
}

static struct change checkable(void)
{
    struct change change = change_blank();
    change.service = "website";
    change.start_ms = AT_MS;
    return change;
}

TEST(tells_units_of_time_apart)
{
    static const struct {
        const char *row;
        int64_t raw, want;
    } rows[] = {
        {"seconds", 1763837886, INT64_C(1763837886000)},
        {"milliseconds", AT_MS, AT_MS},
        {"microseconds", INT64_C(1763837886123456), AT_MS},
        {"nanoseconds", INT64_C(1763837886123456789), AT_MS},
        {"first second of 2000", 946684800, INT64_C(946684800000)},
        {"last second of 32 bits", INT64_C(4294967295), INT64_C(4294967295000)},
        {"not known: now", 0, NOW_MS},
    };
    EACH_ROW (rows, r) {
        struct change change = checkable();
        change.start_ms = r->raw;
        EXPECT_OK(change_check(&change, NOW_MS, &kit_arena, &kit_err));
        EXPECT_I64(change.start_ms, r->want);
        EXPECT_I64(change.received_ms, NOW_MS);
        EXPECT_OK(change_check(&change, NOW_MS + 5, &kit_arena, &kit_err));
        EXPECT_I64(change.start_ms, r->want);
        EXPECT_I64(change.received_ms, NOW_MS);
    }
}

TEST(refuses_times_that_cannot_be)
{
    static const struct {
        const char *row;
        int64_t start, end;
        const char *why;
    } rows[] = {
        {"before 2000", 946684799, 0, "start 946684799 is not between"},
        {"before 2000 in ms", INT64_C(946684799999), 0, "start"},
        {"negative", -5, 0, "start -5"},
        {"most negative", INT64_MIN, 0, "start"},
        {"after 2106", INT64_C(4294967296), 0, "start"},
        {"largest", INT64_MAX, 0, "start"},
        {"end before 2000", AT_MS, 1, "end 1"},
        {"end before start", AT_MS, AT_MS - 1000, "end is before start"},
    };
    EACH_ROW (rows, r) {
        struct change change = checkable();
        change.start_ms = r->start;
        change.end_ms = r->end;
        EXPECT_ERR(change_check(&change, NOW_MS, &kit_arena, &kit_err), ERR_INPUT, r->why);
        EXPECT_I64(change.start_ms, r->start);
    }
}

TEST(ends_fit_their_starts)
{
    struct change change = checkable();
    change.end_ms = AT_MS / 1000; /* in seconds: lies 123 ms before the start */
    EXPECT_OK(change_check(&change, NOW_MS, &kit_arena, &kit_err));
    EXPECT_I64(change.end_ms, AT_MS);
    change = checkable();
    change.start_ms = 0;
    change.end_ms = AT_MS;
    EXPECT_OK(change_check(&change, NOW_MS, &kit_arena, &kit_err));
    EXPECT_I64(change.start_ms, AT_MS);
    change = checkable();
    EXPECT_OK(change_check(&change, NOW_MS, &kit_arena, &kit_err));
    EXPECT_I64(change.end_ms, 0);
}

TEST(checks_the_service)
{
    static const struct {
        const char *row, *service, *want; /* NULL: refused */
    } rows[] = {
        {"plain", "website", "website"},
        {"lower-cased", "Web/CheckOut", "web/checkout"},
        {"every sign", "a-b_c.d/e9", "a-b_c.d/e9"},
        {"ends", "/web/.", "web"},
        {"blank", "web site", NULL},
        {"past ASCII", "h\xC3\xB6he", NULL},
        {"colon", "a:b", NULL},
        {"markup", "<b>", NULL},
        {"empty", "", NULL},
        {"only slashes", "//", NULL},
    };
    EACH_ROW (rows, r) {
        struct change change = checkable();
        change.service = r->service;
        if (r->want == NULL) {
            EXPECT_ERR(change_check(&change, NOW_MS, &kit_arena, &kit_err), ERR_INPUT, "service");
            continue;
        }
        EXPECT_OK(change_check(&change, NOW_MS, &kit_arena, &kit_err));
        EXPECT_TEXT(change.service, r->want);
    }
}

TEST(a_note_needs_no_service)
{
    struct change change = checkable();
    change.service = "";
    change.kind = CHANGE_NOTE;
    EXPECT_OK(change_check(&change, NOW_MS, &kit_arena, &kit_err));
    change.kind = CHANGE_DEPLOY;
    change.is_posted = true;
    EXPECT_OK(change_check(&change, NOW_MS, &kit_arena, &kit_err));
    change.is_posted = false;
    EXPECT_ERR(change_check(&change, NOW_MS, &kit_arena, &kit_err), ERR_INPUT,
               "a deploy needs a service");
}

TEST(texts_hold_no_control_characters)
{
    static const struct {
        const char *row, *raw, *want;
    } rows[] = {
        {"plain", "fix login", "fix login"},
        {"line ends", "a\r\nb\tc", "a  b c"},
        {"escape sequence", "\x1B[31mred", " [31mred"},
        {"DEL",
         "a\x7F"
         "b",
         "a b"},
        {"C1",
         "a\xC2\x9B"
         "b",
         "a b"},
        {"UTF-8 stays", "h\xC3\xB6he \xE2\x82\xAC", "h\xC3\xB6he \xE2\x82\xAC"},
        {"broken UTF-8",
         "a\xFF"
         "b\n",
         "a?b "},
        {"C1 bytes in broken UTF-8", "\xC2\x9B\xFF", "???"},
    };
    EACH_ROW (rows, r) {
        struct change change = checkable();
        struct tag tag = {"k", r->raw};
        change.tags = &tag;
        change.n_tags = 1;
        change.msg = r->raw;
        change.by = r->raw;
        EXPECT_OK(change_check(&change, NOW_MS, &kit_arena, &kit_err));
        EXPECT_TEXT(change.msg, r->want);
        EXPECT_TEXT(change.by, r->want);
        EXPECT_TEXT(change.tags[0].value, r->want);
        EXPECT_TEXT(tag.value, r->raw); /* the caller's array is left alone */
    }
}

TEST(long_messages_are_cut_at_a_character)
{
    char msg[CHANGE_TEXT_MAX + 2];
    memset(msg, 'a', sizeof(msg));
    msg[CHANGE_TEXT_MAX] = '\0';
    struct change change = checkable();
    change.msg = msg;
    EXPECT_OK(change_check(&change, NOW_MS, &kit_arena, &kit_err));
    EXPECT_I64(strlen(change.msg), CHANGE_TEXT_MAX);
    EXPECT_TEXT(change.msg, msg);

    msg[CHANGE_TEXT_MAX] = 'a';
    msg[CHANGE_TEXT_MAX + 1] = '\0';
    memcpy(msg + CHANGE_TEXT_MAX - 4, "\xC3\xB6", 2); /* the cut would split it */
    change.msg = msg;
    EXPECT_OK(change_check(&change, NOW_MS, &kit_arena, &kit_err));
    EXPECT_I64(strlen(change.msg), CHANGE_TEXT_MAX - 1);
    EXPECT_TEXT(change.msg + CHANGE_TEXT_MAX - 6, "aa\xE2\x80\xA6");
}

TEST(names_the_field_that_is_too_long)
{
    char text[CHANGE_FIELD_MAX + 2];
    memset(text, 'a', sizeof(text));
    text[CHANGE_FIELD_MAX + 1] = '\0';
    struct change change = checkable();
    change.rev = text;
    EXPECT_ERR(change_check(&change, NOW_MS, &kit_arena, &kit_err), ERR_INPUT, "rev is 256 bytes");
    change = checkable();
    change.service = text;
    EXPECT_ERR(change_check(&change, NOW_MS, &kit_arena, &kit_err), ERR_INPUT, "service is");
    change = checkable();
    struct tag tag = {"team", text};
    change.tags = &tag;
    change.n_tags = 1;
    EXPECT_ERR(change_check(&change, NOW_MS, &kit_arena, &kit_err), ERR_INPUT, "tag team is");
    tag = (struct tag){text, "x"};
    EXPECT_ERR(change_check(&change, NOW_MS, &kit_arena, &kit_err), ERR_INPUT, "name of a tag");
    text[CHANGE_FIELD_MAX] = '\0';
    tag = (struct tag){text, text};
    change.rev = text;
    change.service = text;
    EXPECT_OK(change_check(&change, NOW_MS, &kit_arena, &kit_err));
}

TEST(keeps_to_the_tag_limit)
{
    struct tag tags[CHANGE_TAGS_MAX + 1];
    for (size_t i = 0; i < COUNT_OF(tags); i++)
        tags[i] = (struct tag){"k", "v"};
    struct change change = checkable();
    change.tags = tags;
    change.n_tags = CHANGE_TAGS_MAX;
    EXPECT_OK(change_check(&change, NOW_MS, &kit_arena, &kit_err));
    change.tags = tags;
    change.n_tags = CHANGE_TAGS_MAX + 1;
    EXPECT_ERR(change_check(&change, NOW_MS, &kit_arena, &kit_err), ERR_INPUT, "tags: 33");
    change.n_tags = 1;
    tags[0].key = "";
    EXPECT_ERR(change_check(&change, NOW_MS, &kit_arena, &kit_err), ERR_INPUT, "has no name");
}

TEST(posted_texts_are_kept_as_they_came)
{
    struct change change = checkable();
    struct tag tag = {"a\tb", ""};
    change.is_posted = true;
    change.msg = "line\nline";
    change.tags = &tag;
    change.n_tags = 1;
    EXPECT_OK(change_check(&change, NOW_MS, &kit_arena, &kit_err));
    EXPECT_TEXT(change.msg, "line\nline");
    EXPECT_TEXT(change.tags[0].key, "a\tb");
}

TEST(a_missing_text_is_empty)
{
    struct change change = {.service = "web", .start_ms = AT_MS, .value = 1.0};
    EXPECT_OK(change_check(&change, NOW_MS, &kit_arena, &kit_err));
    EXPECT_TEXT(change.msg, "");
    EXPECT_TEXT(change.env, "production");
}

RUN_TESTS(test_of(kinds_and_statuses_have_names), test_of(tells_change_lines_from_metrics),
          test_of(a_line_becomes_a_point), test_of(tags_fill_the_fields),
          test_of(fields_that_are_ours_cannot_be_sent_as_tags),
          test_of(the_value_says_what_happened), test_of(a_line_may_open_a_change),
          test_of(refuses_bad_lines), test_of(the_series_name_comes_back),
          test_of(tells_units_of_time_apart), test_of(refuses_times_that_cannot_be),
          test_of(ends_fit_their_starts), test_of(checks_the_service),
          test_of(a_note_needs_no_service), test_of(texts_hold_no_control_characters),
          test_of(long_messages_are_cut_at_a_character), test_of(names_the_field_that_is_too_long),
          test_of(keeps_to_the_tag_limit), test_of(posted_texts_are_kept_as_they_came),
          test_of(a_missing_text_is_empty))
