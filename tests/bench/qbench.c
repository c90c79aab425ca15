/* qbench: closed-loop HTTP/1.1 load: keep-alive connections, one thread, each asks the next request only
 * when it has the whole answer.
 *
 *   qbench [-c conns] [-n requests] [-s max_seconds] [-p pid] HOST PORT < LIST
 *
 * LIST: one request a line, "NAME<tab>PATH". Lines that follow each other with the same NAME form one group
 * and are asked in turn. Each group prints one JSON line: latency p50 and p99, requests/s, bytes an
 * answer and, with -p, the server's CPU milliseconds a request. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"

enum {
    CONNS_MAX = 256,
    PATHS_MAX = 4096,
    HEAD_MAX = 16384,
    REQUEST_MAX = 16384,
    READ_BYTES = 1 << 20,
    EVENTS_MAX = 64,
    WAIT_MS = 120000, /* for an answer */
};

enum phase { HEADERS, LENGTH, CHUNKED, UNTIL_CLOSE };
enum progress { MORE_TO_COME, WHOLE, CLOSED };

struct conn {
    int fd, status;
    enum phase phase;
    double asked_s;
    char head[HEAD_MAX];
    size_t n_head;
    int64_t left, n_body; /* bytes still to come; seen */
    char tail[7];         /* the last bytes seen, to spot the last chunk */
};

struct options {
    const char *host;
    int64_t port, n_conns, n_max, s_max, pid; /* pid 0: none */
};

/* Requests of one name, and how they went. */
struct group {
    const struct options *options;
    char name[256];
    char *paths[PATHS_MAX];
    int n_paths, next_path;
    int epoll;
    int64_t n_asked, n_done, n_bad, n_busy;
    double start_s, n_bytes;
    double *latencies_s; /* n_max of them */
};

static struct conn conns[CONNS_MAX];

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* User and system time of the server so far. */
static double cpu_s(int64_t pid)
{
    char path[64], line[1024];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    FILE *file = pid ? fopen(path, "r") : NULL;
    if (!file)
        return 0;
    const char *at = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    fclose(file);
    if (!at ||
        sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        return 0;
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void dial(struct group *group, struct conn *conn)
{
    const struct options *options = group->options;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options->port)};
    const int one = 1;
    inet_pton(AF_INET, options->host, &at.sin_addr);
    conn->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (conn->fd < 0 || connect(conn->fd, (const struct sockaddr *)&at, sizeof at) < 0)
        die("qbench: connect");
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
    epoll_ctl(group->epoll, EPOLL_CTL_ADD, conn->fd, &event);
}

static void ask(struct group *group, struct conn *conn)
{
    char request[REQUEST_MAX];
    const struct options *options = group->options;
    const int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s:%ld\r\n\r\n",
                           group->paths[group->next_path++ % group->n_paths], options->host,
                           (long)options->port);
    conn->phase = HEADERS;
    conn->n_head = 0;
    conn->n_body = conn->left = 0;
    conn->status = 0;
    memset(conn->tail, 0, sizeof conn->tail);
    conn->asked_s = now_s();
    group->n_asked++;
    if (n >= (int)sizeof request || send(conn->fd, request, (size_t)n, MSG_NOSIGNAL) != n)
        die("qbench: send");
}

static enum progress take_body(struct conn *conn, const char *bytes, size_t n)
{
    conn->n_body += (int64_t)n;
    if (conn->phase == LENGTH) {
        conn->left -= (int64_t)n;
        return conn->left <= 0 ? WHOLE : MORE_TO_COME;
    }
    if (conn->phase != CHUNKED)
        return MORE_TO_COME;
    for (size_t i = n > sizeof conn->tail ? n - sizeof conn->tail : 0; i < n; i++) {
        memmove(conn->tail, conn->tail + 1, sizeof conn->tail - 1);
        conn->tail[sizeof conn->tail - 1] = bytes[i];
    }
    const bool is_end = memcmp(conn->tail, "\r\n0\r\n\r\n", 7) == 0;
    const bool is_empty = conn->n_body == 5 && memcmp(conn->tail + 2, "0\r\n\r\n", 5) == 0;
    return is_end || is_empty ? WHOLE : MORE_TO_COME;
}

/* What follows "name:" in the answer's head, or NULL. */
static const char *header(const struct conn *conn, const char *name)
{
    const char *at = strcasestr(conn->head, name);
    return at ? at + strlen(name) : NULL;
}

static void read_head(struct conn *conn)
{
    long length = 0;
    (void)sscanf(conn->head, "HTTP/%*s %d", &conn->status);
    const char *n = header(conn, "\r\ncontent-length:");
    const char *coding = header(conn, "\r\ntransfer-encoding:");
    conn->phase = UNTIL_CLOSE;
    if (coding && strcasestr(coding, "chunked")) {
        conn->phase = CHUNKED;
    } else if (n && sscanf(n, "%ld", &length) == 1) {
        conn->phase = LENGTH;
        conn->left = length;
    }
}

static enum progress take_head(struct conn *conn, const char *bytes, size_t n)
{
    const size_t taken = min_size(n, HEAD_MAX - 1 - conn->n_head), before = conn->n_head;
    memcpy(conn->head + before, bytes, taken);
    conn->n_head += taken;
    conn->head[conn->n_head] = '\0';
    char *end = strstr(conn->head, "\r\n\r\n");
    if (!end && conn->n_head >= HEAD_MAX - 1) {
        fputs("qbench: the answer's head is too long\n", stderr);
        exit(1);
    }
    if (!end)
        return MORE_TO_COME;
    const size_t body = (size_t)(end + 4 - conn->head) - before;
    end[2] = '\0';
    read_head(conn);
    if (conn->phase == LENGTH && conn->left == 0)
        return WHOLE;
    return take_body(conn, bytes + body, n - body);
}

