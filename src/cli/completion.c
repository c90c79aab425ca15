/* plumb completion: scripts for shells. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/completion_text.h"
#include "cli/record.h"
#include "cli/tell.h"

enum {
    SCRIPT_BYTES_MAX = 1 << 20,
    SERVICES_MS_MAX = 300, /* somebody has pressed a key and waits */
    CHANGES_MAX = 2000,    /* whose services are offered */
};

static const struct cli_option options_of_completion[] = {
    {"services", 0, CLI_FLAG, NULL, "what the scripts ask: services of recent changes"},
    {0},
};

static bool ask(struct arena *arena, struct change_list *out, struct err *err)
{
    CLEANUP(client_close) struct client client = {0};
    CLEANUP(buf_done) struct buf query, answer;
    buf_init(&query, 1000);
    buf_init(&answer, CLIENT_ANSWER_BYTES_MAX);
    const struct client_ask ask = {"/api/v1/changes", &query, "application/json", SERVICES_MS_MAX};
    client_param_i64(&query, "n", CHANGES_MAX);
    return client_open(&client, arena, err) && client_get(&client, &ask, &answer, err) &&
           record_list(buf_text(&answer), answer.n, arena, out, err);
}

/* A service goes into a command line that a shell reads. */
static bool is_plain(const char *service)
{
    return service[0] &&
           service[strspn(service, "abcdefghijklmnopqrstuvwxyz0123456789._/-")] == '\0';
}

/* Silent when nobody answers: there is a half-typed line on the screen. */
static int list_services(struct arena *arena)
{
    CLEANUP(buf_done) struct buf out;
    struct change_list list;
    struct err err;
    buf_init(&out, SCRIPT_BYTES_MAX);
    if (!ask(arena, &list, &err))
        return CODE_AWAY;
    struct map *seen = map_new();
    for (size_t i = 0; i < list.n; i++) {
        const char *service = list.items[i].service;
        if (!is_plain(service) || map_get(seen, service, strlen(service)))
            continue;
        map_put(seen, service, strlen(service), &list);
        buf_printf(&out, "%s\n", service);
    }
    map_free(seen);
    return tell_out("completion", buf_text(&out)) ? CODE_OK : CODE_FAILED;
}

static const struct {
    const char *shell;
    void (*write)(const struct cli_table *all, struct buf *out);
} shells[] = {
    {"bash", completion_text_bash}, {"zsh", completion_text_zsh}, {"fish", completion_text_fish}};

static int write_script(const struct cli_table *all, const char *shell)
{
    CLEANUP(buf_done) struct buf out;
    struct err err;
    buf_init(&out, SCRIPT_BYTES_MAX);
    for (size_t i = 0; i < COUNT_OF(shells); i++)
        if (strcmp(shells[i].shell, shell) == 0)
            shells[i].write(all, &out);
    if (out.n)
        return tell_out("completion", buf_text(&out)) ? CODE_OK : CODE_FAILED;
    err_set(&err, ERR_INPUT, "'%.40s' is no shell that is known; bash, zsh and fish are", shell);
    return tell_fail("completion", &err);
}

static int run_completion(const struct cli_table *all, int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct err err;
    if (!args_parse(&commands_completion, argc, argv, &arena, &args, &err))
        return tell_fail("completion", &err);
    if (args_has(&args, "services") && !args.n_words)
        return list_services(&arena);
    if (args.n_words != 1 || args.n_rest) {
        err_set(&err, ERR_INPUT, "completion takes the name of a shell: bash, zsh or fish");
        return tell_fail("completion", &err);
    }
    return write_script(all, args.words[0]);
}

const struct command commands_completion = {
    .name = "completion",
    .usage = "completion bash|zsh|fish",
    .summary = "a script with which a shell completes plumb",
    .group = "Shell",
    .about =
        "Writes a script to stdout that completes commands, their options, kinds of changes and,\n"
        "where one is wanted, services of recent changes (asked of the server, 300 ms at most).\n",
    .options = options_of_completion,
    .help = "Examples\n"
            "  source <(plumb completion bash)      in ~/.bashrc\n"
            "  source <(plumb completion zsh)       in ~/.zshrc\n"
            "  plumb completion fish | source       in config.fish\n"
            "\n"
            "Exit codes\n"
            "  0  it was written\n"
            "  2  typed wrong\n",
    .run_all = run_completion,
};
