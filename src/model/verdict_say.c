#include "model/verdict_say.h"

#include <math.h>

#include "base/num.h"
#include "model/verdict_text.h"

enum {
    NAMED_MAX = 3,   /* metrics in a sentence; how many more there are is said */
    POWER_NAMED = 2, /* metrics whose power is told */
    DIGITS = 3,      /* of a level */
};

/* Whole numbers stay whole: 4120, not 4.12e+03. */
static void add_rounded(double value, struct buf *out)
{
    char text[NUM_TEXT_MAX];
    if (fabs(value) >= pow(10.0, DIGITS) && fabs(value) < 1e15)
        buf_add_i64(out, llround(value));
    else
        buf_add(out, text, num_format_g(text, value, DIGITS));
}

void verdict_say_number(double value, struct buf *out)
{
    static const char *const units[] = {"", "k", "M", "G", "T"};
    size_t i = 0;
    if (is_gap(value)) {
        buf_add_char(out, '?');
        return;
    }
    if (fabs(value) >= 10000.0)
        for (; fabs(value) >= 999.5 && i + 1 < COUNT_OF(units); i++)
            value /= 1000.0;
    add_rounded(value, out);
    buf_add_str(out, units[i]);
}

void verdict_say_power(const struct verdict_metric *metric, struct buf *out)
{
    const double share = verdict_sees(metric);
    if (!is_gap(share)) {
        verdict_text_share(share, out);
    } else if (is_gap(metric->would_see)) {
        buf_add_char(out, '?');
    } else {
        buf_add_char(out, '+');
        verdict_say_number(metric->would_see, out);
    }
}

static void add_checked(const struct verdict *verdict, struct buf *out)
{
    buf_printf(out, "%u metric%s checked", verdict->n_checked, verdict->n_checked == 1 ? "" : "s");
}

static void add_moved(const struct verdict *verdict, struct buf *out)
{
    const size_t n = min_size(verdict->n_moved, NAMED_MAX);
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s%s ", i ? ", " : "", verdict->moved[i].name);
        verdict_text_effect(&verdict->moved[i], out);
    }
    if (verdict_moved(verdict) > n)
        buf_printf(out, " and %zu more", verdict_moved(verdict) - n);
    if (!verdict_moved(verdict))
        add_checked(verdict, out);
}

static void add_power(const struct verdict *verdict, struct buf *out)
{
    size_t n = 0;
    for (size_t i = 0; i < verdict->n_unmoved && n < POWER_NAMED; i++) {
        if (is_gap(verdict->unmoved[i].would_see))
            continue;
        buf_add_str(out, n++ ? ", " : ", would have seen ");
        verdict_say_power(&verdict->unmoved[i], out);
        buf_printf(out, " on %s", verdict->unmoved[i].name);
    }
}

static void add_reason(const struct verdict *verdict, const char *otherwise, struct buf *out)
{
    const char *reason = verdict->n_reasons ? verdict->reasons[0] : otherwise;
    buf_add_str(out, reason);
    if (out->n && out->at[out->n - 1] == '.')
        out->at[--out->n] = '\0';
}

void verdict_say(const struct verdict *verdict, struct buf *out)
{
    buf_printf(out, "%s: ", verdict_state_words(verdict->state));
    switch (verdict->state) {
    case VERDICT_PENDING:
        if (verdict->n_checked || !verdict->n_reasons) {
            buf_add_str(out, "nothing has moved so far, ");
            add_checked(verdict, out);
        } else {
            add_reason(verdict, "", out);
        }
        break;
    case VERDICT_NO_HARM:
        add_checked(verdict, out);
        add_power(verdict, out);
        break;
    case VERDICT_CANNOT_TELL:
        add_reason(verdict, "there is not enough data", out);
        break;
    case VERDICT_IMPROVED:
    case VERDICT_MOVED:
    case VERDICT_HARM:
    case VERDICT_STATES:
        add_moved(verdict, out);
        break;
    }
}
