/* /tags: Graphite's tag database, over the source's tags. Its "id" numbers are left out, as Graphite's
 * own Redis database leaves them out: nothing takes one. */
#include <string.h>

#include "api/routes.h"
#include "base/map.h"
#include "base/mem.h"
#include "model/name.h"

enum {
    EXPRS_MAX = NAME_TAGS_MAX - 1, /* no series has more tags to ask for */
    TAGS_MAX = 1000000,            /* in one answer */
    COMPLETIONS = 100,             /* when limit= does not say, as in Graphite */
    SERIES_MAX = 1000000,          /* looked at for one answer */
    PATHS_MAX = 10000,             /* in one POST; carbon sends 100 */
};

/* ---- parameters ---- */

static const char *text_param(const struct api_call *call, const char *key)
{
    const char *text = call_param(call, key);
    return text && text[0] ? text : NULL;
}

/* limit=; *out stays when it is not given. */
static bool read_limit(struct api_call *call, size_t *out, struct err *err)
{
    int64_t limit;
    if (!text_param(call, "limit"))
        return true;
    if (!call_param_int(call, "limit", 0, &limit, err))
        return false;
    if (limit < 0)
        return FAIL(err, ERR_INPUT, "limit=%lld is less than 0", (long long)limit);
    *out = min_size((size_t)limit, TAGS_MAX);
    return true;
}

/* filter=: a regular expression, anchored as Graphite does it. NULL: none. */
static const char *filter_of(struct api_call *call)
{
    const char *filter = text_param(call, "filter");
    return !filter || filter[0] == '^' ? filter : arena_printf(call->arena, "^(%s)", filter);
}

/* The values of key=, or else of key[]=; *out_n of them. */
static bool read_all(struct api_call *call, const char *key, size_t n_max, struct str **out,
                     size_t *out_n, struct err *err)
{
    const char *brackets = arena_printf(call->arena, "%s[]", key);
    const char *wanted = call_param(call, key) ? key : brackets;
    size_t n = 0, cap = 0;
    *out = NULL;
    for (size_t i = 0; i < call->request->n_fields; i++) {
        const struct http_field *field = &call->request->fields[i];
        if (strcmp(field->key, wanted) != 0)
            continue;
        if (n == n_max)
            return FAIL(err, ERR_LIMIT, "more than %zu times %s=", n_max, key);
        arena_grow(call->arena, out, &cap, n + 1, sizeof **out);
        (*out)[n++] = str_of(field->value);
    }
    *out_n = n;
    return true;
}

struct exprs {
    struct tag_expr items[EXPRS_MAX + 1]; /* and one more that values are asked with */
    size_t n;
};

static bool read_exprs(struct api_call *call, struct exprs *out, struct err *err)
{
    struct str *texts;
    size_t n;
    if (!read_all(call, "expr", EXPRS_MAX, &texts, &n, err))
        return false;
    out->n = n;
    for (size_t i = 0; i < n; i++)
        if (!tag_expr_parse(texts[i].at, call->arena, &out->items[i], err))
            return false;
    return true;
}

/* ---- asking ---- */

static bool ask_tags(struct api_call *call, const struct source_tag_query *query,
                     struct source_tags *out, struct err *err)
{
    const struct source *source = &call->api->deps.query.source;
    if (!source->ops->tags(source->self, query, call->arena, out, err))
        return false;
    if (out->n <= TAGS_MAX)
        return true;
    err_set(err, ERR_LIMIT, "there are more than %d", TAGS_MAX);
    err_hint(err, "give limit= or filter=");
    return false;
}

static bool ask_series(struct api_call *call, const struct exprs *exprs, struct source_nodes *out,
                       struct err *err)
{
    const struct source *source = &call->api->deps.query.source;
    return source->ops->find_tagged(source->self, exprs->items, exprs->n, SERIES_MAX, call->arena,
                                    out, err);
}

/* ---- answers ---- */

static void write_list_item(struct jsonw *json, const struct source_tag *tag)
{
    jsonw_object(json);
    jsonw_put_text(json, "tag", tag->text);
    jsonw_end(json);
}

