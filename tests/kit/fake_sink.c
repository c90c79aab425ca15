#include "kit/fake_sink.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/map.h"
#include "base/mem.h"
#include "model/name.h"

enum {
    NAME_SLACK = 65, /* the blank and what the seam promises after it */
    WAIT_S = 10,
};

struct sink_writer {
    struct fake_sink *fake;
    size_t n_uncommitted;
};

struct fake_sink {
    pthread_mutex_t mutex; /* of everything below */
    pthread_cond_t changed;
    struct map *ids;    /* canonical name -> id + 1 */
    const char **names; /* by id */
    size_t names_cap;
    struct map *gone; /* ids of deleted series */
    uint64_t n_renamings;
    struct sink_point *points;
    size_t points_cap;
    struct fake_sink_faults faults;
    struct fake_sink_stats stats;
};

struct fake_sink *fake_sink_new(void)
{
    struct fake_sink *fake = mem_zalloc(sizeof *fake);
    pthread_mutex_init(&fake->mutex, NULL);
    pthread_cond_init(&fake->changed, NULL);
    fake->ids = map_new();
    fake->gone = map_new();
    return fake;
}

void fake_sink_free(struct fake_sink *fake)
{
    for (size_t i = 0; i < fake->stats.n_names; i++)
        mem_free((void *)(uintptr_t)fake->names[i]);
    mem_free(fake->names);
    mem_free(fake->points);
    map_free(fake->ids);
    map_free(fake->gone);
    pthread_cond_destroy(&fake->changed);
    pthread_mutex_destroy(&fake->mutex);
    mem_free(fake);
}

static bool writer_open(void *self, struct sink_writer **out, struct err *err)
{
    struct fake_sink *fake = self;
    (void)err;
    *out = mem_zalloc(sizeof **out);
    (*out)->fake = fake;
    pthread_mutex_lock(&fake->mutex);
    fake->stats.n_writers++;
    pthread_mutex_unlock(&fake->mutex);
    return true;
}

static void writer_close(struct sink_writer *writer)
{
    pthread_mutex_lock(&writer->fake->mutex);
    writer->fake->stats.n_writers--;
    pthread_mutex_unlock(&writer->fake->mutex);
    mem_free(writer);
}

/* One fault of a kind less; true while there are any. */
static bool use_up(unsigned *io_left)
{
    if (*io_left == 0)
        return false;
    --*io_left;
    return true;
}

static enum sink_fate find_or_add(struct fake_sink *fake, struct str raw, uint32_t *out_id)
{
    char canonical[NAME_BYTES_MAX + 1];
    size_t n = 0;
    *out_id = SINK_ID_NONE;
    if (name_normalise(raw, canonical, &n) != NAME_OK)
        return SINK_NAME_BAD;
    const uintptr_t found = (uintptr_t)map_get(fake->ids, canonical, n);
    if (found) {
        *out_id = (uint32_t)(found - 1);
        return SINK_OK;
    }
    const size_t id = fake->stats.n_names;
    if (fake->faults.n_names_max && id >= fake->faults.n_names_max)
        return SINK_NAME_LIMIT;
    char *name = mem_zalloc(n + 1 + n + NAME_SLACK);
    memcpy(name, canonical, n);
    name[n] = ' ';
    memcpy(name + n + 1, canonical, n); /* to be shown */
    mem_grow(&fake->names, &fake->names_cap, id + 1, sizeof *fake->names);
    fake->names[id] = name;
    fake->stats.n_names++;
    (void)map_put(fake->ids, canonical, n, (void *)(uintptr_t)(id + 1));
    *out_id = (uint32_t)id;
    return SINK_OK;
}

static void resolve(struct sink_writer *writer, const struct str *names, size_t n,
                    uint32_t *out_ids, enum sink_fate *out_fates)
{
    struct fake_sink *fake = writer->fake;
    pthread_mutex_lock(&fake->mutex);
    fake->stats.n_resolves++;
    fake->stats.n_resolved += n;
    const bool is_full = use_up(&fake->faults.n_resolves);
    for (size_t i = 0; i < n; i++) {
        out_fates[i] = is_full ? SINK_DISK : find_or_add(fake, names[i], &out_ids[i]);
        if (is_full)
            out_ids[i] = SINK_ID_NONE;
        fake->stats.n_disk_fates += is_full;
    }
    pthread_mutex_unlock(&fake->mutex);
}

static struct sink_name name(struct sink_writer *writer, uint32_t id)
{
    struct fake_sink *fake = writer->fake;
    pthread_mutex_lock(&fake->mutex);
    const char *at = fake->names[id];
    pthread_mutex_unlock(&fake->mutex);
    return (struct sink_name){.at = at, .n = (uint32_t)(strchr(at, ' ') - at)};
}

static enum sink_fate fate_of(const struct fake_sink *fake, const struct sink_point *point)
{
    if (map_get(fake->gone, (const char *)&point->id, sizeof point->id))
        return SINK_GONE;
    return point->at_s < fake->faults.oldest_s ? SINK_TOO_OLD : SINK_OK;
}

