#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/realtime.h"
#include "store/names_log.h"
#include "store/verify.h"

/* ---- into memory ---- */

static bool on_class(void *self, uint16_t no, const struct schema *schema, int64_t created_s)
{
    struct verify_names *names = self;

    if (no >= HEAD_CLASSES_MAX)
        return false;
    if (names->has_class[no]) /* each stands twice */
        return names->created_s[no] == created_s && schema_equal(&names->schemas[no], schema);
    names->has_class[no] = true;
    names->schemas[no] = *schema;
    names->created_s[no] = created_s;
    names->n_classes++;
    return true;
}

static uint64_t hash_of(struct str name)
{
    const struct hash_key key = {0x706c756d626c696e,
                                 0x766572696679}; /* any: nothing is looked up */
    return hash_sip13(key, name.at, name.n);
}

/* Room for what is known of an id. */
static void reserve(struct verify_names *names, uint32_t id)
{
    const size_t n_words = names->n_words, n_hashes = names->n_hashes;
    if (id / 64 >= n_words) {
        mem_grow(&names->known, &names->n_words, id / 64 + 1, sizeof(uint64_t));
        memset(names->known + n_words, 0, (names->n_words - n_words) * sizeof(uint64_t));
    }
    if (id < n_hashes)
        return;
    mem_grow(&names->hashes, &names->n_hashes, (size_t)id + 1, sizeof(uint64_t));
    memset(names->hashes + n_hashes, 0, (names->n_hashes - n_hashes) * sizeof(uint64_t));
}

/* A second name is a new one. */
static bool on_name(void *self, uint32_t id, uint16_t class_no, struct str name)
{
    struct verify_names *names = self;

    if (class_no >= HEAD_CLASSES_MAX || !names->has_class[class_no] || id > INT32_MAX)
        return false;
    reserve(names, id);
    names->n_names += names->hashes[id] == 0;
    names->known[id / 64] |= UINT64_C(1) << id % 64;
    names->hashes[id] = hash_of(name);
    return true;
}

static bool on_hidden(void *self, uint32_t id, bool is_hidden)
{
    (void)is_hidden;
    return verify_names_have(self, id);
}

/* Files may hold it still: it stays known. */
static bool on_deleted(void *self, uint32_t id)
{
    struct verify_names *names = self;
    if (!verify_names_have(names, id) || names->hashes[id] == 0)
        return false;
    names->hashes[id] = 0;
    names->n_names--;
    return true;
}

static bool on_moved(void *self, uint32_t id, uint16_t class_no)
{
    const struct verify_names *names = self;
    return verify_names_have(names, id) && class_no < HEAD_CLASSES_MAX &&
           names->has_class[class_no];
}

static bool on_rules(void *self, uint64_t fingerprint)
{
    (void)self, (void)fingerprint;
    return true;
}

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Names that are there twice, by their hashes. */
static size_t twice(struct verify_names *names)
{
    size_t n = 0;
    if (names->n_hashes > 1)
        qsort(names->hashes, names->n_hashes, sizeof(uint64_t), by_value);
    for (size_t i = 1; i < names->n_hashes; i++)
        n += names->hashes[i] != 0 && names->hashes[i] == names->hashes[i - 1];
    return n;
}

void verify_names_free(struct verify_names *names)
{
    if (!names)
        return;
    mem_free(names->known);
    mem_free(names->hashes);
    mem_free(names);
}

/* What one reading of it came to. */
struct look {
    struct verify_names *names;
    size_t n, n_good, first_bad, n_damaged, n_twice;
};

static bool look_at(struct verify *v, struct look *out, struct err *err)
{
    const char *path = verify_path(v, "names.log");
    struct look look = {.names = mem_zalloc(sizeof(struct verify_names))};
    const struct names_log_reader reader = {look.names, on_class, on_name, on_hidden,
                                            on_deleted, on_moved, on_rules};
    const void *bytes;

    bool is_ok = file_map(path, &bytes, &look.n, err);
    if (is_ok) {
        is_ok = names_log_parse(bytes, look.n, &reader, &look.n_good, &look.n_damaged, err);
        look.first_bad = is_ok ? names_log_first_bad(bytes, look.n) : 0;
        look.n_twice = twice(look.names);
        file_unmap(bytes, look.n);
    }
    if (!is_ok) {
        verify_names_free(look.names);
        return false;
    }
    *out = look;
    return true;
}

