#include "cli/apart.h"
#include "cli/cli.h"
#include "cli/help.h"

#include "base/str.h"

#include "kit/kit.h"

static struct apart here(void)
{
    return (struct apart){.dir = kit_temp_dir(), .arena = &kit_arena};
}

TEST(every_command_explains_itself)
{
    for (size_t i = 0; i < n_cli_commands; i++) {
        const struct command *c = cli_commands[i];
        kit_row(c->name);
        EXPECT((c->run != NULL) != (c->run_all != NULL));
        EXPECT(text_starts(c->usage, c->name));
        EXPECT(c->group && c->about && text_ends(c->about, "\n"));
        EXPECT(strlen(c->summary) > 10 && strlen(c->summary) < 65);
        EXPECT(!text_ends(c->summary, "."));
        EXPECT(c->options != NULL);
        EXPECT((c->help != NULL) != (c->help_text != NULL));
        EXPECT(c->help && strstr(c->help, "Example") && strstr(c->help, "Exit codes\n"));
        EXPECT(c->help && strstr(c->help, arena_printf(&kit_arena, "plumb %s", c->name)));
        for (size_t k = 0; k < i; k++)
            EXPECT(strcmp(cli_commands[k]->name, c->name) != 0);
    }
    kit_row(NULL);
}

TEST(every_option_is_told_apart_and_explained)
{
    for (size_t i = 0; i < n_cli_commands; i++)
        for (const struct cli_option *o = cli_commands[i]->options; o->name; o++) {
            kit_row(arena_printf(&kit_arena, "%s --%s", cli_commands[i]->name, o->name));
            EXPECT(strlen(o->about) > 3);
            EXPECT((o->kind == CLI_FLAG) == (o->value == NULL));
            EXPECT(strcmp(o->name, "help") != 0 && o->letter != 'h');
            for (const struct cli_option *other = cli_commands[i]->options; other != o; other++)
                EXPECT(strcmp(other->name, o->name) != 0 &&
                       (!o->letter || other->letter != o->letter));
        }
    kit_row(NULL);
}

TEST(help_fits_a_screen)
{
    for (size_t i = 0; i < n_cli_commands; i++) {
        kit_row(cli_commands[i]->name);
        CLEANUP(buf_done) struct buf text;
        buf_init(&text, 65536);
        help_one(cli_commands[i], &text);
        for (struct str rest = str_make(text.at, text.n), line; str_split(&rest, '\n', &line);)
            EXPECT(line.n <= 100);
        for (const struct cli_option *o = cli_commands[i]->options; o->name; o++)
            EXPECT(strstr(text.at, arena_printf(&kit_arena, "--%s", o->name)) != NULL);
    }
    kit_row(NULL);
}

TEST(help_is_found_where_people_look)
{
    struct apart apart = here();
    APART(&apart, "--help");
    EXPECT_I64(apart.code, 0);
    for (size_t i = 0; i < n_cli_commands; i++)
        EXPECT(strstr(apart.out, arena_printf(&kit_arena, "  %-10s %s\n", cli_commands[i]->name,
                                              cli_commands[i]->summary)));
    EXPECT(strstr(apart.out, "\nRun\n  serve "));
    const char *all = apart.out;
    APART(&apart, "help");
    EXPECT_TEXT(apart.out, all);
    APART(&apart, "-h");
    EXPECT_TEXT(apart.out, all);

    APART(&apart, "help", "deploy");
    EXPECT_I64(apart.code, 0);
    EXPECT(text_starts(apart.out, "usage: plumb deploy SERVICE "));
    const char *deploy = apart.out;
    APART(&apart, "deploy", "--help");
    EXPECT_TEXT(apart.out, deploy);
    APART(&apart, "deploy", "website", "-h", "--", "true");
    EXPECT_TEXT(apart.out, deploy);
    APART(&apart, "serve", "--help");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.out, "usage: plumb serve\n\nNothing.\n");
}

TEST(mistakes_are_answered_with_the_nearest_name)
{
    struct apart apart = here();
    APART(&apart, "dploy");
    EXPECT_I64(apart.code, 2);
    EXPECT_TEXT(apart.out, "");
    EXPECT_TEXT(apart.err, "plumb: there is no command 'dploy'\n  did you mean plumb deploy?\n");
    APART(&apart, "xyzzy");
    EXPECT_I64(apart.code, 2);
    EXPECT(strstr(apart.err, "plumb --help"));
    APART(&apart, "help", "grpah");
    EXPECT_I64(apart.code, 2);
    APART(&apart, "log", "--sinse", "1h");
    EXPECT_I64(apart.code, 2);
    EXPECT(strstr(apart.err, "did you mean --since?"));
    const char *const nothing[] = {NULL};
    apart_run(&apart, nothing);
    EXPECT_I64(apart.code, 2);
    EXPECT(text_starts(apart.err, "usage: plumb COMMAND"));
}

TEST(version)
{
    struct apart apart = here();
    APART(&apart, "--version");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.out, "plumb " PLUMB_VERSION "\n");
}

TEST(serve_is_handed_its_arguments)
{
    struct apart apart = here();
    APART(&apart, "serve", "--data", "x");
    EXPECT_I64(apart.code, 0);
    EXPECT_TEXT(apart.err, "");
}

TEST(a_full_disk_is_told)
{
    struct apart apart = here();
    const int full = open("/dev/full", O_WRONLY);
    if (full < 0)
        return; /* not on this system */
    static const char *const args[] = {"--help", NULL};
    apart_end(&apart, apart_start(&apart, args, full));
    close(full);
    EXPECT_I64(apart.code, 1);
    EXPECT(strstr(apart.err, "No space left"));
}

RUN_TESTS(test_of(every_command_explains_itself), test_of(every_option_is_told_apart_and_explained),
          test_of(help_fits_a_screen), test_of(help_is_found_where_people_look),
          test_of(mistakes_are_answered_with_the_nearest_name), test_of(version),
          test_of(serve_is_handed_its_arguments), test_of(a_full_disk_is_told))
