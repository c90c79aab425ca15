#include "api/find_pack.h"

static void add_node(struct pack *pack, const char *path, bool is_leaf, int64_t now_s)
{
    pack_map(pack, is_leaf ? 3 : 2);
    pack_text(pack, "path");
    pack_text(pack, path);
    pack_text(pack, "is_leaf");
    pack_bool(pack, is_leaf);
    if (is_leaf) {
        pack_text(pack, "intervals");
        pack_list(pack, 1);
        pack_pair(pack, 0, now_s);
        pack_end(pack);
    }
    pack_end(pack);
}

void find_pack(struct buf *out, enum pack_form form, const struct source_nodes *nodes,
               bool leaves_only, int64_t now_s)
{
    struct pack pack;
    size_t n = 0;
    for (size_t i = 0; i < nodes->n; i++)
        n += (size_t)nodes->items[i].is_leaf + (size_t)(nodes->items[i].is_branch && !leaves_only);
    pack_begin(&pack, out, form);
    pack_list(&pack, n);
    for (size_t i = 0; i < nodes->n && !out->is_full; i++) {
        const struct source_node *node = &nodes->items[i];
        if (node->is_branch && !leaves_only)
            add_node(&pack, node->path, false, now_s);
        if (node->is_leaf)
            add_node(&pack, node->path, true, now_s);
    }
    pack_end(&pack);
    pack_finish(&pack);
}
