#include "store/rooms.h"

#include <pthread.h>

#include "base/mem.h"
#include "os/pages.h"

enum {
    SIZES = 32,                 /* ROOM_BYTES_MIN times 2^i */
    KEPT_BYTES_MAX = 128 << 20, /* what one writing of late points sets free */
    PAGES_BYTES_MIN = 4 << 20   /* of blocks that come straight from the kernel */
};

/* In front of a block that nobody has. */
struct room {
    struct room *next;
};

struct rooms {
    pthread_mutex_t lock;
    struct room *free[SIZES];
    size_t bytes; /* of those */
};

struct rooms *rooms_new(void)
{
    struct rooms *rooms = mem_zalloc(sizeof(struct rooms));
    pthread_mutex_init(&rooms->lock, NULL);
    return rooms;
}

static size_t size_of(size_t bytes)
{
    BUG_IF(bytes < ROOM_BYTES_MIN || (bytes & (bytes - 1)) != 0);
    return (size_t)__builtin_ctzll(bytes / ROOM_BYTES_MIN);
}

static void block_free(void *at, size_t bytes)
{
    if (bytes < PAGES_BYTES_MIN)
        mem_free(at);
    else
        pages_free(at, bytes);
}

static void *block_new(size_t bytes)
{
    if (bytes < PAGES_BYTES_MIN)
        return mem_alloc(bytes);
    return pages_new(bytes);
}

void *rooms_take(struct rooms *rooms, size_t bytes)
{
    const size_t i = size_of(bytes);

    pthread_mutex_lock(&rooms->lock);
    struct room *room = rooms->free[i];
    if (room) {
        rooms->free[i] = room->next;
        rooms->bytes -= bytes;
    }
    pthread_mutex_unlock(&rooms->lock);
    return room ? room : block_new(bytes);
}

void rooms_give(struct rooms *rooms, void *at, size_t bytes)
{
    struct room *room = at;
    const size_t i = size_of(bytes);

    pthread_mutex_lock(&rooms->lock);
    const bool is_kept = rooms->bytes + bytes <= KEPT_BYTES_MAX;
    if (is_kept) {
        room->next = rooms->free[i];
        rooms->free[i] = room;
        rooms->bytes += bytes;
    }
    pthread_mutex_unlock(&rooms->lock);
    if (!is_kept)
        block_free(at, bytes);
}

void rooms_trim(struct rooms *rooms)
{
    struct room *free[SIZES];

    pthread_mutex_lock(&rooms->lock);
    for (size_t i = 0; i < SIZES; i++) {
        free[i] = rooms->free[i];
        rooms->free[i] = NULL;
    }
    rooms->bytes = 0;
    pthread_mutex_unlock(&rooms->lock);
    for (size_t i = 0; i < SIZES; i++)
        while (free[i]) {
            struct room *next = free[i]->next;
            block_free(free[i], (size_t)ROOM_BYTES_MIN << i);
            free[i] = next;
        }
}

void rooms_free(struct rooms *rooms)
{
    if (!rooms)
        return;
    rooms_trim(rooms);
    pthread_mutex_destroy(&rooms->lock);
    mem_free(rooms);
}
