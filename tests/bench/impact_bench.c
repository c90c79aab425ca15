/* Weighs recorded or made-up changes with the code that the server uses, for a scorer to compare with what
 * is known of them.
 *
 *   impact_bench CASES OUT [CASE_PREFIX]
 *
 * CASES holds a folder for each case: series.csv (t,metric,...; one step; an empty field is a gap),
 * changes.csv (id,t,kind,service,horizon_s), questions.csv (id,metric,t). A metric's service is the second
 * component of its name, or the first of two. OUT gets a JSON object a line: of each change and metric
 * p, score, moved, dir, effect, gate_min, cpu_us; of each question its cause. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/jsonw.h"
#include "base/num.h"
#include "impact/weigh.h"
#include "os/file.h"

enum { CASE_BYTES_MAX = 256 * 1024 * 1024, CASES_MAX = 10000 };

struct noted {
    const char *id, *service;
    int64_t at_s, horizon_s;
};

struct kase {
    struct arena arena;
    const char *dir, *id;
    const char **names, **services;
    double **values;
    uint32_t *groups;
    int64_t *times;
    size_t n_metrics, n_points;
    struct noted *changes;
    size_t n_changes;
    struct weigh_change *weighed;
};

static double cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "impact_bench: %s\n", what);
    exit(1);
}

static char *read_all(struct kase *kase, const char *name)
{
    struct buf buf;
    buf_init(&buf, CASE_BYTES_MAX);
    struct err err;
    if (!file_read_all(arena_printf(&kase->arena, "%s/%s", kase->dir, name), &buf, &err))
        give_up(err.text);
    char *text = arena_strndup(&kase->arena, (const char *)buf.at, buf.n);
    buf_done(&buf);
    return text;
}

/* Cuts the next line off; NULL after the last. */
static char *next_line(char **rest)
{
    char *line = *rest;
    if (!*line)
        return NULL;
    char *end = line + strcspn(line, "\n");
    *rest = *end ? end + 1 : end;
    *end = 0;
    line[strcspn(line, "\r")] = 0;
    return line;
}

static char *next_field(char **rest)
{
    char *field = *rest;
    if (!field)
        return NULL;
    char *end = strchr(field, ',');
    *rest = end ? end + 1 : NULL;
    if (end)
        *end = 0;
    return field;
}

static int64_t whole_number(const char *field)
{
    int64_t number;
    if (!field || !num_parse_i64(field, strlen(field), &number))
        give_up("a field is no whole number");
    return number;
}

static double value_of(const char *field)
{
    double value = NAN;
    if (field && *field && !num_parse_f64(field, strlen(field), &value))
        give_up("a field is no number");
    return value;
}

static size_t count_lines(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n + 1;
}

static const char *service_of(struct arena *arena, const char *name)
{
    const char *first = strchr(name, '.'), *second = first ? strchr(first + 1, '.') : NULL;
    if (second)
        return arena_strndup(arena, first + 1, (size_t)(second - first - 1));
    return first ? arena_strndup(arena, name, (size_t)(first - name)) : name;
}

static void read_series(struct kase *kase)
{
    char *text = read_all(kase, "series.csv");
    size_t n_max = count_lines(text);
    char *line = next_line(&text), *rest = line;
    size_t n = 0;
    for (const char *at = line; *at; at++)
        n += *at == ',';
    kase->names = arena_array(&kase->arena, n, const char *);
    kase->services = arena_array(&kase->arena, n, const char *);
    kase->groups = arena_zarray(&kase->arena, n, uint32_t);
    kase->values = arena_array(&kase->arena, n, double *);
    kase->times = arena_array(&kase->arena, n_max, int64_t);
    kase->n_metrics = n;
    (void)next_field(&rest);
    for (size_t m = 0; m < n; m++) {
        kase->names[m] = next_field(&rest);
        kase->services[m] = service_of(&kase->arena, kase->names[m]);
        kase->values[m] = arena_array(&kase->arena, n_max, double);
        while (strcmp(kase->services[kase->groups[m]], kase->services[m]) != 0)
            kase->groups[m]++;
    }
    for (; (line = next_line(&text)); kase->n_points++) {
        rest = line;
        kase->times[kase->n_points] = whole_number(next_field(&rest));
        for (size_t m = 0; m < n; m++) {
            kase->values[m][kase->n_points] = value_of(next_field(&rest));
        }
    }
    if (kase->n_points < 2)
        give_up("a case has fewer than two points");
}

