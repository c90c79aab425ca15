#include "os/queue.h"

#include "base/mem.h"
#include "os/realtime.h"
#include "os/thread.h"

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t has_item, has_room;
    void **items; /* a ring */
    size_t capacity, first, n;
    uint64_t n_refused;
    bool is_closed;
};

struct queue *queue_new(size_t capacity)
{
    BUG_IF(capacity == 0);
    struct queue *queue = mem_zalloc(sizeof *queue);
    queue->items = mem_array(capacity, void *);
    queue->capacity = capacity;
    pthread_mutex_init(&queue->mutex, NULL);
    cond_init(&queue->has_item);
    cond_init(&queue->has_room);
    return queue;
}

void queue_free(struct queue *queue)
{
    if (!queue)
        return;
    pthread_cond_destroy(&queue->has_item);
    pthread_cond_destroy(&queue->has_room);
    pthread_mutex_destroy(&queue->mutex);
    mem_free(queue->items);
    mem_free(queue);
}

bool queue_push(struct queue *queue, void *item)
{
    return queue_push_wait(queue, item, 0);
}

bool queue_push_wait(struct queue *queue, void *item, int64_t wait_us)
{
    int64_t until = monotonic_us() + wait_us;
    pthread_mutex_lock(&queue->mutex);
    while (queue->n == queue->capacity && !queue->is_closed) {
        int64_t left = until - monotonic_us();
        if (left <= 0)
            break;
        cond_wait_us(&queue->has_room, &queue->mutex, left);
    }
    bool has_room = queue->n < queue->capacity && !queue->is_closed;
    if (has_room)
        queue->items[(queue->first + queue->n++) % queue->capacity] = item;
    else
        queue->n_refused++;
    pthread_mutex_unlock(&queue->mutex);
    if (has_room)
        pthread_cond_signal(&queue->has_item);
    return has_room;
}

void *queue_pop(struct queue *queue, int64_t wait_us)
{
    int64_t until = monotonic_us() + wait_us;
    pthread_mutex_lock(&queue->mutex);
    while (queue->n == 0 && !queue->is_closed) {
        if (wait_us < 0) {
            pthread_cond_wait(&queue->has_item, &queue->mutex);
            continue;
        }
        int64_t left = until - monotonic_us();
        if (left <= 0)
            break;
        cond_wait_us(&queue->has_item, &queue->mutex, left);
    }
    void *item = NULL;
    if (queue->n) {
        item = queue->items[queue->first];
        queue->first = (queue->first + 1) % queue->capacity;
        queue->n--;
    }
    pthread_mutex_unlock(&queue->mutex);
    if (item)
        pthread_cond_signal(&queue->has_room);
    return item;
}

void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->is_closed = true;
    pthread_mutex_unlock(&queue->mutex);
    pthread_cond_broadcast(&queue->has_item);
    pthread_cond_broadcast(&queue->has_room);
}

bool queue_is_closed(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    bool is_closed = queue->is_closed;
    pthread_mutex_unlock(&queue->mutex);
    return is_closed;
}

size_t queue_count(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    size_t n = queue->n;
    pthread_mutex_unlock(&queue->mutex);
    return n;
}

uint64_t queue_refused(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    uint64_t n = queue->n_refused;
    pthread_mutex_unlock(&queue->mutex);
    return n;
}
