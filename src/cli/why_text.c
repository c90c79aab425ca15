#include "cli/why_text.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "cli/log_text.h"
#include "cli/record.h"
#include "cli/terminal.h"
#include "model/verdict_say.h"
#include "model/verdict_text.h"

enum {
    SUSPECTS_MAX = 50, /* shown; more are counted */
    TEXT_BYTES_MAX = 4096,
    TIME_MAX_S = 4294967295u,
};

/* From here on the suspects are weaker than that it was none of them. */
static const double LIKELY_SHARE = 0.5;

struct page {
    const json_t *root;
    const struct why_look *look;
    struct arena *arena;
    struct buf *out;
};

static double number_of(const json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static double number(const json_t *object, const char *key)
{
    return number_of(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

/* 0: not known. */
static int64_t time_s(const json_t *object, const char *key)
{
    const double s = number(object, key);
    return s > 0.0 && s <= (double)TIME_MAX_S ? (int64_t)s : 0;
}

static void add_clock(const struct page *page, int64_t at_s)
{
    char shown[64];
    tz_format(page->look->tz, at_s, "%H:%M:%S", shown, sizeof shown);
    buf_add_str(page->out, shown);
}

static void add_length(const struct page *page, double seconds)
{
    if (isfinite(seconds) && fabs(seconds) < (double)TIME_MAX_S)
        log_text_took((int64_t)fabs(seconds) * 1000, page->out);
    else
        buf_add_char(page->out, '?');
}

/* ---- what the metric did ---- */

static struct verdict_metric metric_of(const json_t *root)
{
    const char *direction = text(root, "direction");
    const bool is_down = strcmp(direction, "down") == 0;
    const bool is_erratic = strcmp(direction, "erratic") == 0;
    return (struct verdict_metric){
        .name = "",
        .direction = is_erratic ? VERDICT_ERRATIC
                     : is_down  ? VERDICT_DOWN
                                : VERDICT_UP,
        .before = number(root, "before"),
        .after = number(root, "after"),
        .effect = number(root, "delta"),
    };
}

static void add_usual(const struct page *page)
{
    const json_t *usual = json_object_get(page->root, "usual");
    const json_t *rank = json_object_get(page->root, "rank");
    const double low = number_of(json_array_get(usual, 0));
    const double high = number_of(json_array_get(usual, 1));
    const double of = number_of(json_array_get(rank, 1));
    if (!isnan(low) && !isnan(high)) {
        buf_add_str(page->out, " Usual at this time ");
        verdict_say_number(low, page->out);
        buf_add_str(page->out, "..");
        verdict_say_number(high, page->out);
        buf_add_char(page->out, '.');
    }
    if (of > 0.0) {
        buf_add_str(page->out, " As odd in ");
        verdict_say_number(number_of(json_array_get(rank, 0)), page->out);
        buf_add_str(page->out, " of ");
        verdict_say_number(of, page->out);
        buf_add_str(page->out, " quiet times.");
    }
    buf_add_char(page->out, '\n');
}

/* "fell 31%": the word has the sign. */
static void add_extent(const struct page *page, const struct verdict_metric *metric)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    verdict_text_effect(metric, &text);
    const char *shown = buf_text(&text);
    buf_add_str(page->out, shown + (shown[0] == '-' || shown[0] == '+'));
}

static void add_movement(const struct page *page)
{
    struct buf *out = page->out;
    const struct verdict_metric metric = metric_of(page->root);
    const int64_t onset_s = time_s(page->root, "onset"), over_s = time_s(page->root, "over");
    terminal_clean(out, text(page->root, "metric"));
    if (!json_is_true(json_object_get(page->root, "data"))) {
        buf_add_str(out, " has not enough data around that time: it cannot be said whether it "
                         "moved.\n");
        return;
    }
    if (!json_is_true(json_object_get(page->root, "moved"))) {
        buf_add_str(out, " did not move around ");
        add_clock(page, time_s(page->root, "at"));
        buf_add_char(out, '.');
        add_usual(page);
        return;
    }
    buf_add_char(out, ' ');
    if (metric.direction == VERDICT_ERRATIC)
        buf_add_str(out, "became ");
    else
        buf_add_str(out, metric.direction == VERDICT_DOWN ? "fell " : "rose ");
    add_extent(page, &metric);
    if (onset_s) {
        buf_add_str(out, " at ");
        add_clock(page, onset_s);
    }
    buf_add_str(out, " (");
    verdict_say_number(metric.before, out);
    buf_add_str(out, " -> ");
    verdict_say_number(metric.after, out);
    buf_add_str(out, over_s ? "), until " : "), and stays there.");
    if (over_s) {
        add_clock(page, over_s);
        buf_add_char(out, '.');
    }
    add_usual(page);
}

/* ---- the suspects ---- */

static void add_reason(const struct page *page, const json_t *reason)
{
    static const struct {
        const char *code, *before, *after;
        bool is_length;
    } codes[] = {
        {"ends_before", "ends ", " before", true},
        {"starts_before", "begins ", " before", true},
        {"starts_after", "begins ", " after", true},
        {"undone", "undone when it was rolled back, ", " after", true},
        {"same_service", "of that service", "", false},
    };
    const char *code = text(reason, "code");
    const json_t *value = json_object_get(reason, "value");
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        if (strcmp(code, codes[i].code) != 0)
            continue;
        buf_add_str(page->out, codes[i].before);
        if (codes[i].is_length)
            add_length(page, number_of(value));
        buf_add_str(page->out, codes[i].after);
        return;
    }
    if (strcmp(code, "history") == 0 || strcmp(code, "others_moved") == 0) {
        const bool is_history = strcmp(code, "history") == 0;
        buf_add_str(page->out, is_history ? "moved it in " : "with it moved ");
        verdict_say_number(number_of(json_array_get(value, 0)), page->out);
        buf_add_str(page->out, " of ");
        verdict_say_number(number_of(json_array_get(value, 1)), page->out);
        buf_add_str(page->out, is_history ? " earlier ones" : " metrics of its service");
        return;
    }
    terminal_clean(page->out, code); /* a newer server's */
}

static void add_reasons(const struct page *page, const json_t *suspect)
{
    const json_t *reasons = json_object_get(suspect, "reasons");
    for (size_t i = 0; i < json_array_size(reasons); i++) {
        buf_add_str(page->out, i ? "; " : "");
        add_reason(page, json_array_get(reasons, i));
    }
}

static void add_score(double share, struct buf *out)
{
    const double percent = isfinite(share) ? fmin(fmax(share, 0.0), 1.0) * 100.0 : 0.0;
    buf_printf(out, "%3lld%%", (long long)llround(percent));
}

static void add_cut(const struct page *page, const char *value, unsigned columns)
{
    const char *shown = terminal_cleaned(page->arena, value[0] ? value : "-");
    terminal_fit(page->out, shown, columns, true);
    buf_add_str(page->out, "  ");
}

static void add_suspect(const struct page *page, const json_t *suspect)
{
    const struct change change = record_of(json_object_get(suspect, "change"), page->arena);
    buf_add_str(page->out, "  ");
    add_score(number(suspect, "score"), page->out);
    buf_add_str(page->out, "  ");
    add_cut(page, arena_strndup(page->arena, change.id, strnlen(change.id, LOG_TEXT_ID_BYTES)),
            LOG_TEXT_ID_BYTES);
    add_cut(page, change_kind_name(change.kind), 8);
    add_cut(page, change.service, 18);
    add_cut(page, change.rev, 9);
    add_cut(page, change.by, 8);
    add_clock(page, change.start_ms / 1000);
    buf_add_str(page->out, "  ");
    add_reasons(page, suspect);
    buf_add_char(page->out, '\n');
}

static void add_none(const struct page *page, const char *why)
{
    buf_printf(page->out, "%sNone of our changes%s%s\n", page->look->has_colour ? "\x1b[1m" : "",
               page->look->has_colour ? "\x1b[0m" : "", why);
}

/* No change, or none that explains it at all. */
static void add_nobody(const struct page *page)
{
    CLEANUP(buf_done) struct buf why;
    buf_init(&why, TEXT_BYTES_MAX);
    const json_int_t n_near = json_integer_value(json_object_get(page->root, "changes"));
    const int64_t window_s = page->look->window_s;
    buf_add_str(&why, ": ");
    if (n_near > 0)
        buf_printf(&why, "of %" JSON_INTEGER_FORMAT " in", n_near);
    else
        buf_add_str(&why, "nothing that we know of changed in");
    buf_add_str(&why, " the ");
    if (window_s % 60 == 0 && window_s < 2 * 3600)
        buf_printf(&why, "%lld minutes", (long long)(window_s / 60));
    else
        log_text_took(window_s * 1000, &why);
    buf_add_str(&why, n_near > 0 ? " before none began when it did." : " before.");
    add_none(page, buf_text(&why));
}

static void add_suspects(const struct page *page)
{
    const json_t *suspects = json_object_get(page->root, "suspects");
    const size_t n = json_array_size(suspects);
    const double none = number(page->root, "none");
    if (!n) {
        add_nobody(page);
        return;
    }
    if (none >= LIKELY_SHARE)
        add_none(page, " is likely to have done it. The nearest are:");
    else
        buf_add_char(page->out, '\n');
    for (size_t i = 0; i < min_size(n, SUSPECTS_MAX); i++)
        add_suspect(page, json_array_get(suspects, i));
    if (n > SUSPECTS_MAX)
        buf_printf(page->out, "  and %zu more: --json\n", n - SUSPECTS_MAX);
    if (!isnan(none)) {
        buf_add_str(page->out, "  ");
        add_score(none, page->out);
        buf_add_str(page->out, "  none of them\n");
    }
}

static void add_missing(const struct page *page)
{
    const json_t *missing = json_object_get(page->root, "missing");
    for (size_t i = 0; i < json_array_size(missing); i++) {
        const char *sentence = json_string_value(json_array_get(missing, i));
        buf_add_str(page->out, "Not looked at: ");
        terminal_clean(page->out, sentence ? sentence : "");
        buf_add_char(page->out, '\n');
    }
}

static void add_next(const struct page *page)
{
    const json_t *first = json_array_get(json_object_get(page->root, "suspects"), 0);
    const bool is_likely = !(number(page->root, "none") >= LIKELY_SHARE);
    const struct change change = record_of(json_object_get(first, "change"), page->arena);
    buf_add_str(page->out, "Next: ");
    if (first && change.id[0]) {
        buf_add_str(page->out, "plumb show ");
        terminal_clean(page->out, arena_strndup(page->arena, change.id,
                                                strnlen(change.id, LOG_TEXT_ID_BYTES)));
        buf_add_str(page->out, " | ");
    }
    if (first && is_likely && change.service[0]) {
        buf_add_str(page->out, "plumb rollback ");
        terminal_clean(page->out, change.service);
        buf_add_str(page->out, " | ");
    }
    buf_add_str(page->out, "plumb graph '");
    terminal_clean(page->out, text(page->root, "metric"));
    buf_add_str(page->out, "' --since 2h\n");
}

/* ---- rows ---- */

static void add_cell(const char *value, struct buf *out)
{
    terminal_clean(out, value);
    buf_add_char(out, '\t');
}

static void add_share(double share, struct buf *out)
{
    if (isfinite(share))
        buf_add_f64(out, share);
    buf_add_char(out, '\t');
}

static void add_rows(const struct page *page)
{
    const json_t *suspects = json_object_get(page->root, "suspects");
    struct buf *out = page->out;
    char at[64];
    for (size_t i = 0; i < json_array_size(suspects); i++) {
        const json_t *suspect = json_array_get(suspects, i);
        const struct change change = record_of(json_object_get(suspect, "change"), page->arena);
        tz_format(tz_utc(), change.start_ms / 1000, "%Y-%m-%dT%H:%M:%SZ", at, sizeof at);
        add_share(number(suspect, "score"), out);
        add_cell(change.id, out);
        add_cell(change_kind_name(change.kind), out);
        add_cell(change.service, out);
        add_cell(change.rev, out);
        add_cell(change.by, out);
        add_cell(change.start_ms ? at : "", out);
        add_reasons(page, suspect);
        buf_add_char(out, '\n');
    }
    add_share(number(page->root, "none"), out);
    buf_add_str(out, "none\t\t\t\t\t\t\n");
}

bool why_text(const char *json, size_t n, const struct why_look *look, struct arena *arena,
              struct buf *out, struct err *err)
{
    json_auto_t *root = n ? json_loadb(json, n, 0, NULL) : NULL;
    const struct page page = {root, look, arena, out};
    if (!json_is_boolean(json_object_get(root, "moved")) ||
        !json_is_array(json_object_get(root, "suspects")))
        return FAIL(err, ERR_INPUT, "the server's answer does not say why");
    if (!look->is_tty) {
        add_rows(&page);
        return true;
    }
    add_movement(&page);
    if (json_is_true(json_object_get(root, "moved")))
        add_suspects(&page);
    add_missing(&page);
    add_next(&page);
    return true;
}
