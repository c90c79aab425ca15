#include "cli/args.h"

#include <string.h>

#include "base/num.h"
#include "base/str.h"

enum {
    OPTIONS_MAX = 64, /* in one table; the longest has a dozen */
    HELP_COLUMN = 22, /* where the about texts begin */
};

static const struct cli_option help_option = {"help", 'h', CLI_FLAG, NULL, "this text"};

static const struct cli_option *by_name(const struct cli_option *table, struct str name)
{
    for (const struct cli_option *o = table; o && o->name; o++)
        if (str_is(name, o->name))
            return o;
    return str_is(name, help_option.name) ? &help_option : NULL;
}

static const struct cli_option *by_letter(const struct cli_option *table, char letter)
{
    for (const struct cli_option *o = table; o && o->name; o++)
        if (o->letter && o->letter == letter)
            return o;
    return letter == help_option.letter ? &help_option : NULL;
}

/* One argument, taken apart. */
struct piece {
    const struct cli_option *option; /* NULL: unknown */
    const char *value;               /* the part behind '=' or the letter; NULL: none */
};

static bool is_option(const char *arg)
{
    return arg[0] == '-' && arg[1] != '\0';
}

static struct piece take_apart(const struct cli_option *table, const char *arg)
{
    struct piece piece = {NULL, NULL};
    if (arg[1] != '-') {
        piece.option = by_letter(table, arg[1]);
        piece.value = arg[2] ? arg + 2 : NULL;
        return piece;
    }
    const char *equals = strchr(arg, '=');
    const size_t n = equals ? (size_t)(equals - arg) : strlen(arg);
    piece.option = by_name(table, str_make(arg + 2, n - 2));
    piece.value = equals ? equals + 1 : NULL;
    return piece;
}

/* Of what may have one, only the part behind '=' is it. */
static bool needs_value(const struct cli_option *option)
{
    return option->kind == CLI_TEXT || option->kind == CLI_LIST;
}

bool args_ask_help(const struct command *command, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!is_option(argv[i]))
            continue;
        const struct piece piece = take_apart(command->options, argv[i]);
        if (piece.option == &help_option)
            return true;
        if (piece.option && needs_value(piece.option) && !piece.value)
            i++;
    }
    return false;
}

static bool fail_unknown(const struct command *command, const char *arg, struct err *err)
{
    const char *names[OPTIONS_MAX];
    size_t n = 0;
    for (const struct cli_option *o = command->options; o && o->name && n < OPTIONS_MAX; o++)
        names[n++] = o->name;
    struct str typed = str_of(arg);
    const char *near = NULL;
    if (text_starts(arg, "--")) {
        char name[64];
        typed.n = strcspn(arg, "=");
        text_copy(name, min_size(sizeof name, typed.n - 1), arg + 2);
        near = text_nearest(name, names, n);
    }
    err_set(err, ERR_INPUT, "there is no option '%.*s'", (int)min_size(typed.n, 60), typed.at);
    if (near)
        err_hint(err, "did you mean --%s?", near);
    else
        err_hint(err, "plumb %s --help lists them", command->name);
    return false;
}

/* Room for as many items as there can be. */
struct parsing {
    struct args_given *given;
    const char **words;
};

/* Reads argv[*io_i], and the argument behind it where that is its value. */
static bool take_option(struct args *out, struct parsing *into, int argc, char **argv, int *io_i,
                        struct err *err)
{
    const char *arg = argv[*io_i];
    struct piece piece = take_apart(out->command->options, arg);
    if (!piece.option)
        return fail_unknown(out->command, arg, err);
    if (needs_value(piece.option) && !piece.value) {
        if (*io_i + 1 >= argc || strcmp(argv[*io_i + 1], "--") == 0)
            return FAIL(err, ERR_INPUT, "--%s needs a value: %s", piece.option->name,
                        piece.option->value);
        piece.value = argv[++*io_i];
    }
    if (piece.option->kind == CLI_FLAG && piece.value)
        return FAIL(err, ERR_INPUT, "--%s takes no value", piece.option->name);
    into->given[out->n_given++] = (struct args_given){piece.option, piece.value};
    return true;
}

bool args_parse(const struct command *command, int argc, char **argv, struct arena *arena,
                struct args *out, struct err *err)
{
    struct args args = {.command = command};
    struct parsing into = {arena_array(arena, (size_t)argc, struct args_given),
                           arena_array(arena, (size_t)argc, const char *)};
    args.given = into.given;
    args.words = into.words;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            args.rest = (const char *const *)&argv[i + 1]; /* main's argv ends with NULL */
            args.n_rest = (size_t)(argc - i - 1);
            break;
        }
        if (!is_option(argv[i]))
            into.words[args.n_words++] = argv[i];
        else if (!take_option(&args, &into, argc, argv, &i, err))
            return false;
    }
    *out = args;
    return true;
}

static const struct args_given *last_of(const struct args *args, const char *name)
{
    BUG_IF(!by_name(args->command->options, str_of(name)));
    for (size_t i = args->n_given; i > 0; i--)
        if (strcmp(args->given[i - 1].option->name, name) == 0)
            return &args->given[i - 1];
    return NULL;
}

bool args_has(const struct args *args, const char *name)
{
    return last_of(args, name) != NULL;
}

const char *args_text(const struct args *args, const char *name)
{
    const struct args_given *given = last_of(args, name);
    return given ? given->value : NULL;
}

const char *args_item(const struct args *args, const char *name, size_t i)
{
    BUG_IF(!by_name(args->command->options, str_of(name)));
    for (size_t k = 0; k < args->n_given; k++)
        if (strcmp(args->given[k].option->name, name) == 0 && i-- == 0)
            return args->given[k].value;
    return NULL;
}

bool args_number(const struct args *args, const char *name, struct args_range range, int64_t *out,
                 struct err *err)
{
    const char *text = args_text(args, name);
    int64_t n = range.fallback;
    if (text && (!num_parse_i64(text, strlen(text), &n) || n < range.least || n > range.most))
        return FAIL(err, ERR_INPUT, "--%s '%.50s' is not a whole number from %lld to %lld", name,
                    text, (long long)range.least, (long long)range.most);
    *out = n;
    return true;
}

static void help_line(const struct cli_option *o, struct buf *out)
{
    const size_t begin = out->n;
    if (o->letter)
        buf_printf(out, "  -%c, --%s", o->letter, o->name);
    else
        buf_printf(out, "      --%s", o->name);
    if (o->value)
        buf_printf(out, o->kind == CLI_MAYBE ? "[=%s]" : " %s", o->value);
    do
        buf_add_char(out, ' ');
    while (out->n - begin < HELP_COLUMN);
    buf_printf(out, "%s%s\n", o->about, o->kind == CLI_LIST ? "; may be repeated" : "");
}

void args_help(const struct cli_option *table, struct buf *out)
{
    for (const struct cli_option *o = table; o->name; o++)
        help_line(o, out);
    help_line(&help_option, out);
}
