/* sink: the fastest receiver that this machine allows: one thread, epoll, big reads. What a real receiver
 * is measured against.
 *
 *   sink discard|count
 *   discard: reads and drops; count: reads and counts newlines
 *
 * Prints "PORT\n" when it listens; ends when all connections have closed, and prints one JSON line with its
 * CPU seconds. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

enum {
    READ_BYTES = 256 << 10,
    EVENTS_MAX = 64,
    FIRST_WAIT_MS = 60000, /* for the first connection */
    WAIT_MS = 10000,       /* for anything after it */
};

struct sink {
    int listener, epoll;
    bool counts;
    int n_live, n_seen;
    double start_s, n_bytes, n_lines;
};

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void watch(struct sink *sink, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(sink->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void start(struct sink *sink)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    sink->listener = socket(AF_INET, SOCK_STREAM, 0);
    sink->epoll = epoll_create1(0);
    if (bind(sink->listener, (const struct sockaddr *)&at, sizeof at) < 0 ||
        listen(sink->listener, 128) < 0 ||
        getsockname(sink->listener, (struct sockaddr *)&at, &n) < 0) {
        perror("sink");
        exit(1);
    }
    watch(sink, sink->listener);
    printf("%u\n", ntohs(at.sin_port));
    fflush(stdout);
}

static void accept_one(struct sink *sink)
{
    watch(sink, accept(sink->listener, NULL, NULL));
    if (sink->n_seen++ == 0)
        sink->start_s = now_s();
    sink->n_live++;
}

static void read_one(struct sink *sink, int fd)
{
    static char bytes[READ_BYTES];
    const ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    if (n <= 0) {
        close(fd);
        sink->n_live--;
        return;
    }
    sink->n_bytes += (double)n;
    if (!sink->counts)
        return;
    const char *end = bytes + n;
    for (const char *at = bytes; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        sink->n_lines++;
}

int main(int argc, char **argv)
{
    struct sink sink = {.counts = argc == 2 && strcmp(argv[1], "count") == 0};
    if (argc != 2 || (!sink.counts && strcmp(argv[1], "discard") != 0)) {
        fputs("usage: sink discard|count\n", stderr);
        return 2;
    }
    start(&sink);
    while (sink.n_seen == 0 || sink.n_live > 0) {
        struct epoll_event events[EVENTS_MAX];
        const int n =
            epoll_wait(sink.epoll, events, EVENTS_MAX, sink.n_seen ? WAIT_MS : FIRST_WAIT_MS);
        if (n <= 0)
            break;
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == sink.listener)
                accept_one(&sink);
            else
                read_one(&sink, events[i].data.fd);
        }
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"mode\":\"%s\",\"bytes\":%.0f,\"lines\":%.0f,\"wall_s\":%.3f,\"user_s\":%.4f,"
           "\"sys_s\":%.4f}\n",
           argv[1], sink.n_bytes, sink.n_lines, now_s() - sink.start_s, seconds(usage.ru_utime),
           seconds(usage.ru_stime));
    return 0;
}
