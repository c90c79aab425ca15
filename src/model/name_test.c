#include "model/name.h"

#include "kit/kit.h"

TEST(writes_the_canonical_form)
{
    static const struct {
        const char *row, *raw, *want;
    } rows[] = {
        {"plain", "a.b.c", "a.b.c"},
        {"one node", "uptime", "uptime"},
        {"double dots", "a..b...c", "a.b.c"},
        {"dots at the ends", ".a.b.", "a.b"},
        {"tilde in front", "~~a.b", "a.b"},
        {"dots and tildes in front", ".~.~a~.b", "a~.b"},
        {"one tag", "disk.used;host=web1", "disk.used;host=web1"},
        {"sorted tags", "disk.used;rack=a1;host=web1", "disk.used;host=web1;rack=a1"},
        {"sorted as text key=value", "a;host=x;host2=y", "a;host2=y;host=x"},
        {"the last of two counts", "a;k=1;b=2;k=3", "a;b=2;k=3"},
        {"name tag is the path", "a.b;name=other;k=v", "a.b;k=v"},
        {"value with '='", "a;k=b=c", "a;k=b=c"},
        {"value with dots", "a;dc=eu..1.", "a;dc=eu..1."},
        {"path cleaned before tags", ".a..b.;k=v", "a.b;k=v"},
        {"OpenMetrics", "disk.used{rack=\"a1\",host=\"web1\"}", "disk.used;host=web1;rack=a1"},
        {"OpenMetrics, then dots", "a{k=\"v\"}..", "a;k=v"},
        {"';' means carbon's syntax", "a{;z=\"};b=1", "a{;b=1;z=\"}"},
        {"OpenMetrics escapes", "a{k=\"x\\\"y\\\\z\"}", "a;k=x\"y\\z"},
        {"OpenMetrics, brace in value", "a{k=\"{x}\"}", "a;k={x}"},
        {"brace in a carbon value", "a;k={\"x\"}", "a;k={\"x\"}"},
        {"braces without tags are plain", "a{}", "a{}"},
        {"brace that does not end in \"}", "a{b", "a{b"},
        {"UTF-8", "h\xC3\xB6he.m;k=\xE2\x82\xAC", "h\xC3\xB6he.m;k=\xE2\x82\xAC"},
        {"slash and colon", "a/b:c.d-e_f%g", "a/b:c.d-e_f%g"},
    };
    EACH_ROW (rows, r) {
        char out[NAME_BYTES_MAX + 1] = "";
        size_t n = 0;
        EXPECT_I64(name_normalise(str_of(r->raw), out, &n), NAME_OK);
        EXPECT_TEXT(out, r->want);
        EXPECT_I64(n, strlen(r->want));
        EXPECT(name_is_canonical(str_of(r->want)));
        EXPECT_I64(name_is_canonical(str_of(r->raw)), strcmp(r->raw, r->want) == 0);
    }
}

TEST(says_why_a_name_cannot_be_taken)
{
    static const struct {
        const char *row, *raw;
        enum name_fault want;
    } rows[] = {
        {"nothing", "", NAME_EMPTY},
        {"only dots", "...", NAME_EMPTY},
        {"only tildes", "~", NAME_EMPTY},
        {"only tags", ";k=v", NAME_EMPTY},
        {"OpenMetrics without a name", "{k=\"v\"}", NAME_EMPTY},
        {"blank", "a b", NAME_NOT_UTF8},
        {"tab", "a\tb", NAME_NOT_UTF8},
        {"newline in a tag", "a;k=v\n", NAME_NOT_UTF8},
        {"DEL", "a\x7F", NAME_NOT_UTF8},
        {"C1 control", "a\xC2\x9B", NAME_NOT_UTF8},
        {"broken UTF-8", "a\xC3", NAME_NOT_UTF8},
        {"overlong UTF-8", "a\xC0\xAF", NAME_NOT_UTF8},
        {"surrogate", "a\xED\xA0\x80", NAME_NOT_UTF8},
        {"no '='", "a;k", NAME_BAD_TAG},
        {"empty tag", "a;k=v;", NAME_BAD_TAG},
        {"empty key", "a;=v", NAME_BAD_TAG},
        {"empty value", "a;k=", NAME_BAD_TAG},
        {"'!' in a key", "a;k!=v", NAME_BAD_TAG},
        {"'^' in a key", "a;^k=v", NAME_BAD_TAG},
        {"value begins with '~'", "a;k=~v", NAME_BAD_TAG},
        {"OpenMetrics, nothing in quotes", "a{k=\"\"}", NAME_BAD_TAG},
        {"OpenMetrics, ';' in a value", "a{k=\"x;y\"}", NAME_BAD_TAG},
        {"OpenMetrics, not quoted", "a{k=v,l=\"w\"}", NAME_BAD_TAG},
        {"OpenMetrics, no comma", "a{k=\"v\"l=\"w\"}", NAME_BAD_TAG},
        {"OpenMetrics, unknown escape", "a{k=\"\\n\"}", NAME_BAD_TAG},
        {"OpenMetrics once the name tag is gone", "a{\"};name=x", NAME_BAD_TAG},
        {"OpenMetrics, only a quote", "a{\"}", NAME_BAD_TAG},
        {"OpenMetrics, end is escaped", "a{k=\"v\\\"}", NAME_BAD_TAG},
    };
    EACH_ROW (rows, r) {
        char out[NAME_BYTES_MAX + 1];
        size_t n = 77;
        EXPECT_I64(name_normalise(str_of(r->raw), out, &n), r->want);
        EXPECT_I64(n, 77);
        EXPECT(!name_is_canonical(str_of(r->raw)));
        EXPECT(strlen(name_fault_text(r->want)) > 0);
    }
}

