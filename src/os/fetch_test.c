#include <signal.h>
#include <stdlib.h>

#include "os/fetch.h"
#include "os/fetch_fake.h"
#include "os/realtime.h"

#include "kit/kit.h"

static const struct fake_answer answers[] = {
    {"/hello", 200, "hello"},      {"/absent", 404, "no such thing"},
    {"/broken", 500, "oh"},        {"/silent", 0, NULL},
    {"/gone", -1, NULL},           {"/long", 200, "0123456789012345678901234567890123456789"},
    {"/moved", 302, "over there"},
};

static const char *at(struct fake_server *server, const char *path)
{
    return arena_printf(&kit_arena, "%s%s", server->url, path);
}

TEST(any_answer_is_an_answer)
{
    static const struct {
        const char *row, *path;
        int status;
        const char *body;
    } rows[] = {
        {"found", "/hello", 200, "hello"},
        {"not found", "/absent", 404, "no such thing"},
        {"their fault", "/broken", 500, "oh"},
        {"redirects are for the caller to see", "/moved", 302, "over there"},
    };
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct fetch *fetch;
    EXPECT_OK(fetch_open(&fetch, &kit_err));
    EACH_ROW (rows, r) {
        CLEANUP(buf_done) struct buf body;
        buf_init(&body, 1000);
        int status = 0;
        const struct fetch_request request = {.url = at(&server, r->path), .wait_ms = 5000};
        EXPECT_OK(fetch_run(fetch, &request, &body, &status, &kit_err));
        EXPECT_I64(status, r->status);
        EXPECT_TEXT(buf_text(&body), r->body);
    }
    fetch_close(fetch);
    fake_stop(&server);
    fake_done(&server);
}

TEST(posts_bytes_with_their_type)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct fetch *fetch;
    EXPECT_OK(fetch_open(&fetch, &kit_err));
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, 1000);
    int status = 0;
    struct fetch_request request = {.url = at(&server, "/hello?x=1"),
                                    .body = "{\"a\":1}ignored",
                                    .n_body = 7,
                                    .content_type = "application/json",
                                    .accept = "text/plain",
                                    .wait_ms = 5000};
    EXPECT_OK(fetch_run(fetch, &request, &body, &status, &kit_err));
    request.body = NULL; /* the same handle asks without the last one's body */
    EXPECT_OK(fetch_run(fetch, &request, &body, &status, &kit_err));
    fetch_close(fetch);
    fake_stop(&server);
    EXPECT_I64(server.n_asked, 2);
    EXPECT_TEXT(server.asked[0], "POST /hello?x=1");
    EXPECT_TEXT(server.bodies[0], "{\"a\":1}");
    EXPECT(strcasestr(server.heads[0], "content-type: application/json"));
    EXPECT(strcasestr(server.heads[0], "accept: text/plain"));
    EXPECT(!strcasestr(server.heads[0], "expect:"));
    EXPECT_TEXT(server.asked[1], "GET /hello?x=1");
    EXPECT_TEXT(server.bodies[1], "");
    fake_done(&server);
}

TEST(failures_say_what_the_caller_can_do)
{
    static const struct {
        const char *row, *url; /* '/': on the fake server */
        enum err_kind kind;
        const char *part;
    } rows[] = {
        {"silent", "/silent", ERR_BUSY, "no answer within 200 ms"},
        {"cut off", "/gone", ERR_IO, "127.0.0.1"},
        {"too long", "/long", ERR_LIMIT, "too long"},
        {"nobody listens", "http://127.0.0.1:1/", ERR_IO, "http://127.0.0.1:1: Connection refused"},
        {"no such name", "http://no.such.host.invalid/", ERR_IO, "no.such.host.invalid"},
        {"another protocol", "ftp://127.0.0.1/", ERR_INPUT, "ftp://127.0.0.1"},
        {"no address", "http://", ERR_INPUT, "http://"},
        {"a password is not repeated", "http://me:geheim@127.0.0.1:1/x", ERR_IO,
         "http://127.0.0.1:1: "},
    };
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct fetch *fetch;
    EXPECT_OK(fetch_open(&fetch, &kit_err));
    EACH_ROW (rows, r) {
        CLEANUP(buf_done) struct buf body;
        buf_init(&body, 20);
        int status = -7;
        const bool is_here = r->url[0] == '/';
        const struct fetch_request request = {
            .url = is_here ? at(&server, r->url) : r->url,
            .wait_ms = r->kind == ERR_BUSY ? 200 : 5000,
        };
        EXPECT_ERR(fetch_run(fetch, &request, &body, &status, &kit_err), r->kind, r->part);
        EXPECT(!strstr(kit_err.text, "geheim"));
        EXPECT_I64(status, -7);
    }
    fetch_close(fetch);
    fake_stop(&server);
    fake_done(&server);
}

static volatile sig_atomic_t n_terms;
static void count_term(int number)
{
    (void)number;
    n_terms++;
}

