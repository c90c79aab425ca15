/* The name tree: /metrics/find, /metrics/expand, /metrics/index.json. */
#include <stdlib.h>
#include <string.h>

#include "api/find_pack.h"
#include "api/find_tagged.h"
#include "api/routes.h"
#include "base/mem.h"

enum { NODES_MAX = 1000000 /* names in one answer */ };

/* Graphite lets a word with a colon or quotes through; only the pattern's own faults are refused. */
static bool find_nodes(struct api_call *call, const char *query, const struct source_span *span,
                       struct source_nodes *out, struct err *err)
{
    struct glob_path pattern;
    const struct api_deps *deps = &call->api->deps;
    const struct source *source = &deps->query.source;
    if (strchr(query, ';'))
        return find_tagged_by_name(call, query, out, err);
    return glob_path_compile(query, call->arena, &pattern, err) &&
           source->ops->find(source->self, &pattern, span, NODES_MAX, call->arena, out, err) &&
           (!deps->events_posted_only || find_tagged_branch(call, &pattern, NODES_MAX, out, err));
}

static const char *last_node(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

/* Everything up to the last dot of the query, with it. */
static const char *base_path(struct api_call *call, const char *query)
{
    const char *dot = strrchr(query, '.');
    return dot ? arena_strndup(call->arena, query, (size_t)(dot - query) + 1) : "";
}

/* One line per thing that a path is: Graphite lists a name that is both leaf and branch twice. */
struct row {
    const char *path, *name;
    bool is_leaf;
};

struct rows {
    struct row *items;
    size_t n;
};

static int by_name(const void *a, const void *b)
{
    const struct row *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    if (order == 0)
        order = strcmp(left->path, right->path);
    return order ? order : (int)left->is_leaf - (int)right->is_leaf;
}

static struct rows rows_of(struct api_call *call, const struct source_nodes *nodes,
                           bool leaves_only)
{
    struct rows rows = {.items = arena_array(call->arena, nodes->n * 2, struct row)};
    for (size_t i = 0; i < nodes->n; i++) {
        const struct source_node *node = &nodes->items[i];
        const char *name = last_node(node->path);
        if (node->is_branch && !leaves_only)
            rows.items[rows.n++] = (struct row){node->path, name, false};
        if (node->is_leaf)
            rows.items[rows.n++] = (struct row){node->path, name, true};
    }
    if (rows.n)
        qsort(rows.items, rows.n, sizeof *rows.items, by_name);
    return rows;
}

static void write_tree_node(struct jsonw *json, const char *base, const char *name, bool is_leaf)
{
    jsonw_object(json);
    jsonw_put_text(json, "text", name);
    jsonw_key(json, "id");
    CLEANUP(buf_done) struct buf id;
    buf_init(&id, 8192);
    buf_add_str(&id, base);
    buf_add_str(&id, name);
    jsonw_text(json, buf_text(&id));
    jsonw_put_i64(json, "allowChildren", !is_leaf);
    jsonw_put_i64(json, "expandable", !is_leaf);
    jsonw_put_i64(json, "leaf", is_leaf);
    jsonw_end(json);
}

/* Branches, then leaves, each name once: the first of a name decides which it is. */
static void write_tree_pass(struct jsonw *json, const struct rows *rows, const char *base,
                            bool leaves)
{
    const char *before = NULL;
    for (size_t i = 0; i < rows->n; i++) {
        const struct row *row = &rows->items[i];
        bool is_new = !before || strcmp(before, row->name) != 0;
        before = row->name;
        if (is_new && row->is_leaf == leaves)
            write_tree_node(json, base, row->name, row->is_leaf);
    }
}

static bool all_leaves(const struct rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        if (!rows->items[i].is_leaf)
            return false;
    return true;
}

static void write_tree(struct jsonw *json, const struct rows *rows, const char *base,
                       bool wildcards)
{
    jsonw_array(json);
    if (rows->n > 1 && wildcards)
        write_tree_node(json, base, "*", all_leaves(rows));
    write_tree_pass(json, rows, base, false);
    write_tree_pass(json, rows, base, true);
    jsonw_end(json);
}

static void write_completer(struct api_call *call, struct jsonw *json, const struct rows *rows,
                            bool wildcards)
{
    jsonw_object(json);
    jsonw_key(json, "metrics");
    jsonw_array(json);
    for (size_t i = 0; i < rows->n; i++) {
        const struct row *row = &rows->items[i];
        jsonw_object(json);
        jsonw_put_text(json, "path",
                       row->is_leaf ? row->path : arena_printf(call->arena, "%s.", row->path));
        jsonw_put_text(json, "name", row->name);
        jsonw_put_text(json, "is_leaf", row->is_leaf ? "1" : "0");
        jsonw_end(json);
    }
    if (rows->n > 1 && wildcards) {
        jsonw_object(json);
        jsonw_put_text(json, "name", "*");
        jsonw_end(json);
    }
    jsonw_end(json);
    jsonw_end(json);
}

static int by_path(const void *a, const void *b)
{
    const struct row *left = a, *right = b;
    int order = strcmp(left->path, right->path);
    return order ? order : (int)left->is_leaf - (int)right->is_leaf;
}

/* When a leaf may have points; see find_pack.h. */
static void write_intervals(struct jsonw *json, int64_t now_s)
{
    jsonw_array(json);
    jsonw_object(json);
    jsonw_put_i64(json, "start", 0);
    jsonw_put_i64(json, "end", now_s);
    jsonw_end(json);
    jsonw_end(json);
}

static void write_plain(struct jsonw *json, struct rows *rows, int64_t now_s)
{
    if (rows->n)
        qsort(rows->items, rows->n, sizeof *rows->items, by_path);
    jsonw_array(json);
    for (size_t i = 0; i < rows->n; i++) {
        jsonw_object(json);
        jsonw_put_text(json, "path", rows->items[i].path);
        jsonw_put_bool(json, "is_leaf", rows->items[i].is_leaf);
        if (rows->items[i].is_leaf) {
            jsonw_key(json, "intervals");
            write_intervals(json, now_s);
        }
        jsonw_end(json);
    }
    jsonw_end(json);
}

static int by_text(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

static void write_sorted_set(struct jsonw *json, const char **texts, size_t n)
{
    if (n)
        qsort(texts, n, sizeof *texts, by_text);
    jsonw_array(json);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(texts[i - 1], texts[i]) != 0)
            jsonw_text(json, texts[i]);
    jsonw_end(json);
}

/* The node of a path at a position; negative counts from the end. NULL: the path is too short. */
static const char *node_at(struct arena *arena, const char *path, int64_t position)
{
    int64_t n = 1;
    for (const char *c = path; *c; c++)
        n += *c == '.';
    if (position < 0)
        position += n;
    if (position < 0 || position >= n)
        return NULL;
    struct str rest = str_of(path), piece = {0};
    for (int64_t i = 0; i <= position && str_split(&rest, '.', &piece); i++)
        continue;
    return arena_strndup(arena, piece.at, piece.n);
}

static bool write_nodelist(struct api_call *call, struct jsonw *json, const struct rows *rows,
                           struct err *err)
{
    int64_t position;
    if (!call_param_int(call, "position", -1, &position, err))
        return false;
    const char **names = arena_array(call->arena, rows->n, const char *);
    for (size_t i = 0; i < rows->n; i++) {
        names[i] = node_at(call->arena, rows->items[i].path, position);
        if (!names[i])
            return FAIL(err, ERR_INPUT, "position %lld: '%s' has fewer nodes", (long long)position,
                        rows->items[i].path);
    }
    jsonw_object(json);
    jsonw_key(json, "nodes");
    write_sorted_set(json, names, rows->n);
    jsonw_end(json);
    return true;
}

/* The completer's query: "a." and "a" list what begins so; ".." skips a node; "a,b" may mean braces. */
static const char *completer_query(struct api_call *call, const char *query)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 64 * 1024);
    bool variants = call_flag(call, "automatic_variants");
    for (const char *at = query; *at;) {
        size_t n = strcspn(at, ".");
        bool is_list = variants && memchr(at, ',', n) && !memchr(at, '{', n);
        buf_printf(&out, is_list ? "{%.*s}" : "%.*s", (int)n, at);
        at += n;
        if (at[0] == '.' && at[1] == '.') {
            buf_add_char(&out, '*');
            at++;
        }
        if (at[0] == '.') {
            buf_add_char(&out, '.');
            at++;
        }
    }
    if (!text_ends(buf_text(&out), "*"))
        buf_add_char(&out, '*');
    return arena_strdup(call->arena, buf_text(&out));
}

