/* Events of the stream: which, in which order, from where on. */
#include "api/api.h"

#include "base/str.h"

#include "kit/kit.h"

enum { CHANGES = 150 };

static struct change all[CHANGES];
static struct verdict verdict;
static size_t n_known;
static bool is_broken;
static size_t n_asked;

static bool since(void *self, uint64_t after_seq, size_t n_max, struct arena *arena,
                  struct change_list *out, struct err *err)
{
    (void)self;
    n_asked++;
    if (is_broken)
        return FAIL(err, ERR_IO, "the disk is away");
    out->items = arena_array(arena, n_known, struct change);
    for (size_t i = 0; i < n_known && out->n < n_max; i++)
        if (all[i].seq > after_seq)
            out->items[out->n++] = all[i];
    return true;
}

static uint64_t last_seq(void *self)
{
    (void)self;
    return n_known;
}

static const struct changes_ops ops = {.since = since, .last_seq = last_seq};

static void set_up(size_t n)
{
    n_known = n;
    is_broken = false;
    kit_now_us = INT64_C(1763838000) * 1000000;
    for (size_t i = 0; i < CHANGES; i++) {
        all[i] = change_blank();
        all[i].id = arena_printf(&kit_arena, "01KB%zu", i + 1);
        all[i].seq = i + 1;
    }
}

/* key: of a field, or "Last-Event-ID"; NULL: none */
static struct http_response ask(const char *key, const char *value)
{
    const struct api_deps deps = {.query = {.changes = {.ops = &ops}, .clock = kit_clock()},
                                  .clock = kit_clock(),
                                  .tz = tz_utc()};
    struct api *api = api_new(&deps);
    const struct http_field given = {key, value};
    const bool is_field = key && strcmp(key, "after") == 0;
    const struct http_request request = {.method = "GET",
                                         .path = "/api/v1/stream",
                                         .raw_query = "",
                                         .fields = &given,
                                         .n_fields = is_field,
                                         .n_query = is_field,
                                         .headers = &given,
                                         .n_headers = key && !is_field,
                                         .body = "",
                                         .peer = "127.0.0.1:1",
                                         .arena = &kit_arena};
    struct http_response response = {0};
    buf_init(&response.body, 1 << 20);
    api_handle(api, &request, &response);
    api_free(api);
    return response;
}

static const char *next(const struct http_response *response)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1 << 20);
    EXPECT(response->feed.more(response->feed.self, &out));
    return arena_strdup(&kit_arena, buf_text(&out));
}

static void leave(struct http_response *response)
{
    response->feed.done(response->feed.self);
    buf_done(&response->body);
}

TEST(it_begins_with_what_comes_next)
{
    set_up(2);
    struct http_response response = ask(NULL, NULL);
    EXPECT_TEXT(response.content_type, "text/event-stream");
    EXPECT_TEXT(buf_text(&response.body), "retry: 3000\n\n");
    EXPECT_TEXT(next(&response), "");
    n_known = 3;
    const char *event = next(&response);
    EXPECT(text_starts(event, "id: 3\nevent: change\ndata: {\"id\":\"01KB3\","));
    EXPECT(text_ends(event, "}\n\n") && strchr(event, '\n') && !strstr(event, "id: 2"));
    EXPECT_TEXT(next(&response), "");
    leave(&response);
}

TEST(it_goes_on_where_a_client_was_cut_off)
{
    set_up(CHANGES);
    static const char *const keys[] = {"Last-Event-ID", "after"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct http_response response = ask(keys[i], "20");
        const char *first = next(&response), *second = next(&response);
        EXPECT(text_starts(first, "id: 21\n") && strstr(first, "id: 120\n"));
        EXPECT(text_starts(second, "id: 121\n") && strstr(second, "id: 150\n"));
        EXPECT_TEXT(next(&response), "");
        leave(&response);
    }
}

TEST(a_verdict_is_told_once)
{
    set_up(1);
    struct http_response response = ask(NULL, NULL);
    verdict = verdict_blank();
    verdict.state = VERDICT_HARM;
    verdict.made_ms = kit_now_us / 1000 + 5000;
    all[1].verdict = &verdict;
    n_known = 2;
    const char *event = next(&response);
    EXPECT(text_starts(event, "id: 2\nevent: verdict\n") && strstr(event, "\"state\":\"harm\""));
    all[2].verdict = &verdict; /* somebody corrected it since */
    n_known = 3;
    EXPECT(text_starts(next(&response), "id: 3\nevent: change\n"));
    leave(&response);
}

TEST(a_sign_of_life_every_15_seconds)
{
    set_up(1);
    struct http_response response = ask(NULL, NULL);
    kit_now_us += INT64_C(14999000);
    EXPECT_TEXT(next(&response), "");
    kit_now_us += INT64_C(1000);
    EXPECT_TEXT(next(&response), ": still here\n\n");
    EXPECT_TEXT(next(&response), "");
    leave(&response);
}

TEST(a_ledger_that_cannot_be_read_is_asked_again)
{
    set_up(1);
    struct http_response response = ask(NULL, NULL);
    n_known = 2;
    is_broken = true;
    EXPECT_TEXT(next(&response), "");
    is_broken = false;
    EXPECT(text_starts(next(&response), "id: 2\n"));
    leave(&response);
}

TEST(rows_of_no_change_are_passed_over)
{
    set_up(5);
    struct http_response response = ask(NULL, NULL);
    all[5].seq = 4; /* row 6 is a train's */
    n_known = 6;
    n_asked = 0;
    EXPECT_TEXT(next(&response), "");
    EXPECT_TEXT(next(&response), "");
    EXPECT_I64(n_asked, 1);
    leave(&response);
}

TEST(a_place_that_is_none_is_refused)
{
    set_up(1);
    struct http_response response = ask("Last-Event-ID", "x");
    EXPECT_I64(response.status, 400);
    EXPECT(!response.feed.more);
    buf_done(&response.body);
}

RUN_TESTS(test_of(it_begins_with_what_comes_next), test_of(it_goes_on_where_a_client_was_cut_off),
          test_of(a_verdict_is_told_once), test_of(a_sign_of_life_every_15_seconds),
          test_of(a_ledger_that_cannot_be_read_is_asked_again),
          test_of(rows_of_no_change_are_passed_over), test_of(a_place_that_is_none_is_refused))