static size_t index_of(const struct kase *kase, int64_t at_s)
{
    int64_t step = kase->times[1] - kase->times[0];
    return at_s < kase->times[0] ? 0 : (size_t)((at_s - kase->times[0]) / step + 1);
}

static void read_changes(struct kase *kase)
{
    char *text = read_all(kase, "changes.csv");
    size_t n_max = count_lines(text);
    kase->changes = arena_array(&kase->arena, n_max, struct noted);
    kase->weighed = arena_array(&kase->arena, n_max, struct weigh_change);
    char *line = next_line(&text);
    while ((line = next_line(&text))) {
        struct noted *change = &kase->changes[kase->n_changes];
        change->id = next_field(&line);
        change->at_s = whole_number(next_field(&line));
        (void)next_field(&line);
        change->service = next_field(&line);
        change->horizon_s = whole_number(next_field(&line));
        bool *own = arena_array(&kase->arena, kase->n_metrics, bool);
        for (size_t m = 0; m < kase->n_metrics; m++)
            own[m] = strcmp(change->service, "all") == 0 ||
                     strcmp(change->service, kase->services[m]) == 0;
        kase->weighed[kase->n_changes++] = (struct weigh_change){index_of(kase, change->at_s), own};
    }
}

static void put(struct jsonw *json, const char *key, double value)
{
    jsonw_put_f64(json, key, is_gap(value) ? 0 : value);
}

static void write_cell(struct jsonw *json, const struct kase *kase, size_t c, size_t m,
                       const struct weigh_cell *cell)
{
    double p = is_gap(cell->p) ? 1 : cell->p, chance = cell->is_judged ? cell->chance : 0;
    jsonw_object(json);
    jsonw_put_text(json, "case", kase->id);
    jsonw_put_text(json, "change", kase->changes[c].id);
    jsonw_put_text(json, "metric", kase->names[m]);
    put(json, "p", p);
    put(json, "score", log10((chance + 1e-9) / (1 - chance + 1e-9)));
    jsonw_put_bool(json, "moved", cell->has_moved);
    jsonw_put_text(json, "dir",
                   cell->direction == VERDICT_DOWN ? "down"
                   : cell->direction == VERDICT_UP ? "up"
                                                   : "erratic");
    put(json, "effect", cell->after - cell->expected);
    if (cell->alarm > 0) {
        int64_t step = kase->times[1] - kase->times[0];
        put(json, "gate_min", (double)cell->alarm * (double)step / 60);
    }
    put(json, "share", cell->share);
    put(json, "would_see", cell->would_see);
}

static void write_change(FILE *out, struct kase *kase, struct weigh *weigh, size_t c,
                         double learning_us)
{
    double began = cpu_us();
    struct weigh_cell *cells = arena_array(&kase->arena, kase->n_metrics, struct weigh_cell);
    int64_t horizon_s = kase->changes[c].horizon_s, step = kase->times[1] - kase->times[0];
    const struct weigh_changes changes = {kase->weighed, kase->n_changes, c};
    size_t until = changes.items[c].first + (size_t)(horizon_s / step);
    weigh_change(weigh, &changes, until, cells, NULL);
    double us = (cpu_us() - began) / (double)kase->n_metrics + learning_us;
    struct buf buf;
    buf_init(&buf, CASE_BYTES_MAX);
    for (size_t m = 0; m < kase->n_metrics; m++) {
        struct jsonw json;
        jsonw_init(&json, &buf, 0);
        write_cell(&json, kase, c, m, &cells[m]);
        put(&json, "cpu_us", us);
        jsonw_end(&json);
        buf_add_char(&buf, '\n');
    }
    fwrite(buf.at, 1, buf.n, out);
    buf_done(&buf);
}

