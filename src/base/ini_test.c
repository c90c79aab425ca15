#include "base/ini.h"

#include "base/buf.h"
#include "kit/kit.h"

static bool parse(const char *text, struct ini *out)
{
    return ini_parse("x.conf", text, strlen(text), &kit_arena, out, &kit_err);
}

/* "[section] key=value; ..." with line ends shown as "|". */
static const char *shown(const struct ini *ini)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10000);
    for (size_t i = 0; i < ini->n_sections; i++) {
        const struct ini_section *section = &ini->sections[i];
        buf_printf(&out, "[%s]", section->name);
        for (size_t k = 0; k < section->n_entries; k++)
            buf_printf(&out, " %s=%s;", section->entries[k].key, section->entries[k].value);
    }
    for (size_t i = 0; i < out.n; i++)
        if (out.at[i] == '\n')
            out.at[i] = '|';
    return arena_strdup(&kit_arena, buf_text(&out));
}

TEST(reads_as_configparser_does)
{
    /* Expected: what Python 3.11's ConfigParser(interpolation=None) makes of the text. */
    static const struct {
        const char *row, *text, *want;
    } rows[] = {
        {"empty", "", ""},
        {"only comments", "# a\n ; b\n\n", ""},
        {"no entries", "[a]\n[b]", "[a][b]"},
        {"schemas", "[carbon]\npattern = ^carbon\\.\nretentions = 60:90d\n",
         "[carbon] pattern=^carbon\\.; retentions=60:90d;"},
        {"colon", "[s]\na: b\nc:d\n", "[s] a=b; c=d;"},
        {"first delimiter wins", "[s]\na = b = c\nd: e = f\ng=h:i\n",
         "[s] a=b = c; d=e = f; g=h:i;"},
        {"no blanks", "[s]\na=b", "[s] a=b;"},
        {"many blanks", "[s]\n  a\t \t=  b c \t\n", "[s] a=b c;"},
        {"blank in a key", "[s]\na b = c\n", "[s] a b=c;"},
        {"empty value", "[s]\na =\nb:\n", "[s] a=; b=;"},
        {"keys in lower case", "[S]\nKey = Value\n", "[S] key=Value;"},
        {"semicolon in a value stays", "[s]\na = b ; c # d\n", "[s] a=b ; c # d;"},
        {"comment between entries", "[s]\na = 1\n# x = 2\n   ; y\nb = 3\n", "[s] a=1; b=3;"},
        {"continued", "[s]\na = 1\n  2\n\t3\nb = 4\n", "[s] a=1|2|3; b=4;"},
        {"continued after nothing", "[s]\na =\n  1\n", "[s] a=|1;"},
        {"continued over a blank line", "[s]\na = 1\n\n  2\n\n\nb = 3\n", "[s] a=1||2; b=3;"},
        {"comment inside a value", "[s]\na = 1\n  # no\n  2\n", "[s] a=1|2;"},
        {"blank lines at the end go", "[s]\na = 1\n\n\n", "[s] a=1;"},
        {"an entry as continuation", "[s]\na = 1\n b = 2\n", "[s] a=1|b = 2;"},
        {"a section as continuation", "[s]\na = 1\n [t]\n", "[s] a=1|[t];"},
        {"the same indent continues nothing", "[s]\n  a = 1\n  b = 2\n c = 3\n",
         "[s] a=1; b=2; c=3;"},
        {"a section is not continued", "[s]\n  a = 1\n", "[s] a=1;"},
        {"indented section", "  [s]\na = 1\n", "[s] a=1;"},
        {"text after a section", "[s] x\na = 1\n", "[s] a=1;"},
        {"brackets in a section", "[a]b]\nc = 1\n", "[a]b] c=1;"},
        {"blanks in a section stay", "[ a b ]\n", "[ a b ]"},
        {"no name is no section", "[s]\n[] = 1\n", "[s] []=1;"},
        {"the same key elsewhere", "[s]\na = 1\n[t]\na = 2\n", "[s] a=1;[t] a=2;"},
        {"windows line ends", "[s]\r\na = 1\r\n  2\r\n\r\nb = 3\r\n", "[s] a=1|2; b=3;"},
        {"old mac line ends", "[s]\ra = 1\rb = 2", "[s] a=1; b=2;"},
        {"form feed is a blank",
         "[s]\n\fa\v= \x1c"
         "1\n",
         "[s] a=1;"},
        {"percent is a character", "[s]\na = %d%%(x)s\n", "[s] a=%d%%(x)s;"},
        {"wide characters", "[caf\xC3\xA9]\na = \xE2\x82\xAC\n", "[caf\xC3\xA9] a=\xE2\x82\xAC;"},
        {"DEFAULT is a section", "[DEFAULT]\na = 1\n[s]\n", "[DEFAULT] a=1;[s]"},
    };
    EACH_ROW (rows, r) {
        struct ini ini = {0};
        EXPECT_OK(parse(r->text, &ini));
        EXPECT_TEXT(shown(&ini), r->want);
    }
}

