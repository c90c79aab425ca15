/* Deleting and renaming series. Each is written into the ledger before it is done (an untold one cannot
 * be), and its outcome after. */
#include <string.h>

#include "api/find_tagged.h"
#include "api/routes.h"
#include "base/mem.h"
#include "model/change.h"

enum {
    SERIES_MAX = 1000000, /* in one request */
    EXPRS_MAX = NAME_TAGS_MAX,
    SHOWN_MAX = 20,        /* names in an answer */
    TOLD_BYTES_MAX = 1000, /* of names in the ledger's message */
};

/* What a request is about; `to` is empty in a deletion. */
struct task {
    const char *verb; /* "delete", "rename" */
    const char *what; /* as it was asked for */
    struct name_change *items;
    size_t n, cap;
};

static void task_add(struct api_call *call, struct task *task, struct str from, struct str to)
{
    arena_grow(call->arena, &task->items, &task->cap, task->n + 1, sizeof *task->items);
    task->items[task->n++] = (struct name_change){from, to};
}

/* ---- telling the ledger ---- */

static void add_names(const struct task *task, struct buf *out)
{
    const size_t n_before = out->n;
    for (size_t i = 0; i < task->n; i++) {
        const struct name_change *item = &task->items[i];
        if (i > 0 && out->n - n_before + item->from.n + item->to.n > TOLD_BYTES_MAX) {
            buf_add_str(out, ", ...");
            return;
        }
        buf_printf(out, "%s" STR_FMT, i ? ", " : ": ", STR_ARG(item->from));
        if (item->to.n)
            buf_printf(out, " to " STR_FMT, STR_ARG(item->to));
    }
}

static const char *message_of(struct api_call *call, const struct task *task)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 64 * 1024);
    buf_printf(&text, "%s %zu series, %.300s", task->verb, task->n, task->what);
    add_names(task, &text);
    return arena_strdup(call->arena, buf_text(&text));
}

static const char *who(const struct api_call *call)
{
    const char *by = call_param(call, "by");
    return by && by[0] ? by : call->request->peer;
}

static bool tell_begin(struct api_call *call, const struct task *task, struct ledger_receipt *out,
                       struct err *err)
{
    struct change change = change_blank();
    const int64_t now_us = clock_us(&call->api->deps.clock);
    change.kind = CHANGE_DATA;
    change.action = task->verb;
    change.service = "plumb";
    change.source = "http";
    change.by = who(call);
    change.msg = message_of(call, task);
    change.start_ms = now_us / 1000;
    change.status = STATUS_RUNNING;
    change.key = arena_printf(call->arena, "%s-%lld-%p", task->verb, (long long)now_us,
                              (void *)call); /* never another's: the same done twice is two */
    if (ledger_record(call->api->deps.ledger, &change, out, err))
        return true;
    err_prefix(err, "nothing was done, since the ledger did not take it");
    return false;
}

static bool tell_end(struct api_call *call, const struct ledger_receipt *begun,
                     const struct err *failed, struct err *err)
{
    struct ledger_receipt receipt;
    const struct ledger_end end = {.id = begun->id,
                                   .kind = CHANGE_DATA,
                                   .service = "plumb",
                                   .env = "",
                                   .status = failed ? STATUS_FAILED : STATUS_SUCCEEDED,
                                   .end_ms = clock_us(&call->api->deps.clock) / 1000,
                                   .msg = failed ? failed->text : ""};
    if (ledger_finish(call->api->deps.ledger, &end, &receipt, err))
        return true;
    err_prefix(err, "it was done, but its end is not in the ledger");
    return false;
}

/* ---- doing it ---- */

static bool act(struct api_call *call, const struct task *task, struct err *err)
{
    const struct api_deps *deps = &call->api->deps;
    if (strcmp(task->verb, "rename") == 0)
        return deps->series_rename(deps->self, task->items, task->n, err);
    struct str *names = arena_array(call->arena, task->n, struct str);
    for (size_t i = 0; i < task->n; i++)
        names[i] = task->items[i].from;
    return deps->series_delete(deps->self, names, task->n, err);
}

static bool act_and_tell(struct api_call *call, const struct task *task, struct ledger_receipt *out,
                         struct err *err)
{
    struct err ignored;
    if (!tell_begin(call, task, out, err))
        return false;
    if (act(call, task, err))
        return tell_end(call, out, NULL, err);
    err_clear(&ignored);
    (void)!tell_end(call, out, err, &ignored); /* what went wrong first is the answer */
    return false;
}

