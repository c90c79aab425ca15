#include "hooks/hook_kit.h"

static const struct tag services[] = {{"search", "-"}, {"web.*", "web"}};
static const struct tag envs[] = {{"prod", "production"}};
static const struct tag nothing_counts[] = {{"*", "-"}};
static const struct hook_settings defaults = {.push_refs = ""};
static const struct hook_settings mapped = {
    .services = services, .n_services = 2, .envs = envs, .n_envs = 1, .push_refs = ""};
static const struct hook_settings unwanted = {
    .services = nothing_counts, .n_services = 1, .push_refs = ""};

static bool read(const char *body, struct hook_result *out)
{
    return hook_kit_deliver(&source_alertmanager, &defaults, body, out);
}

/* Each alert of a group is an incident of its own, but for heartbeats. */
TEST(what_alertmanager_tells_becomes_incidents)
{
    static const struct {
        const char *row, *file;
        const struct hook_settings *settings;
    } rows[] = {
        {"group", "group", &defaults},
        {"group_mapped", "group", &mapped},
        {"group_unwanted", "group", &unwanted},
        {"watchdog", "watchdog", &defaults},
    };
    EACH_ROW (rows, r)
        hook_kit_golden(
            &source_alertmanager, r->settings, r->row,
            hook_kit_read(arena_printf(&kit_arena, "alertmanager/%s.json", r->file), NULL, NULL));
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
    struct hook_result got;
    EXPECT_OK(read(firing, &got));
    const char *key = got.changes[0].key;
    EXPECT_OK(read(resolved, &got));
    EXPECT_TEXT(got.changes[0].key, key);
    EXPECT_OK(read(other, &got));
    EXPECT(strcmp(got.changes[0].key, key) != 0);
}

TEST(long_texts_do_not_make_it_refused)
{
    struct hook_result got;
    char *x = arena_alloc(&kit_arena, 1000);
    memset(x, 'x', 999);
    x[999] = '\0';
    EXPECT_OK(read(arena_printf(&kit_arena,
                                "{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"%s\":\"%s\","
                                "\"service\":\"%s\"},\"generatorURL\":\"http://%s\",\"startsAt\":"
                                "\"2018-08-03T07:50:00Z\"}]}",
                                x, x, x, x),
                   &got));
    EXPECT_OK(change_check(&got.changes[0], HOOK_KIT_NOW_MS, &kit_arena, &kit_err));
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
        EXPECT_ERR(read(r->body, &(struct hook_result){0}), ERR_INPUT, r->part);
}

RUN_TESTS(test_of(what_alertmanager_tells_becomes_incidents),
          test_of(an_old_release_without_fingerprints_finds_its_incident_again),
          test_of(long_texts_do_not_make_it_refused), test_of(what_is_wrong_is_told))