TEST(says_where_and_what_is_wrong)
{
    static const struct {
        const char *row, *text, *message;
    } rows[] = {
        {"no section yet", "\n# c\na = 1\n", "x.conf:3: a [section] must come first: 'a = 1'"},
        {"byte order mark", "\xEF\xBB\xBF[s]\n", "x.conf:1: a [section] must come first"},
        {"no delimiter", "[s]\na = 1\nnonsense\n",
         "x.conf:3: neither a [section] nor 'key = value': 'nonsense'"},
        {"open section", "[s]\n[t\n", "x.conf:2: neither"},
        {"no key", "[s]\n= 1\n", "x.conf:2: no key before"},
        {"section twice", "[s]\n[t]\n[s]\n", "x.conf:3: this section is already in the file: 's'"},
        {"key twice", "[s]\na = 1\nb = 2\nA : 3\n",
         "x.conf:4: this key is already in the section: 'A'"},
        {"not UTF-8", "[s]\na = caf\xE9\n", "x.conf:2: this line is not UTF-8"},
        {"windows line ends count once", "\r\n\r\n[s]\r\nx\r\n", "x.conf:4: neither"},
    };
    EACH_ROW (rows, r) {
        struct ini ini = {0};
        EXPECT_ERR(parse(r->text, &ini), ERR_INPUT, r->message);
        EXPECT(ini.sections == NULL);
    }
    struct ini ini = {0};
    EXPECT_ERR(ini_parse("x.conf", "[s]\na = \0\n", 10, &kit_arena, &ini, &kit_err), ERR_INPUT,
               "x.conf:2: this line is not UTF-8");
}

TEST(refuses_a_file_beyond_reason)
{
    const size_t n = (4 << 20) + 1;
    char *bytes = arena_alloc(&kit_arena, n);
    memset(bytes, '\n', n);
    struct ini ini = {0};
    EXPECT_ERR(ini_parse("x.conf", bytes, n, &kit_arena, &ini, &kit_err), ERR_LIMIT, "x.conf");
    EXPECT_OK(ini_parse("x.conf", bytes, n - 1, &kit_arena, &ini, &kit_err));
}

TEST(remembers_lines_and_finds_by_name)
{
    struct ini ini = {0};
    EXPECT_OK(parse("# top\n[a]\nx = 1\n  2\ny = 3\n\n[b]\nx = 4\n", &ini));
    EXPECT_TEXT(ini.file, "x.conf");
    EXPECT_I64(ini.n_sections, 2);
    const struct ini_section *a = ini_section_find(&ini, "a"), *b = ini_section_find(&ini, "b");
    EXPECT_I64(a->line, 2);
    EXPECT_I64(b->line, 7);
    EXPECT_I64(ini_entry_find(a, "x")->line, 3);
    EXPECT_I64(ini_entry_find(a, "y")->line, 5);
    EXPECT_TEXT(ini_entry_find(b, "x")->value, "4");
    EXPECT(ini_entry_find(b, "y") == NULL);
    EXPECT(ini_entry_find(a, "X") == NULL);
    EXPECT(ini_section_find(&ini, "c") == NULL);
}

TEST(reads_many_sections)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "[rule%d]\npattern = ^a%d\\.\nretentions = 10s:1d\n", i, i);
    struct ini ini = {0};
    EXPECT_OK(parse(buf_text(&text), &ini));
    EXPECT_I64(ini.n_sections, 1000);
    for (size_t i = 0; i < ini.n_sections; i++) {
        EXPECT_I64(ini.sections[i].n_entries, 2);
        EXPECT_I64(ini.sections[i].line, 3 * i + 1);
    }
    EXPECT_TEXT(ini.sections[999].entries[0].value, "^a999\\.");
}

RUN_TESTS(test_of(reads_as_configparser_does), test_of(says_where_and_what_is_wrong),
          test_of(refuses_a_file_beyond_reason), test_of(remembers_lines_and_finds_by_name),
          test_of(reads_many_sections))
