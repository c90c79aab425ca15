/* plumb man: manual pages. */
#include <string.h>

#include "base/str.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/man_text.h"
#include "cli/tell.h"
#include "os/file.h"

enum { PAGE_BYTES_MAX = 256 * 1024 };

static const struct cli_option options_of_man[] = {
    {"to", 0, CLI_TEXT, "DIR", "write all pages into this folder, as plumb.1, plumb-log.1, ..."},
    {0},
};

static int show(const struct cli_table *all, const char *name)
{
    CLEANUP(buf_done) struct buf page;
    struct err err;
    buf_init(&page, PAGE_BYTES_MAX);
    if (!name)
        man_text_all(all, &page);
    for (size_t i = 0; name && i < all->n; i++)
        if (strcmp(all->items[i]->name, name) == 0)
            man_text_one(all->items[i], &page);
    if (page.n)
        return tell_out("man", buf_text(&page)) ? CODE_OK : CODE_FAILED;
    err_set(&err, ERR_INPUT, "there is no command '%.40s'", name);
    err_hint(&err, "plumb --help lists them");
    return tell_fail("man", &err);
}

static bool write_page(const char *dir, const char *name, const struct buf *page,
                       struct arena *arena, struct err *err)
{
    return file_replace(arena_printf(arena, "%s/%s", dir, name), page->at, page->n, err);
}

static bool write_all(const struct cli_table *all, const char *dir, struct arena *arena,
                      struct err *err)
{
    CLEANUP(buf_done) struct buf page;
    buf_init(&page, PAGE_BYTES_MAX);
    man_text_all(all, &page);
    if (!dir_make(dir, err) || !write_page(dir, "plumb.1", &page, arena, err))
        return false;
    for (size_t i = 0; i < all->n; i++) {
        buf_clear(&page);
        man_text_one(all->items[i], &page);
        if (!write_page(dir, arena_printf(arena, "plumb-%s.1", all->items[i]->name), &page, arena,
                        err))
            return false;
    }
    return true;
}

static int run_man(const struct cli_table *all, int argc, char **argv)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    struct args args;
    struct err err;
    if (!args_parse(&commands_man, argc, argv, &arena, &args, &err))
        return tell_fail("man", &err);
    const char *dir = args_text(&args, "to");
    if (args.n_words > 1 || args.n_rest || (dir && args.n_words)) {
        err_set(&err, ERR_INPUT, "man takes one command, or --to DIR");
        return tell_fail("man", &err);
    }
    if (!dir)
        return show(all, args.n_words ? args.words[0] : NULL);
    return write_all(all, dir, &arena, &err) ? CODE_OK : tell_fail("man", &err);
}

const struct command commands_man = {
    .name = "man",
    .usage = "man [COMMAND | --to DIR]",
    .summary = "manual pages, as roff",
    .group = "Shell",
    .about = "Writes the manual page of plumb, or of one command, to stdout.\n",
    .options = options_of_man,
    .help = "Examples\n"
            "  plumb man deploy | man -l -\n"
            "  plumb man --to ~/.local/share/man/man1\n"
            "\n"
            "Exit codes\n"
            "  0  it was written\n"
            "  1  the folder cannot be written\n"
            "  2  typed wrong\n",
    .run_all = run_man,
};
