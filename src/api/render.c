/* /render: targets in, numbers or a picture out. */
#include <math.h>
#include <string.h>

#include "api/pie.h"
#include "api/routes.h"
#include "api/series_pack.h"
#include "api/series_text.h"
#include "api/series_web.h"
#include "base/mem.h"
#include "base/num.h"
#include "chart/chart.h"

enum {
    TARGETS_MAX = 1000,
    TEMPLATES_MAX = 100,
    CHANGE_LONGEST_S = 86400, /* of those that began before the picture, what may reach into it */
    CHANGES_MAX = 10000, /* lines of changes= in one picture; the newest, and the picture says so */
};

enum format {
    FORMAT_PNG,
    FORMAT_SVG,
    FORMAT_PDF,
    FORMAT_JSON,
    FORMAT_CSV,
    FORMAT_RAW,
    FORMAT_PICKLE,
    FORMAT_MSGPACK,
    FORMAT_DYGRAPH,
    FORMAT_RICKSHAW,
};

/* changes= */
enum lines_of { LINES_OF_NONE, LINES_OF_ALL, LINES_OF_RELEVANT };

/* The parameters that are not about looks. */
struct ask {
    struct query_request query;
    enum format format;
    bool no_null_points;
    int64_t max_data_points; /* 0: not given */
    enum lines_of changes;
    struct query_leaves leaves; /* for changes=relevant */
    bool is_pie;
};

static void read_format(const struct api_call *call, enum format *out)
{
    static const struct {
        const char *name;
        enum format format;
    } known[] = {{"png", FORMAT_PNG},           {"svg", FORMAT_SVG},
                 {"json", FORMAT_JSON},         {"csv", FORMAT_CSV},
                 {"raw", FORMAT_RAW},           {"pickle", FORMAT_PICKLE},
                 {"msgpack", FORMAT_MSGPACK},   {"dygraph", FORMAT_DYGRAPH},
                 {"rickshaw", FORMAT_RICKSHAW}, {"pdf", FORMAT_PDF}};
    const char *name = call_param(call, "format");
    if (!name && call_param(call, "rawData"))
        name = "raw";
    if (!name && call_param(call, "pickle"))
        name = "pickle";
    *out = FORMAT_PNG; /* also for a name that nobody knows, as in Graphite */
    for (size_t i = 0; name && i < COUNT_OF(known); i++)
        if (strcmp(name, known[i].name) == 0)
            *out = known[i].format;
}

static bool read_targets(struct api_call *call, struct ask *ask, struct err *err)
{
    const char *key = call_param(call, "target") ? "target" : "target[]";
    const char **targets = arena_array(call->arena, TARGETS_MAX, const char *);
    size_t n = 0;
    for (size_t i = 0; i < call->request->n_fields; i++) {
        const struct http_field *field = &call->request->fields[i];
        if (strcmp(field->key, key) != 0)
            continue;
        if (n == TARGETS_MAX)
            return FAIL(err, ERR_LIMIT, "more than %d targets", TARGETS_MAX);
        targets[n++] = field->value;
    }
    ask->query.targets = targets;
    ask->query.n_targets = n;
    return true;
}

/* template[key]=value */
static bool read_templates(struct api_call *call, struct ask *ask, struct err *err)
{
    struct query_template *templates =
        arena_array(call->arena, TEMPLATES_MAX, struct query_template);
    size_t n = 0;
    for (size_t i = 0; i < call->request->n_fields; i++) {
        const struct http_field *field = &call->request->fields[i];
        size_t length = strlen(field->key);
        if (!text_starts(field->key, "template[") || !text_ends(field->key, "]"))
            continue;
        if (n == TEMPLATES_MAX)
            return FAIL(err, ERR_LIMIT, "more than %d template values", TEMPLATES_MAX);
        templates[n++] = (struct query_template){
            arena_strndup(call->arena, field->key + 9, length - 10), field->value};
    }
    ask->query.templates = templates;
    ask->query.n_templates = n;
    return true;
}

