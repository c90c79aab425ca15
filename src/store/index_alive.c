/* Is there a series below a branch that counts as being there? A walk down to the first one. */
#include "base/mem.h"
#include "store/index_state.h"

static bool is_alive(const struct index_descent *descent, uint32_t id)
{
    return descent->alive->is_alive(descent->alive->self, id);
}

/* The one that was found here before, if it still is. */
static bool is_known(const struct index_descent *descent, uint32_t node)
{
    const uint32_t known = __atomic_load_n(&descent->index->nodes[node].alive, __ATOMIC_RELAXED);
    return known && is_alive(descent, known - 1);
}

/* Remembers it, from the node it hangs below up to the branch that was asked for. */
static void remember(const struct index *index, uint32_t branch, uint32_t node, uint32_t id)
{
    for (;; node = index->nodes[node].parent) {
        __atomic_store_n(&index->nodes[node].alive, id + 1, __ATOMIC_RELAXED);
        if (node == branch)
            return;
    }
}

/* Looks at a node's own series; false: none is alive, and its branches are to be looked at. */
static bool look(struct index_descent *descent, uint32_t branch, uint32_t at)
{
    const struct node *node = &descent->index->nodes[at];
    for (uint32_t k = 0; k < node->n; k++) {
        const uint32_t ref = node->kids[k].ref;
        if (!(ref & INDEX_STATE_SERIES) || !is_alive(descent, ref & ~INDEX_STATE_SERIES))
            continue;
        remember(descent->index, branch, at, ref & ~INDEX_STATE_SERIES);
        return true;
    }
    mem_grow(&descent->stack, &descent->cap, descent->n + node->n, sizeof *descent->stack);
    for (uint32_t k = node->n; k > 0; k--)
        if (!(node->kids[k - 1].ref & INDEX_STATE_SERIES))
            descent->stack[descent->n++] = node->kids[k - 1].ref;
    return false;
}

bool index_state_branch_is_alive(struct index_descent *descent, uint32_t branch, size_t *io_held)
{
    const struct index *index = descent->index;
    if (is_known(descent, branch))
        return true;
    descent->n = 0;
    for (uint32_t at = branch;; at = descent->stack[--descent->n]) {
        *io_held += index->nodes[at].n + 1;
        if (look(descent, branch, at))
            return true;
        if (descent->n == 0)
            return false;
        index_state_breathe(index, io_held);
    }
}
