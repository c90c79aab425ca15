#include "kit/fake_source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/regex.h"
#include "base/str.h"
#include "model/name.h"

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct source_node *)a)->path, ((const struct source_node *)b)->path);
}

/* Adds the node, or its flag to the node of that path that is there already. */
static void add_node(struct source_nodes *nodes, struct arena *arena, struct source_node node)
{
    for (size_t i = 0; i < nodes->n; i++) {
        if (strcmp(nodes->items[i].path, node.path) != 0)
            continue;
        if (node.is_leaf) {
            nodes->items[i].is_leaf = true;
            nodes->items[i].id = node.id;
        }
        nodes->items[i].is_branch |= node.is_branch;
        return;
    }
    arena_grow(arena, &nodes->items, &nodes->cap, nodes->n + 1, sizeof *nodes->items);
    nodes->items[nodes->n++] = node;
}

static bool finish_nodes(struct source_nodes *nodes, size_t n_max, struct source_nodes *out,
                         struct err *err)
{
    if (nodes->n > n_max)
        return FAIL(err, ERR_LIMIT, "more than %zu nodes", n_max);
    if (nodes->n)
        qsort(nodes->items, nodes->n, sizeof *nodes->items, by_path);
    *out = *nodes;
    return true;
}

/* Adds what the pattern takes of one name: the leaf and the branches above it. */
static void find_in_name(const struct glob_path *pattern, const char *name, uint64_t id,
                         struct arena *arena, struct source_nodes *nodes)
{
    for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
        const char *path = arena_strndup(arena, name, (size_t)(dot - name));
        if (glob_path_match(pattern, path))
            add_node(nodes, arena, (struct source_node){.path = path, .is_branch = true});
    }
    if (glob_path_match(pattern, name))
        add_node(nodes, arena,
                 (struct source_node){.path = name, .id = (uint32_t)id, .is_leaf = true});
}

static bool find(void *self, const struct glob_path *pattern, const struct source_span *span UNUSED,
                 size_t n_max, struct arena *arena, struct source_nodes *out, struct err *err)
{
    struct fake_source *fake = self;
    struct source_nodes nodes = {0};
    fake->n_finds++;
    for (size_t i = 0; i < fake->n; i++) {
        if (!strchr(fake->items[i].name, ';'))
            find_in_name(pattern, fake->items[i].name, i, arena, &nodes);
    }
    return finish_nodes(&nodes, n_max, out, err);
}

static bool tag_fits(const struct tag *tags, size_t n, const struct tag_expr *expr, bool *out,
                     struct err *err)
{
    const char *value = "";
    for (size_t i = 0; i < n; i++) {
        if (strcmp(tags[i].key, expr->key) == 0)
            value = tags[i].value;
    }
    if (expr->op == TAG_IS || expr->op == TAG_IS_NOT) {
        *out = (strcmp(value, expr->value) == 0) == (expr->op == TAG_IS);
        return true;
    }
    struct regex *regex = NULL;
    if (!regex_compile(expr->value, &regex, err))
        return false;
    *out = regex_match(regex, value, strlen(value)) == (expr->op == TAG_MATCHES);
    regex_free(regex);
    return true;
}

static bool find_tagged(void *self, const struct tag_expr *exprs, size_t n, size_t n_max,
                        struct arena *arena, struct source_nodes *out, struct err *err)
{
    struct fake_source *fake = self;
    struct source_nodes nodes = {0};
    fake->n_finds++;
    for (size_t i = 0; i < fake->n; i++) {
        struct tag *tags = NULL;
        size_t n_tags = name_tags(fake->items[i].name, arena, &tags);
        bool fits = true;
        for (size_t k = 0; k < n && fits; k++) {
            if (!tag_fits(tags, n_tags, &exprs[k], &fits, err))
                return false;
        }
        if (fits)
            add_node(&nodes, arena,
                     (struct source_node){
                         .path = fake->items[i].name, .id = (uint32_t)i, .is_leaf = true});
    }
    return finish_nodes(&nodes, n_max, out, err);
}

