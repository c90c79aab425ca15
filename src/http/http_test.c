#include "http/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/num.h"
#include "base/str.h"
#include "kit/kit.h"
#include "os/realtime.h"

/* Answers with what it was asked. */
static void echo(void *self, const struct http_request *request, struct http_response *response)
{
    (void)self;
    buf_printf(&response->body, "%s %s", request->method, request->path);
    for (size_t i = 0; i < request->n_fields; i++)
        buf_printf(&response->body, " %s=%s", request->fields[i].key, request->fields[i].value);
    if (request->n_body)
        buf_printf(&response->body, " body:%zu", request->n_body);
    if (strcmp(request->path, "/missing") == 0)
        response->status = 404;
    http_response_header(response, "X-Peer", request->peer);
}

static struct http *start(struct http_options options)
{
    struct http *http = NULL;
    options.addr = "127.0.0.1:0";
    options.handler = echo;
    EXPECT_OK(http_start(&options, &http, &kit_err));
    return http;
}

static int dial(const struct http *http)
{
    const char *colon = strrchr(http_addr(http), ':');
    int64_t port = 0;
    EXPECT(num_parse_i64(colon + 1, strlen(colon + 1), &port));
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    return fd;
}

/* Sends text and reads until the peer closes. In the test's arena. */
static const char *ask(const struct http *http, const char *text)
{
    int fd = dial(http);
    size_t n = strlen(text), got = 0;
    EXPECT_I64(send(fd, text, n, MSG_NOSIGNAL), n);
    enum { ROOM = 1 << 20 };
    char *answer = arena_alloc(&kit_arena, ROOM);
    for (ssize_t more; (more = recv(fd, answer + got, ROOM - got - 1, 0)) > 0;)
        got += (size_t)more;
    answer[got] = '\0';
    close(fd);
    return answer;
}

#define CLOSING "Host: x\r\nConnection: close\r\n"

static void expect_answer(const char *answer, const char *status, const char *part)
{
    EXPECT(strncmp(answer, "HTTP/1.1 ", 9) == 0 && strncmp(answer + 9, status, 3) == 0);
    EXPECT(strstr(answer, part) != NULL);
    if (kit_failures())
        print_message("%s\n", answer);
}

TEST(answers_get_post_and_errors)
{
    struct http *http = start((struct http_options){0});
    expect_answer(ask(http, "GET /render?target=a&target=b%20c HTTP/1.1\r\n" CLOSING "\r\n"), "200",
                  "GET /render target=a target=b c");
    expect_answer(ask(http, "POST /render?x=1 HTTP/1.1\r\n" CLOSING
                            "Content-Type: application/x-www-form-urlencoded\r\n"
                            "Content-Length: 8\r\n\r\ntarget=a"),
                  "200", "POST /render x=1 target=a body:8");
    expect_answer(
        ask(http, "POST /find HTTP/1.1\r\n" CLOSING "Content-Length: 15\r\n\r\nquery=a.{b,c}.*"),
        "200", "POST /find query=a.{b,c}.* body:15");
    expect_answer(ask(http, "POST /hook HTTP/1.1\r\n" CLOSING "Content-Type: text/plain\r\n"
                            "Content-Length: 3\r\n\r\na=b"),
                  "200", "POST /hook body:3");
    expect_answer(ask(http, "GET /missing HTTP/1.1\r\n" CLOSING "\r\n"), "404",
                  "X-Peer: 127.0.0.1:");
    http_stop(http);
}

TEST(two_requests_on_one_connection)
{
    struct http *http = start((struct http_options){0});
    const char *both = ask(http, "GET /one HTTP/1.1\r\nHost: x\r\n\r\n"
                                 "GET /two HTTP/1.1\r\n" CLOSING "\r\n");
    EXPECT(strstr(both, "GET /one") != NULL);
    EXPECT(strstr(both, "GET /two") != NULL);
    http_stop(http);
}

