/* ledger_bench: how fast a big ledger takes and finds changes.
 *
 *   ledger_bench FOLDER [changes]      default 1,000,000; a FOLDER that has them is only asked
 *
 * Changes are deploys of 200 services by 60 people over three years, some failed, some of staging; every
 * thousandth is a flag. The newest thousand are judged, every twentieth harm. Prints what a change and a
 * verdict cost to record, how long opening takes, and a line a question: answers, median and most
 * milliseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/num.h"
#include "ledger/ledger.h"
#include "os/realtime.h"

enum { ROUNDS = 21, SHOWN = 30, SERVICES = 200, PEOPLE = 60, JUDGED = 1000, METRICS = 42 };

static const char *const words[] = {"fix",  "login", "cart",   "search", "cache", "timeout",
                                    "bump", "retry", "schema", "banner", "queue", "index"};

static struct change make(uint32_t i, struct arena *arena)
{
    struct change change = change_blank();
    const uint32_t mixed = i * 2654435761u;
    change.kind = i % 1000 == 7 ? CHANGE_FLAG : CHANGE_DEPLOY;
    change.service = arena_printf(arena, "team%u/service-%03u", mixed % 20, mixed % SERVICES);
    change.by = arena_printf(arena, "person%02u", mixed / 7 % PEOPLE);
    change.env = mixed % 5 ? "production" : "staging";
    change.rev = arena_printf(arena, "%08x%08x%08x", mixed, ~mixed, mixed ^ 0x5bd1e995u);
    change.msg = arena_printf(arena, "%s the %s %s of #%u", words[mixed % 12],
                              words[mixed / 12 % 12], words[mixed / 144 % 12], i);
    change.source = "bench";
    change.key = arena_printf(arena, "%u", i);
    change.start_ms = INT64_C(1700000000000) + (int64_t)i * 95000;
    change.end_ms = change.start_ms + 60000;
    change.status = mixed % 50 ? STATUS_SUCCEEDED : STATUS_FAILED;
    return change;
}

static void stop(const struct err *err)
{
    fprintf(stderr, "ledger_bench: %s\n", err->text);
    exit(1);
}

static void fill(struct ledger *ledger, uint32_t from, uint32_t n)
{
    struct err err;
    struct arena arena;
    arena_init(&arena);
    const int64_t began_us = monotonic_us();
    for (uint32_t i = from; i < n; i++) {
        const struct change change = make(i, &arena);
        if (!ledger_post(ledger, &change, INT64_C(60000000), &err))
            stop(&err);
        arena_reset(&arena);
    }
    while (!ledger_barrier(ledger, &err))
        if (err.kind != ERR_BUSY) /* the queue is full still */
            stop(&err);
    arena_done(&arena);
    printf("recording %u: %.1f us each\n", n - from,
           (double)(monotonic_us() - began_us) / (double)(n - from));
}

static void judge(struct ledger *ledger, const struct change *change, uint32_t i)
{
    struct err err;
    struct verdict_metric metrics[METRICS];
    struct verdict verdict = verdict_blank();
    for (uint32_t k = 0; k < METRICS; k++) {
        const double before = 100.0 + k / 7.0;
        metrics[k] = (struct verdict_metric){.name = words[k % COUNT_OF(words)],
                                             .is_vital = k < 5,
                                             .before = before,
                                             .after = before * 1.1,
                                             .effect = before / 10.0,
                                             .usual_low = before * 0.9,
                                             .usual_high = before * 1.2,
                                             .p = 0.01,
                                             .rank = 3,
                                             .n_rank = 280,
                                             .share = 0.8,
                                             .since_s = 1700000000,
                                             .would_see = before / 20.0,
                                             .n_spark = VERDICT_SPARK_MAX};
        for (uint32_t s = 0; s < VERDICT_SPARK_MAX; s++)
            metrics[k].spark[s] = before + s / 3.0;
    }
    const bool is_harm = i % 20 == 0;
    verdict.change = change->id;
    verdict.stage = VERDICT_1H;
    verdict.state = is_harm ? VERDICT_HARM : VERDICT_NO_HARM;
    verdict.n_checked = METRICS;
    verdict.moved = metrics;
    verdict.n_moved = is_harm ? 3 : 0;
    verdict.unmoved = metrics + verdict.n_moved;
    verdict.n_unmoved = METRICS - verdict.n_moved;
    if (!ledger_verdict_put(ledger, &verdict, &err))
        stop(&err);
}

