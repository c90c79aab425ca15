/* plumb rename: the same series under another name. */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/manage.h"
#include "cli/tell.h"

enum { QUERY_BYTES_MAX = 1 << 16 };

static const struct cli_option options_of_rename[] = {
    {"prefix", 'p', CLI_FLAG, NULL, "OLD. and NEW. are what names begin with; both end in a dot"},
    MANAGE_OPTIONS,
    {0},
};

static bool make_query(const struct args *args, struct buf *query, struct err *err)
{
    if (args->n_rest || args->n_words != 2)
        return FAIL(err, ERR_INPUT, "rename takes the old name and the new one");
    client_param(query, "from", args->words[0]);
    client_param(query, "to", args->words[1]);
    if (args_has(args, "prefix"))
        client_param(query, "prefix", "1");
    return true;
}

static int run_rename(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf query;
    arena_init(&arena);
    buf_init(&query, QUERY_BYTES_MAX);
    struct args args;
    struct err err;
    if (!args_parse(&commands_rename, argc, argv, &arena, &args, &err) ||
        !make_query(&args, &query, &err))
        return tell_fail("rename", &err);
    const struct manage manage = {"rename", "renamed", "/api/v1/series/rename", &args, &query};
    return manage_run(&manage, &arena);
}

const struct command commands_rename = {
    .name = "rename",
    .usage = "rename OLD NEW | --prefix OLD. NEW. [--dry-run] [--yes] [--json] [--by NAME]",
    .summary = "give series other names",
    .group = "Series",
    .about = "Gives a series another name, or with --prefix all untagged ones that begin so. "
             "Points and\n"
             "retention stay. What is sent to an old name makes a new series. Nothing is renamed "
             "when one\n"
             "of the new names is in use. Shows what would be done and asks; the ledger gets a "
             "record.\n",
    .options = options_of_rename,
    .help = "Examples\n"
            "  plumb rename web.logins site.logins\n"
            "  plumb rename 'cpu;dc=eu' 'cpu;dc=eu-west'\n"
            "  plumb rename --prefix servers.web7. servers.web9.\n"
            "\n"
            "Exit codes\n"
            "  0  renamed, or shown with --dry-run\n"
            "  1  you said no, or the server could not\n"
            "  2  typed wrong, a new name is in use, or there is no terminal and no --yes\n"
            "  5  there is no such series\n"
            "  7  no server answers\n",
    .run = run_rename,
};