bool tags_list(struct api_call *call, struct err *err)
{
    struct source_tag_query query = {.regex = filter_of(call), .n_max = TAGS_MAX + 1};
    struct source_tags tags = {0};
    struct jsonw json;
    if (!read_limit(call, &query.n_max, err) || !ask_tags(call, &query, &tags, err) ||
        !call_json(call, &json, err))
        return false;
    jsonw_array(&json);
    for (size_t i = 0; i < tags.n; i++)
        write_list_item(&json, &tags.items[i]);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

static bool has_tag(struct api_call *call, const char *tag, bool *out, struct err *err)
{
    const struct source_tag_query query = {.prefix = tag, .n_max = 1};
    struct source_tags tags = {0};
    if (!ask_tags(call, &query, &tags, err))
        return false;
    *out = tags.n && strcmp(tags.items[0].text, tag) == 0; /* the first that begins so is itself */
    return true;
}

static void write_details(struct jsonw *json, const char *tag, const struct source_tags *values)
{
    jsonw_object(json);
    jsonw_put_text(json, "tag", tag);
    jsonw_key(json, "values");
    jsonw_array(json);
    for (size_t i = 0; i < values->n; i++) {
        jsonw_object(json);
        jsonw_put_text(json, "value", values->items[i].text);
        jsonw_put_i64(json, "count", (int64_t)values->items[i].n_series);
        jsonw_end(json);
    }
    jsonw_end(json);
    jsonw_end(json);
}

bool tags_one(struct api_call *call, struct err *err)
{
    struct source_tag_query query = {
        .key = call->rest, .regex = filter_of(call), .n_max = TAGS_MAX + 1};
    struct source_tags values = {0};
    struct jsonw json;
    bool is_there;
    if (!read_limit(call, &query.n_max, err) || !ask_tags(call, &query, &values, err) ||
        !has_tag(call, call->rest, &is_there, err) || !call_json(call, &json, err))
        return false;
    if (is_there)
        write_details(&json, call->rest, &values);
    else
        jsonw_null(&json);
    call_json_end(call);
    return true;
}

bool tags_find_series(struct api_call *call, struct err *err)
{
    struct exprs exprs;
    struct source_nodes nodes = {0};
    struct jsonw json;
    if (!read_exprs(call, &exprs, err))
        return false;
    if (exprs.n == 0)
        return FAIL(err, ERR_INPUT, "no tag expressions specified: expr=tag=value");
    if (!ask_series(call, &exprs, &nodes, err) || !call_json(call, &json, err))
        return false;
    jsonw_array(&json);
    for (size_t i = 0; i < nodes.n; i++)
        jsonw_text(&json, nodes.items[i].path);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

/* ---- completion ---- */

static bool write_texts(struct api_call *call, const struct source_tags *tags, struct err *err)
{
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    jsonw_array(&json);
    for (size_t i = 0; i < tags->n; i++)
        jsonw_text(&json, tags->items[i].text);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

/* What completes the asker's text, each once however many series have it. */
struct completion {
    struct arena *arena;
    const struct exprs *exprs;
    const struct source_tag_query *query;
    struct map *seen;
    struct source_tags *found;
};

static void completion_done(struct completion *completion)
{
    map_free(completion->seen);
}

static bool is_asked_for(const struct exprs *exprs, struct str key)
{
    for (size_t i = 0; i < exprs->n; i++)
        if (str_is(key, exprs->items[i].key))
            return true;
    return false;
}

static void see_tag(struct completion *completion, struct str key, struct str value)
{
    const struct source_tag_query *query = completion->query;
    const struct str text = query->key ? value : key;
    if (query->key ? !str_is(key, query->key) : is_asked_for(completion->exprs, key))
        return;
    if ((query->prefix && !str_starts(text, query->prefix)) ||
        map_put(completion->seen, text.at, text.n, completion))
        return;
    const char *kept = arena_strndup(completion->arena, text.at, text.n);
    source_tags_add(completion->found, (struct source_tag){kept, 1}, query->n_max,
                    completion->arena);
}

static void see_series(struct completion *completion, const char *name)
{
    struct str rest = str_of(name), piece, key;
    if (str_split(&rest, ';', &piece))
        see_tag(completion, str_of("name"), piece);
    while (str_split(&rest, ';', &piece))
        if (str_split(&piece, '=', &key))
            see_tag(completion, key, piece);
}

/* The tags of the series that meet the expressions, without those that the expressions name; or
 * with query->key, its values in them. */
static bool collect(struct api_call *call, const struct exprs *exprs,
                    const struct source_tag_query *query, struct source_tags *out, struct err *err)
{
    struct source_nodes nodes = {0};
    if (!ask_series(call, exprs, &nodes, err))
        return false;
    CLEANUP(completion_done)
    struct completion completion = {
        .arena = call->arena, .exprs = exprs, .query = query, .seen = map_new(), .found = out};
    for (size_t i = 0; i < nodes.n; i++)
        see_series(&completion, nodes.items[i].path);
    source_tags_finish(out, query->n_max);
    return true;
}

bool tags_complete(struct api_call *call, struct err *err)
{
    struct source_tag_query query = {.prefix = text_param(call, "tagPrefix"), .n_max = COMPLETIONS};
    struct source_tags tags = {0};
    struct exprs exprs;
    if (!read_limit(call, &query.n_max, err) || !read_exprs(call, &exprs, err))
        return false;
    const bool is_ok =
        exprs.n ? collect(call, &exprs, &query, &tags, err) : ask_tags(call, &query, &tags, err);
    return is_ok && write_texts(call, &tags, err);
}

bool tags_complete_values(struct api_call *call, struct err *err)
{
    struct source_tag_query query = {.key = text_param(call, "tag"),
                                     .prefix = text_param(call, "valuePrefix"),
                                     .n_max = COMPLETIONS};
    struct source_tags values = {0};
    struct exprs exprs;
    if (!query.key)
        return FAIL(err, ERR_INPUT, "no tag specified: tag=");
    if (!read_limit(call, &query.n_max, err) || !read_exprs(call, &exprs, err))
        return false;
    if (exprs.n) /* those that have the tag at all */
        exprs.items[exprs.n++] = (struct tag_expr){.key = query.key, .value = "", .op = TAG_IS_NOT};
    const bool is_ok = exprs.n ? collect(call, &exprs, &query, &values, err)
                               : ask_tags(call, &query, &values, err);
    return is_ok && write_texts(call, &values, err);
}

/* ---- registering and removing ---- */

/* path= or path[]=, canonical. */
static bool read_paths(struct api_call *call, struct str **out, size_t *out_n, struct err *err)
{
    struct str *paths;
    if (!read_all(call, "path", PATHS_MAX, &paths, out_n, err))
        return false;
    if (*out_n == 0)
        return FAIL(err, ERR_INPUT, "no path specified: path=name;tag=value");
    for (size_t i = 0; i < *out_n; i++) {
        char canonical[NAME_BYTES_MAX + 1];
        size_t n;
        const enum name_fault fault = name_normalise(paths[i], canonical, &n);
        if (fault != NAME_OK)
            return FAIL(err, ERR_INPUT, "path '%.200s': %s", paths[i].at, name_fault_text(fault));
        paths[i] = str_make(arena_strndup(call->arena, canonical, n), n);
    }
    *out = paths;
    return true;
}

/* The last path counts when there are several. */
bool tags_add_one(struct api_call *call, struct err *err)
{
    const struct api_deps *deps = &call->api->deps;
    struct str *paths;
    size_t n;
    struct jsonw json;
    if (!read_paths(call, &paths, &n, err))
        return false;
    const struct str path = paths[n - 1];
    if (!deps->series_create(deps->self, &path, 1, err) || !call_json(call, &json, err))
        return false;
    jsonw_textn(&json, path.at, path.n);
    call_json_end(call);
    return true;
}

bool tags_add(struct api_call *call, struct err *err)
{
    const struct api_deps *deps = &call->api->deps;
    struct str *paths;
    size_t n;
    struct jsonw json;
    if (!read_paths(call, &paths, &n, err) || !deps->series_create(deps->self, paths, n, err) ||
        !call_json(call, &json, err))
        return false;
    jsonw_array(&json);
    for (size_t i = 0; i < n; i++)
        jsonw_textn(&json, paths[i].at, paths[i].n);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

bool tags_remove(struct api_call *call, struct err *err)
{
    const struct api_deps *deps = &call->api->deps;
    struct str *paths;
    size_t n;
    struct jsonw json;
    if (!read_paths(call, &paths, &n, err) || !deps->series_hide(deps->self, paths, n, err) ||
        !call_json(call, &json, err))
        return false;
    jsonw_bool(&json, true);
    call_json_end(call);
    return true;
}