/* expect=N: what was shown to somebody and agreed to is what is done. */
static bool check_count(struct api_call *call, const struct task *task, struct err *err)
{
    int64_t expected;
    if (!call_param_int(call, "expect", (int64_t)task->n, &expected, err))
        return false;
    if (task->n == 0)
        return FAIL(err, ERR_MISSING, "no series match %s", task->what);
    if (expected == (int64_t)task->n)
        return true;
    err_set(err, ERR_INPUT, "%zu series match now, not %lld: nothing was done", task->n,
            (long long)expected);
    err_hint(err, "look at them again");
    return false;
}

static void write_name(struct jsonw *json, const struct name_change *item)
{
    if (item->to.n == 0) {
        jsonw_textn(json, item->from.at, item->from.n);
        return;
    }
    jsonw_object(json);
    jsonw_key(json, "from");
    jsonw_textn(json, item->from.at, item->from.n);
    jsonw_key(json, "to");
    jsonw_textn(json, item->to.at, item->to.n);
    jsonw_end(json);
}

/* id: of the change in the ledger; NULL: nothing was done. */
static bool answer(struct api_call *call, const struct task *task, const char *id, struct err *err)
{
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    jsonw_object(&json);
    jsonw_put_i64(&json, "series", (int64_t)task->n);
    jsonw_key(&json, "names");
    jsonw_array(&json);
    for (size_t i = 0; i < min_size(task->n, SHOWN_MAX); i++)
        write_name(&json, &task->items[i]);
    jsonw_end(&json);
    jsonw_put_bool(&json, "dryRun", id == NULL);
    if (id) {
        jsonw_put_text(&json, "id", id);
    }
    jsonw_end(&json);
    call_json_end(call);
    buf_add_char(&call->response->body, '\n');
    return true;
}

static bool run(struct api_call *call, const struct task *task, struct err *err)
{
    struct ledger_receipt receipt;
    if (call_flag(call, "dryRun"))
        return answer(call, task, NULL, err);
    return check_count(call, task, err) && act_and_tell(call, task, &receipt, err) &&
           answer(call, task, receipt.id, err);
}

/* ---- what to delete ---- */

static bool find_paths(struct api_call *call, const char *query, struct source_nodes *out,
                       struct err *err)
{
    const struct source *source = &call->api->deps.query.source;
    struct glob_path pattern;
    if (strchr(query, ';'))
        return find_tagged_by_name(call, query, out, err);
    return glob_path_compile(query, call->arena, &pattern, err) &&
           source->ops->find(source->self, &pattern, NULL, SERIES_MAX, call->arena, out, err);
}

static bool read_exprs(struct api_call *call, struct tag_expr *out, size_t *out_n, struct err *err)
{
    *out_n = 0;
    for (size_t i = 0; i < call->request->n_fields; i++) {
        const struct http_field *field = &call->request->fields[i];
        if (strcmp(field->key, "expr") != 0)
            continue;
        if (*out_n == EXPRS_MAX)
            return FAIL(err, ERR_LIMIT, "more than %d times expr=", EXPRS_MAX);
        if (!tag_expr_parse(field->value, call->arena, &out[(*out_n)++], err))
            return false;
    }
    return true;
}

static const char *join_exprs(struct api_call *call)
{
    const char *text = "";
    for (size_t i = 0; i < call->request->n_fields; i++) {
        const struct http_field *field = &call->request->fields[i];
        if (strcmp(field->key, "expr") == 0)
            text = arena_printf(call->arena, "%s%s%s", text, text[0] ? " " : "", field->value);
    }
    return text;
}

static bool find_series(struct api_call *call, struct source_nodes *out, const char **out_what,
                        struct err *err)
{
    const struct source *source = &call->api->deps.query.source;
    const char *query = call_param(call, "query");
    struct tag_expr *exprs = arena_array(call->arena, EXPRS_MAX, struct tag_expr);
    size_t n_exprs;
    if (!read_exprs(call, exprs, &n_exprs, err))
        return false;
    if ((query && query[0] != '\0') == (n_exprs > 0))
        return FAIL(err, ERR_INPUT, "query=PATTERN or expr=TAG=VALUE is needed, one of the two");
    *out_what = n_exprs ? join_exprs(call) : query;
    return n_exprs ? source->ops->find_tagged(source->self, exprs, n_exprs, SERIES_MAX, call->arena,
                                              out, err)
                   : find_paths(call, query, out, err);
}

/* The leaves, but for event series: a change is never deleted. */
static bool take_leaves(struct api_call *call, const struct source_nodes *nodes, struct task *task,
                        struct err *err)
{
    size_t n_events = 0;
    for (size_t i = 0; i < nodes->n; i++) {
        if (!nodes->items[i].is_leaf)
            continue;
        const struct str name = str_of(nodes->items[i].path);
        const bool is_event = change_name_is(name);
        n_events += is_event;
        if (!is_event)
            task_add(call, task, name, str_of(""));
    }
    if (task->n > 0 || n_events == 0)
        return true;
    return FAIL(err, ERR_REFUSED, "%s shows changes, and a change is never deleted", task->what);
}