TEST(a_signal_cuts_the_wait_short)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct fetch *fetch;
    EXPECT_OK(fetch_open(&fetch, &kit_err));
    struct sigaction count = {.sa_handler = count_term}, before;
    sigaction(SIGTERM, &count, &before);
    sigset_t term, old;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, &old);
    raise(SIGTERM);

    CLEANUP(buf_done) struct buf body;
    buf_init(&body, 1000);
    int status;
    const int64_t began_us = monotonic_us();
    const struct fetch_request request = {.url = at(&server, "/silent"), .wait_ms = 60000};
    EXPECT_ERR(fetch_run(fetch, &request, &body, &status, &kit_err), ERR_BUSY, "interrupted");
    EXPECT(monotonic_us() - began_us < 10 * 1000000);
    EXPECT_I64(n_terms, 0);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    EXPECT_I64(n_terms, 1); /* it was only held back */
    sigaction(SIGTERM, &before, NULL);
    fetch_close(fetch);
    fake_stop(&server);
    fake_done(&server);
}

TEST(a_proxy_is_not_asked_for_this_machine)
{
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct fetch *fetch;
    EXPECT_OK(fetch_open(&fetch, &kit_err));
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, 1000);
    int status;
    struct fetch_request request = {.url = at(&server, "/hello"), .wait_ms = 5000};
    EXPECT_OK(fetch_run(fetch, &request, &body, &status, &kit_err));
    request.url = "http://elsewhere.invalid/"; /* but for others */
    EXPECT_ERR(fetch_run(fetch, &request, &body, &status, &kit_err), ERR_IO, "Connection refused");
    unsetenv("http_proxy");
    fetch_close(fetch);
    fake_stop(&server);
    fake_done(&server);
}

TEST(methods_and_headers_of_the_caller)
{
    static const char *const headers[] = {"webhook-id: 01JD.end", "Authorization: Bearer x"};
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct fetch *fetch;
    EXPECT_OK(fetch_open(&fetch, &kit_err));
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, 1000);
    int status = 0;
    const struct fetch_request request = {.url = at(&server, "/hello"),
                                          .method = "PATCH",
                                          .body = "{}",
                                          .n_body = 2,
                                          .content_type = "application/json",
                                          .headers = headers,
                                          .n_headers = 2,
                                          .wait_ms = 5000};
    EXPECT_OK(fetch_run(fetch, &request, &body, &status, &kit_err));
    EXPECT_I64(fetch_retry_after_s(fetch), 0);
    fetch_close(fetch);
    fake_stop(&server);
    EXPECT_TEXT(server.asked[0], "PATCH /hello");
    EXPECT_TEXT(server.bodies[0], "{}");
    EXPECT(strstr(server.heads[0], "webhook-id: 01JD.end"));
    EXPECT(strstr(server.heads[0], "Authorization: Bearer x"));
    fake_done(&server);
}

static bool refuse(void *self, const struct sockaddr *address, struct err *err)
{
    EXPECT_I64(address->sa_family, AF_INET);
    ++*(int *)self;
    return FAIL(err, ERR_REFUSED, "not there");
}

TEST(a_guard_is_asked_before_anything_is_sent)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct fetch *fetch;
    EXPECT_OK(fetch_open(&fetch, &kit_err));
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, 1000);
    int status = 0, n_asked = 0;
    const struct fetch_guard guard = {refuse, &n_asked};
    const struct fetch_request request = {
        .url = at(&server, "/hello"), .guard = &guard, .wait_ms = 5000};
    EXPECT_ERR(fetch_run(fetch, &request, &body, &status, &kit_err), ERR_REFUSED, "not there");
    EXPECT_I64(n_asked, 1);
    fetch_close(fetch);
    fake_stop(&server);
    EXPECT_I64(server.n_asked, 0);
    fake_done(&server);
}

TEST(a_status_is_enough_for_who_says_so)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct fetch *fetch;
    EXPECT_OK(fetch_open(&fetch, &kit_err));
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, 10);
    int status = 0;
    struct fetch_request request = {.url = at(&server, "/long"), .wait_ms = 5000};
    EXPECT_ERR(fetch_run(fetch, &request, &body, &status, &kit_err), ERR_LIMIT, "too long");
    request.is_status_enough = true;
    EXPECT_OK(fetch_run(fetch, &request, &body, &status, &kit_err));
    EXPECT_I64(status, 200);
    request.url = at(&server, "/gone");
    EXPECT_ERR(fetch_run(fetch, &request, &body, &status, &kit_err), ERR_IO, "");
    fetch_close(fetch);
    fake_stop(&server);
    fake_done(&server);
}

TEST(who_ends_does_not_wait_for_an_answer)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct fetch *fetch;
    EXPECT_OK(fetch_open(&fetch, &kit_err));
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, 1000);
    int status = 0;
    const _Atomic bool is_ending = true;
    const struct fetch_request request = {
        .url = at(&server, "/silent"), .is_ending = &is_ending, .wait_ms = 60000};
    const int64_t from_us = monotonic_us();
    EXPECT_ERR(fetch_run(fetch, &request, &body, &status, &kit_err), ERR_BUSY, "interrupted");
    EXPECT(monotonic_us() - from_us < 20000000);
    fetch_close(fetch);
    fake_stop(&server);
    fake_done(&server);
}

RUN_TESTS(test_of(any_answer_is_an_answer), test_of(posts_bytes_with_their_type),
          test_of(failures_say_what_the_caller_can_do), test_of(a_signal_cuts_the_wait_short),
          test_of(a_proxy_is_not_asked_for_this_machine),
          test_of(methods_and_headers_of_the_caller),
          test_of(a_guard_is_asked_before_anything_is_sent),
          test_of(a_status_is_enough_for_who_says_so),
          test_of(who_ends_does_not_wait_for_an_answer))
