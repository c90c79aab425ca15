#include "store/reclass.h"

#include "base/log.h"
#include "base/mem.h"
#include "store/keeper.h"
#include "store/shared.h"

enum { STAYS = 0xFFFF };

/* Series that go from one class to another, for the log. */
struct change {
    uint16_t from, to;
    size_t n;
};

struct moving {
    struct store *store;
    uint16_t *targets; /* by id: a class or STAYS */
    uint32_t n_ids;
    size_t n_moved, n_stuck;
    bool has_files[HEAD_CLASSES_MAX];
    struct change *changes;
    size_t n_changes, cap_changes;
};

/* ---- where to ---- */

static void has_files_find(struct moving *moving)
{
    struct files_version *version = files_ref(moving->store->files);
    for (size_t i = 0; i < version->n; i++)
        moving->has_files[version->items[i]->info.class_no] = true;
    files_unref(moving->store->files, version);
}

/* May the series be in this class without values there that are older than others of it? */
static bool is_open_to(const struct moving *moving, const struct head_class *of, uint16_t link)
{
    return !moving->has_files[of->no] || !past_has(names_past(moving->store->names), link, of->no);
}

static struct head_class *target_make(const struct moving *moving, const struct schema *schema,
                                      uint16_t link)
{
    struct store *store = moving->store;
    const int64_t now_s = clock_s(&store->clock);

    for (uint16_t i = 0; i < head_n_classes(store->head); i++) {
        struct head_class *of = head_class(store->head, i);
        if (of && schema_equal(&of->schema, schema) && is_open_to(moving, of, link))
            return of;
    }
    struct head_class *made = head_class_add(store->head, schema, now_s);
    if (made)
        names_log_add_class(store->names_log, made->no, schema, now_s);
    return made;
}

static void change_count(struct moving *moving, uint16_t from, uint16_t to)
{
    size_t i = 0;
    while (i < moving->n_changes &&
           (moving->changes[i].from != from || moving->changes[i].to != to))
        i++;
    if (i == moving->n_changes) {
        mem_grow(&moving->changes, &moving->cap_changes, i + 1, sizeof(struct change));
        moving->changes[moving->n_changes++] = (struct change){from, to, 0};
    }
    moving->changes[i].n++;
}

static void target_find(struct moving *moving, uint32_t id)
{
    const struct store *store = moving->store;
    const struct sink_name name = names_name(store->names, id);

    moving->targets[id] = STAYS;
    if (!name.at)
        return;
    const struct schema schema = schemas_find(store->schemas, str_make(name.at, name.n), NULL);
    const struct head_class *of = head_class(store->head, names_class(store->names, id));
    if (schema_equal(&schema, &of->schema))
        return;
    const struct head_class *to = target_make(moving, &schema, names_link(store->names, id));
    if (!to) {
        moving->n_stuck++;
        return;
    }
    moving->targets[id] = to->no;
    moving->n_moved++;
    change_count(moving, of->no, to->no);
}

/* ---- the move ---- */

/* Everything into files; twice and more when late points had to go to coarser archives first. */
static bool drain(struct store *store, struct err *err)
{
    for (size_t i = 0; i <= SCHEMA_ARCHIVES_MAX; i++) {
        if (!keeper_seal(store, err))
            return false;
        if (late_is_empty(store->late))
            return true;
    }
    return FAIL(err, ERR_BUSY, "late points do not get into files");
}

static void move(struct moving *moving)
{
    struct store *store = moving->store;

    for (uint32_t id = 0; id < moving->n_ids; id++) {
        if (moving->targets[id] == STAYS)
            continue;
        if (!names_move(store->names, id, moving->targets[id])) {
            moving->n_stuck++;
            continue;
        }
        head_lane_drop(store->head, id);
        names_log_add_moved(store->names_log, id, moving->targets[id]);
    }
}

static void tell(const struct moving *moving)
{
    CLEANUP(arena_done) struct arena arena;
    const struct head *head = moving->store->head;

    arena_init(&arena);
    for (size_t i = 0; i < moving->n_changes; i++) {
        const struct change *change = &moving->changes[i];
        log_info("a rule has changed: %zu series go from %s to %s", change->n,
                 schema_text(&head_class(head, change->from)->schema, &arena),
                 schema_text(&head_class(head, change->to)->schema, &arena));
    }
    if (moving->n_stuck > 0)
        log_warn("%zu series keep their old rules: there were more than %d different rules so far",
                 moving->n_stuck, HEAD_CLASSES_MAX);
}

static bool log_flush(struct store *store, struct err *err)
{
    return names_log_write(store->names_log, err) && names_log_sync(store->names_log, err);
}

/* *out_is_done: nothing has to be tried again. */
static bool move_all(struct moving *moving, bool *out_is_done, struct err *err)
{
    struct store *store = moving->store;
    struct err why;

    *out_is_done = true;
    if (moving->n_moved == 0)
        return true;
    if (!log_flush(store, err)) /* the classes: the manifest is about to speak of them */
        return false;
    err_clear(&why);
    *out_is_done = drain(store, &why);
    if (!*out_is_done) {
        log_warn("changed rules wait for the next start: %s", why.text);
        return true;
    }
    move(moving);
    store->n_moved = moving->n_moved;
    tell(moving);
    return true;
}

static bool rules_follow(struct store *store, struct err *err)
{
    const uint32_t n_ids = names_count(store->names);
    struct moving moving = {
        .store = store, .targets = mem_array(n_ids + (size_t)1, uint16_t), .n_ids = n_ids};
    bool is_done;

    has_files_find(&moving);
    for (uint32_t id = 0; id < n_ids; id++)
        target_find(&moving, id);
    bool is_ok = move_all(&moving, &is_done, err);
    if (is_ok && is_done)
        names_log_add_rules(store->names_log, schemas_fingerprint(store->schemas));
    if (moving.n_moved > 0) /* else a fingerprint that gets lost costs another look */
        is_ok = is_ok && log_flush(store, err);
    mem_free(moving.targets);
    mem_free(moving.changes);
    return is_ok;
}

/* ---- who was where ---- */

enum { SET_BYTES = HEAD_CLASSES_MAX * HEAD_CLASSES_MAX / 8 };

static bool set_add(uint8_t *set, uint16_t from, uint16_t to)
{
    uint8_t *byte = &set[((size_t)from * HEAD_CLASSES_MAX + to) / 8];
    const uint8_t bit = (uint8_t)(1u << to % 8);
    const bool is_new = !(*byte & bit);
    *byte |= bit;
    return is_new;
}

static void succession_add(struct store *store, uint16_t from, uint16_t to)
{
    mem_grow(&store->successions, &store->cap_successions, store->n_successions + 1,
             sizeof(struct succession));
    store->successions[store->n_successions++] = (struct succession){from, to};
}

static void members_find(struct store *store)
{
    const struct past *past = names_past(store->names);
    CLEANUP(mem_done) uint8_t *set = mem_zalloc(SET_BYTES);

    for (uint32_t id = 0; id < names_count(store->names); id++) {
        if (!names_text(store->names, id))
            continue;
        const uint16_t link = names_link(store->names, id), to = past_class(past, link);
        head_class(store->head, to)->has_members = true;
        for (uint16_t at = past_older(past, link); at != PAST_NONE; at = past_older(past, at))
            if (set_add(set, past_class(past, at), to))
                succession_add(store, past_class(past, at), to);
    }
}

bool reclass_all(struct store *store, struct err *err)
{
    if (store->rules != schemas_fingerprint(store->schemas) && !rules_follow(store, err))
        return false;
    members_find(store);
    return true;
}
