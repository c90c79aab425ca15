#include "store/recover.h"

#include <fcntl.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "store/hidden.h"
#include "store/removal.h"
#include "store/shared.h"
#include "store/writer.h"

/* ---- names ---- */

static bool on_class(void *self, uint16_t no, const struct schema *schema, int64_t created_s)
{
    struct store *store = self;
    const struct head_class *known = head_class(store->head, no);

    if (known && known->created_s == created_s && schema_equal(&known->schema, schema))
        return true; /* each stands twice */
    return head_class_load(store->head, no, schema, created_s);
}

static void on_ahead(void *self, struct str bytes)
{
    const struct store *store = self;
    names_foresee(store->names, bytes);
}

static bool on_name(void *self, uint32_t id, uint16_t class_no, struct str name)
{
    struct store *store = self;

    if (names_text(store->names, id))
        return removal_load_rename(store, id, class_no, name);
    if (!head_class(store->head, class_no) || !names_load(store->names, id, class_no, name))
        return false;
    index_add(store->index, id, names_text(store->names, id));
    if (names_series(store->names) % INDEX_SETTLED == 0)
        index_settle(store->index, INDEX_SETTLED);
    idle_add(store->idle, id, 0);
    return true;
}

static bool on_hidden(void *self, uint32_t id, bool is_hidden)
{
    return hidden_load(self, id, is_hidden);
}

static bool on_deleted(void *self, uint32_t id)
{
    return removal_load_delete(self, id);
}

static bool on_moved(void *self, uint32_t id, uint16_t class_no)
{
    struct store *store = self;
    return head_class(store->head, class_no) && names_move(store->names, id, class_no);
}

static bool on_rules(void *self, uint64_t fingerprint)
{
    struct store *store = self;
    store->rules = fingerprint;
    return true;
}

static bool names_recover(struct store *store, struct err *err)
{
    const struct names_log_reader reader = {store,      on_class, on_name,  on_hidden,
                                            on_deleted, on_moved, on_rules, on_ahead};
    size_t n_damaged;

    store->names = names_new(store->names_max, writer_hooks(store));
    store->index = index_new();
    store->hidden = hidden_new();
    store->idle = idle_new();
    store->head = head_new();
    store->late = late_new(store->head);
    bool is_ok = store->is_read_only ? names_log_read(store->dir, &reader, &n_damaged, err)
                                     : names_log_open(store->dir, store->corrupt_dir, &reader,
                                                      &n_damaged, &store->names_log, err);
    if (!is_ok)
        return false;
    index_settle(store->index, INDEX_SETTLED);
    if (n_damaged > 0)
        store->rules = 0; /* a move may be lost */
    if (n_damaged > 0 && !store->is_read_only)
        log_warn("names.log: %zu damaged records; the original is in '%s'", n_damaged,
                 store->corrupt_dir);
    store->n_damaged += n_damaged > 0;
    return true;
}

/* ---- files ---- */

struct cleaning {
    struct store *store;
    bool must_adopt; /* the manifest lost edits: files it does not know may count */
    struct manifest_edit edit;
};

static bool is_known(const struct manifest_state *state, uint64_t generation)
{
    for (size_t i = 0; i < state->n_files; i++)
        if (state->files[i].generation == generation)
            return true;
    return false;
}

/* The file counts from now on. */
static bool adopt(struct cleaning *cleaning, const char *path, struct manifest_file *file,
                  struct err *err)
{
    CLEANUP(fd_done) int fd = -1;
    int64_t n;

    if (!file_open(path, O_RDONLY, &fd, err) || !file_size(fd, path, &n, err))
        return false;
    file->bytes = (uint64_t)n;
    manifest_add_file(&cleaning->edit, file);
    return true;
}

