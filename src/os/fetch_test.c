#include <signal.h>
#include <stdlib.h>

#include "os/fetch.h"
#include "os/fetch_fake.h"
#include "os/realtime.h"

#include "kit/kit.h"

/* The same tests for fetch.c and for fetch_plain.c, which looks no names up. */
#ifdef FETCH_PLAIN
#    include "os/fetch_plain.h"
static const bool knows_names = false;
#else
static const bool knows_names = true;
#endif

#define SHAPE(fields) "HTTP/1.1 200 OK\r\n" fields "\r\n"

static const struct fake_answer answers[] = {
    {"/hello", 200, "hello"},
    {"/absent", 404, "no such thing"},
    {"/broken", 500, "oh"},
    {"/silent", 0, NULL},
    {"/gone", -1, NULL},
    {"/long", 200, "0123456789012345678901234567890123456789"},
    {"/moved", 302, "over there"},
    {"/chunks", .raw = SHAPE("Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"},
    {"/to-end", .raw = SHAPE("") "all of it", .closes = true},
    {"/word-before", .raw = "HTTP/1.1 100 Continue\r\n\r\n" SHAPE("Content-Length: 1\r\n") "x"},
    {"/cut", .raw = SHAPE("Content-Length: 9\r\n") "abc", .closes = true},
    {"/cut-chunk", .raw = SHAPE("Transfer-Encoding: chunked\r\n") "9\r\nabc", .closes = true},
    {"/tired", 200, "bye", .closes = true},
    {"/later", .raw = "HTTP/1.1 503 No\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n"},
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
        {"in chunks", "/chunks", 200, "abcde"},
        {"to the end", "/to-end", 200, "all of it"},
        {"behind a word on the way", "/word-before", 200, "x"},
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
        {"cut in the middle", "/cut", ERR_IO, "127.0.0.1"},
        {"cut in a chunk", "/cut-chunk", ERR_IO, "127.0.0.1"},
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
        if (!knows_names && strstr(r->url, "no.such.host"))
            continue;
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
    if (knows_names)
        EXPECT_ERR(fetch_run(fetch, &request, &body, &status, &kit_err), ERR_IO,
                   "Connection refused");
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

TEST(one_connection_serves_as_long_as_it_lasts)
{
    static const struct {
        const char *row, *path;
        size_t n_connections; /* by then */
    } rows[] = {
        {"first", "/hello", 1},       {"again", "/hello", 1},        {"in chunks", "/chunks", 1},
        {"absent", "/absent", 1},     {"the last one", "/tired", 1}, {"anew", "/hello", 2},
        {"to the end", "/to-end", 2}, {"and anew", "/hello", 3},
    };
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct fetch *fetch;
    EXPECT_OK(fetch_open(&fetch, &kit_err));
    EACH_ROW (rows, r) {
        CLEANUP(buf_done) struct buf body;
        buf_init(&body, 1000);
        int status = 0;
        const struct fetch_request request = {.url = at(&server, r->path),
                                              .body = "x",
                                              .n_body = 1,
                                              .content_type = "text/plain",
                                              .wait_ms = 5000};
        EXPECT_OK(fetch_run(fetch, &request, &body, &status, &kit_err));
        EXPECT_I64(server.n_connections, r->n_connections);
    }
    fetch_close(fetch);
    fake_stop(&server);
    EXPECT_I64(server.n_asked, COUNT_OF(rows));
    fake_done(&server);
}

TEST(says_who_asks)
{
    static const char *const own[] = {"Authorization: Own x"};
    static const struct {
        const char *row, *user, *bearer;
        bool has_own;
        const char *wanted; /* NULL: nothing is said */
    } rows[] = {
        {"nobody", "", NULL, false, NULL},
        {"a token", "", "plb_x", false, "Authorization: Bearer plb_x"},
        {"a user", "me:geheim@", NULL, false, "Authorization: Basic bWU6Z2VoZWlt"},
        {"a shorter one", "me:gehei@", NULL, false, "Authorization: Basic bWU6Z2VoZWk="},
        {"without a password", "nora@", NULL, false, "Authorization: Basic bm9yYTo="},
        {"a token before a user", "me:geheim@", "plb_x", false, "Authorization: Bearer plb_x"},
        {"the caller's own", "me:geheim@", NULL, true, "Authorization: Own x"},
    };
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    EACH_ROW (rows, r) {
        struct fetch *fetch;
        EXPECT_OK(fetch_open(&fetch, &kit_err));
        CLEANUP(buf_done) struct buf body;
        buf_init(&body, 1000);
        int status = 0;
        const struct fetch_request request = {.url = arena_printf(&kit_arena, "http://%s%s/hello",
                                                                  r->user,
                                                                  server.url + strlen("http://")),
                                              .bearer = r->bearer,
                                              .headers = own,
                                              .n_headers = r->has_own,
                                              .wait_ms = 5000};
        EXPECT_OK(fetch_run(fetch, &request, &body, &status, &kit_err));
        fetch_close(fetch);
        const char *head = server.heads[server.n_asked - 1];
        const char *said = strcasestr(head, "authorization:");
        EXPECT(r->wanted ? said && text_starts(said, r->wanted) : !said);
        EXPECT(!said || !strcasestr(said + 1, "authorization:"));
        EXPECT(!strstr(head, "@"));
    }
    fake_stop(&server);
    fake_done(&server);
}

TEST(a_long_body_and_one_that_nobody_reads)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct fetch *fetch;
    EXPECT_OK(fetch_open(&fetch, &kit_err));
    const size_t n = 16 << 20;
    char *bytes = mem_alloc(n);
    memset(bytes, 'x', n);
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, 1000);
    int status = 0;
    struct fetch_request request = {.url = at(&server, "/hello"),
                                    .body = bytes,
                                    .n_body = 60000,
                                    .content_type = "text/plain",
                                    .wait_ms = 20000};
    EXPECT_OK(fetch_run(fetch, &request, &body, &status, &kit_err));
    EXPECT_I64(strlen(server.bodies[0]), 60000);
    request.n_body = n; /* the fake hangs up: it takes FAKE_TEXT_MAX */
    EXPECT_ERR(fetch_run(fetch, &request, &body, &status, &kit_err), ERR_IO, "127.0.0.1");
    mem_free(bytes);
    fetch_close(fetch);
    fake_stop(&server);
    fake_done(&server);
}

