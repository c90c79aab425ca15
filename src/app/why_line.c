#include "app/why_line.h"

#include <math.h>

#include "model/verdict_say.h"
#include "model/verdict_text.h"

enum {
    LINE_BYTES_MAX = 2048,
    SUSPECTS_MAX = 2, /* a line of a chat has 400 bytes */
};

/* A suspect that is less likely than that is not worth a name. */
static const double SHARE_LEAST = 0.05;
static const double NONE_LIKELY = 0.5;

static void add_time(int64_t at_s, const struct tz *tz, struct buf *out)
{
    char text[64];
    tz_format(tz, at_s, "%H:%M", text, sizeof text);
    buf_add_str(out, text);
}

static void add_percent(double share, struct buf *out)
{
    buf_printf(out, " %lld%%", isfinite(share) ? llround(share * 100.0) : 0);
}

static void add_suspects(const struct why *why, struct buf *out)
{
    size_t n = 0;
    for (size_t i = 0; i < why->n_suspects && n < SUSPECTS_MAX; i++) {
        const struct why_suspect *suspect = &why->suspects[i];
        const struct change *change = &suspect->change;
        if (!(suspect->share >= SHARE_LEAST))
            continue;
        const bool has_service = change->service[0] != '\0';
        buf_printf(out, "%s%s", n++ ? ", " : "",
                   has_service ? change->service : change_kind_name(change->kind));
        if (change->rev[0])
            buf_printf(out, " %s", change->rev);
        if (change->by[0])
            buf_printf(out, " by %s", change->by);
        add_percent(suspect->share, out);
    }
}

static void add_explanation(const struct why *why, struct buf *out)
{
    const bool is_none = why->n_suspects == 0 || why->none_share >= NONE_LIKELY;
    buf_add_str(out, is_none ? "none of our changes" : "");
    if (why->n_suspects == 0) {
        buf_add_str(out, why->n_changes ? ", none that we know of began when it did"
                                        : ", nothing that we know of changed before");
        return;
    }
    if (is_none) {
        add_percent(why->none_share, out);
        buf_add_str(out, why->suspects[0].share >= SHARE_LEAST ? ", else " : "");
    }
    add_suspects(why, out);
}

static void add_movement(const struct why *why, const struct tz *tz, struct buf *out)
{
    CLEANUP(buf_done) struct buf effect;
    const struct verdict_metric *metric = &why->metric;
    buf_init(&effect, LINE_BYTES_MAX);
    verdict_text_effect(metric, &effect);
    const char *extent = buf_text(&effect);
    if (metric->direction == VERDICT_ERRATIC)
        buf_add_str(out, " became ");
    else
        buf_add_str(out, metric->direction == VERDICT_DOWN ? " fell " : " rose ");
    buf_add_str(out, extent + (extent[0] == '-' || extent[0] == '+'));
    buf_add_str(out, " at ");
    add_time(metric->since_s ? metric->since_s : why->at_s, tz, out);
    buf_add_str(out, " (");
    verdict_say_number(metric->before, out);
    buf_add_str(out, " -> ");
    verdict_say_number(metric->after, out);
    buf_add_str(out, "): ");
}

const char *why_line(const struct why *why, const struct tz *tz, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, LINE_BYTES_MAX);
    buf_add_str(&out, why->target);
    if (!why->has_data) {
        buf_add_str(&out, " has not enough data around ");
        add_time(why->at_s, tz, &out);
    } else if (!why->has_moved) {
        buf_add_str(&out, " did not move around ");
        add_time(why->at_s, tz, &out);
    } else {
        add_movement(why, tz, &out);
        add_explanation(why, &out);
    }
    return arena_strdup(arena, buf_text(&out));
}
