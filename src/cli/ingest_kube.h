/* What kubectl tells of deployments, stateful sets and daemon sets, as changes. Pure: bytes in, changes
 * out. One thread.
 *
 *   1. Only what is seen to happen is told: an object that is new to us is news only if it was made, or
 *      was rolled out, after since_ms, or if a rollout is under way.
 *   2. A rollout begins where the pod template changes with the generation, and has that generation's
 *      key; it ends when every pod is updated and available, when its deadline is over, or when the
 *      next one takes its place.
 *   3. A generation that only wants another number of pods is an infra change, action scale. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "model/change.h"

struct ingest_kube_options {
    const char *service, *env; /* "": as the objects say; production */
    int64_t since_ms;
    bool without_scaling;
};

struct ingest_kube;

/* The options are lent until it is freed. */
MUST_CHECK struct ingest_kube *ingest_kube_new(const struct ingest_kube_options *options);
void ingest_kube_free(struct ingest_kube *kube);

/* JSON objects one behind the other, in pieces of any size: lists, watch events, or bare objects, as -o
 * json writes them. Changes are added to out, strings in the arena; those before an error are there.
 *   err  ERR_INPUT something else, or a broken object; ERR_LIMIT one of more than 16 MiB */
MUST_CHECK bool ingest_kube_feed(struct ingest_kube *kube, struct str bytes, int64_t now_ms,
                                 struct arena *arena, struct change_list *out, struct err *err);
/* No more comes. err: ERR_INPUT when an object was cut off. */
MUST_CHECK bool ingest_kube_end(const struct ingest_kube *kube, struct err *err);