static size_t put(struct sink_writer *writer, const struct sink_point *points, size_t n,
                  enum sink_fate *out_fates)
{
    struct fake_sink *fake = writer->fake;
    size_t n_stored = 0;
    pthread_mutex_lock(&fake->mutex);
    fake->stats.n_puts++;
    const size_t n_taken = use_up(&fake->faults.n_puts) ? min_size(n, fake->faults.put_keeps) : n;
    for (size_t i = 0; i < n; i++) {
        out_fates[i] = i >= n_taken ? SINK_DISK : fate_of(fake, &points[i]);
        fake->stats.n_disk_fates += out_fates[i] == SINK_DISK;
        if (out_fates[i] != SINK_OK)
            continue;
        BUG_IF(points[i].id >= fake->stats.n_names);
        mem_grow(&fake->points, &fake->points_cap, fake->stats.n_points + 1, sizeof *points);
        fake->points[fake->stats.n_points++] = points[i];
        n_stored++;
    }
    writer->n_uncommitted += n_stored;
    fake->stats.n_uncommitted += n_stored;
    pthread_mutex_unlock(&fake->mutex);
    return n_stored;
}

static bool commit(struct sink_writer *writer, struct err *err)
{
    struct fake_sink *fake = writer->fake;
    pthread_mutex_lock(&fake->mutex);
    fake->stats.n_commits++;
    const bool is_full = use_up(&fake->faults.n_commits);
    if (!is_full) {
        fake->stats.n_uncommitted -= writer->n_uncommitted;
        writer->n_uncommitted = 0;
        pthread_cond_broadcast(&fake->changed);
    }
    pthread_mutex_unlock(&fake->mutex);
    errno = ENOSPC;
    return !is_full || FAIL(err, ERR_IO, "write the log");
}

static bool barrier(void *self, struct err *err)
{
    (void)self;
    (void)err;
    return true;
}

static uint64_t n_renamings(void *self)
{
    struct fake_sink *fake = self;
    pthread_mutex_lock(&fake->mutex);
    const uint64_t n = fake->n_renamings;
    pthread_mutex_unlock(&fake->mutex);
    return n;
}

void fake_sink_delete(struct fake_sink *fake, const char *wanted, bool is_told)
{
    pthread_mutex_lock(&fake->mutex);
    const uintptr_t found = (uintptr_t)map_get(fake->ids, wanted, strlen(wanted));
    BUG_IF(found == 0);
    const uint32_t id = (uint32_t)(found - 1);
    (void)map_put(fake->ids, wanted, strlen(wanted), NULL);
    (void)map_put(fake->gone, (const char *)&id, sizeof id, fake);
    fake->n_renamings += is_told;
    pthread_mutex_unlock(&fake->mutex);
}

struct sink fake_sink(struct fake_sink *fake)
{
    static const struct sink_ops ops = {
        .writer_open = writer_open,
        .writer_close = writer_close,
        .resolve = resolve,
        .name = name,
        .put = put,
        .commit = commit,
        .barrier = barrier,
        .n_renamings = n_renamings,
    };
    return (struct sink){.ops = &ops, .self = fake};
}

void fake_sink_set_faults(struct fake_sink *fake, const struct fake_sink_faults *faults)
{
    pthread_mutex_lock(&fake->mutex);
    fake->faults = *faults;
    pthread_mutex_unlock(&fake->mutex);
}

struct fake_sink_stats fake_sink_stats(struct fake_sink *fake)
{
    pthread_mutex_lock(&fake->mutex);
    const struct fake_sink_stats stats = fake->stats;
    pthread_mutex_unlock(&fake->mutex);
    return stats;
}

bool fake_sink_wait(struct fake_sink *fake, size_t n)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    int status = 0;
    pthread_mutex_lock(&fake->mutex);
    while (status == 0 && (fake->stats.n_points < n || fake->stats.n_uncommitted > 0))
        status = pthread_cond_timedwait(&fake->changed, &fake->mutex, &until);
    pthread_mutex_unlock(&fake->mutex);
    return status == 0;
}

struct fake_sink_point fake_sink_at(struct fake_sink *fake, size_t i)
{
    pthread_mutex_lock(&fake->mutex);
    BUG_IF(i >= fake->stats.n_points);
    const struct sink_point point = fake->points[i];
    const char *shown = strchr(fake->names[point.id], ' ') + 1;
    pthread_mutex_unlock(&fake->mutex);
    return (struct fake_sink_point){.name = shown, .at_s = point.at_s, .value = point.value};
}

size_t fake_sink_count(struct fake_sink *fake, const char *wanted, double *out_sum)
{
    size_t n = 0;
    double sum = 0;
    for (size_t i = 0; i < fake_sink_stats(fake).n_points; i++) {
        const struct fake_sink_point point = fake_sink_at(fake, i);
        if (strcmp(point.name, wanted) != 0)
            continue;
        n++;
        sum += point.value;
    }
    if (out_sum)
        *out_sum = sum;
    return n;
}
