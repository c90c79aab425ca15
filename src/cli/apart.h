/* For tests: runs the program's main in a process of its own, with its streams in files, a home
 * that is the test's folder, and a server of the test's choice. Only tests include this. */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "cli/cli.h"
#include "os/file.h"
#include "os/realtime.h"

enum { APART_ARGS_MAX = 32, APART_BYTES_MAX = 1 << 20, APART_NO_CODE = -1 };

struct apart {
    const char *dir;     /* home, state and current folder */
    const char *url;     /* PLUMB_URL; NULL: nobody listens there */
    const char *token;   /* PLUMB_TOKEN; NULL: none */
    bool is_default_url; /* PLUMB_URL is not set */
    struct arena *arena;
    bool is_ascii;     /* LANG says so */
    const char *pager; /* PLUMB_PAGER; NULL: none */
    /* What came of it. */
    int code;
    const char *out, *err;
    int64_t took_ms;
};

static inline int apart_serve(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 0;
}

static const struct command apart_serve_command = {
    .name = "serve",
    .usage = "serve",
    .summary = "stands in for the server's command",
    .help = "Nothing.\n",
    .run = apart_serve,
};

static inline const char *apart_path(const struct apart *apart, const char *name)
{
    return arena_printf(apart->arena, "%s/%s", apart->dir, name);
}

static inline void apart_stream(const struct apart *apart, const char *name, int fd)
{
    const int file = open(apart_path(apart, name), O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || dup2(file, fd) < 0)
        _exit(98);
    close(file);
}

/* In the new process; args ended by NULL. stdout goes to out_fd, or into a file (-1). */
NO_RETURN static inline void apart_become(const struct apart *apart, const char *const *args,
                                          int out_fd)
{
    char *argv[APART_ARGS_MAX + 2];
    int argc = 0;
    argv[argc++] = arena_strdup(apart->arena, "plumb");
    for (int i = 0; args[i] && argc <= APART_ARGS_MAX; i++)
        argv[argc++] = arena_strdup(apart->arena, args[i]);
    argv[argc] = NULL;
    if (chdir(apart->dir) != 0)
        _exit(98);
    setenv("HOME", apart->dir, 1);
    setenv("XDG_STATE_HOME", apart_path(apart, "state"), 1);
    setenv("PLUMB_URL", apart->url ? apart->url : "http://127.0.0.1:1", 1);
    if (apart->is_default_url)
        unsetenv("PLUMB_URL");
    setenv("PLUMB_BY", "tester", 1);
    setenv("TZ", "UTC", 1);
    setenv("LC_ALL", apart->is_ascii ? "C" : "C.UTF-8", 1);
    setenv("PLUMB_PAGER", apart->pager ? apart->pager : "", 1);
    unsetenv("COLUMNS");
    unsetenv("PLUMB_CHANGE");
    unsetenv("PLUMB_TOKEN");
    unsetenv("XDG_CONFIG_HOME");
    if (apart->token)
        setenv("PLUMB_TOKEN", apart->token, 1);
    apart_stream(apart, "stdin", 0);
    apart_stream(apart, "stderr", 2);
    if (out_fd < 0)
        apart_stream(apart, "stdout", 1);
    else if (dup2(out_fd, 1) < 0)
        _exit(98);
    const struct command *const more[] = {&apart_serve_command};
    const int code = cli_main(argc, argv, more, 1);
    fflush(stdout);
    _exit(code);
}

static inline pid_t apart_start(const struct apart *apart, const char *const *args, int out_fd)
{
    const pid_t pid = fork();
    if (pid == 0)
        apart_become(apart, args, out_fd);
    return pid;
}

static inline const char *apart_read(const struct apart *apart, const char *name)
{
    CLEANUP(buf_done) struct buf bytes;
    buf_init(&bytes, APART_BYTES_MAX);
    if (!file_read_all(apart_path(apart, name), &bytes, NULL))
        return "";
    return arena_strndup(apart->arena, buf_text(&bytes), bytes.n);
}

static inline void apart_end(struct apart *apart, pid_t pid)
{
    int status;
    apart->code = APART_NO_CODE;
    if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
        apart->code = WEXITSTATUS(status);
    apart->out = apart_read(apart, "stdout");
    apart->err = apart_read(apart, "stderr");
}

/* Runs it to its end. */
static inline void apart_run(struct apart *apart, const char *const *args)
{
    const int64_t began_us = monotonic_us();
    apart_end(apart, apart_start(apart, args, -1));
    apart->took_ms = (monotonic_us() - began_us) / 1000;
}

/* APART(&apart, "mark", "website") */
#define APART(apart, ...) apart_run((apart), (const char *const[]){__VA_ARGS__, NULL})
