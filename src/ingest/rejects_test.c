#include <stdio.h>

#include "ingest/rejects.h"
#include "os/thread.h"

#include "kit/kit.h"

enum { NOW_S = 1500000000, N_THREADS = 4, N_EACH = 20000 };

static const char *written(struct rejects *rejects, size_t n_max)
{
    struct buf out;
    struct jsonw json;
    buf_init(&out, 8 << 20);
    jsonw_init(&json, &out, 0);
    rejects_write(rejects, n_max, &json);
    const char *text = arena_strdup(&kit_arena, buf_text(&out));
    buf_done(&out);
    return text;
}

static void reject(struct rejects *rejects, enum reject_reason reason, const char *line)
{
    if (rejects_count(rejects, reason, NOW_S))
        rejects_keep(rejects, reason, NOW_S, "10.0.0.1:5", "", str_of(line));
}

static size_t count_text(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        n++;
    return n;
}

TEST(counts_by_reason_and_keeps_the_newest_first)
{
    struct rejects *rejects = rejects_new();
    reject(rejects, REJECT_FIELDS, "first");
    reject(rejects, REJECT_VALUE, "second x 1");
    reject(rejects, REJECT_FIELDS, "third");
    EXPECT_I64(rejects_total(rejects), 3);
    EXPECT_I64(rejects_of(rejects, REJECT_FIELDS), 2);
    const char *text = written(rejects, 2);
    EXPECT(strstr(text, "{\"counts\":{\"fields\":2,\"value\":1,\"infinite\":0,") == text);
    EXPECT(strstr(text,
                  "\"rejects\":[{\"at\":1500000000,\"from\":\"10.0.0.1:5\",\"reason\":\"fields\","
                  "\"line\":\"third\"},{") != NULL);
    EXPECT_I64(count_text(text, "\"line\""), 2);
    rejects_free(rejects);
}

TEST(the_detail_is_told_when_there_is_one)
{
    struct rejects *rejects = rejects_new();
    rejects_keep(rejects, REJECT_NAME, NOW_S, "peer", "bad tag", str_of("a;b 1 2"));
    EXPECT(strstr(written(rejects, 9), "\"reason\":\"name\",\"why\":\"bad tag\",") != NULL);
    rejects_free(rejects);
    rejects_free(NULL);
}

TEST(nan_is_counted_apart)
{
    struct rejects *rejects = rejects_new();
    EXPECT(!rejects_count(rejects, REJECT_NAN, NOW_S));
    EXPECT_I64(rejects_total(rejects), 0);
    EXPECT(strstr(written(rejects, 9), "\"nan\":1}") != NULL);
    rejects_free(rejects);
}

TEST(lines_are_shown_safely)
{
    static const struct {
        const char *row, *line, *shown;
    } rows[] = {
        {"escape sequence", "a\x1b[2J 1", "\"line\":\"a\\\\x1b[2J 1\""},
        {"tab and CR", "a\tb\r", "\"line\":\"a\\\\x09b\\\\x0d\""},
        {"DEL", "\x7f", "\"line\":\"\\\\x7f\""},
        {"backslash", "a\\x1b", "\"line\":\"a\\\\\\\\x1b\""},
        {"UTF-8 stays", "caf\xc3\xa9", "\"line\":\"caf\xc3\xa9\""},
        {"not UTF-8", "caf\xe9 \xc3\xa9", "\"line\":\"caf\\\\xe9 \\\\xc3\\\\xa9\""},
        {"nothing", "", "\"line\":\"\""},
    };
    EACH_ROW (rows, r) {
        struct rejects *rejects = rejects_new();
        reject(rejects, REJECT_FIELDS, r->line);
        EXPECT(strstr(written(rejects, 1), r->shown) != NULL);
        rejects_free(rejects);
    }
}

TEST(long_things_are_cut)
{
    struct rejects *rejects = rejects_new();
    char line[5000];
    memset(line, 1, sizeof line);
    rejects_keep(rejects, REJECT_TOO_LONG, NOW_S, line, line, str_make(line, sizeof line));
    const char *text = written(rejects, 1);
    EXPECT_I64(count_text(strstr(text, "\"line\":"), "\\\\x01"), REJECTS_LINE_MAX);
    EXPECT(strstr(text, "...\"}]}") != NULL);
    rejects_free(rejects);
}

TEST(a_character_is_not_cut)
{
    struct rejects *rejects = rejects_new();
    char line[REJECTS_LINE_MAX + 8];
    memset(line, 'x', sizeof line);
    memcpy(line + REJECTS_LINE_MAX - 1, "\xc3\xa9", 2);
    rejects_keep(rejects, REJECT_FIELDS, NOW_S, "p", NULL, str_make(line, sizeof line));
    EXPECT(strstr(written(rejects, 1), "xxx...\"") != NULL);
    rejects_free(rejects);
}

TEST(the_ring_keeps_the_last_thousand)
{
    struct rejects *rejects = rejects_new();
    for (int i = 0; i < REJECTS_KEPT + 10; i++) {
        char line[32];
        snprintf(line, sizeof line, "line %d.", i);
        rejects_keep(rejects, REJECT_FIELDS, NOW_S, "p", "", str_of(line));
    }
    const char *text = written(rejects, 5000);
    EXPECT_I64(count_text(text, "\"line\":"), REJECTS_KEPT);
    EXPECT(strstr(text, "line 1009.") != NULL);
    EXPECT(strstr(text, "line 10.") != NULL);
    EXPECT(strstr(text, "line 9.") == NULL);
    EXPECT_I64(count_text(written(rejects, 0), "\"line\":"), 0);
    rejects_free(rejects);
}

TEST(a_flood_is_counted_but_not_kept)
{
    struct rejects *rejects = rejects_new();
    int n_kept = 0;
    for (int i = 0; i < 50000; i++)
        n_kept += rejects_count(rejects, REJECT_VALUE, NOW_S);
    EXPECT_I64(n_kept, REJECTS_PER_SECOND);
    EXPECT(rejects_count(rejects, REJECT_VALUE, NOW_S + 1));
    EXPECT_I64(rejects_of(rejects, REJECT_VALUE), 50001);
    rejects_free(rejects);
}

static void count_many(void *self)
{
    for (int i = 0; i < N_EACH; i++)
        reject(self, REJECT_TIME, "a b c");
}

TEST(many_threads_lose_no_count)
{
    struct rejects *rejects = rejects_new();
    struct thread threads[N_THREADS] = {0};
    for (int i = 0; i < N_THREADS; i++)
        EXPECT_OK(thread_start(&threads[i], "count", count_many, rejects, &kit_err));
    (void)written(rejects, REJECTS_KEPT);
    for (int i = 0; i < N_THREADS; i++)
        thread_join(&threads[i]);
    EXPECT_I64(rejects_of(rejects, REJECT_TIME), N_THREADS * N_EACH);
    EXPECT_I64(count_text(written(rejects, REJECTS_KEPT), "a b c"), REJECTS_KEPT);
    rejects_free(rejects);
}

RUN_TESTS(test_of(counts_by_reason_and_keeps_the_newest_first),
          test_of(the_detail_is_told_when_there_is_one), test_of(nan_is_counted_apart),
          test_of(lines_are_shown_safely), test_of(long_things_are_cut),
          test_of(a_character_is_not_cut), test_of(the_ring_keeps_the_last_thousand),
          test_of(a_flood_is_counted_but_not_kept), test_of(many_threads_lose_no_count))
