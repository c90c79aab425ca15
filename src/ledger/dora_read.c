#include "ledger/dora_read.h"

#include <stdlib.h>
#include <string.h>

static int by_start(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    if (x->start_ms != y->start_ms)
        return x->start_ms < y->start_ms ? -1 : 1;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

bool dora_read_changes(struct ledger *ledger, int64_t from_ms, struct arena *arena,
                       struct change_list *out, struct err *err)
{
    static const enum change_kind kinds[] = {CHANGE_DEPLOY, CHANGE_INCIDENT};
    const struct changes changes = ledger_changes(ledger);
    struct change_list all = {0};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct change_list some = {0};
        const struct change_query query = {
            .from_ms = from_ms, .until_ms = INT64_MAX, .kind = (int)kinds[i], .oldest_first = true};
        if (!changes.ops->list(changes.self, &query, arena, &some, err))
            return false;
        arena_grow(arena, &all.items, &all.cap, all.n + some.n, sizeof *all.items);
        for (size_t k = 0; k < some.n; k++)
            all.items[all.n++] = some.items[k];
    }
    if (all.n)
        qsort(all.items, all.n, sizeof *all.items, by_start);
    *out = all;
    return true;
}

bool dora_read_commits(void *self, const struct change *deploy, struct arena *arena,
                       struct commit_list *out, struct err *err)
{
    const struct ledger_revs revs = {deploy->service, deploy->prev, deploy->rev};
    *out = (struct commit_list){0};
    if (!deploy->prev[0] || !deploy->rev[0])
        return true;
    struct err why;
    if (ledger_commits_between(self, &revs, arena, out, &why))
        return true;
    *out = (struct commit_list){0};
    if (why.kind == ERR_MISSING || why.kind == ERR_INPUT || why.kind == ERR_LIMIT)
        return true;
    *err = why;
    return false;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t dora_read_services(const struct dora_wish *wish, struct arena *arena,
                          const char *const **out)
{
    const char **names = arena_array(arena, wish->n_changes, const char *);
    size_t n = 0, n_once = 0;
    for (size_t i = 0; i < wish->n_changes; i++) {
        const struct change *change = &wish->changes[i];
        if (change->kind == CHANGE_DEPLOY && change->status == STATUS_SUCCEEDED &&
            !change->is_posted && !change->is_retracted && strcmp(change->env, wish->env) == 0 &&
            change->start_ms >= wish->from_ms && change->start_ms < wish->until_ms)
            names[n++] = change->service;
    }
    if (n)
        qsort(names, n, sizeof *names, by_text);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(names[i], names[n_once - 1]) != 0)
            names[n_once++] = names[i];
    *out = names;
    return n_once;
}
