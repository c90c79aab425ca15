#include "impact/concerns.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"

struct asking {
    const struct impact_rules *rules;
    struct map *names;    /* of metrics and targets */
    struct map *services; /* -> &is_own or &is_other */
};

static char is_own, is_other;

static struct map *names_of(const struct concerns_metrics *metrics)
{
    static char is_there;
    struct map *names = map_new();
    for (size_t i = 0; i < metrics->n_names; i++)
        if (!change_name_is(str_of(metrics->names[i])))
            map_put(names, metrics->names[i], strlen(metrics->names[i]), &is_there);
    return names;
}

static bool owns_any(const struct asking *a, const char *service)
{
    for (size_t i = 0; i < map_count(a->names); i++)
        if (rules_in_scope(a->rules, service, map_key(a->names, i)))
            return true;
    return false;
}

/* There are far fewer services than changes. */
static bool is_of_service(struct asking *a, const char *service)
{
    const size_t n = strlen(service);
    char *known = map_get(a->services, service, n);
    if (!known) {
        known = owns_any(a, service) ? &is_own : &is_other;
        map_put(a->services, service, n, known);
    }
    return known == &is_own;
}

static bool has_moved(const struct asking *a, const struct concerns_metrics *metrics,
                      const struct verdict *verdict)
{
    for (size_t k = 0; verdict && k < verdict->n_moved; k++) {
        const char *name = verdict->moved[k].name;
        if (map_get(a->names, name, strlen(name)))
            return true;
        for (size_t i = 0; i < metrics->n_targets; i++)
            if (strcmp(metrics->targets[i], name) == 0)
                return true;
    }
    return false;
}

bool *concerns_find(const struct impact_rules *rules, const struct concerns_metrics *metrics,
                    const struct change_list *changes, struct arena *arena)
{
    CLEANUP(map_done) struct map *names = names_of(metrics);
    CLEANUP(map_done) struct map *services = map_new();
    struct asking a = {rules, names, services};
    bool *out = arena_zarray(arena, changes->n + 1, bool);
    for (size_t i = 0; i < changes->n; i++) {
        const struct change *change = &changes->items[i];
        out[i] = !change->service[0] || is_of_service(&a, change->service) ||
                 has_moved(&a, metrics, change->verdict);
    }
    return out;
}
