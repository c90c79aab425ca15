#include "model/verdict_text.h"

#include <math.h>

#include "base/num.h"

/* From here on a multiple is easier to grasp than a share. */
static const double TIMES_MIN = 3.0;

static void add_fixed(struct buf *out, double value, int decimals)
{
    char text[NUM_TEXT_MAX];
    const size_t n = num_format_fixed(text, sizeof text, value, decimals);
    buf_add(out, text, n);
}

static void add_short(struct buf *out, double value)
{
    char text[NUM_TEXT_MAX];
    const size_t n = num_format_g(text, value, 3);
    buf_add(out, text, n);
}

void verdict_text_share(double share, struct buf *out)
{
    const double percent = fabs(share) * 100.0;
    if (!isfinite(percent))
        return;
    if (percent < 1000.0)
        add_fixed(out, percent, percent < 0.95 ? 1 : 0);
    else
        add_short(out, percent);
    buf_add_char(out, '%');
}

void verdict_text_effect(const struct verdict_metric *metric, struct buf *out)
{
    const double expected =
        isfinite(metric->effect) ? metric->after - metric->effect : metric->before;
    const double times = metric->after / expected;
    if (metric->direction == VERDICT_ERRATIC) {
        buf_add_str(out, "erratic");
    } else if (!(fabs(expected) > 0.0) || !isfinite(times) || times < 0.0) {
        buf_add_str(out, "from ");
        add_short(out, metric->before);
        buf_add_str(out, " to ");
        add_short(out, metric->after);
    } else if (times >= TIMES_MIN) {
        buf_add_char(out, 'x');
        if (times < 1e6)
            add_fixed(out, times, times < 9.95 ? 1 : 0);
        else
            add_short(out, times);
    } else {
        /* Of a negative metric, further from zero is not up. */
        const bool is_up = metric->after > expected;
        buf_add_char(out, is_up ? '+' : '-');
        verdict_text_share(times - 1.0, out);
    }
}

const char *verdict_text_state(enum verdict_state state)
{
    return state == VERDICT_HARM ? "HARM" : verdict_state_words(state);
}
