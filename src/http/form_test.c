#include "http/form.h"

#include "kit/kit.h"

TEST(decodes_fields)
{
    static const struct {
        const char *row, *text, *key, *value;
    } rows[] = {
        {"plain", "target=a.b", "target", "a.b"},
        {"escapes", "target=sum%28a.%2A%29", "target", "sum(a.*)"},
        {"plus is a blank", "m=fix+login", "m", "fix login"},
        {"braces unencoded", "query=a.{b,c}.*", "query", "a.{b,c}.*"},
        {"a lone percent stays", "x=100%", "x", "100%"},
        {"a bad escape stays", "x=%zz%4", "x", "%zz%4"},
        {"an encoded NUL stays text", "x=a%00b", "x", "a%00b"},
        {"second equals belongs to the value", "a=b=c", "a", "b=c"},
        {"no equals", "pretty", "pretty", ""},
        {"empty value", "x=", "x", ""},
        {"empty pairs are skipped", "&&x=1&&", "x", "1"},
        {"UTF-8", "t=%C3%BC", "t", "\xc3\xbc"},
    };
    EACH_ROW (rows, r) {
        struct form form = {0};
        EXPECT(form_parse(&form, r->text, strlen(r->text), &kit_arena));
        EXPECT_I64(form.n, 1);
        if (form.n == 1) {
            EXPECT_TEXT(form.fields[0].key, r->key);
            EXPECT_TEXT(form.fields[0].value, r->value);
        }
    }
}

TEST(keeps_order_and_repeats)
{
    struct form form = {0};
    const char *text = "target=a&from=-1h&target=b";
    EXPECT(form_parse(&form, text, strlen(text), &kit_arena));
    EXPECT_I64(form.n, 3);
    EXPECT_TEXT(form.fields[2].value, "b");
}

TEST(too_many_fields_are_refused)
{
    size_t n = (FORM_FIELDS_MAX + 1) * 2;
    char *text = arena_alloc(&kit_arena, n);
    for (size_t i = 0; i < n; i += 2) {
        text[i] = 'a';
        text[i + 1] = '&';
    }
    struct form form = {0};
    EXPECT(!form_parse(&form, text, n, &kit_arena));
}

TEST(splits_the_request_target)
{
    static const struct {
        const char *row, *path, *query;
    } rows[] = {
        {"/render?target=a", "/render", "target=a"},
        {"/", "/", ""},
        {"/deploy/web%20site", "/deploy/web site", ""},
        {"/a+b?", "/a+b", ""},
        {"?x=1", "/", "x=1"},
    };
    EACH_ROW (rows, r) {
        const char *query = NULL;
        EXPECT_TEXT(form_path(&kit_arena, r->row, &query), r->path);
        EXPECT_TEXT(query, r->query);
    }
}

RUN_TESTS(test_of(decodes_fields), test_of(keeps_order_and_repeats),
          test_of(too_many_fields_are_refused), test_of(splits_the_request_target))
