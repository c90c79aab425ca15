#include "cli/completion_text.h"

#include <string.h>

#include "model/change.h"

/* Asked while somebody types: what goes wrong is silent. */
#define SERVICES "plumb completion --services 2>/dev/null"

static const struct cli_option no_options[] = {{0}};

static const struct cli_option *options_of(const struct command *command)
{
    return command->options ? command->options : no_options;
}

static bool takes_service(const struct command *command)
{
    return strstr(command->usage, "SERVICE") != NULL;
}

static bool is_kind(const struct cli_option *option)
{
    return option->value && strcmp(option->value, "KIND") == 0;
}

static void add_kinds(struct buf *out)
{
    for (int i = 0; i < CHANGE_KINDS; i++)
        buf_printf(out, "%s%s", i ? " " : "", change_kind_name((enum change_kind)i));
}

static void add_names(const struct cli_table *all, struct buf *out)
{
    for (size_t i = 0; i < all->n; i++)
        buf_printf(out, "%s ", all->items[i]->name);
    buf_add_str(out, "help");
}

/* Between single quotes; zsh: what its option specifications take for more than text, too. */
static void add_quoted(const char *text, bool is_zsh, struct buf *out)
{
    for (; *text; text++) {
        if (*text == '\'')
            buf_add_str(out, "'\\''");
        else if (is_zsh && strchr("[]:\\", *text))
            buf_printf(out, "\\%c", *text);
        else
            buf_add_char(out, *text);
    }
}

/* ---- bash ---- */

static void add_bash_command(const struct command *command, struct buf *out)
{
    const struct cli_option *o;
    buf_printf(out, "    %s)\n        options='", command->name);
    for (o = options_of(command); o->name; o++) {
        buf_printf(out, "--%s ", o->name);
        if (o->letter)
            buf_printf(out, "-%c ", o->letter);
    }
    buf_add_str(out, "--help'\n        valued='");
    for (o = options_of(command); o->name; o++) {
        if (o->kind == CLI_FLAG || o->kind == CLI_MAYBE)
            continue;
        buf_printf(out, " --%s ", o->name);
        if (o->letter)
            buf_printf(out, " -%c ", o->letter);
    }
    buf_add_str(out, "'\n");
    for (o = options_of(command); o->name; o++)
        if (is_kind(o))
            buf_printf(out, "        kinds=' --%s  -%c '\n", o->name, o->letter ? o->letter : '-');
    if (takes_service(command))
        buf_add_str(out, "        services=yes\n");
    buf_add_str(out, "        ;;\n");
}

