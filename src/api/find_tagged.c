#include "api/find_tagged.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "model/name.h"

enum {
    DEPTH = 4, /* of the branch, itself included */
    KEYS_MAX = 10000,
    SHA256_BYTES = 32,
};

static const char ROOT[] = "_tagged";

bool find_tagged_by_name(struct api_call *call, const char *query, struct source_nodes *out,
                         struct err *err)
{
    const struct source *source = &call->api->deps.query.source;
    char name[NAME_BYTES_MAX + 1];
    struct source_nodes nodes = {0};
    struct tag *tags;
    size_t n;
    *out = (struct source_nodes){0};
    if (name_normalise(str_of(query), name, &n) != NAME_OK)
        return true;
    name[n] = '\0';
    n = name_tags(name, call->arena, &tags);
    struct tag_expr *exprs = arena_array(call->arena, n, struct tag_expr);
    for (size_t i = 0; i < n; i++)
        exprs[i] = (struct tag_expr){.key = tags[i].key, .value = tags[i].value, .op = TAG_IS};
    if (!source->ops->find_tagged(source->self, exprs, n, SIZE_MAX, call->arena, &nodes, err))
        return false;
    for (size_t i = 0; i < nodes.n; i++) /* others may have more tags */
        if (strcmp(nodes.items[i].path, name) == 0)
            *out = (struct source_nodes){.items = &nodes.items[i], .n = 1, .cap = 1};
    return true;
}

/* ---- the branch ---- */

static int by_text(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

struct texts {
    const char **items;
    size_t n, cap;
};

static void texts_add(struct texts *texts, const char *text, struct arena *arena)
{
    arena_grow(arena, &texts->items, &texts->cap, texts->n + 1, sizeof *texts->items);
    texts->items[texts->n++] = text;
}

static void texts_settle(struct texts *texts)
{
    size_t kept = 0;
    if (texts->n)
        qsort(texts->items, texts->n, sizeof *texts->items, by_text);
    for (size_t i = 0; i < texts->n; i++)
        if (kept == 0 || strcmp(texts->items[kept - 1], texts->items[i]) != 0)
            texts->items[kept++] = texts->items[i];
    texts->n = kept;
}

/* The tags but "name", which series without tags have too. */
static bool list_keys(struct api_call *call, struct texts *out, struct err *err)
{
    const struct source *source = &call->api->deps.query.source;
    const struct source_tag_query query = {.n_max = KEYS_MAX};
    struct source_tags tags = {0};
    if (!source->ops->tags(source->self, &query, call->arena, &tags, err))
        return false;
    for (size_t i = 0; i < tags.n; i++)
        if (strcmp(tags.items[i].text, "name") != 0)
            texts_add(out, tags.items[i].text, call->arena);
    return true;
}

/* Every tagged series, once. */
static bool list_names(struct api_call *call, const struct texts *keys, size_t n_max,
                       struct texts *out, struct err *err)
{
    const struct source *source = &call->api->deps.query.source;
    for (size_t i = 0; i < keys->n; i++) {
        const struct tag_expr any = {.key = keys->items[i], .value = "", .op = TAG_IS_NOT};
        struct source_nodes nodes = {0};
        if (!source->ops->find_tagged(source->self, &any, 1, n_max, call->arena, &nodes, err))
            return false;
        for (size_t k = 0; k < nodes.n; k++)
            texts_add(out, nodes.items[k].path, call->arena);
        texts_settle(out);
        if (out->n > n_max)
            return FAIL(err, ERR_LIMIT, "more than %zu tagged series below %s", n_max, ROOT);
    }
    return true;
}

/* The path of a name in the branch, cut to the pattern's depth; NULL if the pattern does not match. */
static const char *place_of(const struct glob_path *pattern, const char *name, struct arena *arena)
{
    unsigned char sum[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    BUG_IF(gnutls_hash_fast(GNUTLS_DIG_SHA256, name, strlen(name), sum) != 0);
    text_hex(hex, sum, SHA256_BYTES);
    const struct str nodes[DEPTH] = {str_of(ROOT), str_make(hex, 3), str_make(hex + 3, 3),
                                     str_of(hex)};
    const char *path = ROOT;
    for (size_t i = 1; i < pattern->n_nodes; i++) {
        if (!glob_match(pattern->nodes[i], nodes[i]))
            return NULL;
        path = arena_printf(arena, "%s." STR_FMT, path, STR_ARG(nodes[i]));
    }
    return path;
}

static bool reaches_branch(const struct glob_path *pattern)
{
    if (pattern->n_nodes == 0 || pattern->n_nodes > DEPTH)
        return false;
    for (size_t i = 0; i < pattern->n_nodes; i++)
        if (pattern->is_any_depth[i])
            return false; /* Graphite's pattern has no such thing */
    return glob_match(pattern->nodes[0], str_of(ROOT));
}

bool find_tagged_branch(struct api_call *call, const struct glob_path *pattern, size_t n_max,
                        struct source_nodes *io, struct err *err)
{
    struct texts keys = {0}, names = {0}, places = {0};
    if (!reaches_branch(pattern))
        return true;
    if (!list_keys(call, &keys, err))
        return false;
    if (pattern->n_nodes == 1 && keys.n)
        texts_add(&places, ROOT, call->arena);
    if (pattern->n_nodes > 1 && !list_names(call, &keys, n_max, &names, err))
        return false;
    for (size_t i = 0; i < names.n; i++) {
        const char *place = place_of(pattern, names.items[i], call->arena);
        if (place)
            texts_add(&places, place, call->arena);
    }
    texts_settle(&places);
    arena_grow(call->arena, &io->items, &io->cap, io->n + places.n, sizeof *io->items);
    const bool is_leaf = pattern->n_nodes == DEPTH;
    for (size_t i = 0; i < places.n; i++)
        io->items[io->n++] = (struct source_node){
            .path = places.items[i], .is_leaf = is_leaf, .is_branch = !is_leaf};
    return true;
}
