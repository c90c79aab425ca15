/* blast: sends files over TCP, one connection a file, as fast as the receiver takes them (sendfile: no
 * copy in user space), then closes its side and waits for the receiver to close too. Prints one JSON line.
 *
 *   blast [-k] HOST PORT FILE...
 *   -k: do not wait for the receiver to close */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"

enum {
    CONNS_MAX = 256,
    CHUNK_BYTES = 256 << 10, /* of one sendfile: deals the time fairly over the connections */
    WAIT_MS = 60000,         /* a receiver that takes nothing for so long has hung */
};

struct conn {
    int socket, file;
    off_t at, size;
};

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

static void open_file(struct conn *conn, const char *path)
{
    struct stat st;
    conn->file = open(path, O_RDONLY);
    if (conn->file < 0 || fstat(conn->file, &st) < 0)
        die(path);
    posix_fadvise(conn->file, 0, 0, POSIX_FADV_SEQUENTIAL);
    conn->size = st.st_size;
}

static int dial(const char *host, int64_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, host, &at.sin_addr) != 1)
        die("blast: address");
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof at) < 0)
        die("blast: connect");
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        die("blast: fcntl");
    return fd;
}

/* Sends one chunk; true when the file is through. */
static bool send_chunk(struct conn *conn)
{
    const ssize_t n = sendfile(conn->socket, conn->file, &conn->at, CHUNK_BYTES);
    if (n < 0 && errno != EAGAIN)
        die("blast: sendfile");
    if (conn->at < conn->size)
        return false;
    shutdown(conn->socket, SHUT_WR);
    return true;
}

static void send_all(struct conn *conns, int n)
{
    struct pollfd fds[CONNS_MAX];
    int n_live = n;
    for (int i = 0; i < n; i++)
        fds[i] = (struct pollfd){.fd = conns[i].socket, .events = POLLOUT};
    while (n_live > 0) {
        if (poll(fds, (nfds_t)n, WAIT_MS) <= 0) {
            fputs("blast: the receiver took nothing for 60 s\n", stderr);
            exit(1);
        }
        for (int i = 0; i < n; i++) {
            if (!(fds[i].revents & (POLLOUT | POLLERR | POLLHUP)) || !send_chunk(&conns[i]))
                continue;
            fds[i].fd = -1;
            n_live--;
        }
    }
}

static void wait_closed(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char junk[256];
    while (poll(&p, 1, WAIT_MS) == 1 && read(fd, junk, sizeof junk) > 0)
        continue;
}

int main(int argc, char **argv)
{
    static struct conn conns[CONNS_MAX];
    const bool waits = argc < 2 || strcmp(argv[1], "-k") != 0;
    char **args = argv + (waits ? 1 : 2);
    const int n = argc - (int)(args - argv) - 2;
    int64_t port = 0;
    if (n < 1 || n > CONNS_MAX || !num_parse_i64(args[1], strlen(args[1]), &port)) {
        fputs("usage: blast [-k] HOST PORT FILE...\n", stderr);
        return 2;
    }
    double n_bytes = 0;
    for (int i = 0; i < n; i++) {
        open_file(&conns[i], args[2 + i]);
        n_bytes += (double)conns[i].size;
    }
    const double start_s = now_s();
    for (int i = 0; i < n; i++)
        conns[i].socket = dial(args[0], port);
    send_all(conns, n);
    const double sent_s = now_s();
    for (int i = 0; i < n; i++) {
        if (waits)
            wait_closed(conns[i].socket);
        close(conns[i].socket);
        close(conns[i].file);
    }
    printf("{\"connections\":%d,\"bytes\":%.0f,\"sent_s\":%.3f,\"closed_s\":%.3f}\n", n, n_bytes,
           sent_s - start_s, now_s() - start_s);
    return 0;
}
