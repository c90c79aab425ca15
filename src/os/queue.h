/* Bounded queue of pointers between threads: any number of them on either side. */
#pragma once

#include "base/base.h"

struct queue;

MUST_CHECK struct queue *queue_new(size_t capacity);
void queue_free(struct queue *queue); /* must be empty of owners: items are not freed */

/* False when full (and that is counted) or closed. */
MUST_CHECK bool queue_push(struct queue *queue, void *item);
/* Waits for room up to wait_us. False: still full, or closed. */
MUST_CHECK bool queue_push_wait(struct queue *queue, void *item, int64_t wait_us);
/* Waits up to wait_us (negative: for ever); NULL: nothing came, or closed and empty. */
void *queue_pop(struct queue *queue, int64_t wait_us);
/* No more pushes; poppers get what is left, then NULL at once. */
void queue_close(struct queue *queue);
bool queue_is_closed(struct queue *queue);
size_t queue_count(struct queue *queue);
uint64_t queue_refused(struct queue *queue);