TEST(tells_when_to_come_again)
{
    struct fake_server server;
    EXPECT_OK(fake_start(&server, answers, COUNT_OF(answers), &kit_err));
    struct fetch *fetch;
    EXPECT_OK(fetch_open(&fetch, &kit_err));
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, 1000);
    int status = 0;
    struct fetch_request request = {.url = at(&server, "/later"), .wait_ms = 5000};
    EXPECT_OK(fetch_run(fetch, &request, &body, &status, &kit_err));
    EXPECT_I64(status, 503);
    EXPECT_I64(fetch_retry_after_s(fetch), 17);
    request.url = at(&server, "/hello");
    EXPECT_OK(fetch_run(fetch, &request, &body, &status, &kit_err));
    EXPECT_I64(fetch_retry_after_s(fetch), 0);
    fetch_close(fetch);
    fake_stop(&server);
    fake_done(&server);
}

#ifdef FETCH_PLAIN
TEST(takes_what_a_socket_reaches)
{
    static const struct {
        const char *row, *url, *variable, *value, *no_proxy;
        bool is_taken;
    } rows[] = {
        {"usual", "http://127.0.0.1:2010", NULL, NULL, NULL, true},
        {"a name", "http://plumb.example", NULL, NULL, NULL, false},
        {"TLS", "https://127.0.0.1", NULL, NULL, NULL, false},
        {"a proxy for others", "http://127.0.0.1", "http_proxy", "http://10.0.0.1:3128", NULL,
         true},
        {"a proxy for it", "http://10.2.3.4", "http_proxy", "http://10.0.0.1:3128", NULL, false},
        {"for all", "http://10.2.3.4", "ALL_PROXY", "socks5://10.0.0.1", NULL, false},
        {"for all, in small", "http://10.2.3.4", "all_proxy", "socks5://10.0.0.1", NULL, false},
        {"none", "http://10.2.3.4", "http_proxy", "", NULL, true},
        {"of https alone", "http://10.2.3.4", "https_proxy", "http://10.0.0.1", NULL, true},
        {"exceptions are for the other to read", "http://127.0.0.1", "http_proxy",
         "http://10.0.0.1", "10.0.0.0/8", false},
    };
    EACH_ROW (rows, r) {
        if (r->variable)
            setenv(r->variable, r->value, 1);
        if (r->no_proxy)
            setenv("no_proxy", r->no_proxy, 1);
        EXPECT(fetch_plain_takes(r->url) == r->is_taken);
        if (r->variable)
            unsetenv(r->variable);
        unsetenv("no_proxy");
    }
}
#    define TESTS_OF_PLAIN , test_of(takes_what_a_socket_reaches)
#else
#    define TESTS_OF_PLAIN
#endif

RUN_TESTS(test_of(any_answer_is_an_answer), test_of(posts_bytes_with_their_type),
          test_of(failures_say_what_the_caller_can_do), test_of(a_signal_cuts_the_wait_short),
          test_of(a_proxy_is_not_asked_for_this_machine),
          test_of(methods_and_headers_of_the_caller),
          test_of(a_guard_is_asked_before_anything_is_sent),
          test_of(a_status_is_enough_for_who_says_so),
          test_of(who_ends_does_not_wait_for_an_answer),
          test_of(one_connection_serves_as_long_as_it_lasts), test_of(says_who_asks),
          test_of(a_long_body_and_one_that_nobody_reads),
          test_of(tells_when_to_come_again) TESTS_OF_PLAIN)