bool manage_delete(struct api_call *call, struct err *err)
{
    struct task task = {.verb = "delete"};
    struct source_nodes nodes = {0};
    if (!find_series(call, &nodes, &task.what, err) || !take_leaves(call, &nodes, &task, err))
        return false;
    if (task.n == 0 && nodes.n > 0) {
        err_set(err, ERR_MISSING, "no series match %s: it is a branch", task.what);
        err_hint(err, "%s.** matches all below it", task.what);
        return false;
    }
    return run(call, &task, err);
}

/* ---- what to rename ---- */

/* Is there a series of that canonical name? One with a '*' in it is not found: the store is asked last. */
static bool find_name(struct api_call *call, struct str name, bool *out, struct err *err)
{
    struct source_nodes nodes = {0};
    *out = false;
    if (!find_paths(call, name.at, &nodes, err))
        return false;
    for (size_t i = 0; i < nodes.n; i++)
        *out |= nodes.items[i].is_leaf && str_is(name, nodes.items[i].path);
    return true;
}

static bool canonical_of(struct api_call *call, const char *text, struct str *out, struct err *err)
{
    char canonical[NAME_BYTES_MAX + 1];
    size_t n;
    const enum name_fault fault = name_normalise(str_of(text), canonical, &n);
    if (fault != NAME_OK)
        return FAIL(err, ERR_INPUT, "'%.200s': %s", text, name_fault_text(fault));
    *out = str_make(arena_strndup(call->arena, canonical, n), n);
    if (change_name_is(*out))
        return FAIL(err, ERR_REFUSED, "'%.200s' is the name of changes", out->at);
    return true;
}

static bool rename_one(struct api_call *call, const char *from, const char *to, struct task *task,
                       struct err *err)
{
    struct str old_name, new_name;
    bool is_there;
    if (!canonical_of(call, from, &old_name, err) || !canonical_of(call, to, &new_name, err) ||
        !find_name(call, old_name, &is_there, err))
        return false;
    if (is_there)
        task_add(call, task, old_name, new_name);
    return true;
}

static bool rename_prefix(struct api_call *call, const char *from, const char *to,
                          struct task *task, struct err *err)
{
    const struct source *source = &call->api->deps.query.source;
    struct source_nodes nodes = {0};
    if (!text_ends(from, ".") || !text_ends(to, "."))
        return FAIL(err, ERR_INPUT, "a prefix ends in a dot: 'old.place.' and 'new.place.'");
    if (!source->ops->all(source->self, call->arena, &nodes, err))
        return false;
    for (size_t i = 0; i < nodes.n; i++) {
        const char *path = nodes.items[i].path;
        struct str new_name;
        if (!text_starts(path, from) || change_name_is(str_of(path)))
            continue;
        if (task->n == SERIES_MAX)
            return FAIL(err, ERR_LIMIT, "more than %d series begin so", SERIES_MAX);
        const char *text = arena_printf(call->arena, "%s%s", to, path + strlen(from));
        if (!canonical_of(call, text, &new_name, err))
            return false;
        task_add(call, task, str_of(path), new_name);
    }
    return true;
}

/* Told before anything is done, and in a dry run; the store looks again while it renames. */
static bool check_free(struct api_call *call, const struct task *task, struct err *err)
{
    for (size_t i = 0; i < task->n; i++) {
        bool is_there;
        if (!find_name(call, task->items[i].to, &is_there, err))
            return false;
        if (is_there)
            return FAIL(err, ERR_INPUT, "there is a series '%.200s' already: nothing was renamed",
                        task->items[i].to.at);
    }
    return true;
}

bool manage_rename(struct api_call *call, struct err *err)
{
    struct task task = {.verb = "rename"};
    const char *from = call_param(call, "from"), *to = call_param(call, "to");
    if (!from || !from[0] || !to || !to[0])
        return FAIL(err, ERR_INPUT, "from=OLD and to=NEW are needed");
    task.what = arena_printf(call->arena, "%s to %s", from, to);
    const bool is_ok = call_flag(call, "prefix") ? rename_prefix(call, from, to, &task, err)
                                                 : rename_one(call, from, to, &task, err);
    if (!is_ok)
        return false;
    if (task.n == 0)
        return FAIL(err, ERR_MISSING, "there is no series %s", from);
    return check_free(call, &task, err) && run(call, &task, err);
}
