/* Every change out of one ledger and into another: GET /api/v1/export and POST /api/v1/import, an object a
 * line. */
#include <string.h>

#include "api/change_json.h"
#include "api/recording.h"
#include "api/routes.h"
#include "base/mem.h"
#include "model/redact.h"

enum {
    PAGE_DEFAULT = 1000,
    PAGE_MAX = 5000,
    PAGE_BYTES = 8 << 20, /* the page ends with the change that comes to more */
    SKIP_MAX = 1000000,   /* changes of one millisecond */
    REFUSED_SHOWN_MAX = 100,
};

/* from_ms= and skip= say where to go on: at that start, after so many of it. Oldest first, with those
 * that were retracted. A page without a line is the last one. */
bool transfer_export(struct api_call *call, struct err *err)
{
    struct change_query query = {.kind = -1,
                                 .service = call_param(call, "service"),
                                 .until_ms = INT64_MAX,
                                 .with_retracted = true,
                                 .oldest_first = true};
    int64_t n, skip;
    if (!call_param_int(call, "from_ms", 0, &query.from_ms, err) ||
        !call_param_int(call, "skip", 0, &skip, err) ||
        !call_param_int(call, "n", PAGE_DEFAULT, &n, err))
        return false;
    if (skip < 0 || skip > SKIP_MAX || n < 1 || query.from_ms < 0)
        return FAIL(err, ERR_INPUT, "from_ms is at least 0, skip 0 to %d, n at least 1", SKIP_MAX);
    query.n_max = (size_t)(skip + min_i64(n, PAGE_MAX));
    struct change_list list = {0};
    const struct changes *changes = &call->api->deps.query.changes;
    if (!changes->ops->list(changes->self, &query, call->arena, &list, err))
        return false;
    call->response->content_type = "application/x-ndjson; charset=utf-8";
    struct buf *out = &call->response->body;
    for (size_t i = (size_t)skip; i < list.n && out->n < PAGE_BYTES; i++) {
        struct jsonw json;
        jsonw_init(&json, out, 0);
        change_json_write_whole(&json, &list.items[i]);
        buf_add_char(out, '\n');
    }
    return true;
}

/* ---- in ---- */

struct refusal {
    size_t line;
    const char *text;
};

/* What a body holds, line by line. */
struct parcel {
    struct change_list changes;
    struct refusal refused[REFUSED_SHOWN_MAX];
    size_t n_refused;
};

static void refuse(struct parcel *parcel, size_t line, const struct err *why, struct arena *arena)
{
    if (parcel->n_refused < REFUSED_SHOWN_MAX)
        parcel->refused[parcel->n_refused] = (struct refusal){line, arena_strdup(arena, why->text)};
    parcel->n_refused++;
}

static bool read_line(struct api_call *call, struct str line, struct change *out, struct err *err)
{
    const int64_t now_ms = clock_us(&call->api->deps.clock) / 1000;
    struct change told = change_blank();
    told.source = "import";
    if (!change_json_read_whole(line.at, line.n, call->arena, &told, err))
        return false;
    if (!told.start_ms && !told.end_ms)
        return FAIL(err, ERR_INPUT, "it has neither start nor end");
    if (told.status == STATUS_UNKNOWN && !told.id[0]) {
        told.status = STATUS_SUCCEEDED;
        told.end_ms = max_i64(told.end_ms, told.start_ms);
    }
    if (!told.received_ms)
        told.received_ms = now_ms;
    *out = redact_change(&told, call->arena);
    return change_check(out, now_ms, call->arena, err);
}

static void read_parcel(struct api_call *call, struct parcel *parcel)
{
    struct str rest = str_make(call->request->body, call->request->n_body), line;
    struct change_list *list = &parcel->changes;
    for (size_t number = 1; str_split(&rest, '\n', &line); number++) {
        struct change change;
        struct err why;
        line = str_trim(line);
        if (line.n == 0)
            continue;
        if (!read_line(call, line, &change, &why)) {
            refuse(parcel, number, &why, call->arena);
            continue;
        }
        arena_grow(call->arena, &list->items, &list->cap, list->n + 1, sizeof *list->items);
        list->items[list->n++] = change;
    }
}

static bool answer(struct api_call *call, const struct parcel *parcel,
                   const struct ledger_receipt *receipts, struct err *err)
{
    struct jsonw json;
    int64_t n_merged = 0;
    for (size_t i = 0; i < parcel->changes.n; i++)
        n_merged += receipts[i].is_merged;
    if (!call_json(call, &json, err))
        return false;
    jsonw_object(&json);
    jsonw_put_i64(&json, "new", (int64_t)parcel->changes.n - n_merged);
    jsonw_put_i64(&json, "merged", n_merged);
    jsonw_put_i64(&json, "refused", (int64_t)parcel->n_refused);
    jsonw_key(&json, "errors");
    jsonw_array(&json);
    for (size_t i = 0; i < min_size(parcel->n_refused, REFUSED_SHOWN_MAX); i++) {
        jsonw_object(&json);
        jsonw_put_i64(&json, "line", (int64_t)parcel->refused[i].line);
        jsonw_put_text(&json, "error", parcel->refused[i].text);
        jsonw_end(&json);
    }
    jsonw_end(&json);
    jsonw_end(&json);
    call_json_end(call);
    return true;
}

/* Lines that are wrong are told of, and do not keep out the others. */
bool transfer_import(struct api_call *call, struct err *err)
{
    struct parcel *parcel = arena_zalloc(call->arena, sizeof *parcel);
    read_parcel(call, parcel);
    struct ledger_receipt *receipts =
        arena_zarray(call->arena, parcel->changes.n, struct ledger_receipt);
    return restore_changes(call->api->deps.ledger, &parcel->changes, call->arena, receipts, err) &&
           answer(call, parcel, receipts, err);
}
