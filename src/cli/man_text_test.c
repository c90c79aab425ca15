#include "cli/man_text.h"

#include <string.h>

#include "base/str.h"
#include "kit/kit.h"

static const char *page_of(const struct command *command)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1 << 20);
    man_text_one(command, &out);
    return arena_strdup(&kit_arena, buf_text(&out));
}

TEST(every_option_is_in_the_page_of_its_command)
{
    for (size_t i = 0; i < n_cli_commands; i++) {
        const struct command *c = cli_commands[i];
        const char *page = page_of(c);
        kit_row(c->name);
        EXPECT(text_starts(page, ".TH PLUMB-"));
        EXPECT(strstr(page, ".SH SYNOPSIS\n.nf\nplumb "));
        EXPECT(strstr(page, "\n.SH EXIT CODES\n"));
        for (const struct cli_option *o = c->options; o->name; o++) {
            CLEANUP(buf_done) struct buf name;
            buf_init(&name, 100);
            buf_add_str(&name, "\\-\\-");
            for (const char *at = o->name; *at; at++)
                buf_printf(&name, "%s%c", *at == '-' ? "\\" : "", *at);
            buf_add_str(&name, "\\fR");
            EXPECT(strstr(page, buf_text(&name)) != NULL);
        }
    }
    kit_row(NULL);
}

TEST(the_page_of_plumb_names_every_command)
{
    struct cli_table all = {.n = n_cli_commands};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < n_cli_commands; i++)
        all.items[i] = cli_commands[i];
    man_text_all(&all, &out);
    for (size_t i = 0; i < n_cli_commands; i++)
        EXPECT(strstr(buf_text(&out),
                      arena_printf(&kit_arena, ".BR plumb\\-%s (1)\n", cli_commands[i]->name)));
}

TEST(texts_are_no_requests)
{
    static const struct command odd = {.name = "odd",
                                       .usage = "odd",
                                       .summary = "odd",
                                       .about = ".so /etc/passwd\n'tis \\n(.g \xe2\x9c\x93\n",
                                       .help = "Example\n  a\n"};
    const char *page = page_of(&odd);
    EXPECT(strstr(page, "\n\\&.so /etc/passwd\n\\&\\(aqtis \\en(.g \\[u2713]\n"));
    EXPECT(strstr(page, "\n.SH EXAMPLE\n.nf\n  a\n.fi\n"));
}

RUN_TESTS(test_of(every_option_is_in_the_page_of_its_command),
          test_of(the_page_of_plumb_names_every_command), test_of(texts_are_no_requests))
