#include "store/shared.h"

struct shared_tuning shared_tuning_usual(void)
{
    return (struct shared_tuning){
        .wal_segment_bytes = WAL_SEGMENT_BYTES,
        .wal_bytes_max = 1u << 30,      /* about a second of replay */
        .late_flush_bytes = 128u << 20, /* sixteen million points in panes, five in lists */
        .late_bytes_max = 512u << 20,
        .late_flush_us = 600 * 1000000ll,
        .late_run = 32,    /* 128 bytes a point if no others follow, 8 in a replay */
        .files_merge = 12, /* of 64 slots: units of 720 fill up */
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
    floor_s = max_i64(0, of->created_s - shared_retention_s(&of->schema, level));
    return floor_s - floor_s % of->schema.archives[level + 1].step_s;
}

bool shared_level(const struct files_version *version, const struct head_class *of, int64_t at_s,
                  int64_t now_s, size_t *out)
{
    const size_t last = of->schema.n_archives - 1;

    if (now_s - at_s >= shared_retention_s(&of->schema, last))
        return false;
    size_t level = 0;
    while (level < last && at_s < shared_floor_s(version, of, level))
        level++;
    *out = level;
    return true;
}
