#include "cli/man_text.h"

#include <string.h>

#include "base/str.h"

/* Past ASCII roff wants the code point. Returns the bytes of the character. */
static size_t add_wide(const char *text, size_t n, struct buf *out)
{
    static const unsigned char first_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    const size_t n_bytes = text_utf8_bytes(text, n);
    if (n_bytes == 0)
        return 1;
    uint32_t code = (unsigned char)text[0] & first_bits[n_bytes];
    for (size_t i = 1; i < n_bytes; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3F);
    buf_printf(out, "\\[u%04X]", (unsigned)code);
    return n_bytes;
}

/* Text as roff shows it: no requests, no escapes, dashes that can be copied. */
static void add_text(const char *text, size_t n, struct buf *out)
{
    if (n && (text[0] == '.' || text[0] == '\''))
        buf_add_str(out, "\\&");
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] >= 0x80)
            i += add_wide(text + i, n - i, out) - 1;
        else if (text[i] == '\\')
            buf_add_str(out, "\\e");
        else if (text[i] == '-')
            buf_add_str(out, "\\-");
        else if (text[i] == '\'')
            buf_add_str(out, "\\(aq");
        else if (text[i] == '`')
            buf_add_str(out, "\\(ga");
        else if (text[i] == '^')
            buf_add_str(out, "\\(ha");
        else if (text[i] == '~')
            buf_add_str(out, "\\(ti");
        else
            buf_add_char(out, text[i]);
    }
}

static void add_all(const char *text, struct buf *out)
{
    add_text(text, strlen(text), out);
}

static void add_head(const char *page, struct buf *out)
{
    buf_add_str(out, ".TH ");
    for (; *page; page++)
        buf_add_char(out, *page >= 'a' && *page <= 'z' ? (char)(*page - 'a' + 'A') : *page);
    buf_add_str(out, " 1 \"\" \"plumb " PLUMB_VERSION "\" \"Plumbline\"\n");
}

static void add_section(struct str name, struct buf *out)
{
    buf_add_str(out, ".SH ");
    for (size_t i = 0; i < name.n; i++) {
        const char c = name.at[i];
        buf_add_char(out, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
    }
    buf_add_char(out, '\n');
}

static void add_option(const struct cli_option *option, struct buf *out)
{
    buf_add_str(out, ".TP\n\\fB");
    if (option->letter)
        buf_printf(out, "\\-%c\\fR, \\fB", option->letter);
    buf_add_str(out, "\\-\\-");
    add_all(option->name, out);
    buf_add_str(out, "\\fR");
    if (option->value) {
        buf_add_str(out, option->kind == CLI_MAYBE ? "[=\\fI" : " \\fI");
        add_all(option->value, out);
        buf_add_str(out, option->kind == CLI_MAYBE ? "\\fR]" : "\\fR");
    }
    buf_add_char(out, '\n');
    add_all(option->about, out);
    if (option->kind == CLI_LIST)
        buf_add_str(out, "; may be given again");
    buf_add_char(out, '\n');
}

/* A line at the margin with indented ones below it is a heading. */
static bool is_heading(struct str line, struct str rest)
{
    return line.n && line.at[0] != ' ' && str_starts(rest, "  ");
}

/* Lines as they are. A heading opens a section. */
static void add_lines(const char *text, struct buf *out)
{
    struct str rest = str_of(text), line;
    bool is_open = false;
    while (rest.n && str_split(&rest, '\n', &line)) {
        if (is_heading(line, rest)) {
            if (is_open)
                buf_add_str(out, ".fi\n");
            add_section(line, out);
            buf_add_str(out, ".nf\n");
            is_open = true;
            continue;
        }
        if (line.n == 0) {
            if (is_open)
                buf_add_str(out, ".fi\n");
            is_open = false;
            continue;
        }
        if (!is_open)
            buf_add_str(out, ".PP\n.nf\n");
        is_open = true;
        add_text(line.at, line.n, out);
        buf_add_char(out, '\n');
    }
    if (is_open)
        buf_add_str(out, ".fi\n");
}

void man_text_one(const struct command *command, struct buf *out)
{
    CLEANUP(buf_done) struct buf page;
    buf_init(&page, 256);
    buf_printf(&page, "plumb-%s", command->name);
    add_head(buf_text(&page), out);
    buf_add_str(out, ".SH NAME\n");
    add_all(buf_text(&page), out);
    buf_add_str(out, " \\- ");
    add_all(command->summary, out);
    buf_add_str(out, "\n.SH SYNOPSIS\n.nf\nplumb ");
    add_all(command->usage, out);
    buf_add_str(out, "\n.fi\n.SH DESCRIPTION\n");
    add_lines(command->about ? command->about : command->summary, out);
    if (command->options) {
        static const struct cli_option help = {"help", 'h', CLI_FLAG, NULL, "the same in short"};
        buf_add_str(out, ".SH OPTIONS\n");
        for (const struct cli_option *o = command->options; o->name; o++)
            add_option(o, out);
        add_option(&help, out);
    }
    if (command->help && !is_heading(str_make(command->help, strcspn(command->help, "\n")),
                                     str_of(strchrnul(command->help, '\n') + 1)))
        buf_add_str(out, ".SH NOTES\n");
    add_lines(command->help ? command->help : command->help_text(), out);
    buf_add_str(out, ".SH SEE ALSO\n.BR plumb (1)\n");
}

void man_text_all(const struct cli_table *all, struct buf *out)
{
    add_head("plumb", out);
    buf_add_str(out,
                ".SH NAME\nplumb \\- metrics and every change, the one drawn on the other\n"
                ".SH SYNOPSIS\n.B plumb\n.I COMMAND\n[\\fIARG\\fR...]\n"
                ".SH DESCRIPTION\n"
                "Plumbline takes metrics and keeps them as Graphite does, and keeps a ledger of "
                "every change.\n"
                ".B plumb\nis its server and the commands that ask it.\n"
                ".SH COMMANDS\n");
    for (size_t i = 0; i < all->n; i++) {
        buf_add_str(out, ".TP\n.BR plumb\\-");
        add_all(all->items[i]->name, out);
        buf_add_str(out, " (1)\n");
        add_all(all->items[i]->summary, out);
        buf_add_char(out, '\n');
    }
    buf_add_str(out,
                ".SH ENVIRONMENT\n"
                ".TP\n.B PLUMB_URL\nthe server; http://127.0.0.1:2010 when not set\n"
                ".TP\n.B PLUMB_BY\nwho makes a change; else git\\(aqs user.name, else USER\n"
                ".TP\n.B NO_COLOR\nno colours\n"
                ".SH EXIT STATUS\n"
                "0 fine, 1 failed here, 2 typed wrong or refused, 5 not found, 7 no server.\n");
}
