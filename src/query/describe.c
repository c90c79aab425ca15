/* /functions: what each function is, in the shape that Graphite gives and Grafana reads. */
#include <pthread.h>
#include <string.h>

#include "base/num.h"
#include "query/bind.h"
#include "query/query.h"

/* Graphite's name of the type. A function that takes any number of lists has the type of one. */
static const char *type_name(const struct param *param)
{
    switch (param->type) {
    case PARAM_SERIES_LIST:
        return "seriesList";
    case PARAM_SERIES_LISTS:
        return param->is_multiple ? "seriesList" : "seriesLists";
    case PARAM_SERIES:
        return "series";
    case PARAM_FLOAT:
        return "float";
    case PARAM_INT:
        return "integer";
    case PARAM_INT_OR_INF:
        return "intOrInf";
    case PARAM_STRING:
        return "string";
    case PARAM_BOOL:
        return "boolean";
    case PARAM_INTERVAL:
        return "interval";
    case PARAM_INT_OR_INTERVAL:
        return "intOrInterval";
    case PARAM_NODE:
        return "node";
    case PARAM_NODE_OR_TAG:
        return "nodeOrTag";
    case PARAM_TAG:
        return "tag";
    case PARAM_AGG_FUNC:
        return "aggFunc";
    case PARAM_AGG_OR_SERIES_FUNC:
        return "aggOrSeriesFunc";
    case PARAM_DATE:
        return "date";
    case PARAM_ANY:
        break;
    }
    return "any";
}

/* A default as Python prints it: 'sum', 0.1, False. */
static void add_default(struct buf *text, const char *json)
{
    if (!json) {
        buf_add_str(text, "None");
    } else if (json[0] == '"') {
        buf_add_char(text, '\'');
        buf_add(text, json + 1, strlen(json) - 2);
        buf_add_char(text, '\'');
    } else if (strcmp(json, "1e9999") == 0) {
        buf_add_str(text, "inf");
    } else if (strcmp(json, "true") == 0) {
        buf_add_str(text, "True");
    } else if (strcmp(json, "false") == 0) {
        buf_add_str(text, "False");
    } else {
        buf_add_str(text, json);
    }
}

/* summarize(seriesList, intervalString, func='sum', alignToFrom=False) */
static void write_signature(struct jsonw *json, const char *name, const struct function *function)
{
    struct buf text;
    buf_init(&text, 1024); /* seven parameters of a few words */
    buf_add_str(&text, name);
    buf_add_char(&text, '(');
    for (size_t i = 0; i < bind_n_params(function); i++) {
        const struct param *param = &function->params[i];
        buf_printf(&text, "%s%s%s", i ? ", " : "", param->is_multiple ? "*" : "", param->name);
        if (!param->is_multiple && (param->is_optional || param->fallback)) {
            buf_add_char(&text, '=');
            add_default(&text, param->fallback);
        }
    }
    buf_add_char(&text, ')');
    jsonw_text(json, buf_text(&text));
    buf_done(&text);
}

static void write_texts(struct jsonw *json, const char *key, const char *const *texts, size_t n)
{
    jsonw_key(json, key);
    jsonw_array(json);
    for (size_t i = 0; i < n; i++)
        jsonw_text(json, texts[i]);
    jsonw_end(json);
}

static void write_choices(struct jsonw *json, const struct param *param)
{
    static const char *const intervals[] = {"1min", "5min", "10min", "1h", "1d", "7d"};
    size_t n;
    const char *const *aggregations = bind_aggregations(&n);
    if (param->type == PARAM_AGG_FUNC || param->type == PARAM_AGG_OR_SERIES_FUNC)
        write_texts(json, "options", aggregations, n);
    if (param->type == PARAM_INTERVAL || param->type == PARAM_INT_OR_INTERVAL)
        write_texts(json, "suggestions", intervals, COUNT_OF(intervals));
}

static void write_flag(struct jsonw *json, const char *key, bool is_set)
{
    if (!is_set)
        return;
    jsonw_put_bool(json, key, true);
}

static void write_param(struct jsonw *json, const struct param *param)
{
    jsonw_object(json);
    jsonw_put_text(json, "name", param->name);
    jsonw_put_text(json, "type", type_name(param));
    write_flag(json, "required", !param->is_optional && !param->fallback);
    if (param->fallback) {
        jsonw_key(json, "default");
        jsonw_raw(json, param->fallback);
    }
    write_flag(json, "multiple", param->is_multiple);
    write_choices(json, param);
    jsonw_end(json);
}

static void write_description(struct jsonw *json, const struct function *function)
{
    struct buf text;
    buf_init(&text, 4096); /* a paragraph */
    buf_add_str(&text, function->about ? function->about : "");
    if (function->example)
        buf_printf(&text, "\n\nExample:\n\n.. code-block:: none\n\n  &target=%s\n",
                   function->example);
    jsonw_text(json, buf_text(&text));
    buf_done(&text);
}

static void write_one(struct jsonw *json, const struct function_entry *entry)
{
    const struct function *function = entry->function;
    jsonw_object(json);
    jsonw_put_text(json, "name", entry->name);
    jsonw_key(json, "function");
    write_signature(json, entry->name, function);
    jsonw_key(json, "description");
    write_description(json, function);
    jsonw_put_text(json, "module", "graphite.render.functions");
    jsonw_put_text(json, "group", function->group);
    jsonw_key(json, "params");
    jsonw_array(json);
    for (size_t i = 0; i < bind_n_params(function); i++)
        write_param(json, &function->params[i]);
    jsonw_end(json);
    jsonw_end(json);
}

static void write_group(struct jsonw *json, const char *group)
{
    for (size_t i = 0; i < n_functions; i++) {
        if (group && strcmp(functions_all[i].function->group, group) != 0)
            continue;
        jsonw_key(json, functions_all[i].name);
        write_one(json, &functions_all[i]);
    }
}

/* The first entry of its group writes the group. */
static bool is_first_of_group(size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(functions_all[k].function->group, functions_all[i].function->group) == 0)
            return false;
    }
    return true;
}

void query_write_functions(struct jsonw *json, bool is_grouped, const char *group)
{
    jsonw_object(json);
    if (!is_grouped)
        write_group(json, group);
    for (size_t i = 0; is_grouped && i < n_functions; i++) {
        const char *of_i = functions_all[i].function->group;
        if (!is_first_of_group(i) || (group && strcmp(group, of_i) != 0))
            continue;
        jsonw_key(json, of_i);
        jsonw_object(json);
        write_group(json, of_i);
        jsonw_end(json);
    }
    jsonw_end(json);
}

bool query_write_function(struct jsonw *json, const char *name)
{
    for (size_t i = 0; i < n_functions; i++) {
        if (strcmp(functions_all[i].name, name) != 0)
            continue;
        write_one(json, &functions_all[i]);
        return true;
    }
    return false;
}

/* The table is made of pairs; the list of its names is made once and never changes after. */
enum { NAMES_MAX = 512 /* Graphite has 154 */ };
static const char *names[NAMES_MAX];
static pthread_once_t names_once = PTHREAD_ONCE_INIT;

static void make_names(void)
{
    BUG_IF(n_functions > NAMES_MAX);
    for (size_t i = 0; i < n_functions; i++)
        names[i] = functions_all[i].name;
}

const char *const *query_function_names(size_t *out_n)
{
    pthread_once(&names_once, make_names);
    *out_n = n_functions;
    return names;
}