/* With the name's own tags, "name" among them. */
static void tags_of_one(const struct source_tag_query *query, const struct regex *regex,
                        const char *name, struct arena *arena, struct source_tags *found)
{
    struct tag *tags = NULL;
    size_t n = name_tags(name, arena, &tags);
    for (size_t i = 0; i < n; i++) {
        if (query->key && strcmp(query->key, tags[i].key) != 0)
            continue;
        const char *text = query->key ? tags[i].value : tags[i].key;
        if ((!query->prefix || text_starts(text, query->prefix)) &&
            (!regex || regex_search(regex, text, strlen(text))))
            source_tags_add(found, (struct source_tag){text, query->key != NULL}, query->n_max,
                            arena);
    }
}

static bool tags(void *self, const struct source_tag_query *query, struct arena *arena,
                 struct source_tags *out, struct err *err)
{
    struct fake_source *fake = self;
    struct source_tags found = {0};
    struct regex *regex = NULL;
    if (query->regex && !regex_compile(query->regex, &regex, err))
        return false;
    for (size_t i = 0; i < fake->n; i++)
        tags_of_one(query, regex, fake->items[i].name, arena, &found);
    regex_free(regex);
    source_tags_finish(&found, query->n_max);
    *out = found;
    return true;
}

static double value_at(const struct fake_series *item, int64_t at_s)
{
    int64_t i = (at_s - item->start_s) / item->step_s;
    bool is_inside = at_s >= item->start_s && i < (int64_t)item->n;
    return is_inside ? item->values[i] : (double)NAN;
}

static double average_over(const struct fake_series *item, int64_t from_s, int64_t until_s)
{
    double sum = 0;
    size_t n_known = 0;
    for (int64_t at_s = from_s; at_s < until_s; at_s += item->step_s) {
        double value = value_at(item, at_s);
        if (is_gap(value))
            continue;
        sum += value;
        n_known++;
    }
    return n_known ? sum / (double)n_known : (double)NAN;
}

static int64_t round_up(int64_t at_s, int64_t step_s)
{
    int64_t over = ((at_s % step_s) + step_s) % step_s;
    return over ? at_s + step_s - over : at_s;
}

static struct series *read_one(const struct fake_source *fake, const struct fake_series *item,
                               const struct source_span *span, struct arena *arena)
{
    if (span->from_s > span->now_s)
        return NULL;
    if (fake->kept_s && span->until_s <= span->now_s - fake->kept_s)
        return NULL;

    bool is_coarse = fake->fine_s && span->age_s > fake->fine_s;
    int64_t step_s = is_coarse ? fake->coarse_step_s : item->step_s;
    int64_t from_s = span->from_s;
    if (fake->kept_s)
        from_s = max_i64(from_s, span->now_s - fake->kept_s);
    from_s = round_up(from_s, step_s);
    int64_t until_s = round_up(min_i64(span->until_s, span->now_s + 1), step_s);
    size_t n = until_s > from_s ? (size_t)((until_s - from_s) / step_s) : 1;

    struct series *series = series_new(arena, from_s, step_s, n);
    series->name = arena_strdup(arena, item->name);
    series->path_expression = series->name;
    for (size_t i = 0; i < n; i++) {
        int64_t at_s = from_s + (int64_t)i * step_s;
        series->values[i] =
            is_coarse ? average_over(item, at_s, at_s + step_s) : value_at(item, at_s);
    }
    return series;
}

static bool read(void *self, const struct source_node *leaves, size_t n,
                 const struct source_span *span, struct arena *arena, struct series **out,
                 struct err *err)
{
    (void)err;
    struct fake_source *fake = self;
    fake->n_reads++;
    fake->n_leaves_read += n;
    for (size_t i = 0; i < n; i++) {
        BUG_IF(leaves[i].id >= fake->n);
        out[i] = read_one(fake, &fake->items[leaves[i].id], span, arena);
    }
    return true;
}

static bool all(void *self, struct arena *arena, struct source_nodes *out, struct err *err)
{
    struct fake_source *fake = self;
    struct source_nodes nodes = {0};
    for (size_t i = 0; i < fake->n; i++)
        add_node(
            &nodes, arena,
            (struct source_node){.path = fake->items[i].name, .id = (uint32_t)i, .is_leaf = true});
    return finish_nodes(&nodes, SIZE_MAX, out, err);
}

static const struct source_ops source_calls = {
    .find = find,
    .find_tagged = find_tagged,
    .tags = tags,
    .read = read,
    .all = all,
};