TEST(refuses_a_nul_byte)
{
    char out[NAME_BYTES_MAX + 1];
    size_t n;
    EXPECT_I64(name_normalise(str_make("a\0b", 3), out, &n), NAME_NOT_UTF8);
    EXPECT(!name_is_canonical(str_make("a\0b", 3)));
}

TEST(keeps_to_the_length_limit)
{
    char raw[NAME_BYTES_MAX + 2];
    char out[NAME_BYTES_MAX + 1];
    size_t n;
    memset(raw, 'a', sizeof(raw));
    EXPECT_I64(name_normalise(str_make(raw, NAME_BYTES_MAX), out, &n), NAME_OK);
    EXPECT_I64(n, NAME_BYTES_MAX);
    EXPECT(name_is_canonical(str_make(raw, NAME_BYTES_MAX)));
    EXPECT_I64(name_normalise(str_make(raw, NAME_BYTES_MAX + 1), out, &n), NAME_TOO_LONG);
    EXPECT(!name_is_canonical(str_make(raw, NAME_BYTES_MAX + 1)));
}

/* "a;k10=v;k11=v..." with n tags. */
static size_t put_tags(char *out, size_t n_tags)
{
    size_t n = 0;
    out[n++] = 'a';
    for (size_t i = 0; i < n_tags; i++) {
        const char tag[] = {';', 'k', (char)('0' + i / 10), (char)('0' + i % 10), '=', 'v'};
        memcpy(out + n, tag, sizeof(tag));
        n += sizeof(tag);
    }
    return n;
}

TEST(keeps_to_the_tag_limit)
{
    char raw[NAME_BYTES_MAX];
    char out[NAME_BYTES_MAX + 1];
    size_t n;
    const struct str most = str_make(raw, put_tags(raw, NAME_TAGS_MAX));
    EXPECT_I64(name_normalise(most, out, &n), NAME_OK);
    EXPECT(name_is_canonical(most));
    const struct str more = str_make(raw, put_tags(raw, NAME_TAGS_MAX + 1));
    EXPECT_I64(name_normalise(more, out, &n), NAME_TOO_MANY_TAGS);
    EXPECT(!name_is_canonical(more));
}

TEST(lists_tags_with_the_path_first)
{
    struct tag *tags;
    EXPECT_I64(name_tags("a.b;host=x;k=v=w", &kit_arena, &tags), 3);
    EXPECT_TEXT(tags[0].key, "name");
    EXPECT_TEXT(tags[0].value, "a.b");
    EXPECT_TEXT(tags[1].key, "host");
    EXPECT_TEXT(tags[1].value, "x");
    EXPECT_TEXT(tags[2].key, "k");
    EXPECT_TEXT(tags[2].value, "v=w");
    EXPECT_I64(name_tags("a.b", &kit_arena, &tags), 1);
    EXPECT_TEXT(tags[0].value, "a.b");
    EXPECT(str_is(name_path("a.b;k=v"), "a.b"));
    EXPECT(str_is(name_path("a.b"), "a.b"));
}

/* Names drawn from the bytes that mean something. */
static struct str random_name(char out[64])
{
    static const char *const pieces[] = {"a",  "b", ".",   "..",    ";",        ";k=v", ";a=", "~",
                                         "\"", "{", "\"}", "=",     ",",        "\\",   "!",   "^",
                                         "z",  "9", ";k",  "{a=\"", "\xC3\xA9", " ",    "name"};
    size_t n = 0;
    const size_t n_pieces = kit_random_below(9);
    for (size_t i = 0; i < n_pieces; i++) {
        const char *piece = pieces[kit_random_below(COUNT_OF(pieces))];
        memcpy(out + n, piece, strlen(piece));
        n += strlen(piece);
    }
    return str_make(out, n);
}

TEST(the_canonical_form_is_its_own_canonical_form)
{
    size_t n_taken = 0;
    for (size_t i = 0; i < 200000; i++) {
        char raw_bytes[64];
        const struct str raw = random_name(raw_bytes);
        char out[NAME_BYTES_MAX + 1];
        char again[NAME_BYTES_MAX + 1];
        size_t n = 0;
        size_t n_again = 0;
        const bool is_taken = name_normalise(raw, out, &n) == NAME_OK;
        const bool is_same = is_taken && str_eq(raw, str_make(out, n));
        kit_expect(name_is_canonical(raw) == is_same, __FILE__, __LINE__,
                   "canonical: '" STR_FMT "'", STR_ARG(raw));
        if (!is_taken)
            continue;
        n_taken++;
        kit_expect(name_normalise(str_make(out, n), again, &n_again) == NAME_OK &&
                       str_eq(str_make(out, n), str_make(again, n_again)),
                   __FILE__, __LINE__, "twice: '" STR_FMT "' '%s'", STR_ARG(raw), out);
        if (kit_failures() > 5)
            return;
    }
    EXPECT(n_taken > 1000);
}

RUN_TESTS(test_of(writes_the_canonical_form), test_of(says_why_a_name_cannot_be_taken),
          test_of(refuses_a_nul_byte), test_of(keeps_to_the_length_limit),
          test_of(keeps_to_the_tag_limit), test_of(lists_tags_with_the_path_first),
          test_of(the_canonical_form_is_its_own_canonical_form))
