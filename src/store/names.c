#include "store/names.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "os/pages.h"

enum {
    CHUNK_BYTES = 2 << 20, /* of the arena; records do not cross chunks */
    CHUNK_UNITS = CHUNK_BYTES / 8,
    CHUNKS_MAX = 1 << 14, /* 32 GB of names: what 32 bits of 8-byte units reach */
    SLACK_UNITS = 8,      /* readable after the last record of a chunk */
    SEGMENTS = 256,       /* of the hash table: each grows alone, so no long stop */
    SEGMENT_SLOTS_MIN = 16,
    ID_CHUNK = 1 << 16,
    ID_CHUNKS_MAX = 1 << 15, /* ids below 2^31, as the index wants */
    WISHES_MAX = 64,         /* created under one lock, some 50 us */
};

/* 8-aligned in the arena. The name ends by NUL. */
struct record {
    uint32_t id; /* atomic; SINK_ID_NONE: what it led to was deleted or has another name */
    uint16_t n;
    char at[];
};

/* Slot: tag in the low 32 bits, the record's place in the high ones (8-byte units); 0 is free. */
struct names_table {
    struct names_table *next_retired;
    uint32_t mask, n_used;
    uint64_t slots[];
};

struct of_id {
    uint32_t place; /* of the canonical record; 0: a hole, or dead */
    uint16_t link;  /* its class and those before it, see past.h */
    uint16_t marks; /* atomic */
};

enum {
    MARK_DEAD = 1,
    MARK_LEAVING = 2, /* its aliases are about to be cut off; under the creation lock */
};

struct names {
    struct hash_key key;
    struct names_hooks hooks;
    uint64_t series_max;
    struct past *past;
    struct names_table *segments[SEGMENTS]; /* read without a lock */
    unsigned char **chunks;                 /* CHUNKS_MAX; published before a place in them */
    struct of_id **ids;                     /* ID_CHUNKS_MAX */
    uint32_t n_ids;                         /* published last */
    size_t n_series;

    pthread_mutex_t creation; /* everything below, and all stores to the above */
    uint32_t used;            /* next free place */
    uint32_t n_chunks;
    uint32_t *aliases; /* places of all records that are other spellings */
    size_t n_aliases, cap_aliases;
    size_t n_dead;               /* atomic */
    struct names_table *retired; /* atomic: pushed under the lock, taken whole without it */
};

static struct names_table *table_new(uint32_t n_slots)
{
    struct names_table *table =
        mem_zalloc(sizeof(struct names_table) + mul_size(n_slots, sizeof(uint64_t)));
    table->mask = n_slots - 1;
    return table;
}

struct names *names_new(uint64_t series_max, struct names_hooks hooks)
{
    struct names *names = mem_zalloc(sizeof(struct names));
    const uint64_t most = (uint64_t)ID_CHUNK * ID_CHUNKS_MAX - 2;

    names->key = hash_key_random();
    names->hooks = hooks;
    names->series_max = series_max == 0 || series_max > most ? most : series_max;
    names->past = past_new();
    names->chunks = mem_array(CHUNKS_MAX, unsigned char *);
    names->ids = mem_array(ID_CHUNKS_MAX, struct of_id *);
    for (size_t i = 0; i < SEGMENTS; i++)
        names->segments[i] = table_new(SEGMENT_SLOTS_MIN);
    pthread_mutex_init(&names->creation, NULL);
    return names;
}

void names_drop(struct names_table *tables)
{
    while (tables) {
        struct names_table *next = tables->next_retired;
        mem_free(tables);
        tables = next;
    }
}

void names_free(struct names *names)
{
    if (!names)
        return;
    for (size_t i = 0; i < SEGMENTS; i++)
        mem_free(names->segments[i]);
    names_drop(names->retired);
    for (size_t i = 0; i < names->n_chunks; i++)
        pages_free(names->chunks[i], CHUNK_BYTES);
    for (size_t i = 0; i < ID_CHUNKS_MAX && names->ids[i]; i++)
        mem_free(names->ids[i]);
    mem_free(names->chunks);
    mem_free(names->ids);
    mem_free(names->aliases);
    past_free(names->past);
    pthread_mutex_destroy(&names->creation);
    mem_free(names);
}

