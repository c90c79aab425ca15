#include "app/serve.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "app/config.h"
#include "app/wire.h"
#include "base/arena.h"
#include "base/log.h"

enum {
    FILES_WANTED = 65536,  /* connections and data files; the hard limit may be lower */
    KEPT_BYTES = 64 << 20, /* of a thread's freed memory: 1,000 series of a day at 10 s */
    ALONE_BYTES = 8 << 20, /* longer blocks go back to the kernel; an arena's chunks are shorter */
};

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= FILES_WANTED)
        return;
    limit.rlim_cur = limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* The first touch of a page costs more than all else that a wide render does with it: what one gave back
 * is there for the next. */
static void keep_memory(void)
{
    /* No thread has been started yet. */
    mallopt(M_MMAP_THRESHOLD, ALONE_BYTES); /* NOLINT(concurrency-mt-unsafe) */
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);  /* NOLINT(concurrency-mt-unsafe) */
}

static void say_ready(const struct wire *wire, const struct config *config)
{
    printf("plumb ready: http %s, line %s, pickle %s, statsd %s, data %s\n", wire_http_addr(wire),
           wire_line_addr(wire), wire_pickle_addr(wire), wire_statsd_addr(wire), config->data);
    fflush(stdout);
    sd_notify(0, "READY=1");
}

static int fail(const struct err *err)
{
    fprintf(stderr, "plumb serve: %s\n", err->text);
    if (err->hint[0])
        fprintf(stderr, "  %s\n", err->hint);
    return err->kind == ERR_INPUT ? 2 : 1;
}

/* Waits for SIGTERM or SIGINT, which every thread has blocked. */
static void wait_for_end(const sigset_t *ends)
{
    int got = 0;
    while (sigwait(ends, &got) != 0)
        continue;
    sd_notify(0, "STOPPING=1");
}

static int serve(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct config config;
    struct err err;
    if (!config_read(argc, argv, &arena, &config, &err))
        return fail(&err);
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    raise_file_limit();
    keep_memory();

    struct wire *wire = NULL;
    if (!wire_start(&config, &wire, &err))
        return fail(&err);
    say_ready(wire, &config);
    wait_for_end(&ends);
    wire_stop(wire);
    return 0;
}

static const char *help(void)
{
    static char text[8192];
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    snprintf(
        text, sizeof text,
        "Receives metrics and changes, keeps them, answers queries. An ADDR is host:port, :port\n"
        "(all interfaces) or off; port 0 takes a free one. Prints one line with its addresses\n"
        "when ready; ends cleanly on SIGTERM and SIGINT.\n\n%s\n"
        "Examples:\n"
        "  plumb serve\n"
        "  plumb serve --data /var/lib/plumb --http :2010 --line :2003\n"
        "  plumb serve --config plumb.conf --schemas storage-schemas.conf\n\n"
        "Exit codes: 0 ended by a signal; 1 could not start; 2 usage.\n",
        config_help(&arena));
    return text;
}

const struct command serve_command = {
    .name = "serve",
    .usage = "serve [--config FILE] [--data DIR] [--http ADDR] [--line ADDR] [...]",
    .summary = "run the server",
    .help_text = help,
    .run = serve,
};
