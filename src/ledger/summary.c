#include "ledger/summary.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "model/verdict_write.h"

enum { WORDS_MAX = 7 };

static const char directions[] = "ude"; /* by enum verdict_direction */
static const char harms[] = "-bg";      /* by enum verdict_harm */

static void add_number(struct buf *out, double value, int digits)
{
    char text[NUM_TEXT_MAX];
    const size_t n = num_format_g(text, isfinite(value) ? value : NAN, digits);
    buf_add_char(out, ' ');
    buf_add(out, text, n);
}

/* The last of a line: all that is left of it. */
static void add_rest(struct buf *out, const char *text)
{
    buf_add_char(out, ' ');
    for (const char *at = text; *at; at++)
        buf_add_char(out, *at == '\n' ? ' ' : *at);
    buf_add_char(out, '\n');
}

static void add_moved(struct buf *out, const struct verdict_metric *metric)
{
    buf_printf(out, "m %c%c %lld", directions[metric->direction], harms[metric->harm],
               (long long)metric->since_s);
    add_number(out, metric->before, 6);
    add_number(out, metric->after, 6);
    add_number(out, metric->effect, 6);
    add_rest(out, metric->name);
}

void summary_encode(const struct verdict *verdict, struct buf *out)
{
    buf_printf(out, "%s %s %lld %lld %u %zu %u\n", verdict_state_name(verdict->state),
               verdict_stage_name(verdict->stage), (long long)verdict->made_ms,
               (long long)verdict->until_s, verdict->n_checked, verdict_moved(verdict),
               verdict->n_revised);
    for (size_t i = 0; i < min_size(verdict->n_moved, VERDICT_SUMMARY_MAX); i++)
        add_moved(out, &verdict->moved[i]);
    for (size_t i = 0, n = 0; i < verdict->n_unmoved && n < VERDICT_SUMMARY_MAX; i++) {
        const double share = verdict_sees(&verdict->unmoved[i]);
        if (is_gap(share))
            continue;
        buf_add_char(out, 's');
        add_number(out, share, 3);
        add_rest(out, verdict->unmoved[i].name);
        n++;
    }
    if (verdict->state == VERDICT_CANNOT_TELL && verdict->n_reasons) {
        buf_add_char(out, 'r');
        add_rest(out, verdict->reasons[0]);
    }
}

/* The words of a line; the last one takes what is left. */
static size_t split(struct str line, size_t n_max, struct str *out)
{
    size_t n = 0;
    while (n + 1 < n_max && str_split(&line, ' ', &out[n]))
        n++;
    if (line.at)
        out[n++] = line;
    return n;
}

static bool take_count(struct str word, uint32_t *out)
{
    int64_t value;
    if (!num_parse_i64(word.at, word.n, &value) || value < 0 || value > UINT32_MAX)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool take_name(struct str word, struct arena *arena, const char **out)
{
    *out = arena_strndup(arena, word.at, word.n);
    return true;
}

static bool read_head(struct str line, struct arena *arena, struct verdict *out)
{
    struct str words[WORDS_MAX];
    const char *state, *stage;
    uint32_t n_moved;
    if (split(line, WORDS_MAX, words) != WORDS_MAX || !take_name(words[0], arena, &state) ||
        !take_name(words[1], arena, &stage) || !verdict_state_parse(state, &out->state) ||
        !verdict_stage_parse(stage, &out->stage) ||
        !num_parse_i64(words[2].at, words[2].n, &out->made_ms) ||
        !num_parse_i64(words[3].at, words[3].n, &out->until_s) ||
        !take_count(words[4], &out->n_checked) || !take_count(words[5], &n_moved) ||
        !take_count(words[6], &out->n_revised))
        return false;
    out->n_moved_more = n_moved;
    return true;
}

/* The place of a letter, else of the first. */
static unsigned letter(const char *letters, char c)
{
    const char *at = c ? strchr(letters, c) : NULL;
    return at ? (unsigned)(at - letters) : 0;
}

static void read_moved(struct str line, struct arena *arena, struct verdict *out)
{
    struct str words[WORDS_MAX];
    struct verdict_metric *metric = &out->moved[out->n_moved];
    int64_t since_s;
    double numbers[3];
    if (out->n_moved == VERDICT_SUMMARY_MAX || !out->n_moved_more ||
        split(line, WORDS_MAX, words) != WORDS_MAX || words[1].n != 2 ||
        !num_parse_i64(words[2].at, words[2].n, &since_s))
        return;
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (!num_parse_f64(words[3 + i].at, words[3 + i].n, &numbers[i]))
            return;
    *metric = (struct verdict_metric){
        .name = arena_strndup(arena, words[6].at, words[6].n),
        .direction = (enum verdict_direction)letter(directions, words[1].at[0]),
        .harm = (enum verdict_harm)letter(harms, words[1].at[1]),
        .before = numbers[0],
        .after = numbers[1],
        .effect = numbers[2],
        .usual_low = NAN,
        .usual_high = NAN,
        .p = NAN,
        .share = NAN,
        .since_s = since_s,
        .would_see = NAN,
    };
    out->n_moved++;
    out->n_moved_more--;
}

static void read_seen(struct str line, struct arena *arena, struct verdict *out)
{
    struct str words[3];
    double share;
    if (out->n_unmoved == VERDICT_SUMMARY_MAX || split(line, 3, words) != 3 ||
        !num_parse_f64(words[1].at, words[1].n, &share))
        return;
    out->unmoved[out->n_unmoved++] = (struct verdict_metric){
        .name = arena_strndup(arena, words[2].at, words[2].n),
        .before = 1.0,
        .after = NAN,
        .effect = NAN,
        .usual_low = NAN,
        .usual_high = NAN,
        .p = NAN,
        .share = NAN,
        .would_see = share,
    };
}

static void read_reason(struct str line, struct arena *arena, struct verdict *out)
{
    if (out->n_reasons || line.n < 2)
        return;
    out->reasons = arena_array(arena, 1, const char *);
    out->reasons[out->n_reasons++] = arena_strndup(arena, line.at + 2, line.n - 2);
}

/* As few as there are: they are big, and a list has many verdicts. */
static struct verdict_metric *room_for(const char *prefix, struct str text, struct arena *arena)
{
    struct str line;
    size_t n = 0;
    while (n < VERDICT_SUMMARY_MAX && str_split(&text, '\n', &line))
        n += str_starts(line, prefix);
    return arena_array(arena, n, struct verdict_metric);
}

bool summary_decode(struct str text, struct arena *arena, struct verdict *out)
{
    struct verdict verdict = verdict_blank();
    struct str line;
    if (!str_split(&text, '\n', &line) || !read_head(line, arena, &verdict))
        return false;
    verdict.moved = room_for("m ", text, arena);
    verdict.unmoved = room_for("s ", text, arena);
    while (str_split(&text, '\n', &line)) {
        if (str_starts(line, "m "))
            read_moved(line, arena, &verdict);
        else if (str_starts(line, "s "))
            read_seen(line, arena, &verdict);
        else if (str_starts(line, "r "))
            read_reason(line, arena, &verdict);
    }
    *out = verdict;
    return true;
}