static struct record *record_at(const struct names *names, uint32_t place)
{
    unsigned char *chunk = __atomic_load_n(&names->chunks[place / CHUNK_UNITS], __ATOMIC_ACQUIRE);
    return (struct record *)(void *)(chunk + (size_t)(place % CHUNK_UNITS) * 8);
}

static uint64_t hash_of(const struct names *names, struct str name)
{
    return hash_sip13(names->key, name.at, name.n);
}

/* The place of the record of a spelling, whatever it leads to; 0: there is none. */
static uint32_t find_place(const struct names *names, struct str name, uint64_t hash)
{
    const struct names_table *table =
        __atomic_load_n(&names->segments[hash >> 56], __ATOMIC_SEQ_CST);
    const uint32_t tag = (uint32_t)hash;

    for (uint32_t i = tag & table->mask;; i = (i + 1) & table->mask) {
        uint64_t slot = __atomic_load_n(&table->slots[i], __ATOMIC_ACQUIRE);
        if (slot == 0)
            return 0;
        if ((uint32_t)slot != tag)
            continue;
        const struct record *record = record_at(names, (uint32_t)(slot >> 32));
        if (record->n == name.n && memcmp(record->at, name.at, name.n) == 0)
            return (uint32_t)(slot >> 32);
    }
}

static bool find_hashed(const struct names *names, struct str name, uint64_t hash, uint32_t *out_id)
{
    const uint32_t place = find_place(names, name, hash);
    if (place == 0)
        return false;
    const uint32_t id = __atomic_load_n(&record_at(names, place)->id, __ATOMIC_ACQUIRE);
    if (id == SINK_ID_NONE)
        return false;
    *out_id = id;
    return true;
}

bool names_find(const struct names *names, struct str spelling, uint32_t *out_id)
{
    return find_hashed(names, spelling, hash_of(names, spelling), out_id);
}

void names_foresee(const struct names *names, struct str name)
{
    const uint64_t hash = hash_of(names, name);
    const struct names_table *table =
        __atomic_load_n(&names->segments[hash >> 56], __ATOMIC_SEQ_CST);
    __builtin_prefetch(&table->slots[(uint32_t)hash & table->mask], 1);
}

/* ---- creation: the caller holds the lock, or is alone ---- */

/* Room for a record; 0 when the arena is full. */
static uint32_t arena_place(struct names *names, size_t bytes)
{
    const uint32_t units = (uint32_t)((bytes + 7) / 8);

    if (names->used + units + SLACK_UNITS > (uint64_t)names->n_chunks * CHUNK_UNITS) {
        if (names->n_chunks == CHUNKS_MAX)
            return 0;
        unsigned char *chunk = pages_new(CHUNK_BYTES);
        __atomic_store_n(&names->chunks[names->n_chunks], chunk, __ATOMIC_RELEASE);
        names->used = names->n_chunks * CHUNK_UNITS + (names->n_chunks == 0 ? 1 : 0);
        names->n_chunks++;
    }
    uint32_t place = names->used;
    names->used += units;
    return place;
}

static uint32_t record_add(struct names *names, uint32_t id, struct str name)
{
    uint32_t place = arena_place(names, sizeof(struct record) + name.n + 1);
    if (place == 0)
        return 0;
    struct record *record = record_at(names, place);
    record->id = id;
    record->n = (uint16_t)name.n;
    memcpy(record->at, name.at, name.n);
    record->at[name.n] = '\0';
    return place;
}

static void slot_put(struct names_table *table, uint64_t slot)
{
    uint32_t i = (uint32_t)slot & table->mask;
    while (table->slots[i] != 0)
        i = (i + 1) & table->mask;
    __atomic_store_n(&table->slots[i], slot, __ATOMIC_RELEASE);
    table->n_used++;
}