static bool read_time(struct api_call *call, const char *key, const char *fallback, int64_t now_s,
                      int64_t *out_s, struct err *err)
{
    const char *text = call_param(call, key);
    if (query_parse_time(text ? text : fallback, call_zone(call), now_s, out_s, err))
        return true;
    err_prefix(err, "%s", key);
    return false;
}

static bool read_span(struct api_call *call, struct query_request *query, struct err *err)
{
    int64_t from_s, until_s;
    query->tz = call_zone(call);
    if (!read_time(call, "now", "now", call_clock_s(call), &query->now_s, err) ||
        !read_time(call, "from", "-1d", query->now_s, &from_s, err) ||
        !read_time(call, "until", "now", query->now_s, &until_s, err))
        return false;
    if (from_s == until_s)
        return FAIL(err, ERR_INPUT, "Invalid empty time range: from and until are both %lld",
                    (long long)from_s);
    query->from_s = min_i64(from_s, until_s);
    query->until_s = max_i64(from_s, until_s);
    return true;
}

static bool is_digits(const char *text)
{
    return text[0] && text[strspn(text, "0123456789")] == '\0';
}

static bool read_numbers(struct api_call *call, struct ask *ask, struct err *err)
{
    const char *xff = call_param(call, "xFilesFactor");
    ask->query.x_files_factor = (double)NAN;
    if (xff && !num_parse_f64(xff, strlen(xff), &ask->query.x_files_factor))
        return FAIL(err, ERR_INPUT, "xFilesFactor='%.50s' is not a number", xff);
    const char *points = call_param(call, "maxDataPoints");
    ask->max_data_points = 0;
    if (points && is_digits(points) &&
        (!num_parse_i64(points, strlen(points), &ask->max_data_points) || !ask->max_data_points))
        return FAIL(err, ERR_INPUT, "maxDataPoints='%.50s' is not a number from 1 on", points);
    ask->no_null_points = call_param(call, "noNullPoints") != NULL;
    return true;
}

/* Only a picture shows them. */
static bool read_changes(struct api_call *call, struct ask *ask, struct err *err)
{
    static const char *const names[] = {"none", "all", "relevant"};
    const char *changes = call_param(call, "changes");
    for (size_t i = 0; changes && i < COUNT_OF(names); i++)
        if (strcmp(changes, names[i]) == 0) {
            ask->changes = (enum lines_of)i;
            changes = NULL;
        }
    if (changes)
        return FAIL(err, ERR_INPUT, "changes='%.50s' is none of all, relevant, none", changes);
    if (ask->format > FORMAT_PDF || ask->is_pie)
        ask->changes = LINES_OF_NONE;
    if (ask->changes == LINES_OF_RELEVANT)
        ask->query.leaves = &ask->leaves;
    return true;
}

static bool read_ask(struct api_call *call, struct ask *ask, struct err *err)
{
    const char *type = call_param(call, "graphType");
    ask->is_pie = type && strcmp(type, "pie") == 0;
    if (type && !ask->is_pie && strcmp(type, "line") != 0)
        return FAIL(err, ERR_INPUT, "graphType='%.50s' is neither line nor pie", type);
    read_format(call, &ask->format);
    if (ask->is_pie && ask->format > FORMAT_PDF)
        ask->format = FORMAT_PNG; /* a pie is a picture whatever was asked for */
    return read_targets(call, ask, err) && read_templates(call, ask, err) &&
           read_span(call, &ask->query, err) && read_numbers(call, ask, err) &&
           read_changes(call, ask, err);
}

/* ---- pictures ---- */

/* With whole verdicts instead of short ones, those of the list whose short verdict does not name all that
 * moved and that do not concern the metrics as far as it does. out_at: their places in the list. */