static void write_questions(FILE *out, struct kase *kase, struct weigh *weigh, size_t horizon)
{
    char *text = read_all(kase, "questions.csv"), *line = next_line(&text);
    while ((line = next_line(&text))) {
        const char *id = next_field(&line), *name = next_field(&line);
        size_t at = index_of(kase, whole_number(next_field(&line))), m = 0, n = 0;
        while (m < kase->n_metrics && strcmp(kase->names[m], name) != 0)
            m++;
        if (m == kase->n_metrics)
            give_up("a question about no metric");
        struct weigh_change *near = arena_array(&kase->arena, kase->n_changes, struct weigh_change);
        const char **ids = arena_array(&kase->arena, kase->n_changes, const char *);
        size_t later = horizon / 6 > 5 ? horizon / 6 : 5;
        for (size_t c = 0; c < kase->n_changes; c++)
            if (kase->weighed[c].first + horizon >= at && kase->weighed[c].first <= at + later) {
                ids[n] = kase->changes[c].id;
                near[n++] = kase->weighed[c];
            }
        double *shares = arena_array(&kase->arena, n + 1, double), most = 0, none = 1;
        struct weigh_cell cell;
        weigh_question(weigh, &(struct weigh_question){m, at, kase->n_points},
                       &(struct weigh_changes){near, n, 0}, shares, &cell);
        const char *cause = "none";
        for (size_t c = 0; c < n; c++)
            none -= shares[c];
        for (size_t c = 0; c < n; c++)
            if (shares[c] > most) {
                most = shares[c];
                cause = ids[c];
            }
        fprintf(out, "{\"case\":\"%s\",\"q\":\"%s\",\"cause\":\"%s\"}\n", kase->id, id,
                n > 0 && most > none ? cause : "none");
    }
}

static void weigh_case(const char *dir, const char *id, FILE *out)
{
    struct kase kase = {.dir = dir, .id = id};
    arena_init(&kase.arena);
    read_series(&kase);
    read_changes(&kase);
    int64_t step = kase.times[1] - kase.times[0];
    struct weigh_panel panel = {
        .values = (const double *const *)kase.values,
        .groups = kase.groups,
        .n_metrics = kase.n_metrics,
        .n_points = kase.n_points,
        .day_points = (size_t)(86400 / step),
    };
    if (kase.n_changes > 0) {
        size_t horizon = (size_t)(kase.changes[0].horizon_s / step);
        struct weigh_options options = {horizon, kase.weighed[0].first, true};
        double began = cpu_us();
        struct weigh *weigh = weigh_new(&panel, &options, &kase.arena);
        double us = (cpu_us() - began) / (double)(kase.n_metrics * kase.n_changes);
        for (size_t c = 0; c < kase.n_changes; c++)
            write_change(out, &kase, weigh, c, us);
        write_questions(out, &kase, weigh, horizon);
    }
    arena_done(&kase.arena);
}

/* The names of the cases, sorted. */
struct cases {
    struct arena arena;
    const char *prefix, *names[CASES_MAX];
    size_t n;
};

static bool add_case(void *self, const char *name, struct err *err)
{
    struct cases *cases = self;
    if (name[0] == '.' || strncmp(name, cases->prefix, strlen(cases->prefix)) != 0)
        return true;
    if (cases->n == CASES_MAX)
        return FAIL(err, ERR_LIMIT, "more than %d cases", CASES_MAX);
    cases->names[cases->n++] = arena_strdup(&cases->arena, name);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool weigh_all(struct cases *cases, const char *dir, const char *out_path, struct err *err)
{
    if (!dir_each(dir, add_case, cases, err))
        return false;
    qsort(cases->names, cases->n, sizeof *cases->names, by_name);
    FILE *out = fopen(out_path, "w");
    if (!out)
        return FAIL(err, ERR_IO, "open '%s'", out_path);
    for (size_t i = 0; i < cases->n; i++)
        weigh_case(arena_printf(&cases->arena, "%s/%s", dir, cases->names[i]), cases->names[i],
                   out);
    return fclose(out) == 0 || FAIL(err, ERR_IO, "write '%s'", out_path);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        give_up("usage: impact_bench CASES OUT [CASE_PREFIX]");
    struct cases cases = {.prefix = argc > 3 ? argv[3] : ""};
    arena_init(&cases.arena);
    struct err err;
    bool is_done = weigh_all(&cases, argv[1], argv[2], &err);
    arena_done(&cases.arena);
    if (!is_done)
        give_up(err.text);
    return 0;
}
