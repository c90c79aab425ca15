#include "os/answer.h"

#include <string.h>

#include "kit/kit.h"

struct row {
    const char *row, *text;
    int status;
    enum answer_state state; /* when all was taken, before the connection's end */
    const char *body;
    bool keeps;
};

#define HEAD(fields) "HTTP/1.1 200 OK\r\n" fields "\r\n"

static const struct row rows[] = {
    {"by length", HEAD("Content-Length: 5\r\n") "hello", 200, ANSWER_WHOLE, "hello", true},
    {"names in any case", HEAD("cOnTeNt-lEnGtH:2\r\n") "ab", 200, ANSWER_WHOLE, "ab", true},
    {"an empty one", HEAD("Content-Length: 0\r\n"), 200, ANSWER_WHOLE, "", true},
    {"half of it", HEAD("Content-Length: 5\r\n") "hel", 200, ANSWER_MORE, "hel", true},
    {"bare line feeds", "HTTP/1.1 201\nContent-Length: 1\n\nx", 201, ANSWER_WHOLE, "x", true},
    {"half a head", "HTTP/1.1 200 OK\r\nContent-Le", 0, ANSWER_MORE, "", true},
    {"in chunks",
     HEAD("Transfer-Encoding: chunked\r\n") "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", 200,
     ANSWER_WHOLE, "abc0123456789", true},
    {"with a trailer", HEAD("Transfer-Encoding: chunked\r\n") "1\r\na\r\n0\r\nX: y\r\n\r\n", 200,
     ANSWER_WHOLE, "a", true},
    {"chunks that go on", HEAD("Transfer-Encoding: chunked\r\n") "1\r\na\r\n", 200, ANSWER_MORE,
     "a", true},
    {"both lengths", HEAD("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n") "0\r\n\r\n", 200,
     ANSWER_WHOLE, "", false},
    {"to the end", HEAD("") "all of it", 200, ANSWER_MORE, "all of it", false},
    {"without a body", "HTTP/1.1 204 No Content\r\n\r\n", 204, ANSWER_WHOLE, "", true},
    {"it will close", HEAD("Connection: x, Close\r\nContent-Length: 0\r\n"), 200, ANSWER_WHOLE, "",
     false},
    {"an older server", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, ANSWER_WHOLE, "x",
     false},
    {"a word before",
     "HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\n" HEAD("Content-Length: 1\r\n") "x", 200,
     ANSWER_WHOLE, "x", true},
    {"more than one answer", HEAD("Content-Length: 1\r\n") "xHTTP", 200, ANSWER_WHOLE, "x", false},
    {"too long",
     HEAD("Content-Length: 50\r\n") "01234567890123456789012345678901234567890123456789", 200,
     ANSWER_LONG, "", true},
    {"no HTTP", "220 mail.example ESMTP\r\n", 0, ANSWER_BROKEN, "", false},
    {"no status", "HTTP/1.1 2x0 OK\r\n", 0, ANSWER_BROKEN, "", false},
    {"another protocol", "HTTP/1.1 101 Switching\r\n\r\n", 0, ANSWER_BROKEN, "", true},
    {"two lengths", HEAD("Content-Length: 1\r\nContent-Length: 2\r\n") "ab", 0, ANSWER_BROKEN, "",
     true},
    {"a length below nothing", HEAD("Content-Length: -1\r\n"), 0, ANSWER_BROKEN, "", true},
    {"a length past everything", HEAD("Content-Length: 99999999999999999999\r\n"), 0, ANSWER_BROKEN,
     "", true},
    {"packed", HEAD("Transfer-Encoding: gzip, chunked\r\n"), 0, ANSWER_BROKEN, "", true},
    {"a folded line", HEAD("X: y\r\n z: u\r\n"), 0, ANSWER_BROKEN, "", true},
    {"a chunk of no size", HEAD("Transfer-Encoding: chunked\r\n") "\r\n", 200, ANSWER_BROKEN, "",
     true},
    {"a chunk of any size", HEAD("Transfer-Encoding: chunked\r\n") "1000000000000000\r\n", 200,
     ANSWER_BROKEN, "", true},
    {"a chunk longer than it says", HEAD("Transfer-Encoding: chunked\r\n") "1\r\nabc\r\n", 200,
     ANSWER_BROKEN, "a", true},
};

