/* plumb delete: series that nobody wants any more. */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/manage.h"
#include "cli/tell.h"

enum { QUERY_BYTES_MAX = 1 << 19 };

static const struct cli_option options_of_delete[] = {
    {"tag", 't', CLI_LIST, "EXPR", "tagged series, as in seriesByTag: dc=eu, host!=a, name=~^cpu"},
    MANAGE_OPTIONS,
    {0},
};

static bool make_query(const struct args *args, struct buf *query, struct err *err)
{
    const bool has_tags = args_has(args, "tag");
    if (args->n_rest || args->n_words > 1 || (args->n_words == 1) == has_tags) {
        err_set(err, ERR_INPUT, "delete takes one GLOB, or --tag");
        err_hint(err, "quote it, or the shell fills it in: plumb delete 'servers.web7.**'");
        return false;
    }
    if (args->n_words)
        client_param(query, "query", args->words[0]);
    for (size_t i = 0; has_tags && args_item(args, "tag", i); i++)
        client_param(query, "expr", args_item(args, "tag", i));
    return true;
}

static int run_delete(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    CLEANUP(buf_done) struct buf query;
    arena_init(&arena);
    buf_init(&query, QUERY_BYTES_MAX);
    struct args args;
    struct err err;
    if (!args_parse(&commands_delete, argc, argv, &arena, &args, &err) ||
        !make_query(&args, &query, &err))
        return tell_fail("delete", &err);
    const struct manage manage = {"delete", "deleted", "/api/v1/series/delete", &args, &query};
    return manage_run(&manage, &arena);
}

const struct command commands_delete = {
    .name = "delete",
    .usage = "delete GLOB | --tag EXPR... [--dry-run] [--yes] [--json] [--by NAME]",
    .summary = "delete series, for good",
    .group = "Series",
    .about =
        "Deletes the series that match: at once for everybody who asks, on disk as files are "
        "written\n"
        "anew. There is no way back. GLOB is a path as in a target: * ? [a-z] {a,b}, and ** for "
        "any\n"
        "depth; a branch is not deleted by its name alone, but by NAME.**. What is sent to a "
        "deleted\n"
        "name makes a new series. Shows what matches and asks first; the ledger gets a record.\n",
    .options = options_of_delete,
    .help = "Examples\n"
            "  plumb delete 'servers.web7.**'\n"
            "  plumb delete --dry-run '*.tmp.*'\n"
            "  plumb delete --tag name=requests --tag 'host=~^old-'\n"
            "  plumb delete --yes 'ci.build-*.**'      from cron\n"
            "\n"
            "Exit codes\n"
            "  0  deleted, or shown with --dry-run\n"
            "  1  you said no, or the server could not\n"
            "  2  typed wrong; or there is no terminal to ask on, and no --yes\n"
            "  5  nothing matches\n"
            "  7  no server answers\n",
    .run = run_delete,
};
