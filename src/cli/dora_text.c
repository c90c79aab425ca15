#include "cli/dora_text.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "cli/log_text.h"
#include "cli/terminal.h"

/* What is written, and from what. */
struct page {
    const json_t *root;
    const struct dora_text_look *look;
    struct buf *out;
};

/* NAN where it is null or missing. */
static double f64_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static long long count_of(const json_t *object, const char *key)
{
    const double value = f64_of(object, key);
    return value >= 0 && value < 1e15 ? (long long)value : 0;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* ---- one number ---- */

static void add_short(double value, struct buf *out)
{
    char text[NUM_TEXT_MAX];
    num_format_short(text, value);
    buf_add_str(out, text);
}

static void add_took(double seconds, struct buf *out)
{
    log_text_took((int64_t)fmin(seconds * 1000.0, 1e15), out);
}

static void add_percent(double share, struct buf *out)
{
    buf_printf(out, "%lld", llround(share * 100.0));
}

/* "3.1", "0.03": two digits that tell something, also of what is rare. */
static void add_rate(double rate, struct buf *out)
{
    const int decimals = rate >= 10 || rate == 0 ? 0 : rate >= 1 ? 1 : rate >= 0.1 ? 2 : 3;
    const double scale = pow(10.0, decimals);
    add_short(round(rate * scale) / scale, out);
}

static void add_span(const struct page *page, const json_t *number,
                     void (*add)(double value, struct buf *out), const char *unit)
{
    const double low = f64_of(number, "low"), high = f64_of(number, "high");
    if (isnan(low) || isnan(high)) {
        buf_add_str(page->out, "too few for an interval, ");
        return;
    }
    add(low, page->out);
    buf_add_str(page->out, page->look->has_utf8 ? "\xe2\x80\x93" : "-");
    add(high, page->out);
    buf_printf(page->out, "%s, ", unit);
}

static const char *plural(long long n)
{
    return n == 1 ? "" : "s";
}

/* ---- five lines ---- */

static void add_frequency(const struct page *page)
{
    const json_t *per_day = json_object_get(page->root, "per_day");
    const double week = f64_of(page->root, "days_a_week");
    const json_t *gap = json_object_get(page->root, "gap_s");
    const long long n = count_of(page->root, "deploys"), broken = count_of(page->root, "broken");
    struct buf *out = page->out;
    buf_add_str(out, "  deploys           ");
    add_rate(f64_of(per_day, "value"), out);
    buf_add_str(out, " a day  (");
    add_span(page, per_day, add_rate, "");
    buf_printf(out, "%lld deploy%s)", n, plural(n));
    if (!isnan(week)) {
        buf_add_str(out, "; on ");
        add_rate(week, out);
        buf_add_str(out, " days of a usual week");
    }
    if (!isnan(f64_of(gap, "value"))) {
        buf_add_str(out, "; usually ");
        add_took(f64_of(gap, "value"), out);
        buf_add_str(out, " apart");
    }
    if (broken)
        buf_printf(out, "; %lld more did not get through", broken);
    buf_add_char(out, '\n');
}

static void add_lead(const struct page *page)
{
    const json_t *lead = json_object_get(page->root, "lead_s");
    const long long n = count_of(lead, "n"), n_deploys = count_of(page->root, "deploys");
    const long long unknown = count_of(page->root, "unknown_lead");
    const long long negative = count_of(page->root, "negative_lead");
    struct buf *out = page->out;
    buf_add_str(out, "  lead time         ");
    if (n_deploys == 0) {
        buf_add_str(out, "unknown: no deploys\n");
        return;
    }
    if (n == 0) {
        buf_printf(out,
                   "unknown: no commits of %lld deploy%s are known; push hooks or plumb ingest git "
                   "bring them\n",
                   n_deploys, plural(n_deploys));
        return;
    }
    add_took(f64_of(lead, "value"), out);
    buf_add_str(out, "  (");
    add_span(page, lead, add_took, "");
    buf_printf(out, "%lld commit%s)", n, plural(n));
    if (unknown)
        buf_printf(out, "; of %lld of %lld deploys no commits are known", unknown, n_deploys);
    if (negative)
        buf_printf(out, "; %lld commit%s later than the deploy left out", negative,
                   plural(negative));
    buf_add_char(out, '\n');
}

static void add_share(const struct page *page, const char *label, const char *key,
                      const char *count_key)
{
    const json_t *share = json_object_get(page->root, key);
    struct buf *out = page->out;
    buf_printf(out, "  %-17s ", label);
    if (isnan(f64_of(share, "value"))) {
        buf_add_str(out, "unknown: no deploys\n");
        return;
    }
    add_percent(f64_of(share, "value"), out);
    buf_add_str(out, " %  (");
    add_span(page, share, add_percent, " %");
    buf_printf(out, "%lld of %lld)\n", count_of(page->root, count_key), count_of(share, "n"));
}

static void add_recovery(const struct page *page)
{
    const json_t *recovery = json_object_get(page->root, "recovery_s");
    const long long n = count_of(recovery, "n"), open = count_of(page->root, "open");
    const long long failed = count_of(page->root, "failed");
    struct buf *out = page->out;
    buf_add_str(out, "  recovery time     ");
    if (n) {
        add_took(f64_of(recovery, "value"), out);
        buf_add_str(out, "  (");
        add_span(page, recovery, add_took, "");
        buf_printf(out, "%lld failed deploy%s)", n, plural(n));
    } else {
        buf_add_str(out, failed ? "unknown: none is over" : "unknown: no deploy failed");
    }
    if (open)
        buf_printf(out, "; %lld not over yet", open);
    buf_add_char(out, '\n');
}

/* ---- the rows of a metric ---- */

static void add_id(struct buf *out, const char *id)
{
    char cut[LOG_TEXT_ID_BYTES + 1];
    (void)text_copy(cut, sizeof cut, id);
    terminal_clean(out, cut);
}

static void add_row(const struct page *page, const json_t *row)
{
    char at[64];
    struct buf *out = page->out;
    const double start_s = f64_of(row, "start"), seconds = f64_of(row, "seconds");
    tz_format(page->look->tz, isnan(start_s) ? 0 : (int64_t)start_s, "%Y-%m-%d %H:%M", at,
              sizeof at);
    buf_printf(out, "      %s  ", at);
    add_id(out, text_of(row, "id"));
    buf_add_str(out, "  ");
    terminal_clean(out, text_of(row, "service"));
    buf_add_str(out, "  ");
    const char *rev = text_of(row, "rev");
    terminal_clean(out, rev[0] ? rev : "-");
    if (text_of(row, "action")[0]) {
        buf_add_str(out, "  ");
        terminal_clean(out, text_of(row, "action"));
    }
    if (!isnan(seconds)) {
        buf_add_str(out, "  ");
        add_took(seconds, out);
    }
    if (text_of(row, "cause")[0]) {
        buf_add_str(out, "  see ");
        add_id(out, text_of(row, "cause"));
    }
    buf_add_char(out, '\n');
}

static void add_rows(const struct page *page, const char *key)
{
    const json_t *rows = json_object_get(json_object_get(page->root, "rows"), key);
    if (!page->look->has_rows)
        return;
    for (size_t i = 0; i < json_array_size(rows); i++)
        add_row(page, json_array_get(rows, i));
}

static void add_heading(const struct page *page)
{
    char until[64];
    struct buf *out = page->out;
    const char *service = text_of(page->root, "service");
    const double until_s = f64_of(page->root, "until");
    tz_format(page->look->tz, isnan(until_s) ? 0 : (int64_t)until_s, "%Y-%m-%d %H:%M", until,
              sizeof until);
    terminal_clean(out, service[0] ? service : "all services");
    buf_add_str(out, ", ");
    terminal_clean(out, text_of(page->root, "env"));
    buf_add_str(out, ", ");
    add_rate(f64_of(page->root, "days"), out);
    buf_printf(out, " days until %s\n", until);
}

static void add_five(const struct page *page)
{
    add_heading(page);
    add_frequency(page);
    add_rows(page, "deploys");
    add_lead(page);
    add_share(page, "change fail rate", "fail", "failed");
    add_rows(page, "failures");
    add_recovery(page);
    add_share(page, "rework rate", "rework", "reworked");
    add_rows(page, "reworks");
}

/* ---- a line for each service ---- */

static void add_tab(struct buf *out, double value)
{
    buf_add_char(out, '\t');
    if (!isnan(value))
        add_short(value, out);
}

static void add_tabbed(const json_t *s, struct buf *out)
{
    static const char *const keys[] = {"per_day", "lead_s", "fail", "recovery_s", "rework"};
    terminal_clean(out, text_of(s, "service"));
    buf_printf(out, "\t%lld", count_of(s, "deploys"));
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        add_tab(out, f64_of(json_object_get(s, keys[i]), "value"));
    buf_add_char(out, '\n');
}

static void add_cell(struct buf *out, double value, void (*add)(double value, struct buf *out),
                     const char *unit)
{
    CLEANUP(buf_done) struct buf cell;
    buf_init(&cell, 64);
    if (isnan(value)) {
        buf_add_char(&cell, '?');
    } else {
        add(value, &cell);
        buf_add_str(&cell, unit);
    }
    buf_printf(out, "  %9s", buf_text(&cell));
}

static void add_line(const struct page *page, const json_t *s)
{
    struct buf *out = page->out;
    terminal_fit(out, text_of(s, "service"), 24, page->look->has_utf8);
    buf_printf(out, "  %7lld", count_of(s, "deploys"));
    add_cell(out, f64_of(json_object_get(s, "per_day"), "value"), add_rate, "");
    add_cell(out, f64_of(json_object_get(s, "lead_s"), "value"), add_took, "");
    add_cell(out, f64_of(json_object_get(s, "fail"), "value"), add_percent, " %");
    buf_printf(out, "  %8lld", count_of(s, "failed"));
    add_cell(out, f64_of(json_object_get(s, "recovery_s"), "value"), add_took, "");
    add_cell(out, f64_of(json_object_get(s, "rework"), "value"), add_percent, " %");
    buf_add_char(out, '\n');
}

static void add_table(const struct page *page, const json_t *services)
{
    if (page->look->is_tty && json_array_size(services) == 0)
        buf_add_str(page->out, "no deploys that succeeded in this period\n");
    else if (page->look->is_tty)
        buf_printf(page->out, "%-24s  %7s  %9s  %9s  %9s  %8s  %9s  %9s\n", "SERVICE", "DEPLOYS",
                   "A DAY", "LEAD", "FAIL RATE", "FAILED", "RECOVERY", "REWORK");
    for (size_t i = 0; i < json_array_size(services); i++) {
        if (page->look->is_tty)
            add_line(page, json_array_get(services, i));
        else
            add_tabbed(json_array_get(services, i), page->out);
    }
}

bool dora_text(const char *json, size_t n, const struct dora_text_look *look, struct buf *out,
               struct err *err)
{
    json_auto_t *root = n ? json_loadb(json, n, 0, NULL) : NULL;
    const json_t *services = json_object_get(root, "services");
    const struct page page = {root, look, out};
    if (!json_is_array(services) && !json_is_object(json_object_get(root, "per_day")))
        return FAIL(err, ERR_INPUT, "the server's answer holds no delivery metrics");
    if (services)
        add_table(&page, services);
    else
        add_five(&page);
    return true;
}