static void retire(struct names *names, struct names_table *table)
{
    table->next_retired = __atomic_load_n(&names->retired, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&names->retired, &table->next_retired, table, true,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        continue;
}

static void slot_add(struct names *names, uint64_t hash, uint32_t place)
{
    struct names_table **segment = &names->segments[hash >> 56];
    struct names_table *table = *segment;

    if ((table->n_used + 1) * 4 > (table->mask + 1) * 3) { /* load <= 0.75 */
        struct names_table *bigger = table_new((table->mask + 1) * 2);
        for (uint32_t i = 0; i <= table->mask; i++)
            if (table->slots[i] != 0)
                slot_put(bigger, table->slots[i]);
        __atomic_store_n(segment, bigger, __ATOMIC_SEQ_CST);
        retire(names, table);
        table = bigger;
    }
    slot_put(table, (uint64_t)place << 32 | (uint32_t)hash);
}

static struct of_id *id_make(struct names *names, uint32_t id)
{
    /* chunks are filled from the first, so freeing may stop at the first missing one */
    for (uint32_t c = 0; c <= id / ID_CHUNK; c++) {
        if (names->ids[c])
            continue;
        struct of_id *chunk = mem_array(ID_CHUNK, struct of_id);
        __atomic_store_n(&names->ids[c], chunk, __ATOMIC_RELEASE);
    }
    return &names->ids[id / ID_CHUNK][id % ID_CHUNK];
}

/* The record of a spelling that leads nowhere yet, an old one or a new one; 0: the arena is full. */
static uint32_t record_make(struct names *names, struct str name, uint64_t hash)
{
    uint32_t place = find_place(names, name, hash);
    if (place != 0)
        return place;
    place = record_add(names, SINK_ID_NONE, name);
    if (place != 0)
        slot_add(names, hash, place);
    return place;
}

static void record_lead(struct names *names, uint32_t place, uint32_t id)
{
    __atomic_store_n(&record_at(names, place)->id, id, __ATOMIC_RELEASE);
}

static bool series_add(struct names *names, uint32_t id, uint16_t class_no, struct str name,
                       uint64_t hash)
{
    uint32_t place = record_make(names, name, hash);
    if (place == 0)
        return false;
    struct of_id *of_id = id_make(names, id);
    of_id->link = class_no;
    __atomic_store_n(&of_id->place, place, __ATOMIC_RELEASE);
    __atomic_store_n(&names->n_series, names->n_series + 1, __ATOMIC_RELAXED);
    if (id >= names->n_ids)
        __atomic_store_n(&names->n_ids, id + 1, __ATOMIC_RELEASE);
    record_lead(names, place, id);
    return true;
}

/* A name that nothing led to when it was looked up. */
struct wish {
    struct str name; /* canonical */
    uint64_t hash;
    uint16_t class_no;
};

static enum sink_fate create_locked(struct names *names, const struct wish *wish, uint32_t *out_id)
{
    if (find_hashed(names, wish->name, wish->hash, out_id)) /* another writer was faster */
        return SINK_OK;
    const uint32_t id = names->n_ids;
    if (names->n_series >= names->series_max || id >= INT32_MAX - 2 ||
        !names->hooks.may_create(names->hooks.self) ||
        !series_add(names, id, wish->class_no, wish->name, wish->hash))
        return SINK_NAME_LIMIT;
    names->hooks.created(names->hooks.self, id, wish->class_no, names_text(names, id));
    *out_id = id;
    return SINK_OK;
}

/* A record for another spelling; 0: no more of them. */
static uint32_t alias_make(struct names *names, struct str spelling, uint64_t hash)
{
    uint32_t place = find_place(names, spelling, hash);
    if (place != 0 || names->n_aliases == NAMES_ALIASES_MAX)
        return place;
    place = record_make(names, spelling, hash);
    if (place == 0)
        return 0;
    mem_grow(&names->aliases, &names->cap_aliases, names->n_aliases + 1, sizeof(uint32_t));
    names->aliases[names->n_aliases++] = place;
    return place;
}

/* The spelling leads where its canonical name leads, if that still is somewhere. */
static void alias_add(struct names *names, struct str spelling, uint64_t hash, struct str canonical,
                      uint64_t canonical_hash)
{
    uint32_t id;

    pthread_mutex_lock(&names->creation);
    const uint32_t place =
        find_hashed(names, canonical, canonical_hash, &id) ? alias_make(names, spelling, hash) : 0;
    if (place != 0)
        record_lead(names, place, id);
    pthread_mutex_unlock(&names->creation);
}

/* Canonical names that are not there are created together. */
struct wishes {
    struct wish items[WISHES_MAX];
    size_t of[WISHES_MAX]; /* which of the spellings */
    size_t n;
};

static void wishes_fulfil(struct names *names, struct wishes *wishes, uint32_t *out_ids,
                          enum sink_fate *out_fates)
{
    if (wishes->n == 0)
        return;
    pthread_mutex_lock(&names->creation);
    for (size_t i = 0; i < wishes->n; i++) {
        const size_t k = wishes->of[i];
        out_fates[k] = create_locked(names, &wishes->items[i], &out_ids[k]);
    }
    pthread_mutex_unlock(&names->creation);
    wishes->n = 0;
}

static enum sink_fate wish_make(struct names *names, struct str name, uint64_t hash,
                                struct wish *out)
{
    *out = (struct wish){name, hash, 0};
    return names->hooks.class_of(names->hooks.self, name, &out->class_no);
}

/* A new spelling of a canonical name, which may be there. */
static enum sink_fate resolve_alias(struct names *names, struct str spelling, uint64_t hash,
                                    struct str name, uint32_t *out_id)
{
    const uint64_t name_hash = hash_of(names, name);

    if (!find_hashed(names, name, name_hash, out_id)) {
        struct wish wish;
        enum sink_fate fate = wish_make(names, name, name_hash, &wish);
        if (fate != SINK_OK)
            return fate;
        pthread_mutex_lock(&names->creation);
        fate = create_locked(names, &wish, out_id);
        pthread_mutex_unlock(&names->creation);
        if (fate != SINK_OK)
            return fate;
    }
    if (spelling.n <= NAME_BYTES_MAX)
        alias_add(names, spelling, hash, name, name_hash);
    return SINK_OK;
}

/* The i-th spelling, which is not known. A canonical one becomes a wish, and has its id and fate when that is
 * fulfilled. */
static enum sink_fate resolve_other(struct names *names, struct str spelling, uint64_t hash,
                                    struct wishes *wishes, size_t i, uint32_t *out_id)
{
    char canonical[NAME_BYTES_MAX + 1];
    struct str name = {canonical, 0};

    if (name_normalise(spelling, canonical, &name.n) != NAME_OK)
        return SINK_NAME_BAD;
    if (!str_eq(name, spelling))
        return resolve_alias(names, spelling, hash, name, out_id);
    const enum sink_fate fate = wish_make(names, spelling, hash, &wishes->items[wishes->n]);
    if (fate == SINK_OK)
        wishes->of[wishes->n++] = i;
    return fate;
}

void names_resolve(struct names *names, const struct str *spellings, size_t n, uint32_t *out_ids,
                   enum sink_fate *out_fates)
{
    struct wishes wishes = {.n = 0};

    for (size_t i = 0; i < n; i++) {
        const uint64_t hash = hash_of(names, spellings[i]);
        out_ids[i] = SINK_ID_NONE;
        out_fates[i] = find_hashed(names, spellings[i], hash, &out_ids[i])
                           ? SINK_OK
                           : resolve_other(names, spellings[i], hash, &wishes, i, &out_ids[i]);
        if (wishes.n == WISHES_MAX)
            wishes_fulfil(names, &wishes, out_ids, out_fates);
    }
    wishes_fulfil(names, &wishes, out_ids, out_fates);
}

bool names_load(struct names *names, uint32_t id, uint16_t class_no, struct str name)
{
    uint32_t there;
    uint64_t hash = hash_of(names, name);

    if (id >= INT32_MAX - 2 || names_text(names, id) || names_is_dead(names, id) ||
        find_hashed(names, name, hash, &there))
        return false;
    const bool is_ok = series_add(names, id, class_no, name, hash);
    names_drop(names->retired); /* nobody reads yet */
    names->retired = NULL;
    return is_ok;
}

void names_reserve(struct names *names, uint32_t n_ids)
{
    if (n_ids == 0 || n_ids <= names->n_ids || n_ids >= INT32_MAX - 2)
        return;
    (void)id_make(names, n_ids - 1);
    __atomic_store_n(&names->n_ids, n_ids, __ATOMIC_RELEASE);
}

/* ---- deletion and renaming: the caller holds the lock, or is alone ---- */

static void mark(struct names *names, uint32_t id, uint16_t bit, bool is_set)
{
    struct of_id *of_id = &names->ids[id / ID_CHUNK][id % ID_CHUNK];
    const uint16_t marks = is_set ? of_id->marks | bit : of_id->marks & (uint16_t)~bit;
    __atomic_store_n(&of_id->marks, marks, __ATOMIC_SEQ_CST);
}

/* Other spellings of these ids lead nowhere from now on. */
static void aliases_cut(struct names *names, const uint32_t *ids, size_t n)
{
    if (names->n_aliases == 0)
        return;
    for (size_t i = 0; i < n; i++)
        mark(names, ids[i], MARK_LEAVING, true);
    for (size_t i = 0; i < names->n_aliases; i++) {
        const uint32_t id = record_at(names, names->aliases[i])->id;
        if (id != SINK_ID_NONE && names->ids[id / ID_CHUNK][id % ID_CHUNK].marks & MARK_LEAVING)
            record_lead(names, names->aliases[i], SINK_ID_NONE);
    }
    for (size_t i = 0; i < n; i++)
        mark(names, ids[i], MARK_LEAVING, false);
}

static void series_delete(struct names *names, uint32_t id)
{
    struct of_id *of_id = &names->ids[id / ID_CHUNK][id % ID_CHUNK];
    const uint32_t place = of_id->place;

    mark(names, id, MARK_DEAD, true);
    __atomic_store_n(&of_id->place, 0, __ATOMIC_RELEASE);
    record_lead(names, place, SINK_ID_NONE);
    __atomic_store_n(&names->n_series, names->n_series - 1, __ATOMIC_RELAXED);
    __atomic_store_n(&names->n_dead, names->n_dead + 1, __ATOMIC_RELAXED);
}

/* False: the arena is full. */
static bool series_rename(struct names *names, uint32_t id, struct str name)
{
    struct of_id *of_id = &names->ids[id / ID_CHUNK][id % ID_CHUNK];
    const uint32_t old = of_id->place;
    const uint32_t place = record_make(names, name, hash_of(names, name));

    if (place == 0)
        return false;
    record_lead(names, old, SINK_ID_NONE);
    __atomic_store_n(&of_id->place, place, __ATOMIC_RELEASE);
    record_lead(names, place, id);
    return true;
}

size_t names_delete(struct names *names, const struct str *canonical, size_t n, uint32_t *out_ids)
{
    size_t n_deleted = 0;

    pthread_mutex_lock(&names->creation);
    for (size_t i = 0; i < n; i++) {
        uint32_t *id = &out_ids[n_deleted];
        if (!find_hashed(names, canonical[i], hash_of(names, canonical[i]), id))
            continue;
        series_delete(names, *id);
        n_deleted++;
    }
    aliases_cut(names, out_ids, n_deleted);
    if (n_deleted > 0)
        names->hooks.deleted(names->hooks.self, out_ids, n_deleted);
    pthread_mutex_unlock(&names->creation);
    return n_deleted;
}

/* The new names are free, and there are records for them. */
static bool renames_check(struct names *names, const struct name_change *renames, size_t n,
                          uint32_t *out_ids, struct err *err)
{
    uint32_t there;

    for (size_t i = 0; i < n; i++) {
        const struct str from = renames[i].from, to = renames[i].to;
        if (!find_hashed(names, from, hash_of(names, from), &out_ids[i]))
            return FAIL(err, ERR_MISSING, "there is no series '%.*s'", (int)min_size(from.n, 200),
                        from.at);
        if (find_hashed(names, to, hash_of(names, to), &there))
            return FAIL(err, ERR_INPUT, "there is a series '%.*s' already",
                        (int)min_size(to.n, 200), to.at);
        if (record_make(names, to, hash_of(names, to)) == 0)
            return FAIL(err, ERR_LIMIT, "no more names can be kept");
    }
    return true;
}

/* A name that comes twice is found by what the first of them did; then all goes back. */
static bool renames_do(struct names *names, const struct name_change *renames, size_t n,
                       const uint32_t *ids, struct err *err)
{
    uint32_t there;
    size_t i = 0;

    for (; i < n; i++) {
        const struct str from = renames[i].from, to = renames[i].to;
        if (find_hashed(names, to, hash_of(names, to), &there) ||
            !find_hashed(names, from, hash_of(names, from), &there))
            break;
        BUG_IF(!series_rename(names, ids[i], to)); /* its record is there */
    }
    if (i == n)
        return true;
    const struct str twice = renames[i].to;
    while (i-- > 0)
        BUG_IF(!series_rename(names, ids[i], renames[i].from));
    return FAIL(err, ERR_INPUT, "'%.*s' comes twice", (int)min_size(twice.n, 200), twice.at);
}

bool names_rename(struct names *names, const struct name_change *renames, size_t n, struct err *err)
{
    CLEANUP(mem_done) uint32_t *ids = mem_array(n + 1, uint32_t);

    pthread_mutex_lock(&names->creation);
    bool is_ok =
        renames_check(names, renames, n, ids, err) && renames_do(names, renames, n, ids, err);
    if (is_ok) {
        aliases_cut(names, ids, n);
        names->hooks.renamed(names->hooks.self, ids, n);
    }
    pthread_mutex_unlock(&names->creation);
    return is_ok;
}

bool names_load_delete(struct names *names, uint32_t id)
{
    if (!names_text(names, id))
        return false;
    series_delete(names, id);
    return true;
}

bool names_load_rename(struct names *names, uint32_t id, struct str name)
{
    uint32_t there;
    return names_text(names, id) && !find_hashed(names, name, hash_of(names, name), &there) &&
           series_rename(names, id, name);
}

/* ---- by id ---- */

uint32_t names_count(const struct names *names)
{
    return __atomic_load_n(&names->n_ids, __ATOMIC_ACQUIRE);
}

static const struct of_id *of_id(const struct names *names, uint32_t id)
{
    if (id >= names_count(names))
        return NULL;
    const struct of_id *chunk = __atomic_load_n(&names->ids[id / ID_CHUNK], __ATOMIC_ACQUIRE);
    return &chunk[id % ID_CHUNK];
}

bool names_is_dead(const struct names *names, uint32_t id)
{
    const struct of_id *found = of_id(names, id);
    return found && __atomic_load_n(&found->marks, __ATOMIC_SEQ_CST) & MARK_DEAD;
}

size_t names_n_dead(const struct names *names)
{
    return __atomic_load_n(&names->n_dead, __ATOMIC_RELAXED);
}

struct sink_name names_name(const struct names *names, uint32_t id)
{
    const struct of_id *found = of_id(names, id);
    uint32_t place = found ? __atomic_load_n(&found->place, __ATOMIC_ACQUIRE) : 0;
    if (place == 0)
        return (struct sink_name){NULL, 0};
    const struct record *record = record_at(names, place);
    return (struct sink_name){record->at, record->n};
}

const char *names_text(const struct names *names, uint32_t id)
{
    return names_name(names, id).at;
}

uint16_t names_class(const struct names *names, uint32_t id)
{
    return past_class(names->past, names_link(names, id));
}

uint16_t names_link(const struct names *names, uint32_t id)
{
    const struct of_id *found = of_id(names, id);
    BUG_IF(!found);
    return found->link;
}

const struct past *names_past(const struct names *names)
{
    return names->past;
}

bool names_move(struct names *names, uint32_t id, uint16_t class_no)
{
    if (!names_text(names, id))
        return false;
    uint16_t *link = &names->ids[id / ID_CHUNK][id % ID_CHUNK].link;
    return past_push(names->past, *link, class_no, link);
}

size_t names_series(const struct names *names)
{
    return __atomic_load_n(&names->n_series, __ATOMIC_RELAXED);
}

struct names_table *names_take_retired(struct names *names)
{
    return __atomic_exchange_n(&names->retired, NULL, __ATOMIC_SEQ_CST);
}