/* Those of the newest that are not yet. */
static void judge_all(struct ledger *ledger)
{
    struct err err;
    struct arena arena;
    struct change_list list = {0};
    arena_init(&arena);
    const struct changes changes = ledger_changes(ledger);
    const struct change_query query = {.kind = -1, .n_max = JUDGED};
    if (!changes.ops->list(changes.self, &query, &arena, &list, &err))
        stop(&err);
    const int64_t began_us = monotonic_us();
    uint32_t n = 0;
    for (size_t i = 0; i < list.n; i++)
        if (!list.items[i].verdict)
            judge(ledger, &list.items[i], n++);
    if (n)
        printf("a verdict: %.1f us each, on disk\n", (double)(monotonic_us() - began_us) / n);
    arena_done(&arena);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void ask(struct ledger *ledger, const char *name, struct change_query query)
{
    const struct changes changes = ledger_changes(ledger);
    double took_ms[ROUNDS];
    size_t n = 0;
    struct err err;
    query.n_max = SHOWN;
    if (query.kind == 0)
        query.kind = -1;
    for (int i = 0; i < ROUNDS; i++) {
        struct arena arena;
        struct change_list list = {0};
        arena_init(&arena);
        const int64_t began_us = monotonic_us();
        if (!changes.ops->list(changes.self, &query, &arena, &list, &err))
            stop(&err);
        took_ms[i] = (double)(monotonic_us() - began_us) / 1000.0;
        n = list.n;
        arena_done(&arena);
    }
    qsort(took_ms, ROUNDS, sizeof took_ms[0], by_size);
    printf("%-34s %3zu changes %8.2f ms %8.2f\n", name, n, took_ms[ROUNDS / 2],
           took_ms[ROUNDS - 1]);
}

int main(int argc, char **argv)
{
    struct err err;
    struct arena arena;
    arena_init(&arena);
    int64_t n = 1000000;
    if (argc > 2 && !num_parse_i64(argv[2], strlen(argv[2]), &n)) {
        fprintf(stderr, "ledger_bench: '%s' is not a number of changes\n", argv[2]);
        return 2;
    }
    const char *path = arena_printf(&arena, "%s/ledger.db", argc > 1 ? argv[1] : ".");
    const struct ledger_options options = {.path = path, .clock = clock_system()};
    struct ledger *ledger;
    const int64_t began_us = monotonic_us();
    if (!ledger_open(&options, &ledger, &err))
        stop(&err);
    struct ledger_stats stats;
    ledger_stats(ledger, &stats);
    printf("opening with %llu changes: %.2f s\n", (unsigned long long)stats.n_changes,
           (double)(monotonic_us() - began_us) / 1e6);
    if ((int64_t)stats.n_changes < n)
        fill(ledger, (uint32_t)stats.n_changes, (uint32_t)n);
    struct stat about;
    if (stat(path, &about) == 0)
        printf("%.0f bytes a change on disk\n", (double)about.st_size / (double)n);
    ask(ledger, "log -n 30, before any is judged", (struct change_query){0});
    judge_all(ledger);
    ask(ledger, "log -n 30", (struct change_query){0});
    ask(ledger, "harm", (struct change_query){.verdict = VERDICT_HARM + 1});
    ask(ledger, "a team's harm",
        (struct change_query){.service = "team7", .verdict = VERDICT_HARM + 1});
    ask(ledger, "not judged", (struct change_query){.verdict = VERDICT_PENDING + 1});
    ask(ledger, "one service", (struct change_query){.service = "team7/service-007"});
    ask(ledger, "a team's services", (struct change_query){.service = "team7"});
    ask(ledger, "by", (struct change_query){.by = "person07"});
    ask(ledger, "failed", (struct change_query){.status = STATUS_FAILED + 1});
    ask(ledger, "kind flag", (struct change_query){.kind = CHANGE_FLAG});
    ask(ledger, "a service's failed ones",
        (struct change_query){.service = "team7/service-007", .status = STATUS_FAILED + 1});
    ask(ledger, "a day, two years ago",
        (struct change_query){.from_ms = INT64_C(1730000000000),
                              .until_ms = INT64_C(1730086400000)});
    ask(ledger, "a word of every sixth", (struct change_query){.text = "login"});
    ask(ledger, "three words", (struct change_query){.text = "fix login cart"});
    ask(ledger, "a word of one", (struct change_query){.text = "123456"});
    ask(ledger, "a word of none", (struct change_query){.text = "zebra"});
    ask(ledger, "a word of a service", (struct change_query){.text = "login", .service = "team7"});
    ask(ledger, "nobody's", (struct change_query){.by = "nobody"});
    ledger_close(ledger);
    arena_done(&arena);
    return 0;
}