static bool list_unsure(struct api_call *call, const struct change_list *list, const bool *concerns,
                        struct change_list *out, size_t *out_at, struct err *err)
{
    for (size_t i = 0; i < list->n; i++) {
        struct change change = list->items[i];
        struct verdict *kept;
        size_t n = 0;
        if (concerns[i] || !change.verdict || change.verdict->n_moved_more == 0)
            continue;
        if (!call_is_awaited(call, err) ||
            !ledger_verdict_list(call->api->deps.ledger, change.id, call->arena, &kept, &n, err))
            return false;
        if (n == 0)
            continue; /* it came with an import: there is no more of it than the change has */
        change.verdict = &kept[n - 1];
        arena_grow(call->arena, &out->items, &out->cap, out->n + 1, sizeof *out->items);
        out_at[out->n] = i;
        out->items[out->n++] = change;
    }
    return true;
}

/* Keeps those that concern the metrics in the picture. lines[i] is items[n - 1 - i] of the list. */
static bool keep_relevant(struct api_call *call, const struct ask *ask,
                          const struct change_list *list, struct chart_change *lines, size_t *io_n,
                          struct err *err)
{
    const struct impact *impact = call->api->deps.impact;
    const struct concerns_metrics metrics = {ask->leaves.items, ask->leaves.n, ask->query.targets,
                                             ask->query.n_targets};
    struct change_list unsure = {0};
    size_t *at = arena_array(call->arena, list->n + 1, size_t);
    if (!impact)
        return FAIL(err, ERR_BUSY, "this server judges no changes");
    bool *concerns = impact_concerns(impact, &metrics, list, call->arena);
    if (!list_unsure(call, list, concerns, &unsure, at, err))
        return false;
    const bool *whole = impact_concerns(impact, &metrics, &unsure, call->arena);
    for (size_t i = 0; i < unsure.n; i++)
        concerns[at[i]] = whole[i];
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++)
        if (concerns[list->n - 1 - i])
            lines[n++] = lines[i];
    *io_n = n;
    return true;
}

/* Those that are, or reach, into the picture. */
static size_t keep_seen(struct chart_change *lines, size_t n, int64_t from_ms)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < n; i++)
        if (lines[i].start_ms >= from_ms || lines[i].end_ms > from_ms)
            lines[n_kept++] = lines[i];
    return n_kept;
}

/* The newest of the span, when there are more than a picture can show; in the order of time. */
static bool list_changes(struct api_call *call, const struct ask *ask, struct chart_input *input,
                         struct err *err)
{
    const int64_t from_ms = ask->query.from_s * 1000;
    const struct change_query wanted = {.kind = -1,
                                        .from_ms = from_ms - CHANGE_LONGEST_S * INT64_C(1000),
                                        .until_ms = ask->query.until_s * 1000,
                                        .n_max = CHANGES_MAX};
    const struct changes *changes = &call->api->deps.query.changes;
    struct change_list list = {0};
    if (!changes->ops->list(changes->self, &wanted, call->arena, &list, err))
        return false;
    struct chart_change *lines = chart_changes(&list, call->arena);
    size_t n = list.n;
    if (ask->changes == LINES_OF_RELEVANT && !keep_relevant(call, ask, &list, lines, &n, err))
        return false;
    input->changes = lines;
    input->n_changes = keep_seen(lines, n, from_ms);
    if (list.n == CHANGES_MAX && list.items[list.n - 1].start_ms > from_ms)
        input->changes_note = arena_printf(call->arena, "only the newest %d changes", CHANGES_MAX);
    else if (ask->changes == LINES_OF_RELEVANT && input->n_changes == 0)
        input->changes_note = "no change of these metrics' services";
    return true;
}