static enum progress take(struct conn *conn)
{
    static char bytes[READ_BYTES];
    const ssize_t n = recv(conn->fd, bytes, sizeof bytes, 0);
    if (n <= 0)
        return conn->phase == UNTIL_CLOSE ? WHOLE : CLOSED;
    if (conn->phase == HEADERS)
        return take_head(conn, bytes, (size_t)n);
    return take_body(conn, bytes, (size_t)n);
}

/* An answer is there: notes it, and asks the next. */
static void finish(struct group *group, struct conn *conn, bool is_closed)
{
    const double t = now_s();
    const struct options *options = group->options;
    group->latencies_s[group->n_done++] = t - conn->asked_s;
    group->n_bytes += (double)conn->n_body;
    group->n_bad += is_closed || conn->status != 200;
    const bool again =
        group->n_asked < options->n_max && t - group->start_s < (double)options->s_max;
    const bool is_over =
        is_closed || conn->phase == UNTIL_CLOSE || header(conn, "\r\nconnection: close");
    if (is_over || !again)
        close(conn->fd);
    group->n_busy -= !again;
    if (!again)
        return;
    if (is_over)
        dial(group, conn);
    ask(group, conn);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const struct group *group, double wall_s, double used_s)
{
    const int64_t n = group->n_done;
    if (n == 0)
        return;
    qsort(group->latencies_s, (size_t)n, sizeof *group->latencies_s, compare);
    printf("{\"name\":\"%s\",\"conns\":%ld,\"n\":%ld,\"bad\":%ld,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
           "\"rps\":%.1f,\"answer_bytes\":%.0f,\"cpu_ms\":%.4f}\n",
           group->name, (long)group->options->n_conns, (long)n, (long)group->n_bad,
           group->latencies_s[n / 2] * 1e3, group->latencies_s[n * 99 / 100] * 1e3,
           (double)n / wall_s, group->n_bytes / (double)n, used_s * 1e3 / (double)n);
    fflush(stdout);
}

static void run(struct group *group)
{
    const struct options *options = group->options;
    group->latencies_s = mem_array((size_t)options->n_max, double);
    group->epoll = epoll_create1(0);
    const double cpu_before_s = cpu_s(options->pid);
    group->start_s = now_s();
    for (int64_t i = 0; i < options->n_conns && group->n_asked < options->n_max; i++) {
        dial(group, &conns[i]);
        ask(group, &conns[i]);
        group->n_busy++;
    }
    while (group->n_busy > 0) {
        struct epoll_event events[EVENTS_MAX];
        const int n = epoll_wait(group->epoll, events, EVENTS_MAX, WAIT_MS);
        if (n <= 0) {
            fprintf(stderr, "qbench: %s: no answer in 120 s\n", group->name);
            exit(1);
        }
        for (int i = 0; i < n; i++) {
            const enum progress progress = take(events[i].data.ptr);
            if (progress != MORE_TO_COME)
                finish(group, events[i].data.ptr, progress == CLOSED);
        }
    }
    report(group, now_s() - group->start_s, cpu_s(options->pid) - cpu_before_s);
    close(group->epoll);
    mem_free(group->latencies_s);
}

/* Ends the group that was being gathered; the next begins empty. */
static void run_and_clear(struct group *group)
{
    if (group->n_paths > 0)
        run(group);
    for (int i = 0; i < group->n_paths; i++)
        mem_free(group->paths[i]);
    *group = (struct group){.options = group->options};
}

static bool read_options(int argc, char **argv, struct options *out)
{
    for (int letter; (letter = getopt(argc, argv, "c:n:s:p:")) != -1;) {
        int64_t *number = letter == 'c'   ? &out->n_conns
                          : letter == 'n' ? &out->n_max
                          : letter == 's' ? &out->s_max
                          : letter == 'p' ? &out->pid
                                          : NULL;
        if (!number || !num_parse_i64(optarg, strlen(optarg), number))
            return false;
    }
    if (argc - optind != 2)
        return false;
    out->host = argv[optind];
    return num_parse_i64(argv[optind + 1], strlen(argv[optind + 1]), &out->port) &&
           out->n_conns > 0 && out->n_conns <= CONNS_MAX && out->n_max > 0;
}

int main(int argc, char **argv)
{
    struct options options = {.n_conns = 1, .n_max = 200, .s_max = 5};
    static struct group group;
    char line[REQUEST_MAX];
    if (!read_options(argc, argv, &options)) {
        fputs("usage: qbench [-c conns] [-n requests] [-s max_seconds] [-p pid] HOST PORT < LIST\n",
              stderr);
        return 2;
    }
    group.options = &options;
    while (fgets(line, sizeof line, stdin)) {
        char *tab = strchr(line, '\t');
        line[strcspn(line, "\r\n")] = '\0';
        if (!tab)
            continue;
        *tab = '\0';
        if (strcmp(group.name, line) != 0)
            run_and_clear(&group);
        snprintf(group.name, sizeof group.name, "%.255s", line);
        if (group.n_paths < PATHS_MAX)
            group.paths[group.n_paths++] = mem_strdup(tab + 1);
    }
    run_and_clear(&group);
    return 0;
}
