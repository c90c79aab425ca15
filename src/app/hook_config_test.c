#include "app/hook_config.h"

#include "kit/kit.h"
#include "os/file.h"

static bool read_text(const char *text, struct hook **out, size_t *out_n)
{
    struct ini ini;
    return ini_parse("plumb.conf", text, strlen(text), &kit_arena, &ini, &kit_err) &&
           hook_config_read(&ini, &kit_arena, out, out_n, &kit_err);
}

TEST(reads_every_key)
{
    const char *path = kit_path(kit_temp_dir(), "secret");
    EXPECT_OK(file_replace(path, "third\n\n fourth \n", 16, &kit_err));
    struct hook *hooks;
    size_t n = 0;
    EXPECT_OK(
        read_text(arena_printf(&kit_arena,
                               "[serve]\nhttp = off\n[hook github/main]\nsecret = first\n"
                               "  second\n  file:%s\nservices =\n  acme/web.* = web\n"
                               "  acme/docs = -\nenvs = prod = production\npush-refs = main,\n"
                               "  refs/tags/v*\npreviews = on\n[hook jenkins/ci]\n",
                               path),
                  &hooks, &n));
    EXPECT_I64(n, 2);
    if (n != 2)
        return;
    const struct hook_settings *settings = &hooks[0].settings;
    EXPECT_TEXT(hooks[0].source->name, "github");
    EXPECT_TEXT(hooks[0].name, "main");
    static const char *const secrets[] = {"first", "second", "third", "fourth"};
    EXPECT_I64(settings->n_secrets, 4);
    for (size_t i = 0; i < settings->n_secrets && i < 4; i++)
        EXPECT_TEXT(settings->secrets[i], secrets[i]);
    EXPECT_I64(settings->n_services, 2);
    EXPECT_TEXT(settings->services[0].key, "acme/web.*");
    EXPECT_TEXT(settings->services[1].value, "-");
    EXPECT_I64(settings->n_envs, 1);
    EXPECT_TEXT(settings->envs[0].value, "production");
    EXPECT_TEXT(settings->push_refs, "main  refs/tags/v*");
    EXPECT(settings->with_previews);
    EXPECT_TEXT(hooks[1].source->name, "jenkins");
    EXPECT_I64(hooks[1].settings.n_secrets, 0);
    EXPECT_TEXT(hooks[1].settings.push_refs, "");
    EXPECT(!hooks[1].settings.with_previews);
}

TEST(a_mistake_says_where_and_what_was_meant)
{
    static const struct {
        const char *row, *text, *part, *hint;
    } rows[] = {
        {"no name", "[hook github]\n", "plumb.conf:1: [hook github] is not [hook SOURCE/NAME]",
         "such as [hook github/main]"},
        {"two slashes", "[hook github/a/b]\n", "plumb.conf:1: [hook github/a/b] is not", ""},
        {"no such source", "\n[hook gihub/main]\n",
         "plumb.conf:2: there is no source of hooks 'gihub'", "[hook github/main]"},
        {"no such key", "[hook github/main]\nsercet = a\n",
         "plumb.conf:2: [hook github/main] sercet: a hook has no such key", "'secret'"},
        {"no secret", "[hook github/main]\nsecret =\n", "plumb.conf:2: [hook github/main] secret",
         ""},
        {"no file", "[hook github/main]\nsecret = file:/nowhere/at/all\n", "/nowhere/at/all", ""},
        {"no map", "[hook github/main]\nservices = web\n", "'web' is not 'glob = name'", ""},
        {"half a map", "[hook github/main]\nservices = web =\n", "'web =' is not", ""},
        {"a bad glob", "[hook github/main]\nservices =\n  acme/[x = web\n", "is not closed", ""},
        {"a bad ref", "[hook github/main]\npush-refs = {a\n", "is not closed", ""},
        {"a bad switch", "[hook github/main]\npreviews = maybe\n", "'maybe' is neither on nor off",
         ""},
    };
    EACH_ROW (rows, r) {
        struct hook *hooks;
        size_t n;
        err_clear(&kit_err);
        EXPECT(!read_text(r->text, &hooks, &n));
        EXPECT(strstr(kit_err.text, r->part) != NULL);
        EXPECT(strstr(kit_err.hint, r->hint) != NULL);
        EXPECT(!strncmp(kit_err.text, "plumb.conf:", 11));
        if (!strstr(kit_err.text, r->part))
            print_message("%s: %s\n", r->row, kit_err.text);
    }
}

RUN_TESTS(test_of(reads_every_key), test_of(a_mistake_says_where_and_what_was_meant))