static void take(struct verify *v, const struct look *look)
{
    verify_names_free(v->names);
    v->names = look->names;
    v->out->n_names = look->names->n_names;
    v->out->n_classes = look->names->n_classes;
}

bool verify_names_again(struct verify *v, struct err *err)
{
    struct look look;
    if (look_at(v, &look, err)) {
        take(v, &look);
        return true;
    }
    if (err->kind != ERR_CORRUPT)
        return false;
    err_clear(err); /* told already, or just being written */
    return true;
}

/* ---- telling ---- */

static void tell(struct verify *v, const struct look *look)
{
    const size_t n = look->n_damaged + look->n_twice;
    const bool has_bad_bytes = look->first_bad < look->n_good;

    if (n > 0)
        verify_tell(
            v,
            &(struct store_finding){
                .file = "names.log",
                .where = has_bad_bytes ? arena_printf(&v->arena, "byte %zu", look->first_bad) : "",
                .what = arena_printf(&v->arena, "%zu bad stretch%s or record%s", n,
                                     n == 1 ? "" : "es", n == 1 ? "" : "s"),
                .means = "series lose their names, and with them their values; put the "
                         "file back from a snapshot before the next start mends it"});
    else if (look->n_good < look->n && !v->out->is_served)
        verify_tell(
            v, &(struct store_finding){.is_note = true,
                                       .file = "names.log",
                                       .where = arena_printf(&v->arena, "byte %zu", look->n_good),
                                       .what = "the last record is torn",
                                       .means = "a crash does that; the next start cuts it off"});
}

/* Until it is read without damage, or has some for certain. */
static bool settle(struct verify *v, struct look *out, struct err *err)
{
    for (int i = 1;; i++) {
        const bool is_ok = look_at(v, out, err);
        if (i == VERIFY_TRIES || (is_ok && out->n_damaged + out->n_twice == 0))
            return is_ok;
        if (!is_ok && err->kind != ERR_CORRUPT)
            return false;
        if (is_ok)
            verify_names_free(out->names);
        sleep_us(VERIFY_WAIT_US);
    }
}

bool verify_names_read(struct verify *v, struct err *err)
{
    const char *path = verify_path(v, "names.log");
    struct look look = {0};
    const char *what = "header is damaged";

    v->names = mem_zalloc(sizeof(struct verify_names));
    bool is_ok = verify_touch(v, path, err) && settle(v, &look, err);
    if (is_ok) {
        take(v, &look);
        tell(v, &look);
        return true;
    }
    if (err->kind == ERR_MISSING)
        what = "is not there";
    else if (err->kind != ERR_CORRUPT)
        return false;
    verify_tell(v, &(struct store_finding){
                       .file = "names.log",
                       .where = "",
                       .what = what,
                       .means = "no value has a name without it; put it back from a snapshot "
                                "before a server starts here"});
    err_clear(err);
    v->names->is_unread = true;
    return true;
}

/* ---- one name ---- */

struct finding_name {
    uint32_t id;
    const char *found;
    struct arena *arena;
};

static bool seek_class(void *self, uint16_t no, const struct schema *schema, int64_t created_s)
{
    (void)self, (void)no, (void)schema, (void)created_s;
    return true;
}

static bool seek_name(void *self, uint32_t id, uint16_t class_no, struct str name)
{
    struct finding_name *finding = self;
    (void)class_no;
    if (id == finding->id)
        finding->found = arena_strndup(finding->arena, name.at, name.n);
    return true;
}

static bool seek_hidden(void *self, uint32_t id, bool is_hidden)
{
    (void)self, (void)id, (void)is_hidden;
    return true;
}

static bool seek_deleted(void *self, uint32_t id)
{
    (void)self, (void)id;
    return true;
}

static bool seek_moved(void *self, uint32_t id, uint16_t class_no)
{
    (void)self, (void)id, (void)class_no;
    return true;
}

const char *verify_names_text(struct verify *v, uint32_t id)
{
    struct finding_name finding = {.id = id, .arena = &v->arena};
    const struct names_log_reader reader = {&finding,     seek_class, seek_name, seek_hidden,
                                            seek_deleted, seek_moved, on_rules};
    size_t n_damaged;

    if (!names_log_read(v->dir, &reader, &n_damaged, NULL))
        return NULL;
    return finding.found;
}
