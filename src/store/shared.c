#include "store/shared.h"

struct shared_tuning shared_tuning_usual(void)
{
    return (struct shared_tuning){
        .wal_segment_bytes = WAL_SEGMENT_BYTES,
        .wal_bytes_max = 1u << 30,     /* about a second of replay */
        .late_flush_bytes = 64u << 20, /* eight million points in panes, three in lists */
        .late_bytes_max = 512u << 20,
        .late_flush_us = 600 * 1000000ll,
        .late_quiet_bytes = 1u << 20,
        .late_quiet_us = 5 * 1000000ll,
        .late_run = 32,    /* 128 bytes a point if no others follow, 8 in a replay */
        .files_merge = 12, /* of 64 slots: units of 720 fill up */
        .merge_turn_us = 1000000,
        .cold_wait_us = 600 * 1000000ll,
        .sweep_us = 600 * 1000000ll,
    };
}

/* The deletion marks the id as dead, then drops its lane under the lock that head_lane_take has: so
 * either it finds the lane, or the id is seen to be dead here. */
uint32_t shared_lane_take(struct store *store, struct head_class *of, uint32_t id)
{
    const uint32_t lane = head_lane_take(store->head, of, id);
    if (!names_is_dead(store->names, id))
        return lane;
    head_lane_drop(store->head, id);
    return HEAD_LANE_NONE;
}

int64_t shared_retention_s(const struct schema *schema, size_t level)
{
    return (int64_t)schema->archives[level].step_s * schema->archives[level].n_points;
}

int64_t shared_floor_s(const struct files_version *version, const struct head_class *of,
                       size_t level)
{
    if (level + 1 >= of->schema.n_archives)
        return 0;
    int64_t floor_s = version ? version->floors_s[of->no][level] : 0;
    if (floor_s != 0)
        return floor_s;
    /* not above the head's window: what is in its columns is the finest archive's */
    const int64_t window_s =
        (int64_t)head_window_at(&of->schema, of->created_s) * of->schema.archives[0].step_s;
    floor_s = max_i64(0, of->created_s - shared_retention_s(&of->schema, level));
    floor_s = min_i64(floor_s, window_s);
    return floor_s - floor_s % of->schema.archives[level + 1].step_s;
}

size_t shared_level_of(const struct files_version *version, const struct head_class *of,
                       int64_t at_s)
{
    size_t level = of->schema.n_archives - 1;
    while (level > 0 && at_s >= shared_floor_s(version, of, level - 1))
        level--;
    return level;
}

bool shared_level(const struct files_version *version, const struct head_class *of, int64_t at_s,
                  int64_t now_s, size_t *out)
{
    if (now_s - at_s >= shared_retention_s(&of->schema, of->schema.n_archives - 1))
        return false;
    *out = shared_level_of(version, of, at_s);
    return true;
}