struct source fake_source(struct fake_source *fake)
{
    return (struct source){.ops = &source_calls, .self = fake};
}

static bool has_tag(const struct change *change, const char *tag)
{
    for (size_t i = 0; i < change->n_tags; i++) {
        if (strcmp(change->tags[i].key, tag) == 0)
            return true;
    }
    return false;
}

static bool change_fits(const struct change *change, const struct change_query *query)
{
    if ((query->from_ms || query->until_ms) &&
        (change->start_ms < query->from_ms || change->start_ms >= query->until_ms))
        return false;
    if (query->only_posted && !change->is_posted)
        return false;
    if (query->kind >= 0 && (int)change->kind != query->kind)
        return false;
    if (query->service) {
        size_t n = strlen(query->service);
        char after = strncmp(change->service, query->service, n) == 0 ? change->service[n] : 'x';
        if (after != '\0' && after != '/')
            return false;
    }
    if (query->by && strcmp(change->by, query->by) != 0)
        return false;
    size_t n_held = 0;
    for (size_t i = 0; i < query->n_tags; i++)
        n_held += has_tag(change, query->tags[i]);
    return !query->n_tags || (query->any_tag ? n_held > 0 : n_held == query->n_tags);
}

static int by_start(const void *a, const void *b)
{
    int64_t x = ((const struct change *)a)->start_ms, y = ((const struct change *)b)->start_ms;
    return (x > y) - (x < y);
}

static int by_start_backwards(const void *a, const void *b)
{
    return by_start(b, a);
}

static bool list(void *self, const struct change_query *query, struct arena *arena,
                 struct change_list *out, struct err *err UNUSED)
{
    struct fake_changes *fake = self;
    struct change_list found = {0};
    fake->n_lists++;
    for (size_t i = 0; i < fake->n; i++) {
        if (!change_fits(&fake->items[i], query))
            continue;
        arena_grow(arena, &found.items, &found.cap, found.n + 1, sizeof *found.items);
        found.items[found.n++] = fake->items[i];
    }
    if (found.n)
        qsort(found.items, found.n, sizeof *found.items,
              query->oldest_first ? by_start : by_start_backwards);
    if (query->n_max && found.n > query->n_max)
        found.n = query->n_max;
    *out = found;
    return true;
}

static int by_seq(const void *a, const void *b)
{
    const uint64_t x = ((const struct change *)a)->seq, y = ((const struct change *)b)->seq;
    return (x > y) - (x < y);
}

static bool since(void *self, uint64_t after_seq, size_t n_max, struct arena *arena,
                  struct change_list *out, struct err *err UNUSED)
{
    const struct fake_changes *fake = self;
    struct change_list found = {0};
    for (size_t i = 0; i < fake->n; i++) {
        if (fake->items[i].seq <= after_seq)
            continue;
        arena_grow(arena, &found.items, &found.cap, found.n + 1, sizeof *found.items);
        found.items[found.n++] = fake->items[i];
    }
    if (found.n)
        qsort(found.items, found.n, sizeof *found.items, by_seq);
    found.n = min_size(found.n, n_max);
    *out = found;
    return true;
}

static bool get(void *self, const char *id, struct arena *arena UNUSED, struct change *out,
                struct err *err)
{
    const struct fake_changes *fake = self;
    const struct change *found = NULL;
    for (size_t i = 0; i < fake->n; i++) {
        if (!text_starts(fake->items[i].id, id))
            continue;
        if (found)
            return FAIL(err, ERR_INPUT, "'%s' begins several ids", id);
        found = &fake->items[i];
    }
    if (!found)
        return FAIL(err, ERR_MISSING, "there is no change '%s'", id);
    *out = *found;
    return true;
}

static uint64_t last_seq(void *self)
{
    const struct fake_changes *fake = self;
    uint64_t last = 0;
    for (size_t i = 0; i < fake->n; i++)
        last = fake->items[i].seq > last ? fake->items[i].seq : last;
    return last;
}

static const struct changes_ops changes_calls = {
    .list = list, .since = since, .get = get, .last_seq = last_seq};

struct changes fake_changes(struct fake_changes *fake)
{
    return (struct changes){.ops = &changes_calls, .self = fake};
}