TEST(ambiguous_lengths_are_refused)
{
    struct http *http = start((struct http_options){0});
    expect_answer(
        ask(http, "POST / HTTP/1.1\r\n" CLOSING "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
        "400", "length");
    expect_answer(ask(http, "POST / HTTP/1.1\r\n" CLOSING
                            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                  "400", "length");
    http_stop(http);
}

TEST(odd_framing_is_refused_and_the_connection_ends)
{
    static const struct {
        const char *row, *request, *status;
    } rows[] = {
        {"a coding other than chunked",
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "501"},
        {"chunked among others",
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501"},
        {"a blank before the colon",
         "POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 30\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
         "400"},
        {"two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
    };
    struct http *http = start((struct http_options){.read_deadline_ms = 60000});
    EACH_ROW (rows, r) {
        const char *answer = ask(http, r->request);
        EXPECT(strncmp(answer, "HTTP/1.1 ", 9) == 0 && strncmp(answer + 9, r->status, 3) == 0);
        EXPECT(strstr(answer, "smuggled") == NULL);
    }
    http_stop(http);
}

TEST(head_has_the_length_but_no_body)
{
    struct http *http = start((struct http_options){0});
    const char *answer = ask(http, "HEAD /abc HTTP/1.1\r\n" CLOSING "\r\n");
    expect_answer(answer, "200", "Content-Length: 9\r\n");
    EXPECT(text_ends(answer, "\r\n\r\n"));
    http_stop(http);
}

TEST(a_chunked_body_arrives_whole)
{
    struct http *http = start((struct http_options){.body_bytes_max = 8});
    expect_answer(ask(http, "POST /c HTTP/1.1\r\n" CLOSING "Transfer-Encoding: chunked\r\n\r\n"
                            "3\r\nabc\r\n5;x=y\r\ndefgh\r\n0\r\n\r\n"),
                  "200", "body:8");
    expect_answer(ask(http, "POST /c HTTP/1.1\r\n" CLOSING "Transfer-Encoding: chunked\r\n\r\n"
                            "9\r\nabcdefghi\r\n0\r\n\r\n"),
                  "413", "too large");
    http_stop(http);
}

TEST(an_expecting_client_is_told_to_go_on)
{
    struct http *http = start((struct http_options){0});
    int fd = dial(http);
    static const char head[] = "POST /c HTTP/1.1\r\n" CLOSING "Expect: 100-continue\r\n"
                               "Content-Length: 3\r\n\r\n";
    EXPECT(send(fd, head, sizeof head - 1, MSG_NOSIGNAL) == (ssize_t)sizeof head - 1);
    char answer[1024];
    ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
    answer[n > 0 ? n : 0] = '\0';
    EXPECT(strncmp(answer, "HTTP/1.1 100", 12) == 0);
    EXPECT(send(fd, "abc", 3, MSG_NOSIGNAL) == 3);
    n = recv(fd, answer, sizeof answer - 1, 0);
    answer[n > 0 ? n : 0] = '\0';
    EXPECT(strncmp(answer, "HTTP/1.1 200", 12) == 0);
    close(fd);
    http_stop(http);
}

TEST(bodies_past_the_limit_are_refused)
{
    struct http *http = start((struct http_options){.body_bytes_max = 10});
    expect_answer(ask(http, "POST / HTTP/1.1\r\n" CLOSING "Content-Length: 11\r\n\r\n12345678901"),
                  "413", "too large");
    /* At once, not when a deadline cuts it off. */
    expect_answer(ask(http, "POST / HTTP/1.1\r\n" CLOSING "Content-Length: 99999999999\r\n\r\n"),
                  "413", "too large");
    expect_answer(ask(http, "POST / HTTP/1.1\r\n" CLOSING "Content-Length: 10\r\n\r\n1234567890"),
                  "200", "body:10");
    http_stop(http);
}

TEST(answers_past_the_limit_are_refused)
{
    struct http *http = start((struct http_options){.response_bytes_max = 5});
    expect_answer(ask(http, "GET /render HTTP/1.1\r\n" CLOSING "\r\n"), "413", "too");
    http_stop(http);
}

TEST(a_dripping_request_is_cut_off_at_the_deadline)
{
    struct http *http = start((struct http_options){.read_deadline_ms = 200});
    int fd = dial(http);
    EXPECT(send(fd, "GET / HT", 8, MSG_NOSIGNAL) == 8);
    char byte;
    int64_t before = monotonic_us();
    EXPECT_I64(recv(fd, &byte, 1, 0),
               0); /* the peer closed; the kit's timeout is the other way out */
    EXPECT(monotonic_us() - before >= 150000);
    close(fd);
    http_stop(http);
}

TEST(a_port_in_use_is_named)
{
    struct http *first = start((struct http_options){0});
    struct http_options options = {.addr = http_addr(first), .handler = echo};
    struct http *second = NULL;
    EXPECT_ERR(http_start(&options, &second, &kit_err), ERR_IO, http_addr(first));
    EXPECT(kit_err.hint[0] != '\0');
    http_stop(first);
}

static void *ask_many(void *self)
{
    const struct http *http = self;
    for (int i = 0; i < 50; i++) {
        int fd = dial(http);
        static const char text[] = "GET /n HTTP/1.1\r\n" CLOSING "\r\n";
        char answer[1024];
        size_t got = 0;
        if (send(fd, text, sizeof text - 1, MSG_NOSIGNAL) > 0)
            for (ssize_t n; (n = recv(fd, answer + got, sizeof answer - got - 1, 0)) > 0;)
                got += (size_t)n;
        answer[got] = '\0';
        if (strstr(answer, "GET /n"))
            __atomic_fetch_add(&kit_now_us, 1, __ATOMIC_RELAXED); /* a counter both can reach */
        close(fd);
    }
    return NULL;
}

TEST(clients_at_the_same_time_all_get_answers)
{
    struct http *http = start((struct http_options){.n_workers = 3});
    int64_t before = kit_now_us;
    pthread_t clients[4];
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        EXPECT(pthread_create(&clients[i], NULL, ask_many, http) == 0);
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        pthread_join(clients[i], NULL);
    EXPECT_I64(kit_now_us - before, 200);
    struct http_stats stats;
    http_stats(http, &stats);
    EXPECT_I64(stats.n_requests, 200);
    http_stop(http);
}

RUN_TESTS(test_of(answers_get_post_and_errors), test_of(two_requests_on_one_connection),
          test_of(ambiguous_lengths_are_refused),
          test_of(odd_framing_is_refused_and_the_connection_ends),
          test_of(head_has_the_length_but_no_body), test_of(a_chunked_body_arrives_whole),
          test_of(an_expecting_client_is_told_to_go_on), test_of(bodies_past_the_limit_are_refused),
          test_of(answers_past_the_limit_are_refused),
          test_of(a_dripping_request_is_cut_off_at_the_deadline), test_of(a_port_in_use_is_named),
          test_of(clients_at_the_same_time_all_get_answers))
