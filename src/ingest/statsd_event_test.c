#include "ingest/statsd_event.h"

#include "kit/kit.h"

enum { NOW_S = 1500000000 };

static struct change parsed(const char *line)
{
    struct change change = change_blank();
    EXPECT_OK(
        statsd_event_parse(str_of(line), NOW_S * INT64_C(1000), &kit_arena, &change, &kit_err));
    return change;
}

TEST(an_event_becomes_a_change)
{
    const struct change change =
        parsed("_e{10,20}:fix logins|two lines:\\nthis one|d:1499999990|h:web1|k:ab-1|p:low|"
               "t:success|s:jenkins|#kind:deploy,service:web,env:staging,version:4f2,by:nora,"
               "blue,team:x:y");
    EXPECT_I64(change.kind, CHANGE_DEPLOY);
    EXPECT_TEXT(change.service, "web");
    EXPECT_TEXT(change.msg, "fix logins");
    EXPECT_TEXT(change.data, "two lines:\nthis one");
    EXPECT_TEXT(change.env, "staging");
    EXPECT_TEXT(change.rev, "4f2");
    EXPECT_TEXT(change.by, "nora");
    EXPECT_TEXT(change.key, "ab-1");
    EXPECT_TEXT(change.source, "statsd");
    EXPECT_I64(change.status, STATUS_SUCCEEDED);
    EXPECT_I64(change.start_ms, 1499999990000);
    EXPECT_I64(change.end_ms, 1499999990000);
    static const char *const want[] = {"host=web1",           "priority=low", "alert_type=success",
                                       "source_type=jenkins", "blue=",        "team=x:y"};
    EXPECT_I64(change.n_tags, COUNT_OF(want));
    for (size_t i = 0; i < COUNT_OF(want) && i < change.n_tags; i++)
        EXPECT_TEXT(arena_printf(&kit_arena, "%s=%s", change.tags[i].key, change.tags[i].value),
                    want[i]);
}

TEST(what_is_not_said_has_a_default)
{
    const struct change change = parsed("_e{5,0}:hello|");
    EXPECT_I64(change.kind, CHANGE_NOTE);
    EXPECT_TEXT(change.msg, "hello");
    EXPECT_TEXT(change.data, "");
    EXPECT_TEXT(change.service, "");
    EXPECT_I64(change.start_ms, NOW_S * INT64_C(1000));
    EXPECT_I64(change.n_tags, 0);
}

TEST(kinds_without_a_service_are_notes_and_errors_failed)
{
    EXPECT_I64(parsed("_e{1,1}:a|b|#kind:deploy").kind, CHANGE_NOTE);
    EXPECT_I64(parsed("_e{1,1}:a|b|#kind:incident").kind, CHANGE_INCIDENT);
    EXPECT_I64(parsed("_e{1,1}:a|b|#service:web").kind, CHANGE_NOTE);
    EXPECT_I64(parsed("_e{1,1}:a|b|t:error").status, STATUS_FAILED);
    EXPECT_I64(parsed("_e{1,1}:a|b|t:warning").status, STATUS_SUCCEEDED);
    EXPECT_TEXT(parsed("_e{1,1}:a|b|#msg:c,rev:7").msg, "a");
    EXPECT_TEXT(parsed("_e{1,1}:a|b|#msg:c,rev:7").rev, "7");
    EXPECT_TEXT(parsed("_e{3,3}:a|b|c|d|z:new field|x").msg, "a|b");
}

TEST(lengths_are_bytes)
{
    EXPECT_TEXT(parsed("_e{3,2}:h\xC3\xA9|ok").msg, "h\xC3\xA9");
    EXPECT_TEXT(parsed("_e{3,2}:h\xC3\xA9|ok").data, "ok");
}

TEST(bad_events_say_why)
{
    static const struct {
        const char *row, *line, *part;
    } rows[] = {
        {"no lengths", "_e{", "begins _e{"},
        {"one length", "_e{5}:a|b", "begins _e{"},
        {"a sign", "_e{+1,1}:a|b", "begins _e{"},
        {"no number", "_e{x,1}:a|b", "begins _e{"},
        {"no colon", "_e{1,1}a|b", "begins _e{"},
        {"no title", "_e{0,1}:|b", "do not fit"},
        {"title longer", "_e{2,1}:a|b", "do not fit"},
        {"title shorter", "_e{1,1}:ab|b", "do not fit"},
        {"text longer than there is", "_e{1,9}:a|b", "do not fit"},
        {"text shorter", "_e{1,1}:a|bc", "longer than the 1 bytes"},
        {"a huge length", "_e{9223372036854775807,9223372036854775807}:a|b", "do not fit"},
        {"time in words", "_e{1,1}:a|b|d:now", "d:now"},
        {"an unknown kind", "_e{1,1}:a|b|#kind:party", "'party'"},
        {"an unknown status", "_e{1,1}:a|b|#status:odd", "'odd'"},
    };
    EACH_ROW (rows, r) {
        struct change change;
        EXPECT_ERR(statsd_event_parse(str_of(r->line), 0, &kit_arena, &change, &kit_err), ERR_INPUT,
                   r->part);
    }
}

RUN_TESTS(test_of(an_event_becomes_a_change), test_of(what_is_not_said_has_a_default),
          test_of(kinds_without_a_service_are_notes_and_errors_failed), test_of(lengths_are_bytes),
          test_of(bad_events_say_why))
