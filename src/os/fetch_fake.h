/* For tests: an HTTP server of one thread on a loopback port, which answers as told and remembers
 * what it was asked. Only tests include this. */
#pragma once

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "os/file.h"
#include "os/net.h"
#include "os/thread.h"

enum { FAKE_ANSWERS_MAX = 16, FAKE_ASKED_MAX = 64, FAKE_TEXT_MAX = 65536 };

struct fake_answer {
    const char *path; /* the asked path begins so; NULL: any */
    int status;       /* 0: never answers, the connection stays open; -1: closes it at once */
    const char *body;
    const char *raw; /* sent as it stands in place of status and body; NULL: those */
    bool closes;     /* the connection, once it has answered */
};

struct fake_server {
    const struct fake_answer *answers; /* the first that fits; none: 404 */
    size_t n_answers;
    char url[NET_TEXT_MAX + 8];
    int listener, stop[2];
    struct thread thread;
    /* Read only after fake_stop, or after the client has its answer. */
    char *asked[FAKE_ASKED_MAX];  /* "POST /api/v1/changes" */
    char *bodies[FAKE_ASKED_MAX]; /* what came with it */
    char *heads[FAKE_ASKED_MAX];
    size_t n_asked, n_connections;
};

/* Waits for more bytes, or for the end of the test. */
static inline bool fake_wait(struct fake_server *server, int fd)
{
    struct pollfd ready[2] = {{.fd = fd, .events = POLLIN},
                              {.fd = server->stop[0], .events = POLLIN}};
    return poll(ready, 2, 10000) > 0 && !ready[1].revents;
}

static inline size_t fake_body_bytes(const char *head)
{
    const char *field = strcasestr(head, "\r\nContent-Length:");
    int64_t n = 0;
    if (!field)
        return 0;
    field += strlen("\r\nContent-Length:");
    field += strspn(field, " ");
    return num_parse_i64(field, strcspn(field, "\r"), &n) ? (size_t)n : 0;
}

/* Reads one request whole. False: the peer is done, or the test is. */
static inline bool fake_read(struct fake_server *server, int fd, struct buf *in)
{
    buf_clear(in);
    for (;;) {
        const char *end = strstr(buf_text(in), "\r\n\r\n");
        if (end && in->n >= (size_t)(end + 4 - in->at) + fake_body_bytes(in->at))
            return true;
        if (!fake_wait(server, fd))
            return false;
        char bytes[4096];
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got <= 0)
            return false;
        buf_add(in, bytes, (size_t)got);
        if (in->is_full)
            return false;
    }
}

static inline void fake_remember(struct fake_server *server, const char *text)
{
    if (server->n_asked == FAKE_ASKED_MAX)
        return;
    const char *end = strstr(text, "\r\n\r\n");
    const char *line_end = strstr(text, " HTTP/");
    const size_t i = server->n_asked;
    server->asked[i] = mem_strndup(text, (size_t)(line_end - text));
    server->heads[i] = mem_strndup(text, (size_t)(end - text));
    server->bodies[i] = mem_strdup(end + 4);
    server->n_asked++;
}

static inline const struct fake_answer *fake_find(struct fake_server *server, const char *text)
{
    static const struct fake_answer none = {NULL, 404, "nothing here\n"};
    const char *path = strchr(text, ' ') + 1;
    for (size_t i = 0; i < server->n_answers; i++)
        if (!server->answers[i].path || text_starts(path, server->answers[i].path))
            return &server->answers[i];
    return &none;
}

static inline void fake_serve(struct fake_server *server, int fd)
{
    CLEANUP(buf_done) struct buf in, out;
    buf_init(&in, FAKE_TEXT_MAX);
    buf_init(&out, FAKE_TEXT_MAX);
    while (fake_read(server, fd, &in)) {
        fake_remember(server, in.at);
        const struct fake_answer *answer = fake_find(server, in.at);
        if (answer->status < 0)
            return;
        if (answer->status == 0 && !answer->raw) {
            (void)!fake_wait(server, fd); /* until the client gives up */
            return;
        }
        buf_clear(&out);
        if (answer->raw)
            buf_add_str(&out, answer->raw);
        else
            buf_printf(&out, "HTTP/1.1 %d Word\r\nContent-Length: %zu\r\n\r\n%s", answer->status,
                       strlen(answer->body), answer->body);
        if (write(fd, out.at, out.n) != (ssize_t)out.n || answer->closes)
            return;
    }
}

static inline void fake_run(void *self)
{
    struct fake_server *server = self;
    while (fake_wait(server, server->listener)) {
        CLEANUP(fd_done) int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            continue;
        server->n_connections++;
        fake_serve(server, fd);
    }
}

/* answers: n of them, lent until fake_stop. */
static inline bool fake_start(struct fake_server *server, const struct fake_answer *answers,
                              size_t n, struct err *err)
{
    *server = (struct fake_server){.answers = answers, .n_answers = n};
    struct net_addr addr;
    char shown[NET_TEXT_MAX];
    if (!net_parse("127.0.0.1:0", &addr, err) ||
        !net_listen(&addr, 1, &server->listener, NULL, err) || pipe(server->stop) != 0)
        return false;
    net_format(&addr, shown);
    snprintf(server->url, sizeof server->url, "http://%s", shown);
    return thread_start(&server->thread, "fake", fake_run, server, err);
}

static inline void fake_stop(struct fake_server *server)
{
    (void)!write(server->stop[1], "", 1);
    thread_join(&server->thread);
    fd_done(&server->listener);
    fd_done(&server->stop[0]);
    fd_done(&server->stop[1]);
}

/* Frees what was remembered. */
static inline void fake_done(struct fake_server *server)
{
    for (size_t i = 0; i < server->n_asked; i++) {
        mem_free(server->asked[i]);
        mem_free(server->heads[i]);
        mem_free(server->bodies[i]);
    }
    server->n_asked = 0;
}
