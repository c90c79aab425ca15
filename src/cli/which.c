#include "cli/which.h"

#include <string.h>

#include "base/str.h"
#include "cli/client.h"
#include "cli/record.h"

enum {
    ID_BYTES_MIN = 4,
    ID_BYTES_LIKELY = 10, /* as log shows it; few services look like that */
    ID_BYTES_MAX = 26,
    LOOK_AT_MAX = 50, /* newest changes of a service, to find one that did something */
};

bool which_is_id(const char *word)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const size_t n = strlen(word);
    return n >= ID_BYTES_MIN && n <= ID_BYTES_MAX && strspn(word, letters) == n;
}

/* Ids begin with their time, so with a 0 for the next centuries. */
static bool is_likely_id(const char *word)
{
    return which_is_id(word) && word[0] == '0' && strlen(word) >= ID_BYTES_LIKELY;
}

static bool get_id(const char *id, struct arena *arena, struct buf *answer, struct err *err)
{
    buf_clear(answer);
    return client_ask_get(arena_printf(arena, "/api/v1/changes/%s", id), NULL, answer, err);
}

/* NULL: there is none with an id. */
static const char *pick(const struct which *which, const struct change_list *list)
{
    for (size_t i = 0; which->is_ours && i < list->n; i++)
        if (list->items[i].kind <= CHANGE_DATA && which_is_id(list->items[i].id))
            return list->items[i].id;
    return list->n && which_is_id(list->items[0].id) ? list->items[0].id : NULL;
}

/* The newest change of a service. */
static bool get_newest(const struct which *which, const char *service, struct arena *arena,
                       struct buf *answer, struct err *err)
{
    CLEANUP(buf_done) struct buf query;
    buf_init(&query, 8192);
    client_param_i64(&query, "n", which->is_ours ? LOOK_AT_MAX : 1);
    client_param(&query, "service", service);
    if (which->env)
        client_param(&query, "env", which->env);
    struct change_list list;
    buf_clear(answer);
    if (!client_ask_get("/api/v1/changes", &query, answer, err) ||
        !record_list(buf_text(answer), answer->n, arena, &list, err))
        return false;
    const char *id = pick(which, &list);
    if (id)
        return get_id(id, arena, answer, err);
    err_set(err, ERR_MISSING, "no change of '%.60s', and no id that begins so", service);
    err_hint(err, "plumb log lists what there is");
    return false;
}

bool which_change(const struct which *which, struct arena *arena, struct buf *answer,
                  struct err *err)
{
    const char *word = which->word;
    char *service = arena_strdup(arena, word);
    text_lower(service);
    struct err why;
    if (is_likely_id(word)) {
        if (get_id(word, arena, answer, err))
            return true;
        return err->kind == ERR_MISSING && get_newest(which, service, arena, answer, err);
    }
    if (get_newest(which, service, arena, answer, err))
        return true;
    return err->kind == ERR_MISSING && which_is_id(word) && get_id(word, arena, answer, &why);
}
