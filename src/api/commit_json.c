#include "api/commit_json.h"

#include <jansson.h>
#include <string.h>

#include "api/change_json.h"
#include "base/mem.h"
#include "model/redact.h"

enum { SHA_CHARS_MIN = 7, SHA_CHARS_MAX = 64 };

static bool is_sha(const char *text)
{
    const size_t n = strlen(text);
    return n >= SHA_CHARS_MIN && n <= SHA_CHARS_MAX &&
           text[strspn(text, "0123456789abcdefABCDEF")] == '\0';
}

static const char *text_at(const json_t *item, const char *key, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(item, key));
    return text ? arena_strdup(arena, text) : "";
}

/* Service and title as changes spell theirs: a deploy of the commit would have them. */
static bool spell(struct commit *io, struct arena *arena, struct err *err)
{
    struct change probe = change_blank();
    if (!io->service[0])
        return FAIL(err, ERR_INPUT, "service is missing");
    probe.service = io->service;
    probe.msg = io->title;
    probe.start_ms = io->at_ms;
    if (!change_check(&probe, io->at_ms, arena, err))
        return false;
    *io = (struct commit){probe.service, io->sha, probe.msg, probe.start_ms, io->is_merge};
    return true;
}

static bool read_one(const json_t *item, struct arena *arena, struct commit *out, struct err *err)
{
    const json_t *at = json_object_get(item, "at");
    const char *title = redact_text(text_at(item, "title", arena), arena);
    out->service = text_at(item, "service", arena);
    out->sha = text_at(item, "sha", arena);
    out->title = arena_strndup(arena, title, strcspn(title, "\r\n"));
    out->is_merge = json_is_true(json_object_get(item, "merge"));
    if (!is_sha(out->sha))
        return FAIL(err, ERR_INPUT, "sha '%.70s' is not %d to %d hexadecimal digits", out->sha,
                    SHA_CHARS_MIN, SHA_CHARS_MAX);
    if (!json_is_number(at))
        return FAIL(err, ERR_INPUT, "at is not a number of seconds");
    return change_json_time("at", json_number_value(at), &out->at_ms, err) &&
           spell(out, arena, err);
}

bool commit_json_read(const char *text, size_t n, struct arena *arena, struct commit_list *out,
                      struct err *err)
{
    json_error_t why;
    json_auto_t *root = json_loadb(text, n, 0, &why);
    if (!json_is_array(root))
        return FAIL(err, ERR_INPUT, "the body is not a JSON array of commits: %s",
                    root ? "another kind of value" : why.text);
    const size_t n_commits = json_array_size(root);
    if (n_commits > COMMIT_JSON_MAX)
        return FAIL(err, ERR_LIMIT, "%zu commits; at most %d are taken at once", n_commits,
                    COMMIT_JSON_MAX);
    struct commit_list list = {.n = n_commits, .cap = n_commits};
    list.items = arena_zarray(arena, n_commits, struct commit);
    for (size_t i = 0; i < n_commits; i++) {
        if (read_one(json_array_get(root, i), arena, &list.items[i], err))
            continue;
        err_prefix(err, "[%zu]", i);
        return false;
    }
    *out = list;
    return true;
}