static bool draw(struct api_call *call, const struct ask *ask, struct series_list *list,
                 struct err *err)
{
    struct chart_param *params =
        arena_array(call->arena, call->request->n_fields, struct chart_param);
    for (size_t i = 0; i < call->request->n_fields; i++)
        params[i] =
            (struct chart_param){call->request->fields[i].key, call->request->fields[i].value};
    struct chart_input input = {
        .params = params,
        .n_params = call->request->n_fields,
        .default_template = call->api->deps.chart_template,
        .series = list,
        .from_s = ask->query.from_s,
        .until_s = ask->query.until_s,
        .tz = ask->query.tz,
        .is_described = ask->format == FORMAT_SVG,
    };
    struct draw_list *drawing = NULL;
    if ((ask->changes != LINES_OF_NONE && !list_changes(call, ask, &input, err)) ||
        !chart_layout(&input, call->arena, &drawing, err))
        return false;
    http_response_header(call->response, "Cache-Control", "no-cache");
    struct buf *body = &call->response->body;
    if (ask->format == FORMAT_SVG) {
        call->response->content_type = "image/svg+xml";
        return chart_svg(drawing, body, err);
    }
    if (ask->format == FORMAT_PDF) {
        call->response->content_type = "application/x-pdf";
        return chart_pdf(drawing, body, err);
    }
    call->response->content_type = "image/png";
    return chart_png(drawing, body, err);
}

/* jsonp of an SVG: the text of the image as one JSON string. */
static bool draw_wrapped(struct api_call *call, const struct ask *ask, struct series_list *list,
                         struct err *err)
{
    struct jsonw json;
    if (!draw(call, ask, list, err))
        return false;
    struct buf svg = call->response->body;
    buf_init(&call->response->body, svg.max);
    bool is_ok = call_json(call, &json, err);
    if (is_ok) {
        jsonw_textn(&json, svg.at, svg.n);
        call_json_end(call);
    }
    buf_done(&svg);
    return is_ok;
}

static bool write_json(struct api_call *call, const struct ask *ask, struct series_list *list,
                       struct err *err)
{
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    if (ask->max_data_points)
        query_consolidate(list, (size_t)ask->max_data_points, call->arena);
    series_text_json(&json, list, ask->no_null_points);
    call_json_end(call);
    return true;
}

static void write_packed(struct api_call *call, enum pack_form form, const struct series_list *list)
{
    call->response->content_type = pack_content_type(form);
    series_pack(&call->response->body, form, list);
}

static bool write_web(struct api_call *call, enum format format, const struct series_list *list,
                      struct err *err)
{
    struct jsonw json;
    if (!call_json(call, &json, err))
        return false;
    if (format == FORMAT_RICKSHAW)
        series_web_rickshaw(&json, list);
    else if (!series_web_dygraph(&json, list, err))
        return false;
    call_json_end(call);
    return true;
}

static bool is_gone(const void *request)
{
    return http_is_gone(request);
}

bool render_run(struct api_call *call, struct err *err)
{
    struct ask ask = {.query = {.is_gone = is_gone, .is_gone_self = call->request}};
    struct series_list list = {0};
    if (!read_ask(call, &ask, err) ||
        !(ask.is_pie ? pie_run : query_run)(&call->api->deps.query, &ask.query, call->arena, &list,
                                            err) ||
        !call_is_awaited(call, err))
        return false;
    switch (ask.format) {
    case FORMAT_JSON:
        return write_json(call, &ask, &list, err);
    case FORMAT_CSV:
        call->response->content_type = "text/csv; charset=utf-8";
        series_text_csv(&call->response->body, &list, ask.query.tz);
        return true;
    case FORMAT_RAW:
        call->response->content_type = "text/plain; charset=utf-8";
        series_text_raw(&call->response->body, &list);
        return true;
    case FORMAT_PICKLE:
        write_packed(call, PACK_PICKLE, &list);
        return true;
    case FORMAT_MSGPACK:
        write_packed(call, PACK_MSGPACK, &list);
        return true;
    case FORMAT_DYGRAPH:
    case FORMAT_RICKSHAW:
        return write_web(call, ask.format, &list, err);
    case FORMAT_SVG:
        if (call_param(call, "jsonp"))
            return draw_wrapped(call, &ask, &list, err);
        break;
    case FORMAT_PNG:
    case FORMAT_PDF:
        break;
    }
    return draw(call, &ask, &list, err);
}