static void check(const struct row *r, size_t n_step)
{
    struct answer answer;
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, 40);
    answer_init(&answer, true);
    enum answer_state state = ANSWER_MORE;
    const size_t n = strlen(r->text);
    for (size_t i = 0; i < n && (state == ANSWER_MORE || state == ANSWER_WHOLE); i += n_step)
        state = answer_take(&answer, r->text + i, min_size(n_step, n - i), &body);
    EXPECT_I64(state, r->state);
    EXPECT_I64(answer.status, r->status);
    EXPECT(answer.keeps == r->keeps);
    if (r->state != ANSWER_LONG)
        EXPECT_TEXT(buf_text(&body), r->body);
}

TEST(reads_an_answer_however_it_is_cut)
{
    static const size_t steps[] = {1, 2, 7, 100000};
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        EACH_ROW (rows, r)
            check(r, steps[i]);
}

static enum answer_state at_end(const char *text, struct answer *answer)
{
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, 40);
    answer_init(answer, true);
    (void)answer_take(answer, text, strlen(text), &body);
    return answer_end(answer);
}

TEST(the_end_of_the_connection_ends_some)
{
    struct answer answer;
    EXPECT_I64(at_end(HEAD("") "abc", &answer), ANSWER_WHOLE);
    EXPECT_I64(at_end(HEAD("Content-Length: 3\r\n") "abc", &answer), ANSWER_WHOLE);
    EXPECT(!answer.keeps);
    EXPECT_I64(at_end(HEAD("Content-Length: 4\r\n") "abc", &answer), ANSWER_BROKEN);
    EXPECT_I64(at_end(HEAD("Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n", &answer),
               ANSWER_BROKEN);
    EXPECT_I64(at_end("HTTP/1.1 200", &answer), ANSWER_BROKEN);
    EXPECT_I64(at_end("", &answer), ANSWER_BROKEN);
}

TEST(a_head_has_limits)
{
    CLEANUP(buf_done) struct buf text, body;
    struct answer answer;
    buf_init(&text, 1 << 20);
    buf_init(&body, 40);
    buf_add_str(&text, "HTTP/1.1 200 OK\r\nX: ");
    while (text.n < ANSWER_LINE_BYTES + 100)
        buf_add_char(&text, 'x');
    answer_init(&answer, true);
    EXPECT_I64(answer_take(&answer, text.at, text.n, &body), ANSWER_BROKEN);

    buf_clear(&text);
    buf_add_str(&text, "HTTP/1.1 200 OK\r\n");
    while (text.n < 300000)
        buf_add_str(&text, "Set-Cookie: something\r\n");
    answer_init(&answer, true);
    EXPECT_I64(answer_take(&answer, text.at, text.n, &body), ANSWER_BROKEN);
}

TEST(a_head_alone_and_when_to_come_again)
{
    static const char text[] = "HTTP/1.1 503 No\r\nRetry-After: 17\r\nContent-Length: 9\r\n\r\n";
    CLEANUP(buf_done) struct buf body;
    struct answer answer;
    buf_init(&body, 40);
    answer_init(&answer, false);
    EXPECT_I64(answer_take(&answer, text, strlen(text), &body), ANSWER_WHOLE);
    EXPECT_I64(answer.status, 503);
    EXPECT_I64(answer.retry_after_s, 17);
    EXPECT(answer.keeps);
}

RUN_TESTS(test_of(reads_an_answer_however_it_is_cut), test_of(the_end_of_the_connection_ends_some),
          test_of(a_head_has_limits), test_of(a_head_alone_and_when_to_come_again))
