#include "model/scope.h"

#include "kit/kit.h"

TEST(reads_scopes_and_writes_them_again)
{
    static const struct {
        const char *row, *text, *wanted;
    } rows[] = {
        {"one", "read", "read"},
        {"all kinds of them", "read,write,edit,freeze,hook,admin",
         "read,write,edit,freeze,hook,admin"},
        {"blanks", "  read , write:deploy  edit\n", "read,write:deploy,edit"},
        {"a kind", "write:deploy", "write:deploy"},
        {"a service", "write:deploy:website", "write:deploy:website"},
        {"any kind", "write:*:web/*", "write:*:web/*"},
        {"anything", "write:*:*", "write"},
        {"any service of a kind", "write:config:*", "write:config"},
        {"capitals in a service", "write:deploy:WebSite", "write:deploy:website"},
        {"a hook", "hook:github/main", "hook:github/main"},
    };
    EACH_ROW (rows, r) {
        struct scopes scopes = {0}, again = {0};
        CLEANUP(buf_done) struct buf text;
        buf_init(&text, 4096);
        EXPECT_OK(scope_parse(r->text, &kit_arena, &scopes, &kit_err));
        scope_format(&scopes, &text);
        EXPECT_TEXT(buf_text(&text), r->wanted);
        EXPECT_OK(scope_parse(buf_text(&text), &kit_arena, &again, &kit_err));
        EXPECT_I64(again.n, scopes.n);
    }
}

TEST(says_which_scope_is_none_and_what_there_are)
{
    static const struct {
        const char *row, *text, *part;
    } rows[] = {
        {"nothing", "", "nothing is given"},
        {"commas", " , ,", "nothing is given"},
        {"unknown", "read,wirte", "'wirte' is no scope"},
        {"a longer name", "reader", "'reader'"},
        {"a kind that is none", "write:party", "no such kind"},
        {"an empty kind", "write:", "no such kind"},
        {"an empty service", "write:deploy:", "a service is of"},
        {"a service that is none", "write:deploy:web$", "a service is of"},
        {"two services", "write:deploy:a:b", "a service is of"},
        {"freeze by the back door", "write:freeze:*", "a scope of its own"},
        {"a word after read", "read:all", "nothing may follow"},
        {"a word after admin", "admin:x", "nothing may follow"},
        {"an empty hook", "hook:", "a hook's name"},
        {"every hook is the bare word", "hook:*", "a hook's name"},
    };
    EACH_ROW (rows, r) {
        struct scopes scopes;
        EXPECT_ERR(scope_parse(r->text, &kit_arena, &scopes, &kit_err), ERR_INPUT, r->part);
        EXPECT(strstr(kit_err.hint, "write:KIND:SERVICE") && strstr(kit_err.hint, "admin"));
    }
}

TEST(a_list_has_its_limits)
{
    CLEANUP(buf_done) struct buf text;
    struct scopes scopes;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < SCOPES_MAX; i++)
        buf_add_str(&text, "read,");
    EXPECT_OK(scope_parse(buf_text(&text), &kit_arena, &scopes, &kit_err));
    buf_add_str(&text, "read");
    EXPECT_ERR(scope_parse(buf_text(&text), &kit_arena, &scopes, &kit_err), ERR_INPUT, "at most");
    for (int i = 0; i < SCOPES_TEXT_MAX; i++)
        buf_add_char(&text, ',');
    EXPECT_ERR(scope_parse(buf_text(&text), &kit_arena, &scopes, &kit_err), ERR_INPUT, "bytes");
}

TEST(writing_is_limited_to_kind_and_service)
{
    static const struct {
        const char *row, *can;
        enum change_kind kind;
        const char *service;
        bool may;
    } rows[] = {
        {"any", "write", CHANGE_DEPLOY, "website", true},
        {"any has no freeze", "write", CHANGE_FREEZE, "", false},
        {"freeze", "freeze", CHANGE_FREEZE, "website", true},
        {"freeze writes nothing else", "freeze", CHANGE_DEPLOY, "website", false},
        {"admin", "admin", CHANGE_FREEZE, "website", true},
        {"admin writes", "admin", CHANGE_DATA, "x", true},
        {"read", "read", CHANGE_DEPLOY, "website", false},
        {"edit", "edit", CHANGE_DEPLOY, "website", false},
        {"hook", "hook", CHANGE_DEPLOY, "website", false},
        {"the kind", "write:deploy", CHANGE_DEPLOY, "website", true},
        {"another kind", "write:deploy", CHANGE_CONFIG, "website", false},
        {"the service", "write:deploy:website", CHANGE_DEPLOY, "website", true},
        {"another service", "write:deploy:website", CHANGE_DEPLOY, "website2", false},
        {"a part of it", "write:deploy:website", CHANGE_DEPLOY, "web", false},
        {"below it", "write:deploy:web", CHANGE_DEPLOY, "web/checkout", false},
        {"a glob", "write:*:web/*", CHANGE_FLAG, "web/checkout", true},
        {"a glob, deep", "write:*:web/*", CHANGE_FLAG, "web/a/b", true},
        {"a glob's stem", "write:*:web/*", CHANGE_FLAG, "web", false},
        {"a glob has no freeze", "write:*:web/*", CHANGE_FREEZE, "web/checkout", false},
        {"two stars", "write:deploy:*a*b", CHANGE_DEPLOY, "xaxbxab", true},
        {"two stars, no", "write:deploy:*a*b", CHANGE_DEPLOY, "xaxbxac", false},
        {"one character", "write:deploy:web?", CHANGE_DEPLOY, "web7", true},
        {"one character, two", "write:deploy:web?", CHANGE_DEPLOY, "web77", false},
        {"no service, any", "write:note", CHANGE_NOTE, "", true},
        {"no service, one", "write:note:web", CHANGE_NOTE, "", false},
        {"the second of two", "write:flag:x,write:deploy:y", CHANGE_DEPLOY, "y", true},
        {"not across two", "write:flag:x,write:deploy:y", CHANGE_DEPLOY, "x", false},
    };
    EACH_ROW (rows, r) {
        struct scopes scopes = {0};
        EXPECT_OK(scope_parse(r->can, &kit_arena, &scopes, &kit_err));
        EXPECT_I64(scope_may_write(&scopes, r->kind, r->service), r->may);
    }
}

TEST(delivering_is_limited_to_the_hook)
{
    static const struct {
        const char *row, *can, *hook;
        bool may;
    } rows[] = {
        {"any", "hook", "main", true},
        {"the one", "hook:main", "main", true},
        {"another", "hook:main", "mai", false},
        {"admin", "admin", "main", true},
        {"write is none", "write", "main", false},
        {"a service is no hook", "write:deploy:main", "main", false},
    };
    EACH_ROW (rows, r) {
        struct scopes scopes = {0};
        EXPECT_OK(scope_parse(r->can, &kit_arena, &scopes, &kit_err));
        EXPECT_I64(scope_may_deliver(&scopes, r->hook), r->may);
    }
}

RUN_TESTS(test_of(reads_scopes_and_writes_them_again),
          test_of(says_which_scope_is_none_and_what_there_are), test_of(a_list_has_its_limits),
          test_of(writing_is_limited_to_kind_and_service),
          test_of(delivering_is_limited_to_the_hook))
