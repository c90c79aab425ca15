/* Listing tags and their values. Keys of the maps never move and only grow in number; one that no series
 * has any more stays there, unseen. So each listing copies a stretch of them under the lock and looks at
 * the copies without it. */
#include <string.h>

#include "base/regex.h"
#include "store/index_state.h"

enum { AT_ONCE = 1024 /* entries copied under the lock */ };

struct listing {
    const struct source_tag_query *query;
    struct regex *regex; /* or NULL */
    struct arena *arena;
    struct source_tags *out;
};

static bool is_wanted(const struct listing *listing, const char *text)
{
    const char *prefix = listing->query->prefix;
    return (!prefix || text_starts(text, prefix)) &&
           (!listing->regex || regex_search(listing->regex, text, strlen(text)));
}

static void add(const struct listing *listing, const struct source_tag *tags, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_wanted(listing, tags[i].text))
            source_tags_add(listing->out, tags[i], listing->query->n_max, listing->arena);
}

/* With the lock held. */
static size_t count_seen(const struct index *index, const struct posting *posting)
{
    size_t n = posting->n;
    for (uint32_t i = 0; index->n_hidden && i < posting->n; i++)
        n -= index_state_is_hidden(index, posting->ids[i]);
    return n;
}

/* The values of one tag as tagged series have them. */
static void list_values(const struct index *index, const char *key, const struct listing *listing)
{
    for (size_t from = 0;; from += AT_ONCE) {
        struct source_tag tags[AT_ONCE];
        size_t n = 0;
        index_state_lock(index);
        const struct map *values = map_get(index->tags, key, strlen(key));
        const size_t n_values = values ? map_count(values) : 0;
        for (size_t i = from; i < min_size(n_values, from + AT_ONCE); i++) {
            const size_t n_series = count_seen(index, map_value(values, i));
            if (n_series)
                tags[n++] = (struct source_tag){map_key(values, i), n_series};
        }
        index_state_unlock(index);
        add(listing, tags, n);
        if (n_values <= from + AT_ONCE)
            return;
    }
}

/* The names of plain series, which are their values of the tag "name". */
static void list_paths(const struct index *index, const struct listing *listing)
{
    index_state_lock(index);
    const size_t id_end = index->n_chunks * INDEX_STATE_NAMES;
    index_state_unlock(index);
    for (size_t from = 0; from < id_end; from += AT_ONCE) {
        struct source_tag tags[AT_ONCE];
        size_t n = 0;
        index_state_lock(index);
        for (uint32_t id = (uint32_t)from; id < from + AT_ONCE; id++) {
            const char *name = index_state_name(index, id);
            if (name && !index_state_is_hidden(index, id))
                tags[n++] = (struct source_tag){name, 1};
        }
        index_state_unlock(index);
        for (size_t i = 0; i < n; i++)
            if (!strchr(tags[i].text, ';'))
                add(listing, &tags[i], 1);
    }
}

/* With the lock held: does any series that is not hidden have the tag? */
static bool is_in_use(const struct index *index, const struct map *values)
{
    for (size_t i = 0; i < map_count(values); i++)
        if (count_seen(index, map_value(values, i)))
            return true;
    return false;
}

static void list_keys(const struct index *index, const struct listing *listing)
{
    index_state_lock(index);
    const size_t n_keys = map_count(index->tags);
    struct source_tag *tags = arena_array(listing->arena, n_keys + 1, struct source_tag);
    size_t n = 0;
    for (size_t i = 0; i < n_keys; i++)
        if (is_in_use(index, map_value(index->tags, i)))
            tags[n++] = (struct source_tag){map_key(index->tags, i), 0};
    if (index->n_series > index->n_hidden)
        tags[n++] = (struct source_tag){"name", 0};
    index_state_unlock(index);
    add(listing, tags, n);
}

bool index_tags(const struct index *index, const struct source_tag_query *query,
                struct arena *arena, struct source_tags *out, struct err *err)
{
    struct source_tags found = {0};
    struct listing listing = {.query = query, .arena = arena, .out = &found};
    if (query->regex && !regex_compile(query->regex, &listing.regex, err))
        return false;
    if (!query->key)
        list_keys(index, &listing);
    else
        list_values(index, query->key, &listing);
    if (query->key && strcmp(query->key, "name") == 0)
        list_paths(index, &listing);
    regex_free(listing.regex);
    source_tags_finish(&found, query->n_max);
    *out = found;
    return true;
}
