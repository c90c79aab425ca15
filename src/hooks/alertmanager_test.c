#include "hooks/source_kit.h"

static struct hook_result got;

static bool read(const char *body)
{
    const struct source_kit kit = {.envs = {{"prod", "production"}}};
    return source_kit_read(&source_alertmanager, &kit, body, &got);
}

TEST(each_alert_of_a_group_is_an_incident)
{
    EXPECT_OK(read(source_kit_file("alertmanager/group.json")));
    EXPECT_I64(got.n_changes, 2);
    EXPECT_TEXT(got.event, "firing");
    EXPECT_TEXT(source_kit_line(&got.changes[0]),
                "incident website production - running 08-03T07:52:26..- - "
                "[am:aa11bb22cc33dd44:1533282746739]");
    EXPECT_TEXT(got.changes[0].msg, "HighErrorRate: 5% of requests fail");
    EXPECT_TEXT(got.changes[0].url, "http://prometheus.example.com:9090/graph?g0.expr=x");
    EXPECT_TEXT(source_kit_tag(&got.changes[0], "instance"), "web1:9100");
    EXPECT_TEXT(source_kit_line(&got.changes[1]),
                "incident search production - succeeded 08-03T07:50:00..08-03T07:58:30 - "
                "[am:ee55ff6600112233:1533282600000]");
    EXPECT_TEXT(got.changes[1].msg, "HighErrorRate");
    EXPECT_TEXT(got.changes[1].url, "http://alertmanager.example.com:9093");
}

TEST(a_heartbeat_is_no_incident)
{
    EXPECT_OK(read(source_kit_file("alertmanager/watchdog.json")));
    EXPECT_I64(got.fate, HOOK_IGNORED);
    EXPECT_I64(got.n_changes, 0);
}

TEST(an_old_release_without_fingerprints_finds_its_incident_again)
{
    static const char firing[] =
        "{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"a\":\"1\",\"b\":"
        "\"2\"},\"startsAt\":\"2018-08-03T07:50:00Z\"}]}";
    static const char resolved[] =
        "{\"alerts\":[{\"status\":\"resolved\",\"labels\":{\"b\":\"2\",\"a\":\"1\"},\"startsAt\":"
        "\"2018-08-03T09:50:00+02:00\",\"endsAt\":\"2018-08-03T08:00:00Z\"}]}";
    static const char other[] = "{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"a\":\"2\"},"
                                "\"startsAt\":\"2018-08-03T07:50:00Z\"}]}";
    EXPECT_OK(read(firing));
    const char *key = got.changes[0].key;
    EXPECT_OK(read(resolved));
    EXPECT_TEXT(got.changes[0].key, key);
    EXPECT_OK(read(other));
    EXPECT(strcmp(got.changes[0].key, key) != 0);
}

TEST(long_texts_do_not_make_it_refused)
{
    char *x = arena_alloc(&kit_arena, 1000);
    memset(x, 'x', 999);
    x[999] = '\0';
    EXPECT_OK(read(arena_printf(&kit_arena,
                                "{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"%s\":\"%s\","
                                "\"service\":\"%s\"},\"generatorURL\":\"http://%s\",\"startsAt\":"
                                "\"2018-08-03T07:50:00Z\"}]}",
                                x, x, x, x)));
    EXPECT_OK(change_check(&got.changes[0], kit_now_us / 1000, &kit_arena, &kit_err));
    EXPECT_TEXT(got.changes[0].url, "");
}

TEST(what_is_wrong_is_told)
{
    static const struct {
        const char *row, *body, *part;
    } rows[] = {
        {"no alerts", "{\"status\":\"firing\"}", "alerts"},
        {"a status", "{\"alerts\":[{\"status\":\"burning\"}]}", "alerts[0]: status 'burning'"},
        {"no start", "{\"alerts\":[{\"status\":\"firing\"}]}", "startsAt"},
        {"no object", "{\"alerts\":[7]}", "alerts[0]"},
    };
    EACH_ROW (rows, r)
        EXPECT_ERR(read(r->body), ERR_INPUT, r->part);
}

RUN_TESTS(test_of(each_alert_of_a_group_is_an_incident), test_of(a_heartbeat_is_no_incident),
          test_of(an_old_release_without_fingerprints_finds_its_incident_again),
          test_of(long_texts_do_not_make_it_refused), test_of(what_is_wrong_is_told))