/* A time of the request; *out_is_given only then it is set. -1 is none, as in Graphite. */
static bool time_param(struct api_call *call, const char *name, int64_t *out_s, bool *out_is_given,
                       struct err *err)
{
    const char *text = call_param(call, name);
    *out_is_given = text && strcmp(text, "-1") != 0;
    if (!*out_is_given || query_parse_time(text, call_zone(call), call_clock_s(call), out_s, err))
        return true;
    err_prefix(err, "%s", name);
    return false;
}

/* Series that were silent in the range are left out; without from= the range is all of time. */
static bool read_span(struct api_call *call, struct source_span *out, bool *out_has_span,
                      struct err *err)
{
    int64_t ignored_s;
    bool has_until, has_now;
    *out = (struct source_span){.until_s = INT64_MAX, .now_s = call_clock_s(call)};
    if (!time_param(call, "now", &ignored_s, &has_now, err) ||
        !time_param(call, "from", &out->from_s, out_has_span, err) ||
        !time_param(call, "until", &out->until_s, &has_until, err))
        return false;
    out->age_s = out->now_s - out->from_s;
    return true;
}

static bool write_format(struct api_call *call, const char *format, const char *query,
                         struct rows *rows, struct err *err)
{
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    bool wildcards = call_flag(call, "wildcards");
    if (strcmp(format, "treejson") == 0)
        write_tree(&json, rows, base_path(call, query), wildcards);
    else if (strcmp(format, "completer") == 0)
        write_completer(call, &json, rows, wildcards);
    else if (strcmp(format, "json") == 0)
        write_plain(&json, rows, call_clock_s(call));
    else if (!write_nodelist(call, &json, rows, err))
        return false;
    call_json_end(call);
    http_response_header(call->response, "Cache-Control", "no-cache");
    return true;
}