void completion_text_bash(const struct cli_table *all, struct buf *out)
{
    buf_add_str(out, "# Completes plumb in bash. In ~/.bashrc:  source <(plumb completion bash)\n"
                     "_plumb()\n"
                     "{\n"
                     "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                     "    local options='--help' valued='' kinds='' services='' i\n"
                     "    COMPREPLY=()\n"
                     "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                     "        COMPREPLY=($(compgen -W '");
    add_names(all, out);
    buf_add_str(out, " --help --version' -- \"$word\"))\n"
                     "        return\n"
                     "    fi\n"
                     "    for ((i = 2; i < COMP_CWORD; i++)); do\n"
                     "        if [ \"${COMP_WORDS[i]}\" = -- ]; then\n"
                     "            COMPREPLY=($(compgen -c -f -- \"$word\"))\n"
                     "            return\n"
                     "        fi\n"
                     "    done\n"
                     "    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < all->n; i++)
        add_bash_command(all->items[i], out);
    buf_add_str(out, "    help|man)\n        options='");
    add_names(all, out);
    buf_add_str(out, "'\n        ;;\n    esac\n"
                     "    case $kinds in\n"
                     "    *\" $before \"*) COMPREPLY=($(compgen -W '");
    add_kinds(out);
    buf_add_str(out, "' -- \"$word\")); return ;;\n"
                     "    esac\n"
                     "    case $valued in\n"
                     "    *\" $before \"*) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
                     "    esac\n"
                     "    case $word in\n"
                     "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")); return ;;\n"
                     "    esac\n"
                     "    if [ -n \"$services\" ]; then\n"
                     "        COMPREPLY=($(compgen -W \"$(" SERVICES ")\" -- \"$word\"))\n"
                     "    else\n"
                     "        COMPREPLY=($(compgen -W \"$options\" -f -- \"$word\"))\n"
                     "    fi\n"
                     "}\n"
                     "complete -F _plumb plumb\n");
}

/* ---- zsh ---- */

static void add_zsh_value(const struct cli_option *o, struct buf *out)
{
    if (o->kind == CLI_FLAG)
        return;
    buf_add_str(out, o->kind == CLI_MAYBE ? "::" : ":");
    add_quoted(o->value, true, out);
    buf_add_char(out, ':');
    if (is_kind(o)) {
        buf_add_char(out, '(');
        add_kinds(out);
        buf_add_char(out, ')');
    } else if (strstr(o->value, "FILE") || strstr(o->value, "DIR")) {
        buf_add_str(out, "_files");
    }
}

static void add_zsh_option(const struct cli_option *o, struct buf *out)
{
    const char *again = o->kind == CLI_LIST ? "\\*" : "";
    buf_add_str(out, " \\\n            ");
    if (o->letter && o->kind != CLI_LIST)
        buf_printf(out, "'(-%c --%s)'{-%c,--%s}'[", o->letter, o->name, o->letter, o->name);
    else if (o->letter)
        buf_printf(out, "%s{-%c,--%s}'[", again, o->letter, o->name);
    else
        buf_printf(out, "'%s--%s%s[", o->kind == CLI_LIST ? "*" : "", o->name,
                   o->kind == CLI_MAYBE ? "=-" : "");
    add_quoted(o->about, true, out);
    buf_add_char(out, ']');
    add_zsh_value(o, out);
    buf_add_char(out, '\'');
}

void completion_text_zsh(const struct cli_table *all, struct buf *out)
{
    buf_add_str(out, "#compdef plumb\n"
                     "# Completes plumb in zsh. In ~/.zshrc:  source <(plumb completion zsh)\n"
                     "_plumb_services() {\n"
                     "    local -a services=(${(f)\"$(" SERVICES ")\"})\n"
                     "    compadd -a services\n"
                     "}\n"
                     "_plumb() {\n"
                     "    local -a commands=(\n");
    for (size_t i = 0; i < all->n; i++) {
        buf_printf(out, "        '%s:", all->items[i]->name);
        add_quoted(all->items[i]->summary, true, out);
        buf_add_str(out, "'\n");
    }
    buf_add_str(out, "        'help:what the commands do'\n"
                     "    )\n"
                     "    if (( CURRENT == 2 )); then\n"
                     "        _describe command commands\n"
                     "        return\n"
                     "    fi\n"
                     "    local command=$words[2]\n"
                     "    shift words\n"
                     "    (( CURRENT-- ))\n"
                     "    case $command in\n");
    for (size_t i = 0; i < all->n; i++) {
        const struct command *command = all->items[i];
        buf_printf(out, "    %s)\n        _arguments '--help[all of it]'", command->name);
        for (const struct cli_option *o = options_of(command); o->name; o++)
            add_zsh_option(o, out);
        buf_printf(out, " \\\n            '%s'\n        ;;\n",
                   takes_service(command) ? "*:service:_plumb_services" : "*:file:_files");
    }
    buf_add_str(out, "    help) _describe command commands ;;\n"
                     "    esac\n"
                     "}\n"
                     "if [ \"$funcstack[1]\" = _plumb ]; then\n"
                     "    _plumb \"$@\"\n"
                     "else\n"
                     "    compdef _plumb plumb\n"
                     "fi\n");
}

/* ---- fish ---- */

static void add_fish_option(const struct command *command, const struct cli_option *o,
                            struct buf *out)
{
    buf_printf(out, "complete -c plumb -n '__fish_seen_subcommand_from %s' -l %s", command->name,
               o->name);
    if (o->letter)
        buf_printf(out, " -s %c", o->letter);
    if (o->kind == CLI_TEXT || o->kind == CLI_LIST)
        buf_add_str(out, " -r");
    if (is_kind(o)) {
        buf_add_str(out, " -f -a '");
        add_kinds(out);
        buf_add_char(out, '\'');
    }
    buf_add_str(out, " -d '");
    add_quoted(o->about, false, out);
    buf_add_str(out, "'\n");
}

void completion_text_fish(const struct cli_table *all, struct buf *out)
{
    buf_add_str(out, "# Completes plumb in fish. In config.fish:  plumb completion fish | source\n"
                     "complete -c plumb -f -n __fish_use_subcommand -l version -d 'which version'\n"
                     "complete -c plumb -f -n __fish_use_subcommand -a help -d 'what the commands "
                     "do'\n");
    for (size_t i = 0; i < all->n; i++) {
        const struct command *command = all->items[i];
        buf_printf(out, "complete -c plumb -f -n __fish_use_subcommand -a %s -d '", command->name);
        add_quoted(command->summary, false, out);
        buf_add_str(out, "'\n");
        for (const struct cli_option *o = options_of(command); o->name; o++)
            add_fish_option(command, o, out);
        buf_printf(out,
                   "complete -c plumb -n '__fish_seen_subcommand_from %s' -l help -d 'all of it'\n",
                   command->name);
        if (takes_service(command))
            buf_printf(out,
                       "complete -c plumb -f -n '__fish_seen_subcommand_from %s' -a '(" SERVICES
                       ")'\n",
                       command->name);
    }
}
