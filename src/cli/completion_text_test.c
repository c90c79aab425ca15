#include "cli/completion_text.h"

#include <string.h>

#include "kit/kit.h"

static struct cli_table table(void)
{
    struct cli_table all = {.n = n_cli_commands};
    for (size_t i = 0; i < n_cli_commands; i++)
        all.items[i] = cli_commands[i];
    return all;
}

static const char *script_of(void (*write)(const struct cli_table *, struct buf *))
{
    CLEANUP(buf_done) struct buf out;
    const struct cli_table all = table();
    buf_init(&out, 1 << 20);
    write(&all, &out);
    return arena_strdup(&kit_arena, buf_text(&out));
}

/* The pattern with name in place of its @. */
static const char *replaced(const char *pattern, const char *name)
{
    const size_t n = strcspn(pattern, "@");
    return arena_printf(&kit_arena, "%.*s%s%s", (int)n, pattern, name, pattern + n + 1);
}

/* What an option looks like in each shell's script, after the name of its command. */
static void expect_options(const char *script, const char *command_format, const char *format)
{
    for (size_t i = 0; i < n_cli_commands; i++) {
        const struct command *c = cli_commands[i];
        const char *at = strstr(script, replaced(command_format, c->name));
        kit_row(c->name);
        EXPECT(at != NULL);
        for (const struct cli_option *o = c->options; at && o->name; o++)
            EXPECT(strstr(at, replaced(format, o->name)) != NULL);
    }
    kit_row(NULL);
}

TEST(every_command_and_option_is_in_each_script)
{
    expect_options(script_of(completion_text_bash), "\n    @)\n        options='", "--@ ");
    expect_options(script_of(completion_text_zsh), "\n    @)\n        _arguments", "--@");
    expect_options(script_of(completion_text_fish), "-a @ -d", " -l @");
}

TEST(quotes_in_texts_end_nothing)
{
    static const struct cli_option options[] = {
        {"odd", 'o', CLI_TEXT, "X", "it's [not]: \\ simple"}, {0}};
    static const struct command odd = {
        .name = "odd", .usage = "odd", .summary = "git's", .options = options, .help = ""};
    struct cli_table all = {.items = {&odd}, .n = 1};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 65536);
    completion_text_zsh(&all, &out);
    EXPECT(strstr(buf_text(&out), "[it'\\''s \\[not\\]\\: \\\\ simple]:X:'"));
    EXPECT(strstr(buf_text(&out), "'odd:git'\\''s'"));
}

RUN_TESTS(test_of(every_command_and_option_is_in_each_script), test_of(quotes_in_texts_end_nothing))
