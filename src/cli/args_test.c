#include "cli/args.h"

#include "kit/kit.h"

static const struct cli_option table[] = {
    {"msg", 'm', CLI_TEXT, "MSG", "a text"},
    {"tag", 't', CLI_LIST, "K=V", "a list"},
    {"number", 'n', CLI_TEXT, "N", "a number"},
    {"strict", 's', CLI_FLAG, NULL, "a flag"},
    {"rev", 0, CLI_TEXT, "REV", "without a letter"},
    {"gate", 0, CLI_MAYBE, "LENGTH", "with or without a value"},
    {0},
};
static const struct command command = {.name = "try", .options = table};

enum { ARGS_MAX = 12 };

static int count(const char *const *args)
{
    int n = 0;
    while (n < ARGS_MAX && args[n])
        n++;
    return n;
}

/* The arguments behind the command's name. */
static bool parse(const char *const *args, struct args *out)
{
    char **argv = arena_zarray(&kit_arena, ARGS_MAX + 2, char *);
    argv[0] = arena_strdup(&kit_arena, "try");
    const int n = count(args);
    for (int i = 0; i < n; i++)
        argv[i + 1] = arena_strdup(&kit_arena, args[i]);
    return args_parse(&command, n + 1, argv, &kit_arena, out, &kit_err);
}

TEST(a_value_that_may_be_left_out_stands_behind_the_equals_sign)
{
    struct args args;
    EXPECT(parse((const char *const[ARGS_MAX]){"--gate", "10m"}, &args));
    EXPECT(args_has(&args, "gate") && !args_text(&args, "gate"));
    EXPECT_I64(args.n_words, 1);
    EXPECT(parse((const char *const[ARGS_MAX]){"--gate=10m"}, &args));
    EXPECT_TEXT(args_text(&args, "gate"), "10m");
}

TEST(spellings_of_one_option)
{
    static const struct {
        const char *row, *args[ARGS_MAX];
        const char *msg;
    } rows[] = {
        {"long", {"--msg", "fix"}, "fix"},
        {"long with =", {"--msg=fix"}, "fix"},
        {"= in the value", {"--msg=a=b"}, "a=b"},
        {"short", {"-m", "fix"}, "fix"},
        {"short, joined", {"-mfix"}, "fix"},
        {"empty", {"--msg="}, ""},
        {"empty word", {"-m", ""}, ""},
        {"a value like an option", {"-m", "--rev"}, "--rev"},
        {"a value that is a dash", {"-m", "-"}, "-"},
        {"the last one counts", {"-m", "a", "--msg", "b"}, "b"},
        {"behind a word", {"service", "-m", "fix"}, "fix"},
        {"behind --: not ours", {"--", "-m", "fix"}, NULL},
        {"not given", {"service"}, NULL},
    };
    EACH_ROW (rows, r) {
        struct args got;
        EXPECT_OK(parse(r->args, &got));
        EXPECT_TEXT(args_text(&got, "msg"), r->msg);
    }
}

TEST(words_and_what_follows_the_dashes)
{
    static const char *const args[] = {"web", "-s", "more", "-", "--", "run", "--msg", "--", NULL};
    struct args got;
    EXPECT_OK(parse(args, &got));
    EXPECT_I64(got.n_words, 3);
    EXPECT_TEXT(got.words[0], "web");
    EXPECT_TEXT(got.words[1], "more");
    EXPECT_TEXT(got.words[2], "-");
    EXPECT(args_has(&got, "strict"));
    EXPECT_I64(got.n_rest, 3);
    EXPECT_TEXT(got.rest[0], "run");
    EXPECT_TEXT(got.rest[2], "--");
    EXPECT(got.rest[3] == NULL);
    static const char *const nothing[] = {NULL};
    EXPECT_OK(parse(nothing, &got));
    EXPECT(got.rest == NULL);
    EXPECT_I64(got.n_words, 0);
    static const char *const bare[] = {"--", NULL};
    EXPECT_OK(parse(bare, &got));
    EXPECT(got.rest != NULL);
    EXPECT_I64(got.n_rest, 0);
}

TEST(lists_keep_their_order)
{
    static const char *const args[] = {"-t", "a=1", "--rev", "x", "--tag=b=2", "-tc=3", NULL};
    struct args got;
    EXPECT_OK(parse(args, &got));
    EXPECT_TEXT(args_item(&got, "tag", 0), "a=1");
    EXPECT_TEXT(args_item(&got, "tag", 1), "b=2");
    EXPECT_TEXT(args_item(&got, "tag", 2), "c=3");
    EXPECT_TEXT(args_item(&got, "tag", 3), NULL);
}