static bool clean_one(void *self, const char *name, struct err *err)
{
    struct cleaning *cleaning = self;
    const struct store *store = cleaning->store;
    struct manifest_file file;

    bool is_block = files_parse_name(name, &file);
    if (is_block && is_known(manifest_state(store->manifest), file.generation))
        return true;
    CLEANUP(mem_done) char *path = file_join(store->data_dir, name);
    const bool may_count =
        cleaning->must_adopt || file.generation >= manifest_unknown(store->manifest);
    if (is_block && may_count && head_class(store->head, file.class_no))
        return adopt(cleaning, path, &file, err);
    return file_unlink(path, err);
}

static bool clean(struct store *store, bool must_adopt, struct err *err)
{
    struct cleaning cleaning = {.store = store, .must_adopt = must_adopt};

    manifest_edit_init(&cleaning.edit);
    bool is_ok = dir_each(store->data_dir, clean_one, &cleaning, err) &&
                 manifest_commit(store->manifest, &cleaning.edit, err);
    manifest_edit_done(&cleaning.edit);
    return is_ok;
}

static uint32_t ids_of(const struct block *block)
{
    uint32_t n = block_info(block)->n_series;
    return n == 0 ? 0 : block_id(block, n - 1) + 1;
}

void recover_newest(struct store *store, int64_t at_s)
{
    if (at_s > (int64_t)store->newest_s && at_s <= UINT32_MAX)
        store->newest_s = (uint32_t)at_s;
}

static bool files_load(struct store *store, struct err *err)
{
    const struct manifest_state *state = manifest_state(store->manifest);
    struct files_item **items = mem_array(state->n_files + 1, struct files_item *);
    struct manifest_edit lost;
    size_t n = 0;
    bool is_ok = true;

    manifest_edit_init(&lost);
    for (size_t i = 0; i < state->n_files && is_ok; i++) {
        is_ok = files_open(store->files, &state->files[i], &items[n], err);
        if (is_ok && !items[n])
            manifest_drop_file(&lost, state->files[i].generation);
        if (!is_ok || !items[n])
            continue;
        const struct block_info *info = block_info(items[n]->block);
        names_reserve(store->names, ids_of(items[n]->block));
        recover_newest(store, (info->first_slot + info->n_slots) * (int64_t)info->step_s);
        n++;
    }
    files_install(store->files, items, n, NULL, 0, state);
    is_ok = is_ok && (store->is_read_only || manifest_commit(store->manifest, &lost, err));
    manifest_edit_done(&lost);
    mem_free(items);
    return is_ok;
}

static bool manifest_recover(struct store *store, struct err *err)
{
    bool is_damaged;

    if (!manifest_open(store->dir, store->corrupt_dir, &is_damaged, &store->manifest, err))
        return false;
    if (is_damaged)
        log_warn("MANIFEST has damaged edits; files it does not know are taken back");
    store->n_damaged += is_damaged;
    return clean(store, is_damaged, err);
}

static bool manifest_look(struct store *store, struct err *err)
{
    bool is_damaged;

    if (!manifest_open_read(store->dir, &is_damaged, &store->manifest, err))
        return false;
    store->n_damaged += is_damaged;
    return true;
}

static bool files_recover(struct store *store, struct err *err)
{
    store->files = files_new(store->data_dir, store->is_read_only ? NULL : store->corrupt_dir);
    if (!(store->is_read_only ? manifest_look(store, err) : manifest_recover(store, err)) ||
        !files_load(store, err))
        return false;

    const struct manifest_state *state = manifest_state(store->manifest);
    for (uint16_t i = 0; i < head_n_classes(store->head); i++) {
        struct head_class *of = head_class(store->head, i);
        const struct manifest_class *was = &state->classes[i];
        if (of && was->n_seals > 0)
            of->sealed = of->freed = was->seals[was->n_seals - 1].sealed;
    }
    return true;
}

bool recover_names_and_files(struct store *store, struct err *err)
{
    return names_recover(store, err) && files_recover(store, err);
}

bool recover_all(struct store *store, struct err *err)
{
    return recover_names_and_files(store, err) && recover_log(store, err) &&
           reclass_all(store, err);
}