static bool check_format(const char *format, struct err *err)
{
    static const char *const formats[] = {"treejson", "completer", "nodelist",
                                          "json",     "pickle",    "msgpack"};
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        if (strcmp(format, formats[i]) == 0)
            return true;
    return FAIL(err, ERR_INPUT,
                "format='%.50s' is none of treejson, completer, nodelist, json, pickle and msgpack",
                format);
}

static void write_packed(struct api_call *call, enum pack_form form,
                         const struct source_nodes *nodes, bool leaves_only)
{
    call->response->content_type = pack_content_type(form);
    find_pack(&call->response->body, form, nodes, leaves_only, call_clock_s(call));
    http_response_header(call->response, "Cache-Control", "no-cache");
}

bool find_run(struct api_call *call, struct err *err)
{
    const char *query = call_param(call, "query");
    const char *format = call_param(call, "format");
    if (!query || !query[0])
        return FAIL(err, ERR_INPUT, "query= is missing: a path such as servers.*");
    format = format ? format : "treejson";
    int64_t leaves_only, ignored;
    struct source_span span;
    bool has_span;
    if (!check_format(format, err) || !call_param_int(call, "leavesOnly", 0, &leaves_only, err) ||
        !call_param_int(call, "wildcards", 0, &ignored, err) ||
        !call_param_int(call, "local", 0, &ignored, err) || !read_span(call, &span, &has_span, err))
        return false;
    struct source_nodes nodes = {0};
    bool is_completer = strcmp(format, "completer") == 0;
    const char *asked = is_completer ? completer_query(call, query) : query;
    if (!find_nodes(call, asked, has_span ? &span : NULL, &nodes, err))
        return false;
    bool is_pickle = strcmp(format, "pickle") == 0;
    if (is_pickle || strcmp(format, "msgpack") == 0) {
        write_packed(call, is_pickle ? PACK_PICKLE : PACK_MSGPACK, &nodes, leaves_only != 0);
        return true;
    }
    struct rows rows = rows_of(call, &nodes, leaves_only != 0);
    return write_format(call, format, query, &rows, err);
}

bool find_metrics(struct api_call *call, struct err *err)
{
    return call_param(call, "query") ? find_run(call, err) : about_prometheus(call, err);
}

/* Paths that a query matches, as an array of texts. */
struct expansion {
    const char **paths;
    size_t n, cap;
    size_t n_found; /* by all queries of the request, against NODES_MAX */
};

static bool expand_one(struct api_call *call, const char *query, bool leaves_only,
                       struct expansion *io, struct err *err)
{
    struct source_nodes nodes = {0};
    if (!find_nodes(call, query, NULL, &nodes, err)) /* Graphite knows no range here */
        return false;
    io->n_found += nodes.n;
    if (io->n_found > NODES_MAX)
        return FAIL(err, ERR_LIMIT, "the queries match more than %d names together", NODES_MAX);
    arena_grow(call->arena, &io->paths, &io->cap, io->n + nodes.n, sizeof *io->paths);
    for (size_t i = 0; i < nodes.n; i++)
        if (nodes.items[i].is_leaf || !leaves_only)
            io->paths[io->n++] = nodes.items[i].path;
    return true;
}

bool find_expand(struct api_call *call, struct err *err)
{
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    bool is_grouped = call_flag(call, "groupByExpr"), leaves_only = call_flag(call, "leavesOnly");
    struct expansion found = {0};
    jsonw_object(&json);
    jsonw_key(&json, "results");
    if (is_grouped)
        jsonw_object(&json);
    for (size_t i = 0; i < call->request->n_fields; i++) {
        const struct http_field *field = &call->request->fields[i];
        if (strcmp(field->key, "query") != 0)
            continue;
        if (!expand_one(call, field->value, leaves_only, &found, err))
            return false;
        if (!is_grouped)
            continue;
        jsonw_key(&json, field->value);
        write_sorted_set(&json, found.paths, found.n);
        found.n = 0;
    }
    if (is_grouped)
        jsonw_end(&json);
    else
        write_sorted_set(&json, found.paths, found.n);
    jsonw_end(&json);
    call_json_end(call);
    http_response_header(call->response, "Cache-Control", "no-cache");
    return true;
}

bool find_index(struct api_call *call, struct err *err)
{
    struct jsonw json;
    struct source_nodes nodes = {0};
    const struct source *source = &call->api->deps.query.source;
    if (!call_json(call, &json, err) || !source->ops->all(source->self, call->arena, &nodes, err))
        return false;
    jsonw_array(&json);
    for (size_t i = 0; i < nodes.n; i++)
        if (!strchr(nodes.items[i].path, ';')) /* tagged series are no part of the tree */
            jsonw_text(&json, nodes.items[i].path);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}
