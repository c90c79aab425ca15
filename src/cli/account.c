#include "cli/account.h"

#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/ini.h"
#include "base/str.h"
#include "cli/env.h"
#include "os/file.h"

enum {
    FILE_BYTES_MAX = 64 * 1024,
    TOKEN_BYTES_MAX = 512, /* ours have 36 */
};

/* NULL: there is no home. */
static const char *path_of_file(struct arena *arena)
{
    const char *config = env_get("XDG_CONFIG_HOME"), *home = env_get("HOME");
    if (config && config[0] == '/') /* the standard: relative ones do not count */
        return arena_printf(arena, "%s/plumb/config", config);
    return home && home[0] == '/' ? arena_printf(arena, "%s/.config/plumb/config", home) : NULL;
}

/* It becomes a line of a request: no blanks, no line's end. */
static bool check_token(const char *token, const char *where, struct err *err)
{
    const size_t n = strlen(token);
    bool is_ok = n <= TOKEN_BYTES_MAX;
    for (size_t i = 0; is_ok && i < n; i++)
        is_ok = token[i] > ' ' && token[i] < 0x7F;
    if (is_ok)
        return true;
    err_set(err, ERR_INPUT, "%s holds a character that no token has, or is too long", where);
    err_hint(err, "a token is one word, as plumb token new printed it: plb_...");
    return false;
}

static bool take_entry(struct account *account, const struct ini *ini,
                       const struct ini_entry *entry, struct err *err)
{
    static const char *const names[] = {"url", "token"};
    if (strcmp(entry->key, "url") == 0) {
        account->file_url = entry->value[0] ? entry->value : NULL;
        return true;
    }
    if (strcmp(entry->key, "token") == 0) {
        account->token = entry->value[0] ? entry->value : NULL;
        return true;
    }
    const char *near = text_nearest(entry->key, names, COUNT_OF(names));
    err_set(err, ERR_INPUT, "%s:%u: there is no key '%s'", ini->file, entry->line, entry->key);
    err_hint(err, "%s", near ? near : "there are url and token");
    return false;
}

static bool read_file(struct account *account, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf text;
    struct err why;
    struct ini ini;
    struct stat stat_of_file;
    buf_init(&text, FILE_BYTES_MAX);
    if (!account->file)
        return true;
    if (!file_read_all(account->file, &text, &why)) {
        if (why.kind != ERR_MISSING)
            *err = why;
        return why.kind == ERR_MISSING;
    }
    if (!ini_parse(account->file, buf_text(&text), text.n, arena, &ini, err)) {
        /* The reader quotes the line, and the token may stand in it. */
        err_set(err, ERR_INPUT, "%s is no file of [sections] and key = value", account->file);
        err_hint(err, "it begins with the line [plumb]; then url = ... and token = ...");
        return false;
    }
    for (size_t i = 0; i < ini.n_sections; i++)
        for (size_t k = 0; k < ini.sections[i].n_entries; k++)
            if (!take_entry(account, &ini, &ini.sections[i].entries[k], err))
                return false;
    account->is_of_file = account->token != NULL;
    account->is_exposed = account->token && stat(account->file, &stat_of_file) == 0 &&
                          (stat_of_file.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    return true;
}

bool account_read(struct arena *arena, struct account *out, struct err *err)
{
    struct account account = {.file = path_of_file(arena)};
    if (!read_file(&account, arena, err))
        return false;
    const char *url = env_get("PLUMB_URL"), *token = env_get("PLUMB_TOKEN");
    account.url = url ? url : account.file_url;
    if (token) {
        account.token = token;
        account.is_of_file = account.is_exposed = false;
    }
    if (account.token && !check_token(account.token, token ? "PLUMB_TOKEN" : account.file, err))
        return false;
    *out = account;
    return true;
}
