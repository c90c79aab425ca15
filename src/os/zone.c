#include "os/zone.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "os/file.h"

enum {
    ZONE_FILE_BYTES_MAX = 64 * 1024, /* the largest in tzdata has 4 KB */
    ZONES_MAX = 4000, /* there are about 1,800, with posix/ and right/; names cannot grow it */
};

/* Zones live as long as the process; the lock guards the table only. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct map *zones;

static struct tz *load_file(const char *name, const char *path)
{
    CLEANUP(buf_done) struct buf bytes;
    buf_init(&bytes, ZONE_FILE_BYTES_MAX);
    struct tz *tz = NULL;
    struct err err;
    if (!file_read_all(path, &bytes, &err) || !tz_parse(name, bytes.at, bytes.n, &tz, &err))
        return NULL;
    return tz;
}

/* Area/City, Etc/GMT+1, EST5EDT: no way out of the zoneinfo folder, and one spelling a file. */
static bool is_zone_name(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > 64 || name[0] == '/' || strstr(name, "//"))
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && !strchr("/_+-", c))
            return false;
    }
    return true;
}

static struct tz *cached(const char *name)
{
    pthread_mutex_lock(&mutex);
    struct tz *tz = zones ? map_get(zones, name, strlen(name)) : NULL;
    pthread_mutex_unlock(&mutex);
    return tz;
}

/* Keeps tz, or the one that another thread loaded first. NULL when the table is full: a zone that
 * nobody keeps could never be freed. */
static const struct tz *keep(const char *name, struct tz *tz)
{
    pthread_mutex_lock(&mutex);
    if (!zones)
        zones = map_new();
    struct tz *first = map_get(zones, name, strlen(name));
    bool is_kept = !first && map_count(zones) < ZONES_MAX;
    if (is_kept)
        map_put(zones, name, strlen(name), tz);
    pthread_mutex_unlock(&mutex);
    if (is_kept)
        return tz;
    tz_free(tz);
    return first;
}

const struct tz *zone_find(const char *name)
{
    if (strcmp(name, "UTC") == 0)
        return tz_utc();
    if (!is_zone_name(name))
        return NULL;
    struct tz *tz = cached(name);
    if (tz)
        return tz;
    char path[128];
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    tz = load_file(name, path);
    return tz ? keep(name, tz) : NULL;
}

static const struct tz *local_now;

static void find_local(void)
{
    const char *wanted =
        getenv("TZ"); /* once, and nobody here sets it: NOLINT(concurrency-mt-unsafe) */
    if (wanted && wanted[0] == ':')
        wanted++;
    if (wanted && wanted[0])
        local_now = zone_find(wanted);
    else
        local_now = load_file("local", "/etc/localtime");
    if (!local_now)
        local_now = tz_utc();
}

const struct tz *zone_local(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_local);
    return local_now;
}
