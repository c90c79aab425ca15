#include "api/alias.h"

#include "kit/kit.h"

#define NOW_MS INT64_C(1500000000000)

static struct change got;
static const char *warning;

static struct alias_body body_of(const char *text)
{
    return (struct alias_body){text, strlen(text), NOW_MS, false};
}

static bool annotation(const char *text)
{
    const struct alias_body body = body_of(text);
    return alias_annotation(&body, &kit_arena, &got, &warning, &kit_err);
}

TEST(tags_say_what_it_is)
{
    static const struct {
        const char *row, *tags, *said;
    } rows[] = {
        {"kind and service", "[\"deploy\",\"website\"]", "deploy website production"},
        {"in any order", "[\"website\",\"config\"]", "config website production"},
        {"an environment", "[\"deploy\",\"website\",\"env:staging\"]", "deploy website staging"},
        {"named", "[\"flag\",\"service:Web Shop\",\"environment:qa\"]", "flag web-shop qa"},
        {"as one text", "\"deploy  website\"", "deploy website production"},
        {"no service: never refused", "[\"deploy\"]", "note - production"},
        {"an incident needs none", "[\"incident\"]", "incident - production"},
        {"just words", "[\"Lunch time\",\"team:web\"]", "note - production"},
        {"none", "null", "note - production"},
    };
    EACH_ROW (rows, r) {
        EXPECT_OK(annotation(arena_printf(
            &kit_arena, "{\"text\":\"x\",\"time\":1499999000000,\"tags\":%s}", r->tags)));
        EXPECT_OK(change_check(&got, NOW_MS, &kit_arena, &kit_err));
        EXPECT_TEXT(arena_printf(&kit_arena, "%s %s %s", change_kind_name(got.kind),
                                 got.service[0] ? got.service : "-", got.env),
                    r->said);
    }
}

TEST(a_repeat_within_the_minute_has_the_same_key)
{
    const struct alias_body now = body_of("{\"text\":\"x\"}");
    struct alias_body later = now, minute = now, other = body_of("{\"text\":\"y\"}");
    later.now_ms += 20000;
    minute.now_ms += 60000;
    EXPECT_OK(alias_annotation(&now, &kit_arena, &got, &warning, &kit_err));
    const char *key = got.key;
    EXPECT_OK(alias_annotation(&later, &kit_arena, &got, &warning, &kit_err));
    EXPECT_TEXT(got.key, key);
    EXPECT_OK(alias_annotation(&minute, &kit_arena, &got, &warning, &kit_err));
    EXPECT(strcmp(got.key, key) != 0);
    EXPECT_OK(alias_annotation(&other, &kit_arena, &got, &warning, &kit_err));
    EXPECT(strcmp(got.key, key) != 0);
}

TEST(times_are_points_or_spans)
{
    static const struct {
        const char *row, *times;
        int64_t start_ms, end_ms;
        bool is_warned;
    } rows[] = {
        {"now", "", NOW_MS, NOW_MS, false},
        {"a point", ",\"time\":1499999000000", 1499999000000, 1499999000000, false},
        {"a span", ",\"time\":1499999000000,\"timeEnd\":1499999060000", 1499999000000,
         1499999060000, false},
        {"no end", ",\"time\":1499999000000,\"timeEnd\":0", 1499999000000, 1499999000000, false},
        {"seconds", ",\"time\":1499999000,\"timeEnd\":1499999060", 1499999000000, 1499999060000,
         true},
    };
    EACH_ROW (rows, r) {
        EXPECT_OK(annotation(arena_printf(&kit_arena, "{\"text\":\"x\"%s}", r->times)));
        EXPECT_I64(got.start_ms, r->start_ms);
        EXPECT_I64(got.end_ms, r->end_ms);
        EXPECT_I64(warning[0] != '\0', r->is_warned);
    }
}

TEST(a_markers_type_says_its_kind)
{
    static const struct {
        const char *row, *type, *said;
    } rows[] = {
        {"deploy", "deploy", "deploy/"},         {"many", "deploys", "deploy/"},
        {"back", "Rollback", "deploy/rollback"}, {"a flag", "feature-flag", "flag/"},
        {"an outage", "outage", "incident/"},    {"anything", "coffee", "note/"},
    };
    EACH_ROW (rows, r) {
        const struct alias_body body =
            body_of(arena_printf(&kit_arena, "{\"type\":\"%s\"}", r->type));
        EXPECT_OK(alias_marker(&body, "web", &kit_arena, &got, &kit_err));
        EXPECT_TEXT(arena_printf(&kit_arena, "%s/%s", change_kind_name(got.kind), got.action),
                    r->said);
        EXPECT_TEXT(got.service, "web");
    }
}

TEST(what_is_wrong_is_told)
{
    static const struct {
        const char *row, *text, *part;
    } rows[] = {
        {"no object", "[]", "object"},
        {"no text", "{\"tags\":[]}", "\"text\" is missing"},
        {"a text of numbers", "{\"text\":5}", "\"text\" must be a text"},
        {"a time in words", "{\"text\":\"x\",\"time\":\"now\"}", "\"time\" must be a number"},
        {"tags of numbers", "{\"text\":\"x\",\"tags\":[1]}", "\"tags\""},
        {"tags of an object", "{\"text\":\"x\",\"tags\":{}}", "\"tags\""},
    };
    EACH_ROW (rows, r)
        EXPECT_ERR(annotation(r->text), ERR_INPUT, r->part);
}

RUN_TESTS(test_of(tags_say_what_it_is), test_of(a_repeat_within_the_minute_has_the_same_key),
          test_of(times_are_points_or_spans), test_of(a_markers_type_says_its_kind),
          test_of(what_is_wrong_is_told))
