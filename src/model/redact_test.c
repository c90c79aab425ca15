#include "model/redact.h"

#include "kit/kit.h"

TEST(hides_secrets_and_nothing_else)
{
    static const struct {
        const char *row, *text, *want;
    } rows[] = {
        {"plain", "fix login", "fix login"},
        {"empty", "", ""},
        {"password", "set password=hunter2 on db", "set password=*** on db"},
        {"any case", "PASSWORD=hunter2", "PASSWORD=***"},
        {"with a name in front", "DB_PASSWORD=hunter2;x=1", "DB_PASSWORD=***;x=1"},
        {"token", "a_token=abc&b=2", "a_token=***&b=2"},
        {"secret in quotes", "secret='a b c' d", "secret=*** d"},
        {"quotes not closed", "secret='a b c", "secret=***"},
        {"key", "key=abc", "key=***"},
        {"API key", "api_key=abc api-key=def apikey=ghi", "api_key=*** api-key=*** apikey=***"},
        {"not a key", "monkey=abc", "monkey=abc"},
        {"JSON", "{\"password\": \"hunter2\", \"user\": \"a\"}",
         "{\"password\": ***, \"user\": \"a\"}"},
        {"prose", "token: the new one; password reset", "token: the new one; password reset"},
        {"nothing behind it", "password=", "password="},
        {"bearer", "Authorization: Bearer abc.def-g rest", "Authorization: Bearer *** rest"},
        {"basic in a header option", "curl -H 'Authorization: Basic Zm9v' x",
         "curl -H 'Authorization: Basic ***' x"},
        {"user and password", "https://nora:geheim@ci.example.com/1",
         "https://***@ci.example.com/1"},
        {"token as user", "https://ghs_0123456789012345@x/", "https://***@x/"},
        {"mail address", "mail nora@example.com", "mail nora@example.com"},
        {"@ in a path", "https://ci.example.com/@nora", "https://ci.example.com/@nora"},
        {"AWS", "AKIAIOSFODNN7EXAMPLE leaked", "*** leaked"},
        {"GitHub", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "***"},
        {"GitLab", "(glpat-abcdefghij0123456789)", "(***)"},
        {"ours", "plb_0123456789abcdef", "***"},
        {"too short for one", "plb_x ghp_ AKIA", "plb_x ghp_ AKIA"},
        {"PEM", "a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- b",
         "a *** b"},
        {"PEM without an end", "-----BEGIN EC PRIVATE KEY-----\nMII", "***"},
        {"several", "password=a token=b", "password=*** token=***"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(redact_text(r->text, &kit_arena), r->want);
}

TEST(a_tag_is_judged_by_its_name)
{
    EXPECT_TEXT(redact_tag("db_password", "hunter2", &kit_arena), "***");
    EXPECT_TEXT(redact_tag("Token", "x", &kit_arena), "***");
    EXPECT_TEXT(redact_tag("token", "", &kit_arena), "");
    EXPECT_TEXT(redact_tag("ticket", "OPS-7", &kit_arena), "OPS-7");
    EXPECT_TEXT(redact_tag("note", "password=x", &kit_arena), "password=***");
}

RUN_TESTS(test_of(hides_secrets_and_nothing_else), test_of(a_tag_is_judged_by_its_name))