TEST(mistakes_are_named)
{
    static const struct {
        const char *row, *args[ARGS_MAX];
        const char *text, *hint;
    } rows[] = {
        {"unknown", {"--frobnicate"}, "'--frobnicate'", "plumb try --help"},
        {"nearly known", {"--strickt"}, "'--strickt'", "--strict"},
        {"with a value", {"--mesg=x"}, "'--mesg'", "--msg"},
        {"unknown letter", {"-x"}, "'-x'", "plumb try --help"},
        {"no value", {"web", "--msg"}, "--msg needs a value: MSG", ""},
        {"no value before --", {"-m", "--", "run"}, "--msg needs a value: MSG", ""},
        {"flag with a value", {"--strict=yes"}, "--strict takes no value", ""},
        {"flag, joined", {"-sx"}, "--strict takes no value", ""},
    };
    EACH_ROW (rows, r) {
        struct args got;
        EXPECT_ERR(parse(r->args, &got), ERR_INPUT, r->text);
        EXPECT(strstr(kit_err.hint, r->hint));
    }
}

TEST(numbers_have_a_range)
{
    static const struct {
        const char *row, *args[ARGS_MAX];
        bool is_ok;
        int64_t n;
    } rows[] = {
        {"given", {"-n", "5"}, true, 5},       {"not given", {"web"}, true, 30},
        {"least", {"-n1"}, true, 1},           {"most", {"--number=99"}, true, 99},
        {"too little", {"-n", "0"}, false, 0}, {"too much", {"-n100"}, false, 0},
        {"negative", {"-n", "-3"}, false, 0},  {"no number", {"-n", "many"}, false, 0},
        {"half", {"-n", "1.5"}, false, 0},     {"empty", {"--number="}, false, 0},
    };
    EACH_ROW (rows, r) {
        struct args got;
        int64_t n = -1;
        const struct args_range range = {30, 1, 99};
        EXPECT_OK(parse(r->args, &got));
        err_clear(&kit_err);
        EXPECT(args_number(&got, "number", range, &n, &kit_err) == r->is_ok);
        EXPECT_I64(n, r->is_ok ? r->n : -1);
        EXPECT(r->is_ok || strstr(kit_err.text, "--number"));
    }
}

TEST(help_is_asked_for_only_by_options)
{
    static const struct {
        const char *row, *args[ARGS_MAX];
        bool asks;
    } rows[] = {
        {"long", {"--help"}, true},
        {"short", {"web", "-h"}, true},
        {"as a value", {"-m", "--help"}, false},
        {"as a value of =", {"--msg=x", "-h"}, true},
        {"of the command behind --", {"web", "--", "make", "--help"}, false},
        {"not at all", {"web", "-m", "help"}, false},
        {"beside a mistake", {"--nonsense", "--help"}, true},
    };
    EACH_ROW (rows, r) {
        char *argv[ARGS_MAX + 2] = {NULL};
        argv[0] = arena_strdup(&kit_arena, "try");
        const int n = count(r->args);
        for (int i = 0; i < n; i++)
            argv[i + 1] = arena_strdup(&kit_arena, r->args[i]);
        EXPECT(args_ask_help(&command, n + 1, argv) == r->asks);
    }
}

TEST(help_has_a_line_for_each)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 4096);
    args_help(table, &out);
    EXPECT_TEXT(buf_text(&out), "  -m, --msg MSG       a text\n"
                                "  -t, --tag K=V       a list; may be repeated\n"
                                "  -n, --number N      a number\n"
                                "  -s, --strict        a flag\n"
                                "      --rev REV       without a letter\n"
                                "      --gate[=LENGTH] with or without a value\n"
                                "  -h, --help          this text\n");
}

RUN_TESTS(test_of(a_value_that_may_be_left_out_stands_behind_the_equals_sign),
          test_of(spellings_of_one_option), test_of(words_and_what_follows_the_dashes),
          test_of(lists_keep_their_order), test_of(mistakes_are_named),
          test_of(numbers_have_a_range), test_of(help_is_asked_for_only_by_options),
          test_of(help_has_a_line_for_each))
